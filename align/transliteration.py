"""How the characters of one language are written with those of another, learnt from word pairs.

Most pairs of a dictionary are not spelled alike in any script; the names and loans among them have to be found by the
same model that learns from them. Every pair is either related, and then spelled by units (a source character and the 0
to 4 target characters it becomes, or one inserted target character) in order, or unrelated, and then its characters are
drawn one by one. Expectation maximisation decides how far each pair is related and what each unit is worth.

Source: stochastic edit distance, Ristad & Yianilos 1998, doi:10.1109/34.682181; the mixture with unrelated pairs, Sajjad,
Fraser & Schmid 2012 (transliteration mining). Longer outputs are grown from shorter ones that stand side by side.
"""

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

import numpy as np

from align.arguments import expect, listed
from align.errors import InputError, printable
from align.plain_form import plain_form
from align.vectors import F64, I64

LONGEST = 16  # characters of a word from which is learnt; longer ones are compounds
MOST_PAIRS = 3_000  # enough for every frequent character, about a second of work
ROUNDS = 15
GROWN_AT = {6: 2, 9: 3, 12: 4}  # round from which a source character may become so many (щ becomes shch)
SHAPES = {
    (1, 0): 0.1,
    (0, 1): 0.1,
    (1, 1): 1.0,
    (1, 2): 0.0,
    (1, 3): 0.0,
    (1, 4): 0.0,
}  # source and target length: first weight
RARE = 0.5  # taken from the count of every longer output, so that single pairs are not learnt by heart
SEEN = 2  # occurrences of a unit without which it explains nothing
NEAR = 0.25  # relative positions this far apart in their words are e times less often the same sound
IDENTITY = 100.0  # first weight of a character that both sides write, relative to another
MAIN_SCRIPT = 0.1  # share of the letters from which a script is one of the language's own


@dataclass(frozen=True)
class Transliteration:
    """`table` maps characters of the source to strings of the target's; others stay as they are.

    `n_pairs`: word pairs it was learnt from, 0 where nothing had to be learnt. `related`: expected share of those that
    are spelled alike, too high where pairs are few, because chance is fitted too: random pairs gave 0.3 at 100 pairs, 0.1
    at 300, 0.02 at 1,000. Raises InputError `api.bad_type`, `spelling.bad_table`.

    >>> Transliteration({"θ": "th", "ε": "e", "ο": "o", "σ": "s"}).apply("Θεός")
    'theos'
    """

    table: Mapping[str, str] = field(default_factory=dict)
    n_pairs: int = 0
    related: float = 0.0

    def __post_init__(self) -> None:
        expect(Mapping, table=self.table)
        expect((int, float), n_pairs=self.n_pairs, related=self.related)
        for char, becomes in self.table.items():
            if not isinstance(char, str) or len(char) != 1 or not isinstance(becomes, str):
                what = f"{printable(repr(char))} becomes {printable(repr(becomes))}; one character becomes a string"
                raise InputError("spelling.bad_table", what)
        object.__setattr__(self, "table", dict(self.table))

    @cached_property
    def _codes(self) -> dict[int, str]:
        return {ord(char): becomes for char, becomes in self.table.items()}

    def apply(self, word: str) -> str:
        """The plain form of `word` with every character of the table replaced. Raises InputError `api.bad_text`."""
        return plain_form(word).translate(self._codes)


