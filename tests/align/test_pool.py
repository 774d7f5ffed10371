"""Laws of pooling: one treatment for every text, whatever stands beside it."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from align import pool as pool_room
from align.errors import AlignError
from align.fit import fit
from align.pool import fit_pooler
from align.space import SharedSpace
from align.tokens import tokenize
from align.vectors import WordVectors

concepts = st.lists(st.integers(0, 239), min_size=1, max_size=12)


def text_of(rows, lang="en"):
    return " ".join(f"{lang}{i}" for i in rows)


def plain(pooler, text, lang):
    """The pooled vector by a float64 loop over tokens, or None."""
    vectors, state = pooler.of(lang)
    total, weight = np.zeros(vectors.dim), 0.0
    for token in tokenize(text, lang):
        row = vectors.row(token)
        if row >= 0:
            total += state.weights[row] * vectors.matrix[row].astype("f8")
            weight += state.weights[row]
    if weight == 0:
        return None
    centred = total / weight - state.mean
    return centred / np.sqrt((centred**2).sum())


def refused(code, deed, *given, **more):
    with pytest.raises(AlignError) as raised:
        deed(*given, **more)
    assert raised.value.code == code


@pytest.fixture(params=["sif", "idf", "uniform"])
def pooler(request, bilingual_space):
    rng = np.random.default_rng(3)
    texts = {"en": [text_of(rng.integers(0, 240, 9)) for _ in range(25)], "fr": ["fr1 fr2", "fr2 fr3"]}
    return fit_pooler(bilingual_space, texts, weighting=request.param)


@pytest.fixture(scope="module")
def uncentred(bilingual_space: SharedSpace):
    return fit_pooler(bilingual_space, {}, centre=False)


def test_N16_equals_a_plain_float64_loop(pooler):
    rng = np.random.default_rng(4)
    for lang in ("en", "fr", "de"):
        texts = [text_of(rng.integers(0, 300, rng.integers(1, 30)), lang) for _ in range(40)]
        pooled = pooler.pool(texts, lang)
        assert pooled.dtype == np.float32
        for row, text in zip(pooled, texts, strict=True):
            wanted = plain(pooler, text, lang)
            assert wanted is None if np.ma.is_masked(row) else np.abs(row.data - wanted).max() <= 1e-6


def test_N16_a_text_has_the_same_vector_alone_as_in_any_batch(pooler, monkeypatch):
    rng = np.random.default_rng(5)
    texts = [text_of(rng.integers(0, 260, rng.integers(0, 20))) for _ in range(23)]
    together = pooler.pool(texts, "en").filled(9)
    for i, text in enumerate(texts):
        assert np.array_equal(pooler.pool([text], "en").filled(9)[0], together[i])
    monkeypatch.setattr(pool_room, "BATCH", 4)
    assert np.array_equal(pooler.pool(texts, "en").filled(9), together)


@given(rows=st.integers(0, 239))
def test_N16_the_mean_of_one_token_is_that_token(uncentred, rows):
    vectors = uncentred.of("fr")[0]
    wanted = vectors.matrix[vectors.row(f"fr{rows}")]
    assert np.abs(uncentred.pool([f"fr{rows}"], "fr")[0] - wanted).max() <= 1e-6
    assert np.abs(uncentred.pool([f"fr{rows} " * 7], "fr")[0] - wanted).max() <= 1e-6


@given(rows=concepts, seed=st.integers(0, 99))
def test_N16_neither_word_order_nor_repetition_nor_unknown_words_matter(bilingual_pooler, rows, seed):
    shuffled = np.random.default_rng(seed).permutation(rows)
    text = text_of(rows)
    forms = [text, text_of(shuffled), f"{text} {text}", f"zzz {text} qqq-7", text.upper(), text.replace(" ", ", ")]
    pooled = bilingual_pooler.pool(forms, "en")
    assert not pooled.mask.any()
    assert np.abs(pooled - pooled[0]).max() <= 1e-6


@given(one=concepts, other=concepts)
def test_the_dot_of_means_is_the_mean_of_pairwise_dots(uncentred, one, other):
    sides = []
    for rows, lang in ((one, "en"), (other, "de")):
        vectors, state = uncentred.of(lang)
        at = vectors.rows([f"{lang}{i}" for i in rows])
        sides.append((vectors.matrix[at].astype("f8"), state.weights[at] / state.weights[at].sum()))
    (X, a), (Y, b) = sides
    pairwise = sum(a[i] * b[j] * (X[i] @ Y[j]) for i in range(len(X)) for j in range(len(Y)))
    lengths = np.linalg.norm(a @ X) * np.linalg.norm(b @ Y)
    pooled = [
        uncentred.pool([text_of(rows, lang)], lang)[0].astype("f8") for rows, lang in ((one, "en"), (other, "de"))
    ]
    assert pooled[0] @ pooled[1] * lengths == pytest.approx(pairwise, abs=1e-6)


def test_texts_without_a_known_word_are_masked_and_told_apart(bilingual_pooler):
    texts = ["", " \n", "…!", "zzz", "zzz en1", "🎉", "\ud800", "漢字"]
    with np.errstate(all="raise"):
        pooled, counted = bilingual_pooler.pool(texts, "en"), bilingual_pooler.pool_counted(texts, "en")
    assert pooled.mask.all(axis=1).tolist() == [True, True, True, True, False, True, True, True]
    assert pooled.mask.any(axis=1).tolist() == pooled.mask.all(axis=1).tolist()
    assert not np.isnan(pooled.data).any()
    assert counted.tokens.tolist() == [0, 0, 0, 1, 2, 0, 0, 1]
    assert counted.known_tokens.tolist() == [0, 0, 0, 0, 1, 0, 0, 0]
    assert counted.reasons() == ["no_tokens"] * 3 + ["no_known_token", None, "no_tokens", "no_tokens", "no_known_token"]


@given(texts=st.lists(st.text(st.characters(), max_size=20) | concepts.map(text_of), max_size=6))
def test_never_nan_and_every_row_has_length_one_or_is_masked(bilingual_pooler, texts):
    pooled = bilingual_pooler.pool(texts, "en")
    assert pooled.shape == (len(texts), 16)
    assert np.isfinite(pooled.data).all()
    lengths = np.linalg.norm(pooled.data.astype("f8"), axis=1)
    assert np.abs(lengths - ~pooled.mask.all(axis=1)).max(initial=0) <= 1e-6


def test_words_that_cancel_out_have_no_direction():
    en = WordVectors("en", ["a", "b", "c"], np.array([[1, 0], [-1, 0], [0, 1]]))
    space = fit([en], [])
    pooler = fit_pooler(space, {"en": ["a b c"] * 20})
    assert pooler.pool_counted(["c b a"], "en").reasons() == ["no_direction"]
    assert pooler.pool(["c b a"], "en").mask.all()


def test_N15_few_documents_are_centred_by_word_frequencies_and_many_by_themselves(bilingual_space):
    texts = [text_of([i, i + 1]) for i in range(20)]
    assert fit_pooler(bilingual_space, {"en": texts}).states["en"].centre == "documents"
    few = fit_pooler(bilingual_space, {"en": texts[:19]}).states
    none = fit_pooler(bilingual_space, {}).states
    for lang in ("en", "fr"):
        assert few[lang].centre == none[lang].centre == "word frequencies"
        assert np.array_equal(few[lang].mean, none[lang].mean)
    vectors = bilingual_space.vectors("en")
    shares = vectors.probabilities() * none["en"].weights
    assert none["en"].mean == pytest.approx(shares @ vectors.matrix / shares.sum(), abs=1e-7)
    assert fit_pooler(bilingual_space, {}, centre=False).states["en"].mean.tolist() == [0] * 16


def test_N15_documents_without_a_known_word_do_not_count_towards_a_centre(bilingual_space):
    pooler = fit_pooler(bilingual_space, {"en": ["en1 en2"] + ["zzz"] * 40})
    assert pooler.states["en"].centre == "word frequencies"
    assert not pooler.pool(["en1 en2"], "en").mask.any()


@given(seed=st.integers(0, 99))
def test_N15_the_order_of_the_documents_does_not_matter(bilingual_space, seed):
    texts = [text_of([i, 2 * i, 5]) for i in range(30)]
    straight = fit_pooler(bilingual_space, {"en": texts}, weighting="idf").states["en"]
    shuffled = fit_pooler(
        bilingual_space, {"en": list(np.random.default_rng(seed).permutation(texts))}, weighting="idf"
    ).states["en"]
    assert np.array_equal(straight.weights, shuffled.weights)
    assert np.abs(straight.mean - shuffled.mean).max() <= 1e-12


def test_weights_are_what_their_names_say(bilingual_space):
    texts = ["en1 en2", "en1", "en3 en3 en1"]
    p = bilingual_space.vectors("en").probabilities()
    weights = {
        name: fit_pooler(bilingual_space, {"en": texts}, weighting=name, a=0.1).states["en"].weights
        for name in ("sif", "idf", "uniform")
    }
    assert weights["sif"] == pytest.approx(0.1 / (0.1 + p))
    assert weights["uniform"].tolist() == [1] * 240
    rows = bilingual_space.vectors("en").rows(["en1", "en2", "en3", "en9"])
    assert weights["idf"][rows] == pytest.approx(np.log(4 / np.array([4, 2, 2, 1])) + 1)


@given(rows=concepts)
def test_shares_of_the_words_sum_to_one_and_follow_the_counts(bilingual_pooler, rows):
    words, at, shares = bilingual_pooler.token_weights(text_of(rows) + " zzz", "en")
    counts = Counter(f"en{i}" for i in rows)
    state = bilingual_pooler.of("en")[1]
    assert set(words) == set(counts)
    assert shares.sum() == pytest.approx(1)
    raw = [counts[word] * state.weights[row] for word, row in zip(words, at, strict=True)]
    assert shares == pytest.approx(np.array(raw) / sum(raw))
    assert [len(part) for part in bilingual_pooler.token_weights("zzz", "en")] == [0, 0, 0]


def test_equal_fits_pool_bit_equal_and_what_was_pooled_changes_nothing(bilingual_space):
    texts = {"en": [text_of([i, i + 3]) for i in range(25)]}
    one, other = fit_pooler(bilingual_space, texts), fit_pooler(bilingual_space, texts)
    one.pool(["en1 en2"] * 3, "en")
    assert np.array_equal(one.pool(["en5 en6"], "en"), other.pool(["en5 en6"], "en"))
    assert one.space_id == bilingual_space.space_id


@pytest.mark.parametrize(
    "wrong", ["one text", b"x", None, 3, [None], ["a", 3], [b"a"], {"en": "a"}, [["a"]], np.ones(2)]
)
def test_A01_texts_are_a_list_of_strings(bilingual_pooler, bilingual_space, wrong):
    refused("api.bad_text", bilingual_pooler.pool, wrong, "en")
    refused("api.bad_text", fit_pooler, bilingual_space, {"en": wrong})


def test_any_iterable_of_strings_is_a_list_of_strings(bilingual_pooler):
    wanted = bilingual_pooler.pool(["en1", "en2"], "en")
    for texts in (("en1", "en2"), iter(["en1", "en2"]), np.array(["en1", "en2"])):
        assert np.array_equal(bilingual_pooler.pool(texts, "en"), wanted)
    assert bilingual_pooler.pool([], "en").shape == (0, 16)


@pytest.mark.parametrize("lang", ["es", None, 3, "", "no language", ["en"]])
def test_A04_an_unknown_language_is_refused(bilingual_pooler, bilingual_space, lang):
    for deed in (lambda: bilingual_pooler.pool(["a"], lang), lambda: bilingual_pooler.token_weights("a", lang),
                 lambda: fit_pooler(bilingual_space, {lang if isinstance(lang, str) else "es": ["a"]})):  # fmt: skip
        with pytest.raises(AlignError):
            deed()


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("pool.bad_value", {"weighting": "tfidf"}), ("pool.bad_value", {"weighting": None}), ("pool.bad_value", {"weighting": ["sif"]}),
        ("pool.bad_value", {"a": 0}), ("pool.bad_value", {"a": -1.0}), ("pool.bad_value", {"a": np.nan}), ("pool.bad_value", {"a": np.inf}),
        ("pool.bad_value", {"a": True}), ("pool.bad_value", {"a": "1"}), ("pool.bad_value", {"a": 5e-324}), ("pool.bad_value", {"a": 10**400}),
        ("api.bad_type", {"centre": "no"}), ("api.bad_type", {"texts": ["a"]}), ("api.bad_type", {"texts": None}),
        ("api.bad_type", {"space": None}), ("pool.bad_value", {"texts": {"en": ["a"], "EN": ["b"]}}),
    ],
)  # fmt: skip
def test_wrong_settings_have_codes(bilingual_space, code, more):
    refused(code, fit_pooler, **{"space": bilingual_space, "texts": {}, **more})
