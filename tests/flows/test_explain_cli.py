"""Laws of `align explain -o` and of the report's example: a file that holds all it needs, and in which foreign text stays text."""

import html
import json
import re
import struct
import sys

import pytest

import warehouse
from flows import cli, fonts
from flows.heat_map import heat_map, signed, stored_text
from flows.report import write_report

HOSTILE = "<script>alert(1)</script>"
ASK = ("explain", "en31 en0 zzz", "--lang", "en", "--doc", "d00", "--doc-lang", "fr")


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Run `align` in an empty folder: (exit code, standard output, standard error)."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

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
def here(tmp_path):
    return tmp_path / "here"


@pytest.fixture
def hostile(project, build):
    """The store of a project whose documents in French and German, and their titles, would be elements and attributes."""
    for lang in ("fr", "de"):
        file = project.parent / "documents" / f"{lang}.jsonl"
        rows = [json.loads(line) for line in file.read_text().splitlines()]
        foreign = [
            {**row, "text": f'{row["text"]} {HOSTILE} "onload=x', "title": f"{HOSTILE} & {row['title']}"}
            for row in rows
        ]
        file.write_text("".join(json.dumps(row) + "\n" for row in foreign))
    build(project)
    return project.parent / "store"


def elements(page):
    """The page without what its scripts and styles hold."""
    return re.sub(r"(<(script|style)[^>]*>).*?(</\2>)", r"\1\3", page, flags=re.DOTALL)


def shown(page):
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", elements(page)).split()))


@pytest.mark.parametrize("name", ["why.html", "why.svg", "why.PNG"])
def test_the_file_is_written_and_said(run, here, built, name):
    code, out, err = run(*ASK, "-o", name, "--warehouse", built.store)
    assert (code, err) == (0, "")
    assert out.endswith(f"written to {name}\n")
    assert [path.name for path in here.iterdir()] == [name]
    told = json.loads(run(*ASK, "-o", name, "--json", "--warehouse", built.store)[1])
    assert (told["file"], told["said"], told["warnings"]) == (name, [], [])


