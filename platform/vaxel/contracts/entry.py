"""One entry of the catalogue: what the platform knows of a contract (contracts.md section 9)."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from vaxel.documents import Record

Level = Literal["off", "observe", "warn", "reject"]
IDEMPOTENT_NAMES = ("Get", "Find", "Check", "Is", "List", "Ping", "Assert")


def _path(value: Any) -> Any:
    return tuple(value.split("/")) if isinstance(value, str) else value


Path = Annotated[tuple[str, ...], BeforeValidator(_path)]
"""Local names from the request element downwards; a last part `@name` is an attribute (CO-9.6)."""


class Validation(Record):
    """Levels of section 7; our own entries default to reject and observe (CO-7.1)."""

    request: Level = "reject"
    response: Level = "observe"


class Result(Record):
    """Shape of the result element (section 5.3), and whether the platform may write one itself (CO-5.1).

    `namespace` is that of its children; the domain's with the contract's major where it is not stated.
    """

    shape: Literal["full", "short", "ext", "none"]
    synthetic: bool = False
    namespace: str | None = None


class Records(Record):
    """Where an answer's records and their headers are (section 10)."""

    list: str
    header: Literal["psh", "cpsh", "jol", "obs", "act", "mea", "flat", "own"]
    fields: dict[str, str] = Field(default_factory=dict)
    also: tuple[str, ...] = ()
    result: Result | None = None


class Filters(Record):
    """Paths of the request's filter fields (section 8.2)."""

    care_unit: Path | None = None
    care_provider: Path | None = None
    period: Path | None = None


class Aggregation(Record):
    """How the contract is aggregated (aggregation.md); kept as stated.

    `mode` need be stated only where the number of categorizations does not tell: `from_request:<path>` takes them from
    the request. `rewrite` sets elements of the body for each source: path → `target` or `resident`.
    """

    service_domain: str
    categorizations: tuple[str, ...] = ()
    source_filter: str | None = None
    mode: Annotated[str, Field(pattern=r"^(single|multiple|none|from_request:.+)$")] | None = None
    target: Literal["source_system", "logical_address"] = "source_system"
    rewrite: dict[str, Literal["target", "resident"]] = Field(default_factory=dict)
    refuse: tuple[str, ...] = ()
    merge: Literal["records", "nothing"] = "records"
    most_recent: Annotated[str, Field(pattern=r"^[1-9][0-9]*[ymd]$")] | None = None
    enabled: bool = True


class Contract(Record):
    """A contract as the catalogue states it; `namespace` is its key (CO-3.1). Times in seconds, sizes in bytes.

    `publish_path` is where its WSDL is published, where that is not what the WSDL's namespace gives (SW-15.4).
    """

    name: str
    version: Annotated[str, Field(pattern=r"^\d+\.\d+$")]
    package: str
    namespace: Annotated[str, Field(pattern=r"^[0-9a-zA-Z_.:\-]{1,255}$")]
    wsdl: str
    publish_path: Annotated[str, Field(pattern=r"^/vp/[^?#]+$")] | None = None
    request: str
    response: str
    soap_action: str | None = None
    profiles: tuple[Literal["rivtabp20", "rivtabp21"], ...] = ("rivtabp21",)
    address_header: str | None = None
    headers: tuple[str, ...] = ()
    validation: Validation = Validation()
    access: Literal["open", "patient", "own"] | None = None
    patient: Path | None = None
    idempotent: bool = False
    pinned: bool = False
    information_set: str | None = None
    blocking_type: Literal["lak", "upp"] | None = None
    records: Records | None = None
    filters: Filters = Filters()
    aggregation: Aggregation | None = None
    timeout_s: Annotated[float, Field(gt=0)] | None = None
    total_timeout_s: Annotated[float, Field(gt=0)] | None = None
    early_answer_s: Annotated[float, Field(gt=0)] | None = None
    max_size_bytes: Annotated[int, Field(gt=0)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _idempotent_by_name(cls, data: Any) -> Any:
        """An entry that does not say so may be sent twice if its name promises to change nothing."""
        if isinstance(data, dict) and "idempotent" not in data:
            return {**data, "idempotent": str(data.get("name", "")).startswith(IDEMPOTENT_NAMES)}
        return data

    @model_validator(mode="after")
    def _protectable(self) -> Self:
        """A contract about a patient says who that is and where its records are (P-3)."""
        if self.access == "patient" and (self.patient is None or self.records is None):
            raise ValueError("access: patient needs `patient` and `records`")
        return self


EngagementField = Literal[
    "categorization",
    "logicalAddress",
    "businessObjectInstanceIdentifier",
    "clinicalProcessInterestId",
    "sourceSystem",
    "dataController",
]


class IndexRules(Record):
    """What an engagement of the domain must hold: its categorizations, fields that are equal, fields of one value."""

    categorizations: tuple[str, ...] = ()
    equal: dict[EngagementField, EngagementField] = Field(default_factory=dict)
    fixed: dict[EngagementField, str] = Field(default_factory=dict)


class ContractFile(Record):
    """`contracts/<domain>.yaml`: one file per service domain. `index_rules` hold for the domain (EI-10.2)."""

    format: Literal[1]
    domain: str
    index_rules: IndexRules | None = None
    contracts: tuple[Contract, ...]
