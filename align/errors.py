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

from pathlib import Path

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

    def __init__(self, code: str, message: str, *, path: str | Path | None = None, line: int | None = None) -> None:
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
