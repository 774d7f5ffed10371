"""Files of bytes: plain or compressed, opened with a bound on what they may expand to, and written whole or not at all.

gzip, xz and zstd are known by their first bytes, never by the name, and must be whole: a truncated file, a bad checksum
or anything after the last member fails instead of ending early.
"""

import hashlib
import io
import lzma
import os
import shutil
import stat
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

import zstandard

from align.errors import InputError, ResourceError, printable
from align.failpoints import reach

_FREE_OUTPUT = 64 << 20  # bytes a small and very regular file may expand to, whatever the ratio
_MAX_RATIO = 200
_CHUNK = 1 << 16
_ZSTD_INPUT = 1 << 10  # zstd has no bound on output; 4 bytes give at most 128 KiB, so these 32 MiB
_ZSTD = type(zstandard.ZstdDecompressor().decompressobj())


@contextmanager
def open_bytes(
    path: str | Path, *, max_expanded_bytes: int = 64 << 30, max_ratio: int = _MAX_RATIO
) -> Iterator[BinaryIO]:
    """A buffered reader of the bytes of a regular file, expanded where they are gzip, xz or zstd.

    Yields at most `max_expanded_bytes`; of a compressed file also at most `max_ratio` times its size, where 64 MiB are
    always allowed. Raises InputError as `open_regular` and, while reading, `file.compressed_corrupt`; ResourceError `file.too_large`.

    >>> with open_bytes("wiki.fr.vec.gz") as reader:  # doctest: +SKIP
    ...     first = reader.readline()
    """
    with open_regular(path) as raw:
        size = os.fstat(raw.fileno()).st_size
        start = _expander(_Named(raw, path).read(6) or b"")
        raw.seek(0)
        if start is None:
            if size > max_expanded_bytes:
                raise ResourceError("file.too_large", f"{size} bytes; at most {max_expanded_bytes} are read", path=path)
            with io.BufferedReader(_Named(raw, path), 1 << 20) as reader:
                yield reader
        else:
            ceiling = min(max_expanded_bytes, expansion(size, max_ratio))
            with io.BufferedReader(_Named(raw, path)) as source:
                expanded = _Expanded(source, start, ceiling, path)
                with io.BufferedReader(expanded, 1 << 20) as reader:
                    yield reader


def expansion(size: int, max_ratio: int = _MAX_RATIO) -> int:
    """Bytes that a file of `size` bytes may expand to."""
    return max(_FREE_OUTPUT, max_ratio * size)


def bytes_read(reader: BinaryIO) -> int:
    """Bytes of the file on disk that a reader of `open_bytes` has used so far, for showing progress."""
    raw = getattr(reader, "raw", None)
    return raw.used() if isinstance(raw, _Named | _Expanded) else 0


@contextmanager
def plain_file(path: str | Path) -> Iterator[Path]:
    """A path to the content of `path` for libraries that open files themselves: `path`, or an expanded copy of it.

    Raises what `open_bytes` raises, and ResourceError `file.unwritable` where there is no room for the copy.
    """
    with open_bytes(path) as reader:
        if isinstance(getattr(reader, "raw", None), _Named):
            yield Path(path)
            return
        with ExitStack() as stack:
            try:
                copy = stack.enter_context(tempfile.NamedTemporaryFile(prefix="expanded-"))
                shutil.copyfileobj(reader, copy, 1 << 20)
                copy.flush()
            except OSError as error:
                message = f"no room to expand it ({error.strerror}); free some or set TMPDIR"
                raise ResourceError("file.unwritable", message, path=path) from None
            yield Path(copy.name)


def file_digest(path: str | Path) -> str:
    """SHA-256, in hexadecimal, of the bytes of a regular file as they are on disk, streamed.

    Raises InputError as `open_regular`.
    """
    digest = hashlib.sha256()
    with open_regular(path) as raw:
        reader = _Named(raw, path)
        while chunk := reader.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A new file, for its owner alone, that takes the place of `path` when it is whole and on the disk; else `path` stays.

    Raises ResourceError `file.unwritable`.
    """
    with (
        replacing_path(path) as aside,
        os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file,
    ):
        yield file


@contextmanager
def replacing_path(path: Path) -> Iterator[Path]:
    """As `replacing`, but yields the path of the new file, which is not there yet, to those who open files themselves."""
    if "\0" in str(path):
        raise ResourceError("file.unwritable", "holds NUL; give the name of a file", path=path)
    aside = path.with_name(f".{path.name}.{uuid4().hex[:8]}")
    try:
        yield aside
        aside.chmod(0o600)
        reach("file.aside")
        sync(aside)
        aside.replace(path)
        reach("file.replaced")
        sync(path.parent)
    except OSError as error:
        message = f"cannot write ({error.strerror}); check space and permissions"
        raise ResourceError("file.unwritable", message, path=path) from None
    finally:
        with suppress(OSError):
            aside.unlink()


def sync(path: Path) -> None:
    """Flush a file or folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def open_regular(path: str | Path) -> Iterator[io.FileIO]:
    """The file at `path`, where links are followed but a pipe, device, socket or folder is never read nor waited for.

    Raises InputError `file.missing`, `file.not_regular`, `file.unreadable`, and at the end `file.changed` where the file was
    written to in the meantime.
    """
    try:
        name = Path(path)
        mode = name.stat().st_mode
        raw = io.FileIO(name, "rb", opener=_unblocked) if stat.S_ISREG(mode) else None
    except (FileNotFoundError, NotADirectoryError):
        raise InputError("file.missing", "no such file; check the path", path=path) from None
    except OSError as error:
        what = f"cannot be opened ({error.strerror}); check path and permissions"
        raise InputError("file.unreadable", what, path=path) from None
    except (TypeError, ValueError):
        raise InputError("file.missing", f"{printable(repr(path))} is not a path; give the name of a file") from None
    if raw is None or not stat.S_ISREG(os.fstat(raw.fileno()).st_mode):  # another one may have come in between
        raise InputError("file.not_regular", "not a regular file; write its content to one", path=path)
    with raw:
        before = _written(raw)
        yield raw
        if _written(raw) != before:
            raise InputError("file.changed", "the file changed while it was read; read it again", path=path)


