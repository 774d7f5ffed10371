"""Laws of the second stage of search: scores are those of plain loops over texts, and nothing depends on what is beside them."""

from collections import Counter
from math import log, sqrt

import numpy as np
import polars as pl
import pytest

import align
import warehouse
from align.errors import InputError, QueryError
from align.terms import count_terms
from align.tokens import tokenize
from align.vectors import WordVectors
from align.word_alignment import word_match
from warehouse.lexical_weight import LEXICAL
from warehouse.reranking import NEAREST, SIF_A
from warehouse.terms import read_terms

QUERIES = {
    "en": ["houseriver house ístanbul sun", "12 mail ISTANBUL qqq"],
    "fr": ["maison fleuve ete"],
    "el": ["σπίτι φως"],
}


def best_ten(values):
    return sum(sorted(values, reverse=True)[:10]) / len(sorted(values)[:10])


def known(world, lang):
    part = world.indexed_of(lang)
    rows = zip(part.frame["doc_id"], part.frame["text"], part.pooled.vectors, part.pooled.known, strict=True)
    return [(doc_id, text, vector) for doc_id, text, vector, has in rows if has]


class Terms:
    """TF-IDF by dictionaries."""

    def __init__(self, world):
        self.documents = {
            part.lang: [count_terms(text, part.lang) for _, text, _ in known(world, part.lang)]
            for part in world.indexed
        }

    def weigh(self, counted, lang):
        asked = self.documents[lang]
        if len(asked) < 10:
            asked = [c for some in self.documents.values() for c in some]
        weights = {
            term: (1 + log(n)) * (log((1 + len(asked)) / (1 + sum(term in c for c in asked))) + 1)
            for term, n in counted.items()
        }
        length = sqrt(sum(w * w for w in weights.values()))
        return {term: w / length for term, w in weights.items()}

    def cosine(self, a, b):
        return sum(w * b.get(term, 0.0) for term, w in a.items())

    def csls(self, text, lang, code):
        query = self.weigh(count_terms(text, lang), lang)
        documents = [self.weigh(c, code) for c in self.documents[code]]
        cosines = [self.cosine(query, d) for d in documents]
        if not any(cosines):
            return [0.0] * len(documents)
        other = lang if len(self.documents[lang]) >= 10 else code
        asking = [self.weigh(c, other) for c in self.documents[other]]
        scores = []
        for i, (document, cosine) in enumerate(zip(documents, cosines, strict=True)):
            near = [self.cosine(document, a) for j, a in enumerate(asking) if other != code or i != j]
            scores.append(2 * cosine - best_ten(cosines) - best_ten(near))
        return scores


class Words:
    """Alignment by loops over words."""

    def __init__(self, world):
        self.world = world

    def both(self, text, lang, other, code):
        space = self.world.space
        match = word_match(space.retrieval(lang, code, spelling="auto"), space.retrieval(code, lang, spelling="auto"))
        ours, theirs = Counter(tokenize(text, lang)), Counter(tokenize(other, code))
        rows, names, made = self.known(ours, lang)
        target_rows, target_names, target_made = self.known(theirs, code)
        table = match.similarity(rows, match.spell(names), target_rows, match.spell(target_names, target=True))
        table = made @ table @ target_made.T
        weights = [self.weights(counted, one) for counted, one in ((ours, lang), (theirs, code))]
        return np.average(table.max(axis=1), weights=weights[0]), np.average(table.max(axis=0), weights=weights[1])

    def known(self, counted, lang):
        """Rows of all words that stand for tokens, what the tokens are, and the shares of the words in the tokens."""
        found = [self.world.space.vectors(lang).known.resolve(token) for token in counted]
        parts = [
            (i, row, token, share)
            for i, (token, one) in enumerate(zip(counted, found, strict=True))
            for row, share in zip(one.rows or (-1,), one.shares or (1.0,), strict=True)
        ]
        made = np.zeros((len(counted), len(parts)))
        for j, (i, _, _, share) in enumerate(parts):
            made[i, j] = share
        return np.array([row for _, row, _, _ in parts]), [token for _, _, token, _ in parts], made

    def weights(self, counted, lang):
        vectors = self.world.space.vectors(lang)
        p, found = vectors.probabilities(), [vectors.known.resolve(token) for token in counted]
        return [
            n * (SIF_A / (SIF_A + p[one.rows[0]]) if one.route in ("exact", "variant") else 1)
            for one, n in zip(found, counted.values(), strict=True)
        ]

    def hubness(self, doc_id, text, vector, code, lang):
        other = lang if len(known(self.world, lang)) >= 10 else code
        asking = [d for d in known(self.world, other) if not (other == code and d[0] == doc_id)]
        near = sorted(asking, key=lambda d: -float(vector.astype("f8") @ d[2].astype("f8")))[:NEAREST]
        both = [self.both(text, code, d[1], other) for d in near]
        return best_ten([f for f, _ in both]) + best_ten([b for _, b in both])


@pytest.mark.parametrize(("lang", "code"), [("en", "fr"), ("en", "en"), ("fr", "de"), ("el", "tr"), ("el", "fr")])
def test_lexical_evidence_is_half_the_csls_of_a_loop_over_terms(wh, world, lang, code):
    terms = Terms(world)
    for text in QUERIES[lang]:
        plain = wh.search(text, lang, [code], 1000, rerank=False, lexical=False)
        both = wh.search(text, lang, [code], 1000, rerank=False, lexical=True)
        added = dict(zip((d[0] for d in known(world, code)), terms.csls(text, lang, code), strict=True))
        scores = dict(plain.select("doc_id", "score").rows())
        for doc_id, score in both.select("doc_id", "score").rows():
            assert score == pytest.approx(scores[doc_id] + float(LEXICAL) * added[doc_id], abs=1e-5)


