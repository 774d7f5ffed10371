"""The terms of a text: what two texts can share letter by letter, in one language or in two."""

from collections import Counter

import regex

from align.tokens import fold, tokenize

# Tokens joined by signs: names of functions and files, numbers with points, words with hyphens. SQL has the same pattern.
_COMPOUND = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:[_\-.:'/>$]+[\p{L}\p{M}\p{N}]+)+")


def count_terms(text: str, lang: str) -> Counter[str]:
    """How often `text` holds each of its tokens, and of the compounds in which tokens stand.

    A compound says more than its parts: `array_map` is one function, `array` and `map` are many. Raises as `tokenize`.

    >>> sorted(count_terms("array_map() is of PHP 8.1", "en"))
    ['1', '8', '8.1', 'array', 'array_map', 'is', 'map', 'of', 'php']
    """
    counts = Counter(tokenize(text, lang))
    counts.update(_COMPOUND.findall(fold(text, lang)))
    return counts


def is_compound(term: str) -> bool:
    """Whether a term of `count_terms` is a compound, not a token."""
    return _COMPOUND.fullmatch(term) is not None
