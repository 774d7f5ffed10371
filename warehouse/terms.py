"""The terms of stored documents: written with them, read once, searched by TF-IDF."""

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix, vstack

from align.lexical import inverse_document_frequency, lexical_neighbourhood, tfidf
from align.retrieval import NEIGHBOURS
from align.terms import count_terms
from align.vectors import F32, F64, I64
from warehouse.documents import IndexedDocuments, sample_rows
from warehouse.spaces import insert, select


@dataclass(frozen=True, eq=False)
class DocumentTerms:
    """`vocabulary`: term → number. `counts`: per language (n_known, v), the documents with a vector in the order of ids."""

    vocabulary: Mapping[str, int]
    counts: Mapping[str, csr_matrix]

    def row(self, counted: Counter[str], lang: str) -> csr_matrix:
        """(1, v) unit TF-IDF of a text's terms; those of no document count in its length."""
        idf = self.idf(lang)
        known = {self.vocabulary[term]: n for term, n in counted.items() if term in self.vocabulary}
        strange = [n for term, n in counted.items() if term not in self.vocabulary]
        v = len(self.vocabulary)
        columns = [*known, *range(v, v + len(strange))]
        row = csr_matrix(([*known.values(), *strange], columns, [0, len(columns)]), shape=(1, v + len(strange)))
        rarest = np.log(1 + self._asked(lang).shape[0]) + 1
        return tfidf(row, np.concatenate([idf, np.full(len(strange), rarest)]))[:, :v]

    def idf(self, lang: str) -> F64:
        """(v,) as texts of `lang` have it; of the documents of all languages where it has fewer than ten."""
        return inverse_document_frequency(self._asked(lang))

    def _asked(self, lang: str) -> csr_matrix:
        own = self.counts.get(lang)
        if own is not None and own.shape[0] >= NEIGHBOURS:
            return own
        return csr_matrix(vstack([*self.counts.values()])) if self.counts else csr_matrix((0, len(self.vocabulary)))


def count_documents(indexed: Sequence[IndexedDocuments]) -> DocumentTerms:
    """The terms of all documents that have a vector."""
    vocabulary: dict[str, int] = {}
    rows = {}
    for part in indexed:
        ids, numbers, ends = array("i"), array("i"), [0]  # lists of Python's numbers take nine times as much
        for text, known in zip(part.frame["text"], part.pooled.known, strict=True):
            if known:
                counted = count_terms(text, part.lang)
                ids.extend(vocabulary.setdefault(term, len(vocabulary)) for term in counted)
                numbers.extend(counted.values())
                ends.append(len(ids))
        rows[part.lang] = (numbers, ids, ends)
    v = len(vocabulary)
    counts = {
        lang: csr_matrix((np.frombuffer(n, "i4"), np.frombuffer(i, "i4"), np.array(e, "i8")), shape=(len(e) - 1, v))
        for lang, (n, i, e) in rows.items()
    }
    return DocumentTerms(vocabulary, counts)


def lexical_hubness(terms: DocumentTerms, query_lang: str) -> dict[str, F32]:
    """Per language, r (n_known,) of every document: as `document_hubness`, by TF-IDF."""
    weighted = {lang: tfidf(counts, terms.idf(lang)) for lang, counts in terms.counts.items()}
    own = weighted.get(query_lang)
    result = {}
    for lang, rows in weighted.items():
        asked = own if own is not None and own.shape[0] >= NEIGHBOURS else rows
        inside = asked is rows
        sample = asked if inside else asked[sample_rows(asked.shape[0])]
        result[lang] = lexical_neighbourhood(rows, csr_matrix(sample), exclude_self=inside)
    return result


def write_terms(
    connection: duckdb.DuckDBPyConnection, space_id: str, indexed: Sequence[IndexedDocuments], terms: DocumentTerms
) -> None:
    """Fill `terms` and `document_terms`. Writes."""
    insert(connection, "terms", {"term_id": np.arange(len(terms.vocabulary), dtype="i4"), "term": [*terms.vocabulary]})
    for part in indexed:
        counts = terms.counts[part.lang]
        ids = part.known_ids
        ends = pa.array(counts.indptr, pa.int32())
        lists = (
            pa.ListArray.from_arrays(ends, pa.array(values, pa.int32())) for values in (counts.indices, counts.data)
        )
        columns = dict(zip(("term_ids", "counts"), lists, strict=True))
        who = {"space_id": [space_id] * len(ids), "lang": [part.lang] * len(ids), "doc_id": ids.to_arrow()}
        insert(connection, "document_terms", {**who, **columns})


def read_terms(connection: duckdb.DuckDBPyConnection) -> DocumentTerms:
    """What `write_terms` wrote."""
    stored = select(connection, "SELECT term FROM terms ORDER BY term_id")["term"].to_pylist()
    counts = {}
    for (lang,) in connection.execute("SELECT DISTINCT lang FROM document_terms ORDER BY lang").fetchall():
        table = select(connection, "SELECT doc_id, term_ids, counts FROM document_terms WHERE lang = ?", [lang])
        ids = table["doc_id"].to_pylist()
        lists = table["term_ids"].combine_chunks()
        ends = np.concatenate([[0], np.cumsum(lists.value_lengths().to_numpy(zero_copy_only=False))])
        numbers = table["counts"].combine_chunks().flatten().to_numpy()
        rows = csr_matrix((numbers, lists.flatten().to_numpy(), ends), shape=(len(ids), len(stored)))
        counts[lang] = rows[sorted(range(len(ids)), key=ids.__getitem__)]
    return DocumentTerms({term: number for number, term in enumerate(stored)}, counts)


def token_columns(terms: DocumentTerms, lang: str) -> I64:
    """Numbers of the terms that documents of `lang` hold."""
    return np.unique(terms.counts[lang].indices).astype(np.int64)
