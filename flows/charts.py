"""Charts of the report as Vega-Lite specifications: no background, so that they lie on a light page and on a dark one.

Altair is imported inside the functions: whoever draws nothing does not wait for it.
"""

import math
from typing import Any

import numpy as np

from flows.fonts import PAGE
from flows.labels import place, text_width

Row = dict[str, Any]
Chart = dict[str, Any]
Explained = tuple[float, float] | None

# Between white and black in lightness: legible on either page.
COLOURS = (
    "#2f74d0", "#c8641b", "#1f8a54", "#cf3f63", "#8659cf", "#0d8795", "#8f6f2c", "#b9478f", "#6b7f1f", "#5d6bc0", "#a3543f",
    "#647687",
)  # fmt: skip
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")
TONES = ("rgba(47,116,208,1)", "rgba(47,116,208,0.6)", "rgba(47,116,208,0.34)")
OTHER = "#8b949d"  # values that no colour tells apart, and none
RAMP = (COLOURS[0], COLOURS[4], COLOURS[3], COLOURS[1])  # of numbers, low to high
SOFT = "#5d6671"  # of a title
LABEL = 12  # px, letters of a label
TITLE = 44  # characters of a document's title that fit beside its point
ANCHORS = ("right", "left", "top", "bottom", "top-right", "bottom-right", "top-left", "bottom-left")
LEGEND_COLUMN = 88  # px


def palette(values: list[str], among: list[str]) -> list[str]:
    """A colour for each of `values`, by its place `among` all that are coloured on the page."""
    return [COLOURS[among.index(value) % len(COLOURS)] for value in values]


def bars(rows: list[Row], measures: list[str], axis: str) -> Chart:
    """A bar per pair and measure. A row: pair, note (printed under the pair), measure, share."""
    import altair as alt

    # One axis label of two lines: the pair and, beside every precision, what it is a share of.
    label = alt.Axis(
        title=None,
        labelExpr="split(datum.value, '|')",
        labelLineHeight=15,
        labelPadding=10,
        labelLimit=150,
        ticks=False,
    )
    percent = alt.Axis(title=axis, format=".0%", values=[0, 0.25, 0.5, 0.75, 1], ticks=False)
    labelled = [{**row, "label": f"{row['pair']}|{row['note']}"} for row in rows]
    base = alt.Chart({"values": labelled}).encode(
        x=alt.X("share:Q", scale=alt.Scale(domain=[0, 1.07], nice=False), axis=percent),
        y=alt.Y("label:N", sort=None, axis=label, scale=alt.Scale(paddingInner=0.35, paddingOuter=0.2)),
        yOffset=alt.YOffset("measure:N", sort=measures, scale=alt.Scale(paddingInner=0.1)),
        tooltip=["pair:N", "measure:N", alt.Tooltip("share:Q", format=".1%"), alt.Tooltip("note:N", title="of")],
    )
    scale = alt.Scale(domain=measures, range=list(TONES[: len(measures)]))
    drawn = base.mark_bar(cornerRadiusEnd=2).encode(color=alt.Color("measure:N", scale=scale, legend=_legend()))
    text = base.mark_text(align="left", dx=5, fontSize=11).encode(text=alt.Text("percent:N"))
    text = text.transform_calculate(percent="format(100 * datum.share, '.0f')")
    return _finished(drawn + text, height=alt.Step(15, **{"for": "offset"}))


