"""Every public function of the rooms, called wrongly on purpose: it works, or it raises an AlignError, never anything else."""

import inspect
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import align
from align import (
    analogies,
    calibration,
    clusters,
    discrepancy,
    evaluate,
    intrinsic,
    joint,
    l1,
    language,
    leakage,
    lexicon,
    logistic,
    mixing,
    near_spellings,
    ngrams,
    normalize,
    passages,
    plain_form,
    pool_weights,
    rcsls,
    refine,
    retrieval,
    robust,
    round_trip,
    seeds,
    self_learning,
    signals,
    similarity_profile,
    spelling,
    synonyms,
    tensor_file,
    tokens,
    train,
    transliteration,
    unknown_words,
    unseen_words,
    whitening,
    word_expression,
    word_retrieval,
    word_similarity,
)  # fmt: skip
from align.dictionary import WordPairs
from align.errors import AlignError

compare = import_module("align.compare")  # the function of this name hides it, as below
word_algebra, odd_one_out, words_of_text = map(
    import_module, ("align.word_algebra", "align.odd_one_out", "align.words_of_text")
)
WORDS, DIM = 40, 6
WRONG = [
    None, True, False, 0, -1, 1.5, float("nan"), 10**400, "", "x", "\ud800", "\0", b"x", (), [], [None], [1], ["a"], [[1, 2], [3]],
    {}, {"en": None}, {"zz": ["a"]}, {3: ["a"]}, object(), max, Path(), Path("/nonexistent/x"),
    np.zeros(3), np.zeros((0, 3)), np.zeros((2, DIM)), np.full((2, DIM), np.nan), np.full((2, DIM), 1e300), np.ones((2, 3, 4)),
    np.ones((2, DIM), dtype=complex), np.array([["a"]]), np.array([None]), np.array(3),
]  # fmt: skip


