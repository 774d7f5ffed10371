"""What the tests of vector files share: a file read, a file refused, and some vectors."""

import numpy as np
import pytest

from align.errors import InputError
from align.vector_files import read_vectors
from align.vectors import WordVectors


@pytest.fixture
def read(tmp_path):
    """Reads French vectors from a new file of the given content."""

    def read(content, name="x.vec", **options):
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return read_vectors(tmp_path / name, lang="fr", **options)

    return read


@pytest.fixture
def refused(read):
    """The InputError of reading, which names its file and is short."""

    def refused(content, **options):
        with pytest.raises(InputError) as caught:
            read(content, **options)
        assert caught.value.path is not None
        assert len(str(caught.value)) <= 300
        return caught.value

    return refused


@pytest.fixture
def vectors():
    """Makes n French words with random rows."""

    def vectors(n=5, dim=3, **options):
        matrix = np.random.default_rng(0).normal(size=(n, dim)).astype("f4")
        return WordVectors("fr", [f"mot{i}é" for i in range(n)], matrix, **options)

    return vectors


def _cloud(rng, n, dim):
    """Unit rows as words lie: in topics, and further along some axes than along others."""
    axes = np.linalg.qr(rng.standard_normal((dim, dim)))[0] * np.linspace(1, 0.7, dim)
    rows = rng.standard_normal((30, dim))[rng.integers(0, 30, n)] + 3 * rng.standard_normal((n, dim))
    rows = rows @ axes
    rows -= rows.mean(axis=0)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="session")
def structured():
    """Makes per language n normalised rows of one structured cloud (word i is row i), turned and shaken for each; and the
    turns, cloud = rows @ turn. With `related=False` every language has a cloud of its own.
    """

    def structured(seed=0, langs=("en", "fr"), n=900, dim=60, noise=0.2, related=True):
        rng = np.random.default_rng(seed)
        cloud, rows, turns = _cloud(rng, n, dim), {}, {}
        for lang in langs:
            turns[lang] = np.linalg.qr(rng.standard_normal((dim, dim)))[0]
            shaken = cloud @ turns[lang].T + noise / np.sqrt(dim) * rng.standard_normal((n, dim))
            rows[lang] = (shaken / np.linalg.norm(shaken, axis=1, keepdims=True)).astype("f4")
            cloud = cloud if related else _cloud(rng, n, dim)
        return rows, turns

    return structured
