"""Every error that this project raises on purpose.

    AlignError
    ├── InputError (ValueError)     a file, row, word, text or argument that cannot be used as it is
    │   └── UnknownWordError        a word without a vector
    ├── ConfigError (ValueError)    a key of the configuration
    ├── AlignmentError (ValueError) data that is readable but cannot be aligned
    ├── QueryError (ValueError)     a search or SQL statement that is refused
    ├── BusyError                   another process is writing
    ├── CorruptStoreError           a stored file is not what was written
    └── ResourceError               memory, disk or time would not suffice

Each carries a stable `code` such as `vec.bad_row`, by which programs may tell them apart.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
MAX_MESSAGE = 300


def printable(text: object, limit: int = 60) -> str:
    """`text` with control, format and surrogate characters escaped, cut to `limit` characters.

    >>> printable("a\\x1b[31mb")
    'a\\\\x1b[31mb'
    """
    shown = "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode("ascii") for c in str(text)
    )
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


class AlignError(Exception):
    """Base of the tree. The text reads `file:line: what was found; what would be right [code]`."""

    def __init__(
        self, code: str, message: str, *, path: str | Path | None = None, line: int | None = None
    ) -> None:
        self.code = code
        self.path = None if path is None else str(path)
        self.line = line
        name = Path(path).name if isinstance(path, str | Path) else path  # whatever was given as one is shown
        where = "" if path is None else printable(name, 80) + (f":{line}" if line else "") + ": "
        room = MAX_MESSAGE - len(where) - len(code) - 3
        super().__init__(f"{where}{printable(message, room)} [{code}]")

    def __reduce__(self) -> tuple[object, ...]:
        return _again, (type(self), self.args, dict(self.__dict__))


def _again(kind: type[AlignError], arguments: tuple[object, ...], state: dict[str, object]) -> AlignError:
    """The same error in another process."""
    error = kind.__new__(kind, *arguments)
    error.args = arguments
    error.__dict__.update(state)
    return error


class InputError(AlignError, ValueError):
    """A file, row, word, text or argument that cannot be used as it is."""


def expect(kind: type | tuple[type, ...], /, **given: object) -> None:
    """Raises InputError `api.bad_type` for the first of `given` that is not a `kind`."""
    for name, value in given.items():
        if not isinstance(value, kind):
            wanted = " or ".join(k.__name__ for k in (kind if isinstance(kind, tuple) else (kind,)))
            raise InputError("api.bad_type", f"{name} is of type {type(value).__name__}; give {wanted}")


def is_list(values: object) -> bool:
    """Whether `values` can be gone through as a list: no string, no mapping, no number in the form of an array."""
    return isinstance(values, Iterable) and not isinstance(values, str | bytes | Mapping) and getattr(values, "ndim", 1) > 0


def listed(kind: type[T], /, **given: Iterable[T]) -> list[T]:
    """The one iterable given, as a list of `kind`s; InputError `api.bad_type` for anything else, also for one string."""
    ((name, values),) = given.items()
    if not is_list(values):
        raise InputError("api.bad_type", f"{name} is one {type(values).__name__}; give a list of {kind.__name__}")
    found = list(values)
    for value in found:
        if not isinstance(value, kind):
            raise InputError("api.bad_type", f"{name} holds a {type(value).__name__}; give a list of {kind.__name__}")
    return found


class UnknownWordError(InputError):
    """A word that has no vector in its language."""


class ConfigError(AlignError, ValueError):
    """A key of the configuration that is missing, unknown or out of range."""


class AlignmentError(AlignError, ValueError):
    """Vectors and dictionaries that are readable but cannot be aligned."""


class QueryError(AlignError, ValueError):
    """A search or an SQL statement that is refused."""


class BusyError(AlignError):
    """Another process holds the warehouse for writing."""


class CorruptStoreError(AlignError):
    """A stored file is missing or is not what was written."""


class ResourceError(AlignError):
    """Memory, disk or time would not suffice."""
