"""Why a text and a document match, as a matrix: what each pair of their words adds to the score, in the order of both texts."""

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import polars as pl

from align.arguments import expect
from align.language import canonical_language
from align.retrieval import check_k
from align.terms import count_terms, is_compound
from align.tokens import fold, tokenize
from align.vectors import F64, WordVectors
from flows.labels import label_text
from warehouse.search import Warehouse
from warehouse.why import EVIDENCE

ROWS = 200  # words of the text: a question has fewer
COLUMNS = 28  # words of the document that a page is wide enough for
EXCERPT = 4_000  # characters of a text
PARTS = ("similarity", *EVIDENCE, "share")

Term = tuple[int, int, str]  # first and last place in a text, and the word as explanations name it


@dataclass(frozen=True)
class Piece:
    """A piece of a text: a word that adds something, with `tint` from −1 to 1 and `note` that says how much, or what stands between."""

    text: str
    tint: float = 0.0
    note: str = ""


@dataclass(frozen=True, eq=False)
class Side:
    """One of the two texts: its `words` (n,) that are shown, in its order, of how many, and what each adds with all words of the
    other text, `sums` (n,). `pieces`: its beginning, `cut` characters short of its end.
    """

    lang: str
    words: list[str]
    of: int
    sums: F64
    pieces: list[Piece]
    cut: int

    @property
    def left_out(self) -> int:
        return self.of - len(self.words)


@dataclass(frozen=True, eq=False)
class HeatMap:
    """What pairs of words add to a score. `parts`: each of similarity, pooled, aligned, written and share, (rows, columns); a pair that no
    evidence knows is zero, or NaN where it has no similarity. The cells of share, `rest`, which is all other pairs, and `hubness`
    sum to `score`.
    """

    query: Side
    document: Side
    parts: Mapping[str, F64]
    rest: float
    hubness: float
    score: float

    @property
    def cells(self) -> F64:
        return self.parts["share"]

    @property
    def pairs(self) -> float:
        """What all pairs of words add."""
        return self.score - self.hubness

    @property
    def pooled(self) -> bool:
        """Whether a pair has a similarity: not where the text has no vector, nor where pooled texts are no sums over words."""
        return not bool(np.isnan(self.parts["similarity"]).all())

    @property
    def left_out(self) -> list[str]:
        """A sentence about the words that are not shown; none where all are."""
        sides = (("text", self.query), ("document", self.document))
        said = [f"{len(side.words):,} of {side.of:,} words of the {name}" for name, side in sides if side.left_out]
        if not said:
            return []
        return [
            f"{' and '.join(said)} are shown, those with the strongest pairs; all other pairs add {signed(self.rest)}"
        ]


