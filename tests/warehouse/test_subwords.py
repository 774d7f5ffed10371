"""Laws of a store with n-grams: texts with words that no vocabulary holds are in it, in Python and in SQL, what they are in its space."""

from functools import partial

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import align
import warehouse
from align.errors import UnknownWordError
from align.ngrams import ngram_buckets
from align.tokens import tokenize
from align.vectors import Subwords, WordVectors
from align.whitening import fit_reweighting

BUCKETS, DIM, LENGTHS = 30_011, 16, (3, 5)
STEMS = ("garten", "finster", "wolken", "büchlein", "schmelz", "tropfen", "klinge", "murmel", "zauber", "pfeffer")
ENDINGS = ("", "s", "st", "ung", "lich", "ige")
UNSEEN = tuple(stem + ending for stem, ending in zip(STEMS, 2 * ENDINGS[1:], strict=True))
POOLINGS = {
    "sif": {},
    "tfidf": {"weighting": "tfidf", "components": 2},
    "usif": {"weighting": "usif", "components": 1, "components_of": "joint"},
    "max": {"weighting": "idf", "reduce": "max"},
}
words = st.sampled_from([*UNSEEN, *STEMS]) | st.tuples(
    st.sampled_from(["", "be", "ver", "x"]),
    st.sampled_from(STEMS),
    st.text(st.sampled_from("enrstlichugäß7"), max_size=5),
).map("".join)
texts = st.lists(
    words | words.map(str.title) | st.sampled_from(["жщфцы", "qqqqq", "garten" * 12, "2024"]), max_size=7
).map(" ".join)


