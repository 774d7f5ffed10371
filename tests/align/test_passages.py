"""Laws of passages: nothing of a text is left out, and positions are those of the text as it was given."""

import sys
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

import align
from align import tokens
from align.errors import InputError
from align.passages import Passage, cut_passages
from align.tokens import fold, token_spans, tokenize

langs = st.sampled_from(["en", "fr", "tr", "az", "el", "ko", "hi"])
letters = "aZéÉiIıİßΣσςΟÅKΩẖǰक़़가각각абЙй12½²-–.,'’ \n\t\0\u0301\u0307\u0308\u0331\u030c\u0338\u200d\ud800="
spaced = st.text(letters, max_size=40) | st.text(st.characters(exclude_categories=["Cn"]), max_size=20).filter(
    lambda text: not tokens.unspaced(fold(text, "en"))
)
forms = st.sampled_from(["NFC", "NFD", None])


@given(spaced, langs, forms)
def test_a_span_alone_tokenises_to_its_token(text, lang, form):
    text = text if form is None else unicodedata.normalize(form, text)
    spans = token_spans(text, lang)
    assert [tokenize(text[a:b], lang) for a, b in spans] == [[token] for token in tokenize(text, lang)]


@given(
    st.text(letters + "我爱北京天门住んでいますภาษาไทยง่าย", max_size=40),
    st.sampled_from(["zh", "ja", "th", "tr"]),
    forms,
)
def test_spans_are_in_order_and_hold_the_letters_of_their_tokens(text, lang, form):
    text = text if form is None else unicodedata.normalize(form, text)
    spans = token_spans(text, lang)
    assert all(a < b <= len(text) for a, b in spans)
    assert all(b <= c for (_, b), (c, _) in pairwise(spans))
    for (a, b), token in zip(spans, tokenize(text, lang), strict=True):
        assert fold(text[a:b], lang).replace("ς", "σ").endswith(token.replace("ς", "σ"))


@pytest.mark.parametrize(
    ("text", "lang", "found"),
    [
        ("Été, 12", "fr", ["Été", "12"]), ("E\u0301te\u0301, 12", "fr", ["E\u0301te\u0301", "12"]), ("İI ıi x", "tr", ["İI", "ıi", "x"]),
        ("İİİ b", "en", ["İİİ", "b"]), ("ΟΔΟΣ, Σ", "el", ["ΟΔΟΣ", "Σ"]), ("私は猫、cat", "ja", ["私", "は", "猫", "cat"]), ("", "en", []), ("…", "en", []),
    ],
)  # fmt: skip
def test_spans_of_examples(text, lang, found):
    assert [text[a:b] for a, b in token_spans(text, lang)] == found


def test_only_marks_and_jamo_compose_with_what_is_before_them():
    for code in range(sys.maxunicode + 1):
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            last = chr(int(parts[1], 16))
            assert tokens._COMPOSING.fullmatch("a" + last) or unicodedata.normalize("NFC", chr(code)) != chr(code)
        if unicodedata.combining(chr(code)):
            assert tokens._COMPOSING.fullmatch("a" + chr(code))


@given(spaced, langs, st.integers(1, 6), st.data())
def test_passages_are_windows_of_tokens_that_cover_the_text(text, lang, n, data):
    overlap = data.draw(st.integers(0, n - 1))
    everything, cut = tokenize(text, lang), cut_passages(text, lang, n, overlap)
    windows, at = [everything[:n]], n - overlap
    while windows[-1] and at + overlap < len(everything):
        windows.append(everything[at : at + n])
        at += n - overlap
    assert [tokenize(text[p.start : p.stop], lang) for p in cut] == windows
    assert (cut[0].start, cut[-1].stop) == (0, len(text))
    assert all(a.start < b.start <= a.stop < b.stop for a, b in pairwise(cut))


@given(spaced, langs)
def test_a_text_of_no_more_tokens_is_one_passage(text, lang):
    assert cut_passages(text, lang, max(len(tokenize(text, lang)), 1)) == [Passage(0, len(text))]


def test_half_of_a_passage_is_shared_unless_it_is_said():
    text = "a " * 1_000
    assert cut_passages(text, "en") == cut_passages(text, "en", 200, 100)
    assert cut_passages(text, "en", 7) == cut_passages(text, "en", 7, 3)


def test_a_script_without_blanks_is_cut_between_words():
    text = "私は猫が好きです。" * 30
    cut = cut_passages(text, "ja", 20, 5)
    assert {0, *(a for a, _ in token_spans(text, "ja"))} >= {p.start for p in cut}
    assert (cut[0].start, cut[-1].stop) == (0, len(text))


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"tokens": 0}, "passages.bad_tokens"), ({"tokens": True}, "passages.bad_tokens"), ({"tokens": 2.0}, "passages.bad_tokens"),
        ({"tokens": None}, "passages.bad_tokens"), ({"tokens": 5, "overlap": 5}, "passages.bad_overlap"), ({"overlap": -1}, "passages.bad_overlap"),
        ({"overlap": "1"}, "passages.bad_overlap"), ({"overlap": False}, "passages.bad_overlap"), ({"text": None}, "api.bad_text"),
        ({"text": b"a"}, "api.bad_text"), ({"lang": "english!"}, "language.bad_code"),
    ],
)  # fmt: skip
def test_what_is_no_window_is_refused(wrong, code):
    with pytest.raises(InputError, match=code):
        align.cut_passages(**{"text": "a b", "lang": "en", **wrong})
