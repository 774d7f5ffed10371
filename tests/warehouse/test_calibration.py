"""Scores as probabilities: calibrated on texts whose matches are known, the same in SQL, refused where nothing tells."""

import duckdb
import numpy as np
import polars as pl
import pytest

import align
import warehouse
from align.errors import InputError, QueryError
from warehouse.calibration import MUTUAL, OTHERS, read_calibrations

WORDS, DIM, DOCUMENTS = 300, 40, 150
PLANTED = ("en", "fr", "de")


@pytest.fixture(scope="module")
def parallel(tmp_path_factory, publish_world):
    """Documents of sixteen random words in three languages, of which each translation keeps twelve; and a fourth language
    with too few of them."""
    rng = np.random.default_rng(5)
    meaning = rng.normal(size=(WORDS, DIM))
    sides = {}
    for lang in (*PLANTED, "el"):
        turn = np.linalg.qr(rng.normal(size=(DIM, DIM)))[0]
        noisy = (meaning + 0.3 * rng.normal(size=meaning.shape)) @ turn
        sides[lang] = align.WordVectors(lang, [f"{lang}x{letters(n)}" for n in range(WORDS)], noisy.astype("f4"))
    pairs = [
        align.WordPairs("en", lang, tuple(zip(sides["en"].words, sides[lang].words, strict=True)))
        for lang in ("fr", "de", "el")
    ]
    space = align.fit([*sides.values()], pairs, pivot="en", method="procrustes")
    rows = []
    for n in range(DOCUMENTS):
        words = rng.integers(WORDS, size=16)
        for lang in (*PLANTED, "el")[: 4 if n < 5 else 3]:
            kept = np.concatenate([rng.permutation(words)[:12], rng.integers(WORDS, size=4)])
            rows.append((f"{n:03}", lang, None, " ".join(sides[lang].words[w] for w in kept), "{}"))
    names = dict.fromkeys(("doc_id", "lang", "title", "text", "metadata"), pl.String)
    frame = pl.DataFrame(rows, schema=names, orient="row")
    return publish_world(tmp_path_factory.mktemp("parallel"), space, pairs, frame)


def letters(n: int) -> str:
    return chr(97 + n // 26) + chr(97 + n % 26)


@pytest.fixture(scope="module")
def answered(parallel):
    """Every document searched for in both other languages, with and without the second stage."""
    frames = []
    with warehouse.open(parallel.root) as wh:
        for stage, more in (("plain", False), ("full", True)):
            for lang in PLANTED:
                own = parallel.frame.filter(pl.col("lang") == lang)
                for code in PLANTED:
                    if code != lang:
                        hits = wh.search(
                            own["text"].to_list(), lang, [code], 10, rerank=more, lexical=more, probability=True
                        )
                        right = own["doc_id"].gather(hits["query"]) == hits["doc_id"]
                        frames.append(hits.with_columns(right=right, stage=pl.lit(stage), source=pl.lit(lang)))
    return pl.concat(frames)


@pytest.mark.parametrize("stage", ["plain", "full"])
def test_of_hits_told_to_match_with_p_about_p_do(answered, stage):
    told = answered.filter(pl.col("stage") == stage)
    for pair in told.partition_by("source", "lang"):
        assert pair["probability"].mean() == pytest.approx(pair["right"].mean(), abs=0.03)
    for low, high in ((0, 0.05), (0.8, 1)):
        among = told.filter(pl.col("probability").is_between(low, high))
        assert among["probability"].mean() == pytest.approx(among["right"].mean(), abs=0.1)


def test_within_a_language_the_order_of_probabilities_is_that_of_scores(answered):
    for hits in answered.partition_by("stage", "source", "lang", "query"):
        p, score = hits["probability"].to_numpy(), hits["score"].to_numpy()
        assert (np.diff(p) <= 0).all()
        assert (np.diff(score) <= 0).all()
        assert (p >= 0).all()
        assert (p <= 1).all()


def test_sql_tells_the_probability_of_the_search_that_it_repeats(parallel, answered):
    text = parallel.frame.row(0, named=True)
    with duckdb.connect(parallel.root / "current.duckdb", read_only=True) as store:
        sql = "SELECT lang, doc_id, match_probability(score, ?, lang) FROM search_text(?, ?, k := 20) ORDER BY rank"
        rows = store.execute(sql, [text["lang"], text["text"], text["lang"]]).fetchall()
    with warehouse.open(parallel.root) as wh:
        hits = wh.search(text["text"], text["lang"], k=20, rerank=False, lexical=False, probability=True)
    assert [row[:2] for row in rows] == hits.select("lang", "doc_id").rows()
    assert [row[2] for row in rows] == pytest.approx(hits["probability"].to_list(), abs=1e-4)
    assert hits.columns[:4] == ["query", "rank", "score", "probability"]


def test_a_language_without_evidence_of_its_own_has_the_mean_of_the_others(parallel):
    with warehouse.open(parallel.root) as wh:
        found = read_calibrations(wh._open)
    for stage in ("plain", "full"):
        seen = [one for one in found.values() if one.stage == stage and one.evidence == MUTUAL]
        assert {(one.query_lang, one.lang) for one in seen} == {(a, b) for a in PLANTED for b in PLANTED if a != b}
        for source, target in (("el", "fr"), ("fr", "fr"), ("en", "el"), ("el", "el")):
            near = [one for one in seen if one.lang == target] or seen
            other = found[stage, source, target]
            assert (other.evidence, other.matches) == (OTHERS, 0)
            assert other.slope == pytest.approx(np.mean([one.slope for one in near]))
            assert other.intercept == pytest.approx(np.mean([one.intercept for one in near]))


def test_probabilities_are_refused_where_nothing_tells_them(parallel, wh):
    with warehouse.open(parallel.root) as there:
        for more in ({"rerank": False}, {"lexical": False}):
            with pytest.raises(QueryError, match="search.no_probability"):
                there.search("enxaa", "en", probability=True, **more)
        with pytest.raises(InputError, match="api.bad_type"):
            there.search("enxaa", "en", probability="yes")
    assert not read_calibrations(wh._open)  # few documents, none of them parallel
    with pytest.raises(QueryError, match="search.no_probability"):
        wh.search("house", "en", probability=True)
