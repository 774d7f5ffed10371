"""The verbs of a run as plain functions: each reads paths, leaves one file named by its fingerprint, and returns a small summary.

A step whose file is there does nothing, so a run that was killed goes on where it stopped.
"""

import json
import platform
import time
from collections import Counter
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from itertools import combinations, permutations
from pathlib import Path
from uuid import uuid4

import duckdb
import polars as pl

import align
from align.corpus import expand_paths
from align.dictionary import WordPairs
from align.dictionary_files import dictionary_languages, read_dictionary
from align.documents import read_documents
from align.errors import InputError
from align.failpoints import reach
from flows import memory
from flows.evaluation import evaluate_documents, evaluate_language_bias, evaluate_signals, evaluate_translation
from flows.plan import Plan
from flows.progress import say, step
from flows.settings import DictionarySettings
from flows.work_files import Notes, make_folder, read_notes, remove_old_work, write_notes
from warehouse import snapshot
from warehouse.documents import document_hubness, index_documents, load_indexed, save_indexed, write_documents
from warehouse.evidence import write_evidence
from warehouse.passages import index_passages, write_passages
from warehouse.spaces import insert, write_pairs, write_space


def begin(killed: str) -> Notes:
    """The notes of a new run, with when it began and, where the last one was killed, who that was (`killed`)."""
    notes = {"started": datetime.now(UTC).isoformat()}
    if killed:
        say(f"the last run, {killed}, was killed; what it had done is used, what it had half done is removed")
        notes["abandoned"] = killed
    return notes


def check_inputs(plan: Plan) -> None:
    """Read dictionaries and documents once for their faults, which are better known before hours of training than after.

    Raises ResourceError `memory.too_small` for any step to come that would take more than is allowed.
    """
    if not plan.documents_path.exists():
        with step("check inputs"):
            train, _ = _read_files(plan)
            files = [path for about in plan.settings.documents for path in plan.document_files(about)]
            memory.check_documents(plan, files, train)
            memory.check_all(plan, read_sources(plan)[0], train)
    reach("steps.checked")


def prepare_vectors(plan: Plan, lang: str) -> Notes:
    """Train or ingest the vectors of one language."""
    path = plan.vectors_path(lang)
    about = plan.settings.languages[lang]
    if not path.exists():
        started = time.perf_counter()
        make_folder(path.parent)
        if about.vectors is not None:
            file = plan.file(about.vectors)
            size = memory.size_of(plan, lang)
            need = memory.reading(lang, size or memory.NOTHING)
            with step(f"read {lang} vectors") as progress, memory.room(need, plan.settings):
                vectors = align.read_vectors(
                    file,
                    lang=lang,
                    limit=about.limit,
                    on_bad_row=about.on_bad_row,
                    progress=progress,
                )
            plan.unchanged(file, vectors.origin["sha256"])
            reach("vectors.read")
        else:
            with (
                step(f"train {lang} vectors") as progress,
                memory.room(memory.training(lang, 0, 0, about.train), plan.settings),
            ):
                files = expand_paths(about.corpus or [], plan.settings.root)
                vectors = align.train_vectors(
                    files, lang=lang, method=about.train, dim=plan.settings.space.dim, epochs=about.epochs, window=about.window,
                    min_count=about.min_count, seed=about.seed, workers=about.workers, text_column=about.text, progress=progress,
                    check=partial(memory.check_training, plan, lang),
                )  # fmt: skip
            for read, (_, digest) in zip(files, vectors.origin["files"], strict=True):
                plan.unchanged(read, digest)
            reach("vectors.trained")
        align.write_vectors(vectors, path)
        reach("vectors.written")
        notes = {
            "words": len(vectors),
            "dim": vectors.dim,
            "dropped": dict(vectors.dropped),
            "seconds": _since(started),
        }
        write_notes(path, notes)
    return read_notes(path)


def read_pairs(plan: Plan) -> tuple[list[WordPairs], list[WordPairs]]:
    """Dictionaries to fit on and dictionaries to judge on, of the configured languages.

    A table with a part column brings its own test; `test` names a file; otherwise `evaluation.held_out` of the source words is
    kept apart. Source words of a test are taken out of every dictionary between its two languages. Words that languages
    write alike are none to judge on.
    """
    train, test = _read_files(plan)
    for about in plan.settings.dictionaries:
        if about.identical is not None and about.source is not None and about.target is not None:
            sides = [align.read_vectors(plan.vectors_path(lang), lang=lang) for lang in (about.source, about.target)]
            train.append(align.identical_words(*sides, only=about.identical))
    return [_without_judged(pairs, test) for pairs in train], test


