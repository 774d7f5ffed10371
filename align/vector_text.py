"""Word vectors as text, a word and its numbers on a line: strict, and fast where nothing is wrong.

Blocks of whole lines go to polars with a full schema, and checks on whole columns prove that it took nothing that the
rules below refuse. A block that fails them is halved until it is small, then read line by line, where every complaint
knows its line. The rules: lines end in LF or CRLF; fields are split at one blank (or tab, if the whole file has tabs) and
nowhere else; the last `dim` fields are ASCII decimal numbers; what stands before them is the word, kept byte-exact.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import BinaryIO, NamedTuple
from unicodedata import normalize

import numpy as np
import polars as pl

from align.errors import InputError, printable
from align.vectors import F32, F64, I64

BOM = b"\xef\xbb\xbf"
BLOCK = 16 << 20  # bytes parsed at a time; 8 to 64 MiB were equally fast
SAMPLE = 1 << 20  # bytes looked at to tell a format
MAX_DIM = 20_000
MAX_PROBLEMS = 20
MAX_LINE = 4 << 20  # bytes; a longer line is not even split
MAX_TOKEN = 1024  # bytes
_SMALL = 512 << 10  # a refused block of this size is read line by line
_NUMBER = re.compile(rb"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NONFINITE = re.compile(rb"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_SMALLEST, _LARGEST = (float(x) for x in (np.finfo(np.float32).tiny, np.finfo(np.float32).max))


class Fault(NamedTuple):
    """What is wrong with a row."""

    code: str
    message: str


@dataclass
class Rows:
    """The rows a reader has taken so far, and what was wrong with the others.

    Of malformed rows up to 20 are collected and then fail the read, or with `skip` are left out and counted. Always
    left out and counted are rows whose squared length float32 cannot hold (`vec.zero`, `vec.huge`), words of nothing but
    white space (`vec.empty_token`), words met before (`vec.duplicate`) and their NFC twins (`vec.norm_collision`).
    """

    path: str | Path
    skip: bool = False
    limit: int | None = None
    unit: str = "line"  # what the number of a complaint counts
    words: list[str] = field(default_factory=list)
    matrix: F32 = field(default_factory=lambda: np.empty((0, 0), np.float32))
    examined: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    _problems: list[tuple[int, Fault]] = field(default_factory=list)
    _first: dict[str, str] = field(default_factory=dict)  # NFC form to the word taken for it

    @property
    def room(self) -> int | None:
        """Rows that may still be examined; None without a limit."""
        return None if self.limit is None else self.limit - self.examined

    def complain(self, fault: Fault, number: int) -> None:
        """Count or collect a malformed row, the `number`th line or row."""
        if self.skip:
            self.dropped[fault.code] += 1
            return
        self._problems.append((number, fault))
        if len(self._problems) == MAX_PROBLEMS:
            self._fail()

    def take(self, words: list[str], block: F32) -> I64:
        """Add well-formed rows, finite throughout; returns the places of those that were kept."""
        squares = squared_norms(block)
        reasons = dict.fromkeys(np.flatnonzero(squares < _SMALLEST).tolist(), "vec.zero")
        reasons |= dict.fromkeys(np.flatnonzero(squares > _LARGEST).tolist(), "vec.huge")
        reasons |= {place: "vec.empty_token" for place, word in enumerate(words) if word.isspace()}
        keys = [word if word.isascii() else normalize("NFC", word) for word in words]
        if reasons or len(set(keys)) < len(keys) or not self._first.keys().isdisjoint(keys):
            for place, key in enumerate(keys):
                if place not in reasons:
                    if key not in self._first:
                        self._first[key] = words[place]
                    else:
                        twin = self._first[key] != words[place]
                        reasons[place] = "vec.norm_collision" if twin else "vec.duplicate"
        else:
            self._first.update(zip(keys, words, strict=True))
        self.dropped.update(reasons.values())
        kept = np.setdiff1d(np.arange(len(words)), np.fromiter(reasons, np.int64, len(reasons)))
        if reasons:
            words, block = [words[place] for place in kept], block[kept]
        self.words += words
        if self.matrix.size == 0:
            self.matrix = block if block.flags.owndata and block.flags.c_contiguous else block.copy("C")
        elif len(block):
            # realloc moves pages, so growing never holds the matrix twice; nobody else has seen it yet
            start = len(self.matrix)
            self.matrix.resize((start + len(block), block.shape[1]), refcheck=False)
            self.matrix[start:] = block
        return kept

    def finish(self, promised: int | None = None) -> None:
        """Fail if a row was malformed, or if a header promised another number of rows than were found."""
        if self._problems:
            self._fail()
        if promised is not None and promised != self.examined and (self.room is None or self.room > 0):
            message = f"header {promised} rows, found {self.examined}; fetch the file again or mend the header"
            raise InputError("vec.count_mismatch", message, path=self.path)

    def _fail(self) -> None:
        self._problems.sort()
        n = len(self._problems)
        more = f" (the first of {n}{' or more' if n == MAX_PROBLEMS else ''} problems)" if n > 1 else ""
        (number, fault), *others = self._problems
        where = f"row {number}: " if self.unit == "row" else ""
        line = number if self.unit == "line" else None
        error = InputError(fault.code, where + fault.message + more, path=self.path, line=line)
        for number, other in others:
            error.add_note(f"{self.unit} {number}: {printable(other.message, 200)} [{other.code}]")
        raise error


def squared_norms(matrix: F32) -> F64:
    """(n,) squared lengths of the rows of `matrix` (n, dim), in float64; not finite where a row is not."""
    squares: F64 = np.einsum("ij,ij->i", matrix, matrix, dtype=np.float64)
    return squares


def token_fault(token: bytes, separator: bytes = b" ") -> Fault | None:
    """Why `token` cannot stand before its numbers on a line of text, or None."""
    if not token.strip():
        return Fault("vec.empty_token", "the word is empty; every row begins with a word")
    if len(token) > MAX_TOKEN:
        return Fault("vec.bad_token", f"a word of {len(token)} bytes; at most {MAX_TOKEN} are allowed")
    parts = token.split(separator)
    if b"\0" in token or b"\n" in token or b"\r" in token:
        fault = Fault("vec.bad_token", "holds a NUL or a line end; remove it")
    elif b"" in parts:
        fault = Fault("vec.bad_row", "begins, ends or is parted by more than one separator; use exactly one")
    elif len(parts) > 1 and _is_numeric(parts[-1]):
        fault = Fault("vec.bad_row", "ends in a number, so the row has too many; join the word by _")
    else:
        return None
    return Fault(fault.code, f"the word {printable(repr(token.decode('utf-8', 'replace')), 40)} {fault.message}")


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
    line could be a header or a row), `vec.encoding`, `vec.bad_row`.
    """

    def refuse(code: str, message: str, line: int | None = None) -> InputError:
        return InputError(code, message, path=path, line=line)

    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise refuse("vec.encoding", "byte offset 0: this is UTF-16; convert the file to UTF-8")
    text = sample.removeprefix(BOM)
    lines = text.split(b"\n", 21)
    if len(lines) > 21 or (len(lines) > 1 and len(sample) == SAMPLE):
        lines.pop()  # the rest, or a line that the sample cuts
    lines = [line.removesuffix(b"\r") for line in lines]
    head = lines[0].replace(b"\t", b" ").strip(b" ").split(b" ")
    whole = all(field.isdigit() for field in head)
    like_header = (len(head) == 2 and all(map(_is_numeric, head))) or (len(head) == 3 and whole)
    rest = [line for line in lines[1:] if line.strip()]
    rows = rest if like_header and rest and format != "glove" else [line for line in lines if line.strip()]
    by_separator = [(Counter(_numbers_at_end(row, sep) for row in rows), sep) for sep in (b" ", b"\t")]
    votes, separator = min(by_separator, key=lambda pair: pair[0][0])
    dim, support = next((pair for pair in votes.most_common() if pair[0] > 0), (0, 0))
    if (votes[0] > support and not (like_header and rest and format != "glove")) or not (dim or like_header):
        quoted = printable(repr(sample[:40]), 120)
        raise refuse("vec.not_vectors", f"these are not word vectors: {quoted}; a row is a word and its numbers")
    like_row = rows is rest and dim == len(head) - 1 and (head[1:] == [b"1"] or len(head) == 3 or not whole)
    if format == "text" and like_header and like_row and whole:
        raise refuse("vec.bad_header", "could be a header or a row; say format='word2vec' or 'glove'", 1)
    promised = None
    if format == "word2vec" or (format == "text" and like_header and not like_row):
        if len(head) != 2 or not whole or len(b"".join(head)) > 30 or 0 in (sizes := [int(field) for field in head]):
            quoted = printable(repr(lines[0][:40]), 60)
            raise refuse("vec.bad_header", f"the header is {quoted}; it must be two whole numbers above 0", 1)
        promised, dim = sizes
        if dim > MAX_DIM or promised * dim > max(capacity, 1 << 20):
            message = f"the header promises {promised} rows of {dim} numbers, more than the file could hold"
            raise refuse("vec.bad_header", message + "; fetch it again", 1)
    elif dim > MAX_DIM:
        raise refuse("vec.not_vectors", f"{dim} numbers in a row; at most {MAX_DIM} are read")
    start = len(sample) - len(text) + (text.find(b"\n") + 1 or len(text) if promised else 0)
    trailing = bool(rows) and rows[0].endswith(separator)
    return Layout(promised, dim, separator, trailing, sample.startswith(BOM), start, 2 if promised else 1)


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
        fault = Fault("vec.nonfinite", f"the row of {printable(repr(words[at]), 40)} is too large for float32")
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
    odd = next((part for part in fields if not _is_numeric(part)), None)
    if odd is None and len(fields) == dim:  # then there is a nan or inf, but a word that is wrong comes first
        shown = printable(repr(token.decode()), 40)
        return token_fault(token, separator) or Fault("vec.nonfinite", f"a nan or inf in the row of {shown}; leave it out")
    if odd and len(fields) == dim and separator not in token:
        return Fault("vec.bad_row", f"{printable(repr(odd.decode()), 40)} is not a number; write one such as -0.25 or 1e-3")
    found = _numbers_at_end(line, separator)
    return Fault("vec.bad_row", f"expected {dim} numbers, found {found}; separate fields by exactly one blank")


@cache
def _numbers_pattern(separator: bytes, dim: int) -> re.Pattern[bytes]:
    return re.compile(b"(?:%b%b){%d}" % (separator, _NUMBER.pattern, dim))


def _csv(text: bytes, separator: bytes, before: list[str], dim: int, after: list[str]) -> pl.DataFrame:
    """A frame of string columns `before`, then `dim` of float32, each rounded correctly, then `after`."""
    numbers = dict.fromkeys(map(str, range(dim)), pl.Float32)
    schema = dict.fromkeys(before, pl.String) | numbers | dict.fromkeys(after, pl.String)
    return pl.read_csv(text, separator=separator.decode(), quote_char=None, has_header=False, schema=schema)


def _is_numeric(text: bytes) -> bool:
    return (_NUMBER.fullmatch(text) or _NONFINITE.fullmatch(text)) is not None


def _numbers_at_end(line: bytes, separator: bytes) -> int:
    """How many fields at the end of `line` are numbers, where the first field is a word whatever it is."""
    _, *fields = line.removesuffix(separator).split(separator)
    return next((n for n, text in enumerate(reversed(fields)) if not _is_numeric(text)), len(fields))
