"""Rules about linking an account to a patient. Pure."""

import hmac
from datetime import date, datetime

from common.policy import Policy

from auth.accounts.models import UserRow
from auth.codes import normalise_code
from auth.links.models import LinkCodeRow

HAND_OUT_CODES = Policy(name="hand out patient link codes", roles=frozenset({"clinician", "admin"}), vital=True)
REDEEM_CODE = Policy(name="redeem a patient link code", roles=frozenset({"patient"}))
UNLINK = Policy(name="unlink a patient", roles=frozenset({"admin"}), vital=True)


def prove_birth_date(birth_date: date, *, code: str) -> bytes:
    """What is stored of a birth date: only who has the 80-bit code can compare it with a guess."""
    return hmac.digest(normalise_code(code).encode(), birth_date.isoformat().encode(), "sha256")


def opens(row: LinkCodeRow, user: UserRow, *, proof: bytes, now: datetime) -> bool:
    """Whether a code links this account: unused, in time, with the right birth date, the account not linked yet."""
    return (
        row.used_at is None
        and now < row.expires_at
        and hmac.compare_digest(proof, row.birth_date_proof)
        and user.patient_id is None
    )
