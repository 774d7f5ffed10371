"""What training settings align best: vectors of two languages trained under one changed setting at a time.

Every setting is judged by what the product does with it: `align.fit` on a training lexicon. `dev` is the mean reciprocal
rank on held-out words of that lexicon, by which settings are chosen; P@1 on the test lexicon is only reported.

    uv run python -m benchmarks.training --data DATA --keep VECTORS [--one-in 4] [--only "base,15 epochs"]
"""

import argparse
import lzma
import time
from itertools import islice
from pathlib import Path
from typing import Any

import align

BASE: dict[str, Any] = {
    "method": "skipgram", "dim": 300, "epochs": 5, "window": 5, "min_count": 5, "negative": 10, "sample": 1e-4,
}  # fmt: skip
SETTINGS: dict[str, dict[str, Any]] = {
    "base": {},
    "gensim defaults": {"method": "cbow", "dim": 100, "negative": 5, "sample": 1e-3},
    "15 epochs": {"epochs": 15},
    "window 10": {"window": 10},
    "sample 1e-5": {"sample": 1e-5},
    "10 epochs": {"epochs": 10},
    "window 2": {"window": 2},
    "sample 1e-3": {"sample": 1e-3},
    "dim 150": {"dim": 150},
    "cbow": {"method": "cbow"},
    "fasttext": {"method": "fasttext"},
    "negative 5": {"negative": 5},
    "min_count 10": {"min_count": 10},
    "30 epochs": {"epochs": 30},
    "dim 100": {"dim": 100},
}
METHODS = ("procrustes", "refine", "reweight")
LIMIT = 25_000  # most frequent words a side


def trained(data: Path, keep: Path, lang: str, name: str, one_in: int) -> align.WordVectors:
    """The vectors of one language under one setting, from `keep` where they are there."""
    path = keep / f"{lang}.{name.replace(' ', '-')}.safetensors"
    if not path.exists():
        started = time.perf_counter()
        text = sampled(data / "corpora" / f"{lang}.txt.xz", keep, one_in)
        vectors = align.train_vectors([text], lang=lang, **{**BASE, **SETTINGS[name]})
        align.write_vectors(vectors, path)
        print(f"# {lang} {name}: {len(vectors):,} words in {time.perf_counter() - started:.0f} s", flush=True)
    return align.read_vectors(path, lang=lang, limit=LIMIT)


def sampled(corpus: Path, keep: Path, one_in: int) -> Path:
    """Every `one_in`-th paragraph of a corpus, as a file in `keep`."""
    if one_in == 1:
        return corpus
    path = keep / corpus.name.replace(".txt.xz", f".{one_in}.txt")
    if not path.exists():
        with lzma.open(corpus, "rt", encoding="utf-8") as text:
            path.write_text("".join(islice(text, 0, None, one_in)), encoding="utf-8")
    return path


def judged(data: Path, en: align.WordVectors, fr: align.WordVectors, size: str) -> dict[str, float]:
    """P@1 in per cent of each method, coverage, and what `auto` chose by development words."""
    train = align.read_dictionary(data / "lexicons" / f"en-fr.train.{size}.tsv", source="en", target="fr")
    test = align.read_dictionary(data / "lexicons" / "en-fr.test.2k.tsv", source="en", target="fr")
    row: dict[str, Any] = {"lexicon": size}
    for method in METHODS:
        figures = align.fit([en, fr], [train], pivot="en", method=method, allow_rank_deficient=True).evaluate(test)
        row[method], row["coverage"] = (round(100 * figures[c][0], 1) for c in ("precision_at_1", "coverage"))
    chosen = align.fit([en, fr], [train], pivot="en").fits["fr"]
    row["auto"] = chosen["method"]
    row["dev"] = {name: round(100 * score["mrr"], 1) for name, score in chosen["tried"].items()}
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--keep", type=Path, required=True, help="folder in which trained vectors stay")
    parser.add_argument("--only", default=",".join(SETTINGS))
    parser.add_argument("--one-in", type=int, default=1, help="train on every n-th paragraph alone")
    parser.add_argument("--train-only", action="store_true")
    parser.add_argument("--sizes", default="5k,1k")
    a = parser.parse_args()
    a.keep.mkdir(parents=True, exist_ok=True)
    for name in a.only.split(","):
        en, fr = (trained(a.data, a.keep, lang, name, a.one_in) for lang in ("en", "fr"))
        for size in [] if a.train_only else a.sizes.split(","):
            print(name, judged(a.data, en, fr, size), flush=True)


if __name__ == "__main__":
    main()
