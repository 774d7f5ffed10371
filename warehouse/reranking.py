"""The second stage of search: candidates of the pooled vectors are looked at word by word."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
from scipy.sparse import csr_matrix

from align.parallel import in_parallel
from align.retrieval import NEIGHBOURS, mean_of_largest, top_k
from align.terms import is_compound
from align.tokens import tokenize
from align.unknown_words import StandIns
from align.vectors import F32, F64, I64, WordVectors
from align.word_alignment import WordMatch, align_words, matched_words
from warehouse.documents import IndexedDocuments, sample_rows
from warehouse.spaces import select
from warehouse.terms import DocumentTerms, token_columns

CANDIDATES = (
    100  # a language, at least: 95 to 97 % of the translations of sentences are among them (benchmarks/README.md)
)
NEAREST = 20  # texts of the other side from which hubness is taken
BLOCK = 512
SIF_A = 5e-3  # of words that are aligned; smaller than in pooling, where rare words drown the rest

Match = Callable[[str, str], WordMatch]
WordShare = tuple[str, str, float]


@dataclass(frozen=True, eq=False)
class WrittenWords:
    """The words of n texts of one language: distinct `forms` (v) and what stands for them in the word vectors, `rows` (v).

    The words of text i are `columns[starts[i]:starts[i + 1]]` of the forms, and weigh `weights` there.
    """

    forms: list[str]
    rows: StandIns
    columns: I64
    weights: F64
    starts: I64

    def of(self, texts: I64) -> tuple[I64, F64, I64]:
        """Columns, weights and starts of some of the texts."""
        counts = self.starts[texts + 1] - self.starts[texts]
        ends = np.concatenate([[0], np.cumsum(counts)])
        at = np.arange(ends[-1]) + np.repeat(self.starts[texts] - ends[:-1], counts)
        return self.columns[at], self.weights[at], ends


def words_of_texts(texts: Sequence[str], vectors: WordVectors) -> WrittenWords:
    """The words of texts as they are."""
    ids: dict[str, int] = {}
    counted = [Counter(tokenize(text, vectors.lang)) for text in texts]
    columns = [ids.setdefault(form, len(ids)) for count in counted for form in count]
    times = [n for count in counted for n in count.values()]
    starts = np.cumsum([0] + [len(count) for count in counted])
    return _weighed([*ids], np.array(columns, "i8"), np.array(times, "f8"), starts, vectors)


def words_of_documents(terms: DocumentTerms, vectors: WordVectors) -> WrittenWords:
    """The words of the documents in the language of `vectors`: their terms without the compounds."""
    names, lang = [*terms.vocabulary], vectors.lang
    used = [number for number in token_columns(terms, lang).tolist() if not is_compound(names[number])]
    rows = csr_matrix(terms.counts[lang][:, used])
    forms = [names[number] for number in used]
    return _weighed(forms, rows.indices.astype("i8"), rows.data.astype("f8"), rows.indptr.astype("i8"), vectors)


def _weighed(forms: list[str], columns: I64, times: F64, starts: I64, vectors: WordVectors) -> WrittenWords:
    rows = vectors.known.stand_ins(forms)
    # SIF with a constant of its own. A word that no training text held is rare, whatever it is made of: it weighs as the rarest.
    first = rows.rows[rows.starts[:-1]]
    one = (first >= 0) & (np.diff(rows.starts) == 1)
    weights = np.where(one, SIF_A / (SIF_A + vectors.probabilities()[first]), 1.0)
    return WrittenWords(forms, rows, columns, weights[columns] * times, starts)


@dataclass(frozen=True, eq=False)
class Aligner:
    """Aligns words of texts of one language with those of documents of another."""

    match: WordMatch
    documents: WrittenWords
    spelled: list[str]  # the documents' forms

    @staticmethod
    def of(match: WordMatch, documents: WrittenWords) -> "Aligner":
        return Aligner(match, documents, match.spell(documents.forms, target=True))

    def both(self, texts: WrittenWords, spelled: list[str], text: int, documents: I64) -> tuple[F64, F64]:
        """Forward (c,) and backward (c,) of `align_words` for one text and c documents."""
        own, weights, _ = texts.of(np.array([text]))
        columns, column_weights, starts = self.documents.of(documents)
        used, columns = np.unique(columns, return_inverse=True)
        return align_words(self._similarity(texts, spelled, own, used), weights, columns, column_weights, starts)

    def pairs(
        self, texts: WrittenWords, spelled: list[str], text: int, document: int, aligned: float
    ) -> list[WordShare]:
        """Words of the two and the best match of each, with what the pair adds to the score `aligned`.

        Hubness is taken from every word by its weight, so that a share says how much better than usual a word is matched.
        """
        own, weights, _ = texts.of(np.array([text]))
        theirs, target_weights, _ = self.documents.of(np.array([document]))
        if not len(own) or not len(theirs):
            return []
        similarity = self._similarity(texts, spelled, own, theirs)
        hubness = 2 * sum(side[0] for side in align_words(similarity, weights, *_whole(target_weights))) - aligned
        # Shares of 2 · similarity − hubness / 2, summed over both directions.
        columns, forward, rows, backward = matched_words(2 * similarity - hubness / 2, weights, target_weights)
        first, second = [texts.forms[i] for i in own], [self.documents.forms[i] for i in theirs]
        there = [(first[i], second[j], share) for i, (j, share) in enumerate(zip(columns, forward, strict=True))]
        return there + [(first[i], second[j], share) for j, (i, share) in enumerate(zip(rows, backward, strict=True))]

    def _similarity(self, texts: WrittenWords, spelled: list[str], own: I64, theirs: I64) -> F32:
        return self.match.similarity(
            texts.rows.of(own),
            [spelled[i] for i in own],
            self.documents.rows.of(theirs),
            [self.spelled[i] for i in theirs],
        )


def aligned_hubness(
    indexed: Sequence[IndexedDocuments], words: dict[str, WrittenWords], match: Match, query_lang: str
) -> dict[str, F32]:
    """Per language, what is taken from the aligned score of every document for queries in `query_lang`, (n_known,).

    The mean of the 10 highest forward plus that of the 10 highest backward scores among the 20 nearest documents in
    `query_lang` by pooled vectors, itself left out; where `query_lang` has fewer than 10 documents, in its own.
    """
    vectors = {part.lang: part.vectors for part in indexed}
    result = {}
    for part in indexed:
        asked = query_lang if len(vectors.get(query_lang, ())) >= NEIGHBOURS else part.lang
        sample = sample_rows(len(vectors[asked]))
        aligner = Aligner.of(match(part.lang, asked), words[asked])
        spelled = aligner.match.spell(words[part.lang].forms)
        own = part.lang == asked

        def one(asking: tuple[int, I64], a: Aligner = aligner, s: list[str] = spelled, lang: str = part.lang) -> float:
            text, near = asking
            return _mean_best(a.both(words[lang], s, text, near)) if len(near) else 0.0

        found: list[float] = []
        for start in range(0, len(part.vectors), BLOCK):
            block = np.arange(start, min(start + BLOCK, len(part.vectors)))
            near = sample[top_k(part.vectors[block] @ vectors[asked][sample].T, NEAREST + own).rows]
            kept = [rows[rows != text][:NEAREST] if own else rows for text, rows in zip(block, near, strict=True)]
            found += in_parallel(one, list(zip(block.tolist(), kept, strict=True)))
        result[part.lang] = np.array(found, dtype=np.float32)
    return result


def _whole(weights: F64) -> tuple[I64, F64, I64]:
    """One candidate that holds every column once."""
    return np.arange(len(weights)), weights, np.array([0, len(weights)])


def _mean_best(both: tuple[F64, F64]) -> float:
    return float(sum(mean_of_largest(side[None].astype(np.float32), NEIGHBOURS)[0] for side in both))


class Reranker:
    """Aligned scores of stored documents for texts; each part is made when first needed."""

    def __init__(
        self,
        connection: Callable[[], duckdb.DuckDBPyConnection],
        terms: Callable[[], DocumentTerms],
        vectors: Callable[[str], WordVectors],
        match: Match,
    ) -> None:
        self._connection, self._terms, self._read, self._match = connection, terms, vectors, match
        self._aligners: dict[tuple[str, str], tuple[Aligner, F32]] = {}
        self._words: dict[str, WrittenWords] = {}

    def ask(self, texts: Sequence[str], lang: str, wanted: Sequence[str]) -> Callable[[int, str, I64, I64], F64]:
        """A function of a text's number, a language, c of its documents and those nearest to the text to scores (c,).

        As CSLS: twice forward plus backward, minus what the document gives the texts of `lang` that are nearest to it, and
        minus what the text gets from those nearest to it: the mean of the 10 highest forward and of the 10 highest backward.
        """
        words = words_of_texts(texts, self._read(lang))
        aligners = {code: self._aligner(lang, code) for code in wanted}
        spelled = {code: aligner.match.spell(words.forms) for code, (aligner, _) in aligners.items()}

        def scores(text: int, code: str, documents: I64, nearest: I64) -> F64:
            aligner, hubness = aligners[code]
            asked, place = np.unique(np.concatenate([documents, nearest]), return_inverse=True)
            forward, backward = aligner.both(words, spelled[code], text, asked)
            own, near = np.split(place, [len(documents)])
            taken = hubness[documents] + _mean_best((forward[near], backward[near]))
            return np.asarray(2 * (forward[own] + backward[own]) - taken, dtype=np.float64)

        return scores

    def pairs(self, text: str, lang: str, code: str, document: int, aligned: float) -> list[WordShare]:
        """Words of a text and of one document of `code` that match, and what each pair adds to their score `aligned`."""
        words = words_of_texts([text], self._read(lang))
        aligner, _ = self._aligner(lang, code)
        return aligner.pairs(words, aligner.match.spell(words.forms), 0, document, aligned)

    def _aligner(self, lang: str, code: str) -> tuple[Aligner, F32]:
        if (lang, code) not in self._aligners:
            if code not in self._words:
                self._words[code] = words_of_documents(self._terms(), self._read(code))
            sql = "SELECT aligned_hubness FROM document_hubness WHERE query_lang = ? AND lang = ? ORDER BY doc_id"
            column = select(self._connection(), sql, [lang, code])["aligned_hubness"]
            hubness = np.asarray(column.to_numpy(), dtype=np.float32)
            self._aligners[lang, code] = (Aligner.of(self._match(lang, code), self._words[code]), hubness)
        return self._aligners[lang, code]
