"""Metadata of documents: a JSON object in the store, columns in a result, values to filter by."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from align.arguments import expect
from align.errors import QueryError, printable


def expand_metadata(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` with its JSON column `metadata` replaced by one column per key, in order of first appearance.

    A key whose values are of one kind gets that kind; mixed ones become text. Nested values stay JSON text.
    """
    values: dict[str, list[Any]] = {}
    for row, text in enumerate(frame["metadata"]):
        for key, value in json.loads(text).items() if text != "{}" else ():
            values.setdefault(key, [None] * frame.height)[row] = value
    columns = [_column(key, column) for key, column in values.items()]
    return frame.drop("metadata").with_columns(columns)


def _column(key: str, values: list[Any]) -> pl.Series:
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {str} or kinds <= {bool} or kinds <= {int}:
        return pl.Series(key, values)
    if kinds <= {int, float}:
        return pl.Series(key, values, dtype=pl.Float64)
    texts = [
        v if v is None or isinstance(v, str) else json.dumps(v, ensure_ascii=False, sort_keys=True) for v in values
    ]
    return pl.Series(key, texts, dtype=pl.String)


def matching(cards: pl.DataFrame, where: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
    """(n,) which rows have, for every key, the value given or one of the list given; None asks for a missing value.

    Raises QueryError `search.no_column` for a key no document has, `search.bad_filter` for a value of another kind;
    InputError `api.bad_type` for what is no mapping.
    """
    expect(Mapping, where=where)
    kept = np.ones(cards.height, dtype=bool)
    for key, value in where.items():
        if key not in cards.columns:
            names = ", ".join(name for name in cards.columns)
            raise QueryError(
                "search.no_column", f"no metadata {printable(repr(key))}; there are {printable(names, 120)}"
            )
        choices = list(value) if isinstance(value, list | tuple | set | frozenset) else [value]
        try:
            if any(isinstance(c, bool) for c in choices) and cards[key].dtype != pl.Boolean:
                raise TypeError("polars takes True for 1")
            one_of = pl.Series(values=[c for c in choices if c is not None], dtype=cards[key].dtype, strict=True)
            found = cards[key].is_in(one_of.implode()) if len(one_of) else pl.repeat(False, cards.height, eager=True)
        except (pl.exceptions.PolarsError, TypeError, ValueError, OverflowError):
            kind = str(cards[key].dtype)
            raise QueryError(
                "search.bad_filter", f"{printable(key)} is {kind}; {printable(repr(value))} is not"
            ) from None
        if None in choices:
            found = found | cards[key].is_null()
        kept &= found.fill_null(False).to_numpy()
    return kept
