"""Laws of the SQL in a store: any client that opens the file gets what Python gets."""

import sys
import unicodedata
from collections import Counter
from typing import get_args

import duckdb
import numpy as np
import pyarrow as pa
import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from align.errors import InputError, QueryError
from align.measures import Measure, similarity
from align.plain_form import plain_form
from align.tokens import fold, tokenize
from align.unknown_words import accented

NFD = "NFD"
ASSIGNED = [c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c) not in ("Cn", "Cs")]
UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
SPACED = regex.compile(
    r"[\p{Latin}\p{Greek}\p{Cyrillic}\p{Armenian}\p{Georgian}\p{Hebrew}\p{Arabic}\p{Devanagari}\p{Hangul}\p{Ethiopic}"
    r"\p{Common}\p{Inherited}]"
)
letters = st.sampled_from([c for c in ASSIGNED if SPACED.match(c)])
marks = st.sampled_from([c for c in ASSIGNED if unicodedata.combining(c)])
tricky = st.sampled_from(list("IİıiΣσςßẞǅ'’-. \n\0\u00ad\u0307\u0301ÅΩé12²Ⅷ"))
texts = st.lists(letters | marks | tricky, max_size=24).map("".join)
langs = st.sampled_from(["en", "tr", "az-Latn", "el", "tru"])


def unknown_words(words):
    """Texts of words, and of what is written of them: without accents, side by side, with letters between."""
    word = st.sampled_from(words)
    bare = word.map(lambda w: "".join(c for c in unicodedata.normalize("NFD", w) if not unicodedata.combining(c)))
    joined = st.lists(word, min_size=2, max_size=3)
    compounds = st.tuples(st.sampled_from(["", "s", "es", "n", "x", "ens"]), joined).map(lambda c: c[0].join(c[1]))
    return (
        st.lists(word | bare | compounds | compounds.map(str.upper) | texts, max_size=8)
        .map(" ".join)
        .filter(lambda text: not UNSPACED.search(fold(text, "und")))
    )


QUERIES = [
    ("en", "house river"),
    ("en", "HOUSE, River... it's a HoUsE!"),
    ("en", "e-mail 12 MAIL"),
    ("en", "house zzz qqq boy"),
    ("fr", "L'été, l'ÉCOLE; cœur CŒUR"),
    ("fr", unicodedata.normalize(NFD, "été école garçon")),
    ("de", "die STRASSE, Straße; ẞ Größe-Wärme"),
    ("tr", "ISI ışık IRMAK"),
    ("tr", "İSTANBUL istanbul I\u0307ki"),
    ("el", "ΛΌΓΟΣ ΔΡΌΜΟΣ' ήλιοσ"),
    ("el", unicodedata.normalize(NFD, "ΠΌΛΗ. Λόγος Σ.Α.Σ.")),
]


@pytest.fixture(scope="module")
def store(world):
    """The planted store as a client without this project has it."""
    with duckdb.connect(str(world.root / "current.duckdb"), read_only=True) as connection:
        yield connection


def of_each(store, expression, values):
    """What SQL makes of every one of `values`, called c."""
    store.register("given_values", pa.table({"i": range(len(values)), "c": values}))
    rows = store.execute(f"SELECT {expression} FROM given_values ORDER BY i").fetchall()
    store.unregister("given_values")
    return [row[0] for row in rows]


def same_hits(frame, rows, key="doc_id"):
    """`rows` (rank, score, …) of SQL are the rows of `frame`, in its order."""
    columns = ["rank", "lang", "doc_id"] if key == "doc_id" else ["rank", key]
    assert [(row[0], *row[2:]) for row in rows] == frame.select(columns).rows()
    np.testing.assert_allclose([row[1] for row in rows], frame["score"].to_numpy(), atol=1e-5)


@pytest.mark.parametrize("lang", ["en", "tr"])
def test_D09_fold_text_is_fold_for_every_code_point(store, lang):
    folded = of_each(store, f"fold_text(c, '{lang}')", ASSIGNED)
    assert [c for c, sql in zip(ASSIGNED, folded, strict=True) if sql != fold(c, lang)] == []


