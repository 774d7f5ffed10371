"""F27 of FAULTS, and what is no file at all, for everything that reads one."""

import gzip
import os
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow.parquet import write_table

import align
from align.corpus import read_lines
from benchmarks.reliability import seeds
from benchmarks.reliability.catalogue import Row, laid
from flows.settings import load_settings

READERS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "vectors": ("x.vec", lambda path: align.read_vectors(path, lang="fr")),
    "vectors in npz": ("x.npz", lambda path: align.read_vectors(path, lang="fr")),
    "a dictionary": ("x.tsv", lambda path: align.read_dictionary(path, "en", "fr")),
    "languages of a dictionary": ("x.tsv", align.dictionary_languages),
    "documents": ("x.jsonl", align.read_documents),
    "documents in CSV": ("x.csv", align.read_documents),
    "documents in parquet": ("x.parquet", align.read_documents),
    "a corpus": ("x.txt", lambda path: list(read_lines([path]))),
    "a configuration": ("x.toml", load_settings),
    "a space": ("x.safetensors", align.load_space),
    "a pooler": ("x.safetensors", lambda path: align.load_pooler(path, seeds.space()[0])),
    "analogies": ("x.txt", lambda path: align.read_analogies(path, "en")),
    "judged pairs": ("x.tsv", lambda path: align.read_similarities(path, "en")),
}


def _linked(to: str, folder: Path, name: str) -> Path:
    (folder / name).symlink_to(to)
    return folder / name


def _bound(folder: Path, name: str) -> Path:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(name)  # relative, for the path of a socket must be short
    return folder / name


def _piped(folder: Path, name: str) -> Path:
    os.mkfifo(folder / name)
    return folder / name


def _nested(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


def _below_a_file(folder: Path, name: str) -> Path:
    (folder / "file").write_text("")
    return folder / "file" / name


PLACES: dict[str, tuple[Callable[[Path, str], Path], str]] = {
    "a folder": (_nested, "file.not_regular"),
    "a pipe": (_piped, "file.not_regular"),
    "a socket": (_bound, "file.not_regular"),
    "a link to /dev/zero": (partial(_linked, "/dev/zero"), "file.not_regular"),
    "a link to a folder": (partial(_linked, "."), "file.not_regular"),
    "a link to nothing": (partial(_linked, "none"), "file.missing"),
    "a link to itself": (lambda folder, name: _linked(name, folder, name), "file.unreadable"),
    "nothing": (lambda folder, name: folder / name, "file.missing"),
    "a file for a folder": (_below_a_file, "file.missing"),
    "a name of 300 letters": (lambda folder, name: folder / ("x" * 300 + name), "file.unreadable"),
    "a name with a NUL": (lambda folder, name: folder / f"a\0{name}", "file.missing"),
}


def _flat_parquet(columns: dict[str, Any], n: int) -> Callable[[Path], Path]:
    """A file of `n` rows that all hold the same, once in a dictionary of the file."""

    def make(folder: Path) -> Path:
        rows = {name: pa.DictionaryArray.from_arrays(np.zeros(n, "i4"), [value]) for name, value in columns.items()}
        write_table(pa.table(rows), folder / "x.parquet", compression="zstd")
        return folder / "x.parquet"

    return make


def _packed(line: bytes) -> bytes:
    """70 MB of a line after what stands before it."""
    head, newline, rest = line.rpartition(b"\n")[0].rpartition(b"\n")
    return gzip.compress(head + newline + (rest + b"\n") * 700, 1)


def _bombs() -> list[Row]:
    """Small files that expand to more than 64 MiB and 200 times their size."""
    line = b"#" + b" " * 100_000 + b"\n"  # few lines, for it is not the lines that are put to the test
    skipped = {
        "a dictionary": line, "analogies": line, "judged pairs": line, "a configuration": line, "documents": line[1:],
        "documents in CSV": b"id,lang,text\n" + b"1,en," + line,
    }  # fmt: skip
    long, many = ({"id": "a", "lang": "en", "text": text} for text in ("x" * 9_000_000, ""))
    parquet = READERS["documents in parquet"][1]
    return [
        *(Row(f"V19 a bomb for {reader}", laid(partial(_packed, line), READERS[reader][0] + ".gz"), READERS[reader][1],
              "file.too_large", name=READERS[reader][0] + ".gz") for reader, line in skipped.items()),
        Row("V19 a bomb of parquet, one long text", _flat_parquet(long, 1_000), parquet, "file.too_large", name="x.parquet"),
        Row("V19 a bomb of parquet, many rows", _flat_parquet(many, 5_000_000), parquet, "file.too_large", name="x.parquet"),
    ]  # fmt: skip


def rows() -> list[Row]:
    """Every reader with every place, and bombs."""
    return [*(_row(reader, place) for reader in READERS for place in PLACES), *_bombs()]


def _row(reader: str, place: str) -> Row:
    name, deed = READERS[reader]
    lay, code = PLACES[place]
    if "dictionary" in reader and code == "file.missing":
        code = "dict.empty"
    return Row(f"F27 {place} for {reader}", lambda folder: lay(folder, name), deed, code)
