"""Laws of stored pooling: the store and its SQL repeat whatever was fitted."""

from itertools import product

import numpy as np
import pytest

import align
from warehouse.connection import create
from warehouse.documents import index_documents, read_vectors, write_documents
from warehouse.spaces import read_pooler, write_space

WEIGHTINGS = ("sif", "usif", "idf", "tfidf", "uniform")
REDUCTIONS = ("mean", "max", "mean_sqrt_len")
REMOVALS = ((0, "language"), (3, "language"), (2, "joint"))


@pytest.fixture(scope="module")
def texts(world):
    return {part.lang: part.frame["text"].to_list() for part in world.indexed}


@pytest.mark.parametrize(
    ("weighting", "reduce", "removal"), list(product(WEIGHTINGS, REDUCTIONS, REMOVALS)), ids=lambda value: str(value)
)
def test_sql_and_the_stored_pooler_and_the_fitted_one_make_the_same_vectors(
    world, texts, tmp_path, weighting, reduce, removal
):
    m, of = removal
    pooler = align.fit_pooler(
        world.space, texts, weighting=weighting, reduce=reduce, components=m, components_of=of
    )  # fmt: skip
    with create(tmp_path / "one.duckdb", world.space.dim) as connection:
        write_space(connection, world.space, pooler)
        write_documents(connection, world.space.space_id, index_documents(world.frame, pooler))
        again = read_pooler(connection)
        for lang, some in (
            ("en", [*texts["en"][:6], "house house HOUSE river 12", "qqq", "houseriver ístanbul heatlighthouse house"]),
            ("tr", texts["tr"][:3]),
        ):
            pooled = pooler.pool_counted(some, lang)
            np.testing.assert_array_equal(again.pool_counted(some, lang).vectors, pooled.vectors)
            for text, vector, known in zip(some, pooled.vectors, pooled.known, strict=True):
                (embedded,) = connection.execute("SELECT embed_text(?, ?)", [text, lang]).fetchone()
                assert (embedded is not None) == known
                if known:
                    np.testing.assert_allclose(embedded, vector, atol=1e-5)
        ids, vectors = read_vectors(connection, "fr")
        frame = world.indexed_of("fr").frame
        stored = frame.filter(frame["doc_id"].is_in(ids)).sort("doc_id")["text"].to_list()
        np.testing.assert_array_equal(again.pool_counted(stored, "fr").vectors, vectors)


@pytest.mark.parametrize("how", [{}, {"weighting": "auto"}, {"weighting": "usif", "components": 4}])
def test_the_record_of_a_pooling_comes_back(world, texts, tmp_path, how):
    pooler = align.fit_pooler(world.space, texts, **how)
    with create(tmp_path / "one.duckdb", world.space.dim) as connection:
        write_space(connection, world.space, pooler)
        again = read_pooler(connection)
        for name in ("weighting", "a", "reduce", "components", "components_of", "pooling_id", "tried", "fitted_on"):
            assert getattr(again, name) == getattr(pooler, name)
        assert again.identity() == again.pooling_id
        (tried,) = connection.execute("SELECT json_array_length(pooling_tried) FROM spaces").fetchone()
        assert tried == len(pooler.tried)
        some = read_pooler(connection, ["en"])
        assert (some.pooling_id, list(some.states)) == (pooler.pooling_id, ["en"])
