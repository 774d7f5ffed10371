"""Laws of questions about words: the store answers as the space and the pooler that were stored in it."""

import math

import numpy as np
import polars as pl
import pytest

import align
from align.errors import AlignError, UnknownWordError
from warehouse import words
from warehouse.words import DocumentSet

FEW = ("en", "fr", "el")


def same(found, expected):
    """Equal answers; the stored vectors are float32 of unit length, as those they are compared with."""
    assert found.columns == ["rank", "lang", "word", "score"]
    assert found.select("rank", "lang", "word").equals(expected.select("rank", "lang", "word"))
    np.testing.assert_allclose(found["score"], expected["score"], atol=2e-6)


def texts_of(world, lang):
    part = world.indexed_of(lang)
    return part.pooled.vectors[part.pooled.known]


def members(world, **about):
    """Vectors of the documents with this metadata, by a loop over what was published."""
    rows = []
    for part in world.indexed:
        for card, row, known in zip(
            part.frame.iter_rows(named=True), part.pooled.vectors, part.pooled.known, strict=True
        ):
            metadata = {
                **pl.Series([card["metadata"]]).str.json_decode(pl.Struct({"topic": pl.String, "year": pl.Int64}))[0],
                "lang": part.lang,
            }
            if known and all(metadata[key] == value for key, value in about.items()):
                rows.append(row.astype("f8"))
    return rows


@pytest.mark.parametrize("into", [None, ["fr"], FEW])
def test_nearest_is_one_term_of_algebra_and_leaves_out_the_word_alone(world, wh, into):
    found = words.nearest(wh, "river", "en", into, 7)
    same(found, align.word_algebra([align.Term("river", "en")], world.space.vectors, into or wh.languages, 7))
    assert ("en", "river") not in found.select("lang", "word").rows()
    assert set(found["lang"]) <= set(into or wh.languages)


def test_the_nearest_word_of_another_language_is_the_translation_with_the_highest_cosine(world, wh):
    source, target = world.space.vectors("en"), world.space.vectors("fr")
    cosines = {
        word: float(row.astype("f8") @ source.matrix[source.row("sun")])
        for word, row in zip(target.words, target.matrix, strict=True)
    }
    found = words.nearest(wh, "SUN", "EN", ["fr"], 1)
    assert found["word"][0] == max(cosines, key=cosines.__getitem__) == "soleil"
    assert found["score"][0] == pytest.approx(cosines["soleil"], abs=1e-6)


@pytest.mark.parametrize("method", ["add", "mul"])
def test_algebra_is_that_of_the_space_across_languages(world, wh, method):
    terms = [align.Term("maison", "fr"), align.Term("rue", "fr", -1), align.Term("road", "en")]
    found = words.algebra(wh, "fr:maison - fr:rue + road", "en", FEW, 5, method=method)
    same(found, align.word_algebra(terms, world.space.vectors, FEW, 5, method=method))
    assert words.algebra(wh, "fr:maison - fr:rue + en:road", into=FEW, k=5, method=method).equals(found)
    assert set(found["word"][:2]) == {"house", "σπίτι"}


def test_the_odd_one_is_that_of_the_space(world, wh):
    terms = [
        align.Term("house", "en"),
        align.Term("maison", "fr"),
        align.Term("Haus", "de"),
        align.Term("fleuve", "fr"),
    ]
    found = words.odd(wh, ["house", "fr:maison", "de:Haus", "fr:fleuve"], "en")
    same(found, align.odd_one_out(terms, world.space.vectors))
    assert found["word"][0] == "fleuve"


@pytest.mark.parametrize("csls", [False, True])
@pytest.mark.parametrize("into", [None, ["en", "tr"]])
def test_words_of_a_document_are_those_of_its_text_and_of_the_pooler(world, wh, csls, into):
    row = world.frame.filter((pl.col("lang") == "fr") & (pl.col("doc_id") == "twin-a")).row(0, named=True)
    vector = world.pooler.pool_counted([row["text"]], "fr").vectors[0]
    texts = texts_of(world, "fr") if csls else None
    expected = align.words_of_text(world.pooler, vector, into or wh.languages, 6, texts=texts)
    same(words.of_document(wh, "twin-a", "fr", into, 6, csls=csls), expected)
    same(words.of_text(wh, row["text"], "fr", into, 6, csls=csls), expected)
    assert {"en", "tr"} & set(expected["lang"])


