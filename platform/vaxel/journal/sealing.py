"""Patients in the journal: searchable by a tag, readable only with the year's keys (P-120)."""

import base64
import hmac
import os
from binascii import b2a_base64
from collections.abc import Callable, Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEY_BYTES = 32
_NONCE_BYTES = 12


class Sealer:
    """Seals identities under the year's keys, kept in `folder` (mode 0600), made when a year is first needed."""

    def __init__(self, folder: Path, year: Callable[[], int]) -> None:
        self._folder = folder
        self._year = year
        self._keys: dict[str, tuple[bytes, AESGCM]] = {}

    def seal(self, identity: str) -> Mapping[str, str]:
        """`{key, tag, sealed}`: the year, an HMAC-SHA-256 for search, AES-256-GCM; the last two in base64."""
        key = str(self._year())
        tagging, sealing = self._of(key, make=True)
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + sealing.encrypt(nonce, identity.encode(), key.encode())
        return {"key": key, "tag": _tag(tagging, identity), "sealed": _base64(sealed)}

    def tags(self, identity: str) -> dict[str, str]:
        """The tag of an identity under each year's keys that there are, for search."""
        names = sorted(path.stem.removeprefix("seal-") for path in self._folder.glob("seal-*.key"))
        return {name: _tag(self._of(name)[0], identity) for name in names}

    def reveal(self, sealed: Mapping[str, str]) -> str:
        """The identity that was sealed; `ValueError` where the key is gone or the text was changed."""
        try:
            content = base64.b64decode(sealed["sealed"], validate=True)
            key = sealed["key"]
            opened = self._of(key)[1].decrypt(content[:_NONCE_BYTES], content[_NONCE_BYTES:], key.encode())
        except (InvalidTag, KeyError, FileNotFoundError, ValueError) as error:
            raise ValueError("cannot be revealed: its key is gone, or it was changed") from error
        return opened.decode()

    def _of(self, key: str, *, make: bool = False) -> tuple[bytes, AESGCM]:
        if key not in self._keys:
            if not key.isdigit():
                raise ValueError("a key is named by its year")
            secret = secret_file(self._folder / f"seal-{key}.key", 2 * _KEY_BYTES, make=make)
            self._keys[key] = secret[:_KEY_BYTES], AESGCM(secret[_KEY_BYTES:])
        return self._keys[key]


def secret_file(path: Path, size_bytes: int, *, make: bool) -> bytes:
    """A file of random bytes, made (0600, durable) where it is absent and may be; `FileNotFoundError` else."""
    if make and not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, os.urandom(size_bytes))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    secret = path.read_bytes()
    if len(secret) != size_bytes:
        raise ValueError(f"{path.name} is damaged: it should hold {size_bytes} bytes")
    return secret


def _tag(key: bytes, identity: str) -> str:
    return _base64(hmac.digest(key, identity.encode(), "sha256"))


def _base64(content: bytes) -> str:
    return b2a_base64(content, newline=False).decode("ascii")
