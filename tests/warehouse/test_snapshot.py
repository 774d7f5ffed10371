"""Laws of snapshots: whatever happens to the writer, a reader sees one whole published version."""

import errno
import json
import os
import stat
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import duckdb
import pytest

import warehouse
from align.errors import BusyError, CorruptStoreError, ResourceError
from warehouse import snapshot


def served(root):
    """The number that is served, from a client of its own."""
    with duckdb.connect() as client:
        client.execute(f"ATTACH '{snapshot.current(root)}' AS s (READ_ONLY)")
        return client.execute("SELECT n FROM s.numbers").fetchall()[0][0]


def names(root, pattern="*"):
    return sorted(path.name for path in root.glob(pattern))


def test_a_publish_is_what_current_points_to(tmp_path, publish, plainly):
    for number in (1, 2):
        manifest = publish(tmp_path, number)
        assert snapshot.current(tmp_path) == tmp_path / manifest.file
        assert plainly(tmp_path / "current.duckdb", "SELECT n FROM numbers") == [(number,)]
        assert manifest == snapshot.read_manifest(tmp_path / manifest.file)
        assert (manifest.number, manifest.size) == (number, (tmp_path / manifest.file).stat().st_size)


def test_F26_files_are_for_their_owner_alone(tmp_path, publish):
    old = os.umask(0)
    try:
        manifest = publish(tmp_path / "a" / "store", 1)
    finally:
        os.umask(old)
    root = tmp_path / "a" / "store"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in root.iterdir() if not path.is_symlink()}
    assert modes == {manifest.file: 0o400, manifest.file.replace("duckdb", "json"): 0o600, ".lock": 0o600}
    assert stat.S_IMODE(root.stat().st_mode) == 0o700


def test_F31_the_pointer_is_relative_so_a_moved_store_is_whole(tmp_path, publish):
    publish(tmp_path / "here", 5)
    (tmp_path / "here").rename(tmp_path / "there")
    assert served(tmp_path / "there") == 5


def test_what_fill_raises_is_raised_and_leaves_the_old_snapshot(tmp_path, publish):
    publish(tmp_path, 1)
    before = names(tmp_path)

    def fill(connection):
        connection.execute("CREATE TABLE numbers AS SELECT 2 AS n")
        raise KeyError("no")

    with snapshot.writing(tmp_path), pytest.raises(KeyError):
        snapshot.publish(tmp_path, 2, fill)
    assert names(tmp_path) == before
    assert served(tmp_path) == 1
    assert publish(tmp_path, 3).number == 2


@pytest.mark.parametrize("owner", [snapshot.os, snapshot.Path], ids=["fsync", "replace"])
def test_F04_F05_an_error_of_the_disk_at_any_step_leaves_the_old_snapshot(tmp_path, publish, monkeypatch, owner):
    publish(tmp_path, 0)
    verb = "fsync" if owner is snapshot.os else "replace"
    deed = getattr(owner, verb)
    for k in range(1, 20):
        calls = []

        def failing(*given, k=k, calls=calls):
            calls.append(given)
            if len(calls) == k:
                raise OSError(errno.ENOSPC, "No space left on device")
            return deed(*given)

        with monkeypatch.context() as patch:
            patch.setattr(owner, verb, failing)
            try:
                publish(tmp_path, k)
            except ResourceError as error:
                assert error.code == "store.unwritable"
                # Once the pointer is swapped the new one is served, and the error says so.
                assert served(tmp_path) == (k if "the new snapshot is served" in str(error) else 0)
                assert ("the old snapshot stands" in str(error)) == (served(tmp_path) == 0)
                assert names(tmp_path, ".build-*.duckdb*") == []
                publish(tmp_path, 0)
                assert served(tmp_path) == 0
                assert names(tmp_path, ".build-*") == []
            else:
                break
    assert k == {"fsync": 5, "replace": 4}[verb]
    assert served(tmp_path) == k


def leave_behind(root, name, content):
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_bytes(content)


@pytest.fixture
def log(tmp_path):
    """The log of a store of another making, with a row that must not come up anywhere."""
    script = "import duckdb, os, sys; c = duckdb.connect(sys.argv[1]); c.execute('CREATE TABLE numbers AS SELECT 13 AS n'); os._exit(0)"
    subprocess.run([sys.executable, "-c", script, tmp_path / "foreign.duckdb"], check=True, timeout=60)
    return (tmp_path / "foreign.duckdb.wal").read_bytes()


