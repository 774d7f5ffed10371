"""Damage: bits of a store are flipped, its files cut short and grown; is each found, and where does a repair lead?

Everything is tried in processes of its own, so that one that dies is counted and not merely missed.
"""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from uuid import uuid4

import numpy as np

import warehouse
from align.errors import AlignError
from benchmarks.reliability.figure import Figure, none_of
from benchmarks.reliability.planted import make_documents, make_space, publish_planted
from warehouse import snapshot

BLOCK = 4_096
PATIENCE = 120.0  # seconds after which a process that says nothing counts as crashed
DIED = "died"


@dataclass(frozen=True)
class Damage:
    """One change of one file: `snapshot`, `manifest` or `pointer` of what is served.

    `flip` of bit `at`, `cut` to `at` bytes, `grow` by `at` bytes.
    """

    file: str
    kind: str
    at: int


@dataclass(frozen=True)
class Outcome:
    """What came of one damage: codes of errors, names of exceptions that are none of ours, or what was served.

    None where it was not tried.
    """

    verified: str | None = None
    opened_verified: str | None = None
    opened: str | None = None
    repaired: str | None = None


def measure(full: bool) -> list[Figure]:
    """Long: every block and 200 cuts, of which every eighth is repaired. Short: 150 blocks and 40 cuts, every sixteenth."""
    with tempfile.TemporaryDirectory() as folder:
        root = plant(Path(folder) / "store")
        damages = every_damage(root, None if full else 150, 200 if full else 40)
        return figures(root, damages, tried(root, damages, every=8 if full else 16))


def plant(root: Path) -> Path:
    """A store with three snapshots of one planted world."""
    space, pairs = make_space()
    publish_planted(root, space, pairs, make_documents())
    republish(root)
    republish(root)
    return root


def republish(root: Path) -> str:
    """Publish what is served once more, as the next version; the name of its file."""
    served = snapshot.current(root)
    manifest = snapshot.read_manifest(served)
    name = f"snapshot-{manifest.number + 1:06d}-{uuid4().hex[:8]}.duckdb"
    shutil.copy2(served, root / name)
    again = replace(manifest, file=name, number=manifest.number + 1).sealed()
    (root / name).with_suffix(".json").write_text(again.text())
    (root / name).with_suffix(".json").chmod(0o600)
    snapshot.point(root, name)
    return name


def every_damage(root: Path, blocks: int | None, cuts: int, seed: int = 5) -> list[Damage]:
    """One random bit in every block (or in `blocks` of them, drawn), in every byte of manifest and pointer; cuts; additions."""
    random = np.random.default_rng(seed)
    served = snapshot.current(root)
    size, told = served.stat().st_size, served.with_suffix(".json").stat().st_size

    def flips(file: str, starts: Sequence[int], length: int, end: int) -> list[Damage]:
        bits = [8 * start + int(random.integers(8 * min(length, end - start))) for start in starts]
        return [Damage(file, "flip", bit) for bit in bits]

    starts = range(0, size, BLOCK)
    if blocks is not None:
        starts = sorted(int(start) for start in random.choice(starts, min(blocks, len(starts)), replace=False))
    lengths = [0, 1, size - 1, *(int(length) for length in random.integers(2, size - 1, cuts))]
    return [
        *flips("snapshot", starts, BLOCK, size),
        *flips("manifest", range(told), 1, told),
        *flips("pointer", range(len(served.name)), 1, len(served.name)),
        *(Damage("snapshot", "cut", length) for length in lengths),
        *(Damage("manifest", "cut", length) for length in range(told)),
        *(Damage(file, "grow", more) for file in ("snapshot", "manifest") for more in (1, BLOCK, 64 * BLOCK)),
    ]


