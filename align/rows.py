"""Rows of .jsonl, .csv and .parquet files, each with its line, and what is wrong with unusable ones.

Each format has one parser, a stream of (line, row or RowError), so that what is refused in one place is
refused in all. The codes of faults get their prefix, `corpus.`, `doc.` or `dict.`, from who reads.
"""

import csv
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
from pyarrow.parquet import ParquetFile

from align.compressed import expansion, open_bytes, plain_file
from align.errors import AlignError, InputError, ResourceError, printable

COMPRESSED = frozenset({".gz", ".xz", ".zst"})
MAX_DEPTH = 64  # brackets within brackets in JSON; parsers recurse, and some crash
_PROBLEMS = 20
_PARQUET_ROWS = 32  # decoded at a time, so that rows of the longest text fit in memory
_CELL = 8  # bytes of a number
_STRING = re.compile(r'"(?>[^"\\]++|\\.)*+"?', re.DOTALL)  # possessive: linear even where a quote is missing
_FOREIGN = re.compile(r"\s*(<!doctype html|<html[\s>]|%PDF-|PK\x03\x04|\x89PNG|\x7fELF)", re.IGNORECASE)
_CONTROL = re.compile("[\0-\x08\x0e-\x1f\x7f\ufffd]")


class RowError(Exception):
    """A row that cannot be used. `fatal` where the rows after it are lost with it."""

    def __init__(self, kind: str, message: str, *, fatal: bool = False) -> None:
        super().__init__(message)
        self.kind, self.fatal = kind, fatal


Row = dict[str, Any]
Rows = Iterator[tuple[int, Row | RowError]]  # line from 1, and the row or what is wrong with it
Names = tuple[str, ...]
CheckNames = Callable[[Iterable[str]], None] | None


class Problems:
    """The bad rows of one file: how many, and the first 20 of them, to be raised as one error."""

    def __init__(self, path: str | Path) -> None:
        self.path, self.total = path, 0
        self._first: list[tuple[str, str, int]] = []

    def add(self, code: str, message: object, line: int) -> None:
        self.total += 1
        if len(self._first) < _PROBLEMS:
            self._first.append((code, printable(message, 190), line))

    def raise_any(self) -> None:
        """Raise InputError for the first problem, with the total; the next 19 are its `__notes__`."""
        if not self.total:
            return
        (code, message, line), *others = self._first
        more = f" ({self.total:,} problems in all)" if others else ""
        error = InputError(code, message + more, path=self.path, line=line)
        for other_code, other, other_line in others:
            error.add_note(f"line {other_line}: {other} [{other_code}]")
        raise error


def has_rows(path: Path) -> bool:
    """Whether the name says so: .jsonl, .csv or .parquet, perhaps with .gz, .xz or .zst after it."""
    return _suffix(path) in _PARSERS


def read_rows(path: Path, needed: Names, longest: int, check_names: CheckNames = None) -> Rows:
    """The rows of a file, compressed or not, where `has_rows(path)`.

    A column of `needed` must stand in the header of CSV and parquet. `check_names` may raise RowError for the
    names of a header or of a JSON object; without it no column but `needed` is asked for. Lines beyond
    `longest` bytes are bad rows. Yields RowErrors `json`, `csv`, `parquet`, `encoding`, `binary`, `too_long`,
    `no_column`; raises InputError `file.*`.
    """
    return _PARSERS[_suffix(path)](path, needed, longest, check_names)


def numbered_lines(reader: BinaryIO, longest: int) -> Iterator[tuple[int, bytes | None]]:
    """(number from 1, line with its ending), no byte order mark; None for a line beyond `longest` bytes."""
    number = 0
    while raw := reader.readline(longest + 1):
        number += 1
        if number == 1:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        fits = len(raw) <= longest
        yield number, raw if fits else None
        while not fits and raw and not raw.endswith(b"\n"):
            raw = reader.readline(1 << 20)