@given(st.lists(texts, min_size=1, max_size=20), langs)
def test_D09_fold_text_is_fold_for_every_text(store, many, lang):
    assert of_each(store, f"fold_text(c, '{lang}')", many) == [fold(text, lang) for text in many]


def test_tokenize_parts_at_the_code_points_where_python_parts(store):
    spaced = [c for c in ASSIGNED if not UNSPACED.search(fold(c, "en"))]
    tokens = of_each(store, "tokenize('a' || c || 'b', 'en')", spaced)
    assert [c for c, sql in zip(spaced, tokens, strict=True) if sql != tokenize(f"a{c}b", "en")] == []


@given(st.lists(texts, min_size=1, max_size=20), langs)
def test_tokenize_is_tokenize_in_scripts_with_blanks(store, many, lang):
    many = [text for text in many if not UNSPACED.search(fold(text, lang))]
    assert of_each(store, f"tokenize(c, '{lang}')", many) == [tokenize(text, lang) for text in many]


def test_plain_form_is_plain_form_for_every_letter_with_accents_to_drop(store):
    tokens = sorted({t for c in ASSIGNED for t in tokenize(f"{c} a{c} ᾳ{c}", "en") if accented(t)})
    plain = of_each(store, "plain_form(c)", tokens)
    assert [t for t, sql in zip(tokens, plain, strict=True) if sql != plain_form(t)] == []


@given(st.lists(texts, min_size=1, max_size=20))
def test_plain_form_finds_among_words_what_python_finds(store, many):
    many = [token for text in many if not UNSPACED.search(fold(text, "und")) for token in tokenize(text, "und")]
    for token, plain in zip(many, of_each(store, "plain_form(c)", many), strict=True):
        assert plain == plain_form(token) if accented(token) else plain is None or not accented(plain)


@given(st.data())
def test_known_words_are_those_of_python(store, world, data):
    lang = data.draw(st.sampled_from(world.space.languages))
    vectors, text = world.space.vectors(lang), data.draw(unknown_words(world.space.vectors(lang).words))
    rows = store.execute("SELECT token, count, route, ranks FROM known_words(?, ?)", [text, lang]).fetchall()
    found = {token: vectors.known.resolve(token) for token in tokenize(text, lang)}
    expected = {t: (r.route, [row + 1 for row in r.rows] or None) for t, r in found.items()}
    assert {token: (route, ranks) for token, _, route, ranks in rows} == expected
    assert {token: n for token, n, *_ in rows} == Counter(tokenize(text, lang))


@given(st.data())
def test_embed_text_is_pooling_of_unknown_words_too(store, world, data):
    lang = data.draw(st.sampled_from(world.space.languages))
    many = data.draw(st.lists(unknown_words(world.space.vectors(lang).words), min_size=1, max_size=5))
    pooled = world.pooler.pool_counted(many, lang)
    expected = [row if known else None for row, known in zip(pooled.vectors.tolist(), pooled.known, strict=True)]
    alone = [store.execute("SELECT embed_text(?, ?)", [text, lang]).fetchall()[0][0] for text in many]
    for embedded in (alone, of_each(store, f"embed_text(c, '{lang}')", many)):
        for one, other in zip(embedded, expected, strict=True):
            assert (one is None) == (other is None)
            assert one is None or one == pytest.approx(other, abs=1e-6)


@pytest.mark.parametrize("text", ["ETE lumiere", "soleilfleuve maison", "maisonfleuvesoleil qqq", "couer zzz"])
def test_search_text_finds_what_search_finds_for_words_that_are_not_known(store, wh, text):
    sql = "SELECT rank, score, lang, doc_id FROM search_text(?, 'fr', k := 9)"
    rows = store.execute(sql, [text]).fetchall()
    if "couer" in text:
        assert rows == []
        return
    same_hits(wh.search(text, "fr", k=9, rerank=False, lexical=False), rows)


@given(st.data())
def test_embed_text_is_pooling(store, world, data):
    lang = data.draw(st.sampled_from(world.space.languages))
    words = st.sampled_from(world.space.vectors(lang).words)
    some = data.draw(st.lists(words | words.map(str.upper) | st.sampled_from(["qqq", "!", ""]), max_size=12))
    text = data.draw(st.sampled_from([" ", ", ", "-"])).join(some)
    embedded = store.execute("SELECT embed_text(?, ?)", [text, lang]).fetchall()[0][0]
    pooled = world.pooler.pool([text], lang)
    assert (embedded is None) == pooled.mask.all()
    if embedded is not None:
        np.testing.assert_allclose(embedded, pooled.data[0], atol=1e-6)


