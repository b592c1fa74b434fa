"""Makes the shared servers of tests/fleet.py known to every test of the house, and says which tests share them."""

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

pytest_plugins = ["fleet", "samples_stage"]

# The machine has other tests to run: that an example takes long says nothing.
settings.register_profile("quill", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("quill")

# These need the fleet that the first of them starts. Everything else shares what its own folder starts.
ON_ONE_FLEET = ("infra/fhir", "infra/native", "tests/e2e", "tests/web")


class ByFolder(LoadScopeScheduling):  # type: ignore[misc]
    """Keeps tests that share servers in one process, where several run the tests."""

    def _split_scope(self, nodeid: str) -> str:
        folder = "/".join(nodeid.split("/")[:2])
        return ON_ONE_FLEET[0] if folder in ON_ONE_FLEET else folder


@pytest.hookimpl(optionalhook=True)  # tests that run tests of their own do without xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFolder:
    return ByFolder(config, log)
