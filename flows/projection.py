"""Vectors on a plane: their principal components, or UMAP where it is installed."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from align.arguments import check_seed, rows_of
from align.errors import InputError, printable
from align.retrieval import check_k

Method = Literal["pca", "umap"]
FIT_ROWS = 20_000  # a plane through so many rows is the plane through all: a second instead of minutes
FLAT = 1e-6  # below this spread, relative to the longest row, rows are all alike
_BLOCK = 8_192
_NEIGHBOURS = 15  # of UMAP, its own default

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Plane:
    """Where n rows lie: `at` (n, 2). `explained`: the share of the variance of the `fitted` rows that each principal component
    holds, None for UMAP, which has no such figure."""

    at: F64
    explained: tuple[float, float] | None
    fitted: int


def project(vectors: npt.NDArray[Any], method: Method = "pca", *, seed: int = 0, fit_rows: int = FIT_ROWS) -> Plane:
    """The plane that shows most of the variance of `vectors` (n, dim), and their coordinates on it.

    Principal components (Pearson 1901): the first two right singular vectors of the centred rows. "umap" (McInnes, Healy and
    Melville 2018), by cosine, keeps neighbours together instead; distances between groups then mean little. Of more than
    `fit_rows` rows a sample, drawn by `seed`, makes the plane, and all are put on it, a block at a time. The same vectors and seed
    give the same coordinates: a component has no sign of its own, so its largest coordinate is made positive.

    Raises InputError `map.too_few` for fewer than three rows, or where all are alike; `map.bad_method`, `map.no_umap` where
    umap-learn is not installed, `align.bad_seed`, `api.bad_k`, `api.bad_vector`.

    >>> project(np.array([[1.0, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0]])).explained
    (0.5, 0.5)
    """
    if not isinstance(method, str) or method not in get_args(Method):
        raise InputError("map.bad_method", f"method={printable(repr(method))}; one of {', '.join(get_args(Method))}")
    rows, seed, fit_rows = rows_of(vectors, "vectors"), check_seed(seed), check_k(fit_rows)
    if not np.isfinite(rows).all():
        raise InputError("api.bad_vector", "vectors hold values that are not finite; give finite numbers")
    n = len(rows)
    chosen = np.arange(n)
    if n > fit_rows:
        chosen = np.sort(np.random.default_rng(seed).choice(n, fit_rows, replace=False))
    sample = rows[chosen].astype(np.float64)
    spread = sample - sample.mean(axis=0) if len(sample) else sample
    if len(sample) < 3 or rows.shape[1] < 2 or np.abs(spread).max() <= FLAT * np.abs(sample).max():
        raise InputError("map.too_few", f"{n} vectors that span no plane; a map needs three that differ")
    at, explained = _umap(rows, sample, seed) if method == "umap" else _components(rows, spread, sample.mean(axis=0))
    at *= np.where(at[np.abs(at).argmax(axis=0), [0, 1]] < 0, -1, 1)
    return Plane(at.round(5), explained, len(sample))


def _components(rows: npt.NDArray[Any], spread: F64, mean: F64) -> tuple[F64, tuple[float, float]]:
    """Coordinates of `rows` on the first two components of `spread`, and the shares they hold."""
    _, S, Vt = np.linalg.svd(spread, full_matrices=False)
    at = np.concatenate([(rows[i : i + _BLOCK] - mean) @ Vt[:2].T for i in range(0, len(rows), _BLOCK)])
    first, second = (S[:2] ** 2 / (S**2).sum()).tolist()
    return at, (first, second)


def _umap(rows: npt.NDArray[Any], sample: F64, seed: int) -> tuple[F64, None]:
    """UMAP of `sample`, and `rows` put among it where they are more."""
    try:
        import umap
    except ImportError:
        what = "UMAP is not installed; uv sync --extra umap, or pip install -e '.[umap]', or take method pca"
        raise InputError("map.no_umap", what) from None
    # Laid out at random where there are fewer rows than its spectral start takes; one thread, as more give other results each time.
    model = umap.UMAP(
        n_neighbors=min(_NEIGHBOURS, len(sample) - 1), metric="cosine", init="spectral" if len(sample) > _NEIGHBOURS else "random",
        random_state=seed, transform_seed=seed, n_jobs=1,
    )  # fmt: skip
    at = model.fit_transform(sample)
    if len(rows) > len(sample):
        at = np.concatenate([model.transform(rows[i : i + _BLOCK]) for i in range(0, len(rows), _BLOCK)])
    return np.asarray(at, dtype=np.float64), None
