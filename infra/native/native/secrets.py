"""Every password and key of one copy of the fleet: made once, kept in secrets.json (0600), never shown."""

import base64
import secrets
from collections.abc import Callable, Mapping

from cryptography.hazmat.primitives.asymmetric import ec

from native.errors import LaunchError
from native.home import Home, read_json, write_json

DATABASE_ROLES = (
    "auth",
    "auth_owner",
    "patients",
    "patients_owner",
    "letters",
    "letters_owner",
    "notify",
    "notify_owner",
    "fhir",
    "openehr",
)
EHRBASE_ROLES = ("ehrbase", "ehrbase_restricted")
NATS_USERS = ("auth", "patients", "letters", "notify", "provision", "operator", "backup", "partner")
_SYLLABLES = ("bcdfghjklmnprstvwxyz", "aeiou", "bcdfghjklmnprstvwxyz", "aeiou", "bcdfghjklmnprstvwxyz")
DEMO_ACCOUNTS = ("clinician", "patient", "patient_two", "admin")


def load_secrets(home: Home) -> Mapping[str, str]:
    """The secrets of this home; what is missing is made, what is there stays for ever."""
    stored = read_json(home.secrets)
    if stored is None and home.secrets.exists():
        raise LaunchError(f"{home.secrets} is damaged; restore it, or remove {home.root} to begin anew.")
    known: dict[str, str] = stored or {}
    complete = known | {name: known.get(name) or make() for name, make in _makers().items()}
    if complete != known:
        write_json(home.secrets, complete)
    return complete


def _makers() -> dict[str, Callable[[], str]]:
    keys = ("pseudonym_key", "password_pepper", "refresh_key", "auth_encryption_key", "notify_encryption_key")
    return {
        "database_postgres": _password,
        **{f"database_{role}": _password for role in (*DATABASE_ROLES, *EHRBASE_ROLES)},
        **{f"nats_{user}": _password for user in (*NATS_USERS, "route")},
        **dict.fromkeys(keys, _password),
        "vapid_private_key": _vapid_private_key,
        "openehr_password": _password,
        "openehr_admin_password": _password,
        **{f"demo_{account}": _passphrase for account in DEMO_ACCOUNTS},
    }


def _password() -> str:
    # The leading letter makes NATS's configuration read it as a string, never as a number.
    return "q" + secrets.token_hex(24)


def _passphrase() -> str:
    """Four pronounceable words for a person to type: 70 bits."""
    return "-".join("".join(secrets.choice(letters) for letters in _SYLLABLES) for _ in range(4))


def _vapid_private_key() -> str:
    """The 32-byte P-256 scalar of RFC 8292, base64url without padding."""
    scalar = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return base64.urlsafe_b64encode(scalar.to_bytes(32, "big")).rstrip(b"=").decode()
