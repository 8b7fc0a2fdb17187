"""A contract's compiled schema: from the WSDL's inline schema, inside its package only (CO-7.2 to CO-7.7)."""

import posixpath
import re
import threading
from collections.abc import Set
from typing import Any

from lxml import etree

from vaxel.contracts import wsdl as wsdls
from vaxel.contracts.compatibility import ALL_COMPATIBILITY, compatible
from vaxel.contracts.package import Resolver, inside
from vaxel.contracts.structure import Structure
from vaxel.errors import DataError

_TARGET = re.compile(rb"""<(?:[\w.-]+:)?schema\b[^>]*?\btargetNamespace\s*=\s*["']([^"']+)["']""")
__all__ = ["ALL_COMPATIBILITY", "Resolver", "Schema"]


class Schema:
    """The schema of one contract, compiled when it is first needed, shared by threads.

    `unusable` says why it cannot be used: empty when it can (CO-7.3, CO-7.4).
    """

    def __init__(
        self, package: str, wsdl: str, resolve: Resolver, *, compatibility: frozenset[str] = ALL_COMPATIBILITY
    ) -> None:
        self.location = posixpath.join(package, wsdl)
        self._package = package
        self._wsdl = wsdl
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

    @property
    def ready(self) -> bool:
        """Whether it has been compiled, or found unusable, already."""
        return self._compiled is not None or self._reason is not None

    @property
    def namespaces(self) -> Set[str]:
        """The target namespaces of its files; empty until it is compiled."""
        return self._namespaces

    def compiled(self) -> etree.XMLSchema | None:
        """The compiled schema, at most once; None where it is unusable."""
        if not self.ready:
            with self._lock:
                if not self.ready:
                    self._compile()
        return self._compiled

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
                self._explainer = self._schema(self._document())
            self._explainer.validate(payload)
            log: Any = self._explainer.error_log  # the stubs lack its iterator
            return list(log)

    def structure(self) -> Structure:
        """The schema as values, to describe and to sample; raises `DataError` where it cannot be read."""
        return Structure(self._package, self._wsdl, self._resolve, compatibility=self._compatibility)

    def _compile(self) -> None:
        try:
            wsdl = self._document()
            if not wsdls.inline_schemas(wsdl):
                self._reason = "the WSDL has no inline schema"
                return
            compiled = self._schema(wsdl)
            missing = [name for name in wsdls.message_elements(wsdl) if not _declared(compiled, name)]
        except DataError as error:
            self._reason = "; ".join(str(finding) for finding in error.findings)
        except (etree.LxmlError, OSError, ValueError) as error:
            self._reason = f"does not compile: {_described(error)}"
        else:
            self._reason = f"does not declare {', '.join(missing)}" if missing else None
            self._compiled = None if missing else compiled

    def _document(self) -> Any:
        return wsdls.document(self._resolve(self.location), self.location)

    def _schema(self, wsdl: Any) -> etree.XMLSchema:
        """The WSDL's inline schema, compiled with the WSDL's location as base (CO-7.2)."""
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        parser.resolvers.add(_Package(self._package, self._resolve, self._compatibility, self._namespaces))
        inline = etree.tostring(wsdls.inline_schemas(wsdl)[0], with_tail=False)
        return etree.XMLSchema(etree.fromstring(inline, parser, base_url=_url(self.location)))


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
        known = url.startswith(_url(""))
        path = inside(self._package, "", url.removeprefix(_url(""))) if known else None
        content = self._resolve_file(path) if path else None
        if path is None or content is None or b"<!DOCTYPE" in content:  # a schema needs none, an attack does
            return self.resolve_empty(context)  # type: ignore[attr-defined] # the stubs lack it
        self._seen.update(name.decode("utf-8", "replace") for name in _TARGET.findall(content))
        return self.resolve_string(compatible(content, self._compatibility), context, base_url=_url(path))


def _url(path: str) -> str:
    return f"vaxel:/{path}"


def _described(error: Exception) -> str:
    """The error with file and line, where lxml knows them."""
    log = list(getattr(error, "error_log", None) or ())
    where = [f"{each.filename.removeprefix(_url(''))}:{each.line}: {each.message}" for each in log if each.line]
    return where[0] if where else str(error)


def _declared(schema: etree.XMLSchema, name: str) -> bool:
    """Whether the schema declares a global element: an undeclared one gets its own kind of error."""
    schema.validate(etree.Element(name))
    return not any("No matching global declaration" in entry.message for entry in list(schema.error_log))  # type: ignore[call-overload] # the stubs lack its iterator
