"""Snapshots: built aside, made durable, published by one atomic pointer.

    current.duckdb -> snapshot-000002-9f31c0de.duckdb     the pointer: a symbolic link, replaced in one step
    snapshot-000002-9f31c0de.duckdb                       immutable
    snapshot-000002-9f31c0de.json                         its manifest: size and SHA-256, under a checksum of its own
    damaged-snapshot-000001-0c4e11aa.duckdb               set aside by `warehouse.repair`; nobody reads it
    .build-9f31c0de.duckdb                                being written; nobody reads it
    .lock                                                 held by the one writer, and names it until it has ended well

A file name is never used twice and a published file never written to: DuckDB would replay a left-over log into it, and a
process that has the old file open would go on seeing it under the same name.
"""

import fcntl
import json
import os
import re
import shutil
import socket
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Self
from uuid import uuid4

import duckdb

from align.compressed import file_digest, sync
from align.errors import AlignError, BusyError, CorruptStoreError, ResourceError, printable
from align.failpoints import reach
from warehouse.connection import SCHEMA, create

POINTER = "current.duckdb"
LOCK = ".lock"
DAMAGED = "damaged-"  # before the names of what `warehouse.repair` set aside
WAY_OUT = "`align repair` goes back to the newest good snapshot"
KEEP = 3  # newest snapshots that are never collected
_GLANCE = 0.1  # seconds; whoever only looks whether somebody writes holds the lock for less
_NAME = re.compile(r"snapshot-(\d{6,})-([0-9a-f]{8})\.duckdb", re.ASCII)
_NUMBERED = re.compile(rf"(?:{DAMAGED})?snapshot-(\d{{6,}})-", re.ASCII)
_MANIFEST_BYTES = 4_096  # far more than a manifest has


@dataclass(frozen=True)
class Manifest:
    """What a published snapshot was when it was published. `number` counts from 1.

    `checksum` is the SHA-256 of the other fields; "" in stores of releases that wrote none.
    """

    file: str
    number: int
    size: int
    sha256: str
    schema: int
    duckdb: str
    checksum: str = ""

    def sealed(self) -> Self:
        """The same with its checksum."""
        told = json.dumps(asdict(replace(self, checksum="")))
        return replace(self, checksum=sha256(told.encode()).hexdigest())

    def text(self) -> str:
        """The file of the manifest, byte for byte: no character of it can change unseen."""
        fields = {name: value for name, value in asdict(self).items() if (name, value) != ("checksum", "")}
        return json.dumps(fields, indent=1) + "\n"


