"""Laws of analogies: a plain loop is the oracle, gensim a second one, a planted grid of words the world."""

import numpy as np
import pytest
from gensim.models import KeyedVectors
from hypothesis import given
from hypothesis import strategies as st

from align import analogies
from align.analogies import Analogies, evaluate_analogies, read_analogies
from align.errors import AlignError, AlignmentError, InputError
from align.vectors import WordVectors

seeds = st.integers(0, 2**32 - 1)
methods = pytest.mark.parametrize("method", ["add", "mul"])


def words(lang, matrix):
    return WordVectors(lang, [f"{lang}{i}" for i in range(len(matrix))], np.asarray(matrix, "f4"))


def asked(rows, source="en", target="en", sections=None):
    """Questions by rows."""
    langs = (source, source, target, target)
    questions = tuple(tuple(f"{lang}{i}" for lang, i in zip(langs, row, strict=True)) for row in rows)
    return Analogies(source, target, questions, sections or ("s",) * len(questions))


def plain_answer(source, target, a, b, c, barred, method):
    """The best row of `target` that is not `barred`, by a loop."""
    unit = [m.astype("f8") / np.linalg.norm(m, axis=1, keepdims=True) for m in (source, target)]
    best, best_score = None, -np.inf
    for d, x in enumerate(unit[1]):
        near_a, near_b, near_c = x @ unit[0][a], x @ unit[0][b], x @ unit[1][c]
        if method == "add":
            score = near_b - near_a + near_c
        else:
            score = (near_b + 1) / 2 * (near_c + 1) / 2 / ((near_a + 1) / 2 + 0.001)
        if d not in barred and score > best_score:
            best, best_score = d, score
    return best


@methods
@given(seeds, st.integers(4, 15))
def test_the_right_ones_are_those_of_a_plain_loop(method, seed, n):
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((2, n, 3)).astype("f4") * rng.uniform(0.5, 5, (2, n, 1)).astype("f4")
    rows = rng.integers(0, n, (20, 4))
    within = evaluate_analogies(words("en", X), words("en", X), asked(rows), method=method)
    assert within.right.tolist() == [d == plain_answer(X, X, a, b, c, {a, b, c}, method) for a, b, c, d in rows]
    across = evaluate_analogies(words("en", X), words("fr", Y), asked(rows, "en", "fr"), method=method)
    assert across.right.tolist() == [d == plain_answer(X, Y, a, b, c, {c}, method) for a, b, c, d in rows]
    assert within.impossible.tolist() == [d in (a, b, c) for a, b, c, d in rows]
    assert across.impossible.tolist() == [c == d for _, _, c, d in rows]


def test_the_answers_are_those_of_gensim():
    X = np.random.default_rng(1).standard_normal((60, 5)).astype("f4")
    peer = KeyedVectors(5)
    peer.add_vectors([f"en{i}" for i in range(60)], X)
    rows = np.array([np.random.default_rng(i).permutation(60)[:3] for i in range(50)])
    answers = [peer.most_similar([f"en{b}", f"en{c}"], [f"en{a}"], topn=1)[0][0] for a, b, c in rows]
    questions = asked([(*row, int(word[2:])) for row, word in zip(rows, answers, strict=True)])
    assert evaluate_analogies(words("en", X), words("en", X), questions).accuracy == 1


@methods
@given(seeds)
def test_one_rotation_of_all_words_changes_nothing(method, seed):
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((2, 12, 4)).astype("f4")
    turn, questions = np.linalg.qr(rng.standard_normal((4, 4)))[0], asked(rng.integers(0, 12, (30, 4)), "en", "fr")
    before = evaluate_analogies(words("en", X), words("fr", Y), questions, method=method)
    after = evaluate_analogies(words("en", X @ turn), words("fr", Y @ turn), questions, method=method)
    assert np.array_equal(before.right, after.right)


@methods
@given(seeds, st.integers(1, 7))
def test_blocks_do_not_matter(method, seed, block):
    rng = np.random.default_rng(seed)
    X, questions = words("en", rng.standard_normal((9, 3))), asked(rng.integers(0, 9, (15, 4)))
    whole = evaluate_analogies(X, X, questions, method=method)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(analogies, "BLOCK_BYTES", block * 5 * 4 * 9)
        assert np.array_equal(evaluate_analogies(X, X, questions, method=method).right, whole.right)


def test_no_block_is_larger_than_its_bound(monkeypatch):
    shapes = []
    monkeypatch.setattr(analogies, "BLOCK_BYTES", 12 * 5 * 4 * 50)
    real = analogies._cosines

    def watched(*arguments):
        shapes.append(real(*arguments))
        return shapes[-1]

    monkeypatch.setattr(analogies, "_cosines", watched)
    rng = np.random.default_rng(0)
    X = words("en", rng.standard_normal((50, 3)))
    rows = [rng.permutation(50)[:4] for _ in range(100)]
    evaluate_analogies(X, X, asked(rows))
    assert len(shapes) == 3 * 9
    assert all(cosines.shape[0] <= 12 and len(place) <= 12 for cosines, place in shapes)


def grid(rng, n=8, dim=20, noise=0.02):
    """(2 n, dim): n stems, and their plurals after them, which lie one and the same way from them."""
    stems, way = rng.standard_normal((n, dim)), 2 * rng.standard_normal(dim)
    rows = np.vstack([stems, stems + way])
    return rows + noise * rng.standard_normal(rows.shape)


