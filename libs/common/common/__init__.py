"""What at least two services need; it names no clinical concept, the event catalogue excepted."""
