"""Word vectors as named arrays in one file: numpy's npz, without objects, and our own safetensors."""

import json
import math
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from align.compressed import expansion, plain_file
from align.errors import InputError, ResourceError, printable
from align.tensor_file import pack_words, read_tensors, unpack_words, write_tensors
from align.vector_rows import Rows, foreign_parser
from align.vectors import F32, Subwords, WordVectors

VERSION = "1"  # of our safetensors files
_Arrays = dict[str, npt.NDArray[Any]]


def read_npz(rows: Rows) -> None:
    """Take words (n,) strings, matrix (n, dim) float16, 32 or 64, and counts (n,) if there are any.

    Raises InputError `vec.refused_format` for objects, `vec.not_vectors`, `vec.count_mismatch`, `vec.counts`,
    `vec.truncated` and what malformed rows raise; ResourceError `file.too_large`.
    """
    with plain_file(rows.path) as plain, foreign_parser(rows.path):
        arrays = _npz_arrays(plain, rows.path)
        words, matrix, counts = arrays["words"], arrays["matrix"], arrays.get("counts")
        if words.ndim != 1 or words.dtype.kind not in "US" or matrix.ndim != 2 or matrix.dtype.kind != "f":
            message = (
                f"words {words.dtype}{words.shape}, matrix {matrix.dtype}{matrix.shape}; strings (n,), floats (n, dim)"
            )
            raise InputError("vec.not_vectors", message, path=rows.path)
        if len(words) != len(matrix) or (counts is not None and counts.shape != words.shape):
            message = f"{len(words)} words, {len(matrix)} rows; one row and one count per word"
            raise InputError("vec.count_mismatch", message, path=rows.path)
        if counts is not None and counts.dtype.kind not in "iu":
            raise InputError("vec.counts", f"counts are {counts.dtype}; whole numbers are needed", path=rows.path)
        head = words[: rows.limit].tolist()
        tokens = [word if isinstance(word, bytes) else word.encode("utf-8", "surrogatepass") for word in head]
        with np.errstate(over="ignore"):  # a float64 beyond float32 becomes inf, and that is a complaint
            kept = rows.examine(tokens, np.ascontiguousarray(matrix[: rows.limit], dtype=np.float32))
        rows.counts = None if counts is None else counts[kept].astype(np.int64)


def write_npz(vectors: WordVectors, file: BinaryIO) -> None:
    """Write what `read_npz` reads. Origin and subwords are left out."""
    counts: dict[str, Any] = {} if vectors.counts is None else {"counts": vectors.counts}
    np.savez(file, words=np.array(vectors.words), matrix=vectors.matrix, **counts)


def read_safetensors(rows: Rows, lang: str) -> None:
    """Take what `write_safetensors` wrote; nothing is left out, for it was checked when it was made.

    Raises InputError `vec.not_vectors`, `vec.language_mismatch`, `vec.count_mismatch`, `vec.encoding`, `vec.truncated`.
    """
    with plain_file(rows.path) as plain, foreign_parser(rows.path):
        with _damage(rows.path, "vec.truncated"):
            tensors, metadata = read_tensors(plain)
        if metadata.get("vectors") != VERSION:
            message = f"not vectors of version {VERSION} by write_vectors; write them with this version"
            raise InputError("vec.not_vectors", message, path=rows.path)
        if metadata["lang"] != lang:
            found = printable(metadata["lang"])
            raise InputError(
                "vec.language_mismatch", f"these vectors are {found}, not {lang}; give lang={found}", path=rows.path
            )
        with _damage(rows.path, "vec.encoding"):
            words = unpack_words(tensors["words"])
        matrix = _expand(tensors, "matrix")
        if len(words) != len(matrix) or matrix.dtype != np.float32:
            message = f"{len(words)} words, {len(matrix)} rows of {matrix.dtype}; one of float32 per word"
            raise InputError("vec.count_mismatch", message, path=rows.path)
        rows.words, rows.matrix = list(words[: rows.limit]), matrix[: rows.limit]
        rows.counts = tensors["counts"][: rows.limit] if "counts" in tensors else None
        rows.dropped.update({str(code): int(count) for code, count in json.loads(metadata["dropped"]).items()})
        rows.origin["source"] = json.loads(metadata["origin"])
        if sizes := json.loads(metadata["subwords"]):
            rows.subwords = Subwords(_expand(tensors, "subwords"), *map(int, sizes))