def word_map(rows: list[Row], there: list[str], among: list[str], explained: Explained, height: int = 760) -> Chart:
    """Points by language, each tied to the centre of its concept. `labelled` adds the words, where there is room.

    A row: word, lang, concept, order (of labels), font, x, y, cx, cy. `among`: every language that has a colour.
    """
    import altair as alt

    near = alt.selection_point(name="near", fields=["concept"], on="pointerover", clear="pointerout")
    base = alt.Chart({"values": rows}).encode(**_axes(explained), color=_colour("lang:N", there, palette(there, among)))
    ties = base.mark_rule(strokeWidth=1).encode(
        x2="cx:Q", y2="cy:Q", opacity=alt.condition(near, alt.value(0.45), alt.value(0.05))
    )
    # A shape for each twelve languages: colours come again then.
    shapes = [SHAPES[among.index(lang) // len(COLOURS) % len(SHAPES)] for lang in there]
    points = base.mark_point(filled=True, size=50, strokeWidth=0).encode(
        shape=alt.Shape("lang:N", scale=alt.Scale(domain=there, range=shapes), legend=_legend()),
        tooltip=["word:N", alt.Tooltip("lang:N", title="language"), alt.Tooltip("concept:N", title="translations")],
        opacity=alt.condition(near, alt.value(1), alt.value(0.12)),
    )
    return _finished(ties + points.add_params(near), height)


def page_map(
    rows: list[Row], there: list[str], by: str, kinds: list[str] | None, among: list[str], explained: Explained, height: int = 560
) -> Chart:  # fmt: skip
    """Documents by a column of metadata in colour, by language in shape; `labelled` adds titles, where there is room.

    A row: id, title, lang, group, label, order, font, x, y. `by`: what `group` is. `kinds`: its values, of which the last may be one for all
    others, `among` those that have a colour; None for numbers, whose colours are a scale.
    """
    import altair as alt

    near = alt.selection_point(name="near", fields=["id"], on="pointerover", clear="pointerout")
    tooltip = ["title:N", alt.Tooltip("lang:N", title="language"), alt.Tooltip("group:N", title=by), "id:N"]
    legend = _legend("#7d8792")
    if by == "language":  # one legend for colour and shape
        tooltip.pop(2)
        legend, colour = _legend(), _colour("lang:N", there, palette(there, among))
    elif kinds is None:
        bar = alt.Legend(title=by, orient="top", titleFontWeight="normal", format="~f", gradientLength=180)
        colour = alt.Color("group:Q", scale=alt.Scale(range=list(RAMP)), legend=bar)
    else:
        colours = [COLOURS[among.index(value) % len(COLOURS)] if value in among else OTHER for value in kinds]
        colour = _colour("group:N", kinds, colours)
    shapes = [SHAPES[i % len(SHAPES)] for i in range(len(there))]
    points = alt.Chart({"values": rows}).mark_point(filled=True, size=75, strokeWidth=0, invalid=None)
    return _finished(
        points.encode(
            **_axes(explained), tooltip=tooltip, opacity=alt.condition(near, alt.value(0.85), alt.value(0.08)), color=colour,
            shape=alt.Shape("lang:N", scale=alt.Scale(domain=there, range=shapes), legend=legend),
        ).add_params(near),
        height,
    )  # fmt: skip


def labelled(chart: Chart) -> Chart:
    """`chart` as a Vega specification for a browser, and beside its points the `label` of each row, in its font and their colour.

    Vega tries eight places around each point, first for the rows that come first by `order`, and leaves out what would overlap.
    """
    import vl_convert

    vega: Chart = vl_convert.vegalite_to_vega(chart)
    vega.pop("$schema", None)
    points = next(mark for mark in vega["marks"] if mark["type"] == "symbol")
    enter = {"text": {"field": "datum.label"}, "font": {"field": "datum.font"}, "fontSize": {"value": LABEL}}
    update = {"fill": {"field": "fill"}, "fillOpacity": {"field": "opacity"}}
    room = {
        "type": "label", "size": {"signal": "[width, height]"}, "sort": {"field": "datum.datum.order"}, "padding": 0,
        "anchor": list(ANCHORS), "offset": [2, 2, 2, 2, 1, 1, 1, 1],
    }  # fmt: skip
    vega["marks"].append({
        "type": "text", "from": {"data": points["name"]}, "interactive": False, "transform": [room],
        "encode": {"enter": enter, "update": update},
    })  # fmt: skip
    return vega


def picture(chart: Chart, width: int, height: int, title: str, labels: list[Row]) -> Chart:
    """`chart` as a picture of its own, a Vega specification: `width` x `height` px, a light ground, `title` above it.

    `labels`: the rows of its points, in order, whose labels are to be drawn where there is room; [] for none.
    """
    import vl_convert

    config = chart["config"]
    legend = {
        **config["legend"], "columns": max(2, (width - 40) // LEGEND_COLUMN),
        "layout": {"top": {"direction": "vertical", "anchor": "start", "margin": 8}},
    }  # fmt: skip
    heading = {
        "text": title,
        "anchor": "start",
        "fontSize": 13,
        "fontWeight": "normal",
        "color": SOFT,
        "offset": 10,
        "limit": width - 28,
    }
    vega: Chart = vl_convert.vegalite_to_vega({
        **chart, "width": width, "height": height, "autosize": {"type": "fit", "contains": "padding"}, "background": "#ffffff",
        "padding": 14, "title": heading, "config": {**config, "legend": legend},
    })  # fmt: skip
    if labels:
        vega["marks"].append(_placed(vega, labels))
    return vega


def _placed(vega: Chart, labels: list[Row]) -> Chart:
    """A text mark with the labels that find a place: the transform of `labelled` needs a browser."""
    import vl_convert

    ground = vl_convert.vega_to_scenegraph(vega)["scenegraph"]["items"][0]
    points = next(mark for mark in ground["items"] if mark["marktype"] == "symbol")["items"]
    at = np.array([[point["x"], point["y"]] for point in points])
    widths = [text_width(row["label"], LABEL) for row in labels]
    found = place(
        at, widths, [row["order"] for row in labels], size=(ground["width"], ground["height"]), font=LABEL,
        radius=math.sqrt(points[0]["size"]) / 2,
    )  # fmt: skip
    values = [
        {
            "x": text.x, "y": text.y, "align": text.align, "text": labels[text.row]["label"], "font": labels[text.row]["font"],
            "fill": points[text.row]["fill"],
        }
        for text in found
    ]  # fmt: skip
    vega["data"].append({"name": "labels", "values": values})
    fields = {name: {"field": name} for name in ("x", "y", "align", "text", "font", "fill")}
    encode = {"enter": {**fields, "fontSize": {"value": LABEL}, "baseline": {"value": "middle"}}}
    return {"type": "text", "from": {"data": "labels"}, "interactive": False, "encode": encode}


def _axes(explained: Explained) -> Row:
    """Both axes; their numbers mean nothing by themselves and are not printed."""
    import altair as alt

    def axis(i: int) -> Any:
        title = f"UMAP {i + 1}"
        if explained is not None:
            title = f"principal component {i + 1} · {explained[i]:.0%} of the variance"
        return alt.Axis(title=title, labels=False, ticks=False, tickCount=8)

    scale = alt.Scale(zero=False, nice=False, padding=26)
    return {"x": alt.X("x:Q", scale=scale, axis=axis(0)), "y": alt.Y("y:Q", scale=scale, axis=axis(1))}


def _colour(field: str, values: list[str], colours: list[str]) -> Any:
    import altair as alt

    return alt.Color(field, scale=alt.Scale(domain=values, range=colours), legend=_legend())


def _legend(fill: str | None = None) -> Any:
    """A row above the chart; the page, which knows its width, sets the number of columns."""
    import altair as alt

    colour: Any = alt.Undefined if fill is None else fill
    return alt.Legend(
        title=None, symbolFillColor=colour, orient="top", symbolOpacity=1, symbolStrokeWidth=0, symbolSize=90
    )


def _finished(chart: Any, height: Any) -> Chart:
    """The specification, as wide as its place on the page, text legible at 400 px."""
    settled = chart.properties(width="container", height=height, background="transparent").configure(font=PAGE)
    settled = settled.configure_view(stroke=None).configure_axis(
        labelFontSize=12, titleFontSize=12, titleFontWeight="normal", domain=False
    )
    spec: Chart = settled.configure_legend(labelFontSize=13, columnPadding=14).to_dict()
    spec["config"]["scale"] = {"invalid": {"color": {"value": OTHER}}}
    del spec["$schema"]  # an address: the page names none
    return spec
