"""Laws of stored spaces: what comes back is what was put in, bit for bit."""

import duckdb
import numpy as np
import pyarrow as pa
import pytest

import align
from align.vectors import WordVectors
from warehouse import spaces
from warehouse.connection import create, read
from warehouse.spaces import (
    insert,
    matrix,
    read_pooler,
    read_rotation,
    read_words,
    stored_languages,
    vector_column,
    write_pairs,
    write_space,
)


@pytest.fixture
def reading(world):
    connection = read(world.root / "current.duckdb")
    yield connection
    connection.close()


def test_words_vectors_counts_and_weights_come_back(reading, world):
    for lang in world.space.languages:
        vectors, weights = read_words(reading, lang)
        original = world.space.vectors(lang)
        assert vectors.fingerprint == original.fingerprint
        assert (vectors.counts is None) == (lang == "de")
        np.testing.assert_array_equal(weights, world.pooler.states[lang].weights)


def test_rotations_and_normalisations_come_back(reading, world):
    for lang in world.space.languages:
        steps, rotation = read_rotation(reading, lang)
        assert steps.steps == world.space.normalizations[lang].steps
        for mean, original in zip(steps.means, world.space.normalizations[lang].means, strict=True):
            np.testing.assert_array_equal(mean, original)
        original = world.space.rotations[lang]
        np.testing.assert_array_equal(rotation.matrix, original.matrix)
        for name in ("n_pairs", "rank", "residual"):
            assert getattr(rotation, name) == getattr(original, name)
        assert rotation.determinant == pytest.approx(original.determinant)


def test_a_raw_vector_is_put_into_the_stored_space_as_into_the_space(reading, world):
    raw = np.random.default_rng(0).standard_normal((5, world.space.dim)).astype("f4")
    steps, rotation = read_rotation(reading, "fr")
    np.testing.assert_allclose(
        steps.apply(raw) @ rotation.matrix.astype("f4"), world.space.project(raw, "fr"), atol=1e-6
    )


def test_the_stored_pooler_pools_the_same_bits(reading, world):
    pooler = read_pooler(reading)
    assert (pooler.space_id, pooler.weighting, pooler.a) == (
        world.space.space_id,
        world.pooler.weighting,
        world.pooler.a,
    )
    for part in world.indexed:
        texts = part.frame["text"].to_list()
        np.testing.assert_array_equal(pooler.pool(texts, part.lang), world.pooler.pool(texts, part.lang))
        state, original = pooler.states[part.lang], world.pooler.states[part.lang]
        assert (state.documents, state.centre) == (original.documents, original.centre)


def test_a_pooler_of_some_languages_has_those(reading, world):
    pooler = read_pooler(reading, ["tr"])
    assert list(pooler.states) == ["tr"]
    np.testing.assert_array_equal(pooler.pool(["ev su"], "tr"), world.pooler.pool(["ev su"], "tr"))


def test_languages_begin_with_the_pivot(reading):
    assert stored_languages(reading) == ["en", "de", "el", "fr", "tr"]


def test_the_form_of_a_word_is_what_a_token_finds(reading, world):
    for lang, word, form, row in reading.execute("SELECT lang, word, form, rank - 1 FROM words").fetchall():
        vectors = world.space.vectors(lang)
        assert vectors.words[row] == word
        assert form is None or vectors.row(form) == row
    forms = reading.execute("SELECT lang, count(form) FROM words GROUP BY lang").fetchall()
    assert dict(forms) == {lang: len(world.space.vectors(lang).folded_index) for lang in world.space.languages}


def test_hubness_is_stored_for_every_ordered_pair_of_languages(reading, world):
    for source in world.space.languages:
        for target in world.space.languages:
            sql = "SELECT hubness FROM word_hubness WHERE source = ? AND lang = ? ORDER BY rank"
            stored = [r for (r,) in reading.execute(sql, [source, target]).fetchall()]
            assert stored == ([] if source == target else world.space.retrieval(source, target).hubness.tolist())


def test_dictionary_pairs_come_back_with_weight_origin_and_part(blank):
    pairs = align.WordPairs(
        "en",
        "fr",
        (("cat", "chat"), ("o'clock", "l'heure")),
        np.array([1, 0.5]),
        origins=("a.tsv:1", "a.tsv:2"),
    )
    plain = align.WordPairs("en", "de", (("cat", "Katze"),), name="b.tsv")
    write_pairs(blank, [pairs], "train")
    write_pairs(blank, [plain, align.WordPairs("en", "de", ())], "test")
    assert blank.execute("FROM dictionary_pairs ORDER BY origin").fetchall() == [
        ("en", "fr", "cat", "chat", 1.0, "a.tsv:1", "train"),
        ("en", "fr", "o'clock", "l'heure", 0.5, "a.tsv:2", "train"),
        ("en", "de", "cat", "Katze", 1.0, "b.tsv", "test"),
    ]
    with pytest.raises(duckdb.Error):
        write_pairs(blank, [plain], "other")


def test_a_space_of_one_language_can_be_stored(tmp_path):
    rows = np.random.default_rng(0).standard_normal((9, 4)).astype("f4")
    space = align.fit([WordVectors("sw", tuple("abcdefghi"), rows)], [])
    with create(tmp_path / "one.duckdb", 4) as connection:
        write_space(connection, space, align.fit_pooler(space, {}))
        assert stored_languages(connection) == ["sw"]
        assert read_words(connection, "sw")[0].fingerprint == space.vectors("sw").fingerprint


def test_vectors_of_another_dimension_cannot_be_stored(blank, world):
    with pytest.raises(duckdb.Error):
        write_space(blank, world.space, world.pooler)


def test_a_column_of_vectors_is_a_matrix_also_in_pieces():
    rows = np.arange(12, dtype="f4").reshape(4, 3)
    np.testing.assert_array_equal(matrix(pa.chunked_array([vector_column(rows)])), rows)
    np.testing.assert_array_equal(matrix(pa.chunked_array([vector_column(rows[:1]), vector_column(rows[1:])])), rows)
    np.testing.assert_array_equal(matrix(pa.chunked_array([vector_column(rows).slice(1, 2)])), rows[1:3])
    assert matrix(pa.chunked_array([], pa.list_(pa.float32(), 3))).shape == (0, 3)


def test_a_column_with_a_null_is_no_matrix():
    rows = vector_column(np.ones((2, 3), "f4"), np.array([True, False]))
    with pytest.raises(ValueError, match="1 NULL vectors"):
        matrix(pa.chunked_array([rows]))


def test_insert_goes_by_name_and_leaves_nothing_behind(blank):
    insert(blank, "schema_migrations", {"name": ["later"], "version": [77]})
    assert ("later",) in blank.execute("SELECT name FROM schema_migrations WHERE version = 77").fetchall()
    with pytest.raises(duckdb.Error):
        insert(blank, "schema_migrations", {"name": ["later"], "version": [77]})
    with pytest.raises(duckdb.Error):
        blank.execute("FROM incoming_rows")


def test_select_returns_arrow(blank):
    assert spaces.select(blank, "SELECT ? AS a", [3]).to_pylist() == [{"a": 3}]
    assert spaces.select(blank, "SELECT 1 AS a WHERE false").num_rows == 0
