"""Auth's named errors."""

from common.errors import Conflict, Forbidden, Invalid, QuillError, Unauthenticated


class CredentialsRefused(Unauthenticated):
    """User name and password do not belong to an active account; the answer never says which of the two was wrong.
    Check both and try again; if you have forgotten the password, ask the operators of this installation for a new
    activation code. Operators: `quill admin reset-password`, after you have checked the person's identity."""

    slug, title = "credentials-refused", "User name or password is wrong"


class SignInRefused(QuillError):
    """Your organisation's identity provider did not sign you in, or you have no role here, or your account is disabled.
    Start again; if that does not help, ask whoever manages your account (the browser is redirected to the app).
    Operators: auth's log gives the reason, and QUILL_OIDC_ROLES defines which groups have a role."""

    slug, status, title = "sign-in-refused", 302, "The identity provider's answer opens no account"

    def __init__(self) -> None:
        super().__init__(location=f"/#{self.slug}")


class TotpRequired(Unauthenticated):
    """The password was right, and the account has a second factor. Send its code with the member `challenge` to
    /api/auth/login/totp within five minutes."""

    slug, title = "totp-required", "A second factor is needed"


class SecondFactorRefused(Unauthenticated):
    """The code is wrong or was already used, or the sign-in took too long. Send the next code that the authenticator
    shows, or start the sign-in again. Operators: if codes never work, check the clocks."""

    slug, title = "second-factor-refused", "This code does not finish the sign-in"


class SessionEnded(Unauthenticated):
    """The refresh token is unknown or was already used, or its session has ended. Sign in again."""

    slug, title = "session-ended", "The session has ended: sign in again"


class AccountTaken(Conflict):
    """The user name or e-mail address belongs to another account. Choose another, or sign in with the existing
    account."""

    slug, title = "account-taken", "This user name or e-mail address cannot be used"


class LastAdmin(Conflict):
    """The change would leave no active administrator. First make another account an administrator."""

    slug, title = "last-admin", "The last administrator stays"


class RolesOfProvider(Conflict):
    """An identity provider sets the roles of this account at each sign-in. Change them there, or disable the account
    here."""

    slug, title = "roles-of-provider", "The roles of this account come from an identity provider"


class NoPassword(Conflict):
    """This account signs in at an identity provider and has no password or second factor here. Change them at the
    provider."""

    slug, title = "no-password", "This account has no password here"


class OwnRoles(Forbidden):
    """You cannot change your own roles. Ask another administrator."""

    slug, title = "own-roles", "Nobody changes their own roles"


class PasswordRefused(Invalid):
    """The password is shorter than 15 or longer than 128 characters, very common, or made of the account's own names.
    Choose another; several unrelated words work well."""

    slug, title = "password-refused", "This password cannot be used"


class CodeRefused(Invalid):
    """This is not the code that the authenticator shows now, or it was already used. Send the next one."""

    slug, title, loc = "code-refused", "This code does not work", ("body", "code")


class TotpActive(Conflict):
    """The account already has a second factor. Disable it before you enrol another."""

    slug, title = "totp-active", "Two-factor sign-in is on already"


class TotpAbsent(Conflict):
    """The account has no second factor, and no enrolment that waits for its first code. Enrol one first, at
    /api/auth/totp/enrol."""

    slug, title = "totp-absent", "There is no second factor"


class TotpNeeded(Forbidden):
    """Your role must sign in with a second factor, so it cannot be switched off. Keep it; if you have lost it, ask the
    operators of this installation to reset it. Operators: `quill admin reset-totp`, after you have checked the person's
    identity."""

    slug, title = "totp-needed", "Your role needs a second factor"


class ActivationRefused(Invalid):
    """The activation code is unknown, already used or older than 72 hours. Ask the operators of this installation for a
    new one. Operators: `quill admin reset-password`, after you have checked the person's identity."""

    slug, title = "activation-refused", "This activation code does not work"


class LinkRefused(Invalid):
    """Code and birth date do not open a record for this account; the answer is the same for every reason. Check both,
    or ask the clinic for a new code: a code works once, within 72 hours, with up to three attempts."""

    slug, title = "link-refused", "This code and birth date do not open a record"


class SignInBusy(QuillError):
    """Too many passwords are being checked at once. Try again after the time in Retry-After. Operators: if it lasts,
    somebody is guessing passwords, or auth needs more CPU or another replica."""

    slug, status, title, retry_after = "sign-in-busy", 503, "Too many people are signing in at once", 3
