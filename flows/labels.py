"""Labels beside points, where there is room: none covers another, a point, or the edge."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
GAP = 3.0  # px between a point and its label
LINE = 1.25  # height of a label, in its font size
# Where a label may stand, best first: its way from the point in x and y.
PLACES = ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (1, 1), (-1, -1), (-1, 1))
_ALIGN: dict[int, Literal["left", "center", "right"]] = {1: "left", 0: "center", -1: "right"}
_NARROW = set("iíìîïjltfr.,:;'’!|()[] IІі·-")
_WIDE = set("mwMWшщюжфмЖШЩЮМФ—…@%")


@dataclass(frozen=True)
class Placed:
    """The label of point `row`: it starts, ends or has its middle at `x`, by `align`, and its middle is at `y`, in px."""

    row: int
    x: float
    y: float
    align: Literal["left", "center", "right"]


def place(
    points: F64,
    widths: Sequence[float],
    order: Sequence[float],
    *,
    size: tuple[float, float],
    radius: float,
    font: float,
) -> list[Placed]:
    """A place for the labels of `points` (n, 2) in px, those first that come first by `order` (n,); none where all eight are taken.

    `widths` (n,) of the labels; `size`: of the ground, from (0, 0); `radius` of the points; `font`: size of the letters, all in px. Greedy, as in Yoeli
    (1972): a label that stands is not moved again.

    >>> place(np.array([[50.0, 50.0], [55.0, 50.0]]), [30, 30], [0, 1], size=(200, 100), radius=3, font=12)
    [Placed(row=0, x=44.0, y=50.0, align='right'), Placed(row=1, x=61.0, y=50.0, align='left')]
    """
    height = LINE * font
    marks = np.concatenate([points - radius, points + radius], axis=1)  # left, top, right, bottom
    labels = np.empty((len(points), 4))
    placed: list[Placed] = []
    for row in np.argsort(np.asarray(order), kind="stable").tolist():
        x, y, width = float(points[row, 0]), float(points[row, 1]), float(widths[row])
        others = np.delete(marks, row, axis=0)
        for right, down in PLACES:
            away = (radius + GAP) * (0.7 if right and down else 1.0)
            start = x + right * away - (1 - right) / 2 * width
            middle = y + down * (away + height / 2)
            box = np.array([start, middle - height / 2, start + width, middle + height / 2])
            inside = min(box) >= 0 and box[2] <= size[0] and box[3] <= size[1]
            if inside and not _touches(box, others) and not _touches(box, labels[: len(placed)]):
                labels[len(placed)] = box
                placed.append(Placed(row, start + (1 - right) / 2 * width, middle, _ALIGN[right]))
                break
    return placed


def label_text(text: str, limit: int) -> str:
    """`text` without what cannot be drawn, joiners kept, cut to `limit` characters.

    >>> label_text("a\\x1b[31mb\\n", 9)
    'a [31mb'
    """
    shown = "".join(c if c.isprintable() or c in "\u200c\u200d" else " " for c in text).strip()
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def text_width(text: str, font: float) -> float:
    """How wide `text` is about, in px, in a sans-serif of size `font`: rather too wide than too narrow."""
    return font * (0.2 + sum(map(_em, text)))


def _touches(box: F64, others: F64) -> bool:
    across = (others[:, 0] < box[2]) & (others[:, 2] > box[0])
    return bool((across & (others[:, 1] < box[3]) & (others[:, 3] > box[1])).any())


def _em(char: str) -> float:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0.0
    if unicodedata.east_asian_width(char) in "WF":
        return 1.0
    if char in _NARROW:
        return 0.36
    return 0.9 if char in _WIDE else 0.7 if char.isupper() or ord(char) >= 0x900 else 0.59
