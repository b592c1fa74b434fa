"""Programs that a machine may lack: what needs them is skipped there, and fails in CI, which has them."""

import os
from typing import NoReturn

import pytest

STRICT = bool(os.environ.get("QUILL_TEST_STRICT"))


def lack(why: str) -> NoReturn:
    """Skip the test; with QUILL_TEST_STRICT, as in CI, fail it, so that nothing is left out there unseen.

    Args:
        why: which program is missing, and what needs it.
    """
    if STRICT:
        pytest.fail(why, pytrace=False)
    pytest.skip(why)
