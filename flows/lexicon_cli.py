"""`align lexicon`: an induced dictionary for any pair of languages of a warehouse."""

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from align.lexicon import Lexicon

out = Console()
err = Console(stderr=True)

DEFAULT = Path("warehouse/data")
SHOWN = 20
COLUMNS = ("source", "target", "probability", "score", "margin", "way_back")


def lexicon(
    source: Annotated[str, typer.Option("--from", help="Language of the words.")],
    target: Annotated[str, typer.Option("--to", help="Language of their translations.")],
    n: Annotated[int, typer.Option("-n", min=1, max=1_000_000, help="Entries.")] = 5_000,
    spelling: Annotated[
        bool, typer.Option("--spelling", help="Add the evidence of spelling where it was found to help.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="Entries that fail the round trip, too.")] = False,
    min_probability: Annotated[
        float, typer.Option("--min-probability", min=0, max=1, help="Only entries as likely right as that.")
    ] = 0.0,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Table to write, which `align` reads as a dictionary.")
    ] = None,
    warehouse: Annotated[Path, typer.Option("--warehouse", help="Folder of the warehouse.")] = DEFAULT,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON alone on standard output.")] = False,
) -> None:
    """Induce a dictionary, for a pair of languages that has none, too.

    The best translation of the most frequent words, where it leads back to the word, and how likely it is right.

    Example: align lexicon --from fr --to de -n 5000 -o fr-de.tsv
    """
    import warehouse as store
    from flows.progress import display, step

    shown = display() if sys.stderr.isatty() else nullcontext()
    with store.open(warehouse) as wh, shown, step(f"lexicon {source}-{target}") as progress:
        found = wh.lexicon(
            source, target, n, spelling="auto" if spelling else "off", round_trip=not everything,
            min_probability=min_probability, progress=progress,
        )  # fmt: skip
    if output is not None:
        found.write(output)
    if as_json:
        told = {**found.about(), "file": None if output is None else str(output), "rows": found.frame.to_dicts()}
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    else:
        _print(found, output)


def _print(found: "Lexicon", output: Path | None) -> None:
    from flows.figures import print_rows

    columns = COLUMNS if found.calibration.calibrated_on else [name for name in COLUMNS if name != "probability"]
    print_rows(found.frame.select(columns).head(SHOWN).to_dicts(), out)
    out.print(found.summary(), markup=False, highlight=False, soft_wrap=True)
    if output is not None:
        out.print(f"written to {output}", markup=False, highlight=False, soft_wrap=True)
