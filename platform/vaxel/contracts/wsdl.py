"""What a WSDL says of its contract (contracts.md section 4): identity comes from content, not from names. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from vaxel import documents
from vaxel.contracts.components import XSD
from vaxel.errors import DataError, MessageMalformed
from vaxel.soap import charset, tree

WSDL = "http://schemas.xmlsoap.org/wsdl/"
SOAP_BINDING = "http://schemas.xmlsoap.org/wsdl/soap/"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
_RESPONDER = re.compile(r"(?:urn:riv:)?(.+):(\w+)Responder:(\d+(?:\.\d+)?)\Z")
_MINOR = re.compile(r"_(\d+)\.(\d+)(?=[_.]|\Z)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wsdl:
    """One operation of a RIV-TA WSDL. `headers` are the declared SOAP headers as `{namespace}name`."""

    file: str
    namespace: str
    domain: str
    name: str
    version: str
    request: str
    response: str
    soap_action: str
    headers: tuple[str, ...]

    @property
    def profile(self) -> str:
        """The basic profile that its address header belongs to (CO-4.3)."""
        return "rivtabp20" if f"{{{ADDRESSING}}}To" in self.headers else "rivtabp21"

    @property
    def address_header(self) -> str | None:
        """The namespace of its `LogicalAddress`; None where it has none."""
        found = [name for name in self.headers if name.endswith("}LogicalAddress")]
        return found[0][1:].partition("}")[0] if found else None

    @property
    def other_headers(self) -> tuple[str, ...]:
        """Local names of the headers besides the address, such as `Actor`."""
        local = (name.rpartition("}")[2] for name in self.headers)
        return tuple(name for name in local if name not in {"LogicalAddress", "To"})


def document(content: bytes | None, file: str) -> Any:
    """The root of a WSDL or schema document, read as hardened as a message; `DataError` names file and line."""
    if content is None:
        raise refused(file, 0, "is not there", "add the file to the package")
    try:
        text, _ = charset.to_utf8(content[max(content.find(b"<?xml"), 0) :])
        return tree.document(text)
    except MessageMalformed as error:
        line = getattr(error.__cause__, "lineno", None) or 1
        what = str(error).replace("the request", "the file").partition(" at line")[0]
        raise refused(file, line, f"cannot be read: {what}", "mend the file") from error


def refused(file: str, line: int, what: str, remedy: str) -> DataError:
    """A reason why a file of a package cannot be used."""
    return DataError((documents.finding("package.defect", file, line, what, remedy),))


def inline_schemas(root: Any) -> list[Any]:
    """The schemas inside the WSDL's types, in order."""
    return list(root.iterfind(f"{{{WSDL}}}types/{{{XSD}}}schema"))


def message_elements(root: Any) -> list[str]:
    """`{namespace}name` of every element that a message part names (CO-7.3)."""
    return [name for part in root.iterfind(f"{{{WSDL}}}message/{{{WSDL}}}part") if (name := _element(part))]


def read(root: Any, file: str) -> Wsdl:
    """The facts of a WSDL with one operation; `DataError` where it is no RIV-TA interaction."""
    operations = root.findall(f"{{{WSDL}}}portType/{{{WSDL}}}operation")
    if len(operations) != 1:
        found = "no operation" if not operations else f"{len(operations)} operations"
        raise refused(file, root.sourceline or 1, f"has {found}: a RIV-TA contract has one", "leave the file out")
    request, response = (_body(root, operations[0], part, file) for part in ("input", "output"))
    namespace, _, name = request.removeprefix("{").rpartition("}")
    identity = _RESPONDER.match(namespace)
    if identity is None:
        line = operations[0].sourceline or 1
        what = f"its message is in {namespace!r}, which is not <domain>:<Contract>Responder:<major>"
        raise refused(file, line, what, "only RIV-TA contracts can be installed")
    action = root.find(f"{{{WSDL}}}binding/{{{WSDL}}}operation/{{{SOAP_BINDING}}}operation")
    return Wsdl(
        file=file,
        namespace=namespace,
        domain=identity[1],
        name=identity[2],
        version=_version(identity[3], file),
        request=name,
        response=response.rpartition("}")[2],
        soap_action=action.get("soapAction", "") if action is not None else "",
        headers=tuple(_headers(root, operations[0])),
    )


def _version(stated: str, file: str) -> str:
    """Major from the namespace; the minor stands in file names only, and counts where its major is the same."""
    if "." in stated:
        return stated
    minors = [minor for major, minor in _MINOR.findall(file.rpartition("/")[2]) if major == stated]
    return f"{stated}.{minors[0] if minors else 0}"


def _body(root: Any, operation: Any, direction: str, file: str) -> str:
    parts = list(_parts(root, operation, direction))
    bodies = [part for part in parts if part.get("name") == "parameters"] or parts
    if not bodies:
        raise refused(file, operation.sourceline or 1, f"its operation names no {direction} message", "mend the WSDL")
    return _element(bodies[0])


def _headers(root: Any, operation: Any) -> Iterator[str]:
    for part in _parts(root, operation, "input"):
        if part.get("name") != "parameters":
            yield _element(part)


def _parts(root: Any, operation: Any, direction: str) -> Iterator[Any]:
    stated = operation.find(f"{{{WSDL}}}{direction}")
    name = stated.get("message", "").rpartition(":")[2] if stated is not None else ""
    for message in root.iterfind(f"{{{WSDL}}}message"):
        if message.get("name") == name:
            yield from message.iterfind(f"{{{WSDL}}}part")


def _element(part: Any) -> str:
    prefix, _, local = (part.get("element") or "").rpartition(":")
    return f"{{{part.nsmap.get(prefix or None, '')}}}{local}" if local else ""
