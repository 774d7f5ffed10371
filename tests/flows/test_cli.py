"""Laws of the command line: sentences on standard error, results alone on standard output, and codes that programs can read."""

import json
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import polars as pl
import pytest
import typer

import align
import warehouse
from benchmarks.reliability.upgrades import kept_stores, unpack
from flows import cli
from flows.figures import print_hits, print_rows
from flows.stopping import Stopped

COMMANDS = sorted(typer.main.get_command(cli.app).commands)
README = Path(__file__).parents[2] / "README.md"


@pytest.fixture
def run(monkeypatch, capsys):
    """Run `align` with arguments in this process: (exit code, standard output, standard error)."""

    def runner(*arguments):
        monkeypatch.setattr(sys, "argv", ["align", *map(str, arguments)])
        try:
            cli.main()
            code = 0
        except SystemExit as left:
            code = left.code or 0
        said = capsys.readouterr()
        return code, said.out, said.err

    return runner


@pytest.fixture
def json_of(run):
    def runner(*arguments):
        code, out, err = run(*arguments, "--json")
        assert (code, err) == (0, "")
        assert out.count("\n") == 1

        def refuse(name):
            raise AssertionError(f"{name} is no JSON")

        return json.loads(out, parse_constant=refuse)

    return runner


def test_every_command_of_the_contract_is_there():
    assert {
        "demo",
        "build",
        "search",
        "translate",
        "explain",
        "evaluate",
        "report",
        "verify",
        "upgrade",
        "repair",
        "export",
        "schedule",
        "sql",
        "dictionary",
        "intrinsic",
        "lexicon",
        "map",
        "words",
    } == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example_to_paste(run, command):
    code, out, err = run(command, "--help")
    assert (code, err) == (0, "")
    lines = [line.strip() for line in out.splitlines()]
    assert any(line.startswith(f"Example: align {command}") for line in lines)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_named_in_the_readme(command):
    assert f"align {command}" in README.read_text(encoding="utf-8")