@contextmanager
def damaged(root: Path, damage: Damage) -> Iterator[None]:
    """The store damaged, and afterwards as it was."""
    served = snapshot.current(root)
    if damage.file == "pointer":
        link = bytearray(os.fsencode(served.name))
        link[damage.at // 8] ^= 1 << damage.at % 8
        pointer = root / snapshot.POINTER
        pointer.unlink()
        pointer.symlink_to(os.fsdecode(bytes(link)))
        try:
            yield
        finally:
            snapshot.point(root, served.name)
        return
    path = served if damage.file == "snapshot" else served.with_suffix(".json")
    mode = path.stat().st_mode
    path.chmod(0o600)
    with path.open("r+b") as file:
        path.chmod(mode)
        content = file.read()
        _write(file.fileno(), changed(content, damage))
        try:
            yield
        finally:
            _write(file.fileno(), content)


def changed(content: bytes, damage: Damage) -> bytes:
    """The bytes of a file after the damage."""
    if damage.kind == "cut":
        return content[: damage.at]
    if damage.kind == "grow":
        return content + content[: damage.at].ljust(damage.at, b"\0")
    byte, bit = divmod(damage.at, 8)
    return content[:byte] + bytes([content[byte] ^ 1 << bit]) + content[byte + 1 :]


def _write(handle: int, content: bytes) -> None:
    os.pwrite(handle, content, 0)
    os.ftruncate(handle, len(content))


def answers(root: Path, verify: bool) -> list[object]:
    """What a store says to a few questions that read most of its tables."""
    with warehouse.open(root, verify=verify) as wh:
        hits = wh.search(["house river sun", "12 mail istanbul"], "en", k=5)
        texts = wh.sql("SELECT lang, count(*), sum(hash(text)) FROM documents GROUP BY lang ORDER BY lang")
        return [hits.rows(), wh.translate("river", "en", "fr").rows(), texts.rows()]


def tried(root: Path, damages: Sequence[Damage], every: int) -> list[Outcome | str]:
    """The outcome of every damage, `DIED` where the process did; every n-th is opened unverified, and repaired."""
    asked = [(damage, number % every == 0) for number, damage in enumerate(damages)]
    found: list[Outcome | str] = []
    context = get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        while len(found) < len(asked):
            ours, theirs = context.Pipe(duplex=False)
            copy = Path(folder) / str(len(found))
            shutil.copytree(root, copy, symlinks=True)
            process = context.Process(target=_work, args=(theirs, copy, asked[len(found) :]))
            process.start()
            theirs.close()
            while ours.poll(PATIENCE):
                try:
                    found.append(ours.recv())
                except EOFError:
                    break
            else:
                process.kill()
            process.join()
            if process.exitcode:
                if process.exitcode > 0:
                    raise RuntimeError(f"the harness failed at {asked[len(found)]}")
                found.append(DIED)
    return found


def _work(pipe, root: Path, asked: Sequence[tuple[Damage, bool]]) -> None:
    right = answers(root, verify=True)
    for damage, wholly in asked:
        with damaged(root, damage):
            outcome = Outcome(
                said(lambda: warehouse.verify(root).snapshot),
                said(lambda: answers(root, verify=True) and "answered"),
                said(lambda: "right" if answers(root, verify=False) == right else "wrong") if wholly else None,
                said(lambda: repaired(root)) if wholly else None,
            )
        pipe.send(outcome)


def said(act) -> str:
    """What `act` returns, the code of our error, or the name of another."""
    try:
        return act()
    except AlignError as error:
        return error.code
    except Exception as error:
        return f"raw {type(error).__name__}"


def repaired(root: Path) -> str:
    """The snapshot that a copy of the damaged store serves after its repair, where the repair lost nothing."""
    with tempfile.TemporaryDirectory(dir=root.parent) as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(root, copy, symlinks=True)
        before = _sizes(copy)
        served = warehouse.repair(copy).snapshot
        if _sizes(copy) != before or snapshot.current(copy).name != served:
            return f"{served}, but files are lost or the pointer leads elsewhere"
        return served


def _sizes(root: Path) -> list[int]:
    return sorted(path.stat().st_size for path in root.glob("*snapshot-*"))


def figures(root: Path, damages: Sequence[Damage], outcomes: Sequence[Outcome | str]) -> list[Figure]:
    """What the run found; `root` is the store as it was before it was damaged."""
    newest = [name for _, name in sorted(snapshot.published(root), reverse=True)]
    told = [(damage, outcome) for damage, outcome in zip(damages, outcomes, strict=True) if outcome != DIED]
    whole = [(damage, outcome) for damage, outcome in told if outcome.repaired is not None]
    found = sum(outcome.verified.startswith("store.") for _, outcome in told)
    raw = sum("raw" in (outcome.verified + outcome.opened_verified) for _, outcome in told)
    served = sum(outcome.opened_verified == "answered" for _, outcome in told)
    back = sum(outcome.repaired == newest[damage.file != "pointer"] for damage, outcome in whole)
    flipped = [outcome.opened for damage, outcome in whole if (damage.file, damage.kind) == ("snapshot", "flip")]
    kinds = Counter(f"{damage.kind} of {damage.file}" for damage in damages)
    return [
        Figure("damage is found by verify", f"{found:,} of {len(damages):,}", "all", found == len(damages) > 0),
        Figure("of these", counted(kinds), "", True),
        none_of("a process dies of a damaged store", len(damages) - len(told), len(damages)),
        none_of("verify or open raise what is none of our errors", raw, len(told)),
        none_of("a damaged store answers when it is opened with verify=True", served, len(told)),
        Figure(
            "repair returns to the newest good snapshot", f"{back:,} of {len(whole):,}", "all", back == len(whole) > 0
        ),
        Figure("a flipped snapshot opened without verify=True", counted(Counter(flipped)), "", True),
    ]


def counted(counts: Counter) -> str:
    """How many of what, most first."""
    return ", ".join(f"{n:,} {what}" for what, n in counts.most_common())
