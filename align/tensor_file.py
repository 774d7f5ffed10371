"""Arrays and text metadata in one safetensors file: no code runs on reading, and a file is there whole or not at all."""

import errno
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from align.arguments import expect, file_name, listed
from align.compressed import open_regular, replacing_path
from align.errors import InputError, printable


def write_tensors(path: str | Path, tensors: Mapping[str, npt.NDArray[Any]], metadata: Mapping[str, str]) -> None:
    """Write `tensors` aside, fsync, then move them into place.

    Raises ResourceError `file.unwritable` when the disk refuses; an older file at `path` then stays as it was. InputError
    `file.missing` for what cannot be the name of a file, `api.bad_type`.
    """
    expect(Mapping, tensors=tensors, metadata=metadata)
    for value in metadata.values():
        expect(str, metadata=value)
    with replacing_path(file_name(path)) as aside:
        try:
            save_file({name: np.ascontiguousarray(a) for name, a in tensors.items()}, aside, dict(metadata))
        except SafetensorError as error:
            raise OSError(errno.EIO, str(error)) from None


def read_tensors(path: str | Path) -> tuple[dict[str, npt.NDArray[Any]], dict[str, str]]:
    """Tensors and metadata of a safetensors file.

    Raises InputError `file.missing`, `file.not_regular`, `file.unreadable`, `file.not_tensors` (also for bfloat16 and
    other numbers that numpy has not).
    """
    path = file_name(path)
    try:
        with open_regular(path), safe_open(path, framework="numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except InputError:
        raise
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError) as error:  # the last two: no such dtype
        message = f"not a safetensors file that numpy can read ({printable(error, 120)}); write it again"
        raise InputError("file.not_tensors", message, path=path) from None


def pack_words(words: tuple[str, ...]) -> npt.NDArray[np.uint8]:
    """Words as one array of UTF-8 bytes, a newline between them.

    Raises InputError `vec.bad_token` for a word that holds one, `vec.encoding` for one that UTF-8 cannot hold.
    """
    try:
        packed = "\n".join(listed(str, words=words)).encode()
    except UnicodeEncodeError as error:
        raise InputError(
            "vec.encoding", f"{printable(repr(error.object[error.start]))} in a word is no UTF-8"
        ) from None
    if packed.count(b"\n") != len(words) - 1:
        raise InputError("vec.bad_token", "a word holds a line end; remove it")
    return np.frombuffer(packed, dtype=np.uint8)


def unpack_words(packed: npt.NDArray[np.uint8]) -> tuple[str, ...]:
    """What `pack_words` packed. Raises InputError `file.not_tensors` for what is no UTF-8."""
    expect(np.ndarray, packed=packed)
    try:
        return tuple(packed.tobytes().decode().split("\n"))
    except UnicodeDecodeError as error:
        raise InputError("file.not_tensors", f"words that are no UTF-8 at byte {error.start}; write it again") from None
