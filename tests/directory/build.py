"""Small directories for tests, from the text of the operator's files."""

from datetime import date

from vaxel.directory.load import ADDRESSES, COMPONENTS, PERMISSIONS, ROUTES, Loaded, load_directory

DAY = date(2026, 6, 15)
CONTRACT = "urn:riv:a:b:GetXResponder:1"
PLATFORM = "  - {id: P, name: Platform, kind: platform}\n"


def files(addresses: str = "", components: str = "", routes: str = "", permissions: str = "") -> dict[str, bytes]:
    """The four files with these rows, each a line beginning with two spaces and a dash."""
    parts = {
        ADDRESSES: f"format: 1\naddresses:\n{PLATFORM}{addresses}",
        COMPONENTS: f"format: 1\ncomponents:\n{components}",
        ROUTES: f"format: 1\nroutes:\n{routes}",
        PERMISSIONS: f"format: 1\npermissions:\n{permissions}",
    }
    return {
        name: text.replace(":\n", ": []\n").encode() if text.endswith(":\n") else text.encode()
        for name, text in parts.items()
    }


def load(**rows: str) -> Loaded:
    """A directory of those rows."""
    return load_directory(files(**rows), {CONTRACT.lower()}, DAY)


COMPONENTS_ROWS = "  - {id: C, roles: [consumer]}\n  - {id: T, roles: [producer]}\n  - {id: U, roles: [producer]}\n"


def route(
    to: str, *, url: str = "http://t.example.se/x", producer: str = "T", valid: str = "", profile: str = "rivtabp21"
) -> str:
    """One route row for `CONTRACT`."""
    period = f", valid: {{{valid}}}" if valid else ""
    return f"  - {{to: ['{to}'], contract: [{CONTRACT}], producer: {producer}, url: '{url}', profile: {profile}{period}}}\n"


def permission(to: str, *, consumer: str = "C", valid: str = "") -> str:
    """One permission row for `CONTRACT`."""
    period = f", valid: {{{valid}}}" if valid else ""
    return f"  - {{consumer: [{consumer}], to: ['{to}'], contract: [{CONTRACT}]{period}}}\n"
