"""A dictionary looked over: what contradicts itself, what it covers, which pairs look wrong, what to translate next."""

import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from types import NoneType

import numpy as np
import numpy.typing as npt
import polars as pl
from rapidfuzz.distance import Levenshtein
from scipy.special import expit

from align.arguments import expect
from align.dictionary import PairRows, WordPairs
from align.errors import AlignmentError, InputError
from align.logistic import fit_logistic
from align.normalize import unit_rows
from align.procrustes import fit_rotation
from align.retrieval import BLOCK_BYTES, csls, csls_neighbours, neighbourhood
from align.tokens import fold
from align.vectors import F32, F64, I64, WordVectors

BANDS = (1_000, 5_000, 10_000, 25_000)  # most frequent words of a side, of which coverage is told
MAX_TRANSLATIONS = 10  # of one word that are used in fitting
PARTS = 5
MADE = 4  # wrong pairs made up for each pair that is judged
TELLING = 0.75  # share of made-up pairs that a true one must beat, or the vectors say nothing about single pairs
LIKELY = 0.5  # chance of being wrong from which a pair is a suspect
SAMPLE = 5_000  # frequent source words against which the hubness of a target is taken
RUNNING_TEXT = 0.9  # the frequent words that make up this share of it are worth a translation …
HORIZON = 10_000  # … if they are no more than these
TOGETHER = {"HIRAGANA", "KATAKANA", "IDEOGRAPHIC", "HANGUL", "BOPOMOFO"}

Vectors = WordVectors | None

_PAIR = {"line": pl.String, "source": pl.String, "target": pl.String}
_CONFLICTS = {"kind": pl.String, **_PAIR, "why": pl.String}
_COVERAGE = {"lang": pl.String, "most_frequent": pl.Int64, "translated": pl.Int64, "share": pl.Float64}
_SUSPECTS = {**_PAIR, "chance": pl.Float64, "cosine": pl.Float64, "rank": pl.Int64, "better": pl.String}
_SUGGESTIONS = {"word": pl.String, "rank": pl.Int64, "gain": pl.Float64, "guess": pl.String, "margin": pl.Float64}


@dataclass(frozen=True, eq=False)
class Suspects:
    """Pairs more likely wrong than right, worst first, and what that rests on.

    `frame`: line, source, target; `chance` that the pair is wrong; under a map fitted without the source word its `cosine`,
    its `rank` by CSLS among all targets, and `better`, the first of them. `separation`: share of made-up pairs that a pair
    beats (0.5: nothing can be told). `wrong_share`: estimate for the dictionary; None where none is judged: see `note`.
    """

    frame: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_SUSPECTS))
    separation: float | None = None
    wrong_share: float | None = None
    note: str = ""


@dataclass(frozen=True, eq=False)
class DictionaryCheck:
    """All that was found; a frame is empty where there is nothing or where it needs vectors that were not given.

    `usable`: the pairs with vectors and what became of the others, or None. `identical`: pairs of equal strings, which are
    not wrong. `conflicts`, `coverage`, `suspects` and `suggestions` are what the four functions below give; `notes` are
    sentences for the reader. What was left out on reading is in `pairs.dropped`.
    """

    pairs: WordPairs
    usable: PairRows | None
    identical: int
    conflicts: pl.DataFrame
    coverage: pl.DataFrame
    suspects: Suspects
    suggestions: pl.DataFrame
    notes: tuple[str, ...]


