"""Journey steps 8 and 10: protection of patient information (protection.md).

Until the platform can enforce consent and blocks itself, a contract with `access: patient` is carried only for
consumers whose component entry says `access_control: consumer`; any other call fails closed (P-4).
"""

from vaxel.call import Call, Handler, Layer, Reply
from vaxel.contracts.catalogue import Catalogue
from vaxel.directory.model import Directory
from vaxel.errors import TokenMissing, TokenRefused


def protection(catalogue: Catalogue, directory: Directory | None) -> Layer:
    """Refuse AC001 without bearer token, else AC003, unless the consumer enforces protection itself."""

    def layer(inner: Handler) -> Handler:
        async def protect(call: Call) -> Reply:
            if call.parent is not None:  # judged once, on the outer call (AG-3.4)
                return await inner(call)
            entry = catalogue.get(call.contract)
            if entry is not None and entry.access == "patient" and not _enforces_itself(directory, call):
                if not _bearer(call):
                    raise TokenMissing("a protected contract needs a bearer token")
                raise TokenRefused("the bearer token cannot be verified on this platform")
            return await inner(call)

        return protect

    return layer


def _enforces_itself(directory: Directory | None, call: Call) -> bool:
    component = directory.component(call.sender) if directory else None
    return component is not None and component.access_control == "consumer"


def _bearer(call: Call) -> bool:
    return any(name == b"authorization" and value[:7].lower() == b"bearer " for name, value in call.headers)