def planted():
    """German with n-grams, all of its stems with every ending but one; French, its words turned, without."""
    random = np.random.default_rng(1)
    names = [stem + ending for ending in ENDINGS for stem in STEMS if stem + ending not in UNSEEN]
    grams = random.standard_normal((BUCKETS, DIM)).astype("f4")
    rows = np.array([grams[found].mean(axis=0) for found in ngram_buckets(names, BUCKETS, *LENGTHS)])
    rows += 0.05 * random.standard_normal(rows.shape).astype("f4")
    counts = np.arange(len(names), 0, -1) * 20
    german = WordVectors("de", names, rows, counts, {}, {}, Subwords(grams, *LENGTHS))
    turn = np.linalg.qr(random.standard_normal((DIM, DIM)))[0]
    french = WordVectors(
        "fr", [f"mot{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(len(names))], rows @ turn, counts
    )
    pairs = align.WordPairs("fr", "de", tuple(zip(french.words, german.words, strict=True)))
    space = align.fit([german, french], [pairs], pivot="fr", method="procrustes")
    object.__setattr__(space, "reweightings", {("de", "fr"): fit_reweighting(*random.standard_normal((2, 40, DIM)))})
    documents = [
        (f"d{i:02}", lang, None, " ".join(random.choice(of, 6)), "{}")
        for lang, of in (("de", [*names, *UNSEEN]), ("fr", french.words))
        for i in range(26)
    ]
    columns = dict.fromkeys(("doc_id", "lang", "title", "text", "metadata"), pl.String)
    return space, [pairs], pl.DataFrame(documents, columns, orient="row")


@pytest.fixture(scope="module", params=POOLINGS)
def opened(request, publish_world, tmp_path_factory):
    """What was published, pooled in one of several ways; the open store, and a plain connection to it."""
    space, pairs, frame = planted()
    root = tmp_path_factory.mktemp(request.param) / "store"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(align, "fit_pooler", partial(align.fit_pooler, **POOLINGS[request.param]))
        world = publish_world(root, space, pairs, frame, (4, 1))
    with warehouse.open(root) as wh, duckdb.connect(str(root / "current.duckdb"), read_only=True) as connection:
        yield world, wh, connection


@pytest.fixture(scope="module")
def plain(publish_world, tmp_path_factory):
    """The same, pooled as usual."""
    space, pairs, frame = planted()
    world = publish_world(tmp_path_factory.mktemp("plain") / "store", space, pairs, frame)
    with warehouse.open(world.root) as wh, duckdb.connect(str(world.root / "current.duckdb"), read_only=True) as sql:
        yield world, wh, sql


@given(words, st.integers(0, 3), st.integers(1, 4), st.integers(1, 2_000_000))
def test_buckets_in_sql_are_those_of_python(plain, word, least, more, n):
    found = plain[2].execute("SELECT ngram_buckets(?, ?, ?, ?)", [word, n, least, least + more]).fetchall()[0][0]
    assert found == ngram_buckets([word], n, least, least + more)[0].tolist()


@given(words | st.sampled_from(["жщфцы", "qqqqq"]))
def test_the_vector_of_a_word_by_its_ngrams_in_sql_is_that_of_the_space(plain, word):
    world, _, sql = plain
    found, expected = (
        sql.execute("SELECT ngram_vector(?, 'de', 0)", [word]).fetchall()[0][0],
        world.space.ngrams["de"].vector(word),
    )
    assert (found is None) == (expected is None)
    assert found is None or found == pytest.approx(expected.tolist(), abs=1e-5)


@given(texts)
def test_known_words_are_those_of_python(plain, text):
    world, _, sql = plain
    rows = sql.execute("SELECT token, route, ranks, shares FROM known_words(?, 'de')", [text]).fetchall()
    assert {token for token, *_ in rows} == set(tokenize(text, "de"))
    for token, route, ranks, shares in rows:
        found = world.space.vectors("de").known.resolve(token)
        assert (route, ranks or []) == (found.route, [row + 1 for row in found.rows])
        assert (shares or []) == pytest.approx(list(found.shares), abs=1e-5)


@given(many=st.lists(texts, min_size=1, max_size=5), lang=st.sampled_from(["de", "de", "fr"]))
def test_embed_text_is_pooling(opened, many, lang):
    world, wh, sql = opened
    pooled = world.pooler.pool_counted(many, lang)
    sql.register("given_texts", pl.DataFrame({"i": range(len(many)), "t": many}).to_arrow())
    found = [row for (row,) in sql.execute(f"SELECT embed_text(t, '{lang}') FROM given_texts ORDER BY i").fetchall()]
    stored = wh._pooler(lang).pool_counted(many, lang)
    np.testing.assert_array_equal(stored.vectors, pooled.vectors)
    np.testing.assert_array_equal(stored.routes, pooled.routes)
    for one, known, vector in zip(found, pooled.known, pooled.vectors, strict=True):
        assert (one is not None) == known
        assert one is None or one == pytest.approx(vector.tolist(), abs=1e-5)


def test_search_text_and_explain_match_are_search_and_explain(opened):
    _, wh, sql = opened
    for text in (" ".join(UNSEEN[:3]), f"{UNSEEN[4]} garten qqqqq", UNSEEN[7]):
        hits = wh.search(text, "de", k=20, rerank=False, lexical=False)
        rows = sql.execute("SELECT score, lang, doc_id FROM search_text(?, 'de', k := 20)", [text]).fetchall()
        assert [row[1:] for row in rows] == hits.select("lang", "doc_id").rows()
        np.testing.assert_allclose([score for score, *_ in rows], hits["score"], atol=1e-5)
        for code, doc_id, score in hits.select("lang", "doc_id", "score").head(3).rows():
            shares = sql.execute(
                "SELECT sum(share) FROM explain_match(?, 'de', ?, ?, top := NULL)", [text, code, doc_id]
            ).fetchall()
            told = wh.explain(text, "de", doc_id, code, None, rerank=False, lexical=False)
            assert shares[0][0] == pytest.approx(score, abs=1e-4)
            assert told["share"].sum() == pytest.approx(score, abs=1e-4)


def test_shares_of_the_whole_score_sum_to_it_and_name_words(opened):
    world, wh, _ = opened
    text = f"{UNSEEN[1]} {UNSEEN[5]} wolken"
    for code, doc_id, score in wh.search(text, "de", k=4).select("lang", "doc_id", "score").rows():
        told = wh.explain(text, "de", doc_id, code, None)
        assert told["share"].sum() == pytest.approx(score, abs=1e-3)
        assert set(told["query_word"].drop_nulls()) <= {*world.space.vectors("de").words, *UNSEEN}


def test_the_store_holds_the_ngrams_of_its_space(plain):
    world, wh, _ = plain
    ours, theirs = wh.words("de").ngrams, world.space.ngrams["de"]
    for name in ("matrix", "buckets"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
    assert (ours.n_buckets, ours.min_n, ours.max_n, ours.content) == (
        theirs.n_buckets,
        theirs.min_n,
        theirs.max_n,
        theirs.content,
    )
    assert ours.normalization.steps == theirs.normalization.steps
    np.testing.assert_array_equal(ours.normalization.means, theirs.normalization.means)
    assert wh.words("fr").ngrams is None
    assert wh._pooler("de").pooling_id == world.pooler.pooling_id


def test_documents_count_their_tokens_by_route(plain):
    world, wh, _ = plain
    for part in world.indexed:
        found = wh.sql(
            "SELECT subword_tokens, known_tokens FROM document_vectors WHERE lang = ? ORDER BY doc_id", [part.lang]
        )
        assert found["subword_tokens"].to_list() == part.pooled.routes[:, 3].tolist()
        assert found["known_tokens"].to_list() == part.pooled.known_tokens.tolist()
        assert (found["subword_tokens"].sum() > 0) == (part.lang == "de")


@pytest.mark.parametrize("word", [*UNSEEN[:4], UNSEEN[4].upper(), "buchlein", "garten", "日"])
@pytest.mark.parametrize("target", ["fr", "de"])
def test_an_unseen_word_is_translated_in_the_store_as_in_the_space(plain, word, target):
    world, wh, sql = plain
    rows = sql.execute("SELECT word, score FROM translate(?, 'de', ?, k := 5)", [word, target]).fetchall()
    if word == "日":
        assert rows == []
        for each in (wh, world.space):
            with pytest.raises(UnknownWordError):
                each.translate(word, "de", target)
        return
    expected = world.space.translate(word, "de", target, 5)
    assert wh.translate(word, "de", target, 5)["word"].to_list() == [w for w, _ in rows] == expected["word"].to_list()
    np.testing.assert_allclose([score for _, score in rows], expected["score"], atol=1e-5)


def test_a_language_without_ngrams_knows_no_words_by_them(plain):
    _, wh, sql = plain
    assert sql.execute("SELECT route FROM known_words('motaaa', 'fr')").fetchall() == [(None,)]
    assert sql.execute("SELECT ngram_vector('motaaa', 'fr', 0), word_vector('motaaa', 'fr')").fetchall() == [
        (None, None)
    ]
    assert wh.routes("motaaa", "fr")["route"].to_list() == [None]
    with pytest.raises(UnknownWordError):
        wh.translate("motaaa", "fr", "de")


def test_words_aligned_are_those_of_the_stand_ins(plain):
    """A query of unseen words alone finds, word by word, the document that has their stems."""
    _, wh, _ = plain
    told = wh.routes(UNSEEN[0], "de").row(0, named=True)
    assert told["route"] == "subwords"
    both = wh.search([UNSEEN[0], " ".join(told["words"])], "de", ["fr"], 3, lexical=False)
    first = both.filter(pl.col("query") == 0)["doc_id"].to_list()
    assert set(first) & set(both.filter(pl.col("query") == 1)["doc_id"].to_list())


def test_a_store_with_ngrams_keeps_its_promises(plain):
    assert warehouse.verify(plain[0].root).documents == plain[0].frame.height
