"""How a query fails that cannot be read or is not part of the subset."""

from openehr_server.errors import BadRequest


def parse_error(detail: str) -> BadRequest:
    """For text that is no AQL."""
    return BadRequest(f"Could not parse AQL query: Parse exception: {detail}")


def outside(what: str) -> BadRequest:
    """For AQL that is not part of the subset; EHRbase words the gaps of its own like this."""
    return BadRequest(f"Not implemented: {what}")
