"""Files to train on: the paths that patterns match, and the lines of text in them."""

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from align.compressed import open_bytes
from align.errors import InputError, printable
from align.rows import COMPRESSED, RowError, checked_text, has_rows, read_rows, shown

_PIECE = 1 << 20  # bytes of a line of plain text; longer lines come in pieces
_LONGEST = 60_000_000  # bytes of a row
_KINDS = (
    (stat.S_ISDIR, "directory"),
    (stat.S_ISFIFO, "fifo"),
    (stat.S_ISCHR, "device"),
    (stat.S_ISBLK, "device"),
)


def expand_paths(patterns: Iterable[str], root: Path) -> list[Path]:
    """The regular files that `patterns` (`corpora/fr/*.txt.gz`, relative to `root`) match, sorted.

    Names that begin with a dot match only where the pattern has the dot. A link must stay under `root`, or,
    where the pattern is absolute or climbs by `..`, under its folders before the first wildcard. Raises
    InputError `corpus.bad_pattern`, `corpus.missing` for a pattern without a match, `corpus.duplicate_file`,
    `corpus.directory`, `corpus.fifo`, `corpus.device`, `corpus.not_regular`, `corpus.outside_root`.

    >>> expand_paths(["corpora/fr/*.txt.gz"], Path("data"))  # doctest: +SKIP
    [PosixPath('data/corpora/fr/wiki.txt.gz')]
    """
    if isinstance(patterns, str):
        raise InputError("corpus.bad_pattern", f"{shown(patterns)} is one string; give a list of patterns")
    found: dict[tuple[int, int], Path] = {}
    for pattern in patterns:
        matches, home = _matches(pattern, Path(root))
        if not matches:
            raise InputError("corpus.missing", f"{shown(pattern)} matches no file; check path and case")
        for path in matches:
            identity = _identity(path, home)
            if identity in found:
                what = f"the same file as {printable(found[identity], 100)}; list it once"
                raise InputError("corpus.duplicate_file", what, path=path)
            found[identity] = path
    return sorted(found.values())


