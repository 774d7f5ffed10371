"""Laws of what the intrinsic tests share."""

import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from align.errors import AlignError, AlignmentError
from align.intrinsic import check_sides, checked_words, list_rows, paired_cosines, same_language
from align.rows import RowError
from align.vectors import WordVectors


def upper(text):
    if "!" in text:
        raise RowError("loud", f"{text} is loud")
    return None if text == "skip" else text.upper()


def test_lines_are_read_plain_or_compressed_with_any_ending_without_comments(tmp_path):
    content = "\ufeffa\r\n\n# no\n#\tyes\n \t \nskip\né".encode()
    for name, data in (("x", content), ("x.gz", gzip.compress(content))):
        (tmp_path / name).write_bytes(data)
        assert list_rows(tmp_path / name, "loudness", upper) == ["A", "#\tYES", "É"]


def test_all_faults_are_one_error_that_names_their_lines(tmp_path):
    (tmp_path / "x").write_bytes(b"a\nb!\n\xff\n" + b"c" * (1 << 21) + b"\nd!")
    with pytest.raises(AlignError) as raised:
        list_rows(tmp_path / "x", "loudness", upper)
    assert (raised.value.code, raised.value.line) == ("loudness.loud", 2)
    assert "4 problems" in str(raised.value)
    assert [note.split("[")[1] for note in raised.value.__notes__] == [
        "loudness.encoding]", "loudness.bad_row]", "loudness.loud]",
    ]  # fmt: skip


@given(st.integers(0, 2**32 - 1), st.floats(1e-3, 1e3))
def test_cosines_are_those_of_a_loop_whatever_the_lengths(seed, scale):
    X, Y = np.random.default_rng(seed).standard_normal((2, 6, 3)).astype("f4")
    plain = [float(x @ y) / float(np.linalg.norm(x) * np.linalg.norm(y)) for x, y in zip(X, Y, strict=True)]
    assert np.allclose(paired_cosines((X * scale).astype("f4"), Y), plain, atol=1e-5)


def test_words_come_in_nfc_and_in_the_right_number():
    assert checked_words(["e\u0301", "b"], 2) == ("é", "b")
    for wrong in (["a"], ["a", ""], ["a", " b"], "ab", None, ["a", None], ["a", "b\u200b"]):
        with pytest.raises(RowError):
            checked_words(wrong, 2)


def test_vectors_must_be_of_the_languages_of_the_list_and_of_one_space():
    en, fr, wide = (WordVectors(lang, ["a"], np.ones((1, n))) for lang, n in (("en-GB", 2), ("fr", 2), ("fr", 3)))
    check_sides(en, fr, "en", "fr")
    assert same_language("zh-Hant", "zh")
    for sides, code in (((fr, en), "dict.language"), ((en, en), "dict.language"), ((en, wide), "align.dim_mismatch")):
        with pytest.raises(AlignmentError) as raised:
            check_sides(*sides, "en", "fr")
        assert raised.value.code == code
