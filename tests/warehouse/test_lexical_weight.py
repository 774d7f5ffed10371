"""The weight of terms follows what finds documents: nothing where terms mislead, more where vectors do."""

from itertools import permutations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

import warehouse
from align.lexical import lexical_neighbourhood, tfidf
from align.normalize import unit_rows
from align.retrieval import csls, neighbourhood
from warehouse.lexical_weight import (
    LEXICAL,
    WEIGHTS,
    LexicalWeight,
    _choose,
    fit_lexical_weights,
    write_lexical_weights,
)
from warehouse.terms import DocumentTerms

N, DIM, TERMS = 60, 16, 120
LANGUAGES = ("en", "fr")


def collection(noise, misleading):
    """Parallel documents: vectors are blurred by `noise`; that share of the terms is drawn anew in each language."""
    rng = np.random.default_rng(1)
    meaning, counts = rng.normal(size=(N, DIM)), rng.poisson(0.15, size=(N, TERMS))
    vectors, rows = {}, {}
    for lang in LANGUAGES:
        vectors[lang] = unit_rows(meaning + noise * rng.normal(size=meaning.shape)).astype("f4")
        mixed = np.where(rng.random(counts.shape) < misleading, rng.poisson(0.15, size=counts.shape), counts)
        mixed[:, 0] = 1  # a document without a term is no document
        rows[lang] = csr_matrix(mixed)
    terms = DocumentTerms({f"t{n}": n for n in range(TERMS)}, rows)
    weighted = {lang: tfidf(row, terms.idf(lang)) for lang, row in rows.items()}
    pooled = {(a, b): neighbourhood(vectors[b], vectors[a]) for a, b in permutations(LANGUAGES, 2)}
    lexical = {(a, b): lexical_neighbourhood(weighted[b], weighted[a]) for a, b in permutations(LANGUAGES, 2)}
    return vectors, terms, pooled, lexical


def test_terms_count_more_where_they_find_more():
    fitted = fit_lexical_weights(*collection(noise=1.6, misleading=0.1))
    assert [(one.query_lang, one.lang) for one in fitted] == [*permutations(LANGUAGES, 2)]
    assert all(one.weight == 2 and one.found > one.found_without + 0.2 for one in fitted)


def test_terms_count_no_more_where_they_mislead():
    assert all(one.weight <= LEXICAL for one in fit_lexical_weights(*collection(noise=0.6, misleading=1.0)))


@pytest.mark.parametrize("better", range(len(WEIGHTS)))
def test_another_weight_has_to_stand_out(better):
    found = np.zeros((len(WEIGHTS), 100), dtype=bool)
    found[:, :50] = True
    found[better, 50:70] = True
    assert WEIGHTS[_choose(found)] == WEIGHTS[better]
    found[better, 51:] = False  # one document more is nothing
    assert WEIGHTS[_choose(found)] == LEXICAL


def test_where_weights_hardly_differ_it_stays_a_half():
    assert {one.weight for one in fit_lexical_weights(*collection(0.3, 0.1))} == {LEXICAL}


def test_shares_of_documents_that_find_each_other_are_those_of_a_loop():
    vectors, terms, pooled, lexical = given = collection(1.2, 0.7)
    weighted = {lang: tfidf(row, terms.idf(lang)).toarray() for lang, row in terms.counts.items()}

    def best(lang, into, row, weight):
        by_terms = csls(weighted[lang][[row]] @ weighted[into].T, lexical[lang, into])
        return int((csls(vectors[lang][[row]] @ vectors[into].T, pooled[lang, into]) + weight * by_terms).argmax())

    for one in fit_lexical_weights(*given):
        for weight, share in ((one.weight, one.found), (0.0, one.found_without)):
            a, b = one.query_lang, one.lang
            found = [best(b, a, best(a, b, row, weight), weight) == row for row in range(N)]
            assert share == pytest.approx(np.mean(found))
        assert one.weight in WEIGHTS


def test_too_few_documents_are_not_asked():
    vectors, terms, pooled, lexical = collection(1.0, 0.5)
    few = {"en": vectors["en"][:29], "fr": vectors["fr"]}
    assert fit_lexical_weights(few, terms, pooled, lexical) == []


def test_search_uses_the_weight_of_its_languages(world, publish_world, tmp_path, monkeypatch):
    def fixed(connection, space_id, fitted):
        write_lexical_weights(connection, space_id, [LexicalWeight("en", "fr", 2.0, 30, 0.5, 0.25)])

    monkeypatch.setattr("warehouse.evidence.write_lexical_weights", fixed)
    publish_world(tmp_path / "other", world.space, [], world.frame)
    with warehouse.open(world.root) as half, warehouse.open(tmp_path / "other") as double:
        for code, times in (("fr", 4), ("de", 1)):
            added = []
            for wh in (half, double):
                hits = [wh.search("house 12 river", "en", [code], 99, rerank=False, lexical=n) for n in (False, True)]
                plain, both = (dict(found.select("doc_id", "score").rows()) for found in hits)
                added.append([both[doc] - plain[doc] for doc in sorted(plain)])
            assert added[1] == pytest.approx(times * np.array(added[0]), abs=1e-5)
        table = double.explain("house 12 river", "en", "d00", "fr", top=None)
        score = double.search("house 12 river", "en", ["fr"], 1, where={"doc_id": "d00"})["score"][0]
        assert table["share"].sum() == pytest.approx(score, abs=1e-5)
