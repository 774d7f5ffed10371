"""Builds under limits: what they take, what they were said to take, and what is refused before it is taken.

Every build is a process of its own that runs the steps one after another (`memory_child`), with the imports of a real one. The
long form builds more and larger projects, each under several limits.
"""

import json
import os
import re
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from align.errors import ResourceError
from align.fasttext_file import MAGIC
from align.memory import parse_size, shown_size
from benchmarks.reliability.figure import Figure, none_of
from benchmarks.reliability.memory_child import forget_peak, resident
from benchmarks.reliability.sized_project import Size, make_project
from flows import memory, steps
from flows.plan import make_plan
from flows.settings import load_settings

SHORT = (
    (Size(6_000, dim=60, documents=60, method="procrustes"), "560MiB"),
    (Size(20_000, languages=3, dim=100, documents=20, method="procrustes", text=True), "450MiB"),
)
FULL = (
    *SHORT,
    (Size(10_000, dim=100, documents=200), "450MiB"),
    (Size(20_000, dim=100, documents=100), "600MiB"),
    (Size(20_000, dim=100, documents=100), "2GiB"),
    (Size(30_000, dim=300, documents=100, method="refine"), "800MiB"),
    (Size(100_000, dim=100, documents=100, method="procrustes", text=True), "1GiB"),
    (Size(100_000, dim=100, documents=100, method="procrustes"), "500MiB"),
    (Size(20_000, languages=5, dim=100, documents=100, method="refine"), "700MiB"),
    (Size(2_000, documents=5_000, tokens=200), "512MiB"),
    (Size(2_000, documents=5_000, tokens=200), "2GiB"),
    (Size(2_000, documents=2_000, tokens=300, passages=True), "600MiB"),
)
LIMITS = ("512MiB", "1GiB", "2GiB", "4GiB")
NOISE = 1.02  # of a peak: what the interpreter does beside


@dataclass
class Built:
    """What one build under `limit` said: `steps` as `memory_child` prints them, and the refusal, if it was one."""

    limit: int
    steps: list[dict[str, Any]] = field(default_factory=list)
    refused: str | None = None
    peak: int = 0
    left: list[str] = field(default_factory=list)
    trouble: str = ""

    @property
    def named(self) -> str | None:
        """The memory that a refusal names."""
        found = re.search(r"--memory (\S+)", self.refused or "")
        return found[1] if found else None


