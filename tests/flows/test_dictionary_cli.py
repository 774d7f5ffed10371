"""Laws of `align dictionary`: what the library finds, for people and for programs."""

import json

import pytest
import typer
from typer.testing import CliRunner

import align
import warehouse
from align.dictionary_check import check_dictionary
from flows import dictionary_cli

PAIR = ("--from", "en", "--to", "fr")


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run `align dictionary` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    root = typer.Typer()
    root.add_typer(dictionary_cli.app, name="dictionary")
    return lambda *arguments: CliRunner().invoke(root, ["dictionary", *map(str, arguments)])


@pytest.fixture
def spoilt(built, tmp_path):
    """The table's pairs from en to fr, three of them handed round, one twice, one conflict."""
    pairs = [(f"en{n}", f"fr{n}") for n in range(130)]
    for here, there in ((3, 50), (50, 120), (120, 3)):
        pairs[here] = (f"en{here}", f"fr{there}")
    file = tmp_path / "spoilt.tsv"
    file.write_text("".join(f"{a}\t{b}\n" for a, b in [*pairs, ("en7", "fr7"), ("EN8", "fr8")]))
    return file


def parsed(result):
    assert (result.exit_code, result.stderr) == (0, "")

    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    return json.loads(result.stdout, parse_constant=refuse)


def test_json_is_what_the_library_finds_in_the_stored_space(run, built, spoilt):
    told = parsed(run("check", spoilt, *PAIR, "--warehouse", built.store, "-n", 7, "--json"))
    with warehouse.open(built.store) as wh:
        found = check_dictionary(align.read_dictionary(spoilt, "en", "fr"), wh.words("en"), wh.words("fr"), suggest=7)
    assert told["conflicts"] == found.conflicts.to_dicts()
    assert told["coverage"] == found.coverage.to_dicts()
    assert told["suspects"] == found.suspects.frame.to_dicts()
    assert told["suggestions"] == found.suggestions.to_dicts()
    assert (told["pairs"], told["usable"], told["dropped"]) == (131, 130, {"dict.duplicate": 1})
    assert {(row["line"], row["better"]) for row in told["suspects"]} == {
        ("spoilt.tsv:4", "fr3"), ("spoilt.tsv:51", "fr50"), ("spoilt.tsv:121", "fr120"),
    }  # fmt: skip
    assert len(told["suggestions"]) == 7


def test_files_of_vectors_that_share_no_space_serve_as_well(run, built, spoilt):
    folder = built.config.parent
    files = ("--source-vectors", folder / "en.vec", "--target-vectors", folder / "fr.vec")
    told = parsed(run("check", spoilt, *PAIR, *files, "--json"))
    assert {row["source"] for row in told["suspects"]} == {"en3", "en50", "en120"}
    assert all(row["guess"] == f"fr{row['word'][2:]}" for row in told["suggestions"])


def test_without_a_warehouse_the_file_is_looked_over_alone(run, spoilt):
    told = parsed(run("check", spoilt, *PAIR, "--json"))
    assert (told["usable"], told["coverage"], told["suspects"], told["suggestions"]) == (None, [], [], [])
    assert [row["source"] for row in told["conflicts"]] == ["en8"]
    assert told["notes"][0].startswith("without vectors")


def test_the_default_warehouse_is_used_only_for_languages_it_has(run, built, spoilt, tmp_path):
    (tmp_path / "warehouse").mkdir()
    (tmp_path / "warehouse" / "data").symlink_to(built.store)
    assert parsed(run("check", spoilt, *PAIR, "--json"))["usable"] == 130
    assert parsed(run("check", spoilt, "--from", "it", "--to", "fr", "--json"))["usable"] is None


def test_exchanged_columns_are_said_and_nothing_is_guessed_from_them(run, built, spoilt):
    folder = built.config.parent
    files = ("--source-vectors", folder / "fr.vec", "--target-vectors", folder / "en.vec")
    told = parsed(run("check", spoilt, "--from", "fr", "--to", "en", *files, "--json"))
    assert (told["usable"], told["suspects"], told["suggestions"]) == (0, [], [])
    assert "with the columns swapped 130 would be usable" in told["notes"][0]


def test_people_read_figures_tables_and_what_was_dropped(run, built, spoilt):
    result = run("check", spoilt, *PAIR, "--warehouse", built.store, "-n", 2)
    assert (result.exit_code, result.stderr) == (0, "")
    for text in ("dropped: dict.duplicate", "spoilt.tsv:4", "coverage", "2 of 3", "translate next"):
        assert text in result.stdout


def test_a_word_is_shown_as_it_is_written_and_controls_nothing(run, tmp_path):
    file = tmp_path / "[bold].tsv"
    file.write_text("[red]cat[/red] x\tchat\n")
    shown = run("check", file, *PAIR).stdout
    assert "[bold].tsv" in shown
    assert "[red]cat[/red]" in shown


@pytest.mark.parametrize(
    "wrong",
    [
        ("--source-vectors", "en.vec"),
        ("--target-vectors", "fr.vec"),
        ("--source-vectors", "en.vec", "--target-vectors", "fr.vec", "--warehouse", "w"),
        ("-n", "0"),
        ("-n", "many"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_code_2(run, spoilt, wrong):
    result = run("check", spoilt, *PAIR, *wrong)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Usage:" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["nowhere.tsv", *PAIR], "dict.empty"),
        (["spoilt.tsv", "--from", "en", "--to", "en"], "dict.same_language"),
        (["spoilt.tsv", *PAIR, "--warehouse", "nowhere"], "store.none"),
        (["spoilt.tsv", *PAIR, "--source-vectors", "x.vec", "--target-vectors", "y.vec"], "file.missing"),
        (["spoilt.tsv", "--from", "it", "--to", "fr", "--warehouse", "{store}"], "space.no_language"),
        (["spoilt.tsv", *PAIR, "--part", "dev"], "dict.no_part"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_error_keeps_its_code(run, built, spoilt, arguments, code):
    result = run("check", *(text.format(store=built.store) for text in arguments))
    assert isinstance(result.exception, align.AlignError)
    assert (result.exception.code, result.stdout) == (code, "")


@pytest.mark.parametrize("command", [(), ("check",)], ids=["dictionary", "check"])
def test_help_has_an_example_to_paste(run, command):
    lines = [line.strip() for line in run(*command, "--help").stdout.splitlines()]
    assert "Example: align dictionary check en-fr.tsv --from en --to fr" in lines
