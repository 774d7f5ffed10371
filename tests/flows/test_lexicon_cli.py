"""Laws of `align lexicon`: what the warehouse says, for people, for programs and as a file."""

import json

import pytest
import typer
from typer.testing import CliRunner

import align
import warehouse
from flows import lexicon_cli

PAIR = ("--from", "fr", "--to", "de")


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run `align lexicon` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    root = typer.Typer()
    root.callback()(lambda: None)  # a program of one command would not take its name
    root.command()(lexicon_cli.lexicon)
    return lambda *arguments: CliRunner().invoke(root, ["lexicon", *map(str, arguments)])


def parsed(result):
    assert (result.exit_code, result.stderr) == (0, "")

    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    return json.loads(result.stdout, parse_constant=refuse)


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ((), {}),
        (("-n", 7), {"n": 7}),
        (("--all",), {"round_trip": False}),
        (("--spelling",), {"spelling": "auto"}),
        (("--min-probability", 0.5), {"min_probability": 0.5}),
    ],
    ids=str,
)
def test_json_is_what_the_warehouse_says(run, built, options, arguments):
    told = parsed(run(*PAIR, "--warehouse", built.store, *options, "--json"))
    with warehouse.open(built.store) as wh:
        found = wh.lexicon("fr", "de", **arguments)
    assert told.pop("rows") == found.frame.to_dicts()
    assert told.pop("file") is None
    assert told == found.about()
    assert told["calibrated_on"]


def test_the_file_is_a_dictionary(run, built, tmp_path):
    file = tmp_path / "fr-de.tsv"
    told = parsed(run(*PAIR, "--warehouse", built.store, "-n", 50, "-o", file, "--json"))
    read = align.read_dictionary(file, "fr", "de")
    assert read.pairs == tuple((row["source"], row["target"]) for row in told["rows"])
    assert read.weights == pytest.approx([row["probability"] for row in told["rows"]], rel=1e-5)
    assert told["file"] == str(file)


def test_people_read_twenty_entries_and_what_they_rest_on(run, built, tmp_path):
    result = run(*PAIR, "--warehouse", built.store, "-n", 50, "-o", tmp_path / "[b].tsv")
    assert (result.exit_code, result.stderr) == (0, "")
    with warehouse.open(built.store) as wh:
        found = wh.lexicon("fr", "de", 50)
    lines = result.stdout.splitlines()
    assert found.summary() in lines
    assert any(line.startswith("written to") and line.endswith("[b].tsv") for line in lines)
    shown = found.frame["source"].to_list()
    assert all(f" {word} " in result.stdout for word in shown[:20])
    assert not any(f" {word} " in result.stdout for word in shown[20:])


@pytest.mark.parametrize("wrong", [("-n", "0"), ("-n", "many"), ("--min-probability", "2"), ("--round-trip",)], ids=str)
def test_wrong_usage_is_code_2(run, built, wrong):
    result = run(*PAIR, "--warehouse", built.store, *wrong)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Usage:" in result.stderr


def test_a_pair_that_is_none_is_an_error_of_the_domain(run, built):
    for target, code in (("fr", "dict.same_language"), ("it", "space.no_language")):
        result = run("--from", "fr", "--to", target, "--warehouse", built.store)
        assert result.exception.code == code
        assert result.stdout == ""


def test_a_lexicon_that_cannot_be_written_is_refused(run, built, tmp_path):
    result = run(*PAIR, "--warehouse", built.store, "-n", 5, "-o", tmp_path / "none" / "x.tsv")
    assert result.exception.code == "file.missing"
    assert result.stdout == ""


def test_the_help_has_an_example_to_paste(run):
    result = run("--help")
    assert result.exit_code == 0
    assert any(
        line.strip().startswith("Example: align lexicon --from fr --to de") for line in result.stdout.splitlines()
    )
