"""The store: immutable DuckDB snapshots of one shared space and its documents, and search in them."""

from pathlib import Path

from warehouse.search import Warehouse
from warehouse.upgrade import Upgraded, upgrade
from warehouse.verify import Verified, verify

__all__ = ["Upgraded", "Verified", "Warehouse", "open", "upgrade", "verify"]


def open(root: str | Path) -> Warehouse:
    """The newest published snapshot of the warehouse at `root`, read-only and pinned.

    Raises CorruptStoreError `store.none` (nothing published), `store.pointer`, `store.manifest`, `store.unreadable`, `store.newer`,
    `store.older`.

    >>> with warehouse.open("warehouse/data") as wh:             # doctest: +SKIP
    ...     wh.search("where is the station?", lang="en", into=["fr"], k=3)
    """
    return Warehouse(root)
