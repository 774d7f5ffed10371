"""`align map`: documents or words of a warehouse on a plane, as a picture or a page."""

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from align.errors import InputError, printable

if TYPE_CHECKING:
    from flows.maps import SpaceMap

out = Console()
err = Console(stderr=True)

DEFAULT = Path("warehouse/data")
FORMATS = (".svg", ".png", ".html")
LEAST, MOST = 400, 10_000  # px
LABELLED = 400  # documents; among more there is no room for a title
_SIZE = re.compile(r"(\d{1,9})x(\d{1,9})")


def draw(
    output: Annotated[Path, typer.Option("--output", "-o", help="Picture or page to write: .svg, .png or .html.")],
    what: Annotated[Literal["documents", "words"], typer.Option("--what", help="What the points are.")] = "documents",
    into: Annotated[str | None, typer.Option("--into", help="Languages to show, with commas; default all.")] = None,
    color: Annotated[
        str, typer.Option("--color", help="What colours show: lang, or for documents a column of metadata.")
    ] = "lang",
    words: Annotated[
        str | None,
        typer.Option("--words", help="Words to show: a file, a word (or fr:word) a line, or a list with commas."),
    ] = None,
    points: Annotated[
        int | None, typer.Option("--points", min=3, max=1_000_000, help="At most so many; default what can be read.")
    ] = None,
    method: Annotated[
        Literal["pca", "umap"], typer.Option("--method", help="Principal components, or UMAP where it is installed.")
    ] = "pca",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Draws the sample of documents, and starts UMAP.")] = 0,
    size: Annotated[str, typer.Option("--size", help="Width x height in px.")] = "900x700",
    warehouse: Annotated[Path, typer.Option("--warehouse", help="Folder of the warehouse.")] = DEFAULT,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON alone, with the points, on standard output.")
    ] = False,
) -> None:
    """Draw documents or words of several languages on a plane.

    Their first two principal components, by default of all documents, coloured by language. Words: those asked for, else
    words of the held-out dictionary tied to their translations, else the most frequent.

    Example: align map -o map.svg --what documents --color topic
    """
    import warehouse as store
    from flows import maps

    width, height = _size(size)
    if output.suffix.lower() not in FORMATS:
        raise InputError("map.bad_format", f"no such picture; the name ends in {', '.join(FORMATS)}", path=output)
    if what == "documents" and words is not None:
        raise typer.BadParameter("--words goes with --what words")
    if what == "words" and color != "lang":
        raise InputError("map.no_column", f"words have no metadata {printable(repr(color))}; colours may show lang")
    codes = None if into is None else [code.strip() for code in into.split(",") if code.strip()]
    with store.open(warehouse) as wh:
        if what == "words":
            asked = None if words is None else read_words(words)
            found = maps.map_words(wh, codes, words=asked, method=method, seed=seed, points=points)
        else:
            found = maps.map_documents(wh, codes, color=color, method=method, seed=seed, points=points or maps.POINTS)
        version = wh.version
    titles = what == "words" or found.shown <= LABELLED
    said = [
        *sentences(found, what, seed),
        "Labels where there is room" if titles else f"No labels, as there are more than {LABELLED}",
    ]
    warning = _write(found, output, (width, height), said, version, titles=titles)
    if as_json:
        told = {
            "file": str(output), "what": what, "languages": found.languages, "color": found.by, "method": method, "seed": seed,
            "shown": found.shown, "of": found.of, "chosen": found.chosen, "unknown": list(found.unknown), "fitted": found.plane.fitted,
            "explained": found.plane.explained, "warnings": [warning] if warning else [],
            "points": [{key: row[key] for key in ("id", "word", "lang", "group", "x", "y") if key in row} for row in found.rows],
        }  # fmt: skip
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        return
    for line in (*said, f"written to {output}"):
        out.print(line, markup=False, highlight=False, soft_wrap=True)
    if warning:
        err.print(f"warning: {warning}", markup=False, highlight=False, soft_wrap=True)


