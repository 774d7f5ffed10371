"""Scores as probabilities: for every pair of languages, how often a hit of that score is a match.

There are no parallel texts to learn from in most stores. Documents that are each other's best hit stand for them: on pages
with known translations 95 to 100 % of such pairs were right (benchmarks/README.md). Matches that are not found back count
as none, so what is told between 0.1 and 0.5 is on the low side.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations, product
from typing import Literal, get_args

import duckdb
import numpy as np
import polars as pl
from scipy.special import expit

from align.logistic import fit_logistic
from warehouse.document_search import DocumentSearch
from warehouse.documents import IndexedDocuments
from warehouse.spaces import insert

Stage = Literal["plain", "full"]

STAGES: tuple[Stage, ...] = get_args(Stage)
QUERIES = 200  # documents of a language that are searched with, at most
SEARCHES = 2_000  # about so many in all: many pairs of languages get fewer each
FEWEST_QUERIES, FEWEST_MATCHES = 30, 20  # below them a pair of languages has the mean of the others
HITS = 10
MUTUAL, OTHERS = "mutual neighbours", "other pairs"


@dataclass(frozen=True)
class Calibration:
    """Probability 1 / (1 + exp(−(`slope` · score + `intercept`))) that a hit in `lang` matches a text in `query_lang`."""

    stage: Stage
    query_lang: str
    lang: str
    slope: float
    intercept: float
    queries: int = 0
    matches: int = 0
    evidence: str = OTHERS

    def probability(self, score: float) -> float:
        """From 0 to 1, for a hit with this score."""
        return float(expit(self.slope * score + self.intercept))


def calibrate(
    search: DocumentSearch, indexed: Sequence[IndexedDocuments], languages: Sequence[str], stage: Stage
) -> list[Calibration]:
    """For texts in each of `languages` and documents in each language of `indexed`.

    Documents of the one language are searched for in the other, ten hits each; a match is a first hit whose own first hit
    is the document. What tells matches from all the hits is fitted by logistic regression. Pairs of languages with too few
    documents or matches, and a language and itself, have the mean of the other pairs into that language, or of all pairs;
    nothing is told where there is none.
    """
    texts = {part.lang: part.frame.filter(pl.Series(part.pooled.known))["text"].to_list() for part in indexed}
    pairs = [(a, b) for a, b in permutations(texts, 2) if len(texts[a]) >= FEWEST_QUERIES <= len(texts[b])]
    n = int(np.clip(SEARCHES // max(len(pairs), 1), FEWEST_QUERIES, QUERIES))
    fitted = {pair: _of_pair(search, texts, stage, *pair, n) for pair in pairs}
    seen = [one for one in fitted.values() if one is not None]
    told = [fitted.get(pair) or _of_others(seen, stage, *pair) for pair in product(languages, texts)]
    return [one for one in told if one is not None]


def write_calibrations(connection: duckdb.DuckDBPyConnection, space_id: str, found: Sequence[Calibration]) -> None:
    """Fill `calibrations`. Writes."""
    columns = {name: [getattr(one, name) for one in found] for name in Calibration.__dataclass_fields__}
    if found:
        insert(connection, "calibrations", {"space_id": [space_id] * len(found), **columns})


def read_calibrations(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str, str], Calibration]:
    """What `write_calibrations` wrote, by stage, language of the query and language of the document."""
    names = ", ".join(Calibration.__dataclass_fields__)
    rows = connection.execute(f"SELECT {names} FROM calibrations").fetchall()
    return {(row[0], row[1], row[2]): Calibration(*row) for row in rows}


def _of_pair(
    search: DocumentSearch, texts: dict[str, list[str]], stage: Stage, source: str, target: str, n: int
) -> Calibration | None:
    def hits(lang: str, into: str, rows: list[int], k: int) -> pl.DataFrame:
        more = stage == "full"
        return search.hits([texts[lang][row] for row in rows], lang, [into], k, None, more, more)[0]

    rows = np.unique(np.linspace(0, len(texts[source]) - 1, n).astype(np.int64)).tolist()
    found = hits(source, target, rows, HITS)
    first = found.filter(pl.col("rank") == 1)
    back = hits(target, source, [search.index.number(target, doc) for doc in first["doc_id"]], 1)
    asked = first["query"].gather(back["query"])
    returned = [
        search.index.number(source, doc) == rows[query] for doc, query in zip(back["doc_id"], asked, strict=True)
    ]
    matched = asked.filter(pl.Series(returned, dtype=pl.Boolean))
    if len(matched) < FEWEST_MATCHES:
        return None
    right = ((found["rank"] == 1) & found["query"].is_in(matched.implode())).to_numpy()
    model = fit_logistic(found["score"].to_numpy().astype("f8")[:, None], right.astype("f8"), signs=[1])
    slope = float(model.slope[0] / model.scale[0])
    intercept = model.intercept - slope * float(model.mean[0])
    return Calibration(stage, source, target, slope, intercept, len(rows), len(matched), MUTUAL)


def _of_others(seen: Sequence[Calibration], stage: Stage, source: str, target: str) -> Calibration | None:
    near = [one for one in seen if one.lang == target] or seen
    if not near:
        return None
    slope, intercept = (float(np.mean([getattr(one, name) for one in near])) for name in ("slope", "intercept"))
    return Calibration(stage, source, target, slope, intercept)
