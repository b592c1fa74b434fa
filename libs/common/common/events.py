"""The catalogue of every fact that crosses a service's border: subjects, bodies, streams, durable consumers.

Bodies carry ids, versions, states and times. Names, letter text, contact data and NHS numbers never.
The docstrings are what partners read: docs/generate.py makes the pages and the AsyncAPI document from them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

SPEC_VERSION = "1.0"
RETENTION = timedelta(days=30)
DUPLICATE_WINDOW = timedelta(minutes=10)


class Event(BaseModel):
    """A fact in the past tense; `subject` is its NATS subject and its CloudEvents type.

    A member has the same meaning in every event:
        action: what was done: create, read, update, delete or execute (`C`, `R`, `U`, `D`, `E`).
        actor_id: the account that did it; null for strangers.
        address: the network address of the call; null when there was none.
        at: when it was done.
        author_id: the account of the clinician who wrote this version; for a withdrawal, of the one who withdrew.
        cause_event_id: the `ce-id` of the event that caused it; null when it was a person.
        disabled: whether the account is blocked from signing in.
        expires_at: the latest time at which the session could have ended.
        letter_uid: the letter, the same for all its versions.
        notification_id: the notification in the inbox.
        outcome: done (`ok`), refused by a rule (`denied`), or not possible as requested (`failed`).
        patient_id: the patient, by their id in the FHIR server.
        request_id: the `X-Request-Id` of the call.
        resource: the kind of resource that it was done to.
        resource_id: the resource that it was done to.
        roles: the account's roles: `patient`, `clinician`, `admin`.
        session_id: the session.
        token_version: access tokens with a lower version are refused.
        user_id: the account.
        version: the version that the event is about, 1 for a new resource.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    subject: ClassVar[str]
    about: ClassVar[str]

    @property
    def path(self) -> str:
        """The resource the fact is about (CloudEvents `subject`)."""
        return self.about.format_map(dict(self))

    @classmethod
    def stream(cls) -> str:
        """The JetStream stream that keeps it: one per domain."""
        return cls.subject.split(".")[1].upper()

    @classmethod
    def schema_path(cls) -> str:
        """Where its JSON Schema stands, below the fleet's public origin (CloudEvents `dataschema`)."""
        return f"/api/docs/events/{cls.subject}.json"


class UserRegistered(Event):
    """Somebody opened an account, or an administrator created one for them."""

    subject = "quill.auth.v1.user.registered"
    about = "users/{user_id}"
    user_id: UUID
    roles: list[str]


class UserUpdated(Event):
    """An account's roles changed, it was disabled or enabled, or its older tokens were ended."""

    subject = "quill.auth.v1.user.updated"
    about = "users/{user_id}"
    user_id: UUID
    roles: list[str]
    disabled: bool
    token_version: int


class UserLinked(Event):
    """An account may now read a record as its patient."""

    subject = "quill.auth.v1.user.linked"
    about = "users/{user_id}"
    user_id: UUID
    patient_id: UUID


class UserUnlinked(UserLinked):
    """An account may no longer read the patient's record."""

    subject = "quill.auth.v1.user.unlinked"


class SessionRevoked(Event):
    """A session was ended early, with all its tokens."""

    subject = "quill.auth.v1.session.revoked"
    about = "sessions/{session_id}"
    session_id: UUID
    user_id: UUID
    expires_at: datetime


class PatientCreated(Event):
    """A patient was registered; the FHIR server has the record."""

    subject = "quill.patients.v1.patient.created"
    about = "patients/{patient_id}"
    patient_id: UUID
    version: int


class PatientUpdated(PatientCreated):
    """A patient's demographics changed: request this version or a later one."""

    subject = "quill.patients.v1.patient.updated"


class LetterCreated(Event):
    """A clinician wrote a letter; it is in the patient's EHR."""

    subject = "quill.letters.v1.letter.created"
    about = "patients/{patient_id}/letters/{letter_uid}"
    letter_uid: UUID
    patient_id: UUID
    version: int
    author_id: UUID


class LetterAmended(LetterCreated):
    """A clinician replaced a letter with a new version; the older ones stay readable."""

    subject = "quill.letters.v1.letter.amended"


class LetterWithdrawn(LetterCreated):
    """A clinician withdrew a letter: it stays in the EHR, marked as withdrawn, and is no longer valid."""

    subject = "quill.letters.v1.letter.withdrawn"


class LetterRead(Event):
    """The patient opened a letter for the first time; later readings cause no event."""

    subject = "quill.letters.v1.letter.read"
    about = "patients/{patient_id}/letters/{letter_uid}"
    letter_uid: UUID
    patient_id: UUID
    user_id: UUID


