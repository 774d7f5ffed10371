"""Laws of reading word vectors as text. Names carry the row of FAULTS they prove."""

import io

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from align import vector_text
from align.vector_files import read_vectors, write_vectors
from align.vector_rows import Rows

GOOD = b"2 2\na 1 2\nb 3 4\n"
relaxed = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=150)


@pytest.mark.parametrize("rows", [1, 3])
def test_V01_V02_a_header_that_miscounts_fails(refused, rows):
    error = refused(GOOD.replace(b"2 2", b"%d 2" % rows))
    assert error.code == "vec.count_mismatch"
    assert f"header {rows} rows, found 2" in str(error)


@pytest.mark.parametrize(
    "row", ["b 3", "b 3 4 5", "b  3 4", "b 3  4", "", "b\t3\t4", "b 3 4\r", "b 1_5 4", "b 0x1p3 4", "b 1,5 4", "b ١٢ 4", "b . 4",
            "b x 4", "b 3 \t4", "b 1e 4", "b −3 4"]
)  # fmt: skip
def test_V03_V11_a_malformed_row_is_named_by_its_line(refused, row):
    error = refused(f"3 2\na 1 2\n{row}\r\nc 5 6\n" if row.endswith("\r") else f"3 2\na 1 2\n{row}\nc 5 6\n")
    assert (error.code, error.line) == ("vec.bad_row", 3)


def test_V03_a_wrong_width_tells_both_widths(refused):
    assert "expected 2 numbers, found 1" in str(refused("a 1 2\nb 3\n"))


def test_V04_a_token_may_hold_blanks(read):
    assert read("3 2\n. . . 1 2\nra để 3 4\nc 5 6\n").words == (". . .", "ra để", "c")


def test_V04_a_token_that_ends_in_a_number_is_ambiguous(refused):
    assert refused("2 2\nfigure 5 1 2\nb 3 4\n").code == "vec.bad_row"


@pytest.mark.parametrize(
    "token", ["a\u00a0b", "\u0085a", "a\u2028b", "1\u2009000", "a\tb", '"', "'", "#", "\x1b[31m", "\u202ea", "́"]
)
def test_V05_V21_odd_characters_stay_in_the_token(read, token):
    assert read(f"2 2\n{token} 1 2\nb 3 4\n").words == (token, "b")


@pytest.mark.parametrize("token", ["", "  ", "\t", "\x0b"])
def test_V06_an_empty_token_fails(refused, token):
    error = refused(f"2 2\na 1 2\n{token} 3 4\n")
    assert (error.code, error.line) == ("vec.empty_token", 3)


def test_V06_a_word_of_unicode_white_space_is_left_out(read):
    found = read("2 2\n\u00a0 1 2\nb 3 4\n")
    assert (found.words, found.dropped) == (("b",), {"vec.empty_token": 1})


def test_V07_of_duplicates_the_first_is_kept(read):
    found = read("4 2\na 1 2\nb 3 4\na 5 6\na 7 8\n")
    assert found.matrix.tolist() == [[1, 2], [3, 4]]
    assert found.dropped == {"vec.duplicate": 2}


def test_V08_of_nfc_twins_the_first_is_kept_and_case_is_no_twin(read):
    found = read("3 2\ne\u0301 1 2\né 3 4\nÉ 5 6\n")
    assert (found.words, found.dropped) == (("e\u0301", "É"), {"vec.norm_collision": 1})


@pytest.mark.parametrize("number", ["nan", "-NaN", "inf", "-inf", "Infinity", "1e400", "-4e38"])
def test_V09_numbers_that_are_not_finite_fail(refused, number):
    error = refused(f"2 2\na 1 2\nb {number} 4\n")
    assert (error.code, error.line) == ("vec.nonfinite", 3)


@pytest.mark.parametrize(
    ("number", "code"), [("0", "vec.zero"), ("-0.0", "vec.zero"), ("1e-25", "vec.zero"), ("1e20", "vec.huge")]
)
def test_V10_rows_whose_length_float32_cannot_hold_are_left_out(read, number, code):
    found = read(f"2 2\na {number} {number}\nb 3 4\n")
    assert (found.words, found.dropped) == (("b",), {code: 1})