@contextmanager
def writing(root: Path, wait: float = 0) -> Iterator[str]:
    """Hold the warehouse for writing; yields who held it last where that one was killed, else "".

    Creates the folder. Waits at most `wait` seconds for another writer, then raises BusyError `store.busy` naming it.
    Raises ResourceError `store.unwritable` where the disk refuses.
    """
    for part in (root, root / "work", root / "prefect"):
        if part.is_symlink():
            raise ResourceError(
                "store.link", "is a symbolic link, which is not written through; name the folder", path=part
            )
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(root / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _cannot_write(root, error) from None
    try:
        reach("writing.locking")
        _lock(root, handle, fcntl.LOCK_EX, max(wait, _GLANCE))
        try:
            killed = _sign(root, handle)
            reach("writing.locked")
            yield killed
        finally:
            with suppress(OSError):  # the next writer would take this one for killed, and lose nothing by that
                os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def refuse_if_written(root: Path) -> None:
    """Raise BusyError as `writing` would, for whom that would come late. Does not write."""
    try:
        handle = os.open(root / LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if _holder(handle):
            _lock(root, handle, fcntl.LOCK_SH, 0)
    finally:
        os.close(handle)


def publish(
    root: Path, dim: int, fill: Callable[[duckdb.DuckDBPyConnection], None], *, memory: int | None = None
) -> Manifest:
    """Build a snapshot aside with `fill(connection)`, make it durable and point `current.duckdb` to it.

    Call it inside `writing(root)`. Whatever is raised on the way leaves the published snapshot as it was, unless only the
    last flush failed, which the message says. Raises ResourceError `store.unwritable` when the disk refuses, and what `fill` raises.
    """
    identity = uuid4().hex[:8]
    number = _next_number(root)
    name = f"snapshot-{number:06d}-{identity}.duckdb"
    aside = root / f".build-{identity}.duckdb"
    try:
        collect(root)
        connection = create(aside, dim, memory)
        try:
            reach("fill.begins")
            fill(connection)
            reach("fill.ends")
            connection.execute("CHECKPOINT")
        finally:
            connection.close()
        reach("publish.closed")
        aside.chmod(0o400)
        sync(aside)
        reach("publish.synced")
        manifest = Manifest(name, number, aside.stat().st_size, file_digest(aside), SCHEMA, duckdb.__version__).sealed()
        _write_aside(root / f".build-{identity}.json", manifest.text())
        (root / f".build-{identity}.json").replace(root / name.replace(".duckdb", ".json"))
        reach("publish.manifest")
        aside.replace(root / name)
        sync(root)
        reach("publish.renamed")
        point(root, name)
    except (OSError, duckdb.OperationalError, duckdb.InternalError, duckdb.FatalException) as error:
        pointed = (root / POINTER).is_symlink() and str((root / POINTER).readlink()) == name
        stands = "the new snapshot is served, but a power failure may undo it" if pointed else "the old snapshot stands"
        raise ResourceError(
            "store.unwritable", f"publishing failed ({printable(str(error), 140)}); {stands}", path=root
        ) from None
    finally:
        with suppress(OSError):  # the next writer collects it
            _remove(root, f".build-{identity}.*")
    reach("publish.done")
    return manifest


def point(root: Path, name: str) -> None:
    """Make `name` the current snapshot, in one step. Writes."""
    aside = root / f".build-{uuid4().hex[:8]}.link"
    try:
        aside.symlink_to(name)
        reach("point.linked")
        aside.replace(root / POINTER)
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
    reach("point.swapped")
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
    except (OSError, ValueError):  # a path with NUL
        raise CorruptStoreError("store.pointer", f"{POINTER} is not a link to a snapshot", path=root) from None
    if not _NAME.fullmatch(name) or not (root / name).is_file() or (root / name).is_symlink():
        raise CorruptStoreError(
            "store.pointer", f"{POINTER} leads to {printable(name)}, not to a snapshot here", path=root
        )
    return root / name


def read_manifest(snapshot: Path) -> Manifest:
    """The manifest of a snapshot. Does not write.

    Raises CorruptStoreError `store.manifest` where there is none, a character of it is not as it was written, or it tells of
    another file. Of a manifest without a checksum only name, number, size and SHA-256 can be held against the snapshot.
    """
    path = snapshot.with_suffix(".json")
    try:
        handle = _open(path)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise ValueError
            text = file.read(_MANIFEST_BYTES).decode()
        manifest = Manifest(**json.loads(text))
        as_written = manifest.text() == text and manifest.checksum in ("", manifest.sealed().checksum)
    except (OSError, ValueError, TypeError, RecursionError) as error:
        what = f"no readable manifest ({type(error).__name__}); {WAY_OUT}"
        raise CorruptStoreError("store.manifest", what, path=path) from None
    if not as_written:
        raise CorruptStoreError("store.manifest", f"not as it was written; {WAY_OUT}", path=path)
    name = _NAME.fullmatch(snapshot.name)
    if manifest.file != snapshot.name or name is None or manifest.number != int(name[1]):
        what = f"tells of {printable(manifest.file)}, not of {snapshot.name}; {WAY_OUT}"
        raise CorruptStoreError("store.manifest", what, path=path)
    return manifest


def collect(root: Path) -> list[str]:
    """Remove what killed runs left, and all but the newest snapshots that nobody holds; returns the names. Writes."""
    removed = _remove(root, ".build-*")
    try:
        kept = {current(root).name}
    except AlignError:
        kept = set()
    for _, name in sorted(published(root))[:-KEEP]:
        manifest = (root / name).with_suffix(".json")
        if name not in kept and not _is_read(manifest):
            (root / name).unlink(missing_ok=True)
            reach("collect.snapshot")
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
    reach("hold.pointed")
    manifest = snapshot.with_suffix(".json")
    try:
        handle = _open(manifest)
        try:
            fcntl.flock(handle, fcntl.LOCK_SH)  # waits at most for a collector that looks whether anybody reads
            if os.fstat(handle).st_nlink:
                return snapshot, handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
    except OSError as error:
        if current(root) == snapshot:
            raise CorruptStoreError(
                "store.manifest", f"no readable manifest ({error.strerror})", path=manifest
            ) from None
    return hold(root)  # it was collected since the pointer was read: more than KEEP others were published meanwhile


def _open(path: Path) -> int:
    """A handle to read from; of a link none, and of a pipe one at once."""
    return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)


def _is_read(manifest: Path) -> bool:
    try:
        handle = _open(manifest)
    except OSError:  # none, or a link: nobody holds a snapshot by it
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(handle)


def published(root: Path) -> list[tuple[int, str]]:
    """Number and name of every snapshot of a folder, good or not, in no order."""
    found = (_NAME.fullmatch(path.name) for path in root.glob("snapshot-*.duckdb"))
    return [(int(match[1]), match[0]) for match in found if match]


def _next_number(root: Path) -> int:
    """One more than any snapshot has, those set aside as damaged too: versions never go back."""
    found = (_NUMBERED.match(path.name) for path in root.iterdir())
    return 1 + max((int(match[1]) for match in found if match), default=0)


def _write_aside(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _remove(root: Path, pattern: str) -> list[str]:
    removed = []
    for left in root.glob(pattern):
        if left.is_dir() and not left.is_symlink():  # where DuckDB puts what exceeds its memory
            shutil.rmtree(left)
        else:
            left.unlink(missing_ok=True)
        reach("collect.build")
        removed.append(left.name)
    return removed


def _lock(root: Path, handle: int, kind: int, wait: float) -> None:
    until = time.monotonic() + wait
    while True:
        try:
            return fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                holder = printable(_holder(handle) or "another process", 120)
                raise BusyError("store.busy", f"{holder} is writing; wait for it to finish", path=root) from None
        except OSError as error:  # a network file system that knows no locks
            what = f"cannot be locked here ({error.strerror}); keep the store on a disk of this computer"
            raise ResourceError("store.unwritable", what, path=root) from None
        time.sleep(0.02)


def _sign(root: Path, handle: int) -> str:
    """Write this process's name into the lock file; returns the name that was in it."""
    me = f"process {os.getpid()} on {socket.gethostname()}".encode()
    try:
        before = _holder(handle)
        os.pwrite(handle, me, 0)
        os.ftruncate(handle, len(me))
    except OSError as error:
        raise _cannot_write(root, error) from None
    return before


def _holder(handle: int) -> str:
    return os.pread(handle, 200, 0).decode(errors="replace")


def _cannot_write(root: Path, error: OSError) -> ResourceError:
    return ResourceError(
        "store.unwritable", f"cannot write here ({error.strerror}); give a folder that can be written", path=root
    )
