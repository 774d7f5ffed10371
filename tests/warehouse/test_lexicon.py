"""Laws of lexicons from a store: what the space itself would say, with the dictionaries that are stored."""

import numpy as np
import pytest

import warehouse
from align.errors import AlignError
from align.lexicon import induce_lexicon
from align.word_retrieval import word_hubness
from warehouse import snapshot
from warehouse.lexicon import StoredSpace, stored_pairs
from warehouse.spaces import write_pairs, write_space

PAIRS = [("en", "fr"), ("fr", "en"), ("en", "tr"), ("de", "el"), ("en", "de")]


@pytest.fixture(scope="module")
def train(wh):
    return stored_pairs(wh._open, "train")


@pytest.mark.parametrize(("source", "target"), PAIRS)
@pytest.mark.parametrize("spelling", ["off", "auto"])
def test_it_is_the_lexicon_of_the_space_itself(wh, world, train, source, target, spelling):
    stored = wh.lexicon(source, target, 20, spelling=spelling, round_trip=False)
    own = induce_lexicon(world.space, source, target, n=20, train=train, spelling=spelling, round_trip=False)
    for column in stored.frame.columns:
        one, other = stored.frame[column], own.frame[column]
        assert np.allclose(one, other, atol=1e-4) if one.dtype.is_float() else one.equals(other)
    assert (stored.retrieval, stored.n_asked, stored.dropped) == (own.retrieval, own.n_asked, own.dropped)
    assert stored.calibration.calibrated_on == own.calibration.calibrated_on
    assert stored.calibration.n_words == own.calibration.n_words


def test_a_pair_without_dictionary_learns_from_stored_ones_of_its_kind(wh):
    """de-el is neither re-weighted nor spelled; what is stored of en-tr is, and its plain hubness is made up for."""
    about = wh.lexicon("de", "el", 20, round_trip=False).calibration
    assert about.calibrated_on == "en-de, en-el, en-fr, en-tr (no dictionary de-el)"
    assert about.part == "train"


def test_plain_hubness_is_that_of_the_space_whatever_is_stored(wh, world):
    space = StoredSpace(wh._open, wh.languages, wh.words)
    for source, target in PAIRS:
        ours, theirs = world.space.vectors(source), world.space.vectors(target)
        assert np.allclose(space.hubness(source, target), word_hubness(ours.matrix, theirs.matrix), atol=1e-6)


def test_stored_pairs_are_those_that_were_written(world, tmp_path):
    """As sets, for the order of a table is not promised: by languages, with their weights."""
    space, pooler = world.space, world.pooler
    rng = np.random.default_rng(0)
    weighted = [
        type(pairs)(pairs.source, pairs.target, pairs.pairs, rng.random(len(pairs)) + 0.1)
        for pairs in stored_pairs_of(world)
    ]

    def fill(connection):
        write_space(connection, space, pooler)
        write_pairs(connection, weighted[:2], "test")
        write_pairs(connection, weighted[2:], "train")

    with snapshot.writing(tmp_path):
        snapshot.publish(tmp_path, space.dim, fill)
    with warehouse.open(tmp_path) as wh:
        for part, expected in (("test", weighted[:2]), ("train", weighted[2:])):
            found = {
                (p.source, p.target): dict(zip(p.pairs, p.weights, strict=True)) for p in stored_pairs(wh._open, part)
            }
            assert found == {(p.source, p.target): dict(zip(p.pairs, p.weights, strict=True)) for p in expected}
        assert wh.lexicon("en", "de", 10, round_trip=False).calibration.part == "test"
        assert wh.lexicon("en", "el", 10, round_trip=False).calibration.part == "test"


def stored_pairs_of(world):
    with warehouse.open(world.root) as wh:
        return stored_pairs(wh._open, "train")


@pytest.mark.parametrize(
    ("code", "arguments", "options"),
    [
        ("dict.same_language", ("en", "EN"), {}),
        ("space.no_language", ("en", "it"), {}),
        ("api.bad_k", ("en", "fr", 0), {}),
        ("api.bad_spelling", ("en", "fr"), {"spelling": "yes"}),
        ("lexicon.bad_probability", ("en", "fr"), {"min_probability": 2}),
    ],
)
def test_what_cannot_be_meant_is_refused(wh, code, arguments, options):
    with pytest.raises(AlignError) as caught:
        wh.lexicon(*arguments, **options)
    assert caught.value.code == code


def test_a_closed_warehouse_has_no_lexicon(world):
    wh = warehouse.open(world.root)
    wh.close()
    with pytest.raises(AlignError) as caught:
        wh.lexicon("en", "fr")
    assert caught.value.code == "query.closed"
