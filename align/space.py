"""One vector space for the words of many languages."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from align.arguments import expect, rows_of
from align.dictionary import WordPairs
from align.errors import AlignError, CorruptStoreError, InputError, printable
from align.evaluate import precision_of, translation_outcomes
from align.language import canonical_language
from align.leakage import leaked_words
from align.ngrams import Ngrams
from align.normalize import Normalization
from align.procrustes import Rotation
from align.retrieval import check_k
from align.signals import FREQUENT, Signals, alignment_signals
from align.spelling import Spelling
from align.tensor_file import pack_words, read_tensors, unpack_words, write_tensors
from align.tokens import TOKENIZER
from align.unseen_words import translate_word, word_vector
from align.vectors import F32, WordVectors
from align.whitening import Reweighting
from align.word_retrieval import (
    Bilinear,
    SpellingChoice,
    WordRetrieval,
    check_spelling,
    spelled_words,
    word_hubness,
)

FORMAT = "align-space-2"
ORTHOGONALITY = 1e-6  # largest max |W'W − I| that a loaded rotation may show


@dataclass(frozen=True, eq=False)
class SharedSpace:
    """Languages mapped onto the frame of `pivot` by one normalisation and one rotation each.

    `mapped`: per language the WordVectors whose matrix is unit rows in the shared frame. `fits`: per language what the
    fit reports (pairs, coverage, rank, residual, determinant, method, what `auto` tried). `fingerprints`: SHA-256 of every
    input. `space_id` names all of it: vectors of different ids are never compared. `reweightings`: for pairs of languages
    that are translated better so, the maps of shared rows used by `retrieval` and by nothing else. `spellings`: what
    spelling is worth between two languages, as far as that could be judged. `ngrams`: of languages whose vectors had those of
    fastText, what gives unseen words a vector.
    """

    pivot: str
    mapped: Mapping[str, WordVectors]
    normalizations: Mapping[str, Normalization]
    rotations: Mapping[str, Rotation]
    fits: Mapping[str, Mapping[str, Any]]
    fingerprints: Mapping[str, str]
    tokenizer: str = TOKENIZER
    reweightings: Mapping[tuple[str, str], Reweighting] = field(default_factory=dict)
    spellings: Mapping[tuple[str, str], Spelling] = field(default_factory=dict)
    ngrams: Mapping[str, Ngrams] = field(default_factory=dict, repr=False)
    _hubness: dict[tuple[str, str, str], F32] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if any(vectors.ngrams is not self.ngrams.get(lang) for lang, vectors in self.mapped.items()):
            mapped = {lang: replace(v, ngrams=self.ngrams.get(lang)) for lang, v in self.mapped.items()}
            object.__setattr__(self, "mapped", mapped)

    def __repr__(self) -> str:
        return (
            f"SharedSpace({', '.join(self.languages)}; pivot={self.pivot!r}, dim={self.dim}, id={self.space_id[:12]})"
        )

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(self.mapped)

    @property
    def dim(self) -> int:
        return self.mapped[self.pivot].dim

    @property
    def space_id(self) -> str:
        """SHA-256 over inputs, pivot, rotations (to 6 decimals, so that threads do not matter) and tokenizer."""
        digest = hashlib.sha256(
            json.dumps([self.pivot, self.tokenizer, dict(self.fingerprints)], sort_keys=True).encode()
        )
        for lang in sorted(self.rotations):
            digest.update(lang.encode() + (np.round(self.rotations[lang].matrix, 6) + 0.0).tobytes())
        return digest.hexdigest()

    def vectors(self, lang: str) -> WordVectors:
        """The mapped vectors of `lang`. Raises InputError `space.no_language`."""
        code = canonical_language(lang)
        if code not in self.mapped:
            raise InputError("space.no_language", f"no {code} in this space; it holds {', '.join(self.languages)}")
        return self.mapped[code]

    def vector(self, word: str, lang: str) -> F32:
        """`align.unseen_words.word_vector` of any word: a unit vector (dim,).

        Raises UnknownWordError `space.unknown_word`; InputError `space.no_language`, `api.bad_text`.

        >>> space.vector("unseeable", "en").shape       # doctest: +SKIP
        (300,)
        """
        return word_vector(word, self.vectors(lang))

    def project(self, matrix: F32, lang: str) -> F32:
        """Raw vectors (n, dim) of `lang`, from the same training as the fitted ones, to unit rows in the shared frame.

        Raises InputError `space.no_language`, `api.bad_vector` for another shape or non-finite rows; AlignmentError
        `align.no_signal` for zero rows.
        """
        code = self.vectors(lang).lang
        with np.errstate(over="ignore", under="ignore"):
            raw = rows_of(matrix, "matrix", self.dim).astype(np.float32)
        if not np.isfinite(raw).all():
            raise InputError("api.bad_vector", "a row is not finite in float32; leave it out")
        return rotate(self.normalizations[code].apply(raw), self.rotations[code])

    def hubness(self, source: str, target: str) -> F32:
        """(n,) r_S of every word of `target`: mean cosine to its 10 nearest among the frequent words of `source`.

        Zero within one language, where nothing is mapped onto anything.
        """
        return self._hubness_under("shared", source, target, None)

    def reweighting(self, source: str, target: str) -> Reweighting | None:
        """The maps of shared rows by which `source` finds words of `target`, or None for the shared space itself."""
        ours, theirs = self.vectors(source).lang, self.vectors(target).lang
        if (ours, theirs) in self.reweightings:
            return self.reweightings[ours, theirs]
        back = self.reweightings.get((theirs, ours))
        return Reweighting(back.target, back.source) if back is not None else None

    def retrieval(self, source: str, target: str, *, spelling: SpellingChoice = "off") -> WordRetrieval:
        """How words of `source` find words of `target`; `spelling="auto"` adds its evidence where that was found to help.

        Raises InputError `space.no_language`, `api.bad_spelling`.
        """
        check_spelling(spelling)
        by = self.reweighting(source, target)
        hubness = self._hubness_under("reweighted" if by else "shared", source, target, by)
        ours, theirs = self.vectors(source), self.vectors(target)
        spelled = None
        if spelling == "auto":
            spelled = spelled_words(self.spellings, ours, theirs)
        bilinear = Bilinear.of(by, theirs.matrix) if by else None
        return WordRetrieval(ours.matrix, theirs.matrix, hubness, bilinear, spelled)

    def signals(self, source: str, target: str, *, frequent: int = FREQUENT) -> Signals:
        """How well two languages are aligned, told without gold translations (`align.signals`).

        Raises InputError `space.no_language`, `api.bad_k`.
        """
        return alignment_signals(self.vectors(source).matrix, self.vectors(target).matrix, frequent=frequent)

    def _hubness_under(self, kind: str, source: str, target: str, by: Reweighting | None) -> F32:
        key = (kind, canonical_language(source), canonical_language(target))
        if key not in self._hubness:
            ours, theirs = self.vectors(source), self.vectors(target)
            found = np.zeros(len(theirs), dtype=np.float32)
            if ours is not theirs:
                found = word_hubness(ours.matrix, theirs.matrix, by)
            found.flags.writeable = False  # shared with every later caller
            self._hubness[key] = found
        return self._hubness[key]

    def translate(
        self, word: str, source: str, target: str, k: int = 5, *, spelling: SpellingChoice = "off"
    ) -> pl.DataFrame:
        """The k best words of `target` by `retrieval`: columns rank (from 1), word, score. In a space with n-grams of `source`
        `word` may be one that no text held.

        Raises UnknownWordError `space.unknown_word`, InputError `space.no_language`, `api.bad_k`, `api.bad_spelling`.

        >>> space.translate("cat", "en", "fr", k=1)["word"][0]      # doctest: +SKIP
        'chat'
        """
        check_k(k)
        by = self.retrieval(source, target, spelling=spelling)
        return translate_word(word, self.vectors(source), self.vectors(target), by, k)

    def evaluate(
        self, test_pairs: WordPairs, *, train: Iterable[WordPairs] | None = None, spelling: SpellingChoice = "off"
    ) -> pl.DataFrame:
        """One row of `align.evaluate.Precision` for pairs that were not used in fitting.

        `train`: the dictionaries that were, for the column `leaked`, which is null without them. `spelling` as in
        `retrieval`: never compare a figure with it to one without. Raises AlignmentError `evaluate.no_pairs`, InputError
        `space.no_language`, `api.bad_type`, `api.bad_spelling`.
        """
        expect(WordPairs, test_pairs=test_pairs)
        source, target = self.vectors(test_pairs.source), self.vectors(test_pairs.target)
        by = self.retrieval(source.lang, target.lang, spelling=spelling)
        outcomes = translation_outcomes(source, target, test_pairs, by.scores, retrieval=by.name)
        leaked = None if train is None else leaked_words(train, test_pairs).n_words
        return precision_of(outcomes, leaked=leaked).frame()

    def save(self, path: str | Path) -> None:
        """Write the space to one safetensors file: rotations and means in float64, vectors in float32. No pickle.

        Hubness that was asked for is written too, and need not be computed again.

        Raises ResourceError `file.unwritable`, InputError `file.missing`, `api.bad_type`, and `vec.bad_token`,
        `vec.encoding` for a word that would not read back.
        """
        tensors: dict[str, npt.NDArray[Any]] = {}
        about: dict[str, Any] = {}
        for lang, vectors in self.mapped.items():
            tensors[f"{lang}/words"] = pack_words(vectors.words)
            tensors[f"{lang}/matrix"] = vectors.matrix
            tensors[f"{lang}/rotation"] = self.rotations[lang].matrix
            tensors[f"{lang}/means"] = np.array(self.normalizations[lang].means).reshape(-1, self.dim)
            if vectors.counts is not None:
                tensors[f"{lang}/counts"] = vectors.counts
            rotation = {k: v for k, v in vars(self.rotations[lang]).items() if k != "matrix"}
            about[lang] = {
                "steps": self.normalizations[lang].steps, "rotation": rotation, "fit": dict(self.fits[lang]),
                "origin": dict(vectors.origin), "dropped": dict(vectors.dropped),
            }  # fmt: skip
        for lang, ngrams in self.ngrams.items():
            tensors[f"ngrams/{lang}/matrix"], tensors[f"ngrams/{lang}/buckets"] = ngrams.matrix, ngrams.buckets
            tensors[f"ngrams/{lang}/means"] = np.array(ngrams.normalization.means).reshape(-1, self.dim)
            about[lang]["ngrams"] = [ngrams.n_buckets, ngrams.min_n, ngrams.max_n]
        for (source, target), by in self.reweightings.items():
            tensors[f"reweighting/{source}/{target}"] = np.stack([by.source, by.target])
        for (kind, source, target), hubness in self._hubness.items():
            tensors[f"hubness/{kind}/{source}/{target}"] = hubness
        metadata = {
            "format": FORMAT, "space_id": self.space_id, "pivot": self.pivot, "tokenizer": self.tokenizer,
            "fingerprints": json.dumps(dict(self.fingerprints)), "languages": json.dumps(about, default=str),
            "spellings": json.dumps([[*pair, spelling.as_dict()] for pair, spelling in self.spellings.items()]),
        }  # fmt: skip
        write_tensors(path, tensors, {**metadata, "content": _digest(tensors, metadata)})


def load_space(path: str | Path) -> SharedSpace:
    """Read what `SharedSpace.save` wrote.

    Raises InputError `file.missing`, `file.not_tensors`, `space.format`, `api.bad_type`; CorruptStoreError `space.corrupt` when the content does not
    have the identity it was saved with, or a rotation is not orthogonal.

    >>> load_space("en-fr.safetensors").languages       # doctest: +SKIP
    ('en', 'fr')
    """
    tensors, metadata = read_tensors(path)
    if metadata.get("format") != FORMAT:
        raise InputError(
            "space.format", f"format {metadata.get('format')!r}; a space saved as {FORMAT} is needed", path=path
        )
    if _digest(tensors, metadata) != metadata.get("content"):
        raise CorruptStoreError("space.corrupt", "the content is not what was saved; build the space again", path=path)
    try:
        space = _space(tensors, metadata)
    except (AlignError, ValueError, TypeError, KeyError) as error:
        raise CorruptStoreError(
            "space.corrupt", f"not a whole space ({printable(error, 150)}); build it again", path=path
        ) from None
    if space.space_id != metadata["space_id"]:
        raise CorruptStoreError("space.corrupt", "content and identity differ; build the space again", path=path)
    check_rotations(space.rotations)
    return space


def _space(tensors: Mapping[str, npt.NDArray[Any]], metadata: Mapping[str, str]) -> SharedSpace:
    mapped, normalizations, rotations, fits, ngrams = {}, {}, {}, {}, {}
    for lang, about in json.loads(metadata["languages"]).items():
        words, counts = unpack_words(tensors[f"{lang}/words"]), tensors.get(f"{lang}/counts")
        mapped[lang] = WordVectors(lang, words, tensors[f"{lang}/matrix"], counts, about["origin"], about["dropped"])
        normalizations[lang] = Normalization(tuple(about["steps"]), tuple(tensors[f"{lang}/means"]))
        rotations[lang] = Rotation(tensors[f"{lang}/rotation"], **about["rotation"])
        fits[lang] = about["fit"]
        if "ngrams" in about:
            rows, buckets, means = (tensors[f"ngrams/{lang}/{name}"] for name in ("matrix", "buckets", "means"))
            steps = Normalization(tuple(about["steps"]), tuple(means))
            n_buckets, *lengths = about["ngrams"]
            ngrams[lang] = Ngrams(lang, rows, buckets, n_buckets, lengths[0], lengths[1], steps)
    hubness, reweightings = {}, {}
    for name, values in tensors.items():
        if name.startswith("hubness/"):
            _, kind, source, target = name.split("/")
            hubness[kind, source, target] = values
        if name.startswith("reweighting/"):
            _, source, target = name.split("/")
            reweightings[source, target] = Reweighting(*values)
    return SharedSpace(
        metadata["pivot"],
        mapped,
        normalizations,
        rotations,
        fits,
        json.loads(metadata["fingerprints"]),
        metadata["tokenizer"],
        reweightings,
        {(source, target): Spelling.of(told) for source, target, told in json.loads(metadata["spellings"])},
        ngrams,
        hubness,
    )


def check_rotations(rotations: Mapping[str, Rotation]) -> None:
    """Raises CorruptStoreError `space.corrupt` where max |W'W − I| exceeds 1e-6."""
    for lang, rotation in rotations.items():
        if not rotation.orthogonality_error <= ORTHOGONALITY:
            error = f"the rotation of {lang} is off orthogonal by {rotation.orthogonality_error:.1e}"
            raise CorruptStoreError("space.corrupt", error)


def rotate(matrix: F32, rotation: Rotation) -> F32:
    """Unit rows (n, dim) into the shared frame; unit rows stay unit rows."""
    return np.ascontiguousarray(matrix @ rotation.matrix.astype(np.float32))


def _digest(tensors: Mapping[str, npt.NDArray[Any]], metadata: Mapping[str, str]) -> str:
    """SHA-256 over all that a file holds, but for this digest itself."""
    told = sorted((name, value) for name, value in metadata.items() if name != "content")
    digest = hashlib.sha256(json.dumps(told).encode())
    for name in sorted(tensors):
        array = np.ascontiguousarray(tensors[name])
        digest.update(f"{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        digest.update(array.data)
    return digest.hexdigest()
