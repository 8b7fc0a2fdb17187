"""Signed checkpoints: what verifies, and that nothing else does (SW-18.10)."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from vaxel.journal.checkpoint import Signer, verified
from vaxel.journal.record import Head

HEAD = Head(seq=7, hash="a" * 64)


def test_a_checkpoint_is_verified_by_its_key_only(tmp_path: Path) -> None:
    signer, other = Signer(tmp_path / "a.pem"), Signer(tmp_path / "b.pem")
    checkpoint = signer.checkpoint("node1", HEAD)
    assert verified(checkpoint, signer.public)
    assert not verified(checkpoint, other.public)
    assert Signer(tmp_path / "a.pem").public == signer.public
    assert (tmp_path / "a.pem").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("changed", [{"node": "node2"}, {"at": 8}, {"head": "b" * 64}, {"signature": "AAAA"}])
def test_any_change_is_found(tmp_path: Path, changed: dict[str, object]) -> None:
    signer = Signer(tmp_path / "a.pem")
    assert not verified(signer.checkpoint("node1", HEAD) | changed, signer.public)


@given(
    checkpoint=st.dictionaries(
        st.sampled_from(["node", "at", "head", "signature"]), st.none() | st.text(max_size=9) | st.integers()
    ),
    public=st.text(max_size=50),
)
def test_whatever_it_is_given_it_says_no(checkpoint: dict[str, object], public: str) -> None:
    assert not verified(checkpoint, public)


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path = tmp_path / "rsa.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(ValueError, match="not an Ed25519 key"):
        Signer(path)
