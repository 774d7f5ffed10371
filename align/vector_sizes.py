"""How many vectors a file holds, told by its first bytes: to know what reading it takes before it is read."""

import json
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from align.compressed import bytes_read, expansion, open_bytes
from align.errors import InputError
from align.vector_files import file_kind
from align.vector_rows import foreign_parser
from align.vector_text import SAMPLE, sniff_text


@dataclass(frozen=True)
class VectorsSize:
    """`words` and, of fastText's, n-gram `buckets`, each with `dim` numbers; in a file of `kind` (`align.FORMATS`) that
    has `stored` bytes when it is expanded.
    """

    words: int
    dim: int
    buckets: int = 0
    kind: str = "text"
    stored: int = 0


def vectors_size(path: str | Path, *, limit: int | None = None) -> VectorsSize:
    """Of the first `limit` rows of a vector file, plain or compressed, of any kind that `align.read_vectors` reads.

    Exact where the file says it; where it does not (text without a header), or is compressed text, estimated from its first
    MiB. Allocates no more than that. Raises InputError `vec.*`, `file.*` where the file is none, and promises too much.

    >>> vectors_size("wiki.fr.vec.gz", limit=200_000).words     # doctest: +SKIP
    200000
    """
    path = Path(path)
    with open_bytes(path) as reader:
        sample = reader.read(SAMPLE)
        whole = len(sample) < SAMPLE
        used = bytes_read(reader)
    size = path.stat().st_size
    packed = not _begins(path, sample[:64])
    stored = len(sample) if whole else int(size * len(sample) / max(used, 1)) if packed else size
    kind = file_kind(path, sample)
    readers: dict[str, Callable[[], tuple[int, int, int]]] = {
        "text": lambda: _text(path, sample, expansion(size), stored, whole),
        "word2vec-binary": lambda: _word2vec(sample),
        "fasttext": lambda: _fasttext(sample),
        "safetensors": lambda: _safetensors(sample),
        "npz": lambda: (0, 0, 0) if packed else _npz(path),
    }
    with foreign_parser(path):
        words, dim, buckets = readers[kind]()
    if min(words, dim, buckets) < 0 or 4 * (words + buckets) * dim > max(expansion(size), 1 << 22) * 4:
        raise InputError("vec.truncated", "it promises more than it can hold; fetch it again", path=path)
    return VectorsSize(words if limit is None else min(words, limit), dim, buckets, kind, stored)


def _begins(path: Path, head: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(head)) == head


def _text(path: Path, sample: bytes, capacity: int, stored: int, whole: bool) -> tuple[int, int, int]:
    layout = sniff_text(path, sample, capacity, "text")
    rows = sample[layout.start :]
    lines = rows.count(b"\n") + (not rows.endswith(b"\n"))
    counted = lines if whole else int(lines * (stored - layout.start) / max(len(rows), 1)) + 1
    return layout.promised or counted, layout.dim, 0


def _word2vec(sample: bytes) -> tuple[int, int, int]:
    words, dim = map(int, sample.partition(b"\n")[0].split())
    return words, dim, 0


def _fasttext(sample: bytes) -> tuple[int, int, int]:
    numbers = struct.unpack_from("<13i", sample)
    _, words = struct.unpack_from("<ii", sample, 64)
    return words, numbers[2], max(numbers[10], 0)


def _safetensors(sample: bytes) -> tuple[int, int, int]:
    length = int.from_bytes(sample[:8], "little")
    header: dict[str, Any] = json.loads(sample[8 : 8 + length])
    words, dim = header["matrix"]["shape"]
    return words, dim, header["subwords"]["shape"][0] if "subwords" in header else 0


def _npz(path: Path) -> tuple[int, int, int]:
    with zipfile.ZipFile(path) as archive, archive.open("matrix.npy") as stream:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        (words, dim), _, _ = read(stream)
    return words, dim, 0
