"""Every version is held twice, and equally: in pyproject.toml for uv, in the .lock files with hashes for pip."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOLD = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = ("requirements.lock", "requirements-extras.lock")


def held(pins):
    return dict(pin.split("==") for pin in pins)


def locked(name):
    return dict(re.findall(r"^([a-z0-9.-]+)==([^ ;\\]+)", (ROOT / name).read_text(encoding="utf-8"), flags=re.M))


def test_pins_and_lock_are_equal():
    pins, lock = held(TOLD["tool"]["uv"]["constraint-dependencies"]), locked("requirements.lock")
    assert lock.items() <= pins.items()
    assert {name for name in pins if name not in lock} <= {"hatchling", "colorama", "pywin32"}


def test_pins_of_the_extras_and_of_the_build_are_in_the_locks():
    extras = held([pin for pins in TOLD["project"]["optional-dependencies"].values() for pin in pins])
    build = held(TOLD["tool"]["uv"]["build-constraint-dependencies"])
    assert extras.keys().isdisjoint(locked("requirements.lock"))
    assert locked("requirements-extras.lock").items() <= (extras | build).items()
    assert (extras | build).items() <= (locked("requirements.lock") | locked("requirements-extras.lock")).items()


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_a_hash(name):
    entries = (ROOT / name).read_text(encoding="utf-8").split("\n")
    starts = [i for i, line in enumerate(entries) if re.match(r"^[a-z0-9.-]+==", line)]
    assert starts
    assert all("--hash=sha256:" in entries[i + 1] for i in starts)


@pytest.mark.parametrize("name", ["pyproject.toml", *LOCKS])
def test_no_address_is_spelt_out(name):
    assert "://" not in (ROOT / name).read_text(encoding="utf-8")


def test_what_breaks_prefect_is_held_back():
    pins = held(TOLD["tool"]["uv"]["constraint-dependencies"])
    assert pins["prefect"] == "3.8.8"
    assert tuple(map(int, pins["fastapi"].split(".")[:2])) < (0, 151)
    assert pins["sqlalchemy"].startswith("2.0.")
