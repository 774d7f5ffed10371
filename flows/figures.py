"""Tables for the terminal."""

from typing import Any

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from align.errors import printable
from warehouse import Warehouse

PASSAGE = 160  # characters of a passage that are shown


def print_figures(wh: Warehouse, out: Console) -> None:
    """What the build measured on held-out data, a row per pair of languages."""
    words = _pivoted(wh, "translation")
    if words:
        table = Table(
            "pair", "P@1", "P@5", "P@10", "coverage", "words", title="word translation, held-out dictionary, CSLS (%)"
        )
        for pair, row in words.items():
            figures = [f"{100 * row[f'precision_at_{k}']:.1f}" for k in (1, 5, 10)]
            table.add_row(pair, *figures, f"{100 * row['coverage']:.1f}", f"{row['n_words']:.0f}")
        out.print(table)
    pages = _pivoted(wh, "documents")
    if pages:
        table = Table("pair", "R@1", "R@10", "queries", "among", title="a document finds its translation (%)")
        for pair, row in pages.items():
            figures = [f"{100 * row[f'recall_at_{k}']:.1f}" for k in (1, 10)]
            table.add_row(pair, *figures, f"{row['n_queries']:.0f}", f"{row['candidates']:.0f}")
        out.print(table)


def print_hits(hits: list[dict[str, Any]], out: Console) -> None:
    """Hits, each with the word pairs that add most to its score; its probability and its passage, shortened, where they are there."""
    there = set(hits[0]) if hits else set()
    shown = ["score", *sorted({"probability"} & there)]
    said = ["passage"] if "passage" in there else []
    table = Table("", *shown, "lang", "document", *said, "why (word pairs and what they add to the score)")
    for hit in hits:
        pairs = [pair for pair in hit["why"] if pair["query_word"] is not None]
        why = ", ".join(f"{pair['query_word']}–{pair['document_word']} {pair['share']:.2f}" for pair in pairs[:4])
        table.add_row(
            str(hit["rank"]),
            *(f"{hit[name]:.3f}" for name in shown),
            hit["lang"],
            _plain(hit["title"] or hit["doc_id"]),
            *(Text(f"{hit['passage_start']}: ").append(_shortened(hit[name])) for name in said),
            _plain(why),
        )
    out.print(table)


def _shortened(passage: str) -> Text:
    """A passage on a line or two."""
    return Text(printable(" ".join(passage.split()), PASSAGE))


def print_rows(rows: list[dict[str, Any]], out: Console) -> None:
    """Any rows, as they are."""
    table = Table(*(Column(_plain(name)) for name in (rows[0] if rows else ["nothing found"])))
    for row in rows:
        table.add_row(*(f"{value:.4f}" if isinstance(value, float) else _plain(value) for value in row.values()))
    out.print(table)


def _plain(value: object) -> Text:
    """A cell as it is: no markup, and no control characters, which a terminal would obey."""
    return Text(printable(value, 500))


def _pivoted(wh: Warehouse, task: str) -> dict[str, dict[str, float]]:
    rows = wh.sql(
        "SELECT source, target, measure, value FROM evaluations WHERE task = ? ORDER BY source, target", [task]
    ).rows()
    table: dict[str, dict[str, float]] = {}
    for source, target, measure, value in rows:
        table.setdefault(f"{source} → {target}", {})[measure] = value
    return table
