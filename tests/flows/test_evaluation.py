"""Language bias is seen where it is planted, and what is fair is told from the ids."""

import numpy as np
import polars as pl
import pytest

from align.normalize import unit_rows
from align.pool import Pooled
from flows.evaluation import evaluate_documents, evaluate_language_bias
from warehouse.documents import IndexedDocuments, document_hubness

DIM = 24
SIZES = {"de": 40, "en": 60, "fr": 60}


@pytest.fixture(scope="module")
def islands():
    """Parallel documents; every language lies away from the others by a constant of its own."""
    rng = np.random.default_rng(3)
    meaning = rng.normal(size=(60, DIM))
    indexed = []
    for lang, n in SIZES.items():
        vectors = unit_rows(meaning[:n] + 0.2 * rng.normal(size=(n, DIM)) + 1.5 * rng.normal(size=DIM)).astype("f4")
        frame = pl.DataFrame({"doc_id": [f"{i:02}" for i in range(n)], "lang": lang})
        indexed.append(IndexedDocuments(lang, frame, Pooled(vectors, np.full(n, 5), np.full(n, 5))))
    return indexed, {part.lang: document_hubness(indexed, part.lang) for part in indexed}


def test_islands_of_languages_are_seen_by_cosine_and_mixed_by_score(islands):
    rows = {(row["source"], row["target"]): row for row in evaluate_language_bias(*islands, parallel=True)}
    assert rows.keys() == {(a, b) for a in SIZES for b in SIZES}
    for source in SIZES:
        for measure in ("share_by_cosine", "share", "share_of_matches"):
            assert sum(rows[source, target][measure] for target in SIZES) == pytest.approx(1)
        own = rows[source, source]
        assert own["share_by_cosine"] > 0.8
        assert own["share"] < own["share_by_cosine"] - 0.25
        if source == "de":
            assert own["share_of_matches"] == pytest.approx(1 / 3)  # all of its ids are in all three


def test_shares_are_those_that_a_loop_counts(islands):
    indexed, hubness = islands
    (found,) = (
        row
        for row in evaluate_language_bias(*islands, parallel=False)
        if (row["source"], row["target"]) == ("en", "fr")
    )
    source = indexed[1]
    hits = []
    for query in source.vectors:
        scored = []
        for part in indexed:
            cosine = part.vectors @ query
            r = np.sort(cosine)[-10:].mean()
            scored += [(2 * c - r - h, part.lang) for c, h in zip(cosine, hubness["en"][part.lang], strict=True)]
        hits += [lang for _, lang in sorted(scored, reverse=True)[:10]]
    assert found["share"] == pytest.approx(hits.count("fr") / len(hits))
    assert "share_of_matches" not in found


def test_one_language_alone_has_no_bias(islands):
    indexed, hubness = islands
    assert evaluate_language_bias(indexed[:1], hubness, parallel=False) == []


def test_translations_are_found_by_their_ids(islands):
    rows = {(row["source"], row["target"]): row for row in evaluate_documents(*islands)}
    assert rows.keys() == {(a, b) for a in SIZES for b in SIZES if a != b}
    assert rows["en", "de"]["n_queries"] == 40
    assert min(row["recall_at_1"] for row in rows.values()) > 0.9
