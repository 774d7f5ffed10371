"""Laws of `align intrinsic`: what the library finds in the stored space, for people and for programs."""

import json

import polars as pl
import pytest
import typer
from typer.testing import CliRunner

import align
import warehouse
from flows import intrinsic_cli

EN_FR = ("--from", "en", "--to", "fr")


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run `align intrinsic` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    root = typer.Typer()
    root.add_typer(intrinsic_cli.app, name="intrinsic")
    return lambda *arguments: CliRunner().invoke(root, ["intrinsic", *map(str, arguments)])


@pytest.fixture
def lists(tmp_path):
    """Judged pairs with a header and an unknown word; questions in two sections, of which one is unknown."""
    judged = "".join(f"en{n}\ten{7 * n % 240}\t{n % 5}\n" for n in range(1, 40))
    (tmp_path / "judged.tsv").write_text(f"word1\tword2\tscore\n{judged}en1\tlost\t3\n")
    (tmp_path / "judged-fr.tsv").write_text("".join(f"en{n}\tfr{n + n % 3}\t{-(n % 3)}\n" for n in range(60)))
    known = "".join(f"en{n} en{n + 1} en{n + 2} en{n + 3}\n" for n in range(20))
    (tmp_path / "asked.txt").write_text(f": known\n{known}en1 en2 en3 en1\n: lost\na b c d\n")
    (tmp_path / "asked-fr.txt").write_text(
        ": same\n" + "".join(f"en{n} en{n + 9} fr{n} fr{n + 9}\n" for n in range(30))
    )
    return tmp_path


def parsed(result):
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.count("\n") == 1

    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    return json.loads(result.stdout, parse_constant=refuse)


def test_signals_are_those_of_the_space_before_it_was_stored(run, built):
    told = parsed(run("signals", *EN_FR, "--frequent", 150, "--warehouse", built.store, "--json"))
    space = align.load_space(next((built.store / "work").glob("space-*.safetensors")))
    assert told.pop("aligned") is True
    assert told == pytest.approx(space.signals("en", "fr", frequent=150).as_dict(), rel=1e-4)


def test_signals_of_every_pair_of_languages_are_in_the_store(built):
    with warehouse.open(built.store) as wh:
        found = wh.sql("SELECT source, target, measure, value FROM evaluations WHERE task = 'signals'")
    assert set(found.select("source", "target").rows()) == {("en", "fr"), ("en", "de"), ("fr", "de")}
    by_measure = dict(found.filter(pl.col("source") == "fr").select("measure", "value").rows())
    assert by_measure["agreement"] > 0.9
    assert by_measure["mixing_before"] < by_measure["mixing_after"]


@pytest.mark.parametrize(("name", "target"), [("judged.tsv", None), ("judged-fr.tsv", "fr")])
def test_similarity_is_what_the_library_finds(run, built, lists, name, target):
    into = ("--to", target) if target else ()
    told = parsed(run("similarity", lists / name, "--from", "en", *into, "--warehouse", built.store, "--json"))
    judged = align.read_similarities(lists / name, "en", target)
    with warehouse.open(built.store) as wh:
        found = align.evaluate_similarity(wh.words("en"), wh.words(target or "en"), judged)
    assert told == {**found.as_dict(), "dropped": judged.dropped}
    if target:
        assert told["spearman"] > 0.5
    else:
        assert (told["n_pairs"], told["n_test_pairs"], told["dropped"]) == (39, 40, {"similarity.header": 1})


@pytest.mark.parametrize("method", ["add", "mul"])
@pytest.mark.parametrize(("name", "target"), [("asked.txt", None), ("asked-fr.txt", "fr")])
def test_analogies_are_what_the_library_finds(run, built, lists, name, target, method):
    options = [*(("--into", target) if target else ()), *(["--mul"] if method == "mul" else [])]
    told = parsed(run("analogies", lists / name, "--lang", "en", *options, "--warehouse", built.store, "--json"))
    with warehouse.open(built.store) as wh:
        sides = wh.words("en"), wh.words(target or "en")
        found = align.evaluate_analogies(*sides, align.read_analogies(lists / name, "en", target), method=method)
    assert told == found.as_dict()
    assert told["method"] == method
    if target:
        assert told["all"]["accuracy"] > 0.8  # fr is en, turned: en9 − en0 + fr0 is fr9
    else:
        assert [row["section"] for row in told["sections"]] == ["known", "lost"]
        assert (told["all"]["n_questions"], told["all"]["n_impossible"]) == (21, 1)