@pytest.mark.parametrize("into", [None, ["fr"], ["de", "fr"], ["el"], ["en", "tr", "fr", "de", "el"]])
@pytest.mark.parametrize(("lang", "text"), QUERIES)
def test_search_text_finds_what_search_finds(store, wh, lang, text, into):
    sql = "SELECT rank, score, lang, doc_id FROM search_text(?, ?, k := ?, into_ := ?)"
    for k in (1, 7, 1000):
        same_hits(
            wh.search(text, lang, into, k, rerank=False, lexical=False),
            store.execute(sql, [text, lang, k, into]).fetchall(),
        )


@pytest.mark.parametrize("measure", get_args(Measure))
def test_sql_and_python_measure_alike(store, wh, measure):
    for text, lang in (("house river", "en"), ("été école", "fr")):
        for into, k in ((None, 9), (["de", "el"], 4)):
            sql = "SELECT rank, score, lang, doc_id FROM search_text(?, ?, k := ?, into_ := ?, measure := ?, p := 2.5)"
            rows = store.execute(sql, [text, lang, k, into, measure]).fetchall()
            same_hits(wh.search(text, lang, into, k, measure=measure, p=2.5), rows)
    sql = "SELECT a.vector, b.vector, similarity(a.vector, b.vector, ?, 2.5) FROM words a, words b WHERE a.rank < 9 AND b.rank = 4"
    for a, b, score in store.execute(sql, [measure]).fetchall():
        assert score == pytest.approx(similarity([a], [b], measure, 2.5).item(), abs=1e-5)


def test_an_unknown_measure_is_refused_in_sql_too(store, wh):
    with pytest.raises(duckdb.Error, match="one of cosine"):
        store.execute("SELECT * FROM search_text('house', 'en', measure := 'near')").fetchall()
    with pytest.raises(InputError, match="measure.unknown"):
        wh.search("house", "en", measure="near")
    for more in ({"rerank": True}, {"lexical": True}, {"explain": True}):
        with pytest.raises(QueryError, match="search.no_measure"):
            wh.search("house", "en", measure="dot", **more)


def test_search_text_gives_ten_of_all_languages_with_title_and_metadata(store, wh):
    rows = store.execute("SELECT * FROM search_text('house river', 'en')").fetchall()
    same_hits(wh.search("house river", "en", rerank=False, lexical=False), [row[:4] for row in rows])
    about = dict(store.execute("SELECT (lang, doc_id), (title, metadata) FROM documents").fetchall())
    assert [row[4:] for row in rows] == [about[row[2:4]] for row in rows]


@pytest.mark.parametrize("text", ["", " \n\0", "zzz qqq", "!?", None])
def test_T01_a_text_without_a_known_word_finds_nothing(store, wh, text):
    assert store.execute("SELECT * FROM search_text(?, 'en')", [text]).fetchall() == []
    if text is not None:
        with pytest.raises(QueryError, match="no_known_word"):
            wh.search(text, "en")


def test_search_text_into_no_language_or_an_unknown_one_finds_nothing(store, wh):
    sql = "SELECT * FROM search_text('house', 'en', into_ := ?)"
    assert store.execute(sql, [[]]).fetchall() == []
    assert store.execute(sql, [["xx"]]).fetchall() == []
    assert store.execute("SELECT * FROM search_text('house', 'xx')").fetchall() == []
    assert wh.search("house", "en", []).is_empty()


@pytest.mark.parametrize("lang", ["en", "fr", "el"])
def test_similar_documents_finds_what_similar_finds(store, wh, world, lang):
    part = world.indexed_of(lang)
    sql = "SELECT rank, score, lang, doc_id FROM similar_documents(?, ?, k := ?, into_ := ?)"
    for doc_id in part.frame["doc_id"].filter(part.pooled.known.tolist())[:8].to_list() + ["twin-b"] * (lang == "fr"):
        for into in (None, [lang], ["de", "tr"]):
            rows = store.execute(sql, [lang, doc_id, 9, into]).fetchall()
            same_hits(wh.similar(doc_id, lang, into, 9), rows)
            assert (lang, doc_id) not in [row[2:] for row in rows]


