"""`align build` in child processes that may be killed: the command line with all its steps, without Prefect's server.

Children are forked from a process that has imported everything and run nothing, so that they start at once.
"""

import json
import multiprocessing
import os
import sys
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from align.failpoints import VARIABLE
from benchmarks.reliability.project import Document
from flows import cli, steps
from flows.plan import make_plan
from flows.settings import load_settings
from warehouse.snapshot import writing

_CHILDREN = multiprocessing.get_context("forkserver")
_CHILDREN.set_forkserver_preload(["benchmarks.reliability.builds", "flows.figures", "flows.run", "gensim.models"])


def build_plainly(
    config: str | Path, warehouse: str | None = None, memory: str | None = None, wait: float = 0
) -> dict[str, Any]:
    """The sentence of `flows.build.build` without Prefect."""
    plan = make_plan(load_settings(config, warehouse, memory))
    if (published := plan.published()) is not None:
        return {"snapshot": published, "published": False}
    with writing(plan.settings.warehouse_path, wait) as killed:
        notes = steps.begin(killed)
        steps.check_inputs(plan)
        notes["vectors"] = {lang: steps.prepare_vectors(plan, lang) for lang in plan.settings.languages}
        notes["space"] = steps.fit_space(plan)
        notes["documents"] = steps.pool_documents(plan)
        return steps.publish_snapshot(plan, notes, steps.judge(plan))


def start(work: Callable[..., None], *arguments: Any, failpoint: str = "", log: Path) -> BaseProcess:
    """Call `work(*arguments)` in a new process, with a failpoint set and what it says written to `log`."""
    child = _CHILDREN.Process(target=_run, args=(work, arguments, failpoint, log))
    child.start()
    return child


def build(config: Path, batch: list[Document], acknowledged: Path) -> None:
    """`align build CONFIG`; once it has published, the documents of the batch are acknowledged, on the disk."""
    sys.modules["flows.build"] = SimpleNamespace(build=build_plainly)  # type: ignore[assignment]
    sys.argv = ["align", "build", str(config)]
    try:
        cli.main()
    except SystemExit as left:
        if left.code:
            raise
    with acknowledged.open("a") as file:
        file.writelines(json.dumps(document) + "\n" for document in batch)
        file.flush()
        os.fsync(file.fileno())


def read_acknowledged(path: Path) -> list[Document]:
    """The documents that were acknowledged."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [(lang, name) for lang, name in map(json.loads, lines)]


def _run(work: Callable[..., None], arguments: tuple[Any, ...], failpoint: str, log: Path) -> None:
    os.environ[VARIABLE] = failpoint
    said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(said, 1)
    os.dup2(said, 2)
    work(*arguments)
