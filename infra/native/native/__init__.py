"""Starts the whole fleet from wheels and local builds, without a container engine."""
