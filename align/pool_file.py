"""A Pooler's fitted state in one safetensors file, bound to the space it was fitted in."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from align.errors import AlignError, InputError, printable
from align.pool import Pooler
from align.pool_state import PoolingState
from align.space import SharedSpace
from align.tensor_file import read_tensors, write_tensors

FORMAT = "align-pooler-3"
ARRAYS = ("weights", "mean", "components", "removal")


def save_pooler(pooler: Pooler, path: str | Path) -> None:
    """Write all that was fitted, in float64, and how. Raises ResourceError `file.unwritable`."""
    tensors = {f"{lang}/{name}": getattr(state, name) for lang, state in pooler.states.items() for name in ARRAYS}
    states = {
        lang: {"documents": s.documents, "digest": s.digest, "centre": s.centre, "a": s.a}
        for lang, s in pooler.states.items()
    }
    how = {
        "weighting": pooler.weighting, "a": pooler.a, "reduce": pooler.reduce, "components": pooler.components,
        "components_of": pooler.components_of, "pooling_id": pooler.pooling_id, "tried": list(pooler.tried),
    }  # fmt: skip
    about = {"format": FORMAT, "space_id": pooler.space_id, "pooling": json.dumps(how), "states": json.dumps(states)}
    write_tensors(path, tensors, about)


def load_pooler(path: str | Path, space: SharedSpace) -> Pooler:
    """Read what `save_pooler` wrote, for the space it was fitted in.

    Raises InputError `file.missing`, `file.not_tensors`, `pool.old_format` for a file of an earlier release,
    `pool.other_space` for another space or another kind of file, `pool.damaged` where it is not what was fitted.
    """
    tensors, about = read_tensors(path)
    found = about.get("format", "")
    if found.startswith("align-pooler-") and found != FORMAT:
        message = f"a pooling in the format {found[:40]}, this release reads {FORMAT}; fit it again with fit_pooler"
        raise InputError("pool.old_format", message, path=path)
    if found != FORMAT or about.get("space_id") != space.space_id:
        raise InputError("pool.other_space", "not the pooling of this space; fit it again with fit_pooler", path=path)
    try:
        pooler = _pooler(tensors, about, space)
    except (AlignError, ValueError, TypeError, KeyError, AttributeError) as error:
        what = f"not a whole pooling ({printable(error, 100)}); fit it again with fit_pooler"
        raise InputError("pool.damaged", what, path=path) from None
    if pooler.identity() != pooler.pooling_id:
        raise InputError("pool.damaged", "not the numbers that were fitted; fit it again with fit_pooler", path=path)
    return pooler


def _pooler(tensors: Mapping[str, npt.NDArray[Any]], about: Mapping[str, str], space: SharedSpace) -> Pooler:
    how: dict[str, Any] = json.loads(about["pooling"])
    states = {}
    for lang, state in json.loads(about["states"]).items():
        arrays: dict[str, Any] = {name: np.asarray(tensors[f"{lang}/{name}"], dtype=np.float64) for name in ARRAYS}
        states[lang] = PoolingState(**arrays, **state)
    vectors = {lang: space.vectors(lang) for lang in states}
    how["tried"] = tuple(how["tried"])
    return Pooler(space_id=space.space_id, vectors=vectors, states=states, **how)
