"""The shape of what the provider sends a browser back with."""

from pydantic import BaseModel


class Answer(BaseModel):
    """A code, or why there is none (RFC 6749 §4.1.2), and whose answer it is (RFC 9207). Nothing of it is shown."""

    state: str = ""
    code: str | None = None
    error: str | None = None
    iss: str | None = None
