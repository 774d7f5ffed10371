"""One build in this process, step by step without Prefect: what each step was said to take, and took, as lines of JSON.

python -m benchmarks.reliability.memory_child CONFIG [MEMORY]
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from align.errors import ResourceError
from flows import memory, steps
from flows.plan import Plan, make_plan
from flows.settings import load_settings
from warehouse.snapshot import writing


def resident(which: str = "VmHWM") -> int:
    """Bytes that are resident (VmRSS), or were at most since `forget_peak` (VmHWM)."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(next(line for line in status.splitlines() if line.startswith(which)).split()[1])


def forget_peak() -> None:
    """From now on the peak counts from what is resident now."""
    Path("/proc/self/clear_refs").write_text("5")


def run(config: str, limit: str | None) -> None:
    """Build, and print of every step its name, what was predicted, its peak and its seconds; of a refusal what it says."""
    import flows.build  # noqa: F401  # what a build has in memory, Prefect among it, counts

    plan = make_plan(load_settings(config, memory=limit))
    allowed = memory.allowed(plan.settings)

    def measured(name: str, need: memory.Need | None, work: Callable[[], Any]) -> Any:
        forget_peak()
        started = time.perf_counter()
        value = work()
        blocks, store = (0, 0) if need is None else need.within(allowed)
        told = 0 if need is None else need.fixed + blocks + store
        line = {"step": name, "predicted": told, "peak": resident(), "seconds": round(time.perf_counter() - started, 1)}
        print(json.dumps({**line, "after": resident("VmRSS")}), flush=True)
        return value

    try:
        with writing(plan.settings.warehouse_path):
            _steps(plan, measured)
    except ResourceError as error:
        print(json.dumps({"refused": str(error), "code": error.code, "peak": resident()}))


def _steps(plan: Plan, measured: Callable[[str, memory.Need | None, Callable[[], Any]], Any]) -> None:
    about = plan.settings.languages
    measured("check", None, lambda: steps.check_inputs(plan))
    for lang in about:
        size = memory.size_of(plan, lang)
        need = None if size is None else memory.reading(lang, size)
        measured(f"read {lang}", need, lambda lang=lang: steps.prepare_vectors(plan, lang))
    train = steps.read_pairs(plan)[0]
    measured("fit", memory.fitting(memory.load_of(plan, pairs=train)), lambda: steps.fit_space(plan))
    frame = steps.read_sources(plan)[0]
    load = memory.load_of(plan, frame)
    del frame
    measured("pool", memory.pooling(load), lambda: steps.pool_documents(plan))
    figures = measured("judge", memory.judging(load), lambda: steps.judge(plan))
    notes = {"started": "2026-11-20T00:00:00+00:00"}
    measured("publish", memory.publishing(load), lambda: steps.publish_snapshot(plan, notes, figures))


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
