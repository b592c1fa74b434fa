"""Webhooks: facts for systems that cannot speak NATS, posted to them and signed (Standard Webhooks)."""
