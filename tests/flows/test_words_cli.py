"""Laws of `align words`: what the store answers, for people and for programs."""

import json

import pytest
import typer
from typer.testing import CliRunner

import align
import warehouse
from flows import words_cli
from warehouse import words
from warehouse.words import DocumentSet

TEXT = "en1 en32 en63"


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run `align words` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    root = typer.Typer()
    root.add_typer(words_cli.app, name="words")
    return lambda *arguments: CliRunner().invoke(root, ["words", *map(str, arguments)])


@pytest.fixture(scope="module")
def wh(built):
    with warehouse.open(built.store) as opened:
        yield opened


@pytest.mark.parametrize(
    ("arguments", "ask"),
    [
        (("nearest", "en5", "--lang", "en"), lambda wh: words.nearest(wh, "en5", "en")),
        (("nearest", "en5", "--lang", "en", "--into", "fr, de", "-k", 3), lambda wh: words.nearest(wh, "en5", "en", ["fr", "de"], 3)),
        (("algebra", "fr:fr1 - fr:fr2 + en2", "--lang", "en"), lambda wh: words.algebra(wh, "fr:fr1 - fr:fr2 + en2", "en")),
        (("algebra", "fr:fr1 - en:en2", "--into", "de", "--mul"), lambda wh: words.algebra(wh, "fr:fr1 - en:en2", into=["de"], method="mul")),
        (("odd", "en1", "fr:fr1", "en9", "--lang", "en"), lambda wh: words.odd(wh, ["en1", "fr:fr1", "en9"], "en")),
        (("of-document", "d03", "--lang", "fr", "--into", "en"), lambda wh: words.of_document(wh, "d03", "fr", ["en"])),
        (("of-document", "d03", "--lang", "fr", "--csls"), lambda wh: words.of_document(wh, "d03", "fr", csls=True)),
        (("of-text", TEXT, "--lang", "en", "-k", 4), lambda wh: words.of_text(wh, TEXT, "en", k=4)),
        (("of-text", TEXT, "--lang", "en", "--csls"), lambda wh: words.of_text(wh, TEXT, "en", csls=True)),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_the_answers_are_those_of_the_store(run, built, wh, arguments, ask):
    result = run(*arguments, "--warehouse", built.store, "--json")
    assert (result.exit_code, result.stderr, result.stdout.count("\n")) == (0, "", 1)
    assert json.loads(result.stdout) == ask(wh).to_dicts()
    table = run(*arguments, "--warehouse", built.store)
    assert (table.exit_code, table.stderr) == (0, "")
    assert all(row["word"] in table.stdout for row in json.loads(result.stdout))


@pytest.mark.parametrize(
    ("left", "right", "sets"),
    [
        ("en", "fr", (DocumentSet("en"), DocumentSet("fr"))),
        ("en:year=1990", "fr:year=1991,year=1992", (DocumentSet("en", {"year": 1990}), DocumentSet("fr", {"year": [1991, 1992]}))),
        ("year=1990", "de:year=1992", (DocumentSet(None, {"year": 1990}), DocumentSet("de", {"year": 1992}))),
        (":year=1990", ":year=1991", (DocumentSet(None, {"year": 1990}), DocumentSet(None, {"year": 1991}))),
    ],
)  # fmt: skip
def test_the_distance_is_that_of_the_store(run, built, wh, left, right, sets):
    options = ("--permutations", 99, "--seed", 2, "--warehouse", built.store)
    result = run("distance", left, right, *options, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    found = words.distance(wh, *sets, permutations=99, seed=2)
    assert json.loads(result.stdout) == found.as_dict()
    table = run("distance", left, right, *options)
    for text in ("distance", "squared", "p_value", f"{found.p_value:.4f}"):
        assert text in table.stdout


def test_where_sets_share_documents_people_read_why_there_is_no_p_value(run, built):
    result = run("distance", "en", "year=1990", "--warehouse", built.store)
    assert "no p-value: some documents are in both sets" in result.stdout
    assert "none" in result.stdout
    assert "both sets" not in run("distance", "en", "fr", "--permutations", 0, "--warehouse", built.store).stdout


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('fr:year="1999"', DocumentSet("fr", {"year": ["1999"]})), ("open=true,share=1.5", DocumentSet(None, {"open": [True], "share": [1.5]})),
        ("fr:at=12:30", DocumentSet("fr", {"at": ["12:30"]})), ("at=12:30", DocumentSet(None, {"at": ["12:30"]})),
        ("fr:tag=", DocumentSet("fr", {"tag": [""]})), ("x=null", DocumentSet(None, {"x": [None]})), ("x=[1]", DocumentSet(None, {"x": ["[1]"]})),
    ],
)  # fmt: skip
def test_a_set_of_documents_is_read_as_it_is_meant(text, expected):
    assert words_cli._documents(text) == expected


@pytest.mark.parametrize(
    "wrong",
    [("nearest",), ("nearest", "en5"), ("algebra",), ("odd",), ("of-document", "d03"), ("of-text", TEXT), ("distance", "en"),
     ("nearest", "en5", "--lang", "en", "-k", "many"), ("distance", "en:", "fr"), ("distance", "en:year", "fr"), ("distance", "en", "fr:=1"),
     ("word",)],
    ids=" ".join,
)  # fmt: skip
def test_wrong_usage_is_code_2(run, wrong):
    result = run(*wrong)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Usage:" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["nearest", "en5x", "--lang", "en"], "space.unknown_word"), (["nearest", "en5", "--lang", "it"], "space.no_language"),
        (["nearest", "en5", "--lang", "en", "-k", "0"], "api.bad_k"), (["algebra", "en1 en2", "--lang", "en"], "words.bad_expression"),
        (["algebra", "en1"], "words.no_language"), (["odd", "en1", "en2", "--lang", "en"], "words.too_few"),
        (["of-document", "nowhere", "--lang", "en"], "search.no_document"), (["of-text", "qqq", "--lang", "en"], "search.no_known_word"),
        (["distance", "en", "it"], "space.no_language"), (["distance", "en:topic=law", "fr"], "search.no_column"),
        (["distance", "en", "fr", "--permutations", "-1"], "discrepancy.bad_count"), (["distance", "en", "fr", "--seed", "-1"], "align.bad_seed"),
        (["nearest", "en5", "--lang", "en", "--warehouse", "nowhere"], "store.none"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_an_error_keeps_its_code(run, built, arguments, code):
    store = () if "--warehouse" in arguments else ("--warehouse", built.store)
    result = run(*arguments, *store)
    assert isinstance(result.exception, align.AlignError)
    assert (result.exception.code, result.stdout) == (code, "")


@pytest.mark.parametrize(
    ("command", "example"),
    [
        ((), 'align words algebra "king - man + woman" --lang en --into fr'),
        (("nearest",), "align words nearest river --lang en --into fr -k 10"),
        (("algebra",), 'align words algebra "fr:roi - fr:homme + woman" --lang en --into de'),
        (("odd",), "align words odd bread cheese fr:soupe train --lang en"),
        (("of-document",), "align words of-document onion-soup --lang fr --into en"),
        (("of-text",), 'align words of-text "fresh bread from the oven" --lang en --into fr'),
        (("distance",), "align words distance en:topic=law fr:topic=law,topic=news"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_help_has_an_example_to_paste(run, command, example):
    lines = [line.strip() for line in run(*command, "--help").stdout.splitlines()]
    assert f"Example: {example}" in lines
