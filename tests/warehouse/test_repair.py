"""Laws of repair: the newest good snapshot is served, and nothing that tells what happened is lost."""

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import warehouse
from align.errors import BusyError, CorruptStoreError, ResourceError
from benchmarks.reliability.damage import republish
from warehouse import snapshot
from warehouse.connection import SCHEMA


@pytest.fixture(scope="module")
def numbers(tmp_path_factory):
    """A store of three snapshots, of one number each."""
    root = tmp_path_factory.mktemp("numbers") / "store"
    for number in (1, 2, 3):
        with snapshot.writing(root):
            snapshot.publish(root, 2, lambda c, n=number: c.execute("CREATE TABLE numbers AS SELECT ? AS n", [n]))
    return root


@pytest.fixture
def three(numbers, tmp_path, monkeypatch):
    """A copy of that store, whose rows are not checked, and the names of its snapshots, newest first."""
    monkeypatch.setattr(sys.modules["warehouse.repair"], "check_rows", lambda path: None)
    root = Path(shutil.copytree(numbers, tmp_path / "store", symlinks=True))
    return root, tuple(name for _, name in sorted(snapshot.published(root), reverse=True))


@pytest.fixture
def planted(copied):
    """The same of three snapshots of the planted world."""
    oldest = snapshot.current(copied).name
    middle, newest = republish(copied), republish(copied)
    return copied, (newest, middle, oldest)


def spoil(path):
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(9_000)
        file.write(b"\xff\0\xff")
    path.chmod(0o400)


def state(root):
    """Every file with its content; a link with where it leads."""
    return {
        path.name: str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in root.iterdir()
        if path.is_symlink() or (path.is_file() and path.name != ".lock")
    }


def served(root):
    with warehouse.open(root, verify=True) as opened:
        assert opened.path.name.startswith(f"snapshot-{opened.sql('SELECT n FROM numbers').item():06d}-")
        return opened.path.name


def test_where_all_is_well_nothing_is_done(planted):
    root, (newest, *_) = planted
    before = state(root)
    done = warehouse.repair(root)
    assert done.nothing_to_repair
    assert (done.snapshot, done.set_aside, done.removed) == (newest, (), ())
    assert state(root) == before


@pytest.mark.parametrize("n", [1, 2])
def test_F18_the_newest_good_snapshot_is_served_and_the_damaged_ones_lie_aside_as_they_were(three, n):
    root, names = three
    for name in names[:n]:
        spoil(root / name)
    before = state(root)
    done = warehouse.repair(root)
    assert (done.snapshot, done.served_before) == (names[n], names[0])
    assert {name for name, _ in done.set_aside} == {
        f"damaged-{file}" for name in names[:n] for file in (name, name.replace("duckdb", "json"))
    }
    assert all("SHA-256" in why and "store.damaged" in why for _, why in done.set_aside)
    aside = {name.removeprefix("damaged-"): content for name, content in state(root).items()}
    assert aside == before | {"current.duckdb": names[n]}
    assert served(root) == names[n]
    assert warehouse.repair(root).nothing_to_repair


def test_F18_a_repaired_store_verifies_and_tells_of_what_lies_aside(planted):
    root, names = planted
    spoil(root / names[0])
    done = warehouse.repair(root)
    assert done.snapshot == warehouse.verify(root).snapshot == names[1]
    assert [note.split(":")[0] for note in warehouse.verify(root).notes] == sorted(name for name, _ in done.set_aside)


def test_F18_a_damaged_snapshot_that_is_not_served_is_set_aside_alone(three):
    root, names = three
    spoil(root / names[2])
    done = warehouse.repair(root)
    assert (done.snapshot, done.served_before, len(done.set_aside)) == (names[0], names[0], 2)
    assert not done.nothing_to_repair
    assert {name for _, name in snapshot.published(root)} == set(names[:2])