@pytest.mark.parametrize(("lang", "code"), [("en", "de"), ("en", "en"), ("fr", "tr"), ("el", "tr")])
def test_reranking_adds_the_aligned_score_of_a_loop_over_words(wh, world, lang, code):
    words, text = Words(world), QUERIES[lang][0]
    plain = wh.search(text, lang, [code], 1000, rerank=False, lexical=False)
    reranked = wh.search(text, lang, [code], 1000, rerank=True, lexical=False)
    there = {doc_id: (doc, vector) for doc_id, doc, vector in known(world, code)}
    both = {doc_id: words.both(text, lang, doc, code) for doc_id, (doc, _) in there.items()}
    near = plain["doc_id"].to_list()[:NEAREST]
    own = best_ten([both[d][0] for d in near]) + best_ten([both[d][1] for d in near])
    scores = dict(plain.select("doc_id", "score").rows())
    for doc_id, score in reranked.select("doc_id", "score").rows()[:8]:
        doc, vector = there[doc_id]
        aligned = 2 * sum(both[doc_id]) - own - words.hubness(doc_id, doc, vector, code, lang)
        assert score == pytest.approx(scores[doc_id] + aligned, abs=1e-4)


@pytest.mark.parametrize(("lang", "code"), [("en", "fr"), ("en", "en"), ("el", "tr")])
def test_each_evidence_of_an_explanation_sums_to_what_it_adds(wh, world, lang, code):
    text, terms = QUERIES[lang][-1], Terms(world)

    def scores(**how):
        return dict(wh.search(text, lang, [code], 1000, **how).select("doc_id", "score").rows())

    query = terms.weigh(count_terms(text, lang), lang)
    vector = world.pooler.pool([text], lang).data[0].astype("f8")
    for number, (doc_id, _, row) in enumerate(known(world, code)[:8]):
        table = wh.explain(text, lang, doc_id, code, top=None)
        assert table["pooled"].sum() == pytest.approx(2 * vector @ row.astype("f8"), abs=1e-5)
        both, plain = scores(rerank=True), scores(rerank=False)
        assert table["aligned"].sum() == pytest.approx(both[doc_id] - plain[doc_id], abs=1e-5)
        cosine = terms.cosine(query, terms.weigh(terms.documents[code][number], code))
        assert table["written"].sum() == pytest.approx(2 * float(LEXICAL) * cosine, abs=1e-5)


def test_a_text_of_unknown_words_is_explained_by_how_they_are_written(wh, world):
    table = wh.explain("12 qqq", "fr", known(world, "en")[0][0], "en", top=None)
    assert table["share"].is_not_nan().all()


def test_none_is_both(wh):
    for text in QUERIES["en"]:
        assert wh.search(text, "en", k=7).equals(wh.search(text, "en", k=7, rerank=True, lexical=True))


def test_k_leaves_the_scores(wh):
    every = wh.search("house river sun", "en", k=1000)
    assert wh.search("house river sun", "en", k=4).equals(every.head(4))


def test_what_is_written_decides_between_equal_vectors(publish_world, tmp_path):
    rows = np.random.default_rng(3).standard_normal((40, 6)).astype("f4")
    words = tuple(f"w{n}" for n in range(40))
    pairs = [align.WordPairs("en", "fr", tuple(zip(words, words, strict=True)))]
    space = align.fit([WordVectors(lang, words, rows) for lang in ("en", "fr")], pairs, method="procrustes")
    table = [(f"d{n:02}", "fr", None, f"w{1 + n % 2} w{3 + n % 2} array_{n} {1000 + 7 * n}", "{}") for n in range(60)]
    names = dict.fromkeys(("doc_id", "lang", "title", "text", "metadata"), pl.String)
    publish_world(tmp_path / "s", space, pairs, pl.DataFrame(table, schema=names, orient="row"))
    with warehouse.open(tmp_path / "s") as wh:
        for how in ({"lexical": True}, {"rerank": True}, {"lexical": True, "rerank": True}):
            chosen = {"lexical": False, "rerank": False, **how}
            assert wh.search("w2 w4 array_17 1119", "en", ["fr"], 1, **chosen)["doc_id"].to_list() == ["d17"]
        assert wh.search("array_17", "en", ["fr"], 1)["doc_id"].to_list() == ["d17"], "no word of it has a vector"
        with pytest.raises(QueryError, match="search.no_known_word"):
            wh.search("array_17", "en", ["fr"], 1, lexical=False)


def test_terms_are_read_as_they_were_counted(wh, world):
    stored = read_terms(wh._open)
    names = [*stored.vocabulary]
    for lang, counts in stored.counts.items():
        for (_, text, _), row in zip(known(world, lang), counts, strict=True):
            assert {names[i]: n for i, n in zip(row.indices, row.data, strict=True)} == count_terms(text, lang)


def test_what_is_no_choice_is_refused(wh):
    for bad in (1, "yes", [True]):
        for name in ("rerank", "lexical"):
            with pytest.raises(InputError, match="api.bad_type"):
                wh.search("house", "en", **{name: bad})