def test_V11_every_ascii_decimal_is_a_number(read):
    found = read("a +1 .5 1. -2e-1 1E+1\n")
    assert found.matrix.tolist() == [[1, 0.5, 1, np.float32(-0.2), 10]]


def test_V12_a_numeric_first_word_is_a_word(read):
    assert read("5 0.1 0.2\nb 1 2\n").words == ("5", "b")


def test_V12_what_could_be_header_or_row_must_be_said(read, refused):
    content = "2 1\na 1\nb 2\n"
    assert refused(content).code == "vec.bad_header"
    assert read(content, format="word2vec").words == ("a", "b")
    assert read(content, format="glove").words == ("2", "a", "b")


@pytest.mark.parametrize("header", ["0 2", "-1 2", "2 0", "999999999999 300", "2.0 2", "2 2 2", "9" * 5000 + " 2"])
def test_V13_a_bad_header_fails(refused, header):
    assert refused(f"{header}\na 1 2 3 4\nb 3 4 5 6\n").code == "vec.bad_header"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\n \n",
        "<!DOCTYPE html>\n<html>\n<body>Not Found</body>\n",
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
    ],
)
def test_V14_what_is_not_vectors_is_quoted(refused, content):
    error = refused(content)
    assert error.code == "vec.not_vectors"
    assert content[:9].strip() in str(error)


def test_V15_a_byte_order_mark_is_noted(read):
    found = read(b"\xef\xbb\xbfa 1 2\n")
    assert (found.words, found.origin["bom"]) == (("a",), True)


@pytest.mark.parametrize("token", [b"caf\xe9", b"\xc0\xaf", b"\xed\xa0\xbd\xed\xb8\x80", b"\xff"])
def test_V15_bytes_that_are_not_utf8_fail_at_their_offset(refused, token):
    error = refused(b"2 2\na 1 2\n" + token + b" 3 4\n")
    assert (error.code, error.line) == ("vec.encoding", 3)
    assert f"byte offset {10 + (3 if token.startswith(b'c') else 0)} " in str(error)


def test_V15_utf16_fails(refused):
    assert refused("2 2\na 1 2\n".encode("utf-16")).code == "vec.encoding"


@pytest.mark.parametrize("content", [GOOD.replace(b"\n", b"\r"), b"2 2\na 1 2\rb 3 4\n"])
def test_V16_lines_that_end_in_cr_only_fail(refused, content):
    assert refused(content).code == "vec.bad_row"


@pytest.mark.parametrize("token", ["a\0b", "x" * 1025, "x" * (1 << 20)], ids=["nul", "long", "1MB"])
def test_V21_nul_and_overlong_tokens_fail(refused, token):
    error = refused(f"2 2\na 1 2\n{token} 3 4\n")
    assert (error.code, error.line) == ("vec.bad_token", 3)


def test_V21_messages_escape_what_they_quote(refused):
    assert refused("2 2\na 1 2\n\x1b[31m\u202e nan 4\n").args[0].isprintable()


def test_up_to_20_problems_are_told_at_once(refused):
    error = refused("30 2\na 1 2\nb 1\nc nan 2\n" + "x 1\n" * 27)
    assert "(the first of 20 or more problems)" in str(error)
    assert (error.line, len(error.__notes__)) == (3, 19)
    assert error.__notes__[0].startswith("line 4: ")


def test_skipped_rows_are_counted_by_code(read):
    found = read(b"6 2\na 1 2\nb 3\n 1 2\nc nan 3\n\xff 1 2\nd 5 6\n", on_bad_row="skip")
    assert found.words == ("a", "d")
    assert found.dropped == {"vec.bad_row": 1, "vec.empty_token": 1, "vec.nonfinite": 1, "vec.encoding": 1}


