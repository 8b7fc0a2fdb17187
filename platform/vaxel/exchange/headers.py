"""HTTP headers on both sides of the platform: the table of switch.md section 12 as code."""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from vaxel.call import Call, Headers

# Never passed: made anew, hop by hop (SW-12.2), or written by the platform itself below.
_OWN = frozenset(
    b"host content-length content-type content-encoding user-agent connection keep-alive te trailer transfer-encoding"
    b" upgrade expect proxy-authenticate proxy-authorization proxy-connection x-skltp-correlation-id"
    b" x-rivta-original-serviceconsumer-hsaid x-rivta-routing-history x-vp-sender-id x-vp-instance-id".split()
)
_ANSWER_OWN = frozenset(
    b"content-length content-type content-encoding connection keep-alive te trailer transfer-encoding upgrade"
    b" proxy-authenticate proxy-authorization proxy-connection x-skltp-correlation-id x-skltp-prt date server".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderRules:
    """The three lists of SW-12.1 (regular expressions on the whole name) and the values the platform writes."""

    request_remove: str
    request_keep: str
    response_remove: str
    certificate_header: bytes = b"x-vp-auth-cert"
    instance_id: str = ""
    content_type: str = "text/xml;charset=UTF-8"
    user_agent: str = "Vaxel"
    correlation_id_to_https: bool = False


class HeaderTable:
    """Makes the headers that leave the platform."""

    def __init__(self, rules: HeaderRules) -> None:
        self._rules = rules
        self._content_type = rules.content_type.encode("latin-1")
        self._user_agent = rules.user_agent.encode("latin-1")
        remove, keep = re.compile(rules.request_remove), re.compile(rules.request_keep)
        drop = re.compile(rules.response_remove)
        own = _OWN | {rules.certificate_header}

        def to_producer(name: bytes) -> bool:
            text = name.decode("latin-1")
            return name not in own and (bool(keep.fullmatch(text)) or not remove.fullmatch(text))

        def to_consumer(name: bytes) -> bool:
            return name not in _ANSWER_OWN and not drop.fullmatch(name.decode("latin-1"))

        # Names recur on every call: the expressions run once for each.
        self._to_producer = lru_cache(maxsize=1024)(to_producer)
        self._to_consumer = lru_cache(maxsize=1024)(to_consumer)

    def outgoing(self, call: Call, soap_action: str | None, content_type: bytes | None = None) -> Headers:
        """The headers towards the producer; `soap_action` replaces the consumer's where it is given (SW-12.7).

        `content_type` is that of a message passed as it came, else the configured one is written.
        """
        https = call.target.url[:8].lower() == "https://"
        named = _named_by_connection(call.headers)
        passed = [
            (name, value)
            for name, value in call.headers
            if self._to_producer(name)
            and name not in named
            and not (name == b"authorization" and value[:7].lower() == b"bearer ")
            and not (soap_action is not None and name == b"soapaction")
        ]
        if soap_action is not None:
            passed.append((b"soapaction", f'"{soap_action}"'.encode("latin-1", "replace")))
        passed += [
            (b"host", host_of(call.target.url)),
            (b"content-type", content_type or self._content_type),
            (b"user-agent", self._user_agent),
            (b"x-rivta-original-serviceconsumer-hsaid", call.original_consumer.encode("latin-1", "replace")),
        ]
        if call.routing_history:
            passed.append((b"x-rivta-routing-history", call.routing_history.encode("latin-1", "replace")))
        if not https or self._rules.correlation_id_to_https:
            passed.append((b"x-skltp-correlation-id", call.correlation_id.encode("latin-1", "replace")))
        if call.parent is not None:
            passed.append((b"accept-encoding", b"gzip"))  # its answer is read here (AG-6.3)
        if not https:
            passed.append((b"x-vp-sender-id", call.sender.encode("latin-1", "replace")))
            passed.append((b"x-vp-instance-id", self._rules.instance_id.encode("latin-1", "replace")))
        return tuple(passed)

    def incoming(self, headers: Headers, producer_ms: int) -> Headers:
        """The producer's headers that reach the consumer, with its time in whole milliseconds (SW-12.4)."""
        passed = [(name, value) for name, value in headers if self._to_consumer(name)]
        passed.append((b"x-skltp-prt", b"%d" % producer_ms))
        return tuple(passed)


def _named_by_connection(headers: Headers) -> frozenset[bytes]:
    """Header names that `Connection` declares to be hop by hop (SW-12.2)."""
    values = [value.lower() for name, value in headers if name == b"connection"]
    return frozenset(part.strip() for value in values for part in value.split(b",")) if values else frozenset()


@lru_cache(maxsize=4096)
def host_of(url: str) -> bytes:
    """The Host header for an address: no port if it is 80 or none was given, an explicit 443 is kept."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    shown = host if parts.port in {None, 80} else f"{host}:{parts.port}"
    return shown.encode("idna" if not shown.isascii() else "ascii")
