"""Word vectors from and to files: text, word2vec binary, fastText .bin, npz and our own safetensors; never a pickle.

What a file is, its first bytes say; its name matters only where it promises a pickle. Sizes that a file claims are held
against the bytes it has before anything is allocated.
"""

import json
import math
import mmap
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import polars as pl

from align.compressed import bytes_read, file_digest, open_bytes, plain_file, replacing
from align.errors import AlignError, InputError, ResourceError, printable
from align.language import canonical_language
from align.tensor_file import pack_words, read_tensors, write_tensors
from align.vector_text import (
    BLOCK,
    MAX_DIM,
    MAX_TOKEN,
    SAMPLE,
    Fault,
    Rows,
    is_text,
    read_text,
    sniff_text,
    squared_norms,
    token_fault,
)
from align.vectors import F32, I64, Subwords, WordVectors

FORMATS = ("text", "word2vec", "glove", "word2vec-binary", "fasttext", "safetensors", "npz")
VERSION = "1"  # of our safetensors files
_TEXT = FORMATS[:3]
_PICKLES = {".kv", ".model", ".pkl", ".pickle", ".pt", ".pth", ".joblib", ".npy"}
_FREE_OUTPUT, _MAX_RATIO = 64 << 20, 200  # as in align.compressed
_FASTTEXT = struct.pack("<i", 793712314)


@dataclass(frozen=True)
class _Source:
    path: Path
    size: int  # bytes on disk
    sample: bytes
    format: str
    lang: str
    tick: Callable[[BinaryIO], object]


@dataclass(frozen=True)
class _Extras:
    """What a file has beside words and rows."""

    counts: I64 | None = None
    subwords: Subwords | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)


def read_vectors(
    path: str | Path,
    *,
    lang: str,
    limit: int | None = None,
    format: str | None = None,
    on_bad_row: str = "fail",
    progress: Callable[[int, int], object] | None = None,
) -> WordVectors:
    """The first `limit` rows of a vector file, plain or compressed, as checked vectors of the language `lang`.

    `format` is one of `FORMATS`, needed only where a text could have a header or not. Malformed rows (width, number, nan,
    empty or overlong word, UTF-8) fail the read, up to 20 of them told at once as notes of the error; with
    `on_bad_row="skip"` they are left out. Zero rows, duplicates and words that differ only by NFC are always left out, the
    first one kept. `dropped` of the result counts what was left out, by code. `progress` is told bytes done and in all.
    `origin` of the result holds path (the name), sha256 (of the file), format, `bom` where a byte order mark was removed
    and, for our own files, `source`, the origin of what was written.

    Raises InputError `vec.*` (FAULTS V01 to V21), `file.*`, `language.*`; ResourceError `file.too_large`, `memory.short`.

    >>> read_vectors("wiki.fr.vec.gz", lang="fr", limit=200_000)  # doctest: +SKIP
    WordVectors(lang='fr', words=200000, dim=300, counts=False)
    """
    lang = canonical_language(lang)
    _check_options(limit, format, on_bad_row)
    with open_bytes(path) as reader:
        path = Path(path)
        before = _stamp(path)
        sample = reader.read(SAMPLE)
    size = before[0]
    kind = _kind(path, sample)
    wanted = "text" if format in _TEXT else format or kind
    if kind != wanted:
        raise InputError("vec.format_mismatch", f"{wanted} was asked for, but this is {kind}; change format", path=path)

    def tick(reader: BinaryIO) -> None:
        if progress is not None:
            progress(min(bytes_read(reader), size), size)

    rows = Rows(path, on_bad_row == "skip", limit, "line" if kind == "text" else "row")
    try:
        extras = _READERS[kind](_Source(path, size, sample, format or kind, lang, tick), rows)
        rows.finish()
        origin = {"path": path.name, "sha256": file_digest(path), "format": kind, **extras.origin}
        if _stamp(path) != before:
            raise InputError("file.changed", "the file changed while it was read; read it again", path=path)
        vectors = _vectors(lang, rows, extras, origin)
    except MemoryError:
        raise ResourceError("memory.short", "not enough memory for the vectors; give a limit", path=path) from None
    if progress is not None:
        progress(size, size)
    return vectors


