"""How the words of one language find those of another: CSLS in the shared space, or under a re-weighting of the pair,
with the evidence of spelling added where it is wanted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from align.arguments import expect, numbers, rows_of
from align.errors import InputError, printable
from align.memory import block_bytes
from align.retrieval import NEIGHBOURS, Neighbours, check_k, csls, neighbourhood, top_k
from align.spelling import Spelling
from align.vectors import F32, I64, WordVectors
from align.whitening import Reweighting

HUBNESS_SAMPLE = 25_000  # most frequent source words against which the hubness of a target word is taken
DISCOUNT = 1.3  # weight of hubness under a re-weighting; 1 is CSLS as published (benchmarks/README.md)
BLOCK_BYTES = 64 << 20

SpellingChoice = Literal["off", "auto"]


@dataclass(frozen=True, eq=False)
class Bilinear:
    """A re-weighting (A, B) as it is used: cos(xA, yB) = (x `product`)·y × `scale`(y) / ‖x `source_map`‖.

    `product` (dim, dim) = AB', `source_map` (dim, dim) = A, `scale` (m,) = 1/‖yB‖; so the targets stay in the shared
    space and need no second copy, in memory or in a store.
    """

    product: F32
    source_map: F32
    scale: F32

    @staticmethod
    def of(by: Reweighting, target: F32) -> "Bilinear":
        """For `target` (m, dim), unit rows of the shared space. Raises InputError `api.bad_vector`, `api.bad_type`."""
        expect(Reweighting, by=by)
        mapped = rows_of(target, "target", len(by.target)) @ by.target.astype(np.float32)
        scale = 1 / np.linalg.norm(mapped, axis=1)
        return Bilinear((by.source @ by.target.T).astype(np.float32), by.source.astype(np.float32), scale)


@dataclass(frozen=True, eq=False)
class Spelled:
    """`spelling` between the words of two vocabularies; `backwards` where it was fitted from the target's language."""

    spelling: Spelling
    source_words: Sequence[str]
    target_words: Sequence[str]
    backwards: bool = False

    def evidence(self, rows: I64) -> F32:
        """(len(rows), m) weight times similarity, to be added to the scores of these source rows."""
        words = [self.source_words[row] for row in rows]
        if self.backwards:
            similarity = self.spelling.similarity(self.target_words, words).T
        else:
            similarity = self.spelling.similarity(words, self.target_words)
        return np.asarray(np.float32(self.spelling.weight) * similarity, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class WordRetrieval:
    """Scores of target words for source words, both given as unit rows of the shared space.

    `source` (n, dim), `target` (m, dim). `hubness` (m,): what is taken from every target's score, r_S of CSLS or, under
    a re-weighting, 1.3 times r_S there: score = 2 cos(xA, yB) − r_T(x) − hubness(y). A re-weighting is no rotation: it
    serves this pair alone, and only to find translations. `spelled` adds weight · similarity of the spellings.

    Raises InputError `api.bad_vector`, `api.bad_type`.
    """

    source: F32
    target: F32
    hubness: F32
    by: Bilinear | None = None
    spelled: Spelled | None = None

    def __post_init__(self) -> None:
        dim = rows_of(self.source, "source").shape[1]
        rows_of(self.target, "target", dim)
        if numbers(self.hubness, "hubness").shape != self.target.shape[:1]:
            shapes = f"hubness {np.shape(self.hubness)} for {len(self.target)} targets"
            raise InputError("api.bad_vector", f"{shapes}; one number for each target is needed")
        expect((Bilinear, type(None)), by=self.by)
        expect((Spelled, type(None)), spelled=self.spelled)

    @property
    def name(self) -> str:
        """`csls10`, with `-reweighted` and `+spelling` where these are used."""
        return f"csls{NEIGHBOURS}" + ("-reweighted" if self.by else "") + ("+spelling" if self.spelled else "")

    def scores(self, rows: I64) -> F32:
        """(len(rows), m) scores of all targets for these rows of the source. Raises InputError `api.bad_rows`."""
        rows = self._checked(rows)
        queries = self.source[rows]
        if self.by is None:
            scores = csls(queries @ self.target.T, self.hubness)
        else:
            lengths = np.linalg.norm(queries @ self.by.source_map, axis=1, keepdims=True)
            cosine = (queries @ self.by.product / lengths) @ self.target.T
            cosine *= self.by.scale
            scores = csls(cosine, self.hubness)
        if self.spelled is not None:
            scores += self.spelled.evidence(rows)
        return scores

    def best(self, rows: I64, k: int) -> Neighbours:
        """The k best targets of each of these rows of the source. Raises InputError `api.bad_k`, `api.bad_rows`."""
        k, rows = min(check_k(k), len(self.target)), self._checked(rows)
        step = max(1, block_bytes(BLOCK_BYTES) // (4 * max(len(self.target), 1)))
        found = [top_k(self.scores(rows[a : a + step]), k) for a in range(0, len(rows), step)] if k else []
        if not found:
            return Neighbours(np.zeros((len(rows), k), "i8"), np.zeros((len(rows), k), "f4"))
        return Neighbours(np.concatenate([f.rows for f in found]), np.concatenate([f.scores for f in found]))

    def _checked(self, rows: I64) -> I64:
        found, n = numbers(rows, "rows"), len(self.source)
        inside = not found.size or (found.dtype.kind != "f" and found.min() >= 0 and found.max() < n)
        if found.ndim != 1 or not inside:
            raise InputError("api.bad_rows", f"rows of shape {found.shape}; a list of rows from 0 to {n - 1}")
        return found.astype(np.int64)


def word_hubness(source: F32, target: F32, reweighting: Reweighting | None = None) -> F32:
    """(m,) what `WordRetrieval` takes from the score of every row of `target` (m, dim), unit rows as those of `source`.

    The mean cosine to the 10 nearest of the 25,000 most frequent source rows, times 1.3 under a re-weighting. Raises
    InputError `api.bad_vector`.
    """
    expect((Reweighting, type(None)), reweighting=reweighting)
    source = rows_of(source, "source")[:HUBNESS_SAMPLE]
    if reweighting is None:
        return neighbourhood(target, source, NEIGHBOURS)
    mapped = reweighting.apply_target(target), reweighting.apply_source(source)
    return np.asarray(DISCOUNT * neighbourhood(*mapped, NEIGHBOURS), dtype=np.float32)


def check_spelling(choice: object) -> None:
    """Raises InputError `api.bad_spelling` unless `choice` is "off" or "auto"."""
    if not isinstance(choice, str) or choice not in get_args(SpellingChoice):
        raise InputError("api.bad_spelling", f"spelling={printable(repr(choice))}; one of off, auto")


def spelled_words(
    spellings: Mapping[tuple[str, str], Spelling], source: WordVectors, target: WordVectors
) -> Spelled | None:
    """The evidence of spelling between two vocabularies, or None where there is none that helps.

    Raises InputError `api.bad_type`.
    """
    expect(Mapping, spellings=spellings)
    expect(WordVectors, source=source, target=target)
    spelling, backwards = spellings.get((source.lang, target.lang)), False
    if spelling is None:
        spelling, backwards = spellings.get((target.lang, source.lang)), True
    if spelling is None or spelling.weight == 0:
        return None
    return Spelled(spelling, source.words, target.words, backwards)
