"""Where a record says whose it is and who made it: the layouts of contracts.md section 10, as data, and their reader.

Records stay bytes: values are read by path from a record's slice, by local name, not by position (CO-10.2, CO-10.3).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from vaxel.contracts.entry import Records
from vaxel.soap.fields import Reading, wanted
from vaxel.soap.records import Cut, Element, masked, root_of

_PROFESSIONAL = "{H}/accountableHealthcareProfessional"
_ACCESS = "header/accessControlHeader"
_PERFORMER = {
    "source_system": "sourceSystem/id/extension",
    "care_provider": "performerRole/careUnit/careGiver/id/extension",
    "care_unit": "performerRole/careUnit/id/extension",
    "patient": "patient/id/extension",
}
_PSH = {
    "document_id": "{H}/documentId",
    "source_system": "{H}/sourceSystemHSAId",
    "care_provider": f"{_PROFESSIONAL}/healthcareProfessionalCareGiverHSAId",
    "care_unit": f"{_PROFESSIONAL}/healthcareProfessionalCareUnitHSAId",
    "blocking_time": f"{_PROFESSIONAL}/authorTime",
    "patient": "{H}/patientId/id",
    "approved": "{H}/approvedForPatient",
}
LAYOUTS: Mapping[str, Mapping[str, str]] = {
    "psh": _PSH,
    "cpsh": _PSH | {"source_system": "{H}/sourceSystemHSAid"},
    "jol": {
        "document_id": "header/record/id/extension",
        "document_root": "header/record/id/root",
        "source_system": "header/sourceSystemId/extension",
        "care_provider": f"{_ACCESS}/accountableHealthcareProvider/extension|{_ACCESS}/accountableCareGiver/extension",
        "care_unit": f"{_ACCESS}/accountableCareUnit/extension",
        "blocking_time": f"{_ACCESS}/blockComparisonTime",
        "patient": f"{_ACCESS}/patientId/extension",
        "original_patient": f"{_ACCESS}/originalPatientId/extension",
        "approved": f"{_ACCESS}/approvedForPatient",
    },
    "obs": _PERFORMER
    | {
        "document_id": "observation*/id/extension",
        "document_root": "observation*/id/root",
        "blocking_time": "observation*/registrationTime",
        "approved": "observation*/approvedForPatient",
    },
    "act": _PERFORMER
    | {
        "document_id": "activity*/id/extension",
        "document_root": "activity*/id/root",
        "blocking_time": "activity*/registrationTime",
        "approved": "activity*/approvedForPatient",
    },
    "mea": _PERFORMER
    | {
        "document_id": "id/extension",
        "document_root": "id/root",
        "blocking_time": "time/start",
        "approved": "approvedForPatient",
    },
    "flat": {
        "document_id": "senderRequestId",
        "source_system": "logicalSystemId",
        "care_unit": "careUnit",
        "blocking_time": "eventTime",
        "patient": "subjectOfCareId",
    },
    "own": {},
}
"""Paths below the list element; `{H}` is `<list element>Header`, `|` parts alternatives, `*` marks the element of which
a group holds several, each with its own id, time and approval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordHeader:
    """What a record says of itself; empty where it says nothing.

    `start` and `end` are where it stands in the slice: all of it, but one of its parts in a group. `document_id` is
    unique within its source system only, in some layouts together with `document_root` (CO-10.5). `blocking_time` is 14
    digits; what it was, where it is no such time, is `bad_time`, and it counts as missing (CO-10.6).
    """

    start: int
    end: int
    document_id: str = ""
    document_root: str = ""
    source_system: str = ""
    care_provider: str = ""
    care_unit: str = ""
    blocking_time: str = ""
    bad_time: str = ""
    patient: str = ""
    original_patient: str = ""
    approved: str = ""

    @property
    def identity(self) -> tuple[str, str, str]:
        """What makes it this record and no other (CO-10.5)."""
        return self.source_system, self.document_root, self.document_id

    def about(self, patient: str) -> bool:
        """Whether it is about this patient: the identity it was made under decides, where it names one (CO-10.8)."""
        stated = {one for one in (self.patient, self.original_patient) if one}
        return stated == {patient}


class Layout:
    """Reads the records of one contract."""

    def __init__(self, records: Records) -> None:
        stated = {**LAYOUTS[records.header], **records.fields}
        paths = [
            (key, path)
            for key, alternatives in stated.items()
            for path in alternatives.replace("{H}", f"{records.list}Header").split("|")
        ]
        self._all = wanted(paths)
        self._whose = wanted(pair for pair in paths if pair[0] in _WHOSE)
        self.names_patient = "patient" in stated
        """Whether a record of this layout says whom it is about (CO-10.7)."""

    def headers(self, record: bytes) -> tuple[RecordHeader, ...]:
        """One header for a record's slice; of a group, one for each of its parts (P-77)."""
        text = masked(record)
        root = root_of(text)
        reading = Reading(record, text, root, self._all)
        if not reading.parts:
            return (_header(root, reading.values),)
        return tuple(_header(element, reading.values | own) for element, own in reading.parts)

    def whose(self, cut: Cut, record: Element) -> tuple[str, frozenset[str]]:
        """Document id, of a group its first, and whom the record says it is about: cheap, read where it stands."""
        reading = Reading(cut.content, cut.text, record, self._whose)
        values = reading.values
        document = values.pop("document_id", "") or next((own["document_id"] for _, own in reading.parts if own), "")
        return document, frozenset(one for one in values.values() if one)


_WHOSE = {"document_id", "patient", "original_patient"}


@lru_cache(maxsize=256)
def _layout(list_element: str, header: str, fields: tuple[tuple[str, str], ...]) -> Layout:
    return Layout(Records.model_validate({"list": list_element, "header": header, "fields": dict(fields)}))


def layout_of(records: Records) -> Layout:
    """The layout that an entry states, made once."""
    return _layout(records.list, records.header, tuple(sorted(records.fields.items())))


def _header(element: Element, found: dict[str, str]) -> RecordHeader:
    time = found.get("blocking_time", "")
    exists = _exists(time)
    times = {"blocking_time": time if exists else "", "bad_time": "" if exists else time}
    return RecordHeader(start=element.start, end=element.end, **(found | times))


def _exists(time: str) -> bool:
    """Whether a time has 14 digits and is in the calendar (CO-10.6)."""
    if len(time) != 14 or not (time.isascii() and time.isdigit()):
        return False
    try:
        datetime(int(time[:4]), int(time[4:6]), int(time[6:8]), int(time[8:10]), int(time[10:12]), int(time[12:]))  # noqa: DTZ001 - judged, not kept
    except ValueError:
        return False
    return True
