"""Auth's named errors."""

from common.errors import Conflict, Forbidden, Invalid, QuillError, Unauthenticated


class CredentialsRefused(Unauthenticated):
    """User name and password do not belong to an active account; which of the two was wrong is never said."""

    slug, title = "credentials-refused", "User name or password is wrong"


class SignInRefused(QuillError):
    """Your organisation's identity provider did not sign you in, or you have no role here, or your account is disabled.
    Start again; if it stays so, ask whoever manages your account. The browser is sent to the app."""

    slug, status, title = "sign-in-refused", 302, "The identity provider's answer opens no account"

    def __init__(self) -> None:
        super().__init__(location=f"/#{self.slug}")


class TotpRequired(Unauthenticated):
    """The password was right and the account has a second factor. Send its code with the member `challenge` to
    /api/auth/login/totp within five minutes."""

    slug, title = "totp-required", "A second factor is needed"


class SecondFactorRefused(Unauthenticated):
    """The code is wrong or was used before, or the sign-in took too long: send the next code, or begin again."""

    slug, title = "second-factor-refused", "This code does not finish the sign-in"


class SessionEnded(Unauthenticated):
    """The refresh token is unknown, was used before, or its session has ended: sign in again."""

    slug, title = "session-ended", "The session has ended: sign in again"


class AccountTaken(Conflict):
    """The user name or the e-mail address belongs to another account: choose another or sign in."""

    slug, title = "account-taken", "This user name or e-mail address cannot be used"


class LastAdmin(Conflict):
    """The change would leave no active administrator: make another account an administrator first."""

    slug, title = "last-admin", "The last administrator stays"


class RolesOfProvider(Conflict):
    """An identity provider decides the roles of this account at each sign-in: change them there, or disable it here."""

    slug, title = "roles-of-provider", "The roles of this account come from an identity provider"


class NoPassword(Conflict):
    """This account signs in at an identity provider: its password and its second factor are changed there, not here."""

    slug, title = "no-password", "This account has no password here"


class OwnRoles(Forbidden):
    """Nobody changes their own roles: ask another administrator."""

    slug, title = "own-roles", "Nobody changes their own roles"


class PasswordRefused(Invalid):
    """The password is too short, too long, too common, or made of the account's own names: choose another."""

    slug, title = "password-refused", "This password cannot be used"


class CodeRefused(Invalid):
    """The code is not the one that the authenticator shows now, or it was used before: send the next one."""

    slug, title, loc = "code-refused", "This code does not work", ("body", "code")


class TotpActive(Conflict):
    """The account has a second factor already: disable it before you enrol another."""

    slug, title = "totp-active", "Two-factor sign-in is on already"


class TotpAbsent(Conflict):
    """The account has no second factor, or none that waits for its first code: enrol first."""

    slug, title = "totp-absent", "There is no second factor"


class TotpNeeded(Forbidden):
    """Your role must sign in with a second factor, so that it cannot be switched off."""

    slug, title = "totp-needed", "Your role needs a second factor"


class ActivationRefused(Invalid):
    """The activation code is unknown, used or expired: ask an administrator for a new account invitation."""

    slug, title = "activation-refused", "This activation code does not work"


class LinkRefused(Invalid):
    """Code and birth date do not open a record for this account; every reason looks the same: ask for a new code."""

    slug, title = "link-refused", "This code and birth date do not open a record"


class SignInBusy(QuillError):
    """Too many passwords are being checked at once: try again after `Retry-After` seconds."""

    slug, status, title, retry_after = "sign-in-busy", 503, "Too many people are signing in at once", 3
