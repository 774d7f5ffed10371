"""A shared space while it is put together: languages one after another, then every pair of them, then all at once."""

from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

import numpy as np

from align.choice import Choice, choose
from align.dictionary import WordPairs
from align.errors import AlignmentError
from align.joint import Edge, fit_joint
from align.ngrams import Ngrams, map_ngrams
from align.normalize import Normalization, fit_normalization
from align.pair_map import REWEIGHTED, Evidence, PairMap, PairMethod, fit_pair, pairs_of
from align.procrustes import Rotation
from align.refine import refine
from align.space import SharedSpace, rotate
from align.spelling import Spelling
from align.vectors import F32, F64, I64, WordVectors
from align.whitening import Reweighting

CLOSER = 1  # round of refinement between two languages that are in one frame already
SWEEPS = 10  # all that changes figures; from rotations that are good already
SIMPLER_FIRST = get_args(PairMethod)


@dataclass(eq=False)
class Assembly:
    """`frames` (n, dim): the normalised words of the languages that are in the frame of `pivot` so far."""

    by_lang: dict[str, WordVectors]
    pivot: str
    pairs: list[WordPairs]
    steps: dict[str, Normalization] = field(init=False)
    frames: dict[str, F32] = field(init=False)
    rotations: dict[str, Rotation] = field(init=False)
    fits: dict[str, dict[str, Any]] = field(init=False)
    methods: dict[str, PairMethod] = field(default_factory=dict)
    edges: dict[frozenset[str], Edge] = field(default_factory=dict)
    reweightings: dict[tuple[str, str], Reweighting] = field(default_factory=dict)
    spellings: dict[tuple[str, str], Spelling] = field(default_factory=dict)

    def __post_init__(self) -> None:
        pivot = self.by_lang[self.pivot]
        self.steps = {lang: fit_normalization(v.matrix) for lang, v in self.by_lang.items()}
        self.frames = {self.pivot: self.steps[self.pivot].apply(pivot.matrix)}
        self.rotations = {self.pivot: Rotation.identity(pivot.dim)}
        self.fits = {self.pivot: {"method": "pivot"}}

    def add_language(self, method: PairMethod | Literal["auto"], fewest: int, *, unchecked: bool) -> None:
        """Map the language with most pairs towards those in the frame. Raises as `align.fit`."""
        lang, evidence = self._next(method)
        usable = sum(len(e.rows) for e in evidence)
        most = sum(len(e.pairs) for e in evidence)
        too_few = usable < max(fewest, 1) or (usable * 100 < most and not unchecked)
        if method != "unsupervised" and too_few:
            evidence[0].pairs.check_coverage(evidence[0].source, evidence[0].target, min_pairs=max(fewest, 1))
        source = self.steps[lang].apply(self.by_lang[lang].matrix)
        choice = choose(source, evidence, unchecked=unchecked) if method == "auto" else Choice(method)
        found = fit_pair(source, evidence, choice.method, unchecked=unchecked)
        first = evidence[0].pairs.target
        self.frames[lang] = rotate(source, found.rotation)
        self.rotations[lang], self.methods[lang] = found.rotation, choice.method
        self.fits[lang] = _report(found, evidence, choice)
        if found.reweighting is not None:
            self.reweightings[lang, first] = found.reweighting
        if choice.spelling is not None:
            self.spellings[lang, first] = choice.spelling
        self._link(lang, first, [e for e in evidence if e.pairs.target == first], found.source_rows, found.target_rows)

    def connect(self, one: str, other: str) -> None:
        """Look for pairs of words between two languages in the frame that were not fitted to one another."""
        if frozenset((one, other)) in self.edges:
            return
        evidence = [e for e in self._dictionaries(one) if e.pairs.target == other]
        method = min((self.methods[lang] for lang in (one, other) if lang in self.methods), key=SIMPLER_FIRST.index)
        if method == "procrustes":
            self._link(one, other, evidence)
            return
        dim = self.by_lang[self.pivot].dim
        X, Y, weights = pairs_of(self.frames[one], evidence)
        found = refine(
            X, Y, weights, self.frames[one], self.frames[other],
            rounds=CLOSER, start=Rotation.identity(dim),
        )  # fmt: skip
        if method in REWEIGHTED:
            self.reweightings[one, other] = found.reweighting
        self._link(one, other, evidence, found.source_rows, found.target_rows)

    def turn_together(self) -> None:
        """Turn every language but the pivot to where all pairs of words, of all languages, agree best."""
        start = {lang: np.eye(len(rotation.matrix)) for lang, rotation in self.rotations.items()}
        joint = fit_joint(self.edges.values(), self.pivot, start=start, sweeps=SWEEPS)
        for lang, turn in joint.items():
            if lang == self.pivot:
                continue
            before = self.rotations[lang]
            self.rotations[lang] = replace(
                turn, matrix=before.matrix @ turn.matrix, determinant=before.determinant * turn.determinant
            )
            normalised = self.steps[lang].apply(self.by_lang[lang].matrix)
            self.frames[lang] = rotate(normalised, self.rotations[lang])  # once, as any later vector will be
            self.fits[lang] |= _told(self.rotations[lang])
        for (source, target), by in self.reweightings.items():
            one, other = joint[source].matrix, joint[target].matrix
            self.reweightings[source, target] = Reweighting(one.T @ by.source @ other, other.T @ by.target @ other)

    def finished(self) -> SharedSpace:
        """The space of all languages, which stand in the order in which they were given."""
        prints = {f"vectors:{lang}": v.fingerprint for lang, v in self.by_lang.items()}
        for number, p in enumerate(self.pairs):
            prints[f"dictionary:{number}:{p.source}-{p.target}"] = p.fingerprint
        mapped = {lang: replace(v, matrix=self.frames[lang], subwords=None) for lang, v in self.by_lang.items()}
        return SharedSpace(
            self.pivot, mapped, self.steps, {lang: self.rotations[lang] for lang in self.by_lang},
            {lang: self.fits[lang] for lang in self.by_lang}, prints,
            reweightings=self.reweightings, spellings=self.spellings, ngrams=self._ngrams(),
        )  # fmt: skip

    def _ngrams(self) -> dict[str, Ngrams]:
        found = {lang: map_ngrams(v, self.steps[lang], self.rotations[lang]) for lang, v in self.by_lang.items()}
        return {lang: ngrams for lang, ngrams in found.items() if ngrams is not None}

    def _next(self, method: str) -> tuple[str, list[Evidence]]:
        """The language with most pairs towards languages already mapped, and what leads there, the largest first."""
        waiting = [lang for lang in self.by_lang if lang not in self.frames]
        reach = {lang: self._dictionaries(lang) for lang in waiting}
        if method == "unsupervised":
            lang, nothing = waiting[0], WordPairs(waiting[0], self.pivot, ())
            return lang, [Evidence.of(nothing, self.by_lang[lang], self.by_lang[self.pivot], self.frames[self.pivot])]
        if not any(reach.values()):
            raise AlignmentError(
                "align.no_dictionary",
                f"no dictionary leads from {', '.join(sorted(waiting))} to {', '.join(self.frames)}; give one between any "
                'of them, such as align.identical_words, or method="unsupervised"',
            )
        lang = max(waiting, key=lambda code: (sum(len(e.pairs) for e in reach[code]), code))
        return lang, sorted(reach[lang], key=lambda e: (len(e.pairs), e.pairs.target, e.pairs.pairs), reverse=True)

    def _dictionaries(self, lang: str) -> list[Evidence]:
        """What leads from `lang` to languages in the frame, whichever way round it was given."""
        turned = [p if p.source == lang else p.reversed() for p in self.pairs if lang in (p.source, p.target)]
        return [
            Evidence.of(p, self.by_lang[lang], self.by_lang[p.target], self.frames[p.target])
            for p in turned
            if p.target in self.frames
        ]

    def _link(
        self, one: str, other: str, evidence: list[Evidence], rows: I64 | None = None, other_rows: I64 | None = None
    ) -> None:
        """Keep the pairs of two languages in the frame, of dictionaries and as induced, for `turn_together`."""
        X, Y, weights = pairs_of(self.frames[one], evidence)
        if rows is not None and other_rows is not None:
            induced: tuple[F64, F64] = (
                self.frames[one][rows].astype(np.float64),
                self.frames[other][other_rows].astype(np.float64),
            )
            X, Y = np.concatenate([X, induced[0]]), np.concatenate([Y, induced[1]])
            weights = np.concatenate([weights, np.ones(len(rows))])
        if len(X):
            self.edges[frozenset((one, other))] = Edge.of(one, other, X, Y, weights)


def _report(found: PairMap, evidence: list[Evidence], choice: Choice) -> dict[str, Any]:
    pairs, usable = sum(len(e.pairs) for e in evidence), sum(len(e.rows) for e in evidence)
    return {
        "method": choice.method,
        "towards": [e.pairs.target for e in evidence],
        "pairs": pairs,
        "usable_pairs": usable,
        "coverage": usable / pairs if pairs else None,
        "tried": choice.tried,
        "spelling": choice.spelling.weight if choice.spelling else None,
        "agreement": found.signals.agreement if found.signals else None,
        **_told(found.rotation),
    }


def _told(rotation: Rotation) -> dict[str, Any]:
    told = {name: getattr(rotation, name) for name in ("n_pairs", "rank", "residual", "determinant", "underdetermined")}
    return {**told, "orthogonality_error": rotation.orthogonality_error}
