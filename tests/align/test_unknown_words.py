"""Laws of words without a vector: what stands for them follows from the vocabulary, and is a sum of its words."""

from itertools import product
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import align
from align.errors import InputError
from align.plain_form import plain_form
from align.pool import fit_pooler
from align.tokens import fold, tokenize
from align.unknown_words import LINKS, ROUTES, SHORTEST_PART, KnownWords, compound, fewest_words
from align.vectors import WordVectors

STEMS = (
    "haus",
    "tier",
    "arbeit",
    "zimmer",
    "schlüssel",
    "garten",
    "tür",
    "wärme",
    "haustier",
    "été",
    "straße",
    "σπίτι",
)
CHARACTERS = "東京都大学生"
letters = st.text(st.sampled_from(list("hausterbimnéèüßσςπίτιе1")), min_size=1, max_size=14)
stems = st.sampled_from(STEMS)
tokens = st.one_of(letters, stems, st.lists(stems | st.sampled_from(LINKS), min_size=1, max_size=4).map("".join)).map(
    lambda text: fold(text, "de")
)


@pytest.fixture(scope="module")
def german():
    return WordVectors("de", STEMS, np.random.default_rng(0).standard_normal((len(STEMS), 8)).astype("f4"))


@pytest.fixture(scope="module")
def pooler(german):
    space = align.fit([german], [], pivot="de")
    return fit_pooler(space, {}, a=0.1)


def by_search(token, forms):
    """The best of all sequences of two known words, else of three, and letters between them, that read as `token`."""
    known = [word for word in forms if len(word) >= SHORTEST_PART and word in token]
    for n in (2, 3):
        found = []
        for words in product(known, repeat=n):
            for links in product(LINKS, repeat=n - 1):
                if token == "".join(map("".join, zip(words, (*links, ""), strict=True))):
                    ends = [sum(map(len, words[:i])) + sum(map(len, links[:i])) for i in range(n)]
                    found.append((prod(forms[word] + 1 for word in words), sum(map(len, links)), ends, words))
        if found:
            return tuple(forms[word] for word in min(found)[3])
    return ()


@given(tokens)
def test_a_route_is_exact_iff_the_folded_form_is_known_and_shares_sum_to_1(german, token):
    found = german.known.resolve(token)
    assert (found.route == "exact") == (german.row(token) >= 0)
    assert found.route in (None, *ROUTES)
    assert len(found.rows) == len(found.shares)
    assert sum(found.shares) == pytest.approx(float(bool(found.rows)))
    assert (found.route is None) == (not found.rows)


@pytest.mark.parametrize(("token", "word"), [("ete", "été"), ("tur", "tür"), ("waerme", None), ("strasse", "straße"), ("σπιτι", "σπίτι")])  # fmt: skip
def test_dropped_accents_find_the_word(german, token, word):
    found = german.known.resolve(token)
    assert [german.words[row] for row in found.rows] == ([word] if word else [])
    assert found.route == ("variant" if word else None)


@given(st.lists(letters, min_size=1, max_size=12, unique=True), letters)
def test_of_words_alike_but_for_accents_the_most_frequent_stands_for_another(words, token):
    forms = {word: row for row, word in enumerate(dict.fromkeys(fold(word, "und") for word in words))}
    token = fold(token, "und")
    if token in forms or not token.isalpha():
        return
    alike = [row for word, row in forms.items() if word.isalpha() and plain_form(word) == plain_form(token)]
    found = KnownWords(forms).resolve(token)
    assert (found.route == "variant") == bool(alike)
    assert not alike or found.rows == (min(alike),)


@given(tokens)
def test_a_compound_is_the_best_of_all_splits(german, token):
    assert compound(token, german.folded_index) == by_search(token, german.folded_index)


@pytest.mark.parametrize(
    ("token", "parts"),
    [
        ("haustierzimmer", ["haustier", "zimmer"]), ("arbeitszimmer", ["arbeit", "zimmer"]),
        ("arbeitszimmerschlüssel", ["arbeit", "zimmer", "schlüssel"]), ("hausxtier", []), ("türgarten", []), ("haus1tier", []),
        ("haushaus", ["haus", "haus"]), ("haus" * 16 + "t", []), ("gartentier", ["garten", "tier"]),
    ],
)  # fmt: skip
def test_a_compound_is_two_known_words_or_three_perhaps_linked(german, token, parts):
    assert [german.words[row] for row in german.known.resolve(token).rows] == parts


@given(
    st.text(st.sampled_from(CHARACTERS + "x"), min_size=1, max_size=9),
    st.sets(st.text(st.sampled_from(CHARACTERS), min_size=1, max_size=4), max_size=9),
)
def test_without_blanks_as_little_is_left_out_as_can_be_by_as_few_words(token, words):
    forms = {word: row for row, word in enumerate(sorted(words))}
    rows = fewest_words(token, forms, 4)

    def every(at):
        if at == len(token):
            yield ()
            return
        for rest in every(at + 1):
            yield (None, *rest)
        for end in range(at + 1, len(token) + 1):
            if token[at:end] in forms:
                for rest in every(end):
                    yield (forms[token[at:end]], *rest)

    def cost(split):
        used = [row for row in split if row is not None]
        return len(split) - len(used), len(used), int(np.prod([row + 1 for row in used]))

    best = min(cost(split) for split in every(0))
    left = len(token) - sum(len(sorted(words)[row]) for row in rows)
    assert (left, len(rows), int(np.prod([row + 1 for row in rows]))) == best


