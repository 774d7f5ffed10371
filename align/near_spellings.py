"""Words that are written almost like one that has no vector: what a typing error may have meant."""

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract

from align.arguments import expect
from align.errors import UnknownWordError, printable
from align.retrieval import check_k
from align.tokens import fold
from align.vectors import WordVectors

ALIKE = 0.6  # share of a word that edits leave, at least
SHOWN = 3


def near_spellings(word: str, vectors: WordVectors, k: int = SHOWN) -> list[str]:
    """At most k words of `vectors`, the one written most like `word` first, of equals the more frequent.

    Alike is 1 − edits / length of the longer, after `fold`; an edit inserts, deletes, replaces, or swaps two neighbours.
    What is below 0.6 is left out. Raises InputError `api.bad_k`, `api.bad_text`, `api.bad_type`.

    >>> near_spellings("wrod", WordVectors("en", ["word", "world", "tree"], np.eye(3)))
    ['word', 'world']
    """
    expect(WordVectors, vectors=vectors)
    folded = vectors.folded_index
    form, loose = (
        fold(word, vectors.lang),
        ALIKE - 0.01,
    )  # the cutoff of rapidfuzz is not exact: the border is drawn after it
    found = extract(form, list(folded), scorer=OSA.normalized_similarity, limit=check_k(k), score_cutoff=loose)
    return [vectors.words[folded[other]] for other, alike, _ in found if alike > ALIKE - 1e-9]


def word_row(word: str, vectors: WordVectors) -> int:
    """The row of `word`, as `WordVectors.row` finds it.

    Raises UnknownWordError `space.unknown_word`, with near spellings where there are some; InputError `api.bad_text`,
    `api.bad_type`.

    >>> word_row("Word", WordVectors("en", ["tree", "word"], np.eye(2)))
    1
    """
    expect(WordVectors, vectors=vectors)
    row = vectors.row(word)
    if row >= 0:
        return row
    near = ", ".join(printable(repr(other), 40) for other in near_spellings(word, vectors))
    hint = f"; written like it are {near}" if near else "; none is written like it"
    raise UnknownWordError("space.unknown_word", f"{printable(repr(word))} has no vector in {vectors.lang}{hint}")
