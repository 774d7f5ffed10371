"""Charts of the report as Vega-Lite specifications: no background, so that they lie on a light page and on a dark one.

Altair is imported inside the functions: whoever draws nothing does not wait for it.
"""

from typing import Any

Row = dict[str, Any]
Chart = dict[str, Any]

# Between white and black in lightness: legible on either page.
COLOURS = (
    "#2f74d0", "#c8641b", "#1f8a54", "#cf3f63", "#8659cf", "#0d8795", "#8f6f2c", "#b9478f", "#6b7f1f", "#5d6bc0", "#a3543f",
    "#647687",
)  # fmt: skip
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")
TONES = ("rgba(47,116,208,1)", "rgba(47,116,208,0.6)", "rgba(47,116,208,0.34)")
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"


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


def word_map(rows: list[Row], there: list[str], colours: list[str], explained: tuple[float, float]) -> Chart:
    """Points by language, each tied to the centre of its concept. The page adds the labels, where there is room.

    A row: word, lang, concept, order (of labels), x, y, cx, cy.
    """
    import altair as alt

    near = alt.selection_point(name="near", fields=["concept"], on="pointerover", clear="pointerout")
    base = alt.Chart({"values": rows}).encode(
        **_axes(explained), color=alt.Color("lang:N", scale=alt.Scale(domain=there, range=colours), legend=_legend())
    )
    ties = base.mark_rule(strokeWidth=1).encode(
        x2="cx:Q", y2="cy:Q", opacity=alt.condition(near, alt.value(0.45), alt.value(0.05))
    )
    points = base.mark_circle(size=50).encode(
        tooltip=["word:N", alt.Tooltip("lang:N", title="language"), alt.Tooltip("concept:N", title="translations")],
        opacity=alt.condition(near, alt.value(1), alt.value(0.12)),
    )
    return _finished(ties + points.add_params(near), height=760)


def page_map(
    rows: list[Row], there: list[str], kinds: list[str], by: str, colours: list[str], explained: tuple[float, float]
) -> Chart:
    """Points by topic, shapes by language. A row: id, title, lang, group, x, y."""
    import altair as alt

    near = alt.selection_point(name="near", fields=["id"], on="pointerover", clear="pointerout")
    shapes = [SHAPES[i % len(SHAPES)] for i in range(len(there))]
    tooltip = ["title:N", alt.Tooltip("lang:N", title="language"), alt.Tooltip("group:N", title=by), "id:N"]
    if by == "language":
        tooltip.pop(2)
    points = alt.Chart({"values": rows}).mark_point(filled=True, size=75, strokeWidth=0)
    return _finished(
        points.encode(
            **_axes(explained), tooltip=tooltip, opacity=alt.condition(near, alt.value(0.85), alt.value(0.08)),
            color=alt.Color("group:N", scale=alt.Scale(domain=kinds, range=colours), legend=_legend()),
            shape=alt.Shape("lang:N", scale=alt.Scale(domain=there, range=shapes), legend=_legend("#7d8792")),
        ).add_params(near),
        height=560,
    )  # fmt: skip


def _axes(explained: tuple[float, float]) -> Row:
    """Both principal components; their numbers mean nothing by themselves and are not printed."""
    import altair as alt

    def axis(i: int) -> Any:
        title = f"principal component {i + 1} · {explained[i]:.0%} of the variance"
        return alt.Axis(title=title, labels=False, ticks=False, tickCount=8)

    scale = alt.Scale(zero=False, nice=False, padding=26)
    return {"x": alt.X("x:Q", scale=scale, axis=axis(0)), "y": alt.Y("y:Q", scale=scale, axis=axis(1))}


def _legend(fill: str | None = None) -> Any:
    """A row above the chart; the page, which knows its width, sets the number of columns."""
    import altair as alt

    colour: Any = alt.Undefined if fill is None else fill
    return alt.Legend(
        title=None, symbolFillColor=colour, orient="top", symbolOpacity=1, symbolStrokeWidth=0, symbolSize=90
    )


def _finished(chart: Any, height: Any) -> Chart:
    """The specification, as wide as its place on the page, text legible at 400 px."""
    settled = chart.properties(width="container", height=height, background="transparent").configure(font=FONT)
    settled = settled.configure_view(stroke=None).configure_axis(
        labelFontSize=12, titleFontSize=12, titleFontWeight="normal", domain=False
    )
    spec: Chart = settled.configure_legend(labelFontSize=13, columnPadding=14).to_dict()
    del spec["$schema"]  # an address: the page names none
    return spec