def checked_text(value: object, column: str, max_bytes: int) -> str:
    """The cell of a text column; "" for null, `...` where it is not there. RowError for what is no text."""
    if value is None:
        return ""
    if not isinstance(value, str):
        what = "not there" if value is ... else type(value).__name__
        raise RowError("bad_text", f"{shown(column)} is {what}; name a column that holds strings")
    check_string(value, "the text", max_bytes)
    head = value[:4096]
    if "\0" in value or len(_CONTROL.findall(head)) * 20 > len(head):
        raise RowError("binary", "control characters, as in a file that is not text; extract the text first")
    _refuse_foreign(head)
    return value


def check_string(value: str, what: str, max_bytes: int, kind: str = "too_long") -> None:
    """Refuse lone surrogates, which no UTF-8 holds, and more than `max_bytes` of UTF-8."""
    try:
        size = len(value.encode("utf-8"))
    except UnicodeEncodeError as error:
        where = f"at character {error.start + 1:,}"
        raise RowError("encoding", f"{what} holds no valid text {where}; convert it to UTF-8") from None
    if size > max_bytes:
        raise RowError(kind, f"{what} has {size:,} bytes; at most {max_bytes:,} are kept, so shorten it")


def shown(value: object) -> str:
    return printable(repr(value))


def _suffix(path: Path) -> str:
    return (path.with_suffix("") if path.suffix.lower() in COMPRESSED else path).suffix.lower()


def _json_rows(path: Path, needed: Names, longest: int, check_names: CheckNames) -> Rows:
    with open_bytes(path) as reader:
        for line, raw in numbered_lines(reader, longest):
            try:
                if raw is None:
                    what = f"a line of more than {longest:,} bytes; one document a line is needed"
                    raise RowError("too_long", what)
                if line == 1:
                    _refuse_foreign(raw[:100].decode("latin-1"), fatal=True)
                if raw.isspace():
                    continue
                row = _json_row(raw)
                if check_names is not None:
                    check_names(row)
                yield line, row
            except RowError as problem:
                yield line, problem
                if problem.fatal:
                    return


def _json_row(raw: bytes) -> Row:
    try:
        text = raw.decode("utf-8")
        if _too_deep(text):
            raise RowError("json", f"more than {MAX_DEPTH} brackets within one another; flatten the object")
        row = _DECODER.decode(text)
    except UnicodeDecodeError as error:
        raise RowError("encoding", f"byte 0x{raw[error.start]:02x} is not UTF-8; convert the file") from None
    except json.JSONDecodeError as error:
        raise RowError("json", f"{error.msg} at column {error.colno}; write one JSON object a line") from None
    if not isinstance(row, dict):
        raise RowError("json", f"a {type(row).__name__} where a JSON object is needed; write one a line")
    return row


def _too_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    depth = 0
    for bracket in re.finditer(r"[\[\]{}]", _STRING.sub("", text)):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def _unique_keys(pairs: list[tuple[str, Any]]) -> Row:
    row = dict(pairs)
    if len(row) < len(pairs):
        raise RowError("json", f"the key {_twice(key for key, _ in pairs)} occurs twice in one object; keep one")
    return row


def _int64(digits: str) -> int:
    if len(digits) > 20 or not -(2**63) <= int(digits) < 2**63:
        raise RowError("json", f"the number {printable(digits, 25)} is beyond 64 bits; write it as a string")
    return int(digits)


def _finite(digits: str) -> float:
    if not math.isfinite(number := float(digits)):
        raise RowError("json", f"the number {printable(digits, 25)} is not finite; write null or a string")
    return number


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique_keys, parse_int=_int64, parse_float=_finite, parse_constant=_finite
)


def _csv_rows(path: Path, needed: Names, longest: int, check_names: CheckNames) -> Rows:
    csv.field_size_limit(max(csv.field_size_limit(), longest))  # global to the process, so only ever raised
    header: list[str] = []
    line = 1
    with open_bytes(path) as reader:
        rows = csv.reader(_csv_lines(reader, longest), strict=True)
        try:
            for cells in rows:
                if not header:
                    _check_header(header := cells, needed, check_names)
                elif cells and len(cells) != len(header):
                    what = f"{len(cells)} cells under {len(header)} columns"
                    yield line, RowError("csv", f"{what}; quote cells with commas or quotes")
                elif cells:
                    yield line, {name: cell or None for name, cell in zip(header, cells, strict=True)}
                line = rows.line_num + 1
            if not header:
                raise RowError("csv", "no header line; begin with the names of the columns")
        except csv.Error as error:
            yield line, RowError("csv", f"{error}; quote cells by RFC 4180", fatal=True)
        except RowError as problem:
            problem.fatal = True
            yield line, problem


