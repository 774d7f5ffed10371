"""Laws of passages in a store: the best of a document and its passages scores for it, everything else is as it was."""

import shutil

import numpy as np
import polars as pl
import pytest

import warehouse
from align.errors import CorruptStoreError, InputError
from align.measures import similarity
from align.passages import cut_passages
from align.tokens import tokenize
from warehouse.passages import index_passages, passage_hubness, read_places, read_units
from warehouse.verify import verify

TOKENS, OVERLAP = 8, 3
NAMES = dict.fromkeys(("doc_id", "lang", "title", "text", "metadata"), pl.String)
QUERIES = {"en": ["house river sun", "12 mail ISTANBUL qqq"], "fr": ["maison fleuve été"], "el": ["σπίτι φως"]}
PLAIN = {"rerank": False, "lexical": False}


def frame_of(rows):
    return pl.DataFrame([(d, lang, None, text, "{}") for d, lang, text in rows], schema=NAMES, orient="row")


@pytest.fixture(scope="module")
def cut(world, publish_world, tmp_path_factory):
    """Parallel documents of 2 to 40 words, cut; some hold passages without a known word, two say the same."""
    random = np.random.default_rng(5)
    lengths = [random.integers(9, 41) if i % 3 == 0 else random.integers(2, 8) for i in range(40)]
    drawn = [random.integers(len(world.space.vectors("en")), size=n) for n in lengths]
    rows = []
    for lang, n in zip(("en", "fr", "de", "tr", "el"), (40, 40, 15, 11, 6), strict=True):
        words = world.space.vectors(lang).words
        rows += [(f"d{i:02}", lang, "; ".join(words[j] for j in drawn[i]) + " !") for i in range(n)]
    rows += [(f"twin-{i}", "fr", "maison fleuve, rue soleil " * 9) for i in "ba"]
    rows += [
        ("strange", "en", "qq " * 30 + "house " * 3 + "qq " * 30),
        ("blank", "en", ""),
        ("foreign", "en", "zzz " * 50),
    ]
    root = tmp_path_factory.mktemp("cut") / "store"
    return publish_world(root, world.space, [], frame_of(rows), (TOKENS, OVERLAP))


@pytest.fixture(scope="module")
def opened(cut):
    with warehouse.open(cut.root) as wh:
        yield wh


class Loops:
    """Every document's units, by loops: (doc_id, text of the unit or of all, vector)."""

    def __init__(self, world):
        self.world, self.units, self.whole = world, {}, {}
        for part in world.indexed:
            self.units[part.lang], self.whole[part.lang] = [], []
            for doc_id, text in part.frame.select("doc_id", "text").rows():
                whole = world.pooler.pool([text], part.lang)
                if whole.mask.any():
                    continue
                self.whole[part.lang].append((doc_id, whole.data[0].astype("f8")))
                self.units[part.lang].append((doc_id, None, whole.data[0].astype("f8")))
                pieces = [text[p.start : p.stop] for p in cut_passages(text, part.lang, TOKENS, OVERLAP)]
                pieces = pieces if len(pieces) > 1 else []
                for piece, row in zip(pieces, world.pooler.pool(pieces, part.lang), strict=True):
                    if not row.mask.any():
                        self.units[part.lang].append((doc_id, piece, row.data.astype("f8")))

    def hubness(self, doc_id, code, vector, lang):
        """Mean cosine to the ten nearest documents of the query's language, other than its own."""
        langs = [lang] if len(self.whole[lang]) >= 10 else [*self.whole]
        asked = [v for one in langs for d, v in self.whole[one] if (d, one) != (doc_id, code)]
        return np.mean(sorted((float(vector @ v) for v in asked), reverse=True)[:10])

    def scores(self, text, lang, code):
        query = self.world.pooler.pool([text], lang).data[0].astype("f8")
        own = np.mean(sorted((float(query @ v) for _, _, v in self.units[code]), reverse=True)[:10])
        best, parts = {}, {}
        for doc_id, piece, vector in self.units[code]:
            score = 2 * float(query @ vector) - own - self.hubness(doc_id, code, vector, lang)
            best[doc_id] = max(best.get(doc_id, (-9, 0)), (score, float(query @ vector)))
            if piece is not None:
                parts[doc_id] = max(parts.get(doc_id, (-9, "")), (score, piece))
        return {doc_id: (*found, parts.get(doc_id, (0, None))[1]) for doc_id, found in best.items()}


