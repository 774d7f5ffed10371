"""Where the laws of numbers are tried: pairs of vectors with a planted turn, of any rank, with repeated rows, noise and scales.

Hypothesis draws sizes and kinds and shrinks them; the numbers themselves come from one seed. All arrays are read-only, so
that nothing they are lent to can change them.
"""

from dataclasses import dataclass

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

LAW = 500  # examples of a law in CI; nightly as many as the profile says, 5,000

seeds = st.integers(0, 2**32 - 1)
dims = st.integers(1, 24)
scales = st.integers(-12, 12).map(lambda power: 10.0**power)


def law(examples=LAW):
    """Settings of a property test that states a law: `examples` in CI, where 500 would take more than three seconds fewer."""
    return settings(max_examples=examples) if settings.get_current_profile_name() == "ci" else settings()


def orthogonal(rng, dim, determinant=None):
    """A random orthogonal matrix (dim, dim), of this determinant where one is asked for."""
    Q = np.linalg.qr(rng.standard_normal((dim, dim)))[0]
    if determinant is not None and np.linalg.det(Q) * determinant < 0:
        Q[:, 0] *= -1
    return Q


def unit(rows):
    """Rows of length 1; rows of zeros stay."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1)


@dataclass(frozen=True, eq=False)
class Pairs:
    """X, Y (n, dim) with Y = XQ, shaken by `noise`; `rank` of X as planted; `rng` for whatever else a law needs."""

    X: np.ndarray
    Y: np.ndarray
    Q: np.ndarray
    rank: int
    noise: float
    rng: np.random.Generator

    @property
    def dim(self):
        return self.X.shape[1]


@st.composite
def any_pairs(draw):
    """n from 0 to 3 dim, any rank, repeated rows, rows of zeros, noise, either side on a scale of its own."""
    dim = draw(dims)
    n, rank = draw(st.integers(0, 3 * dim)), draw(st.integers(1, dim))
    return _pairs(
        draw(seeds), n, dim, rank, draw(st.sampled_from([1, -1])), draw(st.sampled_from([0, 1e-12, 0.1, 3])),
        repeated=draw(st.booleans()), zeros=draw(st.booleans()), scale_X=draw(scales), scale_Y=draw(scales),
    )  # fmt: skip


@st.composite
def full_pairs(draw, least=1, most=24, each=3, noise=0.1, determinant=None):
    """Enough pairs to determine the map well, `each` for a dimension and four more, shaken by `noise`."""
    dim = draw(st.integers(least, most))
    determinant = draw(st.sampled_from([1, -1])) if determinant is None else determinant
    return _pairs(draw(seeds), each * dim + 4, dim, dim, determinant, noise)


@st.composite
def deficient_pairs(draw, noise=0.0):
    """Pairs that span fewer dimensions than there are."""
    dim = draw(st.integers(2, 24))
    rank = draw(st.integers(1, dim - 1))
    return _pairs(draw(seeds), 2 * dim + 4, dim, rank, draw(st.sampled_from([1, -1])), noise)


def _pairs(seed, n, dim, rank, determinant, noise, *, repeated=False, zeros=False, scale_X=1.0, scale_Y=1.0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, rank)) @ orthogonal(rng, dim)[:rank]
    if repeated:
        X = X[rng.integers(0, max(n // 2, 1), n)]
    if zeros:
        X[rng.random(n) < 0.3] = 0
    Q = orthogonal(rng, dim, determinant)
    Y = X @ Q + noise * rng.standard_normal(X.shape)
    return Pairs(*frozen(X * scale_X, Y * scale_Y, Q), rank, noise, rng)


def frozen(*arrays):
    """The arrays, read-only."""
    for array in arrays:
        array.flags.writeable = False
    return arrays