def test_F18_a_damaged_manifest_takes_its_snapshot_with_it(three):
    root, names = three
    (root / names[0]).with_suffix(".json").write_text("{}")
    (root / names[1]).with_suffix(".json").unlink()
    assert warehouse.repair(root).snapshot == names[2] == served(root)


def test_rows_that_break_a_rule_are_damage_too(planted, tamper):
    root, names = planted
    tamper(root, "DELETE FROM word_hubness WHERE lang = 'fr' AND source = 'tr' AND rank = 7")
    done = warehouse.repair(root)
    assert done.snapshot == names[1]
    assert "store.broken_promise" in done.set_aside[0][1]


POINTERS = {
    "missing": None, "nowhere": "snapshot-000009-0000000a.duckdb", "empty": "", "garbage": "\x1b[31m\n'; DROP", "dot": ".", "above": "..",
    "outside": "../other/{name}", "absolute": "{root}/{name}", "detour": "../{folder}/{name}", "manifest": "{stem}.json", "lock": ".lock",
    "linked": "snapshot-000007-0000000a.duckdb", "aside": "damaged-snapshot-000003-0000000a.duckdb", "loop": "current.duckdb",
}  # fmt: skip


@pytest.mark.parametrize("target", POINTERS)
def test_F19_wherever_the_pointer_leads_a_repair_leads_it_to_the_newest_good_snapshot(three, target):
    root, (newest, *_) = three
    other = Path(shutil.copytree(root, root.parent / "other", symlinks=True))
    (root / "snapshot-000007-0000000a.duckdb").symlink_to(other / newest)
    pointer, text = root / "current.duckdb", POINTERS[target]
    pointer.unlink()
    if text == "":
        pointer.touch()
    elif text is not None:
        pointer.symlink_to(text.format(name=newest, root=root, folder=root.name, stem=newest[:-7]))
    before = state(other)
    with pytest.raises(CorruptStoreError, match=r"store\.(pointer|none)"):
        warehouse.open(root)
    done = warehouse.repair(root)
    assert done.snapshot == newest == served(root)
    assert done.served_before.isprintable()
    assert str(pointer.readlink()) == newest
    assert "damaged-snapshot-000007-0000000a.duckdb" in dict(done.set_aside)
    assert state(other) == before


@pytest.mark.parametrize(
    "make", [lambda p: p.write_bytes(b"evidence"), os.mkdir, os.mkfifo], ids=["file", "folder", "pipe"]
)
def test_F19_a_pointer_that_is_no_link_is_set_aside(three, make):
    root, (newest, *_) = three
    pointer = root / "current.duckdb"
    pointer.unlink()
    make(pointer)
    done = warehouse.repair(root)
    assert (done.snapshot, done.served_before) == (newest, "")
    assert dict(done.set_aside) == {"damaged-current.duckdb": "not a link to a snapshot"}
    assert served(root) == newest


def test_F19_a_pointer_that_was_led_back_to_an_older_good_snapshot_stays(three):
    root, names = three
    snapshot.point(root, names[2])
    assert warehouse.repair(root).nothing_to_repair
    assert served(root) == names[2]


def test_F19_F22_a_store_of_a_later_release_is_not_touched(three):
    root, names = three
    manifest = (root / names[0]).with_suffix(".json")
    later = replace(snapshot.read_manifest(root / names[0]), schema=SCHEMA + 1).sealed()
    manifest.write_text(later.text())
    (root / "current.duckdb").unlink()
    (root / f"{names[1]}.wal").touch()
    before = state(root)
    with pytest.raises(CorruptStoreError, match=rf"schema {SCHEMA + 1}.*store.newer"):
        warehouse.repair(root)
    assert state(root) == before


