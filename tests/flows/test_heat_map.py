"""Laws of the heat map: its cells are what was explained, nothing is lost beside it, and every word stands where it is written."""

import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
import vl_convert
from hypothesis import given, settings
from hypothesis import strategies as st

import warehouse
from align.errors import InputError
from align.plain_form import plain_form
from align.terms import count_terms, is_compound
from align.tokens import fold, tokenize
from align.vectors import WordVectors
from flows.heat_chart import WORD, heat_chart, heat_picture
from flows.heat_map import PARTS, heat_map, signed, stored_text, terms_of

TEXT = "En31, en0 — zzz? En31 en62! d'en93"
COLUMNS = ["query_word", "document_word", "similarity", "weight", "pooled", "aligned", "written", "share"]


def words(lang="en", *known):
    known = known or ("a", "b")
    return WordVectors(lang, tuple(known), np.eye(len(known), max(len(known), 2), dtype="f4"))


def table_of(*rows, hubness=-0.25):
    """An explanation: rows of query word, document word and share, all of it aligned."""
    schema = dict(zip(COLUMNS, [pl.String] * 2 + [pl.Float64] * 6, strict=True))
    shown = [(q, d, None, None, 0.0, share, 0.0, share) for q, d, share in rows]
    return pl.DataFrame([*shown, (None, None, None, None, None, None, None, hubness)], schema=schema, orient="row")


@pytest.fixture(scope="module")
def asked(built):
    """A real explanation: the table, and both texts with their words."""
    with warehouse.open(built.store) as wh:
        _, document = stored_text(wh, "d00", "fr")
        table = wh.explain(TEXT, "en", "d00", "fr", top=None)
        return SimpleNamespace(table=table, query=(TEXT, wh.words("en")), document=(document, wh.words("fr")))


@pytest.mark.parametrize(("rows", "columns"), [(200, 28), (2, 3), (1, 1)])
def test_cells_the_other_pairs_and_hubness_sum_to_the_score(asked, rows, columns):
    found = heat_map(asked.table, asked.query, asked.document, rows=rows, columns=columns)
    assert found.cells.sum() + found.rest + found.hubness == pytest.approx(asked.table["share"].sum(), abs=1e-9)
    assert found.score == pytest.approx(asked.table["share"].sum(), abs=1e-12)
    assert found.pairs + found.hubness == pytest.approx(found.score, abs=1e-12)


def test_a_cell_is_the_row_of_its_pair_and_a_margin_the_sum_of_its_word(asked):
    found = heat_map(asked.table, asked.query, asked.document)
    rows = {(row["query_word"], row["document_word"]): row for row in asked.table.head(-1).to_dicts()}
    for i, query in enumerate(found.query.words):
        for j, document in enumerate(found.document.words):
            row = rows.pop((query, document), dict.fromkeys(PARTS, 0.0) | {"similarity": None})
            for name, part in found.parts.items():
                assert part[i, j] == pytest.approx(np.nan if row[name] is None else row[name], nan_ok=True)
    assert rows == {}
    for side, column in ((found.query, "query_word"), (found.document, "document_word")):
        for word, total in zip(side.words, side.sums, strict=True):
            shares = [row["share"] for row in asked.table.head(-1).to_dicts() if row[column] == word]
            assert total == pytest.approx(sum(shares), abs=1e-12)
        assert side.sums.sum() == pytest.approx(found.pairs, abs=1e-9)


def test_every_word_that_has_a_pair_is_a_row_in_the_order_of_the_text(asked):
    found = heat_map(asked.table, asked.query, asked.document)
    paired = {word for word in asked.table["query_word"] if word is not None}
    assert found.query.words == [token for token in ("en31", "en0", "zzz", "en62", "d", "en93") if token in paired]
    assert {"en31", "en0", "en62", "en93"} <= paired
    order = list(dict.fromkeys(tokenize(asked.document[0], "fr")))
    assert found.document.words == sorted(found.document.words, key=order.index)


def test_of_many_words_those_with_the_strongest_pairs_are_kept_and_the_others_counted(asked):
    found = heat_map(asked.table, asked.query, asked.document, rows=3, columns=2)
    for side, column, kept in ((found.query, "query_word", 3), (found.document, "document_word", 2)):
        pairs = asked.table.head(-1).with_columns(pl.col("share").abs())
        ranked = pairs.sort("share", descending=True)[column].unique(maintain_order=True).to_list()
        assert {*side.words} == {*ranked[:kept]}
        assert (side.of, side.left_out) == (len(ranked), len(ranked) - kept)
    (said,) = found.left_out
    assert said.startswith(
        f"3 of {found.query.of} words of the text and 2 of {found.document.of} words of the document"
    )
    assert said.endswith(signed(found.rest))
    assert heat_map(asked.table, asked.query, asked.document).left_out == []


def test_nothing_explained_is_an_empty_map():
    found = heat_map(table_of(), ("a", words()), ("b", words()))
    assert (found.cells.shape, found.score, found.rest, found.left_out, found.pooled) == ((0, 0), -0.25, 0, [], False)


# Letters that fold to more or to fewer, scripts without blanks, marks that join what is before, and what is no letter.
LETTERS = st.text(st.sampled_from("aBéÉİIıßẞΣσς東京タワーกรุงшЩ9_-.'’ \n\0\u0301\u0345\u200d🙂ﬁǅ\u0344"), max_size=40)


