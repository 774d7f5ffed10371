"""Laws of pooling: one treatment for every text, whatever stands beside it."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from align import pool_reduce
from align.errors import AlignError
from align.fit import fit
from align.pool import fit_pooler
from align.pool_weights import usif_constant
from align.space import SharedSpace
from align.tokens import tokenize
from align.vectors import WordVectors
from tests.align.planted import law

concepts = st.lists(st.integers(0, 239), min_size=1, max_size=12)


def text_of(rows, lang="en"):
    return " ".join(f"{lang}{i}" for i in rows)


WEIGHTINGS = ("sif", "usif", "idf", "tfidf", "uniform")
REDUCTIONS = ("mean", "max", "mean_sqrt_len")
REMOVALS = ((0, "language"), (1, "language"), (3, "language"), (2, "joint"))


def plain(pooler, text, lang, unit=True):
    """The pooled vector by a float64 loop over tokens, or None."""
    vectors, state = pooler.of(lang)
    counts = Counter(row for row in map(vectors.row, tokenize(text, lang)) if row >= 0)
    total, weight, largest = np.zeros(vectors.dim), 0.0, np.full(vectors.dim, -np.inf)
    for row, n in counts.items():
        each = state.weights[row] * (1 + np.log(n) if pooler.weighting == "tfidf" else 1)
        for _ in range(1 if pooler.weighting == "tfidf" else n):
            x = vectors.matrix[row].astype("f8")
            total, weight, largest = total + each * x, weight + each, np.maximum(largest, each * x)
    if weight == 0:
        return None
    out = centred = (largest if pooler.reduce == "max" else total / weight) - state.mean
    for component, removal in zip(state.components, state.removal, strict=True):
        out = out - removal * (centred @ component) * component
    if not unit:
        return out * np.sqrt(weight) if pooler.reduce == "mean_sqrt_len" else out
    return out / np.sqrt((out**2).sum())


def refused(code, deed, *given, **more):
    with pytest.raises(AlignError) as raised:
        deed(*given, **more)
    assert raised.value.code == code


COMBINATIONS = [(w, r, m, of) for w in WEIGHTINGS for r in REDUCTIONS for m, of in REMOVALS]


def some_texts():
    rng = np.random.default_rng(3)
    many = {lang: [text_of(rng.integers(0, 240, 9), lang) for _ in range(25)] for lang in ("en", "de")}
    return {**many, "fr": ["fr1 fr2", "fr2 fr3"]}


@pytest.fixture(params=COMBINATIONS, ids=lambda c: "-".join(map(str, c)))
def pooler(request, bilingual_space):
    weighting, reduce, m, of = request.param
    return fit_pooler(bilingual_space, some_texts(), weighting=weighting, reduce=reduce, components=m, components_of=of)


@pytest.fixture(scope="module")
def uncentred(bilingual_space: SharedSpace):
    return fit_pooler(bilingual_space, {}, centre=False)


def test_N16_equals_a_plain_float64_loop(pooler):
    rng = np.random.default_rng(4)
    for lang in ("en", "fr", "de"):
        texts = [text_of(rng.integers(0, 300, rng.integers(1, 30)), lang) for _ in range(12)] + [
            f"{lang}3 {lang}3 {lang}5"
        ]
        for unit in (True, False):
            pooled = pooler.pool(texts, lang, unit=unit)
            assert pooled.dtype == np.float32
            for row, text in zip(pooled, texts, strict=True):
                wanted = plain(pooler, text, lang, unit)
                assert wanted is None if np.ma.is_masked(row) else np.abs(row.data - wanted).max() <= 1e-6


def test_rows_are_unit_and_order_and_unknown_words_do_not_matter(pooler):
    pooled = pooler.pool(["en1 en2 en7 en2", "zzz en7 en2 en2, EN1", "en1 en2 en7 en2 zzz"], "en")
    assert np.abs(np.linalg.norm(pooled.data.astype("f8"), axis=1) - 1).max() <= 1e-6
    assert np.abs(pooled - pooled[0]).max() <= 1e-6


def test_an_equal_fit_has_an_equal_identity_and_the_same_bits(pooler, bilingual_space):
    texts = {lang: documents[::-1] for lang, documents in some_texts().items()}
    how = {name: getattr(pooler, name) for name in ("weighting", "a", "reduce", "components", "components_of")}
    again = fit_pooler(bilingual_space, some_texts(), **how)
    assert np.array_equal(again.pool(["en5 en6"], "en"), pooler.pool(["en5 en6"], "en"))
    assert again.pooling_id == pooler.pooling_id == pooler.identity()
    assert fit_pooler(bilingual_space, texts, **how).fitted_on == pooler.fitted_on


def test_N16_a_text_has_the_same_vector_alone_as_in_any_batch(pooler, monkeypatch):
    rng = np.random.default_rng(5)
    texts = [text_of(rng.integers(0, 260, rng.integers(0, 20))) for _ in range(23)]
    together = pooler.pool(texts, "en").filled(9)
    for i, text in enumerate(texts):
        assert np.array_equal(pooler.pool([text], "en").filled(9)[0], together[i])
    monkeypatch.setattr(pool_reduce, "BATCH", 4)
    assert np.array_equal(pooler.pool(texts, "en").filled(9), together)


@law()
@given(rows=st.integers(0, 239))
def test_N16_the_mean_of_one_token_is_that_token(uncentred, rows):
    vectors = uncentred.of("fr")[0]
    wanted = vectors.matrix[vectors.row(f"fr{rows}")]
    assert np.abs(uncentred.pool([f"fr{rows}"], "fr")[0] - wanted).max() <= 1e-6
    assert np.abs(uncentred.pool([f"fr{rows} " * 7], "fr")[0] - wanted).max() <= 1e-6


@law()
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


@law()
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
        for name in ("sif", "usif", "idf", "tfidf", "uniform")
    }
    assert weights["sif"] == pytest.approx(0.1 / (0.1 + p))
    a = usif_constant(p, 2)
    assert weights["usif"] == pytest.approx(a / (a / 2 + p))
    assert np.array_equal(weights["tfidf"], weights["idf"])
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
        ("pool.bad_value", {"weighting": "tf"}), ("pool.bad_value", {"weighting": None}), ("pool.bad_value", {"weighting": ["sif"]}),
        ("pool.bad_value", {"a": 0}), ("pool.bad_value", {"a": -1.0}), ("pool.bad_value", {"a": np.nan}), ("pool.bad_value", {"a": np.inf}),
        ("pool.bad_value", {"a": True}), ("pool.bad_value", {"a": "1"}), ("pool.bad_value", {"a": 5e-324}), ("pool.bad_value", {"a": 10**400}),
        ("api.bad_type", {"centre": "no"}), ("api.bad_type", {"texts": ["a"]}), ("api.bad_type", {"texts": None}),
        ("api.bad_type", {"space": None}), ("pool.bad_value", {"texts": {"en": ["a"], "EN": ["b"]}}),
        ("pool.bad_value", {"reduce": "sum"}), ("pool.bad_value", {"reduce": ["mean"]}), ("pool.no_cls", {"reduce": "cls"}),
        ("pool.bad_value", {"components": -1}), ("pool.bad_value", {"components": 16}), ("pool.bad_value", {"components": True}),
        ("pool.bad_value", {"components": 1.0}), ("pool.bad_value", {"components_of": "all"}), ("pool.bad_value", {"components_of": None}),
    ],
)  # fmt: skip
def test_wrong_settings_have_codes(bilingual_space, code, more):
    refused(code, fit_pooler, **{"space": bilingual_space, "texts": {}, **more})


def test_a_pooling_of_other_texts_or_by_other_rules_has_another_identity(bilingual_space):
    texts = some_texts()
    more = [
        {},
        {"a": 0.1},
        {"weighting": "usif"},
        {"weighting": "uniform"},
        {"reduce": "mean_sqrt_len"},
        {"components": 1},
        {"centre": False},
    ]
    ids = {fit_pooler(bilingual_space, texts, **how).pooling_id for how in more}
    ids.add(fit_pooler(bilingual_space, {**texts, "fr": ["fr1 fr2", "fr2 fr4"]}).pooling_id)
    assert len(ids) == len(more) + 1


def test_what_it_was_fitted_on_is_counted_and_has_a_digest(bilingual_space):
    pooler = fit_pooler(bilingual_space, some_texts())
    assert [about["documents"] for about in pooler.fitted_on.values()] == [
        len(some_texts().get(lang, [])) for lang in pooler.states
    ]
    other = fit_pooler(bilingual_space, {**some_texts(), "fr": ["fr1 fr2"]}).fitted_on
    assert other["fr"]["digest"] != pooler.fitted_on["fr"]["digest"]
    assert other["en"] == pooler.fitted_on["en"]


@given(rows=concepts)
def test_mean_sqrt_len_is_the_mean_once_it_has_length_one_and_its_root_of_the_length_before(bilingual_space, rows):
    text = [text_of(rows)]
    mean, root = (
        fit_pooler(bilingual_space, {}, weighting="uniform", reduce=reduce) for reduce in ("mean", "mean_sqrt_len")
    )
    assert np.array_equal(mean.pool(text, "en"), root.pool(text, "en"))
    long, short = root.pool(text, "en", unit=False)[0], mean.pool(text, "en", unit=False)[0]
    assert np.abs(long - np.sqrt(len(rows)) * short).max() <= 1e-5


@given(rows=concepts)
def test_an_average_of_sums_and_a_sum_have_one_direction(uncentred, rows):
    vectors, state = uncentred.of("en")
    at = vectors.rows([f"en{i}" for i in rows])
    total = state.weights[at] @ vectors.matrix[at].astype("f8")
    pooled = uncentred.pool([text_of(rows)], "en")[0].astype("f8")
    assert pooled @ (total / 2) / np.linalg.norm(total / 2) == pytest.approx(1, abs=1e-6)


@given(rows=concepts, times=st.integers(2, 5))
def test_duplicated_words_change_a_maximum_in_nothing_and_tfidf_by_a_logarithm(bilingual_space, rows, times):
    largest = fit_pooler(bilingual_space, {}, reduce="max")
    one, many = largest.pool([text_of(rows), text_of(rows * times)], "en")
    assert np.array_equal(one, many)
    tfidf = fit_pooler(bilingual_space, {}, weighting="tfidf")
    _, _, shares = tfidf.token_weights(" ".join(["en1"] * times) + " en2", "en")
    assert shares == pytest.approx(np.array([1 + np.log(times), 1]) / (2 + np.log(times)))


def test_a_linear_pooling_is_the_projected_sum_of_shares(pooler):
    text = "en1 en2 en2 en40 en7"
    _, rows, shares = pooler.token_weights(text, "en")
    vectors, state = pooler.of("en")
    built = pooler.project((shares @ (vectors.matrix[rows] - state.mean))[None], "en")[0]
    same = np.abs(built / np.linalg.norm(built) - pooler.pool([text], "en")[0]).max() <= 1e-6
    assert same or not pooler.linear
    assert pooler.linear == (pooler.reduce != "max")


def test_removed_components_are_gone_from_every_text_and_from_no_other_direction(bilingual_space):
    pooler = fit_pooler(bilingual_space, some_texts(), components=2)
    state = pooler.states["en"]
    assert np.abs(state.components @ state.components.T - np.eye(2)).max() <= 1e-12
    pooled = pooler.pool(some_texts()["en"], "en").data.astype("f8")
    assert np.abs(pooled @ state.components.T).max() <= 1e-6
    rows = np.random.default_rng(0).standard_normal((3, 16))
    once = pooler.project(rows, "en")
    assert np.abs(pooler.project(once, "en") - once).max() <= 1e-12
    assert pooler.project(rows, "fr") == pytest.approx(rows)  # too few documents for components of its own


def test_components_are_the_first_right_singular_vectors_of_the_pooled_documents(bilingual_space):
    before = fit_pooler(bilingual_space, some_texts(), centre=False).pool(some_texts()["en"], "en", unit=False)
    after = fit_pooler(bilingual_space, some_texts(), centre=False, components=3).states["en"]
    _, _, Vt = np.linalg.svd(before.data.astype("f8"))
    assert np.abs(np.abs((after.components * Vt[:3]).sum(axis=1)) - 1).max() <= 1e-5
    usif = fit_pooler(bilingual_space, some_texts(), weighting="usif", components=3).states["en"]
    assert usif.removal.sum() == pytest.approx(1)
    assert (np.diff(usif.removal) <= 0).all()


def test_joint_components_are_those_of_all_languages_also_of_one_without_documents(bilingual_space):
    states = fit_pooler(bilingual_space, some_texts(), components=2, components_of="joint").states
    assert np.array_equal(states["en"].components, states["de"].components)
    assert np.array_equal(states["en"].components, states["fr"].components)


def test_cls_is_refused_with_the_reason(bilingual_space):
    with pytest.raises(AlignError, match="contextual model"):
        fit_pooler(bilingual_space, {}, reduce="cls")