@pytest.mark.parametrize(("lang", "code"), [("en", "fr"), ("en", "en"), ("fr", "de"), ("el", "tr"), ("el", "el")])
def test_the_best_of_a_document_and_its_passages_scores_for_it(opened, cut, lang, code):
    loops = Loops(cut)
    for text in QUERIES[lang]:
        hits = opened.search(text, lang, [code], 1000, passages=True, **PLAIN)
        best = loops.scores(text, lang, code)
        assert set(hits["doc_id"]) == set(best)
        for doc_id, score, passage in hits.select("doc_id", "score", "passage").rows():
            assert score == pytest.approx(best[doc_id][0], abs=1e-5)
            text = cut.frame.filter(doc_id=doc_id, lang=code)["text"].item()
            assert sorted(tokenize(passage, code)) == sorted(tokenize(best[doc_id][2] or text, code)), "twins tie"


def test_some_documents_are_cut_and_some_are_not(opened, cut):
    counted = opened.sql("SELECT lang, doc_id, count(*) AS n, count(vector) AS known FROM passages GROUP BY ALL")
    for lang, doc_id, text in cut.frame.select("lang", "doc_id", "text").rows():
        n = len(cut_passages(text, lang, TOKENS, OVERLAP))
        stored = counted.filter((pl.col("doc_id") == doc_id) & (pl.col("lang") == lang))
        assert stored["n"].to_list() == ([n] if n > 1 and doc_id not in ("foreign", "blank") else [])
    assert counted.filter(doc_id="strange").select(pl.col("known") < pl.col("n")).item()


def test_a_stored_passage_is_what_its_position_holds(opened, cut):
    sql = "SELECT lang, doc_id, substring(text, start + 1, stop - start), tokens, known_tokens, vector FROM passages JOIN documents USING (lang, doc_id)"
    for lang, _, passage, tokens, known, vector in opened.sql(sql).rows():
        pooled = cut.pooler.pool_counted([passage], lang)
        assert (pooled.tokens[0], pooled.known_tokens[0]) == (tokens, known)
        assert tokens == len(tokenize(passage, lang)) <= TOKENS
        if vector is None:
            assert not pooled.known[0]
        else:
            np.testing.assert_array_equal(pooled.vectors[0], np.array(vector, "f4"))


def test_sql_is_the_plain_search(opened):
    for lang, texts in QUERIES.items():
        for text in texts:
            for into in (None, ["fr"], ["tr", "en"]):
                ours = opened.search(text, lang, into, 1000, **PLAIN)
                theirs = opened.sql("FROM search_text(?, ?, k := 1000, into_ := ?)", [text, lang, into])
                ranks = theirs.join(ours, on=["lang", "doc_id"])
                assert ranks.height == ours.height == theirs.height
                np.testing.assert_allclose(ranks["score"], ranks["score_right"], atol=1e-5)


def test_sql_explains_what_scores(opened):
    for text, lang, code in (("house river sun", "en", "fr"), ("σπίτι φως", "el", "tr")):
        for doc_id, score in opened.search(text, lang, [code], 8, **PLAIN).select("doc_id", "score").rows():
            ours = opened.explain(text, lang, doc_id, code, None, **PLAIN)
            theirs = opened.sql("FROM explain_match(?, ?, ?, ?, top := NULL)", [text, lang, code, doc_id])
            assert theirs["share"].sum() == pytest.approx(score, abs=1e-5)
            np.testing.assert_allclose(np.sort(theirs["share"]), np.sort(ours["share"]), atol=1e-5)


@pytest.mark.parametrize("measure", ["cosine", "euclidean", "manhattan"])
def test_another_measure_is_taken_of_the_best_passage_too(opened, cut, measure):
    loops, text = Loops(cut), "house river sun"
    query = cut.pooler.pool([text], "en").data
    hits = opened.search(text, "en", ["fr"], 1000, measure=measure, passages=True)
    for doc_id, score, passage in hits.select("doc_id", "score", "passage").rows():
        own = [(piece, v) for d, piece, v in loops.units["fr"] if d == doc_id]
        told = similarity(query, np.array([v for _, v in own], "f4"), measure)[0]
        assert score == pytest.approx(told.max(), abs=1e-5)
        if len(own) > 1:
            assert sorted(tokenize(passage, "fr")) == sorted(tokenize(own[1 + int(told[1:].argmax())][0], "fr"))
    theirs = opened.sql("FROM search_text(?, 'en', k := 1000, into_ := ['fr'], measure := ?)", [text, measure])
    both = theirs.join(hits, on="doc_id")
    np.testing.assert_allclose(both["score"], both["score_right"], atol=1e-5)