def check_dictionary(
    pairs: WordPairs, source: Vectors = None, target: Vectors = None, *, suggest: int = 20
) -> DictionaryCheck:
    """Look `pairs` over. `source`, `target`: the mapped vectors of a space, or None for both.

    Nothing depends on the order of the pairs but the lines that are named. Raises AlignmentError `dict.language` for
    vectors of other languages, `align.dim_mismatch` for sides of different width; InputError `api.bad_type`, also for
    vectors of one side alone, `api.bad_k` unless 0 ≤ `suggest` ≤ 1,000.

    >>> check_dictionary(WordPairs("en", "fr", (("cat", "chat"), ("Cat", "chat")))).conflicts["why"][0]
    'differs from Cat – chat in case or Unicode form only'
    """
    conflicts = find_conflicts(pairs, source, target)
    _check_count(suggest)
    usable, notes, suspects = None, ["without vectors: no coverage, no suspects, no suggestions"], Suspects()
    coverage, suggestions = pl.DataFrame(schema=_COVERAGE), pl.DataFrame(schema=_SUGGESTIONS)
    if source is not None and target is not None:
        usable, notes = pairs.rows(source, target), []
        try:
            pairs.check_coverage(source, target, min_pairs=1)
        except AlignmentError as error:
            notes.append(str(error))
        coverage = coverage_by_frequency(pairs, source, target)
        suspects = suspect_pairs(pairs, source, target)
        suggestions = suggest_words(pairs, source, target, suggest)
        notes += [suspects.note] if suspects.note else []
    elif source is not None or target is not None:
        raise InputError("api.bad_type", "vectors of one side alone; give both source and target, or neither")
    identical = sum(left == right for left, right in pairs.pairs)
    return DictionaryCheck(pairs, usable, identical, conflicts, coverage, suspects, suggestions, tuple(notes))


def find_conflicts(pairs: WordPairs, source: Vectors = None, target: Vectors = None) -> pl.DataFrame:
    """Pairs that cannot be meant as they stand: columns kind, line, source, target, why; by kind, then by word.

    Kinds: `form` (an earlier pair in other case or compatible characters), `many` (more translations than are used; one
    row a word), `phrase` (blanks, and no vector), `reversed` (also there the other way round), `script` (letters of another
    than the column's), `swapped` (known with the columns exchanged only; needs vectors). Raises InputError `api.bad_type`.
    """
    expect(WordPairs, pairs=pairs)
    expect((WordVectors, NoneType), source=source, target=target)
    rows = [(kind, _line(pairs, n), *pairs.pairs[n], why) for kind, n, why in _conflicts(pairs, source, target)]
    return pl.DataFrame(rows, schema=_CONFLICTS, orient="row").sort("kind", maintain_order=True)


def _conflicts(pairs: WordPairs, source: Vectors, target: Vectors) -> Iterator[tuple[str, int, str]]:
    """(kind, place in `pairs`, why), in the order of the words."""
    there = set(pairs.pairs)
    scripts = [_main_script(words) for words in zip(*pairs.pairs, strict=True)]
    first: dict[tuple[str, ...], tuple[str, str]] = {}
    translations = Counter(left for left, _ in pairs.pairs)
    for n in sorted(range(len(pairs)), key=pairs.pairs.__getitem__):
        left, right = words = pairs.pairs[n]
        form = [unicodedata.normalize("NFKC", word) for word in words]
        same = first.setdefault((fold(form[0], pairs.source), fold(form[1], pairs.target)), words)
        if same != words:
            yield "form", n, f"differs from {' – '.join(same)} in case or Unicode form only"
        if left > right and (right, left) in there:
            yield "reversed", n, f"{right} – {left} is there too; the columns may be mixed"
        if (found := translations.pop(left, 0)) > MAX_TRANSLATIONS:
            yield "many", n, f"{found} translations; no more than {MAX_TRANSLATIONS} of a word are used"
        for word, script, vectors in zip(words, scripts, (source, target), strict=True):
            if any(c.isspace() for c in word) and (vectors is None or word not in vectors):
                yield "phrase", n, f"{word} can have no vector unless the corpus joins it to one word"
            if strange := _scripts(word) - {script}:
                yield "script", n, f"{word} has letters of {', '.join(sorted(strange))}, the column is {script}"
        if source and target and left in target and right in source and left not in source and right not in target:
            yield "swapped", n, "both words are known with the columns exchanged only"


