"""Rows of word vectors on their way in: which are taken, which left out, and what was wrong with the others."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from unicodedata import normalize

import numpy as np

from align.errors import AlignError, InputError, printable
from align.vectors import F32, F64, I64, Subwords

BLOCK = 16 << 20  # bytes parsed at a time; 8 to 64 MiB were equally fast
MAX_DIM = 20_000
MAX_PROBLEMS = 20
MAX_TOKEN = 1024  # bytes
NUMBER = re.compile(rb"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NONFINITE = re.compile(rb"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_SMALLEST, _LARGEST = (float(x) for x in (np.finfo(np.float32).tiny, np.finfo(np.float32).max))


class Fault(NamedTuple):
    """What is wrong with a row."""

    code: str
    message: str


@dataclass
class Rows:
    """The rows a reader has taken so far, what else their file told, and what was wrong with the other rows.

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
    counts: I64 | None = None
    subwords: Subwords | None = None
    origin: dict[str, Any] = field(default_factory=dict)
    promised: int | None = None  # rows by the header
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

    def examine(self, tokens: Sequence[bytes], block: F32) -> I64:
        """Take rows that come as arrays, `block` (n, dim), if well-formed; returns the places of those that were kept."""
        finite = np.isfinite(squared_norms(block)).tolist()
        good = []
        for place, token in enumerate(tokens):
            self.examined += 1
            fault = token_fault(token, b"\n")
            if fault is None and not finite[place]:
                shown = printable(repr(token.decode()), 40)
                fault = Fault("vec.nonfinite", f"the row of {shown} has a nan or inf; leave it out")
            if fault is None:
                good.append(place)
            else:
                self.complain(fault, self.examined)
        kept = self.take([tokens[place].decode() for place in good], block if len(good) == len(tokens) else block[good])
        return np.array(good, dtype=np.int64)[kept]

    def take(self, words: list[str], block: F32) -> I64:
        """Add well-formed rows, finite throughout; returns the places of those that were kept."""
        squares = squared_norms(block)
        reasons = dict.fromkeys(np.flatnonzero(squares < _SMALLEST).tolist(), "vec.zero")
        reasons |= dict.fromkeys(np.flatnonzero(squares > _LARGEST).tolist(), "vec.huge")
        reasons |= {place: "vec.empty_token" for place, word in enumerate(words) if word.isspace()}
        keys = [word if word.isascii() else normalize("NFC", word) for word in words]
        if reasons or len(set(keys)) < len(keys) or not self._first.keys().isdisjoint(keys):
            for place, key in enumerate(keys):
                if place in reasons:
                    continue
                if key in self._first:
                    reasons[place] = "vec.duplicate" if self._first[key] == words[place] else "vec.norm_collision"
                else:
                    self._first[key] = words[place]
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

    def finish(self) -> None:
        """Fail if a row was malformed, or if a header promised another number of rows than were found."""
        if self._problems:
            self._fail()
        if self.promised not in (None, self.examined) and (self.room is None or self.room > 0):
            message = f"header {self.promised} rows, found {self.examined}; fetch the file again or mend the header"
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


def is_numeric(text: bytes) -> bool:
    """Whether `text` is a number of a vector file, good or not finite."""
    return (NUMBER.fullmatch(text) or _NONFINITE.fullmatch(text)) is not None


def token_fault(token: bytes, separator: bytes) -> Fault | None:
    """Why `token` cannot be the word of a row whose fields `separator` parts, or None."""
    try:
        shown = printable(repr(token.decode()), 40)
    except UnicodeDecodeError as error:
        return Fault(
            "vec.encoding",
            f"the word {printable(repr(token[:40]))} is not UTF-8 at its byte {error.start}; convert the file",
        )
    parts = token.split(separator)
    if not token.strip():
        return Fault("vec.empty_token", "the word is empty; every row begins with a word")
    if len(token) > MAX_TOKEN:
        return Fault("vec.bad_token", f"a word of {len(token)} bytes; at most {MAX_TOKEN} are allowed")
    if b"\0" in token or b"\n" in token or b"\r" in token:
        return Fault("vec.bad_token", f"the word {shown} holds a NUL or a line end; remove it")
    if b"" in parts:
        message = f"the word {shown} begins, ends or is parted by more than one separator; use exactly one"
        return Fault("vec.bad_row", message)
    if len(parts) > 1 and is_numeric(parts[-1]):
        return Fault("vec.bad_row", f"the word {shown} ends in a number, so the row has too many; join the word by _")
    return None


@contextmanager
def foreign_parser(path: str | Path) -> Iterator[None]:
    """Parsers of other libraries raise what they like on damaged input; here it becomes one kind of error."""
    try:
        yield
    except (AlignError, MemoryError):
        raise
    except Exception as error:
        shown = printable(f"{type(error).__name__}: {error}", 150)
        message = f"damaged or not what it seems ({shown}); fetch it again"
        raise InputError("vec.truncated", message, path=path) from None
