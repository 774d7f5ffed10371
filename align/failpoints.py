"""Points in the program where a test may stop it: named, so that a fault strikes there and not at a moment of luck.

Nothing happens at a point unless the environment variable ALIGN_FAILPOINT names it, with an action:

    publish.renamed=kill       SIGKILL, as from the kernel or a power failure
    publish.renamed=term       SIGTERM, as from an operator
    publish.renamed=meet:PATH  wait until two have come: each appends a byte to PATH, and goes on when it holds two
"""

import os
import signal
import time
from pathlib import Path

from align.errors import ConfigError, printable

VARIABLE = "ALIGN_FAILPOINT"
POINTS = (  # in an order in which a build that is killed at one of them, and begun again, reaches the next
    *("steps.checked", "vectors.read", "vectors.training", "vectors.trained", "vectors.written", "space.fitted", "file.aside"),
    *("space.written", "documents.pooled", "file.replaced", "pooling.written", "documents.written", "steps.judged"),
    *("writing.locking", "writing.locked", "collect.build", "store.migrating", "fill.begins", "fill.inserted", "fill.ends"),
    *("publish.closed", "publish.synced", "publish.manifest", "publish.renamed", "point.linked", "point.swapped"),
    *("collect.snapshot", "publish.done", "steps.cleaned", "hold.pointed"),
)  # fmt: skip
SIGNALS = {"kill": signal.SIGKILL, "term": signal.SIGTERM}


def reach(point: str) -> None:
    """Say that the program is at `point`, one of POINTS.

    Raises ConfigError `failpoint.unknown` where the variable names no point or no action.
    """
    asked = os.environ.get(VARIABLE)
    if not asked:
        return
    name, _, action = asked.partition("=")
    verb, _, path = action.partition(":")
    if name not in POINTS or not (action in SIGNALS or (verb == "meet" and path)):
        raise ConfigError("failpoint.unknown", f"{VARIABLE}={printable(asked)}; write POINT=kill, =term or =meet:PATH")
    if name == point and verb == "meet":
        _meet(Path(path))
    elif name == point:
        os.kill(os.getpid(), SIGNALS[action])


def _meet(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b".")
    while path.stat().st_size < 2:
        time.sleep(0.001)
