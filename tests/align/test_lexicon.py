"""Laws of induced dictionaries: entries of a plain loop, round trips that are mutual, probabilities that come true."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import align
from align.calibration import ENOUGH, Direction, _fitted, _Known, calibration_error, direction_of
from align.dictionary import WordPairs
from align.errors import AlignError, AlignmentError
from align.lexicon import induce_lexicon
from align.spelling import Spelling
from align.vectors import WordVectors

CONCEPTS, DIM, TRAIN, KNOWN = 1_500, 16, 300, 400


def pairs_of(source, target, concepts):
    return WordPairs(source, target, tuple((f"{source}{i}", f"{target}{i}") for i in concepts))


@pytest.fixture(scope="module")
def world():
    """Three languages in one space whose words were shaken, some little and some much.

    Word i of fr is `fr<i>`, and all stand in an order of their own. `train` served to fit, from en; `known` is held out.
    """
    rng = np.random.default_rng(5)
    cloud = rng.standard_normal((CONCEPTS, DIM))
    shake = rng.uniform(0.1, 1.3, (CONCEPTS, 1))
    vectors = []
    for lang in ("en", "fr", "de"):
        turn, order = np.linalg.qr(rng.standard_normal((DIM, DIM)))[0], rng.permutation(CONCEPTS)
        rows = (cloud + shake * rng.standard_normal(cloud.shape)) @ turn
        vectors.append(WordVectors(lang, [f"{lang}{i}" for i in order], rows[order].astype("f4")))
    concepts = rng.permutation(CONCEPTS)
    train = [pairs_of("en", lang, concepts[:TRAIN]) for lang in ("fr", "de")]
    known = [pairs_of("en", lang, concepts[TRAIN : TRAIN + KNOWN]) for lang in ("fr", "de")]
    return align.fit(vectors, train, method="procrustes"), train, known


@pytest.fixture(scope="module")
def lexicon(world):
    space, train, known = world
    return induce_lexicon(space, "en", "fr", n=CONCEPTS, known=known, train=train)


def right_of(lexicon):
    return np.array([left[2:] == right[2:] for left, right in lexicon.frame.select("source", "target").rows()])


def assert_come_true(lexicon, right):
    """As many right as expected: within four deviations, of the entries and of the words that told their chance."""
    chance = lexicon.frame["probability"].to_numpy()
    about = lexicon.calibration
    deviation = np.sqrt((chance * (1 - chance)).sum())
    blur = len(lexicon) * np.sqrt(about.n_right * (about.n_words - about.n_right) / about.n_words**3)
    assert abs(lexicon.expected_right - right.sum()) < 4 * np.hypot(deviation, blur)


@pytest.mark.parametrize("round_trip", [True, False])
def test_entries_are_those_of_a_plain_loop(world, round_trip):
    space, train, known = world
    found = induce_lexicon(space, "en", "fr", n=40, known=known, train=train, round_trip=round_trip)
    there, back = space.retrieval("en", "fr"), space.retrieval("fr", "en")
    ours, theirs = space.vectors("en"), space.vectors("fr")
    expected = []
    for row, word in enumerate(ours.words):
        scores = there.scores(np.array([row]))[0]
        best = int(scores.argmax())
        way_back = int((back.scores(np.array([best]))[0] >= back.scores(np.array([best]))[0][row]).sum())
        if not round_trip or way_back == 1:
            margin = scores[best] - np.sort(scores)[-2]
            expected.append(
                (word, theirs.words[best], scores[best], margin, row + 1, best + 1, way_back, way_back == 1)
            )
        if len(expected) == 40:
            break
    frame = found.frame.drop("probability")
    for column, values in zip(frame.columns, zip(*expected, strict=True), strict=True):
        if frame[column].dtype == pl.Float64:
            assert np.allclose(frame[column], values, atol=1e-5)
        else:
            assert frame[column].to_list() == list(values)
    assert found.n_asked == expected[-1][4]


def test_round_trips_are_mutual_and_the_same_from_either_side(world, lexicon):
    space, _, _ = world
    other = induce_lexicon(space, "fr", "en", n=CONCEPTS)
    assert lexicon.frame["round_trip"].all()
    assert {*lexicon.pairs().pairs} == {*other.pairs().reversed().pairs}


def test_every_word_gone_through_has_an_entry_or_a_reason(world, lexicon):
    assert lexicon.n_asked == CONCEPTS == len(lexicon) + sum(lexicon.dropped.values())
    assert lexicon.dropped == {"lexicon.no_round_trip": CONCEPTS - len(lexicon)}
    assert lexicon.coverage == len(lexicon) / CONCEPTS
    assert lexicon.frame["source_rank"].is_sorted()


def test_fewer_entries_are_the_first_of_more(world, lexicon):
    space, train, known = world
    few = induce_lexicon(space, "en", "fr", n=100, known=known, train=train)
    assert few.frame.equals(lexicon.frame.head(100))
    assert few.n_asked == few.frame["source_rank"][-1] == 100 + sum(few.dropped.values())


def test_as_many_are_right_as_expected(lexicon):
    right = right_of(lexicon)
    assert 0.3 < right.mean() < 0.9
    assert_come_true(lexicon, right)
    chance = lexicon.frame["probability"].to_numpy()
    for low in np.arange(0, 1, 0.2):
        at = (chance >= low) & (chance < low + 0.2)
        if at.sum() >= 50:
            assert abs(chance[at].mean() - right[at].mean()) < 0.15
    assert lexicon.calibration.calibration_error < 0.1
    assert lexicon.calibration.brier < 0.9 * right.mean() * (1 - right.mean())


@pytest.mark.parametrize(("source", "target"), [("fr", "de"), ("de", "fr")])
def test_a_pair_without_dictionary_learns_from_the_others_and_says_so(world, source, target):
    space, train, known = world
    found = induce_lexicon(space, source, target, n=CONCEPTS, known=known, train=train)
    about = found.calibration
    assert about.calibrated_on == f"en-fr, en-de (no dictionary {source}-{target})"
    assert (about.part, about.note) == ("test", "")
    assert about.n_words > KNOWN
    assert_come_true(found, right_of(found))


def test_probability_never_falls_with_what_speaks_for_an_entry(world):
    space, train, known = world
    way = direction_of(space, "en", "fr", "off")
    sample = _Known.of(way, known, train, False)
    odds, _ = _fitted(sample, "en-fr", "test")
    for column, sign in ((0, 1), (1, 1), (2, -1), (3, 1)):
        more = sample.features.copy()
        more[:, column] += sign * 0.3
        assert (odds.probability(more) >= odds.probability(sample.features)).all()
    assert (np.diff(odds.probability(sample.features)[np.argsort(odds.probability(sample.features))]) > 0).any()


def test_no_probability_leaves_what_was_seen(world, lexicon):
    space, train, known = world
    odds, about = _fitted(_Known.of(direction_of(space, "en", "fr", "off"), known, train, True), "en-fr", "test")
    far = np.array([[1e6] * 7, [-1e6] * 7])
    assert np.array_equal(odds.probability(far), odds.probability(np.array([odds.high, odds.low])))
    assert lexicon.frame["probability"].is_between(1 / (about.n_words + 2), 1 - 1 / (about.n_words + 2)).all()


def test_evidence_that_says_nothing_gains_nothing():
    """Of labels by lot, the words that a model has not seen are judged no better than by their share."""
    rng = np.random.default_rng(0)
    right = rng.random(400) < 0.3
    _, about = _fitted(_Known(rng.standard_normal((400, 7)), right, np.arange(400)), "", "test")
    assert about.brier > 0.97 * right.mean() * (1 - right.mean())


def test_held_out_words_come_first_and_trained_ones_are_told(world):
    space, train, known = world
    options = [
        ((known, train), "test", KNOWN),
        ((known, ()), "test", KNOWN),
        (([*known, *train], ()), "test", KNOWN),  # the space knows its own dictionaries
        (((), train), "train", TRAIN),
        ((train, ()), "train", TRAIN),
        ((train, known), "train", TRAIN + KNOWN),
    ]
    for (held, fitted), part, n in options:
        about = induce_lexicon(space, "en", "fr", n=9, known=held, train=fitted, round_trip=False).calibration
        assert (about.part, about.n_words, about.calibrated_on) == (part, n, "en-fr")
        assert ("too good" in about.note) == (part == "train")


def test_a_word_of_the_training_dictionary_is_not_held_out(world):
    space, train, known = world
    mixed = pairs_of("en", "fr", [pair[0][2:] for pair in (*known[0].pairs, *train[0].pairs)])
    reversed_train = [train[0].reversed()]
    about = induce_lexicon(space, "en", "fr", n=9, known=[mixed], train=reversed_train, round_trip=False).calibration
    assert about.n_words == KNOWN


def test_a_dictionary_serves_the_other_way_round_and_in_any_case(world):
    space, train, known = world
    one = induce_lexicon(space, "fr", "en", n=9, known=known, train=train)
    loud = WordPairs("fr", "en", tuple((right.upper(), left.upper()) for left, right in known[0].pairs))
    other = induce_lexicon(space, "fr", "en", n=9, known=[loud], train=train)
    assert one.frame.equals(other.frame)
    assert one.calibration == other.calibration


@pytest.mark.parametrize("n", [0, 1, ENOUGH - 1])
def test_of_too_few_known_words_no_figure_is_made_up(world, n):
    space, _, known = world
    few = [pairs_of("en", "fr", [left[2:] for left, _ in known[0].pairs[:n]])]
    found = induce_lexicon(space, "en", "fr", n=20, known=few, round_trip=False)
    about = found.calibration
    assert found.frame["probability"].null_count() == 20
    assert (found.expected_right, about.calibrated_on, about.part, about.brier) == (None, "", None, None)
    assert f"{n} held-out words" in about.note
    assert f"at least {ENOUGH}" in about.note
    assert (found.pairs().weights == 1).all()
    with pytest.raises(AlignmentError) as caught:
        induce_lexicon(space, "en", "fr", known=few, round_trip=False, min_probability=0.1)
    assert caught.value.code == "lexicon.no_probability"


def test_enough_known_words_make_a_figure(world):
    space, _, known = world
    enough = [pairs_of("en", "fr", [left[2:] for left, _ in known[0].pairs[:ENOUGH]])]
    assert induce_lexicon(space, "en", "fr", n=20, known=enough, round_trip=False).expected_right > 0


@settings(max_examples=12)
@given(st.floats(0, 1))
def test_a_least_probability_is_a_filter(world, lexicon, least):
    space, train, known = world
    found = induce_lexicon(space, "en", "fr", n=CONCEPTS, known=known, train=train, min_probability=least)
    assert found.frame.equals(lexicon.frame.filter(pl.col("probability") >= least))
    assert len(found) + sum(found.dropped.values()) == CONCEPTS


def test_spelling_is_evidence_where_it_is_in_use(world):
    space, train, known = world
    spelled = replace(space, spellings={("fr", "en"): Spelling(weight=0.1)})
    off = induce_lexicon(spelled, "en", "fr", n=50, known=known, train=train)
    auto = induce_lexicon(spelled, "en", "fr", n=50, known=known, train=train, spelling="auto")
    assert (off.retrieval, auto.retrieval) == ("csls10", "csls10+spelling")
    plain, way = (direction_of(spelled, "en", "fr", choice) for choice in ("off", "auto"))
    found = way.entries(np.arange(5))
    similarity = Spelling().similarity([way.target.words[j] for j in found.target], way.source.words[:5])
    assert np.allclose(way.features(found)[:, 6], np.diag(similarity))
    assert not plain.features(found)[:, 6].any()


def test_only_scores_of_one_kind_are_pooled(world):
    """With spelling from en to fr alone, words of de, which come without, cannot say what its scores are worth."""
    space, train, known = world
    spelled = replace(space, spellings={("en", "fr"): Spelling(weight=0.1)})
    found = induce_lexicon(spelled, "en", "fr", n=9, known=known[1:], train=train[1:], spelling="auto")
    assert found.expected_right is None
    plain = induce_lexicon(spelled, "en", "fr", n=9, known=known[1:], train=train[1:])
    assert plain.calibration.calibrated_on == "en-de (no dictionary en-fr)"


def test_the_file_reads_back_as_the_pairs(lexicon, tmp_path):
    path = tmp_path / "en-fr.tsv"
    path.write_text("an older file")
    lexicon.write(path)
    read, pairs = align.read_dictionary(path, "en", "fr"), lexicon.pairs()
    assert read.pairs == pairs.pairs
    assert np.allclose(read.weights, pairs.weights, rtol=1e-5)
    first, header = path.read_text().splitlines()[:2]
    assert first == f"# {lexicon.summary()}"
    assert header.split("\t")[:3] == ["en", "fr", "weight"]
    assert [file.name for file in tmp_path.iterdir()] == ["en-fr.tsv"]


def test_a_file_without_probabilities_reads_back_too(world, tmp_path):
    found = induce_lexicon(world[0], "en", "fr", n=30)
    found.write(tmp_path / "x.tsv")
    read = align.read_dictionary(tmp_path / "x.tsv", "en", "fr")
    assert read.pairs == found.pairs().pairs
    assert (read.weights == 1).all()


AWKWARD = ["#tag", "a|b", "12", "…", "en", "fr", "part", '"quoted"', "l'eau", "a b", "x\u200b", "-", "été"]


def test_words_that_no_table_holds_are_left_out_and_counted(tmp_path):
    rows = np.linalg.qr(np.random.default_rng(0).standard_normal((len(AWKWARD),) * 2))[0].astype("f4")
    en, fr = (WordVectors(lang, AWKWARD, rows) for lang in ("en", "fr"))
    space = align.fit(
        [en, fr], [WordPairs("en", "fr", (("en", "en"),))], method="procrustes", allow_rank_deficient=True
    )
    same = {lang: replace(space.mapped[lang], matrix=rows) for lang in space.languages}
    found = induce_lexicon(replace(space, mapped=same), "en", "fr")
    kept = ["en", "fr", "part", '"quoted"', "l'eau", "a b", "été"]
    assert found.frame["source"].to_list() == found.frame["target"].to_list() == kept
    assert found.dropped == {"lexicon.no_letter": 3, "lexicon.not_writable": 3}
    found.write(tmp_path / "x.tsv")
    assert align.read_dictionary(tmp_path / "x.tsv", "en", "fr").pairs == tuple((word, word) for word in kept)


def test_a_lexicon_is_a_dictionary_for_another_space(world, lexicon):
    space, _, _ = world
    again = align.fit([space.vectors("en"), space.vectors("fr")], [lexicon.pairs()], method="procrustes")
    test = pairs_of("en", "fr", range(CONCEPTS))
    one, other = (s.evaluate(test)["precision_at_1"][0] for s in (space, again))
    assert other > one - 0.05


def test_what_it_says_of_itself(lexicon):
    about = lexicon.about()
    assert about["entries"] == len(lexicon)
    assert about["expected_right"] == pytest.approx(lexicon.frame["probability"].sum())
    for told in (
        f"{len(lexicon):,} entries en-fr",
        f"{lexicon.expected_right:,.0f} at least",
        "held-out words of en-fr",
    ):
        assert told in lexicon.summary()


def test_progress_counts_entries_up_to_n(world):
    seen = []
    induce_lexicon(world[0], "en", "fr", n=40, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (40, 40)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=40))
def test_calibration_error_is_a_plain_loop(entries):
    chance, right = np.array([c for c, _ in entries], dtype=float), np.array([r for _, r in entries], dtype=bool)
    off = 0.0
    for k in range(10):
        here = [(c, r) for c, r in entries if min(int(c * 10), 9) == k]
        off += abs(sum(c for c, _ in here) - sum(r for _, r in here))
    assert calibration_error(chance, right) == pytest.approx(off / max(len(entries), 1), abs=1e-9)


WRONG = [
    ("api.bad_k", {"n": 0}), ("api.bad_k", {"n": 1.5}), ("api.bad_k", {"n": True}),
    ("dict.same_language", {"target": "en"}), ("space.no_language", {"target": "it"}), ("space.no_language", {"source": "it"}),
    ("language.bad_code", {"source": "?"}), ("api.bad_spelling", {"spelling": True}), ("api.bad_type", {"round_trip": 1}),
    ("api.bad_type", {"known": pairs_of("en", "fr", [1])}), ("api.bad_type", {"known": [("en1", "fr1")]}),
    ("api.bad_type", {"train": [None]}), ("api.bad_type", {"space": None}), ("api.bad_type", {"progress": 3}),
    ("lexicon.bad_probability", {"min_probability": 1.1}), ("lexicon.bad_probability", {"min_probability": float("nan")}),
]  # fmt: skip


@pytest.mark.parametrize(("code", "wrong"), WRONG, ids=str)
def test_wrong_use_is_refused(world, code, wrong):
    with pytest.raises(AlignError) as caught:
        induce_lexicon(**{"space": world[0], "source": "en", "target": "fr", **wrong})
    assert caught.value.code == code


def test_a_file_that_cannot_be_written_is_refused(lexicon, tmp_path):
    for code, path in (("file.missing", tmp_path / "none" / "x"), ("api.bad_type", 3), ("file.unwritable", tmp_path)):
        with pytest.raises(AlignError) as caught:
            lexicon.write(path)
        assert caught.value.code == code


def test_a_direction_knows_what_kind_its_scores_are(world):
    way = direction_of(world[0], "en", "fr", "off")
    assert isinstance(way, Direction)
    assert way.kind == (False, False)
