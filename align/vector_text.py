"""Word vectors as text, a word and its numbers on a line: strict, and fast where nothing is wrong.

Blocks of whole lines go to polars with a full schema, and checks on whole columns prove that it took nothing that the
rules below refuse. A block that fails them is halved until it is small, then read line by line, where every complaint
knows its line. The rules: lines end in LF or CRLF; fields are split at one blank (or tab, if the whole file has tabs) and
nowhere else; the last `dim` fields are ASCII decimal numbers; what stands before them is the word, kept byte-exact.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl

from align.errors import InputError, printable
from align.vector_rows import (
    BLOCK,
    MAX_DIM,
    MAX_TOKEN,
    NUMBER,
    Fault,
    Rows,
    is_numeric,
    squared_norms,
    token_fault,
)
from align.vectors import F32, WordVectors

BOM = b"\xef\xbb\xbf"
SAMPLE = 1 << 20  # bytes looked at to tell a format
MAX_LINE = 4 << 20  # bytes; a longer line is not even split
_SMALL = 512 << 10  # a refused block of this size is read line by line
_BLANK_LINE = Fault("vec.bad_row", "a blank line; remove it")


@dataclass(frozen=True)
class Layout:
    """How a text file is laid out: rows promised by a header if there is one, numbers per row, separator, whether the
    rows end in a separator, whether there is a byte order mark, and where the first row starts."""

    promised: int | None
    dim: int
    separator: bytes
    trailing: bool
    bom: bool
    start: int
    first_line: int


def is_text(sample: bytes) -> bool:
    """False where a header of text is followed by what can only be binary numbers."""
    head, _, rest = sample.partition(b"\n")
    if len(head.split()) != 2 or not all(map(bytes.isdigit, head.split())):
        return True
    line = rest.partition(b"\n")[0].removesuffix(b"\r")
    if _numbers_at_end(line, b" ") or _numbers_at_end(line, b"\t"):
        return True
    start = rest[:4096]
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(start) - 3:  # else a character that the cut broke
            return False
    return min(start.translate(None, b"\t\n\r"), default=32) >= 32


def sniff_text(path: str | Path, sample: bytes, capacity: int, format: str) -> Layout:
    """The layout of the file that begins with `sample`; `format` is text (either), word2vec (header) or glove (none).

    `capacity` bounds the bytes of the file. Raises InputError `vec.not_vectors`, `vec.bad_header` (also where the first
    line could be a header or a row), `vec.encoding`.
    """
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError("vec.encoding", "byte offset 0: this is UTF-16; convert the file to UTF-8", path=path)
    text = sample.removeprefix(BOM)
    lines = text.split(b"\n", 21)
    if len(lines) > 21 or (len(lines) > 1 and len(sample) == SAMPLE):
        lines.pop()  # the rest, or a line that the sample cuts
    lines = [line.removesuffix(b"\r") for line in lines]
    head = lines[0].replace(b"\t", b" ").strip(b" ").split(b" ")
    whole = all(field.isdigit() for field in head)
    like_header = (len(head) == 2 and all(map(is_numeric, head))) or (len(head) == 3 and whole)
    rest = [line for line in lines[1:] if line.strip()]
    beside = like_header and bool(rest) and format != "glove"  # then only what follows tells the width
    rows = rest if beside else [line for line in lines if line.strip()]
    by_separator = [(Counter(_numbers_at_end(row, sep) for row in rows), sep) for sep in (b" ", b"\t")]
    votes, separator = min(by_separator, key=lambda pair: pair[0][0])
    dim, support = next((pair for pair in votes.most_common() if pair[0] > 0), (0, 0))
    if (votes[0] > support and not beside) or not (dim or like_header):
        quoted = printable(repr(sample[:40]), 120)
        message = f"these are not word vectors: {quoted}; a row is a word and its numbers"
        raise InputError("vec.not_vectors", message, path=path)
    like_row = beside and dim == len(head) - 1 and (head[1:] == [b"1"] or len(head) == 3 or not whole)
    if format == "text" and like_row and whole:
        message = "could be a header or a row; say format='word2vec' or 'glove'"
        raise InputError("vec.bad_header", message, path=path, line=1)
    promised, start = None, 0
    if format == "word2vec" or (format == "text" and like_header and not like_row):
        if fault := _header_fault(head, capacity):
            raise InputError(fault.code, fault.message, path=path, line=1)
        promised, dim = map(int, head)
        start = text.find(b"\n") + 1 or len(text)
    elif dim > MAX_DIM:
        raise InputError("vec.not_vectors", f"{dim} numbers in a row; at most {MAX_DIM} are read", path=path)
    trailing = bool(rows) and rows[0].endswith(separator)
    bom = len(text) < len(sample)
    return Layout(promised, dim, separator, trailing, bom, len(sample) - len(text) + start, 2 if promised else 1)


def _header_fault(head: list[bytes], capacity: int) -> Fault | None:
    """Why the fields `head` are not the number of rows and the numbers per row of a file of `capacity` bytes, or None."""
    digits = all(field.isdigit() for field in head)
    if len(head) != 2 or not digits or sum(map(len, head)) > 30 or 0 in map(int, head):
        shown = printable(repr(b" ".join(head)[:40]), 60)
        return Fault("vec.bad_header", f"the header is {shown}; it must be two whole numbers above 0")
    promised, dim = map(int, head)
    if dim > MAX_DIM or promised * dim > max(capacity, 1 << 20):
        message = f"the header promises {promised} rows of {dim} numbers, more than the file could hold; fetch it again"
        return Fault("vec.bad_header", message)
    return None


def read_text(reader: BinaryIO, rows: Rows, layout: Layout, tick: Callable[[], object]) -> None:
    """Take the rows of `reader`, which stands at the start of the file, up to the limit; `tick` after every block."""
    reader.read(layout.start)
    offset = layout.start
    blank = 0  # blank lines that are no fault where they end the file
    while rows.room != 0 and (block := _next_block(reader, rows)):
        end = len(block)
        while block.endswith((b"\n\n", b"\n\r\n"), 0, end) or (end < 3 and block[:end] in (b"\n", b"\r\n")):
            end -= 2 if block.endswith(b"\r\n", 0, end) else 1
        if end:
            for _ in range(blank if rows.room is None else min(blank, rows.room)):
                rows.examined += 1
                rows.complain(_BLANK_LINE, layout.first_line + rows.examined - 1)
            blank = 0
            _read_block(block if end == len(block) else block[:end], offset, rows, layout)
        blank += block.count(b"\n", end)
        offset += len(block)
        tick()


def write_text(vectors: WordVectors, file: BinaryIO) -> None:
    """Write header and rows; every number in the fewest digits that read back as the same float32."""
    file.write(f"{len(vectors)} {vectors.dim}\n".encode())
    for start in range(0, len(vectors), 10_000):
        part = slice(start, start + 10_000)
        frame = pl.DataFrame(vectors.matrix[part], schema=[str(column) for column in range(vectors.dim)], orient="row")
        frame.insert_column(0, pl.Series("word", vectors.words[part], dtype=pl.String))
        file.write(frame.write_csv(separator=" ", quote_style="never", include_header=False).encode())


def _next_block(reader: BinaryIO, rows: Rows) -> bytes:
    """About `BLOCK` bytes of whole lines; b"" at the end of the file."""
    block = reader.read(BLOCK)
    if not block or block.endswith(b"\n"):
        return block
    tail = reader.readline(MAX_LINE)
    if len(tail) == MAX_LINE:
        raise InputError("vec.not_vectors", f"a line of more than {MAX_LINE} bytes; one row per line", path=rows.path)
    return block + tail


def _read_block(block: bytes, offset: int, rows: Rows, layout: Layout) -> None:
    """Take the rows of some whole lines that begin at byte `offset`: fast if possible, else in halves, else by line."""
    room = rows.room
    if room is not None and len(block) > room * (2 * layout.dim + 2):  # more bytes than rows need at the least
        ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n"))
        block = b"" if room == 0 else block[: ends[room - 1] + 1] if len(ends) >= room else block
    if not block:
        return
    if parsed := _parse_block(block, layout):
        words, matrix = parsed[0][:room], parsed[1][:room]
        rows.examined += len(words)
        rows.take(words, matrix)
        return
    half = block.find(b"\n", len(block) // 2) + 1
    if len(block) > _SMALL and 0 < half < len(block):
        _read_block(block[:half], offset, rows, layout)
        _read_block(block[half:], offset + half, rows, layout)
    else:
        _read_lines(block, offset, rows, layout)


def _parse_block(block: bytes, layout: Layout) -> tuple[list[str], F32] | None:
    """Words and numbers of a block, or None where any line of it might break a rule.

    What polars takes and the rules do not: an empty field, word or line and a short row (nulls), nan, inf and 1e400 (not
    finite), a blank or tab before a number (counted), a byte order mark (dropped by it), CR anywhere before LF.
    """
    other = b"\t" if layout.separator == b" " else b" "
    stray_cr = b"\r" in block and block.count(b"\r") != block.count(b"\r\n")
    long = len(block) > MAX_LINE and block.find(b"\n", 0, MAX_LINE) < 0
    if stray_cr or long or b"\0" in block or block.startswith(BOM):
        return None
    try:
        frame = _csv(block, layout.separator, ["word"], layout.dim, ["end"] if layout.trailing else [])
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None
    if layout.trailing and frame.drop_in_place("end").null_count() != frame.height:
        return None
    if any(frame.null_count().row(0)):
        return None
    tokens = frame.drop_in_place("word")
    words: list[str] = tokens.to_list()
    if other in block and block.count(other) != sum(word.count(other.decode()) for word in words):
        return None
    longest = tokens.str.len_bytes().max()
    if not isinstance(longest, int) or longest > MAX_TOKEN or any(map(str.isspace, words)):
        return None
    matrix = frame.to_numpy(order="c")
    return (words, matrix) if np.isfinite(squared_norms(matrix)).all() else None


def _read_lines(block: bytes, offset: int, rows: Rows, layout: Layout) -> None:
    """Take the rows of a block line by line; every line that breaks a rule is a complaint with its number."""
    first = layout.first_line + rows.examined
    words: list[str] = []
    numbers: list[bytes] = []
    places: list[int] = []
    for place, line in enumerate(block.removesuffix(b"\n").split(b"\n")[: rows.room], first):
        row = _split_line(line.removesuffix(b"\r"), offset, layout)
        if isinstance(row, Fault):
            rows.complain(row, place)
        else:
            words.append(row[0])
            numbers.append(row[1])
            places.append(place)
        offset += len(line) + 1
        rows.examined += 1
    if not words:
        return
    matrix = _csv(b"\n".join(numbers), layout.separator, [], layout.dim, []).to_numpy(order="c")
    finite = np.isfinite(matrix).all(axis=1)
    for at in np.flatnonzero(~finite):
        fault = Fault(
            "vec.nonfinite", f"the row of {printable(repr(words[at]), 40)} is too large for float32; leave it out"
        )
        rows.complain(fault, places[at])
    rows.take([words[at] for at in np.flatnonzero(finite)], matrix[finite])


def _split_line(line: bytes, offset: int, layout: Layout) -> tuple[str, bytes] | Fault:
    """The word and the numbers of a line that begins at byte `offset`, or what is wrong with it."""
    separator, dim = layout.separator, layout.dim
    if not line:
        return _BLANK_LINE
    if len(line) > MAX_LINE:
        return Fault("vec.bad_row", f"a line of {len(line)} bytes; at most {MAX_LINE} are read")
    if b"\r" in line:
        return Fault("vec.bad_row", "a CR inside the line; end lines in LF or CRLF")
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        at = error.start
        message = f"byte 0x{line[at]:02x} at byte offset {offset + at} is not UTF-8; convert the file to UTF-8"
        return Fault("vec.encoding", message)
    token, *fields = line.removesuffix(separator).rsplit(separator, dim)
    if _numbers_pattern(separator, dim).fullmatch(line.removesuffix(separator), len(token)):
        fault = token_fault(token, separator)
        return fault or (token.decode(), separator.join(fields))
    odd = next((part for part in fields if not is_numeric(part)), None)
    if odd is None and len(fields) == dim:  # then there is a nan or inf, but a word that is wrong comes first
        shown = printable(repr(token.decode()), 40)
        return token_fault(token, separator) or Fault(
            "vec.nonfinite", f"a nan or inf in the row of {shown}; leave it out"
        )
    if odd and len(fields) == dim and separator not in token:
        return Fault(
            "vec.bad_row", f"{printable(repr(odd.decode()), 40)} is not a number; write one such as -0.25 or 1e-3"
        )
    found = _numbers_at_end(line, separator)
    return Fault("vec.bad_row", f"expected {dim} numbers, found {found}; separate fields by exactly one blank")


@cache
def _numbers_pattern(separator: bytes, dim: int) -> re.Pattern[bytes]:
    return re.compile(b"(?:%b%b){%d}" % (separator, NUMBER.pattern, dim))


def _csv(text: bytes, separator: bytes, before: list[str], dim: int, after: list[str]) -> pl.DataFrame:
    """A frame of string columns `before`, then `dim` of float32, each rounded correctly, then `after`."""
    numbers = dict.fromkeys(map(str, range(dim)), pl.Float32)
    schema = dict.fromkeys(before, pl.String) | numbers | dict.fromkeys(after, pl.String)
    return pl.read_csv(text, separator=separator.decode(), quote_char=None, has_header=False, schema=schema)


def _numbers_at_end(line: bytes, separator: bytes) -> int:
    """How many fields at the end of `line` are numbers, where the first field is a word whatever it is."""
    _, *fields = line.removesuffix(separator).split(separator)
    return next((n for n, text in enumerate(reversed(fields)) if not is_numeric(text)), len(fields))
