"""The store: immutable DuckDB snapshots of one shared space and its documents, and search in them."""

from pathlib import Path

from warehouse.repair import Repaired, repair
from warehouse.search import Warehouse
from warehouse.upgrade import Upgraded, upgrade
from warehouse.verify import Verified, verify

__all__ = ["Repaired", "Upgraded", "Verified", "Warehouse", "open", "repair", "upgrade", "verify"]


def open(root: str | Path, *, verify: bool = False, memory: int | None = None) -> Warehouse:
    """The newest published snapshot of the warehouse at `root`, read-only and pinned.

    Its size is compared with its manifest; with `verify` also its SHA-256, so that no bit that changed on the disk is ever
    served: that reads the whole file, about a second per GB. `memory`: bytes that DuckDB, or one statement of
    `Warehouse.sql`, may take; by default half of the machine's.

    Raises CorruptStoreError `store.none` (nothing published), `store.pointer`, `store.manifest`, `store.damaged`,
    `store.foreign_wal`, `store.unreadable`, `store.newer`, `store.older`; InputError `api.bad_bound`.

    >>> with warehouse.open("warehouse/data") as wh:             # doctest: +SKIP
    ...     wh.search("where is the station?", lang="en", into=["fr"], k=3)
    """
    return Warehouse(root, verify=verify, memory=memory)