def _read_files(plan: Plan) -> tuple[list[WordPairs], list[WordPairs]]:
    """What the files hold to fit on, and to judge on."""
    train, test = [], []
    for about in plan.settings.dictionaries:
        if about.path is None:
            if about.test is not None and about.source is not None and about.target is not None:
                test.append(read_dictionary(plan.file(about.test), about.source, about.target))
            continue
        path = plan.file(about.path)
        for source, target in _language_pairs(plan, about, path):
            shown, judged = _read_parts(path, source, target, plan.settings.evaluation.held_out)
            if about.test is not None:
                judged = read_dictionary(plan.file(about.test), source, target)
            train.append(shown)
            test.append(judged)
    for pattern in {given for about in plan.settings.dictionaries for given in (about.path, about.test) if given}:
        plan.unchanged(plan.file(pattern))
    return train, test


def fit_space(plan: Plan) -> Notes:
    """Align all languages; reads their vectors, leaves the space."""
    if not plan.space_path.exists():
        started = time.perf_counter()
        train = read_pairs(plan)[0]
        need = memory.asked(plan, memory.fitting, pairs=train)
        with step("align languages") as progress, memory.room(*need):
            vectors = [align.read_vectors(plan.vectors_path(lang), lang=lang) for lang in plan.settings.languages]
            space = align.fit(
                vectors,
                train,
                pivot=plan.settings.pivot,
                method=plan.settings.space.method,
                progress=progress,
            )
            del vectors
            for source, target in permutations(space.languages, 2):
                space.retrieval(source, target)  # hubness, once: to judge with, and to publish
            reach("space.fitted")
            space.save(plan.space_path)
            reach("space.written")
        write_notes(
            plan.space_path, {"languages": {k: dict(v) for k, v in space.fits.items()}, "seconds": _since(started)}
        )
    return read_notes(plan.space_path)


def read_sources(plan: Plan) -> tuple[pl.DataFrame, dict[str, dict[str, int]]]:
    """All documents of all sources as one frame, and what was dropped, by file and reason.

    Raises InputError `doc.id_conflict` where two files give one (lang, id) different content, `file.changed`.
    """
    files = [path for about in plan.settings.documents for path in plan.document_files(about)]
    memory.check(memory.reading_documents(files), plan.settings)
    frames: list[pl.DataFrame] = []
    dropped: dict[str, dict[str, int]] = {}
    for about in plan.settings.documents:
        for path in plan.document_files(about):
            found = read_documents(
                path, lang=about.lang, id_column=about.id, text_column=about.text, on_bad_row=about.on_bad_row
            )
            plan.unchanged(path)
            frames.append(found.frame)
            if found.dropped:  # two folders may hold files of one name
                dropped[path.name] = dict(Counter(found.dropped) + Counter(dropped.get(path.name)))
    if not frames:
        return pl.DataFrame(schema=dict.fromkeys(("doc_id", "lang", "title", "text", "metadata"), pl.String)), dropped
    everything = pl.concat(frames)
    frame = everything.unique(maintain_order=True)
    if everything.height > frame.height:
        dropped["in more than one file"] = {"doc.duplicate": everything.height - frame.height}
    twice = frame.filter(pl.struct("lang", "doc_id").is_duplicated())
    if twice.height:
        where = f"{twice['doc_id'][0]!r} ({twice['lang'][0]})"
        raise InputError(
            "doc.id_conflict", f"document {where} has different content in two files; ids are unique per language"
        )
    unknown = sorted(set(frame["lang"].unique()) - set(plan.settings.languages))
    if unknown:
        raise InputError(
            "doc.bad_lang",
            f"documents in {', '.join(unknown)}, which is not under [languages]; add it or leave them out",
        )
    return frame, dropped


def pool_documents(plan: Plan) -> Notes:
    """Fit the pooling on the documents and pool them; leaves both."""
    if not (plan.documents_path.exists() and plan.pooling_path.exists()):
        started = time.perf_counter()
        pooling = plan.settings.pooling
        frame, dropped = read_sources(plan)
        with step("pool documents") as progress, memory.room(*memory.asked(plan, memory.pooling, frame)):
            space = align.load_space(plan.space_path)
            texts = {
                lang: frame.filter(pl.col("lang") == lang)["text"].to_list() for lang in frame["lang"].unique().sort()
            }
            pooler = align.fit_pooler(space, texts, **dict(pooling))
            del texts
            progress(1, 2)
            indexed = index_documents(frame, pooler)
            reach("documents.pooled")
            align.save_pooler(pooler, plan.pooling_path)
            reach("pooling.written")
            save_indexed(indexed, plan.documents_path)
            reach("documents.written")
        write_notes(plan.documents_path, {"read": frame.height, "dropped": dropped, "seconds": _since(started)})
    return read_notes(plan.documents_path)


