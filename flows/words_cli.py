"""`align words`: questions about words, and about how far sets of documents lie apart."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

if TYPE_CHECKING:
    import polars as pl

    from warehouse.words import DocumentSet

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
out = Console()

DEFAULT = Path("warehouse/data")
Store = Annotated[Path, typer.Option("--warehouse", help="Folder of the warehouse.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON alone on standard output.")]
Into = Annotated[str | None, typer.Option("--into", help="Languages of the answers, with commas; default all.")]
Many = Annotated[int, typer.Option("-k", help="How many.")]
Unprefixed = Annotated[str | None, typer.Option("--lang", help="Language of the words that are not written fr:roi.")]
Csls = Annotated[bool, typer.Option("--csls", help="Bring down the words that are near any text.")]
Some = Annotated[str, typer.Argument(help="A language, fr, or part of it, fr:topic=law; of all languages, topic=law.")]


@app.callback()
def words() -> None:
    """Ask about words, and how far documents lie apart.

    Example: align words algebra "king - man + woman" --lang en --into fr
    """


@app.command()
def nearest(
    word: str,
    lang: Annotated[str, typer.Option("--lang", help="Language of the word.")],
    into: Into = None,
    k: Many = 10,
    warehouse: Store = DEFAULT,
    as_json: Json = False,
) -> None:
    """The nearest words of any language, by cosine.

    For translations `align translate` is better.

    Example: align words nearest river --lang en --into fr -k 10
    """
    import warehouse as store
    from warehouse import words

    with store.open(warehouse) as wh:
        _tell(words.nearest(wh, word, lang, _codes(into), k), as_json)


@app.command()
def algebra(
    expression: Annotated[str, typer.Argument(help='Words with + or - between; fr:roi is French, "two words" one.')],
    lang: Unprefixed = None,
    into: Into = None,
    k: Many = 10,
    mul: Annotated[bool, typer.Option("--mul", help="Multiply cosines (3CosMul) instead of adding them.")] = False,
    warehouse: Store = DEFAULT,
    as_json: Json = False,
) -> None:
    """The words nearest to a sum of words, across languages.

    The words of the sum are no answers.

    Example: align words algebra "fr:roi - fr:homme + woman" --lang en --into de
    """
    import warehouse as store
    from warehouse import words

    with store.open(warehouse) as wh:
        _tell(words.algebra(wh, expression, lang, _codes(into), k, method="mul" if mul else "add"), as_json)


@app.command()
def odd(
    words: Annotated[list[str], typer.Argument(help="Three words and more; fr:roi is a word of French.")],
    lang: Unprefixed = None,
    warehouse: Store = DEFAULT,
    as_json: Json = False,
) -> None:
    """The odd one out of three words and more.

    Words by their mean cosine with the others, the odd one first.

    Example: align words odd bread cheese fr:soupe train --lang en
    """
    import warehouse as store
    from warehouse.words import odd as odd_of

    with store.open(warehouse) as wh:
        _tell(odd_of(wh, words, lang), as_json)


@app.command()
def of_document(
    doc_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the document.")],
    lang: Annotated[str, typer.Option("--lang", help="Language of the document.")],
    into: Into = None,
    k: Many = 10,
    csls: Csls = False,
    warehouse: Store = DEFAULT,
    as_json: Json = False,
) -> None:
    """The words nearest to a document, in any language.

    Example: align words of-document onion-soup --lang fr --into en
    """
    import warehouse as store
    from warehouse import words

    with store.open(warehouse) as wh:
        _tell(words.of_document(wh, doc_id, lang, _codes(into), k, csls=csls), as_json)


@app.command()
def of_text(
    text: str,
    lang: Annotated[str, typer.Option("--lang", help="Language of the text.")],
    into: Into = None,
    k: Many = 10,
    csls: Csls = False,
    warehouse: Store = DEFAULT,
    as_json: Json = False,
) -> None:
    """The words nearest to any text, in any language.

    Example: align words of-text "fresh bread from the oven" --lang en --into fr
    """
    import warehouse as store
    from warehouse import words

    with store.open(warehouse) as wh:
        _tell(words.of_text(wh, text, lang, _codes(into), k, csls=csls), as_json)


@app.command()
def distance(
    left: Some,
    right: Some,
    permutations: Annotated[int, typer.Option("--permutations", help="For the p-value; 0 for none.")] = 1_000,
    seed: Annotated[int, typer.Option("--seed", help="Of the permutations.")] = 0,
    warehouse: Store = DEFAULT,
    as_json: Json = False,
) -> None:
    """How far two sets of documents lie apart.

    The distance of their means, its unbiased square, and a p-value: how often chance alone divides them as far. Metadata
    stand after the language, with commas between; a key named twice may have either value; year="1999" is text.

    Example: align words distance en:topic=law fr:topic=law,topic=news
    """
    import warehouse as store
    from warehouse import words

    sides = _documents(left), _documents(right)
    with store.open(warehouse) as wh:
        found = words.distance(wh, *sides, permutations=permutations, seed=seed).as_dict()
    if as_json:
        _print_json(found)
        return
    from flows.figures import print_rows

    shown = {**found, "p_value": "none" if found["p_value"] is None else found["p_value"]}
    print_rows([{"measure": key, "value": value} for key, value in shown.items()], out)
    if found["p_value"] is None and permutations:
        out.print("no p-value: some documents are in both sets", highlight=False)


def _documents(text: str) -> "DocumentSet":
    from warehouse.words import DocumentSet

    lang, colon, filters = text.partition(":")
    if "=" in lang:  # the colon is part of a value
        lang, filters = "", text
    elif colon and not filters:
        raise typer.BadParameter(f"{text!r} ends after the language; write fr, or fr:topic=law")
    where: dict[str, list[Any]] = {}
    for part in filters.split(",") if filters else ():
        key, equals, value = part.partition("=")
        if not equals or not key.strip():
            raise typer.BadParameter(f"{part!r} is no filter; write key=value, such as fr:topic=law")
        where.setdefault(key.strip(), []).append(_value(value.strip()))
    return DocumentSet(lang or None, where)


def _value(text: str) -> Any:
    """What JSON makes of `text` where it is a number, a text in quotes, true, false or null; else `text`."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(found, list | dict) else found


def _codes(text: str | None) -> list[str] | None:
    return None if text is None else [code.strip() for code in text.split(",") if code.strip()]


def _tell(found: "pl.DataFrame", as_json: bool) -> None:
    if as_json:
        _print_json(found.to_dicts())
        return
    from flows.figures import print_rows

    print_rows(found.to_dicts(), out)


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
