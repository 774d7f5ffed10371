"""Fixtures that several rooms share: one planted world, and how many examples hypothesis tries."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import settings

from align.dictionary import WordPairs
from align.fit import fit
from align.pool import fit_pooler
from align.vectors import WordVectors

settings.register_profile("ci", derandomize=True, deadline=None, max_examples=60)
settings.register_profile("nightly", deadline=None, max_examples=5_000)  # pytest --hypothesis-profile=nightly
settings.load_profile("ci")

CONCEPTS, DIM, TRAIN = 240, 16, 160


@dataclass(frozen=True)
class World:
    """Three languages whose vectors are one cloud, turned by `turns` (row of `en` @ turn) and shaken by 1 %.

    Word i of language fr is `fr<i>`; the rows of fr and de are shuffled. `train` and `test` are dictionaries by pair of
    languages, over the first and over the last concepts.
    """

    vectors: dict[str, WordVectors]
    turns: dict[str, np.ndarray]
    train: dict[tuple[str, str], WordPairs]
    test: dict[tuple[str, str], WordPairs]


def _pairs(source, target, concepts):
    return WordPairs(source, target, tuple((f"{source}{i}", f"{target}{i}") for i in concepts))


@pytest.fixture(scope="session")
def bilingual_world():
    """The planted world; everything in it is frozen, so the tests may share it."""
    rng = np.random.default_rng(7)
    cloud = rng.standard_normal((CONCEPTS, DIM))
    cloud /= np.linalg.norm(cloud, axis=1, keepdims=True)
    vectors, turns = {}, {}
    counts = np.arange(CONCEPTS, 0, -1) * 10
    for lang in ("en", "fr", "de"):
        turns[lang] = np.eye(DIM) if lang == "en" else np.linalg.qr(rng.standard_normal((DIM, DIM)))[0]
        order = np.arange(CONCEPTS) if lang == "en" else rng.permutation(CONCEPTS)
        rows = cloud @ turns[lang] + 0.01 / np.sqrt(DIM) * rng.standard_normal(cloud.shape)
        words = tuple(f"{lang}{i}" for i in order)
        vectors[lang] = WordVectors(lang, words, rows[order].astype("f4"), counts)
    directions = [(a, b) for a in vectors for b in vectors if a != b]
    train = {pair: _pairs(*pair, range(TRAIN)) for pair in directions}
    test = {pair: _pairs(*pair, range(TRAIN, CONCEPTS)) for pair in directions}
    return World(vectors, turns, train, test)


@pytest.fixture(scope="session")
def bilingual_space(bilingual_world):
    """The world in one space, fitted on its training dictionaries from en."""
    world = bilingual_world
    pairs = [world.train["en", "fr"], world.train["en", "de"]]
    return fit([world.vectors[lang] for lang in ("en", "fr", "de")], pairs, pivot="en", method="procrustes")


@pytest.fixture(scope="session")
def bilingual_pooler(bilingual_space):
    """A pooler of that space, centred on 30 texts of 8 words in each language."""
    rng = np.random.default_rng(8)
    concepts = rng.integers(0, CONCEPTS, (30, 8))
    texts = {lang: [" ".join(f"{lang}{i}" for i in row) for row in concepts] for lang in bilingual_space.languages}
    return fit_pooler(bilingual_space, texts)
