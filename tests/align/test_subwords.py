"""Laws of texts whose words no vocabulary holds, in a language with n-grams: they are the words nearest to their n-grams."""

import hashlib
from dataclasses import replace
from importlib import import_module

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import align
from align.errors import InputError, UnknownWordError
from align.explain import explain
from align.ngrams import COVERED, LEAST, NEAREST, ngram_buckets
from align.unknown_words import UNKNOWN
from align.unseen_words import translate_word, word_vector
from align.vectors import Subwords, WordVectors
from align.word_expression import Term

word_algebra, odd_one_out = (getattr(import_module(f"align.{name}"), name) for name in ("word_algebra", "odd_one_out"))
BUCKETS, DIM, LENGTHS = 50_021, 24, (3, 5)
STEMS = ("garten", "finster", "wolken", "büchlein", "schmelz", "tropfen", "klinge", "murmel", "zauber", "pfeffer")
ENDINGS = ("", "s", "st", "ung", "lich", "ige")
UNSEEN = tuple(stem + ending for stem, ending in zip(STEMS, 2 * ENDINGS[1:], strict=True))


def fasttext_like(lang, seed=1, ngrams=True):
    """Stems with every ending but one; words are the means of their n-grams, and a little of their own."""
    random = np.random.default_rng(seed)
    words = [stem + ending for ending in ENDINGS for stem in STEMS if stem + ending not in UNSEEN]
    grams = random.standard_normal((BUCKETS, DIM)).astype("f4")
    rows = np.array([grams[found].mean(axis=0) for found in ngram_buckets(words, BUCKETS, *LENGTHS)])
    rows += 0.05 * random.standard_normal(rows.shape).astype("f4")
    counts = np.arange(len(words), 0, -1) * 20
    return WordVectors(lang, words, rows, counts, {}, {}, Subwords(grams, *LENGTHS) if ngrams else None)


