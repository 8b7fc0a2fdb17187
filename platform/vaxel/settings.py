"""How this process runs: `VAXEL_*` in the environment, or `vaxel.toml` in the home; the environment wins (DESIGN 5).

A setting exists when the feature that it governs is built; an unknown name stops the start (SW-19.1). Every setting
has its heading in docs/operations.md.
"""

import ipaddress
import os
import re
import time
import tomllib
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from vaxel.errors import SettingsError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SWEDEN = ZoneInfo("Europe/Stockholm")
Made = TypeVar("Made")


def swedish_now() -> datetime:
    """The time in Sweden."""
    return datetime.now(SWEDEN)


def swedish_day() -> date:
    """The day in Sweden: what routes and permissions are valid by (DI-3.1)."""
    return _day(int(time.time()))


@lru_cache(maxsize=2)
def _day(second: int) -> date:
    """The day of a second: asked several times a call, worked out once."""
    return datetime.fromtimestamp(second, SWEDEN).date()


_USERINFO = re.compile(r"(?<=:)//[^/@]+@")
PREFIX = "VAXEL_"
FILE = "vaxel.toml"
_PASSWORD = re.compile(r"(://[^/:@]*:)[^@/]*@")
FOREIGN = frozenset({"VAXEL_RIVTA_DIR", "VAXEL_TEST_MESSAGES"})
"""Names that the tests use: their reference data, and how many messages they make."""

LOG_HEADERS = (
    "SOAPAction, Content-Type, Content-Length, User-Agent, Host, x-skltp-correlation-id, x-rivta-*, "
    "x-vp-sender-id, x-vp-instance-id, X-Forwarded-For"
)


def _items(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(item.strip() for item in value.split(",") if item.strip())
    return value


def _switch(value: Any) -> Any:
    words = {"on": True, "off": False, True: True, False: False}
    if isinstance(value, str):
        value = value.strip().lower()
    if value not in words:
        raise ValueError("is `on` or `off`")
    return words[value]


def _peers(value: Any) -> Any:
    """`<CIDR or id>=<sender>|<sender>…` entries as pairs; no wildcard for senders (SW-5.3, SW-5.4)."""
    pairs = []
    for entry in _items(value):
        peer, equals, senders = str(entry).partition("=")
        stated = tuple(sender.strip() for sender in senders.split("|") if sender.strip())
        if not equals or not stated or "*" in senders:
            raise ValueError(f"{entry!r} is not written <peer>=<sender>|<sender>…")
        pairs.append((peer.strip(), stated))
    return tuple(pairs)


Words = Annotated[tuple[str, ...], BeforeValidator(_items)]
Compatibility = Annotated[tuple[Literal["unanchor-patterns", "wildcard-other"], ...], BeforeValidator(_items)]
Switch = Annotated[bool, BeforeValidator(_switch)]
Networks = Annotated[tuple[Network, ...], BeforeValidator(_items)]
Internal = Annotated[tuple[tuple[str, tuple[str, ...]], ...], BeforeValidator(_peers)]
Port = Annotated[int, Field(ge=0, le=65535)]
Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0)]


