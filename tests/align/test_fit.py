"""Laws of fitting one space."""

from dataclasses import replace

import numpy as np
import pytest

from align.dictionary import WordPairs
from align.errors import AlignError, AlignmentError
from align.fit import fit
from align.vectors import WordVectors


def all_of(world, *langs):
    return [world.vectors[lang] for lang in langs or ("en", "fr", "de")]


def noisy(seed, pairs, dim=12, n=200, noise=0.6):
    """Two languages whose turn few noisy pairs determine badly, and a dictionary of that many."""
    rng = np.random.default_rng(seed)
    cloud = rng.standard_normal((n, dim))
    turned = cloud @ np.linalg.qr(rng.standard_normal((dim, dim)))[0] + noise * rng.standard_normal((n, dim))
    vectors = [
        WordVectors("en", [f"en{i}" for i in range(n)], cloud),
        WordVectors("fr", [f"fr{i}" for i in range(n)], turned),
    ]
    return vectors, WordPairs("en", "fr", tuple((f"en{i}", f"fr{i}") for i in range(pairs)))


def refused(code, *given, match=None, **more):
    with pytest.raises(AlignError, match=match) as raised:
        fit(*given, **more)
    assert raised.value.code == code


@pytest.mark.parametrize("method", ["auto", "procrustes", "refine", "reweight"])
def test_held_out_precision_is_one_on_the_planted_world(bilingual_world, method):
    world = bilingual_world
    space = fit(all_of(world), [world.train["en", "fr"], world.train["en", "de"]], pivot="en", method=method)
    for pair, test in world.test.items():
        found = space.evaluate(test)
        assert found["precision_at_1"].item() == 1, pair
        assert found["coverage"].item() == 1


@pytest.mark.parametrize("pivot", ["en", "fr", "de"])
def test_languages_reach_each_other_over_a_third(bilingual_world, pivot):
    world = bilingual_world
    space = fit(all_of(world), [world.train["en", "fr"], world.train["fr", "de"]], pivot=pivot, method="procrustes")
    assert space.evaluate(world.test["en", "de"])["precision_at_1"].item() == 1
    assert space.evaluate(world.test["de", "en"])["precision_at_1"].item() == 1
    assert space.pivot == pivot


def test_N07_a_cycle_through_the_hub_is_the_identity(bilingual_world):
    world = bilingual_world
    there = (
        fit(all_of(world, "en", "de"), [world.train["en", "de"]], pivot="de", method="procrustes")
        .rotations["en"]
        .matrix
    )
    back = (
        fit(all_of(world, "en", "de"), [world.train["en", "de"]], pivot="en", method="procrustes")
        .rotations["de"]
        .matrix
    )
    assert np.abs(there @ back - np.eye(len(there))).max() <= 1e-6


def test_N05_the_planted_turns_are_found(bilingual_space, bilingual_world):
    for lang, turn in bilingual_world.turns.items():
        rotation = bilingual_space.rotations[lang]
        assert np.abs(rotation.matrix - turn.T).max() < 0.01
        assert rotation.determinant == round(np.linalg.det(turn))


def test_the_direction_and_the_order_of_dictionaries_do_not_matter(bilingual_world):
    world = bilingual_world
    straight = fit(all_of(world), [world.train["en", "fr"], world.train["en", "de"]], pivot="en", method="procrustes")
    turned = fit(all_of(world), [world.train["de", "en"], world.train["fr", "en"]], pivot="en", method="procrustes")
    for lang in straight.languages:
        assert np.abs(straight.rotations[lang].matrix - turned.rotations[lang].matrix).max() <= 1e-9


def test_small_dictionaries_count_together(bilingual_world):
    world = bilingual_world
    some = [WordPairs("de", lang, world.train["de", lang].pairs[at : at + 10]) for lang, at in (("en", 0), ("fr", 10))]
    fits = fit(all_of(world), [world.train["en", "fr"], *some], pivot="en", method="procrustes").fits["de"]
    assert fits["towards"] in (["en", "fr"], ["fr", "en"])
    assert fits["usable_pairs"] == sum(map(len, some))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("pairs", [20, 30, 60])
def test_auto_is_the_better_of_what_it_tried_and_the_simpler_on_a_tie(seed, pairs):
    vectors, dictionary = noisy(seed, pairs)
    report = fit(vectors, [dictionary], method="auto").fits["fr"]
    tried = report["tried"]
    best = max(score["mrr"] for score in tried.values())
    assert list(tried) == ["procrustes", "refine", "reweight"]
    assert report["method"] == next(method for method, score in tried.items() if score["mrr"] == best)
    chosen, auto = (fit(vectors, [dictionary], method=m).rotations["fr"].matrix for m in (report["method"], "auto"))
    assert np.array_equal(chosen, auto)


def test_auto_chooses_every_method_somewhere():
    worlds = [noisy(seed, pairs) for seed in range(6) for pairs in (20, 30, 60)]
    chosen = {fit(vectors, [pairs]).fits["fr"]["method"] for vectors, pairs in worlds}
    assert chosen == {"procrustes", "refine", "reweight"}


