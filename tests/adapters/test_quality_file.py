"""The quality report between runs."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from vaxel.adapters.quality_file import QualityFile
from vaxel.contracts.quality import Quality, Subject

SUBJECT = Subject(contract="urn:a", message="response", party="P")


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = QualityFile(tmp_path / "quality" / "node1.json")
    assert file.read().rows() == []
    quality = Quality()
    quality.seen(SUBJECT)
    quality.checked(SUBJECT, (), datetime.now(UTC))
    file.write(quality.rows())
    again = file.read()
    assert (again.rows(), again.changed) == (quality.rows(), False)
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.path.parent.iterdir()] == ["node1.json"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"1", b'{"format": 2, "rows": []}', b'{"format": 1, "rows": [{"contract": 1}]}']
)
def test_a_damaged_report_is_refused_and_can_be_moved_aside(tmp_path: Path, content: bytes) -> None:
    file = QualityFile(tmp_path / "node1.json")
    for number in (1, 2):
        file.path.write_bytes(content)
        with pytest.raises(ValueError, match="is damaged"):
            file.read()
        assert file.move_aside().name == f"node1.json.damaged-{number}"
    assert file.read().rows() == []