def write_vectors(vectors: WordVectors, path: str | Path, *, compact: bool = False) -> None:
    """Write `vectors` to `path`, whole or not at all: .vec or .txt (text with header), .npz or .safetensors.

    All read back bit-equal, but only .safetensors keeps counts, origin and subwords, only .npz counts too. `compact`
    (.safetensors) stores each row as int8 times a scale, a quarter of the size, off by at most 1/254 of the row's
    largest number. Raises InputError `vec.unknown_format`, `vec.bad_token`, `vec.bad_row`, `vec.empty_token` or
    `vec.encoding` (a word that would not read back), `file.missing` (no such folder); ResourceError `file.unwritable`.
    """
    path = Path(path)
    text = path.suffix in (".vec", ".txt")
    if (not text and path.suffix not in (".npz", ".safetensors")) or (compact and path.suffix != ".safetensors"):
        raise InputError("vec.unknown_format", "write to .vec, .txt, .npz or .safetensors, compact only to the last", path=path)
    if not path.parent.is_dir():
        raise InputError("file.missing", "no such folder; make it first", path=path)
    for word in vectors.words:
        token = word.encode("utf-8", "surrogatepass")
        if fault := _undecodable(token) or token_fault(token, b" " if text else b"\n"):
            raise InputError(fault.code, fault.message, path=path)
    if path.suffix == ".safetensors":
        _write_safetensors(vectors, path, compact)
        return
    with replacing(path) as file:
        if text:
            _write_text(vectors, file)
        else:
            arrays: dict[str, Any] = {} if vectors.counts is None else {"counts": vectors.counts}
            np.savez(file, words=np.array(vectors.words), matrix=vectors.matrix, **arrays)


def _check_options(limit: object, format: object, on_bad_row: object) -> None:
    if format is not None and format not in FORMATS:
        raise InputError("vec.unknown_format", f"format {printable(repr(format))}; write one of {', '.join(FORMATS)}")
    if limit is not None and (not isinstance(limit, int) or limit < 1):
        raise InputError("vec.bad_limit", f"limit {printable(repr(limit))}; write a whole number above 0, or None")
    if on_bad_row not in ("fail", "skip"):
        raise InputError("vec.bad_policy", f"on_bad_row {printable(repr(on_bad_row))}; write 'fail' or 'skip'")


def _vectors(lang: str, rows: Rows, extras: _Extras, origin: Mapping[str, Any]) -> WordVectors:
    """The value that the rows make; a promise that they break is told with the file."""
    if not rows.words:
        raise InputError("vec.not_vectors", f"no usable row, left out: {dict(rows.dropped)}", path=rows.path)
    try:
        words = tuple(rows.words)
        return WordVectors(lang, words, rows.matrix, extras.counts, origin, dict(rows.dropped), extras.subwords)
    except InputError as error:
        raise InputError(error.code, str(error).removesuffix(f" [{error.code}]"), path=rows.path) from None


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        status = path.stat()
    except OSError:
        raise InputError("file.changed", "the file went away while it was read", path=path) from None
    return status.st_size, status.st_mtime_ns, status.st_ino


