"""What DuckDB says of a file that it cannot read, told as an error of ours."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import duckdb

from align.errors import CorruptStoreError, ResourceError, printable

Reader = TypeVar("Reader", bound=type)


def typed_faults(reader: Reader) -> Reader:
    """A class whose public methods and properties read a snapshot, and raise no error of DuckDB where a block is damaged.

    Blocks are read, and their checksums compared, when a query needs them: a damaged store may open well and fail later, with
    CorruptStoreError `store.unreadable`, or ResourceError `memory.short` where memory is what was missing.
    """
    for name, member in list(vars(reader).items()):
        if name.startswith("_"):
            continue
        if isinstance(member, property) and member.fget is not None:
            setattr(reader, name, property(_reading(member.fget)))
        elif callable(member):
            setattr(reader, name, _reading(member))
    return reader


def _reading(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def reading(*given: Any, **named: Any) -> Any:
        try:
            return method(*given, **named)
        except duckdb.OutOfMemoryException:
            raise ResourceError("memory.short", "not enough memory to read the store; ask for less") from None
        except (duckdb.OperationalError, duckdb.InternalError, duckdb.FatalException) as error:
            what = f"the store cannot be read ({printable(str(error), 160)}); `align verify` tells what is damaged"
            raise CorruptStoreError("store.unreadable", what) from None

    return reading
