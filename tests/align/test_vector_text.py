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


def test_V15_a_byte_order_mark_is_noted(read):
    found = read(b"\xef\xbb\xbfa 1 2\n")
    assert (found.words, found.origin["bom"]) == (("a",), True)


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
