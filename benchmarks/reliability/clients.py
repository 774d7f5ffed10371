"""Stores read by plain clients of several versions of DuckDB: every table, every macro, and how far their answers are apart."""

import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, get_args

import duckdb
import numpy as np
import polars as pl

import align
from align.measures import Measure
from align.vectors import Subwords, WordVectors
from benchmarks.reliability import planted

VERSIONS = ("1.4.3", "1.4.*", "1.5.0", "1.5.*", "2.0.0", "2.0.*")  # first and newest that read our macros
TOLERANCE = 1e-5  # of a figure: what the order of a sum of float32 may change
BUCKETS = 997
MACROS = {
    "fold_text": "SELECT fold_text(w, l) FROM (VALUES ('L''ÉTÉ', 'fr'), ('STRASSE ẞ', 'de'), ('ISI İKİ', 'tr'), ('Λόγος', 'el')) t(w, l)",
    "plain_form": "SELECT plain_form(form) FROM words ORDER BY lang, rank",
    "tokenize": "SELECT lang, doc_id, tokenize(text, lang) FROM documents ORDER BY ALL",
    "ngram_buckets": f"SELECT list_sort(ngram_buckets(form, {BUCKETS}, 3, 5)) FROM words WHERE form IS NOT NULL ORDER BY lang, rank",
    "ngram_vector": "SELECT ngram_vector('wortlicht', 'de', 0)",
    "vocabulary_words": "FROM vocabulary_words('das Wasserlicht, zwei Wörte', 'de') ORDER BY ALL",
    "known_words": "FROM known_words('das Wasserlicht, zwei Wörte', 'de') ORDER BY ALL",
    "weighed_words": "FROM weighed_words('das Wasserlicht, zwei Wörte', 'de') ORDER BY ALL",
    "word_vector": "SELECT lang, word, word_vector(word, lang) FROM words WHERE rank < 9 ORDER BY ALL",
    "embed_text": "SELECT lang, doc_id, embed_text(text, lang) FROM documents ORDER BY ALL",
    "similarity": "SELECT a.word, b.word, " + ", ".join(f"similarity(a.vector, b.vector, '{m}', 2.5)" for m in get_args(Measure))
    + " FROM words a, words b WHERE a.lang = 'en' AND b.lang = 'de' AND a.rank < 5 AND b.rank < 5 ORDER BY ALL",
    "documents_like": "FROM documents_like(embed_text('house river', 'en'), 'en') ORDER BY lang, doc_id",
    "search_text": "SELECT q, s.* FROM (VALUES ('house river'), ('sun word boy')) t(q), search_text(q, 'en', k := 200, into_ := ['de']) s ORDER BY q, lang, doc_id",
    "search_text by distance": "FROM search_text('house river', 'en', k := 200, measure := 'euclidean') ORDER BY lang, doc_id",
    "similar_documents": "SELECT lang, doc_id, score FROM similar_documents('en', 'd03', k := 200) ORDER BY lang, doc_id",
    "nearest_words": "SELECT word, score FROM nearest_words('river', 'en', 'de', k := 60) ORDER BY word",
    "translate": "FROM translate('house', 'en', 'de', k := 3)",
    "text_words": "FROM text_words('house river water', 'en') ORDER BY word",
    "match_probability": "SELECT query_lang, lang, match_probability(0.5, query_lang, lang) FROM calibrations ORDER BY ALL",
    "explain_match": "FROM explain_match('house river water', 'en', 'de', 'd02') ORDER BY query_word, document_word",
}  # fmt: skip


def publish_with_ngrams(root: Path) -> None:
    """A store of English and of German with n-grams, passages in both, and texts with words that only n-grams know. Writes."""
    random = np.random.default_rng(5)
    concepts = random.standard_normal((len(planted.vocabulary(0)), planted.DIM))
    vectors = []
    for column, lang in ((0, "en"), (2, "de")):
        turn = np.linalg.qr(random.standard_normal((planted.DIM, planted.DIM)))[0]
        rows = (concepts @ turn + 0.05 * random.standard_normal(concepts.shape)).astype(np.float32)
        grams = random.standard_normal((BUCKETS, planted.DIM)).astype(np.float32)
        subwords = Subwords(grams, 3, 5) if lang == "de" else None
        counts = np.arange(len(rows), 0, -1) * 10
        vectors.append(WordVectors(lang, tuple(planted.vocabulary(column)), rows, counts, {}, {}, subwords))
    words = tuple(zip(vectors[0].words, vectors[1].words, strict=True))
    pairs = [align.WordPairs("en", "de", words)]
    space = align.fit(vectors, pairs, pivot="en", method="procrustes")
    rows = []
    for i in range(45):  # of one meaning in both languages, so that there is something to calibrate on
        some = random.choice(len(concepts), size=9)
        for side, more in zip(vectors, ("", " wasserlicht wortherz"), strict=True):
            rows.append((f"d{i:02}", side.lang, f"{side.lang} {i}", " ".join(side.words[n] for n in some) + more, "{}"))
    names = dict.fromkeys(("doc_id", "lang", "title", "text", "metadata"), pl.String)
    planted.publish_planted(root, space, pairs, pl.DataFrame(rows, names, orient="row"), passages=(4, 1))


def statements(store: Path) -> dict[str, str]:
    """What is asked of a store: every row of every table, and every macro."""
    with duckdb.connect(str(store), read_only=True) as connection:
        tables = [name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
    return {f"table {name}": f"SELECT COLUMNS(*)::VARCHAR FROM {name} ORDER BY ALL" for name in tables} | MACROS


def unasked() -> set[str]:
    """Macros of this build that no statement asks."""
    folders = (resources.files("warehouse") / name for name in ("macros", "ngram_macros"))
    text = "\n".join(file.read_text(encoding="utf-8") for folder in folders for file in folder.iterdir())
    return set(re.findall(r"CREATE(?: OR REPLACE)? MACRO (\w+)\(", text)) - set(MACROS)


def answers(store: Path, version: str | None = None) -> Mapping[str, Any]:
    """What a plain client reads, of DuckDB `version` or of that which is installed: its `version`, its `answers` by name."""
    client = ["--no-project", "--isolated", "--python", "3.11", "--with", f"duckdb=={version}", "python"]
    command = [sys.executable] if version is None else ["uv", "run", "--quiet", *client]
    script = Path(__file__).with_name("plain_client.py")
    asked = json.dumps(statements(store))
    done = subprocess.run([*command, str(script), str(store)], input=asked, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def apart(one: Any, other: Any) -> float:
    """The largest difference of two numbers at the same place; infinite where anything else is different."""
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return max(map(apart, one, other), default=0.0)
    if isinstance(one, float) and isinstance(other, float):
        return 0.0 if one == other or (math.isnan(one) and math.isnan(other)) else abs(one - other)
    return 0.0 if one == other and type(one) is type(other) else math.inf


def upgrade_under(root: Path, version: str, folder: Path) -> str:
    """Upgrade a warehouse with another DuckDB, installed in `folder`; the version that it was. Writes."""
    install = ["uv", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), "--python", sys.executable]
    folder.mkdir()
    subprocess.run([*install, f"duckdb=={version}"], cwd=folder, check=True)  # elsewhere our own pins hold
    code = "import sys, duckdb, warehouse; warehouse.upgrade(sys.argv[1]); sys.stdout.write(duckdb.__version__)"
    paths = {"PYTHONPATH": os.pathsep.join([str(folder), *filter(None, sys.path)])}
    command = [sys.executable, "-c", code, str(root)]
    return subprocess.run(command, env=os.environ | paths, capture_output=True, text=True, check=True).stdout
