"""The planted world of the reliability run, published as a store."""

import shutil
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import duckdb
import pytest

import warehouse
from benchmarks.reliability.planted import make_documents, make_space, publish_planted
from warehouse import snapshot


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """The planted store; nobody may change it."""
    space, pairs = make_space()
    return publish_planted(tmp_path_factory.mktemp("planted") / "store", space, pairs, make_documents())


@pytest.fixture(scope="session")
def publish_world():
    """Publish another space with its documents: `publish_world(root, space, pairs, frame)`."""
    return publish_planted


@pytest.fixture(scope="session")
def wh(world):
    """The planted store, open; nobody may close it."""
    with warehouse.open(world.root) as opened:
        yield opened


@pytest.fixture
def copied(world, tmp_path):
    """A copy of the planted store that a test may damage."""
    return Path(shutil.copytree(world.root, tmp_path / "copy", symlinks=True))


@pytest.fixture
def tamper():
    """Change the rows of a store as nobody should, under a manifest that agrees with it: `tamper(root, sql)`."""

    def tamperer(root, sql):
        path = snapshot.current(root)
        path.chmod(0o600)
        with duckdb.connect(str(path)) as connection:
            connection.execute(sql)
        path.chmod(0o400)
        told = {"size": path.stat().st_size, "sha256": sha256(path.read_bytes()).hexdigest()}
        manifest = replace(snapshot.read_manifest(path), **told).sealed()
        path.with_suffix(".json").write_text(manifest.text())
        return root

    return tamperer


@pytest.fixture
def publish():
    """Publish one number as the snapshot of a folder: `publish(root, n)`."""

    def publisher(root, number=0):
        def fill(connection):
            connection.execute("CREATE TABLE numbers AS SELECT ?::INTEGER AS n", [number])

        with snapshot.writing(root):
            return snapshot.publish(root, 2, fill)

    return publisher


@pytest.fixture
def blank(tmp_path):
    """A new store outside of any warehouse, open for writing."""
    from warehouse.connection import create

    connection = create(tmp_path / "blank.duckdb", 3)
    yield connection
    connection.close()


@pytest.fixture
def plainly():
    """Whatever a client without this project reads: `plainly(path, sql)`."""

    def query(path, sql, parameters=None):
        with duckdb.connect(str(path), read_only=True) as connection:
            return connection.execute(sql, parameters).fetchall()

    return query
