"""A01 to A07 of FAULTS: arguments of Python, in a space of two languages and in a store of it."""

import atexit
import json
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import align
import warehouse
from benchmarks.reliability import seeds
from benchmarks.reliability.catalogue import Row, given
from warehouse import snapshot
from warehouse.documents import index_documents, write_documents
from warehouse.evidence import write_evidence
from warehouse.search import Warehouse
from warehouse.spaces import write_space

SPACE = seeds.space()[0]
TOPICS = ("law", "o'clock", 'sa"id', "%", "_", "été", "'; DROP TABLE documents --")
TEXTS = [(f"d{n:02}", f"en{n % 20} en{(3 * n + 1) % 20}", TOPICS[n % len(TOPICS)]) for n in range(28)]
TWINS = [(f"twin-{letter}", "en5 en6", "law") for letter in "bca"]


@cache
def store() -> Path:
    """A store of documents in English, three of which say the same."""
    root = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, root)
    table = [(doc_id, "en", None, text, json.dumps({"topic": topic})) for doc_id, text, topic in TEXTS + TWINS]
    names = dict.fromkeys(("doc_id", "lang", "title", "text", "metadata"), pl.String)
    frame = pl.DataFrame(table, schema=names, orient="row")
    pooler = align.fit_pooler(SPACE, {"en": frame["text"].to_list()})
    indexed = index_documents(frame, pooler)

    def fill(connection: Any) -> None:
        write_space(connection, SPACE, pooler)
        write_documents(connection, SPACE.space_id, indexed)
        write_evidence(connection, SPACE, pooler, indexed)

    with snapshot.writing(root / "store"):
        snapshot.publish(root / "store", SPACE.dim, fill)
    return root / "store"


def _asked(ask: Callable[[Warehouse], Any]) -> Any:
    with warehouse.open(store()) as opened:
        return ask(opened)


def _vectors() -> list[Row]:
    def lent(array: Any) -> tuple[Any, Any]:
        """Whether an array in another form gives the same vector, and is as it was."""
        before = array.copy()
        same = np.allclose(SPACE.project(array, "fr"), SPACE.project(np.ones((2, 4), np.float32), "fr"), atol=1e-6)
        return (same, bool((array == before).all())), {}

    ones = np.ones((2, 4))
    read_only = np.ones((2, 4), np.float32)
    read_only.flags.writeable = False
    forms = {
        "float64": ones, "float16": ones.astype("f2"), "big-endian": ones.astype(">f4"), "whole numbers": ones.astype(int),
        "in columns": np.asfortranarray(ones), "every other": np.ones((4, 8))[::2, ::2], "read-only": read_only,
    }  # fmt: skip
    bad: dict[str, tuple[Any, str]] = {
        "another width": (np.ones((1, 3)), "api.bad_vector"), "one row": (np.ones(4), "api.bad_vector"), "three axes": (np.ones((1, 1, 4)), "api.bad_vector"),
        "nan": (np.full((1, 4), np.nan), "api.bad_vector"), "beyond float32": (np.full((1, 4), 1e300), "api.bad_vector"),
        "zero": (np.zeros((1, 4)), "align.no_signal"), "strings": ([["a", "b", "c", "d"]], "api.bad_vector"), "truth": (ones > 0, "api.bad_vector"),
        "complex": (ones * 1j, "api.bad_vector"), "objects": (ones.astype(object), "api.bad_vector"), "ragged": ([[1], [1, 2]], "api.bad_vector"),
        "nothing": (None, "api.bad_vector"),
    }  # fmt: skip
    return [
        *(Row(f"A01 {name}", given(array), lent, result=(True, True)) for name, array in forms.items()),
        *(
            Row(f"A01 {name}", given(array), lambda array: SPACE.project(array, "fr"), code)
            for name, (array, code) in bad.items()
        ),
    ]


def _counts() -> list[Row]:
    def ask(id: str, deed: Callable[[Any], Any], k: Any) -> Row:
        return Row(f"A02 k={k!r} {id}", given(k), deed, "api.bad_k")

    rows = []
    for k in (0, -1, True, 1.5, None, "3", 10**19, [3]):
        rows.append(ask("of words", lambda k: SPACE.translate("en1", "en", "fr", k=k), k))
        rows.append(ask("of documents", lambda k: _asked(lambda wh: wh.search("en1", "en", k=k)), k))
    return [
        *rows,
        Row("A02 more words than there are", given(10**6), lambda k: (SPACE.translate("en1", "en", "fr", k=k).height, {}), result=20),
        Row("A02 more documents than there are", given(10**6),
            lambda k: (_asked(lambda wh: wh.search("en1", "en", k=k).height), {}), result=len(TEXTS + TWINS)),
    ]  # fmt: skip


