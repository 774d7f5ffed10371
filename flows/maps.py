"""Words and documents of the shared space on a plane: which ones, where they lie, and how much of the space that shows."""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from align.tokens import fold
from flows import charts
from warehouse.metadata import expand_metadata
from warehouse.search import Warehouse

CONCEPTS = 40  # held-out words of one language, with their translations
WORDS = 240  # on the map; more cannot be read
POINTS = 2000  # documents on the map
KINDS = 12  # most values of a metadata column that colours tell apart

Row = dict[str, Any]
Vectors = npt.NDArray[np.float64]


def map_words(wh: Warehouse) -> Row | None:
    """Held-out words of several languages, every concept tied together; None where there are fewer than three words.

    Besides the chart: the explained variance, and the mean cosine, in all dimensions, of words of two languages that are
    translations (`alike`) and that are not (`apart`).
    """
    languages = wh.languages
    concepts = find_concepts(wh)
    asked = [(lang, word, i) for i, concept in enumerate(concepts) for lang, word in concept.items()]
    vectors: dict[tuple[str, str], list[float]] = {}
    for code in {lang for lang, _, _ in asked}:
        sql = "SELECT word, vector FROM words WHERE lang = ? AND word IN (SELECT unnest(?))"
        found = wh.sql(sql, [code, [word for lang, word, _ in asked if lang == code]])
        vectors |= {(code, word): vector for word, vector in found.rows()}
    unit = np.array([vectors[lang, word] for lang, word, _ in asked])
    if (plane := project(unit)) is None:
        return None
    at, explained = plane
    of, lang_of = np.array([i for _, _, i in asked]), np.array([lang for lang, _, _ in asked])
    cosines, same, across = unit @ unit.T, of[:, None] == of, lang_of[:, None] != lang_of
    centres = np.stack([at[of == i].mean(axis=0) for i in range(len(concepts))]).tolist()
    rows = [
        {
            "word": word, "lang": lang, "concept": " · ".join(concepts[i].values()),
            "order": languages.index(lang) * CONCEPTS + i, "x": x, "y": y, "cx": centres[i][0], "cy": centres[i][1],
        }
        for (lang, word, i), (x, y) in zip(asked, at.tolist(), strict=True)
    ]  # fmt: skip
    there = [lang for lang in languages if lang in lang_of]
    return {
        "chart": charts.word_map(rows, there, charts.palette(there, languages), explained), "explained": sum(explained),
        "concepts": len(concepts), "words": len(rows), "languages": there,
        "alike": _mean(cosines[same & across]), "apart": _mean(cosines[~same & across]),
    }  # fmt: skip


def map_documents(wh: Warehouse) -> Row | None:
    """Documents, coloured by the first column of metadata with few values, else by language; None where fewer than three."""
    # By a digest of the id: the same sample every time, and the translations of a document stay together.
    found = wh.sql(
        "SELECT lang, doc_id, title, metadata, vector FROM document_vectors JOIN documents USING (lang, doc_id) "
        "WHERE vector IS NOT NULL ORDER BY md5(doc_id), doc_id, lang LIMIT ?",
        [POINTS],
    )
    if (plane := project(np.array(found["vector"].to_list()))) is None:
        return None
    at, explained = plane
    languages = [lang for lang in wh.languages if lang in set(found["lang"])]
    topic = few_values(expand_metadata(found.drop("vector")))
    by, groups = ("language", found["lang"].to_list()) if topic is None else (topic.name, [_shown(v) for v in topic])
    kinds = languages if topic is None else sorted(set(groups))
    cards = found.select("doc_id", "title", "lang").rows()
    rows = [
        {"id": doc, "title": title or doc, "lang": lang, "group": group, "x": x, "y": y}
        for (doc, title, lang), group, (x, y) in zip(cards, groups, at.tolist(), strict=True)
    ]
    colours = charts.palette(kinds, wh.languages if topic is None else kinds)
    return {
        "chart": charts.page_map(rows, languages, kinds, by, colours, explained), "explained": sum(explained), "by": by,
        "shown": len(rows), "of": wh.sql("SELECT count(*) FROM document_vectors WHERE vector IS NOT NULL").item(),
    }  # fmt: skip


def find_concepts(wh: Warehouse) -> list[dict[str, str]]:
    """Held-out concepts, each a stored word per language: those in most languages, then the most frequent, first.

    A word of the first language that has test pairs and, for every other one, the most frequent of its translations.
    """
    links: dict[tuple[str, str], set[tuple[str, str]]] = {}
    pairs = "SELECT DISTINCT source, source_word, target, target_word FROM dictionary_pairs WHERE part = 'test'"
    for source, word, target, translation in wh.sql(pairs).rows():
        links.setdefault((source, word), set()).add((target, translation))
        links.setdefault((target, translation), set()).add((source, word))
    stored = {code: _stored(wh, code, [word for lang, word in links if lang == code]) for code in wh.languages}
    first = next((lang for lang in wh.languages if stored[lang]), "")
    found: list[tuple[tuple[int, int, str], dict[str, str]]] = []
    for word, (rank, own) in stored.get(first, {}).items():
        concept, reached = {first: own}, {(first, word)}
        for lang in wh.languages * 2:  # twice: a language may be linked only to one that comes later
            near = {w for node in reached for code, w in links[node] if code == lang and w in stored[lang]}
            if near and lang not in concept:
                best = min(near, key=lambda w, lang=lang: (stored[lang][w], w))  # type: ignore[misc]
                concept[lang] = stored[lang][best][1]
                reached.add((lang, best))
        if len(concept) > 1:
            ordered = {lang: concept[lang] for lang in wh.languages if lang in concept}
            found.append(((-len(concept), rank, own), ordered))
    chosen: list[dict[str, str]] = []
    used: set[tuple[str, str]] = set()
    for _, concept in sorted(found, key=lambda pair: pair[0]):
        if used.isdisjoint(concept.items()) and len(chosen) < min(CONCEPTS, WORDS // len(wh.languages)):
            chosen.append(concept)
            used.update(concept.items())
    return chosen


def few_values(cards: pl.DataFrame) -> pl.Series | None:
    """The first column of metadata, after language, id and title, with few values that repeat; None where there is none."""
    for column in cards.get_columns()[3:]:
        if 2 <= column.n_unique() <= min(KINDS, cards.height // 2):
            return column
    return None


def project(unit: Vectors) -> tuple[Vectors, tuple[float, float]] | None:
    """Coordinates (n, 2) of the rows of `unit` (n, dim) on their first two principal components, and the share of the
    variance that each explains. None for fewer than three rows, or where all are alike.

    >>> project(np.array([[1.0, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0]]))[1]
    (0.5, 0.5)
    """
    if len(unit) < 3:
        return None
    U, S, _ = np.linalg.svd(unit - unit.mean(axis=0), full_matrices=False)
    if len(S) < 2 or S[0] < 1e-6:
        return None
    at = U[:, :2] * S[:2]
    at *= np.where(at[np.abs(at).argmax(axis=0), [0, 1]] < 0, -1, 1)  # a component has no sign of its own: choose one
    shares = S**2 / (S**2).sum()
    return at.round(5), (float(shares[0]), float(shares[1]))


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


def _mean(values: npt.NDArray[Any]) -> float | None:
    return float(values.mean()) if values.size else None
