"""F27 of FAULTS, and what is no file at all, for everything that reads one."""

import os
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import align
from align.corpus import read_lines
from benchmarks.reliability import seeds
from benchmarks.reliability.catalogue import Row
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


def rows() -> list[Row]:
    """Every reader with every place."""
    return [_row(reader, place) for reader in READERS for place in PLACES]


def _row(reader: str, place: str) -> Row:
    name, deed = READERS[reader]
    lay, code = PLACES[place]
    if "dictionary" in reader and code == "file.missing":
        code = "dict.empty"
    return Row(f"F27 {place} for {reader}", lambda folder: lay(folder, name), deed, code)
