"""Where Prefect keeps its state and what it may say, settled before it is imported.

Prefect reads its settings at import; without these it reports to its makers and writes into the home folder.
"""

import os
from pathlib import Path

from align.errors import ResourceError

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

    Raises ResourceError `store.unwritable`.
    """
    os.umask(0o077)
    home = warehouse / "prefect"
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ResourceError("store.unwritable", f"cannot write here ({error.strerror})", path=warehouse) from None
    for name, value in {**_QUIET, "PREFECT_HOME": str(home.resolve())}.items():
        os.environ.setdefault(name, value)
