"""Laws of rows; those of single faults are told by documents and lines, which raise them."""

import gzip
import io
from pathlib import Path

import polars as pl
import pytest

from align.errors import InputError
from align.rows import Problems, RowError, has_rows, numbered_lines, read_rows


def test_every_format_gives_the_same_rows(tmp_path):
    rows = [{"a": "x, y", "b": None}, {"a": None, "b": "é"}]
    (tmp_path / "r.jsonl").write_text('{"a": "x, y", "b": null}\n{"a": null, "b": "é"}\n', encoding="utf-8")
    (tmp_path / "r.csv.gz").write_bytes(gzip.compress('a,b\n"x, y",\n,é\n'.encode()))
    pl.DataFrame(rows).write_parquet(tmp_path / "r.parquet")
    for name in ("r.jsonl", "r.csv.gz", "r.parquet"):
        assert [row for _, row in read_rows(tmp_path / name, ("a", "b"), 100)] == rows


@pytest.mark.parametrize("text", ['a\n"x\ny\n', "a\n\0\n", "b\nx\n", "a,a\n", "%PDF-1.4\n", "a\n" + "x" * 101])
def test_a_fault_that_loses_the_rows_after_it_is_fatal_and_last(tmp_path, text):
    (tmp_path / "r.csv").write_text(text)
    (_, problem) = list(read_rows(tmp_path / "r.csv", ("a",), 100))[-1]
    assert isinstance(problem, RowError)
    assert problem.fatal


def test_a_long_line_is_left_out_but_numbered():
    lines = list(numbered_lines(io.BytesIO(b"\xef\xbb\xbfa\n" + b"x" * 3_000_000 + b"\nb"), 10))
    assert lines == [(1, b"a\n"), (2, None), (3, b"b")]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.jsonl", True), ("A.CSV.GZ", True), ("a.parquet.zst", True), ("a.txt", False), ("a.csv.txt", False)],
)
def test_the_name_says_whether_a_file_has_rows(name, expected):
    assert has_rows(Path(name)) is expected


def test_no_problem_raises_nothing_and_the_first_is_raised():
    problems = Problems("f.csv")
    problems.raise_any()
    problems.add("doc.csv", "one", 3)
    problems.add("doc.json", "two", 4)
    with pytest.raises(InputError, match="2 problems") as raised:
        problems.raise_any()
    assert (raised.value.code, raised.value.line) == ("doc.csv", 3)
    assert raised.value.__notes__ == ["line 4: two [doc.json]"]
