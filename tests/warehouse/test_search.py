"""Laws of search: what is found is what a plain loop finds, and what cannot be meant is refused."""

import itertools
import json
import subprocess
import sys
import textwrap
import threading

import duckdb
import numpy as np
import polars as pl
import pytest

import align
import warehouse
from align.errors import AlignError, InputError, QueryError
from align.vectors import WordVectors

PLAIN = {"rerank": False, "lexical": False}
TEXTS = {
    "en": ["house river", "SUN road, heart", "water"],
    "fr": ["maison fleuve", "été"],
    "de": ["Haus Fluss Sonne", "straße"],
    "tr": ["ISI ırmak", "İKİ ev"],
    "el": ["ΛΌΓΟΣ σπίτι", "φως"],
}


def mean_of_ten(cosines):
    best = sorted(cosines, reverse=True)[:10]
    return sum(best) / len(best) if best else 0.0


def oracle(world, vector, lang, into=None, leave_out=()):
    """(lang, doc_id) → CSLS of every document, by a loop that knows nothing of matrices."""
    known = [
        (part.lang, doc_id, row.astype("f8"))
        for part in world.indexed
        for doc_id, row, known in zip(part.frame["doc_id"], part.pooled.vectors, part.pooled.known, strict=True)
        if known
    ]
    asking = [d for d in known if d[0] == lang]
    asking = asking if len(asking) >= 10 else known
    found = {}
    for code in world.space.languages if into is None else into:
        mine = [d for d in known if d[0] == code]
        near = mean_of_ten([vector @ row for _, _, row in mine])
        for d in mine:
            hubness = mean_of_ten([d[2] @ other[2] for other in asking if other[:2] != d[:2]])
            if d[:2] not in leave_out:
                found[d[:2]] = 2 * float(vector @ d[2]) - near - hubness
    return found


def check(hits, found, k):
    """`hits` are the k best of `found`, in order; where two scores are as good as equal, either may be first."""
    assert hits.height == min(k, len(found))
    assert hits["rank"].to_list() == list(range(1, hits.height + 1))
    keys = hits.select("lang", "doc_id").rows()
    np.testing.assert_allclose(hits["score"], [found[key] for key in keys], atol=2e-6)
    np.testing.assert_allclose(hits["score"], sorted(found.values(), reverse=True)[:k], atol=2e-6)


@pytest.mark.parametrize(("lang", "text"), [(lang, text) for lang, texts in TEXTS.items() for text in texts])
def test_search_is_the_loop(wh, world, lang, text):
    vector = world.pooler.pool([text], lang).data[0].astype("f8")
    for into, k in ((None, 10), (["fr"], 3), (["el", "tr"], 5), (None, 500)):
        check(wh.search(text, lang, into, k, **PLAIN), oracle(world, vector, lang, into), k)


@pytest.mark.parametrize(
    ("lang", "doc_id"), [("en", "d00"), ("fr", "twin-b"), ("de", "d05"), ("tr", "d11"), ("el", "d02")]
)
def test_similar_is_the_loop_without_the_document_itself(wh, world, lang, doc_id):
    part = world.indexed_of(lang)
    vector = part.pooled.vectors[part.frame["doc_id"].to_list().index(doc_id)].astype("f8")
    for into, k in ((None, 10), ([lang], 4), (["en", "fr"], 500)):
        found = oracle(world, vector, lang, into, leave_out={(lang, doc_id)})
        check(wh.similar(doc_id, lang, into, k), found, k)


def test_a_batch_is_its_queries_one_by_one(wh):
    texts = [text for texts in TEXTS.values() for text in texts] + ["qqq"]
    for lang in wh.languages:
        batch = wh.search(texts, lang, k=6)
        for i, text in enumerate(texts):
            rows = batch.filter(pl.col("query") == i)
            try:
                alone = wh.search(text, lang, k=6)
            except QueryError as error:
                assert error.code == "search.no_known_word"
                assert rows.is_empty()
                continue
            assert rows.drop("query", "score").equals(alone.drop("query", "score"))
            np.testing.assert_allclose(rows["score"], alone["score"], atol=1e-6)


def test_into_chooses_among_the_hits_and_leaves_their_scores(wh):
    every = wh.search("house river", "en", k=1000)
    for n in range(1, 6):
        for into in itertools.combinations(wh.languages, n):
            some = wh.search("house river", "en", into, 1000).drop("rank")
            assert some.equals(every.filter(pl.col("lang").is_in(into)).drop("rank"))


