"""The openEHR server that keeps the letters (EHRbase's REST dialect): HTTP in, letters out."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import httpx
from common import http
from common.errors import BackendUnavailable, Conflict, NotFound, VersionStale
from common.logging import get_logger
from tenacity import retry, retry_if_exception_type, stop_after_attempt, stop_after_delay

from letters import composition, record
from letters.composition import FIRST_TEMPLATE_ID, NAMESPACE, TEMPLATE_ID, version_uid
from letters.errors import EhrGone, LetterRefused, RecordUnreadable
from letters.letter import Author, LetterVersion, Listed, Position, StoredLetter

log = get_logger(__name__)

TIMEOUT_SECONDS = 4.0
PROBE = f"/ehr/{UUID(int=0)}"  # answered from its database, unlike its status
TEMPLATES = "/definition/template/adl1.4"
ATTEMPTS_TO_COMMIT = 2

_ORDER = "c/context/start_time/value"
_COLUMNS = ", ".join(f"{path} AS {name}" for name, path in record.LIST_COLUMNS.items())
_LIST = (
    f"SELECT {_COLUMNS} "  # noqa: S608 - constant text; every value is a query parameter
    "FROM EHR e CONTAINS COMPOSITION c[openEHR-EHR-COMPOSITION.report.v1] "
    "CONTAINS ADMIN_ENTRY l[openEHR-EHR-ADMIN_ENTRY.clinic_letter.v0] "
    "WHERE e/ehr_id/value = $ehr_id "
    "AND (c/archetype_details/template_id/value = $template OR c/archetype_details/template_id/value = $first_template)"
)
# Paging by position, not by offset: offsets shift when a letter is added.
_AFTER = f" AND ({_ORDER} < $sent OR ({_ORDER} = $sent AND c/uid/value < $version_uid))"
_NEWEST_FIRST = f" ORDER BY {_ORDER} DESC, c/uid/value DESC"

# EHRbase closes a connection after 100 requests: a query that meets this is asked once more, if that was quick.
_once_more = retry(
    retry=retry_if_exception_type(BackendUnavailable),
    stop=stop_after_attempt(2) | stop_after_delay(1.0),
    reraise=True,
)


class EHRbase:
    """Every call letters makes to its openEHR server.

    Any method raises BackendUnavailable when the server is away or answers what it should not, and RecordUnreadable
    when its answer has not the form it should have. Nothing the server says is passed on: it quotes letters.
    """

    def __init__(self, client: httpx.AsyncClient, *, system_id: str) -> None:
        """
        Args:
            client: with the base URL of the openEHR REST API (`…/rest/openehr/v1`) and the credentials.
            system_id: the server's own, as it stands in every version uid.
        """
        self._client, self.system_id = client, system_id
        self._template_known = False

    async def tell_product(self) -> dict[str, str]:
        """What server this is, for health; it must answer from its database too."""
        await self._ask("GET", PROBE, expected={200, 404})
        # The status page lies outside the openEHR API: /ehrbase/rest/status.
        answer = await self._ask("GET", str(self._client.base_url.join("../../status")), expected={200})
        return {"product": record.read_product(_json(answer))}

    async def ensure_template(self) -> None:
        """Upload the letter template unless the server has it; remembered until it refuses a letter."""
        if not self._template_known:
            await self._find_template()

    async def _find_template(self) -> bool:
        """Whether the server had the template, which it has then."""
        xml = {"Accept": "application/xml"}
        known = await self._ask("GET", f"{TEMPLATES}/{TEMPLATE_ID}", expected={200, 404}, headers=xml)
        if known.status_code == 404:
            upload = {**xml, "Content-Type": "application/xml"}
            # 409: another replica was quicker.
            await self._ask("POST", TEMPLATES, expected={201, 204, 409}, content=composition.template(), headers=upload)
        self._template_known = True
        return known.status_code == 200

    async def ensure_ehr(self, patient_id: UUID) -> UUID:
        """The patient's EHR, created if the server has none; a patient never gets two (the server sees to it).

        That there is none is the rule, since we keep those that we have met: it is not asked for first.
        """
        status, prefer = composition.ehr_status_of(patient_id), {"Prefer": "return=representation"}
        answer = await self._ask("POST", "/ehr", expected={201, 409}, json=status, headers=prefer)
        if answer.status_code == 409:
            subject = {"subject_id": str(patient_id), "subject_namespace": NAMESPACE}
            answer = await self._ask("GET", "/ehr", expected={200}, params=subject)
        return record.read_ehr_id(_json(answer))

    async def commit_letter(self, ehr_id: UUID, letter: StoredLetter, *, committer: Author, reason: str) -> None:
        """Commit a new letter, or a next version of one; doing it again for the same version changes nothing.

        Args:
            letter: who sends it again must not change it: its author and its times tell it from all others.
            committer: who sends, amends or withdraws it.
            reason: why this version is made.

        Raises:
            LetterRefused: the server finds it invalid.
            EhrGone: the server does not know this EHR.
            Conflict: the uid is taken by something else, or the EHR takes no changes.
            VersionStale: somebody else made the version that follows its predecessor.
            NotFound: it was committed and then deleted, or its predecessor is not there.
        """
        await self.ensure_template()
        change_set = composition.contribution_of(letter, committer=committer, reason=reason, system_id=self.system_id)
        for _ in range(ATTEMPTS_TO_COMMIT):
            status = await self._contribute(ehr_id, change_set)
            if status in {201, 204}:
                return
            # 409, 412, 500 and silence all leave open whether this version is there: look.
            stored = await self._find(ehr_id, letter.uid, version=letter.version)
            if stored is not None:
                if stored != letter:
                    raise Conflict if letter.version == 1 else VersionStale
                return
            if status == 409:
                raise Conflict
        log.error("openEHR neither takes a letter nor has it; check QUILL_EHRBASE_SYSTEM_ID")
        raise BackendUnavailable

    async def _contribute(self, ehr_id: UUID, change_set: dict[str, Any]) -> int | None:
        """How it was answered; None when it can be sent again."""
        path, prefer = f"/ehr/{ehr_id}/contribution", {"Prefer": "return=minimal"}
        told = {201, 204, 400, 404, 409, 412, 422}
        try:
            answer = await self._ask("POST", path, expected=told, json=change_set, headers=prefer)
        except BackendUnavailable:
            return None
        if answer.status_code in {400, 422}:
            self._template_known = False
            if await self._find_template():
                raise LetterRefused
            return None  # it was lost, as after an older dump was restored
        if answer.status_code == 404:
            await self._check_ehr(ehr_id)
            raise NotFound
        return answer.status_code

    async def get_letter(self, ehr_id: UUID, uid: UUID, *, version: int | None = None) -> StoredLetter:
        """One version of a letter of this EHR, the newest unless another is asked for.

        Raises:
            NotFound: this EHR has no such letter or version, or it was deleted.
            EhrGone: the server does not know this EHR.
        """
        letter = await self._find(ehr_id, uid)
        if letter is None:
            await self._check_ehr(ehr_id)
        elif version is not None and version < letter.version:
            letter = await self._find(ehr_id, uid, version=version)
        if letter is None or version not in {None, letter.version}:
            raise NotFound
        return letter

    async def get_composition(self, ehr_id: UUID, uid: UUID, *, version: int) -> bytes:
        """One version of a letter of this EHR as the server has it: canonical JSON.

        Raises:
            NotFound: this EHR has no such letter or version.
        """
        answer = await self._find_composition(ehr_id, uid, version=version)
        if answer is None:
            raise NotFound
        return answer.content

    async def list_versions(self, ehr_id: UUID, uid: UUID) -> list[LetterVersion]:
        """How each version of a letter of this EHR came to be, newest first.

        Raises:
            NotFound: this EHR has no such letter.
        """
        path = f"/ehr/{ehr_id}/versioned_composition/{uid}/revision_history"
        answer = await self._ask("GET", path, expected={200, 404})
        if answer.status_code == 404:
            raise NotFound
        return record.read_history(_json(answer))

    async def list_letters(self, ehr_id: UUID, *, limit: int, after: Position | None) -> Listed:
        """The newest letters of an EHR, or those that follow a position.

        Raises:
            EhrGone: the server does not know this EHR.
        """
        parameters = {"ehr_id": str(ehr_id), "template": TEMPLATE_ID, "first_template": FIRST_TEMPLATE_ID}
        query = _LIST + _NEWEST_FIRST
        if after is not None:
            query = _LIST + _AFTER + _NEWEST_FIRST
            parameters |= {"sent": after.sent, "version_uid": after.version_uid}
        letters = record.read_list(await self._query({"q": query, "query_parameters": parameters, "fetch": limit}))
        if not letters:
            await self._check_ehr(ehr_id)  # a query of an unknown one finds nothing
        return letters

    @_once_more
    async def _query(self, query: dict[str, Any]) -> object:
        return _json(await self._ask("POST", "/query/aql", expected={200}, json=query))

    async def _check_ehr(self, ehr_id: UUID) -> None:
        if (await self._ask("GET", f"/ehr/{ehr_id}", expected={200, 404})).status_code == 404:
            raise EhrGone

    async def _find_composition(self, ehr_id: UUID, uid: UUID, *, version: int | None) -> httpx.Response | None:
        """A composition of this EHR; EHRbase answers 204 for a deleted one."""
        name = str(uid) if version is None else version_uid(uid, version, system_id=self.system_id)
        answer = await self._ask("GET", f"/ehr/{ehr_id}/composition/{name}", expected={200, 204, 404})
        if answer.status_code == 204:
            raise NotFound
        return answer if answer.status_code == 200 else None

    async def _find(self, ehr_id: UUID, uid: UUID, *, version: int | None = None) -> StoredLetter | None:
        answer = await self._find_composition(ehr_id, uid, version=version)
        if answer is None:
            return None
        letter = record.read_letter(answer.content)
        if letter.uid != uid or version not in {None, letter.version}:
            raise RecordUnreadable
        return letter

    async def _ask(self, method: str, path: str, *, expected: Collection[int], **kwargs: Any) -> httpx.Response:
        kwargs["headers"] = {"Accept": "application/json", **kwargs.get("headers", {})}
        answer = await http.call(self._client, method, path, **kwargs)
        if answer.status_code not in expected:
            log.error("openEHR answers unexpectedly", method=method, status=answer.status_code)
            raise BackendUnavailable
        return answer


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError as error:
        raise RecordUnreadable from error
