"""Text to tokens, the same way for training, pooling and queries.

A token is a run of letters, marks and digits. Where a script is written without blanks (Han, Kana, Thai, Lao, Khmer,
Burmese) ICU's dictionary-based word breaker cuts the run. Tokens are NFC and lower-cased by the rules of the language.
SQL repeats these rules for scripts with blanks (`warehouse/macros/02_tokenize.sql`), so the two must change together.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import accumulate, pairwise

import regex
from icu4py.breakers import WordBreaker

from align.arguments import expect
from align.errors import InputError
from align.language import canonical_language

TOKENIZER = "icu78-runs-1"  # part of a space's identity: change it whenever any token could change

_RUN = regex.compile(r"[\p{L}\p{M}\p{N}]+")
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
_FINAL_SIGMA = regex.compile(r"(?<=[\p{L}\p{M}])σ(?![\p{L}\p{M}\p{N}])")
_COMPOSING = regex.compile(r"(?s).[\p{M}\u1160-\u11ff]*")  # a character and what may compose with it: marks, jamo
_DOTTED = {"tr", "az"}  # languages whose i and ı are different letters
_TURKIC = str.maketrans({"I": "ı", "İ": "i"})


def fold(text: str, lang: str) -> str:
    """`text` in NFC and lower case by the rules of `lang`: Turkish and Azeri keep ı and i apart, ß stays ß, a sigma that ends
    a word is ς.

    >>> fold("ISTANBUL", "tr"), fold("Straße", "de")
    ('ıstanbul', 'straße')

    Raises InputError `api.bad_text` for what is no string, `language.bad_code`.
    """
    if not isinstance(text, str) or not isinstance(lang, str):
        raise InputError(
            "api.bad_text", f"text and lang are {type(text).__name__} and {type(lang).__name__}; give strings"
        )
    text = unicodedata.normalize("NFC", text.replace("\0", " "))  # SQL would end at a NUL
    if _primary(lang) in _DOTTED:
        text = text.translate(_TURKIC)
    elif text.islower() and "σ" not in text:
        return text
    # Python's lower() looks past dots and apostrophes for what ends a word, and leaves a σ that is there. A rule within the
    # run makes a token fold to itself, and SQL can repeat it.
    text = unicodedata.normalize("NFC", text.replace("Σ", "σ").lower())
    if "σ" in text:
        text = _FINAL_SIGMA.sub("ς", text)
    return text


def tokenize(text: str, lang: str) -> list[str]:
    """The tokens of `text`, in order. Raises as `fold`.

    >>> tokenize("L'été, don't e-mail 12!", "fr")
    ['l', 'été', 'don', 't', 'e', 'mail', '12']
    """
    text = fold(text, lang)
    if _UNSPACED.search(text) is None:
        runs: list[str] = _RUN.findall(text)
        return runs
    return [text[start:stop] for start, stop in _spans(text, lang)]


def token_spans(text: str, lang: str) -> list[tuple[int, int]]:
    """Where each of `tokenize(text, lang)` begins and ends in `text` as it is given, in characters. Raises as `fold`.

    A span alone tokenises to its token, also where folding changes lengths (letters with their marks apart, İ). Two exceptions:
    ICU may cut a piece of a script without blanks otherwise than the whole, and a σ before such a piece is no ς.

    >>> token_spans("Été, 12", "fr")
    [(0, 3), (5, 7)]
    """
    folded = fold(text, lang)
    spans = _spans(folded, lang)
    lower = text.lower()
    composed = (unicodedata.is_normalized("NFC", form) for form in (text, lower))
    if len(text) == len(folded) == len(lower) and "İ" not in text and all(composed):
        return list(spans)
    # Nothing composes across the pieces, so each can be measured by itself, and most are there many times.
    at, places, lengths = 0, list[tuple[int, int]](), dict[str, int]()
    for piece in _COMPOSING.findall(text):
        if piece not in lengths:
            lengths[piece] = len(fold(piece, lang))
        end = at + len(piece)
        same = lengths[piece] == len(piece)
        places += zip(range(at, end), range(at + 1, end + 1), strict=True) if same else [(at, end)] * lengths[piece]
        at = end
    return [(places[start][0], places[stop - 1][1]) for start, stop in spans]


def sentences(text: str, lang: str, longest: int = 10_000) -> Iterator[list[str]]:
    """Token lists of at most `longest` tokens, one or more per line of `text`; gensim would cut longer ones silently."""
    expect(str, text=text)
    if isinstance(longest, bool) or not isinstance(longest, int) or longest < 1:
        raise InputError("api.bad_k", f"longest={str(longest)[:20]!r}; an integer from 1")
    for line in text.splitlines():
        tokens = tokenize(line, lang)
        for start in range(0, len(tokens), longest):
            yield tokens[start : start + longest]


def unspaced(text: str) -> bool:
    """Whether `text` holds a letter of a script that is written without blanks. Raises InputError `api.bad_type`.

    >>> unspaced("パン 12"), unspaced("bread 12")
    (True, False)
    """
    expect(str, text=text)
    return _UNSPACED.search(text) is not None


def _spans(text: str, lang: str) -> Iterator[tuple[int, int]]:
    """Where the tokens of a folded text begin and end in it."""
    if _UNSPACED.search(text) is None:
        yield from (run.span() for run in _RUN.finditer(text))
        return
    text = text.encode("utf-8", "replace").decode()  # ICU takes no lone surrogates, and no token holds one
    ends = set(accumulate(len(piece) for piece in WordBreaker(text, lang)))
    for run in _RUN.finditer(text):
        start, stop = run.span()
        cuts: Iterable[int] = ()
        if _UNSPACED.search(run[0]) is not None:  # else whole: its script has blanks, whatever stands beside it
            cuts = (at for at in range(start + 1, stop) if at in ends)
        yield from pairwise([start, *cuts, stop])


@cache
def _primary(lang: str) -> str:
    return canonical_language(lang).split("-", 1)[0]
