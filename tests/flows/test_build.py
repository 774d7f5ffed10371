"""Laws of the flow: it is the plain sentence of the steps, and it is not started where nothing changed."""

import os
import stat
import sys
from types import SimpleNamespace

import pytest

import warehouse
from align.errors import AlignmentError, ResourceError
from flows.run import run_build


@pytest.mark.prefect
def test_F11_the_flow_publishes_what_the_plain_steps_publish_and_the_second_time_nothing(project, built):
    from prefect.testing.utilities import prefect_test_harness

    from flows.build import build as flow

    with prefect_test_harness(server_startup_timeout=120):
        first = flow(str(project))
        second = flow(str(project))
        table = project.parent / "table.tsv"
        table.write_text("en\tfr\tde\nen1\tfr1\tde1\n")
        with pytest.raises(AlignmentError, match="dict.coverage"):
            flow(str(project))
    assert first["published"]
    assert second == {"snapshot": first["snapshot"], "published": False}
    assert (first["translation"], first["documents"]) == (
        built.summary["translation"],
        built.summary["documents"],
    )
    with warehouse.open(project.parent / "store") as wh, warehouse.open(built.store) as plain:
        assert wh.version == first["snapshot"]
        for query in (
            "FROM document_vectors ORDER BY ALL",
            "FROM words ORDER BY ALL",
            "SELECT plan FROM runs",
        ):
            assert wh.sql(query).equals(plain.sql(query))


@pytest.fixture
def stub(monkeypatch):
    """A flow that only notes how it was called, in place of the one that needs Prefect."""
    calls = []

    def build(config, warehouse, memory, wait):
        calls.append((config, warehouse, memory, wait))
        return {"snapshot": "s", "published": True}

    monkeypatch.setitem(sys.modules, "flows.build", SimpleNamespace(build=build))
    for name in ("PREFECT_HOME", "PREFECT_LOGGING_LEVEL"):
        monkeypatch.delenv(name, raising=False)
    before = os.umask(0o022)
    yield calls
    os.umask(before)


def test_a_run_where_nothing_changed_starts_nothing(project, build, stub):
    summary = build(project)
    told = run_build(project)
    assert told == {
        "snapshot": summary["snapshot"],
        "published": False,
        "warehouse": str(project.parent / "store"),
    }
    assert stub == []
    assert not (project.parent / "store/prefect").exists()


def test_a_run_settles_prefect_beside_the_store_and_silent(project, stub, tmp_path):
    for where, store in (
        (None, project.parent / "store"),
        (tmp_path / "other/store", tmp_path / "other/store"),
    ):
        assert run_build(project, where) == {"snapshot": "s", "published": True, "warehouse": str(store)}
        assert stub.pop() == (str(project), None if where is None else str(where), None, 0)
        assert [stat.S_IMODE(path.stat().st_mode) for path in (store, store / "prefect")] == [0o700, 0o700]
        assert os.environ.pop("PREFECT_HOME") == str(store / "prefect")
        assert os.environ["PREFECT_LOGGING_LEVEL"] == "CRITICAL"
        assert os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
        assert os.environ["DO_NOT_TRACK"] == "1"


def test_what_the_user_set_for_prefect_stays(project, stub, monkeypatch, tmp_path):
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "mine"))
    monkeypatch.setenv("PREFECT_LOGGING_LEVEL", "DEBUG")
    run_build(project)
    assert os.environ["PREFECT_HOME"] == str(tmp_path / "mine")
    assert os.environ["PREFECT_LOGGING_LEVEL"] == "DEBUG"


def test_K07_a_store_that_is_a_file_is_refused(project, stub, tmp_path):
    (tmp_path / "file").touch()
    for where in (tmp_path / "file", tmp_path / "file/below"):
        with pytest.raises(ResourceError, match="store.unwritable"):
            run_build(project, where)
    assert stub == []
