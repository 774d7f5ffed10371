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
