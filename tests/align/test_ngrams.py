"""Laws of vectors for unseen words: fastText's n-grams, turned once, give what turning each word's vector would."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import align
from align.errors import InputError, UnknownWordError
from align.ngrams import SHARED_BY, Ngrams, map_ngrams, ngram_buckets
from align.normalize import unit_rows
from align.vectors import Subwords, WordVectors

BUCKETS, DIM, LENGTHS = 2003, 8, (2, 4)
words = st.text(st.sampled_from(list("abcéßжщ日本")), min_size=1, max_size=9)


def bucket(ngram):
    """FNV-1a of 32 bits over signed bytes, one byte after another."""
    found = 2166136261
    for byte in ngram.encode():
        signed = byte if byte < 128 else byte - 256 + (1 << 32)
        found = (found ^ signed) * 16777619 % (1 << 32)
    return found % BUCKETS


def ngrams_of(word, min_n, max_n):
    text = f"<{word}>"
    every = [text[i : i + n] for i in range(len(text)) for n in range(min_n, max_n + 1) if i + n <= len(text)]
    return [ngram for ngram in every if ngram not in ("<", ">")]


def language(lang, seed=0, turn=None):
    random = np.random.default_rng(seed)
    names = sorted({"".join(random.choice(list("abcdeé"), random.integers(3, 8))) for _ in range(60)})
    grams = random.standard_normal((BUCKETS, DIM)).astype("f4")
    rows = np.array([grams[[bucket(g) for g in ngrams_of(name, *LENGTHS)]].mean(0) for name in names])
    rows += 0.1 * random.standard_normal(rows.shape).astype("f4")
    if turn is not None:
        grams, rows = grams @ turn, rows @ turn
    return WordVectors(lang, names, rows, None, {}, {}, Subwords(grams.astype("f4"), *LENGTHS))


@pytest.fixture(scope="module")
def space():
    turn = np.linalg.qr(np.random.default_rng(5).standard_normal((DIM, DIM)))[0]
    one, other = language("en"), language("fr", turn=turn)
    pairs = align.WordPairs("en", "fr", tuple(zip(one.words, other.words, strict=True)))
    return align.fit([one, other], [pairs], pivot="en", method="procrustes")


@given(st.lists(words, max_size=8), st.integers(0, 3), st.integers(0, 6))
def test_buckets_are_those_of_fasttext(many, min_n, more):
    found = ngram_buckets(many, BUCKETS, min_n, min_n + more)
    assert [sorted(one.tolist()) for one in found] == [
        sorted(bucket(g) for g in ngrams_of(word, max(min_n, 1), min_n + more)) for word in many
    ]


@pytest.mark.parametrize("lang", ["en", "fr"])
@given(word=words)
def test_an_unseen_word_in_the_space_is_its_vector_in_the_source_turned(space, lang, word):
    turn = np.linalg.qr(np.random.default_rng(5).standard_normal((DIM, DIM)))[0]
    source, ngrams = language(lang, turn=turn if lang == "fr" else None), space.ngrams[lang]
    kept = [b for b in ngram_buckets([word], BUCKETS, *LENGTHS)[0] if b in ngrams.buckets]
    found = ngrams.vector(word)
    if not kept:
        assert found is None
        return
    mean = source.subwords.matrix[kept].mean(axis=0)
    np.testing.assert_allclose(found, space.project(mean[None], lang)[0], atol=1e-5)


def test_the_same_unseen_word_is_at_one_place_from_both_languages(space):
    for word in ("abcdé", "éabb", "cadeb"):
        assert space.vector(word, "en") @ space.vector(word, "fr") > 0.99


def test_kept_are_the_ngrams_that_three_words_share(space):
    vectors = language("en")
    sharing = dict.fromkeys(range(BUCKETS), 0)
    for word in vectors.words:
        for b in {bucket(g) for g in ngrams_of(word, *LENGTHS)}:
            sharing[b] += 1
    assert space.ngrams["en"].buckets.tolist() == [b for b, n in sharing.items() if n >= SHARED_BY]
    assert (
        map_ngrams(WordVectors("en", ["a"], np.ones((1, DIM))), space.normalizations["en"], space.rotations["en"])
        is None
    )


def test_an_unseen_word_is_translated_by_its_vector(space):
    for word in ("abcdé", "Éabb"):
        found = space.translate(word, "en", "fr", k=4)
        target = space.vectors("fr").matrix
        scores = 2 * space.vector(word, "en") @ target.T - space.hubness("en", "fr")
        best = np.argsort(-scores, kind="stable")[:4]
        assert found["word"].to_list() == [space.vectors("fr").words[row] for row in best]
    with pytest.raises(UnknownWordError, match=r"space\.unknown_word"):
        space.translate("日本", "en", "fr")


def test_a_known_word_keeps_its_own_vector(space):
    vectors = space.vectors("en")
    for row in (0, 7):
        np.testing.assert_array_equal(space.vector(vectors.words[row].upper(), "en"), vectors.matrix[row])


def test_without_ngrams_a_word_is_its_parts_or_has_no_vector():
    names = ["house", "boat", "été"]
    space = align.fit([WordVectors("en", names, np.random.default_rng(0).standard_normal((3, 4)))], [], pivot="en")
    matrix = space.vectors("en").matrix
    np.testing.assert_allclose(space.vector("Houseboat", "en"), unit_rows(matrix[:2].mean(0)[None])[0], atol=1e-6)
    np.testing.assert_allclose(space.vector("ete", "en"), matrix[2], atol=1e-6)
    with pytest.raises(UnknownWordError, match=r"space\.unknown_word"):
        space.vector("qqq", "en")
    with pytest.raises(UnknownWordError, match=r"space\.unknown_word"):
        space.translate("houseboat", "en", "en")


def test_ngrams_come_back_from_a_file(space, tmp_path):
    space.save(tmp_path / "s.safetensors")
    again = align.load_space(tmp_path / "s.safetensors")
    assert again.space_id == space.space_id
    for lang in space.languages:
        np.testing.assert_array_equal(again.vector("abcdé", lang), space.vector("abcdé", lang))


def test_ngrams_that_do_not_fit_together_are_refused(space):
    right = vars(space.ngrams["en"])
    right = {
        name: right[name] for name in ("lang", "matrix", "buckets", "n_buckets", "min_n", "max_n", "normalization")
    }
    for wrong in (
        {"buckets": right["buckets"][::-1]},
        {"n_buckets": 3},
        {"matrix": right["matrix"][1:]},
        {"min_n": "2"},
    ):
        with pytest.raises(InputError):
            Ngrams(**{**right, **wrong})
    for wrong in (("ab", 9, 1, 2), (["ab"], 0, 1, 2), (["ab"], 9, -1, 2)):
        with pytest.raises(InputError):
            ngram_buckets(*wrong)
