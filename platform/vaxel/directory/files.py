"""The directory's four files as models: the one place where they are parsed (DESIGN section 4, directory.md)."""

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from vaxel.directory.model import ANY
from vaxel.directory.resolve import usable
from vaxel.documents import Record

_ID = re.compile(r"[0-9A-Za-z_-]{1,255}\Z")
_CONTRACT = re.compile(r"[0-9a-zA-Z_.:-]{1,255}\Z")
_URL = re.compile(r"[0-9a-zA-Z_.:/?&%=~\[\]@+-]{5,255}\Z")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


def _problem(id: str, what: str, remedy: str) -> PydanticCustomError:  # noqa: A002 - the spec's word
    return PydanticCustomError(id, what, {"remedy": remedy})


def _word(legal: re.Pattern[str], alphabet: str) -> Callable[[str], str]:
    """A check of 1–255 characters of an alphabet (DI-3.5, DI-3.6); files repeat their words, so answers are kept."""

    @lru_cache(maxsize=65_536)
    def check(text: str) -> str:
        if legal.match(text):
            return text
        if any(character.isspace() for character in text):
            raise _problem("value.white-space", f"{text!r} holds white space", "remove the white space")
        if not 1 <= len(text) <= 255:
            raise _problem("value.length", "is not 1–255 characters long", "write the whole id and nothing else")
        raise _problem("value.illegal-characters", f"{text!r} has characters outside {alphabet}", "mend the spelling")

    return check


_id = _word(_ID, "[0-9A-Za-z_-]")


def _id_or_any(text: str) -> str:
    return text if text == ANY else _id(text)


def _url(text: str) -> str:
    if not _URL.match(text) or not usable(text):
        raise _problem(
            "url.invalid", "is no http(s) URL or vaxel:<service>", "write scheme, host and path, 5–255 characters"
        )
    return text


def _day(value: Any) -> Any:
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not _DAY.match(value):
        raise _problem("value.illegal", "is no day", "write it as 2026-01-31")
    return _day_of(value)


@lru_cache(maxsize=4096)
def _day_of(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise _problem("value.illegal", "is no day of the calendar", "mend the day") from error


def _one_or_more(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Id = Annotated[str, AfterValidator(_id)]
Contract = Annotated[str, AfterValidator(_word(_CONTRACT, "[0-9a-zA-Z_.:-]"))]
Ids = Annotated[tuple[Id, ...], Field(min_length=1), BeforeValidator(_one_or_more)]
Targets = Annotated[
    tuple[Annotated[str, AfterValidator(_id_or_any)], ...], Field(min_length=1), BeforeValidator(_one_or_more)
]
Contracts = Annotated[tuple[Contract, ...], Field(min_length=1), BeforeValidator(_one_or_more)]
Day = Annotated[date, BeforeValidator(_day)]
Text = Annotated[str, Field(min_length=1)]


class Period(Record):
    """`{from, until}`: whole days, inclusive at both ends (DI-3.1)."""

    first: Day = Field(default=date.min, alias="from")
    until: Day = date.max


class OwnerEntry(Record):
    """Who runs a unit."""

    type: Literal["region", "municipality", "private"]
    code: str = ""


class AddressEntry(Record):
    """One address of `logical_addresses.yaml`."""

    id: Id
    name: Text
    kind: Literal["platform", "care_provider", "care_unit", "unit", "system"] = "unit"
    parent: Id | None = None
    owner: OwnerEntry | None = None
    valid: Period = Period()


class ContactEntry(Record):
    """Whom to call when a component misbehaves."""

    name: str = ""
    email: str = ""


class ComponentEntry(Record):
    """One component of `routing/components.yaml`."""

    id: Id
    name: str = ""
    roles: frozenset[Literal["consumer", "producer"]] = frozenset()
    access_control: Literal["platform", "consumer"] = "platform"
    may_state_original_consumer: bool = False
    may_change_registers: bool = False
    may_act_for_citizens: bool = False
    pass_actor_token: bool = False
    oidc_clients: tuple[str, ...] = ()
    contact: ContactEntry = ContactEntry()


class RouteEntry(Record):
    """One route of `routing/routes.yaml`; lists stand for every combination (DI-2.1)."""

    to: Targets
    contract: Contracts
    producer: Id
    url: Annotated[str, AfterValidator(_url)]
    profile: Annotated[Literal["rivtabp20", "rivtabp21"], BeforeValidator(lambda value: str(value).lower())]
    valid: Period = Period()


class FilterEntry(Record):
    """What a subscriber is notified of."""

    service_domain: Contract
    categorizations: tuple[str, ...] = ()


class PermissionEntry(Record):
    """One permission of `routing/permissions.yaml`; lists stand for every combination (DI-2.1)."""

    consumer: Ids
    to: Targets
    contract: Contracts
    valid: Period = Period()
    agreement: Text | None = None
    index_filters: tuple[FilterEntry, ...] = ()


class AddressFile(Record):
    """`logical_addresses.yaml`."""

    format: Literal[1]
    addresses: tuple[AddressEntry, ...] = ()


class ComponentFile(Record):
    """`routing/components.yaml`."""

    format: Literal[1]
    components: tuple[ComponentEntry, ...] = ()


class RouteFile(Record):
    """`routing/routes.yaml`."""

    format: Literal[1]
    routes: tuple[RouteEntry, ...] = ()


class PermissionFile(Record):
    """`routing/permissions.yaml`."""

    format: Literal[1]
    permissions: tuple[PermissionEntry, ...] = ()
