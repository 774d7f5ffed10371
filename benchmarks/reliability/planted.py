"""A planted world of five languages, small enough to search by hand, published as a store."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

import align
from align.pool import Pooler
from align.space import SharedSpace
from align.spelling import Spelling
from align.vectors import WordVectors
from align.whitening import fit_reweighting
from warehouse import snapshot
from warehouse.documents import IndexedDocuments, index_documents, write_documents
from warehouse.evidence import write_evidence
from warehouse.passages import index_passages, write_passages
from warehouse.spaces import write_pairs, write_space

DIM = 12
LANGUAGES = ("en", "fr", "de", "tr", "el")
TABLE = """
house maison Haus ev σπίτι
river fleuve Fluss ırmak ποτάμι
road rue Straße yol δρόμος
sun soleil Sonne güneş ήλιος
word mot Wort söz λόγος
summer été Sommer yaz καλοκαίρι
heart cœur Herz kalp καρδιά
water eau Wasser su νερό
heat chaleur Wärme ısı ζέστη
two deux zwei iki δύο
istanbul istanbul Istanbul istanbul πόλη
12 12 12 12 12
mail courriel Mail posta αλληλογραφία
light lumière Licht ışık φως
school école Schule okul σχολείο
boy garçon Junge oğlan αγόρι
"""
FILLERS = 44


@dataclass(frozen=True, eq=False)
class World:
    """What was published, and where."""

    root: Path
    space: SharedSpace
    pooler: Pooler
    frame: pl.DataFrame
    indexed: list[IndexedDocuments]

    def indexed_of(self, lang):
        """What was indexed of one language."""
        return next(part for part in self.indexed if part.lang == lang)


def vocabulary(column):
    """The words of one column of the table, then fillers; word i means the same in every column."""
    words = [line.split()[column] for line in TABLE.strip().splitlines()]
    return words + [f"{LANGUAGES[column]}x{n}" for n in range(FILLERS)]


def make_space():
    """One cloud of concepts, turned and blurred once per language; `en` is the pivot."""
    random = np.random.default_rng(7)
    concepts = random.standard_normal((len(vocabulary(0)), DIM))
    vectors, pairs = [], []
    for column, lang in enumerate(LANGUAGES):
        turn = np.linalg.qr(random.standard_normal((DIM, DIM)))[0]
        rows = concepts @ turn + 0.05 * random.standard_normal(concepts.shape)
        counts = None if lang == "de" else np.arange(len(rows), 0, -1) * 10
        vectors.append(WordVectors(lang, tuple(vocabulary(column)), rows.astype(np.float32), counts))
        if column:
            words = tuple(zip(vocabulary(0), vocabulary(column), strict=True))
            pairs.append(align.WordPairs("en", lang, words))
    space = align.fit(vectors, pairs, pivot="en", method="procrustes")
    # Two pairs are re-weighted by something that changes the order of what is found, so that the store must know it.
    some = random.standard_normal((2, 40, DIM))
    reweightings = {pair: fit_reweighting(*some) for pair in (("fr", "en"), ("en", "tr"))}
    spellings = {("fr", "en"): Spelling(weight=0.5), ("en", "de"): Spelling()}
    return replace(space, reweightings=reweightings, spellings=spellings), pairs


def make_documents():
    """Texts of random words, with every kind of metadata, two without a known word and three that say the same."""
    random = np.random.default_rng(11)
    rows = []
    for column, (lang, n) in enumerate(zip(LANGUAGES, (30, 25, 24, 12, 6), strict=True)):
        for i in range(n):
            text = " ".join(random.choice(vocabulary(column), size=random.integers(3, 9)))
            about = {
                "topic": ("law", "art", "o'clock", 'sa"id', "été", "%")[i % 6], "year": 1990 + i % 5, "open": i % 2 == 0,
                "share": i / 4 if i % 3 else i, "tags": ["a", i] if i % 7 == 0 else None,
            }  # fmt: skip
            rows.append((f"d{i:02}", lang, f"{lang} {i}" if i % 4 else None, text, json.dumps(about, sort_keys=True)))
    for doc_id in ("twin-b", "twin-c", "twin-a"):
        rows.append((doc_id, "fr", doc_id, "maison fleuve rue soleil", "{}"))
    rows += [("blank", "en", None, "", "{}"), ("foreign", "en", None, "qqq zzz!", '{"topic": "law"}')]
    names = dict.fromkeys(("doc_id", "lang", "title", "text", "metadata"), pl.String)
    return pl.DataFrame(rows, schema=names, orient="row")


def publish_planted(root, space, pairs, frame, passages=None):
    """Publish as `flows.steps` does; `passages`: tokens and overlap."""
    texts = {lang: frame.filter(pl.col("lang") == lang)["text"].to_list() for lang in space.languages}
    pooler = align.fit_pooler(space, texts)
    indexed = index_documents(frame, pooler)

    def fill(connection):
        write_space(connection, space, pooler)
        write_documents(connection, space.space_id, indexed)
        if passages is not None:
            cut = index_passages(indexed, pooler, *passages)
            write_passages(connection, space.space_id, indexed, cut, space.languages)
        write_evidence(connection, space, pooler, indexed)
        write_pairs(connection, pairs, "train")

    with snapshot.writing(root):
        snapshot.publish(root, space.dim, fill)
    return World(root, space, pooler, frame, indexed)