def test_a_language_of_few_documents_takes_hubness_from_those_of_all(world, wh):
    every = np.concatenate([texts_of(world, lang) for lang in sorted(wh.languages)])
    assert len(texts_of(world, "el")) < words.FEWEST_TEXTS < len(every)
    vector = world.pooler.pool_counted(["σπίτι φως"], "el").vectors[0]
    expected = align.words_of_text(world.pooler, vector, ["en"], 5, texts=every)
    same(words.of_text(wh, "σπίτι φως", "el", ["en"], 5, csls=True), expected)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (("en", {"topic": "law"}), ("fr", {"topic": "art"})),
        ((None, {"year": 1990}), (None, {"year": 1991})),
        (("en", {}), ("de", {})),
    ],
)
def test_the_distance_is_that_of_plain_means_and_of_the_library(world, wh, left, right):
    X, Y = (members(world, **where, **({"lang": lang} if lang else {})) for lang, where in (left, right))
    found = words.distance(wh, DocumentSet(*left), DocumentSet(*right), permutations=99, seed=3)
    assert (found.n, found.m) == (len(X), len(Y))
    assert found.distance == pytest.approx(math.dist(np.mean(X, axis=0), np.mean(Y, axis=0)), abs=1e-6)
    again = align.mean_discrepancy(np.array(X), np.array(Y), permutations=99, seed=3)
    assert found.squared == pytest.approx(again.squared, abs=1e-6)
    assert found.p_value == pytest.approx(again.p_value, abs=0.02)  # rows may come in another order
    assert words.distance(wh, DocumentSet(*left), DocumentSet(*right), permutations=99, seed=3) == found


def test_sets_that_share_a_document_have_no_p_value_and_a_set_is_at_0_from_itself(wh):
    law, all_en = DocumentSet("en", {"topic": ["law", "art"]}), DocumentSet("en")
    assert words.distance(wh, law, all_en).p_value is None
    found = words.distance(wh, all_en, all_en)
    assert (found.distance, found.p_value) == (pytest.approx(0, abs=1e-9), None)


LAW = DocumentSet("en", {"topic": "law"})


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda wh: words.nearest(wh, "hous", "en"), "space.unknown_word"),
        (lambda wh: words.nearest(wh, "house", "it"), "space.no_language"),
        (lambda wh: words.nearest(wh, "house", "en", ["it"]), "space.no_language"),
        (lambda wh: words.nearest(wh, "house", "en", "fr"), "api.bad_type"),
        (lambda wh: words.nearest(wh, "house", "en", k=0), "api.bad_k"),
        (lambda wh: words.nearest(wh, None, "en"), "api.bad_text"),
        (lambda wh: words.algebra(wh, "house -", "en"), "words.bad_expression"),
        (lambda wh: words.algebra(wh, "house"), "words.no_language"),
        (lambda wh: words.algebra(wh, "house - house", "en"), "words.no_direction"),
        (lambda wh: words.algebra(wh, "house", "en", method="sub"), "words.bad_method"),
        (lambda wh: words.odd(wh, ["house", "river"], "en"), "words.too_few"),
        (lambda wh: words.odd(wh, "house", "en"), "api.bad_type"),
        (lambda wh: words.of_document(wh, "nowhere", "en"), "search.no_document"),
        (lambda wh: words.of_document(wh, "blank", "en"), "search.no_vector"),
        (lambda wh: words.of_document(wh, "d00", "it"), "space.no_language"),
        (lambda wh: words.of_document(wh, "d00", "en", csls=1), "api.bad_type"),
        (lambda wh: words.of_text(wh, "qqq", "en"), "search.no_known_word"),
        (lambda wh: words.of_text(wh, None, "en"), "api.bad_text"),
        (lambda wh: words.distance(wh, LAW, DocumentSet("it")), "space.no_language"),
        (lambda wh: words.distance(wh, LAW, DocumentSet("en", {"nothing": 1})), "search.no_column"),
        (lambda wh: words.distance(wh, LAW, DocumentSet("en", {"topic": "war"})), "words.too_few"),
        (lambda wh: words.distance(wh, LAW, DocumentSet("en", {"year": "old"})), "search.bad_filter"),
        (lambda wh: words.distance(wh, LAW, "fr"), "api.bad_type"),
        (lambda wh: words.distance(wh, LAW, DocumentSet("fr"), permutations=-1), "discrepancy.bad_count"),
        (lambda wh: DocumentSet("?"), "language.bad_code"),
        (lambda wh: DocumentSet("en", "law"), "api.bad_type"),
    ],
)
def test_what_cannot_be_meant_is_refused(wh, ask, code):
    with pytest.raises(AlignError) as caught:
        ask(wh)
    assert caught.value.code == code
    assert isinstance(caught.value, UnknownWordError) == (code == "space.unknown_word")


def test_an_unknown_word_is_told_with_what_is_written_like_it(wh):
    with pytest.raises(UnknownWordError, match="'hous' has no vector in en; written like it are 'house'"):
        words.nearest(wh, "hous", "en")
