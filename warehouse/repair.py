"""Back to the newest good snapshot, where the pointer or a file of a warehouse was damaged."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from align.compressed import sync
from align.errors import CorruptStoreError, ResourceError, printable
from warehouse import snapshot
from warehouse.connection import SCHEMA
from warehouse.integrity import check_snapshot, strays
from warehouse.snapshot import DAMAGED, POINTER, Manifest
from warehouse.verify import check_rows


@dataclass(frozen=True)
class Repaired:
    """What a repair found and did. `snapshot` is served now; `served_before` is what the pointer said, "" where it was none.

    `set_aside` are the new names of files that were renamed, each with what was found; `removed` are files of killed runs.
    """

    snapshot: str
    served_before: str
    set_aside: tuple[tuple[str, str], ...]
    removed: tuple[str, ...]

    @property
    def nothing_to_repair(self) -> bool:
        """Whether all was well before."""
        return self.snapshot == self.served_before and not self.set_aside and not self.removed


def repair(root: str | Path) -> Repaired:
    """Serve a good snapshot, and set everything aside that is damaged or does not belong there. Writes; says what it did.

    Where the pointer leads to a good snapshot it stays, else it leads to the newest good one after that: one that is what its
    manifest says, byte for byte, and, where this release reads its schema, keeps the rules of its rows. What is damaged is
    renamed to `damaged-…`, which nobody serves or collects, and never deleted; deleted are only the unpublished files of
    killed runs. Where all is well nothing is done. A repair that was killed is completed by the next.

    Raises CorruptStoreError `store.none` (no good snapshot is left; the damaged ones are set aside, so that a build starts anew),
    `store.newer` (of a later release: nothing is touched); BusyError `store.busy`; ResourceError `store.unwritable`.

    >>> warehouse.repair("warehouse/data").snapshot                      # doctest: +SKIP
    'snapshot-000006-9f31c0de.duckdb'
    """
    root = Path(root)
    if not root.is_dir():
        raise CorruptStoreError("store.none", "no warehouse is here; run `align build CONFIG` first", path=root)
    with snapshot.writing(root):
        try:
            return _repair(root)
        except OSError as error:
            what = f"the repair stopped ({error.strerror}); run it again once that is mended"
            raise ResourceError("store.unwritable", what, path=root) from None


def _repair(root: Path) -> Repaired:
    """In an order in which a kill after any step leaves what the next run completes: what is served is right first."""
    good, bad = _compared(root)
    before = _pointer(root)
    # A log goes before all else: DuckDB would replay it into the snapshot that is opened next.
    found = [stray for stray in strays(root) if not stray.path.name.startswith(".build-")]
    aside = [_set_aside(stray.path, stray.what) for stray in found]
    served = _chosen(root, good, bad, before)
    if served != before:
        aside += _point(root, served)
    for name, why in bad.items():
        for path in ((root / name).with_suffix(".json"), root / name):
            if os.path.lexists(path):
                aside.append(_set_aside(path, why))
    removed = [_removed(path) for path in sorted(root.glob(".build-*"))]
    sync(root)
    if not served:
        what = f"no good snapshot is left, {len(aside)} files are set aside as {DAMAGED}*; run `align build CONFIG`"
        raise CorruptStoreError("store.none", what, path=root)
    return Repaired(served, printable(before, 255), tuple(aside), tuple(removed))


def _compared(root: Path) -> tuple[list[Manifest], dict[str, str]]:
    """Manifests of the snapshots that are as they were published, newest first; and why the others are not. Does not write."""
    good, bad = [], {}
    for _, name in sorted(snapshot.published(root), reverse=True):
        try:
            good.append(check_snapshot(root / name))
        except CorruptStoreError as error:
            bad[name] = str(error)
    if newer := [manifest for manifest in good if manifest.schema > SCHEMA]:
        what = f"schema {newer[0].schema}, this build reads {SCHEMA}; repair it with the release that wrote it"
        raise CorruptStoreError("store.newer", what, path=newer[0].file)
    return good, bad


def _chosen(root: Path, good: list[Manifest], bad: dict[str, str], before: str) -> str:
    """The snapshot to serve, "" where none is left; those whose rows break a rule join the `bad`."""
    for manifest in sorted(good, key=lambda manifest: manifest.file != before):  # else they stay newest first
        try:
            if manifest.schema == SCHEMA:
                check_rows(root / manifest.file)
            return manifest.file
        except CorruptStoreError as error:
            bad[manifest.file] = str(error)
    return ""


def _pointer(root: Path) -> str:
    try:
        return str((root / POINTER).readlink())
    except OSError:
        return ""


def _point(root: Path, served: str) -> list[tuple[str, str]]:
    """Make the pointer lead to `served`, or to nothing; what was no link is set aside. Writes."""
    pointer, aside = root / POINTER, []
    if pointer.exists() and not pointer.is_symlink():
        aside.append(_set_aside(pointer, "not a link to a snapshot"))
    if served:
        snapshot.point(root, served)
    else:
        pointer.unlink(missing_ok=True)
    return aside


def _set_aside(path: Path, why: str) -> tuple[str, str]:
    """Rename a file, never over another; its new name and why. Writes."""
    name, n = DAMAGED + path.name, 1
    while os.path.lexists(path.with_name(name)):
        n += 1
        name = f"{DAMAGED}{path.name}.{n}"
    path.rename(path.with_name(name))
    return name, why


def _removed(path: Path) -> str:
    """The name of what a killed run left, which is deleted: it was never published. Writes."""
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    return path.name
