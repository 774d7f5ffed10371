"""One HTML page about a snapshot: how well words and documents match, the space drawn, and what made it."""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from align.errors import InputError, QueryError
from align.retrieval import NEIGHBOURS
from align.signals import AGREES
from flows import charts, maps
from flows.heat_chart import heat_chart
from flows.heat_map import heat_map, signed, stored_text
from flows.page import percent, write_page
from warehouse.search import Warehouse

Row = dict[str, Any]

MEASURES = {
    "precision_at_1": "P@1", "precision_at_5": "P@5", "precision_at_10": "P@10", "recall_at_1": "R@1", "recall_at_10": "R@10",
    "mrr": "MRR", "coverage": "coverage", "n_words": "covered words", "n_test_words": "test words",
    "precision_at_1_of_all": "P@1 of all", "precision_at_1_low": "P@1 from", "precision_at_1_high": "P@1 to",
    "mean_average_precision": "MAP", "n_gold": "gold pairs", "precision_at_1_identical": "P@1 spelled alike",
    "n_identical": "spelled alike", "precision_at_1_distinct": "P@1 spelled otherwise", "n_distinct": "spelled otherwise",
    "precision_at_1_names": "P@1 names", "n_names": "names", "leaked": "words also trained on",
    "precision_at_1_with_spelling": "P@1 with spelling",
    "n_queries": "queries", "candidates": "candidates",
}  # fmt: skip
SHORT = 4_000  # characters of a text that is shown word by word
MATCHED = 24  # words of it
EXCERPT = 400  # characters
PAIRS = 40  # on a chart; the table has all
COUNTS = {
    "n_words", "n_test_words", "n_queries", "candidates", "n_gold", "n_identical", "n_distinct", "n_names", "leaked",
}  # fmt: skip
PLAIN = {"mrr", "mean_average_precision"}  # shown as numbers, not as shares


def write_report(wh: Warehouse, output: Path) -> None:
    """Write one self-contained HTML file about the snapshot of `wh` to `output`, aside and then into its place. Writes.

    Every figure comes from the store. Raises ResourceError `file.unwritable`, QueryError `query.closed`.

    >>> with warehouse.open("warehouse/data") as wh:             # doctest: +SKIP
    ...     write_report(wh, Path("report.html"))
    """
    write_page(
        "report.html.j2",
        Path(output),
        {"figure": figure, "labelled": charts.labelled, "signed": signed},
        **_content(wh),
    )


def _content(wh: Warehouse) -> Row:
    """What the template shows, in its order."""
    run, space = _last_run(wh), wh.sql("SELECT * FROM spaces").row(0, named=True)
    words = _evaluations(wh, "translation")
    pages = _evaluations(wh, "documents")
    return {
        "name": run["config"].get("name") or wh.path.resolve().parent.name, "snapshot": wh.version, "run": run,
        "space": space, "languages": _languages(wh), "neighbours": NEIGHBOURS, "test": _test_pairs(wh),
        "signals": _evaluations(wh, "signals"), "agrees": AGREES,
        "words": _judged(words, "precision", "n_words", "words with a right translation among the first k"),
        "pages": _judged(pages, "recall", "n_queries", "documents with their translation among the first k"),
        "bias": _evaluations(wh, "languages"), "match": _match(wh), "word_map": _drawn(maps.map_words, wh), "page_map": _drawn(maps.map_documents, wh),
        "dropped": [*dropped(run["notes"]), *_without_vector(wh)], "fingerprints": json.loads(space["fingerprints"]),
        "pooling_tried": json.loads(space["pooling_tried"] or "[]"),
        "config": "\n".join(toml(run["config"])).strip(), "notes": json.dumps(run["notes"], indent=2, ensure_ascii=False),
    }  # fmt: skip


