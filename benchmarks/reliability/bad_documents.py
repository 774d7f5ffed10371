"""T01 to T10 of FAULTS: documents."""

import json
from pathlib import Path
from typing import Any

import polars as pl

import align
from benchmarks.reliability import seeds
from benchmarks.reliability.catalogue import Row, given, laid

GOOD = {"id": "a", "lang": "en", "text": "one"}


def read(path: Path, **options: Any) -> tuple[list[Any], Any]:
    """(id, language, text) of the documents, and what was dropped."""
    found = align.read_documents(path, **options)
    return found.frame.select("doc_id", "lang", "text").rows(), found.dropped


def _jsonl(*rows: Any) -> str:
    return "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)


def _second(id: str, row: Any, code: str, *says: str, **options: Any) -> list[Row]:
    """`row` after a good one: it fails the read by its line, and where bad rows are to be skipped it is counted."""
    content = _jsonl(GOOD, row)
    name = "d.jsonl"
    return [
        Row(id, laid(content, name), lambda path: read(path, **options), code, 2, says=says, name=name),
        Row(f"{id}, skipped", laid(content, name), lambda path: read(path, on_bad_row="skip", **options),
            result=[("a", "en", "one")], dropped={code: 1}, name=name),
    ]  # fmt: skip


def _ids() -> list[Row]:
    same = _jsonl(GOOD, GOOD, GOOD | {"lang": "fr"})
    distinct = ["A", "a", "é", "e\u0301", "9"]
    codes = [None, "", "../../etc", "english", 3, "en\n", "е" + "n"]
    rows = [
        Row("T02 the same again", laid(same, "d.jsonl"), read, result=[("a", "en", "one"), ("a", "fr", "one")], dropped={"doc.duplicate": 1}),
        Row("T03 ids that are no twins", laid(_jsonl(*(GOOD | {"id": i} for i in distinct)), "d.jsonl"), read,
            result=[(i, "en", "one") for i in distinct]),
        Row("T04 canonical codes", laid(_jsonl({"id": 1, "lang": "pt_br", "text": "x"}, {"id": 2, "lang": "ZH-hant", "text": "y"}), "d.jsonl"),
            read, result=[("1", "pt-BR", "x"), ("2", "zh-Hant", "y")]),
        *_second("T02 another text", GOOD | {"text": "two"}, "doc.id_conflict"),
        *_second("T04 another language than that of the file", GOOD | {"id": "b", "lang": "fr"}, "doc.bad_lang", lang="en"),
    ]  # fmt: skip
    for value in (None, "", " ", "x" * 1_025, "é" * 513, 1.5, True, [1], "a\0"):
        rows += _second(f"T03 {str(value)[:9]!r}", GOOD | {"id": value}, "doc.bad_id")
    for value in codes:
        rows += _second(f"T04 {value!r}", GOOD | {"id": "b", "lang": value}, "doc.bad_lang")
    return rows


def _json() -> list[Row]:
    rows = []
    for half in (r'"text": "\ud800"', r'"text": "", "m": "\udfff"', r'"text": "", "\ud800": 1'):
        rows += _second(f"T05 {half}", '{"id": "b", "lang": "en", ' + half + "}", "doc.encoding")
    for what in (
        '{"id": "b", "id": "c", "lang": "en", "text": ""}', '{"id": "b", "lang": "en", "text": "", "m": {"a": 1, "a": 2}}',
        '{"id": "b", "lang": "en", "text": "", "m": NaN}', '{"id": "b", "lang": "en", "text": "", "m": 1e999}',
        '{"id": "b", "lang": "en", "text": "", "m": 100000000000000000000000}', '{"id": 9223372036854775808, "lang": "en", "text": ""}',
        '{"id": ' + "9" * 5_000 + "}", '{"id": "b", "lang": "en", "te', '["b"]', "true", '{"id": "b"} {"id": "c"}', '{"id": "b\tc"}',
    ):  # fmt: skip
        rows += _second(f"T06 {what[:60]}", what, "doc.json")
    for depth in (65, 20_000):
        nested = '{"id": "b", "m": ' + "[" * depth + "]" * depth + "}"
        rows += _second(f"T07 {depth} brackets", nested, "doc.json", "brackets within one another")
    rows += _second("T07 quotes without end", "[" * 70 + '"' + '\\"' * 300_000, "doc.json")
    text = '[{\\"' * 1_000
    inside = laid(_jsonl({"id": "b", "lang": "en", "text": text, "m": [[[1]]] * 50}), "d.jsonl")
    rows.append(Row("T07 brackets within a string", inside, read, result=[("b", "en", text)]))
    return rows


