"""Laws of a space of three languages and more: every pair of them, and all at once."""

from itertools import pairwise, permutations

import numpy as np
import pytest

from align import assembly
from align.assembly import Assembly
from align.dictionary import WordPairs
from align.fit import fit
from align.procrustes import fit_rotation
from align.vectors import WordVectors

LANGS = ("en", "fr", "de")
WORDS, DIM = 300, 16
METHODS = ("procrustes", "refine", "reweight")


def vectors_of(rows, *langs):
    return [WordVectors(lang, [f"{lang}{i}" for i in range(len(rows[lang]))], rows[lang]) for lang in langs or rows]


def pairs_between(source, target, concepts=range(100)):
    return WordPairs(source, target, tuple((f"{source}{i}", f"{target}{i}") for i in concepts))


@pytest.fixture(scope="module")
def noisy(structured):
    """Makes vectors of three languages of one world, in which few pairs determine the turns badly."""

    def noisy(seed, noise=0.8):
        return vectors_of(structured(seed, LANGS, n=WORDS, dim=DIM, noise=noise)[0])

    return noisy


def matrices(space):
    return {lang: space.rotations[lang].matrix for lang in space.languages}


def apart(one, other):
    assert one.keys() == other.keys()
    return max(float(np.abs(one[lang] - other[lang]).max()) for lang in one)


def precision(space, source, target, concepts=range(WORDS)):
    return space.evaluate(pairs_between(source, target, concepts))["precision_at_1"].item()


def put_together(vectors, dictionaries, method):
    """An assembly just before all languages are turned together."""
    space = Assembly({v.lang: v for v in vectors}, vectors[0].lang, dictionaries)
    while len(space.frames) < len(vectors):
        space.add_language(method, 1, unchecked=False)
    for one, other in (("de", "en"), ("de", "fr"), ("en", "fr")):
        space.connect(one, other)
    return space


def test_a_pair_without_a_dictionary_is_at_least_as_good_as_composed(noisy):
    composed, joint = [], []
    for seed in range(5):
        en, fr, de = noisy(seed)
        there, back = pairs_between("fr", "en", range(60)), pairs_between("de", "en", range(40, 100))
        of_fr, of_de = (fit([en, v], [d], method="reweight") for v, d in ((fr, there), (de, back)))
        cosine = of_fr.vectors("fr").matrix @ of_de.vectors("de").matrix.T
        r_T, r_S = np.sort(cosine, axis=1)[:, -10:].mean(axis=1), np.sort(cosine, axis=0)[-10:].mean(axis=0)
        found = (2 * cosine - r_T[:, None] - r_S).argmax(axis=1)
        composed.append(np.mean(found == np.arange(WORDS)))
        joint.append(precision(fit([en, fr, de], [there, back], method="reweight"), "fr", "de"))
    assert np.mean(joint) >= np.mean(composed)
    assert min(np.array(joint) - np.array(composed)) > -0.03


def test_a_dictionary_of_the_third_pair_makes_all_pairs_better(noisy):
    without, with_it = [], []
    for seed in range(5):
        vectors = noisy(seed)
        two, third = [pairs_between("fr", "en", range(30)), pairs_between("de", "en", range(30))], pairs_between(
            "fr", "de", range(30, 60)
        )  # fmt: skip
        for found, dictionaries in ((without, two), (with_it, [*two, third])):
            space = fit(vectors, dictionaries, method="procrustes")
            found += [precision(space, *pair, range(60, WORDS)) for pair in (("fr", "en"), ("de", "en"), ("fr", "de"))]
    assert np.mean(with_it) > np.mean(without)


def test_turning_together_changes_nothing_where_dictionaries_are_a_tree(noisy):
    for seed in range(3):
        vectors = noisy(seed)
        by_lang = {v.lang: v for v in vectors}
        for tree in (
            [pairs_between("fr", "en"), pairs_between("de", "en")],
            [pairs_between("fr", "en"), pairs_between("de", "fr")],
        ):
            space = fit(vectors, tree, method="procrustes")
            for dictionary in tree:
                one, other = by_lang[dictionary.source], by_lang[dictionary.target]
                X, Y = (space.normalizations[v.lang].apply(v.matrix)[:100] for v in (one, other))
                between = space.rotations[one.lang].matrix @ space.rotations[other.lang].matrix.T
                assert np.abs(between - fit_rotation(X, Y).matrix).max() <= 1e-6


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_languages_and_of_dictionaries_does_not_matter(noisy, method):
    vectors = noisy(0, noise=0.3)
    dictionaries = [pairs_between("fr", "en"), pairs_between("en", "de", range(110)), pairs_between("de", "fr")]
    expected = fit(vectors, dictionaries, pivot="en", method=method)
    for order in permutations(range(3)):
        turned = [dictionaries[i].reversed() if i == order[0] else dictionaries[i] for i in order]
        space = fit([vectors[i] for i in order], turned, pivot="en", method=method)
        assert space.languages == tuple(vectors[i].lang for i in order)
        assert apart(matrices(expected), matrices(space)) <= 1e-6


