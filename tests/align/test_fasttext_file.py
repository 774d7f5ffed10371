"""Laws of reading Facebook's fastText files, with gensim as the oracle."""

import gzip

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
