"""The subset of the Archetype Query Language that this server answers: `syntax` → `parser` → `translation`."""
