"""`align demo`: the whole pipeline on what is shipped, then what a new user would ask of it."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape

import warehouse as store
from align.errors import AlignError, ConfigError
from flows import progress
from flows.figures import print_figures, print_hits
from flows.report import write_report
from flows.run import run_build

CONFIG = Path(__file__).parent / "data" / "align.toml"
QUESTIONS = (
    ("keeping the rooms of an old house warm in winter", "en", ["fr", "de", "es"]),
    ("une soupe chaude avec du fromage", "fr", ["en", "de", "es"]),
    ("die Vögel ziehen im Herbst fort", "de", ["en", "fr", "es"]),
)
WORDS = (("river", "en", "fr"), ("bread", "en", "de"), ("happy", "en", "es"))


def run_demo(warehouse: Path, output: Path) -> None:
    """Build, show figures and queries, write the report. Raises ConfigError `demo.other_store` over a store of the user's."""
    out = Console()
    _refuse_other(warehouse)
    result = run_build(CONFIG, warehouse)
    state = "published" if result["published"] else "nothing changed since the last run:"
    out.print(f"\n[bold]{state} {result['snapshot']}[/bold]")
    with store.open(warehouse) as wh:
        n_docs = wh.sql("SELECT count(*) FROM documents").item()
        out.print(
            f"4 languages, {wh.sql('SELECT count(*) FROM words').item():,} words, {n_docs} short documents, one vector space\n"
        )
        print_figures(wh, out)
        for word, source, target in WORDS:
            found = ", ".join(wh.translate(word, source, target, 3)["word"])
            out.print(f"{word} ({source}) in {target}: [bold]{found}[/bold]")
        for text, lang, into in QUESTIONS:
            out.print(f"\n[bold]{text}[/bold] ({lang} → {', '.join(into)})")
            print_hits(wh.search(text, lang, into, 3, explain=True).to_dicts(), out)
        with progress.display(), progress.step("write report"):
            write_report(wh, output)
    database = warehouse / "current.duckdb"
    out.print("\n[bold]The store[/bold], for any DuckDB client:", escape(str(database)), soft_wrap=True)
    out.print(f"  duckdb -readonly {database}", soft_wrap=True, highlight=False, markup=False)
    out.print(
        "  SELECT rank, score, lang, title FROM search_text('fresh bread from the oven', 'en', k := 5);", soft_wrap=True
    )
    out.print("[bold]The report[/bold], for any browser:", escape(str(output)), soft_wrap=True)
    out.print('[bold]Next[/bold]: align search "hot soup with cheese" --lang en --into fr,de -k 3', soft_wrap=True)


def _refuse_other(warehouse: Path) -> None:
    try:
        with store.open(warehouse) as wh:
            name = wh.sql("SELECT config->>'name' FROM runs").item()
    except AlignError:
        return
    if name != "demo":
        raise ConfigError(
            "demo.other_store", "a store of yours is here; give the demo another with --warehouse", path=warehouse
        )
