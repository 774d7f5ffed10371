"""A project on disk that is built in a second: two languages with vectors, one with text to train on, documents in batches.

Every batch brings new documents, another vector and another seed to train with, so that a build after it does every step
anew.
"""

import json
from pathlib import Path

import numpy as np

WORDS, DIM = 60, 8
READ, TRAINED = ("en", "fr"), "de"
LANGUAGES = (*READ, TRAINED)
BATCH = 2  # documents of a batch in each language
CONFIG = """
[space]
pivot = "en"
method = "procrustes"
dim = {dim}
[languages.en]
vectors = "en.vec"
[languages.fr]
vectors = "fr.vec"
[languages.de]
corpus = ["de.txt"]
epochs = 1
min_count = 1
seed = {seed}
[[dictionaries]]
path = "table.tsv"
[[documents]]
path = "documents/*.jsonl"
[warehouse]
path = "store"
"""

Document = tuple[str, str]  # language and id


def plant(folder: Path) -> Path:
    """Write the project with its batch 0 into a new folder; returns its configuration."""
    random = np.random.default_rng(7)
    (folder / "documents").mkdir(parents=True)
    cloud = random.standard_normal((WORDS, DIM))
    for lang in READ:
        turned = cloud @ np.linalg.qr(random.standard_normal((DIM, DIM)))[0]
        lines = [f"{lang}{n} {' '.join(f'{value:.5f}' for value in row)}" for n, row in enumerate(turned)]
        (folder / f"{lang}.vec").write_text("\n".join([f"{WORDS} {DIM}", *lines]) + "\n")
    lines = [" ".join(f"{TRAINED}{n}" for n in random.integers(0, WORDS, 8)) for _ in range(200)]
    (folder / f"{TRAINED}.txt").write_text("\n".join(lines) + "\n")
    table = ["\t".join(LANGUAGES), *("\t".join(f"{lang}{n}" for lang in LANGUAGES) for n in range(WORDS))]
    (folder / "table.tsv").write_text("\n".join(table) + "\n")
    add_batch(folder, 0)
    return folder / "align.toml"


def add_batch(folder: Path, number: int) -> list[Document]:
    """Write documents of a batch that was not there, and its seed; returns them."""
    (folder / "align.toml").write_text(CONFIG.format(dim=DIM, seed=number))
    vectors = (folder / "en.vec").read_text().splitlines()
    last = " ".join(str(1 + (number * n) % 7) for n in range(1, DIM + 1))
    (folder / "en.vec").write_text("\n".join([*vectors[:-1], f"en{WORDS - 1} {last}"]) + "\n")
    documents = [(lang, f"{number:05}-{n}") for lang in LANGUAGES for n in range(BATCH)]
    rows = [
        {"id": name, "lang": lang, "text": " ".join(f"{lang}{(number + 7 * n) % WORDS}" for n in range(6))}
        for lang, name in documents
    ]
    path = folder / "documents" / f"{number:05}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return documents
