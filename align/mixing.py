"""Language mixing: whether two languages lie among each other, or as two islands, before the rotation and after it."""

from dataclasses import asdict, dataclass

import numpy as np
import polars as pl

from align.arguments import expect
from align.errors import AlignmentError, InputError
from align.evaluate import checked_count
from align.intrinsic import check_sides, same_language
from align.memory import block_bytes
from align.normalize import unit_rows
from align.procrustes import Rotation
from align.retrieval import BLOCK_BYTES, check_k
from align.space import SharedSpace, check_rotations
from align.vectors import F32, F64, WordVectors


@dataclass(frozen=True)
class Mixing:
    """What of the neighbourhood of frequent words is of the other language, one row.

    `before`, `after`: mean share of words of the other language among the `k` nearest of each word, `n_source` and `n_target`
    words pooled, in the normalised vectors as they were and as they are mapped. `expected`: that share where language plays
    no part. `alone_before`, `alone_after`: share of words with no neighbour of the other language. Two islands have shares
    near 0; two clouds that are the same, word by word, exceed `expected`, as each word has its translation beside it.
    """

    source: str
    target: str
    before: float
    after: float
    expected: float
    alone_before: float
    alone_after: float
    k: int
    n_source: int
    n_target: int

    def as_dict(self) -> dict[str, str | float | int]:
        return asdict(self)

    def frame(self) -> pl.DataFrame:
        """One row, a column for each field."""
        return pl.DataFrame([self.as_dict()])


def language_mixing(space: SharedSpace, source: str, target: str, *, k: int = 10, frequent: int = 2_000) -> Mixing:
    """`mixing_of` two languages of a space.

    Raises InputError `space.no_language`, and as `mixing_of`.

    >>> language_mixing(space, "en", "fr")      # doctest: +SKIP
    Mixing(source='en', target='fr', before=0.0094, after=0.3611, expected=0.5001, …)
    """
    expect(SharedSpace, space=space)
    ours, theirs = space.vectors(source), space.vectors(target)
    return mixing_of(ours, theirs, space.rotations[ours.lang], space.rotations[theirs.lang], k=k, frequent=frequent)


def mixing_of(
    source: WordVectors,
    target: WordVectors,
    source_rotation: Rotation,
    target_rotation: Rotation,
    *,
    k: int = 10,
    frequent: int = 2_000,
) -> Mixing:
    """Cross-language neighbours of the `frequent` first words of mapped `source` and `target`, before and after mapping.

    A rotation is orthogonal, so the vectors before it are the mapped ones times its transpose. `k` is capped at the words
    there are beside one; words that tie for the last place share it. Raises InputError `evaluate.same_language`,
    `api.bad_k`, `evaluate.bad_count`, `api.bad_type`; AlignmentError `align.dim_mismatch`; CorruptStoreError
    `space.corrupt` for a rotation that is none.

    >>> en, fr = (WordVectors(lang, ["a", "b"], np.eye(2, dtype="f4")) for lang in ("en", "fr"))
    >>> turn = Rotation(np.array([[0.0, 1.0], [-1.0, 0.0]]), 2, 2, 0.0, 1.0)
    >>> found = mixing_of(en, fr, Rotation.identity(2), turn, k=1)
    >>> found.after, round(found.expected, 3)
    (1.0, 0.667)
    """
    expect(WordVectors, source=source, target=target)
    expect(Rotation, source_rotation=source_rotation, target_rotation=target_rotation)
    check_sides(source, target, source.lang, target.lang)
    if same_language(source.lang, target.lang):
        raise InputError("evaluate.same_language", f"{source.lang} and {target.lang} are one language; give two")
    rotations = {source.lang: source_rotation, target.lang: target_rotation}
    for lang, rotation in rotations.items():
        if rotation.matrix.shape != (source.dim, source.dim):
            what = f"a rotation {rotation.matrix.shape} for {lang} of {source.dim} dimensions"
            raise AlignmentError("align.dim_mismatch", f"{what}; give that of the space")
    check_rotations(rotations)
    n = checked_count(frequent, "frequent", 1)
    X, Y = unit_rows(source.matrix[:n]), unit_rows(target.matrix[:n])
    k, every = min(check_k(k), len(X) + len(Y) - 1), len(X) + len(Y)
    raw_X, raw_Y = (
        np.asarray(side @ r.matrix.T, dtype=np.float32) for side, r in zip((X, Y), rotations.values(), strict=True)
    )
    before, after = _shares(raw_X, raw_Y, k), _shares(X, Y, k)
    return Mixing(
        source.lang, target.lang, float(before.mean()), float(after.mean()), 2 * len(X) * len(Y) / (every * (every - 1)),
        float((before == 0).mean()), float((after == 0).mean()), k, len(X), len(Y),
    )  # fmt: skip


def _shares(X: F32, Y: F32, k: int) -> F64:
    """(n_x + n_y,) share of rows of the other side among the k nearest of each row, itself left out."""
    both, is_y = np.vstack([X, Y]), np.arange(len(X) + len(Y)) >= len(X)
    shares = np.empty(len(both))
    step = max(1, block_bytes(BLOCK_BYTES) // (4 * len(both)))
    for start in range(0, len(both), step):
        own = np.arange(start, min(start + step, len(both)))
        cosine = both[own] @ both.T
        cosine[own - start, own] = -np.inf
        last = np.partition(cosine, len(both) - k, axis=1)[:, [len(both) - k]]
        above, tied, other = cosine > last, cosine == last, is_y[own, None] != is_y
        places = (k - above.sum(axis=1)) / tied.sum(axis=1)
        shares[own] = ((above & other).sum(axis=1) + places * (tied & other).sum(axis=1)) / k
    return shares
