"""Refusals as SOAP faults (switch.md section 14): the one file that knows that form; the texts are in faults.toml."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape
from string import Template

from vaxel.errors import MessageMalformed, Refusal, SettingsError
from vaxel.soap import tree
from vaxel.soap.names import SOAP11

CAUSE = "urn:vaxel:fault:1"
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """How a code looks: `Client` or `Server`, HTTP status, our Swedish and English texts.

    `causes` are Swedish texts for single causes; `$name` in any of them is a field of the refusal.
    """

    faultcode: str
    status: int
    sv: str
    en: str
    causes: Mapping[str, str] = field(default_factory=dict)

    def swedish(self, refusal: Refusal) -> str:
        """The text of the refusal's cause, else of its code."""
        return Template(self.causes.get(refusal.cause, self.sv)).safe_substitute(refusal.fields)


Texts = Mapping[str, Text]


def read_texts(content: bytes, override: bytes = b"") -> Texts:
    """The texts by code from TOML; `override` replaces single fields (SW-14.2). Raises `SettingsError`."""
    try:
        texts = {code: Text(**row) for code, row in tomllib.loads(content.decode()).items()}
        for code, row in tomllib.loads(override.decode()).items():
            texts[code] = replace(texts[code], **row)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError, KeyError) as error:
        raise SettingsError((f"the fault texts cannot be read: {error}",)) from error
    return texts


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultWriter:
    """Writes faults in the platform's name; `cause` and `address` are the switches of SW-14.3 and SW-14.5."""

    texts: Texts
    instance_name: str
    cause: bool = True
    address: bool = True
    too_large_status: int = 413

    def __call__(self, refusal: Refusal, reference: str) -> tuple[int, bytes]:
        """HTTP status and the fault in UTF-8; no header of the request is echoed (SW-14.1)."""
        text = self.texts[refusal.code]
        if not self.address and "address" in refusal.fields:
            refusal.fields = {name: value for name, value in refusal.fields.items() if name != "address"}
        cause = self._cause(refusal, text, reference) if self.cause else ""
        content = (
            '<?xml version="1.0" encoding="UTF-8"?>'
            f'<SOAP-ENV:Envelope xmlns:SOAP-ENV="{SOAP11}"><SOAP-ENV:Header/><SOAP-ENV:Body><SOAP-ENV:Fault>'
            f"<faultcode>SOAP-ENV:{refusal.faultcode or text.faultcode}</faultcode>"
            f"<faultstring>{_clean(f'{self._head(refusal.code)} {text.swedish(refusal)}')}</faultstring>"
            f"<detail><detailString>{_clean(refusal.detail)}</detailString>{cause}</detail>"
            "</SOAP-ENV:Fault></SOAP-ENV:Body></SOAP-ENV:Envelope>"
        )
        return self.too_large_status if refusal.code == "VX003" else text.status, content.encode()

    def _head(self, code: str) -> str:
        """The index's codes look as in the national index (EI-2.3), all others as in the switch."""
        return f"{code}:" if code.startswith("EI") else f"{code} [{self.instance_name}]"

    def _cause(self, refusal: Refusal, text: Text, reference: str) -> str:
        retryable = "true" if refusal.retryable else "false"
        return (
            f'<cause xmlns="{CAUSE}" id="{_clean(refusal.cause)}" retryable="{retryable}"'
            f' reference="{_clean(reference)}">{_clean(text.en)}</cause>'
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault that was read: texts as they stand, empty where absent."""

    faultcode: str
    faultstring: str
    detail: str
    cause: str
    reference: str


def read_fault(content: bytes) -> Fault | None:
    """The fault in a SOAP answer; None where the answer is none."""
    try:
        payload = tree.parse(content).payload
    except MessageMalformed:
        return None
    if payload.tag != f"{{{SOAP11}}}Fault":
        return None
    cause = payload.find(f"detail/{{{CAUSE}}}cause")
    return Fault(
        faultcode=payload.findtext("faultcode") or "",
        faultstring=payload.findtext("faultstring") or "",
        detail=payload.findtext("detail/detailString") or "",
        cause=cause.get("id", "") if cause is not None else "",
        reference=cause.get("reference", "") if cause is not None else "",
    )


def _clean(text: str) -> str:
    """Text as it may stand in XML: what XML 1.0 cannot hold becomes the replacement character."""
    return escape(_ILLEGAL.sub("\ufffd", text))
