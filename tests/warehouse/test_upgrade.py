"""Laws of upgrades: a store as the code of any earlier schema wrote it becomes one of this build, and is not lost on the way."""

import json
import signal
import subprocess
import sys
from types import SimpleNamespace

import duckdb
import pytest

import warehouse
from align.compressed import file_digest
from align.errors import AlignError, BusyError, CorruptStoreError
from benchmarks.reliability.upgrades import (
    contents,
    difference,
    finds_twins,
    kept_stores,
    publish_newer,
    unpack,
)
from warehouse import snapshot
from warehouse.connection import SCHEMA, create, read
from warehouse.spaces import read_pooler

OLDEST, NEWEST = kept_stores()[0], kept_stores()[-1]


@pytest.fixture(scope="module", params=kept_stores(), ids=lambda packed: packed.name.split(".")[0])
def upgraded(request, tmp_path_factory):
    """A kept store, upgraded; what was there before, and a plain reader that has been on it all the time."""
    root = tmp_path_factory.mktemp("upgraded") / "store"
    earlier = unpack(request.param, root)
    before = contents(root)
    with pytest.raises(CorruptStoreError, match=rf"reads {SCHEMA}; run `align upgrade`.*store.older"):
        warehouse.open(root)
    with duckdb.connect(str(earlier), read_only=True) as reader:
        done = warehouse.upgrade(root)
        yield SimpleNamespace(root=root, earlier=earlier, before=before, reader=reader, done=done)


@pytest.fixture
def older(tmp_path):
    """The oldest store, as it was."""
    root = tmp_path / "store"
    unpack(OLDEST, root)
    return root


def test_F22_every_earlier_schema_is_kept():
    kept = {int(packed.name[7:9]) for packed in kept_stores()}
    assert kept == {*range(3, SCHEMA)} - {8}  # 1, 2 and 8 never were the newest: tests/warehouse/stores/README.md


def test_F22_an_upgraded_store_opens_and_verifies(upgraded):
    assert (upgraded.done.published, upgraded.done.schema) == (True, SCHEMA)
    assert upgraded.done.found < SCHEMA
    checked = warehouse.verify(upgraded.root)
    assert checked.snapshot == f"{upgraded.done.snapshot}.duckdb"
    assert (checked.words, checked.documents) == (300, 103)
    assert snapshot.read_manifest(snapshot.current(upgraded.root)).number == 2


def test_F22_its_tables_and_macros_are_those_of_a_new_store(upgraded, tmp_path):
    sql = "SELECT sql FROM duckdb_tables() UNION ALL SELECT macro_definition FROM duckdb_functions() WHERE NOT internal ORDER BY ALL"
    create(tmp_path / "new.duckdb", 12).close()
    with read(tmp_path / "new.duckdb") as new, warehouse.open(upgraded.root) as wh:
        assert wh.sql(sql).rows() == new.execute(sql).fetchall()


def test_F22_what_was_given_or_fitted_is_as_it_was(upgraded):
    told = difference(upgraded.earlier, snapshot.current(upgraded.root))
    assert told.rows > 1_500
    assert (told.lost, told.made) == (0, 0)


def test_F22_vectors_of_documents_are_what_they_were_where_the_same_words_are_known(upgraded):
    told = difference(upgraded.earlier, snapshot.current(upgraded.root))
    assert told.vectors >= 100
    assert told.apart <= 1e-6


def test_F22_search_finds_texts_that_say_the_same(upgraded):
    assert finds_twins(upgraded.root)


def test_F22_documents_are_pooled_as_queries_are_though_earlier_releases_knew_less_of_them(upgraded):
    with warehouse.open(upgraded.root) as wh:
        apart = "SELECT max(array_distance(vector, embed_text(text, lang))) FROM document_vectors JOIN documents USING (lang, doc_id)"
        assert wh.sql(apart).item() < 1e-6
        assert wh.sql("SELECT known_tokens FROM document_vectors WHERE doc_id = 'unaccented'").item() == 2
        assert wh.search("maison ete coeur", "fr", into=["fr"], k=1)["doc_id"].to_list() == ["unaccented"]


def test_F22_a_pooling_has_the_identity_that_this_build_gives_it(upgraded):
    with warehouse.open(upgraded.root) as wh:
        stored = wh.sql("SELECT pooling_id, pooling_digest FROM spaces JOIN rotations USING (space_id)").rows()
        assert {row[0] for row in stored} == {read_pooler(wh._open).identity()}
        assert all(digest for _, digest in stored)


