"""Laws of stored documents: their vectors, why some have none, and how near they are to everything."""

from hashlib import sha256

import numpy as np
import polars as pl
import pytest

from align.errors import InputError
from warehouse import documents
from warehouse.connection import read
from warehouse.documents import (
    content_hash,
    distinct,
    document_hubness,
    index_documents,
    read_hubness,
    read_vectors,
)

COLUMNS = dict.fromkeys(("doc_id", "lang", "title", "text", "metadata"), pl.String)


@pytest.fixture
def reading(world):
    connection = read(world.root / "current.duckdb")
    yield connection
    connection.close()


def frame_of(*rows):
    return pl.DataFrame([(doc_id, lang, None, text, "{}") for doc_id, lang, text in rows], schema=COLUMNS, orient="row")


def loop(target, everything):
    """r of the row at each (lang, place) by a plain loop over all others."""
    found = []
    for key, row in target:
        cosines = sorted((float(row.astype("f8") @ other) for at, other in everything if at != key), reverse=True)[:10]
        found.append(sum(cosines) / len(cosines) if cosines else 0.0)
    return found


def keyed(part):
    return [((part.lang, n), row) for n, row in enumerate(part.vectors)]


def test_every_language_is_in_the_order_of_its_ids(world):
    assert [part.lang for part in world.indexed] == sorted(world.space.languages)
    for part in world.indexed:
        ids = part.frame["doc_id"].to_list()
        assert ids == sorted(ids)
        mine = world.frame.filter(pl.col("lang") == part.lang)
        assert part.frame.sort("doc_id").equals(mine.sort("doc_id"))


def test_the_order_of_the_documents_does_not_matter(world):
    shuffled = index_documents(world.frame.sample(fraction=1, shuffle=True, seed=1), world.pooler)
    for part, other in zip(world.indexed, shuffled, strict=True):
        np.testing.assert_array_equal(part.pooled.vectors, other.pooled.vectors)
        assert part.frame.equals(other.frame)


@pytest.mark.parametrize("query_lang", ["en", "fr", "de", "tr", "el"])
def test_hubness_is_the_loop_in_which_no_document_is_its_own_neighbour(world, query_lang):
    own = world.indexed_of(query_lang)
    asking = keyed(own) if len(own.vectors) >= 10 else [d for part in world.indexed for d in keyed(part)]
    found = document_hubness(world.indexed, query_lang)
    for part in world.indexed:
        np.testing.assert_allclose(found[part.lang], loop(keyed(part), asking), atol=2e-6)


def test_hubness_against_a_sample_leaves_out_the_document_where_it_is_in_it(world, monkeypatch):
    monkeypatch.setattr(documents, "SAMPLE", 12)
    own = world.indexed_of("en")
    rows = np.linspace(0, len(own.vectors) - 1, 12).astype(int)
    sample = [keyed(own)[row] for row in rows]
    for lang in ("en", "de"):
        part = world.indexed_of(lang)
        np.testing.assert_allclose(document_hubness(world.indexed, "en")[lang], loop(keyed(part), sample), atol=2e-6)


def test_A06_documents_with_one_vector_have_one_hubness(world):
    part = world.indexed_of("fr")
    twins = [n for n, doc_id in enumerate(part.frame["doc_id"]) if doc_id.startswith("twin")]
    for query_lang in world.space.languages:
        assert len(set(document_hubness(world.indexed, query_lang)["fr"][twins].tolist())) == 1


def test_a_document_alone_has_no_neighbour(world):
    alone = index_documents(frame_of(("a", "en", "house")), world.pooler)
    assert document_hubness(alone, "en")["en"].tolist() == [0]
    assert document_hubness(alone, "fr")["en"].tolist() == [0]
    assert document_hubness([], "en") == {}


