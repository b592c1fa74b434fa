"""The shapes of patient links."""

from datetime import datetime
from typing import Annotated

from common.rest import Body, Id, IsoDate
from pydantic import BaseModel, Field


class LinkCreate(Body):
    """The record to open, and the birth date that was checked with the patient."""

    patient_id: Id
    birth_date: IsoDate


class LinkCode(BaseModel):
    """A one-time code to hand to the patient, shown once."""

    code: str
    expires_at: datetime


class LinkRedeem(Body):
    """The code as it was handed over, and the patient's own birth date."""

    code: Annotated[str, Field(max_length=100)]
    birth_date: IsoDate
