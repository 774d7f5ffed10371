"""Laws of maps: what is shown is what the store holds, how much of it is said, and a seed draws the same again."""

import re
import tomllib
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import warehouse
from align.errors import InputError
from flows.charts import OTHER, labelled, palette, picture, word_map
from flows.maps import KINDS, few_values, find_concepts, grouped, map_documents, map_words

ROOT = Path(__file__).parents[2]


@pytest.fixture
def wh(built):
    with warehouse.open(built.store) as opened:
        yield opened


def test_the_cosines_of_translations_and_of_others_are_those_of_a_plain_loop(wh):
    found = map_words(wh)
    sql = "SELECT vector FROM words WHERE lang = ? AND word = ?"
    unit = [np.array(wh.sql(sql, [row["lang"], row["word"]]).item()) for row in found.rows]
    same, other = [], []
    for i, a in enumerate(found.rows):
        for j, b in enumerate(found.rows):
            if a["lang"] != b["lang"]:
                (same if a["concept"] == b["concept"] else other).append(unit[i] @ unit[j])
    assert found.alike == pytest.approx(np.mean(same), abs=1e-6)
    assert found.apart == pytest.approx(np.mean(other), abs=1e-6)
    assert found.alike > found.apart + 0.5


def test_concepts_share_no_word_and_hold_only_the_languages_asked_for(wh):
    words = [(lang, word) for concept in find_concepts(wh) for lang, word in concept.items()]
    assert len(words) == len(set(words))
    assert {lang for concept in find_concepts(wh, ["en", "de"]) for lang in concept} == {"en", "de"}


def test_listed_words_are_looked_up_in_every_language_or_in_the_one_that_is_named(wh):
    found = map_words(wh, words=["en1", "EN2", "fr:fr3", "de:fr4", "lost", "de5", "en1"])
    assert [(row["lang"], row["word"]) for row in found.rows] == [
        ("en", "en1"),
        ("en", "en2"),
        ("fr", "fr3"),
        ("de", "de5"),
    ]
    assert found.unknown == ("fr4", "lost")
    assert (found.shown, found.of) == (4, 4)
    assert map_words(wh, ["en"], words=["en1", "en2", "en3", "fr:fr4"]).unknown == ("fr4",)


def test_without_a_dictionary_the_most_frequent_words_are_shown(wh):
    found = map_words(wh, ["fr"], points=30)
    assert found.of == wh.sql("SELECT count(*) FROM words WHERE lang = 'fr'").item()
    assert [row["word"] for row in found.rows] == wh.sql("SELECT word FROM words WHERE lang = 'fr' ORDER BY rank LIMIT 30")["word"].to_list()  # fmt: skip
    assert found.alike is None


def test_documents_are_those_of_the_store_each_once(wh):
    found = map_documents(wh)
    stored = wh.sql("SELECT doc_id, lang FROM document_vectors WHERE vector IS NOT NULL").rows()
    assert sorted((row["id"], row["lang"]) for row in found.rows) == sorted(stored)
    assert found.shown == found.of == len(stored)
    assert [row["lang"] for row in map_documents(wh, ["fr"]).rows] == ["fr"] * map_documents(wh, ["fr"]).of


def test_a_seed_draws_the_same_sample_again_and_translations_together(wh):
    first, again, other = (map_documents(wh, points=30, seed=seed) for seed in (0, 0, 1))
    ids = [row["id"] for row in first.rows]
    assert first.rows == again.rows
    assert set(ids) != {row["id"] for row in other.rows}
    assert all(ids.count(name) == 3 for name in set(ids))
    assert (first.shown, first.of) == (30, map_documents(wh).of)
    assert "seed 1" in other.chosen


