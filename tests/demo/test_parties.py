"""The demo's home is one that the server takes, with nothing in it that others may read."""

from pathlib import Path

from vaxel import settings as process
from vaxel.adapters.authority import Authority
from vaxel.cli.doctor_tls import certificates, rights
from vaxel.cli.judged import judged
from vaxel.demo.parties import JOURNAL, OVERVIEW, PARTIES, PLATFORM, furnish


def test_the_demos_home(tmp_path: Path) -> None:
    ports = {party.hsa_id: 9000 + number for number, party in enumerate(PARTIES)}
    home = furnish(tmp_path / "home", ports, Authority(), {"http_port": 0})
    settings = process.read(home.path, {})
    assert [each for each in judged(home, settings) if not each.warning] == []
    assert (settings.https, settings.http_port) == (True, 0)
    assert [each.grade for each in rights(settings)] == ["ok"]
    assert {each.grade for each in certificates(settings)} <= {"ok", "note"}
    for component in (PLATFORM, OVERVIEW, JOURNAL):
        assert (home.path / f"var/pki/{component}.pem").stat().st_mode & 0o777 == 0o600
    assert "localhost:9002" in (home.path / "routing/routes.yaml").read_text()
