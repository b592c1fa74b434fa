"""Which account belongs to which patient."""
