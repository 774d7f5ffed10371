"""What the intrinsic tests of a space share: lists in text files, vectors that fit a list, cosines of pairs."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from align.arguments import expect, rows_of
from align.compressed import open_bytes
from align.dictionary import checked_pair
from align.errors import AlignmentError, InputError
from align.rows import Problems, RowError, numbered_lines, shown
from align.vectors import F32, F64, WordVectors

LONGEST = 1 << 20  # bytes of a line

T = TypeVar("T")


def list_rows(path: str | Path, kind: str, read: Callable[[str], T | None]) -> list[T]:
    """What `read` makes of each line of a UTF-8 file, plain or compressed; None is left out.

    Blank lines are passed over, and those that begin with `#`, except `#<TAB>`. All faults are raised as one error, codes
    with the prefix `kind`: InputError `<kind>.encoding`, `<kind>.bad_row` and what `read` raises as RowError; `file.*`.
    """
    problems = Problems(path)
    found: list[T] = []
    with open_bytes(path, max_expanded_bytes=1 << 30) as reader:
        for number, raw in numbered_lines(reader, LONGEST):
            try:
                if raw is None:
                    raise RowError("bad_row", "a line of more than 1 MiB; one entry a line is needed")
                text = _decoded(raw)
                row = read(text) if text.strip(" \t") and (not text.startswith("#") or text.startswith("#\t")) else None
            except RowError as fault:
                problems.add(f"{kind}.{fault.kind}", fault, number)
                continue
            if row is not None:
                found.append(row)
    problems.raise_any()
    return found


def checked_words(words: object, n: int) -> tuple[str, ...]:
    """`n` words in NFC, as in a dictionary. Raises RowError `bad_word`, `bad_character`."""
    if not isinstance(words, tuple | list) or len(words) != n:
        raise RowError("bad_word", f"{shown(words)} is no row of {n} words")
    return tuple(word for at in range(0, n, 2) for word in checked_pair(words[at : at + 2]))


def check_sides(source: WordVectors, target: WordVectors, source_lang: str, target_lang: str) -> None:
    """Vectors of one space, of the languages of a list; `en` and `en-GB` count as one.

    Raises InputError `api.bad_type`; AlignmentError `dict.language`, `align.dim_mismatch`.
    """
    expect(WordVectors, source=source, target=target)
    expect(str, source_lang=source_lang, target_lang=target_lang)
    if not (same_language(source.lang, source_lang) and same_language(target.lang, target_lang)):
        have = f"a list {source_lang}-{target_lang}, vectors {source.lang}, {target.lang}"
        raise AlignmentError("dict.language", f"{have}; give vectors in the languages and the order of the list")
    if source.dim != target.dim:
        raise AlignmentError("align.dim_mismatch", f"{source.dim} and {target.dim} dimensions; give those of one space")


def same_language(a: str, b: str) -> bool:
    """Whether two codes name one language, whatever their regions and scripts. Raises InputError `api.bad_type`."""
    expect(str, a=a, b=b)
    return a.split("-")[0] == b.split("-")[0]


def paired_cosines(X: F32, Y: F32) -> F64:
    """(n,) cosines of row with row of `X` and `Y` (n, dim), not zero, of any length; taken in float64.

    Raises InputError `api.bad_vector`, also for a zero or infinite row.
    """
    X = rows_of(X, "X").astype(np.float64)
    Y = rows_of(Y, "Y").astype(np.float64)
    if X.shape != Y.shape:
        raise InputError("api.bad_vector", f"X is {X.shape}, Y is {Y.shape}; both must be (n, dim)")
    with np.errstate(over="ignore", under="ignore"):  # told below
        lengths = np.linalg.norm(X, axis=1) * np.linalg.norm(Y, axis=1)
    if not ((lengths > 0) & (lengths < np.inf)).all():
        raise InputError("api.bad_vector", "a row is zero or not finite, and has no direction; leave it out")
    return np.asarray(np.einsum("ij,ij->i", X, Y) / lengths)


def _decoded(raw: bytes) -> str:
    try:
        return raw.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8")
    except UnicodeDecodeError as error:
        raise RowError("encoding", f"byte 0x{raw[error.start]:02x} is not UTF-8; convert the file") from None
