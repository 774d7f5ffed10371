"""The command line. Here alone errors become sentences; `--json` prints machine-readable output alone on standard output."""

import json
import sys
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from align.errors import AlignError
from flows import dictionary_cli, explain_cli, intrinsic_cli, lexicon_cli, map_cli, sql_cli, words_cli
from flows.stopping import Stopped, leave

app = typer.Typer(
    name="align", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
    help="Words and documents of many languages in one vector space, in a DuckDB file that anyone can query.",
)  # fmt: skip
app.add_typer(dictionary_cli.app, name="dictionary")
app.add_typer(intrinsic_cli.app, name="intrinsic")
app.add_typer(words_cli.app, name="words")
app.command()(explain_cli.explain)
app.command()(lexicon_cli.lexicon)
app.command(name="map")(map_cli.draw)
app.command()(sql_cli.sql)
out = Console()
err = Console(stderr=True)

Store = Annotated[Path, typer.Option("--warehouse", help="Folder of the warehouse.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON alone on standard output.")]
Spelling = Annotated[bool, typer.Option("--spelling", help="Add the evidence of spelling where it was found to help.")]
Many = Annotated[int, typer.Option("-k", help="How many.")]
DEFAULT = Path("warehouse/data")


def main() -> None:
    """Run the command line; exits with 0 done, 1 a domain error, 2 wrong usage, 128 and its number on a signal."""
    try:
        app()
    except AlignError as error:
        err.print(f"error: {error}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
    except Stopped as stopped:
        err.print("stopped; what was published stands")
        leave(stopped)


@app.command()
def build(
    config: Annotated[Path, typer.Argument(help="TOML file, see README.")],
    warehouse: Annotated[
        Path | None, typer.Option("--warehouse", help="Instead of the configuration's warehouse.path.")
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(
            "--memory", help="What it may take, such as 2GiB; default 80 % of what the machine or its cgroup has."
        ),
    ] = None,
    wait: Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for another that is writing.")] = 0,
    as_json: Json = False,
) -> None:
    """Bring a warehouse up to date with its configuration.

    Runs as a Prefect flow; where no input has changed, nothing is done. What would take more memory is refused beforehand.

    Example: align build align.toml --memory 2GiB
    """
    from flows.run import run_build

    result = run_build(config, warehouse, memory, wait)
    if as_json:
        _print_json(result)
    elif result["published"]:
        import warehouse as store
        from flows.figures import print_figures

        out.print(f"published {result['snapshot']}")
        with store.open(result["warehouse"]) as wh:
            print_figures(wh, out)
    else:
        out.print(f"nothing changed: {result['snapshot']} is up to date")


@app.command()
def search(
    text: str,
    lang: Annotated[str, typer.Option("--lang", help="Language of the text.")],
    into: Annotated[str | None, typer.Option("--into", help="Languages to search, with commas; default all.")] = None,
    k: Many = 10,
    probability: Annotated[
        bool, typer.Option("--probability", help="How likely each hit is to match, told alike in every language.")
    ] = False,
    passages: Annotated[
        bool, typer.Option("--passages", help="The passage of each hit that is nearest to the text.")
    ] = False,
    warehouse: Store = DEFAULT,
    as_json: Json = False,
) -> None:
    """Find documents in any language by a text in one.

    Example: align search "how do I bake bread?" --lang en --into fr,de -k 5
    """
    import warehouse as store

    with store.open(warehouse) as wh:
        hits = wh.search(text, lang, _codes(into), k, explain=True, probability=probability, passages=passages)
    if as_json:
        _print_json(hits.to_dicts())
        return
    from flows.figures import print_hits

    print_hits(hits.to_dicts(), out)


@app.command()
def translate(
    word: str,
    source: Annotated[str, typer.Option("--from", help="Language of the word.")],
    target: Annotated[str, typer.Option("--to", help="Language to translate into.")],
    k: Many = 5,
    spelling: Spelling = False,
    warehouse: Store = DEFAULT,
    as_json: Json = False,
) -> None:
    """The nearest words of another language.

    Example: align translate house --from en --to fr
    """
    import warehouse as store

    with store.open(warehouse) as wh:
        words = wh.translate(word, source, target, k, spelling="auto" if spelling else "off").to_dicts()
    _print_json(words) if as_json else _show(words)


@app.command()
def evaluate(
    dictionary: Annotated[Path, typer.Option("--dictionary", help="Pairs that were not used to align.")],
    source: Annotated[str, typer.Option("--from")],
    target: Annotated[str, typer.Option("--to")],
    part: Annotated[
        str | None, typer.Option("--part", help="Only these rows of a table that has a part column.")
    ] = None,
    spelling: Spelling = False,
    warehouse: Store = DEFAULT,
    as_json: Json = False,
) -> None:
    """Measure word translation on a dictionary of yours.

    Prints precision with its coverage, and how many of the pairs were used to align.

    Example: align evaluate --dictionary dictionaries/core.tsv --part test --from en --to fr
    """
    import align
    import warehouse as store

    pairs = align.read_dictionary(dictionary, source, target, part=part)
    with store.open(warehouse) as wh:
        fitted = (
            "SELECT source_word, target_word FROM dictionary_pairs WHERE part = 'train' AND source = ? AND target = ?"
        )
        seen = len(
            {*wh.sql(fitted, [source, target]).rows(), *(row[::-1] for row in wh.sql(fitted, [target, source]).rows())}
            & {*pairs.pairs}
        )
        result = {
            **wh.evaluate(pairs, spelling="auto" if spelling else "off").as_dict(),
            "pairs_seen_in_training": seen,
        }
    _print_json(result) if as_json else _show([{"measure": key, "value": value} for key, value in result.items()])
    if seen and not as_json:
        err.print(f"warning: {seen} of {len(pairs)} pairs were used to align; the precision is too good by that")


@app.command()
def report(
    output: Annotated[Path, typer.Option("--output", "-o", help="HTML file to write.")] = Path("align-report.html"),
    warehouse: Store = DEFAULT,
) -> None:
    """Write a report as one self-contained HTML file.

    Precision per pair, maps of words and documents, and what made the snapshot.

    Example: align report -o report.html
    """
    import warehouse as store
    from flows.report import write_report

    with store.open(warehouse) as wh:
        write_report(wh, output)
    out.print(str(output), markup=False, highlight=False, soft_wrap=True)


@app.command()
def verify(warehouse: Store = DEFAULT, as_json: Json = False) -> None:
    """Check that a warehouse is intact.

    Compares every snapshot with its manifest, the rows of the published one with its own rules, and looks for files that do
    not belong there.

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
    for name in checked.others:
        out.print(f"{name}: as it was published")
    _tell(f"note: {note}" for note in checked.notes)


@app.command()
def repair(warehouse: Store = DEFAULT, as_json: Json = False) -> None:
    """Go back to the newest good snapshot.

    Where the published one or the pointer is damaged. What is damaged is renamed, never deleted.

    Example: align repair --warehouse warehouse/data
    """
    import warehouse as store

    done = store.repair(warehouse)
    if as_json:
        _print_json({**vars(done), "nothing_to_repair": done.nothing_to_repair})
        return
    if done.nothing_to_repair:
        _tell([f"{done.snapshot}: nothing to repair"])
        return
    _tell(f"{name}: set aside ({why})" for name, why in done.set_aside)
    _tell(f"{name}: removed, left by a run that was killed" for name in done.removed)
    _tell([f"{done.snapshot} is served" + (" as before" if done.snapshot == done.served_before else " now")])


@app.command()
def upgrade(warehouse: Store = DEFAULT, as_json: Json = False) -> None:
    """Publish a store of an earlier release in the form that this one reads.

    The old snapshot stays until it is collected; where nothing is to be done, nothing is.

    Example: align upgrade --warehouse warehouse/data
    """
    import warehouse as store
    from flows.progress import display, step

    with display() if sys.stderr.isatty() else nullcontext(), step("upgrade") as progress:
        done = store.upgrade(warehouse, progress)
    if as_json:
        _print_json(vars(done))
    elif done.published:
        out.print(f"published {done.snapshot}: schema {done.schema}, which was {done.found}")
    else:
        out.print(f"nothing to do: {done.snapshot} is of schema {done.schema}")


@app.command()
def export(
    output: Annotated[Path, typer.Argument(help="words: .vec, .npz or .safetensors; documents: .parquet.")],
    lang: Annotated[str | None, typer.Option("--lang", help="Language; needed for words.")] = None,
    warehouse: Store = DEFAULT,
) -> None:
    """Write words or documents to a file.

    The words of a language in the shared space, or all documents with their vectors.

    Example: align export fr.vec --lang fr
    """
    import warehouse as store
    from warehouse.export import export as write

    with store.open(warehouse) as wh:
        rows = write(wh, output, lang)
    out.print(f"{rows:,} rows in {output}", markup=False, highlight=False, soft_wrap=True)


@app.command()
def demo(
    warehouse: Store = DEFAULT,
    output: Annotated[Path, typer.Option("--output", "-o", help="HTML report to write.")] = Path("align-demo.html"),
) -> None:
    """Run everything on what is shipped: see what this is.

    Vectors, dictionary and documents in four languages; a minute, no network.

    Example: align demo
    """
    from flows.demo import run_demo

    run_demo(warehouse, output)


@app.command()
def schedule(
    config: Annotated[Path, typer.Argument(help="TOML file, see README.")],
    cron: Annotated[str, typer.Option("--cron", help='Five fields: "0 2 * * *" is every night at two.')] = "0 2 * * *",
    warehouse: Annotated[
        Path | None, typer.Option("--warehouse", help="Instead of the configuration's warehouse.path.")
    ] = None,
) -> None:
    """Build on a schedule until stopped.

    With a Prefect server of its own unless PREFECT_API_URL is set. Ctrl-C stops both.

    Example: align schedule align.toml --cron "0 2 * * *"
    """
    from flows.schedule import serve

    serve(config, cron, warehouse)


def _show(rows: list[dict[str, Any]]) -> None:
    from flows.figures import print_rows

    print_rows(rows, out)


def _tell(lines: Iterable[str]) -> None:
    for line in lines:
        out.print(line, markup=False, highlight=False, soft_wrap=True)


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")


def _codes(text: str | None) -> list[str] | None:
    return None if text is None else [code.strip() for code in text.split(",") if code.strip()]
