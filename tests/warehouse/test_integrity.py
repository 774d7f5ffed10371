"""Laws of the files of a warehouse: whatever is not as it was published, or does not belong there, is named."""

import json
import os
import shutil
import stat
import time
from dataclasses import replace

import duckdb
import pytest

import warehouse
from align.errors import CorruptStoreError, ResourceError
from benchmarks.reliability.damage import republish
from warehouse import faults, snapshot
from warehouse.connection import SCHEMA, read
from warehouse.integrity import GRACE, check_folder


def refusal(act, *given, **named):
    with pytest.raises(CorruptStoreError) as refused:
        act(*given, **named)
    assert len(str(refused.value)) <= 300
    return refused.value


def aged(path):
    """The file, as if nobody had written to it for longer than the grace period."""
    os.utime(path, (time.time() - GRACE - 60,) * 2, follow_symlinks=False)
    return path


def flip(path, place=-1):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    mode = path.stat().st_mode
    path.chmod(0o600)
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_F18_every_character_of_a_manifest_is_guarded(tmp_path, publish):
    snapshot_path = tmp_path / publish(tmp_path, 1).file
    manifest = snapshot_path.with_suffix(".json")
    text = manifest.read_bytes()
    changes = [text[:at] + bytes([text[at] ^ 1 << at % 7]) + text[at + 1 :] for at in range(len(text))]
    changes += [text[:at] for at in range(len(text))] + [text + b"\n", text * 20, text.replace(b"\n", b"\r\n")]
    changes += [
        text.replace(b" ", b"  "),
        json.dumps(json.loads(text)).encode(),
        text.replace(b'"number": 1', b'"number": 2'),
    ]
    for changed in changes:
        manifest.write_bytes(changed)
        assert refusal(snapshot.read_manifest, snapshot_path).code == "store.manifest"
    manifest.write_bytes(text)
    assert snapshot.read_manifest(snapshot_path).number == 1


@pytest.mark.parametrize(
    "content", ["[" * 4_000, '{"file": ' + "[" * 900 + "]" * 900 + "}", '{"file": "\\ud800"}', "1e999", "\xff"]
)
def test_F18_a_manifest_that_no_json_reader_should_meet_is_refused_like_any(tmp_path, publish, content):
    path = tmp_path / publish(tmp_path, 1).file
    path.with_suffix(".json").write_text(content, encoding="latin-1")
    assert refusal(snapshot.read_manifest, path).code == "store.manifest"


def test_F18_a_manifest_of_another_snapshot_is_refused(tmp_path, publish):
    first, second = (tmp_path / publish(tmp_path, n).file for n in (1, 2))
    shutil.copy(first.with_suffix(".json"), second.with_suffix(".json"))
    assert f"tells of {first.name}" in str(refusal(snapshot.read_manifest, second))
    renamed = replace(snapshot.read_manifest(first), file=second.name).sealed()
    second.with_suffix(".json").write_text(renamed.text())
    assert refusal(warehouse.open, tmp_path).code == "store.manifest"


def test_F22_a_manifest_without_a_checksum_is_of_an_earlier_release_which_the_report_says(copied):
    path = snapshot.current(copied)
    earlier = replace(snapshot.read_manifest(path), checksum="")
    path.with_suffix(".json").write_text(earlier.text())
    assert "checksum" not in earlier.text()
    assert warehouse.verify(copied).notes == (
        f"{path.name}: published by a release that wrote no checksum into manifests",
    )
    for change in ({"size": 1}, {"sha256": "0" * 64}, {"number": 9}, {"file": "x"}, {"schema": SCHEMA - 1}):
        path.with_suffix(".json").write_text(replace(earlier, **change).text())
        assert refusal(warehouse.verify, copied).code in ("store.manifest", "store.damaged")


def test_F18_every_snapshot_that_one_could_go_back_to_is_compared(copied):
    oldest = snapshot.current(copied).name
    middle = republish(copied)
    republish(copied)
    assert warehouse.verify(copied).others == (middle, oldest)
    flip(copied / oldest)
    refused = refusal(warehouse.verify, copied)
    assert (refused.code, oldest in str(refused)) == ("store.damaged", True)


def test_F18_a_snapshot_of_another_size_is_not_opened(copied):
    path = snapshot.current(copied)
    path.chmod(0o600)
    with path.open("ab") as file:
        file.write(b"\0")
    assert refusal(warehouse.open, copied).code == "store.damaged"


def test_F18_no_flipped_bit_is_served_to_who_opens_with_verify(copied):
    flip(snapshot.current(copied))
    with warehouse.open(copied) as opened:  # unused space: nobody would know
        assert opened.languages
    refused = refusal(warehouse.open, copied, verify=True)
    assert (refused.code, "align repair" in str(refused)) == ("store.damaged", True)


def test_F18_what_duckdb_cannot_read_is_told_as_an_error_of_ours():
    @faults.typed_faults
    class Reader:
        def fail(self, error):
            raise error

        @property
        def size(self):
            raise duckdb.IOException("checksum")

    for error in (duckdb.IOException("\x1b" * 900), duckdb.SerializationException("x"), duckdb.InternalException("x")):
        assert refusal(Reader().fail, error).code == "store.unreadable"
    assert refusal(lambda: Reader().size).code == "store.unreadable"
    with pytest.raises(ResourceError, match="memory.short"):
        Reader().fail(duckdb.OutOfMemoryException("x"))


