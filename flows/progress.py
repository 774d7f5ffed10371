"""Progress bars on standard error for whoever watches, silence for everybody else."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

_shown: list[Progress] = []


@contextmanager
def display() -> Iterator[None]:
    """Show the bars of every step that runs inside. Steps run in threads of this process, so one display serves all."""
    columns = (
        SpinnerColumn(finished_text="✓"), TextColumn("{task.description}"), BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"), TimeElapsedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(file=sys.stderr)) as progress:
        _shown.append(progress)
        try:
            yield
        finally:
            _shown.remove(progress)


@contextmanager
def step(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar named `label`; call what is yielded with (done, total). It is full when the block ends well."""
    if not _shown:
        yield lambda done, total: None
        return
    progress = _shown[-1]
    bar: TaskID = progress.add_task(label, total=None)
    yield lambda done, total: progress.update(bar, completed=done, total=total)
    total = progress.tasks[progress.task_ids.index(bar)].total or 1
    progress.update(bar, completed=total, total=total)