def _written(raw: io.FileIO) -> tuple[int, int]:
    status = os.fstat(raw.fileno())
    return status.st_size, status.st_mtime_ns


def _unblocked(name: str, flags: int) -> int:
    return os.open(name, flags | os.O_NONBLOCK | os.O_CLOEXEC)


def _expander(magic: bytes) -> Callable[[], Any] | None:
    """What makes a decompressor for a file that begins with `magic`, or None where it is not compressed."""
    if magic.startswith(b"\x1f\x8b"):
        return lambda: zlib.decompressobj(wbits=31)
    if magic.startswith(b"\xfd7zXZ\x00"):
        return lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=1 << 30)
    if magic.startswith(b"\x28\xb5\x2f\xfd") or (magic[1:4] == b"\x2a\x4d\x18" and magic[0] >> 4 == 5):
        return lambda: zstandard.ZstdDecompressor().decompressobj()
    return None


class _Named(io.RawIOBase):
    """A file whose read errors name it."""

    def __init__(self, raw: io.FileIO, path: str | Path) -> None:
        self._raw = raw
        self._path = path

    def readable(self) -> bool:
        return True

    def used(self) -> int:
        return self._raw.tell()

    def readinto(self, buffer: Any) -> int:
        try:
            return self._raw.readinto(buffer) or 0
        except OSError as error:
            raise InputError(
                "file.unreadable", f"reading failed ({error.strerror}); check the disk", path=self._path
            ) from None


class _Expanded(io.RawIOBase):
    """The content of a compressed file, one or more members after one another, up to `ceiling` bytes."""

    def __init__(self, source: BinaryIO, start: Callable[[], Any], ceiling: int, path: str | Path) -> None:
        self._source = source
        self._start = start
        self._ceiling = ceiling
        self._path = path
        self._member: Any = None  # None between members
        self._input = b""
        self._made = memoryview(b"")
        self._total = 0

    def readable(self) -> bool:
        return True

    def used(self) -> int:
        return bytes_read(self._source)

    def readinto(self, buffer: Any) -> int:
        while not self._made:
            if self._member is None and not self._next_member():
                return 0
            try:
                self._made = memoryview(self._step())
            except (zlib.error, lzma.LZMAError, zstandard.ZstdError, EOFError) as error:
                raise self._corrupt(str(error)) from None
            self._total += len(self._made)
            if self._total > self._ceiling:
                raise ResourceError(
                    "file.too_large",
                    f"expands to more than {self._ceiling} bytes; expand it yourself if you trust it",
                    path=self._path,
                )
        n = min(len(buffer), len(self._made))
        memoryview(buffer).cast("B")[:n] = self._made[:n]
        self._made = self._made[n:]
        return n

    def _next_member(self) -> bool:
        """Begin the next member; False at the end of the file. Members may be padded with zeros."""
        while not (rest := self._input.lstrip(b"\0")):
            self._input = self._source.read(_CHUNK)
            if not self._input:
                return False
        self._input = rest
        self._member = self._start()
        return True

    def _step(self) -> bytes:
        """Feed one piece of input to the member; b"" where it yields nothing yet."""
        member = self._member
        starved = not self._input and getattr(member, "needs_input", True)
        if starved:
            self._input = self._source.read(_CHUNK)
        given, later = self._input, b""
        if isinstance(member, _ZSTD):
            given, later = given[:_ZSTD_INPUT], given[_ZSTD_INPUT:]
            made: bytes = member.decompress(given)
        else:
            made = member.decompress(given, _CHUNK)
        if member.eof:
            self._member = None
            self._input = member.unused_data + later
        elif starved and not given and not made:
            raise self._corrupt("it ends in the middle")
        else:
            self._input = later or getattr(member, "unconsumed_tail", b"")
        return made

    def _corrupt(self, reason: str) -> InputError:
        message = f"the compressed data are damaged ({reason}); fetch the file again"
        return InputError("file.compressed_corrupt", message, path=self._path)
