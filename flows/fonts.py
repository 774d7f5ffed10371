"""Labels in every script: which font sets one, and which scripts this machine has none for.

An SVG or HTML file keeps text as text, and who opens it sets it in fonts of their own. A PNG is set here: by HarfBuzz in the fonts of
the extra `fonts` where that is installed (flows/outlines.py), else by resvg (in vl-convert) in those of the machine.
"""

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

PAGE = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"
PACKAGES = (
    "manimgx_fonts",
    "noto_cjk_sans_otc",
)  # of the extra: Noto Sans of most scripts, and of Han, Kana and Hangul
PLAIN = {"", "Latin", "Cyrillic", "Greek"}  # scripts that every font of the page has
CJK = {"Han", "Kana", "Hangul", "Bopomofo"}
# Where two letters may stand side by side in one cluster, resvg goes on by the wider one instead of by both.
CLUSTERS = {
    "Devanagari", "Bengali", "Gurmukhi", "Gujarati", "Oriya", "Tamil", "Telugu", "Kannada", "Malayalam", "Sinhala",
    "Myanmar", "Khmer",
}  # fmt: skip
LOOKED_AT = 8  # letters of a script that are tried
_UNASSIGNED = "\u0378"  # what no font has
_NAMES = {
    "CJK": "Han", "IDEOGRAPHIC": "Han", "HIRAGANA": "Kana", "KATAKANA": "Kana", "KATAKANA-HIRAGANA": "Kana", "MODIFIER": "",
    "FULLWIDTH": "Han", "HALFWIDTH": "Kana", "MATHEMATICAL": "", "MASCULINE": "", "FEMININE": "", "MICRO": "",
}  # fmt: skip
_CJK_OF = {"ja": "JP", "ko": "KR", "zh": "SC"}
_TRADITIONAL = re.compile(r"-(Hant|TW|HK|MO)\b")


def script_of(text: str) -> str:
    """The script of most letters of `text`, by the Unicode names of its characters; "" where it has no letter.

    >>> script_of("東京タワー"), script_of("naïve"), script_of("42")
    ('Kana', 'Latin', '')
    """
    found = Counter(script_of_char(char) for char in text if unicodedata.category(char)[0] == "L")
    return found.most_common(1)[0][0] if found else ""


def font_stack(text: str, lang: str = "") -> str:
    """CSS font families for a label: those of the page, behind the Noto family of its script where it takes one.

    Characters of Chinese, Japanese and Korean that are one in Unicode and not on paper go by `lang`.

    >>> font_stack("東京", "ja").split(",")[0], font_stack("river", "en") == PAGE
    ("'Noto Sans CJK JP'", True)
    """
    script = script_of(text)
    if script in PLAIN:
        return PAGE
    family = script
    if script in CJK:
        default = {"Kana": "JP", "Hangul": "KR"}.get(script, "SC")
        family = "CJK " + ("TC" if _TRADITIONAL.search(lang) else _CJK_OF.get(lang.split("-")[0], default))
    return f"'Noto Sans {family}', {PAGE}"


@cache
def register() -> tuple[Path, ...]:
    """Make the fonts of the extra known to the renderer of this process; their folders, fewer where it is not installed."""
    import vl_convert

    found = [spec.origin for spec in map(find_spec, PACKAGES) if spec is not None]
    folders = tuple(Path(origin).parent for origin in found if origin is not None)
    for folder in folders:
        vl_convert.register_font_directory(str(folder))
    return folders


def missing_scripts(texts: Iterable[str]) -> list[str]:
    """Scripts of `texts` that the renderer has no font for, by what it draws: a letter like one that no font has.

    >>> missing_scripts(["river", "rivière"])
    []
    """
    register()
    letters: dict[str, list[str]] = {}
    for char in dict.fromkeys("".join(texts)):
        if unicodedata.category(char)[0] == "L" and len(letters.setdefault(script_of_char(char), [])) < LOOKED_AT:
            letters[script_of_char(char)].append(char)
    return sorted(script or "other letters" for script, tried in letters.items() if not all(map(_drawn, tried)))


def warn_of(texts: Iterable[str]) -> str | None:
    """One sentence about the scripts of `texts` that a PNG made here would not show as they are written; None where it would."""
    shown = list(texts)
    missing = missing_scripts(shown)
    tight = sorted(({script_of(text) for text in shown} & CLUSTERS) - {*missing}) if not shaper() else []
    debian = [
        name for name, there in (("fonts-noto-core", {*missing} - CJK), ("fonts-noto-cjk", {*missing} & CJK)) if there
    ]
    said = []
    if missing:
        said.append(f"no font for {', '.join(missing)}: boxes instead of letters (Debian: {', '.join(debian)})")
    if tight:
        said.append(f"{', '.join(tight)} set too tight")
    if not said:
        return None
    extra = "" if shaper() else "uv sync --extra fonts brings fonts; "
    return f"{'; '.join(said)}. {extra}.svg and .html leave fonts to who opens them"


@cache
def font_file(family: str) -> Path | None:
    """The file of a Noto family of the extra `fonts`, by its name as in `font_stack`; None where it is not installed."""
    name = "NotoSansCJK-*.ttc" if family.startswith("Noto Sans CJK") else f"{family.replace(' ', '')}[[]*.ttf"
    return next((file for folder in register() for file in sorted(folder.glob(name))), None)


def shaper() -> bool:
    """Whether texts can be set here by HarfBuzz, in fonts of the extra."""
    return find_spec("uharfbuzz") is not None and font_file("Noto Sans") is not None


@cache
def script_of_char(char: str) -> str:
    """The script of one character, by the first word of its Unicode name."""
    name = unicodedata.name(char, "").split(" ", 1)[0]
    return _NAMES.get(name, name.title())


@cache
def _drawn(char: str) -> bool:
    return _picture(char) != _picture(_UNASSIGNED)


@cache
def _picture(char: str) -> bytes:
    import vl_convert

    text = f'<text x="4" y="24" font-size="20" font-family="Noto Sans, sans-serif">{html.escape(char)}</text>'
    picture: bytes = vl_convert.svg_to_png(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="32">{text}</svg>'
    )
    return picture