def _match(wh: Warehouse) -> Row | None:
    """A short document of the first language that has one beside the pivot, and why it finds the document of the pivot it is nearest to.

    None where no two languages have documents, or these are too long to be shown word by word.
    """
    pivot, *others = wh.languages
    sql = (
        "SELECT lang, doc_id FROM documents JOIN document_vectors USING (lang, doc_id) "
        "WHERE vector IS NOT NULL AND length(text) <= ? AND lang IN (SELECT unnest(?)) ORDER BY list_position(?, lang), doc_id LIMIT 1"
    )
    asked = wh.sql(sql, [SHORT, others, others]).rows()
    if not asked:
        return None
    ((lang, doc_id),) = asked
    title, text = stored_text(wh, doc_id, lang)
    try:
        hits = wh.search(text, lang, [pivot], k=1)
    except QueryError as error:
        if error.code != "search.no_known_word":
            raise
        return None
    if hits.is_empty():
        return None
    found_id = hits["doc_id"][0]
    found_title, document = stored_text(wh, found_id, pivot)
    if len(document) > SHORT:
        return None
    table = wh.explain(text, lang, found_id, pivot, top=None)
    if table.height == 1:  # hubness alone
        return None
    found = heat_map(table, (text, wh.words(lang)), (document, wh.words(pivot)), rows=MATCHED, excerpt=EXCERPT)
    return {"found": found, "spec": heat_chart(found), "query": title, "document": found_title}


def _drawn(draw: Callable[[Warehouse], maps.SpaceMap], wh: Warehouse) -> maps.SpaceMap | None:
    """The map, or None where there is too little to draw."""
    try:
        return draw(wh)
    except InputError as error:
        if error.code != "map.too_few":
            raise
        return None


def _last_run(wh: Warehouse) -> Row:
    """The newest run with its JSON read; empty mappings where the store has none."""
    rows = wh.sql("SELECT * FROM runs ORDER BY finished_at DESC, run_id LIMIT 1").to_dicts()
    run: Row = rows[0] if rows else {"run_id": "", "plan": "", "started_at": None, "finished_at": None}
    return {**run, **{key: json.loads(run.get(key) or "{}") for key in ("config", "versions", "notes")}}


def _languages(wh: Warehouse) -> list[Row]:
    """Per language how much of it there is and how it was aligned."""
    counts = {
        "words": "SELECT lang, count(*) FROM words GROUP BY lang",
        "documents": "SELECT lang, count(*) FROM documents GROUP BY lang",
        "without_vector": "SELECT lang, count(*) FROM document_vectors WHERE vector IS NULL GROUP BY lang",
    }
    found = {name: dict(wh.sql(sql).rows()) for name, sql in counts.items()}
    fits = wh.sql("SELECT lang, method, n_pairs, rank, residual, determinant, report FROM rotations").to_dicts()
    by_lang = {
        fit["lang"]: {**fit, "report": {"towards": [], "tried": {}, **json.loads(fit["report"])}} for fit in fits
    }
    colours = charts.palette(wh.languages, wh.languages)
    return [
        {**by_lang[lang], "colour": colour, **{name: found[name].get(lang, 0) for name in counts}}
        for lang, colour in zip(wh.languages, colours, strict=True)
    ]


def _evaluations(wh: Warehouse, task: str) -> list[Row]:
    """One row per pair: source, target and every measure; pairs in the order of the languages of the store."""
    place = {lang: i for i, lang in enumerate(wh.languages)}
    table: dict[tuple[str, str], Row] = {}
    found = wh.sql("SELECT source, target, measure, value FROM evaluations WHERE task = ? ORDER BY ALL", [task])
    for source, target, measure, value in found.rows():
        table.setdefault((source, target), {"source": source, "target": target})[measure] = value
    ordered = sorted(table, key=lambda pair: [(place.get(lang, len(place)), lang) for lang in pair])
    return [table[pair] for pair in ordered]


def _judged(rows: list[Row], name: str, trials: str, axis: str) -> Row:
    """A chart of the measures `name`_at_k, and the columns of a table of everything that was measured."""
    measures = [key for key in MEASURES if key.startswith(name) and key[-1].isdigit()]
    there = {key for row in rows for key in row} - {"source", "target"}
    columns = [key for key in MEASURES if key in there] + sorted(there - set(MEASURES))
    bars = [
        {"pair": f"{row['source']} → {row['target']}", "note": _note(row), "measure": MEASURES[key], "share": row[key]}
        for row in rows[:PAIRS]
        for key in measures
        if key in row
    ]
    return {
        "chart": charts.bars(bars, [MEASURES[key] for key in measures if key in there], axis) if bars else None,
        "columns": [(key, MEASURES.get(key, key)) for key in columns],
        "rows": [{**row, "interval": wilson(row.get(measures[0]), row.get(trials))} for row in rows],
        "first": measures[0],
        "drawn": min(PAIRS, len(rows)),
    }


