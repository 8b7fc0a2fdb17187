"""The errors of the platform: one tree, each class with its code (spec/switch.md section 14).

    VaxelError
    ├── DataError                  the operator's files are wrong (file, line, remedy)
    ├── SettingsError              the process is told to run in a way it cannot
    └── Refusal                    a call is not carried out
        ├── VersionMissing         VP001
        ├── SenderUnknown          VP002
        ├── ReceiverMissing        VP003
        ├── NoRoute                VP004
        ├── ProfileMismatch        VP005
        ├── AmbiguousRoute         VP006
        ├── NotPermitted           VP007
        ├── NoDirectory            VP008
        ├── ProducerFailed         VP009
        ├── AddressUnusable        VP010
        ├── PeerNotAllowed         VP011
        ├── TranslationFailed      VP012
        ├── OriginalConsumerDenied VP013
        ├── RoutingLoop            VP014
        ├── MessageMalformed       VP015
        ├── InternalError          VX000
        ├── JournalUnavailable     VX001
        ├── Overloaded             VX002
        ├── RequestTooLarge        VX003
        ├── ContractUnknown        VX004
        ├── IndexFailed            VX010
        ├── QuestionRefused        VX010
        ├── IndexTechnical         EI000
        ├── IndexSchema            EI001
        ├── IndexDuplicate         EI002
        ├── IndexWrongReceiver     EI003
        ├── IndexField             EI004
        ├── IndexReservedAddress   EI005
        ├── IndexReservedSource    EI006
        ├── TokenMissing           AC001
        └── TokenRefused           AC003

How a refusal looks on the wire is known only to `soap.faults` (SOAP) and `admin.problems` (problem+json).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar


class VaxelError(Exception):
    """Everything that the platform raises on purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong, or deserves a look, in the operator's files (DI-3.9).

    `line` counts from 1; 0 where the file as a whole is meant. `id` is stable (directory.md section 3).
    """

    id: str
    file: str
    line: int
    what: str
    remedy: str
    warning: bool = False

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}; {self.remedy} [{self.id}]"


class DataError(VaxelError):
    """The operator's files cannot be used; carries every finding, not only the first (DI-3.9)."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = findings


class SettingsError(VaxelError):
    """The settings are unknown, of the wrong type or contradict each other; lists all of them (SW-19.1)."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Refusal(VaxelError):
    """A call that is not carried out.

    `cause` is the stable machine-readable id of SW-14.3, `fields` what `detailString` says (`name: value`,
    English, never a patient identity), `retryable` as SW-14.9: certainly not delivered, may succeed later. `faultcode`
    says who is at fault where the code alone does not.
    """

    code: ClassVar[str]
    default_cause: ClassVar[str]
    faultcode: ClassVar[str] = ""

    def __init__(
        self,
        reason: str = "",
        *,
        cause: str | None = None,
        fields: Mapping[str, str] | None = None,
        retryable: bool | None = None,
        last_line: str = "",
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.cause = cause or self.default_cause
        self.fields: Mapping[str, str] = fields or {}
        self.last_line = last_line
        self.retryable = self.cause in RETRYABLE if retryable is None else retryable

    @property
    def detail(self) -> str:
        """The English text of `detailString`: the reason, the fields, a last line (switch.md section 14.2)."""
        stated = [f"{name}: {value}" for name, value in self.fields.items()]
        text = ", ".join([self.reason, *stated] if self.reason else stated)
        return f"{text}\n{self.last_line}" if self.last_line else text


# Causes where the call was certainly not delivered and may succeed later (SW-14.9, EI-9.3). `journal.unavailable`
# is retryable in step 4 only, so the audit layer says so itself.
RETRYABLE = frozenset(
    {
        "producer.dns",
        "producer.connect-refused",
        "producer.connect-timeout",
        "producer.unreachable",
        "producer.circuit-open",
        "directory.unavailable",
        "platform.overloaded",
        "index.locked",
        "store.unavailable",
    }
)


class VersionMissing(Refusal):
    """VP001: no RIV version; exists, but cannot arise over HTTP (SW-4.6)."""

    code = "VP001"
    default_cause = "request.version-missing"


class SenderUnknown(Refusal):
    """VP002: no sender id, or more than one, or a certificate that is not trusted (section 5)."""

    code = "VP002"
    default_cause = "sender.certificate-missing"


class ReceiverMissing(Refusal):
    """VP003: the logical address is absent, empty or blank (SW-4.3)."""

    code = "VP003"
    default_cause = "request.logical-address-missing"


class NoRoute(Refusal):
    """VP004: no route is valid today for this address and contract (SW-7.3)."""

    code = "VP004"
    default_cause = "routing.no-route"


class ProfileMismatch(Refusal):
    """VP005: the producer's profile differs from the call's in a way that is not translated (SW-9.1)."""

    code = "VP005"
    default_cause = "routing.profile-mismatch"


class AmbiguousRoute(Refusal):
    """VP006: more than one valid route at the deciding level (SW-7.2)."""

    code = "VP006"
    default_cause = "routing.ambiguous"


class NotPermitted(Refusal):
    """VP007: the consumer lacks permission (SW-8.1)."""

    code = "VP007"
    default_cause = "permission.denied"


class NoDirectory(Refusal):
    """VP008: no directory was ever loaded (SW-17.1)."""

    code = "VP008"
    default_cause = "directory.unavailable"


class ProducerFailed(Refusal):
    """VP009: the producer could not be reached, or failed (section 11). The cause says how.

    `retries` counts the repeated attempts.
    """

    code = "VP009"
    default_cause = "producer.protocol"
    retries = 0


class AddressUnusable(Refusal):
    """VP010: the route's address is blank or cannot be parsed (SW-7.3, SW-7.6)."""

    code = "VP010"
    default_cause = "routing.address-empty"