def test_F18_a_damaged_block_is_told_by_the_method_that_reads_it(copied):
    path = snapshot.current(copied)
    with warehouse.open(copied) as opened:
        path.chmod(0o600)
        with path.open("r+b") as file:
            for block in range(
                12_288, path.stat().st_size, 1 << 18
            ):  # after the headers; DuckDB's blocks are of 256 KiB
                file.seek(block + 100)
                file.write(b"\xff" * 8)
        assert refusal(opened.search, "house river", "en").code == "store.unreadable"


@pytest.fixture
def eight(tmp_path):
    """A snapshot of seven rows, and a log of a copy of it that holds an eighth: the case of FAULTS, section 0, 2."""

    def fill(connection):
        connection.execute("CREATE TABLE numbers AS SELECT range AS n FROM range(7)")

    root = tmp_path / "store"
    with snapshot.writing(root):
        snapshot.publish(root, 2, fill)
    twin = tmp_path / "twin.duckdb"
    shutil.copy(snapshot.current(root), twin)
    twin.chmod(0o600)
    with duckdb.connect(str(twin)) as connection:
        connection.execute("INSERT INTO numbers VALUES (99)")
        shutil.copy(f"{twin}.wal", tmp_path / "log")
    return root, tmp_path / "log"


def test_F20_a_log_beside_a_snapshot_would_add_a_row_and_is_refused(eight):
    root, log = eight
    path = snapshot.current(root)
    beside = path.with_name(f"{path.name}.wal")
    shutil.copy(log, beside)
    with read(path) as raw:
        assert raw.execute("SELECT count(*) FROM numbers").fetchall() == [(8,)]  # which is why
    for act in (warehouse.open, warehouse.verify):
        refused = refusal(act, root)
        assert (refused.code, beside.name in str(refused)) == ("store.foreign_wal", True)
    beside.unlink()
    with warehouse.open(root) as opened:
        assert opened.sql("SELECT count(*) FROM numbers").item() == 7


def test_F20_a_log_is_refused_cut_anywhere_and_whatever_it_is(eight):
    root, log = eight
    path = snapshot.current(root)
    content = log.read_bytes()
    for name in (f"{path.name}.wal", f"{path.name}.wal.recovery"):
        beside = path.with_name(name)
        for part in (content[:at] for at in range(0, len(content) + 1, 7)):
            beside.write_bytes(part)
            assert refusal(warehouse.open, root).code == "store.foreign_wal"
        beside.unlink()
        beside.symlink_to("nowhere")
        assert refusal(warehouse.open, root).code == "store.foreign_wal"
        beside.unlink()


@pytest.mark.parametrize("name", ["current.duckdb.wal", "snapshot-000009-0000000a.duckdb.wal"])
def test_F20_a_log_of_the_pointer_or_of_no_snapshot_is_found(copied, name):
    (copied / name).write_bytes(b"x")
    refused = refusal(warehouse.verify, copied)
    assert (refused.code, name in str(refused)) == ("store.foreign_wal", True)


def test_F27_a_link_or_a_pipe_where_a_file_belongs_is_refused_and_not_followed(copied, tmp_path):
    good = snapshot.current(copied)
    for name, make in (
        ("snapshot-000009-0000000a.duckdb", os.symlink),
        (".lock", os.symlink),
        ("snapshot-000009-0000000b.duckdb", None),
    ):
        placed = copied / name
        placed.unlink(missing_ok=True)
        os.mkfifo(placed) if make is None else placed.symlink_to(good if name != ".lock" else tmp_path / "victim")
        refused = refusal(warehouse.verify, copied)
        assert (refused.code, name in str(refused)) == ("store.link", True)
        placed.unlink()
    assert not (tmp_path / "victim").exists()


@pytest.mark.parametrize(
    "make", [lambda path: path.symlink_to("elsewhere.json"), os.mkfifo, os.mkdir], ids=["link", "pipe", "folder"]
)
def test_F27_a_manifest_that_is_no_file_is_refused_without_waiting(copied, make):
    manifest = snapshot.current(copied).with_suffix(".json")
    manifest.rename(copied / "elsewhere.json")
    make(manifest)
    for act in (warehouse.open, warehouse.verify):
        assert refusal(act, copied).code in ("store.manifest", "store.link")


@pytest.mark.parametrize(
    "name",
    [".build-0a0a0a0a.duckdb", ".build-0a0a0a0a.duckdb.wal", ".build-0a0a0a0a.json", "snapshot-000009-0000000a.json"],
)
def test_F03_what_a_killed_run_left_is_noted_and_after_a_day_refused_unless_somebody_is_writing(
    tmp_path, publish, name
):
    publish(tmp_path, 1)
    left = tmp_path / name
    left.write_bytes(b"x")
    assert [note for note in check_folder(tmp_path) if note.startswith(name)]
    aged(left)
    with snapshot.writing(tmp_path):
        assert [note for note in check_folder(tmp_path) if note.startswith(name)]
    refused = refusal(check_folder, tmp_path)
    assert (refused.code, name in str(refused)) == ("store.orphan", True)


def test_F26_modes_that_let_others_in_and_foreign_files_are_noted(copied):
    path = snapshot.current(copied)
    path.chmod(0o644)
    path.with_suffix(".json").chmod(0o640)
    copied.chmod(0o755)
    (copied / "shopping list.txt").touch()
    (copied / "work").mkdir()
    assert warehouse.verify(copied).notes == (
        f"{copied.name}: mode 0755, published with 0700",
        "shopping list.txt: none of our files",
        f"{path.name}: mode 0644, published with 0400",
        f"{path.stem}.json: mode 0640, published with 0600",
    )


def test_F26_a_published_snapshot_is_for_reading_alone(world):
    assert stat.S_IMODE(snapshot.current(world.root).stat().st_mode) == 0o400
    assert warehouse.verify(world.root).notes == ()