def test_F22_passages_are_cut_as_they_were(upgraded):
    cut = "SELECT lang, doc_id, passage, start, stop FROM {}passages ORDER BY ALL"
    with warehouse.open(upgraded.root) as wh:
        now = wh.sql(cut.format("")).rows()
    has = upgraded.reader.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'passages'").fetchall() == [
        (1,)
    ]
    assert now == (upgraded.reader.execute(cut.format("")).fetchall() if has else [])
    assert has == bool(now) == (upgraded.done.found >= 10)


def test_F22_its_run_tells_of_the_upgrade(upgraded):
    with warehouse.open(upgraded.root) as wh:
        notes = json.loads(wh.sql("SELECT notes FROM runs").item())
    assert notes["documents"] == {"read": 105, "dropped": {}}
    assert notes["upgraded"] == {"from": upgraded.earlier.stem, "schema": upgraded.done.found}


def test_F22_the_old_snapshot_is_untouched_and_its_readers_read_on(upgraded):
    after = contents(upgraded.root)
    assert {name: after[name] for name in upgraded.before if name != snapshot.POINTER} == {
        name: told for name, told in upgraded.before.items() if name != snapshot.POINTER
    }
    assert upgraded.reader.execute("SELECT count(*) FROM documents").fetchall() == [(103,)]


def test_F22_to_upgrade_twice_publishes_nothing(upgraded):
    before = contents(upgraded.root)
    again = warehouse.upgrade(upgraded.root)
    assert (again.published, again.found, again.snapshot) == (False, SCHEMA, upgraded.done.snapshot)
    assert contents(upgraded.root) == before


def test_F22_a_killed_upgrade_leaves_the_old_store_and_one_rerun_completes(older):
    before = contents(older)
    code = (
        "import os, signal, sys, warehouse\n"
        "from unittest.mock import patch\n"
        "die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "with patch.object(sys.modules['warehouse.upgrade'], 'write_evidence', die): warehouse.upgrade(sys.argv[1])\n"
    )
    died = subprocess.run([sys.executable, "-c", code, str(older)], capture_output=True, timeout=120)
    assert died.returncode == -signal.SIGKILL
    after = contents(older)
    assert {name: after[name] for name in before} == before
    assert any(name.startswith(".build-") for name in after)
    assert warehouse.upgrade(older).published
    assert warehouse.verify(older).documents == 103
    assert not any(name.startswith(".build-") for name in contents(older))


@pytest.mark.parametrize("door", [warehouse.open, warehouse.verify, warehouse.upgrade])
def test_F22_a_newer_store_is_refused_by_its_number_without_a_write(tmp_path, door):
    root = tmp_path / "store"
    publish_newer(root)
    before = contents(root)
    with pytest.raises(
        CorruptStoreError,
        match=rf"schema {SCHEMA + 1}, this build reads up to {SCHEMA}; install a later release \[store.newer",
    ):
        door(root)
    assert contents(root) == before


def test_F22_what_others_write_is_not_upgraded_meanwhile(older):
    with snapshot.writing(older):
        before = contents(older)
        with pytest.raises(BusyError, match=r"store\.busy"):
            warehouse.upgrade(older)
        assert contents(older) == before


def rewrite(root, sql):
    """Change the published snapshot of `root`, and its manifest as if it had been published so."""
    path = snapshot.current(root)
    path.chmod(0o600)
    with duckdb.connect(str(path)) as connection:
        connection.execute(sql)
    manifest = path.with_suffix(".json")
    told = json.loads(manifest.read_text()) | {"size": path.stat().st_size, "sha256": file_digest(path)}
    manifest.write_text(json.dumps(told, indent=1) + "\n")


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("DELETE FROM word_hubness WHERE lang = 'tr'", "store.broken_promise"),
        ("UPDATE documents SET lang = 'xx' WHERE doc_id = 'd01' AND lang = 'en'", "space.no_language"),
        ("DELETE FROM rotations; DELETE FROM spaces", "store.broken_promise"),
        ("DROP TABLE documents", "store.unreadable"),
        ("DROP TABLE rotations; DROP TABLE spaces", "store.unreadable"),
        ("ALTER TABLE words ALTER COLUMN rank DROP NOT NULL; UPDATE words SET rank = NULL WHERE word = 'house'", "store.unreadable"),
    ],
)  # fmt: skip
def test_F22_what_would_not_verify_is_not_published(older, sql, code):
    rewrite(older, sql)
    before = contents(older)
    with pytest.raises(AlignError) as refused:
        warehouse.upgrade(older)
    assert refused.value.code == code
    assert len(str(refused.value)) <= 300
    after = contents(older)
    after.pop(".lock", None)
    assert after == before


def test_F22_damage_is_not_taken_over(older):
    path = snapshot.current(older)
    content = bytearray(path.read_bytes())
    content[-5_000] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)
    with pytest.raises(CorruptStoreError, match=r"store\.(damaged|unreadable)"):
        warehouse.upgrade(older)
    assert snapshot.current(older) == path
