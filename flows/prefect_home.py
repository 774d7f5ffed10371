"""Where Prefect keeps its state and what it may say, settled before it is imported.

Prefect reads its settings at import; without these it reports to its makers and writes into the home folder.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from align.errors import AlignError, ResourceError, printable

_QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",  # a successful shutdown of the temporary server logs tracebacks below this
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "PREFECT_CLI_COLORS": "false",
}


def settle(warehouse: Path) -> None:
    """Set Prefect's environment for work on `warehouse`; whatever the user has set stays. Makes the folder.

    Raises ResourceError `store.unwritable`, `store.link`.
    """
    os.umask(0o077)
    home = warehouse / "prefect"
    for part in (warehouse, home):
        if part.is_symlink():
            raise ResourceError(
                "store.link", "is a symbolic link, which is not written through; name the folder", path=part
            )
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ResourceError("store.unwritable", f"cannot write here ({error.strerror})", path=warehouse) from None
    for name, value in {**_QUIET, "PREFECT_HOME": str(home.resolve())}.items():
        os.environ.setdefault(name, value)


@contextmanager
def faults() -> Iterator[None]:
    """Say in one sentence what Prefect itself raises: ResourceError `prefect.failed`. Errors of the steps go through."""
    try:
        yield
    except AlignError:
        raise
    except Exception as error:
        raised = error.__traceback__
        while raised is not None and raised.tb_next is not None:
            raised = raised.tb_next
        room = "" if raised is None else str(raised.tb_frame.f_globals.get("__name__", ""))
        if room.split(".")[0] not in ("prefect", "httpx", "httpcore", "anyio"):
            raise
        given = " or unset PREFECT_API_URL" if "PREFECT_API_URL" in os.environ else " or try again"
        what = f"Prefect failed ({printable(str(error), 140)}); see that its server runs,{given}"
        raise ResourceError("prefect.failed", what) from None
