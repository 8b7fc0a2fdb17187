"""Signed statements of where the chain stands, to be kept elsewhere: only they show a cut tail (SW-18.10)."""

import base64
import os
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from vaxel.journal.record import Head

KIND = "checkpoint"


class Signer:
    """The journal's Ed25519 key (`var/keys/journal.pem`, 0600), made at the first start."""

    def __init__(self, path: Path) -> None:
        self._key = _load(path) if path.exists() else _make(path)

    @property
    def public(self) -> str:
        """The public key, base64 of its 32 bytes."""
        return base64.b64encode(self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()

    def checkpoint(self, node: str, head: Head) -> dict[str, Any]:
        """The fields of a checkpoint record: `node`, `at`, `head`, `public`, `signature`."""
        signature = base64.b64encode(self._key.sign(_statement(node, head.seq, head.hash))).decode()
        return {"node": node, "at": head.seq, "head": head.hash, "public": self.public, "signature": signature}


def verified(checkpoint: dict[str, Any], public: str) -> bool:
    """Whether a checkpoint was signed by the key `public`, which the verifier trusts."""
    try:
        statement = _statement(checkpoint["node"], checkpoint["at"], checkpoint["head"])
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public, validate=True))
        key.verify(base64.b64decode(checkpoint["signature"], validate=True), statement)
    except (InvalidSignature, KeyError, TypeError, ValueError):
        return False
    return True


def _statement(node: str, seq: int, digest: str) -> bytes:
    return f"vaxel-journal-checkpoint:1:{node}:{seq}:{digest}".encode()


def _load(path: Path) -> Ed25519PrivateKey:
    key = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{path.name} is not an Ed25519 key")  # noqa: TRY004 - the file is wrong, not the caller
    return key


def _make(path: Path) -> Ed25519PrivateKey:
    key = Ed25519PrivateKey.generate()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return key
