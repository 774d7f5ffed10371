"""Laws of a weighting that is chosen without parallel texts."""

import numpy as np
import pytest

from align import pool_choice
from align.dictionary import WordPairs
from align.fit import fit
from align.pool import fit_pooler
from align.vectors import WordVectors

CONCEPTS = 200


def texts_of(langs, n=40, seed=0, length=6):
    """Texts of few rare concepts among frequent words that say nothing: what is alike is in the rare ones."""
    rng = np.random.default_rng(seed)
    made = {}
    for lang in langs:
        rare, common = rng.integers(60, CONCEPTS, (n, 3)), rng.integers(0, 20, (n, length))
        rows = np.concatenate([rare, common], axis=1)
        made[lang] = [" ".join(f"{lang}{i}" for i in row) for row in rows]
    return made


def test_the_choice_is_among_what_was_tried_and_the_first_is_what_was_asked_for(bilingual_space):
    pooler = fit_pooler(bilingual_space, texts_of(["en", "fr"]), weighting="auto", a=0.5)
    chosen = [
        one for one in pooler.tried
        if (one["weighting"], one["a"], one["components"]) == (pooler.weighting, pooler.a, pooler.components)
    ]  # fmt: skip
    assert len(chosen) == 1
    assert (pooler.tried[0]["weighting"], pooler.tried[0]["a"], pooler.tried[0]["components"]) == ("sif", 0.5, 0)
    assert len(pooler.tried) == 12
    assert all(0 < one["mrr"] <= 1 for one in pooler.tried)
    assert pooler.tried[0]["gain"] == 0


def test_what_was_asked_for_stays_unless_another_is_clearly_better(bilingual_space, monkeypatch):
    texts = texts_of(["en", "fr", "de"], n=60)
    for certain in (2.0, 1e9):
        monkeypatch.setattr(pool_choice, "CERTAIN", certain)
        pooler = fit_pooler(bilingual_space, texts, weighting="auto", a=1e6)  # as good as uniform
        best = max(pooler.tried, key=lambda one: one["gain"])
        clear = best["gain"] > certain * best["standard_error"]
        assert ((pooler.weighting, pooler.a, pooler.components) == ("sif", 1e6, 0)) == (not clear)
    assert pooler.a == 1e6


def test_it_leaves_what_is_worse_by_far():
    rng = np.random.default_rng(1)
    cloud = rng.standard_normal((400, 32)).astype("f4")
    counts = (1e6 / np.arange(1, 401)).astype("i8")  # by Zipf's law, as words are
    rows = [cloud + 0.6 * rng.standard_normal(cloud.shape).astype("f4") for _ in range(2)]
    en, fr = (
        WordVectors(lang, [f"{lang}{i}" for i in range(400)], side, counts)
        for lang, side in zip(("en", "fr"), rows, strict=True)
    )
    pairs = WordPairs("en", "fr", tuple((f"en{i}", f"fr{i}") for i in range(400)))
    texts = {
        lang: [" ".join(f"{lang}{i}" for i in rng.choice(400, 12, p=counts / counts.sum())) for _ in range(100)]
        for lang in ("en", "fr")
    }
    # Beyond all measure: the rarest word of a text is the text.
    pooler = fit_pooler(fit([en, fr], [pairs], method="procrustes"), texts, weighting="auto", a=1e-9)
    assert (pooler.weighting, pooler.a) != ("sif", 1e-9)
    assert max(one["gain"] for one in pooler.tried) > 0.05


def test_the_order_of_the_texts_does_not_matter(bilingual_space):
    texts = texts_of(["en", "fr"])
    one, other = (
        fit_pooler(bilingual_space, {lang: t[::step] for lang, t in texts.items()}, weighting="auto")
        for step in (1, -1)
    )
    assert one.tried == other.tried
    assert one.pooling_id == other.pooling_id


def test_the_fit_of_the_choice_is_that_of_its_parameters(bilingual_space):
    texts = texts_of(["en", "fr"])
    auto = fit_pooler(bilingual_space, texts, weighting="auto")
    plain = fit_pooler(bilingual_space, texts, weighting=auto.weighting, a=auto.a, components=auto.components)
    assert auto.pooling_id == plain.pooling_id


@pytest.mark.parametrize("texts", [{}, {"en": ["en1 en2"] * 50}, {"en": ["en1"], "fr": ["fr1"]}])
def test_nothing_is_tried_without_documents_of_two_languages(bilingual_space, texts):
    pooler = fit_pooler(bilingual_space, texts, weighting="auto")
    assert (pooler.tried, pooler.weighting, pooler.a, pooler.components) == ((), "sif", 0.03, 0)