@pytest.mark.parametrize("method", METHODS)
def test_the_pivot_decides_the_frame_and_nothing_else(noisy, method):
    vectors = noisy(1, noise=0.3)
    dictionaries = [pairs_between("fr", "en"), pairs_between("de", "en", range(110))]
    expected = fit(vectors, dictionaries, pivot="en", method=method)
    for pivot in ("fr", "de"):
        space = fit(vectors, dictionaries, pivot=pivot, method=method)
        assert np.array_equal(space.rotations[pivot].matrix, np.eye(DIM))
        turn = space.rotations["en"].matrix
        for lang, W in matrices(space).items():
            assert np.abs(W @ turn.T - expected.rotations[lang].matrix).max() <= 0.03
        for pair in permutations(LANGS, 2):
            assert precision(space, *pair) == pytest.approx(precision(expected, *pair), abs=0.02)


def test_reweightings_exist_for_every_pair_under_reweight_and_for_none_under_the_simpler(noisy):
    vectors, dictionaries = noisy(2), [pairs_between("fr", "en"), pairs_between("de", "en")]
    space = fit(vectors, dictionaries, method="reweight")
    assert {frozenset(pair) for pair in space.reweightings} == {frozenset(p) for p in permutations(LANGS, 2)}
    for pair in permutations(LANGS, 2):
        assert space.reweighting(*pair) is not None
    for method in ("procrustes", "refine"):
        assert not fit(vectors, dictionaries, method=method).reweightings


def test_cosines_under_the_reweightings_are_unchanged_by_turning_together(noisy):
    vectors, dictionaries = noisy(3), [pairs_between("fr", "en"), pairs_between("de", "en")]
    space = put_together(vectors, dictionaries, "reweight")

    def cosines():
        return {
            (one, other): by.apply_source(space.frames[one]) @ by.apply_target(space.frames[other]).T
            for (one, other), by in space.reweightings.items()
        }

    before, frames = cosines(), dict(space.frames)
    space.turn_together()
    assert len(before) == 3
    assert max(np.abs(space.frames[lang] - frames[lang]).max() for lang in LANGS) > 1e-3  # something was turned
    for pair, after in cosines().items():
        assert np.abs(after - before[pair]).max() <= 1e-5, pair


def test_turning_together_leaves_the_pivot_and_keeps_frames_rotations_and_reports_in_step(noisy):
    space = put_together(noisy(3), [pairs_between("fr", "en"), pairs_between("de", "en")], "reweight")
    pivot = space.frames["en"].copy()
    space.turn_together()
    assert np.array_equal(space.frames["en"], pivot)
    assert np.array_equal(space.rotations["en"].matrix, np.eye(DIM))
    for lang, vectors in space.by_lang.items():
        rotation = space.rotations[lang]
        rows = space.steps[lang].apply(vectors.matrix).astype("f8") @ rotation.matrix
        assert np.abs(rows - space.frames[lang]).max() <= 1e-6
        assert rotation.orthogonality_error <= 1e-12
        assert rotation.determinant == round(np.linalg.det(rotation.matrix))
        if lang != "en":
            assert space.fits[lang]["residual"] == rotation.residual
            assert space.fits[lang]["n_pairs"] == rotation.n_pairs


def test_turning_together_never_takes_linked_pairs_apart(noisy):
    for seed in range(3):
        space = put_together(noisy(seed), [pairs_between("fr", "en"), pairs_between("de", "en")], "refine")

        def agreement(space=space, start=dict(space.rotations)):  # noqa: B006
            turns = {lang: start[lang].matrix.T @ space.rotations[lang].matrix for lang in LANGS}
            return sum(float((turns[e.source] * (e.cross @ turns[e.target])).sum()) for e in space.edges.values())

        before = agreement()
        space.turn_together()
        assert agreement() >= before - 1e-9


