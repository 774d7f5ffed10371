"""What a row of section 3 of FAULTS is: an input, what takes it, and what must come of it; and how that is put to the test."""

import warnings
from collections.abc import Callable, Mapping
from contextlib import chdir
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from align.errors import AlignError
from benchmarks.reliability.fuzz import broken_rules


@dataclass(frozen=True)
class Row:
    """One bad input, or one that looks bad and is good.

    `id` begins with the row of FAULTS. `make(folder)` lays the input into an empty folder and gives what `deed` takes.
    Either `code`, with `line` where there is one, of the refusal, or the `result` of the deed and what its `dropped` counts.
    `says`: words that the message must hold. `name`: the file that the message must name; None for an argument.
    """

    id: str
    make: Callable[[Path], Any]
    deed: Callable[[Any], Any]
    code: str | None = None
    line: int | None = None
    result: Any = None
    dropped: Mapping[str, int] = field(default_factory=dict)
    says: tuple[str, ...] = ()
    name: str | None = None


def laid(content: bytes | str | Callable[[], bytes], name: str) -> Callable[[Path], Path]:
    """A `make` that writes a file of that name; of a large one the content is made when it is needed."""

    def make(folder: Path) -> Path:
        path, whole = folder / name, content() if callable(content) else content
        path.write_bytes(whole if isinstance(whole, bytes) else whole.encode())
        return path

    return make


def given(argument: Any) -> Callable[[Path], Any]:
    """A `make` for what is no file."""
    return lambda folder: argument


def broken_by(row: Row, folder: Path) -> list[str]:
    """The promises that are broken for a row; `folder` is empty, and may be removed after."""
    with chdir(folder):
        argument = row.make(folder)
    before = _content(folder)
    try:
        with chdir(folder), warnings.catch_warnings():
            warnings.simplefilter("error")
            found = row.deed(argument)
    except AlignError as error:
        broken = _refused_wrongly(row, error)
    except BaseException as error:
        broken = [f"a raw {error!r}"]
    else:
        broken = _taken_wrongly(row, found)
    return broken + ["a file was changed, made or left behind"] * (_content(folder) != before)


def _refused_wrongly(row: Row, error: AlignError) -> list[str]:
    broken = []
    if (error.code, error.line) != (row.code, row.line):
        broken.append(f"{error.code} at {error.line}, not {row.code} at {row.line}: {error}")
    if rule := broken_rules(error, row.name):
        broken.append(f"the message {rule}: {error}")
    if row.line is not None and not str(error).startswith(f"{row.name}:{row.line}: "):
        broken.append(f"the message does not begin with its line: {error}")
    return broken + [f"the message does not hold {what!r}: {error}" for what in row.says if what not in str(error)]


def _taken_wrongly(row: Row, found: Any) -> list[str]:
    if row.code is not None:
        return [f"taken, not refused by {row.code}"]
    result, dropped = found
    broken = []
    if result != row.result:
        broken.append(f"gives {result!r}, not {row.result!r}"[:300])
    if dict(dropped) != dict(row.dropped):
        broken.append(f"counts {dict(dropped)}, not {dict(row.dropped)}")
    return broken


def _content(folder: Path) -> dict[str, bytes | str]:
    """Names below a folder with what is there: the bytes of files, where links lead, else the type."""
    found: dict[str, bytes | str] = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = str(path.readlink())
        else:
            found[name] = path.read_bytes() if path.is_file() else str(path.lstat().st_mode)
    return found