class PeerNotAllowed(Refusal):
    """VP011: the peer, or the address it forwards for, is on no list (SW-5.1, SW-5.5)."""

    code = "VP011"
    default_cause = "network.peer-not-allowed"


class TranslationFailed(Refusal):
    """VP012: the message could not be translated between BP 2.0 and 2.1 (SW-9.6)."""

    code = "VP012"
    default_cause = "transform.failed"


class OriginalConsumerDenied(Refusal):
    """VP013: the sender may not state the original consumer (SW-6.2)."""

    code = "VP013"
    default_cause = "original-consumer.not-allowed"


class RoutingLoop(Refusal):
    """VP014: the routing history already names this platform (SW-6.4)."""

    code = "VP014"
    default_cause = "routing.loop"


class MessageMalformed(Refusal):
    """VP015: not well-formed, not a SOAP call, or in violation of its contract (section 4)."""

    code = "VP015"
    default_cause = "request.malformed-xml"


class InternalError(Refusal):
    """VX000: something unexpected; the text is neutral and the cause is in the log only (SW-14.4)."""

    code = "VX000"
    default_cause = "internal.error"


class JournalUnavailable(Refusal):
    """VX001: the journal cannot be written, so the call is not carried out (DESIGN section 3)."""

    code = "VX001"
    default_cause = "journal.unavailable"


class Overloaded(Refusal):
    """VX002: a bound on calls, bytes or connections is reached (SW-2.8, SW-2.12)."""

    code = "VX002"
    default_cause = "platform.overloaded"


class RequestTooLarge(Refusal):
    """VX003: the request exceeds the contract's or the platform's limit (SW-13.2)."""

    code = "VX003"
    default_cause = "request.too-large"


class ContractUnknown(Refusal):
    """VX004: a routed contract that the catalogue lacks, or whose access is not stated (CO-9.1, CO-9.7)."""

    code = "VX004"
    default_cause = "contract.unknown"


class IndexFailed(Refusal):
    """VX010: the engagement index could not say who holds something (aggregation.md AG-4.3, AG-4.4)."""

    code = "VX010"
    default_cause = "index.fault"


class QuestionRefused(Refusal):
    """VX010: the request cannot be put to many sources; the caller is at fault (aggregation.md section 12)."""

    code = "VX010"
    default_cause = "request.patient-missing"
    faultcode = "Client"


class IndexTechnical(Refusal):
    """EI000: the index cannot do it: the count, a missing search field, a lock, the store (section 9)."""

    code = "EI000"
    default_cause = "internal.error"


class IndexSchema(Refusal):
    """EI001: the request violates the index's schema."""

    code = "EI001"
    default_cause = "request.schema"


class IndexDuplicate(Refusal):
    """EI002: two transactions of a request have one identity (EI-4.3)."""

    code = "EI002"
    default_cause = "request.duplicate-identity"


class IndexWrongReceiver(Refusal):
    """EI003: the request is addressed to another index (EI-4.2)."""

    code = "EI003"
    default_cause = "request.wrong-index"


class IndexField(Refusal):
    """EI004: a field is missing, too long, or not a date, or has white space at an end (EI-4.5)."""

    code = "EI004"
    default_cause = "request.field-missing"


class IndexReservedAddress(Refusal):
    """EI005: an engagement's logical address is a reserved id (EI-4.4)."""

    code = "EI005"
    default_cause = "request.reserved-address"


class IndexReservedSource(Refusal):
    """EI006: an engagement's source system is a reserved id (EI-4.4)."""

    code = "EI006"
    default_cause = "request.reserved-source"


class TokenMissing(Refusal):
    """AC001: a protected contract was called without a bearer token (protection.md section 15)."""

    code = "AC001"
    default_cause = "access.token-missing"


class TokenRefused(Refusal):
    """AC003: the bearer token cannot be verified here (protection.md section 15)."""

    code = "AC003"
    default_cause = "access.token-untrusted"
