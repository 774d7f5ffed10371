"""Laws of the macros that are joined to tables: a thousand questions in one statement get what Python answers to each."""

import re
import unicodedata
from functools import partial
from importlib import resources
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

import align
import warehouse
from align.errors import QueryError, UnknownWordError

README = Path(__file__).parents[2] / "README.md"
NEAR = 1e-5
POOLINGS = {
    "sif": {},
    "tfidf": {"weighting": "tfidf", "components": 3},
    "usif": {"weighting": "usif", "components": 2, "components_of": "joint"},
    "sqrt": {"weighting": "idf", "reduce": "mean_sqrt_len", "centre": False},
    "max": {"weighting": "idf", "reduce": "max", "components": 1},
}


@pytest.fixture(scope="module")
def store(world):
    """The planted store as a client without this project has it."""
    with duckdb.connect(str(world.root / "current.duckdb"), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module", params=POOLINGS)
def pooled(request, world, wh, store, publish_world, tmp_path_factory):
    """The planted documents, pooled in one of several ways: the open store, and a plain connection to it."""
    if request.param == "sif":
        yield wh, store
        return
    root = tmp_path_factory.mktemp(request.param) / "store"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(align, "fit_pooler", partial(align.fit_pooler, **POOLINGS[request.param]))
        publish_world(root, world.space, [], world.frame)
    with warehouse.open(root) as opened, duckdb.connect(str(root / "current.duckdb"), read_only=True) as connection:
        yield opened, connection


def bare(word):
    """`word` without its accents."""
    return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))


def some_words(space, random, lang, n):
    """n words, most of `lang`, as anybody may write them."""
    spoken = random.choice([*space.languages, *[lang] * 12], size=n)
    words = [str(random.choice(space.vectors(one).words)) for one in spoken]
    nfd = partial(unicodedata.normalize, "NFD")
    written = (str, str, str, str.upper, str.title, nfd, bare, "({}!)".format, "{0}{0}".format, lambda word: "qqqqq")
    return [written[i](word) for i, word in zip(random.integers(len(written), size=n), words, strict=True)]


def some_texts(space, random, n, fewest=0):
    """n texts of `fewest` to 12 words with their languages; of the shortest some hold no known word."""
    langs = [str(lang) for lang in random.choice(space.languages, size=n)]
    return [(" ".join(some_words(space, random, lang, random.integers(fewest, 13))), lang) for lang in langs]


def asked(store, sql, **columns):
    """The rows of `sql`, in which q is a table of `columns`, numbered by i."""
    store.register("q", pl.DataFrame({"i": range(len(next(iter(columns.values())))), **columns}).to_arrow())
    rows = store.execute(sql).fetchall()
    store.unregister("q")
    found = {}
    for i, *row in rows:
        found.setdefault(i, []).append(tuple(row))
    return found


def same_ranking(rows, every, k):
    """`rows` (rank, score, name) are k of `every` {name: score}, best first, but for the order of what is equally good."""
    assert [rank for rank, _, _ in rows] == [*range(1, min(k, len(every)) + 1)]
    scores, theirs = np.array([score for _, score, _ in rows]), np.array([every[name] for _, _, name in rows])
    np.testing.assert_allclose(scores, theirs, atol=NEAR)
    np.testing.assert_allclose(scores, np.sort([*every.values()])[::-1][:k], atol=NEAR)
    assert (theirs <= np.minimum.accumulate(theirs) + NEAR).all()
    assert len({name for _, _, name in rows}) == len(rows)


def test_a_thousand_texts_in_one_statement_find_what_search_finds(store, wh, world):
    random = np.random.default_rng(1)
    texts, langs = zip(*some_texts(world.space, random, 1000), strict=True)
    ks = random.integers(1, 130, size=1000).tolist()
    sql = "SELECT i, s.rank, s.score, (s.lang, s.doc_id) FROM q, search_text(q.text, q.lang, k := q.k) s ORDER BY i, s.rank"
    rows = asked(store, sql, text=texts, lang=langs, k=ks)
    of_lang = {lang: [i for i in range(1000) if langs[i] == lang] for lang in set(langs)}
    found = {}
    for lang, numbers in of_lang.items():
        hits = wh.search([texts[i] for i in numbers], lang, k=1000, rerank=False, lexical=False)
        for query, score, code, doc_id in hits.select("query", "score", "lang", "doc_id").rows():
            found.setdefault(numbers[query], {})[code, doc_id] = score
    assert rows.keys() == found.keys()
    assert 800 < len(found) < 1000
    for i, every in found.items():
        same_ranking(rows[i], every, ks[i])


