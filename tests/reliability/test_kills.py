"""Laws of builds that are ended: what was acknowledged is there once, whatever the moment, and one more build mends all."""

import json
import time

import duckdb
import pytest

from benchmarks.reliability import io_sweep, kills
from benchmarks.reliability.builds import build, build_plainly, start
from flows import steps
from warehouse import snapshot


@pytest.fixture(scope="module")
def chained(tmp_path_factory):
    """A world whose builds were killed at every failpoint in turn, and one more that ended well."""
    return kills.chain(tmp_path_factory.mktemp("chained") / "world")


def test_F01_killed_at_every_failpoint_nothing_is_lost_or_doubled_and_one_rerun_recovers(chained):
    here, missed = chained
    assert missed == []
    assert (here.lost, here.doubled, here.unreadable, here.faults) == (0, 0, 0, [])
    assert here.reruns == [1]
    assert set(here.batch) <= set(here.published())


def test_F03_the_run_after_one_that_was_killed_says_so_and_records_it(chained):
    here, _ = chained
    assert kills.strike(here, "fill.ends") < 0
    holder = (here.store / snapshot.LOCK).read_text()
    assert here.build() == 0
    assert f"the last run, {holder}, was killed" in " ".join(here.said.split())
    with duckdb.connect(str(here.store / snapshot.POINTER), read_only=True) as client:
        assert json.loads(client.execute("SELECT notes FROM runs").fetchall()[0][0])["abandoned"] == holder
    assert (here.store / snapshot.LOCK).read_text() == ""


def test_F02_on_sigterm_a_build_ends_with_a_sentence_and_leaves_nothing(tmp_path):
    here, wrong = kills.stopped(
        tmp_path / "world", ("writing.locked", "vectors.training", "fill.inserted", "point.linked")
    )
    assert wrong == []
    assert (here.lost, here.doubled, here.unreadable, here.reruns) == (0, 0, 0, [1])


def test_F06_F17_a_run_that_overlaps_another_is_refused_in_seconds_and_names_it(chained, tmp_path):
    here, _ = chained
    here.next_batch()
    given = (here.folder / "align.toml", here.batch, tmp_path / "acknowledged")
    meeting = tmp_path / "meeting"
    first = start(build, *given, failpoint=f"fill.begins=meet:{meeting}", log=tmp_path / "first")
    while not meeting.exists():
        assert first.is_alive()
        time.sleep(0.01)
    second = start(build, *given, log=tmp_path / "second")
    second.join(30)
    assert second.exitcode == 1
    said = (tmp_path / "second").read_text()
    assert f"process {first.pid} on " in said
    assert "store.busy" in said
    assert "Traceback" not in said
    with meeting.open("ab") as file:
        file.write(b".")
    first.join()
    assert first.exitcode == 0
    assert set(here.batch) <= set(here.published())


def test_F16_a_build_by_a_clock_that_runs_backwards_is_the_newest(chained, monkeypatch):
    class Backwards(steps.datetime):
        years = iter(range(2036, 1990, -1))

        @classmethod
        def now(cls, tz=None):
            return steps.datetime(next(cls.years), 1, 1, tzinfo=tz)

    here, _ = chained
    for _ in range(2):
        here.next_batch()
        before = snapshot.current(here.store)
        with monkeypatch.context() as patch:
            patch.setattr(steps, "datetime", Backwards)
            build_plainly(str(here.folder / "align.toml"))
        assert snapshot.read_manifest(snapshot.current(here.store)).number > snapshot.read_manifest(before).number
        assert set(here.batch) <= set(here.published())


@pytest.mark.slow
def test_F04_F05_every_system_call_of_a_publish_may_fail_and_the_pointer_is_valid():
    figures = io_sweep.measure(full=False)
    assert [figure for figure in figures if not figure.kept] == []
