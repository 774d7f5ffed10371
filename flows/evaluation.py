"""How good a space is, on what it was not fitted on."""

from itertools import combinations
from typing import Any

from align.dictionary import WordPairs
from align.errors import AlignmentError
from align.mixing import language_mixing
from align.retrieval import csls
from align.space import SharedSpace
from warehouse.documents import IndexedDocuments, document_hubness

QUERIES = 2000  # at most so many documents of a language are searched with
FEWEST_PARALLEL = 20
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


def evaluate_documents(indexed: list[IndexedDocuments]) -> list[dict[str, Any]]:
    """Share of documents whose translation, the document of the same id, is the first or among the first ten found."""
    rows = []
    for source in indexed:
        hubness = document_hubness(indexed, source.lang)
        ours = source.known_ids
        for target in indexed:
            at = {doc: row for row, doc in enumerate(target.known_ids)}
            shared = [row for row, doc in enumerate(ours) if doc in at]
            shared = shared[:: max(1, len(shared) // QUERIES)][:QUERIES]
            if source is target or len(shared) < FEWEST_PARALLEL:
                continue
            score = csls(source.vectors[shared] @ target.vectors.T, hubness[target.lang])
            own = score[range(len(shared)), [at[ours[row]] for row in shared]]
            ranks = (score >= own[:, None]).sum(axis=1)
            rows.append(
                {
                    "source": source.lang, "target": target.lang, "recall_at_1": float((ranks <= 1).mean()),
                    "recall_at_10": float((ranks <= 10).mean()), "mrr": float((1 / ranks).mean()),
                    "n_queries": len(shared), "candidates": len(target.vectors),
                }
            )  # fmt: skip
    return rows