def test_mixing_is_that_of_the_space_before_it_was_stored(run, built):
    told = parsed(run("mixing", *EN_FR, "-k", 5, "--frequent", 200, "--warehouse", built.store, "--json"))
    folder = built.config.parent
    raw = [align.read_vectors(folder / f"{lang}.vec", lang=lang) for lang in ("en", "fr", "de")]
    tables = [align.read_dictionary(folder / "table.tsv", "en", lang) for lang in ("fr", "de")]
    space = align.fit(raw, tables, pivot="en", method="procrustes")
    found = align.language_mixing(space, "en", "fr", k=5, frequent=200).as_dict()
    assert told == {key: pytest.approx(value, abs=0.01) for key, value in found.items()}
    assert told["before"] < told["after"]


def test_people_read_tables_with_coverage(run, built, lists):
    store = ("--warehouse", built.store)
    result = run("similarity", lists / "judged.tsv", "--from", "en", *store)
    assert (result.exit_code, result.stderr) == (0, "")
    for text in ("spearman", "coverage", "0.9750", "dropped: similarity.header"):
        assert text in result.stdout
    result = run("analogies", lists / "asked.txt", "--lang", "en", *store)
    assert (result.exit_code, result.stderr) == (0, "")
    for text in ("known", "lost", "21 of 22", "0 of 1", "3CosAdd, among 240 words", "1 misses ask"):
        assert text in result.stdout
    result = run("mixing", *EN_FR, *store)
    assert (result.exit_code, result.stderr) == (0, "")
    for text in ("before", "after", "expected"):
        assert text in result.stdout


def test_a_section_is_shown_as_it_is_written_and_controls_nothing(run, built, tmp_path):
    (tmp_path / "x").write_text(": [bold]a[/bold]\nen1 en2 en3 en4\n")
    assert "[bold]a[/bold]" in run("analogies", "x", "--lang", "en", "--warehouse", built.store).stdout


@pytest.mark.parametrize(
    "wrong",
    [("similarity",), ("similarity", "x"), ("analogies", "x"), ("analogies", "--lang", "en"), ("mixing", "--from", "en"),
     ("mixing", *EN_FR, "-k", "many"), ("mixing", "x", *EN_FR), ("mix",)],
    ids=" ".join,
)  # fmt: skip
def test_wrong_usage_is_code_2(run, wrong):
    result = run(*wrong)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Usage:" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["similarity", "nowhere.tsv", "--from", "en"], "file.missing"),
        (["similarity", "asked.txt", "--from", "en"], "similarity.bad_row"),
        (["similarity", "judged.tsv", "--from", "it"], "space.no_language"),
        (["similarity", "judged.tsv", "--from", "e"], "language.bad_code"),
        (["similarity", "judged.tsv", *EN_FR], "evaluate.no_pairs"),
        (["analogies", "judged.tsv", "--lang", "en"], "analogy.bad_row"),
        (["analogies", "asked.txt", "--lang", "de"], "evaluate.no_questions"),
        (["mixing", "--from", "en", "--to", "it"], "space.no_language"),
        (["signals", "--from", "en", "--to", "it"], "space.no_language"),
        (["signals", *EN_FR, "--frequent", "0"], "api.bad_k"),
        (["mixing", "--from", "en", "--to", "en"], "evaluate.same_language"),
        (["mixing", *EN_FR, "-k", "0"], "api.bad_k"),
        (["mixing", *EN_FR, "--frequent", "0"], "evaluate.bad_count"),
        (["mixing", *EN_FR, "--warehouse", "nowhere"], "store.none"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_error_keeps_its_code(run, built, lists, arguments, code):
    store = () if "--warehouse" in arguments else ("--warehouse", built.store)
    result = run(*arguments, *store)
    assert isinstance(result.exception, align.AlignError)
    assert (result.exception.code, result.stdout) == (code, "")


@pytest.mark.parametrize(
    ("command", "example"),
    [
        ((), "align intrinsic mixing --from en --to fr"),
        (("similarity",), "align intrinsic similarity simlex-999.tsv --from en"),
        (("analogies",), "align intrinsic analogies questions-words.txt --lang en"),
        (("mixing",), "align intrinsic mixing --from en --to fr"),
        (("signals",), "align intrinsic signals --from fr --to de"),
    ],
    ids=["intrinsic", "similarity", "analogies", "mixing", "signals"],
)
def test_help_has_an_example_to_paste(run, command, example):
    lines = [line.strip() for line in run(*command, "--help").stdout.splitlines()]
    assert f"Example: {example}" in lines
