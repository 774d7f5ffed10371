"""Laws of explanations: the shares are the score."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from align.errors import AlignError
from align.explain import explain
from align.fit import fit
from align.pool import fit_pooler
from align.vectors import WordVectors

concepts = st.lists(st.integers(0, 239), min_size=1, max_size=10)


def text_of(rows, lang):
    return " ".join(f"{lang}{i}" for i in rows)


def refused(code, *given, **more):
    with pytest.raises(AlignError) as raised:
        explain(*given, **more)
    assert raised.value.code == code


@given(one=concepts, other=concepts, langs=st.sampled_from([("en", "fr"), ("fr", "de"), ("de", "de")]))
def test_the_shares_of_all_pairs_sum_to_the_cosine(bilingual_pooler, one, other, langs):
    texts = text_of(one, langs[0]) + " zzz", text_of(other, langs[1])
    vectors = [bilingual_pooler.pool([text], lang)[0].astype("f8") for text, lang in zip(texts, langs, strict=True)]
    why = explain(bilingual_pooler, texts[0], langs[0], texts[1], langs[1], top=None)
    assert why["share"].sum() == pytest.approx(vectors[0] @ vectors[1], abs=1e-5)
    assert why.height == len(set(one)) * len(set(other))
    assert why["weight"].sum() == pytest.approx(1)
    assert why["share"].is_sorted(descending=True)
    assert np.abs(why["similarity"]).max() <= 1 + 1e-6


@given(one=concepts, other=concepts, top=st.integers(1, 200))
def test_top_keeps_the_largest_shares_of_the_whole(bilingual_pooler, one, other, top):
    asked = bilingual_pooler, text_of(one, "en"), "en", text_of(other, "fr"), "fr"
    assert explain(*asked, top=top).equals(explain(*asked, top=None).head(top))


@given(one=concepts, other=concepts)
def test_both_directions_tell_the_same(bilingual_pooler, one, other):
    there = explain(bilingual_pooler, text_of(one, "en"), "en", text_of(other, "fr"), "fr", top=None)
    back = explain(bilingual_pooler, text_of(other, "fr"), "fr", text_of(one, "en"), "en", top=None)
    assert {
        (q, d): pytest.approx(s, abs=1e-12) for q, d, s in there.select("query_word", "document_word", "share").rows()
    } == {(d, q): s for q, d, s in back.select("query_word", "document_word", "share").rows()}


def test_a_translation_is_what_two_texts_share_most(bilingual_pooler):
    why = explain(bilingual_pooler, "en3 en150", "en", "fr150 fr7 fr9", "fr")
    assert why.columns == ["query_word", "document_word", "similarity", "weight", "share"]
    assert why.row(0)[:2] == ("en150", "fr150")


def test_a_text_without_a_vector_has_no_explanation(bilingual_pooler):
    refused("explain.no_vector", bilingual_pooler, "zzz", "en", "fr1", "fr")
    refused("explain.no_vector", bilingual_pooler, "en1", "en", "", "fr")


def test_a_text_that_pooling_gives_no_direction_has_no_explanation_either():
    en = WordVectors("en", ["a", "b", "c"], np.array([[1, 0], [-1, 0], [0, 1]]))
    pooler = fit_pooler(fit([en], []), {"en": ["a b c"] * 20})
    assert pooler.pool(["c a b"], "en").mask.all()
    refused("explain.no_vector", pooler, "c a b", "en", "a", "en")
    refused("explain.no_vector", pooler, "a", "en", "b c a", "en")


@pytest.mark.parametrize("top", [0, -1, True, 1.5, "3", [3]])
def test_A02_top_is_a_whole_number_from_one_or_none(bilingual_pooler, top):
    refused("api.bad_k", bilingual_pooler, "en1", "en", "fr1", "fr", top=top)


@pytest.mark.parametrize("wrong", [None, 3, b"en1", ["en1"], {}])
def test_wrong_texts_languages_and_poolers_have_codes(bilingual_pooler, wrong):
    refused("api.bad_text", bilingual_pooler, wrong, "en", "fr1", "fr")
    refused("api.bad_text", bilingual_pooler, "en1", "en", wrong, "fr")
    refused("language.bad_code", bilingual_pooler, "en1", wrong, "fr1", "fr")
    refused("space.no_language", bilingual_pooler, "en1", "en", "fr1", "es")
    refused("api.bad_type", wrong, "en1", "en", "fr1", "fr")
