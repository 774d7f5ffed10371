"""Laws of training, on corpora of a few hundred words."""

import gzip
import json
import os
import subprocess
import sys
import threading
from collections import Counter

import numpy as np
import pytest

from align.compressed import file_digest
from align.errors import AlignError
from align.tokens import TOKENIZER, tokenize
from align.train import epochs_for, train_vectors

SMALL = {"dim": 6, "epochs": 2, "min_count": 2, "negative": 2, "window": 2}


@pytest.fixture
def lines():
    rng = np.random.default_rng(1)
    words = ["Été", "chat", "chien", "l'eau", "et", "ou", "Rare", "ça", "va", "bien"]
    return [" ".join(rng.choice(words, 8, p=[0.1] * 6 + [0.04, 0.06, 0.15, 0.15])) + "." for _ in range(60)] + [
        "",
        "hapax",
    ]


@pytest.fixture
def corpus(tmp_path, lines):
    path = tmp_path / "fr.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def refused(code, *given, match=None, **more):
    with pytest.raises(AlignError, match=match) as raised:
        train_vectors(*given, **{"lang": "fr", **SMALL, **more})
    assert raised.value.code == code


@pytest.mark.parametrize("method", ["skipgram", "cbow", "fasttext"])
def test_N21_two_runs_with_one_worker_are_bit_equal_and_another_seed_is_not(corpus, method):
    one, other, third = (train_vectors([corpus], lang="fr", method=method, seed=seed, **SMALL) for seed in (3, 3, 4))
    assert one.fingerprint == other.fingerprint
    assert one.words == third.words
    assert one.fingerprint != third.fingerprint
    assert one.matrix.shape == (len(one), 6)


def test_N21_the_seed_of_hashing_does_not_matter(corpus):
    code = f"from align.train import train_vectors as t; print(t([{str(corpus)!r}], lang='fr', seed=3, **{SMALL!r}).fingerprint)"
    there = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "5"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout.strip() == train_vectors([corpus], lang="fr", seed=3, **SMALL).fingerprint


def test_counts_are_those_of_a_counter_most_frequent_first(corpus, lines):
    vectors = train_vectors([corpus], lang="fr", **SMALL)
    counts = Counter(token for line in lines for token in tokenize(line, "fr"))
    assert dict(zip(vectors.words, vectors.counts.tolist(), strict=True)) == {
        word: n for word, n in counts.items() if n >= 2
    }
    assert (np.diff(vectors.counts) <= 0).all()
    assert "hapax" not in vectors
    assert "ÉTÉ" in vectors


def test_origin_tells_the_settings_the_tokens_and_the_digests_of_the_files(corpus, lines):
    origin = train_vectors([corpus], lang="fr", seed=3, method="cbow", **SMALL).origin
    tokens = sum(len(tokenize(line, "fr")) for line in lines)
    assert {
        "trained": "cbow",
        "vector_size": 6,
        "epochs": 2,
        "seed": 3,
        "workers": 1,
        "tokens": tokens,
    }.items() <= origin.items()
    assert origin["tokenizer"] == TOKENIZER
    assert origin["files"] == [["fr.txt", file_digest(corpus)]]
    json.dumps(origin)


def test_neither_how_the_lines_lie_in_files_nor_the_format_matters_to_the_bits(corpus, lines, tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "a.txt").write_text("\n".join(lines[:20]) + "\n", encoding="utf-8")
    (tmp_path / "parts" / "b.txt.gz").write_bytes(gzip.compress("\n".join(lines[20:]).encode()))
    (tmp_path / "t.jsonl").write_text("".join(json.dumps({"body": line}) + "\n" for line in lines), encoding="utf-8")
    wanted = train_vectors([corpus], lang="fr", **SMALL).fingerprint
    assert train_vectors([tmp_path / "parts" / "*"], lang="fr", **SMALL).fingerprint == wanted
    assert train_vectors([tmp_path / "t.jsonl"], lang="fr", text_column="body", **SMALL).fingerprint == wanted


def test_fasttext_gives_subwords_and_the_others_do_not(corpus):
    subwords = train_vectors([corpus], lang="fr", method="fasttext", **SMALL).subwords
    assert subwords.matrix.shape[1] == 6
    assert 1 <= subwords.min_n <= subwords.max_n
    assert train_vectors([corpus], lang="fr", **SMALL).subwords is None


def test_progress_rises_and_ends_at_the_tokens_of_all_epochs(corpus, lines):
    told = []
    train_vectors([corpus], lang="fr", progress=lambda *now: told.append(now), **SMALL)
    total = 2 * sum(len(tokenize(line, "fr")) for line in lines)
    assert told[-1] == (total, total)
    assert told == sorted(told)
    assert {now[1] for now in told} == {total}


@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_what_progress_raises_ends_the_training_instead_of_hanging_it(corpus, kind):
    raised = []

    def stop(done, total):
        raise kind("enough")

    def run():
        try:
            train_vectors([corpus], lang="fr", progress=stop, **SMALL)
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)  # gensim waits for ever for a reader that failed
    thread.start()
    thread.join(timeout=60)
    assert not thread.is_alive()
    assert [type(error) for error in raised] == [kind]


def test_a_vocabulary_without_a_word_is_refused_with_what_there_was(corpus, tmp_path):
    refused("corpus.no_vocab", [corpus], min_count=10_000, match=r"12 different words, none occurs 10000 times")
    (tmp_path / "empty.txt").write_text("")
    refused("corpus.no_vocab", [tmp_path / "empty.txt"])


@pytest.mark.parametrize("wrong", ["fr.txt", None, 3, [None], [3], [b"x"], {"a": 1}.keys])
def test_A01_paths_are_a_list_of_paths(wrong):
    with pytest.raises(AlignError):
        train_vectors(wrong, lang="fr", **SMALL)


def test_no_file_and_no_paths_are_refused(tmp_path):
    refused("corpus.missing", [tmp_path / "nothing.txt"])
    refused("corpus.no_vocab", [])


@pytest.mark.parametrize("name", ["dim", "epochs", "window", "min_count", "negative", "workers"])
@pytest.mark.parametrize("wrong", [0, -1, True, 1.5, "3", [3], 10**19, np.ones(2)], ids=str)
def test_A02_settings_are_whole_numbers_from_one(corpus, name, wrong):
    refused("train.bad_value", [corpus], match=name, **{name: wrong})


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("train.bad_value", {"method": "glove"}), ("train.bad_value", {"method": None}), ("train.bad_value", {"method": np.ones(2)}),
        ("train.bad_value", {"sample": -1}), ("train.bad_value", {"sample": np.nan}), ("train.bad_value", {"sample": "x"}),
        ("train.bad_value", {"sample": None}), ("train.bad_value", {"seed": -1}), ("train.bad_value", {"seed": None}),
        ("api.bad_type", {"text_column": 3}), ("api.bad_type", {"progress": 3}),
        ("language.bad_code", {"lang": "no language"}), ("language.bad_code", {"lang": None}),
    ],
)  # fmt: skip
def test_wrong_settings_have_codes(corpus, code, more):
    refused(code, [corpus], **more)


def test_less_text_gets_more_epochs_within_bounds():
    assert [epochs_for(tokens) for tokens in (0, 10, 10**6, 25 * 10**5, 5 * 10**6, 10**9)] == [15, 15, 15, 10, 5, 5]
