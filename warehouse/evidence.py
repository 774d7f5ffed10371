"""All that search needs of documents beside their vectors, made once and stored."""

from collections.abc import Callable

import duckdb

from align.pool import Pooler
from align.space import SharedSpace
from align.vectors import F32
from align.word_alignment import WordMatch, word_match
from warehouse.calibration import STAGES, calibrate, write_calibrations
from warehouse.document_search import DocumentSearch
from warehouse.documents import IndexedDocuments, document_hubness
from warehouse.lexical_weight import fit_lexical_weights, write_lexical_weights
from warehouse.lexicon import StoredSpace
from warehouse.reranking import aligned_hubness, words_of_documents
from warehouse.spaces import insert
from warehouse.terms import count_documents, lexical_hubness, write_terms

Progress = Callable[[int, int], None]


def write_evidence(
    connection: duckdb.DuckDBPyConnection,
    space: SharedSpace | StoredSpace,
    pooler: Pooler,
    indexed: list[IndexedDocuments],
    progress: Progress | None = None,
) -> None:
    """Fill `terms`, `document_terms` and, for queries in each language of `space`, `document_hubness`; then search in what is
    written, and fill `lexical_weights` and `calibrations`. Space and documents must be there. Writes.

    `progress` is told steps done, and how many there are: languages of queries, and stages of search.
    """
    terms = count_documents(indexed)
    write_terms(connection, space.space_id, indexed, terms)
    words = {part.lang: words_of_documents(terms, space.vectors(part.lang)) for part in indexed}
    matches: dict[tuple[str, str], WordMatch] = {}

    def match(source: str, target: str) -> WordMatch:
        if (source, target) not in matches:
            there, back = (space.retrieval(*pair, spelling="auto") for pair in ((source, target), (target, source)))
            matches[source, target] = word_match(there, back)
        return matches[source, target]

    steps = len(space.languages) + len(STAGES)
    by_vectors: dict[tuple[str, str], F32] = {}
    by_terms: dict[tuple[str, str], F32] = {}
    for done, query_lang in enumerate(space.languages, 1):
        pooled, lexical = document_hubness(indexed, query_lang), lexical_hubness(terms, query_lang)
        by_vectors |= {(query_lang, lang): r for lang, r in pooled.items()}
        by_terms |= {(query_lang, lang): r for lang, r in lexical.items()}
        aligned = aligned_hubness(indexed, words, match, query_lang)
        for part in indexed:
            ids = part.known_ids
            insert(
                connection,
                "document_hubness",
                {
                    "space_id": [space.space_id] * len(ids), "query_lang": [query_lang] * len(ids),
                    "lang": [part.lang] * len(ids), "doc_id": ids.to_arrow(), "hubness": pooled[part.lang],
                    "lexical_hubness": lexical[part.lang], "aligned_hubness": aligned[part.lang],
                },
            )  # fmt: skip
        if progress is not None:
            progress(done, steps)
    vectors = {part.lang: part.vectors for part in indexed}
    write_lexical_weights(connection, space.space_id, fit_lexical_weights(vectors, terms, by_vectors, by_terms))
    search = DocumentSearch(lambda: connection, lambda lang: pooler, match)
    for done, stage in enumerate(STAGES, len(space.languages) + 1):
        write_calibrations(connection, space.space_id, calibrate(search, indexed, space.languages, stage))
        if progress is not None:
            progress(done, steps)