def heat_map(
    table: pl.DataFrame,
    query: tuple[str, WordVectors],
    document: tuple[str, WordVectors],
    *,
    rows: int = ROWS,
    columns: int = COLUMNS,
    excerpt: int = EXCERPT,
) -> HeatMap:
    """The matrix of `table`, which is `Warehouse.explain` of two texts with `top=None`; each text comes with the words of its language.

    Of a text with more than `rows` words, or `columns`, those with the strongest pairs are kept: the largest share, without its sign. Of
    each text the first `excerpt` characters are shown.

    Raises InputError `api.bad_k`, `api.bad_type`.

    >>> found = heat_map(wh.explain(text, "en", doc, "fr", top=None), (text, wh.words("en")), (page, wh.words("fr")))  # doctest: +SKIP
    >>> found.cells.sum() + found.rest + found.hubness == found.score  # to rounding                                  # doctest: +SKIP
    True
    """
    pairs, share = table.head(-1), table["share"].to_numpy()
    first = _side(pairs, "query_word", query, check_k(rows), check_k(excerpt))
    second = _side(pairs, "document_word", document, check_k(columns), excerpt)
    row, column = ({word: i for i, word in enumerate(side.words)} for side in (first, second))
    shown = pairs.filter(pl.col("query_word").is_in(first.words), pl.col("document_word").is_in(second.words))
    parts = {name: np.full((len(row), len(column)), np.nan if name == "similarity" else 0.0) for name in PARTS}
    at = [row[word] for word in shown["query_word"]], [column[word] for word in shown["document_word"]]
    for name, part in parts.items():
        part[at] = shown[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
    rest = float(share[:-1].sum() - parts["share"].sum())
    return HeatMap(first, second, parts, rest, float(share[-1]), float(share.sum()))


def stored_text(wh: Warehouse, doc_id: str, lang: str) -> tuple[str, str]:
    """The title of a document that is stored, or its id where it has none, and its text."""
    sql = "SELECT coalesce(title, doc_id), text FROM documents WHERE doc_id = ? AND lang = ?"
    title, text = wh.sql(sql, [doc_id, canonical_language(lang)]).rows()[0]
    return title, text


def terms_of(text: str, vectors: WordVectors) -> tuple[str, list[Term], list[Term]]:
    """`text` in NFC, and the places of its tokens and of its compounds (`align.terms`) in it. Raises InputError `api.bad_type`.

    >>> terms_of("Été à LYON", french)                                                       # doctest: +SKIP
    ('Été à LYON', [(0, 3, 'été'), (4, 5, 'à'), (6, 10, 'lyon')], [])
    """
    expect(str, text=text)
    shown, lang = unicodedata.normalize("NFC", text.replace("\0", " ")), vectors.lang
    folded = fold(shown, lang)
    ends = None
    if len(folded) != len(shown):
        ends = [*accumulate((len(fold(char, lang)) for char in shown), initial=0)]
        if ends[-1] != len(folded):  # letters were folded together: no place in `shown` is sure
            shown, ends = folded, None

    def term(start: int, form: str) -> Term:
        found, end = vectors.known.resolve(form), start + len(form)
        word = vectors.words[found.rows[0]] if found.route in ("exact", "variant") else form
        return (start, end, word) if ends is None else (bisect_right(ends, start) - 1, bisect_left(ends, end), word)

    tokens, start = list[Term](), 0
    for token in tokenize(shown, lang):
        start = folded.index(token, start)  # between two tokens stands nothing that tokens are made of
        tokens.append(term(start, token))
        start += len(token)
    compounds = [form for form in count_terms(shown, lang) if is_compound(form)]
    return shown, tokens, sorted(term(start, form) for start, form in _places(folded, compounds))


def _places(text: str, compounds: list[str]) -> Iterator[tuple[int, str]]:
    """Where each of the compounds of `text` stands; what stands in a longer one is a part of that."""
    covered = bytearray(len(text))
    for compound in sorted(compounds, key=len, reverse=True):
        start = text.find(compound)
        while start >= 0:
            end = start + len(compound)
            if (
                not covered[start]
                and not text[max(start - 1, 0) : start].isalnum()
                and not text[end : end + 1].isalnum()
            ):
                covered[start:end] = b"\1" * len(compound)
                yield start, compound
            start = text.find(compound, start + 1)


def _side(pairs: pl.DataFrame, column: str, given: tuple[str, WordVectors], limit: int, excerpt: int) -> Side:
    text, tokens, compounds = terms_of(*given)
    place: dict[str, int] = {}
    for start, _, word in sorted((*tokens, *compounds)):
        place.setdefault(word, start)
    grouped = pairs.group_by(column).agg(sum=pl.col("share").sum(), most=pl.col("share").abs().max())
    sums = {word: total for word, total, _ in grouped.rows()}
    strongest = {word: -most for word, _, most in grouped.rows()}
    order = sorted(sums, key=lambda word: (place.get(word, len(text)), word))
    kept = {*sorted(order, key=strongest.__getitem__)[:limit]}
    words = [word for word in order if word in kept]
    pieces, cut = _pieces(text, tokens, compounds, sums, excerpt)
    return Side(given[1].lang, words, len(order), np.array([sums[word] for word in words]), pieces, cut)


def _pieces(
    text: str, tokens: list[Term], compounds: list[Term], sums: Mapping[str, float], limit: int
) -> tuple[list[Piece], int]:
    """The beginning of `text`, whole words and at most `limit` characters, and how many are left out.

    A token is tinted by what it adds, and by what the compounds add in which it stands.
    """
    adding = [term for term in compounds if term[2] in sums]
    names = [
        [name for name in (word, *(name for a, b, name in adding if a <= start and end <= b)) if name in sums]
        for start, end, word in tokens
    ]
    added = [sum(sums[name] for name in own) for own in names]
    most = max(map(abs, added), default=0.0) or 1.0
    pieces, at, stop = list[Piece](), 0, min(len(text), limit)
    for (start, end, _), own, share in zip(tokens, names, added, strict=True):
        if end > limit:
            stop = min(start, limit)
            break
        if own:
            note = " · ".join(f"{label_text(name, 60)} {signed(sums[name])}" for name in own)
            pieces += [
                Piece(_drawable(text[at:start])),
                Piece(_drawable(text[max(start, at) : end]), share / most, note),
            ]
            at = end
    return [*pieces, Piece(_drawable(text[at:stop]))], len(text) - stop


def signed(share: float) -> str:
    """A share as it is printed: its sign, a minus that is one, three digits.

    >>> signed(-0.0321)
    '−0.032'
    """
    return f"{share:+.3f}".replace("-", "−")


def _drawable(text: str) -> str:
    return "".join(char if char.isprintable() or char in "\n\u200c\u200d" else " " for char in text)
