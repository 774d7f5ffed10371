"""Long texts as passages: windows of tokens that overlap, so that what a text says in one place is not drowned by the rest."""

from dataclasses import dataclass

import numpy as np

from align.errors import InputError, printable
from align.tokens import token_spans

TOKENS = 200


@dataclass(frozen=True)
class Passage:
    """`text[start:stop]` is the passage: positions in characters of the text as it was given."""

    start: int
    stop: int


def cut_passages(text: str, lang: str, tokens: int = TOKENS, overlap: int | None = None) -> list[Passage]:
    """Passages of `tokens` tokens, each of which shares `overlap` with the one before; None: half of `tokens`.

    A passage begins with its first token and ends before the first token that is not in it; the first begins with the text,
    the last ends with it, and may be shorter. So every character is in a passage, nothing is left out, and a text of at
    most `tokens` tokens is one. Tokens are those of `align.tokenize`.

    >>> [text[p.start:p.stop] for text in ["one two, three four."] for p in cut_passages(text, "en", 2, 1)]
    ['one two, ', 'two, three ', 'three four.']

    Raises InputError `passages.bad_tokens`, `passages.bad_overlap`, `api.bad_text`, `language.bad_code`.
    """
    tokens, overlap = check_window(tokens, overlap)
    spans = token_spans(text, lang)
    n, step = len(spans), tokens - overlap
    firsts = range(0, max(n - overlap, 1), step)
    edges = [(0 if first == 0 else spans[first][0], first + tokens) for first in firsts]
    return [Passage(start, spans[after][0] if after < n else len(text)) for start, after in edges]


def check_window(tokens: object, overlap: object = None) -> tuple[int, int]:
    """Both as whole numbers, `overlap` as it stands where it is None.

    Raises InputError `passages.bad_tokens`, `passages.bad_overlap`.
    """
    if isinstance(tokens, bool) or not isinstance(tokens, int | np.integer) or tokens < 1:
        raise InputError("passages.bad_tokens", f"tokens={printable(repr(tokens), 60)}; a whole number from 1")
    if overlap is None:
        return int(tokens), int(tokens) // 2
    if isinstance(overlap, bool) or not isinstance(overlap, int | np.integer) or not 0 <= overlap < tokens:
        found, most = printable(repr(overlap), 60), printable(str(int(tokens) - 1), 60)
        raise InputError("passages.bad_overlap", f"overlap={found}; a whole number from 0 to {most}, below tokens")
    return int(tokens), int(overlap)
