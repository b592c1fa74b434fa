"""Makes the shared servers of tests/fleet.py known to every test of the house."""

pytest_plugins = ["fleet"]
