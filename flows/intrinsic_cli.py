"""`align intrinsic`: tests of the space itself, by lists of words alone."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

if TYPE_CHECKING:
    from align.procrustes import Rotation
    from warehouse import Warehouse

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
out = Console()

DEFAULT = Path("warehouse/data")
Store = Annotated[Path, typer.Option("--warehouse", help="Folder of the warehouse.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON alone on standard output.")]


@app.callback()
def intrinsic() -> None:
    """Test a space by lists of words alone.

    Example: align intrinsic mixing --from en --to fr
    """


@app.command()
def similarity(
    file: Annotated[Path, typer.Argument(help="word, tab, word, tab, judgement a line.")],
    source: Annotated[str, typer.Option("--from", help="Language of the first words.")],
    target: Annotated[str | None, typer.Option("--to", help="Language of the second; default the same.")] = None,
    warehouse: Store = DEFAULT,
    as_json: Json = False,
) -> None:
    """How well cosines agree with human judgements.

    Rank and linear correlation with 95 % intervals, and the coverage of the list.

    Example: align intrinsic similarity simlex-999.tsv --from en
    """
    import align
    import warehouse as store

    judged = align.read_similarities(file, source, target)
    with store.open(warehouse) as wh:
        found = align.evaluate_similarity(wh.words(judged.source), wh.words(judged.target), judged)
    _tell({**found.as_dict(), "dropped": dict(judged.dropped)}, as_json)


@app.command()
def analogies(
    file: Annotated[Path, typer.Argument(help="`: section` lines, and four words a line below each.")],
    lang: Annotated[str, typer.Option("--lang", help="Language of the first two words.")],
    into: Annotated[str | None, typer.Option("--into", help="Language of the other two; default the same.")] = None,
    mul: Annotated[bool, typer.Option("--mul", help="Multiply cosines (3CosMul) instead of adding them.")] = False,
    warehouse: Store = DEFAULT,
    as_json: Json = False,
) -> None:
    """How many analogies a : b :: c : d come out right.

    By section and in all, with 95 % intervals and coverage; the words of a question are no answers to it.

    Example: align intrinsic analogies questions-words.txt --lang en
    """
    import align
    import warehouse as store

    questions = align.read_analogies(file, lang, into)
    with store.open(warehouse) as wh:
        sides = wh.words(questions.source), wh.words(questions.target)
        found = align.evaluate_analogies(*sides, questions, method="mul" if mul else "add")
    if as_json:
        _print_json(found.as_dict())
        return
    from flows.figures import print_rows

    print_rows([_section(row) for row in found.frame().to_dicts()], out)
    way = f"{found.source} → {found.target}, 3Cos{found.method.title()}, among {found.candidates:,} words"
    if n := int(found.impossible.sum()):
        way += f"; {n:,} misses ask for a word of the question itself"
    out.print(way, markup=False, highlight=False, soft_wrap=True)


def _section(row: dict[str, Any]) -> dict[str, Any]:
    """A row of `AnalogyOutcomes.frame` that fits a terminal."""
    known = row["accuracy"] is not None
    return {
        "section": row["section"],
        "accuracy": row["accuracy"] if known else "",
        "95 %": f"{row['accuracy_low']:.2f}–{row['accuracy_high']:.2f}" if known else "",
        "coverage": row["coverage"],
        "questions": f"{row['n_questions']:,} of {row['n_test_questions']:,}",
    }


@app.command()
def mixing(
    source: Annotated[str, typer.Option("--from", help="One language.")],
    target: Annotated[str, typer.Option("--to", help="The other.")],
    k: Annotated[int, typer.Option("-k", help="Neighbours of each word.")] = 10,
    frequent: Annotated[int, typer.Option("--frequent", help="Most frequent words of each language.")] = 2_000,
    warehouse: Store = DEFAULT,
    as_json: Json = False,
) -> None:
    """Whether two languages lie among each other, or as two islands.

    The share of the other language among the nearest neighbours, before mapping and after, and where language plays no part.

    Example: align intrinsic mixing --from en --to fr
    """
    import warehouse as store
    from align.mixing import mixing_of

    with store.open(warehouse) as wh:
        ours, theirs = wh.words(source), wh.words(target)
        rotations = _rotation(wh, ours.lang), _rotation(wh, theirs.lang)
        found = mixing_of(ours, theirs, *rotations, k=k, frequent=frequent)
    _tell(found.as_dict(), as_json)


@app.command()
def signals(
    source: Annotated[str, typer.Option("--from", help="One language.")],
    target: Annotated[str, typer.Option("--to", help="The other.")],
    frequent: Annotated[int, typer.Option("--frequent", help="Most frequent words of each language.")] = 4_000,
    warehouse: Store = DEFAULT,
    as_json: Json = False,
) -> None:
    """How well two languages are aligned, told without any dictionary.

    Agreement of two halves of the word pairs found, mutual neighbours, hubness, and how alike the clouds are in shape.

    Example: align intrinsic signals --from fr --to de
    """
    import warehouse as store
    from align.signals import AGREES, alignment_signals

    with store.open(warehouse) as wh:
        found = alignment_signals(wh.words(source).matrix, wh.words(target).matrix, frequent=frequent)
    _tell({**found.as_dict(), "aligned": found.aligned}, as_json)
    if not found.aligned and not as_json:
        out.print(f"not aligned: agreement is below {AGREES}", highlight=False)


def _rotation(wh: "Warehouse", lang: str) -> "Rotation":
    import numpy as np

    from align.procrustes import Rotation

    sql = "SELECT matrix, n_pairs, rank, residual, determinant FROM rotations WHERE lang = ?"
    matrix, *fit = wh.sql(sql, [lang]).row(0)
    return Rotation(np.array(matrix), *fit)


def _tell(told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        _print_json(told)
        return
    from flows.figures import print_rows

    dropped = told.pop("dropped", {})
    told |= {f"dropped: {reason}": count for reason, count in dropped.items()}
    print_rows([{"measure": key, "value": value} for key, value in told.items()], out)


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