def _kind(path: Path, sample: bytes) -> str:
    """Which of the kinds of file this is; raises `vec.refused_format` for pickles, by name and by first bytes."""
    name = Path(path.stem if path.suffix.lower() in (".gz", ".xz", ".zst") else path.name)
    pickle = sample[:1] == b"\x80" and sample[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")
    if pickle or name.suffix.lower() in _PICKLES or sample.startswith(b"\x93NUMPY"):
        message = "a pickle or array that could run code or has no words; save it as word2vec text, npz or safetensors"
        raise InputError("vec.refused_format", message, path=path)
    if sample.startswith(_FASTTEXT):
        return "fasttext"
    if sample.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "npz"
    if len(sample) > 8 and sample[8:9] == b"{" and struct.unpack("<Q", sample[:8])[0] < 1 << 30:
        return "safetensors"
    return "text" if is_text(sample) else "word2vec-binary"


@contextmanager
def _foreign(path: Path) -> Iterator[None]:
    """Parsers of other libraries raise what they like on damaged input; here it becomes one kind of error."""
    try:
        yield
    except (AlignError, MemoryError):
        raise
    except Exception as error:
        message = f"damaged or not what it seems ({type(error).__name__}: {error}); fetch it again"
        raise InputError("vec.truncated", message, path=path) from None


def _take(rows: Rows, tokens: Sequence[bytes], block: F32) -> I64:
    """Take rows that come as arrays: words as bytes, and `block` (n, dim). Returns the places of those kept."""
    finite = np.isfinite(squared_norms(block)).tolist()
    good = []
    for place, token in enumerate(tokens):
        rows.examined += 1
        fault = _undecodable(token) or token_fault(token, b"\n")
        if fault is None and not finite[place]:
            fault = Fault("vec.nonfinite", f"the row of {printable(repr(token.decode()), 40)} has a nan or inf; leave it out")
        if fault is None:
            good.append(place)
        else:
            rows.complain(fault, rows.examined)
    kept = rows.take([tokens[place].decode() for place in good], block if len(good) == len(tokens) else block[good])
    return np.array(good, dtype=np.int64)[kept]


def _undecodable(token: bytes) -> Fault | None:
    try:
        token.decode("utf-8")
    except UnicodeDecodeError as error:
        return Fault("vec.encoding", f"the word {printable(repr(token[:40]))} is not UTF-8 at its byte {error.start}")
    return None


def _read_text(source: _Source, rows: Rows) -> _Extras:
    format = source.format if source.format in _TEXT else "text"
    layout = sniff_text(source.path, source.sample, max(_FREE_OUTPUT, _MAX_RATIO * source.size), format)
    with open_bytes(source.path) as reader:
        read_text(reader, rows, layout, lambda: source.tick(reader))
    rows.finish(layout.promised)
    found = {"format": "word2vec" if layout.promised else "glove"}
    return _Extras(origin=found | ({"bom": True} if layout.bom else {}))


def _read_binary(source: _Source, rows: Rows) -> _Extras:
    """word2vec binary: a header of text, then word, blank, little-endian float32 numbers and perhaps a newline."""
    head = source.sample[: source.sample.index(b"\n")]
    promised, dim = (int(part) if len(part) < 16 else 0 for part in head.split())
    capacity = max(_FREE_OUTPUT, _MAX_RATIO * source.size)
    if not promised or not 0 < dim <= MAX_DIM or promised * 4 * dim > capacity:
        message = f"the header is {printable(repr(head[:40]))}, more or less than the file can hold; fetch it again"
        raise InputError("vec.bad_header", message, path=source.path)
    goal = promised if rows.limit is None else min(promised, rows.limit)
    width = 4 * dim
    with open_bytes(source.path) as reader:
        reader.read(len(head) + 1)
        data = b""
        at = 0
        while rows.examined < goal:
            more = reader.read(BLOCK)
            data, at = data[at:] + more, 0
            tokens: list[bytes] = []
            starts: list[int] = []
            while rows.examined + len(tokens) < goal:
                while data[at : at + 1] == b"\n":
                    at += 1
                blank = data.find(b" ", at, at + MAX_TOKEN + 1)
                if blank < 0 or blank + 1 + width > len(data):
                    break
                tokens.append(data[at:blank])
                starts.append(blank + 1)
                at = blank + 1 + width
            rows_here = [np.frombuffer(data, "<f4", dim, start) for start in starts]
            if tokens:
                _take(rows, tokens, np.array(rows_here, dtype=np.float32))
            if rows.examined < goal and (not more or (blank < 0 and len(data) - at > MAX_TOKEN)):
                message = f"ends or loses its shape in row {rows.examined + 1} of {promised}; fetch the file again"
                raise InputError("vec.truncated", message, path=source.path)
            source.tick(reader)
        if goal == promised and (data[at:].strip(b"\n") or reader.read(2).strip(b"\n")):
            message = f"header {promised} rows, but more follow; fetch the file again or mend the header"
            raise InputError("vec.count_mismatch", message, path=source.path)
    return _Extras()


def _read_fasttext(source: _Source, rows: Rows) -> _Extras:
    """Facebook's .bin through gensim, after every size in the file was checked, which gensim would trust."""
    with plain_file(source.path) as plain, _foreign(source.path):
        tokens, occurrences = _fasttext_vocabulary(plain)
        from gensim.models.fasttext import load_facebook_vectors  # type: ignore[import-untyped]  # 2 s: only when needed

        with TemporaryDirectory() as folder:
            link = Path(folder, "model.bin")  # gensim would expand by the ending of the name
            link.symlink_to(plain.resolve())
            loaded = load_facebook_vectors(str(link))
        if len(loaded.vectors) != len(tokens):
            raise ValueError("a word occurs twice")
        kept = _take(rows, tokens[: rows.limit], np.array(loaded.vectors[: rows.limit], dtype=np.float32))
        buckets = np.ascontiguousarray(loaded.vectors_ngrams, dtype=np.float32)
        if not np.isfinite(buckets).all():
            raise InputError("vec.nonfinite", "an n-gram bucket has a nan or inf; fetch the file again", path=source.path)
        subwords = Subwords(buckets, int(loaded.min_n), int(loaded.max_n)) if len(buckets) else None
        return _Extras(occurrences[kept], subwords)


def _fasttext_vocabulary(path: Path) -> tuple[list[bytes], I64]:
    """Words and their occurrences, once all that the file says of its sizes agrees with the bytes it has."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        _, _, dim, *_, model, bucket, min_n, max_n = struct.unpack_from("<13i", data)
        entries, n_words, _, _, pruned = struct.unpack_from("<iiiqq", data, 64)
        if model == 3 or pruned not in (-1, 0):
            raise InputError("vec.refused_format", "a classifier or a quantised model; give a model of words", path=path)
        at = 92
        tokens: list[bytes] = []
        counts: list[int] = []
        for _ in range(entries):
            if (end := data.find(b"\0", at)) < 0:
                raise EOFError("it ends in the vocabulary")
            tokens.append(data[at:end])
            counts.append(struct.unpack_from("<q", data, end + 1)[0])
            at = end + 10
        quantised, n_rows, n_columns = struct.unpack_from("<?qq", data, at)
        at += 17 + 4 * n_rows * n_columns
        sane = 0 < dim <= MAX_DIM and 0 <= min_n <= max_n < 100 and bucket >= 0 and not quantised
        if not sane or (n_rows, n_columns) != (n_words + bucket, dim) or n_words != entries:
            raise ValueError("its sizes contradict each other")
        _, n_rows, n_columns = struct.unpack_from("<?qq", data, at)  # of the output layer, which only training needs
        if min(n_rows, n_columns) < 0 or at + 17 + 4 * n_rows * n_columns != len(data):
            raise ValueError("its sizes do not fit the file")
    return tokens, np.array(counts, dtype=np.int64)


def _read_npz(source: _Source, rows: Rows) -> _Extras:
    """words (n,) strings, matrix (n, dim) float16, 32 or 64, and perhaps counts (n,)."""
    with plain_file(source.path) as plain, _foreign(source.path), zipfile.ZipFile(plain) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        if any(name.endswith(".pkl") for name in members):
            raise InputError("vec.refused_format", "an archive with a pickle; save it as npz or safetensors", path=source.path)
        if not {"words", "matrix"} <= members.keys():
            raise InputError("vec.not_vectors", "an archive without words and matrix; unpack it if it is zipped text", path=source.path)
        wanted = {name: members[name] for name in ("words", "matrix", "counts") if name in members}
        if sum(info.file_size for info in wanted.values()) > max(_FREE_OUTPUT, _MAX_RATIO * plain.stat().st_size):
            raise ResourceError("file.too_large", f"expands to more than {_MAX_RATIO} times its size", path=source.path)
        arrays = {name: _read_array(archive, info, source.path) for name, info in wanted.items()}
    words, matrix, counts = arrays["words"], arrays["matrix"], arrays.get("counts")
    if words.ndim != 1 or words.dtype.kind not in "US" or matrix.ndim != 2 or matrix.dtype.kind != "f":
        message = f"words {words.dtype}{words.shape}, matrix {matrix.dtype}{matrix.shape}; strings (n,), floats (n, dim)"
        raise InputError("vec.not_vectors", message, path=source.path)
    if len(words) != len(matrix) or (counts is not None and counts.shape != words.shape):
        message = f"{len(words)} words, {len(matrix)} rows; one row and one count per word"
        raise InputError("vec.count_mismatch", message, path=source.path)
    if counts is not None and (counts.dtype.kind not in "iu" or (counts < 0).any()):
        raise InputError("vec.counts", "counts are not whole numbers from 0 up", path=source.path)
    tokens = [word if isinstance(word, bytes) else word.encode("utf-8", "surrogatepass") for word in words[: rows.limit].tolist()]
    with np.errstate(over="ignore"):  # a float64 beyond float32 becomes inf, and that is a complaint
        kept = _take(rows, tokens, np.ascontiguousarray(matrix[: rows.limit], dtype=np.float32))
    return _Extras(None if counts is None else counts[kept].astype(np.int64))


def _read_array(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> npt.NDArray[Any]:
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


def _read_safetensors(source: _Source, rows: Rows) -> _Extras:
    """What `write_vectors` wrote; nothing is left out, for it was checked when it was made."""
    with plain_file(source.path) as plain, _foreign(source.path):
        try:
            tensors, metadata = read_tensors(plain)
        except InputError as error:
            raise InputError("vec.truncated", f"damaged ({error}); fetch it again", path=source.path) from None
        if metadata.get("vectors") != VERSION:
            message = f"not vectors of version {VERSION} by write_vectors; write them with this version"
            raise InputError("vec.not_vectors", message, path=source.path)
        if metadata["lang"] != source.lang:
            message = f"these vectors are {printable(metadata['lang'])}, not {source.lang}; give lang={metadata['lang']}"
            raise InputError("vec.language_mismatch", message, path=source.path)
        if fault := _undecodable(tensors["words"].tobytes()):
            raise InputError(fault.code, fault.message, path=source.path)
        n = rows.limit
        words = tensors["words"].tobytes().decode().split("\n")
        matrix = _expand(tensors, "matrix")
        if len(words) != len(matrix) or matrix.dtype != np.float32:
            raise InputError("vec.count_mismatch", f"{len(words)} words, {len(matrix)} rows", path=source.path)
        rows.words, rows.matrix = words[:n], matrix[:n]
        rows.dropped.update({str(code): int(count) for code, count in json.loads(metadata["dropped"]).items()})
        counts = tensors["counts"][:n] if "counts" in tensors else None
        sizes = json.loads(metadata["subwords"])
        subwords = Subwords(_expand(tensors, "subwords"), *map(int, sizes)) if sizes else None
        return _Extras(counts, subwords, {"source": json.loads(metadata["origin"])})


def _write_safetensors(vectors: WordVectors, path: Path, compact: bool) -> None:
    tensors: dict[str, npt.NDArray[Any]] = {"words": pack_words(vectors.words)}
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


def _shrink(name: str, matrix: F32) -> dict[str, npt.NDArray[Any]]:
    """`matrix` (n, dim) as int8 and a float32 scale (n,) for each row."""
    smallest = np.finfo(np.float32).smallest_subnormal
    scale = np.maximum(np.abs(matrix).max(axis=1, initial=0) / np.float32(127), smallest)
    return {name: np.rint(matrix / scale[:, None]).astype(np.int8), "scale" if name == "matrix" else f"{name}_scale": scale}


def _expand(tensors: Mapping[str, npt.NDArray[Any]], name: str) -> F32:
    matrix = tensors[name]
    if matrix.dtype == np.int8:
        matrix = matrix * tensors["scale" if name == "matrix" else f"{name}_scale"][:, None]
    return matrix


def _write_text(vectors: WordVectors, file: BinaryIO) -> None:
    file.write(f"{len(vectors)} {vectors.dim}\n".encode())
    for start in range(0, len(vectors), 10_000):
        part = slice(start, start + 10_000)
        frame = pl.DataFrame(vectors.matrix[part], schema=[str(column) for column in range(vectors.dim)], orient="row")
        frame.insert_column(0, pl.Series("word", vectors.words[part], dtype=pl.String))
        file.write(frame.write_csv(separator=" ", quote_style="never", include_header=False).encode())


_READERS: dict[str, Callable[[_Source, Rows], _Extras]] = {
    "text": _read_text,
    "word2vec-binary": _read_binary,
    "fasttext": _read_fasttext,
    "npz": _read_npz,
    "safetensors": _read_safetensors,
}
