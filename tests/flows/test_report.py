"""Laws of the report: one file, nothing from elsewhere, every figure from the store, any store gives a page."""

import json
import re
import socket
from html.parser import HTMLParser

import numpy as np
import pytest

import warehouse
from align.errors import QueryError, ResourceError
from flows.maps import find_concepts
from flows.page import in_script, script_text
from flows.report import dropped, toml, wilson, write_report
from warehouse import snapshot

DIM = 4
HOSTILE = "</script><script>alert('x')</script><!-- & \u2028"
WORD = "space_id, lang, word, form, rank, count, weight, vector"
POOLED = "space_id, doc_id, lang, vector, tokens, known_tokens, reason"
ROTATION = (
    "space_id, lang, matrix, steps, means, method, n_pairs, rank, residual, determinant, report, pooling_mean, "
    "pooling_documents, pooling_centre"
)
WORDS = {"en": ["cat", "dog", "sun"], "fr": ["chat", "chien", "soleil"], "de": ["Katze", "Hund", "Sonne"]}


class Page(HTMLParser):
    """Attributes of every element, text outside scripts and styles, and the text of each script."""

    def __init__(self, html):
        super().__init__()
        self.attributes, self.text, self.scripts, self.styles, self._in = [], "", [], [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self._in = tag
        if tag in ("script", "style"):
            (self.scripts if tag == "script" else self.styles).append("")

    def handle_endtag(self, tag):
        self._in = ""
        self.text += " " if tag in ("td", "th") else ""

    def handle_data(self, data):
        if self._in == "script":
            self.scripts[-1] += data
        elif self._in == "style":
            self.styles[-1] += data
        else:
            self.text += data

    def charts(self):
        return {v.removesuffix("-spec") for tag, name, v in self.attributes if tag == "script" and name == "id"}


def vector(i):
    v = np.zeros(DIM)
    v[i % DIM], v[(i + 1) % DIM] = 0.8, 0.6
    return v.tolist()


def fill(connection, *, full, title=HOSTILE):
    connection.execute(
        "INSERT INTO spaces (space_id, pivot_lang, dim, tokenizer, weighting, sif_a, fingerprints) VALUES ('s', 'en', ?, 'runs-1', 'sif', 0.01, '{}')",
        [DIM],
    )
    for lang, words in WORDS.items():
        fit = {
            "method": "procrustes",
            "towards": ["en"],
            "usable_pairs": 7,
            "pairs": 9,
            "coverage": 7 / 9,
            "tried": {"refine": {"mrr": 0.5, "precision_at_1": 0.25}},
        }
        report = json.dumps(fit if full and lang != "en" else {"method": "pivot"})
        row = [
            "s",
            lang,
            np.eye(DIM).tolist(),
            ["unit"],
            [],
            "procrustes",
            7,
            DIM,
            0.5,
            -1.0,
            report,
            [0.0] * DIM,
            0,
            "words",
        ]
        connection.execute(f"INSERT INTO rotations ({ROTATION}) VALUES ({', '.join('?' * len(row))})", row)
        for i, word in enumerate(words):
            row = ["s", lang, word, word.lower(), i + 1, None, 1.0, vector(i)]
            connection.execute(f"INSERT INTO words ({WORD}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    if not full:
        return
    for i in range(3):  # fr and de only by way of each other: de is reached in two steps
        pairs = [("en", "fr", WORDS["en"][i], WORDS["fr"][i]), ("fr", "de", WORDS["fr"][i], WORDS["de"][i].lower())]
        for row in pairs:
            connection.execute("INSERT INTO dictionary_pairs VALUES (?, ?, ?, ?, 1, 'x.tsv:1', 'test')", row)
    for lang in WORDS:
        for i in range(4):
            row = [f"d{i}", lang, title if i else None, json.dumps({"url": f"u{lang}{i}", "topic": "ab"[i % 2]})]
            connection.execute("INSERT INTO documents VALUES (?, ?, ?, 't', ?, 'h')", row)
            connection.execute(
                f"INSERT INTO document_vectors ({POOLED}) VALUES ('s', ?, ?, ?, 3, 3, NULL)", [f"d{i}", lang, vector(i)]
            )
    connection.execute("INSERT INTO documents VALUES ('empty', 'fr', NULL, '?', '{}', 'h')")
    connection.execute(
        f"INSERT INTO document_vectors ({POOLED}) VALUES ('s', 'empty', 'fr', NULL, 1, 0, 'no known word')"
    )
    figures = {
        "precision_at_1": 0.5,
        "precision_at_5": 0.75,
        "precision_at_10": 1,
        "mrr": 0.625,
        "coverage": 0.4,
        "n_words": 8,
    }
    for measure, value in {**figures, "n_test_words": 20, "precision_at_1_of_all": 0.2, "novel": 0.123456}.items():
        connection.execute("INSERT INTO evaluations VALUES ('s', 'translation', 'fr', 'en', ?, ?)", [measure, value])
        connection.execute("INSERT INTO evaluations VALUES ('s', 'translation', 'en', 'fr', ?, ?)", [measure, value])
    for measure, value in {"recall_at_1": 0.25, "recall_at_10": 1, "n_queries": 4}.items():
        connection.execute("INSERT INTO evaluations VALUES ('s', 'documents', 'en', 'fr', ?, ?)", [measure, value])
    config = {"name": "toy <store>", "space": {"pivot": "en", "dim": None}, "dictionaries": [{"path": "x.tsv"}]}
    notes = {
        "documents": {"read": 13, "dropped": {"a.jsonl": {"doc.no_text": 5}}},
        "vectors": {"fr": {"dropped": {"vec.zero": 2}}},
    }
    run = [
        "r",
        "p",
        "2026-11-20 12:47:00",
        "2026-11-20 12:48:00",
        json.dumps(config),
        '{"numpy": "2.0"}',
        json.dumps(notes),
    ]
    connection.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?)", run)


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    found = {}
    for name, full in (("full", True), ("bare", False)):
        root = tmp_path_factory.mktemp(name)
        with snapshot.writing(root):
            snapshot.publish(root, DIM, lambda connection, full=full: fill(connection, full=full))
        found[name] = root
    return found


@pytest.fixture(scope="module")
def pages(stores, tmp_path_factory):
    def refuse(*_):
        raise OSError("no network here")

    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        for name, root in stores.items():
            path = tmp_path_factory.mktemp("out") / "report.html"
            with warehouse.open(root) as wh:
                write_report(wh, path)
            found[name] = path.read_text(encoding="utf-8")
    return found


def squeezed(page):
    return " ".join(page.text.split())


def test_nothing_is_loaded_from_elsewhere(pages):
    for html in pages.values():
        page = Page(html)
        loading = {"src", "href", "srcset", "data", "action", "poster", "xlink:href"}
        assert not [a for a in page.attributes if a[1] in loading]
        assert not [a for a in page.attributes if a[0] in ("link", "iframe", "object", "embed", "base")]
        assert not re.search(r"@import|url\(|https?:", "".join(page.styles))
        *specs, library, own = page.scripts
        assert "http" not in "".join(specs) + own
        assert not re.search(r"""\bimport\s*(\(|["'{*])|\bfrom\s*["']https?:|importScripts""", own)
        # In the library addresses are names of schemas, namespaces and the editor that is switched off.
        hosts = set(re.findall(r"https?://([\w.-]+)", library))
        assert hosts <= {"www.w3.org", "vega.github.io", "github.com"}
        assert not re.search(r"""(src|href)\s*=\s*["']https?:|\bimport\s*\(?\s*["']https?:""", library)
        assert "actions: false" in own


def test_the_page_itself_forbids_the_network(pages):
    policy = next(value for _, _, value in Page(pages["full"]).attributes if value.startswith("default-src"))
    assert policy.startswith("default-src 'none';")
    assert not re.search(r"http|\*|connect-src", policy)


def test_hostile_text_stays_text(pages):
    page = Page(pages["full"])
    assert "alert('x')" in pages["full"]
    assert "<script>alert" not in pages["full"]
    assert "toy <store>" in page.text
    assert len(page.scripts) == len(page.charts()) + 2


def test_specifications_are_json_that_reads_back():
    assert json.loads(in_script({"t": HOSTILE})) == {"t": HOSTILE}
    assert "<" not in in_script({"t": HOSTILE})
    assert "</script" not in script_text("a('</script>')")


def test_every_precision_stands_with_its_coverage_and_both_denominators(pages):
    text = squeezed(Page(pages["full"]))
    for said in (
        "held-out",
        "CSLS",
        "50.0 22–78",
        "covered words",
        "test words",
        "P@1 of all",
        "40.0",
        "20.0",
        "0.123",
        "6 pairs",
    ):
        assert said in text
    assert "coverage 40 %" in json.loads(Page(pages["full"]).scripts[0])["datasets"].popitem()[1][0]["note"]


def test_pairs_stand_in_the_order_of_the_languages(pages):
    text = squeezed(Page(pages["full"]))
    assert text.index("en → fr") < text.index("fr → en")


def test_what_was_left_out_is_said(pages):
    text = squeezed(Page(pages["full"]))
    for said in (
        "documents, a.jsonl doc.no_text 5",
        "vectors, fr vec.zero 2",
        "documents without a vector, fr no known word 1",
    ):
        assert said in text


def test_a_store_with_nothing_in_it_gives_a_page(pages):
    page = Page(pages["bare"])
    assert page.charts() == set()
    assert squeezed(page).count("Nothing was measured") == 2


def test_a_full_store_has_all_four_charts(pages):
    assert Page(pages["full"]).charts() == {"words", "documents", "word-map", "page-map"}


def test_the_same_snapshot_gives_the_same_bytes(stores, pages, tmp_path):
    with warehouse.open(stores["full"]) as wh:
        write_report(wh, tmp_path / "again.html")
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == pages["full"]


def test_a_report_that_cannot_be_written_leaves_no_trace(stores, tmp_path):
    (tmp_path / "there.html").mkdir()
    with warehouse.open(stores["bare"]) as wh:
        with pytest.raises(ResourceError) as raised:
            write_report(wh, tmp_path / "there.html")
        assert raised.value.code == "file.unwritable"
        write_report(wh, tmp_path / "new.html")
    assert {path.name for path in tmp_path.iterdir()} == {"there.html", "new.html"}
    with pytest.raises(QueryError):
        write_report(wh, tmp_path / "closed.html")


def test_a_concept_reaches_languages_through_one_another_and_by_folded_form(stores):
    with warehouse.open(stores["full"]) as wh:
        assert find_concepts(wh)[0] == {"en": "cat", "de": "Katze", "fr": "chat"}


def test_configuration_reads_back_as_toml():
    import tomllib

    config = {
        "name": 'a "b" é',
        "space": {"pivot": "en", "deep": {"a": 0.5}},
        "languages": {"fr": {"corpus": ["x", "y"]}},
        "docs": [{"p": 1}, {"p": 2}],
    }
    assert tomllib.loads("\n".join(toml({**config, "none": None}))) == config


def test_counts_are_found_at_any_depth_and_zeros_are_not_said():
    notes = {"dropped": {"x": 1}, "documents": {"dropped": {"f": {"y": 2, "z": 0}}}, "read": 3}
    assert list(dropped(notes)) == [("", "x", 1), ("documents, f", "y", 2)]


def test_the_interval_holds_the_share_and_stays_within_one():
    for share in (0.0, 0.3, 1.0):
        low, high = wilson(share, 20)
        assert [low, share, high] == pytest.approx(sorted([low, share, high]))
        assert [low, high] == pytest.approx(np.clip([low, high], 0, 1))
    assert wilson(0.5, None) is wilson(None, 5) is None