def _csv() -> list[Row]:
    def refused(id: str, content: bytes | str, code: str, line: int, **options: Any) -> Row:
        return Row(f"T08 {id}", laid(content, "d.csv"), lambda path: read(path, **options), code, line, name="d.csv")

    head = "id,lang,text\n"
    return [
        refused("too few cells", head + "a,en,x\nb,en\n", "doc.csv", 3),
        refused("too many cells", head + "a,en,x,y\n", "doc.csv", 2),
        refused("a quote without end", head + 'a,en,"x\n', "doc.csv", 2),
        refused("a quote without end, skipped", head + 'a,en,"x\nb,en,y\n', "doc.csv", 2, on_bad_row="skip"),
        refused("text after a quote", head + 'a,en,"x"y\n', "doc.csv", 2),
        refused("a header twice", "id,lang,text,text\na,en,x,y\n", "doc.csv", 1),
        refused("NUL", head + "a,en,x\0\n", "doc.csv", 2),
        refused("nothing", "", "doc.csv", 1),
        refused("semicolons", "id;lang;text\na;en;x\n", "doc.no_column", 1),
        refused("Latin-1", head.encode() + b"a,en,\xff\n", "doc.encoding", 2),
        Row("T08 too few cells, skipped", laid(head + "a,en\nb,en,x\n", "d.csv"), lambda path: read(path, on_bad_row="skip"),
            result=[("b", "en", "x")], dropped={"doc.csv": 1}),
        Row("T08 lines within quotes", laid(head + '"a\n1",en,x\n', "d.csv"), read, result=[("a\n1", "en", "x")]),
    ]  # fmt: skip


def _metadata() -> list[Row]:
    def kept(path: Path) -> tuple[Any, Any]:
        found = align.read_documents(path)
        return [json.loads(metadata) for metadata in found.frame["metadata"]], found.dropped

    odd = {"'; DROP TABLE x --": [1, {"a": None}], "__proto__": True}
    types = [GOOD | {"m": 1}, GOOD | {"id": "b", "m": "one"}]
    rows = [
        Row("T09 odd names", laid(_jsonl(GOOD | odd), "d.jsonl"), kept, result=[odd]),
        Row("T09 another type for an old name", laid(_jsonl(*types), "d.jsonl"), kept, result=[{"m": 1}, {"m": "one"}]),
    ]
    for name in ("ID", "Text", "query", "Rank", "score", "WHY", "doc_id", "", "k" * 2_000):
        rows += _second(f"T09 a column {name[:9]!r}", GOOD | {"id": "b", name: 1}, "doc.metadata")
    rows += _second("T09 columns that case tells apart", GOOD | {"id": "b", "Topic": 1, "topic": 2}, "doc.metadata")
    rows += _second("T09 10,000 columns", GOOD | {"id": "b"} | {f"k{i}": 1 for i in range(10_000)}, "doc.metadata")
    return rows


def _texts() -> list[Row]:
    def pooled(text: str) -> tuple[Any, Any]:
        """Whether a text has a vector in a pooler of two languages."""
        found = align.fit_pooler(seeds.space()[0], {"en": ["en1 en2", "en3"], "fr": ["fr1"]}).pool(["en1", text], "en")
        return found.mask.all(axis=1).tolist(), {}

    rows = [
        Row(f"T01 {text!r}", given(text), pooled, result=[False, True])
        for text in ("", " \n", "qqq zzz", "!?", "\u200b")
    ]
    for value in ("%PDF-1.7 x", "PK\x03\x04", " <!DOCTYPE HTML><p>", "a\0b", "\x01\x02ab", "\ufffd" * 9):
        rows += _second(f"T10 {value[:9]!r}", GOOD | {"id": "b", "text": value}, "doc.binary")
    rows += _second(
        "T10 51 letters of two bytes where 100 bytes are read",
        GOOD | {"id": "b", "text": "é" * 51},
        "doc.too_long",
        max_text_bytes=100,
    )
    rows += _second("T10 a text of 11 MB", GOOD | {"id": "b", "text": "x" * 11_000_000}, "doc.too_long")
    for name in ("d.jsonl", "d.csv"):
        for head in (b"%PDF-1.4\n\xe2", b"PK\x03\x04\0\0", b"<html>\n"):
            deed = laid(head, name)
            rows.append(
                Row(
                    f"T10 {head[:5]!r} named {name}",
                    deed,
                    lambda path: read(path, on_bad_row="skip"),
                    "doc.binary",
                    1,
                    name=name,
                )
            )
    million = "x " * 1_000_000
    rows += [
        Row(
            "T10 a million tokens",
            laid(_jsonl(GOOD | {"text": million}), "d.jsonl"),
            read,
            result=[("a", "en", million)],
        ),
        Row("T10 what is no parquet", laid(b"PAR1 but no more", "d.parquet"), read, "doc.parquet", 1, name="d.parquet"),
        Row("T06 nan in parquet", _nan_parquet, read, "doc.metadata", 1, name="d.parquet"),
    ]
    return rows


def _nan_parquet(folder: Path) -> Path:
    pl.DataFrame([GOOD | {"m": float("nan")}]).write_parquet(folder / "d.parquet")
    return folder / "d.parquet"


def rows() -> list[Row]:
    """All of them."""
    return [*_ids(), *_json(), *_csv(), *_metadata(), *_texts()]
