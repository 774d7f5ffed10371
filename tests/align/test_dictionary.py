"""Laws of word pairs and of their rows in two vocabularies."""

import string
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from align.dictionary import WordPairs, concat
from align.errors import AlignmentError, InputError
from align.vectors import WordVectors

words = st.text(string.ascii_letters + "éàßİıçпж", min_size=1, max_size=5)
pairs_of_words = st.lists(st.tuples(words, words), max_size=30)


def pairs_of(*items, **more):
    return WordPairs("en", "fr", tuple(items), **more)


def vectors(lang, *names):
    return WordVectors(lang, names, np.eye(len(names), dtype="f4"))


def code_of(raised):
    return raised.value.code


# the value


@given(pairs_of_words, st.floats(0, 1), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_D06_split_shares_no_source_word_and_loses_no_pair(items, fraction, seed):
    whole = pairs_of(*items)
    rest, held = whole.split(fraction, seed)
    assert not {a.lower() for a, _ in rest.pairs} & {a.lower() for a, _ in held.pairs}
    assert sorted(rest.pairs + held.pairs) == sorted(whole.pairs)


@given(pairs_of_words, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_split_does_not_depend_on_order(items, random):
    shuffled = random.sample(items, len(items))
    assert set(pairs_of(*items).split(0.4)[1].pairs) == set(pairs_of(*shuffled).split(0.4)[1].pairs)


def test_split_holds_out_about_the_fraction_and_another_seed_other_words():
    many = pairs_of(*((f"w{i}", "x") for i in range(2_000)))
    held = many.split(0.25)[1]
    assert 400 < len(held) < 600
    assert held.pairs != many.split(0.25, seed=1)[1].pairs


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan")])
def test_split_refuses_what_is_no_fraction(fraction):
    with pytest.raises(InputError) as raised:
        pairs_of(("a", "b")).split(fraction)
    assert code_of(raised) == "dict.bad_fraction"


@given(pairs_of_words)
@settings(max_examples=40, deadline=None)
def test_reversed_twice_is_the_identity(items):
    once = pairs_of(*items, origins=tuple(f"o{i}" for i in range(len(items))), name="n")
    twice = once.reversed().reversed()
    assert (twice.source, twice.pairs, twice.origins, twice.dropped) == (
        once.source,
        once.pairs,
        once.origins,
        once.dropped,
    )
    assert twice.fingerprint == once.fingerprint


def test_D05_duplicates_are_counted_and_the_largest_weight_stays():
    pairs = pairs_of(("a", "b"), ("c", "d"), ("a", "b"), weights=np.array([0.5, 1, 2]), comments=("x", "y", "z"))
    assert pairs.pairs == (("a", "b"), ("c", "d"))
    assert pairs.weights.tolist() == [2, 1]
    assert pairs.comments == ("x", "y")
    assert pairs.dropped == {"dict.duplicate": 1}


def test_D09_both_sides_are_nfc_and_case_is_kept():
    pairs = pairs_of((unicodedata.normalize("NFD", "Café"), unicodedata.normalize("NFD", "İ")))
    assert pairs.pairs == (("Café", "İ"),)


@pytest.mark.parametrize("bad", ["a\u200bb", "a\u202eb", "a\0b", "a\tb", "\ufeffa", "a\u200cb", "a\ud800", "a\u00adb"])
def test_D09_unseen_characters_are_refused(bad):
    with pytest.raises(InputError) as raised:
        pairs_of(("x", bad))
    assert code_of(raised) == "dict.bad_character"
    assert "U+" in str(raised.value)
    assert str(raised.value).isprintable()


def test_a_character_that_stands_for_a_lost_one_is_refused():
    with pytest.raises(InputError) as raised:
        pairs_of(("x", "caf\ufffd"))
    assert code_of(raised) == "dict.bad_character"


def test_joiners_stay_where_a_script_spells_with_them():
    assert pairs_of(("book", "می\u200cخواهم")).pairs[0][1] == "می\u200cخواهم"


@pytest.mark.parametrize("bad", ["", " ", " a", "a\u00a0", None, 3, "x" * 2_000])
def test_what_is_no_word_is_refused(bad):
    with pytest.raises(InputError) as raised:
        pairs_of(("x", bad))
    assert code_of(raised) == "dict.bad_word"


@pytest.mark.parametrize("weights", [[0.0], [-1], [float("nan")], [float("inf")], [1, 1], ["a"]])
def test_weights_are_finite_positive_and_one_each(weights):
    with pytest.raises(InputError) as raised:
        pairs_of(("a", "b"), weights=weights)
    assert code_of(raised) == "dict.bad_weight"


def test_gold_holds_all_translations():
    pairs = pairs_of(("a", "b"), ("c", "d"), ("a", "e"))
    assert pairs.gold() == {"a": {"b", "e"}, "c": {"d"}}
    assert pairs.ambiguous_words == 1


def test_fingerprint_follows_languages_pairs_and_weights_only():
    one = pairs_of(("a", "b"))
    assert one.fingerprint == pairs_of(("a", "b"), name="other", comments=("c",)).fingerprint
    others = pairs_of(("a", "c")), pairs_of(("a", "b"), weights=[2.0]), WordPairs("en", "de", (("a", "b"),))
    assert len({one.fingerprint, *(other.fingerprint for other in others)}) == 4


def test_without_source_words_removes_every_case_and_counts():
    left = pairs_of(("Cat", "chat"), ("cat", "chatte"), ("dog", "chien")).without_source_words(["CAT"])
    assert left.pairs == (("dog", "chien"),)
    assert left.dropped == {"dict.excluded": 2}


def test_concat_keeps_all_pairs_and_refuses_another_direction():
    joined = concat([pairs_of(("a", "b"), name="x"), pairs_of(("a", "b"), ("c", "d"), name="y")])
    assert joined.pairs == (("a", "b"), ("c", "d"))
    assert joined.dropped == {"dict.duplicate": 1}
    with pytest.raises(InputError) as raised:
        concat([pairs_of(("a", "b")), pairs_of(("a", "b")).reversed()])
    assert code_of(raised) == "dict.language"


# rows


def test_rows_account_for_every_pair():
    en, fr = vectors("en", "cat", "dog"), vectors("fr", "chat", "chien")
    pairs = pairs_of(("cat", "chat"), ("Cat", "chat"), ("lion", "chat"), ("lion", "x"), ("dog", "x"), ("dog", "Chien"))
    rows = pairs.rows(en, fr)
    assert (rows.source.tolist(), rows.target.tolist()) == ([0, 1], [0, 1])
    assert (rows.source_unknown, rows.target_unknown, rows.repeated, rows.capped) == (2, 1, 1, 0)
    assert rows.total == 6
    assert rows.coverage == 2 / 6


def test_pairs_on_the_same_rows_count_once_with_the_largest_weight():
    pairs = pairs_of(("cat", "chat"), ("Cat", "Chat"), weights=[1.0, 3.0])
    assert pairs.rows(vectors("en", "cat"), vectors("fr", "chat")).weights.tolist() == [3]


def test_D05_a_word_with_many_translations_keeps_the_first_ten():
    names = [f"w{i}" for i in range(1_000)]
    fr = WordVectors("fr", names, np.ones((1_000, 2), dtype="f4"))
    rows = pairs_of(("b", "w7"), *(("a", name) for name in names)).rows(vectors("en", "a", "b"), fr)
    assert rows.target.tolist() == [7, *range(10)]
    assert rows.capped == 990


def test_no_pairs_have_no_rows():
    rows = pairs_of().rows(vectors("en", "a"), vectors("fr", "b"))
    assert (len(rows), rows.coverage) == (0, 0.0)


def test_vectors_of_another_language_are_refused():
    with pytest.raises(AlignmentError) as raised:
        pairs_of(("a", "b")).rows(vectors("fr", "b"), vectors("en", "a"))
    assert code_of(raised) == "dict.language"


def test_D02_low_coverage_says_how_many_and_what_was_unknown():
    many = pairs_of(*((f"w{i}", "x") for i in range(3_900)), *(("a", f"y{i}") for i in range(100)), name="d.tsv")
    with pytest.raises(AlignmentError) as raised:
        many.check_coverage(vectors("en", "a"), vectors("fr", *(f"y{i}" for i in range(12))), min_pairs=5)
    assert code_of(raised) == "dict.coverage"
    assert "10 of 4,000 pairs usable (en unknown 3,900, fr unknown 88)" in str(raised.value)
    assert len(str(raised.value)) <= 300


def test_D03_swapped_columns_are_suspected():
    en, fr = vectors("en", "cat", "dog", "sea"), vectors("fr", "chat", "chien", "mer")
    pairs = pairs_of(("chat", "cat"), ("chien", "dog"), ("mer", "sea"))
    with pytest.raises(AlignmentError, match="with the columns swapped 3 would be usable"):
        pairs.check_coverage(en, fr, min_pairs=1)
    assert len(pairs_of(("cat", "chat")).check_coverage(en, fr, min_pairs=1)) == 1
