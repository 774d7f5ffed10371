"""Laws of going there and back: what a plain loop finds, in whatever blocks, ties by the order of rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from align import round_trip
from align.errors import InputError
from align.round_trip import round_trips
from align.word_retrieval import WordRetrieval, word_hubness


def sides(source, target):
    """Retrieval there and back between two sets of unit rows."""
    there = WordRetrieval(source, target, word_hubness(source, target))
    return there, WordRetrieval(target, source, word_hubness(target, source))


def some(seed, n=30, m=40, dim=6):
    rng = np.random.default_rng(seed)
    rows = (rng.standard_normal((size, dim)) for size in (n, m))
    return sides(*((side / np.linalg.norm(side, axis=1, keepdims=True)).astype("f4") for side in rows))


def plain_loop(there, back, row):
    """(target, score, margin, way back, back margin) of one row, by sorting whole lists."""
    scores = there.scores(np.array([row]))[0]
    order = sorted(range(len(scores)), key=lambda j: (-scores[j], j))
    backwards = back.scores(np.array(order[:1]))[0]
    ranking = sorted(range(len(backwards)), key=lambda i: (-backwards[i], i))
    others = [backwards[i] for i in ranking if i != row]
    second = scores[order[1]] if len(order) > 1 else scores[order[0]]
    lead = backwards[row] - others[0] if others else 0
    return order[0], scores[order[0]], scores[order[0]] - second, ranking.index(row) + 1, lead


def assert_is_the_loop(there, back, rows):
    found = round_trips(there, back, np.array(rows, dtype=np.int64))
    for n, row in enumerate(rows):
        target, score, margin, way_back, back_margin = plain_loop(there, back, row)
        assert (found.rows[n], found.target[n], found.way_back[n]) == (row, target, way_back)
        got = [found.score[n], found.margin[n], found.back_margin[n]]
        assert np.allclose(got, [score, margin, back_margin], atol=1e-5)
    assert np.array_equal(found.mutual, found.way_back == 1)


@given(st.integers(0, 10_000), st.lists(st.integers(0, 29), max_size=12))
def test_entries_are_those_of_a_plain_loop(seed, rows):
    assert_is_the_loop(*some(seed), rows)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=9), st.lists(st.integers(0, 3), min_size=1, max_size=9))
def test_equal_scores_stand_in_the_order_of_rows(ours, theirs):
    axes = np.eye(4, dtype="f4")
    assert_is_the_loop(*sides(axes[ours], axes[theirs]), range(len(ours)))


def test_blocks_do_not_matter(monkeypatch):
    there, back = some(3)
    whole = round_trips(there, back, np.arange(30))
    monkeypatch.setattr(round_trip, "BLOCK_BYTES", 4 * 40 * 3)
    pieces = round_trips(there, back, np.arange(30))
    for name, column in vars(whole).items():
        assert np.allclose(column, getattr(pieces, name), atol=1e-6)


def test_there_from_one_side_and_there_from_the_other_meet_in_the_same_pairs():
    there, back = some(4)
    one, other = round_trips(there, back, np.arange(30)), round_trips(back, there, np.arange(40))
    forth = {(i, j) for i, j, mutual in zip(one.rows, one.target, one.mutual, strict=True) if mutual}
    assert forth == {(i, j) for j, i, mutual in zip(other.rows, other.target, other.mutual, strict=True) if mutual}
    assert forth


def test_wrong_use_is_refused():
    there, back = some(5)
    for rows in ([30], [-1], [0.5], [[1]]):
        with pytest.raises(InputError) as caught:
            round_trips(there, back, np.array(rows))
        assert caught.value.code == "api.bad_rows"
    with pytest.raises(InputError) as caught:
        round_trips(there, there, np.arange(3))
    assert caught.value.code == "api.bad_vector"
