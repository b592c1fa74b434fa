"""Makes the running service of tests/letters_house.py known to the tests of letters."""

from letters_house import house, house_of_letters, openehr_port

__all__ = ["house", "house_of_letters", "openehr_port"]
