"""Everything in the library that fits a map to pairs of vectors, behind one interface, and which laws are to hold for it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from align.joint import Edge, fit_joint
from align.l1 import refine_l1
from align.normalize import unit_rows
from align.procrustes import Rotation, fit_rotation
from align.rcsls import fit_rcsls
from align.refine import refine
from align.robust import fit_robust_rotation
from align.self_learning import self_learn
from align.whitening import fit_reweighting


@dataclass(frozen=True, eq=False)
class Found:
    """Maps (dim, dim) of both sides onto what they have in common, and the rotation where the fit returns one."""

    source: np.ndarray
    target: np.ndarray
    rotation: Rotation | None = None
    trust: np.ndarray | None = None

    @staticmethod
    def of(rotation, trust=None):
        return Found(rotation.matrix, np.eye(len(rotation.matrix)), rotation, trust)


@dataclass(frozen=True)
class Aligner:
    """A way to fit a map, and what is promised of it.

    `fit` takes X, Y (n, dim) and the unit rows in float32 of two vocabularies. `orthogonal`: so is the map. `determinants`
    that it can have. `whole`: it takes pairs of any scale and rank and looks at nothing else; the others take unit rows
    and look among the words. `repeats`: every pair twice is as good as once. `recovers` a planted turn. `turns`: turning a
    side turns the map (the l1 objective sees the axes). `transposes`: the way back is the transpose. `smallest(X, Y, W,
    found)`: what it minimises over all orthogonal W. `most` dimensions to try it in. `tolerance` of its numbers. `examples` of a law in CI.
    """

    name: str
    fit: Callable
    orthogonal: bool = True
    determinants: tuple[int, ...] = (1, -1)
    whole: bool = True
    repeats: bool = True
    recovers: bool = True
    turns: bool = True
    transposes: bool = True
    smallest: Callable | None = None
    most: int = 24
    tolerance: float = 1e-9
    examples: int = 500

    def __call__(self, X, Y, words=None) -> Found:
        """`words`: the vocabularies, by default the pairs. Nothing may overflow, or divide by zero, in silence."""
        with np.errstate(all="raise"):
            return self.fit(X, Y) if self.whole else self.fit(X, Y, *map(unit_rows, words or (X, Y)))


def _squares(X, Y, W, found):
    return float(((X @ W - Y) ** 2).sum())


def _distances(X, Y, W, found):
    ratio = np.median(np.linalg.norm(X, axis=1) / np.linalg.norm(Y, axis=1))  # as it scales Y
    return float(found.trust @ np.linalg.norm(X @ W - Y * ratio, axis=1))


def _absolutes(X, Y, W, found):
    return float(np.abs(X @ W - Y).sum())


def _robust(X, Y):
    found = fit_robust_rotation(X, Y)
    return Found.of(found.rotation, found.trust)


def _whitened(X, Y):
    by = fit_reweighting(X, Y)
    return Found(*(side / np.linalg.norm(side) for side in (by.source, by.target)))  # cosines see no length


def _refined(X, Y, source, target):
    return Found.of(refine(X, Y, np.ones(len(X)), source, target).rotation)


def _self_learned(X, Y, source, target):
    return Found.of(self_learn(X, Y, np.ones(len(X)), source, target).rotation)


def _rcsls(X, Y, source, target):
    start = fit_rotation(X, Y).matrix
    return Found(fit_rcsls(X, Y, source, target, start, k=3, steps=3), np.eye(len(start)))


PROCRUSTES = Aligner("procrustes", lambda X, Y: Found.of(fit_rotation(X, Y)), smallest=_squares)
ALIGNERS = (
    PROCRUSTES,
    Aligner(
        "proper", lambda X, Y: Found.of(fit_rotation(X, Y, proper=True)), determinants=(1,), smallest=_squares, examples=60
    ),
    Aligner("joint", lambda X, Y: Found.of(fit_joint([Edge.of("a", "b", X, Y)], "b")["a"]), smallest=_squares, examples=60),
    Aligner("robust", _robust, repeats=False, smallest=_distances, tolerance=1e-6, examples=60),
    Aligner(
        "l1", lambda X, Y: Found.of(refine_l1(X, Y, start=fit_rotation(X, Y))), turns=False, transposes=False,
        smallest=_absolutes, most=6, tolerance=1e-5, examples=20,
    ),
    Aligner("whitening", _whitened, orthogonal=False, transposes=False, tolerance=1e-6, examples=100),
    Aligner("refine", _refined, whole=False, repeats=False, most=12, tolerance=2e-5, examples=30),
    Aligner("self-learning", _self_learned, whole=False, repeats=False, most=12, tolerance=2e-5, examples=15),
    Aligner(
        "rcsls", _rcsls, orthogonal=False, whole=False, repeats=False, recovers=False, transposes=False, most=12,
        tolerance=2e-5, examples=30,
    ),
)  # fmt: skip


def those(**wanted):
    """The aligners of which all of this is true."""
    return [one for one in ALIGNERS if all(bool(getattr(one, name)) == value for name, value in wanted.items())]