def test_every_pair_is_linked_once_and_connecting_again_changes_nothing(noisy):
    space = put_together(noisy(4), [pairs_between("fr", "en"), pairs_between("de", "en")], "reweight")
    edges = dict(space.edges)
    assert edges.keys() == {frozenset(pair) for pair in permutations(LANGS, 2)}
    for pair in permutations(LANGS, 2):
        space.connect(*pair)
    assert all(space.edges[pair] is edge for pair, edge in edges.items())


def test_procrustes_links_only_what_a_dictionary_links(noisy):
    space = put_together(noisy(4), [pairs_between("fr", "en"), pairs_between("de", "fr")], "procrustes")
    assert space.edges.keys() == {frozenset(("fr", "en")), frozenset(("de", "fr"))}


def test_two_languages_are_not_turned_together(noisy, monkeypatch):
    monkeypatch.setattr(assembly, "fit_joint", lambda *given, **more: pytest.fail("there is nothing to turn"))
    en, fr, _ = noisy(0)
    fit([en, fr], [pairs_between("fr", "en")], method="reweight")


@pytest.mark.parametrize("method", ["procrustes", "refine"])
def test_two_dictionaries_of_one_pair_count_as_one_that_holds_the_pairs_of_both(noisy, method):
    vectors, of_de = noisy(0), pairs_between("de", "en", range(50))
    whole = fit(vectors, [pairs_between("fr", "en", range(60)), of_de], method=method)
    halves = [pairs_between("fr", "en", range(35)), pairs_between("en", "fr", range(35, 60))]
    parts = fit(vectors, [*halves, of_de], method=method)
    assert apart(matrices(whole), matrices(parts)) <= 1e-6
    assert parts.fits["fr"]["n_pairs"] == whole.fits["fr"]["n_pairs"]


@pytest.mark.parametrize("method", ["auto", *METHODS])
def test_every_language_reports_its_fit(noisy, method):
    vectors = noisy(0, noise=0.1)
    space = fit(vectors, [pairs_between("fr", "en"), pairs_between("de", "en", range(120))], method=method)
    assert tuple(space.fits) == space.languages
    assert space.fits["en"] == {"method": "pivot"}
    for lang, pairs in (("fr", 100), ("de", 120)):
        told, rotation = space.fits[lang], space.rotations[lang]
        assert told["method"] in ((method,) if method != "auto" else METHODS)
        assert (told["towards"], told["pairs"], told["usable_pairs"], told["coverage"]) == (["en"], pairs, pairs, 1)
        assert bool(told["tried"]) == (method == "auto")
        assert (told["rank"], told["underdetermined"]) == (DIM, False)
        for name in ("n_pairs", "residual", "determinant", "orthogonality_error"):
            assert told[name] == getattr(rotation, name)


def test_the_language_with_most_pairs_comes_first_and_its_largest_dictionary_leads(noisy):
    dictionaries = [
        pairs_between("fr", "en", range(40)),
        pairs_between("en", "de", range(60)),
        pairs_between("de", "fr", range(70)),
    ]
    fits = fit(noisy(0, noise=0.1), dictionaries, pivot="en", method="procrustes").fits
    assert fits["de"]["towards"] == ["en"]
    assert fits["fr"]["towards"] == ["de", "en"]
    assert fits["fr"]["pairs"] == fits["fr"]["usable_pairs"] == 110


def test_four_languages_in_a_chain_reach_one_another(structured):
    langs = ("en", "fr", "de", "es")
    rows, turns = structured(5, langs, n=WORDS, dim=DIM, noise=0.1)
    chain = [pairs_between(one, other) for one, other in pairwise(langs)]
    space = fit(vectors_of(rows), chain, pivot="fr", method="refine")
    for pair in permutations(langs, 2):
        assert precision(space, *pair) > 0.98
    for lang in langs:
        assert np.abs(space.rotations[lang].matrix - turns[lang] @ turns["fr"].T).max() < 0.05


def test_three_languages_without_any_dictionary_are_aligned_in_every_pair(structured):
    rows, _ = structured(6, LANGS, n=500, dim=30)
    space = fit(vectors_of(rows), [], method="unsupervised")
    for pair in permutations(LANGS, 2):
        assert precision(space, *pair, range(500)) > 0.97