def test_the_order_of_into_and_what_it_says_twice_do_not_matter(wh):
    one = wh.search("house", "en", ["fr", "de"])
    assert one.equals(wh.search("house", "en", ["de", "fr", "de"]))
    assert one.equals(wh.search("house", "EN", ["DE", "FR"]))


def test_A06_twins_stand_in_the_order_of_their_ids(wh):
    for text, lang in (("house", "en"), ("maison", "fr"), ("ev", "tr"), ("σπίτι", "el")):
        hits = wh.search([text, text], lang, ["fr"], 1000)
        twins = hits.filter(pl.col("doc_id").str.starts_with("twin"))
        assert twins["doc_id"].to_list() == ["twin-a", "twin-b", "twin-c"] * 2
        assert twins["score"].n_unique() == 1


def test_A06_equal_scores_stand_in_the_order_of_language_and_id(publish_world, tmp_path):
    """Two languages of the same words and documents tie everywhere."""
    rows = np.random.default_rng(3).standard_normal((40, 6)).astype("f4")
    words = tuple(f"w{n}" for n in range(40))
    pairs = [align.WordPairs("en", lang, tuple(zip(words, words, strict=True))) for lang in ("fr", "de")]
    space = align.fit([WordVectors(lang, words, rows) for lang in ("en", "fr", "de")], pairs, method="procrustes")
    texts = [(f"d{n:02}", f"w{n} w{(7 * n + 1) % 40}") for n in range(30)]
    table = [(doc_id, lang, None, text, "{}") for lang in ("fr", "de", "en") for doc_id, text in texts]
    names = dict.fromkeys(("doc_id", "lang", "title", "text", "metadata"), pl.String)
    publish_world(tmp_path / "s", space, pairs, pl.DataFrame(table, schema=names, orient="row"))
    with warehouse.open(tmp_path / "s") as wh:
        for text in ("w1 w2", "w30", "w5 w6 w7 w8"):
            hits = wh.search(text, "en", ["fr", "de"], 60, **PLAIN)
            assert hits["score"].n_unique() <= 30
            owed = [(-score, lang, doc_id) for score, lang, doc_id in hits.select("score", "lang", "doc_id").rows()]
            assert owed == sorted(owed)
            rows = wh.sql(
                "SELECT lang, doc_id FROM search_text(?, 'en', k := 60, into_ := ['fr', 'de'])", [text]
            ).rows()
            assert rows == hits.select("lang", "doc_id").rows()


def test_A02_more_than_there_are_gives_all(wh, world):
    n = sum(int(part.pooled.known.sum()) for part in world.indexed)
    assert wh.search("house", "en", k=1_000_000).height == n
    assert wh.similar("d00", "en", k=1_000_000).height == n - 1
    assert wh.translate("house", "en", "fr", k=1_000_000).height == len(world.space.vectors("fr"))


@pytest.mark.parametrize("k", [0, -1, True, 1.5, None, "3", 10**19, [3]])
def test_A02_what_is_no_count_is_refused(wh, k):
    for call in (
        lambda: wh.search("house", "en", k=k),
        lambda: wh.search("no such words", "en", k=k),
        lambda: wh.similar("d00", "en", k=k),
        lambda: wh.translate("house", "en", "fr", k=k),
    ):
        with pytest.raises(InputError, match="api.bad_k"):
            call()


def test_T01_documents_without_a_known_word_have_a_reason_and_are_no_hits(wh):
    sql = "SELECT doc_id, reason, tokens, known_tokens FROM document_vectors WHERE vector IS NULL ORDER BY ALL"
    assert wh.sql(sql).rows() == [("blank", "no_tokens", 0, 0), ("foreign", "no_known_token", 2, 0)]
    for lang in wh.languages:
        found = {*wh.search(TEXTS[lang][0], lang, k=1000)["doc_id"]}
        assert not found & {"blank", "foreign"}
    with pytest.raises(QueryError, match=r"foreign.*no_known_token.*search.no_vector"):
        wh.similar("foreign", "en")
    with pytest.raises(QueryError, match="search.no_document"):
        wh.similar("foreign", "fr")


