"""Laws of the words that two languages write alike."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from align.dictionary import WordPairs
from align.errors import AlignError
from align.seeds import FREQUENT, SHORTEST, identical_words
from align.vectors import WordVectors

WORDS = [
    "hotel",
    "Hotel",
    "on",
    "taxi",
    "1984",
    "7",
    "٣",
    "abc1",
    "2nd",
    "3.5",
    "café",
    "été",
    "日本大学",
    "日本",
    "x²yz",
    "-",
]
vocabularies = st.lists(st.sampled_from(WORDS) | st.text("abé1٣", min_size=1, max_size=6), min_size=1, unique=True)


def vectors(lang, words):
    return WordVectors(lang, words, np.ones((len(words), 2)))


def plain(source, target, only, frequent):
    """Two loops over the vocabularies, letter by letter."""
    found = []
    for word in source[:frequent]:
        digits = [c for c in word if c in "0123456789٣"]
        right = len(digits) == len(word) if only == "numerals" else not digits and len(word) >= 4
        for other in target[:frequent]:
            if right and word == other:
                found.append((word, other))
    return tuple(found)


def refused(code, *given, **more):
    with pytest.raises(AlignError) as raised:
        identical_words(*given, **more)
    assert raised.value.code == code


@given(vocabularies, vocabularies, st.sampled_from(["words", "numerals"]), st.integers(1, 20))
def test_they_are_what_two_plain_loops_find(source, target, only, frequent):
    found = identical_words(vectors("en", source), vectors("fr", target), only=only, frequent=frequent)
    assert isinstance(found, WordPairs)
    assert found.pairs == plain(source, target, only, frequent)
    assert (found.source, found.target, found.name) == ("en", "fr", f"identical {only}")
    assert set(found.weights.tolist()) <= {1.0}


@given(vocabularies, vocabularies)
def test_either_direction_finds_the_same_pairs_in_the_order_of_its_source(source, target):
    there = identical_words(vectors("en", source), vectors("fr", target))
    back = identical_words(vectors("fr", target), vectors("en", source))
    assert sorted(there.pairs) == sorted(back.reversed().pairs)
    order = [source.index(word) for word, _ in there.pairs]
    assert order == sorted(order)


def test_every_pair_is_usable():
    one, other = vectors("en", WORDS), vectors("fr", WORDS[::-1])
    for only in ("words", "numerals"):
        found = identical_words(one, other, only=only)
        assert len(found) > 0
        assert found.rows(one, other).coverage == 1


def test_short_words_are_alike_by_chance_and_numerals_of_any_length_are_not():
    word = "abcdefgh"[: SHORTEST - 1]
    assert not len(identical_words(vectors("en", [word]), vectors("fr", [word])))
    assert len(identical_words(vectors("en", [word + "z"]), vectors("fr", [word + "z"])))
    assert len(identical_words(vectors("en", ["7"]), vectors("fr", ["7"]), only="numerals"))


def test_only_the_frequent_words_of_both_sides_count():
    filler = [f"w{'abcdefghij'[i % 10]}{i}" for i in range(FREQUENT)]
    late, early = vectors("en", [*filler, "hotel"]), vectors("fr", ["hotel"])
    assert identical_words(late, early).pairs == ()
    assert identical_words(early, late).pairs == ()
    assert identical_words(late, early, frequent=FREQUENT + 1).pairs == (("hotel", "hotel"),)


@pytest.mark.parametrize("only", ["names", "", None, 3, ["words"], "\x1b[31m", np.array(["words", "words"])])
def test_an_unknown_kind_is_refused(only):
    refused("align.bad_kind", vectors("en", ["hotel"]), vectors("fr", ["hotel"]), only=only)


@pytest.mark.parametrize("frequent", [0, -1, True, 1.5, None, "3"])
def test_frequent_is_a_whole_number(frequent):
    refused("api.bad_k", vectors("en", ["hotel"]), vectors("fr", ["hotel"]), frequent=frequent)


@pytest.mark.parametrize("wrong", [None, "hotel", ["hotel"], np.eye(2), 3])
def test_what_are_no_vectors_is_refused(wrong):
    refused("api.bad_type", wrong, vectors("fr", ["hotel"]))
    refused("api.bad_type", vectors("en", ["hotel"]), wrong)


def test_one_language_twice_and_words_no_dictionary_may_hold_are_refused():
    refused("dict.same_language", vectors("en", ["hotel"]), vectors("en", ["hotel"]))
    refused("dict.bad_character", vectors("en", ["hot\u200bel"]), vectors("fr", ["hot\u200bel"]))