@pytest.mark.parametrize("lang", ["en", "el"])
def test_one_language_for_all_rows_and_languages_and_measure_of_each(store, wh, world, lang):
    random = np.random.default_rng(2)
    texts = [" ".join(random.choice(world.space.vectors(lang).words, size=4)) for _ in range(20)]
    into = [["fr"] if i % 2 else ["de", "tr"] for i in range(20)]
    measures = [("csls", "cosine", "euclidean")[i % 3] for i in range(20)]
    for sql in (
        f"search_text(q.text, '{lang}', k := 7, into_ := q.into_, measure := q.measure)",
        "search_text(q.text, q.lang, k := 7, into_ := q.into_, measure := q.measure)",
    ):
        sql = f"SELECT i, s.rank, s.score, (s.lang, s.doc_id) FROM q, {sql} s ORDER BY i, s.rank"
        rows = asked(store, sql, text=texts, into_=into, measure=measures, lang=[lang] * 20)
        for i, text in enumerate(texts):
            plain = {"rerank": False, "lexical": False} if measures[i] == "csls" else {}
            hits = wh.search(text, lang, into[i], 1000, measure=measures[i], **plain)
            every = {(code, doc_id): score for score, code, doc_id in hits.select("score", "lang", "doc_id").rows()}
            same_ranking(rows[i], every, 7)


def test_every_document_in_one_statement_finds_what_similar_finds(store, wh):
    sql = (
        "SELECT row_number() OVER (ORDER BY d.lang, d.doc_id), d.lang, d.doc_id, list((s.rank, s.score, (s.lang, s.doc_id)) ORDER BY s.rank) "
        "FROM document_vectors d, similar_documents(d.lang, d.doc_id, k := 9) s GROUP BY d.lang, d.doc_id"
    )
    rows = store.execute(sql).fetchall()
    assert [(len(rows),)] == store.execute("SELECT count(vector) FROM document_vectors").fetchall()
    for _, lang, doc_id, found in rows:
        hits = wh.similar(doc_id, lang, k=1000).select("score", "lang", "doc_id").rows()
        same_ranking(found, {(code, other): score for score, code, other in hits}, 9)


@pytest.mark.parametrize(("macro", "k"), [("translate", 5), ("nearest_words", 10)])
def test_words_in_one_statement_are_translated_as_one_by_one(store, wh, world, macro, k):
    random, langs = np.random.default_rng(3), world.space.languages
    sources, targets = random.choice(langs, size=400).tolist(), random.choice(langs, size=400).tolist()
    words = [some_words(world.space, random, lang, 1)[0] for lang in sources]
    ks = random.integers(1, 80, size=400).tolist()
    rows = asked(
        store, f"SELECT i, s.rank, s.score, s.word FROM q, {macro}(q.word, q.source, q.target, k := q.k) s ORDER BY i, s.rank",
        word=words, source=sources, target=targets, k=ks,
    )  # fmt: skip
    for i, word in enumerate(words):
        try:
            every = dict(wh.translate(word, sources[i], targets[i], 1000).select("word", "score").rows())
        except UnknownWordError:
            assert i not in rows
        else:
            same_ranking(rows[i], every, ks[i])
    assert 200 < len(rows) < 400
    pairs = {
        pair: [i for i in rows if (sources[i], targets[i]) == pair][:3] for pair in zip(sources, targets, strict=True)
    }
    for (source, target), numbers in pairs.items():  # the languages constant, k as it is unless one asks
        sql = f"SELECT i, s.rank, s.word FROM q, {macro}(q.word, '{source}', '{target}') s ORDER BY i, s.rank"
        found = asked(store, sql, word=[words[i] for i in numbers])
        for place, i in enumerate(numbers):
            assert [word for _, word in found[place]] == wh.translate(words[i], source, target, k)["word"].to_list()


def test_translate_is_what_python_translates(store, wh):
    sql = "SELECT * FROM translate(?, ?, ?)"
    for word, source, target in (
        ("house", "en", "fr"),
        ("Été", "fr", "en"),
        ("STRASSE", "de", "tr"),
        ("λογοσ", "el", "en"),
        ("12", "en", "en"),
    ):
        found = store.execute(sql, [word, source, target])
        assert [column[0] for column in found.description] == ["rank", "word", "score"]
        rows = found.fetchall()
        ours = wh.translate(word, source, target) if rows else None
        assert ours is None or [row[:2] for row in rows] == ours.select("rank", "word").rows()
        assert ours is None or [row[2] for row in rows] == pytest.approx(ours["score"].to_list(), abs=NEAR)
    for nothing in (
        ["qqqqq", "en", "fr"],
        ["house", "xx", "fr"],
        ["house", "en", "xx"],
        [None, "en", "fr"],
        ["", "en", "fr"],
    ):
        assert store.execute(sql, nothing).fetchall() == []
    assert store.execute("SELECT count(*) FROM translate('house', 'en', 'fr', k := 0)").fetchall() == [(0,)]


