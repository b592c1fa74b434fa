"""Letters as FHIR R4 documents: a DocumentReference each, which says what it is and where it can be read."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from common.fhir import bare_id
from common.rest import Id, Page
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from letters.letter import LetterType, Status
from letters.schemas import LetterSummary

PATH = "/api/fhir/DocumentReference"
LOINC: Mapping[LetterType, tuple[str, str]] = {
    "clinic": ("34108-1", "Outpatient Note"),
    "discharge": ("18842-5", "Discharge summary"),
    "referral": ("57133-1", "Referral note"),
    "results": ("11502-2", "Laboratory report"),
    "other": ("51852-2", "Letter"),
}
# FHIR R4 value sets document-reference-status and composition-status.
STATUS: Mapping[Status, tuple[str, str]] = {
    "final": ("current", "final"),
    "amended": ("current", "amended"),
    "withdrawn": ("entered-in-error", "entered-in-error"),
}


def _without_type(value: object) -> object:
    return bare_id(value) if isinstance(value, str) else value


class DocumentQuery(BaseModel):
    """Whose documents; what is not named here is refused, since leaving it out would show too much."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    patient: Annotated[Id, BeforeValidator(_without_type), Field(description="The patient's id, or `Patient/` with it")]
    count: Annotated[int, Field(alias="_count", ge=1, le=100, description="Maximum number of documents")] = 20
    cursor: Annotated[str | None, Field(max_length=512, description="From the `next` link of the previous page")] = None


def bundle_of(page: Page[LetterSummary], *, query: DocumentQuery) -> dict[str, Any]:
    """One page of a search as a Bundle (FHIR R4, Bundle, type searchset); the link `next` leads to the following."""
    links = [{"relation": "self", "url": _url(query, query.cursor)}]
    if page.next_cursor is not None:
        links.append({"relation": "next", "url": _url(query, page.next_cursor)})
    entries = [
        {"fullUrl": f"urn:uuid:{one.uid}", "resource": document_of(one), "search": {"mode": "match"}}
        for one in page.items
    ]
    return {"resourceType": "Bundle", "type": "searchset", "link": links, **({"entry": entries} if entries else {})}


def _url(query: DocumentQuery, cursor: str | None) -> str:
    asked = {"patient": str(query.patient), "_count": query.count, **({"cursor": cursor} if cursor else {})}
    return f"{PATH}?{urlencode(asked)}"


def document_of(letter: LetterSummary) -> dict[str, Any]:
    """A letter as a DocumentReference (FHIR R4); the addresses in it are those of Quill's own calls."""
    status, doc_status = STATUS[letter.status]
    code, display = LOINC[letter.letter_type]
    place = f"/api/patients/{letter.patient_id}/letters/{letter.uid}"
    changed = _instant(letter.amended_at or letter.created_at)
    return {
        "resourceType": "DocumentReference",
        "id": str(letter.uid),
        "meta": {"versionId": str(letter.version), "lastUpdated": changed},
        "masterIdentifier": _identifier(letter.uid),
        "status": status,
        "docStatus": doc_status,
        "type": {"coding": [{"system": "http://loinc.org", "code": code, "display": display}]},
        "subject": {"reference": f"Patient/{letter.patient_id}"},
        "date": changed,
        "author": [
            {"type": "Practitioner", "identifier": _identifier(letter.author.id), "display": letter.author.name}
        ],
        "description": letter.title,
        "content": [
            {"attachment": _attachment(letter, f"{place}.pdf", media_type="application/pdf")},
            {"attachment": _attachment(letter, place, media_type="application/json")},
        ],
    }


def _identifier(id: UUID) -> dict[str, str]:
    return {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{id}"}


def _attachment(letter: LetterSummary, url: str, *, media_type: str) -> dict[str, str]:
    sent = _instant(letter.created_at)
    return {"contentType": media_type, "language": "en-GB", "url": url, "title": letter.title, "creation": sent}


def _instant(time: datetime) -> str:
    """FHIR R4 `instant`; milliseconds, as FHIR servers keep them."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
