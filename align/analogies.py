"""Analogies: a is to b as c is to which word? Within one language, or a and b in one and c and d in another."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import polars as pl

from align.arguments import expect, listed
from align.errors import AlignmentError, InputError, printable
from align.evaluate import bootstrap_interval
from align.intrinsic import check_sides, checked_words, list_rows, same_language
from align.language import canonical_language
from align.normalize import unit_rows
from align.rows import RowError
from align.vectors import F32, I64, WordVectors

Method = Literal["add", "mul"]

BLOCK_BYTES = 256 << 20  # of all that is held at once
HELD = 5  # numbers for each question and word: cosines with a, b and c, the score, and one more on the way
EPSILON = 1e-3  # of 3CosMul, as published

Bools = npt.NDArray[np.bool_]

_SCHEMA = {
    "section": pl.String, **dict.fromkeys(("accuracy", "accuracy_low", "accuracy_high", "coverage"), pl.Float64),
    **dict.fromkeys(("n_questions", "n_test_questions", "n_impossible"), pl.Int64),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Analogies:
    """Questions a : b :: c : d, words in NFC; a and b are of `source`, c and d of `target`, which may be the same.

    `sections`: the name of each question's section. Raises InputError `analogy.bad_word`, `analogy.bad_character`,
    `analogy.count_mismatch`, `language.bad_code`, `api.bad_type`.

    >>> len(Analogies("en", "en", (("man", "woman", "king", "queen"),), ("family",)))
    1
    """

    source: str
    target: str
    questions: tuple[tuple[str, str, str, str], ...]
    sections: tuple[str, ...]
    name: str = ""

    def __post_init__(self) -> None:
        expect(str, name=self.name)
        sections, questions = tuple(listed(str, sections=self.sections)), []
        for at, words in enumerate(listed(object, questions=self.questions), 1):
            try:
                questions.append(checked_words(words, 4))
            except RowError as fault:
                raise InputError(f"analogy.{fault.kind}", f"question {at}: {fault}") from None
        if len(sections) != len(questions):
            counts = f"{len(sections)} sections for {len(questions)} questions"
            raise InputError("analogy.count_mismatch", f"{counts}; one each is needed")
        checked = {
            "source": canonical_language(self.source), "target": canonical_language(self.target),
            "questions": tuple(questions), "sections": sections,
        }  # fmt: skip
        for key, value in checked.items():
            object.__setattr__(self, key, value)

    def __len__(self) -> int:
        return len(self.questions)

    def __repr__(self) -> str:
        return f"Analogies({self.source!r}, {self.target!r}, questions={len(self)}, name={self.name!r})"


@dataclass(frozen=True, eq=False)
class AnalogyOutcomes:
    """What became of each of n questions: `known` (n,), all four words have vectors; `right` (n,), d came first.

    `impossible` (n,): d falls on the vector of a word of the question, and so cannot be the answer; a miss. `sections`: one
    name each. `candidates`: words of `target`. `method`: `add` or `mul`.
    """

    source: str
    target: str
    sections: tuple[str, ...]
    known: Bools
    right: Bools
    impossible: Bools
    candidates: int
    method: Method

    def __len__(self) -> int:
        return len(self.sections)

    @property
    def accuracy(self) -> float:
        """Share of the known questions that are right."""
        return float(self.right[self.known].mean())

    @property
    def coverage(self) -> float:
        return float(self.known.mean())

    def frame(self) -> pl.DataFrame:
        """A row for each section, in the order of the questions, and a last one, `all`.

        Columns section; accuracy over the known questions, its 95 % `bootstrap_interval` accuracy_low, accuracy_high (null
        where none is known); coverage = n_questions / n_test_questions; n_questions that are known; n_test_questions;
        n_impossible.
        """
        of = np.array(self.sections, dtype=object)
        rows = [self._row(name, of == name) for name in dict.fromkeys(self.sections)]
        rows.append(self._row("all", np.ones(len(self), dtype=np.bool_)))
        return pl.DataFrame(rows, schema=_SCHEMA, orient="row")

    def as_dict(self) -> dict[str, Any]:
        """The rows of `frame` under `sections` and `all`, beside source, target, method and candidates."""
        *sections, whole = self.frame().to_dicts()
        about = {"source": self.source, "target": self.target, "method": self.method, "candidates": self.candidates}
        return {**about, "sections": sections, "all": {key: whole[key] for key in whole if key != "section"}}

    def _row(self, section: str, inside: Bools) -> tuple[str | float | int | None, ...]:
        right, n_test = self.right[inside & self.known], int(inside.sum())
        n, accuracy, low, high = len(right), None, None, None
        if n:
            accuracy, (low, high) = float(right.mean()), bootstrap_interval(int(right.sum()), n)
        return section, accuracy, low, high, n / n_test, n, n_test, int((self.impossible & inside).sum())


def read_analogies(path: str | Path, source: str, target: str | None = None) -> Analogies:
    """The questions of a file in the format of Mikolov et al. 2013, plain or compressed: `: section`, then `a b c d` a line.

    `target`: language of c and d, default `source`. Words that hold blanks stand between tabs. Lines that begin with `#` are
    comments. Raises InputError `analogy.empty`, `analogy.bad_row`, `analogy.bad_word`, `analogy.bad_character`,
    `analogy.encoding`, `language.bad_code`, `file.*`.

    >>> read_analogies("questions-words.txt", "en")  # doctest: +SKIP
    Analogies('en', 'en', questions=19544, name='questions-words.txt')
    """
    source, target = canonical_language(source), canonical_language(source if target is None else target)
    section = ""

    def read(text: str) -> tuple[tuple[str, str, str, str], str] | None:
        nonlocal section
        if text.startswith(":"):
            section = text[1:].strip()
            if not section or not section.isprintable():
                raise RowError("bad_row", "a section without a name that can be read; write `: name`")
            return None
        if not section:
            raise RowError("bad_row", "a question before any section; write `: name` above it")
        words = [cell.strip(" ") for cell in text.split("\t")] if "\t" in text else text.split()
        if len(words) != 4:
            raise RowError("bad_row", f"{len(words)} words; write four, or phrases with tabs between")
        a, b, c, d = checked_words(words, 4)
        return (a, b, c, d), section

    rows = list_rows(path, "analogy", read)
    if not rows:
        raise InputError("analogy.empty", f"no questions {source}-{target}; four words a line are needed", path=path)
    questions, sections = zip(*rows, strict=True)
    return Analogies(source, target, questions, sections, Path(path).name)


def evaluate_analogies(
    source: WordVectors, target: WordVectors, questions: Analogies, *, method: Method = "add"
) -> AnalogyOutcomes:
    """Whether d is the best word of `target` for a : b :: c : ?, by 3CosAdd or 3CosMul.

    `add`: cos(d, b) − cos(d, a) + cos(d, c). `mul`: cos(d, b) · cos(d, c) / (cos(d, a) + 0.001) with cosines moved to [0, 1].
    The words of the question are no candidates, as is the rule; across languages that is c alone, as a and b are no words
    of `target`. Ties count against d. Words are found as `WordVectors.row` finds them.

    `source`, `target`: vectors of one space, or those of one language twice. Sources: Mikolov et al. 2013; Levy and Goldberg
    2014. Raises AlignmentError `evaluate.no_questions` where none has all its vectors, `dict.language`,
    `align.dim_mismatch`; InputError `api.bad_type`, `evaluate.bad_method`.

    >>> words = WordVectors("en", ["man", "woman", "king", "queen"], np.array([[1, 0], [1, 1], [3, 0], [3, 3]], "f4"))
    >>> family = Analogies("en", "en", (("man", "woman", "king", "queen"),), ("family",))
    >>> evaluate_analogies(words, words, family).accuracy
    1.0
    """
    expect(Analogies, questions=questions)
    check_sides(source, target, questions.source, questions.target)
    if not isinstance(method, str) or method not in get_args(Method):
        raise InputError("evaluate.bad_method", f"method is {printable(repr(method))}; give 'add' or 'mul'")
    columns = tuple(zip(*questions.questions, strict=True)) or ((), (), (), ())
    asked = np.stack([v.rows(w) for v, w in zip((source, source, target, target), columns, strict=True)], axis=1)
    known = np.asarray((asked >= 0).all(axis=1))
    if not known.any():
        what = f"none of {len(questions)} questions has all four vectors"
        raise AlignmentError(
            "evaluate.no_questions", f"{what} ({source.lang}, {target.lang}); check languages and case"
        )
    barred = asked[:, [2]]
    if same_language(source.lang, target.lang):
        own = np.stack([target.rows(columns[0]), target.rows(columns[1])], axis=1)
        barred = np.hstack([barred, np.where(own < 0, barred, own)])
    impossible = np.asarray(known & (barred == asked[:, [3]]).any(axis=1))
    right, at = np.zeros(len(questions), dtype=np.bool_), np.flatnonzero(known & ~impossible)
    right[at] = _answered(source.matrix, target.matrix, asked[at], barred[at], method)
    for array in (known, right, impossible):
        array.flags.writeable = False
    about = len(target), method
    return AnalogyOutcomes(source.lang, target.lang, questions.sections, known, right, impossible, *about)


def _answered(source: F32, target: F32, asked: I64, barred: I64, method: Method) -> Bools:
    """(n,) whether the fourth of `asked` (n, 4) scores above every other row of `target` but those `barred` (n, …)."""
    lengths = np.sqrt(np.einsum("ij,ij->i", target, target, dtype=np.float64)).astype(np.float32)
    right = np.zeros(len(asked), dtype=np.bool_)
    step = max(1, BLOCK_BYTES // (HELD * 4 * len(target)))
    for start in range(0, len(asked), step):
        a, b, c, d = asked[start : start + step].T
        here = np.arange(len(a))
        near_a, near_b = _cosines(source, a, target, lengths), _cosines(source, b, target, lengths)
        scores = _scores(near_a, near_b, _cosines(target, c, target, lengths), method)
        gold = scores[here, d]
        scores[here[:, None], barred[start : start + step]] = -np.inf
        scores[here, d] = -np.inf
        right[start : start + step] = scores.max(axis=1) < gold
    return right


def _cosines(matrix: F32, rows: I64, target: F32, lengths: F32) -> tuple[F32, I64]:
    """Cosines (distinct rows, m) with all of `target`, and which of them each of `rows` has: questions repeat their words."""
    distinct, place = np.unique(rows, return_inverse=True)
    cosines = unit_rows(matrix[distinct]) @ target.T
    cosines /= lengths
    return cosines, place


def _scores(a: tuple[F32, I64], b: tuple[F32, I64], c: tuple[F32, I64], method: Method) -> F32:
    """(n, m) of n questions, from cosines (distinct words, m) and which of them each question has."""
    if method == "add":
        scores = b[0][b[1]]
        scores += c[0][c[1]]
        scores -= a[0][a[1]]
        return scores
    for cosines, _ in (a, b, c):
        cosines += 1
        cosines /= 2
    scores = b[0][b[1]]
    scores *= c[0][c[1]]
    np.add(a[0], EPSILON, out=a[0])
    scores /= a[0][a[1]]
    return scores
