"""Bilingual dictionaries: word pairs as a frozen, checked value."""

import hashlib
import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from align.errors import AlignmentError, InputError, printable
from align.language import canonical_language
from align.rows import RowError, shown
from align.tokens import fold
from align.vectors import F64, I64, WordVectors

MAX_WORD_BYTES = 1_024
_EACH_ONE = np.ones(0)  # stands for "weight 1 each"
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # control, format, surrogate, separators of lines
_NEVER_JOINED = ("LATIN", "GREEK", "CYRILLIC", "CJK", "HANGUL", "HIRAGANA", "KATAKANA")


@dataclass(frozen=True, eq=False)
class PairRows:
    """Usable pairs as rows of two vocabularies: `source`, `target` (m,) int64 and `weights` (m,) float64.

    The rest of the pairs: `source_unknown` have no source vector, `target_unknown` only no target vector,
    `repeated` fell on the rows of an earlier pair (the larger weight stays), `capped` exceeded the
    translations kept per word.
    """

    source: I64
    target: I64
    weights: F64
    source_unknown: int
    target_unknown: int
    repeated: int = 0
    capped: int = 0

    def __len__(self) -> int:
        return len(self.source)

    @property
    def total(self) -> int:
        return len(self) + self.source_unknown + self.target_unknown + self.repeated + self.capped

    @property
    def coverage(self) -> float:
        """Usable pairs over all pairs; 0 where there are none."""
        return len(self) / self.total if self.total else 0.0