def fit_transliteration(pairs: Sequence[tuple[str, str]]) -> Transliteration:
    """The characters that the target of `pairs` does not write, each as the string that it most often becomes.

    A character that both sides write, in a script of both, stands for itself. The result depends on the distinct pairs
    alone, not on their order; beyond 3,000 with such characters, an even choice of them is used. A character without
    evidence is left out of the table. Unrelated pairs give a table too, a meaningless one: judge by what the similarity
    is worth on held-out pairs (`align.spelling.fit_weight`).

    Raises InputError `api.bad_type` for what are no pairs, `api.bad_text` for what are no strings.

    >>> pairs = [("кот", "kot"), ("ток", "tok"), ("кто", "kto"), ("окот", "okot"), ("тот", "tot")]
    >>> fit_transliteration(pairs).apply("кокто")
    'kokto'
    """
    forms = sorted({(plain_form(left), plain_form(right)) for left, right in _checked(pairs)})
    foreign = _foreign([left for left, _ in forms], [right for _, right in forms])
    usable = [p for p in forms if 0 < len(p[0]) <= LONGEST and 0 < len(p[1]) <= LONGEST and foreign & set(p[0])]
    if not usable:
        return Transliteration()
    usable = usable[:: -(-len(usable) // MOST_PAIRS)]
    counts, related, units = _expectation_maximisation(usable, foreign)
    best: dict[str, tuple[float, str]] = {}
    for (char, becomes), count in zip(units, counts.tolist(), strict=True):
        if char in foreign and count >= 1 and count > best.get(char, (0.0, ""))[0]:
            best[char] = (count, becomes)
    return Transliteration({char: becomes for char, (_, becomes) in sorted(best.items())}, len(usable), related)


def _checked(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    found = listed(tuple, pairs=pairs)
    for pair in found:
        if len(pair) != 2:
            raise InputError("api.bad_type", f"pairs hold {printable(repr(pair))}; give a list of (source, target)")
    return found


def _foreign(sources: Sequence[str], targets: Sequence[str]) -> set[str]:
    """Characters of the source that the target does not write, or only in words of a script that is not its own."""
    written = Counter(chain.from_iterable(targets))
    scripts = Counter[str]()
    for char, count in written.items():
        if char.isalpha():
            scripts[_script(char)] += count
    own = {script for script, count in scripts.items() if count >= MAIN_SCRIPT * scripts.total()}
    shared = {char for char in written if not char.isalpha() or _script(char) in own}
    return {char for char in set(chain.from_iterable(sources)) - shared if unicodedata.category(char)[0] in "LM"}


def _script(char: str) -> str:
    return unicodedata.name(char, "").split(" ", 1)[0]


@dataclass(frozen=True, eq=False)
class _Group:
    """n pairs whose source words have equal `length` L; `ends` (n,) are the lengths of the targets, at most T.

    `units` of each shape (a, b): (L + 1 - a, T + 1 - b, n) the unit that begins at source character i and target
    character j of pair k; 0 where there is none.
    """

    length: int
    ends: I64
    units: dict[tuple[int, int], I64]


def _expectation_maximisation(
    pairs: list[tuple[str, str]], foreign: set[str]
) -> tuple[F64, float, list[tuple[str, str]]]:
    """(expected count of each unit, share of related pairs, units)."""
    groups, units, chance, near = _lattice(pairs)
    length = np.array([len(becomes) if char else 0 for char, becomes in units])
    weight = near * np.array([SHAPES[len(char), len(becomes)] if i else 0 for i, (char, becomes) in enumerate(units)])
    weight *= [IDENTITY if char == becomes and char not in foreign else 1.0 for char, becomes in units]
    at = {unit: i for i, unit in enumerate(units)}
    counts, related, longest = weight, 0.5, 1
    for step in range(ROUNDS):
        if step in GROWN_AT:
            longest = GROWN_AT[step]
            weight = _grown(weight, units, at, longest)
        ratio = np.divide(weight / (weight.sum() or 1), chance)  # of the unit in related pairs to its parts by chance
        counts, evidence = _expected(groups, ratio, longest, related if step else None)
        if step:
            related = evidence / len(pairs)
        weight = np.maximum(counts - RARE * (length > 1), 0)
    return counts, related, units


def _grown(weight: F64, units: list[tuple[str, str]], at: dict[tuple[str, str], int], longest: int) -> F64:
    """Outputs of `longest` characters, at first as likely as the shorter output and the insertion they consist of."""
    total = weight.sum() or 1
    share = {unit: weight[i] / total for unit, i in at.items()}
    grown = weight.copy()
    for i, (char, becomes) in enumerate(units):
        if char and len(becomes) == longest:
            after = share.get((char, becomes[:-1]), 0) * share.get(("", becomes[-1]), 0)
            before = share.get(("", becomes[0]), 0) * share.get((char, becomes[1:]), 0)
            grown[i] = total * (after + before)
    return grown


def _expected(groups: list[_Group], ratio: F64, longest: int, related: float | None) -> tuple[F64, float]:
    """(expected count of each unit, expected number of related pairs); `related` None takes every pair for related."""
    counts, evidence = np.zeros(len(ratio)), 0.0
    for group in groups:
        worth = {shape: ratio[units] for shape, units in group.units.items() if shape[1] <= longest}
        L, T, n = group.length, int(group.ends.max()), len(group.ends)
        forward, backward = _sums(group, worth)
        odds = forward[L, group.ends, np.arange(n)]
        share = (odds > 0) * 1.0 if related is None else related * odds / (related * odds + 1 - related)
        evidence += float(share.sum())
        scale = np.divide(share, odds, out=np.zeros(n), where=odds > 0)
        for (a, b), w in worth.items():
            used = forward[: L + 1 - a, : max(T + 1 - b, 0)] * w * backward[a:, b:] * scale
            counts += np.bincount(group.units[a, b].ravel(), weights=used.ravel(), minlength=len(ratio))
    counts[0] = 0
    return counts, evidence


def _sums(group: _Group, worth: dict[tuple[int, int], F64]) -> tuple[F64, F64]:
    """(L + 1, T + 1, n) each: summed worth of all ways to spell what lies before, and after, a place in both words."""
    L, T, n = group.length, int(group.ends.max()), len(group.ends)
    forward, backward = np.zeros((L + 1, T + 1, n)), np.zeros((L + 1, T + 1, n))
    forward[0, 0] = 1
    backward[L, group.ends, np.arange(n)] = 1
    places = list(np.ndindex(L + 1, T + 1))
    for i, j in places:
        for (a, b), w in worth.items():
            if i >= a and j >= b:
                forward[i, j] += forward[i - a, j - b] * w[i - a, j - b]
    for i, j in reversed(places):
        for (a, b), w in worth.items():
            if i + a <= L and j + b <= T:
                backward[i, j] += backward[i + a, j + b] * w[i, j]
    return forward, backward


def _lattice(pairs: list[tuple[str, str]]) -> tuple[list[_Group], list[tuple[str, str]], F64, F64]:
    """(groups, units, chance, near): all units that occur often enough, the probability of their characters if drawn one
    by one, and how often they occur, weighted by how near in their words the two sides are. Unit 0 stands for none.
    """
    source, sources = _alphabet([left for left, _ in pairs])
    target, targets = _alphabet([right for _, right in pairs])
    by_length: dict[int, list[tuple[str, str]]] = {}
    for pair in pairs:
        by_length.setdefault(len(pair[0]), []).append(pair)
    sides = [(_codes(source, [p[0] for p in g]), _codes(target, [p[1] for p in g])) for g in by_length.values()]
    groups = [_Group(L, np.array([len(p[1]) for p in g]), {}) for L, g in by_length.items()]
    units, chance, near = [("", "")], [np.ones(1)], [np.zeros(1)]
    first = 1
    for a, b in SHAPES:
        codes, inside, distance = [], [], []
        for group, (s, t) in zip(groups, sides, strict=True):
            rows, columns = group.length + 1 - a, int(group.ends.max()) + 1 - b
            code = np.zeros((rows, max(columns, 0), len(group.ends)), dtype=np.int64)
            for k in range(a):
                code = code * len(sources) + s[k : k + rows, None]
            for k in range(b):
                code = code * len(targets) + t[None, k : k + max(columns, 0)]
            i, j = np.arange(code.shape[0])[:, None, None], np.arange(code.shape[1])[:, None]
            codes.append(code)
            inside.append(np.broadcast_to(j + b <= group.ends, code.shape))
            distance.append(((i + a / 2) / group.length - (j + b / 2) / group.ends)[inside[-1]])
        found, which, often = np.unique(
            np.concatenate([c[ok] for c, ok in zip(codes, inside, strict=True)]),
            return_inverse=True,
            return_counts=True,
        )
        kept = often >= SEEN
        number = np.where(kept, first + np.cumsum(kept) - 1, 0)[which]
        for group, ok in zip(groups, inside, strict=True):
            group.units[a, b] = np.zeros(ok.shape, dtype=np.int64)
            group.units[a, b][ok], number = number[: ok.sum()], number[ok.sum() :]
        close = np.bincount(which, np.exp(-((np.concatenate(distance) / NEAR) ** 2)), minlength=len(found))[kept]
        near.append(close / (close.sum() or 1))
        left, probability = found[kept], np.ones(int(kept.sum()))
        names = [("", "")] * len(left)
        for alphabet, side in [(targets, 1)] * b + [(sources, 0)] * a:
            letters, shares = list(alphabet), np.array(list(alphabet.values()))
            left, last = np.divmod(left, len(letters))
            probability *= shares[last]
            names = [
                (letters[c] + n[0], n[1]) if side == 0 else (n[0], letters[c] + n[1])
                for n, c in zip(names, last.tolist(), strict=True)
            ]
        units += names
        chance.append(probability)
        first += len(names)
    return groups, units, np.concatenate(chance), np.concatenate(near)


def _alphabet(words: list[str]) -> tuple[dict[str, int], dict[str, float]]:
    """Number and share of every character of `words`."""
    counts = Counter(chain.from_iterable(words))
    chars = sorted(counts)
    return {char: i for i, char in enumerate(chars)}, {char: counts[char] / counts.total() for char in chars}


def _codes(number: dict[str, int], words: list[str]) -> I64:
    """(longest, n) the numbers of the characters of n words, 0 beyond their ends."""
    codes = np.zeros((max(map(len, words)), len(words)), dtype=np.int64)
    for k, word in enumerate(words):
        codes[: len(word), k] = [number[char] for char in word]
    return codes
