"""Settings that are allowed, but that an operator should know of: for the log, status, `vaxel check` and `doctor`."""

from collections.abc import Iterator

from vaxel.errors import Finding
from vaxel.settings import FILE, Settings

_OLD = frozenset({"1.0", "1.1"})


def cautions(settings: Settings) -> tuple[Finding, ...]:
    """One warning for each."""
    return tuple(
        Finding(id=f"settings.{name}", file=FILE, line=0, what=what, remedy=remedy, warning=True)
        for name, what, remedy in _found(settings)
    )


def _found(settings: Settings) -> Iterator[tuple[str, str, str]]:
    if settings.trust_unverified_header:  # SW-5.14
        yield (
            "unverified-header",
            "certificate headers are believed without verification",
            "set VAXEL_TLS_CLIENT_CA and VAXEL_TRUST_UNVERIFIED_HEADER=off",
        )
    if settings.https and settings.tls_min_version in _OLD:  # SW-16.1
        yield (
            "old-tls",
            f"the HTTPS listener takes TLS {settings.tls_min_version}",
            "raise VAXEL_TLS_MIN_VERSION to 1.2",
        )
    for each in settings.tls_producer:
        if each.min_version in _OLD:
            yield (
                "old-tls",
                f"[[tls.producer]] {each.name} takes TLS {each.min_version}",
                "raise its min_version to 1.2",
            )
        if not each.verify_hostname:  # SW-16.3
            yield "hostname", f"[[tls.producer]] {each.name} does not verify host names", "let it verify them"
        if each.domain_name is None and each.domain_suffix is None:  # SW-16.2
            yield "never-matches", f"[[tls.producer]] {each.name} never matches", "give domain_name or domain_suffix"
    if not settings.checkpoint_to:  # SW-18.10
        yield (
            "no-checkpoint",
            "no checkpoint is kept elsewhere: a cut tail of the journal cannot be detected",
            "set VAXEL_CHECKPOINT_TO",
        )
    if settings.log_payload:  # SW-18.5
        yield "payload-log", "the payload log may be opened", "set VAXEL_LOG_PAYLOAD=off when it is not needed"
