"""Laws of the check that a test was not trained on."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from align.dictionary import WordPairs
from align.errors import AlignError
from align.leakage import leaked_words

words = st.sampled_from(["a", "A", "b", "ab", "AB", "é", "E", "straße", "STRASSE"])
dictionaries = st.lists(st.tuples(words, words), min_size=1, max_size=12)


def english_french(pairs):
    return WordPairs("en", "fr", tuple(pairs))


@given(dictionaries, dictionaries)
def test_the_counts_equal_a_loop_over_all_pairs_of_pairs(train, test):
    train, test = english_french(train), english_french(test)
    found = leaked_words([train], test)
    known = {word for word, _ in test.pairs if any(word.lower() == left.lower() for left, _ in train.pairs)}
    shared = [p for p in test.pairs if any([w.lower() for w in p] == [w.lower() for w in q] for q in train.pairs)]
    assert (found.n_words, found.n_test_words) == (len(known), len({word for word, _ in test.pairs}))
    assert (found.n_pairs, found.n_test_pairs) == (len(shared), len(test))
    assert set(found.words) <= known
    assert list(found.pairs) == shared[:5]


@given(dictionaries, dictionaries)
def test_a_training_dictionary_leaks_the_same_whichever_way_round_and_in_parts(train, test):
    train, test = english_french(train), english_french(test)
    parts = [english_french([pair]) for pair in train.pairs]
    assert leaked_words([train], test) == leaked_words([train.reversed()], test) == leaked_words(parts, test)


@given(dictionaries, st.floats(0, 1), st.integers(0, 99))
def test_what_split_holds_out_is_not_leaked_and_a_dictionary_leaks_itself_whole(pairs, fraction, seed):
    pairs = english_french(pairs)
    rest, held = pairs.split(fraction, seed)
    assert (leaked_words([rest], held).n_words, leaked_words([rest], held).n_pairs) == (0, 0)
    whole = leaked_words([pairs], pairs)
    assert (whole.n_words, whole.n_pairs) == (whole.n_test_words, whole.n_test_pairs)


def test_a_word_may_be_known_with_another_translation():
    train = WordPairs("fr", "en-GB", (("Chat", "CAT"), ("chien", "dog")))
    found = leaked_words([train], english_french([("cat", "chat"), ("dog", "cabot"), ("cow", "chien")]))
    assert (found.n_words, found.n_pairs) == (2, 1)
    assert (found.words, found.pairs) == (("cat", "dog"), (("cat", "chat"),))


def test_words_are_folded_by_the_rules_of_their_language_whichever_side_they_stand_on():
    train, test = WordPairs("tr", "en", (("IRK", "IRIS"),)), (("irk", "iris"), ("ırk", "iris"), ("ırk", "ırıs"))
    for way in (train, train.reversed()):
        found = leaked_words([way], WordPairs("tr", "en", test))
        assert (found.words, found.pairs) == (("ırk",), (("ırk", "iris"),))


def test_dictionaries_of_other_languages_leak_nothing():
    test = english_french([("a", "b")])
    others = [WordPairs("en", "de", (("a", "b"),)), WordPairs("de", "fr", (("a", "b"),))]
    assert leaked_words(others, test).n_words == leaked_words([], test).n_words == 0


def test_the_frame_is_one_row_of_the_same_types_with_and_without_a_leak():
    test = english_french([(f"w{i}", "x") for i in range(9)])
    none, all_of_it = leaked_words([], test).frame(), leaked_words([test], test).frame()
    assert none.schema == all_of_it.schema
    assert all_of_it["words"].to_list() == [["w0", "w1", "w2", "w3", "w4"]]
    assert pl.concat([none, all_of_it])["n_words"].to_list() == [0, 9]


@pytest.mark.parametrize("wrong", [None, "x", 1, [None], ["x"], english_french([("a", "b")]), float("nan")])
def test_what_are_no_dictionaries_is_refused(wrong):
    test = english_french([("a", "b")])
    with pytest.raises(AlignError, match=r"api\.bad_type"):
        leaked_words(wrong, test)
    if wrong is not test and not isinstance(wrong, WordPairs):
        with pytest.raises(AlignError, match=r"api\.bad_type"):
            leaked_words([test], wrong)
