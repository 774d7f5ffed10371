"""Laws of the dictionary workbench: what is planted is found, what is clean is left alone."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from align.dictionary import WordPairs
from align.dictionary_check import (
    _unmix,
    check_dictionary,
    coverage_by_frequency,
    find_conflicts,
    suggest_words,
    suspect_pairs,
)
from align.errors import AlignmentError, InputError
from align.fit import fit
from align.procrustes import fit_rotation
from align.vectors import WordVectors

WRONG = 8


def pairs_of(*pairs, source="en", target="fr"):
    return WordPairs(source, target, pairs)


@pytest.fixture(scope="module")
def clean(bilingual_world):
    return bilingual_world.train["en", "fr"]


@pytest.fixture(scope="module")
def sides(bilingual_space):
    return bilingual_space.vectors("en"), bilingual_space.vectors("fr")


@pytest.fixture(scope="module")
def spoilt(clean):
    """The clean dictionary, eight of its translations handed round; and those eight pairs."""
    at = np.random.default_rng(3).choice(len(clean), WRONG, replace=False)
    pairs = list(clean.pairs)
    for here, there in zip(at, np.roll(at, 1), strict=True):
        pairs[here] = (clean.pairs[here][0], clean.pairs[there][1])
    return replace(clean, pairs=tuple(pairs)), {pairs[n] for n in at}


def named(suspects):
    return list(suspects.frame.select("source", "target").iter_rows())


def test_planted_wrong_pairs_are_the_suspects_though_they_trained_the_map(bilingual_world, spoilt):
    pairs, wrong = spoilt
    space = fit([bilingual_world.vectors["en"], bilingual_world.vectors["fr"]], [pairs], method="procrustes")
    found = suspect_pairs(pairs, space.vectors("en"), space.vectors("fr"))
    assert set(named(found)) == wrong
    assert [row["better"] for row in found.frame.to_dicts()] == [f"fr{left[2:]}" for left, _ in named(found)]
    assert 0.02 < found.wrong_share < 0.2


def test_no_pair_speaks_for_itself(spoilt, sides):
    """From 40 pairs in 16 dimensions a map that has seen a wrong pair bends to it; the one that judges has not."""
    pairs, wrong = spoilt
    few = sorted(wrong)[:4] + [pair for pair in pairs.pairs if pair not in wrong][:36]
    found = suspect_pairs(pairs_of(*few), *sides).frame
    X, Y = (side.matrix[side.rows(words)] for side, words in zip(sides, zip(*few, strict=True), strict=True))
    bent = dict(zip(few, ((X @ fit_rotation(X, Y).matrix) * Y).sum(axis=1), strict=True))
    assert found.height >= 3
    assert all(row["cosine"] < bent[row["source"], row["target"]] - 0.05 for row in found.to_dicts())


def test_a_clean_dictionary_has_no_suspects(clean, sides):
    found = suspect_pairs(clean, *sides)
    assert (found.frame.height, found.note) == (0, "")
    assert found.wrong_share < 0.001
    assert found.separation > 0.99


def test_the_worst_is_first_and_a_chance_is_one(spoilt, sides):
    found = suspect_pairs(spoilt[0], *sides).frame
    assert found["chance"].is_sorted(descending=True)
    assert found["chance"].is_between(0.5, 1).all()
    assert found["cosine"].max() < 0.9
    assert (found["rank"] >= 1).all()


def test_nothing_depends_on_the_order_of_the_pairs(spoilt, sides):
    pairs = spoilt[0]
    order = np.random.default_rng(0).permutation(len(pairs))
    shuffled = replace(pairs, pairs=tuple(pairs.pairs[n] for n in order))
    one, other = (check_dictionary(p, *sides, suggest=5) for p in (pairs, shuffled))
    assert one.suspects.frame.drop("line").equals(other.suspects.frame.drop("line"))
    assert one.conflicts.drop("line").equals(other.conflicts.drop("line"))
    assert one.coverage.equals(other.coverage)
    assert one.suggestions.equals(other.suggestions)
    origins = dict(zip((f"pair {n + 1}" for n in range(len(pairs))), shuffled.pairs, strict=True))
    assert all(origins[row["line"]] == (row["source"], row["target"]) for row in other.suspects.frame.to_dicts())


def test_a_turn_of_one_side_changes_no_suspect(spoilt, sides):
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((sides[1].dim,) * 2))[0]
    turned = replace(sides[1], matrix=(sides[1].matrix @ turn).astype("f4"))
    assert named(suspect_pairs(spoilt[0], sides[0], turned)) == named(suspect_pairs(spoilt[0], *sides))


def test_where_all_pairs_are_made_up_none_is_judged_and_the_note_says_so(clean, sides):
    rights = np.random.default_rng(2).permutation([right for _, right in clean.pairs]).tolist()
    found = suspect_pairs(pairs_of(*zip((left for left, _ in clean.pairs), rights, strict=True)), *sides)
    assert (found.frame.height, found.wrong_share) == (0, None)
    assert 0.3 < found.separation < 0.75
    assert "none can be judged" in found.note


@pytest.mark.parametrize("n", [0, 1, 12])
def test_pairs_that_determine_no_map_are_not_judged_and_the_note_says_how_many_would(clean, sides, n):
    found = suspect_pairs(pairs_of(*clean.pairs[:n]), *sides)
    assert (found.frame.height, found.separation) == (0, None)
    assert found.note.startswith(f"{n} usable pairs are too few")
    assert "16 dimensions need about 21" in found.note


def test_a_known_mixture_is_taken_apart():
    """Right ones are N(2, 1), made-up ones N(0, 1): the log ratio is 2x − 2, and a fifth of the first sample is made up."""
    rng = np.random.default_rng(0)
    true, made = rng.standard_normal((8_000, 1)), rng.standard_normal((20_000, 1))
    true[1_600:] += 2
    right, made_right, logit = _unmix(true, made)
    assert 1 / (1 + np.exp(-logit)) == pytest.approx(0.2, abs=0.03)
    assert np.abs(right - (2 * true[:, 0] - 2)).max() < 0.5
    assert np.abs(made_right - (2 * made[:, 0] - 2)).max() < 0.5


@given(st.sets(st.integers(0, 239), max_size=20))
def test_coverage_equals_a_plain_loop(bilingual_space, concepts):
    source, target = bilingual_space.vectors("en"), bilingual_space.vectors("fr").head(200)
    pairs = pairs_of(*((f"EN{n}", f"fr{n}") for n in sorted(concepts)), ("nowhere", "nulle part"))
    for row, vectors in zip(coverage_by_frequency(pairs, source, target).to_dicts(), (source, target), strict=True):
        band = [word for word in vectors.words if int(word[2:]) in concepts]
        assert row == {
            "lang": vectors.lang,
            "most_frequent": len(vectors),
            "translated": len(band),
            "share": len(band) / len(vectors),
        }


def test_coverage_is_told_for_each_band_that_the_vocabulary_fills():
    rng = np.random.default_rng(0)
    source, target = (
        WordVectors(lang, [f"w{n}" for n in range(6_000)], rng.standard_normal((6_000, 2))) for lang in ("en", "fr")
    )
    found = coverage_by_frequency(pairs_of(("w3", "w999"), ("w1000", "w5999")), source, target)
    assert found["most_frequent"].to_list() == [1_000, 5_000, 6_000] * 2
    assert found["translated"].to_list() == [1, 2, 2, 1, 1, 2]


def greedily(source, pairs, n):
    """The definition: at each step the word that adds most to the sum of the best cosines."""
    share = np.cumsum(source.probabilities())
    X = source.matrix[: int((share < 0.9).sum()) + 1].astype("f8")
    known = [source.row(left) for left, _ in pairs.pairs]
    best = np.array([max(0.0, *(float(x @ source.matrix[k]) for k in known)) for x in X])
    whole, chosen = (1 - best).sum(), []
    for _ in range(n):
        gains = {
            row: np.maximum(X @ X[row] - best, 0).sum()
            for row in range(len(X))
            if row not in {*known, *(c for c, _ in chosen)}
        }
        row = max(gains, key=gains.get)
        chosen.append((row, gains[row] / whole))
        best = np.maximum(best, X @ X[row])
    return [(source.words[row], row + 1) for row, _ in chosen], [gain for _, gain in chosen]


def test_suggestions_are_the_greedy_choice_of_a_plain_loop(clean, sides):
    pairs = pairs_of(*clean.pairs[40:60])
    found = suggest_words(pairs, *sides, 6)
    words, gains = greedily(sides[0], pairs, 6)
    assert list(found.select("word", "rank").iter_rows()) == words
    assert found["gain"].to_list() == pytest.approx(gains, abs=1e-5)
    assert found["gain"].is_sorted(descending=True)


def test_what_is_suggested_comes_with_the_guess_of_the_map(clean, sides):
    found = suggest_words(pairs_of(*clean.pairs[:30]), *sides, 10).to_dicts()
    assert [row["guess"] for row in found] == [f"fr{row['word'][2:]}" for row in found]
    assert all(row["margin"] > 0 for row in found)


@given(st.sets(st.integers(0, 239), min_size=1), st.booleans())
@settings(max_examples=20)
def test_no_word_is_suggested_that_has_a_translation_in_whatever_case_or_twice(bilingual_space, concepts, upper):
    pairs = pairs_of(*((f"{'EN' if upper else 'en'}{n}", "inconnu") for n in concepts))
    words = suggest_words(pairs, bilingual_space.vectors("en"), bilingual_space.vectors("fr"), 100)["word"].to_list()
    assert not {int(word[2:]) for word in words} & concepts
    assert len(set(words)) == len(words)
    assert len(words) > 0 or len(concepts) > 150


def test_numbers_and_variants_of_case_are_not_suggested(sides):
    words = ("the", "The", "1851", "house", "–")
    source = WordVectors("en", words, np.random.default_rng(0).standard_normal((5, 16)))
    assert set(suggest_words(pairs_of(), source, sides[1])["word"]) <= {"the", "house"}


@pytest.mark.parametrize(
    ("pairs", "kind", "found"),
    [
        ([("cat", "chat"), ("Cat", "Chat")], "form", ("cat", "chat")),
        ([("office", "bureau"), ("oﬃce", "bureau")], "form", ("oﬃce", "bureau")),
        ([("cat", "chat"), ("chat", "cat")], "reversed", ("chat", "cat")),
        ([("New York", "Rome")], "phrase", ("New York", "Rome")),
        ([("cat", "chat"), ("sun", "солнце"), ("dog", "chien")], "script", ("sun", "солнце")),
        ([("cat", "chat"), ("dоg", "chien")], "script", ("dоg", "chien")),  # its o is Cyrillic
        ([("go", f"va{n:02}") for n in range(11)], "many", ("go", "va00")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_conflict_is_found_by_its_kind_and_is_the_only_one(pairs, kind, found):
    rows = find_conflicts(pairs_of(*pairs)).to_dicts()
    assert [(row["kind"], row["source"], row["target"]) for row in rows] == [(kind, *found)]
    assert rows[0]["line"] == f"pair {pairs.index(found) + 1}"


@pytest.mark.parametrize(
    "pairs",
    [
        [("cat", "chat"), ("cats", "chats"), ("cat", "minou")],
        [("table", "table"), ("six", "six")],
        [("tea", "お茶"), ("coffee", "コーヒー"), ("people", "人々")],
        [("go", f"va{n}") for n in range(10)],
        [],
    ],
    ids=["plain", "identical", "japanese", "ten", "none"],
)
def test_what_is_right_is_no_conflict(pairs):
    assert find_conflicts(pairs_of(*pairs, target="ja")).height == 0


def test_exchanged_columns_are_found_and_named_in_the_words_of_the_coverage_check(clean, sides):
    found = check_dictionary(replace(clean, pairs=clean.reversed().pairs), *sides)
    assert found.conflicts["kind"].to_list() == ["swapped"] * len(clean)
    assert len(found.usable) == 0
    assert any("with the columns swapped 160 would be usable" in note for note in found.notes)


def test_a_phrase_that_has_a_vector_is_no_conflict(sides):
    source = WordVectors("en", ["new york"], np.ones((1, 16)))
    assert find_conflicts(pairs_of(("New York", "fr1")), source, sides[1]).height == 0


def test_without_vectors_the_file_alone_is_looked_over():
    found = check_dictionary(pairs_of(("table", "table"), ("cat", "chat"), ("CAT", "chat"), ("cat", "chat")))
    assert (found.identical, found.usable, dict(found.pairs.dropped)) == (1, None, {"dict.duplicate": 1})
    assert found.conflicts["kind"].to_list() == ["form"]
    assert [f.height for f in (found.coverage, found.suspects.frame, found.suggestions)] == [0, 0, 0]
    assert found.notes[0].startswith("without vectors")


def test_with_vectors_every_pair_is_accounted_for(clean, sides):
    pairs = pairs_of(*clean.pairs[:50], ("EN3", "fr3"), ("nothing", "fr1"), ("en1", "rien"))
    usable = check_dictionary(pairs, *sides, suggest=0).usable
    assert (len(usable), usable.repeated, usable.source_unknown, usable.target_unknown) == (50, 1, 1, 1)
    assert usable.total == len(pairs)


@pytest.mark.parametrize(
    ("change", "kind", "code"),
    [
        (lambda p, s, t: check_dictionary([("a", "b")], s, t), InputError, "api.bad_type"),
        (lambda p, s, t: check_dictionary(p, s.matrix, t), InputError, "api.bad_type"),
        (lambda p, s, t: check_dictionary(p, s), InputError, "api.bad_type"),
        (lambda p, s, t: check_dictionary(p, t, s), AlignmentError, "dict.language"),
        (
            lambda p, s, t: check_dictionary(p, s, replace(t, matrix=t.matrix[:, :3])),
            AlignmentError,
            "align.dim_mismatch",
        ),
        (lambda p, s, t: check_dictionary(p, suggest=True), InputError, "api.bad_k"),
        (lambda p, s, t: check_dictionary(p, suggest=-1), InputError, "api.bad_k"),
        (lambda p, s, t: suggest_words(p, s, t, 10**400), InputError, "api.bad_k"),
        (lambda p, s, t: suggest_words(p, s, None), InputError, "api.bad_type"),
        (lambda p, s, t: suspect_pairs(None, s, t), InputError, "api.bad_type"),
        (lambda p, s, t: coverage_by_frequency(p, s, "fr"), InputError, "api.bad_type"),
        (lambda p, s, t: find_conflicts(p, 3), InputError, "api.bad_type"),
    ],
)
def test_wrong_arguments_are_refused_by_code(clean, sides, change, kind, code):
    with pytest.raises(kind) as raised:
        change(clean, *sides)
    assert raised.value.code == code
