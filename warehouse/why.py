"""Why a document is a hit: its score taken apart into what pairs of words add, and what either text would give anyone."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from align.explain import explain
from align.pool import Pooler
from align.vectors import WordVectors
from warehouse.reranking import WordShare

EVIDENCE = ("pooled", "aligned", "written")
WHY = 5  # word pairs shown with a hit
HIT = pl.List(pl.Struct({"query_word": pl.String, "document_word": pl.String, "share": pl.Float64}))


def pooled_pairs(ours: Pooler, text: str, theirs: Pooler, document: str) -> pl.DataFrame | None:
    """`align.explain` of a text and a document, whose languages are those of the two poolers of one language each.

    None where the text has no vector, or a pooled text is no sum over words.
    """
    (lang,), (code,) = ours.states, theirs.states
    if not ours.linear or not ours.pool_counted([text], lang).known[0]:
        return None
    both = replace(ours, vectors={**ours.vectors, **theirs.vectors}, states={**ours.states, **theirs.states})
    return explain(both, text, lang, document, code, top=None)


def take_apart(
    score: float,
    sides: tuple[WordVectors, WordVectors],
    pooled: pl.DataFrame | None,
    aligned: Sequence[WordShare],
    written: Mapping[str, float],
) -> pl.DataFrame:
    """What every pair of words adds to `score`, most first; a last row without words is what hubness takes away.

    `pooled`: all pairs of `align.explain`, or None; `aligned` as `Reranker.pairs`, `written` as `LexicalIndex.shared`. Columns
    query_word, document_word; similarity, cosine of their vectors, null where one has none; weight in the pooled texts; pooled,
    aligned, written: what the pair adds as evidence of each kind; share, their sum. The shares sum to `score`.
    """
    ours, theirs = sides
    parts = [pl.DataFrame(schema=_PART)]
    if pooled is not None:
        parts.append(pooled.select("query_word", "document_word", pooled=2 * pl.col("share"), aligned=0.0, written=0.0))
    rows = [(_name(q, ours), _name(d, theirs), 0.0, share, 0.0) for q, d, share in aligned]
    rows += [(_name(t, ours), _name(t, theirs), 0.0, 0.0, n) for t, n in written.items()]
    parts.append(pl.DataFrame(rows, schema=_PART, orient="row"))
    table = pl.concat(parts).group_by("query_word", "document_word", maintain_order=True).sum()
    about = {"similarity": pl.Float64, "weight": pl.Float64}
    if pooled is None:
        table = table.with_columns(*(pl.lit(None, kind).alias(name) for name, kind in about.items()))
    else:
        table = table.join(pooled.drop("share"), on=["query_word", "document_word"], how="left", maintain_order="left")
    table = table.with_columns(share=pl.sum_horizontal(EVIDENCE))
    table = table.select("query_word", "document_word", *about, *EVIDENCE, "share").sort("share", descending=True)
    rest = {"share": score - float(np.sum(table["share"].to_numpy()))}
    return pl.concat([table, pl.DataFrame([rest], schema={"share": pl.Float64})], how="diagonal")


def shortened(table: pl.DataFrame) -> list[dict[str, Any]]:
    """The pairs of `take_apart` that add most, and one entry without words for all the rest: shares sum to the score."""
    top = table.head(min(WHY, table.height - 1)).select("query_word", "document_word", "share")
    rest = float(np.sum(table["share"].to_numpy()[top.height :]))
    return [*top.to_dicts(), {"query_word": None, "document_word": None, "share": rest}]


def _name(form: str, vectors: WordVectors) -> str:
    """The word of the vocabulary that a folded form is, perhaps with other accents; else the form."""
    found = vectors.known.resolve(form)
    return vectors.words[found.rows[0]] if found.route in ("exact", "variant") else form


_PART = {"query_word": pl.String, "document_word": pl.String, **dict.fromkeys(EVIDENCE, pl.Float64)}
