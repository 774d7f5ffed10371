"""Every version is held twice, and equally: in pyproject.toml for uv, in requirements.lock with hashes for pip."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_pins_and_lock_are_equal():
    pins = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["constraint-dependencies"]
    held = dict(pin.split("==") for pin in pins)
    lock = (ROOT / "requirements.lock").read_text()
    locked = dict(re.findall(r"^([a-z0-9.-]+)==([^ ;\\]+)", lock, flags=re.M))
    assert locked.items() <= held.items()
    missing = {name for name in held if name not in locked}
    assert missing <= {"hatchling", "colorama", "pywin32"}, missing


def test_every_locked_package_has_a_hash():
    entries = (ROOT / "requirements.lock").read_text().split("\n")
    starts = [i for i, line in enumerate(entries) if re.match(r"^[a-z0-9.-]+==", line)]
    assert starts
    assert all("--hash=sha256:" in entries[i + 1] for i in starts)


def test_no_address_is_spelt_out():
    for name in ("pyproject.toml", "requirements.lock"):
        assert "://" not in (ROOT / name).read_text()


def test_what_breaks_prefect_is_held_back():
    held = dict(
        pin.split("==")
        for pin in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["constraint-dependencies"]
    )
    assert held["prefect"] == "3.8.8"
    assert tuple(map(int, held["fastapi"].split(".")[:2])) < (0, 151)
    assert held["sqlalchemy"].startswith("2.0.")
