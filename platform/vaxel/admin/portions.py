"""Each part's portion of the settings, in the part's own words."""

import ipaddress

from vaxel import __version__
from vaxel.adapters.breaker import BreakerRules
from vaxel.adapters.probes import ProbeRules
from vaxel.adapters.producers import Calling
from vaxel.adapters.server import Limits
from vaxel.adapters.tls import Profile
from vaxel.aggregation.plan import Rules
from vaxel.aggregation.status import Wording
from vaxel.directory.model import Directory
from vaxel.directory.resolve import RoutingRules
from vaxel.engagements import checks
from vaxel.engagements.retrying import Policy
from vaxel.exchange.headers import HeaderRules
from vaxel.exchange.identify import Trust
from vaxel.exchange.read import Reading
from vaxel.services.applying import Collecting
from vaxel.services.asked import Aggregating
from vaxel.services.engagement_index import Behaviour
from vaxel.services.index_node import Conduct, reserved
from vaxel.services.pulling import Source
from vaxel.settings import Settings


def limits(settings: Settings) -> Limits:
    """Bounds of the listeners."""
    return Limits(
        header_bytes=settings.max_header_bytes,
        header_timeout_s=settings.header_timeout_s,
        body_idle_s=settings.body_idle_s,
        connections=settings.max_connections,
    )


def calling(settings: Settings) -> Calling:
    """How producers are called."""
    return Calling(
        connect_timeout_s=settings.connect_timeout_s,
        pool_idle_s=settings.pool_idle_s,
        retry_attempts=settings.retry_attempts,
        retry_delay_s=settings.retry_delay_s,
        retry_buffer_bytes=settings.retry_buffer_bytes,
        peek_bytes=settings.response_peek_bytes,
        max_calls_per_producer=settings.max_calls_per_producer,
        chunked=settings.producer_chunked,
        show_address=settings.fault_address,
    )


def breaker_rules(settings: Settings) -> BreakerRules:
    """When an endpoint is not called for a while."""
    return BreakerRules(
        on=settings.breaker,
        failures=settings.breaker_failures,
        share=settings.breaker_share,
        window_s=settings.breaker_window_s,
        window_calls=settings.breaker_window_calls,
        open_s=settings.breaker_open_s,
        max_open_s=settings.breaker_max_open_s,
    )


def probe_rules(settings: Settings) -> ProbeRules:
    """Which endpoints are probed, and how often."""
    return ProbeRules(what=settings.probe, interval_s=settings.probe_interval_s, parallel=settings.probe_parallel)


def default_profile(settings: Settings) -> Profile:
    """TLS towards producers where no override fits."""
    return Profile(
        name="", ca=settings.producer_ca, cert=settings.producer_cert, key=settings.producer_key, min_version="1.2"
    )


def profiles(settings: Settings) -> tuple[Profile, ...]:
    """The `[[tls.producer]]` overrides, in order."""
    return tuple(Profile(**each.model_dump()) for each in settings.tls_producer)


def trust(settings: Settings, instance_id: str) -> Trust:
    """Whom the platform believes what."""
    return Trust(
        proxies=settings.proxies,
        internal_peers=tuple(
            (ipaddress.ip_network(network), frozenset(sender.lower() for sender in senders))
            for network, senders in settings.internal_peers
        ),
        internal_certificates=tuple(
            (name, frozenset(sender.lower() for sender in senders)) for name, senders in settings.internal_certificates
        ),
        instance_id=instance_id,
        certificate_header=settings.client_cert_header.lower().encode(),
        forwarded_for_header=settings.forwarded_for_header.lower().encode(),
        history=settings.routing_history,
        history_on_https=settings.routing_history_on_https,
    )


def reading(settings: Settings) -> Reading:
    """How messages are read."""
    return Reading(
        max_size_bytes=settings.max_size_bytes,
        head_bytes=settings.envelope_head_bytes,
        strict=settings.envelope_strict,
        mtom=settings.mtom,
    )


def header_rules(settings: Settings, instance_id: str) -> HeaderRules:
    """What the header table is made of."""
    return HeaderRules(
        request_remove=settings.headers_request_remove,
        request_keep=settings.headers_request_keep,
        response_remove=settings.headers_response_remove,
        certificate_header=settings.client_cert_header.lower().encode(),
        instance_id=instance_id,
        content_type=settings.content_type,
        user_agent=settings.user_agent or f"Vaxel/{__version__}",
        correlation_id_to_https=settings.correlation_id_to_https,
    )


def aggregating(settings: Settings) -> Aggregating:
    """How answers of many sources are joined."""
    return Aggregating(
        rules=Rules(
            routing=settings.routing_rules(RoutingRules), own=settings.own_addresses, tree=settings.aggregation_tree
        ),
        timeout_s=settings.aggregation_timeout_s,
        margin_s=settings.aggregation_margin_s,
        parallel=settings.aggregation_parallel,
        filtered=settings.aggregation_filtered,
        wording=Wording(legacy_codes=settings.aggregation_legacy_codes, empty_synch=settings.aggregation_empty_synch),
        order=settings.aggregation_order,
        duplicates=settings.aggregation_duplicates,
        error_fails=settings.aggregation_error_result == "fail",
        spool_bytes=settings.aggregation_spool_bytes,
        max_bytes=settings.aggregation_max_bytes,
    )


def index_conduct(settings: Settings) -> Conduct:
    """How the engagement index works on this node."""
    return Conduct(
        node=settings.node,
        behaviour=Behaviour(
            sync=settings.index_sync,
            check_sender=settings.index_check_sender,
            domain_rules=settings.index_domain_rules,
            locked=settings.index_locked,
            updates_page=settings.index_updates_page,
            updates_days=settings.index_updates_days,
            own_pattern=bool(settings.index_resident_pattern),
        ),
        collecting=Collecting(
            threshold=settings.index_collect_threshold,
            size=settings.index_collect_size,
            longest_s=settings.index_collect_s,
        ),
        policy=Policy(
            attempts=settings.index_retry_attempts,
            wait_s=settings.index_retry_s,
            factor=settings.index_retry_factor,
            longest_s=settings.index_retry_max_s,
            largest=settings.index_max_transactions,
        ),
        forward_unchanged=settings.index_forward_unchanged,
        sources=tuple(
            Source(address=address, domain=domain) for address, domains in settings.index_pull for domain in domains
        ),
        pull_s=settings.index_pull_s,
    )


def index_rules(settings: Settings, directory: Directory) -> checks.Rules:
    """What the index's requests are held to in this directory."""
    own = settings.index_address or directory.platform.id
    return checks.Rules(
        own=own,
        addresses=frozenset(each.lower() for each in (own, *settings.index_other_addresses)),
        reserved=reserved(directory, own),
        transactions=settings.index_max_transactions,
        resident=settings.index_resident_pattern or checks.RESIDENT,
    )
