"""Permission: switch.md section 8.

The table of steps is gone through in directory/test_permit.py; that `why` agrees with the journey for every input (SW-8.4)
is a property in exchange/test_route.py.
"""

import asyncio
import sys
from datetime import date
from pathlib import Path

import pytest
from scene import PROTECTED, TRUSTED, UNIT, UNKNOWN, UNPERMITTED, Scene, message, scene
from steps import CONTRACT

from vaxel.directory.model import ALWAYS, Address, Directory, Permission, Valid, assemble
from vaxel.directory.permit import Deny, Permit, permit
from vaxel.directory.resolve import RoutingRules
from vaxel.settings import read

pytestmark = pytest.mark.asyncio(loop_scope="module")

DAY = date(2026, 6, 15)
OPEN = message(f'<GetNothing xmlns="{UNKNOWN}"/>')
INVALID = "(leaf),Invalid parameters"


def directory(*to: str, consumer: str = "K", valid: Valid = ALWAYS) -> Directory:
    rows = tuple(Permission(consumer=(consumer,), to=(each,), contract=(CONTRACT,), valid=valid) for each in to)
    addresses = (
        Address(id="P", name="p", kind="platform"),
        Address(id="A", name="a", parent="B"),
        Address(id="B", name="b"),
    )
    return assemble(addresses, (), (), rows)


def judged(found: Directory, receiver: str, *, sender: str = "K", contract: str = CONTRACT, **stated: object) -> str:
    rules = RoutingRules(**stated)  # type: ignore[arg-type]
    verdict = permit(found, sender, receiver, contract, DAY, rules)
    return f"{'permit' if isinstance(verdict, Permit) else 'deny'} {verdict.trace}"


@pytest.mark.parametrize(
    ("rows", "receiver", "stated", "expected"),
    [
        (("A",), "A", {}, "permit A"),
        (("*",), "A", {}, "permit A,(default),*"),
        (("*", "B"), "A", {}, "permit A,(default),*"),
        (("B",), "A", {}, "permit A,(default),*,(parent),B"),
        (("SE",), "A", {}, "permit A,(default),*,(parent),B,SE"),
        (("SE",), "U", {}, "permit U,(default),*,(parent),SE"),
        ((), "A", {}, "deny A,(default),*,(parent),B,SE"),
        (("B",), "A", {"tree_permissions": False}, "deny A,(default),*"),
        (("B",), "A", {"tree_permissions_except": ("urn:riv:a:",)}, "deny A,(default),*"),
        (
            ("B",),
            "A",
            {"tree_permissions": False, "tree_permissions_except": (CONTRACT,)},
            "permit A,(default),*,(parent),B",
        ),
        (("X",), "A#X", {}, "permit (leaf),X"),
        (("A",), "A#X", {}, "permit (leaf),X,A"),
        (("*", "B"), "A#X", {}, "deny (leaf),X,A"),
        (("A",), "A#A#a", {}, "permit (leaf),a"),
        (("A",), "A#X#Y", {}, f"deny {INVALID}"),
        (("A",), "A#X", {"default_routing_contracts": (CONTRACT.upper(),)}, "permit (leaf),X,A"),
        (("A",), "A#X", {"default_routing_contracts": ("urn:other",)}, f"deny {INVALID}"),
        (("A",), "A#X", {"default_routing_senders": ("k",)}, "permit (leaf),X,A"),
        (("A",), "A#X", {"default_routing_senders": ("L",)}, f"deny {INVALID}"),
        (("A",), "A#X", {"delimiter": ""}, "deny A#X,(default),*,(parent),SE"),
    ],
)
async def test_sw_8_1_the_steps_of_permission(
    rows: tuple[str, ...], receiver: str, stated: dict[str, object], expected: str
) -> None:
    """The table of section 8: exact, then `*`, then the tree; a delimited receiver by its parts, or not at all."""
    assert judged(directory(*rows), receiver, **stated) == expected


async def test_sw_8_1_keys_without_case_and_only_valid_rows() -> None:
    assert judged(directory("A"), "a", sender="k", contract=CONTRACT.upper()) == "permit a"
    assert judged(directory("A"), "A", sender="L").startswith("deny")
    ended = Valid(first=date(2026, 1, 1), last=date(2026, 6, 14))
    assert judged(directory("A", valid=ended), "A").startswith("deny")
    assert judged(directory("A", valid=Valid(first=DAY, last=DAY)), "A") == "permit A"


async def test_sw_8_1_denied_is_vp007(stage: Scene) -> None:
    answer = await stage.call(OPEN, sender=UNPERMITTED)
    assert (answer.code, answer.cause, answer.status) == ("VP007", "permission.denied", 500)
    fields = {"serviceNamespace": UNKNOWN, "receiverId": UNIT, "senderId": UNPERMITTED}
    assert all(f"{name}: {value}" in answer.text for name, value in fields.items())
    assert stage.producer.seen == []


async def test_sw_8_2_three_parts_with_a_route_are_denied_not_unrouted(stage: Scene) -> None:
    three = message(f'<GetNothing xmlns="{UNKNOWN}"/>', f"{UNIT}#SE-1#SE-2")
    assert (await stage.call(three)).code == "VP007"
    unrouted = message(f'<GetNothing xmlns="{UNKNOWN}"/>', "SE-0#SE-1#SE-2")
    assert (await stage.call(unrouted)).code == "VP004"


NATIONAL = (
    "urn:riv:ehr:accesscontrol:AssertCareEngagementResponder:1",
    "urn:riv:insuranceprocess:healthreporting:ReceiveMedicalCertificateQuestionResponder:1",
    "urn:riv:insuranceprocess:healthreporting:ReceiveMedicalCertificateAnswerResponder:1",
)


@pytest.mark.parametrize("contract", [*NATIONAL, CONTRACT])
async def test_sw_8_3_the_usual_national_value_can_be_set(tmp_path: Path, contract: str) -> None:
    settings = read(tmp_path, {"VAXEL_DEFAULT_ROUTING_CONTRACTS": " , ".join(NATIONAL)})
    rules = settings.routing_rules(RoutingRules)
    row = Permission(consumer=("K",), to=("A",), contract=(contract,), valid=ALWAYS)
    found = assemble((Address(id="P", name="p", kind="platform"),), (), (), (row,))
    verdict = permit(found, "K", "X#A", contract, DAY, rules)
    assert isinstance(verdict, Deny if contract == CONTRACT else Permit)


async def test_sw_8_4_why_says_what_a_call_meets(tmp_path: Path) -> None:
    """The command, on the home of a platform that runs."""
    async with scene(tmp_path) as stage:
        for sender, receiver in ((TRUSTED, UNIT), (UNPERMITTED, UNIT), (PROTECTED, "SE-NONE")):
            answer = await stage.call(message(f'<GetNothing xmlns="{UNKNOWN}"/>', receiver), sender=sender)
            command = [sys.executable, "-m", "vaxel", "why", sender, UNKNOWN, receiver, "--home", str(tmp_path)]
            process = await asyncio.create_subprocess_exec(
                *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
            )
            told = (await process.communicate())[0].decode()
            expected = {"VX004": stage.url, "VP007": "VP007", "VP004": "VP004"}[answer.code]
            assert expected in told, told