@methods
def test_planted_relations_are_found_within_a_language_and_across_two(method):
    rng = np.random.default_rng(2)
    en = grid(rng)
    fr = en + 0.02 * rng.standard_normal(en.shape)
    rows = [(i, i + 8, j, j + 8) for i in range(8) for j in range(8) if i != j]
    within = evaluate_analogies(words("en", en), words("en", en), asked(rows), method=method)
    across = evaluate_analogies(words("en", en), words("fr", fr), asked(rows, "en", "fr"), method=method)
    assert within.accuracy > 0.9
    assert across.accuracy > 0.9
    turn = np.linalg.qr(rng.standard_normal((20, 20)))[0]
    apart = evaluate_analogies(words("en", en), words("fr", fr @ turn), asked(rows, "en", "fr"), method=method)
    assert apart.accuracy < 0.5


def test_ties_count_against_the_answer():
    X = words("en", [[1, 0], [1, 1], [3, 0], [3, 3], [6, 6]])
    assert evaluate_analogies(X, X, asked([(0, 1, 2, 3)])).accuracy == 0


def test_sections_and_the_whole_with_what_is_unknown_counted():
    X = words("en", grid(np.random.default_rng(3)))
    rows = [(0, 8, 1, 9), (0, 8, 2, 10), (0, 8, 3, 1), (0, 8, 99, 11), (0, 98, 99, 11), (0, 8, 1, 8)]
    found = evaluate_analogies(X, X, asked(rows, sections=("plural", "plural", "plural", "plural", "gone", "own")))
    table = found.frame()
    assert table["section"].to_list() == ["plural", "gone", "own", "all"]
    assert table["accuracy"].to_list() == [pytest.approx(2 / 3), None, 0, 0.5]
    assert table["coverage"].to_list() == [0.75, 0, 1, pytest.approx(4 / 6)]
    assert table.select("n_questions", "n_test_questions", "n_impossible").rows() == [
        (3, 4, 0),
        (0, 1, 0),
        (1, 1, 1),
        (4, 6, 1),
    ]
    inside = table.drop_nulls("accuracy")
    assert (inside["accuracy_low"] <= inside["accuracy"]).all()
    assert (inside["accuracy"] <= inside["accuracy_high"]).all()
    told = found.as_dict()
    assert told["sections"] == table.head(3).to_dicts()
    assert (told["all"]["accuracy"], told["candidates"], told["method"]) == (found.accuracy, 16, "add")
    assert (found.accuracy, found.coverage, len(found)) == (0.5, 4 / 6, 6)


def test_words_of_the_question_are_barred_in_whatever_case():
    X = WordVectors("en", ["a", "b", "c", "d"], np.array([[1, 0], [1, 0.1], [0.9, 0], [0, 1]], "f4"))
    found = evaluate_analogies(X, X, Analogies("en", "en", (("A", "B", "C", "D"),), ("s",)))
    assert (found.coverage, found.accuracy) == (1, 1)


@pytest.fixture
def read(tmp_path):
    def reader(content, *langs):
        path = tmp_path / "questions.txt"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_analogies(path, *(langs or ("en",)))

    return reader


def test_a_file_is_read_by_sections_with_blanks_or_tabs(read):
    found = read(": family\nman woman king  queen\n# comment\n\n:places\nNew York\tUSA\tcafe\u0301\tb\n", "en", "fr")
    assert found.questions == (("man", "woman", "king", "queen"), ("New York", "USA", "café", "b"))
    assert (found.sections, found.source, found.target) == (("family", "places"), "en", "fr")
    assert repr(found) == "Analogies('en', 'fr', questions=2, name='questions.txt')"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "empty"), (": section\n", "empty"), ("a b c d\n", "bad_row"), (": s\na b c\n", "bad_row"), (":\n", "bad_row"),
        (": s\na b c d e\n", "bad_row"), (": s\na\tb\t\td\n", "bad_word"), (": s\na b c d\u200b\n", "bad_character"),
        (b": s\na b c \xff\n", "encoding"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_with_its_line(read, content, code):
    with pytest.raises(InputError) as raised:
        read(content)
    assert raised.value.code == f"analogy.{code}"
    assert code == "empty" or raised.value.line == content.count("\n" if isinstance(content, str) else b"\n")


def test_questions_and_vectors_that_do_not_fit_have_codes(tmp_path):
    en, fr = words("en", np.eye(4)), words("fr", np.eye(4))
    one = asked([(0, 1, 2, 3)])
    wrong = [
        (lambda: Analogies("en", "en", (("a", "b", "c", "d"),), ()), "analogy.count_mismatch"),
        (lambda: Analogies("en", "en", (("a", "b", "c"),), ("s",)), "analogy.bad_word"),
        (lambda: Analogies("en", "en", "abcd", ("s",)), "api.bad_type"),
        (lambda: Analogies("en", "x", (), ()), "language.bad_code"),
        (lambda: evaluate_analogies(en, fr, one), "dict.language"),
        (lambda: evaluate_analogies(en, words("en", np.eye(3)), one), "align.dim_mismatch"),
        (lambda: evaluate_analogies(en, en, one, method="max"), "evaluate.bad_method"),
        (lambda: evaluate_analogies(en, en, one.questions), "api.bad_type"),
        (lambda: read_analogies(tmp_path / "nowhere", "en"), "file.missing"),
    ]
    for deed, code in wrong:
        with pytest.raises(AlignError) as raised:
            deed()
        assert raised.value.code == code
    for none in (asked([(0, 1, 2, 9)]), Analogies("en", "en", (), ())):
        with pytest.raises(AlignmentError, match=r"evaluate\.no_questions"):
            evaluate_analogies(en, en, none)
    with pytest.raises(ValueError, match="read-only"):
        evaluate_analogies(en, en, one).right[0] = True
