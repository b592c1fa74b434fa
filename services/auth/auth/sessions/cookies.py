"""The cookies of a session: the refresh token, which no script reads, and the CSRF token, which ours does. A third one
marks the browser of somebody who signs in at an identity provider; it must come along from another site."""

from datetime import timedelta

from auth.sessions.policy import COOKIE_LIFE
from auth.settings import Settings

REFRESH, CSRF, OIDC = "quill_refresh", "quill_csrf", "quill_oidc"
ATTRIBUTES = {REFRESH: "SameSite=Strict; HttpOnly", CSRF: "SameSite=Strict", OIDC: "SameSite=Lax; HttpOnly"}


def cookie_name(name: str, settings: Settings) -> str:
    """Over https the prefix makes browsers refuse it from anywhere but this host (RFC 6265bis §4.1.3)."""
    return f"__Host-{name}" if settings.secure_cookies else name


def new_cookies(settings: Settings, *, refresh_token: str, csrf_token: str) -> list[str]:
    """Set-Cookie values that hand out a session."""
    seconds = int(COOKIE_LIFE.total_seconds())
    return [
        _cookie(REFRESH, refresh_token, settings, max_age=seconds),
        _cookie(CSRF, csrf_token, settings, max_age=seconds),
    ]


def cleared_cookies(settings: Settings) -> list[str]:
    """Set-Cookie values that take a session back; the refresh token comes first."""
    return [_cookie(name, "", settings, max_age=0) for name in (REFRESH, CSRF)]


def oidc_cookie(settings: Settings, *, secret: str, life: timedelta) -> str:
    """A Set-Cookie value by which a browser is known when it comes back from the identity provider."""
    return _cookie(OIDC, secret, settings, max_age=int(life.total_seconds()))


def _cookie(name: str, value: str, settings: Settings, *, max_age: int) -> str:
    parts = [f"{cookie_name(name, settings)}={value}", f"Max-Age={max_age}", "Path=/", ATTRIBUTES[name]]
    return "; ".join([*parts, *["Secure"] * settings.secure_cookies])
