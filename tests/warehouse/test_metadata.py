"""Laws of metadata: what a document says of itself comes back as columns, and filters are those of Python."""

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from align.errors import AlignError, QueryError
from warehouse.metadata import expand_metadata, matching

texts = st.text(st.characters(codec="utf-8"), max_size=4)
kinds = {
    "text": texts, "count": st.integers(-9, 9), "share": st.floats(allow_nan=False, allow_infinity=False), "flag": st.booleans(),
    "nested": st.lists(st.integers(0, 3), max_size=2),
}  # fmt: skip
cards = st.fixed_dictionaries({}, optional={key: kind | st.none() for key, kind in kinds.items()})


def frame(rows):
    ids = [str(n) for n in range(len(rows))]
    texts = [json.dumps(row, ensure_ascii=False, sort_keys=True) for row in rows]
    return pl.DataFrame(
        {"lang": ["en"] * len(rows), "doc_id": ids, "metadata": texts},
        schema=dict.fromkeys(("lang", "doc_id", "metadata"), pl.String),
    )


@given(st.lists(cards, max_size=8))
def test_every_value_comes_back_under_its_key_or_is_null(rows):
    found = expand_metadata(frame(rows))
    assert found.columns[:2] == ["lang", "doc_id"]
    assert set(found.columns[2:]) == {key for row in rows for key in row}
    for row, columns in zip(rows, found.iter_rows(named=True), strict=True):
        for key in found.columns[2:]:
            value = row.get(key)
            assert columns[key] == (json.dumps(value) if isinstance(value, list) else value)


@pytest.mark.parametrize(
    ("values", "column"),
    [
        ([1, 2], pl.Series([1, 2])), ([1, 2.5], pl.Series([1.0, 2.5])), (["a", None], pl.Series(["a", None])), ([True, False], pl.Series([True, False])),
        ([1, "a"], pl.Series(["1", "a"])), ([True, 1], pl.Series(["true", "1"])), ([{"b": 1, "a": "é"}], pl.Series(['{"a": "é", "b": 1}'])),
        ([None, None], pl.Series([None, None])), ([2**63 - 1, -(2**63)], pl.Series([2**63 - 1, -(2**63)])),
    ],
)  # fmt: skip
def test_a_key_of_one_kind_keeps_it_and_a_mixed_one_is_text(values, column):
    found = expand_metadata(frame([{"key": value} for value in values]))["key"]
    assert found.dtype == column.dtype
    assert found.to_list() == column.to_list()


def test_columns_stand_in_the_order_of_first_mention_whatever_they_are_called():
    found = expand_metadata(frame([{"b": 1}, {"a": 1, "b": 2, "metadata": "x"}, {"'; DROP TABLE documents; --": 3}]))
    assert found.columns[2:] == ["b", "a", "metadata", "'; DROP TABLE documents; --"]


def test_no_documents_have_no_columns():
    assert expand_metadata(frame([])).columns == ["lang", "doc_id"]


@given(st.lists(cards, min_size=1, max_size=8), st.data())
def test_A07_a_filter_keeps_what_python_keeps(rows, data):
    found = expand_metadata(frame(rows))
    keys = [key for key in found.columns[2:] if key != "nested"]
    where = {}
    for key in data.draw(st.lists(st.sampled_from(keys), unique=True) if keys else st.just([])):
        there = st.sampled_from([row.get(key) for row in rows])
        where[key] = data.draw(there | st.lists(there | kinds[key], max_size=3))
    kept = [all(row.get(key) in (w if isinstance(w, list) else [w]) for key, w in where.items()) for row in rows]
    assert matching(found, where).tolist() == kept


@pytest.mark.parametrize("choices", [["a", "b"], ("a", "b"), {"a", "b"}, frozenset("ab")])
def test_any_collection_lists_values(choices):
    found = expand_metadata(frame([{"key": "a"}, {"key": "b"}, {"key": "c"}, {}]))
    assert matching(found, {"key": choices}).tolist() == [True, True, False, False]


def test_none_asks_for_what_is_missing_and_an_empty_list_for_nothing():
    found = expand_metadata(frame([{"key": "a"}, {"key": None}, {}]))
    assert matching(found, {"key": None}).tolist() == [False, True, True]
    assert matching(found, {"key": ["a", None]}).tolist() == [True, True, True]
    assert matching(found, {"key": []}).tolist() == [False, False, False]
    assert matching(found, {}).tolist() == [True, True, True]


def test_values_are_compared_whole_and_bytewise():
    found = expand_metadata(frame([{"key": "été"}, {"key": "50%"}, {"key": "o'clock"}, {"key": "ÉTÉ"}]))
    for value, n in (
        ("été", 1),
        ("e\u0301te\u0301", 0),
        ("%", 0),
        ("50_", 0),
        ("o'clock", 1),
        ("O'clock", 0),
        ("' OR 1=1 --", 0),
    ):
        assert matching(found, {"key": value}).sum() == n


@pytest.mark.parametrize(
    ("card", "value"),
    [
        ("a", 1), ("a", True), ("a", b"a"), ("a", "\ud800"), ("a", {"a": 1}), ("a", [["a"]]), (1, "1"), (1, True), (1, 1.5), (1, 2**70),
        (1.5, "1.5"), (1.5, True), (True, 1), (True, "true"), ([1], [1]),
    ],
)  # fmt: skip
def test_a_value_of_another_kind_is_refused_not_overlooked(card, value):
    with pytest.raises(QueryError, match="search.bad_filter") as refused:
        matching(expand_metadata(frame([{"key": card}])), {"key": value})
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ({"kay": 1}, "search.no_column"),
        ({1: 1}, "search.no_column"),
        ("key", "api.bad_type"),
        ([("key", 1)], "api.bad_type"),
    ],
)
def test_a_key_that_no_document_has_is_refused_and_the_others_named(where, code):
    with pytest.raises(AlignError) as refused:
        matching(expand_metadata(frame([{"key": 1}])), where)
    assert refused.value.code == code
    assert code == "api.bad_type" or "lang, doc_id, key" in str(refused.value)
