"""Names as a search sees them."""

import pytest
from patients.names import sort_key, words_of, words_typed


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


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Smith SMITH smithson", ["smith", "smithson"]),
        ("a " * 100, ["a"]),
        ("a b c d e f g h i j", list("abcdefghij")),
        ("- – -", ["-", "–"]),
        ("  ", []),
    ],
)
def test_words_typed_are_different_ones_or_else_the_signs(text: str, words: list[str]) -> None:
    assert words_typed(text) == words


@pytest.mark.parametrize("text", ["a b c d e f g h i j k", " ".join("-" * number for number in range(1, 12))])
def test_more_words_than_anybody_types_are_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must not have more than 10 different words$"):
        words_typed(text)


def test_names_are_in_order_of_family_then_given() -> None:
    names = [("Ng", ["Bo"]), ("Ng", ["An"]), ("Ngata", ["Al"]), ("Élan", ["Zoe"]), (None, ["Cher"])]
    ordered = sorted(names, key=lambda name: sort_key(*name))
    assert ordered == [(None, ["Cher"]), ("Élan", ["Zoe"]), ("Ng", ["An"]), ("Ng", ["Bo"]), ("Ngata", ["Al"])]
