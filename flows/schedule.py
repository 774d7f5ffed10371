"""Builds on a schedule: one process that serves the flow, and the Prefect server it needs where none is given."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from align.errors import ConfigError, ResourceError, printable
from flows.plan import make_plan
from flows.prefect_home import faults, settle
from flows.settings import load_settings

STARTUP_SECONDS = 120


def serve(config: Path, cron: str, warehouse: Path | None) -> None:
    """Serve the build until SIGINT or SIGTERM; both pause the schedule and stop the server that was started here.

    With PREFECT_API_URL set, that server is used. Raises ConfigError `schedule.bad_cron`, ResourceError
    `schedule.no_server`, and what `make_plan` raises for a configuration that could never run.
    """
    settings = load_settings(config, warehouse)
    make_plan(settings)
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "INFO")  # whoever watches a schedule wants to see its runs
    settle(settings.warehouse_path)
    with _server(settings.warehouse_path / "prefect"):
        from prefect.client.schemas.schedules import CronSchedule
        from pydantic import ValidationError

        from flows.build import build

        try:
            CronSchedule(cron=cron)
        except ValidationError:
            wanted = '"0 2 * * *" is every night at two'
            raise ConfigError("schedule.bad_cron", f"{printable(repr(cron))} is no cron expression; {wanted}") from None
        where = {"warehouse": str(warehouse.resolve())} if warehouse is not None else {}
        out = Console(stderr=True)
        out.print(f"building {config} into {settings.warehouse_path} on {cron!r} (UTC); Ctrl-C stops", soft_wrap=True)
        warnings.filterwarnings("ignore", "coroutine 'Runner.astop' was never awaited")  # Prefect's own, on every stop
        with faults():
            build.serve(
                name=settings.name or Path(config).stem,
                cron=cron,
                limit=1,
                parameters={"config": str(config.resolve()), **where},
                print_starting_message=False,
            )


@contextmanager
def _server(home: Path) -> Iterator[None]:
    """A Prefect server on a free port of this machine, its log in `home`, unless PREFECT_API_URL names one."""
    if "PREFECT_API_URL" in os.environ:
        yield
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "prefect",
        "server",
        "start",
        "--no-ui",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    with (home / "server.log").open("ab") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
        _wait(server, os.environ["PREFECT_API_URL"] + "/health", home)
        yield
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
        os.environ.pop("PREFECT_API_URL", None)


def _wait(server: "subprocess.Popen[bytes]", health: str, home: Path) -> None:
    until = time.monotonic() + STARTUP_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(health, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise ResourceError(
        "schedule.no_server", "the Prefect server did not start; its log tells why", path=home / "server.log"
    )
