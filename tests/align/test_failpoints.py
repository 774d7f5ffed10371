"""Laws of failpoints: the list is what the code has, and nothing happens unless it is asked for."""

import ast
from pathlib import Path

import pytest

from align.errors import ConfigError
from align.failpoints import POINTS, VARIABLE, reach

ROOT = Path(__file__).parents[2]


def test_F01_every_point_is_reached_at_one_place_and_every_place_is_a_point():
    found = [
        ast.literal_eval(node.args[0])
        for house in ("align", "warehouse", "flows")
        for path in (ROOT / house).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "reach"
    ]
    assert sorted(found) == sorted(POINTS)


def test_nothing_happens_at_a_point_that_is_not_named(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    reach("publish.renamed")
    monkeypatch.setenv(VARIABLE, "point.swapped=kill")
    reach("publish.renamed")


@pytest.mark.parametrize(
    "asked", ["nowhere=kill", "publish.renamed", "publish.renamed=explode", "publish.renamed=meet:", "=kill"]
)
def test_a_variable_that_names_no_point_or_action_is_refused(monkeypatch, asked):
    monkeypatch.setenv(VARIABLE, asked)
    with pytest.raises(ConfigError, match="failpoint.unknown"):
        reach("point.swapped")