def test_F20_logs_and_what_killed_runs_left_are_taken_away(three):
    root, (newest, *_) = three
    for name in (
        f"{newest}.wal",
        "current.duckdb.wal",
        ".build-0a0a0a0a.duckdb",
        ".build-0a0a0a0a.link",
        "snapshot-000009-0000000a.json",
    ):
        (root / name).write_bytes(b"x")
    (root / ".build-0a0a0a0a.duckdb.tmp").mkdir()
    (root / ".build-0a0a0a0a.duckdb.tmp" / "spilled").touch()
    done = warehouse.repair(root)
    assert sorted(dict(done.set_aside)) == [
        "damaged-current.duckdb.wal", f"damaged-{newest}.wal", "damaged-snapshot-000009-0000000a.json"
    ]  # fmt: skip
    assert len(done.removed) == 3
    assert done.snapshot == done.served_before == newest == served(root)
    (root / f"{newest}.wal").write_bytes(b"y")
    assert warehouse.repair(root).set_aside[0][0] == f"damaged-{newest}.wal.2"
    assert (root / f"damaged-{newest}.wal").read_bytes() == b"x"


def test_where_no_good_snapshot_is_left_it_says_so_and_a_build_starts_anew(three, publish):
    root, names = three
    for name in names:
        spoil(root / name)
    for _ in range(2):
        with pytest.raises(CorruptStoreError, match=r"no good snapshot is left.*align build.*store.none"):
            warehouse.repair(root)
        with pytest.raises(CorruptStoreError, match="store.none"):
            warehouse.open(root)
    assert len(list(root.glob("damaged-snapshot-*.duckdb"))) == 3
    assert publish(root, 1).number == 4  # no version is given twice


@pytest.mark.parametrize("root", ["empty", "missing", "file"])
def test_where_there_is_no_warehouse_none_is_made(tmp_path, root):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(CorruptStoreError, match=r"align build.*store.none"):
        warehouse.repair(tmp_path / root)
    assert not (tmp_path / "missing").exists()


def test_F06_F26_a_store_that_is_being_written_or_locked_by_a_link_is_left_alone(three, tmp_path):
    root, names = three
    spoil(root / names[0])
    before = state(root)
    with snapshot.writing(root), pytest.raises(BusyError, match="store.busy"):
        warehouse.repair(root)
    (root / ".lock").unlink()
    (root / ".lock").symlink_to(tmp_path / "victim")
    with pytest.raises(ResourceError, match="store.unwritable"):
        warehouse.repair(root)
    (root / ".lock").unlink()
    assert state(root) == before
    assert not (tmp_path / "victim").exists()


def failing_at(patch, k):
    """The k-th change that anybody makes in a folder fails."""
    calls = []

    def failing(deed):
        def act(*given, **named):
            calls.append(given)
            if len(calls) == k:
                raise OSError(5, "Input/output error")
            return deed(*given, **named)

        return act

    for verb in ("rename", "replace", "symlink_to", "unlink"):
        patch.setattr(Path, verb, failing(getattr(Path, verb)))
    return calls


def test_F01_a_repair_that_fails_at_any_step_is_completed_by_the_next(three, monkeypatch):
    root, names = three
    for name in names[:2]:
        spoil(root / name)
    (root / f"{names[2]}.wal").touch()
    (root / ".build-0a0a0a0a.duckdb").touch()
    template = Path(shutil.copytree(root, root.parent / "template", symlinks=True))
    for k in range(1, 30):
        shutil.rmtree(root)
        shutil.copytree(template, root, symlinks=True)
        with monkeypatch.context() as patch:
            calls = failing_at(patch, k)
            try:
                warehouse.repair(root)
            except ResourceError as error:
                assert error.code == "store.unwritable"
        if len(calls) < k:
            break
        done = warehouse.repair(root)
        assert done.snapshot == names[2] == served(root)
        assert not list(root.glob(".build-*"))
        assert len(list(root.glob("damaged-*"))) == 5
    assert k == 10


def test_a_reader_goes_on_reading_a_snapshot_that_is_set_aside(three):
    root, names = three
    with warehouse.open(root) as reader:
        (root / names[0]).with_suffix(".json").write_text("{}")
        assert warehouse.repair(root).snapshot == names[1]
        assert reader.sql("SELECT n FROM numbers").item() == 3
