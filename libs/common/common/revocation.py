"""Which tokens are dead: auth's feed of ended sessions and changed users, kept in memory by every replica."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
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
from common.events import REVOCATION_FILTER, SessionRevoked, UserUpdated
from common.logging import get_logger
from common.nats import RECONNECT_SECONDS, Link

log = get_logger(__name__)

REPLAYED = timedelta(minutes=20)
KEPT_SECONDS = 16 * 60.0
SILENCE_SECONDS = 30.0
REPLAY_WAIT_SECONDS = 5.0
REFOLLOW_SECONDS = 12.0
ANSWER_SECONDS = 5.0
MOST_FAILURES = 2  # an election takes some seconds; after that it is this server that is cut off

type AskAuth = Callable[[Caller], Awaitable[bool]]


class Kept[K, V]:
    """What was learned about tokens, and when; it outlives every token that it concerns."""

    def __init__(self, default: V) -> None:
        self._default = default
        self._rows: dict[K, tuple[V, float]] = {}
        self._forgot_at = clock.monotonic()

    def get(self, key: K) -> tuple[V, float]:
        """The value, and when it was put on `clock.monotonic`."""
        return self._rows.get(key, (self._default, float("-inf")))

    def put(self, key: K, value: V) -> None:
        """Keep a value; what is too old is forgotten now and then, since looking through all costs their number."""
        now = clock.monotonic()
        if now - self._forgot_at >= KEPT_SECONDS:
            self._rows = {known: row for known, row in self._rows.items() if now - row[1] < KEPT_SECONDS}
            self._forgot_at = now
        self._rows[key] = value, now


class Denylist:
    """Ended sessions and outdated token versions."""

    def __init__(self) -> None:
        self._sessions: Kept[UUID, bool] = Kept(False)
        self._versions: Kept[UUID, int] = Kept(0)

    def end_session(self, session_id: UUID) -> None:
        """Refuse this session's tokens from now on."""
        self._sessions.put(session_id, True)

    def outdate(self, user_id: UUID, *, token_version: int) -> None:
        """Refuse the user's tokens below this version from now on."""
        self._versions.put(user_id, max(token_version, self._versions.get(user_id)[0]))

    def refuses(self, caller: Caller) -> bool:
        """Whether the caller's token is dead."""
        return self._sessions.get(caller.session_id)[0] or caller.token_version < self._versions.get(caller.user_id)[0]


