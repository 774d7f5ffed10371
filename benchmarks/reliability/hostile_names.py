"""Strings of somebody who hopes that a name becomes a path, a statement, a pattern or an option, and a project made of them."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

import align
import warehouse
from align.errors import AlignError
from align.language import canonical_language
from flows import steps
from flows.plan import make_plan
from flows.settings import load_settings
from warehouse.export import export
from warehouse.search import Warehouse
from warehouse.snapshot import writing

WORDS, DIM = 120, 8
_STARTS = (
    "", "../", "../../../../tmp/", "/tmp/", "~/", "~root/", "C:\\", "\\\\host\\share\\", "file:///", "./", "..\\..\\", "%2e%2e%2f", "--", "-", "@", "=", "\ufeff", "\u202e", ".",
)  # fmt: skip
_MIDDLES = (
    "en", "x'; DROP TABLE documents; --", 'x"; DROP TABLE words; --', "') OR 1=1 --", "$(touch pwned)", "`touch pwned`", "| touch pwned", "{dim}", "{0.__class__}", "%s%n%d",
    "${jndi:x}", "{{7*7}}", "[/red]x[bold]", "*", "?", "[a-z]", "%", "_", "\\", "CON", "aux.txt", "NUL", "search_text", "similarity", "__proto__", "doc_id", "еn", "ｅｎ",
    "o'clock", 'sa"id', "été", "e\u0301te\u0301", "東京", "👩‍👩‍👧", "\u202egpj.exe", "a\u200bb", "ǆ", "İ", "ß", "a\tb", "a\nb", "a\r\nb", "a\x00b", "a\x1b[31mb", "a\u2028b",
    "<script>alert(1)</script>", "&amp;", "=cmd|' /C calc'!A0", "null", "true", "1e400", "x" * 300, "null; ATTACH '/tmp/x'",
)  # fmt: skip


def strings(n: int = 500) -> list[str]:
    """n different hostile strings, the same at every call."""
    made = dict.fromkeys(start + middle for middle, start in product(_MIDDLES, _STARTS))
    every = [text for text in made if text]
    return [every[i] for i in sorted(np.random.default_rng(0).permutation(len(every))[:n])]


def build(root: Path, hostile: list[str]) -> tuple[Path, list[dict[str, Any]], tuple[str, ...]]:
    """A store at `root` / "store", built from documents and words that are named by the strings.

    Returns its path, the documents that were written, and the words of `en`.
    """
    root.mkdir(mode=0o700)
    random = np.random.default_rng(1)
    rows = random.standard_normal((WORDS, DIM))
    turn = np.linalg.qr(random.standard_normal((DIM, DIM)))[0]
    spoken = tuple(f"en{i}" for i in range(WORDS))
    words = spoken + tuple(text for text in hostile if _is_word(text))
    extra = random.standard_normal((len(words) - WORDS, DIM))
    align.write_vectors(align.WordVectors("en", words, np.vstack([rows, extra]).astype("f4")), root / "en.safetensors")
    fr = align.WordVectors("fr", tuple(f"fr{i}" for i in range(WORDS)), (rows @ turn).astype("f4"))
    align.write_vectors(fr, root / "fr.safetensors")
    (root / "pairs.tsv").write_text("".join(f"en{i}\tfr{i}\n" for i in range(WORDS)), encoding="utf-8")
    documents = [
        {"id": text, "lang": ("en", "fr")[i % 2], "text": " ".join(f"{('en', 'fr')[i % 2]}{(7 * i + m) % WORDS}" for m in range(4)), "title": text, "tag": text, f"key {text}": i}
        for i, text in enumerate(hostile)
    ]  # fmt: skip
    (root / "documents.jsonl").write_text("".join(json.dumps(row) + "\n" for row in documents), encoding="utf-8")
    config = [
        f"name = {json.dumps(hostile[0])}", '[space]\nmethod = "procrustes"', '[languages.en]\nvectors = "en.safetensors"', '[languages.fr]\nvectors = "fr.safetensors"',
        '[[dictionaries]]\nsource = "en"\ntarget = "fr"\npath = "pairs.tsv"', '[[documents]]\npath = "documents.jsonl"\non_bad_row = "skip"', '[warehouse]\npath = "store"',
    ]  # fmt: skip
    (root / "align.toml").write_text("\n".join(config) + "\n", encoding="utf-8")
    plan = make_plan(load_settings(root / "align.toml"))
    with writing(plan.settings.warehouse_path):
        notes: dict[str, Any] = {"started": datetime.now(UTC).isoformat()}
        notes["vectors"] = {lang: steps.prepare_vectors(plan, lang) for lang in plan.settings.languages}
        notes["space"], notes["documents"] = steps.fit_space(plan), steps.pool_documents(plan)
        steps.publish_snapshot(plan, notes, steps.judge(plan))
    return root / "store", documents, words


def _is_word(text: str) -> bool:
    try:
        align.WordVectors("en", (text,), np.ones((1, DIM), "f4"))
    except AlignError:
        return False
    return not set(text) & set("\0\r\n")  # which no file of vectors takes


def untrue(wh: Warehouse, documents: list[dict[str, Any]], words: tuple[str, ...]) -> Iterator[str]:
    """What the store says of its documents and words that Python does not say of what was written."""
    kept = {row[0]: row for row in wh.sql("SELECT doc_id, lang, title FROM documents").rows()}
    (notes,) = json.loads(wh.sql("SELECT notes FROM runs").item())["documents"]["dropped"].values() or ({},)
    if len(kept) + sum(notes.values()) != len(documents):
        yield f"{len(kept)} documents kept, {notes} dropped of {len(documents)}"
    if set(wh.words("en").words) - set(words):
        yield "words that nobody wrote"
    for i, row in enumerate(documents):
        text = row["id"]
        if text in kept and kept[text] != (text, row["lang"], row["title"]):
            yield f"{text!r} is stored as {kept[text]!r}"
        there = [(text,)] if text in kept else []
        for where in ({"tag": text}, {f"key {text}": i}):
            if there and wh.search("en1 en2", "en", where=where, k=9, rerank=False, lexical=False)[
                "doc_id"
            ].to_list() != [text]:
                yield f"{where!r} does not find its document"
        if wh.sql("SELECT doc_id FROM documents WHERE doc_id = ?", [text]).rows() != there:
            yield f"{text!r} as a parameter finds something else"


def raw(wh: Warehouse, hostile: list[str], out: Path) -> Iterator[tuple[str, Exception | None]]:
    """Every use of every string as a name: what it was used as, and the error where it was none of this project's own."""
    config = out / "config.toml"
    for text in hostile:
        quoted = json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
        config.write_text(f"name = {quoted}\n[languages.{quoted}]\nvectors = {quoted}\n", encoding="utf-8")
        name = text.replace("/", "_")
        uses: dict[str, Callable[[], object]] = {
            "language": lambda text=text: _canonical(text),
            "configuration": lambda: load_settings(config),
            "warehouse": lambda text=text: warehouse.open(out / "none" / text),
            "word": lambda text=text: wh.translate(text, "en", "fr"),
            "query": lambda text=text: wh.search(text, "en"),
            "document": lambda text=text: wh.similar(text, "en"),
            "filter": lambda text=text: wh.search("en1", "en", where={text: text}),
            "language of a search": lambda text=text: wh.search("en1", text),
            "export": lambda name=name: export(wh, out / f"{name}.npz", "fr"),
            "statement": lambda text=text: wh.sql(text),
        }
        for use, call in uses.items():
            try:
                call()
            except AlignError as error:
                yield use, None if len(str(error)) <= 300 and str(error).isprintable() else error
            except Exception as error:  # what this is here to find
                yield use, error
            else:
                yield use, None


def _canonical(text: str) -> None:
    code = canonical_language(text)
    if not code.replace("-", "").isalnum() or not code.isascii():
        raise RuntimeError(f"{code!r} is taken for a language")
