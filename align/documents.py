"""Documents with their metadata, from files of rows."""

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Literal

import polars as pl

from align.errors import InputError, printable
from align.language import canonical_language
from align.rows import Names, Problems, Row, RowError, check_string, checked_text, has_rows, read_rows, shown

MAX_KEYS = 200
MAX_ID_BYTES = 1_024
MAX_TEXT_BYTES = 10_000_000
_PASSAGE = ("passage", "passage_start", "passage_stop")
RESERVED = frozenset({"query", "rank", "score", "probability", "lang", "doc_id", "title", *_PASSAGE, "why"})  # in hits
_BESIDE_TEXT = 1 << 20  # bytes of a row that are not its text


@dataclass(frozen=True, eq=False)
class Documents:
    """Documents of one file, in its order.

    `frame`: columns doc_id, lang, title (may be null), text, metadata (a JSON object, keys sorted), all
    String, unique per (lang, doc_id). `dropped`: rows left out, by code.
    """

    frame: pl.DataFrame
    dropped: Mapping[str, int]
    path: Path

    def __len__(self) -> int:
        return self.frame.height


def read_documents(
    path: str | Path,
    *,
    lang: str | None = None,
    id_column: str = "id",
    text_column: str = "text",
    on_bad_row: Literal["fail", "skip"] = "fail",
    max_text_bytes: int = MAX_TEXT_BYTES,
) -> Documents:
    """The documents of a .jsonl, .csv or .parquet file, compressed or not.

    Columns: id, lang (unless `lang` is given), text, optional title; all others become metadata, as strings
    where the file is CSV. A null or empty text is a document with text "". A row that repeats an earlier one
    is left out and counted as `doc.duplicate`. `on_bad_row`: "skip" leaves bad rows out and counts them;
    "fail" reads to the end and raises for the first of them. Faults that leave no row readable always raise:
    a broken CSV quote, a bad header. Raises InputError `doc.format`, `doc.json`, `doc.csv`, `doc.parquet`,
    `doc.encoding`, `doc.binary`, `doc.no_column`, `doc.bad_id`, `doc.bad_lang`, `doc.bad_text`,
    `doc.bad_title`, `doc.metadata`, `doc.too_long`, `doc.id_conflict`, `doc.on_bad_row`, `language.bad_code`
    for `lang`, and `file.*`.

    >>> read_documents("fr.jsonl.gz", lang="fr").frame.columns  # doctest: +SKIP
    ['doc_id', 'lang', 'title', 'text', 'metadata']
    """
    path = Path(path)
    if on_bad_row not in ("fail", "skip"):
        raise InputError("doc.on_bad_row", f"on_bad_row is {shown(on_bad_row)}; give 'fail' or 'skip'")
    if not has_rows(path):
        what = "not .jsonl, .csv or .parquet; documents are read from these"
        raise InputError("doc.format", what, path=path)
    given = None if lang is None else canonical_language(lang)
    check_names = partial(_check_names, own=(id_column, text_column, "lang", "title"))
    longest = 6 * max_text_bytes + _BESIDE_TEXT  # JSON may write one byte of text in six, as \u0041
    problems, dropped = Problems(path), Counter[str]()
    kept: dict[tuple[str, str], tuple[str | None, str, str]] = {}
    for line, row in read_rows(path, (id_column, text_column), longest, check_names):
        try:
            if isinstance(row, RowError):
                raise row
            key = _language(row.pop("lang", None), given), _doc_id(row.pop(id_column, None))
            title = _title(row.pop("title", None), max_text_bytes)
            text = checked_text(row.pop(text_column, ...), text_column, max_text_bytes)
            content = title, text, _metadata(row, max_text_bytes)
            if key not in kept:
                kept[key] = content
            elif kept[key] == content:
                dropped["doc.duplicate"] += 1
            else:
                what = f"id {shown(key[1])} occurs twice in {key[0]} with different content"
                raise RowError("id_conflict", f"{what}; give each its own")
        except RowError as problem:
            if problem.fatal or on_bad_row == "fail":
                problems.add(f"doc.{problem.kind}", problem, line)
            else:
                dropped[f"doc.{problem.kind}"] += 1
    problems.raise_any()
    columns = dict.fromkeys(("doc_id", "lang", "title", "text", "metadata"), pl.String)
    table = [(doc_id, code, *content) for (code, doc_id), content in kept.items()]
    return Documents(pl.DataFrame(table, schema=columns, orient="row"), dict(dropped), path)


def _check_names(names: Iterable[str], own: Names) -> None:
    """Names of metadata become columns of search results, where case does not tell columns apart."""
    metadata = [name for name in names if name not in own]
    if len(metadata) > MAX_KEYS:
        raise RowError("metadata", f"{len(metadata):,} metadata columns; at most {MAX_KEYS} are kept")
    seen = {name.casefold(): name for name in own}
    for name in metadata:
        check_string(name, "a column name", MAX_ID_BYTES, "metadata")
        key = unicodedata.normalize("NFC", name).casefold()
        if key in seen:
            what = f"{shown(name)} and {shown(seen[key])} differ only in case; rename one"
            raise RowError("metadata", what)
        if key in RESERVED or not key.strip():
            what = f"a column must not be called {shown(name)}, which search results use; rename it"
            raise RowError("metadata", what)
        seen[key] = name


def _language(value: Any, given: str | None) -> str:
    if value is None and given is not None:
        return given
    try:
        own = canonical_language(value)
    except InputError:
        what = "no lang" if value is None else f"{shown(value)} is not a language code"
        advice = "write one such as en or pt-BR, or give lang= for the file"
        raise RowError("bad_lang", f"{what}; {advice}") from None
    if given is not None and own != given:
        raise RowError("bad_lang", f"lang {own} in a file that is given as {given}; drop one of them")
    return own


def _doc_id(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise RowError("bad_id", f"the id is {shown(value)}; a string that is not blank is needed")
    check_string(value, "the id", MAX_ID_BYTES, "bad_id")
    return value


def _title(value: Any, max_bytes: int) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise RowError("bad_title", f"the title is {shown(value)}; a string or null is needed")
    check_string(value, "the title", max_bytes)
    return value


def _metadata(row: Row, max_bytes: int) -> str:
    try:
        made = json.dumps(row, ensure_ascii=False, allow_nan=False, sort_keys=True, default=_simple)
    except (TypeError, ValueError) as error:
        what = f"{printable(error, 100)}; strings, finite numbers, lists and objects are kept"
        raise RowError("metadata", what) from None
    check_string(made, "the metadata", max_bytes)
    return made


def _simple(value: object) -> str:
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"a value of type {type(value).__name__}")