def test_a_query_without_a_known_word_is_refused_and_among_others_has_no_rows(wh):
    for queries in ("qqq", "", ["", "qqq"]):
        with pytest.raises(QueryError, match="search.no_known_word"):
            wh.search(queries, "en")
    assert set(wh.search(["qqq", "house", ""], "en")["query"]) == {1}
    assert wh.search([], "en").is_empty()


WHERE = [
    {"topic": "o'clock"}, {"topic": 'sa"id'}, {"topic": "%"}, {"topic": "été"}, {"topic": "e\u0301te\u0301"}, {"topic": "' OR 1=1 --"},
    {"topic": ["law", "été", None]}, {"topic": None}, {"topic": []}, {"year": 1991}, {"year": [1990, 1994]}, {"open": False},
    {"share": 1}, {"share": 1.75}, {"topic": "law", "year": 1990, "open": [True]}, {"lang": ["fr", "de"]}, {"title": None},
    {"doc_id": [f"d{n:02}" for n in range(0, 100_000, 2)]},
]  # fmt: skip


@pytest.mark.parametrize("where", WHERE, ids=lambda where: " ".join(where))
def test_A07_filters_are_those_of_python(wh, world, where):
    about = {
        (row["lang"], row["doc_id"]): {**json.loads(row["metadata"]), **row}
        for row in world.frame.iter_rows(named=True)
    }

    def wanted(card):
        choices = {key: value if isinstance(value, list) else [value] for key, value in where.items()}
        return all(card.get(key) in (set(some) if len(some) > 9 else some) for key, some in choices.items())

    every = wh.search("house river", "en", k=1000)
    kept = [key for key in every.select("lang", "doc_id").rows() if wanted(about[key])]
    found = wh.search("house river", "en", k=1000, where=where)
    assert found.select("lang", "doc_id").rows() == kept
    assert found["score"].to_list() == [
        s for key, s in zip(every.select("lang", "doc_id").rows(), every["score"], strict=True) if key in kept
    ]
    assert wh.search("house river", "en", k=3, where=where).select("lang", "doc_id").rows() == kept[:3]


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ({"year": "1990"}, "search.bad_filter"), ({"year": True}, "search.bad_filter"), ({"open": 1}, "search.bad_filter"),
        ({"topic": "\ud800"}, "search.bad_filter"), ({"topik": "law"}, "search.no_column"), ({1: 1}, "search.no_column"), ("law", "api.bad_type"),
    ],
)  # fmt: skip
def test_A07_filters_that_could_not_match_are_refused(wh, where, code):
    with pytest.raises(AlignError) as refused:
        wh.search("house", "en", where=where)
    assert refused.value.code == code


HOW = [{"rerank": rerank, "lexical": lexical} for rerank in (False, True) for lexical in (False, True)] + [{}]


@pytest.mark.parametrize("how", HOW, ids=str)
def test_explain_shows_the_word_pairs_that_make_the_hit(wh, how):
    text = "house river sun 12 qqq"
    hits = wh.search(text, "en", ["fr", "el"], 6, explain=True, **how)
    for why, doc_id, lang, score in hits.select("why", "doc_id", "lang", "score").rows():
        whole = wh.explain(text, "en", doc_id, lang, top=None, **how)
        assert whole["share"].sum() == pytest.approx(score, abs=1e-5)
        assert sum(pair["share"] for pair in why) == pytest.approx(score, abs=1e-5)
        assert [pair["share"] for pair in why[:-1]] == whole["share"].to_list()[: len(why) - 1]
        assert {pair["query_word"] for pair in why[:-1]} <= {*text.split()}
        assert (why[-1]["query_word"], why[-1]["document_word"]) == (None, None)


def test_explain_cuts_word_pairs_and_keeps_what_hubness_takes(wh):
    whole = wh.explain("house river", "en", "d00", "fr", top=None)
    assert wh.explain("house river", "en", "d00", "fr", top=2).equals(pl.concat([whole.head(2), whole.tail(1)]))
    assert wh.explain("house river", "en", "d00", "fr", top=10_000).equals(whole)


def test_explain_of_what_is_not_there_is_refused(wh):
    for doc_id, code in (("foreign", "search.no_vector"), ("nowhere", "search.no_document")):
        with pytest.raises(QueryError, match=code):
            wh.explain("house", "en", doc_id, "en")
    with pytest.raises(QueryError, match="search.no_known_word"):
        wh.explain("qqq", "en", "d00", "fr")


