"""A word without diacritics and case, for comparing how words are written."""

import unicodedata

import regex

from align.tokens import fold

_MARKED = regex.compile(r"([\p{Latin}\p{Greek}\p{Cyrillic}])\p{M}+")
_NOT_JAMO = regex.compile(r"[^\u1100-\u11ff]+")


def plain_form(word: str) -> str:
    """`word` folded, without the diacritics of Latin, Greek and Cyrillic letters.

    Marks of other scripts are letters of their words (vowel signs, voiced kana) and stay. Hangul is written in its
    letters, not in syllables. Idempotent. Raises InputError `api.bad_text`.

    >>> plain_form("Événement"), plain_form("Ёж"), plain_form("Straße"), plain_form("ガ")
    ('evenement', 'еж', 'strasse', 'ガ')
    """
    word = fold(word, "und")
    if word.isascii():
        return word
    bare = _MARKED.sub(r"\1", unicodedata.normalize("NFD", unicodedata.normalize("NFD", word).casefold()))
    return str(_NOT_JAMO.sub(lambda run: unicodedata.normalize("NFC", run[0]), bare))
