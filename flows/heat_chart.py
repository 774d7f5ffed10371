"""The drawing of a heat map, a Vega specification: rows and columns are words, at the edges stands what each adds in all."""

import math

import numpy as np

from flows.charts import COLOURS, OTHER, SOFT, Chart
from flows.fonts import PAGE, font_stack
from flows.heat_map import HeatMap, Side
from flows.labels import label_text, text_width

PLUS, MINUS = COLOURS[:2]  # told apart by whoever sees no red or no green
STEP, LEAST = 27, 15  # px, width of a column where there is room and where there is none
ROW = 23  # px
BAR, GAP, NUMBER = 58, 8, 38  # px: bars of sums, what parts them from the cells, and room for their numbers
WIDE = 640  # px that a title may be in any case
WORD = 22  # characters of a word that is drawn
FONT = 12
FADE = 0.8  # power of a share that its colour goes by: one strong pair would leave the others no colour


def heat_chart(found: HeatMap) -> Chart:
    """`found` as a Vega specification without a background, whose columns become narrower where the page is."""
    rows, columns = found.cells.shape
    side = max((text_width(label_text(word, WORD), FONT) for word in found.query.words), default=0.0) + GAP
    room = f"isFinite(containerSize()[0]) ? containerSize()[0] - {side + GAP + BAR + NUMBER:.0f} : {STEP * columns}"
    step = f"clamp(({room}) / {max(columns, 1)}, {LEAST}, {STEP})"
    sums = np.concatenate([found.query.sums, found.document.sums, [0.0]])
    bars = {"type": "linear", "domain": [float(sums.min()), float(sums.max()) or 1.0], "nice": False, "zero": True}
    across, down = f"{columns} * step", rows * ROW
    return {
        "description": "Heat map: what each pair of words adds to the score",
        "background": "transparent",
        "signals": [
            {"name": "step", "init": step, "on": [{"events": "window:resize", "update": step}]},
            {"name": "width", "update": f"{across} + {GAP + BAR + NUMBER}"},
        ],
        "height": down + GAP + BAR + NUMBER,
        "data": [
            {"name": "rows", "values": _words(found.query)}, {"name": "columns", "values": _words(found.document)},
            {"name": "cells", "values": _cells(found)},
        ],
        "scales": [
            {"name": "x", "type": "band", "domain": [*range(columns)], "range": [0, {"signal": across}]},
            {"name": "y", "type": "band", "domain": [*range(rows)], "range": [0, down]},
            _colours(found),
            {"name": "right", **bars, "range": [{"signal": f"{across} + {GAP}"}, {"signal": f"{across} + {GAP + BAR}"}]},
            {"name": "below", **bars, "range": [down + GAP, down + GAP + BAR]},
        ],
        "axes": [_axis("left", "y", "rows"), _axis("top", "x", "columns")],
        "legends": [{
            "fill": "colour", "type": "gradient", "orient": "bottom", "direction": "horizontal", "gradientLength": 240, "gradientThickness": 11,
            "title": "what a pair of words adds to the score", "titleLimit": 400, "values": _ticks(found), "offset": 14,
            "encode": {"labels": {"update": {"text": {"signal": "datum.value ? format(datum.value, '+.3~r') : '0'"}}}},
        }],
        "marks": [
            _rect({"x": {"value": 0}, "y": {"value": 0}, "x2": {"signal": across}, "y2": {"value": down}}, OTHER, 0.07),
            _cell_marks(), *_sums("rows", across, down), *_sums("columns", across, down),
        ],
        "config": {
            "font": PAGE, "legend": {"labelFontSize": 11, "titleFontSize": 12, "titleFontWeight": "normal", "titlePadding": 6},
            "axis": {"domain": False, "ticks": False, "labelFontSize": FONT, "titleFontSize": FONT, "titleFontWeight": "normal"},
        },
    }  # fmt: skip


def heat_picture(found: HeatMap, title: str) -> Chart:
    """The same as a picture of its own: a light ground, `title` above it."""
    heading = {
        "text": title, "anchor": "start", "fontSize": 13, "fontWeight": "normal", "color": SOFT, "offset": 16, "frame": "bounds",
        "limit": max(STEP * found.cells.shape[1] + BAR + NUMBER, WIDE),
    }  # fmt: skip
    return {**heat_chart(found), "background": "#ffffff", "padding": 16, "title": heading}


def texts_of(found: HeatMap) -> list[str]:
    """The texts of a picture that are not ours."""
    return [label_text(word, WORD) for side in (found.query, found.document) for word in side.words]


def _words(side: Side) -> list[Chart]:
    return [
        {
            "i": i,
            "word": label_text(word, 60),
            "label": label_text(word, WORD),
            "sum": round(float(share), 6),
            "font": font_stack(word, side.lang),
        }
        for i, (word, share) in enumerate(zip(side.words, side.sums, strict=True))
    ]


def _cells(found: HeatMap) -> list[Chart]:
    """A row of data per cell that is not zero; similarity null where a word has no vector."""
    at = np.argwhere((found.cells != 0) | ~np.isnan(found.parts["similarity"]))
    rounded = {name: np.round(part, 6).tolist() for name, part in found.parts.items()}
    return [
        {"r": r, "c": c, **{name: None if math.isnan(part[r][c]) else part[r][c] for name, part in rounded.items()}}
        for r, c in at.tolist()
    ]


