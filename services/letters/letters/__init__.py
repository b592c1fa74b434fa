"""The letters service."""