def test_similar_documents_to_one_that_is_not_there_or_has_no_vector_are_none(store):
    for doc_id in ("blank", "foreign", "nowhere"):
        assert store.execute("SELECT * FROM similar_documents('en', ?)", [doc_id]).fetchall() == []


@pytest.mark.parametrize(
    ("source", "word", "target"),
    [
        ("en", "house", "fr"), ("en", "HOUSE", "de"), ("de", "straße", "en"), ("de", "strasse", "en"), ("tr", "IRMAK", "en"),
        ("tr", "İki", "el"), ("el", "ΛΌΓΟΣ", "en"), ("el", "λόγοσ", "tr"), ("fr", "E\u0301TE\u0301", "el"), ("en", "12", "tr"),
        ("en", "enx7", "fr"),
    ],
)  # fmt: skip
def test_nearest_words_are_those_of_the_store_and_of_the_space(store, wh, world, source, word, target):
    sql = "SELECT rank, score, word FROM nearest_words(?, ?, ?, k := 6)"
    rows = store.execute(sql, [word, source, target]).fetchall()
    if word == "strasse":
        assert rows == []
        return
    same_hits(wh.translate(word, source, target, 6), rows, "word")
    same_hits(world.space.translate(word, source, target, 6), rows, "word")


def test_nearest_words_within_one_language_are_ordered_by_cosine_as_in_python(store, wh):
    rows = store.execute("SELECT rank, score, word FROM nearest_words('house', 'en', 'en', k := 5)").fetchall()
    same_hits(wh.translate("house", "en", "en", 5), rows, "word")
    assert rows[0][2] == "house"


def test_nearest_words_gives_ten_and_all_where_there_are_fewer(store, world):
    count = "SELECT count(*) FROM nearest_words('house', 'en', 'fr'{})"
    assert store.execute(count.format("")).fetchall() == [(10,)]
    assert store.execute(count.format(", k := 999")).fetchall() == [(len(world.space.vectors("fr")),)]


def test_similarity_is_the_cosine_of_numpy(store, world):
    a, b = world.space.vectors("en").matrix[3], world.space.vectors("fr").matrix[4]
    random = np.random.default_rng(0).standard_normal((2, len(a))).astype("f4")
    for x, y in ((a, b), (a, a), (a, -a), (random[0], 30 * random[1])):
        x64, y64 = x.astype("f8"), y.astype("f8")
        cosine = x64 @ y64 / np.linalg.norm(x64) / np.linalg.norm(y64)
        for given_ in ([x, y], [x.tolist(), y.tolist()]):
            assert store.execute("SELECT similarity(?, ?)", given_).fetchall()[0][0] == pytest.approx(cosine, abs=1e-6)


def test_similarity_takes_stored_vectors(store, world):
    sql = "SELECT similarity(a.vector, b.vector) FROM words a, words b WHERE (a.word, a.lang, b.word, b.lang) = (?, ?, ?, ?)"
    ours, theirs = world.space.vectors("en"), world.space.vectors("fr")
    cosine = ours.matrix[ours.row("river")] @ theirs.matrix[theirs.row("fleuve")]
    assert store.execute(sql, ["river", "en", "fleuve", "fr"]).fetchall()[0][0] == pytest.approx(cosine, abs=1e-6)


@pytest.mark.parametrize(("source", "target"), [("fr", "en"), ("en", "fr"), ("en", "de")])
def test_spelling_counts_in_the_store_as_in_the_space(wh, world, source, target):
    word = world.space.vectors(source).words[3]
    stored = wh.translate(word, source, target, k=6, spelling="auto")
    planted = world.space.translate(word, source, target, k=6, spelling="auto")
    assert stored["word"].to_list() == planted["word"].to_list()
    assert np.allclose(stored["score"], planted["score"], atol=1e-5)
    helps = (source, target) != ("en", "de")
    assert helps == (stored["score"].to_list() != wh.translate(word, source, target, k=6)["score"].to_list())