def _most(found: HeatMap) -> float:
    """The end of the scale of colours: the largest share, rounded up to a number that is easily read."""
    most = float(np.abs(found.cells).max(initial=0.0)) or 1.0
    unit = 10.0 ** math.floor(math.log10(most))
    return next(step * unit for step in (1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10) if most <= step * unit * (1 + 1e-9))


def _ticks(found: HeatMap) -> list[float]:
    return [share * _most(found) for share in (-1, -0.25, 0, 0.25, 1)]


def _colours(found: HeatMap) -> Chart:
    """From one colour over none at zero to another: what is near zero is near the page, whether that is light or dark."""
    most, none = _most(found), 1e-6
    ends = [_rgba(MINUS, 1), _rgba(MINUS, 0), _rgba(PLUS, 0), _rgba(PLUS, 1)]
    return {
        "name": "colour",
        "type": "pow",
        "exponent": FADE,
        "domain": [-most, -none, none, most],
        "range": ends,
        "clamp": True,
    }


def _rgba(colour: str, alpha: float) -> str:
    return f"rgba({', '.join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))}, {alpha})"


def _axis(orient: str, scale: str, data: str) -> Chart:
    """Words at an edge. The scale knows numbers only, so that words that are drawn alike stay two."""
    labels: Chart = {
        "text": {"signal": f"data('{data}')[datum.value].label"},
        "font": {"signal": f"data('{data}')[datum.value].font"},
    }
    if orient == "top":
        labels |= {"angle": {"value": -50}, "align": {"value": "left"}, "baseline": {"value": "middle"}}
    return {
        "orient": orient,
        "scale": scale,
        "labelPadding": 6,
        "labelOverlap": False,
        "encode": {"labels": {"update": labels}},
    }


def _rect(at: Chart, fill: str, opacity: float) -> Chart:
    shown = {**at, "fill": {"value": fill}, "fillOpacity": {"value": opacity}}
    return {"type": "rect", "interactive": False, "aria": False, "encode": {"update": shown}}


def _cell_marks() -> Chart:
    pair = "data('rows')[datum.r].word + ' – ' + data('columns')[datum.c].word"
    numbers = {
        "adds": "format(datum.share, '+.4f')",
        "of that pooled": "format(datum.pooled, '+.4f')",
        "aligned": "format(datum.aligned, '+.4f')",
        "written alike": "format(datum.written, '+.4f')",
        "similarity": "datum.similarity == null ? '–' : format(datum.similarity, '.3f')",
    }
    told = ", ".join(f"'{name}': {value}" for name, value in numbers.items())
    said = " + ".join(f"', {name} ' + ({value})" for name, value in numbers.items())
    place = {
        "x": {"scale": "x", "field": "c", "offset": 0.5}, "y": {"scale": "y", "field": "r", "offset": 0.5},
        "width": {"scale": "x", "band": 1, "offset": -1}, "height": {"scale": "y", "band": 1, "offset": -1},
    }  # fmt: skip
    return {
        "type": "rect", "from": {"data": "cells"}, "role": "mark",
        "encode": {
            "enter": {
                "fill": {"scale": "colour", "field": "share"}, "tooltip": {"signal": f"{{'words': {pair}, {told}}}"},
                "description": {"signal": f"{pair} + {said}"}, "cornerRadius": {"value": 1.5},
            },
            "update": {**place, "stroke": {"value": None}},
            "hover": {"stroke": {"value": OTHER}, "strokeWidth": {"value": 1.5}},
        },
    }  # fmt: skip


def _sums(data: str, across: str, down: int) -> list[Chart]:
    """What every word adds in all: a bar that begins at the cells, and its number."""
    right = data == "rows"
    along, over, band = ("y", "x", "height") if right else ("x", "y", "width")
    scale, end = ("right", f"{across} + {GAP + BAR + NUMBER}") if right else ("below", f"{down + GAP + BAR + 6}")
    bar = {
        over: {"scale": scale, "field": "sum"}, f"{over}2": {"scale": scale, "value": 0}, along: {"scale": along, "field": "i", "band": 0.22},
        band: {"scale": along, "band": 0.56}, "fill": {"signal": f"datum.sum < 0 ? '{MINUS}' : '{PLUS}'"}, "fillOpacity": {"value": 0.75},
    }  # fmt: skip
    told = "datum.word + ' adds ' + format(datum.sum, '+.4f')"
    number = {
        over: {"signal": end}, along: {"scale": along, "field": "i", "band": 0.5}, "text": {"signal": "format(datum.sum, '.2f')"},
        "angle": {"value": 0 if right else -90},
    }  # fmt: skip
    head = (
        {"x": {"signal": end}, "y": {"value": -10}}
        if right
        else {"x": {"value": -GAP}, "y": {"value": down + GAP + BAR + 14}}
    )
    soft = {
        "align": {"value": "right"},
        "baseline": {"value": "middle"},
        "fontSize": {"value": 10.5},
        "fill": {"value": SOFT},
    }
    return [
        {"type": "text", "interactive": False, "aria": False, "encode": {"update": {**head, **soft, "text": {"value": "in all"}}}},
        {
            "type": "rect", "from": {"data": data}, "encode": {
                "enter": {"tooltip": {"signal": told}, "description": {"signal": told}}, "update": bar},
        },
        {"type": "text", "from": {"data": data}, "interactive": False, "aria": False, "encode": {"update": {**number, **soft}}},
    ]  # fmt: skip