def test_colours_are_of_the_column_asked_for(wh):
    assert map_documents(wh, color="lang").by == "language"
    by_year = map_documents(wh, color="year")
    assert by_year.by == "year"
    for row in by_year.rows:
        sql = "SELECT (metadata->>'year') FROM documents WHERE lang = ? AND doc_id = ?"
        assert row["group"] == wh.sql(sql, [row["lang"], row["id"]]).item()


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda wh: map_documents(wh, color="colour"), "map.no_column"),
        (lambda wh: map_documents(wh, color="doc_id"), "map.no_column"),
        (lambda wh: map_documents(wh, ["it"]), "space.no_language"),
        (lambda wh: map_documents(wh, "en"), "api.bad_type"),
        (lambda wh: map_documents(wh, []), "space.no_language"),
        (lambda wh: map_documents(wh, points=2), "map.too_few"),
        (lambda wh: map_documents(wh, points=0), "api.bad_k"),
        (lambda wh: map_documents(wh, seed=-1), "align.bad_seed"),
        (lambda wh: map_documents(wh, method="tsne"), "map.bad_method"),
        (lambda wh: map_words(wh, ["it"]), "space.no_language"),
        (lambda wh: map_words(wh, []), "space.no_language"),
        (lambda wh: map_words(wh, words=["en1", "en2"]), "map.too_few"),
        (lambda wh: map_words(wh, words=[]), "map.too_few"),
        (lambda wh: map_words(wh, words="en1"), "api.bad_type"),
        (lambda wh: map_words(wh, points=0), "api.bad_k"),
    ],
)
def test_wrong_use_is_refused_by_code(wh, call, code):
    with pytest.raises(InputError) as raised:
        call(wh)
    assert raised.value.code == code


def test_colours_are_of_the_first_column_that_repeats():
    cards = pl.DataFrame(
        {
            "lang": ["en"] * 4,
            "doc_id": list("abcd"),
            "title": ["t"] * 4,
            "url": list("wxyz"),
            "kind": ["a", "a", None, "b"],
        }
    )
    assert few_values(cards) is None
    assert few_values(cards.with_columns(kind=pl.Series(["a", "a", "b", "b"]))).name == "kind"


def test_few_values_have_a_colour_each_and_the_most_frequent_of_many():
    assert grouped(pl.Series("n", [10, 9, None, 9])) == (
        ["10", "9", "none", "9"],
        ["9", "10", "none"],
        ["9", "10", "none"],
    )
    many = [f"v{i:02}" for i in range(30) for _ in range(30 - i)]
    values, kinds, coloured = grouped(pl.Series("v", many))
    assert coloured == [f"v{i:02}" for i in range(KINDS - 1)]
    assert kinds == [*coloured, "other (19 values)"]
    assert [value if value in coloured else "other (19 values)" for value in many] == values


def test_many_numbers_stay_numbers_and_what_is_missing_stays():
    values, kinds, _ = grouped(pl.Series("year", [*range(1900, 1930), None]))
    assert (values, kinds) == ([*map(float, range(1900, 1930)), None], None)


def rows(labels):
    turn = np.linspace(0, 2 * np.pi, len(labels), endpoint=False)
    return [
        {
            "word": text, "lang": "en", "concept": text, "label": text, "font": "sans-serif", "order": i,
            "x": float(np.cos(a)), "y": float(np.sin(a)), "cx": 0.0, "cy": 0.0,
        }
        for i, (text, a) in enumerate(zip(labels, turn, strict=True))
    ]  # fmt: skip


def test_a_picture_has_its_labels_as_text_in_the_colour_of_their_points():
    import vl_convert

    points = rows(["house", "a<b & c", "мост"])
    drawn = vl_convert.vega_to_svg(picture(word_map(points, ["en"], ["en"], (0.5, 0.25)), 500, 400, "three", points))
    assert re.search(r'viewBox="0 0 500 400"', drawn)
    texts = dict(re.findall(r"<text ([^>]*)>([^<]*)</text>", drawn)[i][::-1] for i in range(drawn.count("<text ")))
    assert {"house", "a&lt;b &amp; c", "мост", "three"} <= set(texts)
    assert f'fill="{palette(["en"], ["en"])[0]}"' in texts["house"]
    assert "principal component 1 · 50% of the variance" in texts


def test_languages_beyond_the_colours_differ_in_shape():
    languages = [f"l{i:02}" for i in range(30)]
    spec = word_map([{**rows(["a"])[0], "lang": lang} for lang in languages], languages, languages, None)
    encoding = spec["layer"][1]["encoding"]
    looks = list(zip(encoding["color"]["scale"]["range"], encoding["shape"]["scale"]["range"], strict=True))
    assert len(set(looks)) == 30
    assert "UMAP 1" in str(spec)


def test_the_page_and_the_picture_name_no_address():
    points = rows(["house", "river", "bread"])
    chart = word_map(points, ["en"], ["en"], (0.5, 0.25))
    assert "://" not in str(chart) + str(labelled(chart))
    assert chart["config"]["scale"]["invalid"]["color"]["value"] == OTHER


def test_every_package_of_an_extra_is_pinned_whole():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(extras) == {"fonts", "umap"}
    assert all(re.fullmatch(r"[a-z0-9-]+==[\w.]+", pin) for pins in extras.values() for pin in pins)