class NotificationAttempted(Event):
    """A push service accepted the push message for a notification."""

    subject = "quill.notify.v1.notification.attempted"
    about = "notifications/{notification_id}"
    notification_id: UUID
    user_id: UUID
    cause_event_id: UUID | None


class NotificationFailed(NotificationAttempted):
    """No device could be reached for a notification; it waits in the inbox."""

    subject = "quill.notify.v1.notification.failed"


class NotificationRead(NotificationAttempted):
    """The patient read a notification; each can be read once, and once more whenever the record is linked anew."""

    subject = "quill.notify.v1.notification.read"


class AccessRecorded(Event):
    """Who did what to whose record (following IHE BALP). Its subject ends in the service that recorded it."""

    subject = "quill.audit.v1.access.recorded"
    about = "{resource}"
    at: datetime
    actor_id: UUID | None
    roles: list[str]
    action: Literal["C", "R", "U", "D", "E"]
    resource: str
    resource_id: str | None
    patient_id: UUID | None
    outcome: Literal["ok", "denied", "failed"]
    address: str | None
    request_id: str | None


FACTS: tuple[type[Event], ...] = (
    *(UserRegistered, UserUpdated, UserLinked, UserUnlinked, SessionRevoked),
    *(PatientCreated, PatientUpdated),
    *(LetterCreated, LetterAmended, LetterWithdrawn, LetterRead),
    *(NotificationAttempted, NotificationFailed, NotificationRead),
    AccessRecorded,
)

# Not a fact: auth's sign of life on its own relay, so that a silent revocation feed is noticed (security of tokens).
BEAT_SUBJECT = "quill.auth.v1.feed.beat"
REVOCATION_FILTER = "quill.auth.v1.>"  # the beat and what it stands for, in one consumer


@dataclass(frozen=True, slots=True)
class Stream:
    """A JetStream stream; `max_age` bounds what can be replayed. Only of a mutable one can a message be removed."""

    name: str
    subjects: tuple[str, ...]
    max_age: timedelta = RETENTION
    mutable: bool = False


STREAMS = (
    Stream("AUTH", ("quill.auth.v1.>", "quill.again.auth.>")),
    Stream("PATIENTS", ("quill.patients.v1.>", "quill.again.patients.>")),
    Stream("LETTERS", ("quill.letters.v1.>", "quill.again.letters.>")),
    Stream("NOTIFY", ("quill.notify.v1.>", "quill.again.notify.>")),
    # The year that entries are kept at least, less the time that one may lie among dead letters (90 days) and wait in
    # an outbox (30): none can come again after it was pruned.
    Stream("AUDIT", ("quill.audit.v1.>", "quill.again.audit.>"), max_age=timedelta(days=240)),
    Stream("DLQ", ("quill.dlq.>",), max_age=timedelta(days=90), mutable=True),
)


@dataclass(frozen=True, slots=True)
class Durable:
    """A durable pull consumer that one service owns; an ordered one waits for each ack before it hands out the next.

    event: the fact it follows, or the first of those of one stream that `filters` names by their subjects.
    """

    name: str
    event: type[Event]
    filters: tuple[str, ...] = ()
    ordered: bool = False

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects it is filtered to."""
        return self.filters or (self.event.subject,)

    @property
    def again(self) -> str:
        """Where an operator hands its dead letters to it again, and to nobody else."""
        return f"quill.again.{self.event.stream().lower()}.{self.name}"


# What webhooks tell, by stream. The audit trail is auth's to show: it knows where from somebody looked at what.
WEBHOOK_FACTS = {
    name: tuple(fact for fact in FACTS if fact.stream() == name) for name in ("AUTH", "PATIENTS", "LETTERS", "NOTIFY")
}

# Auth has entries of its own in its database; the others' chains keep the order of the stream.
AUDIT_SOURCES = ("patients", "letters", "notify")

DURABLES = (
    Durable("letters-patient-created", PatientCreated),
    Durable("notify-letter-created", LetterCreated),
    Durable("notify-letter-amended", LetterAmended),
    Durable("notify-letter-withdrawn", LetterWithdrawn),
    Durable("notify-letter-read", LetterRead),
    Durable("notify-user-updated", UserUpdated),
    Durable("notify-user-linked", UserLinked),
    Durable("notify-user-unlinked", UserUnlinked),
    Durable("notify-session-revoked", SessionRevoked),
    *(
        Durable(f"notify-webhooks-{stream.lower()}", facts[0], tuple(fact.subject for fact in facts))
        for stream, facts in WEBHOOK_FACTS.items()
    ),
    *(
        Durable(f"auth-access-recorded-{source}", AccessRecorded, (f"{AccessRecorded.subject}.{source}",), ordered=True)
        for source in AUDIT_SOURCES
    ),
)
