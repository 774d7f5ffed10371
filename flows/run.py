"""Run a build from this process: nothing at all where nothing changed, else the Prefect flow with progress bars."""

import os
from pathlib import Path
from typing import Any

from flows import progress
from flows.plan import make_plan
from flows.prefect_home import faults, settle
from flows.settings import load_settings
from flows.stopping import stopping
from warehouse.snapshot import refuse_if_written


def run_build(
    config: Path, warehouse: Path | None = None, memory: str | None = None, wait: float = 0
) -> dict[str, Any]:
    """Summary of the build: `snapshot`, `published`, and the figures when something was published.

    Starting Prefect takes longer than finding out that nothing changed, or that another process is writing, so these are
    found out first. Waits at most `wait` seconds for that process.
    Raises what the steps raise, all of the tree of `align.errors`, and Stopped on Ctrl-C and SIGTERM.
    """
    settings = load_settings(config, warehouse, memory)
    with stopping(), progress.display():
        with progress.step("read inputs"):
            published = make_plan(settings).published()
        where = {"warehouse": str(settings.warehouse_path)}
        if published is not None:
            return {"snapshot": published, "published": False, **where}
        if not wait:
            refuse_if_written(settings.warehouse_path)
        # Below this it prints the traceback of what is raised here, which the command line says in one sentence.
        os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
        settle(settings.warehouse_path)
        with progress.step("start Prefect"):
            from flows.build import build
        with faults():
            return {**build(str(config), None if warehouse is None else str(warehouse), memory, wait), **where}
