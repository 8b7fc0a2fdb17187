"""What `vaxel doctor` finds in certificates, keys and revocation lists."""

from datetime import timedelta
from pathlib import Path

import pytest

from vaxel.adapters.authority import Authority, Identity
from vaxel.cli.doctor_tls import certificates, lists, rights
from vaxel.settings import Settings, read


class Files:
    """A CA, the platform's certificate, a revocation list; each may be replaced."""

    def __init__(self, path: Path) -> None:
        self.path, self.authority = path, Authority(days=400)
        self.identity(self.authority.issue("SE-OWN", hosts=("vp.example.se",)))
        self.write("ca.pem", self.authority.pem)
        self.write("crl.pem", self.authority.revocation_list())

    def write(self, name: str, content: bytes) -> None:
        (self.path / name).write_bytes(content)
        (self.path / name).chmod(0o600)

    def identity(self, identity: Identity) -> None:
        self.write("cert.pem", identity.certificate)
        self.write("key.pem", identity.key)

    @property
    def settings(self) -> Settings:
        named = {"CERT": "cert.pem", "KEY": "key.pem", "CLIENT_CA": "ca.pem", "CRL": "crl.pem"}
        return read(self.path, {f"VAXEL_TLS_{name}": str(self.path / file) for name, file in named.items()})

    def grades(self) -> dict[str, str]:
        found = (*certificates(self.settings), *lists(self.settings), *rights(self.settings))
        return {each.what: each.grade for each in found if each.grade != "ok"}


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_all_is_well(files: Files) -> None:
    assert files.grades() == {}
    whats = [each.what for each in certificates(files.settings)]
    assert "cert.pem is for vp.example.se" in whats
    assert "cert.pem: the chain is whole" in whats


@pytest.mark.parametrize(("days", "grade"), [(-1, "bad"), (10, "note"), (100, "")])
def test_expiry(files: Files, days: int, grade: str) -> None:
    files.identity(files.authority.issue("SE-OWN", hosts=("x.se",), days=days))
    found = {what: each for what, each in files.grades().items() if what.startswith("cert.pem ends")}
    assert list(found.values()) == ([grade] if grade else [])


def test_a_key_of_another(files: Files) -> None:
    files.write("key.pem", files.authority.issue("SE-OTHER").key)
    assert files.grades() == {"cert.pem: the key is another's": "bad"}


def test_a_certificate_that_names_no_host(files: Files) -> None:
    files.identity(files.authority.issue("SE-OWN"))
    assert files.grades() == {"cert.pem names no host": "bad"}


def test_an_issuer_that_nobody_has(files: Files) -> None:
    files.identity(Authority("Other").issue("SE-OWN", hosts=("x.se",), days=100))
    (what,) = files.grades()
    assert (files.grades()[what], "its issuer CN=Other" in what) == ("note", True)


def test_a_chain_in_disorder(files: Files) -> None:
    identity = files.authority.issue("SE-OWN", hosts=("x.se",), days=100)
    files.write("cert.pem", identity.certificate + Authority("Other").pem)
    files.write("key.pem", identity.key)
    assert files.grades() == {"cert.pem: the next certificate in the file did not issue the one before it": "bad"}
    files.write("cert.pem", identity.certificate + files.authority.pem)
    assert files.grades() == {}


@pytest.mark.parametrize("name", ["cert.pem", "key.pem", "ca.pem", "crl.pem"])
@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n"]
)
def test_files_that_cannot_be_read(files: Files, name: str, content: bytes) -> None:
    files.write(name, content)
    assert "bad" in files.grades().values()


@pytest.mark.parametrize(("hours", "late"), [(-1, True), (1, False)])
def test_revocation_lists_have_an_age(files: Files, hours: int, late: bool) -> None:
    files.write("crl.pem", files.authority.revocation_list(fresh_for=timedelta(hours=hours)))
    (only,) = lists(files.settings)
    assert ("1 days old, next update" in only.what, only.grade == "bad", bool(only.remedy)) == (True, late, late)


@pytest.mark.parametrize("name", ["key.pem", "var/admin.key", "var/keys/seal-2026.key", "var/pki/SE-1.pem"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o600])
def test_keys_that_others_may_read(files: Files, name: str, mode: int) -> None:
    path = files.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_bytes(b"x")
    path.chmod(mode)
    (only,) = rights(files.settings)
    assert (only.grade, only.remedy) == (("ok", "") if mode == 0o600 else ("bad", f"chmod 600 {path}"))