def build(config: Path, limit: str) -> Built:
    """Build a project in a process of its own."""
    environment = {
        **os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PREFECT_HOME": str(config.parent / "prefect"),
        "DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }  # fmt: skip
    command = [sys.executable, "-m", "benchmarks.reliability.memory_child", str(config), limit]
    ran = subprocess.run(command, capture_output=True, text=True, env=environment)
    found = Built(parse_size(limit), trouble=ran.stderr[-500:] if ran.returncode else "")
    for line in map(json.loads, ran.stdout.splitlines()):
        found.peak = max(found.peak, line["peak"])
        if "refused" in line:
            found.refused = line["refused"]
        else:
            found.steps.append(line)
    store = config.parent / "store"
    found.left = [path.name for path in (*store.glob(".build-*"), *store.glob("**/*.spill"), *store.glob("work/.*"))]
    return found


def builds(sizes: tuple[tuple[Size, str], ...], root: Path) -> Iterator[list[Built]]:
    """Of every project the build under its limit and, where that was refused, the one under the number that was named."""
    for number, (size, limit) in enumerate(sizes):
        config = make_project(root / str(number), size)
        first = build(config, limit)
        yield [first, build(config, first.named)] if first.named else [first]


@dataclass(frozen=True)
class Refusal:
    """A project far too large, refused under `limit`: what was said, by how many bytes the process grew, and whether the number
    that was named would have been accepted.
    """

    what: str
    limit: str
    said: str
    grew: int
    accepted: bool


def refusals(root: Path) -> Iterator[Refusal]:
    """Files that say, truly or not, that they hold millions of vectors, and documents beyond every limit, asked for in this process."""
    for kind in ("text", "word2vec-binary", "safetensors", "fasttext", "documents"):
        for number, limit in enumerate(LIMITS):
            config = _huge(root / f"{kind}-{limit}", kind, 1_000_000 << number)
            before = resident("VmRSS")
            forget_peak()
            said = _refused(config, limit)
            grew = resident() - before
            named = re.search(r"--memory (\S+)", said)
            accepted = named is not None and not _refused(config, named[1])
            yield Refusal(kind, limit, said, grew, accepted)


def _refused(config: Path, limit: str) -> str:
    settings = load_settings(config, memory=limit)
    try:
        if settings.documents:
            memory.check(memory.reading_documents([config.parent / "documents.jsonl"]), settings)
        else:
            steps.check_inputs(make_plan(settings))
    except ResourceError as error:
        return str(error) if error.code == "memory.too_small" else ""
    return ""


def _huge(root: Path, kind: str, words: int) -> Path:
    """A project of two such files, sparse on the disk, so that they take no room."""
    root.mkdir(parents=True)
    header = json.dumps({"matrix": {"dtype": "F32", "shape": [words, 300], "data_offsets": [0, 1200 * words]}}).encode()
    beginnings = {
        "text": f"{words} 300\n".encode() + b"word" + b" 0.5" * 300 + b"\n",
        "word2vec-binary": f"{words} 300\n".encode() + b"word " + struct.pack("<300f", *[0.5] * 300),
        "safetensors": len(header).to_bytes(8, "little") + header,
        "fasttext": MAGIC + struct.pack("<12i", 12, 300, 5, 5, 5, 5, 1, 1, 2, 2_000_000, 3, 6) + bytes(12)
        + struct.pack("<ii", words, words),
    }  # fmt: skip
    text = '[languages.en]\nvectors = "en.bin"\n[languages.fr]\nvectors = "fr.bin"\n'
    if kind == "documents":
        with (root / "documents.jsonl").open("wb") as file:
            file.truncate(4000 * words)
        text += '[[documents]]\npath = "documents.jsonl"\nlang = "en"\n'
        kind = "text"
        words = 2
    for lang in ("en", "fr"):
        with (root / f"{lang}.bin").open("wb") as file:
            file.write(beginnings[kind])
            file.truncate(max(file.tell(), 2 * (words + 2_000_000)))
    config = root / "align.toml"
    config.write_text(text + '[warehouse]\npath = "store"\n')
    return config


def measure(full: bool) -> list[Figure]:
    """Limits kept, predictions against what was taken, and refusals."""
    with tempfile.TemporaryDirectory(prefix="align-memory-") as folder:
        found = list(builds(FULL if full else SHORT, Path(folder)))
        refused = list(refusals(Path(folder) / "huge"))
    every = [one for pair in found for one in pair]
    done = [one for one in every if one.steps and one.steps[-1]["step"] == "publish"]
    named = [pair[1] for pair in found if len(pair) > 1]
    ratios = {}
    for one in done:
        for step in one.steps:
            if step["predicted"]:
                ratios[step["predicted"] / step["peak"]] = step["step"].split()[0]
    least, most = min(ratios, default=0.0), max(ratios, default=0.0)
    said = [one for one in refused if one.said and one.grew < 32 << 20]
    at_most = ", ".join(f"{shown_size(one.peak)} of {shown_size(one.limit)}" for one in done)
    broken = [one.trouble for one in every if one.trouble]
    return [
        none_of("builds that took more than they may", sum(one.peak > one.limit for one in done), len(done)),
        Figure("peak of each build", at_most, "at most the limit", all(one.peak <= one.limit for one in done)),
        Figure("predicted / taken, of every step", f"{least:.2f} to {most:.2f}, {len(ratios)} steps", "0.98 to 2", least >= 1 / NOISE and most <= 2),
        Figure(
            "refused before anything is allocated, with the number that would do",
            f"{len(said)} of {len(refused)}, the process grew by at most {max((r.grew for r in refused), default=0) >> 20} MiB",
            "20 of 20", len(said) == len(refused) >= 20,
        ),
        Figure("accepted under the number that was named", f"{sum(r.accepted for r in refused)} of {len(refused)}", "all", all(r.accepted for r in refused)),
        Figure(
            "refused builds that were done within the number named", f"{sum(n in done and n.peak <= n.limit for n in named)} of {len(named)}",
            "all", bool(named) and all(n in done and n.peak <= n.limit for n in named),
        ),
        none_of("temporary files left behind", sum(len(one.left) for one in every), len(every)),
        none_of("builds that failed otherwise", len(broken), len(every)),
    ]  # fmt: skip
