"""Small good files of every kind that is read, for others to change."""

import gzip
import io
import lzma
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import zstandard

import align
from align.vectors import Subwords

WORDS = ("le", "chat", "été", ". . .", "1984", "a\u00a0b", "漢字", '"x"')
ROWS = np.array([[1, 2], [-0.25, 3e-3], [4.5, -1], [0.1, 0.2], [7, 8], [1e-10, 5], [2, 2], [0.3, -0.7]], dtype="f4")
BODY = "".join(f"{word} {x!r} {y!r}\n" for word, (x, y) in zip(WORDS, ROWS.tolist(), strict=True))
TEXT = (
    f"{len(WORDS)} 2\n{BODY}".encode(),
    b"3 1\na 1\nb -2.5\nc .5\n",
    b"\xef\xbb\xbf2 3\r\na 1 2 3\r\nb 4 5 6\r\n",
    b"2\t2\na b\t1\t2\nc\t3\t4\n",
    b"2 2 \na 1 2 \nb 3 4 \n",
)
GLOVE = (BODY.encode(), b"a 1\nb 2\n", b"a\t1 \nb\t2\n")
TABLE = """concept\tpos\tpart\ten\tfr\tweight
car\tnoun\ttrain\tcar\tvoiture|automobile\t
sea\tnoun\ttest\tsea\tmer\t2
of\t\ttrain\tof|from\tde\t0.5
no\t\ttrain\tno\t\t
"""
DICTIONARY = (
    TABLE.encode(),
    b"en\tde\tfr\na\tb\tc\nd\te\tf\n",
    "# pairs\ncat\tchat\nhot dog\tchien chaud\t0.5\twhy\ne\u0301t\té\nsea\tmer\t2\n#\tno\ncat\tchat\n".encode(),
    b"the le\nof  de\ncat\tchat\nit's c'est\n",
)
JSONL = (
    b"""{"id": "a", "text": "Le chat dort.", "title": "T", "year": 1999, "score_of": 1.5, "tags": ["x", {"y": null}]}
{"id": 2, "lang": "en", "text": "caf\\u00e9 \\ud83d\\ude00", "x": -0.0, "y": 1e3}

{"id": "c", "text": null, "title": null, "deep": [[[true, false]]], "x": 9223372036854775807}
{"id": "a", "text": "Le chat dort.", "title": "T", "year": 1999, "score_of": 1.5, "tags": ["x", {"y": null}]}
""",
    b'{"id": "a", "text": "two words", "m": 1}\n',
    '\ufeff{"text":"été","id":"é"}\r\n{"text":"","id":"b"}'.encode(),
)
CSV = (
    b'id,lang,title,text,Topic\na,en,T,"Le chat, dort.",x\nb,,,"two\nlines ""q""",\nc,EN,,,y\na,en,T,"Le chat, dort.",x\n',
    b"\xef\xbb\xbftext,id\r\nx,1\r\n,2\r\n",
)
TOML = (
    b"""name = "toy"
[space]
pivot = "en"
method = "auto"
dim = 100
[languages.en]
vectors = "en.vec"
limit = 1000
[languages.fr]
corpus = ["fr/*.txt"]
epochs = 3
seed = 0
[[dictionaries]]
path = "en-fr.tsv"
source = "en"
target = "fr"
[[dictionaries]]
identical = "words"
source = "fr"
target = "en"
[[documents]]
path = "d.jsonl"
lang = "fr"
on_bad_row = "skip"
[pooling]
weighting = "sif"
a = 0.01
components = 1
[passages]
tokens = 9
overlap = 3
[evaluation]
held_out = 0.2
parallel_ids = true
[warehouse]
path = "store"
""",
    b"languages = {en = {vectors = \"x\"}, zh-Hant = {vectors = 'y', limit = 1_000}}\n",
)
ANALOGIES = b": capitals\nathens greece baghdad iraq\nhot dog\tdogs\tcat\tcats\n"
SIMILARITIES = b"word1\tword2\tscore\ncat\tdog\t7.5\nhot dog\tcold\t1\n"
PACKS = {"gz": lambda content: gzip.compress(content, mtime=0), "xz": lzma.compress, "zst": zstandard.compress}


def binary(end=b"\n"):
    """word2vec's binary form of the words."""
    rows = (word.replace(" ", "_").encode() + b" " + row.tobytes() + end for word, row in zip(WORDS, ROWS, strict=True))
    return f"{len(WORDS)} 2\n".encode() + b"".join(rows)


def written(write, name):
    """The bytes that `write` leaves at a path of that name."""
    with TemporaryDirectory() as folder:
        path = Path(folder, name)
        write(path)
        return path.read_bytes()


def npz(**more):
    """The words as npz, stored and deflated."""
    files = []
    for save in (np.savez, np.savez_compressed):
        save(file := io.BytesIO(), words=np.array(WORDS), matrix=ROWS, counts=np.arange(8)[::-1], **more)
        files.append(file.getvalue())
    return tuple(files)


def safetensors():
    """The words in our own form, whole and compact."""
    buckets = Subwords(np.ones((3, 2), np.float32), 3, 6)
    made = align.WordVectors("fr", WORDS, ROWS, np.arange(8)[::-1], {"made": "here"}, {"vec.zero": 1}, buckets)
    return tuple(
        written(lambda path, compact=compact: align.write_vectors(made, path, compact=compact), "x.safetensors")
        for compact in (False, True)
    )


@cache
def fasttext():
    """A model of three words with 20 buckets, as gensim writes it."""
    from gensim.models.fasttext import FastText, save_facebook_model

    model = FastText([["chat", "chien", "oiseau"] * 5] * 5, vector_size=2, min_count=1, bucket=20, epochs=1, seed=1)
    return written(lambda path: save_facebook_model(model, str(path)), "x.bin")


def parquet():
    """Documents, plain and packed."""
    rows = [
        {"id": "a", "lang": "en", "title": None, "text": "Le chat dort.", "year": 1999, "tags": ["x"]},
        {"id": "b", "lang": None, "title": "T", "text": None, "year": None, "tags": []},
    ]
    frame = pl.DataFrame(rows * 2, schema_overrides={"lang": pl.String})
    return tuple(
        written(lambda path, how=how: frame.write_parquet(path, compression=how), "x.parquet")
        for how in ("uncompressed", "zstd", "snappy")
    )


@cache
def space():
    """A shared space of two languages, fitted in four dimensions, and its file."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((20, 4))
    sides = [align.WordVectors(lang, [f"{lang}{i}" for i in range(20)], rows.astype("f4")) for lang in ("en", "fr")]
    pairs = align.WordPairs("en", "fr", tuple((f"en{i}", f"fr{i}") for i in range(20)))
    made = align.fit(sides, [pairs], method="procrustes")
    return made, written(made.save, "x.safetensors")


def pooler():
    """A pooler of that space, as a file."""
    made = align.fit_pooler(space()[0], {"en": ["en1 en2", "en3"], "fr": ["fr1 fr2", "fr3"]})
    return written(lambda path: align.save_pooler(made, path), "x.safetensors")
