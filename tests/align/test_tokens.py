"""Laws of tokens: one treatment for training, pooling and queries."""

import sys
import unicodedata

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st
from icu4py.breakers import WordBreaker

from align.errors import AlignError
from align.tokens import fold, sentences, tokenize

RUN = regex.compile(r"[\p{L}\p{M}\p{N}]+")
LETTER = regex.compile(r"[[\p{Latin}\p{Cyrillic}\p{Greek}\p{Devanagari}\p{Arabic}]&&[\p{L}\p{Nd}]]", regex.VERSION1)
BMP = list(map(chr, range(0x3000)))
# Python's Unicode is older than that of regex and ICU, which differ about the newest letters (U+209D).
letters = st.sampled_from([c for c in BMP if LETTER.fullmatch(c) and unicodedata.category(c) != "Cn"])
marks = st.sampled_from(
    [c for c in BMP if regex.fullmatch(r"[[\p{Latin}\p{Cyrillic}\p{Devanagari}\p{Arabic}]&&\p{M}]", c, regex.V1)]
)
spelled = st.builds(str.__add__, letters, marks) | letters | st.sampled_from(" .,;:!?'\u2019\"()-\u2014/\u0964\u060c")
spaced = st.lists(spelled, max_size=40).map("".join)
unicode = st.text(st.characters(), max_size=60)
langs = st.sampled_from(["en", "fr", "tr", "az-Latn", "el", "de", "hi", "ar", "zh-Hant", "ja", "th"])


@given(unicode, langs)
def test_D09_composed_and_decomposed_text_have_the_same_tokens(text, lang):
    assert tokenize(unicodedata.normalize("NFD", text), lang) == tokenize(unicodedata.normalize("NFC", text), lang)


@given(unicode, langs)
def test_fold_is_idempotent_and_nfc(text, lang):
    folded = fold(text, lang)
    assert fold(folded, lang) == folded
    assert unicodedata.is_normalized("NFC", folded)


@given(unicode, langs)
def test_V21_no_text_crashes_and_every_token_is_a_run_of_letters_marks_and_digits(text, lang):
    assert all(RUN.fullmatch(token) for token in tokenize(text, lang))


@given(spaced, st.sampled_from(["en", "ru", "el", "hi", "ar", "tr"]))
def test_the_fast_path_for_scripts_with_blanks_equals_the_icu_path(text, lang):
    folded = fold(text, lang)
    assert tokenize(text, lang) == [token for piece in WordBreaker(folded, lang) for token in RUN.findall(piece)]


@given(st.text("我爱北京天门東京住んでいますภาษาไทยง่าย。、 !", max_size=30), st.sampled_from(["zh", "ja", "th", "en"]))
def test_scripts_without_blanks_are_cut_where_icu_cuts(text, lang):
    folded = fold(text, lang)
    assert tokenize(text, lang) == [token for piece in WordBreaker(folded, lang) for token in RUN.findall(piece)]


@pytest.mark.parametrize("run", ["5m²", "́a", "x½", "don", "①②"])
def test_a_run_of_a_script_with_blanks_is_one_token_whatever_stands_beside_it(run):
    assert tokenize(run, "zh") == [run]
    assert tokenize(f"漢字 {run}、かな", "zh") == ["漢字", run, "かな"]


@given(spaced, spaced, langs)
def test_a_blank_parts_texts(left, right, lang):
    assert tokenize(f"{left} {right}", lang) == tokenize(left, lang) + tokenize(right, lang)


@given(spaced, langs)
def test_tokens_of_tokens_are_the_tokens(text, lang):
    tokens = tokenize(text, lang)
    assert tokenize(" ".join(tokens), lang) == tokens


@pytest.mark.parametrize(
    ("text", "lang", "tokens"),
    [
        ("我爱北京天安门", "zh", ["我", "爱", "北京", "天安门"]),
        ("東京に住んでいます。", "ja", ["東京", "に", "住", "んで", "い", "ます"]),
        ("ภาษาไทยง่าย", "th", ["ภาษา", "ไทย", "ง่าย"]),
        ("iPhone手机 2台", "zh", ["iphone", "手机", "2", "台"]),
    ],
)
def test_scripts_without_blanks_are_cut_into_words(text, lang, tokens):
    assert tokenize(text, lang) == tokens


@pytest.mark.parametrize("text", ["ລາວ", "ភាសាខ្មែរ", "မြန်မာဘာသာ", "ひらがなカタカナ漢字"])
def test_cutting_loses_no_character(text):
    for lang in ("lo", "km", "my", "ja", "qaa"):
        assert "".join(tokenize(text, lang)) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("emoji", ["👩‍👩‍👧", "🇫🇷", "👍🏽", "😀😀", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "\u200b", "\ufeff", "\u202e"])
def test_emoji_and_invisible_characters_part_words_and_are_no_tokens(emoji):
    assert tokenize(f"ab{emoji}cd", "en") == ["ab", "cd"]
    assert tokenize(f"漢{emoji}字", "ja") == ["漢", "字"]


def test_a_lone_surrogate_is_no_token_in_any_script():
    assert tokenize("a\ud800b", "en") == ["a", "b"]
    assert tokenize("漢字\ud800かな", "ja") == ["漢字", "かな"]


@pytest.mark.parametrize("lang", ["tr", "TR", "tr-TR", "az", "az_latn"])
def test_D09_turkish_keeps_the_dotless_i_apart(lang):
    assert fold("DIŞ İYİ I\u0307", lang) == "dış iyi i"


def test_D09_elsewhere_i_has_a_dot_and_sharp_s_and_final_sigma_stay():
    assert fold("DISH", "en") == "dish"
    assert fold("İ", "en") == "i\u0307"
    assert fold("STRASSE Straße", "de") == "strasse straße"
    assert tokenize("ΟΔΟΣ ΣΟΦΟΣ", "el") == ["οδος", "σοφος"]


def test_no_token_can_hold_a_blank_so_token_files_may_part_them_by_one():
    letters = "".join(c for c in map(chr, range(sys.maxunicode + 1)) if RUN.fullmatch(c))
    assert letters.split() == [letters]
    assert not any(c.isspace() for c in letters)


@given(st.lists(spaced, max_size=4), st.integers(1, 7))
def test_sentences_are_the_tokens_of_the_lines_in_pieces(lines, longest):
    text = "\n".join(lines)
    pieces = list(sentences(text, "en", longest))
    assert all(1 <= len(piece) <= longest for piece in pieces)
    assert sum(pieces, []) == [token for line in text.splitlines() for token in tokenize(line, "en")]  # noqa: RUF017


@pytest.mark.parametrize(
    ("text", "lang"), [(None, "en"), (b"a", "en"), (["a"], "en"), ("a", None), ("a", ["en"]), ("a", "no code")]
)
def test_what_is_no_text_or_no_language_is_refused(text, lang):
    for deed in (tokenize, fold, lambda *given: list(sentences(*given))):
        with pytest.raises(AlignError):
            deed(text, lang)
