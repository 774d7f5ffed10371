"""Laws of reading Facebook's fastText files, with gensim as the oracle."""

import gzip
import struct

import numpy as np
import pytest

from align.vector_files import read_vectors


@pytest.fixture(scope="module")
def fasttext(tmp_path_factory):
    from gensim.models.fasttext import FastText, save_facebook_model

    model = FastText(
        [["chat", "chien", "oiseau"] * 5] * 5, vector_size=4, min_count=1, bucket=50, epochs=1, workers=1, seed=1
    )
    path = tmp_path_factory.mktemp("fasttext") / "x.bin"
    save_facebook_model(model, str(path))
    return path, model.wv


def test_fasttext_gives_words_counts_and_buckets(fasttext):
    path, wanted = fasttext
    found = read_vectors(path, lang="fr")
    assert found.words == tuple(wanted.index_to_key)
    assert np.allclose(found.matrix, wanted.vectors, atol=1e-6)
    assert found.counts.tolist() == [25, 25, 25]
    assert np.array_equal(found.subwords.matrix, wanted.vectors_ngrams)
    assert (found.subwords.min_n, found.subwords.max_n) == (wanted.min_n, wanted.max_n)


def test_fasttext_is_known_by_content(fasttext, read):
    found = read(gzip.compress(fasttext[0].read_bytes()), "x.vec", limit=2)
    assert len(found) == 2


@pytest.mark.parametrize("at", [8, 40, 44, 48, 64, 68, 84])
def test_V20_a_fasttext_file_that_lies_about_a_size_is_refused(fasttext, refused, at):
    content = bytearray(fasttext[0].read_bytes())
    content[at : at + 4] = struct.pack("<i", 2_000_000_000)
    assert refused(bytes(content)).code in ("vec.truncated", "vec.refused_format")


def test_V20_a_truncated_fasttext_file_is_refused(fasttext, refused):
    content = fasttext[0].read_bytes()
    for keep in (4, 50, 100, 200, len(content) - 1):
        assert refused(content[:keep]).code == "vec.truncated"