def test_the_help_of_the_program_lists_every_command(run):
    code, out, _ = run("--help")
    assert code == 0
    assert all(command in out for command in COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["serch"], ["search"], ["search", "house"], ["search", "house", "--lang"], ["search", "house", "--lang", "en", "-k", "many"],
        ["search", "house", "--lang", "en", "--limit", "3"], ["translate", "house", "--from", "en"], ["build"], ["build", "a", "b"],
        ["explain", "house", "--lang", "en"], ["evaluate", "--from", "en", "--to", "fr"], ["export"], ["schedule"], ["--version-of", "x"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_wrong_usage_is_told_and_is_code_2(run, arguments):
    code, out, err = run(*arguments)
    assert code == 2
    assert "Traceback" not in out + err
    assert "Usage:" in out + err or "requires an argument" in err


ERRORS = [
    (["search", "house", "--lang", "en", "--warehouse", "{empty}"], "store.none"),
    (["verify", "--warehouse", "{empty}"], "store.none"),
    (["repair", "--warehouse", "{empty}"], "store.none"),
    (["upgrade", "--warehouse", "{empty}"], "store.none"),
    (["report", "--warehouse", "{empty}"], "store.none"),
    (["search", "qqq zzz", "--lang", "en"], "search.no_known_word"),
    (["search", "en1", "--lang", "it"], "space.no_language"),
    (["search", "en1", "--lang", "../en"], "language.bad_code"),
    (["search", "en1", "--lang", "en", "--into", "fr,it"], "space.no_language"),
    (["search", "en1", "--lang", "en", "-k", "0"], "api.bad_k"),
    (["translate", "qqq", "--from", "en", "--to", "fr"], "space.unknown_word"),
    (["translate", "\x1b[31m\n", "--from", "en", "--to", "fr"], "space.unknown_word"),
    (["explain", "en1", "--lang", "en", "--doc", "nowhere", "--doc-lang", "fr"], "search.no_document"),
    (["explain", "qqq", "--lang", "en", "--doc", "d01", "--doc-lang", "fr"], "search.no_known_word"),
    (["evaluate", "--dictionary", "{empty}/x.tsv", "--from", "en", "--to", "fr"], "dict.empty"),
    (["evaluate", "--dictionary", "{config}", "--from", "en", "--to", "fr"], "dict.bad_row"),
    (["export", "{empty}/x.doc"], "export.format"),
    (["export", "{empty}/x.vec"], "export.no_lang"),
    (["map", "-o", "{empty}/x.gif"], "map.bad_format"),
    (["map", "-o", "{empty}/x.svg", "--color", "colour"], "map.no_column"),
    (["map", "-o", "{empty}/x.svg", "--into", "it"], "space.no_language"),
    (["map", "-o", "{empty}/x.svg", "--what", "words", "--words", "en1,zzz"], "map.too_few"),
    (["build", "{empty}/x.toml"], "file.missing"),
    (["build", "{empty}/bad.toml"], "config.unknown_key"),
    (["schedule", "{empty}/x.toml"], "file.missing"),
]


@pytest.mark.parametrize(
    ("arguments", "code_of_error"),
    ERRORS,
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_an_error_is_one_sentence_on_standard_error_and_code_1(run, built, tmp_path, arguments, code_of_error):
    (tmp_path / "bad.toml").write_text("nmae = 1\n[languages.en]\nvectors = 'x'\n")
    given = [text.format(empty=tmp_path, config=built.config) for text in arguments]
    if "--warehouse" not in given and given[0] not in ("build", "schedule"):
        given += ["--warehouse", str(built.store)]
    code, out, err = run(*given)
    assert (code, out) == (1, "")
    assert err.startswith("error: ")
    assert err.endswith(f"[{code_of_error}]\n")
    assert err[:-1].isprintable()


def test_an_error_in_the_inputs_of_a_build_ends_in_its_sentence(run, project):
    (project.parent / "fr.vec").unlink()
    code, out, err = run("build", project)
    assert (code, out) == (1, "")
    assert err.splitlines()[-1].startswith("error: ")
    assert "fr.vec" in err.splitlines()[-1]
    assert "Traceback" not in err


@pytest.mark.parametrize(("number", "wanted"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_F02_a_signal_is_a_sentence_and_128_with_its_number(run, monkeypatch, number, wanted):
    def stopped(*_):
        raise Stopped(number)

    monkeypatch.setattr("flows.run.run_build", stopped)
    monkeypatch.setattr("flows.cli.leave", lambda stopped: sys.exit(stopped.exit_code))
    assert run("build", "align.toml") == (wanted, "", "stopped; what was published stands\n")


def test_search_prints_what_search_finds(json_of, built):
    hits = json_of("search", "en0 en31 en62", "--lang", "en", "--into", "fr, de", "-k", 3, "--warehouse", built.store)
    with warehouse.open(built.store) as wh:
        expected = wh.search("en0 en31 en62", "en", ["fr", "de"], 3, explain=True)
    assert hits == expected.to_dicts()
    assert {"rank", "score", "lang", "doc_id", "title", "year", "why"} <= set(hits[0])


def test_search_tells_passages_whole_as_json_and_shortened_to_people(json_of, run, built):
    asked = ("search", "en0 en31 en62", "--lang", "en", "-k", 3, "--passages", "--warehouse", built.store)
    with warehouse.open(built.store) as wh:
        expected = wh.search("en0 en31 en62", "en", k=3, explain=True, passages=True)
    assert json_of(*asked) == expected.to_dicts()
    assert "passage" in run(*asked)[1]


def test_a_long_passage_is_shortened_for_the_terminal_with_its_position(capsys):
    hit = {"rank": 1, "score": 1.0, "lang": "en", "title": "t", "doc_id": "d", "why": []}
    print_hits(
        [hit | {"passage": "\x1b[31m first\n" + "word " * 400, "passage_start": 1234, "passage_stop": 4000}], cli.out
    )
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "1234: " in shown
    assert 20 < shown.count("word") < 40


def test_translate_prints_what_translate_finds(json_of, built):
    words = json_of("translate", "en5", "--from", "en", "--to", "fr", "-k", 2, "--warehouse", built.store)
    assert [row["rank"] for row in words] == [1, 2]
    assert words[0]["word"] == "fr5"


def test_explain_adds_up_to_the_score(json_of, built):
    told = json_of(
        "explain",
        "en0 en31",
        "--lang",
        "en",
        "--doc",
        "d00",
        "--doc-lang",
        "fr",
        "--top",
        100,
        "--warehouse",
        built.store,
    )
    shares = sum(pair["share"] for pair in told["pairs"])
    assert shares + told["hubness"] == pytest.approx(told["score"], abs=1e-6)
    assert sum(pair["pooled"] for pair in told["pairs"]) == pytest.approx(2 * told["cosine"], abs=1e-6)


def test_explain_asks_for_the_language_of_an_id_that_several_have(run, built):
    code, _, err = run("explain", "en0", "--lang", "en", "--doc", "d00", "--warehouse", built.store)
    assert code == 2
    assert "--doc-lang" in err


def test_evaluate_tells_what_was_seen_in_training(run, json_of, built):
    asked = (
        "evaluate",
        "--dictionary",
        built.config.parent / "table.tsv",
        "--from",
        "en",
        "--to",
        "fr",
        "--warehouse",
        built.store,
    )
    told = json_of(*asked)
    assert told["coverage"] == 1
    assert 100 < told["pairs_seen_in_training"] < 200
    code, _, err = run(*asked)
    assert code == 0
    assert f"{told['pairs_seen_in_training']} of 200 pairs were used to align" in " ".join(err.split())


def test_verify_prints_what_verify_reports(json_of, built):
    told = json_of("verify", "--warehouse", built.store)
    assert told["snapshot"] == f"{built.summary['snapshot']}.duckdb"
    assert (told["words"], told["documents"]) == (720, 72)


def test_F19_repair_says_what_it_found_and_did(run, json_of, built, tmp_path):
    store = shutil.copytree(built.store, tmp_path / "store", symlinks=True)
    name = f"{built.summary['snapshot']}.duckdb"
    assert run("repair", "--warehouse", store) == (0, f"{name}: nothing to repair\n", "")
    (store / "current.duckdb").unlink()
    (store / "current.duckdb").write_text("\x1b[31m")
    (store / ".build-0a0a0a0a.json").touch()
    code, _, err = run("verify", "--warehouse", store)
    assert (code, "store.pointer" in err) == (1, True)
    assert run("repair", "--warehouse", store)[:2] == (
        0,
        "damaged-current.duckdb: set aside (not a link to a snapshot)\n"
        f".build-0a0a0a0a.json: removed, left by a run that was killed\n{name} is served now\n",
    )
    assert json_of("repair", "--warehouse", store) == {
        "snapshot": name, "served_before": name, "set_aside": [], "removed": [], "nothing_to_repair": True
    }  # fmt: skip
    assert "note: damaged-current.duckdb: set aside by a repair" in run("verify", "--warehouse", store)[1]


def test_F22_upgrade_tells_what_it_published_and_that_nothing_is_left_to_do(run, json_of, tmp_path):
    store = tmp_path / "store"
    unpack(kept_stores()[0], store)
    code, _, err = run("verify", "--warehouse", store)
    assert code == 1
    assert "run `align upgrade` [store.older]" in err
    told = json_of("upgrade", "--warehouse", store)
    assert (told["published"], told["found"]) == (True, 3)
    code, out, err = run("upgrade", "--warehouse", store)
    assert (code, err) == (0, "")
    assert out == f"nothing to do: {told['snapshot']} is of schema {told['schema']}\n"
    assert run("verify", "--warehouse", store)[0] == 0


def test_a_build_where_nothing_changed_says_so(run, built):
    code, out, err = run("build", built.config, "--json")
    told = json.loads(out)
    assert (code, told) == (
        0,
        {"snapshot": built.summary["snapshot"], "published": False, "warehouse": str(built.store)},
    )
    assert "Traceback" not in err
    assert "nothing changed" in run("build", built.config)[1]


def test_exported_words_are_the_words_of_the_store(run, built, tmp_path):
    for name in ("fr.vec", "fr.npz", "fr.safetensors"):
        code, out, _ = run("export", tmp_path / name, "--lang", "fr", "--warehouse", built.store)
        assert code == 0
        assert out.startswith("240 rows")
        with warehouse.open(built.store) as wh:
            assert align.read_vectors(tmp_path / name, lang="fr").words == wh.words("fr").words


def test_exported_documents_have_their_vectors(run, built, tmp_path):
    assert run("export", tmp_path / "d.parquet", "--warehouse", built.store)[0] == 0
    assert run("export", tmp_path / "fr.parquet", "--lang", "fr", "--warehouse", built.store)[0] == 0
    frame = pl.read_parquet(tmp_path / "d.parquet")
    assert frame.height == 72
    assert {"doc_id", "lang", "text", "vector"} <= set(frame.columns)
    assert set(pl.read_parquet(tmp_path / "fr.parquet")["lang"]) == {"fr"}


@pytest.mark.parametrize(
    "command",
    [("search", "en0 en31", "--lang", "en"), ("translate", "en5", "--from", "en", "--to", "fr"), ("verify",)],
)
def test_what_is_not_json_is_for_people(run, built, command):
    code, out, err = run(*command, "--warehouse", built.store)
    assert (code, err) == (0, "")
    assert len(out.splitlines()) >= 2


@pytest.mark.parametrize("text", ["[/red] x", "[bold]x[/bold]", "a\x1b[31mb"])
def test_V21_a_title_or_a_word_is_shown_as_it_is_written_and_controls_nothing(capsys, text):
    print_hits([{"rank": 1, "score": 1.0, "lang": "en", "title": text, "doc_id": "d", "why": []}], cli.out)
    print_rows([{"word": text, "score": 1.0}], cli.out)
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert shown.count(text.replace("\x1b", r"\x1b")) == 2


def test_python_m_flows_is_the_same_program_and_starts_without_prefect_and_gensim(tmp_path):
    program = """
        import runpy, sys
        sys.argv[0] = "flows"
        try:
            runpy.run_module("flows", run_name="__main__")
        finally:
            print({"prefect", "gensim", "altair"} & set(sys.modules))
    """
    command = [sys.executable, "-c", textwrap.dedent(program), "verify", "--warehouse", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "set()\n")
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_sql_prints_what_it_finds_and_refuses_what_is_too_much(run, json_of, built):
    at = ("--warehouse", built.store)
    asked = "SELECT lang, count(*) AS n FROM documents GROUP BY ALL ORDER BY ALL"
    assert json_of("sql", asked, *at) == [{"lang": lang, "n": 24} for lang in ("de", "en", "fr")]
    assert "24" in run("sql", asked, *at)[1]
    code, out, err = run("sql", "FROM words", "--max-rows", 5, *at)
    assert (code, out) == (1, "")
    assert err.endswith("[query.too_many_rows]\n")
    assert run("sql", 'SELECT 1 AS "[red]\x1b"', *at)[1].count("[red]\\x1b") == 1


def test_what_cannot_be_interrupted_ends_with_the_process(built):
    endless = "SELECT levenshtein(repeat('a', 300000), repeat('b', 300000))"
    command = [sys.executable, "-m", "flows", "sql", endless, "--timeout", "0.5", "--warehouse", str(built.store)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("[query.timeout]\n")
    assert done.stderr.count("\n") == 1
