"""Laws of safety: hostile names and statements do nothing, queries are bounded, files are private, nobody is called."""

import json
import os
import socket
import subprocess
import sys
import time

import pytest

import warehouse
from align.errors import InputError, QueryError
from benchmarks.reliability import hostile_names, hostile_sql, security, sockets
from warehouse import bounded


@pytest.fixture(scope="module")
def around(tmp_path_factory):
    """A folder with a canary, and in it a store of what hostile strings name; built while the umask lets others read."""
    before = os.umask(0o022)
    folder = tmp_path_factory.mktemp("around")
    (folder / "canary.csv").write_text(f"a,b\n{security.SECRET},1\n")
    hostile = hostile_names.strings(60)
    outside = security.outside(folder, hostile, folder / "project")
    built = hostile_names.build(folder / "project", hostile)
    assert security.changed(outside, security.outside(folder, hostile, folder / "project")) == []
    yield folder, *built
    os.umask(before)


@pytest.fixture(scope="module")
def store(around):
    return around[1]


def kept(figures):
    assert figures
    assert [f"{figure.promise}: {figure.found}" for figure in figures if not figure.kept] == []


def test_K02_K03_A07_hostile_names_stay_names(around):
    kept(security.names(*around, hostile_names.strings(60)))


def test_there_are_as_many_hostile_strings_and_statements_as_promised():
    assert len(set(hostile_names.strings(500))) == 500
    assert len(set(hostile_sql.refused())) >= 200


def test_Q01_Q02_hostile_statements_change_nothing_and_read_no_file(around):
    kept(security.statements(around[0], around[1]))


def test_F26_files_are_for_their_owner_alone_whatever_the_umask(around):
    kept(security.modes(around[0] / "project", around[1]))


def test_F27_links_to_elsewhere_are_not_followed(around):
    kept(security.links(around[0], around[1]))


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t", "query.timeout"),
        ("SELECT levenshtein(repeat('a', 40000), repeat('b', 40000))", "query.timeout"),
        ("SELECT * FROM range(1000000000000)", "query.too_many_rows"),
        ("SELECT range x FROM range(100000000) ORDER BY hash(x)", "query.memory"),
        ("SELECT repeat('x', 1000000) || range FROM range(1000)", "query.memory"),
    ],
)
def test_Q03_what_is_too_much_is_refused_in_time_and_the_warehouse_goes_on(store, sql, code):
    with warehouse.open(store, memory=256 << 20) as wh:
        seconds = 1 if code == "query.timeout" else 30
        started = time.monotonic()
        with pytest.raises(QueryError, match=code):
            wh.sql(sql, timeout=seconds, max_rows=10_000)
        assert time.monotonic() - started < seconds + security.LATE
        assert wh.sql("SELECT count(*) FROM spaces").item() == 1
        assert wh.search("en1 en2", "en").height


def test_Q03_a_result_is_whole_or_refused(store):
    with warehouse.open(store) as wh:
        sql = "SELECT * FROM range(150000)"
        assert wh.sql(sql, max_rows=150_000)["range"].to_list() == [*range(150_000)]
        assert wh.sql(sql, timeout=None, max_rows=None).height == 150_000
        with pytest.raises(QueryError, match=r"more than 149,999 rows.*query\.too_many_rows"):
            wh.sql(sql, max_rows=149_999)


@pytest.mark.parametrize("sql", ["SELECT 1 AS a, 2 AS a", "SELECT union_value(a := 1)", "SELECT INTERVAL 3 MONTH"])
def test_Q02_what_no_frame_can_hold_is_refused(store, sql):
    with warehouse.open(store) as wh, pytest.raises(QueryError, match=r"VARCHAR.*query\.failed"):
        wh.sql(sql)