def test_a_store_of_short_documents_gives_the_scores_of_one_without_passages(world, wh, publish_world, tmp_path):
    publish_world(tmp_path / "s", world.space, [], world.frame, (200, 100))
    with warehouse.open(tmp_path / "s") as short:
        assert short.sql("SELECT count(*) FROM passages").item() == 0
        for lang, texts in QUERIES.items():
            for how in (PLAIN, {}):
                assert short.search(texts, lang, k=1000, **how).equals(wh.search(texts, lang, k=1000, **how))


@pytest.mark.parametrize("how", [{}, PLAIN, {"rerank": False}, {"lexical": False}])
def test_shares_sum_to_the_score_and_the_pooled_part_is_that_of_what_scores(opened, cut, how):
    loops = Loops(cut)
    for lang, code in (("en", "fr"), ("en", "en"), ("el", "tr")):
        text = QUERIES[lang][0]
        best = loops.scores(text, lang, code)
        hits = opened.search(text, lang, [code], 12, explain=True, **how)
        for doc_id, score, why in hits.select("doc_id", "score", "why").rows():
            assert sum(pair["share"] for pair in why) == pytest.approx(score, abs=1e-5)
            table = opened.explain(text, lang, doc_id, code, top=None, **how)
            assert table["share"].sum() == pytest.approx(score, abs=1e-5)
            assert table["pooled"].sum() == pytest.approx(2 * best[doc_id][1], abs=1e-5)


def test_passages_only_add_columns(opened, wh):
    for store in (opened, wh):
        for how in ({}, PLAIN, {"explain": True}, {"rerank": False}, {"where": {}}):
            hits = store.search(QUERIES["en"], "en", k=9, passages=True, **how)
            plain = store.search(QUERIES["en"], "en", k=9, **how)
            assert hits.drop("passage", "passage_start", "passage_stop").equals(plain)
            for row in hits.iter_rows(named=True):
                sql = "SELECT text FROM documents WHERE (lang, doc_id) = (?, ?)"
                text = store.sql(sql, [row["lang"], row["doc_id"]]).item()
                assert text[row["passage_start"] : row["passage_stop"]] == row["passage"]


def test_passages_go_with_probabilities_and_reasons(opened):
    for how in (PLAIN, {}):
        hits = opened.search("house river sun", "en", ["fr"], 5, passages=True, probability=True, explain=True, **how)
        assert hits.columns[-4:] == ["passage", "passage_start", "passage_stop", "why"]
        assert hits["probability"].is_between(0, 1).all()


def test_no_hits_have_the_columns_too(wh):
    none = wh.search([], "en", passages=True)
    assert none.select("^passage.*$").dtypes == [pl.String, pl.Int64, pl.Int64]


NEEDLE = "House river water sun light. " * 30


@pytest.fixture(scope="module")
def haystack(world):
    """Thirty short documents, and one of 100,000 tokens whose last 150 are the needle."""
    random = np.random.default_rng(1)
    rows = [(f"d{i:02}", "en", " ".join(random.choice(world.space.vectors("en").words, 9))) for i in range(30)]
    hay = " ".join(["enx1", "enx2", "enx3", "enx4", "enx5"] * 19_970)
    return frame_of([*rows, ("long", "en", f"{hay}. {NEEDLE}")])


@pytest.mark.parametrize("passages", [(200, 100), (64, 0), None])
def test_a_needle_at_the_end_of_a_long_document_is_found_with_its_position(
    world, haystack, publish_world, tmp_path, passages
):
    publish_world(tmp_path / "s", world.space, [], haystack, passages)
    text = haystack["text"][-1]
    with warehouse.open(tmp_path / "s") as wh:
        assert (
            wh.sql("SELECT tokens, known_tokens FROM document_vectors WHERE doc_id = 'long'").row(0) == (100_000,) * 2
        )
        hits = wh.search("maison fleuve eau soleil lumière", "fr", ["en"], 31, passages=True, **PLAIN)
        hit = hits.filter(doc_id="long").row(0, named=True)
        assert text.index("House") < hit["passage_stop"]
        assert "House river water sun light" in hit["passage"] == text[hit["passage_start"] : hit["passage_stop"]]
        assert (hit["rank"] == 1) == (passages is not None), "without passages the rest drowns it"