def test_distinct_rows_in_their_places_are_the_rows():
    rows = np.random.default_rng(0).integers(0, 2, (40, 4)).astype("f4")
    different, place = distinct(rows)
    np.testing.assert_array_equal(different[place], rows)
    assert len(different) == len({tuple(row) for row in rows.tolist()}) < 40
    same, place = distinct(np.eye(4, dtype="f4"))
    np.testing.assert_array_equal(same[place], np.eye(4))
    assert distinct(np.zeros((0, 4), "f4"))[0].shape == (0, 4)


def test_vectors_come_back_bit_for_bit_in_the_order_of_ids(reading, world):
    for part in world.indexed:
        ids, vectors = read_vectors(reading, part.lang)
        assert ids == part.frame["doc_id"].filter(pl.Series(part.pooled.known)).to_list()
        np.testing.assert_array_equal(vectors, part.vectors)
        for query_lang in world.space.languages:
            stored = read_hubness(reading, query_lang, part.lang)
            np.testing.assert_array_equal(stored, document_hubness(world.indexed, query_lang)[part.lang])


def test_documents_come_back_as_they_were_given(reading, world):
    stored = reading.sql("SELECT doc_id, lang, title, text, metadata FROM documents ORDER BY lang, doc_id").pl()
    assert stored.rows() == world.frame.sort("lang", "doc_id").rows()
    hashes = reading.sql("SELECT content_hash FROM documents ORDER BY lang, doc_id").fetchall()
    assert [h for (h,) in hashes] == [
        content_hash(row) for row in world.frame.sort("lang", "doc_id").iter_rows(named=True)
    ]


def test_T01_a_document_without_a_direction_has_null_and_a_reason(reading, world):
    sql = "SELECT lang, doc_id, tokens, known_tokens, reason FROM document_vectors WHERE vector IS NULL OR reason IS NOT NULL ORDER BY ALL"
    assert reading.execute(sql).fetchall() == [
        ("en", "blank", 0, 0, "no_tokens"),
        ("en", "foreign", 2, 0, "no_known_token"),
    ]
    assert reading.execute("SELECT count(*) FROM document_hubness WHERE doc_id IN ('blank', 'foreign')").fetchall() == [
        (0,)
    ]


def test_tokens_are_counted_as_python_counts_them(reading, world):
    counts = dict(reading.execute("SELECT (lang, doc_id), (tokens, known_tokens) FROM document_vectors").fetchall())
    for part in world.indexed:
        for doc_id, tokens, known in zip(
            part.frame["doc_id"], part.pooled.tokens, part.pooled.known_tokens, strict=True
        ):
            assert counts[part.lang, doc_id] == (tokens, known)


@pytest.mark.parametrize(
    "ids",
    [["Z", "a", "É", "é", "e\u0301", "東", "10", "9", "😀", "\uffff", "o'c", " x"], ["d" * 1000, "d" * 999]],
)
def test_ids_of_any_kind_stand_in_one_order_for_python_and_sql(world, tmp_path, publish_world, ids):
    frame = frame_of(*((doc_id, "en", "house river") for doc_id in ids))
    other = publish_world(tmp_path / "s", world.space, [], frame)
    connection = read(other.root / "current.duckdb")
    stored = [
        doc_id for (doc_id,) in connection.execute("SELECT doc_id FROM search_text('house', 'en', k := 50)").fetchall()
    ]
    assert stored == sorted(ids) == read_vectors(connection, "en")[0] == other.indexed[0].frame["doc_id"].to_list()
    connection.close()


def test_a_language_that_the_space_has_not_is_refused(world):
    with pytest.raises(InputError, match="space.no_language"):
        index_documents(frame_of(("a", "it", "casa")), world.pooler)


def test_the_hash_of_a_document_changes_with_what_it_says_and_with_nothing_else():
    card = {"doc_id": "1", "lang": "en", "title": "t", "text": "x", "metadata": "{}"}
    assert content_hash(card) == sha256(b"t\0x\0{}").hexdigest() == content_hash({**card, "doc_id": "2", "lang": "fr"})
    for key in ("title", "text", "metadata"):
        assert content_hash({**card, key: "other"}) != content_hash(card)
    assert content_hash({**card, "title": None}) == content_hash({**card, "title": ""})
