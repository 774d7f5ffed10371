"""How good a space is, on what it was not fitted on."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

import numpy as np

from align.dictionary import WordPairs
from align.errors import AlignmentError
from align.memory import block_bytes
from align.mixing import language_mixing
from align.retrieval import csls, top_k
from align.space import SharedSpace
from align.vectors import F32, I64
from warehouse.documents import IndexedDocuments

QUERIES = 2000  # at most so many documents of a language are searched with
FEWEST_PARALLEL = 20
BIAS_QUERIES, TOP = 500, 10
BLOCK_BYTES = 16 << 20  # of scores of documents at once, of which there are several kinds
MIXED = 1_000  # most frequent words a side whose neighbours are looked at


def evaluate_translation(space: SharedSpace, test: list[WordPairs], train: list[WordPairs]) -> list[dict[str, Any]]:
    """Precision of every test dictionary in both directions, and beside it P@1 with the evidence of spelling where that
    was found to help; a test without a usable pair is left out.
    """
    rows: list[dict[str, Any]] = []
    for pairs in test:
        for direction in (pairs, pairs.reversed()):
            try:
                row = space.evaluate(direction, train=train).row(0, named=True)
                spelled = space.evaluate(direction, spelling="auto").row(0, named=True)
                if spelled["retrieval"] != row["retrieval"]:
                    row["precision_at_1_with_spelling"] = spelled["precision_at_1"]
                rows.append(row)
            except AlignmentError as error:
                if error.code != "evaluate.no_pairs":
                    raise
    return rows


def evaluate_signals(space: SharedSpace) -> list[dict[str, Any]]:
    """What can be told without gold translations of every pair of languages, and how mixed they are, before and after."""
    rows: list[dict[str, Any]] = []
    for source, target in combinations(space.languages, 2):
        mixing = language_mixing(space, source, target, frequent=MIXED)
        told = space.signals(source, target).as_dict()
        told |= {"mixing_before": mixing.before, "mixing_after": mixing.after}
        rows.append({"source": source, "target": target, **{k: v for k, v in told.items() if v is not None}})
    return rows


def evaluate_documents(
    indexed: list[IndexedDocuments], hubness: Mapping[str, Mapping[str, F32]]
) -> list[dict[str, Any]]:
    """Share of documents whose translation, the document of the same id, is the first or among the first ten found.

    `hubness`: of every language of queries, `document_hubness`.
    """
    rows = []
    for source in indexed:
        for target in indexed:
            both = _shared(source, target)
            shared = _some([*both], QUERIES)
            if source is target or len(shared) < FEWEST_PARALLEL:
                continue
            own = np.array([both[row] for row in shared])
            ranks = _ranks(source.vectors[shared], target.vectors, hubness[source.lang][target.lang], own)
            rows.append(
                {
                    "source": source.lang, "target": target.lang, "recall_at_1": float((ranks <= 1).mean()),
                    "recall_at_10": float((ranks <= 10).mean()), "mrr": float((1 / ranks).mean()),
                    "n_queries": len(shared), "candidates": len(target.vectors),
                }
            )  # fmt: skip
    return rows


def evaluate_language_bias(
    indexed: list[IndexedDocuments], hubness: Mapping[str, Mapping[str, F32]], parallel: bool
) -> list[dict[str, Any]]:
    """Which languages the ten best documents of all languages are in, for documents of `source` as questions.

    `share_by_cosine` and `share`, by the score of search, of the hits that are in `target`. Own-language hits by cosine beyond
    those by score are there only because of language. Where ids are `parallel`, `share_of_matches` is what is fair: the share
    among the documents with the question's id, itself one of them; questions are then those with a translation.
    """
    rows = []
    for source in indexed if len(indexed) > 1 else []:
        matched = {part.lang: _shared(source, part).keys() for part in indexed}
        translated = sorted(set().union(*(rows for lang, rows in matched.items() if lang != source.lang)))
        asked = _some(translated if parallel else [*range(len(source.vectors))], BIAS_QUERIES)
        if len(asked) < FEWEST_PARALLEL:
            continue
        questions = source.vectors[asked]
        ends = np.cumsum([0] + [len(part.vectors) for part in indexed])
        found = {"share_by_cosine": np.zeros(len(indexed)), "share": np.zeros(len(indexed))}
        for start, stop in _blocks(len(asked), ends[-1]):
            cosine = [questions[start:stop] @ part.vectors.T for part in indexed]
            found["share_by_cosine"] += np.histogram(top_k(np.hstack(cosine), TOP).rows, bins=ends)[0]
            score = [csls(c, hubness[source.lang][part.lang]) for c, part in zip(cosine, indexed, strict=True)]
            found["share"] += np.histogram(top_k(np.hstack(score), TOP).rows, bins=ends)[0]
        by = {name: counted / (TOP * len(asked)) for name, counted in found.items()}
        matches = np.array([len(matched[part.lang] & set(asked)) for part in indexed])
        for column, part in enumerate(indexed):
            row = {"source": source.lang, "target": part.lang, "n_queries": len(asked)}
            row |= {name: float(shares[column]) for name, shares in by.items()}
            rows.append(row | ({"share_of_matches": float(matches[column] / matches.sum())} if parallel else {}))
    return rows


def _ranks(questions: F32, documents: F32, hubness: F32, own: I64) -> I64:
    """(n,) rank of the document `own` (n,) of every question (n, dim) by CSLS; ties count against it."""
    ranks = np.zeros(len(questions), dtype=np.int64)
    for start, stop in _blocks(len(questions), len(documents)):
        score = csls(questions[start:stop] @ documents.T, hubness)
        ranks[start:stop] = (score >= score[np.arange(stop - start), own[start:stop], None]).sum(axis=1)
    return ranks


def _blocks(n: int, width: int) -> Iterator[tuple[int, int]]:
    step = max(1, block_bytes(BLOCK_BYTES) // (4 * max(width, 1)))
    return ((start, min(start + step, n)) for start in range(0, n, step))


def _shared(source: IndexedDocuments, target: IndexedDocuments) -> dict[int, int]:
    """Place in `source` → place in `target` of the documents whose id both have."""
    at = {doc: row for row, doc in enumerate(target.known_ids)}
    return {row: at[doc] for row, doc in enumerate(source.known_ids) if doc in at}


def _some(rows: list[int], most: int) -> list[int]:
    return rows[:: max(1, len(rows) // most)][:most]
