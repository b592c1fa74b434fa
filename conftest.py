"""Makes the shared servers of tests/fleet.py known to every test of the house, and says which tests share them."""

from collections import Counter

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

pytest_plugins = ["fleet", "samples_stage"]

# These need the fleet that the first of them starts. Everything else shares what its own folder starts.
ON_ONE_FLEET = ("infra/fhir", "infra/native", "tests/e2e", "tests/web")


def servers_of(nodeid: str) -> str:
    """What tests with the same servers have in common."""
    folder = "/".join(nodeid.split("/")[:2])
    return ON_ONE_FLEET[0] if folder in ON_ONE_FLEET else folder


class ByFolder(LoadScopeScheduling):  # type: ignore[misc]
    """Keeps tests that share servers in one process, where several run the tests."""

    def _split_scope(self, nodeid: str) -> str:
        return servers_of(nodeid)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The fleet's tests come first, because they take longest, and then folders of many tests, which are quick ones."""
    together = Counter(servers_of(item.nodeid) for item in items)
    items.sort(key=lambda item: (servers_of(item.nodeid) != ON_ONE_FLEET[0], -together[servers_of(item.nodeid)]))


@pytest.hookimpl(optionalhook=True)  # tests that run tests of their own do without xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFolder:
    return ByFolder(config, log)
