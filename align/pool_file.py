"""A Pooler's fitted state in one safetensors file, bound to the space it was fitted in."""

from pathlib import Path

import numpy as np

from align.errors import InputError
from align.pool import Pooler, PoolingState, Weighting
from align.space import SharedSpace
from align.tensor_file import read_tensors, write_tensors

FORMAT = "align-pooler-1"


def save_pooler(pooler: Pooler, path: str | Path) -> None:
    """Write weights and means of every language in float64. Raises ResourceError `file.unwritable`."""
    tensors = {}
    about = {"format": FORMAT, "space_id": pooler.space_id, "weighting": pooler.weighting, "a": repr(pooler.a)}
    for lang, state in pooler.states.items():
        tensors[f"{lang}/weights"], tensors[f"{lang}/mean"] = state.weights, state.mean
        about[f"{lang}/centre"], about[f"{lang}/documents"] = state.centre, str(state.documents)
    write_tensors(path, tensors, about)


def load_pooler(path: str | Path, space: SharedSpace) -> Pooler:
    """Read what `save_pooler` wrote, for the space it was fitted in.

    Raises InputError `file.missing`, `file.not_tensors`, `pool.other_space` for another space or another kind of file.
    """
    tensors, about = read_tensors(path)
    if about.get("format") != FORMAT or about.get("space_id") != space.space_id:
        raise InputError("pool.other_space", "not the pooling of this space; fit it again with fit_pooler", path=path)
    states = {}
    for lang in space.languages:
        weights, mean = (np.asarray(tensors[f"{lang}/{name}"], dtype=np.float64) for name in ("weights", "mean"))
        states[lang] = PoolingState(weights, mean, int(about[f"{lang}/documents"]), about[f"{lang}/centre"])
    weighting: Weighting = about["weighting"]  # type: ignore[assignment]
    vectors = {lang: space.vectors(lang) for lang in states}
    return Pooler(space.space_id, weighting, float(about["a"]), vectors, states)
