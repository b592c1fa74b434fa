"""Tests that attack a running fleet."""
