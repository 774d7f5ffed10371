"""Laws of numbers, N01 to N22 of FAULTS: the tests that state them are run and counted; and one project under many environments."""

import re
import subprocess
import sys

from benchmarks.reliability.determinism import measure_stores
from benchmarks.reliability.figure import Figure, none_of
from benchmarks.reliability.licences import ROOT

LAWS = [f"N{n:02}" for n in range(1, 23)]


def measure(full: bool) -> list[Figure]:
    """Every test with a law in its name, with 500 examples of most or in full 5,000; then equal stores."""
    names = " or ".join(f"test_{law}" for law in LAWS)
    profile = "nightly" if full else "ci"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "tests/align",
        "tests/warehouse",
        "-v",
        "-p",
        "no:cacheprovider",
        "-n0",
        "-k",
        names,
    ]
    command += [f"--hypothesis-profile={profile}", "-rA"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    outcomes = re.findall(r"^(PASSED|FAILED|ERROR) \S+::test_((?:N\d\d_)+)", said, flags=re.M)
    stated = {law for _, ids in outcomes for law in re.findall(r"N\d\d", ids)}
    failed = sum(outcome != "PASSED" for outcome, _ in outcomes)
    return [
        Figure("laws that a test states", f"{len(stated & set(LAWS))} of {len(LAWS)}", "all", stated >= set(LAWS)),
        none_of("tests of laws that failed", failed, len(outcomes)),
        *measure_stores(full),
    ]
