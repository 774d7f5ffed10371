"""Changed files read by the program and by slow oracles: the same content, or an error of ours; nothing else, ever."""

import gzip
import io
import lzma
import os
import signal
import sys
import tempfile
import time
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import zstandard
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

import align
from align.corpus import read_lines
from align.errors import AlignError
from benchmarks.reliability import seeds
from benchmarks.reliability.document_oracles import csv_documents, json_documents
from benchmarks.reliability.mutations import mutated, mutated_within
from benchmarks.reliability.oracles import REFUSED, binary_vectors, dictionary, plain_lines, text_vectors
from benchmarks.reliability.settings_oracle import settings as settings_oracle
from flows.settings import load_settings

LONGEST = 5.0  # seconds that one file may take
BATCH = 500  # examples that hypothesis remembers at a time


@dataclass(frozen=True)
class Kind:
    """Files of one kind: how changed ones are made, what they are called, what reads them, and the oracle if there is one.

    `read` and `oracle` give content in one form. `share` of all the examples that are tried.
    """

    name: str
    file: str
    inputs: Callable[[], SearchStrategy[bytes]]
    read: Callable[[Path], Any]
    oracle: Callable[[bytes], Any] | None
    share: float


@dataclass
class Tally:
    """What became of the files of one kind."""

    tried: int = 0
    accepted: int = 0
    stricter: int = 0  # refused, though the oracle reads it
    slowest: float = 0.0
    grown: int = 0  # bytes of memory at the most, above those at the start
    silent: list[bytes] = field(default_factory=list)
    raw: list[tuple[str, bytes]] = field(default_factory=list)
    unruly: list[tuple[str, bytes]] = field(default_factory=list)


def _vectors(path: Path, **options: Any) -> list[tuple[str, tuple[float, ...]]]:
    found = align.read_vectors(path, lang="fr", **options)
    assert np.isfinite(found.matrix).all()
    assert found.matrix.any(axis=1).all()
    return [(word, tuple(row)) for word, row in zip(found.words, found.matrix.tolist(), strict=True)]


def _dictionary(path: Path) -> tuple[Any, ...]:
    pairs = align.read_dictionary(path, "en", "fr")
    dropped = (pairs.dropped.get("dict.empty_cell", 0), pairs.dropped.get("dict.duplicate", 0))
    return list(pairs.pairs), pairs.weights.tolist(), *dropped


def _documents(path: Path) -> tuple[Any, int]:
    found = align.read_documents(path, lang="en")
    return found.frame.rows(), found.dropped.get("doc.duplicate", 0)


def _settings(path: Path) -> Any:
    return load_settings(path).model_dump()


def _space(path: Path) -> str:
    return align.load_space(path).space_id


def _pooler(path: Path) -> str:
    return align.load_pooler(path, seeds.space()[0]).pooling_id


def _auto(content: bytes) -> Any:
    """Text or binary, as `read_vectors` is to tell."""
    found = text_vectors(content)
    return found if found != REFUSED else binary_vectors(content)


def _unpacked(content: bytes, how: str, oracle: Callable[[bytes], Any]) -> Any:
    """What `oracle` says of the content of a packed file; of the file itself where it does not begin like one."""
    magic = {"gz": b"\x1f\x8b", "xz": b"\xfd7zXZ\0", "zst": b"\x28\xb5\x2f\xfd"}[how]
    if content.startswith(magic):
        try:
            content = _UNPACK[how](content)
        except (OSError, EOFError, lzma.LZMAError, zstandard.ZstdError, ValueError, zlib.error):
            return REFUSED
    return oracle(content)


def _unzstd(content: bytes) -> bytes:
    reader = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(content), read_across_frames=True)
    return reader.read(64 << 20)


_UNPACK = {"gz": gzip.decompress, "xz": partial(lzma.decompress, format=lzma.FORMAT_XZ), "zst": _unzstd}


def _packed(how: str, share: float) -> Kind:
    inputs = partial(mutated_within, seeds.TEXT + seeds.GLOVE, seeds.PACKS[how])
    return Kind(f"vectors.{how}", f"x.vec.{how}", inputs, _vectors, partial(_unpacked, how=how, oracle=_auto), share)


def _packed_documents(how: str, share: float) -> Kind:
    oracle = partial(_unpacked, how=how, oracle=json_documents)
    inputs = partial(mutated_within, seeds.JSONL, seeds.PACKS[how])
    return Kind(f"documents.jsonl.{how}", f"x.jsonl.{how}", inputs, _documents, oracle, share)


