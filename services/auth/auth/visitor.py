"""Who calls before anybody is signed in: an address, a browser, a request. No decision is taken here."""

from dataclasses import dataclass
from typing import Annotated

from common.audit import Actor
from common.policy import client_address
from fastapi import Depends, Request

from auth.throttles import address_subject

MAX_USER_AGENT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A caller without an access token, as far as it can be known."""

    address: str | None = None
    user_agent: str = ""
    request_id: str | None = None

    @property
    def subject(self) -> str:
        """Whose tries a limit per client address counts."""
        return address_subject(self.address)

    @property
    def actor(self) -> Actor:
        """The visitor as an audit entry names them."""
        return Actor(user_id=None, address=self.address, request_id=self.request_id)


async def _visitor(request: Request) -> Visitor:
    return Visitor(
        address=client_address(request),
        user_agent="".join(filter(str.isprintable, request.headers.get("User-Agent", "")))[:MAX_USER_AGENT],
        request_id=request.state.request_id,
    )


CurrentVisitor = Annotated[Visitor, Depends(_visitor)]