def write_safetensors(vectors: WordVectors, path: Path, compact: bool) -> None:
    """Write all of `vectors`; `compact` stores each row as int8 times a scale. Raises ResourceError `file.unwritable`."""
    tensors: _Arrays = {"words": pack_words(vectors.words)}
    floats = {"matrix": vectors.matrix}
    sizes: list[int] = []
    if vectors.counts is not None:
        tensors["counts"] = vectors.counts
    if vectors.subwords is not None:
        floats["subwords"] = vectors.subwords.matrix
        sizes = [vectors.subwords.min_n, vectors.subwords.max_n]
    for name, matrix in floats.items():
        tensors |= _shrink(name, matrix) if compact else {name: matrix}
    told = {"origin": dict(vectors.origin), "dropped": dict(vectors.dropped), "subwords": sizes}
    metadata = {name: json.dumps(value, default=str, sort_keys=True) for name, value in told.items()}
    write_tensors(path, tensors, {"vectors": VERSION, "lang": vectors.lang, **metadata})


def _npz_arrays(plain: Path, path: str | Path) -> _Arrays:
    """The arrays of an archive that are ours to read, once their sizes were checked; `path` is what errors name."""
    with zipfile.ZipFile(plain) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        if any(name.endswith(".pkl") for name in members):
            raise InputError("vec.refused_format", "an archive with a pickle; save it as npz or safetensors", path=path)
        if not {"words", "matrix"} <= members.keys():
            message = "an archive without words and matrix; unpack it if it is zipped text"
            raise InputError("vec.not_vectors", message, path=path)
        wanted = {name: members[name] for name in ("words", "matrix", "counts") if name in members}
        ceiling = expansion(plain.stat().st_size)
        if sum(info.file_size for info in wanted.values()) > ceiling:
            message = f"expands to more than {ceiling} bytes; save it uncompressed if you trust it"
            raise ResourceError("file.too_large", message, path=path)
        return {name: _npz_array(archive, info, path) for name, info in wanted.items()}


def _npz_array(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: str | Path) -> npt.NDArray[Any]:
    """One array of an archive, where its header agrees with the size of the member and it holds no objects."""
    with archive.open(info) as stream:
        version = np.lib.format.read_magic(stream)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read_header(stream)
        if dtype.hasobject:
            raise InputError("vec.refused_format", "an array of objects, which is a pickle; save strings", path=path)
        if math.prod(shape) * dtype.itemsize != info.file_size - stream.tell():
            raise ValueError("a header contradicts the size of its array")
    with archive.open(info) as stream:
        array: npt.NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
    return array


@contextmanager
def _damage(path: str | Path, code: str) -> Iterator[None]:
    """Errors of `align.tensor_file`, which knows neither of vectors nor of an expanded copy, told as `code` of `path`."""
    try:
        yield
    except InputError as error:
        raise InputError(code, f"damaged ({printable(error, 150)}); fetch it again", path=path) from None


def _shrink(name: str, matrix: F32) -> _Arrays:
    """`matrix` (n, dim) as int8 and a float32 scale (n,) for each row."""
    smallest = np.finfo(np.float32).smallest_subnormal
    scale = np.maximum(np.abs(matrix).max(axis=1, initial=0) / np.float32(127), smallest)
    return {name: np.rint(matrix / scale[:, None]).astype(np.int8), _scale(name): scale}


def _expand(tensors: Mapping[str, npt.NDArray[Any]], name: str) -> F32:
    matrix = tensors[name]
    return matrix * tensors[_scale(name)][:, None] if matrix.dtype == np.int8 else matrix


def _scale(name: str) -> str:
    return "scale" if name == "matrix" else f"{name}_scale"
