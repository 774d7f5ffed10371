"""Induced dictionaries: what the shared space takes for translations, and how likely each is right."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from align.arguments import expect, file_name, listed
from align.calibration import PARTS, Calibration, Direction, LexiconSpace, Odds, calibrate, direction_of
from align.compressed import replacing
from align.dictionary import WordPairs, checked_pair
from align.errors import AlignmentError, InputError
from align.retrieval import check_k
from align.round_trip import Entries
from align.rows import RowError
from align.vectors import F64, I64
from align.word_retrieval import SpellingChoice, check_spelling

ASKED = 2_048  # source words at a time, until there are enough entries
LEAST = 1e-6  # probability below which a pair would weigh nothing

Progress = Callable[[int, int], None]

_FRAME = {
    "source": pl.String, "target": pl.String, "probability": pl.Float64, "score": pl.Float64, "margin": pl.Float64,
    "source_rank": pl.Int64, "target_rank": pl.Int64, "way_back": pl.Int64, "round_trip": pl.Boolean,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Lexicon:
    """Entries from `source` to `target`, by falling frequency of the source word, and what they rest on.

    `frame`: source; target, its best by `retrieval`; `probability` that this is right, null where too few words are
    known; score; margin before the second best target; ranks of both in their vocabularies, from 1; `way_back`, the rank
    of the source word among all for that target, from 1; round_trip, whether that is 1. `n_asked` of the most frequent
    source words were gone through; `dropped` counts by reason those without an entry. `calibration` says on what words
    the probabilities rest, and how good they are.

    No dictionary lists every right translation, and one that is not listed counts as wrong: a probability is a lower
    bound, as is `expected_right`.
    """

    source: str
    target: str
    frame: pl.DataFrame
    retrieval: str
    n_asked: int
    dropped: Mapping[str, int]
    calibration: Calibration

    def __len__(self) -> int:
        return self.frame.height

    def __repr__(self) -> str:
        return f"Lexicon({self.source!r}, {self.target!r}, entries={len(self)}, retrieval={self.retrieval!r})"

    @property
    def coverage(self) -> float:
        """Entries over the source words gone through; 0 where there are none."""
        return len(self) / self.n_asked if self.n_asked else 0.0

    @property
    def expected_right(self) -> float | None:
        """Sum of the probabilities: how many entries are right at least, on average; None without probabilities."""
        return float(self.frame["probability"].sum()) if self.calibration.calibrated_on else None

    def pairs(self) -> WordPairs:
        """The entries as a dictionary, weighted by probability; of weight 1 each where there is none."""
        words = tuple(self.frame.select("source", "target").iter_rows())
        weights = self.frame["probability"].fill_null(1.0).clip(LEAST).to_numpy()
        return WordPairs(self.source, self.target, words, weights, name=f"lexicon {self.source}-{self.target}")

    def about(self) -> dict[str, Any]:
        """Everything but the entries, as JSON has it."""
        return {
            "source": self.source, "target": self.target, "entries": len(self), "expected_right": self.expected_right,
            "coverage": self.coverage, "asked": self.n_asked, "retrieval": self.retrieval, "dropped": dict(self.dropped),
            **asdict(self.calibration),
        }  # fmt: skip

    def write(self, path: str | Path) -> None:
        """Write a table that `read_dictionary` reads: the two languages, `weight` (the probability), and the rest. Writes.

        The file takes the place of an older one when it is whole. Raises ResourceError `file.unwritable`, InputError
        `file.missing` (no such folder, no name), `api.bad_type`.
        """
        path = file_name(path)
        if not path.parent.is_dir():
            raise InputError("file.missing", "no such folder; make it first", path=path)
        table = self.frame.select(
            pl.col("source").alias(self.source),
            pl.col("target").alias(self.target),
            pl.col("probability").clip(LEAST).round_sig_figs(6).alias("weight"),
            pl.col("score", "margin").round(4),
            "source_rank", "target_rank", "way_back", "round_trip",
        )  # fmt: skip
        with replacing(path) as file:
            file.write(f"# {self.summary()}\n".encode())
            table.write_csv(file, separator="\t", quote_style="never")

    def summary(self) -> str:
        """One sentence: entries, how many are right at least, and on what that rests."""
        entries = f"{len(self):,} entries {self.source}-{self.target} of {self.n_asked:,} words by {self.retrieval}"
        about = self.calibration
        if self.expected_right is None:
            return f"{entries}; {about.note}"
        words = f"{about.n_words:,} {PARTS[about.part or 'train']} words"
        error = f"calibration error {about.calibration_error:.3f}, Brier {about.brier:.3f}"
        told = f"expected right {self.expected_right:,.0f} at least, calibrated on {words} of {about.calibrated_on}"
        return f"{entries}; {told}; {error}" + (f"; {about.note}" if about.note else "")


def induce_lexicon(
    space: LexiconSpace,
    source: str,
    target: str,
    *,
    n: int = 5_000,
    known: Iterable[WordPairs] = (),
    train: Iterable[WordPairs] = (),
    spelling: SpellingChoice = "off",
    round_trip: bool = True,
    min_probability: float = 0.0,
    progress: Progress | None = None,
) -> Lexicon:
    """The translations of the most frequent words of `source` that pass, down the vocabulary until there are `n`.

    An entry is a source word with its best target. `round_trip`: it passes only where the word is also the best of all
    source words for that target (mutual neighbours). `min_probability`: and where it is as likely as that. Words without
    a letter, and those that no table can hold, are passed over. `spelling` as in `SharedSpace.retrieval`.

    The probability comes from a logistic regression on score, margins and rank of the way back, frequency and, where it
    is in use, spelling, never falling with score or margin. It is fitted on words whose translations are known: held-out
    words of `known` (dictionaries of any languages of the space), else, where they are fewer than 50, those of other
    pairs of languages in the same space, else words of `train`, the dictionaries that the space was fitted on, where it
    may come out too good. What is in `train`, or is known to the space as such, never counts as held out. `calibration`
    says which it was; with fewer than 50 words throughout there is no probability. `progress(entries, n)`.

    Raises InputError `dict.same_language`, `space.no_language`, `api.bad_k`, `api.bad_type`, `api.bad_spelling`,
    `lexicon.bad_probability`; AlignmentError `lexicon.no_probability` for a `min_probability` above 0 where there is none.
    Sources: Artetxe et al. 2018 on mutual neighbours; Platt 1999 on probabilities from scores.

    >>> lexicon = induce_lexicon(space, "fr", "de", n=1_000, known=[en_fr_test, en_de_test])     # doctest: +SKIP
    >>> lexicon.calibration.calibrated_on                                                       # doctest: +SKIP
    'en-fr, en-de (no dictionary fr-de)'
    """
    expect(LexiconSpace, space=space)
    n, least = check_k(n), _checked_probability(min_probability)
    check_spelling(spelling)
    expect((bool, np.bool_), round_trip=round_trip)
    if progress is not None and not callable(progress):
        raise InputError("api.bad_type", f"progress is of type {type(progress).__name__}; a function of (done, total)")
    held, fitted = listed(WordPairs, known=known), listed(WordPairs, train=train)
    ours, theirs = space.vectors(source), space.vectors(target)
    if ours.lang == theirs.lang:
        raise InputError("dict.same_language", f"source and target are both {ours.lang}; give two languages")
    prints = set(space.fingerprints.values())
    fitted += [pairs for pairs in held if pairs.fingerprint in prints]
    held = [pairs for pairs in held if pairs.fingerprint not in prints]

    way = direction_of(space, ours.lang, theirs.lang, spelling)
    model, about = calibrate(space, way, held, fitted, spelling=spelling, round_trip=bool(round_trip))
    if model is None and least > 0:
        raise AlignmentError("lexicon.no_probability", f"{about.note}; leave min_probability out")
    keep = _Filter(way, model, bool(round_trip), least)
    passed: list[pl.DataFrame] = []
    for start in range(0, len(ours), ASKED):
        passed.append(keep.judged(np.arange(start, min(start + ASKED, len(ours)))))
        found = sum(int(frame["why"].is_null().sum()) for frame in passed)
        if progress is not None:
            progress(min(found, n), n)
        if found >= n:
            break
    every = pl.concat(passed)
    entries = np.flatnonzero(every["why"].is_null().to_numpy())
    every = every.head(entries[n - 1] + 1) if len(entries) >= n else every
    dropped = Counter(every["why"].drop_nulls().to_list())
    frame = every.filter(pl.col("why").is_null()).select(*_FRAME)
    return Lexicon(ours.lang, theirs.lang, frame, way.forward.name, every.height, dict(sorted(dropped.items())), about)


@dataclass(frozen=True, eq=False)
class _Filter:
    """What passes: every source row with its best target, and in the column `why` the reason why not, or null."""

    way: Direction
    model: Odds | None
    round_trip: bool
    least: float

    def judged(self, rows: I64) -> pl.DataFrame:
        found = self.way.entries(rows)
        chance = self.model.probability(self.way.features(found)) if self.model is not None else None
        sources = [self.way.source.words[row] for row in found.rows]
        targets = [self.way.target.words[row] for row in found.target]
        why = [self._why(*entry) for entry in zip(sources, targets, *self._passing(found, chance), strict=True)]
        columns = {
            "source": sources, "target": targets,
            "probability": pl.Series(chance if chance is not None else [None] * len(found), dtype=pl.Float64),
            "score": found.score, "margin": found.margin, "source_rank": found.rows + 1, "target_rank": found.target + 1,
            "way_back": found.way_back, "round_trip": found.mutual, "why": pl.Series(why, dtype=pl.String),
        }  # fmt: skip
        return pl.DataFrame(columns, schema_overrides=_FRAME)

    def _passing(self, found: Entries, chance: F64 | None) -> tuple[list[bool], list[bool]]:
        back = found.mutual if self.round_trip else np.ones(len(found), dtype=np.bool_)
        likely = np.ones(len(found), dtype=np.bool_) if chance is None else chance >= self.least
        return back.tolist(), likely.tolist()

    def _why(self, source: str, target: str, back: bool, likely: bool) -> str | None:
        if not any(c.isalpha() for c in source):
            return "lexicon.no_letter"
        if not (_fits_a_table(source) and _fits_a_table(target)):
            return "lexicon.not_writable"
        return "lexicon.no_round_trip" if not back else None if likely else "lexicon.improbable"


def _fits_a_table(word: str) -> bool:
    """Whether `read_dictionary` reads the word as it is written: `#` begins a comment, `|` parts alternatives."""
    try:
        checked_pair((word, word))
    except RowError:
        return False
    return not word.startswith("#") and "|" not in word


def _checked_probability(value: object) -> float:
    real = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not real or not 0 <= value <= 1:  # type: ignore[operator]
        raise InputError("lexicon.bad_probability", f"min_probability={str(value)[:20]!r}; a number from 0 to 1")
    return float(value)  # type: ignore[arg-type]
