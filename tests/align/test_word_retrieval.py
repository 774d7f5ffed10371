"""Laws of finding the words of one language from those of another."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from align.errors import AlignError
from align.retrieval import mean_of_largest
from align.space import load_space
from align.spelling import Spelling
from align.transliteration import Transliteration
from align.vectors import WordVectors
from align.whitening import Reweighting, fit_reweighting
from align.word_retrieval import Bilinear, Spelled, WordRetrieval, spelled_words, word_hubness

DIM = 6


def unit(rng, n):
    rows = rng.standard_normal((n, DIM))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype("f4")


def some(seed, n=30, m=40):
    rng = np.random.default_rng(seed)
    return unit(rng, n), unit(rng, m), Reweighting(rng.standard_normal((DIM, DIM)), rng.standard_normal((DIM, DIM)))


@given(st.integers(0, 10_000))
def test_the_bilinear_form_scores_as_mapping_both_sides_does(seed):
    source, target, by = some(seed)
    hubness = word_hubness(source, target, by)
    mapped, targets = by.apply_source(source), by.apply_target(target)
    back = np.sort(targets @ mapped.T, axis=1)[:, -10:].mean(axis=1)
    cosine = mapped @ targets.T
    plain = 2 * cosine - mean_of_largest(cosine, 10)[:, None] - 1.3 * back
    found = WordRetrieval(source, target, hubness, Bilinear.of(by, target))
    assert np.abs(found.scores(np.arange(30)) - plain).max() < 1e-4
    assert found.name == "csls10-reweighted"


def test_without_a_reweighting_it_is_csls(bilingual_space):
    found = bilingual_space.retrieval("en", "fr")
    ours, theirs = bilingual_space.vectors("en").matrix, bilingual_space.vectors("fr").matrix
    cosine = ours[:20] @ theirs.T
    plain = 2 * cosine - mean_of_largest(cosine, 10)[:, None] - bilingual_space.hubness("en", "fr")
    assert np.abs(found.scores(np.arange(20)) - plain).max() < 1e-6
    assert found.name == "csls10"


def test_the_best_are_the_top_of_the_scores_in_any_blocks():
    source, target, by = some(1)
    found = WordRetrieval(source, target, word_hubness(source, target, by), Bilinear.of(by, target))
    rows = np.array([3, 3, 29, 0])
    order = np.argsort(-found.scores(rows), axis=1, kind="stable")[:, :5]
    assert np.array_equal(found.best(rows, 5).rows, order)
    assert np.array_equal(found.best(rows[2:3], 5).rows, order[2:3])
    assert found.best(rows, 99).rows.shape == (4, 40)
    assert found.best(rows[:0], 5).rows.shape == (0, 5)


def test_spelling_adds_weight_times_similarity_in_both_directions():
    source, target, _ = some(2, 3, 4)
    en, el = WordVectors("en", ["theatre", "cat", "logos"], source), WordVectors("el", list("αβγδ"), target)
    spelling = Spelling(Transliteration({"α": "c"}), 0.5)
    there = Spelled(spelling, el.words, en.words)
    back = Spelled(spelling, en.words, el.words, backwards=True)
    assert np.array_equal(there.evidence(np.arange(4)), back.evidence(np.arange(3)).T)
    assert np.array_equal(there.evidence(np.arange(4)), 0.5 * spelling.similarity(el.words, en.words))
    plain = WordRetrieval(target, source, np.zeros(3, "f4"))
    assert np.allclose(
        replace(plain, spelled=there).scores(np.arange(4)) - plain.scores(np.arange(4)), there.evidence(np.arange(4))
    )
    assert replace(plain, spelled=there).name == "csls10+spelling"


def test_spelling_of_weight_zero_is_no_evidence():
    source, target, _ = some(3, 3, 4)
    en, fr = WordVectors("en", list("abc"), source), WordVectors("fr", list("abcd"), target)
    assert spelled_words({("en", "fr"): Spelling()}, en, fr) is None
    assert spelled_words({}, en, fr) is None
    assert spelled_words({("fr", "en"): Spelling(weight=1.0)}, en, fr).backwards


def test_reweighting_and_spelling_are_saved_with_the_space_and_serve_both_directions(bilingual_space, tmp_path):
    rng = np.random.default_rng(4)
    by = fit_reweighting(rng.standard_normal((40, 16)), rng.standard_normal((40, 16)))
    spelling = Spelling(Transliteration({"ж": "zh"}, 3, 0.5), 0.7)
    space = replace(bilingual_space, reweightings={("fr", "en"): by}, spellings={("fr", "en"): spelling}, _hubness={})
    there = space.retrieval("fr", "en", spelling="auto").scores(np.arange(9))
    space.save(tmp_path / "space.safetensors")
    again = load_space(tmp_path / "space.safetensors")
    assert np.array_equal(again.retrieval("fr", "en", spelling="auto").scores(np.arange(9)), there)
    assert again.spellings == space.spellings
    swapped = space.reweighting("en", "fr")
    assert np.array_equal(swapped.source, by.target)
    assert np.array_equal(swapped.target, by.source)
    assert space.retrieval("en", "fr", spelling="auto").name == "csls10-reweighted+spelling"
    assert space.retrieval("en", "de", spelling="auto").name == "csls10"
    assert space.space_id == bilingual_space.space_id  # documents of both may be compared: the frame is one


@pytest.mark.parametrize("wrong", [None, "on", True, 1, ["auto"]])
def test_what_is_no_choice_of_spelling_is_refused(bilingual_space, wrong):
    with pytest.raises(AlignError, match=r"one of off, auto.*api\.bad_spelling"):
        bilingual_space.retrieval("en", "fr", spelling=wrong)


@pytest.mark.parametrize("wrong", [None, "a", [1.5], [-1], [30], [[1]], [True]])
def test_rows_that_are_none_are_refused(wrong):
    source, target, _ = some(5)
    with pytest.raises(AlignError):
        WordRetrieval(source, target, np.zeros(40, "f4")).scores(wrong)


def test_shapes_that_do_not_fit_are_refused():
    source, target, by = some(6)
    for given_ in ((source, target[:, :5], np.zeros(40)), (source, target, np.zeros(39)), (source, None, np.zeros(40))):
        with pytest.raises(AlignError):
            WordRetrieval(*given_)
    with pytest.raises(AlignError):
        Bilinear.of(by, target[:, :5])
    with pytest.raises(AlignError):
        Bilinear.of(None, target)