@pytest.mark.parametrize(
    ("lang", "words", "text", "found"),
    [
        ("zh", ["北京", "大学", "学"], "北京大学", ["北京", "大学"]),
        ("ja", ["東京", "都", "パン"], "東京都 パン屋", ["東京", "都", "パン"]),
        ("th", ["ภาษา", "ไทย"], "ภาษาไทย", ["ภาษา", "ไทย"]),
        ("km", ["ភាសា", "ខ្មែរ"], "ភាសាខ្មែរ", ["ភាសា", "ខ្មែរ"]),
    ],
)
def test_scripts_without_blanks_are_known_by_words_and_pieces(lang, words, text, found):
    vectors = WordVectors(lang, words, np.eye(len(words), dtype="f4"))
    rows = [row for token in tokenize(text, lang) for row in vectors.known.resolve(token).rows]
    assert [words[row] for row in rows] == found


def test_one_space_mixes_scripts_with_and_without_blanks():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((40, 6)).astype("f4")
    en = WordVectors("en", [f"word{i}" for i in range(40)], X)
    zh = WordVectors("zh", [chr(0x4E00 + 7 * i) for i in range(40)], X @ np.linalg.qr(rng.standard_normal((6, 6)))[0])
    pairs = align.WordPairs("en", "zh", tuple(zip(en.words, zh.words, strict=True)))
    pooler = fit_pooler(align.fit([en, zh], [pairs], method="procrustes"), {})
    there, back = (
        pooler.pool(["word3 word9 word20"], "en"),
        pooler.pool(["".join(zh.words[i] for i in (3, 9, 20))], "zh"),
    )
    assert float(there[0] @ back[0]) > 0.999


def test_a_compound_pools_as_its_parts_at_half_weight(pooler, german):
    vectors, state = pooler.of("de")
    rows = vectors.rows(["garten", "arbeit", "zimmer"])
    weights = state.weights[rows] * [1, 0.5, 0.5]
    expected = weights @ vectors.matrix[rows].astype("f8") / weights.sum() - state.mean
    pooled = pooler.pool_counted(["garten arbeitszimmer qqq"], "de")
    np.testing.assert_allclose(pooled.vectors[0], expected / np.linalg.norm(expected), atol=1e-6)
    assert (pooled.tokens[0], pooled.known_tokens[0], pooled.routes[0].tolist()) == (3, 2, [1, 0, 1, 0])


def test_no_order_of_words_or_texts_matters(pooler):
    rng = np.random.default_rng(2)
    words = [*STEMS, "arbeitszimmer", "tur", "haustiergarten", "qqq"]
    texts = [" ".join(rng.choice(words, 6)) for _ in range(8)]
    one = pooler.pool_counted(texts, "de")
    turned = pooler.pool_counted([" ".join(reversed(text.split())) for text in texts[::-1]], "de")
    np.testing.assert_allclose(one.vectors, turned.vectors[::-1], atol=1e-6)
    assert np.array_equal(one.routes, turned.routes[::-1])


@pytest.mark.parametrize("weighting", ["sif", "tfidf", "idf", "usif", "uniform"])
@pytest.mark.parametrize("reduce", ["mean", "max", "mean_sqrt_len"])
def test_shares_of_words_are_those_by_which_a_text_is_pooled(german, weighting, reduce):
    texts = ["haus arbeitszimmer tur", "zimmer gartentier haus"] * 12
    pooler = fit_pooler(align.fit([german], [], pivot="de"), {"de": texts}, weighting=weighting, reduce=reduce)
    for text in ("arbeitszimmer", "haus hauszimmer tür", "hausgarten hausgarten qqq"):
        words, rows, shares = pooler.token_weights(text, "de")
        assert shares.sum() == pytest.approx(1)
        assert (shares > 0).all()
        assert len(set(words)) == len(words)
        vector = pooler.project(shares[None] @ pooler.of("de")[0].matrix[rows] - pooler.of("de")[1].mean, "de")[0]
        if pooler.linear:
            np.testing.assert_allclose(pooler.pool([text], "de")[0], vector / np.linalg.norm(vector), atol=1e-6)
        else:
            assert not pooler.pool([text], "de").mask.any()


def test_routes_are_told_in_the_order_of_the_text(pooler):
    told = pooler.routes("Haus QQQ arbeitszimmer haus tur", "de")
    assert told.rows() == [
        ("haus", 2, "exact", ["haus"]), ("qqq", 1, None, []), ("arbeitszimmer", 1, "parts", ["arbeit", "zimmer"]),
        ("tur", 1, "variant", ["tür"]),
    ]  # fmt: skip
    assert pooler.routes("", "de").is_empty()


def test_shares_of_a_match_sum_to_its_cosine_with_unknown_words(pooler):
    first, second = "arbeitszimmer tur", "haustiergarten arbeit qqq"
    cosine = float(pooler.pool([first], "de")[0] @ pooler.pool([second], "de")[0])
    assert align.explain(pooler, first, "de", second, "de", top=None)["share"].sum() == pytest.approx(cosine, abs=1e-5)


def test_what_is_no_token_is_refused(german):
    for bad in (None, 3, b"x", ["x"]):
        with pytest.raises(InputError, match=r"api\.bad_text"):
            german.known.resolve(bad)


@given(st.lists(tokens, max_size=8), st.data())
def test_stand_ins_of_many_tokens_are_those_of_each(german, many, data):
    found = german.known.stand_ins(many)
    assert len(found) == len(many)
    some = data.draw(st.lists(st.integers(0, len(many) - 1), max_size=6)) if many else []
    for part, given_ in ((found, many), (found.of(np.array(some, dtype=int)), [many[i] for i in some])):
        for i, token in enumerate(given_):
            one = german.known.resolve(token)
            at = slice(part.starts[i], part.starts[i + 1])
            assert (part.rows[at].tolist(), part.shares[at].tolist()) == ([*one.rows] or [-1], [*one.shares] or [1.0])