@settings(max_examples=300, deadline=None)
@given(LETTERS, st.sampled_from(["en", "tr", "el", "ja", "th"]))
def test_tokens_stand_where_they_are_written(text, lang):
    def alike(word):
        return plain_form(
            word
        )  # ς or σ depends on what stands beside, and a word may stand for another with other accents

    shown, tokens, compounds = terms_of(text, words(lang))
    known = [(form, words(lang).known.resolve(form)) for form in tokenize(text, lang)]
    assert [word for _, _, word in tokens] == [
        words(lang).words[found.rows[0]] if found.route in ("exact", "variant") else form for form, found in known
    ]
    for start, end, word in tokens:
        assert alike(word) in alike(fold(shown[start:end], lang))
    for (_, end, _), (start, _, _) in pairwise(tokens):
        assert end <= start + 1  # one letter may fold to two, which are cut
    assert all(alike(fold(shown[start:end], lang)) == alike(word) for start, end, word in compounds)
    assert Counter(word for _, _, word in compounds) == {
        form: n for form, n in count_terms(shown, lang).items() if is_compound(form)
    }


@settings(max_examples=100, deadline=None)
@given(LETTERS, st.integers(1, 60))
def test_the_pieces_are_the_beginning_of_the_text_and_the_cut_is_the_rest(text, excerpt):
    tokens = dict.fromkeys(tokenize(text, "en"))
    table = table_of(*((token, "b", 0.1 * (-1) ** i) for i, token in enumerate(tokens)))
    side = heat_map(table, (text, words()), ("b", words()), excerpt=excerpt).query
    shown = terms_of(text, words())[0]
    told = "".join(piece.text for piece in side.pieces)
    assert len(told) + side.cut == len(shown)
    assert len(told) <= excerpt
    assert all(a == b or not b.isprintable() for a, b in zip(told, shown, strict=False))
    assert all(bool(piece.note) == bool(piece.tint) and abs(piece.tint) <= 1 + 1e-9 for piece in side.pieces)


def test_a_compound_tints_the_words_in_it():
    table = table_of(("array_map", "array_map", 0.6), ("array", "array", 0.2), ("map", "a", -0.1))
    text = "Array_map of an array: map2 array_map_x"
    pieces = [piece for piece in heat_map(table, (text, words()), ("array_map", words())).query.pieces if piece.note]
    assert [(piece.text, piece.note) for piece in pieces] == [
        ("Array", "array +0.200 · array_map +0.600"), ("map", "map −0.100 · array_map +0.600"), ("array", "array +0.200"),
        ("array", "array +0.200"), ("map", "map −0.100"),
    ]  # fmt: skip
    assert [piece.tint for piece in pieces] == pytest.approx([1, 0.5 / 0.8, 0.25, 0.25, -0.125])


@pytest.mark.parametrize("wrong", [{"rows": 0}, {"columns": -1}, {"excerpt": 0}, {"rows": "many"}], ids=str)
def test_numbers_of_words_are_checked(asked, wrong):
    with pytest.raises(InputError) as raised:
        heat_map(asked.table, asked.query, asked.document, **wrong)
    assert raised.value.code == "api.bad_k"


def test_a_text_is_a_string():
    with pytest.raises(InputError) as raised:
        terms_of(None, words())
    assert raised.value.code == "api.bad_type"


def test_the_chart_holds_the_cells_and_its_scale_is_even_around_zero(asked):
    found = heat_map(asked.table, asked.query, asked.document)
    chart = json.loads(json.dumps(heat_chart(found), allow_nan=False))
    data = {part["name"]: part["values"] for part in chart["data"]}
    drawn = np.zeros(found.cells.shape)
    for cell in data["cells"]:
        drawn[cell["r"], cell["c"]] = cell["share"]
    assert drawn == pytest.approx(found.cells, abs=1e-6)
    assert [row["sum"] for row in data["columns"]] == pytest.approx(found.document.sums.tolist(), abs=1e-6)
    (scale,) = (scale for scale in chart["scales"] if scale["name"] == "colour")
    low, under, over, high = scale["domain"]
    assert (low, under) == (-high, -over)
    assert np.abs(found.cells).max() <= high <= 2 * np.abs(found.cells).max()
    assert [colour.endswith(", 0)") for colour in scale["range"]] == [False, True, True, False]


def test_a_picture_names_every_word_and_tells_the_parts_of_every_cell(asked):
    found = heat_map(asked.table, asked.query, asked.document)
    svg = vl_convert.vega_to_svg(heat_picture(found, "en · fr"))
    texts = {text.text for text in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")}
    assert {*found.query.words, *found.document.words, "en · fr", "in all"} <= texts
    told = re.findall(
        r'aria-label="(\S+) – (\S+), adds [^"]+of that pooled [^"]+aligned [^"]+written alike [^"]+similarity [^"]+"',
        svg,
    )
    assert {*told} == {(q, d) for q, d in asked.table.select(COLUMNS[:2]).head(-1).rows()}


def test_words_that_are_drawn_alike_stay_two_and_no_letter_breaks_a_picture():
    long = "x" * WORD
    hostile = ["</script><script>alert(1)</script>", "a\x1b[31m\x00\u2028", '"&<', "datum.x", f"{long}y", f"{long}z"]
    table = table_of(*((word, "東京", 0.1 * (i + 1)) for i, word in enumerate(hostile)))
    found = heat_map(table, ("b", words()), ("東京", words("ja")))
    svg = vl_convert.vega_to_svg(heat_picture(found, hostile[0]))
    texts = [text.text for text in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert texts.count(f"{long[:-1]}…") == 2
    assert "<script" not in svg
    assert "'Noto Sans CJK JP'" in svg.replace("&#39;", "'").replace("&apos;", "'")
