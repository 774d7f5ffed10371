"""Search in a published snapshot: exact, CSLS-corrected, many queries in one matrix product."""

import os
import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import duckdb
import numpy as np
import polars as pl

from align.arguments import expect, listed
from align.dictionary import WordPairs
from align.errors import InputError, QueryError
from align.evaluate import Precision, precision_of, translation_outcomes
from align.language import canonical_language
from align.lexicon import Lexicon, Progress, induce_lexicon
from align.measures import Measure, check_measure
from align.pool import Pooler
from align.retrieval import check_k
from align.unseen_words import translate_word
from align.vectors import WordVectors
from align.word_alignment import WordMatch, word_match
from align.word_retrieval import SpellingChoice, WordRetrieval
from warehouse import bounded, snapshot
from warehouse.calibration import Calibration, Stage, read_calibrations
from warehouse.connection import read
from warehouse.document_search import DocumentSearch
from warehouse.faults import typed_faults
from warehouse.integrity import check_no_log, check_snapshot
from warehouse.lexicon import StoredSpace, stored_pairs
from warehouse.spaces import read_pooler, read_retrieval, stored_languages
from warehouse.why import HIT, shortened


@typed_faults
class Warehouse:
    """A read-only view of one snapshot; a later publish does not change it. Close it, or use it in a `with` block.

    Made by `warehouse.open`. Threads may share it; a forked process may not, and is refused. Vectors are read into memory at the first search that needs them.
    """

    def __init__(self, root: str | Path, *, verify: bool = False, memory: int | None = None) -> None:
        bounded.check_bounds(memory=memory)
        self._snapshot, self._lease = snapshot.hold(root)
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._cursors = threading.local()
        self._process, self._memory = os.getpid(), memory or bounded.MEMORY
        self._languages: list[str] = []
        self._poolers: dict[str, Pooler] = {}
        try:
            check_snapshot(self._snapshot, digest=verify)
            check_no_log(self._snapshot)
            self._connection = read(self._snapshot, memory=self._memory)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Warehouse {self._snapshot.name}>"

    def close(self) -> None:
        """Let the snapshot go. Closing twice is fine; any other use afterwards is refused with QueryError `query.closed`."""
        if (
            self._connection is not None and os.getpid() == self._process
        ):  # a forked child would wait for threads it has not
            self._connection.close()
            self._connection = None
        if self._lease >= 0:
            os.close(self._lease)
            self._lease = -1

    @property
    def version(self) -> str:
        """The name of the snapshot: a number that grows with every publish, and an id."""
        return self._snapshot.stem

    @property
    def path(self) -> Path:
        """The DuckDB file of the snapshot."""
        return self._snapshot

    @property
    def languages(self) -> list[str]:
        """Languages of the space, the pivot first."""
        connection = self._open
        if not self._languages:
            self._languages = stored_languages(connection)
        return list(self._languages)

    def search(
        self,
        queries: str | Sequence[str],
        lang: str,
        into: Sequence[str] | None = None,
        k: int = 10,
        *,
        where: Mapping[str, Any] | None = None,
        rerank: bool | None = None,
        lexical: bool | None = None,
        explain: bool = False,
        probability: bool = False,
        passages: bool = False,
        measure: Measure | Literal["csls"] = "csls",
        p: float = 3.0,
    ) -> pl.DataFrame:
        """The k documents nearest to each text of language `lang`, best first.

        `into`: languages to search, default all. `where`: metadata that must be equal, {"topic": "law"}, or one of a list.
        Columns: query (position in the list), rank (from 1), score, lang, doc_id, title, then the metadata; with `explain`
        also why: the five word pairs that add most to the score, each with its share, and an entry without words for the rest;
        with `probability` also probability, after score: how likely a document of this language with this score is a match
        of the text, as documents that are each other's best hit let one expect (`warehouse.calibration`), so that one threshold
        means one thing in every language. It is told with both of rerank and lexical, or without both. With `passages` also
        passage, the part of the document that is nearest to the text, passage_start and passage_stop, where it is in the
        document, in characters: of the passages that the store was built with (`[passages]`), else of 200 tokens, cut here.

        score, higher is nearer, is the sum of what is asked for: CSLS of the pooled vectors, 2 cos − r(query) − r(document),
        always (in a store with passages the best of a document and its passages); with `lexical` the CSLS of
        the TF-IDF of terms that are written alike, times a weight fitted for the two languages; with `rerank` how well the
        words of query and document match one by one (`align.word_alignment`), for the 100 best of every language by the others.
        None, like True, is with it: no measured store did better without (benchmarks/README.md). False, False is the search
        that `search_text` repeats in SQL. Another `measure` (`align.similarity`, with its `p`) is taken of the pooled vectors
        alone: such scores and those of CSLS do not add up, so rerank, lexical and explain are refused with it. A query
        without a known word, or a term that some document holds, has no rows.

        Raises InputError `api.bad_k`, `api.bad_type`, `space.no_language`, `measure.unknown`, `measure.bad_p`; QueryError
        `search.no_known_word` when no query has a known word, `search.no_column`, `search.no_measure`,
        `search.no_probability` where the store has too few documents that find each other.
        """
        texts = [queries] if isinstance(queries, str) else listed(str, queries=queries)
        lang, wanted, k = self._language(lang), self._wanted(into), check_k(k)
        by = None
        if measure != "csls":
            by = check_measure(measure, p)
            if rerank or lexical or explain or probability:
                what = f"rerank, lexical, explain and probability go with CSLS; leave them out, or measure={measure}"
                raise QueryError("search.no_measure", what)
            rerank = lexical = False
        expect((bool, np.bool_), explain=explain, probability=probability, passages=passages)
        stage = self._stage(lang, rerank, lexical) if probability else None
        hits, aligned = self._documents.hits(texts, lang, wanted, k, where, rerank, lexical, by)
        if stage is not None:
            hits = hits.insert_column(hits.get_column_index("score") + 1, self._probability(stage, lang, hits))
        if passages:
            columns = {"passage": pl.String, "passage_start": pl.Int64, "passage_stop": pl.Int64}
            found = pl.DataFrame(self._documents.passages(texts, lang, hits, by), columns, orient="row")
            hits = pl.concat([hits, found], how="horizontal")
        if not explain:
            return hits
        why = []
        for row, (query, code, doc_id, score) in enumerate(hits.select("query", "lang", "doc_id", "score").rows()):
            by_words = None if rerank is False else float(aligned[row])
            why.append(
                shortened(
                    self._documents.apart(texts[query], lang, code, doc_id, score, by_words, lexical is not False)
                )
            )
        return hits.with_columns(pl.Series("why", why, dtype=HIT))

    def similar(
        self,
        doc_id: str,
        lang: str,
        into: Sequence[str] | None = None,
        k: int = 10,
        *,
        where: Mapping[str, Any] | None = None,
    ) -> pl.DataFrame:
        """The k documents nearest to a stored one, itself left out; columns as in `search`.

        Raises QueryError `search.no_document`, `search.no_vector` where that document has no known word.
        """
        lang, wanted, k = self._language(lang), self._wanted(into), check_k(k)
        return self._documents.similar(str(doc_id), lang, wanted, k, where)

    def translate(
        self, word: str, source: str, target: str, k: int = 5, *, spelling: SpellingChoice = "off"
    ) -> pl.DataFrame:
        """The k best words of `target`, found as `SharedSpace.retrieval` says: columns rank, word, score.

        `spelling="auto"` adds the evidence of spelling where it was found to help. In a store with n-grams of `source`, `word`
        may be one that no text held.

        Raises UnknownWordError `space.unknown_word`, InputError `api.bad_k`, `space.no_language`.
        """
        check_k(k)
        ours, theirs, by = self._word_sides(source, target, spelling)
        return translate_word(word, ours, theirs, by, k)

    def evaluate(self, test_pairs: WordPairs, *, spelling: SpellingChoice = "off") -> Precision:
        """Precision of the stored space on pairs that were not used to align it.

        Raises AlignmentError `evaluate.no_pairs`, InputError `space.no_language`.
        """
        source, target, by = self._word_sides(test_pairs.source, test_pairs.target, spelling)
        return precision_of(translation_outcomes(source, target, test_pairs, by.scores, retrieval=by.name))

    def lexicon(
        self,
        source: str,
        target: str,
        n: int = 5_000,
        *,
        spelling: SpellingChoice = "off",
        round_trip: bool = True,
        min_probability: float = 0.0,
        progress: Progress | None = None,
    ) -> Lexicon:
        """`align.induce_lexicon` of the stored space; known are the stored dictionaries, test before train.

        Raises as that: InputError `dict.same_language`, `space.no_language`, `api.bad_k`, AlignmentError
        `lexicon.no_probability`.
        """
        connection = self._open
        space = StoredSpace(connection, self.languages, self.words)
        known, train = (stored_pairs(connection, part) for part in ("test", "train"))
        return induce_lexicon(
            space, source, target, n=n, known=known, train=train, spelling=spelling, round_trip=round_trip,
            min_probability=min_probability, progress=progress,
        )  # fmt: skip

    def words(self, lang: str) -> WordVectors:
        """The stored vectors of `lang` in the shared space. Raises InputError `space.no_language`."""
        code = self._language(lang)
        return self._pooler(code).of(code)[0]

    def explain(
        self,
        text: str,
        lang: str,
        doc_id: str,
        doc_lang: str,
        top: int | None = 20,
        *,
        rerank: bool | None = None,
        lexical: bool | None = None,
    ) -> pl.DataFrame:
        """Why `search` gives a stored document the score it has for `text`: the pairs of words, those that add most first.

        Columns query_word, document_word; similarity, cosine of the words' vectors, null where one has none; weight, product
        of their shares of the pooled texts; pooled, aligned, written: what the pair adds by pooled vectors, by words aligned
        and as a term written alike; share, their sum. The last row has no words: what hubness takes away. With `top=None`
        the shares sum to the score. Texts pooled by their maximum are no sums over words: their part is in the last row.

        Raises QueryError `search.no_document`, `search.no_vector`, `search.no_known_word`; InputError `space.no_language`,
        `api.bad_k`, `api.bad_type`.
        """
        expect(str, text=text)
        lang, doc_lang, doc_id = self._language(lang), self._language(doc_lang), str(doc_id)
        top = None if top is None else check_k(top)
        table = self._documents.explain(text, lang, doc_id, doc_lang, rerank, lexical)
        return table if top is None or top >= table.height - 1 else pl.concat([table.head(top), table.tail(1)])

    def routes(self, text: str, lang: str) -> pl.DataFrame:
        """How each token of a text of `lang` is known, or is not: `align.Pooler.routes`. Raises as that."""
        code = self._language(lang)
        return self._pooler(code).routes(text, code)

    def sql(
        self, statement: str, parameters: Sequence[Any] | None = None, *,
        timeout: float | None = bounded.SECONDS, max_rows: int | None = bounded.ROWS,
    ) -> pl.DataFrame:  # fmt: skip
        """The result of one SQL statement over the tables and macros of the snapshot.

        The connection is read-only and locked: no other file, extension or setting can be reached, nothing is written.
        What takes more than `timeout` seconds, gives more than `max_rows` rows or needs more than the `memory` of
        `warehouse.open` is refused, never cut short; None takes a bound away. Raises as `warehouse.bounded.run`.
        """
        try:
            return bounded.run(self._open, statement, [*(parameters or [])], timeout, max_rows, self._memory)
        except BaseException as error:
            if getattr(error, "code", "query.memory") in ("query.timeout", "query.memory"):
                self._cursors = threading.local()  # what was interrupted may still run on it
            raise

    @property
    def _open(self) -> duckdb.DuckDBPyConnection:
        """This thread's own cursor: on one connection the results of two threads would mix."""
        if self._connection is None:
            raise QueryError("query.closed", "this warehouse is closed; open it again")
        if os.getpid() != self._process:
            what = "this warehouse was opened by the parent process; open it again in a process that was spawned, not forked"
            raise QueryError("query.forked", what)
        if not hasattr(self._cursors, "of_thread"):
            self._cursors.of_thread = self._connection.cursor()
            self._cursors.of_thread.execute("USE store")
        cursor: duckdb.DuckDBPyConnection = self._cursors.of_thread
        return cursor

    def _language(self, lang: str) -> str:
        code, there = canonical_language(lang), self.languages
        if code not in there:
            raise InputError("space.no_language", f"no {code} in this store; it holds {', '.join(there)}")
        return code

    def _wanted(self, into: Sequence[str] | None) -> list[str]:
        return sorted(self.languages if into is None else {self._language(lang) for lang in listed(str, into=into)})

    def _pooler(self, lang: str) -> Pooler:
        if lang not in self._poolers:
            self._poolers[lang] = read_pooler(self._open, [lang])
        return self._poolers[lang]

    def _word_sides(
        self, source: str, target: str, spelling: SpellingChoice
    ) -> tuple[WordVectors, WordVectors, WordRetrieval]:
        """Vectors of both languages, and how words of the one find those of the other."""
        ours, theirs = self.words(source), self.words(target)
        return ours, theirs, read_retrieval(self._open, ours, theirs, spelling)

    @cached_property
    def _calibrations(self) -> dict[tuple[str, str, str], Calibration]:
        return read_calibrations(self._open)

    def _stage(self, lang: str, rerank: bool | None, lexical: bool | None) -> Stage:
        if (rerank is False) != (lexical is False):
            what = "a probability is told with both of rerank and lexical, or without both; change one of them"
            raise QueryError("search.no_probability", what)
        stage: Stage = "plain" if rerank is False else "full"
        if not any(key[:2] == (stage, lang) for key in self._calibrations):
            what = "too few documents of two languages find each other in this store to tell a probability from a score"
            raise QueryError("search.no_probability", what)
        return stage

    def _probability(self, stage: Stage, lang: str, hits: pl.DataFrame) -> pl.Series:
        told = [
            self._calibrations[stage, lang, code].probability(score)
            for code, score in hits.select("lang", "score").rows()
        ]
        return pl.Series("probability", told, dtype=pl.Float64)

    @cached_property
    def _documents(self) -> DocumentSearch:
        def match(source: str, target: str) -> WordMatch:
            there, back = (self._word_sides(*pair, "auto")[2] for pair in ((source, target), (target, source)))
            return word_match(there, back)

        return DocumentSearch(lambda: self._open, self._pooler, match)
