"""Arrays and text metadata in one safetensors file: no code runs on reading, and a file is there whole or not at all."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from align.errors import InputError, ResourceError


def write_tensors(path: str | Path, tensors: Mapping[str, npt.NDArray[Any]], metadata: Mapping[str, str]) -> None:
    """Write `tensors` aside, fsync, then move them into place.

    Raises ResourceError `file.unwritable` when the disk refuses; an older file at `path` then stays as it was.
    """
    path = Path(path)
    aside = path.with_name(f".{path.name}.{uuid4().hex[:8]}")
    try:
        save_file({name: np.ascontiguousarray(a) for name, a in tensors.items()}, aside, dict(metadata))
        sync(aside)
        aside.replace(path)
        sync(path.parent)
    except (OSError, SafetensorError) as error:
        raise ResourceError("file.unwritable", f"cannot write ({error}); check space and permissions", path=path) from None
    finally:
        aside.unlink(missing_ok=True)


def read_tensors(path: str | Path) -> tuple[dict[str, npt.NDArray[Any]], dict[str, str]]:
    """Tensors and metadata of a safetensors file.

    Raises InputError `file.missing`, `file.not_tensors`.
    """
    if not Path(path).is_file():
        raise InputError("file.missing", "no such file; check the path", path=path)
    try:
        with safe_open(path, framework="numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError("file.not_tensors", f"not a readable safetensors file ({error})", path=path) from None


def pack_words(words: tuple[str, ...]) -> npt.NDArray[np.uint8]:
    """Words as one array of UTF-8 bytes, a newline between them."""
    return np.frombuffer("\n".join(words).encode(), dtype=np.uint8)


def unpack_words(packed: npt.NDArray[np.uint8]) -> tuple[str, ...]:
    """What `pack_words` packed."""
    return tuple(packed.tobytes().decode().split("\n"))


def sync(path: Path) -> None:
    """Flush a file or folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
