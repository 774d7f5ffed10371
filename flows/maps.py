"""Words and documents of the shared space on a plane: which ones, where they lie, and how much of the space that shows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from align.arguments import listed
from align.errors import InputError, printable
from align.language import canonical_language
from align.retrieval import check_k
from align.tokens import fold
from flows import charts
from flows.fonts import font_stack
from flows.labels import label_text
from flows.projection import Method, Plane, project
from warehouse.metadata import expand_metadata
from warehouse.search import Warehouse

CONCEPTS = 40  # held-out words of one language, with their translations
WORDS = 240  # on the map; more cannot be read
POINTS = 2000  # documents, or words asked for, on the map
KINDS = 12  # most values of a metadata column that colours tell apart

F64 = npt.NDArray[np.float64]
Row = dict[str, Any]
Entry = tuple[str, str, int]  # language, word, and the concept that it belongs to


@dataclass(frozen=True, eq=False)
class SpaceMap:
    """Points of the space on a plane, and the chart of them (Vega-Lite).

    `rows`: a dict per point, with x and y. `of`: how many there were to show; `chosen` says which of them are shown. `by`: what the colours
    are. `unknown`: words asked for that no language shown has. Of words also `concepts`, and the mean cosine, in all dimensions,
    of words of two languages that are translations (`alike`) and that are not (`apart`).
    """

    chart: charts.Chart
    rows: list[Row]
    plane: Plane
    languages: list[str]
    by: str
    of: int
    chosen: str
    unknown: tuple[str, ...] = ()
    concepts: int = 0
    alike: float | None = None
    apart: float | None = None

    @property
    def shown(self) -> int:
        return len(self.rows)


def map_words(
    wh: Warehouse,
    into: Sequence[str] | None = None,
    *,
    words: Sequence[str] | None = None,
    method: Method = "pca",
    seed: int = 0,
    points: int | None = None,
) -> SpaceMap:
    """Words of several languages: those asked for, else held-out ones, every concept tied together, else the most frequent.

    `words`: "house" is looked up in every language of `into` (default all), "fr:maison" in that one. `points`: at most so many.

    Raises InputError `map.too_few` for fewer than three words, `space.no_language`, and what `project` raises.

    >>> map_words(wh, ["en", "fr"], words=["house", "fr:maison"]).plane.at.shape  # doctest: +SKIP
    (2, 2)
    """
    languages, unknown = _languages(wh, into), tuple[str, ...]()
    limit = None if points is None else check_k(points)
    if words is not None:
        asked, unknown = _listed(wh, languages, words)
        shown, of, chosen = asked[: limit or POINTS], len(asked), "words asked for, in their order"
    elif concepts := find_concepts(wh, languages):
        kept = concepts[: max(1, limit // len(languages)) if limit else min(CONCEPTS, WORDS // len(languages))]
        shown = [(lang, word, i) for i, concept in enumerate(kept) for lang, word in concept.items()]
        of, chosen = sum(map(len, concepts)), "words of the held-out dictionary, the most frequent first"
    else:
        shown = _frequent(wh, languages, limit or WORDS)
        of = sum(dict(wh.sql("SELECT lang, count(*) FROM words GROUP BY lang").rows())[lang] for lang in languages)
        chosen = "words, the most frequent of each language"
    unit = _vectors(wh, shown)
    plane = project(unit, method, seed=seed)
    of_concept, of_lang = np.array([i for _, _, i in shown]), np.array([lang for lang, _, _ in shown])
    alike, apart = _cosines(unit, of_concept, of_lang)
    there = [lang for lang in languages if lang in of_lang]
    rows = _word_rows(shown, languages, plane)
    return SpaceMap(
        charts.word_map(rows, there, wh.languages, plane.explained), rows, plane, there, "language", of, chosen, unknown,
        len({*of_concept.tolist()}), alike, apart,
    )  # fmt: skip


def map_documents(
    wh: Warehouse,
    into: Sequence[str] | None = None,
    *,
    color: str | None = None,
    method: Method = "pca",
    seed: int = 0,
    points: int = POINTS,
) -> SpaceMap:
    """Documents of `into` (default all languages), at most `points`, coloured by language ("lang") or by a column of metadata.

    Without `color`: the first column with few values, else language. Of more documents a sample is drawn by `seed`.

    Raises InputError `map.too_few` for fewer than three documents, `map.no_column`, `space.no_language`, and what `project` raises.

    >>> map_documents(wh, color="topic").by  # doctest: +SKIP
    'topic'
    """
    among, points = _languages(wh, into), check_k(points)
    vectors = "FROM document_vectors WHERE vector IS NOT NULL AND lang IN (SELECT unnest(?))"
    # By a digest of the id: the translations of a document stay together.
    found = wh.sql(
        f"SELECT lang, doc_id, title, metadata, vector FROM (SELECT lang, doc_id, vector {vectors}) JOIN documents USING (lang, doc_id) "
        "ORDER BY md5(? || ' ' || doc_id), doc_id, lang LIMIT ?",
        [among, str(seed), points],
    )
    plane = project(_matrix(found["vector"].to_list()), method, seed=seed)
    languages = [lang for lang in among if lang in set(found["lang"])]
    cards = expand_metadata(found.drop("vector"))
    column = few_values(cards) if color is None else _column(cards, color)
    by = "language" if column is None else column.name
    groups, kinds, coloured = (found["lang"].to_list(), languages, wh.languages) if column is None else grouped(column)
    rows = [
        {
            "id": doc, "title": title or doc, "lang": lang, "group": group, "label": label_text(title or doc, charts.TITLE),
            "font": font_stack(title or doc, lang), "order": i, "x": x, "y": y,
        }
        for i, ((doc, title, lang), group, (x, y)) in enumerate(
            zip(cards.select("doc_id", "title", "lang").rows(), groups, plane.at.tolist(), strict=True)
        )
    ]  # fmt: skip
    of = int(wh.sql(f"SELECT count(*) {vectors}", [among]).item())
    chosen = "documents with a vector" + (f", drawn by seed {seed}" if len(rows) < of else "")
    chart = charts.page_map(rows, languages, by, kinds, coloured, plane.explained)
    return SpaceMap(chart, rows, plane, languages, by, of, chosen)


def find_concepts(wh: Warehouse, languages: Sequence[str] | None = None) -> list[dict[str, str]]:
    """Held-out concepts that share no word, each a stored word per language: those in most languages, then the most frequent, first.

    A word of the first language that has test pairs and, for every other one, the most frequent of its translations.
    """
    languages = wh.languages if languages is None else list(languages)
    links: dict[tuple[str, str], set[tuple[str, str]]] = {}
    pairs = "SELECT DISTINCT source, source_word, target, target_word FROM dictionary_pairs WHERE part = 'test'"
    for source, word, target, translation in wh.sql(pairs).rows():
        links.setdefault((source, word), set()).add((target, translation))
        links.setdefault((target, translation), set()).add((source, word))
    stored = {code: _stored(wh, code, [word for lang, word in links if lang == code]) for code in languages}
    first = next((lang for lang in languages if stored[lang]), "")
    found: list[tuple[tuple[int, int, str], dict[str, str]]] = []
    for word, (rank, own) in stored.get(first, {}).items():
        concept, reached = {first: own}, {(first, word)}
        for lang in languages * 2:  # twice: a language may be linked only to one that comes later
            near = {w for node in reached for code, w in links[node] if code == lang and w in stored[lang]}
            if near and lang not in concept:
                best = min(near, key=lambda w, lang=lang: (stored[lang][w], w))  # type: ignore[misc]
                concept[lang] = stored[lang][best][1]
                reached.add((lang, best))
        if len(concept) > 1:
            ordered = {lang: concept[lang] for lang in languages if lang in concept}
            found.append(((-len(concept), rank, own), ordered))
    chosen: list[dict[str, str]] = []
    used: set[tuple[str, str]] = set()
    for _, concept in sorted(found, key=lambda pair: pair[0]):
        if used.isdisjoint(concept.items()):
            chosen.append(concept)
            used.update(concept.items())
    return chosen


def few_values(cards: pl.DataFrame) -> pl.Series | None:
    """The first column of metadata, after language, id and title, with few values that repeat; None where there is none."""
    for column in cards.get_columns()[3:]:
        if 2 <= column.n_unique() <= min(KINDS, cards.height // 2):
            return column
    return None


def grouped(column: pl.Series) -> tuple[list[Any], list[str] | None, list[str]]:
    """What colours show of a column (n,): the group of each row, the groups in order, and those that have a colour of their own.

    Numbers of more than KINDS values stay numbers, and there are no groups (None). Of more than KINDS texts the most frequent have colours
    and the others are one group, which says how many it holds.

    >>> grouped(pl.Series("topic", ["law", None, "art"]))[:2]
    (['law', 'none', 'art'], ['art', 'law', 'none'])
    """
    if column.dtype.is_numeric() and column.n_unique() > KINDS:
        return column.cast(pl.Float64).to_list(), None, []
    values = [_shown(value) for value in column]
    kinds = list(dict.fromkeys(_shown(value) for value in column.unique().sort(nulls_last=True)))
    if len(kinds) <= KINDS:
        return values, kinds, kinds
    frequent = {kind for kind, _ in Counter(values).most_common(KINDS - 1)}
    kept = [kind for kind in kinds if kind in frequent]
    other = f"other ({len(kinds) - len(kept)} values)"
    return [value if value in kept else other for value in values], [*kept, other], kept


def _languages(wh: Warehouse, into: Sequence[str] | None) -> list[str]:
    """The languages of the store that are asked for, in its order."""
    if into is None:
        return wh.languages
    asked = [canonical_language(lang) for lang in listed(str, into=into)]
    unknown = next((code for code in asked if code not in wh.languages), None)
    if unknown is not None or not asked:
        what = f"no {unknown} in this store" if asked else "into names no language"
        raise InputError("space.no_language", f"{what}; it holds {', '.join(wh.languages)}")
    return [lang for lang in wh.languages if lang in asked]


def _column(cards: pl.DataFrame, color: str) -> pl.Series | None:
    """The column of metadata to colour by; None for language."""
    if color == "lang":
        return None
    if color not in cards.columns[3:]:
        there = printable(", ".join(["lang", *cards.columns[3:]]), 120)
        raise InputError("map.no_column", f"no metadata {printable(repr(color))}; colours may show {there}")
    return cards[color]


def _listed(wh: Warehouse, languages: list[str], words: Sequence[str]) -> tuple[list[Entry], tuple[str, ...]]:
    """Where there are vectors of the words asked for, and those that have none."""
    asked: list[tuple[list[str], str]] = []
    for text in dict.fromkeys(listed(str, words=words)):
        code, colon, word = text.partition(":")
        asked.append(([code], word) if colon and word and code in wh.languages else (languages, text))
    stored = {lang: _stored(wh, lang, [word for among, word in asked if lang in among]) for lang in languages}
    found: dict[tuple[str, str], int] = {}
    unknown: list[str] = []
    for i, (among, word) in enumerate(asked):
        there = [lang for lang in among if word in stored.get(lang, {})]
        for lang in there:
            found.setdefault((lang, stored[lang][word][1]), i)
        if not there:
            unknown.append(word)
    return [(lang, word, i) for (lang, word), i in found.items()], tuple(unknown)


def _frequent(wh: Warehouse, languages: list[str], points: int) -> list[Entry]:
    """The most frequent words of each language, `points` in all, each a concept of its own."""
    sql = "SELECT lang, word FROM words WHERE lang IN (SELECT unnest(?)) AND rank <= ? ORDER BY rank, lang"
    rows = wh.sql(sql, [languages, max(1, points // len(languages))]).rows()
    return [(lang, word, i) for i, (lang, word) in enumerate(rows)]


def _vectors(wh: Warehouse, asked: Sequence[Entry]) -> F64:
    """(n, dim) the stored vectors of n words."""
    vectors: dict[tuple[str, str], list[float]] = {}
    for code in {lang for lang, _, _ in asked}:
        sql = "SELECT word, vector FROM words WHERE lang = ? AND word IN (SELECT unnest(string_split(?, chr(10))))"
        found = wh.sql(sql, [code, "\n".join(word for lang, word, _ in asked if lang == code)])
        vectors |= {(code, word): vector for word, vector in found.rows()}
    return _matrix([vectors[lang, word] for lang, word, _ in asked])


def _matrix(rows: list[list[float]]) -> F64:
    return np.array(rows) if rows else np.zeros((0, 2))


def _word_rows(shown: Sequence[Entry], languages: list[str], plane: Plane) -> list[Row]:
    """What the chart shows of every word; the labels of the first language come first."""
    concepts: dict[int, list[int]] = {}
    for row, (_, _, i) in enumerate(shown):
        concepts.setdefault(i, []).append(row)
    centre = {i: plane.at[members].mean(axis=0).tolist() for i, members in concepts.items()}
    together = {i: " · ".join(shown[row][1] for row in members) for i, members in concepts.items()}
    return [
        {
            "word": word, "lang": lang, "concept": together[i], "label": label_text(word, charts.TITLE), "font": font_stack(word, lang),
            "order": languages.index(lang) * len(shown) + i, "x": x, "y": y, "cx": centre[i][0], "cy": centre[i][1],
        }
        for (lang, word, i), (x, y) in zip(shown, plane.at.tolist(), strict=True)
    ]  # fmt: skip


def _stored(wh: Warehouse, lang: str, words: list[str]) -> dict[str, tuple[int, str]]:
    """Rank and stored form of those of `words` that have a vector, as written or folded."""
    folded = {word: fold(word, lang) for word in words}
    asked = sorted({*folded, *folded.values()})
    # One text, not a list: for every element of a list DuckDB looks whether pandas can be imported.
    sql = (
        "WITH asked AS (SELECT unnest(string_split(?, chr(10))) AS w) SELECT word, form, rank FROM words "
        "WHERE lang = ? AND (word IN (SELECT w FROM asked) OR form IN (SELECT w FROM asked)) ORDER BY rank DESC"
    )
    rows = wh.sql(sql, ["\n".join(asked), lang]).rows() if asked else []
    exact = {word: (rank, word) for word, _, rank in rows}
    by_form = {form: (rank, word) for word, form, rank in rows if form is not None}
    known = {word: exact.get(word) or by_form.get(folded[word]) for word in words}
    return {word: row for word, row in known.items() if row is not None}


def _shown(value: object) -> str:
    return "none" if value is None else str(value)


def _cosines(unit: F64, of_concept: npt.NDArray[Any], of_lang: npt.NDArray[Any]) -> tuple[float | None, float | None]:
    """The mean cosine of two words of two languages that are one concept, and that are two; None where there are none.

    From sums of rows, as Σᵢⱼ xᵢ·xⱼ = ‖Σᵢ xᵢ‖²: the cosines of all pairs would take memory as the square of n.
    """
    everything = _pairs(unit, np.zeros(len(unit)))
    one = _pairs(unit, of_concept) - _pairs(unit, of_concept, of_lang)
    two = everything - _pairs(unit, of_lang) - one
    return tuple(float(total / n) if n else None for total, n in (one, two))  # type: ignore[return-value]


def _pairs(unit: F64, *labels: npt.NDArray[Any]) -> F64:
    """The sum of the cosines of all ordered pairs of rows whose labels are equal, and how many pairs these are."""
    keys = np.stack([np.unique(label, return_inverse=True)[1] for label in labels], axis=1)
    group = np.unique(keys, axis=0, return_inverse=True)[1].reshape(-1)
    sums = np.zeros((group.max() + 1, unit.shape[1]))
    np.add.at(sums, group, unit)
    return np.array([(sums**2).sum(), (np.bincount(group).astype(float) ** 2).sum()])
