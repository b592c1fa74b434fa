"""Names as a search sees them."""

import pytest
from patients.names import sort_key, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Okafor", ["okafor"]),
        ("O'Brien", ["obrien"]),
        ("O’Brien", ["obrien"]),
        ("Smith-Jones", ["smith", "jones"]),
        ("van der Berg", ["van", "der", "berg"]),
        ("Zoë Renée", ["zoe", "renee"]),
        ("Łukasz Sørensen", ["lukasz", "sorensen"]),
        ("Groß", ["gross"]),
        ("MÜLLER", ["muller"]),
        ("Mu\u0308ller", ["muller"]),
        ("  ", []),
        ("-", []),
        ("%", ["%"]),
        ("sm_th*", ["sm_th*"]),
        ("李 明", ["李", "明"]),
    ],
)
def test_words_are_without_case_accents_and_apostrophes(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_names_are_in_order_of_family_then_given() -> None:
    names = [("Ng", ["Bo"]), ("Ng", ["An"]), ("Ngata", ["Al"]), ("Élan", ["Zoe"]), (None, ["Cher"])]
    ordered = sorted(names, key=lambda name: sort_key(*name))
    assert ordered == [(None, ["Cher"]), ("Élan", ["Zoe"]), ("Ng", ["An"]), ("Ng", ["Bo"]), ("Ngata", ["Al"])]
