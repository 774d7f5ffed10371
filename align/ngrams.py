"""Vectors for words that no text held, from fastText's character n-grams, mapped as the words of their language are.

A vector of an unseen word is the mean of its n-grams' vectors, normalised as a word's and turned with the words: a rotation
goes through means and lengths, so turning the n-grams once does for every word to come. In a text such a word is the words that are
nearest to its vector: what is pooled, weighed and explained is always words of the vocabulary.

Source: Bojanowski et al. 2017, doi:10.1162/tacl_a_00051; n-grams and their hash (FNV-1a over signed bytes) as in fastText.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from align.arguments import expect, listed, numbers, rows_of
from align.errors import InputError
from align.normalize import Normalization
from align.procrustes import Rotation
from align.retrieval import top_k
from align.tokens import fold
from align.vectors import F32, I64, WordVectors

SHARED_BY = 3  # words of the vocabulary, at least: what fewer share holds little but the noise of its bucket
MOST = 200_000  # n-grams that are kept, those of most words
COVERED = 0.5  # of a token's n-grams that have to be kept: buckets are shared, and foreign letters hit some by chance
NEAREST = 3  # words that stand for a token
LEAST = 0.4  # cosine below which a word is not like a token
BLOCK = 1 << 24  # cosines held at once
TINY = 1e-6  # length below which a mean of n-grams has no direction


@dataclass(frozen=True, eq=False)
class Ngrams:
    """n-grams of `lang` in the shared frame: `matrix` (m, dim) of the `buckets` (m,), rising, out of `n_buckets`.

    Of lengths `min_n` to `max_n`, with `<` before a word and `>` after it. `normalization`: that of the words, its means
    turned as the words are. Made by `map_ngrams`. Raises InputError `api.bad_vector`, `api.bad_rows`, `api.bad_type`.
    """

    lang: str
    matrix: F32
    buckets: I64
    n_buckets: int
    min_n: int
    max_n: int
    normalization: Normalization

    def __post_init__(self) -> None:
        expect(Normalization, normalization=self.normalization)
        expect(str, lang=self.lang)
        matrix, buckets = rows_of(self.matrix, "the n-gram matrix"), numbers(self.buckets, "buckets")
        for name in ("n_buckets", "min_n", "max_n"):
            expect(int, **{name: getattr(self, name)})
        rising = buckets.ndim == 1 and buckets.dtype.kind in "iu" and (np.diff(buckets) > 0).all()
        if not rising or (len(buckets) and not 0 <= buckets[0] <= buckets[-1] < self.n_buckets):
            raise InputError("api.bad_rows", f"buckets of shape {buckets.shape}; rising numbers below {self.n_buckets}")
        if len(matrix) != len(buckets):
            raise InputError("api.bad_vector", f"{len(matrix)} rows for {len(buckets)} buckets; one each is needed")

    @cached_property
    def _place(self) -> dict[int, int]:
        return {bucket: row for row, bucket in enumerate(self.buckets.tolist())}

    def vector(self, word: str) -> F32 | None:
        """Unit vector (dim,) of a word, folded, by its n-grams; None where none of them is here. Raises InputError `api.bad_text`."""
        return self._vector(ngram_buckets([fold(word, self.lang)], self.n_buckets, self.min_n, self.max_n)[0], 0.0)

    def similar(self, tokens: Sequence[str], matrix: F32, rows: I64) -> list[tuple[tuple[int, ...], tuple[float, ...]]]:
        """Per folded token which `rows` of the words' `matrix` (n, dim) are nearest to its vector, and shares that sum to 1.

        The 3 of highest cosine, those above 0.4 only, each by its cosine; none where fewer than half of the token's n-grams
        are here. Raises InputError `api.bad_text`, `api.bad_vector`, `api.bad_rows`.
        """
        each = ngram_buckets(tokens, self.n_buckets, self.min_n, self.max_n)
        matrix = rows_of(matrix, "matrix", self.matrix.shape[1])
        rows = numbers(rows, "rows")
        if (
            rows.ndim != 1
            or rows.dtype.kind not in "iu"
            or (len(rows) and not 0 <= rows.min() <= rows.max() < len(matrix))
        ):
            raise InputError("api.bad_rows", f"rows of shape {rows.shape}; whole numbers from 0 to {len(matrix) - 1}")
        found: list[tuple[tuple[int, ...], tuple[float, ...]]] = [((), ())] * len(each)
        queries = {i: v for i, buckets in enumerate(each) if (v := self._vector(buckets, COVERED)) is not None}
        numbered, step = [*queries], max(1, BLOCK // max(len(matrix), 1))
        words = matrix if len(rows) == len(matrix) else matrix[rows]
        for some in (numbered[start : start + step] for start in range(0, len(numbered), step) if len(rows)):
            near = rows[top_k(np.stack([queries[i] for i in some]) @ words.T, min(NEAREST, len(rows))).rows]
            for i, best in zip(some, near.tolist(), strict=True):
                # Again in float64, one by one: by the block, the last bits depend on what else is asked for.
                cosines = (matrix[best].astype(np.float64) * queries[i]).sum(axis=1)
                kept = sorted((-c, row) for c, row in zip(cosines.tolist(), best, strict=True) if c >= LEAST)
                total = sum(c for c, _ in kept)
                found[i] = (tuple(row for _, row in kept), tuple(c / total for c, _ in kept))
        return found

    @cached_property
    def content(self) -> str:
        """SHA-256 of which n-grams there are; equal for equal sources, whatever rounding did to the vectors."""
        digest = hashlib.sha256(f"{self.lang} {self.n_buckets} {self.min_n} {self.max_n} ".encode())
        digest.update(self.buckets.astype("<i8").tobytes())
        return digest.hexdigest()

    def _vector(self, buckets: I64, covered: float) -> F32 | None:
        """Of a word with these n-grams, of which this share has to be here."""
        rows = [self._place[bucket] for bucket in buckets.tolist() if bucket in self._place]
        if not rows or len(rows) < covered * len(buckets):
            return None
        mean = self.matrix[rows].mean(axis=0, dtype=np.float64)
        if not np.linalg.norm(mean) > TINY:
            return None
        return np.asarray(self.normalization.apply(mean[None].astype(np.float32))[0], dtype=np.float32)


def map_ngrams(vectors: WordVectors, normalization: Normalization, rotation: Rotation) -> Ngrams | None:
    """The n-grams of raw `vectors` in the frame into which `normalization` and `rotation` take its words; None without any.

    Kept are those that 3 words of the vocabulary share, at most 200,000, those of most words. Raises InputError `api.bad_type`.
    """
    expect(WordVectors, vectors=vectors)
    expect(Normalization, normalization=normalization)
    expect(Rotation, rotation=rotation)
    subwords = vectors.subwords
    if subwords is None or not len(subwords.matrix):
        return None
    n = len(subwords.matrix)
    each = ngram_buckets(list(vectors.folded_index), n, subwords.min_n, subwords.max_n)
    words = np.bincount(np.concatenate([np.unique(found) for found in each]).astype(np.int64), minlength=n)
    order = np.argsort(-words, kind="stable")[:MOST]
    kept = np.sort(order[words[order] >= SHARED_BY])
    turned = (subwords.matrix[kept] @ rotation.matrix.astype(np.float32)).astype(np.float32)
    means = tuple(mean @ rotation.matrix for mean in normalization.means)
    steps = Normalization(normalization.steps, means)
    return Ngrams(vectors.lang, turned, kept, n, int(subwords.min_n), int(subwords.max_n), steps)


def ngram_buckets(words: Sequence[str], n_buckets: int, min_n: int, max_n: int) -> list[I64]:
    """Per word the buckets of its n-grams of `min_n` to `max_n` characters, in order, with repetitions.

    Raises InputError `api.bad_text`, `api.bad_k`.

    >>> ngram_buckets(["ab"], 1000, 3, 3)  # of <ab and ab>
    [array([508, 756])]
    """
    words = listed(str, "api.bad_text", words=words)
    for name, value in (("n_buckets", n_buckets), ("min_n", min_n), ("max_n", max_n)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or not 0 <= value < 1 << 32:
            raise InputError("api.bad_k", f"{name}={str(value)[:20]!r}; a whole number from 0 to 2^32")
    if n_buckets == 0:
        raise InputError("api.bad_k", "n_buckets=0; at least one bucket is needed")
    ids: dict[bytes, int] = {}
    each = [[ids.setdefault(ngram, len(ids)) for ngram in _ngrams(word, min_n, max_n)] for word in words]
    hashes = _hashes(list(ids)) % n_buckets
    return [hashes[found].astype(np.int64) for found in each]


def _ngrams(word: str, min_n: int, max_n: int) -> list[bytes]:
    """Character n-grams of `<word>`, without the single `<` and `>`, in UTF-8."""
    text = f"<{word}>"
    return [
        text[start : start + n].encode("utf-8", "surrogatepass")
        for start in range(len(text))
        for n in range(max(min_n, 1), min(max_n, len(text) - start) + 1)
        if n > 1 or 0 < start < len(text) - 1
    ]


def _hashes(ngrams: list[bytes]) -> I64:
    """FNV-1a of 32 bits, every byte extended with its sign as fastText does."""
    found = np.full(len(ngrams), 2166136261, dtype=np.uint32)
    lengths = np.fromiter(map(len, ngrams), dtype=np.int64, count=len(ngrams))
    for length in np.unique(lengths):
        at = np.flatnonzero(lengths == length)
        letters = np.frombuffer(b"".join(ngrams[i] for i in at), dtype=np.int8).reshape(-1, length)
        for column in letters.T:
            found[at] = (found[at] ^ column.astype(np.uint32)) * np.uint32(16777619)
    return found.astype(np.int64)
