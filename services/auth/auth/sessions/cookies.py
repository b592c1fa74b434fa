"""The two cookies of a session: the refresh token, which no script reads, and the CSRF token, which ours does."""

from auth.sessions.policy import COOKIE_LIFE
from auth.settings import Settings

REFRESH, CSRF = "quill_refresh", "quill_csrf"


def cookie_name(name: str, settings: Settings) -> str:
    """Over https the prefix makes browsers refuse it from anywhere but this host (RFC 6265bis §4.1.3)."""
    return f"__Host-{name}" if settings.secure_cookies else name


def new_cookies(settings: Settings, *, refresh_token: str, csrf_token: str) -> list[str]:
    """Set-Cookie values that hand out a session."""
    seconds = int(COOKIE_LIFE.total_seconds())
    return [
        _cookie(REFRESH, refresh_token, settings, max_age=seconds, http_only=True),
        _cookie(CSRF, csrf_token, settings, max_age=seconds),
    ]


def cleared_cookies(settings: Settings) -> list[str]:
    """Set-Cookie values that take a session back; the refresh token comes first."""
    return [_cookie(REFRESH, "", settings, max_age=0, http_only=True), _cookie(CSRF, "", settings, max_age=0)]


def _cookie(name: str, value: str, settings: Settings, *, max_age: int, http_only: bool = False) -> str:
    parts = [f"{cookie_name(name, settings)}={value}", f"Max-Age={max_age}", "Path=/", "SameSite=Strict"]
    return "; ".join([*parts, *["HttpOnly"] * http_only, *["Secure"] * settings.secure_cookies])
