"""What a caller hands in, checked at the door."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from align.errors import InputError, printable

T = TypeVar("T")


def expect(kind: type | tuple[type, ...], /, **given: object) -> None:
    """Raises InputError `api.bad_type` for the first of `given` that is not a `kind`."""
    for name, value in given.items():
        if not isinstance(value, kind):
            wanted = " or ".join(k.__name__ for k in (kind if isinstance(kind, tuple) else (kind,)))
            raise InputError("api.bad_type", f"{name} is of type {type(value).__name__}; give {wanted}")


def is_list(values: object) -> bool:
    """Whether `values` can be gone through as a list: no string, no mapping, no number in the form of an array."""
    return (
        isinstance(values, Iterable)
        and not isinstance(values, str | bytes | Mapping)
        and getattr(values, "ndim", 1) > 0
    )


def listed(kind: type[T], code: str = "api.bad_type", /, **given: Iterable[T]) -> list[T]:
    """The one iterable given, as a list of `kind`s; InputError `code` for anything else, also for one string."""
    ((name, values),) = given.items()
    if not is_list(values):
        raise InputError(code, f"{name} is one {type(values).__name__}; give a list of {kind.__name__}")
    found = list(values)
    for value in found:
        if not isinstance(value, kind):
            raise InputError(code, f"{name} holds a {type(value).__name__}; give a list of {kind.__name__}")
    return found


def numbers(values: object, what: str) -> npt.NDArray[Any]:
    """`values` as an array of real numbers, no copy where it is one. Raises InputError `api.bad_vector`."""
    try:
        array = np.asarray(values)
    except (TypeError, ValueError):
        raise InputError("api.bad_vector", f"{what} has rows of different lengths; give an array (n, dim)") from None
    if array.dtype.kind not in "fiu":
        raise InputError("api.bad_vector", f"{what} is of type {str(array.dtype)[:20]}; give real numbers (n, dim)")
    return array


def rows_of(values: object, what: str, dim: int | None = None) -> npt.NDArray[Any]:
    """As `numbers`, for an array (n, dim)."""
    array = numbers(values, what)
    if array.ndim != 2 or dim not in (None, array.shape[1]):
        raise InputError("api.bad_vector", f"{what} is of shape {array.shape}; give an array (n, {dim or 'dim'})")
    return array


def file_name(path: object) -> Path:
    """`path` as something that may name a file. Raises InputError `file.missing`, `api.bad_type`."""
    if not isinstance(path, str | os.PathLike):
        raise InputError("api.bad_type", f"path is of type {type(path).__name__}; give str or PathLike")
    try:
        os.fsencode(path)
    except ValueError:
        raise InputError("file.missing", f"{printable(repr(path))} names no file; it is not valid text") from None
    if not Path(path).name or "\0" in str(path):
        raise InputError("file.missing", f"{printable(repr(str(path)))} names no file; give the name of one")
    return Path(path)


def check_seed(seed: object) -> int:
    """`seed` if it is a whole number from 0, else InputError `align.bad_seed`."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InputError("align.bad_seed", f"seed={str(seed)[:20]}; a whole number from 0")
    return int(seed)