@pytest.mark.parametrize("bad", [0, -1, True, "60", float("nan")])
def test_bounds_are_numbers_above_zero(store, bad):
    for given in ({"timeout": bad}, {"max_rows": bad}):
        with warehouse.open(store) as wh, pytest.raises(InputError, match="api.bad_bound"):
            wh.sql("SELECT 1", **given)
    with pytest.raises(InputError, match="api.bad_bound"):
        warehouse.open(store, memory=bad)


def test_Q01_nothing_is_written_where_a_query_is_asked(store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with warehouse.open(store, memory=128 << 20) as wh:
        with pytest.raises(QueryError, match="query.memory"):
            wh.sql("SELECT range x FROM range(100000000) ORDER BY hash(x)")
        assert wh.sql("SELECT current_setting('temp_directory')").item() == ""
    assert list(tmp_path.iterdir()) == []


def test_Q01_a_function_is_refused_wherever_it_stands(store):
    shapes = (
        "SELECT {f}", "SELECT list_transform(['1'], x -> {f})", "SELECT CASE WHEN {f} IS NULL THEN 1 END", "SELECT 1 ORDER BY {f}", "EXPLAIN SELECT {f}",
        "WITH a AS (SELECT {f}) FROM a", "SELECT (SELECT {f})", "DESCRIBE SELECT {f}", "SELECT sum(1) FILTER ({f} IS NULL)", "SELECT 1 LIMIT length({f})",
    )  # fmt: skip
    with warehouse.open(store) as wh:
        for call in ("json_structure('1')", "JSON_Structure('1')", "system.main.\"json_structure\"('1')"):
            for shape in shapes:
                with pytest.raises(QueryError, match="query.function"):
                    wh.sql(shape.format(f=call))
        assert wh.sql("SELECT 'json_structure(1)' AS \"function_name\"").item() == "json_structure(1)"


def test_every_macro_of_a_store_is_served(store):
    with warehouse.open(store) as wh:
        named = wh.sql("SELECT DISTINCT function_name FROM duckdb_functions() WHERE NOT internal")["function_name"]
    assert set(named) <= bounded._MACROS


def test_F29_a_call_beyond_this_machine_would_be_seen(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(sockets.HOOK)
    log = tmp_path / "log"
    program = "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(('192.0.2.1', 9))"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "ALIGN_SOCKET_LOG": str(log)}
    subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=False, timeout=60)
    (told,) = [line.split(" ", 1)[1].strip("'") for line in log.read_text().splitlines()]
    assert not sockets._is_here(told)
    assert all(sockets._is_here(address) for address in ("127.0.0.1", "::1", "localhost", "/run/x"))


def test_F30_a_server_that_does_not_answer_is_one_sentence(around):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        api = f"http://127.0.0.1:{free.getsockname()[1]}/api"
    config = around[0] / "project" / "align.toml"
    command = [sys.executable, "-m", "flows", "build", str(config), "--warehouse", str(around[0] / "another")]
    environment = {**os.environ, "PREFECT_API_URL": api}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: Prefect failed")
    assert done.stderr.splitlines()[-1].endswith("[prefect.failed]")
    assert "Traceback" not in done.stderr


def test_F29_F30_prefect_neither_tells_its_makers_nor_retries_nor_keeps_results():
    program = """
import json, os, sys, tempfile
from pathlib import Path
from flows.prefect_home import settle
for name in ("DO_NOT_TRACK", "PREFECT_SERVER_ANALYTICS_ENABLED"):
    os.environ.pop(name, None)
settle(Path(tempfile.mkdtemp()))
from prefect import Task
from prefect.settings import get_current_settings
from flows import build
tasks = [value for value in vars(build).values() if isinstance(value, Task)]
about = [(task.retries, task.persist_result) for task in [*tasks, build.build]]
print(json.dumps([get_current_settings().server.analytics_enabled, os.environ["DO_NOT_TRACK"], len(tasks), about]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    analytics, untracked, tasks, about = json.loads(done.stdout.splitlines()[-1])
    assert (analytics, untracked) == (False, "1")
    assert tasks == 6
    assert about == [[0, False]] * 7
