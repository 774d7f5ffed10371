"""Laws of `align map`: the picture that was asked for, what it shows of how much, and sentences where it cannot be."""

import json
import re
import struct

import pytest
import typer
from typer.testing import CliRunner

import warehouse
from flows import fonts, map_cli
from flows.maps import map_documents, map_words


@pytest.fixture
def run(monkeypatch, tmp_path, built):
    """Run `align map` on the built store in an empty folder."""
    monkeypatch.chdir(tmp_path)
    root = typer.Typer()
    root.callback()(lambda: None)  # a program of one command would not take its name
    root.command(name="map")(map_cli.draw)
    return lambda *given: CliRunner().invoke(root, ["map", "--warehouse", str(built.store), *map(str, given)])


def parsed(result):
    assert (result.exit_code, result.stderr) == (0, "")

    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    return json.loads(result.stdout, parse_constant=refuse)


def test_json_is_what_the_map_shows(run, built):
    told = parsed(run("-o", "m.svg", "--color", "year", "--points", 30, "--seed", 5, "--json"))
    with warehouse.open(built.store) as wh:
        found = map_documents(wh, color="year", points=30, seed=5)
    assert told["points"] == [{key: row[key] for key in ("id", "lang", "group", "x", "y")} for row in found.rows]
    assert told["explained"] == pytest.approx(found.plane.explained)
    shown = {"shown": 30, "of": found.of, "color": "year", "seed": 5, "method": "pca", "file": "m.svg", "warnings": []}
    assert {key: told[key] for key in shown} == shown


@pytest.mark.parametrize("what", ["documents", "words"])
def test_people_read_the_variance_and_how_many_of_how_many(run, built, what):
    result = run("-o", "m.svg", "--what", what, "--into", "en,fr", "--points", 12)
    assert (result.exit_code, result.stderr) == (0, "")
    with warehouse.open(built.store) as wh:
        found = (
            map_words(wh, ["en", "fr"], points=12) if what == "words" else map_documents(wh, ["en", "fr"], points=12)
        )
    first, second = (100 * share for share in found.plane.explained)
    assert f"12 of {found.of:,} {found.chosen}; en, fr, coloured by language" in result.stdout
    assert f"{first:.1f} % + {second:.1f} % = {first + second:.1f} % of the variance of the 12 {what}" in result.stdout
    assert result.stdout.endswith("written to m.svg\n")


def test_words_come_from_a_list_or_from_a_file(run, tmp_path):
    (tmp_path / "words.txt").write_text("\ufeffen1\n\n fr:fr2 \nlost, found\nde3\n", encoding="utf-8")
    listed = parsed(run("-o", "m.svg", "--what", "words", "--words", "en1, fr:fr2,,lost,de3", "--json"))
    filed = parsed(run("-o", "m.svg", "--what", "words", "--words", "words.txt", "--json"))
    assert (
        [row["word"] for row in listed["points"]] == [row["word"] for row in filed["points"]] == ["en1", "fr2", "de3"]
    )
    assert (listed["unknown"], filed["unknown"]) == (["lost"], ["lost, found"])
    assert "Without a vector in the languages shown, 1: lost" in run("-o", "m.svg", "--what", "words", "--words", "en1,en2,en3,lost").stdout  # fmt: skip


def test_a_png_has_the_size_that_was_asked_for(run, tmp_path):
    for size in ((640, 480), (900, 700)):
        parsed(run("-o", "m.png", "--size", "{}x{}".format(*size), "--json"))
        head = (tmp_path / "m.png").read_bytes()[:24]
        assert head[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">II", head[16:]) == size


def test_an_svg_has_its_size_its_text_and_no_address(run, tmp_path):
    parsed(run("-o", "m.svg", "--what", "words", "--size", "640x480", "--json"))
    drawn = (tmp_path / "m.svg").read_text(encoding="utf-8")
    assert 'viewBox="0 0 640 480"' in drawn
    assert re.search(r">en\d+</text>", drawn)
    assert set(re.findall(r"https?://[^\"' ]+", drawn)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


def test_a_page_holds_all_it_needs(run, tmp_path):
    parsed(run("-o", "m.HTML", "--color", "year", "--json"))
    page = (tmp_path / "m.HTML").read_text(encoding="utf-8")
    assert page.count('class="chart"') == 1
    assert "default-src 'none'" in page
    elements = re.sub(r">[^<]*</script>|<script>.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"<[^>]+\b(src|href)=", elements)
    assert "coloured by year, shaped by language" in page


def test_the_same_store_gives_the_same_bytes(run, tmp_path):
    for name in ("m.svg", "m.png", "m.html"):
        runs = []
        for _ in range(2):
            parsed(run("-o", name, "--json"))
            runs.append((tmp_path / name).read_bytes())
        assert runs[0] == runs[1]


def test_a_png_without_fonts_for_its_letters_warns_once(run, monkeypatch):
    monkeypatch.setattr(fonts, "_drawn", lambda char: False)
    result = run("-o", "m.png")
    assert result.exit_code == 0
    assert result.stderr.startswith("warning: no font for Latin: ")
    assert result.stderr.count("\n") == 1
    told = run("-o", "m.png", "--json")
    assert (told.stderr, len(json.loads(told.stdout)["warnings"])) == ("", 1)
    assert run("-o", "m.svg").stderr == ""


@pytest.mark.parametrize(
    "wrong",
    [
        ("--size", "900"), ("--size", "10x10"), ("--size", "99999x700"), ("--size", "ax7"), ("--what", "pages"), ("--method", "tsne"),
        ("--seed", "-1"), ("--points", "2"), ("--words", "en1"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_wrong_usage_is_code_2(run, wrong):
    result = run("-o", "m.svg", *wrong)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Usage:" in result.stderr


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (("-o", "m.gif"), "map.bad_format"), (("-o", "m"), "map.bad_format"), (("-o", "none/m.svg"), "file.unwritable"),
        (("-o", "m.svg", "--color", "colour"), "map.no_column"), (("-o", "m.svg", "--into", "it"), "space.no_language"),
        (("-o", "m.svg", "--what", "words", "--color", "year"), "map.no_column"),
        (("-o", "m.svg", "--what", "words", "--words", "lost"), "map.too_few"),
        (("-o", "m.svg", "--what", "words", "--words", "latin.txt"), "file.not_utf8"),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_drawn_is_an_error_and_leaves_no_file(run, tmp_path, given, code):
    (tmp_path / "latin.txt").write_bytes("été\n".encode("latin-1"))
    result = run(*given)
    assert result.exception.code == code
    assert result.stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == ["latin.txt"]
