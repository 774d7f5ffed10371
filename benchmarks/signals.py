"""What the label-free signals say of right and of wrong maps: the evidence for the threshold in `align.signals`.

uv run python -m benchmarks.signals --data DATA [--pairs en-fr,en-de,de-fr]
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import align
from align.normalize import fit_normalization
from align.procrustes import Rotation
from align.refine import refine
from align.retrieval import csls, neighbourhood
from align.self_learning import self_learn
from align.space import rotate

FREQUENCIES = (2_000, 4_000)


def read(data: Path, lang: str) -> align.WordVectors:
    with np.load(data / "vectors" / f"{lang}.npz") as held:
        return align.WordVectors(lang, held["words"].tolist(), held["matrix"].astype("f4"))


def maps(X, Y, source, target) -> Iterator[tuple[str, Rotation]]:
    """Maps by name, the right ones first; X, Y (n_pairs, dim) are the rows of a dictionary."""
    random = np.random.default_rng(0)
    ones, some, dim = np.ones(len(X)), random.permutation(len(X)), X.shape[1]
    yield "dictionary, refined", refine(X, Y, ones, source, target).rotation
    yield "dictionary alone", align.fit_rotation(X, Y)
    yield "a fifth of it alone", align.fit_rotation(X[some[: len(X) // 5]], Y[some[: len(X) // 5]])
    for seed in range(2):
        seeds = random.permutation(len(X))[:25]
        learned = self_learn(X[seeds], Y[seeds], np.ones(25), source, target, seed=seed).rotation
        yield f"25 pairs ({seed})", refine(X[seeds], Y[seeds], np.ones(25), source, target, start=learned).rotation
    none = np.zeros((0, dim)), np.zeros((0, dim)), np.zeros(0)
    for seed in range(2):
        seeds, wrong = random.permutation(len(X))[:25], random.permutation(len(X))[:25]
        alone = align.fit_rotation(X[seeds], Y[seeds])
        yield (
            f"25 pairs, greedy ({seed})",
            refine(X[seeds], Y[seeds], np.ones(25), source, target, start=alone).rotation,
        )
        astray = align.fit_rotation(X[seeds], Y[wrong])
        yield f"25 wrong pairs, greedy ({seed})", refine(*none, source, target, start=astray).rotation
    turned = np.linalg.qr(random.standard_normal((dim, dim)))[0]
    chance = Rotation(turned, 0, dim, 0.0, float(np.linalg.det(turned)))
    yield "random", chance
    yield "random, refined", refine(*none, source, target, start=chance).rotation
    yield "dictionary shuffled", align.fit_rotation(X, Y[some])
    yield "dictionary shuffled, refined", refine(X, Y[some], ones, source, target).rotation


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pairs", default="en-fr,en-de,de-fr")
    a = parser.parse_args()
    print("| pair | map | P@1 | " + " | ".join(f"agreement {n:,}" for n in FREQUENCIES), end="")
    print(" | mutual rate | mutual cosine | hubness | isometry gap |\n" + "| --- " * (7 + len(FREQUENCIES)) + "|")
    for pair in a.pairs.split(","):
        s, t = pair.split("-")
        one, other = read(a.data, s), read(a.data, t)
        source, target = (fit_normalization(v.matrix).apply(v.matrix) for v in (one, other))
        lexicons = a.data / "lexicons"
        train = align.read_dictionary(lexicons / f"{pair}.train.5k.tsv", source=s, target=t).rows(one, other)
        test = align.read_dictionary(lexicons / f"{pair}.test.2k.tsv", source=s, target=t).rows(one, other)
        words = np.unique(test.source)
        X, Y = source[train.source].astype("f8"), target[train.target].astype("f8")
        for name, rotation in maps(X, Y, source, target):
            mapped = rotate(source, rotation)
            best = csls(mapped[words] @ target.T, neighbourhood(target, mapped[:5_000])).argmax(axis=1)
            right = [found in test.target[test.source == word] for word, found in zip(words, best, strict=True)]
            told = [align.alignment_signals(mapped, target, frequent=n) for n in FREQUENCIES]
            agreements = " | ".join(f"{one.agreement:.3f}" for one in told)
            last = told[-1]
            print(
                f"| {pair} | {name} | {100 * np.mean(right):.1f} | {agreements} | {last.mutual_rate:.3f} | "
                f"{last.mutual_cosine:.3f} | {last.hubness:.2f} | {last.isometry_gap:.4f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
