"""Whether a test dictionary was seen in training, by words and by pairs."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import polars as pl

from align.arguments import expect, listed
from align.dictionary import WordPairs
from align.tokens import fold

EXAMPLES = 5


@dataclass(frozen=True)
class Leak:
    """What of a test was in training, compared after `fold`.

    `n_words` of the `n_test_words` source words of the test, each as it is written, are among the words of the same
    language in training; `n_pairs` of the `n_test_pairs` are there whole. `words` and `pairs`: the first few of each, in
    the order of the test.
    """

    source: str
    target: str
    n_words: int
    n_test_words: int
    n_pairs: int
    n_test_pairs: int
    words: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]

    def frame(self) -> pl.DataFrame:
        """One row, a column for each field; `pairs` as lists of two words."""
        row = {**asdict(self), "words": list(self.words), "pairs": [list(pair) for pair in self.pairs]}
        lists = {"words": pl.List(pl.String), "pairs": pl.List(pl.List(pl.String))}
        return pl.DataFrame([row], schema_overrides=lists)


def leaked_words(train: Iterable[WordPairs], test: WordPairs) -> Leak:
    """The words and pairs of `test` that are in the training dictionaries between its two languages, either way round.

    A reversed dictionary holds the test's source words on its right. `en` and `en-GB` count as one language; dictionaries
    of other languages are passed over, so what could be composed through a third language is not found.
    Raises InputError `api.bad_type`.

    >>> train, test = WordPairs("fr", "en", (("Chat", "cat"),)), WordPairs("en", "fr", (("Cat", "matou"),))
    >>> leak = leaked_words([train], test)
    >>> leak.n_words, leak.n_pairs, leak.words
    (1, 0, ('Cat',))
    """
    expect(WordPairs, test=test)
    source, target = _primary(test.source), _primary(test.target)
    seen: set[tuple[str, str]] = set()
    for pairs in listed(WordPairs, train=train):
        between = (_primary(pairs.source), _primary(pairs.target))
        if between == (source, target):
            seen.update((fold(left, source), fold(right, target)) for left, right in pairs.pairs)
        elif between == (target, source):
            seen.update((fold(right, source), fold(left, target)) for left, right in pairs.pairs)
    known = {left for left, _ in seen}
    gold = test.gold()
    words = [word for word in gold if fold(word, source) in known]
    shared = [(left, right) for left, right in test.pairs if (fold(left, source), fold(right, target)) in seen]
    return Leak(
        test.source, test.target, len(words), len(gold), len(shared), len(test), tuple(words[:EXAMPLES]),
        tuple(shared[:EXAMPLES]),
    )  # fmt: skip


def _primary(lang: str) -> str:
    return lang.split("-")[0]
