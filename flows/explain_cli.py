"""`align explain`: why a text and a document match, as a table, as a heat map, or as a page with both."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import polars as pl
import typer
from rich.console import Console

from align.errors import InputError, printable

if TYPE_CHECKING:
    from flows.heat_map import HeatMap
    from warehouse import Warehouse

out = Console()
err = Console(stderr=True)

FORMATS = (".html", ".svg", ".png")
TITLE = 48  # characters of each text in a title


def explain(
    text: str,
    lang: Annotated[str, typer.Option("--lang", help="Language of the text.")],
    doc: Annotated[str, typer.Option("--doc", help="Id of the document.")],
    doc_lang: Annotated[
        str | None, typer.Option("--doc-lang", help="Its language; default: wherever the id is unique.")
    ] = None,
    top: Annotated[int, typer.Option("--top", min=1, help="Word pairs to show.")] = 20,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Page or heat map to write: .html, .svg or .png.")
    ] = None,
    warehouse: Annotated[Path, typer.Option("--warehouse", help="Folder of the warehouse.")] = Path("warehouse/data"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON alone on standard output.")] = False,
) -> None:
    """Show why a text and a document match.

    Lists the word pairs that make their score, largest first: by pooled vectors, by words aligned, by what is written alike.
    With -o also as a heat map of both texts, alone (.svg, .png) or on a page with the texts and the table (.html).

    Example: align explain "how do I bake bread?" --lang en --doc bread-baking --doc-lang fr -o why.html
    """
    import warehouse as store

    if output is not None and output.suffix.lower() not in FORMATS:
        raise InputError("explain.bad_format", f"no such picture; the name ends in {', '.join(FORMATS)}", path=output)
    with store.open(warehouse) as wh:
        doc_lang = doc_lang or _only_language(wh, doc)
        table = wh.explain(text, lang, doc, doc_lang, top=None)
        told = None if output is None else _write(wh, table, (text, lang), (doc, doc_lang), top, output)
        routes = [row for each in ((text, lang), (_text(wh, doc, doc_lang), doc_lang)) for row in _routes(wh, *each)]
    score, hubness = float(table["share"].sum()), float(table["share"][-1])
    shown = table.head(min(top, table.height - 1)).to_dicts()
    if as_json:
        said = {
            "score": score,
            "hubness": hubness,
            "cosine": float(table["pooled"].sum()) / 2,
            "pairs": shown,
            "routes": routes,
        }
        sys.stdout.write(json.dumps({**said, **(told or {})}, ensure_ascii=False) + "\n")
        return
    from flows.figures import print_rows

    print_rows(shown, out)
    out.print(
        f"score {score:.4f} = the shares of all {table.height - 1} word pairs, {score - hubness:.4f}, "
        f"and {hubness:.4f} for hubness: what either text would give anyone"
    )
    if routes:
        print_rows([{**row, "words": " ".join(row["words"])} for row in routes[:top]], out)
        out.print(f"{len(routes)} tokens without a vector of their own, and what stands for them")
    if told is not None:
        for line in (*told["said"], f"written to {output}"):
            out.print(line, markup=False, highlight=False, soft_wrap=True)
        for warning in told["warnings"]:
            err.print(f"warning: {warning}", markup=False, highlight=False, soft_wrap=True)


def _text(wh: "Warehouse", doc: str, doc_lang: str) -> str:
    from flows.heat_map import stored_text

    return stored_text(wh, doc, doc_lang)[1]


def _routes(wh: "Warehouse", text: str, lang: str) -> list[dict[str, Any]]:
    """Tokens of a text that are no word of the vocabulary as they are: token, lang, route, the words that stand for it."""
    found = wh.routes(text, lang).filter(pl.col("route").ne_missing("exact"))
    return [{"token": t, "lang": lang, "route": r or "unknown", "words": w} for t, _, r, w in found.rows()]


def _write(
    wh: "Warehouse", table: pl.DataFrame, asked: tuple[str, str], stored: tuple[str, str], top: int, output: Path
) -> dict[str, Any]:
    """The file, and what is said about it: its name, what it leaves out, and what a picture cannot show."""
    from flows import fonts
    from flows.heat_chart import heat_chart, texts_of
    from flows.heat_map import heat_map, signed, stored_text
    from flows.labels import label_text
    from flows.page import write_page

    (text, lang), (doc, doc_lang) = asked, stored
    title, document = stored_text(wh, doc, doc_lang)
    found = heat_map(table, (text, wh.words(lang)), (document, wh.words(doc_lang)))
    n, kind, titles = table.height - 1, output.suffix.lower(), [label_text(said, TITLE) for said in (text, title)]
    warnings = []
    if kind == ".html":
        shown = table.head(min(top, n))
        others = found.pairs - float(shown["share"].sum())
        write_page(
            "explain.html.j2", output, {"signed": signed}, found=found, spec=heat_chart(found) if n else None, top=_shown(shown), n_pairs=n, others=others,
            query=titles[0], document=titles[1], snapshot=wh.version,
        )  # fmt: skip
    else:
        _draw(found, titles, output)
        warning = fonts.warn_of([*texts_of(found), *titles]) if kind == ".png" else None
        warnings = [warning] if warning else []
    return {"file": str(output), "said": found.left_out, "warnings": warnings}


def _draw(found: "HeatMap", titles: list[str], output: Path) -> None:
    import vl_convert

    from align.compressed import replacing
    from flows import fonts
    from flows.heat_chart import heat_picture
    from flows.heat_map import signed
    from flows.outlines import outlined

    fonts.register()
    query, document = titles
    # The score first: a title that began with Hebrew would run from right to left, numbers and all.
    heading = f"score {signed(found.score)} · {query} ({found.query.lang}) · {document} ({found.document.lang})"
    svg = vl_convert.vega_to_svg(heat_picture(found, heading))
    with replacing(output) as file:
        file.write(
            vl_convert.svg_to_png(outlined(svg)) if output.suffix.lower() == ".png" else svg.encode("utf-8", "replace")
        )


def _shown(table: pl.DataFrame) -> list[dict[str, Any]]:
    from flows.labels import label_text

    words = ("query_word", "document_word")
    return [{**row, **{word: label_text(row[word], 120) for word in words}} for row in table.to_dicts()]


def _only_language(wh: "Warehouse", doc_id: str) -> str:
    langs = wh.sql("SELECT lang FROM documents WHERE doc_id = ? ORDER BY lang", [doc_id])["lang"].to_list()
    if len(langs) != 1:
        found = f"it is in {', '.join(langs)}" if langs else "no document has it"
        raise typer.BadParameter(f"{printable(repr(doc_id))}: {found}; name one with --doc-lang")
    return str(langs[0])
