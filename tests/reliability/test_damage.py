"""The reliability run, in small: damage of every kind is found, nothing dies of it, and a repair leads back."""

import os
import signal
from dataclasses import replace

import pytest

from benchmarks.reliability import damage
from benchmarks.reliability.damage import DIED, Damage, Outcome
from warehouse import snapshot


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return damage.plant(tmp_path_factory.mktemp("damage") / "store")


@pytest.fixture(scope="module")
def tried(store):
    damages = damage.every_damage(store, blocks=12, cuts=4)[::7]
    return damages, damage.tried(store, damages, every=len(damages) // 3)


def test_F18_F19_damage_of_every_file_is_found_without_a_crash_and_repaired(store, tried):
    figures = damage.figures(store, *tried)
    assert all(figure.kept for figure in figures), figures
    assert len(figures) == 7


def test_every_block_and_every_byte_of_manifest_and_pointer_is_meant(store):
    served = snapshot.current(store)
    damages = damage.every_damage(store, blocks=None, cuts=200)
    flipped = {
        (one.file, one.at // 8 // damage.BLOCK) for one in damages if (one.file, one.kind) == ("snapshot", "flip")
    }
    assert len(flipped) == -(-served.stat().st_size // damage.BLOCK)
    for file, size in (("manifest", served.with_suffix(".json").stat().st_size), ("pointer", len(served.name))):
        assert {one.at // 8 for one in damages if (one.file, one.kind) == (file, "flip")} == set(range(size))
    assert sum((one.file, one.kind) == ("snapshot", "cut") for one in damages) == 203


@pytest.mark.parametrize(
    "one",
    [
        Damage("snapshot", "flip", 9_999),
        Damage("manifest", "cut", 3),
        Damage("pointer", "flip", 8),
        Damage("snapshot", "grow", 5),
    ],
    ids=str,
)
def test_a_damage_is_done_and_undone(store, one):
    def content():
        served = snapshot.current(store)
        return served.name, served.read_bytes(), served.with_suffix(".json").read_bytes(), served.stat().st_mode

    before = content()
    with damage.damaged(store, one):
        if one.file == "pointer":
            assert str((store / "current.duckdb").readlink()) != before[0]
        else:
            assert content() != before
    assert content() == before


def test_what_breaks_a_promise_is_counted(store, tried):
    damages, outcomes = tried
    good = damage.figures(store, *tried)
    for change, broken in (
        ({"verified": "snapshot-1"}, {0}), ({"verified": "raw IOException"}, {0, 3}),
        ({"opened_verified": "answered"}, {4}), ({"repaired": "store.none"}, {5}),
    ):  # fmt: skip
        changed = damage.figures(store, damages, [replace(outcomes[0], **change), *outcomes[1:]])
        assert {n for n, figure in enumerate(changed) if not figure.kept} == broken
    died = damage.figures(store, damages, [DIED, *outcomes[1:]])
    assert [figure.kept for figure in died] == [False, True, False, True, True, True, True]
    assert all(figure.kept for figure in good)


def _dies(pipe, root, asked):
    for one, _ in asked:
        if one.at == 2:
            os.kill(os.getpid(), signal.SIGSEGV)
        pipe.send(Outcome(str(one.at)))


def test_a_process_that_dies_is_counted_and_the_rest_is_tried(store, monkeypatch):
    monkeypatch.setattr(damage, "_work", _dies)
    found = damage.tried(store, [Damage("snapshot", "flip", at) for at in range(4)], every=1)
    assert found == [Outcome("0"), Outcome("1"), DIED, Outcome("3")]
