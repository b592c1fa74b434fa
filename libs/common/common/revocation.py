"""Which tokens are dead: auth's feed of ended sessions and changed users, kept in memory by every replica."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from uuid import UUID

from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from pydantic import ValidationError

from common import clock
from common.auth import Caller, TokenVerifier
from common.errors import BackendUnavailable, QuillError, Unauthenticated
from common.events import REVOCATION_SUBJECTS, SessionRevoked, UserUpdated
from common.logging import get_logger
from common.nats import Link

log = get_logger(__name__)

REPLAYED = timedelta(minutes=20)
KEPT_SECONDS = 16 * 60.0
SILENCE_SECONDS = 30.0
REPLAY_WAIT_SECONDS = 5.0
REFOLLOW_SECONDS = 12.0
ANSWER_SECONDS = 5.0
MOST_FAILURES = 2  # an election takes some seconds; after that it is this server that is cut off

type AskAuth = Callable[[Caller], Awaitable[bool]]


class Denylist:
    """Ended sessions and outdated token versions; entries outlive every token they concern."""

    def __init__(self) -> None:
        self._sessions: dict[UUID, float] = {}
        self._versions: dict[UUID, tuple[int, float]] = {}

    def end_session(self, session_id: UUID) -> None:
        """Refuse this session's tokens from now on."""
        self._forget()
        self._sessions[session_id] = clock.monotonic()

    def outdate(self, user_id: UUID, *, token_version: int) -> None:
        """Refuse the user's tokens below this version from now on."""
        self._forget()
        known, _ = self._versions.get(user_id, (0, 0.0))
        self._versions[user_id] = (max(known, token_version), clock.monotonic())

    def refuses(self, caller: Caller) -> bool:
        """Whether the caller's token is dead."""
        version, _ = self._versions.get(caller.user_id, (0, 0.0))
        return caller.session_id in self._sessions or caller.token_version < version

    def _forget(self) -> None:
        oldest = clock.monotonic() - KEPT_SECONDS
        self._sessions = {key: at for key, at in self._sessions.items() if at > oldest}
        self._versions = {key: row for key, row in self._versions.items() if row[1] > oldest}


class Feed:
    """Follows auth's stream with ephemeral consumers, one for each subject, from twenty minutes back.

    Entries are idempotent, so whatever looks like a gap (a lost message, a restarted server, silence) is mended by
    following anew from twenty minutes back.
    """

    def __init__(self, link: Link, denylist: Denylist) -> None:
        self._link, self._denylist = link, denylist
        self._heard_at = float("-inf")
        self._seen: Counter[str] = Counter()
        self._gap = False
        self.replayed = asyncio.Event()

    @property
    def fresh(self) -> bool:
        """Whether the past was replayed and auth was heard within half a minute."""
        return self.replayed.is_set() and clock.monotonic() - self._heard_at < SILENCE_SECONDS

    async def wait_for_replay(self) -> None:
        """Wait for the past, but not for ever: without NATS, auth itself is asked instead."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.replayed.wait(), REPLAY_WAIT_SECONDS)

    async def run(self) -> None:
        """Follow until cancelled."""
        await self._link.connected.wait()
        failed = 0
        while True:
            try:
                async with self._following():
                    self.replayed.set()
                    failed = 0
                    while not self._gap and clock.monotonic() - self._heard_at < REFOLLOW_SECONDS:
                        await asyncio.sleep(0.5)
            except (NatsError, TimeoutError, OSError) as error:
                log.warning("revocation feed waits", reason=type(error).__name__)
                failed += 1
                if failed % MOST_FAILURES == 0:
                    await self._link.move_on()
                await asyncio.sleep(1)

    @asynccontextmanager
    async def _following(self) -> AsyncIterator[None]:
        self._seen.clear()
        self._gap = False
        subscriptions: list[Subscription] = []
        try:
            async with asyncio.timeout(REPLAY_WAIT_SECONDS):
                for subject in REVOCATION_SUBJECTS:
                    subscriptions.append(await self._replay(subject))
            self._heard_at = clock.monotonic()
            yield
        finally:
            for subscription in subscriptions:
                with suppress(NatsError):
                    await subscription.unsubscribe()

    async def _replay(self, subject: str) -> Subscription:
        inbox = self._link.client.new_inbox()
        subscription = await self._link.client.subscribe(inbox, cb=self._take)
        info = await self._link.client.jetstream().add_consumer(
            SessionRevoked.stream(),
            ConsumerConfig(
                name=f"feed-{secrets.token_hex(8)}",
                filter_subject=subject,
                deliver_subject=inbox,
                deliver_policy=DeliverPolicy.BY_START_TIME,
                opt_start_time=clock.now() - clock.offset() - REPLAYED,  # NATS has the machine's time
                ack_policy=AckPolicy.NONE,
                inactive_threshold=REFOLLOW_SECONDS,
                mem_storage=True,
                num_replicas=1,
            ),
        )
        sent = info.delivered.consumer_seq if info.delivered else 0
        while self._seen[subject] < sent + (info.num_pending or 0):
            await asyncio.sleep(0.01)
        return subscription

    async def _take(self, message: Msg) -> None:
        self._heard_at = clock.monotonic()
        self._seen[message.subject] += 1
        self._gap |= message.metadata.sequence.consumer != self._seen[message.subject]
        with suppress(ValidationError):
            if message.subject == SessionRevoked.subject:
                self._denylist.end_session(SessionRevoked.model_validate_json(message.data).session_id)
            elif message.subject == UserUpdated.subject:
                event = UserUpdated.model_validate_json(message.data)
                self._denylist.outdate(event.user_id, token_version=event.token_version)


class Gate:
    """Admits callers: a valid token whose session is not known to have ended."""

    def __init__(self, verifier: TokenVerifier, denylist: Denylist, feed: Feed, *, ask_auth: AskAuth) -> None:
        self._verifier, self._denylist, self._feed, self._ask_auth = verifier, denylist, feed, ask_auth
        self._answers: dict[UUID, tuple[bool, float]] = {}

    async def admit(self, token: str, *, vital: bool) -> Caller:
        """The caller of a token.

        Args:
            token: the access token.
            vital: refuse rather than guess when neither the feed nor auth can be heard.

        Raises:
            Unauthenticated: the token is bad or its session has ended.
            BackendUnavailable: it cannot be known, and the call is vital.
        """
        caller = await self._verifier.verify(token)
        if self._denylist.refuses(caller):
            raise Unauthenticated("The session has ended")
        if not self._feed.fresh and not await self._lives(caller, vital=vital):
            raise Unauthenticated("The session has ended")
        return caller

    async def identify(self, token: str) -> Caller | None:
        """Whom a token was given to, whether it still admits them or not; None if that cannot be known."""
        try:
            return await self._verifier.identify(token)
        except QuillError:
            return None

    async def _lives(self, caller: Caller, *, vital: bool) -> bool:
        answer, at = self._answers.get(caller.session_id, (True, float("-inf")))
        if clock.monotonic() - at < ANSWER_SECONDS:
            return answer
        try:
            lives = await self._ask_auth(caller)
        except BackendUnavailable:
            if vital:
                raise
            return True
        except QuillError:
            lives = False
        self._answers = {caller.session_id: (lives, clock.monotonic()), **dict(list(self._answers.items())[-1000:])}
        return lives
