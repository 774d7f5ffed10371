"""Imports go one way: align, then warehouse, then flows; and within each there is an order. Those inside functions count."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HOUSES = ("align", "warehouse", "flows")
STRANGERS = {
    "align": {"duckdb", "prefect", "sqlalchemy", "typer", "rich", "altair", "jinja2"},
    "warehouse": {"prefect", "typer", "rich", "altair", "jinja2"},
    "flows": set(),
}


def modules(house):
    """Dotted name → file, the root as `align`."""
    names = {}
    for path in sorted((ROOT / house).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


ALL = {name: path for house in HOUSES for name, path in modules(house).items()}


def imported(path, known=ALL):
    """Every module that the file imports, anywhere in it; of the project's own the innermost that exists."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports by dots; write the whole name"
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in known else node.module for name in inner}
    return found


def house_of(name):
    return name.split(".")[0]


@pytest.mark.parametrize("name", ALL)
def test_a_house_imports_itself_and_earlier_houses(name):
    later = HOUSES[HOUSES.index(house_of(name)) + 1 :]
    assert sorted(other for other in imported(ALL[name]) if house_of(other) in later) == []


@pytest.mark.parametrize("house", HOUSES)
def test_within_a_house_there_is_an_order(house):
    names = modules(house)
    graph = {name: {other for other in imported(path) if other in names} for name, path in names.items()}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(f"a circle: {' → '.join(error.args[1])}")
    assert set(order) == set(names)


@pytest.mark.parametrize("name", [name for name in ALL if name not in HOUSES])
def test_no_room_imports_the_front_door_of_its_own_house(name):
    assert house_of(name) not in imported(ALL[name])


@pytest.mark.parametrize("name", ALL)
def test_align_knows_no_sql_and_neither_it_nor_the_warehouse_an_orchestrator(name):
    roots = {house_of(other) for other in imported(ALL[name])}
    assert sorted(roots & STRANGERS[house_of(name)]) == []


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_imported_by_a_name_made_at_run_time(name):
    calls = {
        ast.unparse(node.func)
        for node in ast.walk(ast.parse(ALL[name].read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    }
    assert (
        sorted(
            calls
            & {"__import__", "import_module", "importlib.import_module", "eval", "exec", "pickle.loads", "pickle.load"}
        )
        == []
    )


def test_an_import_inside_a_function_and_a_circle_would_be_seen(tmp_path):
    (tmp_path / "a.py").write_text("def f():\n    from align.b import x\n    import flows.c as c\n")
    assert imported(tmp_path / "a.py", {"align.b": None}) == {"align.b", "flows.c"}
    (tmp_path / "b.py").write_text("from align import a, no_room\n")
    assert imported(tmp_path / "b.py", {"align.a": None}) == {"align.a", "align"}
