"""Snapshots: built aside, made durable, published by one atomic pointer.

    current.duckdb -> snapshot-000002-9f31c0de.duckdb     the pointer: a symbolic link, replaced in one step
    snapshot-000002-9f31c0de.duckdb                       immutable
    snapshot-000002-9f31c0de.json                         its manifest: size and SHA-256
    .build-9f31c0de.duckdb                                being written; nobody reads it
    .lock                                                 held by the one writer

A file name is never used twice and a published file never written to: DuckDB would replay a left-over log into it, and a
process that has the old file open would go on seeing it under the same name.
"""

import fcntl
import json
import os
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import uuid4

import duckdb

from align.compressed import file_digest, sync
from align.errors import AlignError, BusyError, CorruptStoreError, ResourceError, printable
from warehouse.connection import SCHEMA, create

POINTER = "current.duckdb"
KEEP = 3  # newest snapshots that are never collected
_NAME = re.compile(r"snapshot-(\d{6,})-([0-9a-f]{8})\.duckdb")


@dataclass(frozen=True)
class Manifest:
    """What a published snapshot was when it was published. `number` counts from 1."""

    file: str
    number: int
    size: int
    sha256: str
    schema: int
    duckdb: str


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """Hold the warehouse for writing. Creates the folder; raises BusyError `store.busy` naming the holder."""
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(root / ".lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ResourceError(
            "store.unwritable", f"cannot write here ({error.strerror}); give a folder that can be written", path=root
        ) from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 200, 0).decode(errors="replace") or "another process"
            raise BusyError(
                "store.busy", f"{printable(holder, 120)} is writing; wait for it to finish", path=root
            ) from None
        except OSError as error:  # a network file system that knows no locks
            what = f"cannot be locked here ({error.strerror}); keep the store on a disk of this computer"
            raise ResourceError("store.unwritable", what, path=root) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)
        yield
    finally:
        os.close(handle)


def publish(root: Path, dim: int, fill: Callable[[duckdb.DuckDBPyConnection], None]) -> Manifest:
    """Build a snapshot aside with `fill(connection)`, make it durable and point `current.duckdb` to it.

    Call it inside `writing(root)`. Whatever is raised on the way leaves the published snapshot as it was, unless only the
    last flush failed, which the message says. Raises ResourceError `store.unwritable` when the disk refuses, and what `fill` raises.
    """
    identity = uuid4().hex[:8]
    number = max((n for n, _ in _published(root)), default=0) + 1
    name = f"snapshot-{number:06d}-{identity}.duckdb"
    aside = root / f".build-{identity}.duckdb"
    try:
        collect(root)
        connection = create(aside, dim)
        try:
            fill(connection)
            connection.execute("CHECKPOINT")
        finally:
            connection.close()
        aside.chmod(0o400)
        sync(aside)
        manifest = Manifest(name, number, aside.stat().st_size, file_digest(aside), SCHEMA, duckdb.__version__)
        _write_aside(root / f".build-{identity}.json", json.dumps(asdict(manifest), indent=1) + "\n")
        (root / f".build-{identity}.json").replace(root / name.replace(".duckdb", ".json"))
        aside.replace(root / name)
        sync(root)
        point(root, name)
    except (OSError, duckdb.IOException, duckdb.OutOfMemoryException, duckdb.TransactionException) as error:
        pointed = (root / POINTER).is_symlink() and str((root / POINTER).readlink()) == name
        stands = "the new snapshot is served, but a power failure may undo it" if pointed else "the old snapshot stands"
        raise ResourceError(
            "store.unwritable", f"publishing failed ({printable(str(error), 140)}); {stands}", path=root
        ) from None
    finally:
        _remove_build(root, identity)
    return manifest


def point(root: Path, name: str) -> None:
    """Make `name` the current snapshot, in one step. Writes."""
    aside = root / f".build-{uuid4().hex[:8]}.link"
    aside.symlink_to(name)
    aside.replace(root / POINTER)
    sync(root)


def current(root: str | Path) -> Path:
    """The published snapshot. Does not write.

    Raises CorruptStoreError `store.none` (nothing published), `store.pointer` (a pointer that leads nowhere or outside).
    """
    root = Path(root)
    try:
        name = str((root / POINTER).readlink())
    except FileNotFoundError:
        raise CorruptStoreError(
            "store.none", "nothing is published here; run `align build CONFIG` first", path=root
        ) from None
    except OSError:
        raise CorruptStoreError("store.pointer", f"{POINTER} is not a link to a snapshot", path=root) from None
    if not _NAME.fullmatch(name) or not (root / name).is_file() or (root / name).is_symlink():
        raise CorruptStoreError(
            "store.pointer", f"{POINTER} leads to {printable(name)}, not to a snapshot here", path=root
        )
    return root / name


def read_manifest(snapshot: Path) -> Manifest:
    """The manifest of a snapshot. Raises CorruptStoreError `store.manifest`."""
    path = snapshot.with_suffix(".json")
    try:
        return Manifest(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise CorruptStoreError("store.manifest", f"no readable manifest ({type(error).__name__})", path=path) from None


def collect(root: Path) -> list[str]:
    """Remove what killed runs left, and all but the newest snapshots that nobody holds; returns the names. Writes."""
    removed = []
    for left in root.glob(".build-*"):
        left.unlink(missing_ok=True)
        removed.append(left.name)
    try:
        kept = {current(root).name}
    except AlignError:
        kept = set()
    for _, name in sorted(_published(root))[:-KEEP]:
        manifest = (root / name).with_suffix(".json")
        if name not in kept and not _is_read(manifest):
            (root / name).unlink(missing_ok=True)
            manifest.unlink(missing_ok=True)
            removed.append(name)
    for manifest in root.glob("snapshot-*.json"):
        if not manifest.with_suffix(".duckdb").exists():  # killed between the manifest and its snapshot
            manifest.unlink(missing_ok=True)
            removed.append(manifest.name)
    return removed


def hold(root: str | Path) -> tuple[Path, int]:
    """The published snapshot, and a file handle that keeps it from being collected until it is closed.

    Raises as `current`, and CorruptStoreError `store.manifest` where its manifest is not there.
    """
    snapshot = current(root)
    manifest = snapshot.with_suffix(".json")
    try:
        handle = os.open(manifest, os.O_RDONLY | os.O_CLOEXEC)
        fcntl.flock(handle, fcntl.LOCK_SH)  # waits at most for a collector that looks whether anybody reads
        if os.fstat(handle).st_nlink:
            return snapshot, handle
        os.close(handle)
    except OSError as error:
        if current(root) == snapshot:
            raise CorruptStoreError(
                "store.manifest", f"no readable manifest ({error.strerror})", path=manifest
            ) from None
    return hold(root)  # it was collected since the pointer was read: more than KEEP others were published meanwhile


def _is_read(manifest: Path) -> bool:
    try:
        handle = os.open(manifest, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(handle)


def _published(root: Path) -> list[tuple[int, str]]:
    found = (_NAME.fullmatch(path.name) for path in root.glob("snapshot-*.duckdb"))
    return [(int(match[1]), match[0]) for match in found if match]


def _write_aside(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _remove_build(root: Path, identity: str) -> None:
    for left in root.glob(f".build-{identity}.*"):
        left.unlink(missing_ok=True)
