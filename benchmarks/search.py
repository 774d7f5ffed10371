"""One query against a published store, in Python and in SQL, beside the bare matrix product that no search can beat.

    uv run python benchmarks/search.py [--documents 15000] [--dim 300] [--queries 300] [--passages 4]

Builds a synthetic store in a temporary folder. Prints milliseconds (median, 95th percentile) and the ratio of medians.
"""

import argparse
import platform
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

import align
import warehouse
from align.normalize import unit_rows
from warehouse import snapshot
from warehouse.documents import index_documents, write_documents
from warehouse.evidence import write_evidence
from warehouse.passages import index_passages, write_passages
from warehouse.spaces import write_space

WORDS = 25_000
LENGTH = 60  # words of a document


def build(root: Path, documents: int, dim: int, passages: int) -> list[str]:
    """Publish a store of two languages with `documents` documents in all, each of so many `passages`; returns queries."""
    rng = np.random.default_rng(0)
    words = {lang: tuple(f"{lang}word{n}" for n in range(WORDS)) for lang in ("en", "fr")}
    meaning = rng.normal(size=(WORDS, dim))
    turn = np.linalg.qr(rng.normal(size=(dim, dim)))[0]
    en = align.WordVectors("en", words["en"], meaning.astype("f4"))
    fr = align.WordVectors("fr", words["fr"], (meaning @ turn + 0.3 * rng.normal(size=meaning.shape)).astype("f4"))
    pairs = align.WordPairs("en", "fr", tuple(zip(words["en"], words["fr"], strict=True))[:5000])
    space = align.fit([en, fr], [pairs], method="procrustes")
    zipf = 1 / (np.arange(WORDS) + 2.7)
    rows = []
    for n in range(documents):
        lang = ("en", "fr")[n % 2]
        drawn = rng.choice(WORDS, size=LENGTH, p=zipf / zipf.sum())
        rows.append((str(n), lang, f"title {n}", " ".join(words[lang][i] for i in drawn), '{"section": "a"}'))
    frame = pl.DataFrame(rows, schema=["doc_id", "lang", "title", "text", "metadata"], orient="row")
    texts = {lang: frame.filter(pl.col("lang") == lang)["text"].to_list() for lang in words}
    pooler = align.fit_pooler(space, texts)
    indexed = index_documents(frame, pooler)

    def fill(connection: duckdb.DuckDBPyConnection) -> None:
        write_space(connection, space, pooler)
        write_documents(connection, space.space_id, indexed)
        if passages > 1:
            step = LENGTH // (passages + 1)
            cut = index_passages(indexed, pooler, 2 * step, step)
            write_passages(connection, space.space_id, indexed, cut, space.languages)
        write_evidence(connection, space, pooler, indexed)

    with snapshot.writing(root):
        snapshot.publish(root, dim, fill)
    return [" ".join(text.split()[:12]) for text in texts["en"][:500]]


def timed(queries: list[str], work) -> np.ndarray:
    """Milliseconds (n,) of `work(query)`, after one warm-up round of 20."""
    for query in queries[:20]:
        work(query)
    taken = []
    for query in queries:
        start = time.perf_counter()
        work(query)
        taken.append(1000 * (time.perf_counter() - start))
    return np.array(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=15_000)
    parser.add_argument("--dim", type=int, default=300)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--passages", type=int, default=1, help="of a document: 1, 2, 3, 4, 5 or 9")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        queries = build(root, options.documents, options.dim, options.passages)[: options.queries]
        matrix = unit_rows(np.random.default_rng(1).normal(size=(options.documents, options.dim)).astype("f4"))
        client = duckdb.connect(str(root / "current.duckdb"), read_only=True)
        with warehouse.open(root) as wh:
            figures = {
                "matrix product alone": timed(queries, lambda _: matrix @ matrix[0]),
                "vectors alone": timed(
                    queries, lambda query: wh.search(query, "en", k=10, rerank=False, lexical=False)
                ),
                "and terms": timed(queries, lambda query: wh.search(query, "en", k=10, rerank=False)),
                "and words aligned": timed(queries, lambda query: wh.search(query, "en", k=10)),
                "the same, one language": timed(queries, lambda query: wh.search(query, "en", ["fr"], k=10)),
                "search_text in SQL": timed(
                    queries[:60], lambda query: client.execute("FROM search_text(?, 'en')", [query]).fetchall()
                ),
            }
        client.close()
    base = np.median(figures["matrix product alone"])
    print(
        f"{options.documents:,} documents of {options.passages} passages, {options.dim} dimensions, {platform.processor() or platform.machine()}, ms per query"
    )
    for name, taken in figures.items():
        print(
            f"{name:22} median {np.median(taken):7.2f}   p95 {np.percentile(taken, 95):7.2f}   x {np.median(taken) / base:6.1f}"
        )


if __name__ == "__main__":
    main()
