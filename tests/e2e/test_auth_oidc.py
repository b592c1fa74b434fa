"""Signing in at a hospital's identity provider, through Caddy on the running fleet."""

import httpx
import pytest
from e2e.client import CSRF_COOKIE, Person, unique
from fleet import Fleet
from oidc_provider import OidcProvider


@pytest.fixture
def provider(identity_provider: OidcProvider) -> OidcProvider:
    """An honest provider with a new clinician at its keyboard."""
    identity_provider.be_honest()
    identity_provider.sign_in(unique("sub"), groups=["clinicians"], preferred_username=unique("o"))
    return identity_provider


def test_oidc_sign_in_gives_cookies_with_which_the_app_refreshes(fleet: Fleet, provider: OidcProvider) -> None:
    with Person(fleet.url) as person:
        to_provider = person.get("/api/auth/oidc/login")
        assert to_provider.status_code == 302
        back = httpx.get(to_provider.headers["Location"], trust_env=False).headers["Location"]
        answer = person.get(back)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/")
        person.http.headers["X-CSRF-Token"] = person.http.cookies[CSRF_COOKIE]
        assert person.refresh().user["roles"] == ["clinician"]