@pytest.mark.parametrize("block", [1, 7, 1000])
@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_the_limit_holds_wherever_blocks_end(read, monkeypatch, block, limit):
    monkeypatch.setattr(vector_text, "BLOCK", block)
    content = "word 1 2\nb\nc 5 6\n\n\n"
    found = read(content, limit=limit, on_bad_row="skip", format="glove")
    assert found.words == ("word", "c")[: 1 + (limit > 2)]
    assert found.dropped == ({"vec.bad_row": 1} if limit > 1 else {})


@pytest.mark.parametrize("block", [1, 7, 1000])
def test_the_limit_counts_blank_lines_between_rows(read, monkeypatch, block):
    monkeypatch.setattr(vector_text, "BLOCK", block)
    found = read("a 1 2\n\n\n\nb 3 4\nc 5 6\n", limit=2, on_bad_row="skip")
    assert (found.words, found.dropped) == (("a",), {"vec.bad_row": 1})


@pytest.mark.parametrize("block", [1, 7, 1000])
def test_V03_blank_lines_are_named_wherever_blocks_end(refused, monkeypatch, block):
    monkeypatch.setattr(vector_text, "BLOCK", block)
    error = refused("a 1 2\n\n\nb 3 4\n\n")
    assert (error.line, error.__notes__) == (2, ["line 3: a blank line; remove it [vec.bad_row]"])


token = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters=" \n\r\0"), min_size=1, max_size=5)
number = st.floats(width=32, allow_nan=False, allow_infinity=False).map(lambda x: repr(float(np.float32(x))))
line = st.builds(lambda word, numbers: " ".join([word, *numbers]), token, st.lists(number, min_size=3, max_size=3))
noise = st.text('ab 01.e+-_x\t\r\n\u00a0\u0085,#"é\0nif\ufeff', max_size=8)


def both_paths(monkeypatch, content, layout, skip=True):
    results = []
    for fast in (True, False):
        with monkeypatch.context() as patch:
            if not fast:
                patch.setattr(vector_text, "_parse_block", lambda block, layout: None)
            patch.setattr(vector_text, "_SMALL", 40)
            patch.setattr(vector_text, "BLOCK", 100)
            rows = Rows("x", skip=skip)
            vector_text.read_text(io.BytesIO(content), rows, layout, lambda: None)
            results.append((rows.words, rows.matrix.tobytes(), rows.examined, dict(rows.dropped)))
    return results


@relaxed
@given(st.lists(line, min_size=1, max_size=12), st.sampled_from(["\n", "\r\n", " \n"]))
def test_the_fast_path_reads_good_rows_as_the_careful_path_does(monkeypatch, lines, end):
    layout = vector_text.Layout(None, 3, b" ", end == " \n", False, 0, 1)
    fast, careful = both_paths(monkeypatch, "".join(text + end for text in lines).encode(), layout)
    assert fast == careful


@relaxed
@given(st.lists(st.one_of(line, line, st.tuples(line, noise, st.integers(0, 30)).map(lambda t: t[0][: t[2]] + t[1] + t[0][t[2] :])), max_size=12),
       st.booleans(), st.sampled_from([b" ", b"\t"]))  # fmt: skip
def test_the_fast_path_takes_nothing_that_the_careful_path_refuses(monkeypatch, lines, trailing, separator):
    content = "".join(text + (" \n" if trailing else "\n") for text in lines).encode()
    if separator == b"\t":
        content = content.replace(b"\t", b"\x01").replace(b" ", b"\t").replace(b"\x01", b" ")
    fast, careful = both_paths(monkeypatch, content, vector_text.Layout(None, 3, separator, trailing, False, 0, 1))
    assert fast == careful


def test_good_rows_never_need_the_careful_path(tmp_path, vectors, monkeypatch):
    monkeypatch.delattr(vector_text, "_read_lines")
    write_vectors(vectors(500, 20), tmp_path / "x.vec")
    assert len(read_vectors(tmp_path / "x.vec", lang="fr")) == 500