class Feed:
    """Follows all that auth announces with one ephemeral consumer, from twenty minutes back.

    One for everything, so that auth's beat shows that the very consumer lives by which a revocation would come. Entries
    are idempotent, so whatever looks like a gap (a lost message, a restarted server, silence) is mended by following
    anew from twenty minutes back.
    """

    def __init__(self, link: Link, denylist: Denylist) -> None:
        self._link, self._denylist = link, denylist
        self._heard_at = self._answered_at = self._puzzled_at = float("-inf")
        self._failed = 0  # attempts in a row that made no consumer
        self.replayed = asyncio.Event()

    @property
    def fresh(self) -> bool:
        """Whether auth was heard within half a minute, after the past, and nothing it said was beyond us."""
        now = clock.monotonic()
        return now - self._heard_at < SILENCE_SECONDS and now - self._puzzled_at >= KEPT_SECONDS

    async def check(self) -> None:
        """Raise BackendUnavailable if NATS did nothing for half a minute; a server that is cut off only connects."""
        if not self._link.client.is_connected or clock.monotonic() - self._answered_at >= SILENCE_SECONDS:
            raise BackendUnavailable

    async def wait_for_replay(self) -> None:
        """Wait for the past, but not for ever: without NATS, auth itself is asked instead."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.replayed.wait(), REPLAY_WAIT_SECONDS)

    async def run(self) -> None:
        """Follow until cancelled."""
        await self._link.connected.wait()
        while True:
            try:
                await self._follow()
            except (NatsError, TimeoutError, OSError) as error:
                log.warning("revocation feed waits", reason=type(error).__name__)
            if self._failed and self._failed % MOST_FAILURES == 0:
                await self._link.move_on()
            await asyncio.sleep(1)

    async def _follow(self) -> None:
        client = self._link.client
        while not client.is_connected:  # else all that is tried meanwhile would be sent once it is
            await asyncio.sleep(RECONNECT_SECONDS)
        subscription = await client.subscribe(client.new_inbox())
        self._failed += 1
        try:
            config = ConsumerConfig(
                name=f"feed-{secrets.token_hex(8)}",
                filter_subject=REVOCATION_FILTER,
                deliver_subject=subscription.subject,
                deliver_policy=DeliverPolicy.BY_START_TIME,
                opt_start_time=clock.now() - clock.offset() - REPLAYED,  # NATS has the machine's time
                ack_policy=AckPolicy.NONE,
                inactive_threshold=REFOLLOW_SECONDS,
                mem_storage=True,
                num_replicas=1,
            )
            info = await client.jetstream(timeout=REPLAY_WAIT_SECONDS).add_consumer(SessionRevoked.stream(), config)
            self._failed, self._answered_at = 0, clock.monotonic()
            sent = info.delivered.consumer_seq if info.delivered else 0
            await self._read(subscription, sent + (info.num_pending or 0))
        finally:
            with suppress(NatsError):
                await subscription.unsubscribe()

    async def _read(self, subscription: Subscription, behind: int) -> None:
        """Take messages until one is missing, or none comes for longer than auth's beat takes."""
        seen, live = 0, behind == 0
        while True:
            if live:
                self.replayed.set()
            message = await subscription.next_msg(REFOLLOW_SECONDS if live else REPLAY_WAIT_SECONDS)
            seen += 1
            if message.metadata.sequence.consumer != seen:
                raise ConnectionError("a message was lost")
            self._take(message)
            self._answered_at = clock.monotonic()
            if live:
                self._heard_at = self._answered_at
            live |= seen >= behind or message.metadata.num_pending == 0  # what expired meanwhile never comes

    def _take(self, message: Msg) -> None:
        try:
            if message.subject == SessionRevoked.subject:
                self._denylist.end_session(SessionRevoked.model_validate_json(message.data).session_id)
            elif message.subject == UserUpdated.subject:
                event = UserUpdated.model_validate_json(message.data)
                self._denylist.outdate(event.user_id, token_version=event.token_version)
        except ValidationError:  # whose token it ends is not known, so that auth is asked about all while they live
            log.error("revocation cannot be read", subject=message.subject)
            self._puzzled_at = clock.monotonic()


class Gate:
    """Admits callers: a valid token whose session is not known to have ended."""

    def __init__(self, verifier: TokenVerifier, denylist: Denylist, feed: Feed, *, ask_auth: AskAuth) -> None:
        self._verifier, self._denylist, self._feed, self._ask_auth = verifier, denylist, feed, ask_auth
        self._answers: Kept[tuple[UUID, int], bool] = Kept(True)

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
        if self._denylist.refuses(caller) or not (self._feed.fresh or await self._lives(caller, vital=vital)):
            raise Unauthenticated("The session has ended")
        return caller

    async def identify(self, token: str) -> Caller | None:
        """Whom a token was given to, whether it still admits them or not; None if that cannot be known."""
        try:
            return await self._verifier.identify(token)
        except QuillError:
            return None

    async def _lives(self, caller: Caller, *, vital: bool) -> bool:
        token = caller.session_id, caller.token_version
        lives, told_at = self._answers.get(token)
        if clock.monotonic() - told_at < ANSWER_SECONDS:
            return lives
        try:
            lives = await self._ask_auth(caller)
        except BackendUnavailable:
            if lives and vital:
                raise
            return lives  # a no is for good
        except QuillError:
            lives = False
        self._answers.put(token, lives)
        return lives
