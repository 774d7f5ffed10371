"""Laws of what tells a right alignment from a wrong one without gold translations."""

import json

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from align.errors import AlignError
from align.normalize import unit_rows
from align.refine import refine
from align.self_learning import self_learn
from align.signals import AGREES, SPECTRUM, Signals, alignment_signals
from align.similarity_profile import similarity_seeds
from align.space import rotate
from tests.align.planted import law

seeds = st.integers(0, 2**32 - 1)


def orthogonal(rng, dim):
    return np.linalg.qr(rng.standard_normal((dim, dim)))[0].astype("f4")


def pair_of_clouds(seed, n=80, m=60, dim=6, noise=0.3):
    rng = np.random.default_rng(seed)
    source = unit_rows((rng.standard_normal((n, dim)) * np.linspace(1, 0.3, dim)).astype("f4"))
    target = source[rng.permutation(n)[:m]] + (noise * rng.standard_normal((m, dim))).astype("f4")
    return rng, source, unit_rows(target)


def learnt(source, target):
    """`source` where self-learning from nothing takes it."""
    i, j = similarity_seeds(source, target)
    found = self_learn(source[i] * 1.0, target[j] * 1.0, np.ones(len(i)), source, target, keep_seeds=False)
    none = np.zeros((0, source.shape[1]))
    return rotate(source, refine(none, none, np.zeros(0), source, target, start=found.rotation).rotation)


def refused(code, *given, **more):
    with pytest.raises(AlignError) as raised, np.errstate(over="raise", divide="raise", invalid="raise"):
        alignment_signals(*given, **more)
    assert raised.value.code == code


@pytest.mark.parametrize("seed", range(3))
def test_agreement_is_near_one_on_the_planted_world_and_low_on_a_random_turn(structured, seed):
    rows, turns = structured(seed)
    source, target = (rows[lang] @ turns[lang].astype("f4") for lang in ("en", "fr"))
    right = alignment_signals(source, target)
    assert right.agreement > 0.95
    assert right.aligned
    assert right.mutual_rate > 0.95
    assert right.mutual_cosine > 0.9
    wrong = alignment_signals(rows["en"], target)
    assert wrong.agreement < AGREES / 2
    assert not wrong.aligned


@pytest.mark.parametrize("seed", range(2))
def test_agreement_is_low_between_unrelated_clouds_that_self_learning_made_agree_word_by_word(structured, seed):
    rows, _ = structured(seed, related=False)
    told = alignment_signals(learnt(rows["en"], rows["fr"]), rows["fr"])
    assert told.mutual_rate > 0.5
    assert told.agreement < AGREES
    assert not told.aligned


def test_half_right_is_told_from_right(structured):
    rows, turns = structured(0)
    source, target = (rows[lang] @ turns[lang].astype("f4") for lang in ("en", "fr"))
    target[::2] = unit_rows(np.random.default_rng(1).standard_normal(target[::2].shape).astype("f4"))
    half, right = alignment_signals(source, target), alignment_signals(source, source)
    assert half.agreement < right.agreement
    assert half.mutual_rate < right.mutual_rate