def read_words(text: str) -> list[str]:
    """The words of a file of that name, a line each, else those that commas part in `text`.

    Raises InputError `file.not_utf8` and what `open_bytes` raises.
    """
    from align.compressed import open_bytes

    if not Path(text).is_file():
        return [word.strip() for word in text.split(",") if word.strip()]
    with open_bytes(text) as reader:
        try:
            lines = reader.read().decode("utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            what = f"byte {error.start} is no UTF-8; convert the file to UTF-8"
            raise InputError("file.not_utf8", what, path=text) from None
    return [line.strip() for line in lines if line.strip()]


def sentences(found: "SpaceMap", what: str, seed: int) -> list[str]:
    """What a map shows, of how much, and how much of the space it keeps."""
    from flows.charts import SHAPES

    by = found.by if found.by == "language" else f"{printable(found.by)}, shaped by language"
    said = [f"{found.shown:,} of {found.of:,} {found.chosen}; {', '.join(found.languages)}, coloured by {by}"]
    if found.by != "language" and len(found.languages) > len(SHAPES):
        said.append(f"{len(SHAPES)} shapes for {len(found.languages)} languages: some share one")
    if missing := sum(row.get("group", "") is None for row in found.rows):
        said.append(f"{missing:,} without {printable(found.by)}, in grey")
    drawn = "" if found.plane.fitted == found.shown else f" drawn by seed {seed}"
    fitted = f"the {found.plane.fitted:,} {what}{drawn}"
    if found.plane.explained is None:
        said.append(f"UMAP by cosine of {fitted}, seed {seed}: near is alike, far apart says little")
    else:
        first, second = (100 * share for share in found.plane.explained)
        both = f"{first:.1f} % + {second:.1f} % = {first + second:.1f} %"
        said.append(f"Principal components 1 and 2 explain {both} of the variance of {fitted}")
    if found.unknown:
        shown = printable(", ".join(found.unknown), 120)
        said.append(f"Without a vector in the languages shown, {len(found.unknown):,}: {shown}")
    return said


def _write(
    found: "SpaceMap", output: Path, size: tuple[int, int], said: list[str], version: str, *, titles: bool
) -> str | None:
    """The file; a sentence about what it does not show as it is written, or None."""
    from align.compressed import replacing
    from flows import charts, fonts
    from flows.outlines import outlined
    from flows.page import write_page

    width, height = size
    kind = output.suffix.lower()
    if kind == ".html":
        chart = {**found.chart, "height": height}
        spec = charts.labelled(chart) if titles else chart
        write_page("map.html.j2", output, {}, spec=spec, said=said, width=width, title=_title(found), snapshot=version)
        return None
    import vl_convert

    fonts.register()
    title = f"{_title(found)} · {found.shown:,} of {found.of:,}"
    svg = vl_convert.vega_to_svg(charts.picture(found.chart, width, height, title, found.rows if titles else []))
    with replacing(output) as file:
        file.write(vl_convert.svg_to_png(outlined(svg)) if kind == ".png" else svg.encode("utf-8", "replace"))
    return fonts.warn_of(_texts(found, titles)) if kind == ".png" else None


def _title(found: "SpaceMap") -> str:
    return f"{'Words' if found.concepts else 'Documents'} in {', '.join(found.languages)}, by {printable(found.by)}"


def _texts(found: "SpaceMap", titles: bool) -> list[str]:
    """The texts of a picture that are not ours."""
    keys = ("label", "group") if titles else ("group",)
    return [found.by, *(str(row[key]) for row in found.rows for key in keys if key in row)]


def _size(text: str) -> tuple[int, int]:
    given = _SIZE.fullmatch(text)
    width, height = map(int, given.groups()) if given else (0, 0)
    if not (LEAST <= width <= MOST and LEAST <= height <= MOST):
        raise typer.BadParameter(
            f"{text!r}: --size is width x height in px, such as 900x700, each from {LEAST} to {MOST:,}"
        )
    return width, height