def coverage_by_frequency(pairs: WordPairs, source: WordVectors, target: WordVectors) -> pl.DataFrame:
    """How many of the most frequent words of each side stand in the dictionary.

    Columns lang; most_frequent, at most the whole vocabulary; translated; share. Raises as `suspect_pairs`.
    """
    _check_sides(pairs, source, target)
    rows = []
    for vectors, words in ((source, {left for left, _ in pairs.pairs}), (target, {right for _, right in pairs.pairs})):
        found = np.unique(vectors.rows(words))
        for band in sorted({min(band, len(vectors)) for band in BANDS}):
            translated = int(((found >= 0) & (found < band)).sum())
            rows.append((vectors.lang, band, translated, translated / band))
    return pl.DataFrame(rows, schema=_COVERAGE, orient="row")


def suspect_pairs(pairs: WordPairs, source: WordVectors, target: WordVectors) -> Suspects:
    """Pairs that are more likely wrong than right.

    The source words are cut into five parts, and each part is judged under the rotation that the pairs of the other four
    determine: no pair speaks for itself, even where it trained the map behind `source` and `target`. Right pairs are then
    told from pairs made up of the dictionary's words by a logistic regression on cosine, CSLS, rarity and spelling that
    knows the dictionary to be a mixture of both, and estimates its share of wrong pairs with the rest (the case-control
    model with contaminated data of Lancaster and Imbens 1996).

    Vectors that do not determine such maps, or that hardly tell pairs from made-up ones, give a note instead. Raises
    AlignmentError `dict.language`, `align.dim_mismatch`; InputError `api.bad_type`.
    """
    _check_sides(pairs, source, target)
    place, i, j = _distinct(pairs, source, target)
    part = np.array([zlib.crc32(fold(pairs.pairs[n][0], pairs.source).encode()) % PARTS for n in place], dtype=np.int64)
    choices, made = _made_up(i, j, part)
    if min(len(np.unique(side[part != p])) for side in (i, j) for p in range(PARTS)) < source.dim or not made.any():
        few = f"{len(i):,} usable pairs are too few to judge any without its own help"
        return Suspects(note=f"{few}; {source.dim} dimensions need about {source.dim * 5 // 4 + 1:,}")
    weights = pairs.weights[place] / np.maximum(1, np.bincount(i)[i] / MAX_TRANSLATIONS)
    cosine, score, rank, best = _look(unit_rows(source.matrix), unit_rows(target.matrix), i, choices, part, weights)
    rarity = np.log(10.0 + np.maximum(i[:, None], choices))
    ours, theirs = ([_bare(word) for word in vectors.words] for vectors in (source, target))
    alike = [[Levenshtein.normalized_similarity(ours[a], theirs[b]) for b in choices[n]] for n, a in enumerate(i)]
    evidence = np.stack([cosine, score, rarity, cosine * rarity, score * rarity, np.array(alike) ** 3], axis=-1)
    right, made_right, share = _unmix(evidence[:, 0], evidence[made])
    separation = float(np.searchsorted(np.sort(made_right), right).mean() / len(made_right))
    if separation < TELLING:
        unclear = f"a pair beats a made-up one only {separation:.0%} of the time, so none can be judged"
        return Suspects(separation=separation, note=f"{unclear}; check the columns and the vectors")
    chance = expit(share - right)
    rows = [
        (_line(pairs, place[n]), *pairs.pairs[place[n]], chance[n], cosine[n, 0], rank[n], target.words[best[n]])
        for n in np.argsort(right, kind="stable") if chance[n] >= LIKELY
    ]  # fmt: skip
    return Suspects(pl.DataFrame(rows, schema=_SUSPECTS, orient="row"), separation, float(expit(share)))


