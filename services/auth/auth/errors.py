"""Auth's named errors."""

from common.errors import Conflict, Forbidden, Invalid, QuillError, Unauthenticated


class CredentialsRefused(Unauthenticated):
    """User name and password do not belong to an active account; which of the two was wrong is never said. Type both
    again; who has forgotten the password asks an administrator."""

    slug, title = "credentials-refused", "User name or password is wrong"


class SignInRefused(QuillError):
    """Your organisation's identity provider did not sign you in, or you have no role here, or your account is disabled.
    Start again; if it stays so, ask whoever manages your account (the browser is sent to the app). Operators: auth's
    log says which, and QUILL_OIDC_ROLES which groups have a role."""

    slug, status, title = "sign-in-refused", 302, "The identity provider's answer opens no account"

    def __init__(self) -> None:
        super().__init__(location=f"/#{self.slug}")


class TotpRequired(Unauthenticated):
    """The password was right and the account has a second factor. Send its code with the member `challenge` to
    /api/auth/login/totp within five minutes."""

    slug, title = "totp-required", "A second factor is needed"


class SecondFactorRefused(Unauthenticated):
    """The code is wrong or was used before, or the sign-in took too long. Send the code that the authenticator shows
    next, or begin the sign-in again. Operators: codes that never work point to a wrong clock."""

    slug, title = "second-factor-refused", "This code does not finish the sign-in"


class SessionEnded(Unauthenticated):
    """The refresh token is unknown or was used before, or its session has ended. Sign in again."""

    slug, title = "session-ended", "The session has ended: sign in again"


class AccountTaken(Conflict):
    """The user name or the e-mail address belongs to another account. Choose another, or sign in with the account that
    is there."""

    slug, title = "account-taken", "This user name or e-mail address cannot be used"


class LastAdmin(Conflict):
    """The change would leave no active administrator. Make another account an administrator first."""

    slug, title = "last-admin", "The last administrator stays"


class RolesOfProvider(Conflict):
    """An identity provider decides the roles of this account at each sign-in. Change them there, or disable the account
    here."""

    slug, title = "roles-of-provider", "The roles of this account come from an identity provider"


class NoPassword(Conflict):
    """This account signs in at an identity provider and has neither a password nor a second factor here. Change them at
    the provider."""

    slug, title = "no-password", "This account has no password here"


class OwnRoles(Forbidden):
    """Nobody changes their own roles. Ask another administrator."""

    slug, title = "own-roles", "Nobody changes their own roles"


class PasswordRefused(Invalid):
    """The password is shorter than 15 or longer than 128 characters, very common, or made of the account's own names.
    Choose another; several words that have nothing to do with each other are good."""

    slug, title = "password-refused", "This password cannot be used"


class CodeRefused(Invalid):
    """The code is not the one that the authenticator shows now, or it was used before. Send the next one."""

    slug, title, loc = "code-refused", "This code does not work", ("body", "code")


class TotpActive(Conflict):
    """The account has a second factor already. Disable it before you enrol another."""

    slug, title = "totp-active", "Two-factor sign-in is on already"


class TotpAbsent(Conflict):
    """The account has no second factor, or none that waits for its first code. Enrol one first, at
    /api/auth/totp/enrol."""

    slug, title = "totp-absent", "There is no second factor"


class TotpNeeded(Forbidden):
    """Your role must sign in with a second factor, so that it cannot be switched off. Keep it; a lost one is reset by
    an administrator of the installation. Operators: `quill admin reset-totp`, after you have seen who asks."""

    slug, title = "totp-needed", "Your role needs a second factor"


class ActivationRefused(Invalid):
    """The activation code is unknown, used or older than 72 hours. Ask an administrator for a new one."""

    slug, title = "activation-refused", "This activation code does not work"


class LinkRefused(Invalid):
    """Code and birth date do not open a record for this account; every reason looks the same. Check both and ask the
    clinic for a new code: one works for 72 hours, once, and for three tries."""

    slug, title = "link-refused", "This code and birth date do not open a record"


class SignInBusy(QuillError):
    """Too many passwords are being checked at once. Try again after the time in Retry-After. Operators: if it stays so,
    somebody tries passwords, or auth needs more CPU or another replica."""

    slug, status, title, retry_after = "sign-in-busy", 503, "Too many people are signing in at once", 3
