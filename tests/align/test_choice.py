"""Laws of choosing the method on held-out words."""

import numpy as np
import pytest

from align import choice
from align.choice import ENOUGH_WORDS, HELD_OUT_TIMES, JUDGED, TRIED, UNTRIED, choose
from align.dictionary import WordPairs
from align.errors import AlignError
from align.fit import fit
from align.pair_map import Evidence, PairMap
from align.procrustes import Rotation, fit_rotation
from align.space import rotate
from align.vectors import WordVectors

WORDS, DIM = 300, 16


def vectors_of(rows, *langs):
    return [WordVectors(lang, [f"{lang}{i}" for i in range(len(rows[lang]))], rows[lang]) for lang in langs or rows]


def pairs_between(source, target, concepts):
    return WordPairs(source, target, tuple((f"{source}{i}", f"{target}{i}") for i in concepts))


def shuffled(pairs, seed=0):
    order = np.random.default_rng(seed).permutation(len(pairs))
    return WordPairs(
        pairs.source, pairs.target, tuple((pairs.pairs[i][0], pairs.pairs[j][1]) for i, j in enumerate(order))
    )


@pytest.fixture
def world(structured):
    """(source rows, evidence of n pairs) of one structured world, as asked for."""

    def world(n=200, seed=0, noise=0.2):
        rows, _ = structured(seed, ("fr", "en"), n=WORDS, dim=DIM, noise=noise)
        fr, en = vectors_of(rows)
        return rows["fr"], Evidence.of(pairs_between("fr", "en", range(n)), fr, en, rows["en"])

    return world


@pytest.fixture
def fitted_on(monkeypatch):
    """Every (method, evidence) that `choose` fits, in order."""
    seen, fit_pair = [], choice.fit_pair
    monkeypatch.setattr(
        choice, "fit_pair", lambda source, evidence, method, **more: (
            seen.append((method, evidence)), fit_pair(source, evidence, method, **more))[1]
    )  # fmt: skip
    return seen


def refused(code, deed, match=None):
    with pytest.raises(AlignError, match=match) as raised:
        deed()
    assert raised.value.code == code


@pytest.mark.parametrize("seed", range(3))
def test_auto_refuses_a_shuffled_dictionary_and_accepts_the_true_one(structured, seed):
    en, fr = vectors_of(structured(seed, n=600, dim=DIM)[0])
    true = pairs_between("en", "fr", range(500))
    refused("align.not_aligned", lambda: fit([en, fr], [shuffled(true)]), match="held-out words, chance")
    assert fit([en, fr], [true]).evaluate(pairs_between("en", "fr", range(500, 600)))["precision_at_1"].item() > 0.9


def test_a_shuffled_dictionary_is_taken_where_that_is_allowed(structured):
    en, fr = vectors_of(structured(0, n=600, dim=DIM)[0])
    space = fit([en, fr], [shuffled(pairs_between("en", "fr", range(500)))], allow_rank_deficient=True)
    assert space.fits["fr"]["method"] in TRIED
    assert max(tried["mrr"] for tried in space.fits["fr"]["tried"].values()) < 0.05


def test_held_out_words_are_absent_from_every_training_evidence(world, structured, fitted_on):
    source, first = world(200)
    rows, _ = structured(9, ("de",), n=WORDS, dim=DIM)
    (de,) = vectors_of(rows)
    second = Evidence.of(pairs_between("fr", "de", range(150)), first.source, de, rows["de"])
    choose(source, [first, second])
    assert fitted_on
    for _, training in fitted_on:
        held = {word for word, _ in first.pairs.pairs} - {word for word, _ in training[0].pairs.pairs}
        assert 0.1 * len(first.pairs) < len(held) < 0.3 * len(first.pairs)
        assert len(training) == 2
        for evidence in training:
            assert not held & {word.casefold() for word, _ in evidence.pairs.pairs}
            assert not {first.source.index[word] for word in held} & set(evidence.rows.source.tolist())


def test_a_word_held_out_is_held_out_with_all_its_translations_and_in_every_case(fitted_on):
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((400, 8))
    words = [w for i in range(200) for w in (f"wort{i}", f"Wort{i}")]
    de, en = WordVectors("de", words, rows), WordVectors("en", [f"en{i}" for i in range(400)], rows)
    pairs = WordPairs("de", "en", tuple((word, f"en{j}") for i, word in enumerate(words) for j in (i, (i + 1) % 400)))
    choose(de.matrix, [Evidence.of(pairs, de, en, en.matrix)])
    for _, (training,) in fitted_on:
        left = {word.casefold() for word, _ in training.pairs.pairs}
        gone = {word.casefold() for word, _ in pairs.pairs} - left
        assert gone
        assert len(training.pairs) == len(pairs) - 4 * len(gone)


