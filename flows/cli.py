"""The command line. Here alone errors become sentences; `--json` prints machine-readable output alone on standard output."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from align.errors import AlignError

app = typer.Typer(
    name="align", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
    help="Words and documents of many languages in one vector space, in a DuckDB file that anyone can query.",
)  # fmt: skip
out = Console()
err = Console(stderr=True)

Store = Annotated[Path, typer.Option("--warehouse", help="Folder of the warehouse.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON alone on standard output.")]
Many = Annotated[int, typer.Option("-k", help="How many.")]
DEFAULT = Path("warehouse/data")


def main() -> None:
    """Run the command line; exits with 0 done, 1 a domain error, 2 wrong usage, 3 partly done."""
    try:
        app()
    except AlignError as error:
        err.print(f"error: {error}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        err.print("stopped; what was published before stands")
        sys.exit(130)


@app.command()
def build(
    config: Annotated[Path, typer.Argument(help="TOML file, see README.")],
    warehouse: Annotated[Path | None, typer.Option("--warehouse", help="Instead of the configuration's warehouse.path.")] = None,
    as_json: Json = False,
) -> None:
    """Bring a warehouse up to date with its configuration, as a Prefect flow.

    Example: align build align.toml
    """
    from flows.run import run_build

    result = run_build(config, warehouse)
    if as_json:
        _print_json(result)
    elif result["published"]:
        out.print(f"published {result['snapshot']}")
        print_figures(result)
    else:
        out.print(f"nothing changed: {result['snapshot']} is up to date")


@app.command()
def search(
    text: str,
    lang: Annotated[str, typer.Option("--lang", help="Language of the text.")],
    into: Annotated[str | None, typer.Option("--into", help="Languages to search, with commas; default all.")] = None,
    k: Many = 10,
    warehouse: Store = DEFAULT,
    as_json: Json = False,
) -> None:
    """Find documents in any language by a text in one.

    Example: align search "how do I bake bread?" --lang en --into fr,de -k 5
    """
    import warehouse as store

    with store.open(warehouse) as wh:
        hits = wh.search(text, lang, _codes(into), k, explain=True)
    if as_json:
        _print_json(hits.to_dicts())
    else:
        print_hits(hits.to_dicts())


@app.command()
def translate(
    word: str,
    source: Annotated[str, typer.Option("--from", help="Language of the word.")],
    target: Annotated[str, typer.Option("--to", help="Language to translate into.")],
    k: Many = 5,
    warehouse: Store = DEFAULT,
    as_json: Json = False,
) -> None:
    """The nearest words of another language.

    Example: align translate house --from en --to fr
    """
    import warehouse as store

    with store.open(warehouse) as wh:
        _show(wh.translate(word, source, target, k).to_dicts(), as_json)


@app.command()
def explain(
    text: str,
    lang: Annotated[str, typer.Option("--lang", help="Language of the text.")],
    doc: Annotated[str, typer.Option("--doc", help="Id of the document.")],
    doc_lang: Annotated[str | None, typer.Option("--doc-lang", help="Its language; default: wherever the id is unique.")] = None,
    top: Annotated[int, typer.Option("--top", help="Word pairs to show.")] = 20,
    warehouse: Store = DEFAULT,
    as_json: Json = False,
) -> None:
    """Why a text and a document match: the word pairs that make their cosine, largest first.

    Example: align explain "how do I bake bread?" --lang en --doc bread-baking --doc-lang fr
    """
    import warehouse as store

    with store.open(warehouse) as wh:
        pairs = wh.explain(text, lang, doc, doc_lang or _only_language(wh, doc), top=None)
    shown = pairs.head(top).to_dicts()
    if as_json:
        _print_json({"cosine": float(pairs["share"].sum()), "pairs": shown})
        return
    _show(shown, False)
    out.print(f"cosine {pairs['share'].sum():.4f} = the sum of the shares of all {pairs.height} word pairs")


@app.command()
def evaluate(
    dictionary: Annotated[Path, typer.Option("--dictionary", help="Pairs that were not used to align.")],
    source: Annotated[str, typer.Option("--from")],
    target: Annotated[str, typer.Option("--to")],
    warehouse: Store = DEFAULT,
    as_json: Json = False,
) -> None:
    """Word-translation precision of a warehouse on a dictionary of yours.

    Example: align evaluate --dictionary test.tsv --from en --to fr
    """
    import align
    import warehouse as store

    pairs = align.read_dictionary(dictionary, source, target)
    with store.open(warehouse) as wh:
        seen = wh.sql(
            "SELECT count(*) FROM dictionary_pairs WHERE part = 'train' AND list_contains(?, source || chr(9) || target "
            "|| chr(9) || source_word || chr(9) || target_word)",
            [["\t".join((pairs.source, pairs.target, *pair)) for pair in pairs.pairs]],
        ).item()
        result = {**wh.evaluate(pairs).as_dict(), "pairs_seen_in_training": seen}
    _print_json(result) if as_json else _show([result], False)
    if seen and not as_json:
        err.print(f"warning: {seen} of {len(pairs)} pairs were used to align; the precision is too good by that")


@app.command()
def report(
    output: Annotated[Path, typer.Option("--output", "-o", help="HTML file to write.")] = Path("align-report.html"),
    warehouse: Store = DEFAULT,
) -> None:
    """Write one self-contained HTML file: precision per pair, a map of words and documents, what made the snapshot.

    Example: align report -o report.html
    """
    import warehouse as store
    from flows.report import write_report

    with store.open(warehouse) as wh:
        write_report(wh, output)
    out.print(str(output), soft_wrap=True)


@app.command()
def verify(warehouse: Store = DEFAULT, as_json: Json = False) -> None:
    """Check the published snapshot against its manifest and its own rules.

    Example: align verify --warehouse warehouse/data
    """
    import warehouse as store

    checked = store.verify(warehouse)
    if as_json:
        _print_json(vars(checked))
        return
    out.print(f"{checked.snapshot}: {len(checked.checks)} checks passed")
    out.print(
        f"{checked.words:,} words of {', '.join(checked.languages)}; {checked.documents:,} documents, "
        f"{checked.documents_without_vector:,} without a vector; {checked.size / 1e6:.1f} MB"
    )


@app.command()
def export(
    output: Annotated[Path, typer.Argument(help="words: .vec, .npz or .safetensors; documents: .parquet.")],
    lang: Annotated[str | None, typer.Option("--lang", help="Language; needed for words.")] = None,
    warehouse: Store = DEFAULT,
) -> None:
    """Write a language's words in the shared space, or all documents with their vectors, to a file of another format.

    Example: align export fr.vec --lang fr
    """
    import warehouse as store

    with store.open(warehouse) as wh:
        rows = wh.export(output, lang)
    out.print(f"{rows:,} rows in {output}", soft_wrap=True)


@app.command()
def demo(
    warehouse: Store = DEFAULT,
    output: Annotated[Path, typer.Option("--output", "-o", help="HTML report to write.")] = Path("align-demo.html"),
) -> None:
    """Run everything on the vectors, dictionary and documents that are shipped: a minute, no network.

    Example: align demo
    """
    from flows.demo import run_demo

    run_demo(warehouse, output)


@app.command()
def schedule(
    config: Annotated[Path, typer.Argument(help="TOML file, see README.")],
    cron: Annotated[str, typer.Option("--cron", help='Five fields: "0 2 * * *" is every night at two.')] = "0 2 * * *",
    warehouse: Annotated[Path | None, typer.Option("--warehouse", help="Instead of the configuration's warehouse.path.")] = None,
) -> None:
    """Build on a schedule until stopped (Ctrl-C), with a Prefect server of its own where none is given.

    Example: align schedule align.toml --cron "0 2 * * *"
    """
    from flows.schedule import serve

    serve(config, cron, warehouse)


def print_figures(result: dict[str, Any]) -> None:
    """Tables of what a build measured on held-out data."""
    if result["translation"]:
        table = Table("pair", "P@1", "P@5", "P@10", "coverage", "words", title="word translation, held-out pairs")
        for row in result["translation"]:
            figures = [f"{100 * row[f'precision_at_{k}']:.1f}" for k in (1, 5, 10)]
            table.add_row(f"{row['source']} → {row['target']}", *figures, f"{100 * row['coverage']:.1f}", str(row["n_words"]))
        out.print(table)
    if result["documents"]:
        table = Table("pair", "R@1", "R@10", "queries", "among", title="document retrieval, equal ids are translations")
        for row in result["documents"]:
            figures = [f"{100 * row[f'recall_at_{k}']:.1f}" for k in (1, 10)]
            table.add_row(f"{row['source']} → {row['target']}", *figures, str(row["n_queries"]), str(row["candidates"]))
        out.print(table)


def print_hits(hits: list[dict[str, Any]]) -> None:
    """A table of hits with the word pairs that explain each."""
    table = Table("", "score", "lang", "document", "why")
    for hit in hits:
        why = ", ".join(f"{pair['query_word']}–{pair['document_word']} {pair['share']:.2f}" for pair in hit["why"][:4])
        table.add_row(str(hit["rank"]), f"{hit['score']:.3f}", hit["lang"], hit["title"] or hit["doc_id"], why)
    out.print(table)


def _show(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        _print_json(rows)
        return
    table = Table(*(rows[0] if rows else ["nothing found"]))
    for row in rows:
        table.add_row(*(f"{value:.4f}" if isinstance(value, float) else str(value) for value in row.values()))
    out.print(table)


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")


def _codes(text: str | None) -> list[str] | None:
    return None if text is None else [code.strip() for code in text.split(",") if code.strip()]


def _only_language(wh: Any, doc_id: str) -> str:
    langs = wh.sql("SELECT lang FROM documents WHERE doc_id = ? ORDER BY lang", [doc_id])["lang"].to_list()
    if len(langs) != 1:
        found = f"it is in {', '.join(langs)}" if langs else "no document has it"
        raise typer.BadParameter(f"{doc_id!r}: {found}; name one with --doc-lang")
    return str(langs[0])


