"""What is installed: every version held, with hashes, under licences that are listed; in full, advisories and newest versions too."""

import re
import subprocess

from benchmarks.reliability.figure import Figure
from benchmarks.reliability.licences import ROOT, held, licence, listed


def locked() -> dict[str, int]:
    """Package and number of hashes, of requirements.lock and requirements-extras.lock."""
    text = "".join(
        (ROOT / name).read_text(encoding="utf-8") for name in ("requirements.lock", "requirements-extras.lock")
    )
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.M)
    return {entry.split("==")[0]: entry.count("--hash=sha256:") for entry in entries if "==" in entry}


def measure(full: bool) -> list[Figure]:
    """Versions, hashes and licences; `full` also asks the advisory service and runs the suite on the newest versions."""
    hashes, said = locked(), listed()
    named = held()
    told = [name for name in named if licence(name) is not None]
    equal = sum(said.get(name) == licence(name) for name in told)
    figures = [
        _all_of("packages of the locks have hashes", sum(n > 0 for n in hashes.values()), len(hashes)),
        _all_of("packages of the locks are held in pyproject.toml", sum(name in named for name in hashes), len(hashes)),
        _all_of("packages have a licence in LICENSES.md", sum(name in said for name in named), len(named)),
        _all_of("of those installed, the one that they declare", equal, len(told)),
    ]
    return [*figures, _advisories(), _newest()] if full else figures


def _advisories() -> Figure:
    done = subprocess.run([ROOT / ".ci/advisories"], capture_output=True, text=True, check=False)
    last = (done.stdout + done.stderr).strip().splitlines()[-1:] or ["nothing said"]
    found = "none known" if done.returncode == 0 else f"not clean: {last[0][-120:]}"
    return Figure("advisories for versions held", found, "none known", done.returncode == 0)


def _newest() -> Figure:
    done = subprocess.run([ROOT / ".ci/fresh"], capture_output=True, text=True, check=False)
    last = done.stdout.strip().splitlines()[-1:] or ["nothing said"]
    return Figure("the suite passes on the newest versions", last[0], "passed", done.returncode == 0)


def _all_of(promise: str, kept: int, asked: int) -> Figure:
    return Figure(promise, f"{kept} of {asked}", "all", kept == asked > 0)