def suggest_words(pairs: WordPairs, source: WordVectors, target: WordVectors, n: int = 20) -> pl.DataFrame:
    """Up to `n` frequent source words whose translation would cover most of the space, best first.

    Of the words that make up 90 % of running text, at most 10,000, a translated one speaks for each by its cosine; greedy
    choice is within 1 − 1/e of the best (facility location; Nemhauser et al. 1978, doi:10.1007/BF01588971). Columns word;
    rank in the vocabulary, from 1; gain, the share of what no translation speaks for yet; guess, the map's best target by
    CSLS, and its margin before the second. Raises as `suspect_pairs`, and InputError `api.bad_k`.
    """
    _check_sides(pairs, source, target)
    _check_count(n)
    X, Y = unit_rows(source.matrix), unit_rows(target.matrix)
    heard = min(int(np.searchsorted(source.probabilities().cumsum(), RUNNING_TEXT)) + 1, HORIZON, len(X))
    lefts = {left for left, _ in pairs.pairs}
    spoken, known = np.unique(source.rows(lefts)), {fold(left, source.lang) for left in lefts}
    forms = [fold(word, source.lang) for word in source.words[:heard]]
    rows = [
        row for row, form in enumerate(forms)
        if form not in known and source.folded_index[form] == row and any(c.isalpha() for c in form)
    ]  # fmt: skip
    covered = np.clip(neighbourhood(X[:heard], X[spoken[spoken >= 0]], 1), 0, 1)
    chosen, gains = _greedy(X[:heard], covered, rows, n)
    best = csls_neighbours(X[chosen], Y, neighbourhood(Y, X[:SAMPLE]), 2)
    found = zip(chosen, gains / max((1 - covered).sum(), 1e-9), best.rows, best.scores, strict=True)
    table = [(source.words[i], i + 1, gain, target.words[j[0]], c[0] - c[-1]) for i, gain, j, c in found]
    return pl.DataFrame(table, schema=_SUGGESTIONS, orient="row")


