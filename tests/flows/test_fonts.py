"""Laws of labels in many scripts: a family for each, a warning where the machine has none, outlines that HarfBuzz sets."""

import re

import pytest

from flows import fonts
from flows.fonts import PAGE, font_stack, missing_scripts, script_of, shaper, warn_of
from flows.outlines import leftwards, outlined

SCRIPTS = {
    "Latin": "naïve", "Cyrillic": "Привет", "Greek": "νερό", "Arabic": "مدرسة", "Hebrew": "בית", "Devanagari": "दुनिया",
    "Thai": "แม่น้ำ", "Han": "河流", "Kana": "パンいえ", "Hangul": "학교", "Bengali": "বিদ্যালয়", "Tamil": "வீடு",
}  # fmt: skip
extra = pytest.mark.skipif(not shaper(), reason="the extra `fonts` is not installed")


def svg(text, anchor="start", size=20):
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg"><text text-anchor="{anchor}" transform="translate(9,9)" '
        f'font-family="{font_stack(text)}" font-size="{size}px" fill="#123456">{text}</text></svg>'
    )


@pytest.mark.parametrize(("script", "text"), SCRIPTS.items())
def test_every_script_is_told_whatever_stands_beside_it(script, text):
    assert script_of(text) == script_of(f"{text} 12, «·»") == script


def test_what_has_no_letter_has_no_script():
    assert {script_of(text) for text in ("", "42", "· !", "½")} == {""}


@pytest.mark.parametrize(
    ("text", "lang", "family"),
    [
        ("水", "ja", "Noto Sans CJK JP"), ("水", "zh", "Noto Sans CJK SC"), ("水", "zh-Hant-TW", "Noto Sans CJK TC"),
        ("水", "zh-HK", "Noto Sans CJK TC"), ("水", "", "Noto Sans CJK SC"), ("パン", "", "Noto Sans CJK JP"),
        ("학교", "", "Noto Sans CJK KR"), ("घर", "hi", "Noto Sans Devanagari"), ("घर", "mr", "Noto Sans Devanagari"),
    ],
)  # fmt: skip
def test_the_family_goes_by_script_and_where_that_is_shared_by_language(text, lang, family):
    assert font_stack(text, lang) == f"'{family}', {PAGE}"


def test_a_script_of_the_page_keeps_its_fonts():
    assert {font_stack(SCRIPTS[script]) for script in ("Latin", "Cyrillic", "Greek")} == {PAGE}


def test_a_script_is_missing_where_its_letters_look_like_one_that_no_font_has(monkeypatch):
    seen = dict.fromkeys("घर\u0378", b"box")
    monkeypatch.setattr(fonts, "_picture", lambda char: seen.get(char, char.encode()))
    monkeypatch.setattr(fonts, "_drawn", fonts._drawn.__wrapped__)
    assert missing_scripts(["house", "घर", "дом", "42 · !"]) == ["Devanagari"]


def test_latin_is_drawn_and_what_no_font_has_is_not():
    assert missing_scripts(["house", "maison"]) == []
    assert not fonts._drawn("\u0379")


def test_one_sentence_names_the_scripts_and_the_packages(monkeypatch):
    monkeypatch.setattr(fonts, "_drawn", lambda char: char.isascii() or char in "বাড়ি")
    monkeypatch.setattr(fonts, "shaper", lambda: False)
    said = warn_of(["house", "घर", "河流", "বাড়ি"])
    assert "no font for Devanagari, Han:" in said
    assert "fonts-noto-core, fonts-noto-cjk" in said
    assert "Bengali set too tight" in said
    assert "uv sync --extra fonts" in said
    assert warn_of(["house"]) is None
    monkeypatch.setattr(fonts, "_drawn", lambda char: True)
    assert "fonts-noto" not in warn_of(["घर"])
    monkeypatch.setattr(fonts, "shaper", lambda: True)
    assert warn_of(["घर", "河流"]) is None


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("house 42", ">>>>>>>>"), ("בית", "<<<"), ("בית גדול!", "<<<<<<<<<"), ("", ""), ("42 · !", ">>>>>>"),
        ("שנת 1948: NATO", "<<<<>>>><<>>>>"), ("ABC (בית) D", ">>>>><<<>>>"), ("بيت 12 خبز", "<<<<>><<<<"),
    ],
)  # fmt: skip
def test_directions_are_those_of_the_bidirectional_algorithm(text, runs):
    assert "".join("<" if left else ">" for left in leftwards(text)) == runs


def test_texts_of_the_page_stay_text():
    for script in ("Latin", "Cyrillic", "Greek"):
        assert outlined(svg(SCRIPTS[script])) == svg(SCRIPTS[script])


def test_without_the_extra_every_text_stays_text(monkeypatch):
    monkeypatch.setattr("flows.outlines.shaper", lambda: False)
    assert outlined(svg("दुनिया")) == svg("दुनिया")


def width(picture):
    """Of the outlines, in ems: from the leftmost to the rightmost point."""
    at = [float(x) for path in re.findall(r' d="([^"]*)"', picture) for x in re.findall(r"(-?[\d.]+),", path)]
    return max(at) - min(at)


@extra
@pytest.mark.parametrize("script", [name for name in SCRIPTS if name not in fonts.PLAIN])
def test_every_other_script_becomes_outlines_in_its_colour(script):
    drawn = outlined(svg(SCRIPTS[script]))
    assert "<text" not in drawn
    assert 'fill="#123456"' in drawn
    assert width(drawn) > 0.5
    assert warn_of([SCRIPTS[script]]) is None


@extra
def test_letters_of_one_cluster_stand_beside_one_another():
    """Two clusters take the room of both, which resvg grants no text whose vowel sign stands beside its consonant."""
    for text in ("नि", "कि", "বি", "கொ"):
        assert width(outlined(svg(text + text))) == pytest.approx(2 * width(outlined(svg(text))), rel=0.25)


@extra
def test_a_text_of_two_scripts_is_set_in_two_fonts():
    alone, both = width(outlined(svg("लिखना"))), width(outlined(svg("Python लिखना 東京")))
    assert both > alone + 4
    assert "<text" not in outlined(svg("Café (東京)"))


@extra
def test_the_anchor_moves_a_text_by_its_width():
    starts = {}
    for anchor in ("start", "middle", "end"):
        starts[anchor] = float(re.findall(r"translate\((-?[\d.]+),0\)", outlined(svg("مدرسة", anchor)))[0])
    assert starts["start"] == 0
    assert starts["end"] == pytest.approx(2 * starts["middle"], abs=0.02)
    assert starts["end"] < -20


@extra
def test_characters_that_mean_something_in_xml_are_read():
    assert outlined(svg("दु &lt;b&gt; &amp;")) == outlined(svg("दु &lt;b&gt; &amp;"))
    assert "&" not in outlined(svg("दु &lt;b&gt; &amp;"))
