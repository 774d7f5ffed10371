"""Laws of the paths and lines of text to train on."""

import gzip
import json
import lzma

import polars as pl
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from align import corpus
from align.corpus import expand_paths, read_lines
from align.errors import InputError


@pytest.fixture
def write(tmp_path):
    def writer(content, name="d.jsonl"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return writer


def jsonl(*rows):
    return "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)


def refused(call, code, line=None):
    with pytest.raises(InputError) as raised:
        call()
    assert raised.value.code == code
    assert len(str(raised.value)) <= 300
    assert str(raised.value).isprintable()
    if line is not None:
        assert raised.value.line == line
    return raised.value


# paths


def test_patterns_give_sorted_files_and_no_hidden_ones(write, tmp_path):
    for name in ("b.txt", "a.txt", "sub/c.txt", ".hidden.txt"):
        write("x", name)
    names = [path.relative_to(tmp_path).as_posix() for path in expand_paths(["sub/*", "*.txt"], tmp_path)]
    assert names == ["a.txt", "b.txt", "sub/c.txt"]


def test_a_literal_name_with_brackets_is_found(write, tmp_path):
    path = write("x", "a[1].txt")
    assert expand_paths(["a[1].txt"], tmp_path) == [path]


def test_absolute_patterns_and_those_that_climb_are_allowed(write, tmp_path):
    path = write("x", "data/a.txt")
    (tmp_path / "conf").mkdir()
    assert expand_paths([str(tmp_path / "data/*.txt")], tmp_path / "conf") == [path]
    assert expand_paths(["../data/*.txt"], tmp_path / "conf")[0].samefile(path)


@pytest.mark.parametrize("pattern", ["none.txt", "*.none", "no/such/*"])
def test_a_pattern_without_a_match_is_refused(tmp_path, pattern):
    refused(lambda: expand_paths([pattern], tmp_path), "corpus.missing")


@pytest.mark.parametrize("patterns", ["a.txt", [""], ["a\0b"], [3]])
def test_what_is_no_pattern_is_refused(tmp_path, patterns):
    refused(lambda: expand_paths(patterns, tmp_path), "corpus.bad_pattern")


# lines


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress, zstandard.compress])
def test_lines_are_the_same_compressed_or_not(write, pack):
    path = write(pack("\ufeffun\r\n\ndeux\u2028trois\n quatre".encode()), "a.txt")
    assert list(read_lines([path])) == ["un", "", "deux\u2028trois", " quatre"]


@given(text=st.text(st.sampled_from("ab é漢🙂\n"), max_size=60), piece=st.integers(4, 9))
@settings(max_examples=150, deadline=None)
def test_C04_pieces_of_a_long_line_join_to_the_line(tmp_path_factory, text, piece):
    path = tmp_path_factory.mktemp("c") / "a.txt"
    path.write_bytes(text.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus, "_PIECE", piece)
        pieces = list(read_lines([path]))
    assert "".join(pieces) == text.replace("\n", "")
    assert all(len(p.encode()) <= 2 * piece for p in pieces)


@pytest.mark.parametrize("bad", [b"caf\xe9\n", b"\xc0\x80\n", b"\xed\xa0\x80\n", "été".encode("utf-16")])
def test_bytes_that_are_not_utf8_are_named_by_offset_and_line(write, bad):
    path = write(b"ok\n" + bad, "a.txt")
    error = refused(lambda: list(read_lines([path])), "corpus.encoding", 2)
    assert "offset" in str(error)


def test_rows_of_every_format_give_the_same_texts(write, tmp_path):
    texts = ["one, two", "", "three\nfour"]
    write(jsonl(*({"t": text} for text in [texts[0], None, texts[2]])), "a.jsonl")
    write(gzip.compress(b't,x\r\n"one, two",1\r\n"",2\r\n"three\nfour",3\r\n'), "a.csv.gz")
    pl.DataFrame({"x": [1, 2, 3], "t": texts}).write_parquet(tmp_path / "a.parquet")
    for name in ("a.jsonl", "a.csv.gz", "a.parquet"):
        assert list(read_lines([tmp_path / name], text_column="t")) == texts


def test_a_missing_text_column_is_refused(write):
    refused(lambda: list(read_lines([write(jsonl({"a": "x"}))])), "corpus.bad_text", 1)
    refused(lambda: list(read_lines([write("a,b\n1,2\n", "a.csv")])), "corpus.no_column")


def test_progress_grows_to_the_total(write):
    plain, packed = write("word " * 600_000 + "\n", "a.txt"), write(gzip.compress(b"x\n" * 99), "b.txt.gz")
    told = []
    list(read_lines([plain, packed], progress=lambda done, total: told.append((done, total))))
    total = plain.stat().st_size + packed.stat().st_size
    assert told == sorted(told)
    assert len(told) > 3
    assert told[-1] == (total, total)


def test_a_single_path_is_refused(write):
    refused(lambda: list(read_lines(str(write("x", "a.txt")))), "corpus.bad_pattern")
