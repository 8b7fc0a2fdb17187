"""What an operator is warned of, and that a careful operator is not."""

from pathlib import Path

import pytest

from vaxel.admin.cautions import cautions
from vaxel.settings import read

CAREFUL = {"VAXEL_CHECKPOINT_TO": "/elsewhere"}
TLS = {"VAXEL_TLS_CERT": "/c", "VAXEL_TLS_KEY": "/k", "VAXEL_TLS_CLIENT_CA": "/a"}


def found(tmp_path: Path, told: dict[str, str], producer: str = "") -> list[str]:
    (tmp_path / "vaxel.toml").write_text(f'[[tls.producer]]\nname = "p"\n{producer}' if producer else "")
    given = cautions(read(tmp_path, {**CAREFUL, **told}))
    assert all(each.warning and each.remedy for each in given)
    return [each.id for each in given]


@pytest.mark.parametrize(
    ("told", "producer", "ids"),
    [
        ({}, "", []),
        (TLS, 'domain_name = "a.se"\n', []),
        ({"VAXEL_CHECKPOINT_TO": ""}, "", ["settings.no-checkpoint"]),
        ({"VAXEL_TRUST_UNVERIFIED_HEADER": "on"}, "", ["settings.unverified-header"]),
        ({"VAXEL_LOG_PAYLOAD": "on"}, "", ["settings.payload-log"]),
        ({**TLS, "VAXEL_TLS_MIN_VERSION": "1.0"}, "", ["settings.old-tls"]),
        ({"VAXEL_TLS_MIN_VERSION": "1.0"}, "", []),
        ({}, 'domain_name = "a.se"\nmin_version = "1.1"\n', ["settings.old-tls"]),
        ({}, 'domain_suffix = ".se"\nverify_hostname = false\n', ["settings.hostname"]),
        ({}, "port = 8443\n", ["settings.never-matches"]),
    ],
)
def test_one_warning_for_each(tmp_path: Path, told: dict[str, str], producer: str, ids: list[str]) -> None:
    """SW-5.14, SW-16.1, SW-16.2, SW-16.3, SW-18.5, SW-18.10."""
    assert found(tmp_path, told, producer) == ids
