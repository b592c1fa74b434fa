"""Streams and durable consumers, made from the event catalogue."""