def test_agreement_is_none_where_a_half_has_fewer_pairs_than_dimensions():
    rng = np.random.default_rng(0)
    for n in range(2, 40):
        rows = unit_rows(rng.standard_normal((n, 8)).astype("f4"))
        told = alignment_signals(rows, rows)
        mutual = round(told.mutual_rate * n)
        assert (told.agreement is None) == (mutual // 2 < 8)
        assert told.agreement is not None or told.aligned


@given(seeds, st.integers(1, 8))
@settings(max_examples=30)
def test_mutual_neighbours_are_counted_as_by_a_plain_loop(seed, dim):
    _, source, target = pair_of_clouds(seed, dim=dim)
    cosine = source.astype("f8") @ target.astype("f8").T
    r_T, r_S = np.sort(cosine, axis=1)[:, -10:].mean(axis=1), np.sort(cosine, axis=0)[-10:].mean(axis=0)
    score = 2 * cosine - r_T[:, None] - r_S
    mutual = [i for i in range(len(source)) if score[:, score[i].argmax()].argmax() == i]
    told = alignment_signals(source, target)
    if dim > 1:  # on a line all are tied
        assert told.mutual_rate == len(mutual) / len(target)
        assert told.mutual_cosine == pytest.approx(np.mean([cosine[i, score[i].argmax()] for i in mutual]), abs=1e-6)
    assert told.n_words == 60


@given(seeds, st.integers(2, 8), st.integers(1, 80))
@settings(max_examples=30)
def test_hubness_is_the_skewness_of_a_plain_loop(seed, dim, m):
    _, source, target = pair_of_clouds(seed, m=m, dim=dim)
    counts = np.zeros(m)
    for row in source.astype("f8"):
        for near in np.argsort(-(target.astype("f8") @ row))[:10]:
            counts[near] += 1
    expected = scipy.stats.skew(counts) if counts.std() else 0.0
    assert alignment_signals(source, target).hubness == pytest.approx(expected, abs=1e-9)


def test_hubs_are_seen_where_all_words_of_one_side_lean_one_way():
    _, source, target = pair_of_clouds(0, n=200, m=200, dim=30)
    leaning = unit_rows(source + np.eye(30, dtype="f4")[0])
    assert alignment_signals(leaning, target).hubness > alignment_signals(source, target).hubness + 1
    assert alignment_signals(np.eye(30, dtype="f4"), np.eye(30, dtype="f4")[:5]).hubness == 0  # all are equally near


@given(seeds, st.integers(2, 50))
@settings(max_examples=30)
def test_the_isometry_gap_is_that_of_the_singular_values(seed, dim):
    _, source, target = pair_of_clouds(seed, n=120, m=100, dim=dim)
    logs = []
    for side in (source, target):
        values = np.linalg.svd(side.astype("f8"), compute_uv=False)[:SPECTRUM]
        logs.append(np.log(values / np.sqrt((values**2).sum())))
    assert alignment_signals(source, target).isometry_gap == pytest.approx(((logs[0] - logs[1]) ** 2).mean(), abs=1e-6)


@given(seeds, st.integers(2, 12))
@settings(max_examples=30)
def test_the_isometry_gap_is_the_same_whatever_the_map_and_zero_for_a_turned_copy(seed, dim):
    rng, source, target = pair_of_clouds(seed, dim=dim)
    R, S = orthogonal(rng, dim), orthogonal(rng, dim)
    gap = alignment_signals(source, target).isometry_gap
    assert alignment_signals(source @ R, target @ S).isometry_gap == pytest.approx(gap, abs=1e-5)
    assert alignment_signals(source, source[::-1] @ R).isometry_gap <= 1e-9
    assert gap > 1e-6


@law(20)
@given(seeds)
def test_N07_one_rotation_of_both_sides_changes_nothing(seed):
    rng, source, target = pair_of_clouds(seed, noise=0.05)
    R = orthogonal(rng, source.shape[1])
    one, other = alignment_signals(source, target), alignment_signals(source @ R, target @ R)
    for name, value in one.as_dict().items():
        assert other.as_dict()[name] == pytest.approx(value, abs=0.05), name


@given(seeds, st.integers(1, 100))
@settings(max_examples=20)
def test_only_the_frequent_words_count(seed, frequent):
    _, source, target = pair_of_clouds(seed)
    expected = alignment_signals(source[:frequent], target[:frequent])
    assert alignment_signals(source, target, frequent=frequent) == expected
    assert expected.n_words == min(frequent, len(target))


def test_N20_equal_seeds_give_equal_signals():
    _, source, target = pair_of_clouds(3)
    assert alignment_signals(source, target, seed=5) == alignment_signals(source, target, seed=5)


@pytest.mark.parametrize(("agreement", "aligned"), [(None, True), (AGREES, True), (1.0, True), (AGREES - 1e-9, False)])
def test_aligned_is_agreement_from_the_threshold_or_too_little_to_tell(agreement, aligned):
    assert Signals(agreement, 0.5, 0.5, 0.0, 0.0, 10).aligned is aligned


def test_as_dict_is_plain_numbers_that_json_takes():
    _, source, target = pair_of_clouds(0)
    told = alignment_signals(source, target)
    assert json.loads(json.dumps(told.as_dict())) == told.as_dict()
    assert Signals(**told.as_dict()) == told


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 5), (5, 1)])
def test_a_word_a_side_is_enough(n, m):
    rows = unit_rows(np.random.default_rng(0).standard_normal((5, 3)).astype("f4"))
    told = alignment_signals(rows[:n], rows[:m])
    assert told.agreement is None
    assert told.n_words == 1


def test_A01_inputs_are_not_changed():
    _, source, target = pair_of_clouds(0)
    before = source.copy(), target.copy()
    source.flags.writeable = target.flags.writeable = False
    alignment_signals(source, target)
    assert all(np.array_equal(a, b) for a, b in zip(before, (source, target), strict=True))


def test_an_empty_side_is_refused():
    rows = np.eye(3, dtype="f4")
    refused("align.no_signal", rows[:0], rows)
    refused("align.no_signal", rows, rows[:0])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_N10_what_is_not_finite_is_refused(bad):
    rows = np.eye(4, dtype="f4")
    wrong = rows.copy()
    wrong[2, 1] = bad
    refused("api.bad_vector", wrong, rows)
    refused("api.bad_vector", rows, wrong)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"source": None}, "api.bad_vector"), ({"target": "x"}, "api.bad_vector"), ({"target": np.eye(4)}, "api.bad_vector"),
        ({"source": np.ones(3)}, "api.bad_vector"), ({"frequent": 0}, "api.bad_k"), ({"frequent": True}, "api.bad_k"),
        ({"frequent": 1.5}, "api.bad_k"), ({"seed": -1}, "align.bad_seed"), ({"seed": None}, "align.bad_seed"),
        ({"seed": True}, "align.bad_seed"), ({"seed": 1.5}, "align.bad_seed"),
    ],
)  # fmt: skip
def test_wrong_arguments_have_codes(changed, code):
    refused(code, **{"source": np.eye(3, dtype="f4"), "target": np.eye(3, dtype="f4"), **changed})
