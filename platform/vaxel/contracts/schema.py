"""A contract's compiled schema: from the WSDL's inline schema, inside its package only (CO-7.2 to CO-7.7)."""

import posixpath
import re
import threading
from collections.abc import Callable, Set
from typing import Any

from lxml import etree

Resolver = Callable[[str], bytes | None]
"""A file below the home by its path (`schemas/…`); None when there is none."""

XSD = "http://www.w3.org/2001/XMLSchema"
WSDL = "http://schemas.xmlsoap.org/wsdl/"
_TARGET = re.compile(rb"""<(?:[\w.-]+:)?schema\b[^>]*?\btargetNamespace\s*=\s*["']([^"']+)["']""")
ALL_COMPATIBILITY = frozenset({"unanchor-patterns", "wildcard-other"})


class Schema:
    """The schema of one contract, compiled when it is first needed, shared by threads.

    `unusable` says why it cannot be used: empty when it can (CO-7.3, CO-7.4).
    """

    def __init__(
        self, package: str, wsdl: str, resolve: Resolver, *, compatibility: frozenset[str] = ALL_COMPATIBILITY
    ) -> None:
        self.location = posixpath.join(package, wsdl)
        self._package = package
        self._resolve = resolve
        self._compatibility = compatibility
        self._lock = threading.Lock()
        self._explaining = threading.Lock()
        self._compiled: etree.XMLSchema | None = None
        self._explainer: etree.XMLSchema | None = None
        self._namespaces: set[str] = set()
        self._reason: str | None = None

    @property
    def unusable(self) -> str:
        """Why the schema cannot be used; empty when it can."""
        self.compiled()
        return self._reason or ""

    def compiled(self) -> etree.XMLSchema | None:
        """The compiled schema, at most once; None where it is unusable."""
        if self._compiled is None and self._reason is None:
            with self._lock:
                if self._compiled is None and self._reason is None:
                    self._compile()
        return self._compiled

    @property
    def namespaces(self) -> Set[str]:
        """The target namespaces of its files; empty until it is compiled."""
        return self._namespaces

    def errors(self, payload: Any) -> list[Any]:
        """What is wrong with a message's element, in lxml's own form; empty when it is valid or the schema unusable.

        The verdict is asked of one schema by all threads at once. The log of errors is state of the schema object,
        so the errors are read from a second one, by one thread at a time; few messages come to that.
        """
        compiled = self.compiled()
        if compiled is None or compiled.validate(payload):
            return []
        with self._explaining:
            if self._explainer is None:
                self._explainer = self._schema(self._inline(self._wsdl()))
            self._explainer.validate(payload)
            log: Any = self._explainer.error_log  # the stubs lack its iterator
            return list(log)

    def _compile(self) -> None:
        try:
            wsdl = self._wsdl()
            inline = self._inline(wsdl)
            if inline is None:
                self._reason = "the WSDL has no inline schema"
                return
            compiled = self._schema(inline)
            missing = [name for name in _message_elements(wsdl) if not _declared(compiled, name)]
        except (etree.LxmlError, OSError, ValueError) as error:
            self._reason = f"does not compile: {error}"
            return
        if missing:
            self._reason = f"does not declare {', '.join(missing)}"
        else:
            self._compiled = compiled

    def _schema(self, inline: Any) -> etree.XMLSchema:
        return etree.XMLSchema(etree.fromstring(etree.tostring(inline), self._parser(), base_url=_url(self.location)))

    @staticmethod
    def _inline(wsdl: Any) -> Any:
        return wsdl.find(f"{{{WSDL}}}types/{{{XSD}}}schema")

    def _wsdl(self) -> Any:
        content = self._resolve(self.location)
        if content is None:
            raise OSError(f"{self.location} is not there")
        return etree.fromstring(content[max(content.find(b"<?xml"), 0) :], self._parser())

    def _parser(self) -> etree.XMLParser:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        parser.resolvers.add(_Package(self._package, self._resolve, self._compatibility, self._namespaces))
        return parser


class _Package(etree.Resolver):
    """Gives libxml2 the files of one package, with the compatibility rules applied, and nothing else (CO-7.6)."""

    def __init__(self, package: str, resolve: Resolver, compatibility: frozenset[str], seen: set[str]) -> None:
        super().__init__()
        self._seen = seen
        self._package = package
        self._resolve_file = resolve
        self._compatibility = compatibility

    def resolve(self, url: str, _: Any, context: Any) -> Any:  # type: ignore[override] # the stubs lack `context`
        """The file at a location inside the package; anything else is refused as empty."""
        path = posixpath.normpath(url.removeprefix(_url("")))
        inside = url.startswith(_url("")) and path.startswith(self._package + "/")
        content = self._resolve_file(path) if inside else None
        if content is None:
            return self.resolve_empty(context)  # type: ignore[attr-defined] # the stubs lack it
        self._seen.update(name.decode("utf-8", "replace") for name in _TARGET.findall(content))
        return self.resolve_string(self._compatible(content), context, base_url=_url(path))

    def _compatible(self, content: bytes) -> bytes:
        if "unanchor-patterns" in self._compatibility:
            content = re.sub(rb'(pattern\s+value\s*=\s*")\^([^"]*)\$"', rb'\1\2"', content)
        if "wildcard-other" in self._compatibility:
            content = re.sub(rb'namespace\s*=\s*"\s*#other\s*"', b'namespace="##other"', content)
        return content


def _url(path: str) -> str:
    return f"vaxel:/{path}"


def _message_elements(wsdl: Any) -> list[str]:
    """`{namespace}name` of every element that a message part names (CO-7.3)."""
    names = []
    for part in wsdl.iterfind(f"{{{WSDL}}}message/{{{WSDL}}}part"):
        prefix, _, local = (part.get("element") or "").rpartition(":")
        if local:
            names.append(f"{{{part.nsmap.get(prefix or None, '')}}}{local}")
    return names


def _declared(schema: etree.XMLSchema, name: str) -> bool:
    """Whether the schema declares a global element: an undeclared one gets its own kind of error."""
    schema.validate(etree.Element(name))
    return not any("No matching global declaration" in entry.message for entry in list(schema.error_log))  # type: ignore[call-overload] # the stubs lack its iterator