def _greedy(X: F32, covered: F32, rows: list[int], n: int) -> tuple[list[int], F64]:
    """The rows, and what each adds to Σ covered. What a row would add only falls, so an old figure is a bound."""

    def gains(at: list[int]) -> F64:
        return np.asarray(np.maximum(X @ X[at].T - covered[:, None], 0).sum(axis=0, dtype=np.float64))

    step = max(1, BLOCK_BYTES // (4 * len(X)))
    blocks = (rows[start : start + step] for start in range(0, len(rows), step))
    bounds = [(-float(gain), row) for block in blocks for gain, row in zip(gains(block), block, strict=True)]
    heapify(bounds)
    chosen: list[tuple[float, int]] = []
    while bounds and len(chosen) < n:
        row = heappop(bounds)[1]
        now = (-float(gains([row])[0]), row)
        if bounds and now > bounds[0]:
            heappush(bounds, now)
        else:
            chosen.append(now)
            covered = np.maximum(covered, X @ X[row])
    return [row for _, row in chosen], np.array([-gain for gain, _ in chosen])


def _look(X: F32, Y: F32, i: I64, choices: I64, part: I64, weights: F64) -> tuple[F64, F64, I64, I64]:
    """Each pair under the map that is fitted on the other parts: cosine and CSLS (n, c) of its c choices of a target, rank
    (n,) of the first choice, and the best target (n,) there is."""
    j = choices[:, 0]
    whole = fit_rotation(X[i], Y[j], weights).matrix.astype(np.float32)
    hubness = neighbourhood(Y, X[:SAMPLE] @ whole)
    cosine, score = np.empty(choices.shape), np.empty(choices.shape)
    rank, best = np.empty(len(i), dtype=np.int64), np.empty(len(i), dtype=np.int64)
    step = max(1, BLOCK_BYTES // (4 * len(Y)))
    for p in np.unique(part):
        rest, held = np.flatnonzero(part != p), np.flatnonzero(part == p)
        W = fit_rotation(X[i[rest]], Y[j[rest]], weights[rest]).matrix.astype(np.float32)
        for at in np.split(held, range(step, len(held), step)):
            similarity = np.asarray(X[i[at]] @ W @ Y.T, dtype=np.float32)
            scores = csls(similarity, hubness)
            cosine[at] = np.take_along_axis(similarity, choices[at], axis=1)
            score[at] = np.take_along_axis(scores, choices[at], axis=1)
            rank[at] = (scores >= np.take_along_axis(scores, j[at, None], axis=1)).sum(axis=1)
            best[at] = scores.argmax(axis=1)
    return cosine, score, rank, best


def _made_up(i: I64, j: I64, part: I64) -> tuple[I64, npt.NDArray[np.bool_]]:
    """(n, 1 + MADE) target rows: each pair's own and those of others of its part; and which make pairs that are not there."""
    choices = np.tile(j[:, None], 1 + MADE)
    rng = np.random.default_rng(0)
    for p in range(PARTS):
        held = rng.permutation(np.flatnonzero(part == p))
        for shift in range(1, 1 + MADE):
            choices[held, shift] = j[np.roll(held, shift)]
    width = j.max(initial=0) + 1
    return choices, ~np.isin(i[:, None] * width + choices, i * width + j)


def _unmix(true: F64, made: F64) -> tuple[F64, F64, float]:
    """Log density ratio of right to made-up rows (n, features), for rows of either kind, and the logit of the share of
    made-up ones among `true`: both kinds weigh the same, and what tells them apart is (1 − π) e^f + π, f linear."""
    right = np.repeat([1.0, 0.0], [len(true), len(made)])
    weights = np.where(right > 0, 1.0, len(true) / len(made))
    model = fit_logistic(np.vstack([true, made]), right, weights, mixture=True)
    return model.log_odds(true), model.log_odds(made), model.share


def _distinct(pairs: WordPairs, source: WordVectors, target: WordVectors) -> tuple[list[int], I64, I64]:
    """Places of the pairs with both vectors, one for each pair of rows, in an order that is not that of the file; and the rows."""
    order = sorted(range(len(pairs)), key=pairs.pairs.__getitem__)
    i = source.rows([pairs.pairs[n][0] for n in order])
    j = target.rows([pairs.pairs[n][1] for n in order])
    both = np.flatnonzero((i >= 0) & (j >= 0))
    first = both[np.sort(np.unique(i[both] * len(target) + j[both], return_index=True)[1])]
    return [order[n] for n in first], i[first], j[first]


def _line(pairs: WordPairs, n: int) -> str:
    return pairs.origins[n] if pairs.origins is not None else f"pair {n + 1}"


def _check_sides(pairs: WordPairs, source: WordVectors, target: WordVectors) -> None:
    expect(WordPairs, pairs=pairs)
    expect(WordVectors, source=source, target=target)
    if source.dim != target.dim:
        raise AlignmentError("align.dim_mismatch", f"{source.dim} and {target.dim} dimensions; give those of one space")
    pairs.rows(source.head(1), target.head(1))  # refuses other languages


def _check_count(n: int) -> None:
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or not 0 <= n <= 1_000:
        raise InputError("api.bad_k", f"{str(n)[:20]!r} suggestions; an integer from 0 to 1,000")


def _bare(word: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", word.casefold()) if not unicodedata.combining(c))


def _scripts(word: str) -> set[str]:
    """The scripts of its letters, by the first word of their names; those of Japan and Korea count as one."""
    names = (unicodedata.name(c, "") for c in unicodedata.normalize("NFKC", word) if c.isalpha())
    found = {name.split(" ")[0].split("-")[0] for name in names}
    return {"CJK" if script in TOGETHER else script for script in found} - {"", "MODIFIER"}


def _main_script(words: Iterable[str]) -> str:
    found = Counter(script for word in words for script in _scripts(word))
    return min(found, key=lambda script: (-found[script], script), default="")