def judge(plan: Plan) -> Notes:
    """Measure translation on held-out pairs, what can be told without any, language bias, and, where ids are parallel, retrieval."""
    with step("judge"), memory.room(*memory.asked(plan, memory.judging)):
        train, test = read_pairs(plan)
        space = align.load_space(plan.space_path)
        parallel = plan.settings.evaluation.parallel_ids
        indexed = load_indexed(plan.documents_path)
        hubness = {part.lang: document_hubness(indexed, part.lang) for part in indexed}
        return {
            "translation": evaluate_translation(space, test, train),
            "signals": evaluate_signals(space),
            "documents": evaluate_documents(indexed, hubness) if parallel else [],
            "languages": evaluate_language_bias(indexed, hubness, parallel),
        }


def publish_snapshot(plan: Plan, notes: Notes, figures: Notes) -> Notes:
    """Publish space, documents and figures as a new snapshot."""
    reach("steps.judged")
    finished = datetime.now(UTC).replace(tzinfo=None)
    settings = plan.settings
    need = memory.asked(plan, memory.publishing)
    with step("publish snapshot") as progress, memory.room(*need) as store_bytes:
        space = align.load_space(plan.space_path)
        pooler = align.load_pooler(plan.pooling_path, space)
        train, test = read_pairs(plan)
        indexed = load_indexed(plan.documents_path)

        def fill(connection: duckdb.DuckDBPyConnection) -> None:
            write_space(connection, space, pooler)
            write_documents(connection, space.space_id, indexed)
            if settings.passages is not None:
                passages = index_passages(indexed, pooler, **dict(settings.passages))
                write_passages(connection, space.space_id, indexed, passages, space.languages)
            write_evidence(connection, space, pooler, indexed, progress)
            write_pairs(connection, train, "train")
            write_pairs(connection, test, "test")
            _write_evaluations(connection, space.space_id, figures)
            run = [uuid4().hex, plan.whole, notes["started"], finished]
            extra = [settings.model_dump(mode="json"), versions(), notes]
            connection.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?)", [*run, *map(json.dumps, extra)])

        manifest = snapshot.publish(settings.warehouse_path, space.dim, fill, memory=store_bytes)
    remove_old_work(plan)
    reach("steps.cleaned")
    return {"snapshot": manifest.file.removesuffix(".duckdb"), "published": True, **figures}


def versions() -> dict[str, str]:
    """Versions of Python and of the packages whose results are in a store."""
    names = ("numpy", "scipy", "gensim", "duckdb", "polars", "icu4py")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}


def _write_evaluations(connection: duckdb.DuckDBPyConnection, space_id: str, figures: Notes) -> None:
    rows = [
        (space_id, task, row["source"], row["target"], measure, float(value))
        for task, table in figures.items()
        for row in table
        for measure, value in row.items()
        if isinstance(value, int | float)
    ]
    names = ("space_id", "task", "source", "target", "measure", "value")
    if rows:
        insert(connection, "evaluations", dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


def _read_parts(path: Path, source: str, target: str, held_out: float) -> tuple[WordPairs, WordPairs]:
    """The train and test parts of a table; where it has none for these languages, a split."""
    try:
        test = read_dictionary(path, source, target, part="test")
        return read_dictionary(path, source, target, part="train"), test
    except InputError as error:
        if error.code not in ("dict.no_part", "dict.empty"):
            raise
    return read_dictionary(path, source, target).split(held_out)


def _without_judged(pairs: WordPairs, test: list[WordPairs]) -> WordPairs:
    """`pairs` without those whose word is a source word of a test between the same languages, whichever way round."""
    for judged in test:
        if (judged.source, judged.target) == (pairs.source, pairs.target):
            pairs = pairs.without_source_words(judged.gold())
        elif (judged.target, judged.source) == (pairs.source, pairs.target):
            pairs = pairs.reversed().without_source_words(judged.gold()).reversed()
    return pairs


def _language_pairs(plan: Plan, about: DictionarySettings, path: Path) -> list[tuple[str, str]]:
    if about.source is not None and about.target is not None:
        return [(about.source, about.target)]
    there = [lang for lang in dictionary_languages(path) if lang in plan.settings.languages]
    if len(there) < 2:
        raise InputError(
            "dict.no_language",
            "not a table with a column per language; name source and target in the configuration",
            path=path,
        )
    return list(combinations(there, 2))


def _since(started: float) -> float:
    return round(time.perf_counter() - started, 2)
