"""Laws of word similarity: scipy is the oracle of the figures, a planted world that of their meaning."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import pearsonr, spearmanr

from align.errors import AlignError, AlignmentError, InputError
from align.vectors import WordVectors
from align.word_similarity import JudgedPairs, evaluate_similarity, read_similarities

seeds = st.integers(0, 2**32 - 1)


def words(lang, matrix):
    return WordVectors(lang, [f"{lang}{i}" for i in range(len(matrix))], np.asarray(matrix, "f4"))


def judged_world(seed, n=40, dim=5, scale=5, noise=0.3):
    """Vectors of two languages, and pairs judged by their cosine, rounded to steps so that there are ties."""
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((2, n, dim)).astype("f4")
    i, j = rng.integers(0, n, (2, n))
    cosines = np.einsum("ij,ij->i", X[i], Y[j]) / np.linalg.norm(X[i], axis=1) / np.linalg.norm(Y[j], axis=1)
    judgements = np.round(scale * (cosines + noise * rng.standard_normal(n)))
    pairs = tuple((f"en{a}", f"fr{b}") for a, b in zip(i, j, strict=True))
    return words("en", X), words("fr", Y), JudgedPairs("en", "fr", pairs, judgements), cosines


@given(seeds)
def test_both_correlations_are_those_of_scipy(seed):
    en, fr, judged, cosines = judged_world(seed)
    found = evaluate_similarity(en, fr, judged)
    assert found.spearman == pytest.approx(spearmanr(cosines, judged.judgements).statistic, abs=1e-6)
    assert found.pearson == pytest.approx(pearsonr(cosines, judged.judgements).statistic, abs=1e-6)
    assert (found.coverage, found.n_pairs, found.n_test_pairs) == (1, 40, 40)


@given(seeds, st.floats(0.01, 100), st.floats(-50, 50))
def test_the_scale_of_the_judgements_does_not_matter_and_their_sign_turns_all_round(seed, scale, shift):
    en, fr, judged, _ = judged_world(seed)
    found = evaluate_similarity(en, fr, judged)
    moved = evaluate_similarity(en, fr, replace(judged, judgements=scale * judged.judgements + shift))
    turned = evaluate_similarity(en, fr, replace(judged, judgements=-judged.judgements))
    for name in ("spearman", "spearman_low", "spearman_high", "pearson", "pearson_low", "pearson_high"):
        assert getattr(moved, name) == pytest.approx(getattr(found, name), abs=1e-6)
    assert (turned.spearman, turned.pearson) == pytest.approx((-found.spearman, -found.pearson))
    assert (turned.spearman_low, turned.pearson_high) == pytest.approx((-found.spearman_high, -found.pearson_low))


@given(seeds)
def test_one_rotation_of_both_sides_and_the_length_of_vectors_change_nothing(seed):
    en, fr, judged, _ = judged_world(seed, scale=1000)
    rng = np.random.default_rng(seed)
    turn, length = np.linalg.qr(rng.standard_normal((5, 5)))[0], rng.uniform(0.1, 9, (40, 1))
    moved = evaluate_similarity(words("en", en.matrix @ turn * length), words("fr", fr.matrix @ turn), judged)
    assert moved.pearson == pytest.approx(evaluate_similarity(en, fr, judged).pearson, abs=1e-5)


def test_a_record_that_can_be_checked_in_the_head():
    """a-b is nearer than b-c, b-c nearer than a-c; people say the same of the three; "lost" has no vector."""
    en = WordVectors("en", ["a", "b", "c"], np.array([[1, 0], [1, 1], [-1, 1]], "f4"))
    judged = JudgedPairs("en", "en", (("A", "b"), ("b", "c"), ("a", "C"), ("a", "lost")), [9, 4, 1, 5])
    found = evaluate_similarity(en, en, judged)
    assert (found.spearman, found.n_pairs, found.n_test_pairs, found.coverage) == (1, 3, 4, 0.75)
    assert found.frame().row(0, named=True) == found.as_dict()


def test_words_fall_back_on_their_folded_form_and_nfc():
    fr = WordVectors("fr", ["été", "b", "c"], np.array([[1, 0], [1, 1], [-1, 1]], "f4"))
    judged = JudgedPairs("fr", "fr", (("E\u0301TE\u0301", "b"), ("b", "c"), ("été", "c")), [9, 4, 1])
    assert evaluate_similarity(fr, fr, judged).coverage == 1


def test_unknown_pairs_are_counted_and_change_no_correlation():
    en, fr, judged, _ = judged_world(0)
    more = JudgedPairs("en", "fr", (*judged.pairs, ("en0", "nulle"), ("nowhere", "fr0")), [*judged.judgements, 5, 5])
    with_them, without = evaluate_similarity(en, fr, more), evaluate_similarity(en, fr, judged)
    assert (with_them.coverage, with_them.n_test_pairs) == (40 / 42, 42)
    assert (with_them.spearman, with_them.spearman_low) == (without.spearman, without.spearman_low)


def test_the_interval_is_that_of_pairs_drawn_with_replacement():
    en, fr, judged, cosines = judged_world(3)
    rng = np.random.default_rng(9)
    drawn = [spearmanr(cosines[at], judged.judgements[at]).statistic for at in rng.integers(0, 40, (3_000, 40))]
    found = evaluate_similarity(en, fr, judged)
    assert (found.spearman_low, found.spearman_high) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.04)
    assert evaluate_similarity(en, fr, judged) == found
    assert evaluate_similarity(en, fr, judged, seed=1).spearman_low != found.spearman_low


def test_the_interval_covers_the_truth_about_19_times_in_20(monkeypatch):
    monkeypatch.setattr("align.word_similarity.DRAWS", 300)
    rng, held = np.random.default_rng(4), []
    truth = 0.6
    for _ in range(150):
        angle_cosines = np.clip(rng.standard_normal(80) / 5, -1, 1)
        judgements = truth * 5 * angle_cosines + np.sqrt(1 - truth**2) * rng.standard_normal(80)
        second = np.stack([angle_cosines, np.sqrt(1 - angle_cosines**2)], axis=1)
        pairs = tuple(("en0", f"fr{i}") for i in range(80))
        found = evaluate_similarity(
            words("en", [[1, 0]]), words("fr", second), JudgedPairs("en", "fr", pairs, judgements)
        )
        held.append(found.pearson_low <= truth <= found.pearson_high)
    assert 0.88 <= np.mean(held) <= 0.99


def test_a_space_that_is_aligned_agrees_with_its_world_across_languages(bilingual_world, bilingual_space):
    en = bilingual_world.vectors["en"].matrix
    rng = np.random.default_rng(5)
    i, j = rng.integers(0, len(en), (2, 150))
    pairs = tuple((f"en{a}", f"fr{b}") for a, b in zip(i, j, strict=True))
    judged = JudgedPairs("en", "fr", pairs, np.einsum("ij,ij->i", en[i], en[j]))
    space, raw = bilingual_space.vectors, bilingual_world.vectors
    assert evaluate_similarity(space("en"), space("fr"), judged).spearman > 0.97
    assert abs(evaluate_similarity(raw["en"], raw["fr"], judged).spearman) < 0.4


@pytest.fixture
def read(tmp_path):
    def reader(content, *langs):
        path = tmp_path / "list.tsv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_similarities(path, *(langs or ("en",)))

    return reader


def test_a_file_is_read_with_its_header_and_comments(read):
    found = read("# gold\nword1\tword2\tHuman (mean)\ntiger\tcat\t7.35\nice cream\tcold\t-1e1\ncafe\u0301\ttea\t.5\n")
    assert found.pairs == (("tiger", "cat"), ("ice cream", "cold"), ("café", "tea"))
    assert found.judgements.tolist() == [7.35, -10, 0.5]
    assert (found.source, found.target, found.dropped, found.name) == ("en", "en", {"similarity.header": 1}, "list.tsv")
    two = read("a\tb\t1\n", "EN", "pt_br")
    assert (two.source, two.target, two.dropped) == ("en", "pt-BR", {})


@given(st.lists(st.tuples(st.sampled_from(["a", "Bé", "c d"]), st.floats(-1e6, 1e6)), min_size=1, max_size=9))
def test_what_is_written_is_read(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("read") / "x"
    path.write_text("".join(f"{word}\tx\t{value!r}\n" for word, value in rows))
    found = read_similarities(path, "en")
    assert [left for left, _ in found.pairs] == [word for word, _ in rows]
    assert found.judgements.tolist() == [value for _, value in rows]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "empty"), ("# a\tb\t1\n", "empty"), ("word\tword\tjudgement\n", "empty"), ("a b 1\n", "bad_row"),
        ("a\tb\n", "bad_row"), ("a\tb\t1\t2\n", "bad_row"), ("a\tb\t\n", "bad_row"), ("a\tb\t1_0\n", "bad_row"),
        ("a\tb\t1\na\tb\tnan\n", "bad_row"), ("a\tb\t1e9999\n", "bad_row"), ("a\tb\t١\n", "bad_row"),
        ("a\t\t1\n", "bad_word"), ("a\tb\u200b\t1\n", "bad_character"), (b"a\t\xff\t1\n", "encoding"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_with_its_line(read, content, code):
    with pytest.raises(InputError) as raised:
        read(content)
    assert raised.value.code == f"similarity.{code}"
    assert raised.value.path is not None
    assert code == "empty" or raised.value.line == content.count("\n" if isinstance(content, str) else b"\n")


def test_pairs_and_vectors_that_do_not_fit_have_codes(tmp_path):
    en, fr, judged, _ = judged_world(1)
    three = (("en0", "fr0"), ("en1", "fr1"), ("en2", "fr2"))
    wrong = [
        (lambda: JudgedPairs("en", "fr", three, [1, 2]), "similarity.count_mismatch"),
        (lambda: JudgedPairs("en", "fr", three, [1, 2, float("inf")]), "similarity.bad_judgement"),
        (lambda: JudgedPairs("en", "fr", (("a", ""),), [1]), "similarity.bad_word"),
        (lambda: JudgedPairs("en", "fr", (1,), [1]), "similarity.bad_word"),
        (lambda: JudgedPairs("en", "fr", "ab", [1]), "api.bad_type"),
        (lambda: JudgedPairs("e", "fr", three, [1, 2, 3]), "language.bad_code"),
        (lambda: evaluate_similarity(fr, en, judged), "dict.language"),
        (lambda: evaluate_similarity(en, words("fr", np.ones((9, 4))), judged), "align.dim_mismatch"),
        (lambda: evaluate_similarity(en, fr, JudgedPairs("en", "fr", three, [1, 1, 1])), "similarity.constant"),
        (lambda: evaluate_similarity(en, fr, JudgedPairs("en", "fr", three[:1] * 3, [1, 2, 3])), "similarity.constant"),
        (lambda: evaluate_similarity(en, fr, judged, seed=-1), "evaluate.bad_count"),
        (lambda: read_similarities(tmp_path / "nowhere", "en"), "file.missing"),
    ]
    for deed, code in wrong:
        with pytest.raises(AlignError) as raised:
            deed()
        assert raised.value.code == code
    with pytest.raises(AlignmentError, match=r"2 of 4 .*1 unknown in en, 1 in fr.*evaluate\.no_pairs"):
        evaluate_similarity(en, fr, JudgedPairs("en", "fr", (*three[:2], ("x", "fr1"), ("en1", "y")), [1, 2, 3, 4]))
    with pytest.raises(ValueError, match="read-only"):
        judged.judgements[0] = 1
