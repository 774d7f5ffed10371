"""The store: immutable DuckDB snapshots of one shared space and its documents, and search in them."""

from pathlib import Path

from warehouse.search import Warehouse
from warehouse.verify import Verified, verify

__all__ = ["Verified", "Warehouse", "open", "verify"]


def open(root: str | Path, *, memory: int | None = None) -> Warehouse:
    """The newest published snapshot of the warehouse at `root`, read-only and pinned.

    `memory`: bytes that DuckDB, or one statement of `Warehouse.sql`, may take; by default half of the machine's.

    Raises CorruptStoreError `store.none` (nothing published), `store.pointer`, `store.manifest`, `store.unreadable`, `store.newer`,
    `store.older`; InputError `api.bad_bound`.

    >>> with warehouse.open("warehouse/data") as wh:             # doctest: +SKIP
    ...     wh.search("where is the station?", lang="en", into=["fr"], k=3)
    """
    return Warehouse(root, memory)