def test_a_text_of_unknown_words_gets_the_passage_that_shares_its_terms(world, publish_world, tmp_path):
    hay = "river road " * 400
    rows = [("long", "en", f"{hay} array_17 {hay}"), *((f"d{i}", "en", "sun water") for i in range(12))]
    for n, passages in enumerate([(50, 10), None]):
        publish_world(tmp_path / str(n), world.space, [], frame_of(rows), passages)
        with warehouse.open(tmp_path / str(n)) as wh:
            hit = wh.search("array_17", "en", k=1, passages=True).row(0, named=True)
            assert hit["doc_id"] == "long"
            assert "array_17" in hit["passage"]
            assert hit["passage_start"] > 0


def test_a_document_like_another_is_searched_by_all_of_it(opened, cut):
    ours = opened.similar("d03", "en", ["fr"], 100)
    theirs = opened.sql("FROM similar_documents('en', 'd03', k := 100, into_ := ['fr'])")
    both = ours.join(theirs, on="doc_id")
    assert both.height == ours.height == theirs.height
    np.testing.assert_allclose(both["score"], both["score_right"], atol=1e-5)


def test_hubness_is_that_of_a_loop_whatever_the_sample_is(cut):
    loops = Loops(cut)
    passages = index_passages(cut.indexed, cut.pooler, TOKENS, OVERLAP)
    for query_lang in cut.space.languages:
        found = passage_hubness(cut.indexed, passages, query_lang)
        for part, some in zip(cut.indexed, passages, strict=True):
            known, ids = some.pooled.known, part.known_ids
            for row, vector, r in zip(some.documents[known], some.pooled.vectors[known], found[part.lang], strict=True):
                told = loops.hubness(ids[int(row)], part.lang, vector.astype("f8"), query_lang)
                assert r == pytest.approx(told, abs=1e-5)


def test_one_document_alone_has_no_neighbours(world, publish_world, tmp_path):
    publish_world(tmp_path / "s", world.space, [], frame_of([("a", "en", "house river sun " * 9)]), (4, 0))
    with warehouse.open(tmp_path / "s") as wh:
        assert wh.sql("SELECT DISTINCT hubness FROM passage_hubness").rows() == [(0,)]
        assert wh.search("fleuve", "fr", passages=True)["doc_id"].to_list() == ["a"]


def test_units_are_in_the_order_of_documents_and_passages(opened):
    units = read_units(opened._open, "fr")
    assert units.ids == sorted(units.ids)
    for number, doc_id in enumerate(units.ids):
        own = [units.passage(unit) for unit in range(*units.of(number).indices(len(units.documents)))]
        places = read_places(opened._open, "fr", doc_id)
        assert own == [None, *places]


def test_a_cut_store_keeps_its_promises_and_each_can_be_broken(cut, tmp_path, tamper):
    verify(cut.root)
    for n, (promise, sql) in enumerate([
        ("passages follow", "DELETE FROM passages WHERE passage = 1"), ("passages follow", "UPDATE passages SET stop = stop + 1"),
        ("passages follow", "UPDATE passages SET start = start + 1 WHERE passage = 0"), ("passages follow", "UPDATE passages SET doc_id = 'none' WHERE doc_id = 'twin-a'"),
        ("passages of documents", "UPDATE passages SET vector = NULL WHERE doc_id = 'twin-a'"), ("passages of documents", "UPDATE passages SET known_tokens = tokens + 1"),
        ("every passage", "DELETE FROM passage_hubness WHERE query_lang = 'el' AND doc_id = 'twin-a'"), ("every passage", "UPDATE passage_hubness SET hubness = 'nan'"),
        ("every passage", "INSERT INTO passage_hubness SELECT * FROM passage_hubness WHERE doc_id = 'twin-a'"), ("one space_id", "UPDATE passages SET space_id = 'other'"),
    ]):  # fmt: skip
        root = shutil.copytree(cut.root, tmp_path / str(n), symlinks=True)
        tamper(root, sql)
        with pytest.raises(CorruptStoreError, match=promise):
            verify(root)


def test_what_is_no_choice_is_refused(wh, cut):
    for bad in (1, "yes", None, [True]):
        with pytest.raises(InputError, match="api.bad_type"):
            wh.search("house", "en", passages=bad)
    with pytest.raises(InputError, match="passages.bad_tokens"):
        index_passages(cut.indexed, cut.pooler, 0)
    with pytest.raises(InputError, match="passages.bad_overlap"):
        index_passages(cut.indexed, cut.pooler, 5, 5)