def right(tmp_path):
    """Function and right arguments, by a name."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((WORDS, DIM)).astype("f4")
    Y = (X @ np.linalg.qr(rng.standard_normal((DIM, DIM)))[0]).astype("f4")
    en, fr = (align.WordVectors(c, [f"{c}{i}" for i in range(WORDS)], m) for c, m in (("en", X), ("fr", Y)))
    pairs = WordPairs("en", "fr", tuple((f"en{i}", f"fr{i}") for i in range(WORDS)))
    space = align.fit([en, fr], [pairs], method="procrustes")
    pooler = align.fit_pooler(space, {})
    unit, hub = space.vectors("en").matrix, space.hubness("en", "fr")
    path = tmp_path / "space"
    space.save(path)
    corpus = tmp_path / "c.txt"
    corpus.write_text("a b c d\n" * 9)
    tiny = {
        "method": "cbow",
        "dim": 3,
        "epochs": 1,
        "window": 2,
        "min_count": 1,
        "negative": 2,
        "sample": 0.1,
        "seed": 0,
        "workers": 1,
    }
    rows = np.arange(3)
    judged = align.JudgedPairs("en", "fr", pairs.pairs[:4], [1, 2, 3, 5])
    questions = align.Analogies("en", "fr", (("en0", "en1", "fr2", "fr3"),), ("s",))
    alike, asked = tmp_path / "alike.tsv", tmp_path / "asked.txt"
    alike.write_text("a\tb\t1\n")
    asked.write_text(": s\na b c d\n")
    one = align.Rotation.identity(DIM)
    by, written = whitening.fit_reweighting(X, Y), spelling.Spelling(weight=1.0)
    scores = evaluate.csls_scores(unit, space.vectors("fr").matrix, hub)
    outcomes = evaluate.translation_outcomes(
        space.vectors("en"), space.vectors("fr"), pairs, scores, retrieval="csls10"
    )
    return {
        "canonical_language": (language.canonical_language, {"code": "en"}),
        "fold": (tokens.fold, {"text": "a", "lang": "en"}),
        "tokenize": (align.tokenize, {"text": "a", "lang": "en"}),
        "token_spans": (tokens.token_spans, {"text": "a", "lang": "en"}),
        "cut_passages": (align.cut_passages, {"text": "a b c", "lang": "en", "tokens": 2, "overlap": 1}),
        "check_window": (passages.check_window, {"tokens": 2, "overlap": 1}),
        "unspaced": (tokens.unspaced, {"text": "a"}),
        "accented": (unknown_words.accented, {"token": "a"}),
        "compound": (unknown_words.compound, {"token": "doorbell", "forms": {"door": 0, "bell": 1}}),
        "fewest_words": (unknown_words.fewest_words, {"token": "ab", "forms": {"a": 0}, "longest": 1}),
        "KnownWords": (unknown_words.KnownWords, {"forms": {"a": 0}}),
        "KnownWords.resolve": (unknown_words.KnownWords({"a": 0}).resolve, {"token": "a"}),
        "plain_form": (plain_form.plain_form, {"word": "a"}),
        "sentences": (lambda **g: list(tokens.sentences(**g)), {"text": "a b", "lang": "en", "longest": 1}),
        "WordVectors": (align.WordVectors, {
            "lang": "en", "words": ["a", "b"], "matrix": np.eye(2), "counts": rows[:2], "origin": {}, "dropped": {}, "subwords": None}),
        "WordVectors.row": (en.row, {"word": "en1"}),
        "WordVectors.rows": (en.rows, {"words": ["en1"]}),
        "WordVectors.head": (en.head, {"n": 2}),
        "WordVectors.__contains__": (en.__contains__, {"word": "en1"}),
        "Normalization": (lambda **g: align.Normalization(**g).apply(X), {"steps": ("center",), "means": (X.mean(axis=0),)}),
        "Normalization.apply": (align.fit_normalization(X).apply, {"matrix": X}),
        "fit_normalization": (align.fit_normalization, {"matrix": X, "steps": ("unit", "center")}),
        "unit_rows": (normalize.unit_rows, {"matrix": X}),
        "fit_rotation": (align.fit_rotation, {"X": X, "Y": Y, "weights": np.ones(WORDS), "proper": False}),
        "Rotation.identity": (align.Rotation.identity, {"dim": 2}),
        "neighbourhood": (retrieval.neighbourhood, {"queries": unit, "targets": unit, "k": 2, "exclude_self": True}),
        "mean_of_largest": (retrieval.mean_of_largest, {"similarity": X, "k": 2}),
        "top_k": (retrieval.top_k, {"similarity": X, "k": 2}),
        "csls": (retrieval.csls, {"similarity": unit @ unit.T, "hubness": hub, "neighbours": 2}),
        "csls_neighbours": (retrieval.csls_neighbours, {"queries": unit, "targets": unit, "hubness": hub, "k": 2, "neighbours": 2}),
        "mutual_neighbours": (retrieval.mutual_neighbours, {"source": unit, "target": unit, "k": 2}),
        "check_k": (retrieval.check_k, {"k": 2}),
        "refine": (refine.refine, {
            "seed_X": X, "seed_Y": Y, "weights": np.ones(WORDS), "source": unit, "target": unit, "rounds": 1, "frequent": 9, "start": one}),
        "evaluate_translation": (evaluate.evaluate_translation, {
            "source": space.vectors("en"), "target": space.vectors("fr"), "hubness": hub, "pairs": pairs, "train": [pairs]}),
        "translation_outcomes": (evaluate.translation_outcomes, {
            "source": space.vectors("en"), "target": space.vectors("fr"), "pairs": pairs, "scores": scores, "retrieval": "csls10"}),
        "csls_scores": (lambda **g: evaluate.csls_scores(**g)(rows), {"source": unit, "target": unit, "hubness": hub}),
        "precision_of": (evaluate.precision_of, {"outcomes": outcomes, "leaked": 1}),
        "by_frequency": (evaluate.by_frequency, {"outcomes": outcomes, "bands": (5, 9)}),
        "bootstrap_interval": (evaluate.bootstrap_interval, {"n_right": 1, "n": 3, "seed": 0}),
        "checked_count": (lambda value: evaluate.checked_count(value, "n", 0), {"value": 1}),
        "is_name": (evaluate.is_name, {"source_word": "A", "target_word": "B", "comment": ""}),
        "leaked_words": (leakage.leaked_words, {"train": [pairs], "test": pairs}),
        "compare": (compare.compare, {"space_a": space, "space_b": space, "test_pairs": pairs, "seed": 0}),
        "compare_outcomes": (compare.compare_outcomes, {"a": outcomes, "b": outcomes, "seed": 0}),
        "mcnemar": (compare.mcnemar, {"n_only_a": 1, "n_only_b": 2}),
        "check_sides": (intrinsic.check_sides, {"source": en, "target": fr, "source_lang": "en", "target_lang": "fr"}),
        "same_language": (intrinsic.same_language, {"a": "en", "b": "fr"}),
        "paired_cosines": (intrinsic.paired_cosines, {"X": X, "Y": Y}),
        "JudgedPairs": (align.JudgedPairs, {
            "source": "en", "target": "fr", "pairs": (("a", "b"),), "judgements": [1.0], "dropped": {}, "name": ""}),
        "read_similarities": (align.read_similarities, {"path": alike, "source": "en", "target": "fr"}),
        "evaluate_similarity": (align.evaluate_similarity, {"source": en, "target": fr, "judged": judged, "seed": 0}),
        "Analogies": (align.Analogies, {
            "source": "en", "target": "fr", "questions": (("a", "b", "c", "d"),), "sections": ("s",), "name": ""}),
        "read_analogies": (align.read_analogies, {"path": asked, "source": "en", "target": "fr"}),
        "evaluate_analogies": (align.evaluate_analogies, {"source": en, "target": fr, "questions": questions, "method": "mul"}),
        "evaluate_synonyms": (align.evaluate_synonyms, {"source": en, "target": fr, "pairs": pairs, "seed": 0}),
        "cluster_purity": (align.cluster_purity, {
            "vectors": X[:3], "labels": ["a", "b", "a"], "languages": ["en", "fr", "fr"], "n_clusters": 2, "seed": 0}),
        "purity": (clusters.purity, {"assigned": rows, "labels": ["a", "b", "a"]}),
        "spherical_kmeans": (clusters.spherical_kmeans, {"vectors": X, "k": 2, "seed": 0, "restarts": 1}),
        "language_mixing": (align.language_mixing, {"space": space, "source": "en", "target": "fr", "k": 2, "frequent": 9}),
        "mixing_of": (mixing.mixing_of, {
            "source": en, "target": fr, "source_rotation": one, "target_rotation": one, "k": 2, "frequent": 9}),
        "fit_robust_rotation": (robust.fit_robust_rotation, {"X": X, "Y": Y, "weights": np.ones(WORDS), "rounds": 2}),
        "held_out_cosines": (robust.held_out_cosines, {"X": X, "Y": Y, "weights": np.ones(WORDS)}),
        "refine_l1": (l1.refine_l1, {"X": X, "Y": Y, "start": align.Rotation.identity(DIM), "steps": 2}),
        "fit_rcsls": (rcsls.fit_rcsls, {
            "X": X, "Y": Y, "source": unit, "target": unit, "start": np.eye(DIM), "k": 2, "steps": 1, "learning_rate": 1.0, "spectral": True}),
        "rcsls_loss": (rcsls.rcsls_loss, {"X": X, "Y": Y, "source": unit, "target": unit, "W": np.eye(DIM), "k": 2}),
        "Edge.of": (align.Edge.of, {"source": "fr", "target": "en", "X": Y, "Y": X, "weights": np.ones(WORDS)}),
        "Edge": (align.Edge, {"source": "fr", "target": "en", "cross": np.eye(DIM), "weight": 9.0, "n_pairs": 9}),
        "fit_joint": (align.fit_joint, {
            "edges": [align.Edge.of("fr", "en", Y, X)], "pivot": "en", "start": {"en": np.eye(DIM), "fr": np.eye(DIM)}, "sweeps": 2}),
        "self_learn": (align.self_learn, {
            "seed_X": X, "seed_Y": Y, "weights": np.ones(WORDS), "source": unit, "target": unit, "frequent": 9, "seed": 0,
            "keep_seeds": True}),
        "similarity_seeds": (align.similarity_seeds, {"source": unit, "target": unit, "frequent": 9}),
        "identical_words": (align.identical_words, {"source": en, "target": fr, "only": "words", "frequent": 9}),
        "alignment_signals": (align.alignment_signals, {"source": unit, "target": unit, "frequent": 9, "seed": 0}),
        "Signals": (lambda **g: align.alignment_signals(**g).as_dict(), {"source": unit, "target": unit}),
        "best_neighbours": (retrieval.best_neighbours, {"source": unit, "target": unit, "k": 2}),
        "fit_reweighting": (whitening.fit_reweighting, {
            "X": X, "Y": Y, "weights": np.ones(WORDS), "power": 0.5, "ridge": 0.1, "dewhiten": 0.5}),
        "Reweighting.apply_source": (by.apply_source, {"matrix": unit}),
        "word_hubness": (word_retrieval.word_hubness, {"source": unit, "target": unit, "reweighting": by}),
        "check_spelling": (word_retrieval.check_spelling, {"choice": "auto"}),
        "spelled_words": (word_retrieval.spelled_words, {"spellings": {("en", "fr"): written}, "source": en, "target": fr}),
        "WordRetrieval": (word_retrieval.WordRetrieval, {"source": unit, "target": unit, "hubness": hub, "by": None, "spelled": None}),
        "WordRetrieval.scores": (space.retrieval("en", "fr").scores, {"rows": rows}),
        "WordRetrieval.best": (space.retrieval("en", "fr").best, {"rows": rows, "k": 2}),
        "SharedSpace.retrieval": (space.retrieval, {"source": "en", "target": "fr", "spelling": "auto"}),
        "spelling_similarity": (spelling.spelling_similarity, {"sources": ["a"], "targets": ["b"]}),
        "fit_weight": (spelling.fit_weight, {"scores": unit[:3], "similarity": unit[:3], "gold": [rows]*3}),
        "fit_spelling": (spelling.fit_spelling, {
            "pairs": [("a", "b")], "sources": ["a", "b", "c"], "targets": list("abcdef"), "scores": unit[:3], "gold": [rows] * 3}),
        "Spelling": (spelling.Spelling, {"transliteration": transliteration.Transliteration(), "weight": 1.0, "fit": None}),
        "fit_transliteration": (transliteration.fit_transliteration, {"pairs": [("a", "b")]}),
        "Transliteration": (transliteration.Transliteration, {"table": {"a": "b"}, "n_pairs": 1, "related": 0.5}),
        "translation_ranks": (evaluate.translation_ranks, {
            "source": unit, "target": unit, "hubness": hub, "source_rows": rows, "target_rows": rows}),
        "fit_logistic": (logistic.fit_logistic, {
            "features": X, "target": np.arange(WORDS) % 2, "weights": np.ones(WORDS), "signs": [0] * DIM, "ridge": 1.0, "mixture": False}),
        "Logistic.probability": (logistic.fit_logistic(X, np.arange(WORDS) % 2).probability, {"features": X}),
        "calibration_error": (calibration.calibration_error, {"probability": np.ones(3), "right": np.ones(3, dtype=bool)}),
        "round_trips": (round_trip.round_trips, {
            "forward": space.retrieval("en", "fr"), "backward": space.retrieval("fr", "en"), "rows": rows}),
        "induce_lexicon": (align.induce_lexicon, {
            "space": space, "source": "en", "target": "fr", "n": 2, "known": [pairs], "train": [pairs], "spelling": "off",
            "round_trip": True, "min_probability": 0.0, "progress": None}),
        "Lexicon.write": (align.induce_lexicon(space, "en", "fr").write, {"path": tmp_path / "lexicon.tsv"}),
        "fit": (align.fit, {
            "vectors": [en, fr], "dictionaries": [pairs], "pivot": "en", "method": "procrustes", "min_pairs": 3,
            "allow_rank_deficient": False, "progress": None}),
        "SharedSpace.vectors": (space.vectors, {"lang": "en"}),
        "SharedSpace.project": (space.project, {"matrix": X, "lang": "en"}),
        "SharedSpace.hubness": (space.hubness, {"source": "en", "target": "fr"}),
        "SharedSpace.translate": (space.translate, {"word": "en1", "source": "en", "target": "fr", "k": 2, "spelling": "off"}),
        "SharedSpace.evaluate": (space.evaluate, {"test_pairs": pairs, "train": [pairs], "spelling": "off"}),
        "SharedSpace.vector": (space.vector, {"word": "en1", "lang": "en"}),
        "ngram_buckets": (ngrams.ngram_buckets, {"words": ["ab"], "n_buckets": 9, "min_n": 1, "max_n": 2}),
        "map_ngrams": (ngrams.map_ngrams, {
            "vectors": en, "normalization": space.normalizations["en"], "rotation": space.rotations["en"]}),
        "Ngrams": (ngrams.Ngrams, {
            "lang": "en", "matrix": X[:3], "buckets": rows, "n_buckets": 9, "min_n": 1, "max_n": 2,
            "normalization": space.normalizations["en"]}),
        "Ngrams.vector": (ngrams.Ngrams("en", X[:3], rows, 9, 1, 2, space.normalizations["en"]).vector, {"word": "ab"}),
        "Ngrams.similar": (ngrams.Ngrams("en", X[:3], rows, 9, 1, 2, space.normalizations["en"]).similar, {
            "tokens": ["ab", "ba"], "matrix": X, "rows": np.arange(3),
        }),
        "KnownWords.learn": (unknown_words.KnownWords({"a": 0}, lambda many: [((), ())] * len(many)).learn, {"tokens": ["a", "b"]}),
        "word_vector": (unseen_words.word_vector, {"word": "en1", "vectors": space.vectors("en")}),
        "row_and_vector": (unseen_words.row_and_vector, {"word": "en1", "vectors": space.vectors("en")}),
        "translate_word": (unseen_words.translate_word, {
            "word": "en1", "source": space.vectors("en"), "target": space.vectors("fr"), "by": space.retrieval("en", "fr"), "k": 2,
        }),
        "KnownWords.stand_ins": (unknown_words.KnownWords({"a": 0}).stand_ins, {"tokens": ["a", "b"]}),
        "SharedSpace.save": (space.save, {"path": path}),
        "load_space": (align.load_space, {"path": path}),
        "fit_pooler": (align.fit_pooler, {
            "space": space, "texts": {"en": ["a"]}, "weighting": "sif", "a": 0.1, "reduce": "mean", "centre": True,
            "components": 0, "components_of": "language"}),
        "reduce_tokens": (align.reduce_tokens, {"matrix": X, "weights": np.ones(WORDS), "how": "mean"}),
        "usif_constant": (pool_weights.usif_constant, {"probabilities": np.ones(4) / 4, "length": 3.0}),
        "Pooler.project": (pooler.project, {"rows": X, "lang": "en"}),
        "Pooler.pool": (pooler.pool, {"texts": ["en1"], "lang": "en", "unit": True}),
        "Pooler.pool_counted": (pooler.pool_counted, {"texts": ["en1"], "lang": "en"}),
        "Pooler.token_weights": (pooler.token_weights, {"text": "en1", "lang": "en"}),
        "Pooler.routes": (pooler.routes, {"text": "en1 en", "lang": "en"}),
        "explain": (align.explain, {
            "pooler": pooler, "query": "en1", "lang": "en", "document": "fr2", "document_lang": "fr", "top": 2}),
        "near_spellings": (near_spellings.near_spellings, {"word": "en1", "vectors": en, "k": 2}),
        "word_row": (near_spellings.word_row, {"word": "en1", "vectors": en}),
        "Term": (align.Term, {"word": "a", "lang": "en", "sign": -1}),
        "parse_word": (align.parse_word, {"text": "fr:a", "lang": "en", "languages": ["fr"]}),
        "parse_expression": (align.parse_expression, {"text": "fr:a - b", "lang": "en", "languages": ["fr"]}),
        "word_algebra": (align.word_algebra, {
            "terms": [align.Term("en1", "en"), align.Term("fr2", "fr", -1)], "vectors": space.vectors, "into": ["fr"], "k": 2, "method": "mul"}),
        "offset_scores": (word_algebra.offset_scores, {"parts": unit[:2], "signs": [1, -1], "targets": unit, "method": "add"}),
        "best_words": (word_algebra.best_words, {"scored": [(en, unit[:, 0].copy())], "k": 2}),
        "vectors_of": (word_algebra.vectors_of, {"vectors": space.vectors, "lang": "en"}),
        "check_one_space": (word_algebra.check_one_space, {"sides": [en, fr]}),
        "odd_one_out": (align.odd_one_out, {"terms": [align.Term(f"en{i}", "en") for i in range(3)], "vectors": space.vectors}),
        "mean_cosines": (odd_one_out.mean_cosines, {"matrix": unit}),
        "words_of_text": (align.words_of_text, {
            "pooler": pooler, "vector": unit[0].copy(), "into": ["fr"], "k": 2, "texts": unit[:9].copy()}),
        "mean_discrepancy": (align.mean_discrepancy, {"X": X, "Y": Y, "permutations": 3, "seed": 0}),
        "write_tensors": (tensor_file.write_tensors, {"path": path, "tensors": {"a": X}, "metadata": {"a": "b"}}),
        "read_tensors": (tensor_file.read_tensors, {"path": path}),
        "pack_words": (tensor_file.pack_words, {"words": ("a", "b")}),
        "unpack_words": (tensor_file.unpack_words, {"packed": tensor_file.pack_words(("a", "b"))}),
        "train_vectors": (align.train_vectors, {"paths": [corpus], "lang": "en", "text_column": "text", "progress": None, **tiny}),
        "epochs_for": (train.epochs_for, {"tokens": 3}),
    }  # fmt: skip


@pytest.mark.filterwarnings("error")
def test_A01_wrong_arguments_raise_align_errors_and_nothing_else_and_change_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before, bugs = right(tmp_path), []
    for name, (deed, arguments) in right(tmp_path).items():
        deed(**arguments)
        for argument in arguments:
            for wrong in WRONG:
                try:
                    deed(**{**arguments, argument: wrong})
                except AlignError as error:
                    if error.code.count(".") != 1 or len(str(error)) > 300 or not str(error).isprintable():
                        bugs.append(f"{name}({argument}=…): {error!r}")
                except Exception as error:
                    bugs.append(f"{name}({argument}={str(wrong)[:40]!a}): {error!r}"[:200])
        for argument, value in arguments.items():
            if isinstance(value, np.ndarray) and not np.array_equal(value, before[name][1][argument]):
                bugs.append(f"{name} changed {argument}")
    assert "\n".join(bugs) == ""


def test_the_list_of_functions_is_whole(tmp_path):
    rooms = (
        tokens,
        language,
        normalize,
        retrieval,
        refine,
        evaluate,
        robust,
        l1,
        rcsls,
        compare,
        leakage,
        lexicon,
        logistic,
        round_trip,
        whitening,
        word_retrieval,
        spelling,
        transliteration,
        ngrams,
        passages,
        plain_form,
        unknown_words,
        unseen_words,
        tensor_file,
        train,
        word_similarity,
        analogies,
        synonyms,
        clusters,
        mixing,
        joint,
        seeds,
        self_learning,
        signals,
        similarity_profile,
        near_spellings,
        word_expression,
        word_algebra,
        odd_one_out,
        words_of_text,
        discrepancy,
    )
    public = {
        name
        for room in rooms
        for name, value in vars(room).items()
        if inspect.isfunction(value) and value.__module__ == room.__name__
    }
    assert {name for name in public if not name.startswith("_")} <= right(tmp_path).keys()