def fitted(ngrams=True):
    """German with n-grams or without them, beside French, which has none."""
    random = np.random.default_rng(3)
    german = fasttext_like("de", ngrams=ngrams)
    turn = np.linalg.qr(random.standard_normal((DIM, DIM)))[0]
    french = WordVectors(
        "fr", [f"mot{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(len(german))], german.matrix @ turn
    )
    pairs = align.WordPairs("fr", "de", tuple(zip(french.words, german.words, strict=True)))
    return align.fit([german, french], [pairs], pivot="de", method="procrustes")


@pytest.fixture(scope="module")
def space():
    return fitted()


@pytest.fixture(scope="module")
def german(space):
    return space.vectors("de")


@pytest.fixture(scope="module")
def texts(space):
    random = np.random.default_rng(5)
    of = {lang: [*space.vectors(lang).words, *(UNSEEN if lang == "de" else ())] for lang in space.languages}
    return {lang: [" ".join(random.choice(words, 6)) for _ in range(40)] for lang, words in of.items()}


@pytest.fixture(scope="module")
def pooler(space, texts):
    return align.fit_pooler(space, texts)


@pytest.mark.parametrize("token", UNSEEN)
def test_an_inflected_form_that_no_text_held_is_nearer_to_its_stem_than_to_any_other(german, pooler, token):
    assert german.known.resolve(token).route == "subwords"
    stems = pooler.pool_counted(STEMS, "de").vectors
    vector = pooler.pool_counted([token.upper()], "de").vectors[0]
    assert token.startswith(STEMS[(stems @ vector).argmax()])
    assert (stems @ vector).max() > 0.6


@given(st.sampled_from(STEMS), st.text(st.sampled_from("enrstlichug"), max_size=6), st.sampled_from(["", "be", "x"]))
def test_stand_ins_are_the_nearest_words_by_a_plain_loop(space, german, stem, ending, prefix):
    token = prefix + stem + ending
    found, ngrams = german.known.resolve(token), space.ngrams["de"]
    if found.route in ("exact", "variant", "parts"):
        return
    buckets = ngram_buckets([token], ngrams.n_buckets, ngrams.min_n, ngrams.max_n)[0]
    here = sum(bucket in ngrams.buckets for bucket in buckets)
    vector = ngrams.vector(token)
    if vector is None or here < COVERED * len(buckets):
        assert found == UNKNOWN
        return
    cosines = sorted(((float(vector @ row), i) for i, row in enumerate(german.matrix)), reverse=True)
    best = [(cosine, i) for cosine, i in cosines[:NEAREST] if cosine >= LEAST]
    assert list(found.rows) == [i for _, i in best]
    np.testing.assert_allclose(found.shares, [c / sum(c for c, _ in best) for c, _ in best], atol=1e-5)
    assert not found.shares or sum(found.shares) == pytest.approx(1, abs=1e-12)


def test_what_is_looked_up_together_is_what_is_looked_up_alone(space):
    tokens = [prefix + token for token in UNSEEN for prefix in ("", "be", "un")]
    alone = [replace(space.vectors("de")).known.resolve(token) for token in tokens]
    fresh = replace(space.vectors("de")).known
    fresh.learn(tokens)
    assert [fresh.resolve(token) for token in tokens] == alone
    stand_ins = replace(space.vectors("de")).known.stand_ins(tokens)
    assert stand_ins.rows.tolist() == [row for one in alone for row in one.rows or (-1,)]


@pytest.mark.parametrize("token", ["жщфцы", "日本語", "qqqqq", "gartens12", "2024", "garten" * 12 + "x"])
def test_neither_foreign_words_nor_numbers_nor_what_is_very_long_is_like_a_word(german, token):
    assert german.known.resolve(token) == UNKNOWN


@pytest.mark.parametrize(("token", "route"), [("garten", "exact"), ("buchlein", "variant"), ("gartenwolken", "parts")])
def test_a_word_that_is_known_otherwise_is_known_so(german, token, route):
    assert german.known.resolve(token).route == route


def test_a_language_without_ngrams_is_pooled_as_ever(texts):
    bare, full = fitted(ngrams=False), fitted()
    of_bare, of_full = (align.fit_pooler(space, {"fr": texts["fr"], "de": texts["fr"]}) for space in (bare, full))
    assert bare.vectors("fr").ngrams is full.vectors("fr").ngrams is None
    ours, theirs = (pooler.pool_counted(texts["fr"], "fr") for pooler in (of_bare, of_full))
    np.testing.assert_array_equal(ours.vectors, theirs.vectors)
    np.testing.assert_array_equal(ours.routes, theirs.routes)
    assert not ours.routes[:, 3].any()
    assert of_bare.pool_counted(UNSEEN, "de").routes.sum() == 0
    assert of_bare.pooling_id != of_full.pooling_id


def test_without_ngrams_a_pooling_has_the_id_it_always_had(texts):
    pooler = align.fit_pooler(fitted(ngrams=False), {"fr": texts["fr"]})
    digest = hashlib.sha256(repr((pooler.space_id, "variant-parts-1", "sif", pooler.a, "mean", 0, "language")).encode())
    for lang, s in sorted(pooler.states.items()):
        digest.update(repr((lang, s.documents, s.centre, s.digest, s.components.shape)).encode())
        for array in (s.weights, s.mean, s.removal, s.components):
            digest.update((np.round(array, 6) + 0.0).tobytes())
    assert pooler.pooling_id == digest.hexdigest()


def test_documents_of_unseen_words_count_them(pooler, texts):
    pooled = pooler.pool_counted(texts["de"], "de")
    unseen = [sum(token in UNSEEN for token in text.split()) for text in texts["de"]]
    assert pooled.routes[:, 3].tolist() == unseen
    assert pooled.known_tokens.tolist() == pooled.tokens.tolist()


@pytest.mark.parametrize(
    "how", [{}, {"weighting": "tfidf"}, {"weighting": "usif", "components": 2}, {"weighting": "idf"}]
)
def test_shares_of_a_match_sum_to_its_cosine(space, texts, how):
    pooler = align.fit_pooler(space, texts, **how)
    text, other = f"{UNSEEN[0]} {UNSEEN[3]} wolken", texts["fr"][0]
    a, b = pooler.pool_counted([text], "de").vectors[0], pooler.pool_counted([other], "fr").vectors[0]
    told = explain(pooler, text, "de", other, "fr", top=None)
    assert told["share"].sum() == pytest.approx(float(a @ b), abs=1e-5)
    assert set(told["query_word"]) <= set(space.vectors("de").words)


def test_routes_name_the_words(pooler, german):
    told = pooler.routes(f"{UNSEEN[0]} garten", "de").row(0, named=True)
    assert told["route"] == "subwords"
    assert told["words"] == [german.words[row] for row in german.known.resolve(UNSEEN[0]).rows]


def test_a_pooling_and_its_space_come_back_from_files(space, pooler, texts, tmp_path):
    space.save(tmp_path / "space.safetensors")
    align.save_pooler(pooler, tmp_path / "pooler.safetensors")
    again = align.load_pooler(tmp_path / "pooler.safetensors", align.load_space(tmp_path / "space.safetensors"))
    for lang in space.languages:
        ours, theirs = (one.pool_counted(texts[lang], lang) for one in (pooler, again))
        np.testing.assert_array_equal(ours.vectors, theirs.vectors)


def test_an_unseen_word_is_asked_for_in_sums_of_words_and_among_others(space, german):
    ours = word_algebra([Term(UNSEEN[0], "de")], space.vectors, ["de", "fr"], k=5)
    best = sorted(
        ((float(word_vector(UNSEEN[0], german) @ row), w) for w, row in zip(german.words, german.matrix, strict=True)),
        reverse=True,
    )
    assert ours.filter(pl.col("lang") == "de")["word"].to_list()[0] == best[0][1]
    assert ours["score"][0] == pytest.approx(best[0][0], abs=1e-5)
    odd = odd_one_out([Term(word, "de") for word in (UNSEEN[0], "garten", "gartens", "tropfen")], space.vectors)
    assert odd["word"][0] == "tropfen"
    assert UNSEEN[0] in odd["word"].to_list()
    for code in ("de", "fr"):
        with pytest.raises(UnknownWordError):
            word_algebra([Term("日本" if code == "de" else UNSEEN[0], code)], space.vectors, ["de"])


def test_wrong_use_is_refused(space, german):
    ngrams = space.ngrams["de"]
    rows = np.arange(len(german))
    for wrong in (
        ("garten", german.matrix, rows),
        (["a"], german.matrix[:, 1:], rows),
        (["a"], german.matrix, rows + 1),
        (["a"], german.matrix, rows / 2),
    ):
        with pytest.raises(InputError):
            ngrams.similar(*wrong)
    for wrong in ("garten", [b"x"], 3):
        with pytest.raises(InputError):
            german.known.learn(wrong)
    with pytest.raises(InputError):
        replace(german, ngrams="n-grams")
    with pytest.raises(InputError):
        word_vector("garten", "de")
    with pytest.raises(UnknownWordError):
        word_vector("жщ", german)
    by = space.retrieval("de", "fr")
    for wrong in (
        ("garten", german, german, by, 0),
        ("garten", "de", german, by, 1),
        ("garten", german, german, None, 1),
    ):
        with pytest.raises(InputError):
            translate_word(*wrong)
    with pytest.raises(UnknownWordError):
        translate_word(7, german, space.vectors("fr"), by, 1)