def _csv_lines(reader: BinaryIO, longest: int) -> Iterator[str]:
    """Lines with their endings. Bytes that are not UTF-8 become surrogates, so that their row is named."""
    for line, raw in numbered_lines(reader, longest):
        if raw is None:
            raise RowError("too_long", f"a line of more than {longest:,} bytes; shorten it or close its quote")
        if line == 1:
            _refuse_foreign(raw[:100].decode("latin-1"))
        if b"\0" in raw:
            raise RowError("csv", "a NUL character; give text in UTF-8")
        yield raw.decode("utf-8", "surrogateescape")


def _parquet_rows(path: Path, needed: Names, longest: int, check_names: CheckNames) -> Rows:
    line = 1
    try:
        with plain_file(path) as plain:
            room = expansion(plain.stat().st_size)
            file = ParquetFile(plain, page_checksum_verification=True)
            names = file.schema_arrow.names
            _check_header(names, needed, check_names)
            chosen = list(needed) if check_names is None else names
            if _CELL * file.metadata.num_rows * len(chosen) > room:
                raise _too_large(path)
            for batch in file.iter_batches(_PARQUET_ROWS, columns=chosen, use_threads=False):
                batch.validate(full=True)
                for row in _in_microseconds(batch).to_pylist():
                    room -= _size(row)  # here, for in the batch what is repeated is there once
                    if room < 0:
                        raise _too_large(path)
                    yield line, row
                    line += 1
    except RowError as problem:
        problem.fatal = True
        yield line, problem
    except AlignError:
        raise
    except MemoryError:
        what = "not enough memory for a page of it; write it as JSON lines if you trust it"
        raise ResourceError("memory.short", what, path=path) from None
    except Exception as error:  # what parsers of other libraries raise on damaged input
        what = f"not readable as parquet ({printable(error, 90)}); write it anew"
        yield line, RowError("parquet", what, fatal=True)


def _in_microseconds(batch: pa.RecordBatch) -> pa.RecordBatch:
    """`batch` with the times of its columns in the unit of Python's, for a finer one is none it can hold."""
    columns = [
        column.cast(pa.timestamp("us", column.type.tz), safe=False) if pa.types.is_timestamp(column.type) else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _too_large(path: Path) -> ResourceError:
    what = "expands to 200 times its size and more; write it as JSON lines if you trust it"
    return ResourceError("file.too_large", what, path=path)


def _size(value: object) -> int:
    """About the bytes that a cell takes."""
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, list):
        return sum(map(_size, value))
    return sum(map(_size, value.values())) if isinstance(value, dict) else _CELL


def _check_header(names: list[str], needed: Names, check_names: CheckNames) -> None:
    if len(set(names)) < len(names):
        raise RowError("csv", f"the column {_twice(names)} occurs twice; keep one")
    if missing := [name for name in needed if name not in names]:
        there = printable(", ".join(names), 90)
        what = f"no column {shown(missing[0])} but {there}; name it, and separate cells with commas"
        raise RowError("no_column", what)
    if check_names is not None:
        check_names(names)


def _twice(names: Iterable[str]) -> str:
    return shown(next(name for name, n in Counter(names).items() if n > 1))


def _refuse_foreign(head: str, *, fatal: bool = False) -> None:
    if found := _FOREIGN.match(head):
        what = f"begins with {shown(found[1])}, not with text; extract the text first"
        raise RowError("binary", what, fatal=fatal)


_PARSERS = {".jsonl": _json_rows, ".csv": _csv_rows, ".parquet": _parquet_rows}
