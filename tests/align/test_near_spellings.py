"""Laws of near spellings: a plain edit distance is the oracle, and an unknown word is told with what it may have been."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from align.errors import AlignError, UnknownWordError
from align.near_spellings import ALIKE, near_spellings, word_row
from align.vectors import WordVectors

words = st.text("abc", min_size=1, max_size=6)


def vectors(*known):
    return WordVectors("en", known, np.ones((len(known), 2), "f4"))


def edits(a, b):
    """Optimal string alignment by its recurrence."""
    table = {(i, 0): i for i in range(len(a) + 1)} | {(0, j): j for j in range(len(b) + 1)}
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            ways = [table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (a[i - 1] != b[j - 1])]
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                ways.append(table[i - 2, j - 2] + 1)
            table[i, j] = min(ways)
    return table[len(a), len(b)]


@given(words, st.lists(words, min_size=1, max_size=12, unique=True), st.integers(1, 5))
def test_they_are_those_of_a_plain_loop_the_more_frequent_first_among_equals(word, known, k):
    alike = [(1 - edits(word, other) / max(len(word), len(other)), -row) for row, other in enumerate(known)]
    expected = [known[-row] for share, row in sorted(alike, reverse=True) if share >= ALIKE - 1e-9]
    assert near_spellings(word, vectors(*known), k) == expected[:k]


def test_case_is_folded_and_the_word_is_told_as_it_is_written():
    assert near_spellings("PARSI", vectors("Paris", "tree")) == ["Paris"]


def test_a_known_word_has_its_row_and_an_unknown_one_is_told_with_what_is_near():
    known = vectors("tree", "word", "world")
    assert (word_row("world", known), word_row("World", known)) == (2, 2)
    with pytest.raises(UnknownWordError, match=r"'wrod' has no vector in en; written like it are 'word', 'world'"):
        word_row("wrod", known)
    with pytest.raises(
        UnknownWordError, match=r"'zzz' has no vector in en; none is written like it \[space.unknown_word\]"
    ):
        word_row("zzz", known)


def test_a_message_is_short_and_printable_whatever_the_words_hold():
    long = "\x1b" + "a" * 400
    with pytest.raises(UnknownWordError) as caught:
        word_row(long, vectors(long + "b", long + "c", long + "d"))
    assert len(str(caught.value)) <= 300
    assert str(caught.value).isprintable()


def test_wrong_arguments_are_refused():
    for wrong, code in (
        ((3, vectors("a")), "api.bad_text"),
        (("a", None), "api.bad_type"),
        (("a", vectors("a"), 0), "api.bad_k"),
    ):
        with pytest.raises(AlignError) as caught:
            near_spellings(*wrong)
        assert caught.value.code == code