def _note(row: Row) -> str:
    """What stands beside the bars of a pair: never a precision without its coverage."""
    if "coverage" in row:
        return f"coverage {percent(row['coverage'], 0)} %"
    return f"{row['n_queries']:,.0f} queries" if "n_queries" in row else ""


def _test_pairs(wh: Warehouse) -> Row:
    """How many pairs aligned the space, how many judge it, and how many of these did both, whichever way round."""
    return wh.sql(
        "WITH train AS (SELECT source, target, source_word, target_word FROM dictionary_pairs WHERE part = 'train' "
        "UNION SELECT target, source, target_word, source_word FROM dictionary_pairs WHERE part = 'train'), "
        "test AS (SELECT DISTINCT source, target, source_word, target_word FROM dictionary_pairs WHERE part = 'test') "
        "SELECT (SELECT count(*) FROM dictionary_pairs WHERE part = 'train') AS train, (SELECT count(*) FROM test) AS test, "
        "(SELECT count(*) FROM test SEMI JOIN train USING (source, target, source_word, target_word)) AS both"
    ).row(0, named=True)


def _without_vector(wh: Warehouse) -> list[tuple[str, str, int]]:
    """Documents that are stored and cannot be found, as `dropped` tells the rest."""
    sql = "SELECT lang, reason, count(*) FROM document_vectors WHERE vector IS NULL GROUP BY ALL ORDER BY ALL"
    return [(f"documents without a vector, {lang}", reason, n) for lang, reason, n in wh.sql(sql).rows()]


def dropped(notes: Mapping[str, Any], where: tuple[str, ...] = ()) -> Iterator[tuple[str, str, int]]:
    """Every count under a key `dropped` of the notes of a run: where, reason, how many.

    >>> list(dropped({"vectors": {"fr": {"words": 9, "dropped": {"duplicate": 2}}}}))
    [('vectors, fr', 'duplicate', 2)]
    """
    for key, value in notes.items():
        if isinstance(value, Mapping):
            yield from _counts(value, where) if key == "dropped" else dropped(value, (*where, key))


def _counts(reasons: Mapping[str, Any], where: tuple[str, ...]) -> Iterator[tuple[str, str, int]]:
    """Reasons, or files each with its reasons."""
    for key, value in reasons.items():
        if isinstance(value, Mapping):
            yield from _counts(value, (*where, key))
        elif value:
            yield ", ".join(where), key, value


def toml(config: Mapping[str, Any], table: str = "") -> Iterator[str]:
    """The lines of a configuration as TOML; what is null is left out, as TOML has none.

    >>> list(toml({"name": "demo", "space": {"pivot": "en", "seed": None}}))
    ['name = "demo"', '', '[space]', 'pivot = "en"']
    """
    for key, value in config.items():
        if value is not None and not _is_table(value):
            yield f"{key} = {json.dumps(value, ensure_ascii=False)}"
    for key, value in config.items():
        name = f"{table}.{key}".lstrip(".")
        for part in value if isinstance(value, list) and _is_table(value) else [value] if _is_table(value) else []:
            inside = list(toml(part, name))
            if inside and inside[0]:
                yield from ("", f"[[{name}]]" if isinstance(value, list) else f"[{name}]")
            yield from inside


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list) and bool(value) and isinstance(value[0], Mapping))


def wilson(share: float | None, n: float | None) -> tuple[float, float] | None:
    """The 95 % interval of a share of `n` trials, after Wilson (1927); None where one of them was not measured.

    >>> [round(end, 2) for end in wilson(0.5, 100)]
    [0.4, 0.6]
    """
    if share is None or not n:
        return None
    z = 1.96
    middle, half = share + z * z / (2 * n), z * math.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def figure(value: float, measure: str) -> str:
    """A stored measure as it is printed: a count, a share in percent, or the number itself."""
    if measure in COUNTS:
        return f"{value:,.0f}"
    return percent(value) if measure in MEASURES and measure not in PLAIN else f"{value:.3g}"
