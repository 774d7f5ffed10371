"""Laws of word vectors as a value."""

import hashlib
import unicodedata
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from align.errors import InputError
from align.tokens import fold
from align.vectors import WordVectors

words = st.lists(st.text("abcçiıİIéÉßΣσς漢", min_size=1, max_size=3), min_size=1, max_size=12, unique=True)


def of(names, lang="en", **more):
    return WordVectors(lang, names, np.eye(len(names), dtype="f4"), **more)


def refused(code, *given, **more):
    with pytest.raises(InputError) as raised:
        WordVectors(*given, **more)
    assert raised.value.code == code


@given(words, st.sampled_from(["en", "tr", "el"]))
def test_a_word_is_found_as_written_and_by_any_form_that_folds_alike(names, lang):
    vectors = of(names, lang)
    assert vectors.rows(names).tolist() == list(range(len(names)))
    for name in names:
        found = vectors.row(unicodedata.normalize("NFD", fold(name, lang)))
        assert fold(vectors.words[found], lang) == fold(name, lang)


@given(words, st.sampled_from(["en", "tr"]))
def test_of_words_that_fold_alike_the_folded_one_is_found_else_the_most_frequent(names, lang):
    vectors = of(names, lang)
    for name in names:
        alike = [other for other in names if fold(other, lang) == fold(name, lang)]
        best = fold(name, lang) if fold(name, lang) in alike else alike[0]
        assert vectors.words[vectors.folded_index[fold(name, lang)]] == best


def test_an_unknown_word_is_row_minus_one():
    assert of(["a"]).rows(["b", "", "\ud800", "a"]).tolist() == [-1, -1, -1, 0]
    assert "b" not in of(["a"])
    assert of(["a"]).rows([]).shape == (0,)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4", "i2", "u1"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_A01_the_arrays_lent_are_not_changed_whatever_their_form(dtype, order):
    matrix = np.array([[1, 2, 3], [4, 5, 6]], dtype=dtype, order=order)
    counts = np.array([5, 2])
    before, flags = matrix.copy(), str(matrix.flags)
    vectors = WordVectors("en", ["a", "b"], matrix, counts)
    assert str(matrix.flags) == flags
    assert counts.flags.writeable
    assert np.array_equal(matrix, before)
    assert np.array_equal(vectors.matrix, before)
    assert vectors.matrix.dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        vectors.matrix[0, 0] = 9
    with pytest.raises(ValueError, match="read-only"):
        vectors.counts[0] = 9
    with pytest.raises(FrozenInstanceError):
        vectors.lang = "fr"


def test_A01_a_read_only_array_is_taken_without_a_copy():
    matrix = np.eye(2, dtype="f4")
    matrix.flags.writeable = False
    assert np.shares_memory(WordVectors("en", ["a", "b"], matrix).matrix, matrix)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
def test_N10_a_number_that_is_not_finite_in_float32_is_refused_with_its_word(bad):
    with pytest.raises(InputError, match=r"'b'.*not finite.*vec\.nonfinite"), np.errstate(all="raise"):
        WordVectors("en", ["a", "b"], np.array([[1.0, 0.0], [bad, 1.0]]))


def test_N11_a_zero_row_is_refused_and_tiny_or_huge_ones_are_not():
    for zero in (0.0, 1e-60):
        refused("vec.zero", "en", ["a", "b"], np.array([[1.0, 0.0], [zero, 0.0]]))
    with np.errstate(all="raise"):
        WordVectors("en", ["a", "b"], np.array([[1e-38, 0.0], [1e38, 1e38]], "f4"))


@pytest.mark.parametrize(
    ("code", "given"),
    [
        ("vec.count_mismatch", (["a"], np.eye(2))), ("vec.count_mismatch", (["a", "b"], np.ones(2))),
        ("vec.count_mismatch", (["a", "b"], np.ones((2, 0)))), ("vec.count_mismatch", (["a", "b"], np.ones((2, 2, 2)))),
        ("vec.not_vectors", ([], np.ones((0, 2)))), ("vec.duplicate", (["a", "a"], np.eye(2))),
        ("vec.counts", (["a", "b"], np.eye(2), np.array([1]))), ("vec.counts", (["a", "b"], np.eye(2), np.array([1, -1]))),
        ("vec.counts", (["a", "b"], np.eye(2), np.array([1.5, 1.0]))),
        ("vec.counts", (["a", "b"], np.eye(2), np.array([2**63, 1], dtype="u8"))),
        ("api.bad_vector", (["a", "b"], [[1, 2], [3]])), ("api.bad_vector", (["a", "b"], np.eye(2) * 1j)),
        ("api.bad_vector", (["a", "b"], [["1", "0"], ["0", "1"]])), ("api.bad_type", ("ab", np.eye(2))),
        ("api.bad_type", (["a", None], np.eye(2))), ("api.bad_type", (["a", "b"], np.eye(2), None, "origin")),
    ],
)  # fmt: skip
def test_broken_promises_have_codes(code, given):
    refused(code, "en", *given)


def test_the_language_is_canonical_or_refused():
    assert of(["a"], "PT_br").lang == "pt-BR"
    refused("language.bad_code", "no language", ["a"], np.eye(1))


def test_A01_one_string_is_not_a_list_of_words():
    for wrong in ("abc", None, 3, ["a", None], [["a"]], [b"a"]):
        with pytest.raises(InputError) as raised:
            of(["a", "b", "c"]).rows(wrong)
        assert raised.value.code == "api.bad_text"


def test_head_keeps_the_first_words_with_their_counts():
    vectors = of(["a", "b", "c"], counts=np.array([3, 2, 1]))
    head = vectors.head(2)
    assert head.words == ("a", "b")
    assert head.counts.tolist() == [3, 2]
    assert vectors.head(9) is vectors


@pytest.mark.parametrize("n", [0, -1, True, 1.5, None, "2"])
def test_A02_head_of_what_is_no_number_of_words_is_refused(n):
    with pytest.raises(InputError) as raised:
        of(["a", "b"]).head(n)
    assert raised.value.code == "vec.bad_limit"


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=9))
def test_probabilities_sum_to_one_and_follow_the_counts(counts):
    counts = sorted(counts, reverse=True)
    names = [str(i) for i in range(len(counts))]
    for vectors in (of(names, counts=np.array(counts)), of(names)):
        p = vectors.probabilities()
        assert p.sum() == pytest.approx(1, abs=1e-12)
        assert (p > 0).all()
        assert (np.diff(p) <= 0).all()


def test_without_counts_probabilities_follow_the_rank_by_zipf():
    p = of(["a", "b"]).probabilities()
    assert p[0] / p[1] == pytest.approx(3.7 / 2.7)


def test_equal_content_equal_fingerprint_and_any_change_another():
    matrix, counts = np.array([[1, 2], [3, 4]], "f4"), np.array([2, 1])
    made = [
        WordVectors("en", ["a", "b"], matrix, counts),
        WordVectors("fr", ["a", "b"], matrix, counts),
        WordVectors("en", ["a", "c"], matrix, counts),
        WordVectors("en", ["a", "b"], matrix * 2, counts),
        WordVectors("en", ["a", "b"], matrix, counts + 1),
        WordVectors("en", ["a", "b"], matrix),
    ]
    assert len({vectors.fingerprint for vectors in made}) == len(made)
    again = WordVectors("EN", ("a", "b"), np.asfortranarray(matrix.astype("f8")), counts, {"path": "x"})
    assert again.fingerprint == made[0].fingerprint
    assert len(bytes.fromhex(again.fingerprint)) == hashlib.sha256().digest_size