def test_a_table_macro_and_a_function_called_translate_do_not_meet(world, store):
    """Also where the store is attached beside another catalog, or another is attached to it."""
    sql = (
        "SELECT t.word, translate('house', 'ehosu', 'xyzuv'), fold_text('ISI İKİ', 'tr') "
        "FROM (VALUES ('house')) v(word), translate(v.word, 'en', 'fr', k := 1) t"
    )
    here = store.execute(sql).fetchall()
    assert here[0][1:] == ("yzvux", "ısı iki")
    for first, then in (("", "USE store"), ("CREATE TABLE words AS SELECT 'mine' AS word", "USE store.main")):
        with duckdb.connect() as other:
            if first:
                other.execute(first)
            other.execute(f"ATTACH '{world.root / 'current.duckdb'}' AS store (READ_ONLY)")
            other.execute(then)
            assert other.execute(sql).fetchall() == here
            assert other.execute("SELECT count(*) FROM explain_match('house', 'en', 'fr', 'd00')").fetchall()[0][0] > 1
            assert other.execute("SELECT count(*) FROM search_text('house', 'en')").fetchall() == [(10,)]


def pairs_of(world, random, n, fewest=0):
    """n texts, each with its language and one document that has a vector."""
    there = [(part.lang, doc_id) for part in world.indexed for doc_id in part.known_ids]
    chosen = [there[i] for i in random.integers(len(there), size=n)]
    return [
        (*text, *document) for text, document in zip(some_texts(world.space, random, n, fewest), chosen, strict=True)
    ]


def same_explanation(rows, table):
    """`rows` of explain_match are those of `Warehouse.explain`, in an order that its shares allow."""
    *pairs, rest = rows
    ours = {
        row[:2]: row[2:] for row in table.select("query_word", "document_word", "similarity", "weight", "share").rows()
    }
    assert [row[0] for row in rows] == [*range(1, len(rows)), None]
    assert len(rows) == table.height
    assert rest[1:5] == (None,) * 4
    for _, query_word, document_word, *numbers in pairs:
        assert numbers == pytest.approx(ours[query_word, document_word], abs=NEAR)
    assert rest[5] == pytest.approx(ours[None, None][2], abs=NEAR)
    shares = [row[5] for row in pairs]
    assert shares == sorted(shares, reverse=True)


def test_explanations_in_one_statement_are_those_of_python(pooled, world):
    opened, connection = pooled
    pairs = pairs_of(world, np.random.default_rng(4), 100)
    texts, langs, codes, ids = zip(*pairs, strict=True)
    sql = "SELECT i, e.* FROM q, explain_match(q.text, q.lang, q.code, q.doc_id, top := {}) e ORDER BY i, e.rank"
    columns = {"text": texts, "lang": langs, "code": codes, "doc_id": ids}
    whole, some = (asked(connection, sql.format(top), **columns) for top in ("NULL", "1 + q.i % 7"))
    for i, (text, lang, code, doc_id) in enumerate(pairs):
        try:
            table = opened.explain(text, lang, doc_id, code, None, rerank=False, lexical=False)
        except QueryError:
            assert i not in whole.keys() | some.keys()
        else:
            same_explanation(whole[i], table)
            n = min(1 + i % 7, table.height - 1)
            assert [row[1:3] for row in some[i]] == [row[1:3] for row in [*whole[i][:n], whole[i][-1]]]
            assert some[i][-1][5] == pytest.approx(whole[i][-1][5], abs=NEAR)
    assert len(whole) > 80


def test_shares_of_explain_match_sum_to_the_score_of_search_text(pooled, world):
    _, connection = pooled
    texts = [text for text, lang in some_texts(world.space, np.random.default_rng(5), 60) if lang == "fr"]
    rows = asked(
        connection,
        "SELECT i, any_value(s.score), sum(e.share) FROM q, search_text(q.text, 'fr', k := 4) s, "
        "explain_match(q.text, 'fr', s.lang, s.doc_id, top := NULL) e GROUP BY i, s.lang, s.doc_id",
        text=texts,
    )
    sums = [row for found in rows.values() for row in found]
    assert len(sums) == 4 * len(rows) > 20
    for score, shared in sums:
        assert shared == pytest.approx(score, abs=NEAR)


def test_explain_match_has_its_columns_and_twenty_pairs(store, world):
    words = " ".join(world.space.vectors("en").words[:12])
    found = store.execute("SELECT * FROM explain_match(?, 'en', 'fr', 'twin-a')", [words])
    names = ["rank", "query_word", "document_word", "similarity", "weight", "share"]
    assert [column[0] for column in found.description] == names
    assert [row[0] for row in found.fetchall()] == [*range(1, 21), None]


