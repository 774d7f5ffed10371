"""Run a build from this process: nothing at all where nothing changed, else the Prefect flow with progress bars."""

import os
from pathlib import Path
from typing import Any

from flows import progress
from flows.plan import make_plan
from flows.prefect_home import settle
from flows.settings import load_settings


def run_build(config: Path, warehouse: Path | None = None, memory: str | None = None) -> dict[str, Any]:
    """Summary of the build: `snapshot`, `published`, and the figures when something was published.

    Starting Prefect takes longer than finding out that nothing changed, so that is found out first.
    Raises what the steps raise, all of the tree of `align.errors`.
    """
    settings = load_settings(config, warehouse, memory)
    with progress.display():
        with progress.step("read inputs"):
            published = make_plan(settings).published()
        where = {"warehouse": str(settings.warehouse_path)}
        if published is not None:
            return {"snapshot": published, "published": False, **where}
        # Below this it prints the traceback of what is raised here, which the command line says in one sentence.
        os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
        settle(settings.warehouse_path)
        with progress.step("start Prefect"):
            from flows.build import build
        return {**build(str(config), None if warehouse is None else str(warehouse), memory), **where}