@pytest.mark.parametrize("harm", ["foreign", "torn", "flipped"])
def test_F20_no_log_of_a_build_reaches_what_is_published(tmp_path, publish, monkeypatch, log, harm):
    harmed = {"foreign": log, "torn": log[: len(log) // 2], "flipped": log[:40] + bytes([log[40] ^ 1]) + log[41:]}[harm]
    monkeypatch.setattr(snapshot, "uuid4", lambda: uuid.UUID(int=7 << 96))  # even where a name came twice
    root = tmp_path / "store"
    leave_behind(root, ".build-00000007.duckdb", (tmp_path / "foreign.duckdb").read_bytes())
    leave_behind(root, ".build-00000007.duckdb.wal", harmed)
    publish(root, 1)
    assert served(root) == 1
    assert names(root, ".build-*") == names(root, "*.wal") == []


def test_F20_a_build_writes_no_log(tmp_path):
    seen = []

    def fill(connection):
        connection.execute("CREATE TABLE numbers AS SELECT 1 AS n")
        seen.extend(names(tmp_path))

    with snapshot.writing(tmp_path):
        snapshot.publish(tmp_path, 2, fill)
    assert [name for name in seen if "wal" in name] == []
    assert len([name for name in seen if name.startswith(".build-")]) == 1


@pytest.mark.parametrize("mode", ["BEFORE_HEADER", "AFTER_FREE_LIST_WRITE"])
def test_F21_a_checkpoint_that_is_broken_off_is_told_and_the_old_snapshot_stands(tmp_path, publish, mode):
    publish(tmp_path, 1)

    def fill(connection):
        connection.execute("CREATE TABLE numbers AS SELECT 2 AS n")
        connection.execute(f"SET debug_checkpoint_abort = '{mode}'")

    with (
        snapshot.writing(tmp_path),
        pytest.raises(ResourceError, match=r"the old snapshot stands \[store.unwritable\]"),
    ):
        snapshot.publish(tmp_path, 2, fill)
    assert served(tmp_path) == 1
    assert names(tmp_path, ".build-*") == []
    publish(tmp_path, 3)
    assert served(tmp_path) == 3


def test_F03_the_name_of_a_writer_stays_until_it_has_ended_well(tmp_path):
    lock = tmp_path / snapshot.LOCK

    def failing():
        with snapshot.writing(tmp_path) as killed:
            assert killed == ""
            assert lock.read_text().startswith(f"process {os.getpid()} on ")
            raise KeyError

    for _ in range(2):
        with pytest.raises(KeyError):
            failing()
        assert lock.read_text() == ""
    lock.write_text("process 1 on a machine that lost its power")
    with snapshot.writing(tmp_path) as killed:
        assert killed == "process 1 on a machine that lost its power"
    with snapshot.writing(tmp_path) as killed:
        assert killed == ""


def test_F06_who_only_asks_is_told_of_a_writer_but_not_of_one_that_was_killed(tmp_path):
    snapshot.refuse_if_written(tmp_path / "nowhere")
    with snapshot.writing(tmp_path), pytest.raises(BusyError, match=rf"process {os.getpid()} on .*store.busy"):
        snapshot.refuse_if_written(tmp_path)
    (tmp_path / snapshot.LOCK).write_text("process 1 on a machine that lost its power")
    snapshot.refuse_if_written(tmp_path)


def test_F06_a_writer_may_wait_for_another(tmp_path):
    inside, order = threading.Event(), []

    def holding():
        with snapshot.writing(tmp_path):
            inside.set()
            time.sleep(0.3)
            order.append("first")

    other = threading.Thread(target=holding)
    other.start()
    inside.wait()
    with snapshot.writing(tmp_path, wait=30):
        order.append("second")
    other.join()
    assert order == ["first", "second"]


def test_F16_order_is_by_number_whatever_the_clock_says(tmp_path, publish, monkeypatch):
    years = [2040, 1970, 2026, 2026, 1999, 2033]
    for number, year in enumerate(years):
        monkeypatch.setattr(time, "time", lambda year=year: (year - 1970) * 3.2e7)
        name = publish(tmp_path, number).file
        os.utime(tmp_path / name, ((year - 1970) * 3.2e7,) * 2)
        assert served(tmp_path) == number
    snapshot.collect(tmp_path)
    assert [int(name.split("-")[1]) for name in names(tmp_path, "snapshot-*.duckdb")] == [4, 5, 6]


def test_F24_what_a_killed_writer_put_aside_for_want_of_memory_is_collected(tmp_path, publish):
    leave_behind(tmp_path, ".build-0000000a.duckdb.tmp/duckdb_temp_storage-0.tmp", b"spilt")
    publish(tmp_path, 1)
    assert names(tmp_path, ".build-*") == []


def test_F09_a_reader_whose_snapshot_is_collected_before_it_holds_it_gets_the_newest(tmp_path, publish, monkeypatch):
    publish(tmp_path / "store", 0)
    monkeypatch.setenv("ALIGN_FAILPOINT", f"hold.pointed=meet:{tmp_path / 'meeting'}")
    read = []

    def reading():
        with warehouse.open(tmp_path / "store") as wh:
            read.append(wh.sql("SELECT n FROM numbers").item())

    reader = threading.Thread(target=reading)
    reader.start()
    while not (tmp_path / "meeting").exists():
        time.sleep(0.001)
    for number in range(1, 6):
        publish(tmp_path / "store", number)
    assert [int(name.split("-")[1]) for name in names(tmp_path / "store", "snapshot-*.duckdb")] == [3, 4, 5, 6]
    with (tmp_path / "meeting").open("ab") as file:
        file.write(b".")
    reader.join()
    assert read == [5]


def test_F06_a_second_writer_is_told_who_is_writing(tmp_path, publish):
    publish(tmp_path, 1)
    with snapshot.writing(tmp_path):
        with pytest.raises(BusyError, match=rf"process {os.getpid()} on .* is writing.*\[store.busy\]"):
            publish(tmp_path, 2)
        assert served(tmp_path) == 1
    assert publish(tmp_path, 3).number == 2


def test_F07_numbers_grow_and_no_name_is_used_twice(tmp_path, publish):
    seen = [publish(tmp_path, n) for n in range(6)]
    assert [manifest.number for manifest in seen] == [1, 2, 3, 4, 5, 6]
    assert len({manifest.file for manifest in seen}) == 6


def test_F09_what_is_read_stays_and_of_the_rest_the_newest(tmp_path, publish):
    publish(tmp_path, 1)
    held = warehouse.open(tmp_path)
    for number in range(2, 8):
        publish(tmp_path, number)
    kept = sorted(int(name.split("-")[1]) for name in names(tmp_path, "snapshot-*.duckdb"))
    assert kept == [1, 4, 5, 6, 7]
    assert held.sql("SELECT n FROM numbers").item() == 1
    held.close()
    removed = snapshot.collect(tmp_path)
    assert sorted(int(name.split("-")[1]) for name in removed) == [1, 4]
    assert names(tmp_path, "snapshot-*.json") == [
        n.replace("duckdb", "json") for n in names(tmp_path, "snapshot-*.duckdb")
    ]


def test_F09_what_the_pointer_leads_to_is_never_collected(tmp_path, publish):
    oldest = publish(tmp_path, 0).file
    for number in range(1, 3):
        publish(tmp_path, number)
    snapshot.point(tmp_path, oldest)
    for _ in range(3):
        (tmp_path / "unused.duckdb").touch()
        snapshot.collect(tmp_path)
    assert served(tmp_path) == 0


def test_F19_a_pointer_that_leads_nowhere_or_outside_is_refused(tmp_path, publish):
    root, other = tmp_path / "s", tmp_path / "other"
    with pytest.raises(CorruptStoreError, match=r"align build.*store.none"):
        snapshot.current(root)
    name = publish(root, 1).file
    outside = publish(other, 2).file
    pointer = root / "current.duckdb"
    (root / "snapshot-000009-0000000a.duckdb").symlink_to(other / outside)
    bad = ["nowhere.duckdb", "snapshot-000007-00000000.duckdb", f"../other/{outside}", str(other / outside), ".", "..", ".lock", f"./x/../{name}",
           "snapshot-000009-0000000a.duckdb", name.replace("duckdb", "json"), f"{name}\n", "snapshot-٠٠٠٠٠١-00000000.duckdb"]  # fmt: skip
    for target in bad:
        pointer.unlink()
        pointer.symlink_to(target)
        with pytest.raises(CorruptStoreError, match="store.pointer"):
            warehouse.open(root)
    for make in (pointer.touch, pointer.mkdir):
        pointer.rmdir() if pointer.is_dir() and not pointer.is_symlink() else pointer.unlink()
        make()
        with pytest.raises(CorruptStoreError, match="store.pointer"):
            warehouse.open(root)
    pointer.rmdir()
    with pytest.raises(CorruptStoreError, match="store.none"):
        warehouse.open(root)
    assert publish(root, 3).number > 1
    assert served(root) == 3


def test_a_snapshot_without_its_manifest_is_refused(tmp_path, publish):
    manifest = tmp_path / publish(tmp_path, 1).file.replace("duckdb", "json")
    for content in ("", "[]", "{}", '{"file": 1}', json.dumps({"extra": 1}), None):
        manifest.unlink() if content is None else manifest.write_text(content)
        with pytest.raises(CorruptStoreError, match="store.manifest"):
            snapshot.read_manifest(manifest.with_suffix(".duckdb"))
    with pytest.raises(CorruptStoreError, match="store.manifest"):
        warehouse.open(tmp_path)


def test_F26_F27_a_folder_that_is_none_or_a_lock_that_is_a_link_is_refused(tmp_path, publish):
    (tmp_path / "file").touch()
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / ".lock").symlink_to(tmp_path / "victim")
    for root in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / "linked"):
        with pytest.raises(ResourceError, match="store.unwritable"):
            publish(root, 1)
    assert not (tmp_path / "victim").exists()


def test_a_hold_that_cannot_be_locked_leaves_no_handle_open(tmp_path, publish, monkeypatch):
    publish(tmp_path, 1)
    monkeypatch.setattr(snapshot.fcntl, "flock", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOLCK, "no locks")))
    handles = Path("/proc/self/fd")
    before = sorted(handles.iterdir())
    with pytest.raises(CorruptStoreError) as refused:
        snapshot.hold(tmp_path)
    assert refused.value.code == "store.manifest"
    assert sorted(handles.iterdir()) == before
