"""Who is called while the program works: by Python's audit hook in every process, and by strace, which sees libraries too."""

import ipaddress
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HOOK = """
import os, sys
def _told(event, arguments, _log=os.environ["ALIGN_SOCKET_LOG"]):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname"):
        address = arguments[0] if event.startswith("socket.get") else arguments[1]
        host = address[0] if isinstance(address, tuple) else address
        with open(_log, "a") as file:
            file.write(f"{event} {host!r}\\n")
sys.addaudithook(_told)
"""
_ADDRESS = re.compile(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"')
_HERE = {"localhost", "", "None"}


def called(arguments: list[str], cwd: Path) -> tuple[list[str], int, bool]:
    """Run `python -m flows` with `arguments`: the addresses beyond this machine, how many calls in all, whether strace watched.

    Raises RuntimeError where the command fails, as then nothing is shown.
    """
    watch = cwd / ".watch"
    watch.mkdir(mode=0o700, exist_ok=True)
    (watch / "sitecustomize.py").write_text(HOOK, encoding="utf-8")
    log, trace = watch / "sockets.log", watch / "trace.log"
    log.write_text("", encoding="utf-8")
    trace.write_text("", encoding="utf-8")
    strace = shutil.which("strace")
    tracing = [strace, "-f", "-qq", "-e", "trace=connect,sendto,sendmsg", "-o", str(trace)] if strace else []
    paths = os.pathsep.join([str(watch), str(Path(__file__).parents[2])])
    environment = {**os.environ, "PYTHONPATH": paths, "ALIGN_SOCKET_LOG": str(log)}
    command = [*tracing, sys.executable, "-m", "flows", *arguments]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=900, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)} failed: {done.stderr[-500:]}")
    by_python = [line.split(" ", 1)[1].strip("'\"b") for line in log.read_text(encoding="utf-8").splitlines()]
    by_system = [a or b for a, b in _ADDRESS.findall(trace.read_text(encoding="utf-8", errors="replace"))]
    every = by_python + by_system
    return [address for address in every if not _is_here(address)], len(every), strace is not None


def _is_here(address: str) -> bool:
    if address in _HERE or address.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
