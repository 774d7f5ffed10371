"""Questions about the words of a snapshot: nearest words, sums of words, the odd one, words of a document, and how far two
sets of documents lie apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from align.analogies import Method
from align.arguments import expect, listed
from align.discrepancy import PERMUTATIONS, Discrepancy, mean_discrepancy
from align.errors import InputError, QueryError, printable
from align.language import canonical_language
from align.odd_one_out import odd_one_out
from align.pool import Pooler
from align.vectors import F32, WordVectors
from align.word_algebra import word_algebra
from align.word_expression import Term, parse_expression, parse_word
from align.words_of_text import words_of_text
from warehouse.bounded import UNBOUNDED
from warehouse.metadata import expand_metadata, matching

FEWEST_TEXTS = 10  # of a language, below which the hubness of words is taken against the documents of all


class Store(Protocol):
    """What is asked of a `Warehouse`, which cannot be named here: it may offer these functions as its own."""

    @property
    def languages(self) -> list[str]: ...

    def words(self, lang: str) -> WordVectors: ...

    def sql(
        self,
        statement: str,
        parameters: Sequence[Any] | None = None,
        *,
        timeout: float | None = ...,
        max_rows: int | None = ...,
    ) -> pl.DataFrame: ...

    def _pooler(self, lang: str) -> Pooler: ...


@dataclass(frozen=True)
class DocumentSet:
    """The documents of `lang`, or of all languages, whose metadata are as `where` says, as in `Warehouse.search`.

    Raises InputError `language.bad_code`, `api.bad_type`.

    >>> DocumentSet("fr", {"topic": "law"})
    DocumentSet(lang='fr', where={'topic': 'law'})
    """

    lang: str | None = None
    where: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        expect(Mapping, where=self.where)
        if self.lang is not None:
            object.__setattr__(self, "lang", canonical_language(self.lang))


def nearest(wh: Store, word: str, lang: str, into: Sequence[str] | None = None, k: int = 10) -> pl.DataFrame:
    """The k words of the languages `into`, default all, nearest to a word by cosine, itself left out.

    Columns rank, lang, word, score. `Warehouse.translate` is better at translations: it knows hubs, and re-weightings.

    Raises UnknownWordError `space.unknown_word`; InputError `space.no_language`, `api.bad_k`, `words.bad_term`,
    `api.bad_text`.
    """
    return word_algebra([Term(word, lang)], wh.words, _wanted(wh, into), k)


def algebra(
    wh: Store,
    expression: str,
    lang: str | None = None,
    into: Sequence[str] | None = None,
    k: int = 10,
    *,
    method: Method = "add",
) -> pl.DataFrame:
    """The k words of the languages `into`, default all, nearest to `king - man + woman`; `fr:roi` is a word of French.

    `lang`: language of the words that name none. Columns and `method` as in `align.word_algebra`; what may be written as in
    `align.parse_expression`. Raises as these.
    """
    terms = parse_expression(expression, lang, wh.languages)
    return word_algebra(terms, wh.words, _wanted(wh, into), k, method=method)


def odd(wh: Store, words: Sequence[str], lang: str | None = None) -> pl.DataFrame:
    """`align.odd_one_out` of words of `lang`, or written `fr:roi`: columns rank, lang, word, score, the odd one first.

    Raises as that, and InputError `words.no_language`.
    """
    return odd_one_out([parse_word(word, lang, wh.languages) for word in listed(str, words=words)], wh.words)


def of_document(
    wh: Store, doc_id: str, lang: str, into: Sequence[str] | None = None, k: int = 10, *, csls: bool = False
) -> pl.DataFrame:
    """The k words of the languages `into`, default all, nearest to a stored document: `align.words_of_text`.

    `csls`: against the documents of `lang`, or where these are fewer than ten, of all languages.

    Raises QueryError `search.no_document`, `search.no_vector`; InputError `space.no_language`, `api.bad_k`.
    """
    code = wh.words(lang).lang
    sql = "SELECT vector, reason FROM document_vectors WHERE lang = ? AND doc_id = ?"
    found = wh.sql(sql, [code, str(doc_id)])
    if not found.height:
        raise QueryError("search.no_document", f"no document {printable(repr(doc_id))} in {code}")
    if found["vector"].null_count():
        why = found["reason"][0]
        raise QueryError("search.no_vector", f"document {printable(repr(doc_id))} has no vector: {why}")
    return _nearest_to(wh, found["vector"].to_numpy()[0], code, into, k, csls)


def of_text(
    wh: Store, text: str, lang: str, into: Sequence[str] | None = None, k: int = 10, *, csls: bool = False
) -> pl.DataFrame:
    """As `of_document`, of any text of `lang`. Raises QueryError `search.no_known_word`; InputError as that, `api.bad_text`."""
    code = wh.words(lang).lang
    pooled = wh._pooler(code).pool_counted([text], code)
    if not pooled.known.any():
        raise QueryError("search.no_known_word", f"no word of {printable(repr(text))} has a vector in {code}")
    return _nearest_to(wh, pooled.vectors[0], code, into, k, csls)


def distance(
    wh: Store, left: DocumentSet, right: DocumentSet, *, permutations: int = PERMUTATIONS, seed: int = 0
) -> Discrepancy:
    """`align.mean_discrepancy` of the documents of two sets that have a vector.

    Where a document is in both sets there is no p-value: they are no two samples. Each language is centred on its own
    documents, so all documents of one against all of another are near 0 whatever they say; compare parts of them.

    Raises QueryError `search.no_column`, `search.bad_filter`; InputError `space.no_language`, and as that.
    """
    expect(DocumentSet, left=left, right=right)
    (ours, X), (theirs, Y) = _vectors(wh, left), _vectors(wh, right)
    return mean_discrepancy(X, Y, permutations=0 if ours & theirs else permutations, seed=seed)


def _wanted(wh: Store, into: Sequence[str] | None) -> list[str]:
    return wh.languages if into is None else [wh.words(lang).lang for lang in listed(str, into=into)]


def _nearest_to(wh: Store, vector: F32, lang: str, into: Sequence[str] | None, k: int, csls: bool) -> pl.DataFrame:
    expect((bool, np.bool_), csls=csls)
    wanted, texts = _wanted(wh, into), None
    if csls:
        sql = "SELECT vector FROM document_vectors WHERE vector IS NOT NULL AND (lang = ? OR ?) ORDER BY lang, doc_id"
        found = wh.sql(sql, [lang, False], **UNBOUNDED)
        texts = (found if found.height >= FEWEST_TEXTS else wh.sql(sql, [lang, True], **UNBOUNDED))["vector"].to_numpy()
    return words_of_text(_pooler(wh, [lang, *wanted]), vector, wanted, k, texts=texts)


def _pooler(wh: Store, langs: Sequence[str]) -> Pooler:
    """One pooler for several languages, over the vectors that `wh` holds."""
    each = [wh._pooler(lang) for lang in langs]
    vectors = {lang: words for pooler in each for lang, words in pooler.vectors.items()}
    return replace(each[0], vectors=vectors, states={lang: s for p in each for lang, s in p.states.items()})


def _vectors(wh: Store, chosen: DocumentSet) -> tuple[set[tuple[str, str]], npt.NDArray[np.float32]]:
    """Keys (lang, doc_id) of the documents of a set and their vectors (n, dim), in the order of the keys."""
    lang = None if chosen.lang is None else wh.words(chosen.lang).lang
    sql = (
        "SELECT lang, doc_id, title, metadata, vector FROM documents JOIN document_vectors USING (lang, doc_id) "
        "WHERE vector IS NOT NULL AND (?::VARCHAR IS NULL OR lang = ?) ORDER BY lang, doc_id"
    )
    found = wh.sql(sql, [lang, lang], **UNBOUNDED)
    kept = matching(expand_metadata(found.drop("vector")), chosen.where)
    found = found.filter(pl.Series(kept))
    if found.height < 2:
        told = f"{found.height} documents of {lang or 'all languages'} that have a vector and are as the filter says"
        raise InputError("words.too_few", f"{told}; two and more are needed")
    return set(found.select("lang", "doc_id").iter_rows()), found["vector"].to_numpy()
