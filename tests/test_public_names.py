"""What a house shows is what it lists, sorted, and every name of it is explained."""

import ast
import importlib
import inspect
from pathlib import Path
from types import ModuleType

import pytest

import align
import warehouse
from align.errors import AlignError

HOUSES = [align, warehouse]
SHOWN = [(house, name) for house in HOUSES for name in house.__all__]
ROOMS = sorted(path for house in HOUSES for path in Path(house.__file__).parent.rglob("*.py"))


@pytest.mark.parametrize("house", HOUSES)
def test_the_list_is_sorted_and_names_nothing_twice(house):
    assert house.__all__ == sorted(set(house.__all__))


@pytest.mark.parametrize("house", HOUSES)
def test_the_list_equals_what_is_there(house):
    there = {
        name
        for name, value in vars(house).items()
        if not name.startswith("_")
        and not isinstance(value, ModuleType)
        and value.__module__.split(".")[0] in ("align", "warehouse")
    }
    assert sorted(there) == house.__all__


@pytest.mark.parametrize(
    ("house", "name"), SHOWN, ids=lambda value: value if isinstance(value, str) else value.__name__
)
def test_every_public_name_is_a_function_or_class_with_a_docstring_of_its_own(house, name):
    value = getattr(house, name)
    assert inspect.isfunction(value) or inspect.isclass(value)
    assert value.__doc__
    assert not value.__doc__.startswith(f"{name}(")  # what a dataclass says when nobody wrote anything


@pytest.mark.parametrize(
    ("house", "name"), SHOWN, ids=lambda value: value if isinstance(value, str) else value.__name__
)
def test_every_public_function_says_what_it_raises(house, name):
    value = getattr(house, name)
    assert inspect.isclass(value) or "Raises" in value.__doc__


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: "/".join(path.parts[-2:]))
def test_every_room_says_what_it_is_for(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_every_error_can_be_caught_by_its_public_name():
    tree = {
        kind.__name__
        for kind in vars(importlib.import_module("align.errors")).values()
        if inspect.isclass(kind) and issubclass(kind, AlignError)
    }
    assert tree <= set(align.__all__)
