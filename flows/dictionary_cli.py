"""`align dictionary`: work on a bilingual dictionary before it is used."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

if TYPE_CHECKING:
    from align.dictionary import WordPairs
    from align.dictionary_check import DictionaryCheck
    from align.vectors import WordVectors

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
out = Console()

DEFAULT = Path("warehouse/data")


@app.callback()
def dictionary() -> None:
    """Work on a bilingual dictionary.

    Example: align dictionary check en-fr.tsv --from en --to fr
    """


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="Pairs of words, or a table of languages.")],
    source: Annotated[str, typer.Option("--from", help="Language of the words.")],
    target: Annotated[str, typer.Option("--to", help="Language of their translations.")],
    part: Annotated[
        str | None, typer.Option("--part", help="Only these rows of a table that has a part column.")
    ] = None,
    warehouse: Annotated[
        Path | None, typer.Option("--warehouse", help=f"Folder of the warehouse; default {DEFAULT} where there is one.")
    ] = None,
    source_vectors: Annotated[
        Path | None, typer.Option("--source-vectors", help="File of vectors, instead of a warehouse.")
    ] = None,
    target_vectors: Annotated[
        Path | None, typer.Option("--target-vectors", help="File of vectors, instead of a warehouse.")
    ] = None,
    n: Annotated[int, typer.Option("-n", min=1, max=1_000, help="Words to suggest, and rows of a table to show.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON alone on standard output.")] = False,
) -> None:
    """Find what is wrong with a dictionary, and what it lacks.

    Conflicts; with vectors also coverage, pairs that look wrong, and the words whose translation would help most.

    Example: align dictionary check en-fr.tsv --from en --to fr
    """
    import align
    from align.dictionary_check import check_dictionary

    if (source_vectors is None) != (target_vectors is None) or (source_vectors and warehouse):
        raise typer.BadParameter("give --warehouse, or --source-vectors and --target-vectors, or none of them")
    pairs = align.read_dictionary(file, source, target, part=part)
    if source_vectors and target_vectors:
        raw = align.read_vectors(source_vectors, lang=source), align.read_vectors(target_vectors, lang=target)
        sides, mapped = _fitted(pairs, *raw)
        found = check_dictionary(pairs, *sides, suggest=n if mapped else 0)
    else:
        found = check_dictionary(pairs, *_stored(warehouse, pairs.source, pairs.target), suggest=n)
    told = _told(found)
    if as_json:
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    else:
        _print(told, n)


def _stored(warehouse: Path | None, source: str, target: str) -> "tuple[WordVectors, WordVectors] | tuple[None, None]":
    """The mapped vectors of both languages; (None, None) where nobody named a warehouse and there is none for them."""
    import warehouse as store

    if warehouse is None and not DEFAULT.exists():
        return None, None
    with store.open(warehouse or DEFAULT) as wh:
        if warehouse is None and not {source, target} <= set(wh.languages):
            return None, None
        return wh.words(source), wh.words(target)


def _fitted(
    pairs: "WordPairs", source: "WordVectors", target: "WordVectors"
) -> "tuple[tuple[WordVectors, WordVectors], bool]":
    """Both vectors mapped by the dictionary itself, True; or as they are, False, where it has next to no usable pair."""
    import align

    try:
        space = align.fit([source, target], [pairs], method="procrustes", allow_rank_deficient=True)
    except align.AlignmentError as error:
        if error.code != "dict.coverage":
            raise
        return (source, target), False
    return (space.vectors(source.lang), space.vectors(target.lang)), True


def _told(found: "DictionaryCheck") -> dict[str, Any]:
    """What was found, as JSON has it."""
    pairs, usable = found.pairs, found.usable
    return {
        "dictionary": pairs.name,
        "source": pairs.source,
        "target": pairs.target,
        "pairs": len(pairs),
        "dropped": dict(pairs.dropped),
        "source_words": len(pairs.gold()),
        "ambiguous_words": pairs.ambiguous_words,
        "identical": found.identical,
        "usable": None if usable is None else len(usable),
        "source_unknown": None if usable is None else usable.source_unknown,
        "target_unknown": None if usable is None else usable.target_unknown,
        "repeated": None if usable is None else usable.repeated,
        "capped": None if usable is None else usable.capped,
        "separation": found.suspects.separation,
        "wrong_share": found.suspects.wrong_share,
        "conflicts": found.conflicts.to_dicts(),
        "coverage": found.coverage.to_dicts(),
        "suspects": found.suspects.frame.to_dicts(),
        "suggestions": found.suggestions.to_dicts(),
        "notes": list(found.notes),
    }


TABLES = {
    "conflicts": "conflicts",
    "coverage": "coverage of the most frequent words",
    "suspects": "pairs more likely wrong than right; better is the map's own guess",
    "suggestions": "words to translate next; gain is the share of what no translation speaks for yet",
}


def _print(told: dict[str, Any], n: int) -> None:
    from flows.figures import print_rows

    figures = {key: value for key, value in told.items() if value is not None and key not in (*TABLES, "notes")}
    dropped = figures.pop("dropped")
    figures |= {f"dropped: {reason}": count for reason, count in dropped.items()}
    print_rows([{"": key.replace("_", " "), "value": value} for key, value in figures.items()], out)
    for key, title in TABLES.items():
        rows = told[key]
        if rows:
            shown = f", {n} of {len(rows):,}" if len(rows) > n else ""
            out.print(f"{title}{shown}", markup=False, highlight=False)
            print_rows(rows[:n], out)
        elif key == "conflicts" or told["usable"] is not None:
            out.print(f"{title}: none", markup=False, highlight=False)
    for note in told["notes"]:
        out.print(note, markup=False, highlight=False, soft_wrap=True)
