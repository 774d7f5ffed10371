"""Sums of words as people write them: `king - man + woman`, and across languages `fr:roi - fr:homme + woman`."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from align.arguments import expect, listed
from align.errors import InputError, printable
from align.language import canonical_language

# A sign only where a word would begin, so that `well-known` is one word; `−` is what typesetters make of `-`.
_PART = re.compile(
    r"""(?P<sign>[+\-−]) | (?P<prefix>[A-Za-z0-9_-]+:)?"(?P<quoted>[^"]*)"(?=\s|$) | (?P<bare>\S+)""", re.X
)
_UNCLOSED = re.compile(r'([A-Za-z0-9_-]+:)?"')


@dataclass(frozen=True)
class Term:
    """A word of a language, to be added (`sign` 1) or taken away (`sign` −1).

    Raises InputError `words.bad_term` for another sign or an empty word, `language.bad_code`, `api.bad_text`.

    >>> Term("man", "en", -1)
    Term(word='man', lang='en', sign=-1)
    """

    word: str
    lang: str
    sign: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.word, str):
            raise InputError("api.bad_text", f"a word is of type {type(self.word).__name__}; give a string")
        if isinstance(self.sign, bool) or not isinstance(self.sign, int) or self.sign not in (1, -1):
            raise InputError("words.bad_term", f"sign={printable(repr(self.sign))}; give 1 or -1")
        if not self.word.strip():
            raise InputError("words.bad_term", f"the word {printable(repr(self.word))} is empty; give one")
        object.__setattr__(self, "lang", canonical_language(self.lang))


def parse_word(text: str, lang: str | None = None, languages: Iterable[str] = ()) -> Term:
    """`word` of language `lang`, or `code:word` where the code is one of `languages`; what stands before any other colon
    is part of the word, as in `12:30`.

    Raises InputError `words.no_language` for a word without a code where `lang` is None, `words.bad_term`,
    `language.bad_code`, `api.bad_text`, `api.bad_type`.

    >>> parse_word("fr:roi", "en", ["en", "fr"])
    Term(word='roi', lang='fr', sign=1)
    """
    if not isinstance(text, str):
        raise InputError("api.bad_text", f"a word is of type {type(text).__name__}; give a string")
    codes = [canonical_language(code) for code in listed(str, languages=languages)]
    prefix, colon, word = text.partition(":")
    if colon and (code := _code(prefix)) in codes:
        return Term(word, code)
    if lang is None:
        example = f"{codes[0]}:{text}" if codes else f"en:{text}"
        raise InputError("words.no_language", f"no language for {printable(repr(text))}; write {printable(example)}")
    return Term(text, lang)


def parse_expression(text: str, lang: str | None = None, languages: Iterable[str] = ()) -> tuple[Term, ...]:
    """The terms of a sum of words: words as `parse_word` takes them, with + or - between, blanks around.

    A minus inside of a word belongs to it; a word with blanks, or one that begins with a sign, stands in quotation marks:
    `fr:"pomme de terre" + soup`. The first word may have a sign, too.

    Raises InputError `words.bad_expression` with the character (from 1) where something else was expected, and as
    `parse_word`.

    >>> [(term.sign, term.word) for term in parse_expression("king - man + woman", "en")]
    [(1, 'king'), (-1, 'man'), (1, 'woman')]
    """
    expect(str, text=text)
    codes = listed(str, languages=languages)
    terms: list[Term] = []
    sign: str | None = None  # between the words, until the word after it is read
    for part in _PART.finditer(text):
        at = part.start() + 1
        if part["sign"]:
            if sign is not None:
                raise _bad(at, f"{part['sign']} after {sign}; write a word between them")
            sign = part["sign"]
            continue
        if part["bare"] and _UNCLOSED.match(part["bare"]):
            raise _bad(at, 'a quotation mark that is not closed before a blank; write "two words"')
        if terms and sign is None:
            raise _bad(at, f"{printable(repr(part[0]), 40)} follows a word; write + or - between, or quote both as one")
        if part["quoted"] is None:
            term = parse_word(part["bare"], lang, codes)
        elif part["prefix"] is None:
            term = parse_word(part["quoted"], lang)
        else:
            term = parse_word(part["prefix"] + part["quoted"], lang, codes)
        terms.append(Term(term.word, term.lang, 1 if sign in (None, "+") else -1))
        sign = None
    if sign is not None or not terms:
        raise _bad(
            len(text) + 1, f"nothing follows {sign}; write a word" if sign else "no word; write king - man + woman"
        )
    return tuple(terms)


def _code(prefix: str) -> str | None:
    try:
        return canonical_language(prefix)
    except InputError:
        return None


def _bad(at: int, what: str) -> InputError:
    return InputError("words.bad_expression", f"character {at}: {what}")
