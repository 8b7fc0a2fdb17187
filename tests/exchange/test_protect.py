"""Steps 8 and 10, as far as they exist: what cannot be protected is not carried (P-4)."""

import pytest
from build import load
from steps import SENDER, call, catalogue, entry

from vaxel.call import Body, Call, Reply
from vaxel.directory.model import Directory
from vaxel.errors import Refusal
from vaxel.exchange.protect import protection

ANSWER = Reply(status=200, headers=(), body=Body.whole(b""))
PROTECTED = entry(access="patient", patient="id", records={"list": "x", "header": "psh"})


def directory(access_control: str) -> Directory:
    row = f"  - {{id: {SENDER.lower()}, roles: [consumer], access_control: {access_control}}}\n"
    return load(components=row).directory


async def core(call: Call) -> Reply:
    return ANSWER


async def outcome(access: str, control: str | None, authorization: bytes = b"") -> str:
    found = catalogue(PROTECTED if access == "patient" else entry(access=access))
    told = ((b"authorization", authorization),) if authorization else ()
    handler = protection(found, directory(control) if control else None)(core)
    try:
        return "carried" if await handler(call(headers=told)) is ANSWER else "changed"
    except Refusal as refusal:
        return f"{refusal.code} {refusal.cause}"


@pytest.mark.parametrize(
    ("access", "control", "authorization", "expected"),
    [
        ("open", "platform", b"", "carried"),
        ("own", "platform", b"", "carried"),
        ("patient", "consumer", b"", "carried"),
        ("patient", "platform", b"", "AC001 access.token-missing"),
        ("patient", None, b"", "AC001 access.token-missing"),
        ("patient", "platform", b"Basic abc", "AC001 access.token-missing"),
        ("patient", "platform", b"Bearer abc", "AC003 access.token-untrusted"),
        ("patient", "platform", b"bearer abc", "AC003 access.token-untrusted"),
    ],
)
async def test_who_is_carried(access: str, control: str | None, authorization: bytes, expected: str) -> None:
    assert await outcome(access, control, authorization) == expected
