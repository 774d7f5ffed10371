"""Are the files of a warehouse those that were published? Told without DuckDB, which a damaged file could crash."""

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from align.compressed import file_digest
from align.errors import CorruptStoreError, InputError, printable
from warehouse import snapshot
from warehouse.snapshot import DAMAGED, POINTER, WAY_OUT, Manifest

GRACE = 24 * 3_600.0  # seconds after which what nobody is writing counts as left behind


@dataclass(frozen=True)
class Stray:
    """A file that does not belong where it lies: the code of its error, and a sentence."""

    path: Path
    code: str
    what: str

    def refuse(self) -> CorruptStoreError:
        """The error that names it."""
        return CorruptStoreError(self.code, f"{self.what}; `align repair` sees to it", path=self.path)


def check_snapshot(path: Path, *, digest: bool = True) -> Manifest:
    """The manifest of a snapshot that is as it was published. Does not write.

    `digest=False` compares the size alone: microseconds, where the SHA-256 takes about a second per GB.
    Raises CorruptStoreError `store.link` (not a file), `store.manifest`, `store.damaged`, `store.unreadable`.
    """
    if not _is_regular(path):
        raise _link(path).refuse()
    manifest = snapshot.read_manifest(path)
    size = path.stat().st_size
    if size != manifest.size:
        what = f"{size} bytes, published with {manifest.size}; {WAY_OUT}"
        raise CorruptStoreError("store.damaged", what, path=path)
    try:
        as_published = not digest or file_digest(path) == manifest.sha256
    except (InputError, OSError) as error:
        raise CorruptStoreError("store.unreadable", f"it cannot be read ({error})", path=path) from None
    if not as_published:
        what = f"its SHA-256 is not the one it was published with; {WAY_OUT}"
        raise CorruptStoreError("store.damaged", what, path=path)
    return manifest


def check_no_log(path: Path) -> None:
    """Raises CorruptStoreError `store.foreign_wal` where a write-ahead log lies beside a snapshot. Does not write."""
    for beside in path.parent.glob(f"{path.name}.*"):
        if _is_log(beside):
            raise _log(beside).refuse()


def strays(root: Path) -> Iterator[Stray]:
    """Every file of a warehouse that does not belong where it lies, by name. Does not write.

    Codes: `store.foreign_wal` (a write-ahead log), `store.link` (not a regular file), `store.orphan` (of a run that was killed,
    or of one that is still running).
    """
    ours = {name for _, name in snapshot.published(root)}
    for path in sorted(root.iterdir()):
        is_manifest = path.name.startswith("snapshot-") and path.suffix == ".json"
        if path.name.startswith(".build-"):
            yield Stray(path, "store.orphan", "left by a run that was killed")
        elif path.name in ours or (is_manifest and path.with_suffix(".duckdb").name in ours):
            if not _is_regular(path) and os.path.lexists(path):  # else it was collected meanwhile
                yield _link(path)
        elif is_manifest:
            yield Stray(path, "store.orphan", "the manifest of no snapshot")
        elif _is_log(path):
            yield _log(path)


def check_folder(root: Path) -> tuple[str, ...]:
    """Notes on what breaks no promise but should be known, of every file of a warehouse. Does not write.

    Raises CorruptStoreError as the codes of `strays`; `store.orphan` after `GRACE` alone, and while nobody is writing.
    """
    notes = []
    if os.path.lexists(lock := root / ".lock") and not _is_regular(lock):
        raise CorruptStoreError("store.link", "not a regular file; remove it", path=lock)
    for stray in strays(root):
        if stray.code != "store.orphan" or (_age(stray.path) > GRACE and not _is_written(root)):
            raise stray.refuse()
        notes.append(f"{printable(stray.path.name)}: being written, or {stray.what}; the next build removes it")
    ours = {name: 0o400 for _, name in snapshot.published(root)}
    ours |= {name.replace(".duckdb", ".json"): 0o600 for name in ours} | {".lock": 0o600}
    for path in sorted(root.iterdir()):
        if path.name in ours:
            notes += _mode(path, ours[path.name])
        elif path.name.startswith(DAMAGED):
            notes.append(f"{printable(path.name)}: set aside by a repair; remove it once you have seen it")
        elif path.is_file() and path.name != POINTER and not path.name.startswith((".build-", "snapshot-")):
            notes.append(f"{printable(path.name)}: none of our files")
    return (*_mode(root, 0o700), *notes)


def _link(path: Path) -> Stray:
    return Stray(path, "store.link", "not a regular file, as a snapshot and its manifest are")


def _log(path: Path) -> Stray:
    return Stray(path, "store.foreign_wal", "a write-ahead log, which DuckDB would add to what was published")


def _is_log(path: Path) -> bool:
    return path.name.startswith(("snapshot-", POINTER)) and ".wal" in path.name


def _is_regular(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _is_written(root: Path) -> bool:
    """Whether a process holds the warehouse for writing."""
    try:
        handle = os.open(root / ".lock", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(handle)


def _age(path: Path) -> float:
    """Seconds since the file was last written; 0 where it has gone meanwhile."""
    try:
        return time.time() - path.lstat().st_mtime
    except FileNotFoundError:
        return 0.0


def _mode(path: Path, wanted: int) -> list[str]:
    try:
        found = stat.S_IMODE(path.lstat().st_mode)
    except FileNotFoundError:
        return []
    return [] if found == wanted else [f"{printable(path.name)}: mode {found:04o}, published with {wanted:04o}"]
