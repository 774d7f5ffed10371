"""Which known words stand for a token that has no vector of its own, decided by the frozen vocabulary alone.

The chain: the exact folded form; the most frequent word with the same plain form (accents dropped); the parts of a
compound; in a language with fastText's n-grams the words whose vectors are nearest to the token's (`align.ngrams`). SQL repeats the rules for scripts with blanks (`warehouse/macros/02b_known_words.sql`), so the two must change
together. Words of a vocabulary that hold hyphens or apostrophes are no tokens: texts are cut there, and nothing finds them.

Sources: compounds by fewest parts, then by the geometric mean of the parts' frequencies, Koehn & Knight 2003,
doi:10.3115/1067807.1067833, frequencies by Zipf's law from ranks, whose products are whole numbers and tie alike
everywhere. Scripts without blanks: fewest dictionary words, by dynamic programming over characters.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import prod
from typing import Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import regex

from align.arguments import expect, listed
from align.errors import InputError
from align.plain_form import plain_form
from align.tokens import unspaced

Route = Literal["exact", "variant", "parts", "subwords"]
ROUTES: tuple[Route, ...] = ("exact", "variant", "parts", "subwords")

RULES = "variant-parts-1"  # part of a pooling's identity: change it whenever any token could be resolved otherwise
SUBWORD_RULES = "subwords-1"  # the same, of languages with n-grams
SHORTEST_PART = 4  # letters; benchmarks/README.md
LINKS = ("", "e", "n", "s", "en", "er", "es")  # letters between the parts of a compound that belong to neither
LONGEST = 64  # characters of a token that is taken apart
REMEMBERED = 1 << 16

_ACCENTED = regex.compile(r"[\p{Latin}\p{Greek}\p{Cyrillic}][\p{Latin}\p{Greek}\p{Cyrillic}\p{M}]*")
_DIGIT = regex.compile(r"[0-9]")
_LETTERS = regex.compile(r"\p{L}[\p{L}\p{M}]*")


@dataclass(frozen=True)
class Resolved:
    """`rows` of the known words that stand for a token, and their `shares` in it, above 0 and summing to 1.

    `route` says how they were found; None, without rows, where nothing was.
    """

    route: Route | None = None
    rows: tuple[int, ...] = ()
    shares: tuple[float, ...] = ()


UNKNOWN = Resolved()


@dataclass(frozen=True, eq=False)
class StandIns:
    """What stands for n tokens: for token i the `rows[starts[i]:starts[i + 1]]`, with `shares` that sum to 1; row -1 alone, where
    nothing does. `rows`, `shares` (m,), `starts` (n + 1,).
    """

    rows: npt.NDArray[np.int64]
    shares: npt.NDArray[np.float64]
    starts: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def of(self, tokens: npt.NDArray[np.int64]) -> "StandIns":
        """Those of some of the tokens."""
        if len(self.rows) == len(self):
            return StandIns(self.rows[tokens], self.shares[tokens], np.arange(len(tokens) + 1))
        counts = self.starts[tokens + 1] - self.starts[tokens]
        starts = np.concatenate([[0], np.cumsum(counts)])
        at = np.arange(starts[-1]) + np.repeat(self.starts[tokens] - starts[:-1], counts)
        return StandIns(self.rows[at], self.shares[at], starts)


@runtime_checkable
class Subwords(Protocol):
    """What gives words without a vector one by how they are written: `align.ngrams.Ngrams`."""

    def vector(self, word: str) -> npt.NDArray[np.float32] | None: ...

    def similar(
        self, tokens: Sequence[str], matrix: npt.NDArray[np.float32], rows: npt.NDArray[np.int64]
    ) -> list[tuple[tuple[int, ...], tuple[float, ...]]]: ...

    @property
    def content(self) -> str: ...


Similar = Callable[[Sequence[str]], list[tuple[tuple[int, ...], tuple[float, ...]]]]


class KnownWords:
    """Resolves tokens to the words of `forms` (folded form → row, the most frequent in row 0).

    `similar` gives rows and shares of the words that are most like each of n tokens, none where none is.

    Raises InputError `api.bad_type`.

    >>> KnownWords({"haus": 0, "tür": 1}).resolve("tur")
    Resolved(route='variant', rows=(1,), shares=(1.0,))
    >>> KnownWords({"arbeit": 0, "zimmer": 1}).resolve("arbeitszimmer")
    Resolved(route='parts', rows=(0, 1), shares=(0.5, 0.5))
    """

    def __init__(self, forms: Mapping[str, int], similar: Similar | None = None) -> None:
        expect(Mapping, forms=forms)
        if similar is not None and not callable(similar):
            raise InputError("api.bad_type", f"similar is of type {type(similar).__name__}; a function, or None")
        self._forms = forms
        self._similar = similar
        self._remembered: dict[str, Resolved] = {}

    def resolve(self, token: str) -> Resolved:
        """What stands for one token of `align.tokens.tokenize`. Raises InputError `api.bad_text`."""
        if not isinstance(token, str):
            raise InputError("api.bad_text", f"a token is of type {type(token).__name__}; give a string")
        found = self._remembered.get(token)
        if found is None:
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            found = self._resolve(token)
            if found.route is None and self._similar is not None and _may_be_similar(token):
                found = _like(*self._similar([token])[0])
            self._remembered[token] = found
        return found

    def learn(self, tokens: Iterable[str]) -> None:
        """Resolve many tokens at once, and remember them: where n-grams are looked at, faster than one by one.

        Raises InputError `api.bad_text`.
        """
        if self._similar is None:
            return
        asked = dict.fromkeys(listed(str, "api.bad_text", tokens=tokens))
        new = [token for token in asked if token not in self._remembered]
        if len(self._remembered) + len(new) > REMEMBERED:
            self._remembered.clear()
            new = [*asked]
        found = {token: self._resolve(token) for token in new}
        unseen = [token for token in new if found[token].route is None and _may_be_similar(token)]
        for token, (rows, shares) in zip(unseen, self._similar(unseen), strict=True):
            found[token] = _like(rows, shares)
        self._remembered |= found

    def stand_ins(self, tokens: Sequence[str]) -> StandIns:
        """What stands for each of n tokens. Raises as `resolve`, and InputError `api.bad_type`."""
        tokens = listed(str, "api.bad_text", tokens=tokens)
        self.learn(tokens)
        found = [self.resolve(token) for token in tokens]
        rows = [row for resolved in found for row in resolved.rows or (-1,)]
        shares = [share for resolved in found for share in resolved.shares or (1.0,)]
        starts = np.cumsum([0, *(len(resolved.rows) or 1 for resolved in found)])
        return StandIns(np.array(rows, dtype=np.int64), np.array(shares, dtype=np.float64), starts)

    @cached_property
    def plain(self) -> dict[str, int]:
        """Plain form → row of the most frequent word so written; words of accented scripts only."""
        found: dict[str, int] = {}
        for form, row in self._forms.items():
            if accented(form):
                plain = plain_form(form)
                found[plain] = min(row, found.get(plain, row))
        return found

    def _resolve(self, token: str) -> Resolved:
        if (row := self._forms.get(token, -1)) >= 0:
            return Resolved("exact", (row,), (1.0,))
        if accented(token) and (row := self.plain.get(plain_form(token), -1)) >= 0:
            return Resolved("variant", (row,), (1.0,))
        if len(token) > LONGEST:
            return UNKNOWN
        rows = fewest_words(token, self._forms, self._longest) if unspaced(token) else compound(token, self._forms)
        return Resolved("parts", rows, (1 / len(rows),) * len(rows)) if rows else UNKNOWN

    @cached_property
    def _longest(self) -> int:
        """Characters of the longest word that holds a letter of a script without blanks."""
        return max((len(form) for form in self._forms if unspaced(form)), default=0)


def _may_be_similar(token: str) -> bool:
    """A number is no form of another, and what is very long no word."""
    return len(token) <= LONGEST and not _DIGIT.search(token)


def _like(rows: tuple[int, ...], shares: tuple[float, ...]) -> Resolved:
    return Resolved("subwords", rows, shares) if rows else UNKNOWN


def accented(token: str) -> bool:
    """Whether `token` is of letters whose diacritics `plain_form` drops: Latin, Greek, Cyrillic. Raises InputError `api.bad_type`."""
    expect(str, token=token)
    return _LETTERS.fullmatch(token) is not None and _ACCENTED.fullmatch(token) is not None


def compound(token: str, forms: Mapping[str, int]) -> tuple[int, ...]:
    """Rows of the two words, else three, of which `token` is composed, perhaps with linking letters; else none.

    Among the splits into equally many words, that whose words have the smallest product of ranks, then the fewest linking
    letters, then the earliest ends. Raises InputError `api.bad_type`.
    """
    expect(str, token=token)
    expect(Mapping, forms=forms)
    if len(token) < 2 * SHORTEST_PART or _DIGIT.search(token):
        return ()
    for n in (2, 3):
        splits = [
            (prod(row + 1 for row in rows), ends, rows)
            for ends in _splits(token, 0, n, forms)
            if (rows := tuple(forms[token[a:b]] for a, b in ends))
        ]
        if splits:
            return min(splits, key=lambda s: (s[0], sum(c - b for (_, b), (c, _) in pairwise(s[1])), s[1]))[2]
    return ()


def _splits(token: str, start: int, n: int, forms: Mapping[str, int]) -> Iterator[tuple[tuple[int, int], ...]]:
    """Every way to write `token` from `start` on as n known words: where each begins and ends."""
    if n == 1:
        if len(token) - start >= SHORTEST_PART and token[start:] in forms:
            yield ((start, len(token)),)
        return
    for end in range(start + SHORTEST_PART, len(token) - (n - 1) * SHORTEST_PART + 1):
        if token[start:end] in forms:
            for link in LINKS:
                if token.startswith(link, end):
                    for rest in _splits(token, end + len(link), n - 1, forms):
                        yield ((start, end), *rest)


def fewest_words(token: str, forms: Mapping[str, int], longest: int) -> tuple[int, ...]:
    """Rows of the known words, of `longest` characters at most, that cover `token`.

    As few characters as can be are left out, then the words are as few, then the product of their ranks as small as can be.
    Raises InputError `api.bad_type`.

    >>> fewest_words("東京大学へ", {"東京": 0, "大学": 1, "東": 2, "京": 3}, 2)
    (0, 1)
    """
    expect(str, token=token)
    expect(Mapping, forms=forms)
    expect(int, longest=longest)
    best: list[tuple[int, int, int, tuple[int, ...]]] = [(0, 0, 1, ())]  # of the first i characters
    for end in range(1, len(token) + 1):
        skipped, n, ranks, rows = best[-1]
        ways = [(skipped + 1, n, ranks, rows)]
        for start in range(max(0, end - longest), end):
            if (row := forms.get(token[start:end], -1)) >= 0:
                skipped, n, ranks, rows = best[start]
                ways.append((skipped, n + 1, ranks * (row + 1), (*rows, row)))
        best.append(min(ways))
    return best[-1][3]
