"""Laws of F23: a space of another number of dimensions is another space, and vectors of the two never meet."""

from typing import get_args

import numpy as np
import pytest

import align
import warehouse
from align.errors import AlignmentError, QueryError
from align.measures import Measure
from align.vectors import WordVectors
from benchmarks.reliability.planted import make_documents, make_space, publish_planted

WIDER = 16


def wider(space, pairs):
    """The same words in more dimensions, as a training with another `dim` would give them."""
    random = np.random.default_rng(3)
    vectors = []
    for lang in space.languages:
        of = space.vectors(lang)
        more = random.standard_normal((len(of), WIDER - of.dim)).astype(np.float32) / 9
        vectors.append(WordVectors(lang, of.words, np.concatenate([of.matrix, more], axis=1), of.counts))
    return align.fit(vectors, pairs, pivot=space.pivot, method="procrustes")


@pytest.fixture(scope="module")
def retrained(tmp_path_factory):
    """A warehouse whose second snapshot has more dimensions, and a reader that opened the first."""
    root = tmp_path_factory.mktemp("dimensions") / "store"
    space, pairs = make_space()
    publish_planted(root, space, pairs, make_documents())
    with warehouse.open(root) as before:
        publish_planted(root, wider(space, pairs), pairs, make_documents())
        with warehouse.open(root) as now:
            yield root, before, now


def test_F23_other_dimensions_are_another_space_of_which_nothing_old_is_left(retrained):
    root, before, now = retrained
    spaces = [wh.sql("SELECT space_id, dim FROM spaces").rows() for wh in (before, now)]
    assert [dim for ((_, dim),) in spaces] == [12, WIDER]
    assert spaces[0][0][0] != spaces[1][0][0]
    assert now.sql("SELECT count(*) FROM words WHERE space_id <> (SELECT space_id FROM spaces)").item() == 0
    assert warehouse.verify(root).snapshot == f"{now.version}.duckdb"


def test_F23_both_answer_in_their_own_dimensions(retrained):
    _, *both = retrained
    for wh in both:
        assert wh.search("maison fleuve rue soleil", "fr", into=["fr"], k=3)["doc_id"].to_list() == [
            "twin-a",
            "twin-b",
            "twin-c",
        ]
        assert wh.sql("SELECT word FROM translate('house', 'en', 'de', k := 1)").item() == "Haus"
        assert wh.sql("SELECT len(embed_text('house river', 'en')::FLOAT[])").item() == wh.words("en").dim


@pytest.mark.parametrize(
    "sql",
    [
        "FROM documents_like($1, 'en')",
        *(f"SELECT similarity($1, vector, '{measure}') FROM words" for measure in get_args(Measure)),
        "SELECT similarity(vector, $1, 'manhattan') FROM document_vectors",
        "SELECT array_distance(vector, $1::FLOAT[12]) FROM words",
        "SELECT $1::FLOAT[16]",
    ],
)
def test_F23_a_vector_of_the_old_dimensions_is_refused_by_the_new_space(retrained, sql):
    _, before, now = retrained
    vector = before.words("en").matrix[0].tolist()
    with pytest.raises(QueryError) as refused:
        now.sql(sql, [vector])
    assert refused.value.code == "query.failed"
    assert len(str(refused.value)) <= 300
    assert now.sql("SELECT count(*) FROM words").item() == 300


def test_F23_one_language_of_other_dimensions_is_not_aligned_with_the_rest():
    space, pairs = make_space()
    english, french = wider(space, pairs).vectors("en"), space.vectors("fr")
    with pytest.raises(AlignmentError, match=rf"{WIDER}.*align\.dim_mismatch"):
        align.fit([english, french], pairs[:1], pivot="en")
