"""Laws of mapping one language onto others by any of the methods."""

from dataclasses import replace

import numpy as np
import pytest

from align import pair_map
from align.dictionary import WordPairs
from align.errors import AlignError
from align.fit import fit
from align.normalize import fit_normalization
from align.pair_map import REWEIGHTED, Evidence, fit_pair, pairs_of
from align.procrustes import fit_rotation
from align.refine import refine
from align.signals import AGREES, alignment_signals
from align.space import rotate
from align.vectors import WordVectors


def vectors_of(rows, *langs):
    return [WordVectors(lang, [f"{lang}{i}" for i in range(len(rows[lang]))], rows[lang]) for lang in langs or rows]


def pairs_between(source, target, concepts):
    return WordPairs(source, target, tuple((f"{source}{i}", f"{target}{i}") for i in concepts))


@pytest.fixture(scope="module")
def sides(structured):
    """(source rows, evidence of 150 pairs towards a frame, turn of source to frame, another evidence of 20 pairs)."""
    rows, turns = structured(0, ("fr", "en", "de"), n=300, dim=16)
    fr, en, de = vectors_of(rows)
    frames = {lang: rows[lang] @ (turns[lang] @ turns["en"].T).astype("f4") for lang in ("en", "de")}
    first = Evidence.of(pairs_between("fr", "en", range(150)), fr, en, frames["en"])
    second = Evidence.of(pairs_between("fr", "de", range(150, 170)), fr, de, frames["de"])
    return rows["fr"], first, turns["fr"] @ turns["en"].T, second


def refused(code, deed, match=None):
    with pytest.raises(AlignError, match=match) as raised:
        deed()
    assert raised.value.code == code


def test_the_pairs_of_all_evidence_are_stacked_as_by_a_plain_loop(sides):
    source, first, _, second = sides
    X, Y, weights = pairs_of(source, [first, second])
    expected = []
    for evidence in (first, second):
        for left, right in evidence.pairs.pairs:
            i, j = evidence.source.index[left], evidence.target.index[right]
            expected.append((source[i], evidence.frame[j]))
    assert np.array_equal(X, [x for x, _ in expected])
    assert np.array_equal(Y, [y for _, y in expected])
    assert X.dtype == Y.dtype == np.float64
    assert np.array_equal(weights, np.ones(170))


def test_no_evidence_is_no_pairs(sides):
    X, Y, weights = pairs_of(sides[0], [])
    assert (X.shape, Y.shape, weights.shape) == ((0, 16), (0, 16), (0,))


def test_evidence_without_words_has_no_pair_of_them_in_any_case(sides):
    _, first, _, _ = sides
    left = first.without(["FR3", "fr5", "unknown"])
    assert {word for word, _ in first.pairs.pairs} - {word for word, _ in left.pairs.pairs} == {"fr3", "fr5"}
    assert len(left.rows) == len(first.rows) - 2
    assert not set(left.rows.source) & {3, 5}
    assert left.frame is first.frame


def test_procrustes_is_fit_rotation_on_all_evidence(sides):
    source, first, _, second = sides
    found = fit_pair(source, [first, second], "procrustes")
    assert np.array_equal(found.rotation.matrix, fit_rotation(*pairs_of(source, [first, second])).matrix)
    assert found.reweighting is None
    assert found.signals is None
    assert len(found.source_rows) == len(found.target_rows) == 0


def test_refine_is_the_rotation_of_reweight_without_its_reweighting(sides):
    source, first, _, _ = sides
    refined, reweighted = (fit_pair(source, [first], method) for method in ("refine", "reweight"))
    assert np.array_equal(refined.rotation.matrix, reweighted.rotation.matrix)
    assert refined.reweighting is None
    assert reweighted.reweighting is not None
    assert reweighted.rotation_alone.reweighting is None
    assert np.array_equal(refined.source_rows, reweighted.source_rows)


def test_the_reweighting_starts_from_the_shared_frame(sides):
    source, first, _, _ = sides
    found = fit_pair(source, [first], "reweight")
    plain = refine(*pairs_of(source, [first]), source, first.frame)
    raw, shared = plain.reweighting.apply_source(source), found.reweighting.apply_source(rotate(source, found.rotation))
    assert np.abs(raw - shared).max() <= 1e-5
    assert np.array_equal(plain.reweighting.target, found.reweighting.target)


@pytest.mark.parametrize("method", ["procrustes", "refine", "reweight", "self-learning"])
def test_N05_every_method_finds_the_planted_turn_from_many_pairs(sides, method):
    source, first, turn, _ = sides
    found = fit_pair(source, [first], method)
    assert np.abs(found.rotation.matrix - turn).max() < 0.05
    assert found.rotation.orthogonality_error <= 1e-12
    assert (found.reweighting is not None) == (method in REWEIGHTED)
    if method != "procrustes":
        assert np.mean(found.source_rows == found.target_rows) > 0.98


