"""Laws of documents and of the rows they are read from."""

import gzip
import json
import lzma
import string

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from align import documents
from align.documents import read_documents
from align.errors import InputError

GOOD = {"id": "a", "lang": "en", "text": "one"}

names = st.text(string.ascii_lowercase, min_size=5, max_size=8).filter(lambda name: name not in documents.RESERVED)
plain = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"], exclude_characters="\ufffd"),
    max_size=20,
)


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


def bad_row(write, row, code, **more):
    path = write(jsonl(GOOD, row))
    refused(lambda: read_documents(path, **more), code, 2)
    skipped = read_documents(path, on_bad_row="skip", **more)
    assert skipped.frame["doc_id"].to_list() == ["a"]
    assert skipped.dropped == {code: 1}


@given(st.lists(st.tuples(plain, st.dictionaries(names, plain | st.none() | st.integers(-9, 9))), max_size=8))
@settings(max_examples=60, deadline=None)
def test_what_was_written_is_read(tmp_path_factory, items):
    path = tmp_path_factory.mktemp("d") / "d.jsonl"
    rows = [{"id": n, "lang": "FR", "text": text} | more for n, (text, more) in enumerate(items)]
    path.write_text(jsonl(*rows), encoding="utf-8")
    frame = read_documents(path).frame
    assert frame["doc_id"].to_list() == [str(n) for n in range(len(items))]
    assert frame["text"].to_list() == [text for text, _ in items]
    assert [json.loads(m) for m in frame["metadata"]] == [more for _, more in items]
    assert set(frame["lang"]) <= {"fr"}


def test_every_format_gives_the_same_documents(write, tmp_path):
    rows = [
        {"id": "b", "title": None, "text": "x, y", "Topic": "t"},
        {"id": "a", "title": "T", "text": "", "Topic": None},
    ]
    write(jsonl(*rows))
    write(lzma.compress(b'\xef\xbb\xbfid,title,text,Topic\r\nb,,"x, y",t\r\na,T,,\r\n'), "d.csv.xz")
    pl.DataFrame(rows).write_parquet(tmp_path / "d.parquet")
    write(gzip.compress((tmp_path / "d.parquet").read_bytes()), "d.parquet.gz")
    for name in ("d.jsonl", "d.csv.xz", "d.parquet", "d.parquet.gz"):
        read = read_documents(tmp_path / name, lang="en")
        assert read.frame.schema == dict.fromkeys(("doc_id", "lang", "title", "text", "metadata"), pl.String)
        assert read.frame.rows() == [
            ("b", "en", None, "x, y", '{"Topic": "t"}'),
            ("a", "en", "T", "", '{"Topic": null}'),
        ]
        assert read.dropped == {}


def test_other_column_names_and_no_metadata(write):
    path = write(jsonl({"url": 7, "body": "x", "lang": "en"}))
    assert read_documents(path, id_column="url", text_column="body").frame.rows() == [("7", "en", None, "x", "{}")]


def test_T03_ids_are_compared_bytewise(write):
    ids = ["A", "a", "é", "e\u0301", 9, -(2**63)]
    path = write(jsonl(*(GOOD | {"id": i} for i in ids)))
    assert read_documents(path).frame["doc_id"].to_list() == [str(i) for i in ids]


def test_T04_languages_are_canonical_and_agree_with_the_given_one(write):
    path = write(jsonl({"id": 1, "lang": "pt_br", "text": "x"}, {"id": 2, "text": "y"}))
    assert read_documents(path, lang="pt-BR").frame["lang"].to_list() == ["pt-BR", "pt-BR"]
    bad_row(write, GOOD | {"id": "b", "lang": "fr"}, "doc.bad_lang", lang="en")


def test_T06_blank_lines_are_no_rows(write):
    assert len(read_documents(write("\n" + jsonl(GOOD) + "  \n"))) == 1


def test_T10_length_is_capped_by_text_and_by_line(write, monkeypatch):
    bad_row(write, GOOD | {"id": "b", "text": "é" * 51}, "doc.too_long", max_text_bytes=100)
    monkeypatch.setattr(documents, "_BESIDE_TEXT", 1_000)
    path = write(jsonl(GOOD, GOOD | {"id": "b", "m": "x" * 9_000}, GOOD | {"id": "c"}))
    read = read_documents(path, max_text_bytes=100, on_bad_row="skip")
    assert read.frame["doc_id"].to_list() == ["a", "c"]
    assert read.dropped == {"doc.too_long": 1}


@pytest.mark.parametrize(("field", "code"), [("text", "doc.bad_text"), ("title", "doc.bad_title")])
def test_text_and_title_are_strings(write, field, code):
    bad_row(write, GOOD | {"id": "b", field: 3}, code)


def test_parquet_that_is_none_or_holds_what_json_cannot(write, tmp_path):
    refused(lambda: read_documents(write(b"PAR1 but no more", "d.parquet")), "doc.parquet")
    frame = pl.DataFrame([GOOD | {"m": 1.5}, GOOD | {"id": "b", "m": float("nan")}])
    frame.write_parquet(tmp_path / "e.parquet")
    refused(lambda: read_documents(tmp_path / "e.parquet"), "doc.metadata", 2)


def test_a_folder_named_like_a_column_adds_none(tmp_path):
    (tmp_path / "topic=x").mkdir()
    pl.DataFrame([GOOD]).write_parquet(tmp_path / "topic=x" / "[a].parquet")
    assert read_documents(tmp_path / "topic=x" / "[a].parquet").frame["metadata"].to_list() == ["{}"]


def test_all_problems_are_counted_and_twenty_named(write):
    error = refused(lambda: read_documents(write(jsonl(*["x"] * 30))), "doc.json", 1)
    assert "30 problems" in str(error)
    assert len(error.__notes__) == 19


def test_unknown_names_and_choices_are_refused(write):
    refused(lambda: read_documents(write("x", "d.txt")), "doc.format")
    refused(lambda: read_documents(write(jsonl(GOOD)), on_bad_row="ignore"), "doc.on_bad_row")
    refused(lambda: read_documents(write(jsonl(GOOD)), lang="../x"), "language.bad_code")


def test_a_damaged_archive_gives_no_documents(write):
    path = write(gzip.compress(jsonl(GOOD).encode())[:-5], "d.jsonl.gz")
    refused(lambda: read_documents(path, on_bad_row="skip"), "file.compressed_corrupt")
