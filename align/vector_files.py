"""Word vectors from and to files: text, word2vec binary, fastText .bin, npz and our own safetensors; never a pickle.

What a file is, its first bytes say; its name matters only where it promises a pickle. Sizes that a file claims are held
against the bytes it has before anything is allocated.
"""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from align.compressed import bytes_read, expansion, file_digest, open_bytes, replacing
from align.errors import InputError, ResourceError, printable
from align.fasttext_file import MAGIC, read_fasttext
from align.language import canonical_language
from align.vector_archives import read_npz, read_safetensors, write_npz, write_safetensors
from align.vector_rows import Rows, token_fault
from align.vector_text import SAMPLE, is_text, read_text, sniff_text, write_text
from align.vectors import WordVectors
from align.word2vec_file import read_word2vec

FORMATS = ("text", "word2vec", "glove", "word2vec-binary", "fasttext", "safetensors", "npz")
_TEXT = FORMATS[:3]
_PICKLES = {".kv", ".model", ".pkl", ".pickle", ".pt", ".pth", ".joblib", ".npy"}
_PICKLE_MAGIC = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"\x93NUMPY")


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
    kind = file_kind(path, sample)
    wanted = "text" if format in _TEXT else format or kind
    if kind != wanted:
        raise InputError("vec.format_mismatch", f"{wanted} was asked for, but this is {kind}; change format", path=path)

    def tick(reader: BinaryIO) -> None:
        if progress is not None:
            progress(min(bytes_read(reader), size), size)

    rows = Rows(path, on_bad_row == "skip", limit, "line" if kind == "text" else "row", origin={"format": kind})
    readers: dict[str, Callable[[], None]] = {
        "text": lambda: _read_text(rows, sample, expansion(size), format or kind, tick),
        "word2vec-binary": lambda: read_word2vec(rows, sample.partition(b"\n")[0], expansion(size), tick),
        "fasttext": lambda: read_fasttext(rows),
        "npz": lambda: read_npz(rows),
        "safetensors": lambda: read_safetensors(rows, lang),
    }
    try:
        readers[kind]()
        rows.finish()
        rows.origin |= {"path": path.name, "sha256": file_digest(path)}
        if _stamp(path) != before:
            raise InputError("file.changed", "the file changed while it was read; read it again", path=path)
        vectors = _vectors(lang, rows)
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
        raise InputError(
            "vec.unknown_format", "write to .vec, .txt, .npz or .safetensors, compact only to the last", path=path
        )
    if not path.parent.is_dir():
        raise InputError("file.missing", "no such folder; make it first", path=path)
    for word in vectors.words:
        if fault := token_fault(word.encode("utf-8", "surrogatepass"), b" " if text else b"\n"):
            raise InputError(fault.code, fault.message, path=path)
    if path.suffix == ".safetensors":
        write_safetensors(vectors, path, compact)
    else:
        with replacing(path) as file:
            (write_text if text else write_npz)(vectors, file)


def _check_options(limit: object, format: object, on_bad_row: object) -> None:
    if format is not None and format not in FORMATS:
        raise InputError("vec.unknown_format", f"format {printable(repr(format))}; write one of {', '.join(FORMATS)}")
    if limit is not None and (not isinstance(limit, int) or limit < 1):
        raise InputError("vec.bad_limit", f"limit {printable(repr(limit))}; write a whole number above 0, or None")
    if on_bad_row not in ("fail", "skip"):
        raise InputError("vec.bad_policy", f"on_bad_row {printable(repr(on_bad_row))}; write 'fail' or 'skip'")


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        status = path.stat()
    except OSError:
        raise InputError("file.changed", "the file went away while it was read; read it again", path=path) from None
    return status.st_size, status.st_mtime_ns, status.st_ino


def file_kind(path: Path, sample: bytes) -> str:
    """Which of the kinds of file this is; raises `vec.refused_format` for pickles, by name and by first bytes."""
    name = Path(path.stem if path.suffix.lower() in (".gz", ".xz", ".zst") else path.name)
    if name.suffix.lower() in _PICKLES or sample.startswith(_PICKLE_MAGIC):
        message = "a pickle or array that could run code or has no words; save it as word2vec text, npz or safetensors"
        raise InputError("vec.refused_format", message, path=path)
    if sample.startswith(MAGIC):
        return "fasttext"
    if sample.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "npz"
    if sample[8:9] == b"{" and int.from_bytes(sample[:8], "little") < 1 << 30:
        return "safetensors"
    return "text" if is_text(sample) else "word2vec-binary"


def _read_text(rows: Rows, sample: bytes, capacity: int, format: str, tick: Callable[[BinaryIO], object]) -> None:
    layout = sniff_text(rows.path, sample, capacity, format)
    rows.promised = layout.promised
    rows.origin = {"format": "word2vec" if layout.promised else "glove"} | ({"bom": True} if layout.bom else {})
    with open_bytes(rows.path) as reader:
        read_text(reader, rows, layout, lambda: tick(reader))


def _vectors(lang: str, rows: Rows) -> WordVectors:
    """The value that the rows make; a promise that they break is told with the file."""
    if not rows.words:
        raise InputError(
            "vec.not_vectors",
            f"no usable row, left out {dict(rows.dropped)}; give a row with a direction",
            path=rows.path,
        )
    words, dropped = tuple(rows.words), dict(rows.dropped)
    try:
        return WordVectors(lang, words, rows.matrix, rows.counts, rows.origin, dropped, rows.subwords)
    except InputError as error:
        raise InputError(error.code, str(error).removesuffix(f" [{error.code}]"), path=rows.path) from None