KINDS = (
    Kind("vectors", "x.vec", lambda: mutated(seeds.TEXT + seeds.GLOVE), _vectors, _auto, 0.16),
    Kind("vectors, word2vec", "x.vec", lambda: mutated(seeds.TEXT), partial(_vectors, format="word2vec"),
         partial(text_vectors, format="word2vec"), 0.05),
    Kind("vectors, glove", "x.txt", lambda: mutated(seeds.GLOVE), partial(_vectors, format="glove"),
         partial(text_vectors, format="glove"), 0.05),
    Kind("vectors, binary", "x.bin", lambda: mutated((seeds.binary(), seeds.binary(b""))), _vectors, _auto, 0.06),
    Kind("vectors.npz", "x.npz", lambda: mutated(seeds.npz()), _vectors, None, 0.05),
    Kind("vectors.safetensors", "x.safetensors", lambda: mutated(seeds.safetensors()), _vectors, None, 0.05),
    Kind("vectors, fastText", "x.bin", lambda: mutated((seeds.fasttext(),)), _vectors, None, 0.03),
    _packed("gz", 0.06),
    _packed("xz", 0.02),
    _packed("zst", 0.03),
    Kind("dictionary", "x.tsv", lambda: mutated(seeds.DICTIONARY), _dictionary, dictionary, 0.12),
    Kind("documents.jsonl", "x.jsonl", lambda: mutated(seeds.JSONL), _documents, json_documents, 0.08),
    _packed_documents("gz", 0.02),
    Kind("documents.csv", "x.csv", lambda: mutated(seeds.CSV), _documents, csv_documents, 0.08),
    Kind("documents.parquet", "x.parquet", lambda: mutated(seeds.parquet()), _documents, None, 0.04),
    Kind("analogies", "x.txt", lambda: mutated((seeds.ANALOGIES,)),
         lambda path: align.read_analogies(path, "en").name, None, 0.005),
    Kind("similarities", "x.tsv", lambda: mutated((seeds.SIMILARITIES,)),
         lambda path: align.read_similarities(path, "en").name, None, 0.005),
    Kind("corpus", "x.txt", lambda: mutated((b"Le chat\r\n\ndort.\n", "été\u2028漢字".encode())),
         lambda path: list(read_lines([path])), plain_lines, 0.01),
    Kind("configuration", "x.toml", lambda: mutated(seeds.TOML), _settings, settings_oracle, 0.06),
    Kind("space", "x.safetensors", lambda: mutated((seeds.space()[1],)), _space, None, 0.01),
    Kind("pooler", "x.safetensors", lambda: mutated((seeds.pooler(),)), _pooler, None, 0.01),
)  # fmt: skip


def fuzz(kind: Kind, examples: int) -> Tally:
    """Try `examples` different files of a kind, the same ones every time, and count what became of them."""
    tally, seen, number = Tally(), set[bytes](), 0
    inputs = kind.inputs()
    with tempfile.TemporaryDirectory() as folder, _errors_shown() as shown:
        path = Path(folder, kind.file)

        def one(content: bytes) -> None:
            if content not in seen and tally.tried < examples:
                seen.add(content)
                examine(kind, path, content, tally)
                if text := shown():
                    tally.raw.append((text[:300], content))

        before = _peak(reset=True)
        while tally.tried < examples:
            number += 1
            quiet = settings(
                max_examples=min(BATCH, examples - tally.tried + 9), database=None, deadline=None, derandomize=False, phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )  # fmt: skip
            seed(number)(quiet(given(inputs)(one)))()
        tally.grown = _peak() - before
    return tally


def examine(kind: Kind, path: Path, content: bytes, tally: Tally) -> None:
    """Read `content` at `path`, by the program and by the oracle, and note which promises were broken."""
    path.unlink(missing_ok=True)  # to write over a file is slow: ext4 flushes it
    path.write_bytes(content)
    written = path.stat()
    tally.tried += 1
    started = time.perf_counter()
    found = REFUSED
    try:
        with _alarm(), warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", UserWarning)  # of dictionaries of numerals, which is meant
            found = kind.read(path)
        tally.accepted += 1
    except AlignError as error:
        if broken := broken_rules(error, path.name):
            tally.unruly.append((f"{broken}: {error}", content))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # also a panic, which is no Exception
        tally.raw.append((repr(error)[:300], content))
    tally.slowest = max(tally.slowest, time.perf_counter() - started)
    if kind.oracle is not None:
        wanted = kind.oracle(content)
        if found != REFUSED and found != wanted:
            tally.silent.append(content)
        tally.stricter += found == REFUSED and wanted != REFUSED
    now = path.stat()
    same = (now.st_mtime_ns, now.st_ino) == (written.st_mtime_ns, written.st_ino)
    if not same or list(path.parent.iterdir()) != [path]:
        tally.unruly.append(("the file or its folder was changed", content))


def broken_rules(error: AlignError, name: str | None) -> str:
    """Which rule of messages `error` breaks that was raised for a file of that name, or for an argument; "" for none.

    It names the file, tells what was found and, after a semicolon, what would be right, in 300 characters at most that control
    nothing, its code at the end.
    """
    text = str(error)
    body = text if name is None else text.removeprefix(f"{name}:")
    for broken, rule in (
        (name is not None and body == text, "does not name the file"),
        (len(text) > 300, "too long"),
        (not text.isprintable(), "holds what controls a terminal"),
        (not text.endswith(f" [{error.code}]"), "does not end in its code"),
        (";" not in body, "does not say what would be right"),
    ):
        if broken:
            return rule
    return ""


@contextmanager
def _alarm() -> Iterator[None]:
    """Ends with TimeoutError what takes longer than `LONGEST`."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"more than {LONGEST} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, LONGEST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _errors_shown() -> Iterator[Callable[[], str]]:
    """Takes what libraries of other languages write to the terminal, such as a panic; what is called gives the new text."""
    sys.stderr.flush()
    with tempfile.TemporaryFile() as taken:
        before = os.dup(2)
        os.dup2(taken.fileno(), 2)

        def new() -> str:
            if not os.fstat(taken.fileno()).st_size:
                return ""
            text = os.pread(taken.fileno(), 1 << 20, 0).decode(errors="replace")
            os.ftruncate(taken.fileno(), 0)
            os.lseek(taken.fileno(), 0, os.SEEK_SET)
            return text

        try:
            yield new
        finally:
            os.dup2(before, 2)
            os.close(before)


def _peak(*, reset: bool = False) -> int:
    """Bytes of memory that this process held at the most since the last reset."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))
