"""`uv run python -m benchmarks.reliability.licences`: write LICENSES.md anew from the packages that are installed.

Run it where all extras are (`uv sync --all-extras`), after a change of versions.
"""

import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIST = ROOT / "LICENSES.md"
_HEAD = """# Licences of what is installed

Every package that `uv sync --all-extras` or a `.lock` file brings, direct or not, and the licence that it declares. Written by
`uv run python -m benchmarks.reliability.licences`; a test holds it equal to the packages that are there. Nothing of them is part of this
repository. text-unidecode is used under the Artistic License.

| package | licence |
| --- | --- |
"""
# For Windows, another Python or the build: not installed where the list is written, so said here, from their pages on PyPI.
_ELSEWHERE = {
    "async-timeout": "Apache-2.0",
    "colorama": "BSD-3-Clause",
    "hatchling": "MIT",
    "pywin32": "PSF-2.0",
    "tomlkit": "MIT",
    "trove-classifiers": "Apache-2.0",
    "whenever": "MIT",
}


def licence(package: str) -> str | None:
    """The licence that an installed package declares, or None where it is not installed."""
    try:
        about = metadata(package)
    except PackageNotFoundError:
        return None
    classes = [text.rsplit(" :: ", 1)[1] for text in about.get_all("Classifier") or [] if text.startswith("License ::")]
    named = (about.get("License") or "").strip()
    short = named if "\n" not in named and len(named) <= 60 else ""
    return about.get("License-Expression") or short or "; ".join(classes)


def held() -> list[str]:
    """Names of all packages that a version is held of: constraints, extras, the build."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return sorted(set(re.findall(r'"([a-z0-9-]+)==[^"]+"', text)))


def listed() -> dict[str, str]:
    """Package and licence as LICENSES.md has them."""
    rows = re.findall(r"^\| ([a-z0-9][a-z0-9-]*) \| (.+) \|$", LIST.read_text(encoding="utf-8"), flags=re.M)
    return {name: said for name, said in rows if name != "package"}


def write() -> None:
    """Write LICENSES.md. Raises ValueError where a package is neither installed nor known to be for elsewhere."""
    rows = []
    for package in held():
        said = licence(package) or _ELSEWHERE.get(package)
        if not said:
            raise ValueError(f"{package} is not installed; run `uv sync --all-extras` first")
        rows.append(f"| {package} | {said} |\n")
    LIST.write_text(_HEAD + "".join(rows), encoding="utf-8")


if __name__ == "__main__":
    write()