def test_self_learning_finds_it_from_fewer_pairs_than_dimensions(sides):
    source, first, turn, _ = sides
    few = Evidence.of(pairs_between("fr", "en", range(10)), first.source, first.target, first.frame)
    found = fit_pair(source, [few], "self-learning")
    assert np.abs(found.rotation.matrix - turn).max() < 0.05
    assert found.signals == alignment_signals(rotate(source, found.rotation), first.frame)
    assert found.signals.agreement > 0.9


def test_unsupervised_takes_no_pair_from_its_evidence(structured):
    rows, turns = structured(2)
    fr, en = vectors_of(rows, "fr", "en")
    none = Evidence.of(WordPairs("fr", "en", ()), fr, en, rows["en"])
    wrong = Evidence.of(pairs_between("fr", "en", range(200)), fr, replace(en, words=en.words[::-1]), rows["en"])
    one, other = (fit_pair(rows["fr"], [evidence], "unsupervised") for evidence in (none, wrong))
    assert np.array_equal(one.rotation.matrix, other.rotation.matrix)
    assert np.abs(one.rotation.matrix - turns["fr"] @ turns["en"].T).max() < 0.1


def test_N20_equal_input_equal_map(sides):
    source, first, _, _ = sides
    few = first.without([f"fr{i}" for i in range(12, 150)])
    for method in ("reweight", "self-learning"):
        one, other = (fit_pair(source, [few], method, unchecked=True) for _ in range(2))
        assert np.array_equal(one.rotation.matrix, other.rotation.matrix)
        assert np.array_equal(one.reweighting.source, other.reweighting.source)


@pytest.mark.parametrize("seed", range(2))
def test_without_a_dictionary_a_planted_world_is_aligned_word_by_word(structured, seed):
    en, fr = vectors_of(structured(seed)[0])
    space = fit([en, fr], [], method="unsupervised")
    assert space.evaluate(pairs_between("en", "fr", range(900)))["precision_at_1"].item() > 0.97
    assert space.fits["fr"]["agreement"] > 0.95
    assert space.fits["fr"]["usable_pairs"] == 0
    assert space.rotations["fr"].orthogonality_error <= 1e-12
    assert space.signals("en", "fr").aligned


def test_without_a_dictionary_unrelated_clouds_are_refused_unless_that_is_allowed(structured):
    en, fr = vectors_of(structured(1, related=False)[0])
    refused("align.not_aligned", lambda: fit([en, fr], [], method="unsupervised"), match="no pairs do not align")
    space = fit([en, fr], [], method="unsupervised", allow_rank_deficient=True)
    assert space.fits["fr"]["agreement"] < AGREES
    assert not space.signals("en", "fr").aligned


def test_without_a_dictionary_a_map_that_cannot_be_judged_is_refused_unless_that_is_allowed():
    rng = np.random.default_rng(0)
    en, fr = vectors_of({lang: rng.standard_normal((120, 60)) for lang in ("en", "fr")})  # some 85 pairs, 120 needed
    refused("align.not_aligned", lambda: fit([en, fr], [], method="unsupervised"), match="too few to judge")
    space = fit([en, fr], [], method="unsupervised", allow_rank_deficient=True)
    assert space.fits["fr"]["agreement"] is None


def test_self_learning_from_a_few_wrong_pairs_between_unrelated_clouds_is_refused(structured, monkeypatch):
    monkeypatch.setattr(pair_map, "RESTARTS", 1)  # the other two take as long and change nothing here
    rows, _ = structured(3, related=False)
    fr, en = vectors_of(rows, "fr", "en")
    evidence = Evidence.of(pairs_between("fr", "en", range(20)), fr, en, rows["en"])
    refused("align.not_aligned", lambda: fit_pair(rows["fr"], [evidence], "self-learning"), match="20 usable pairs")
    found = fit_pair(rows["fr"], [evidence], "self-learning", unchecked=True)
    assert found.signals.agreement < AGREES


@pytest.mark.parametrize("method", ["procrustes", "reweight", "self-learning"])
def test_fit_of_two_languages_is_what_fit_pair_gives(structured, method):
    rows, _ = structured(4, n=300, dim=16)
    en, fr = vectors_of(rows)
    dictionary = pairs_between("fr", "en", range(100))
    space = fit([en, fr], [dictionary], method=method)
    target, source = (fit_normalization(v.matrix).apply(v.matrix) for v in (en, fr))
    found = fit_pair(source, [Evidence.of(dictionary, fr, en, target)], method)
    assert np.array_equal(space.rotations["fr"].matrix, found.rotation.matrix)
    assert np.array_equal(space.vectors("en").matrix, target)
    assert np.array_equal(space.vectors("fr").matrix, rotate(source, found.rotation))
    if found.reweighting is None:
        assert not space.reweightings
    else:
        assert np.array_equal(space.reweightings["fr", "en"].source, found.reweighting.source)
        assert np.array_equal(space.reweightings["fr", "en"].target, found.reweighting.target)


def test_A01_inputs_are_not_changed(sides):
    source, first, _, _ = sides
    before = source.copy(), first.frame.copy()
    for method in ("procrustes", "reweight", "self-learning"):
        fit_pair(source, [first], method)
    assert np.array_equal(source, before[0])
    assert np.array_equal(first.frame, before[1])
