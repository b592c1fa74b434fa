"""Makes the shared servers of tests/fleet.py known to every test of the house, and says which tests share them."""

import pytest

pytest_plugins = ["fleet"]

# These need the fleet that the first of them starts. Everything else shares what its own folder starts.
ON_ONE_FLEET = ("tests/e2e", "tests/edge")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests that share servers in one process, where several run the tests (`--dist loadgroup`)."""
    for item in items:
        folder = "/".join(item.path.relative_to(item.config.rootpath).parts[:2])
        item.add_marker(pytest.mark.xdist_group(ON_ONE_FLEET[0] if folder in ON_ONE_FLEET else folder))