def read_lines(
    paths: Iterable[str | Path],
    *,
    text_column: str = "text",
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[str]:
    """The text of `paths`, streamed: `text_column` of .jsonl, .csv and .parquet, else lines of plain text.

    Lines come without their ending, blank ones too; an empty or null cell is a blank line. A line beyond 1
    MiB comes in pieces, cut at blanks, that join to the line. `progress(done, total)` counts bytes on disk:
    within a plain file about every MiB, of a compressed one at its end. Raises InputError `corpus.encoding`,
    `corpus.binary`, `corpus.json`, `corpus.csv`, `corpus.parquet`, `corpus.no_column`, `corpus.bad_text`,
    `corpus.too_long` and `file.*`, with the line.

    >>> next(read_lines(["corpora/fr/wiki.txt.gz"]))  # doctest: +SKIP
    'Le chat dort.'
    """
    if isinstance(paths, (str, Path)):
        raise InputError("corpus.bad_pattern", f"{shown(str(paths))} is one path; give a list of paths")
    files = [Path(path) for path in paths]
    sizes = [_size(path) for path in files]
    done, total = 0, sum(sizes)
    for path, size in zip(files, sizes, strict=True):
        texts = _column(path, text_column) if has_rows(path) else _plain_lines(path)
        if progress is None:
            yield from texts
            continue
        read, told = 0, 0
        compressed = path.suffix.lower() in COMPRESSED
        for text in texts:
            yield text
            read += 1 + (len(text) if text.isascii() else len(text.encode()))
            if not compressed and told + _PIECE <= read < size:
                told = read
                progress(done + read, total)
        done += size
        progress(done, total)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except (OSError, ValueError):  # told when it is opened
        return 0


def _matches(pattern: str, root: Path) -> tuple[list[Path], Path]:
    """The paths that `pattern` matches, and the folder that they must not leave."""
    if not isinstance(pattern, str) or not pattern or "\0" in pattern:
        raise InputError("corpus.bad_pattern", f"{shown(pattern)} is not a path or pattern; give such as *.txt")
    parts = Path(pattern).parts
    if os.path.lexists(root / pattern):  # a name may well contain a bracket
        found, base = [root / pattern], (root / pattern).parent
    else:
        first = next((n for n, part in enumerate(parts) if re.search(r"[*?[]", part)), len(parts))
        base = Path(root, *parts[:first])
        found = _glob(base, parts[first:], pattern) if first < len(parts) else []
    home = base if Path(pattern).is_absolute() or ".." in parts else root
    return found, home.resolve()


def _glob(base: Path, parts: tuple[str, ...], pattern: str) -> list[Path]:
    try:
        found = list(base.glob("/".join(parts)))
    except ValueError as error:
        raise InputError("corpus.bad_pattern", f"{shown(pattern)}: {error}; give such as folder/*.txt") from None
    if any(part.startswith(".") for part in parts):
        return found
    return [path for path in found if not any(part.startswith(".") for part in path.relative_to(base).parts)]


def _identity(path: Path, home: Path) -> tuple[int, int]:
    """Device and inode of a regular file under `home`."""
    try:
        status, real = path.stat(), path.resolve()
    except (OSError, RuntimeError):
        what = "a link to a file that is not there; mend or remove it"
        raise InputError("corpus.missing", what, path=path) from None
    if not stat.S_ISREG(status.st_mode):
        kind = next((kind for test, kind in _KINDS if test(status.st_mode)), "not_regular")
        what = "not a regular file; name files, as in folder/*.txt"
        raise InputError(f"corpus.{kind}", what, path=path)
    if not real.is_relative_to(home):
        what = f"a link that leads out of {printable(home, 90)}; name the file it leads to instead"
        raise InputError("corpus.outside_root", what, path=path)
    return status.st_dev, status.st_ino


def _plain_lines(path: Path) -> Iterator[str]:
    line, offset = 1, 0
    with open_bytes(path) as reader:
        for raw in _pieces(reader):
            try:
                text = raw.decode("utf-8")
            except UnicodeDecodeError as error:
                where = f"byte 0x{raw[error.start]:02x} at offset {offset + error.start:,}"
                what = f"{where} is not UTF-8; convert the file"
                raise InputError("corpus.encoding", what, path=path, line=line) from None
            if "\0" in text:
                raise InputError("corpus.binary", "a NUL character; give text in UTF-8", path=path, line=line)
            yield (text if offset else text.removeprefix("\ufeff")).removesuffix("\n").removesuffix("\r")
            offset += len(raw)
            line += raw.endswith(b"\n")


def _pieces(reader: BinaryIO) -> Iterator[bytes]:
    """Lines; those beyond `_PIECE` bytes in pieces that end with a blank or at least a whole character."""
    carry = b""
    while raw := reader.readline(_PIECE):
        raw, carry = carry + raw, b""
        if len(raw) >= _PIECE and not raw.endswith(b"\n"):
            cut = raw.rfind(b" ") + 1 or len(raw) - len(_torn(raw))
            raw, carry = raw[:cut], raw[cut:]
        yield raw
    if carry:
        yield carry


def _torn(raw: bytes) -> bytes:
    """The bytes of a character whose end is not in `raw`: fewer than four."""
    for back in range(1, 4):
        if raw[-back] >= 0xC0:
            whole = 2 + (raw[-back] >= 0xE0) + (raw[-back] >= 0xF0)
            return raw[-back:] if back < whole else b""
    return b""


def _column(path: Path, column: str) -> Iterator[str]:
    for line, row in read_rows(path, (column,), _LONGEST):
        try:
            if isinstance(row, RowError):
                raise row
            yield checked_text(row.get(column, ...), column, _LONGEST)
        except RowError as problem:
            raise InputError(f"corpus.{problem.kind}", str(problem), path=path, line=line) from None