def _words() -> list[Row]:
    def translated(word: str) -> tuple[Any, Any]:
        return SPACE.translate(word, "en", "fr", k=1)["word"].to_list(), {}

    def of(lang: Any, ask: Callable[[Any], Any]) -> Row:
        code = "language.bad_code" if lang in (None, 7, "", "english", "../x") else "space.no_language"
        return Row(f"A04 {lang!r} {ask.__name__}", given(lang), ask, code)

    def words(lang: Any) -> Any:
        return SPACE.translate("en1", lang, "fr")

    def targets(lang: Any) -> Any:
        return SPACE.translate("en1", "en", lang)

    def queries(lang: Any) -> Any:
        return _asked(lambda wh: wh.search("en1", lang))

    def other_space(folder: Path) -> Any:
        rows = np.random.default_rng(1).standard_normal((20, 4)).astype("f4")
        sides = [align.WordVectors(lang, [f"{lang}{n}" for n in range(20)], rows) for lang in ("en", "fr")]
        pairs = align.WordPairs("en", "fr", tuple((f"en{n}", f"fr{n}") for n in range(20)))
        other = align.fit(sides, [pairs], method="procrustes")
        path = folder / "x.safetensors"
        align.save_pooler(align.fit_pooler(other, {"en": ["en1"]}), path)
        return path

    return [
        *(Row(f"A03 {word!r}", given(word), translated, "space.unknown_word") for word in ("unseen", "", " ", "\x1b[31m")),
        Row("A03 another case", given("EN1"), translated, result=["fr1"]),
        *(of(lang, ask) for lang in ("de", "english", "", "../x", None, 7) for ask in (words, targets, queries)),
        Row("A04 the pooling of another space", other_space, lambda path: align.load_pooler(path, SPACE), "pool.other_space", name="x.safetensors"),
    ]  # fmt: skip


def _store() -> list[Row]:
    def closed(ask: Callable[[Warehouse], Any]) -> Any:
        opened = warehouse.open(store())
        opened.close()
        return ask(opened)

    def filtered(where: Any) -> tuple[Any, Any]:
        """The documents that a filter leaves, and those that Python would leave."""
        wanted = {key: value if isinstance(value, list) else [value] for key, value in where.items()}
        about = [{"doc_id": doc_id, "topic": topic} for doc_id, _, topic in TEXTS + TWINS]
        left = {row["doc_id"] for row in about if all(row[key] in some for key, some in wanted.items())}
        found = _asked(lambda wh: wh.search("en1", "en", k=1000, where=where))["doc_id"].to_list()
        return set(found) == left and len(found) == len(left), {}

    def twins(text: str) -> tuple[Any, Any]:
        found = _asked(lambda wh: wh.search(text, "en", k=1000))["doc_id"].to_list()
        return [doc_id for doc_id in found if doc_id.startswith("twin")], {}

    asks = {
        "search": lambda wh: wh.search("en1", "en"), "translate": lambda wh: wh.translate("en1", "en", "fr"),
        "words": lambda wh: wh.words("en"), "sql": lambda wh: wh.sql("SELECT 1"), "languages": lambda wh: wh.languages,
    }  # fmt: skip
    many = [doc_id for doc_id, *_ in TEXTS[:3]] + [f"none{n}" for n in range(100_000)]
    return [
        *(Row(f"A05 {name} after close", given(ask), closed, "query.closed") for name, ask in asks.items()),
        Row("A06 equal scores by id", given("en5 en6"), twins, result=["twin-a", "twin-b", "twin-c"]),
        *(Row(f"A07 {topic}", given({"topic": topic}), filtered, result=True) for topic in TOPICS),
        Row("A07 one of several", given({"topic": ["law", "%"]}), filtered, result=True),
        Row("A07 100,003 ids", given({"doc_id": many}), filtered, result=True),
        Row("A07 half a character", given({"topic": "\ud800"}), filtered, "search.bad_filter"),
        Row("A07 no such column", given({"topik": "law"}), lambda where: _asked(lambda wh: wh.search("en1", "en", where=where)), "search.no_column"),
    ]  # fmt: skip


def rows() -> list[Row]:
    """All of them."""
    return [*_vectors(), *_counts(), *_words(), *_store()]