def test_a_picture_is_one(run, here, built):
    for name in ("why.svg", "why.png"):
        assert run(*ASK, "-o", name, "--warehouse", built.store)[0] == 0
    head = (here / "why.png").read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    assert min(struct.unpack(">II", head[16:])) > 100
    drawn = (here / "why.svg").read_text(encoding="utf-8")
    assert " · en31 en0 zzz (en) · fr 0 (fr)" in html.unescape(drawn)
    assert set(re.findall(r"https?://[^\"' ]+", drawn)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


def test_a_page_tells_the_score_as_a_sum_and_its_words(run, here, built):
    assert run(*ASK, "-o", "why.html", "--top", 2, "--warehouse", built.store)[0] == 0
    with warehouse.open(built.store) as wh:
        table = wh.explain("en31 en0 zzz", "en", "d00", "fr", top=None)
        found = heat_map(table, (ASK[1], wh.words("en")), (stored_text(wh, "d00", "fr")[1], wh.words("fr")))
    text = shown((here / "why.html").read_text(encoding="utf-8"))
    n = table.height - 1
    assert (
        f"{signed(found.pairs)} from pairs of words and {signed(found.hubness)} for hubness, which is what either text would give"
        in text
    )
    assert text.count(signed(found.score)) >= 3
    rest = float(table["share"][2:-1].sum())
    assert f"{n - 2} other pairs {signed(rest)} hubness {signed(found.hubness)} score {signed(found.score)}" in text
    assert all(word in text for word in (*found.query.words, *found.document.words))


def test_a_page_holds_all_it_needs_and_forbids_the_network(run, here, built):
    assert run(*ASK, "-o", "why.html", "--warehouse", built.store)[0] == 0
    page = (here / "why.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    assert not re.search(r"<[^>]+\b(src|href|srcset|data|action)=", elements(page))
    (spec,) = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page)
    assert "http" not in spec
    assert set(json.loads(spec)) >= {"marks", "scales", "config"}


def test_text_of_others_stays_text(run, here, hostile):
    ask = (
        "explain",
        f'en0 {HOSTILE} "onload=x',
        "--lang",
        "en",
        "--doc",
        "d00",
        "--doc-lang",
        "fr",
        "--warehouse",
        hostile,
    )
    for name in ("why.html", "why.svg", "why.png"):
        assert run(*ask, "-o", name)[0] == 0
    with warehouse.open(hostile) as wh:
        write_report(wh, here / "report.html")
    for name, lang in (("why.html", "fr"), ("report.html", "de")):
        page = (here / name).read_text(encoding="utf-8")
        assert "alert" in page
        assert "<script>alert" not in page
        assert f"{HOSTILE} & {lang} 0" in shown(page)
        assert not re.search(r"<[^>]+ onload=", elements(page))
    assert "<script" not in (here / "why.svg").read_text(encoding="utf-8")


def test_the_same_store_gives_the_same_bytes(run, here, built):
    for name in ("why.html", "why.svg", "why.png"):
        runs = []
        for _ in range(2):
            assert run(*ASK, "-o", name, "--warehouse", built.store)[0] == 0
            # Gradients are counted by the renderer, over all pictures of a process.
            runs.append(re.sub(rb"gradient_\d+", b"gradient", (here / name).read_bytes()))
        assert runs[0] == runs[1]


def test_a_png_without_fonts_for_its_letters_warns(run, built, monkeypatch):
    monkeypatch.setattr(fonts, "_drawn", lambda char: False)
    code, _, err = run(*ASK, "-o", "why.png", "--warehouse", built.store)
    assert (code, err.startswith("warning: no font for Latin: "), err.count("\n")) == (0, True, 1)
    assert run(*ASK, "-o", "why.svg", "--warehouse", built.store)[2] == ""


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (("-o", "why.gif"), 1, "explain.bad_format"), (("-o", "why"), 1, "explain.bad_format"), (("-o", "none/why.svg"), 1, "file.unwritable"),
        (("-o", "none/why.html"), 1, "file.unwritable"), (("-o", "why.html", "--doc", "lost"), 1, "search.no_document"),
        (("-o", "why.html", "--lang", "it"), 1, "space.no_language"), (("-o", "why.html", "--top", "0"), 2, "--top"), (("-o",), 2, "-o"),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_shown_is_one_sentence_and_leaves_no_file(run, here, built, given, code, said):
    found, out, err = run(*ASK, "--warehouse", built.store, *given)
    assert (found, out) == (code, "")
    assert said in err
    assert "Traceback" not in err
    assert code == 2 or err.count("\n") == 1
    assert list(here.iterdir()) == []


def test_the_report_explains_a_pair_of_stored_documents(built, tmp_path):
    with warehouse.open(built.store) as wh:
        write_report(wh, tmp_path / "report.html")
        lang = next(code for code in wh.languages if code != "en")
        _, text = stored_text(wh, "d00", lang)
        hit = wh.search(text, lang, ["en"], k=1).row(0, named=True)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    section = shown(page).split("Why two texts match")[1]
    assert f"make {signed(hit['score'])} ." in section
    assert f"{lang} 0 {lang}" in section
    assert f"{hit['title']} en" in section
    assert 'id="match-spec"' in page


@pytest.mark.parametrize("there", [(), ("en",), ("fr",)], ids=str)
def test_a_report_without_two_languages_of_documents_explains_nothing(project, build, tmp_path, there):
    for lang in {"en", "fr", "de"} - {*there}:
        file = project.parent / "documents" / f"{lang}.jsonl"
        file.write_text("") if there else file.unlink()
    if not there:
        text = project.read_text()
        project.write_text(
            text.replace('[[documents]]\npath = "documents/*.jsonl"\n', "").replace("parallel_ids = true", "")
        )
    build(project)
    with warehouse.open(project.parent / "store") as wh:
        write_report(wh, tmp_path / "report.html")
    assert "Why two texts match" not in shown((tmp_path / "report.html").read_text(encoding="utf-8"))


def test_a_report_about_one_language_explains_nothing(project, build, tmp_path):
    """Of a store whose space holds nothing else."""
    config = re.sub(r"\[languages\.(fr|de)\]\nvectors = .*\n", "", project.read_text())
    project.write_text(config.replace('[[dictionaries]]\npath = "table.tsv"\n', "").replace("parallel_ids = true", ""))
    for lang in ("fr", "de"):
        (project.parent / "documents" / f"{lang}.jsonl").unlink()
    build(project)
    with warehouse.open(project.parent / "store") as wh:
        write_report(wh, tmp_path / "report.html")
        assert wh.languages == ["en"]
    assert "Why two texts match" not in shown((tmp_path / "report.html").read_text(encoding="utf-8"))


def test_what_stands_for_tokens_without_a_vector_is_told(run, built):
    code, said, _ = run(*ASK, "--warehouse", built.store, "--json")
    assert code == 0
    with warehouse.open(built.store) as wh:
        document = stored_text(wh, "d00", "fr")[1]
        unknown = wh.routes(document, "fr").filter(wh.routes(document, "fr")["route"].ne_missing("exact")).height
    told = json.loads(said)["routes"]
    assert told[0] == {"token": "zzz", "lang": "en", "route": "unknown", "words": []}
    assert len(told) == 1 + unknown
    code, said, _ = run(*ASK, "--warehouse", built.store)
    assert code == 0
    assert f"{len(told)} tokens without a vector of their own" in said