def test_what_cannot_be_explained_has_no_rows(store):
    for text, lang, code, doc_id in (
        ("house", "en", "en", "nowhere"), ("house", "en", "en", "blank"), ("house", "en", "xx", "d00"), ("house", "xx", "en", "d00"),
        ("qqqqq", "en", "en", "d00"), ("", "en", "en", "d00"), (None, "en", "en", "d00"),
    ):  # fmt: skip
        assert store.execute("SELECT * FROM explain_match(?, ?, ?, ?)", [text, lang, code, doc_id]).fetchall() == []


def test_words_of_a_text_weighted_by_their_shares_are_its_vector(pooled, world):
    _, connection = pooled
    linear = connection.execute("SELECT reduce <> 'max' FROM spaces").fetchone()[0]
    for text, lang in some_texts(world.space, np.random.default_rng(6), 40):
        rows = connection.execute("SELECT share, pooled FROM text_words(?, ?)", [text, lang]).fetchall()
        (vector,) = connection.execute("SELECT embed_text(?, ?)", [text, lang]).fetchone()
        assert bool(rows) == (linear and vector is not None)
        if rows:
            shares, parts = (np.array(column) for column in zip(*rows, strict=True))
            whole = shares @ parts
            assert shares.sum() == pytest.approx(1)
            np.testing.assert_allclose(whole / np.linalg.norm(whole), vector, atol=NEAR)


def test_shares_of_a_thousand_explanations_sum_to_the_scores_of_search(wh, world):
    pairs = pairs_of(world, np.random.default_rng(7), 1000, fewest=3)
    explained = 0
    for lang in world.space.languages:
        mine = [(text, code, doc_id) for text, own, code, doc_id in pairs if own == lang]
        hits = wh.search([text for text, _, _ in mine], lang, k=1000)
        scores = {row[:3]: row[3] for row in hits.select("query", "lang", "doc_id", "score").rows()}
        for query, (text, code, doc_id) in enumerate(mine):
            if (query, code, doc_id) in scores:
                table, explained = wh.explain(text, lang, doc_id, code, top=None), explained + 1
                assert table["share"].sum() == pytest.approx(scores[query, code, doc_id], abs=NEAR)
    assert explained > 990


def test_shares_of_every_why_sum_to_the_score_of_its_hit(wh, world):
    texts = some_texts(world.space, np.random.default_rng(8), 250)
    for lang in world.space.languages:
        hits = wh.search([text for text, own in texts if own == lang], lang, k=4, explain=True)
        plain = wh.search([text for text, own in texts if own == lang], lang, k=4)
        assert hits.drop("why").equals(plain)
        for score, why in hits.select("score", "why").rows():
            assert sum(entry["share"] for entry in why) == pytest.approx(score, abs=NEAR)


def examples():
    """Statements in README's SQL section, and those in the comments of macros."""
    section = re.search(r"^## SQL$(.*?)^## ", README.read_text(encoding="utf-8"), re.M | re.S)[1]
    blocks = " ".join(re.findall(r"^```sql$(.*?)^```$", section, re.M | re.S))
    found = [("README", part.strip()) for part in blocks.split(";") if part.strip()]
    for file in sorted((resources.files("warehouse") / "macros").iterdir(), key=lambda file: file.name):
        text = file.read_text(encoding="utf-8")
        found += [(file.name, part) for part in re.findall(r"^--\s+(?:Example: )?((?:SELECT|FROM) .*);$", text, re.M)]
    return found


@pytest.mark.parametrize(("where", "sql"), examples())
def test_examples_of_sql_can_be_pasted(store, wh, where, sql):
    plain = store.execute(sql).fetchall()
    assert len(wh.sql(sql)) == len(plain)


def test_every_macro_says_what_it_is_with_an_example_of_itself():
    shown = examples()
    for file in (resources.files("warehouse") / "macros").iterdir():
        text = file.read_text(encoding="utf-8")
        assert text.startswith("-- ")
        for name in re.findall(r"^CREATE MACRO (\w+)", text, re.M):
            assert any(where == file.name and f"{name}(" in sql for where, sql in shown), name


def test_README_names_every_macro_that_is_asked(store):
    sql = "SELECT DISTINCT function_name FROM duckdb_functions() WHERE NOT internal AND function_type = 'table_macro'"
    shown = " ".join(sql for where, sql in examples() if where == "README")
    asked_for = {"search_text", "similar_documents", "nearest_words", "translate", "explain_match"}
    assert asked_for <= {name for (name,) in store.execute(sql).fetchall()}
    assert {name for name in asked_for if f"{name}(" not in shown} == set()
