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

from flows.stopping import check

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
    """A bar named `label`; call what is yielded with (done, total). It is full when the block ends well.

    The call raises Stopped where the program was asked to end.
    """
    if not _shown:
        yield lambda done, total: check()
        return
    progress = _shown[-1]
    bar: TaskID = progress.add_task(label, total=None)

    def tell(done: int, total: int) -> None:
        check()
        progress.update(bar, completed=done, total=total)

    yield tell
    total = progress.tasks[progress.task_ids.index(bar)].total or 1
    progress.update(bar, completed=total, total=total)


def say(text: str) -> None:
    """A line on standard error, above the bars where there are any."""
    console = _shown[-1].console if _shown else Console(stderr=True)
    console.print(text, markup=False, highlight=False, soft_wrap=True)