class ProducerTls(BaseModel):
    """One `[[tls.producer]]` table of `vaxel.toml`: an override of the outgoing TLS profile (SW-16.2)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    domain_name: str | None = None
    domain_suffix: str | None = None
    port: int | None = None
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    min_version: Literal["1.0", "1.1", "1.2", "1.3"] = "1.2"
    ciphers: str | None = None
    verify_hostname: bool = True


class Settings(BaseModel):
    """Every setting with its default; the field `http_port` is `VAXEL_HTTP_PORT`, and so on (switch.md section 19)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path
    host: str = "127.0.0.1"
    http_port: Port = 8080
    https_port: Port = 8443
    web_host: str = "127.0.0.1"
    web_port: Port = 8090
    workers: int = 1
    node: Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,64}$")] = "node1"
    instance_id: str = ""
    instance_name: str = ""

    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_client_ca: Path | None = None
    tls_crl: Path | None = None
    tls_min_version: Literal["1.0", "1.1", "1.2", "1.3"] = "1.2"

    trusted_proxies: Networks | None = None
    internal_peers: Internal = ()
    internal_certificates: Internal = ()
    trust_unverified_header: Switch = False
    sender_pattern: str = ""
    client_cert_header: str = "x-vp-auth-cert"
    forwarded_for_header: str = "X-Forwarded-For"
    forwarded_proto_header: str = "X-VP-Forwarded-Proto"
    forwarded_host_header: str = "X-VP-Forwarded-Host"
    forwarded_port_header: str = "X-VP-Forwarded-Port"
    original_consumer: Literal["warn", "reject"] = "warn"
    routing_history: Switch = True
    routing_history_on_https: Switch = True

    routing_delimiter: str = "#"
    default_routing_contracts: Words = ()
    default_routing_senders: Words = ()
    tree_routes: Switch = True
    tree_routes_except: Words = ()
    tree_permissions: Switch = True
    tree_permissions_except: Words = ()
    tree_ignore_case: Switch = False
    tree_required: Switch = True
    directory: Literal["files"] = "files"

    validation_max: Literal["off", "observe", "warn", "reject"] = "reject"
    observe_cpu: Annotated[float, Field(ge=0, le=1)] = 0.05
    unknown_contracts: Literal["refuse", "forward"] = "refuse"
    schema_compat: Compatibility = ("unanchor-patterns", "wildcard-other")

    connect_timeout_s: Seconds = 2
    producer_timeout_s: Seconds = 29
    producer_ca: Path | None = None
    producer_cert: Path | None = None
    producer_key: Path | None = None
    producer_networks: Networks | None = None
    producer_chunked: Switch = False
    pool_idle_s: Seconds = 4
    retry_attempts: Annotated[int, Field(ge=0)] = 1
    retry_delay_s: Annotated[float, Field(ge=0)] = 2
    retry_buffer_bytes: Count = 1_048_576
    breaker: Switch = True
    breaker_failures: Count = 5
    breaker_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    breaker_window_s: Seconds = 30
    breaker_window_calls: Count = 20
    breaker_open_s: Seconds = 5
    breaker_max_open_s: Seconds = 60
    probe: Literal["open", "used", "off"] = "open"
    probe_interval_s: Seconds = 5
    probe_parallel: Count = 8

    own_addresses: Words = ()
    aggregation_timeout_s: Seconds = 28
    aggregation_margin_s: Annotated[float, Field(ge=0)] = 0.25
    aggregation_parallel: Count = 200
    aggregation_filtered: Literal["summary", "records", "off"] = "summary"
    aggregation_legacy_codes: Switch = False
    aggregation_empty_synch: Switch = False
    aggregation_order: Literal["arrival", "source"] = "arrival"
    aggregation_duplicates: Literal["identical", "identity", "keep"] = "identical"
    aggregation_error_result: Literal["fail", "ignore"] = "fail"
    aggregation_spool_bytes: Count = 8_388_608
    aggregation_max_bytes: Count = 104_857_600
    aggregation_tree: Switch = False
    aggregation_http: Switch = False

    max_size_bytes: Count = 15_728_640
    envelope_head_bytes: Count = 262_144
    response_peek_bytes: Count = 65_536
    envelope_strict: Switch = False
    max_calls: Count = 1000
    max_calls_per_producer: Count = 200
    max_calls_per_consumer: Count = 200
    max_connections: Count = 2000
    max_buffered_bytes: Count = 268_435_456
    max_header_bytes: Count = 65_536
    header_timeout_s: Seconds = 10
    body_idle_s: Seconds = 30
    shutdown_grace_s: Annotated[float, Field(ge=0)] = 30

    content_type: str = "text/xml;charset=UTF-8"
    user_agent: str = ""
    correlation_id_to_https: Switch = False
    headers_request_remove: str = (
        r"(?i)x-vp.*|PEER_CERTIFICATES|X-Forwarded.*|MULE_.*|X-MULE_.*|Connection|accept-encoding"
        r"|X-Forwarded-Tls-Client-Cert"
    )
    headers_request_keep: str = r"(?i)x-vp-sender-id|x-vp-instance-id"
    headers_response_remove: str = r"(?i)SOAPAction|MULE_.*|X-MULE_.*|LOCAL_CERTIFICATE|PEER_CERTIFICATES|http.method"
    gzip_consumer: Switch = False
    gzip_producer: Switch = False
    mtom: Literal["strip", "inline", "pass"] = "strip"
    pass_soap12_faults: Switch = False
    fault_cause: Switch = True
    fault_address: Switch = True
    too_large_status: Annotated[int, Field(ge=400, le=599)] = 413

    wsdl_public: Switch = True
    operations_allow: Networks = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))

    call_events: Literal["summary", "all"] = "summary"
    log_headers: Words = _items(LOG_HEADERS)
    log_payload: Switch = False

    store_url: str = ""

    index_address: str = ""
    index_timeout_s: Seconds = 20
    index_other_addresses: Words = ()
    index_http: Switch = False
    index_sync: Switch = False
    index_check_sender: Literal["off", "warn", "enforce"] = "off"
    index_max_transactions: Count = 1000
    index_collect_threshold: Annotated[int, Field(ge=0)] = 1
    index_collect_size: Count = 1000
    index_collect_s: Seconds = 5
    index_retry_attempts: Count = 5
    index_retry_s: Annotated[float, Field(ge=0)] = 1
    index_retry_factor: Annotated[float, Field(ge=1)] = 1
    index_retry_max_s: Seconds = 600
    index_forward_unchanged: Switch = True
    index_domain_rules: Literal["off", "warn", "enforce"] = "warn"
    index_locked: Literal["queue", "refuse"] = "queue"
    index_resident_pattern: str = ""
    index_updates_page: Count = 500
    index_updates_days: Count = 90
    index_pull: Internal = ()
    index_pull_s: Seconds = 3600

    checkpoint_to: str = ""
    segment_bytes: Count = 67_108_864
    reserve_bytes: Count = 4_194_304

    tls_producer: tuple[ProducerTls, ...] = ()

    @field_validator(
        "sender_pattern",
        "index_resident_pattern",
        "headers_request_remove",
        "headers_request_keep",
        "headers_response_remove",
    )
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"is not a regular expression: {error}") from error
        return value

    @field_validator("internal_peers")
    @classmethod
    def _networks(cls, value: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
        for network, _ in value:
            ipaddress.ip_network(network)
        return value

    @model_validator(mode="after")
    def _agree(self) -> Self:
        """Refuse contradictions (SW-19.1), with a word on each."""
        problems = [text for holds, text in self._contradictions() if holds]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _contradictions(self) -> tuple[tuple[bool, str], ...]:
        tls = (self.tls_cert, self.tls_key, self.tls_client_ca)
        names = [override.name for override in self.tls_producer]
        return (
            (self.workers != 1, "VAXEL_WORKERS must be 1: a node is one process, more nodes give more capacity"),
            (
                any(tls) and not all(tls) and not (self.tls_client_ca and not self.tls_cert and not self.tls_key),
                "VAXEL_TLS_CERT, VAXEL_TLS_KEY and VAXEL_TLS_CLIENT_CA go together",
            ),
            (
                bool(self.trusted_proxies) and not self.tls_client_ca and not self.trust_unverified_header,
                "VAXEL_TRUSTED_PROXIES needs VAXEL_TLS_CLIENT_CA, or VAXEL_TRUST_UNVERIFIED_HEADER=on",
            ),
            (
                self.aggregation_margin_s >= self.aggregation_timeout_s,
                "VAXEL_AGGREGATION_MARGIN_S must be less than VAXEL_AGGREGATION_TIMEOUT_S",
            ),
            (bool(self.tls_crl) and not self.tls_client_ca, "VAXEL_TLS_CRL needs VAXEL_TLS_CLIENT_CA"),
            (bool(self.producer_key) and not self.producer_cert, "VAXEL_PRODUCER_KEY needs VAXEL_PRODUCER_CERT"),
            (self.breaker_open_s > self.breaker_max_open_s, "VAXEL_BREAKER_OPEN_S is above VAXEL_BREAKER_MAX_OPEN_S"),
            (len(set(names)) != len(names), "two [[tls.producer]] tables have the same name"),
        )

    def routing_rules(self, make: Callable[..., Made]) -> Made:
        """What the settings say of routing and permission, as `directory.resolve.RoutingRules`."""
        return make(
            delimiter=self.routing_delimiter,
            tree_routes=self.tree_routes,
            tree_routes_except=self.tree_routes_except,
            tree_permissions=self.tree_permissions,
            tree_permissions_except=self.tree_permissions_except,
            tree_ignore_case=self.tree_ignore_case,
            default_routing_contracts=self.default_routing_contracts,
            default_routing_senders=self.default_routing_senders,
        )

    @property
    def https(self) -> bool:
        """Whether the HTTPS listener is on."""
        return bool(self.tls_cert and self.tls_key and self.tls_client_ca)

    @property
    def proxies(self) -> tuple[Network, ...]:
        """Trusted proxies: as stated, else loopback where header certificates can be verified (SW-5.1)."""
        if self.trusted_proxies is not None:
            return self.trusted_proxies
        return type(self).model_fields["operations_allow"].default if self.tls_client_ca else ()

    @property
    def var(self) -> Path:
        """Where run-time state lies."""
        return self.home / "var"


def read(home: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """The effective settings of the home; raises `SettingsError` with every problem (SW-19.1)."""
    stated = _from_file(home / FILE) | _from_environment(environment)
    stated["home"] = home
    try:
        return Settings.model_validate(stated)
    except ValidationError as error:
        raise SettingsError(tuple(_explained(item) for item in error.errors())) from error


def effective(settings: Settings) -> dict[str, str]:
    """Every setting by its name as text, paths of keys masked as `***` (SW-19.2)."""
    shown = {}
    for name in Settings.model_fields:
        value = getattr(settings, name)
        secret = value is not None and name.endswith("_key")
        shown[PREFIX + name.upper()] = "***" if secret else _PASSWORD.sub(r"\1***@", _text(value))
    return shown


def _text(value: Any) -> str:
    if isinstance(value, ProducerTls):
        stated = value.model_dump(exclude_defaults=True) | ({"key": "***"} if value.key else {})
        return "{" + ", ".join(f"{name} = {_text(each)}" for name, each in stated.items()) + "}"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ", ".join(_pair(*item) if isinstance(item, tuple) else _text(item) for item in value)
    return "" if value is None else _USERINFO.sub("//***@", str(value))


def _pair(peer: str, senders: tuple[str, ...]) -> str:
    """An entry of SW-5.3 and SW-5.4, as it is stated."""
    return f"{peer}={'|'.join(senders)}"


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    return {
        name[len(PREFIX) :].lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and name not in FOREIGN
    }


def _from_file(path: Path) -> dict[str, Any]:
    """`vaxel.toml`: keys as the environment's names, in either case; `[[tls.producer]]` tables."""
    if not path.is_file():
        return {}
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError((f"{path}: not TOML: {error}",)) from error
    tls = document.pop("tls", {})
    stated = {name.lower().removeprefix(PREFIX.lower()): value for name, value in document.items()}
    if isinstance(tls, dict) and "producer" in tls:
        stated["tls_producer"] = tuple(tls["producer"])
    return stated


def _explained(item: Any) -> str:
    name = PREFIX + ".".join(str(step) for step in item["loc"]).upper()
    if item["type"] == "extra_forbidden":
        return f"{name} is not a setting of this version; see docs/operations.md"
    if not item["loc"]:
        return str(item["msg"]).removeprefix("Value error, ")
    return f"{name}: {item['msg']}".replace("Value error, ", "")
