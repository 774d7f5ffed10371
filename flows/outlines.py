"""Texts of an SVG as outlines, set by HarfBuzz, before resvg draws it.

resvg sets letters of one cluster too tight (it goes on by the widest instead of by all), and a text that needs two fonts as boxes.
"""

import html
import re
import unicodedata
from functools import cache
from itertools import accumulate, groupby
from typing import Any

from flows.fonts import PLAIN, font_file, font_stack, script_of_char, shaper

_TEXT = re.compile(r"<text ([^>]*)>([^<]+)</text>")
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
_KEPT = ("fill", "fill-opacity", "opacity")
_ANCHORS = {"middle": 0.5, "end": 1.0}
_FACES = {"JP": 0, "KR": 1, "SC": 2, "TC": 3, "HK": 4}  # in the collection of Noto Sans CJK

Run = tuple[bool, str, str]  # whether it runs leftwards, its family, its text


def outlined(svg: str) -> str:
    """`svg` with its texts in other scripts than Latin, Cyrillic and Greek as paths; unchanged without the extra `fonts`.

    >>> outlined('<svg><text x="1">house</text></svg>')
    '<svg><text x="1">house</text></svg>'
    """
    return _TEXT.sub(_path, svg) if shaper() else svg


def _path(found: re.Match[str]) -> str:
    attributes, text = dict(_ATTRIBUTE.findall(found[1])), html.unescape(found[2])
    if all(script_of_char(char) in PLAIN for char in text if unicodedata.category(char)[0] == "L"):
        return found[0]
    stack = html.unescape(attributes.get("font-family", ""))
    own = stack if stack.startswith("'Noto Sans ") else font_stack(text)  # the one given knows the language
    families = _families(text, own.split(",")[0].strip("'"))
    if not all(_has(family, char) for family, char in zip(families, text, strict=True) if char.isalpha()):
        return found[0]  # a font of the machine may have what the extra has not
    width, outline = _set(text, families)
    size = float(attributes["font-size"].removesuffix("px"))
    start = -_ANCHORS.get(attributes.get("text-anchor", ""), 0.0) * width * size
    place = f"{attributes.get('transform', '')} translate({start:.2f},0) scale({size:g},{-size:g})".strip()
    kept = " ".join(f'{name}="{attributes[name]}"' for name in _KEPT if name in attributes)
    return f'<path transform="{place}" {kept} d="{outline}"/>'


def _set(text: str, families: list[str]) -> tuple[float, str]:
    """The width of `text` and the path of its outlines, in ems, y upwards; `families` are those of its characters."""
    keys = list(zip(leftwards(text), families, strict=True))
    runs = [(*key, "".join(text[i] for i in part)) for key, part in groupby(range(len(text)), keys.__getitem__)]
    pen, x = _Pen(), 0.0
    for left, family, run in _in_sight(runs, _begins_leftwards(text)):
        x = _run(pen, run, family, left, x)
    return x, " ".join(pen.said)


def leftwards(text: str) -> list[bool]:
    """Whether each character of `text` runs from right to left.

    What has no direction takes that of both its neighbours, where they agree and numbers count as their language, else that of
    the text, which begins as its first letter does: the rules P2, N1 and N2 of Unicode's bidirectional algorithm, one level deep.

    >>> "".join("<>"[not left] for left in leftwards("שנת 1948: NATO"))
    '<<<<>>>><<>>>>'
    """
    base = _begins_leftwards(text)
    classes = [unicodedata.bidirectional(char) for char in text]
    strong = {"L": False, "R": True, "AL": True, "EN": base, "AN": base}
    known = [strong.get(kind) for kind in classes]
    before = list(accumulate(known, lambda last, now: last if now is None else now, initial=base))[1:]
    after = list(accumulate(reversed(known), lambda last, now: last if now is None else now, initial=base))[:0:-1]
    return [
        kind not in ("EN", "AN")
        and (now if now is not None else one if kind in ("NSM", "BN") or one == other else base) is True
        for kind, now, one, other in zip(classes, known, before, after, strict=True)
    ]


def _begins_leftwards(text: str) -> bool:
    kinds = (unicodedata.bidirectional(char) for char in text)
    return next((kind in ("R", "AL") for kind in kinds if kind in ("L", "R", "AL")), False)


def _in_sight(runs: list[Run], left: bool) -> list[Run]:
    """`runs` of (leftwards, family, text) from left to right, where the whole text runs leftwards or not."""
    groups = [list(part) for _, part in groupby(runs, lambda run: run[0])]
    return [
        run for group in (reversed(groups) if left else groups) for run in (reversed(group) if group[0][0] else group)
    ]


def _families(text: str, first: str) -> list[str]:
    """The family that each character is set in, `first` where it can be. Marks, joiners and blanks stay with what is before."""
    found: list[str] = []
    for char in text:
        if found and unicodedata.category(char) in ("Mn", "Mc", "Me", "Cf", "Zs"):
            found.append(found[-1])
        else:
            tried = (
                first,
                "Noto Sans",
                font_stack(char).split(",")[0].strip("'"),
                "Noto Sans Symbols",
                "Noto Sans CJK SC",
            )
            found.append(next((family for family in tried if _has(family, char)), first))
    return found


def _run(pen: "_Pen", text: str, family: str, left: bool, x: float) -> float:
    """Draw one run from `x` on, in ems; where it ends."""
    import uharfbuzz as hb

    buffer, font = hb.Buffer(), _font(family)
    buffer.add_str(text)
    buffer.guess_segment_properties()
    buffer.direction = "rtl" if left else "ltr"
    hb.shape(font, buffer)
    em = font.face.upem
    for glyph, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        pen.start(x + place.x_offset / em, place.y_offset / em, em)
        font.draw_glyph_with_pen(glyph.codepoint, pen)
        x += place.x_advance / em
    return x


class _Pen:
    """What HarfBuzz draws with, to the commands of an SVG path in ems."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def start(self, x: float, y: float, em: int) -> None:
        self._x, self._y, self._em = x, y, em

    def _say(self, command: str, *points: tuple[float, float]) -> None:
        at = " ".join(f"{self._x + x / self._em:.4f},{self._y + y / self._em:.4f}" for x, y in points)
        self.said.append(f"{command}{at}")

    def moveTo(self, point: tuple[float, float]) -> None:  # noqa: N802
        self._say("M", point)

    def lineTo(self, point: tuple[float, float]) -> None:  # noqa: N802
        self._say("L", point)

    def qCurveTo(self, *points: tuple[float, float]) -> None:  # noqa: N802
        self._say("Q", *points)

    def curveTo(self, *points: tuple[float, float]) -> None:  # noqa: N802
        self._say("C", *points)

    def closePath(self) -> None:  # noqa: N802
        self.said.append("Z")


def _has(family: str, char: str) -> bool:
    return font_file(family) is not None and bool(_font(family).get_nominal_glyph(ord(char)))


@cache
def _font(family: str) -> Any:
    import uharfbuzz as hb

    file = font_file(family) or font_file("Noto Sans")
    face = _FACES.get(family.rsplit(" ", 1)[-1], 0) if file is not None and file.suffix == ".ttc" else 0
    return hb.Font(hb.Face(hb.Blob.from_file_path(str(file)), face))