def test_few_words_are_held_out_up_to_three_times_each_time_others(world, fitted_on):
    source, first = world(200)
    choose(source, [first])
    trials = [training[0] for method, training in fitted_on if method == "procrustes"]
    assert len(trials) == HELD_OUT_TIMES
    held = [frozenset(w for w, _ in first.pairs.pairs) - {w for w, _ in t.pairs.pairs} for t in trials]
    assert len(set(held)) == HELD_OUT_TIMES


def test_many_words_are_held_out_once(structured, fitted_on):
    n = 6 * ENOUGH_WORDS
    rows, _ = structured(0, ("fr", "en"), n=n, dim=8)
    fr, en = vectors_of(rows)
    choose(rows["fr"], [Evidence.of(pairs_between("fr", "en", range(n)), fr, en, rows["en"])])
    assert sum(method == "procrustes" for method, _ in fitted_on) == 1


def test_the_scores_of_procrustes_are_those_of_a_plain_loop(world, monkeypatch):
    source, first = world(100, noise=0.8)
    monkeypatch.setattr(choice, "HELD_OUT_TIMES", 1)
    found = choose(source, [first])
    left, held = first.pairs.split(0.2, 0)
    rows = left.rows(first.source, first.target)
    mapped = rotate(source, fit_rotation(source[rows.source], first.frame[rows.target]))
    cosine = mapped.astype("f8") @ first.frame.astype("f8").T
    r_T, r_S = np.sort(cosine, axis=1)[:, -10:].mean(axis=1), np.sort(cosine, axis=0)[-10:].mean(axis=0)
    ranks = []
    for left, right in held.pairs:
        i, j = first.source.index[left], first.target.index[right]
        score = 2 * cosine[i] - r_T[i] - r_S
        ranks.append(1 + int((score > score[j]).sum()))
    told = found.tried["procrustes"]
    assert told["precision_at_1"] == pytest.approx(np.mean(np.array(ranks) == 1), abs=1.5 / len(ranks))
    assert told["mrr"] == pytest.approx(np.mean(1 / np.array(ranks)), abs=0.02)


def test_ranks_count_the_best_gold_target_and_ties_against_it():
    scores = np.array([[1, 2, 3, 0], [5, 5, 5, 0], [0, 1, 2, 9]], dtype="f4")
    told = choice._reached(choice._ranks(scores, [np.array([1, 0]), np.array([0]), np.array([3, 2])]))
    assert told == {"mrr": pytest.approx((1 / 2 + 1 / 3 + 1) / 3), "precision_at_1": pytest.approx(1 / 3)}


def test_ties_go_to_the_simpler(world, monkeypatch):
    source, first = world(200)
    monkeypatch.setattr(choice, "fit_pair", lambda *given, **more: PairMap(Rotation.identity(DIM)))
    monkeypatch.setattr(choice, "_refuse_noise", lambda *given: None)
    found = choose(source, [first])
    assert len({tuple(score.values()) for score in found.tried.values()}) == 1
    assert found.method == TRIED[0] == "procrustes"


@pytest.mark.parametrize("best", TRIED)
def test_the_best_mean_reciprocal_rank_wins(world, monkeypatch, best):
    source, first = world(200)
    reached = iter([{"mrr": 0.9 if method == best else 0.5, "precision_at_1": 0.1} for method in TRIED])
    monkeypatch.setattr(choice, "_reached", lambda ranks: next(reached))
    found = choose(source, [first])
    assert found.method == best
    assert list(found.tried) == list(TRIED)


@pytest.mark.parametrize("pairs", [DIM - 1, DIM])
def test_too_few_pairs_to_determine_a_map_are_not_tried_on(world, fitted_on, pairs):
    source, first = world(pairs)
    found = choose(source, [first])
    assert (found.method, found.tried, found.spelling) == (UNTRIED, {}, None)
    assert fitted_on == []


def test_pairs_whose_targets_have_no_vectors_are_not_judged(world):
    source, first = world(200)
    unknown = WordPairs("fr", "en", tuple((f"fr{i}", f"none{i}") for i in range(200)))
    assert choose(source, [Evidence.of(unknown, first.source, first.target, first.frame)]).method == UNTRIED


def test_at_most_a_thousand_words_are_judged(structured):
    n = 6 * JUDGED
    rows, _ = structured(0, ("fr", "en"), n=n, dim=4)
    fr, en = vectors_of(rows)
    trial = choice._hold_out([Evidence.of(pairs_between("fr", "en", range(n)), fr, en, rows["en"])], seed=0)
    assert JUDGED / 2 < len(trial.rows) <= JUDGED
    assert [gold.tolist() for gold in trial.gold] == [[row] for row in trial.rows]
    assert trial.rows.max() > 0.99 * n  # from the whole of the vocabulary, not only its head


def test_N20_equal_input_equal_choice(world):
    source, first = world(100, noise=0.8)
    one, other = choose(source, [first]), choose(source, [first])
    assert (one.method, one.tried) == (other.method, other.tried)