def test_N02_auto_with_fewer_pairs_than_dimensions_judges_nothing():
    vectors, dictionary = noisy(0, 9)
    report = fit(vectors, [dictionary], allow_rank_deficient=True).fits["fr"]
    assert (report["method"], report["tried"]) == ("self-learning", {})


def test_N02_too_few_pairs_are_refused_or_flagged(bilingual_world):
    vectors = all_of(bilingual_world, "en", "fr")
    few = [bilingual_world.train["en", "fr"].split(0.95)[0]]
    assert 0 < len(few[0]) < 16
    for method in ("auto", "procrustes", "refine", "reweight"):
        refused("dict.coverage", vectors, few, method=method)
    refused("dict.coverage", vectors, [bilingual_world.train["en", "fr"]], min_pairs=1000, match="at least 1,000")
    report = fit(vectors, few, method="procrustes", allow_rank_deficient=True).fits["fr"]
    assert report["underdetermined"]
    assert report["rank"] == len(few[0])
    assert not fit(vectors, few, method="procrustes", min_pairs=3).fits["fr"]["residual"] > 0.1


def test_a_dictionary_with_swapped_columns_says_so(bilingual_world):
    swapped = WordPairs("en", "fr", bilingual_world.train["fr", "en"].pairs)
    refused(
        "dict.coverage",
        all_of(bilingual_world, "en", "fr"),
        [swapped],
        match="with the columns swapped 160 would be usable",
    )


def test_a_language_that_no_dictionary_reaches_is_named(bilingual_world):
    world = bilingual_world
    refused("align.no_dictionary", all_of(world), [world.train["en", "fr"]], match="from de to en, fr")
    refused("align.no_dictionary", all_of(world), [], match="from de, fr to en")


def test_dimensions_that_differ_are_shown(bilingual_world):
    flat = WordVectors("fr", ["fr1"], np.ones((1, 3)))
    refused("align.dim_mismatch", [bilingual_world.vectors["en"], flat], [], match="en=16 fr=3")


@pytest.mark.parametrize("wrong", ["vecmap", "", None, 3, ["auto"], np.array(["auto", "auto"]), "\x1b[31m"])
def test_an_unknown_method_is_refused(bilingual_world, wrong):
    refused("align.bad_method", all_of(bilingual_world), [], method=wrong)


def test_languages_and_pivot(bilingual_world):
    world = bilingual_world
    refused("align.no_languages", [], [])
    refused("align.no_languages", [world.vectors["en"], world.vectors["en"]], [])
    refused("space.no_language", all_of(world), [], pivot="es")
    refused("language.bad_code", all_of(world), [], pivot="no language")
    assert fit([world.vectors["en"]], []).languages == ("en",)
    assert fit(all_of(world, "fr", "en"), [world.train["en", "fr"]]).pivot == "fr"


@pytest.mark.parametrize("wrong", [None, "x", 3, [None], {"en": 1}, np.ones((2, 2))])
def test_what_are_no_vectors_or_dictionaries_is_refused(bilingual_world, wrong):
    world = bilingual_world
    refused("api.bad_type", wrong, [])
    refused("api.bad_type", world.vectors["en"], [])
    refused("api.bad_type", all_of(world, "en", "fr"), wrong)
    refused("api.bad_type", all_of(world, "en", "fr"), world.train["en", "fr"])


@pytest.mark.parametrize("wrong", [-1, True, 1.5, "3", [3]])
def test_min_pairs_is_a_whole_number(bilingual_world, wrong):
    refused("align.bad_min_pairs", all_of(bilingual_world), [], min_pairs=wrong)


def test_progress_counts_languages_then_pairs_of_them_and_ends_at_all(bilingual_world):
    world, seen = bilingual_world, []
    fit(all_of(world), [world.train["en", "fr"], world.train["en", "de"]], progress=lambda *told: seen.append(told))
    assert seen == [(2, 6), (3, 6), (4, 6), (5, 6), (6, 6)]
    refused("api.bad_type", all_of(world), [], progress=3)


def test_A01_vectors_and_dictionaries_are_not_changed(bilingual_world):
    world = bilingual_world
    vectors = [replace(v, matrix=v.matrix.copy()) for v in all_of(world, "en", "fr")]
    pairs = world.train["en", "fr"]
    prints = [v.fingerprint for v in vectors] + [pairs.fingerprint]
    fit(vectors, [pairs])
    again = [replace(v).fingerprint for v in vectors] + [replace(pairs).fingerprint]
    assert again == prints


def test_N20_equal_input_gives_an_equal_space_and_another_input_another(bilingual_world):
    world = bilingual_world
    pairs = world.train["en", "fr"]
    space = fit(all_of(world, "en", "fr"), [pairs])
    assert fit(all_of(world, "en", "fr"), [pairs]).space_id == space.space_id
    assert fit(all_of(world, "en", "fr"), [pairs.split(0.1)[0]]).space_id != space.space_id
    with pytest.raises(AlignmentError):
        fit(all_of(world, "en", "fr"), [pairs.split(1.0)[0]])
