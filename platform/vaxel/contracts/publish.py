"""Contracts as a stock SOAP client reads them: WSDL and schemas with rewritten addresses (SW-15.1 to SW-15.6). Pure."""

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from html import escape

from vaxel.contracts.catalogue import Catalogue

PREFIX = "/vp/"
Resolver = Callable[[str], bytes | None]
_TARGET = re.compile(rb"""<(?:[\w.-]+:)?definitions\b[^>]*?\btargetNamespace\s*=\s*["']urn:riv:([^"']+)["']""")
_ADDRESS = re.compile(rb"""(<(?:[\w.-]+:)?address\b[^>]*?\blocation\s*=\s*)(["'])(.*?)\2""")
_SCHEMA = re.compile(rb"""(<(?:[\w.-]+:)?(?:import|include|redefine)\b[^>]*?\bschemaLocation\s*=\s*)(["'])(.*?)\2""")
_PROFILES = ("RIVTABP20", "RIVTABP21")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Published:
    """A WSDL: its file, and the package that its schemas may not leave."""

    file: str
    package: str


class Publication:
    """The published contracts of one catalogue, found by the path that their namespace gives (SW-15.4).

    Each file is read once, when it is first asked for; a new release has a new publication.
    """

    def __init__(self, catalogue: Catalogue, resolve: Resolver) -> None:
        self._catalogue = catalogue
        self._resolve = cache(resolve)

    @cached_property
    def _by_path(self) -> dict[str, _Published]:
        return dict(self._found(self._catalogue))

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths there are, in order."""
        return tuple(sorted(self._by_path))

    def wsdl(self, path: str, url: str) -> bytes | None:
        """The WSDL of a path with `url` (without query) as its address; None where there is none."""
        published = self._by_path.get(path.rstrip("/").lower())
        content = self._resolve(published.file) if published else None
        if content is None:
            return None
        content = _from_declaration(content)
        address = escape(url).encode()
        content = _ADDRESS.sub(lambda found: b"%b%b%b%b" % (found[1], found[2], address, found[2]), content)
        return _SCHEMA.sub(lambda found: _located(found, url, found[3].decode()), content)

    def schema(self, path: str, url: str, name: str) -> bytes | None:
        """The schema `name`, relative to the WSDL; None where there is none, or it is outside the package (SW-15.6)."""
        published = self._by_path.get(path.rstrip("/").lower())
        if published is None:
            return None
        folder = posixpath.dirname(published.file)
        file = posixpath.normpath(posixpath.join(folder, name))
        inside = file.startswith(published.package + "/") and file.endswith(".xsd")
        content = self._resolve(file) if inside else None
        if content is None:
            return None

        def located(found: re.Match[bytes]) -> bytes:
            target = posixpath.join(posixpath.dirname(file), found[3].decode())
            return _located(found, url, posixpath.relpath(posixpath.normpath(target), folder))

        return _SCHEMA.sub(located, _from_declaration(content))

    def _found(self, catalogue: Catalogue) -> Iterator[tuple[str, _Published]]:
        for contract in catalogue:
            schema = catalogue.schema(contract)
            if schema is None:
                continue
            package = schema.location.removesuffix(contract.wsdl).rstrip("/")
            for file in {schema.location, *_other_profiles(schema.location)}:
                target = _TARGET.search(self._resolve(file) or b"")
                if target is not None:
                    path = PREFIX + target[1].decode().replace(":", "/")
                    stated = contract.publish_path if file == schema.location else None
                    yield (stated or path).lower(), _Published(file=file, package=package)


def _other_profiles(file: str) -> Iterator[str]:
    for one, other in (_PROFILES, _PROFILES[::-1]):
        if one in file:
            yield file.replace(one, other)


def _located(found: re.Match[bytes], url: str, name: str) -> bytes:
    return b"%b%b%b%b" % (found[1], found[2], escape(f"{url}?xsd={name}").encode(), found[2])


def _from_declaration(content: bytes) -> bytes:
    """What stands before the XML declaration is dropped (SW-15.4)."""
    return content[max(content.find(b"<?xml"), 0) :]