@pytest.mark.parametrize("bad", ["xx", "english", "", "../x", None, 7])
def test_A04_unknown_languages_are_refused(wh, bad):
    for call in (
        lambda: wh.search("house", bad), lambda: wh.search("house", "en", [bad]), lambda: wh.similar("d00", bad), lambda: wh.words(bad),
        lambda: wh.translate("house", bad, "fr"), lambda: wh.translate("house", "en", bad), lambda: wh.explain("house", "en", "d00", bad),
    ):  # fmt: skip
        with pytest.raises(InputError):
            call()


@pytest.mark.parametrize("bad", [None, 5, b"house", [None], [b"house"], ["house", 5], {"house": 1}])
def test_queries_that_are_no_texts_are_refused(wh, bad):
    with pytest.raises(InputError, match="api.bad_type"):
        wh.search(bad, "en")


def test_into_that_is_no_list_of_languages_is_refused(wh):
    for bad in ("fr", 5, [5], {"fr": 1}):
        with pytest.raises(InputError, match="api.bad_type"):
            wh.search("house", "en", bad)


def test_A05_a_closed_warehouse_is_refused_even_what_it_had_in_memory(world):
    wh = warehouse.open(world.root)
    calls = [
        lambda: wh.search("house", "en"), lambda: wh.similar("d00", "en"), lambda: wh.translate("house", "en", "fr"),
        lambda: wh.words("en"), lambda: wh.languages, lambda: wh.sql("SELECT 1"), lambda: wh.explain("house", "en", "d00", "fr"),
    ]  # fmt: skip
    for call in calls:
        call()
    wh.close()
    wh.close()
    for call in calls:
        with pytest.raises(QueryError, match="query.closed"):
            call()


def test_A05_threads_may_share_a_warehouse(world):
    with warehouse.open(world.root) as wh:
        expected = {
            lang: oracle(world, world.pooler.pool(texts[:1], lang).data[0].astype("f8"), lang)
            for lang, texts in TEXTS.items()
        }
    faults = []

    def ask(wh, start):
        try:
            for n in range(start, start + 15):
                lang = list(TEXTS)[n % 5]
                check(wh.search(TEXTS[lang][0], lang, k=7, **PLAIN), expected[lang], 7)
                assert wh.sql("SELECT count(*), ? FROM words WHERE lang = ?", [n, lang]).row(0) == (60, n)
                assert wh.explain("house maison Haus ev σπίτι", lang, "d00", "en").height
        except BaseException as fault:
            faults.append(fault)

    with warehouse.open(world.root) as wh:
        threads = [threading.Thread(target=ask, args=(wh, n)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert faults == []


def test_A05_a_forked_process_is_refused_and_may_close(world):
    program = """
        import os, sys, warehouse
        with warehouse.open(sys.argv[1]) as wh:
            wh.search("house", "en")
            child = os.fork()
            if not child:
                codes = set()
                for call in (lambda: wh.search("house", "en"), lambda: wh.sql("SELECT 1"), lambda: wh.languages):
                    try:
                        call()
                    except warehouse.search.QueryError as error:
                        codes.add(error.code)
                wh.close()
                os._exit(7 if codes == {"query.forked"} else 1)
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), wh.search("house", "en").height)
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(world.root)]
    assert subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.split() == [
        "7",
        "10",
    ]


def test_a_plain_client_of_the_same_process_reads_beside_it(wh, world):
    with duckdb.connect(str(world.root / "current.duckdb"), read_only=True) as plain:
        assert plain.execute("SELECT count(*) FROM search_text('house', 'en')").fetchall() == [(10,)]
        assert wh.search("house", "en").height == 10
    with (
        duckdb.connect(str(world.root / "current.duckdb"), read_only=True) as plain,
        warehouse.open(world.root) as other,
    ):
        assert other.search("house", "en").height == 10
        assert plain.execute("SELECT count(*) FROM documents").fetchall() == [(world.frame.height,)]


def test_routes_of_a_text_are_those_of_its_pooler(wh, world):
    text = "houseriver House ístanbul qqq"
    told = wh.routes(text, "en")
    assert told.equals(world.pooler.routes(text, "en"))
    assert told["route"].to_list() == ["parts", "exact", "variant", None]
    with pytest.raises(InputError, match=r"space\.no_language"):
        wh.routes(text, "xx")