@dataclass(frozen=True, eq=False)
class WordPairs:
    """Pairs of a source and a target word (or phrase), NFC, unique, in order.

    `weights`: (n,) float64, finite, above 0, 1 each by default; of a repeated pair the largest counts.
    `comments` and `origins` (such as `en-fr.tsv:12`) are one per pair or None. `dropped` counts what was left
    out, by reason. Raises InputError `dict.bad_word`, `dict.bad_character`, `dict.bad_weight`,
    `dict.count_mismatch`, `dict.same_language`, `language.bad_code`.

    >>> pairs = WordPairs("en", "fr", (("cat", "chat"), ("cat", "chatte"), ("cat", "chat")))
    >>> pairs.pairs, pairs.dropped
    ((('cat', 'chat'), ('cat', 'chatte')), {'dict.duplicate': 1})
    """

    source: str
    target: str
    pairs: tuple[tuple[str, str], ...]
    weights: F64 = field(default_factory=lambda: _EACH_ONE)
    comments: tuple[str, ...] | None = None
    origins: tuple[str, ...] | None = None
    dropped: Mapping[str, int] = field(default_factory=dict)
    name: str = ""

    def __post_init__(self) -> None:
        source, target = canonical_language(self.source), canonical_language(self.target)
        if source == target:
            raise InputError("dict.same_language", f"source and target are both {source}; give two languages")
        n = len(self.pairs)
        for what, column in (("comments", self.comments), ("origins", self.origins)):
            if column is not None and len(column) != n:
                counts = f"{len(column)} {what} for {n} pairs"
                raise InputError("dict.count_mismatch", f"{counts}; one each is needed")
        heaviest: dict[tuple[str, str], float] = {}
        kept: list[int] = []
        given = _checked_weights(self.weights, n).tolist()
        for i, (words, weight) in enumerate(zip(self.pairs, given, strict=True)):
            try:
                pair = checked_pair(words)
            except RowError as fault:
                raise InputError(f"dict.{fault.kind}", f"pair {i + 1}: {fault}") from None
            if pair not in heaviest:
                kept.append(i)
            heaviest[pair] = max(weight, heaviest.get(pair, 0.0))
        weights = np.array(list(heaviest.values()), dtype=np.float64)
        weights.flags.writeable = False
        checked: dict[str, object] = {
            "source": source,
            "target": target,
            "pairs": tuple(heaviest),
            "weights": weights,
            "comments": _pick(self.comments, kept),
            "origins": _pick(self.origins, kept),
            "dropped": _more(self.dropped, "dict.duplicate", n - len(kept)),
        }
        for key, value in checked.items():
            object.__setattr__(self, key, value)

    def __len__(self) -> int:
        return len(self.pairs)

    def __repr__(self) -> str:
        return f"WordPairs({self.source!r}, {self.target!r}, pairs={len(self)}, name={self.name!r})"

    def reversed(self) -> "WordPairs":
        """The same pairs from target to source."""
        pairs = tuple((right, left) for left, right in self.pairs)
        return replace(self, source=self.target, target=self.source, pairs=pairs)

    def gold(self) -> dict[str, frozenset[str]]:
        """Source word → all its translations, in order of first mention."""
        gold: dict[str, set[str]] = {}
        for left, right in self.pairs:
            gold.setdefault(left, set()).add(right)
        return {word: frozenset(translations) for word, translations in gold.items()}

    def split(self, fraction: float, seed: int = 0) -> tuple["WordPairs", "WordPairs"]:
        """(rest, held out): about `fraction` of the source words, and all pairs of each, are held out.

        The side of a word follows from `seed` and its folded form alone, so neither order nor other pairs
        matter and no source word, in whatever case, is on both sides. Raises InputError `dict.bad_fraction`.
        """
        if not 0 <= fraction <= 1:
            raise InputError("dict.bad_fraction", f"fraction is {fraction!r}; give a number from 0 to 1")
        held = [_hashed(seed, fold(left, self.source)) < fraction for left, _ in self.pairs]
        return self._where([not out for out in held], {}), self._where(held, {})

    def without_source_words(self, words: Iterable[str]) -> "WordPairs":
        """The pairs whose source word is none of `words` in any case; `dict.excluded` counts the others."""
        excluded = {fold(word, self.source) for word in words}
        keep = [fold(left, self.source) not in excluded for left, _ in self.pairs]
        return self._where(keep, _more(self.dropped, "dict.excluded", keep.count(False)))

    def rows(self, source_vectors: WordVectors, target_vectors: WordVectors, *, max_targets: int = 10) -> PairRows:
        """Rows of the pairs with both vectors; at most the first `max_targets` translations per source row.

        More would let one word turn the whole space. Raises AlignmentError `dict.language` for vectors of
        another language (`en` and `en-GB` count as one).
        """
        for code, vectors in ((self.source, source_vectors), (self.target, target_vectors)):
            if code.split("-")[0] != vectors.lang.split("-")[0]:
                have = f"{self.source}-{self.target}, vectors {source_vectors.lang}, {target_vectors.lang}"
                what = f"pairs {have}; give them in the order of the pairs, or use reversed()"
                raise AlignmentError("dict.language", what)
        left = source_vectors.rows(left for left, _ in self.pairs)
        right = target_vectors.rows(right for _, right in self.pairs)
        known = np.flatnonzero((left >= 0) & (right >= 0))
        key = left[known] * len(target_vectors) + right[known]
        _, first, group = np.unique(key, return_index=True, return_inverse=True)
        heaviest = np.zeros(len(first))
        np.maximum.at(heaviest, group, self.weights[known])
        order = np.argsort(first)
        at, weights = known[first[order]], heaviest[order]
        within = _earlier_equals(left[at]) < max_targets
        return PairRows(
            source=left[at][within],
            target=right[at][within],
            weights=weights[within],
            source_unknown=int((left < 0).sum()),
            target_unknown=int(((left >= 0) & (right < 0)).sum()),
            repeated=len(known) - len(at),
            capped=int((~within).sum()),
        )

    def check_coverage(self, source_vectors: WordVectors, target_vectors: WordVectors, *, min_pairs: int) -> PairRows:
        """`rows(…)`, refused with AlignmentError `dict.coverage` below `min_pairs` or 1 % usable pairs."""
        rows = self.rows(source_vectors, target_vectors)
        if len(rows) >= min_pairs and rows.coverage >= 0.01:
            return rows
        swapped = replace(self, pairs=self.reversed().pairs)
        usable = len(swapped.rows(source_vectors, target_vectors))
        needed = max(min_pairs, math.ceil(len(self) / 100))
        hint = f"with the columns swapped {usable:,} would be usable; " if usable > 5 * len(rows) else ""
        raise AlignmentError(
            "dict.coverage",
            f"{len(rows):,} of {len(self):,} pairs usable ({self.source} unknown {rows.source_unknown:,}, "
            f"{self.target} unknown {rows.target_unknown:,}); at least {needed:,} are needed: "
            f"{hint}check the order of languages, case and NFC",
            path=self.name or None,
        )

    @property
    def ambiguous_words(self) -> int:
        """Source words with more than one translation."""
        return sum(len(translations) > 1 for translations in self.gold().values())

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over languages, pairs and weights: equal content in equal order, equal fingerprint."""
        digest = hashlib.sha256(f"{self.source}\0{self.target}\0".encode())
        digest.update("\n".join(f"{left}\t{right}" for left, right in self.pairs).encode())
        digest.update(self.weights.astype("<f8").tobytes())
        return digest.hexdigest()

    def _where(self, keep: Sequence[bool], dropped: Mapping[str, int]) -> "WordPairs":
        at = [i for i, kept in enumerate(keep) if kept]
        return replace(
            self,
            pairs=tuple(self.pairs[i] for i in at),
            weights=self.weights[np.array(at, dtype=np.int64)],
            comments=_pick(self.comments, at),
            origins=_pick(self.origins, at),
            dropped=dropped,
        )


def concat(parts: Sequence[WordPairs]) -> WordPairs:
    """All pairs of dictionaries of one direction. Raises InputError `dict.empty`, `dict.language`."""
    if not parts:
        raise InputError("dict.empty", "no dictionaries; give at least one")
    first = parts[0]
    if other := next((p for p in parts if (p.source, p.target) != (first.source, first.target)), None):
        have = f"{first.source}-{first.target} and {other.source}-{other.target}"
        what = f"dictionaries {have}; join those of one direction, or use reversed()"
        raise InputError("dict.language", what)
    comments = tuple(c for p in parts for c in p.comments or [""] * len(p))
    return WordPairs(
        first.source,
        first.target,
        tuple(pair for p in parts for pair in p.pairs),
        np.concatenate([p.weights for p in parts]),
        comments if any(comments) else None,
        tuple(o for p in parts for o in p.origins or [p.name] * len(p)),
        sum((Counter(p.dropped) for p in parts), Counter[str]()),
        " + ".join(p.name for p in parts),
    )


def checked_pair(pair: Iterable[object]) -> tuple[str, str]:
    """Both words in NFC; RowError for what is not a pair of words."""
    words = () if isinstance(pair, str) else tuple(pair)
    if len(words) != 2:
        raise RowError("bad_word", f"{shown(pair)} is not a pair of words; give two")
    return _checked_word(words[0]), _checked_word(words[1])


def _checked_word(word: object) -> str:
    if not isinstance(word, str) or not word or word != word.strip():
        raise RowError("bad_word", f"{shown(word)} is not a word; write one without blanks around it")
    if (bad := _bad_character(word)) is not None:
        what = f"U+{ord(bad):04X} in {shown(word)}, which cannot be seen or read; remove it"
        raise RowError("bad_character", what)
    word = unicodedata.normalize("NFC", word)
    if len(word.encode("utf-8")) > MAX_WORD_BYTES:
        raise RowError("bad_word", f"{printable(word)} has more than {MAX_WORD_BYTES:,} bytes; write a word")
    return word


def _bad_character(word: str) -> str | None:
    """The first character that is invisible or stands for a lost one.

    Persian and the scripts of India spell with joiners, so these are well after a letter or mark of such a
    script.
    """
    if word.isprintable() and "\ufffd" not in word:
        return None
    for before, char in zip(" " + word, word, strict=False):
        joins = char in "\u200c\u200d" and unicodedata.category(before)[0] in "LM"
        if joins and not unicodedata.name(before, "LATIN").startswith(_NEVER_JOINED):
            continue
        if char == "\ufffd" or unicodedata.category(char) in _UNSEEN:
            return char
    return None


def _checked_weights(weights: F64, n: int) -> F64:
    if weights is _EACH_ONE:
        return np.ones(n)
    try:
        weights = np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError):
        what = "weights that are not numbers; give one number above 0 a pair"
        raise InputError("dict.bad_weight", what) from None
    if weights.shape != (n,):
        raise InputError("dict.bad_weight", f"weights of shape {weights.shape} for {n} pairs; give one each")
    if not (np.isfinite(weights) & (weights > 0)).all():
        what = "a weight that is not a number above 0; leave the pair out instead"
        raise InputError("dict.bad_weight", what)
    return weights


def _pick(column: tuple[str, ...] | None, at: Iterable[int]) -> tuple[str, ...] | None:
    return None if column is None else tuple(column[i] for i in at)


def _more(dropped: Mapping[str, int], reason: str, count: int) -> dict[str, int]:
    return dict(Counter(dropped) + Counter({reason: count}))


def _hashed(seed: int, word: str) -> float:
    """A number in [0, 1) that depends on nothing else."""
    digest = hashlib.blake2b(f"{seed}\0{word}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def _earlier_equals(values: I64) -> I64:
    """For each value, how many of those before it are equal to it."""
    seen = Counter[int]()
    earlier = np.zeros(len(values), dtype=np.int64)
    for i, value in enumerate(values.tolist()):
        earlier[i] = seen[value]
        seen[value] += 1
    return earlier
