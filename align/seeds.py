"""Pairs that need no dictionary: words that two languages write alike."""

from typing import Literal, get_args

from align.arguments import expect
from align.dictionary import WordPairs
from align.errors import InputError, printable
from align.retrieval import check_k
from align.vectors import WordVectors

Kind = Literal["words", "numerals"]
FREQUENT = 25_000
SHORTEST = 4  # characters: shorter words are alike by chance


def identical_words(
    source: WordVectors, target: WordVectors, *, only: Kind = "words", frequent: int = FREQUENT
) -> WordPairs:
    """Words of both languages that are spelled alike, as pairs: names, loans, terms; or, by `only`, the numerals.

    Among the `frequent` most frequent words of each side, words of four characters and more with a letter and no digit; "numerals" takes tokens
    of digits alone, of any length. In order of the source. Many pairs are false friends: give them to `align.fit` as a
    dictionary where there is no better one, and it looks for better pairs from there.

    Raises InputError `dict.same_language`, `dict.bad_character` for words no dictionary may hold, `align.bad_kind`,
    `api.bad_k`, `api.bad_type`.

    >>> en = WordVectors("en", ["hotel", "on", "dog", "1984"], np.eye(4))
    >>> fr = WordVectors("fr", ["on", "1984", "hotel"], np.eye(4)[:3])
    >>> identical_words(en, fr).pairs, identical_words(en, fr, only="numerals").pairs
    ((('hotel', 'hotel'),), (('1984', '1984'),))
    """
    expect(WordVectors, source=source, target=target)
    if not isinstance(only, str) or only not in get_args(Kind):
        raise InputError("align.bad_kind", f"only={printable(repr(only))}; one of {', '.join(get_args(Kind))}")
    frequent = check_k(frequent)
    there = set(target.words[:frequent])
    alike = [word for word in source.words[:frequent] if word in there]
    if only == "numerals":
        kept = [word for word in alike if word.isdecimal()]
    else:
        kept = [word for word in alike if len(word) >= SHORTEST and _is_word(word)]
    return WordPairs(source.lang, target.lang, tuple((word, word) for word in kept), name=f"identical {only}")


def _is_word(word: str) -> bool:
    return any(c.isalpha() for c in word) and not any(c.isdecimal() for c in word)
