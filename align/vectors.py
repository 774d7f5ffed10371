"""Word vectors of one language as a frozen, checked value."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from types import NoneType
from typing import Any

import numpy as np
import numpy.typing as npt

from align.arguments import expect, is_list, listed, numbers
from align.errors import InputError, printable
from align.language import canonical_language
from align.tokens import fold
from align.unknown_words import KnownWords
from align.unknown_words import Subwords as SubwordVectors

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Subwords:
    """fastText's n-gram buckets: `matrix` (n_buckets, dim) float32 and the range of n-gram lengths."""

    matrix: F32
    min_n: int
    max_n: int


@dataclass(frozen=True, eq=False)
class WordVectors:
    """Words of one language, most frequent first, each with a row of `matrix`.

    `words`: n unique words. `matrix`: (n, dim) float32, finite, no zero row. `counts`: (n,) int64 occurrences in the
    corpus, or None where the source has none. `origin` tells how they were made (file and digest, or training
    settings). `dropped` counts, by reason, the rows that a reader left out. `ngrams`, of mapped words: `align.ngrams.Ngrams`,
    by which texts know words without a row. Raises InputError `vec.*`, `api.bad_type`,
    `api.bad_vector` or `language.bad_code` when these promises are broken; the arrays are made read-only.

    >>> v = WordVectors("fr", ["chat", "chien"], np.eye(2, dtype="f4"))
    >>> v.rows(["Chien", "chat", "lion"])
    array([ 1,  0, -1])
    """

    lang: str
    words: tuple[str, ...]
    matrix: F32
    counts: I64 | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)
    subwords: Subwords | None = None
    ngrams: SubwordVectors | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        expect(Mapping, origin=self.origin, dropped=self.dropped)
        expect((Subwords, NoneType), subwords=self.subwords)
        expect((SubwordVectors, NoneType), ngrams=self.ngrams)
        words = tuple(listed(str, words=self.words))
        with np.errstate(over="ignore", under="ignore"):  # told as not finite, or as zero, below
            matrix = np.ascontiguousarray(numbers(self.matrix, "the matrix"), dtype=np.float32)
        if matrix is self.matrix and matrix.flags.writeable:
            matrix = matrix.view()
        if matrix.ndim != 2 or matrix.shape[0] != len(words) or matrix.shape[1] == 0:
            raise InputError(
                "vec.count_mismatch",
                f"{len(words)} words but a matrix of shape {matrix.shape}; one row per word is needed",
            )
        if not words:
            raise InputError("vec.not_vectors", f"no words for {printable(self.lang)}; give at least one")
        norms = np.einsum("ij,ij->i", matrix, matrix, dtype=np.float64)
        if not np.isfinite(norms).all():
            row = int(np.flatnonzero(~np.isfinite(norms))[0])
            raise InputError(
                "vec.nonfinite", f"the vector of {printable(repr(words[row]))} is not finite; leave the word out"
            )
        if (norms == 0).any():
            row = int(np.flatnonzero(norms == 0)[0])
            raise InputError("vec.zero", f"the vector of {printable(repr(words[row]))} is zero; leave the word out")
        if len(set(words)) != len(words):
            raise InputError("vec.duplicate", f"{len(words) - len(set(words))} words occur twice; keep one row each")
        counts = None if self.counts is None else _checked_counts(self.counts, len(words))
        matrix.flags.writeable = False
        for name, value in (("words", words), ("matrix", matrix), ("counts", counts)):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "lang", canonical_language(self.lang))

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return self.row(word) >= 0

    def __repr__(self) -> str:
        return f"WordVectors(lang={self.lang!r}, words={len(self)}, dim={self.dim}, counts={self.counts is not None})"

    @property
    def dim(self) -> int:
        return int(self.matrix.shape[1])

    @cached_property
    def index(self) -> dict[str, int]:
        """Row of each word as it is written."""
        return {word: row for row, word in enumerate(self.words)}

    @cached_property
    def folded_index(self) -> dict[str, int]:
        """Row of each folded word: the word already written so where there is one, else the most frequent variant."""
        folded: dict[str, int] = {}
        for row, word in enumerate(self.words):
            key = fold(word, self.lang)
            if key not in folded or word == key:
                folded[key] = row
        return folded

    @cached_property
    def known(self) -> KnownWords:
        """What stands for a token, with a vector of its own or without."""
        if self.ngrams is None:
            return KnownWords(self.folded_index)
        rows = np.array(sorted(self.folded_index.values()), dtype=np.int64)
        return KnownWords(self.folded_index, partial(self.ngrams.similar, matrix=self.matrix, rows=rows))

    def row(self, word: str) -> int:
        """Row of `word` as written, else of its folded form, else -1. Raises InputError `api.bad_text`."""
        if not isinstance(word, str):
            raise InputError("api.bad_text", f"a word is of type {type(word).__name__}; give a string")
        row = self.index.get(word, -1)
        return row if row >= 0 else self.folded_index.get(fold(word, self.lang), -1)

    def rows(self, words: Iterable[str]) -> I64:
        """Rows (n,) of n words; -1 where a word has no vector. Raises InputError `api.bad_text`."""
        if not is_list(words):
            raise InputError("api.bad_text", f"words is one {type(words).__name__}; give a list of strings")
        return np.fromiter((self.row(word) for word in words), dtype=np.int64)

    def head(self, n: int) -> "WordVectors":
        """The `n` most frequent words. Raises InputError `vec.bad_limit` unless n ≥ 1."""
        if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
            raise InputError("vec.bad_limit", f"n={printable(repr(n))}; a whole number above 0")
        if n >= len(self):
            return self
        counts = None if self.counts is None else self.counts[:n]
        return replace(self, words=self.words[:n], matrix=self.matrix[:n], counts=counts)

    def probabilities(self) -> F64:
        """(n,) share of each word in running text: from counts, or by Zipf's law 1/(rank + 2.7) where there are none."""
        weight = 1.0 / (np.arange(len(self)) + 2.7) if self.counts is None else self.counts + 0.5
        return np.asarray(weight / weight.sum(), dtype=np.float64)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over language, words, counts and matrix: equal content, equal fingerprint."""
        digest = hashlib.sha256(f"{self.lang}\0{self.matrix.shape}\0".encode())
        digest.update("\n".join(self.words).encode("utf-8", "surrogatepass"))
        digest.update(b"" if self.counts is None else self.counts.astype("<i8").tobytes())
        digest.update(np.ascontiguousarray(self.matrix, dtype="<f4").data)
        return digest.hexdigest()


def _checked_counts(counts: I64, n: int) -> I64:
    """A read-only view of `counts` (n,) as int64."""
    found = numbers(counts, "the counts")
    if found.dtype.kind == "f" or found.shape != (n,) or (found.astype(np.int64) < 0).any():
        what = f"counts of type {found.dtype} and shape {found.shape} for {n} words"
        raise InputError("vec.counts", f"{what}; one 64-bit integer ≥ 0 each")
    found = np.ascontiguousarray(found, dtype=np.int64).view()
    found.flags.writeable = False
    return found
