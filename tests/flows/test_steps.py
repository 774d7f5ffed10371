"""Laws of a run: what is there is not done again, and what is judged on was not learnt from."""

import json
import os
import shutil
import stat

import numpy as np
import pytest

import align
import warehouse
from align.errors import AlignError, AlignmentError, BusyError, InputError
from align.tokens import fold
from flows import progress, steps
from flows.plan import make_plan
from flows.settings import load_settings
from warehouse import snapshot
from warehouse.snapshot import writing

LANGUAGES = ("en", "fr", "de")


def plan_of(config):
    return make_plan(load_settings(config))


def write(config, old, new):
    text = config.read_text()
    assert text.count(old) == 1
    config.write_text(text.replace(old, new))


def work(config):
    return {path.name: path.stat().st_mtime_ns for path in (config.parent / "store/work").iterdir()}


def test_a_build_publishes_all_that_it_made(built, bilingual_world):
    assert warehouse.verify(built.store).documents == 72
    with warehouse.open(built.store) as wh:
        assert wh.version == built.summary["snapshot"]
        assert wh.languages == ["en", "de", "fr"]
        assert wh.search("en0 en31 en62 en93 en124 en155", "en", ["fr"], 1).select("doc_id", "title", "year").row(
            0
        ) == ("d00", "fr 0", 1990)
        assert wh.translate("en5", "en", "de", 1)["word"].to_list() == ["de5"]
        runs = wh.sql("SELECT plan, config, versions, notes, started_at <= finished_at AS ordered FROM runs").rows(
            named=True
        )
        assert len(runs) == 1
        assert runs[0]["plan"] == plan_of(built.config).whole
        assert runs[0]["ordered"]
        assert json.loads(runs[0]["config"])["name"] == "toy"
        assert "root" not in json.loads(runs[0]["config"])
        assert {"numpy", "duckdb", "python"} <= set(json.loads(runs[0]["versions"]))
        notes = json.loads(runs[0]["notes"])
        assert notes["vectors"]["fr"]["words"] == 240
        assert notes["documents"]["read"] == 72


def test_what_was_measured_is_in_the_store_and_in_the_summary(built):
    with warehouse.open(built.store) as wh:
        figures = {
            row[:4]: row[4] for row in wh.sql("SELECT task, source, target, measure, value FROM evaluations").rows()
        }
    for task in ("translation", "documents"):
        for row in built.summary[task]:
            for measure, value in row.items():
                if isinstance(value, int | float):
                    assert figures[task, row["source"], row["target"], measure] == pytest.approx(value)
        assert {key[1:3] for key in figures if key[0] == task} == {
            (s, t) for s in LANGUAGES for t in LANGUAGES if s != t
        }
    assert figures["translation", "en", "fr", "precision_at_1"] > 0.9
    assert 0 < figures["translation", "en", "fr", "coverage"] <= 1
    assert [figures["documents", "en", "de", measure] for measure in ("recall_at_1", "n_queries", "candidates")] == [
        1,
        24,
        24,
    ]


def test_F11_a_second_build_does_nothing(project, build):
    first = build(project)
    before = {path: path.lstat().st_mtime_ns for path in project.parent.rglob("*")}
    assert first["published"]
    assert build(project) == {"snapshot": first["snapshot"], "published": False}
    assert {path: path.lstat().st_mtime_ns for path in project.parent.rglob("*")} == before


def test_F12_a_changed_dictionary_keeps_the_files_of_the_vectors(project, build):
    build(project)
    before = work(project)
    with (project.parent / "table.tsv").open("a") as table:
        table.write("en200\tfr200\tde200\n")
    assert build(project)["published"]
    after = work(project)
    assert {name for name in before if name.startswith("vectors")} == {
        name for name in after if name.startswith("vectors")
    }
    assert all(after[name] == before[name] for name in after if name.startswith("vectors"))
    assert not {name for name in before if name.startswith("space")} & set(after)


def test_F12_changed_documents_keep_the_space(project, build):
    build(project)
    before = work(project)
    with (project.parent / "documents/en.jsonl").open("a") as file:
        file.write('{"id": "new", "lang": "en", "text": "en7 en8"}\n')
    assert build(project)["published"]
    after = work(project)
    kept = {name for name in before if after.get(name) == before[name]}
    assert {name.split("-")[0] for name in kept} == {"vectors", "space"}
    assert {name.split("-")[0] for name in before.keys() - kept} == {"documents", "pooling"}
    with warehouse.open(project.parent / "store") as wh:
        assert wh.search("en7 en8", "en", ["en"], 1)["doc_id"].to_list() == ["new"]


def test_F01_a_run_that_stopped_goes_on_where_it_stopped(project, build, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(steps, "publish_snapshot", stopped)
        with pytest.raises(KeyboardInterrupt):
            build(project)
    before = work(project)
    assert len(before) == 11  # vectors of three languages, space, documents, each with its notes; pooling
    monkeypatch.setattr(align, "write_vectors", None)
    monkeypatch.setattr(align, "fit", None)
    monkeypatch.setattr(align, "fit_pooler", None)
    assert build(project)["published"]
    assert work(project) == before


def test_F12_a_lost_store_is_built_again_from_the_same_plan(project, build):
    first = build(project)
    shutil.rmtree(project.parent / "store")
    second = build(project)
    assert second["published"]
    assert second["translation"] == first["translation"]


def test_F32_the_same_inputs_make_the_same_tables(project, build, built):
    build(project)
    tables = (
        "spaces",
        "words",
        "word_hubness",
        "dictionary_pairs",
        "documents",
        "document_vectors",
        "document_hubness",
        "evaluations",
    )
    with warehouse.open(built.store) as one, warehouse.open(project.parent / "store") as other:
        for table in tables:
            assert one.sql(f"FROM {table} ORDER BY ALL").equals(other.sql(f"FROM {table} ORDER BY ALL")), table


def test_long_documents_are_cut_where_the_configuration_says_so(project, build, built):
    write(project, "[evaluation]", "[passages]\ntokens = 4\noverlap = 1\n[evaluation]")
    build(project)
    counted = "SELECT count(*), count(vector), coalesce(max(tokens), 0) FROM passages"
    with warehouse.open(built.store) as whole, warehouse.open(project.parent / "store") as cut:
        assert whole.sql(counted).row(0) == (0, 0, 0)
        n, known, longest = cut.sql(counted).row(0)
        assert n == known > 0
        assert longest == 4
        sql = "SELECT lang, doc_id, tokens FROM document_vectors ORDER BY ALL"
        assert whole.sql(sql).equals(cut.sql(sql))
    warehouse.verify(project.parent / "store")


def test_F26_everything_of_a_run_is_for_its_owner_alone(project, build):
    old = os.umask(0)
    try:
        build(project)
    finally:
        os.umask(old)
    store = project.parent / "store"
    assert stat.S_IMODE(store.stat().st_mode) == stat.S_IMODE((store / "work").stat().st_mode) == 0o700


@pytest.mark.parametrize("held_out", [0, 0.05, 0.3, 0.9])
def test_D06_no_word_that_is_judged_on_is_learnt_from(project, held_out):
    write(project, "[evaluation]", f"[evaluation]\nheld_out = {held_out}")
    train, test = steps.read_pairs(plan_of(project))
    assert [(p.source, p.target) for p in train] == [("en", "fr"), ("en", "de"), ("fr", "de")]
    for shown, judged in zip(train, test, strict=True):
        assert not set(shown.gold()) & set(judged.gold())
        assert len(shown) + len(judged) == 200
        assert len(judged) == pytest.approx(200 * held_out, abs=25)


def test_D06_not_even_over_another_dictionary_or_the_other_way_round(project):
    root = project.parent
    (root / "a.tsv").write_text("".join(f"en{n}\tfr{n}\n" for n in range(150)))
    (root / "b.tsv").write_text("".join(f"fr{n}\tEN{n}\n" for n in range(200)))
    (root / "test.tsv").write_text("".join(f"en{n}\tfr{n}\n" for n in range(140, 180)))
    entries = [
        'path = "a.tsv"\nsource = "en"\ntarget = "fr"\ntest = "test.tsv"',
        'path = "b.tsv"\nsource = "fr"\ntarget = "en"',
    ]
    write(
        project,
        'path = "table.tsv"',
        "\n[[dictionaries]]\n".join([*entries, 'path = "table.tsv"\nsource = "en"\ntarget = "de"']),
    )
    train, test = steps.read_pairs(plan_of(project))
    for shown in train:
        for judged in test:
            words = {fold(word, judged.source) for word in judged.gold()}
            if {shown.source, shown.target} == {judged.source, judged.target}:
                side = int(shown.source != judged.source)
                assert not words & {fold(pair[side], judged.source) for pair in shown.pairs}
    assert set(test[0].gold()) == {f"en{n}" for n in range(140, 180)}
    assert train[1].dropped["dict.excluded"] > 0


def test_a_part_column_says_what_is_judged_on(project):
    rows = [f"{'test' if n % 5 == 0 else 'train'}\ten{n}\tfr{n}\tde{n}" for n in range(200)]
    (project.parent / "table.tsv").write_text("\n".join(["part\ten\tfr\tde", *rows]))
    train, test = steps.read_pairs(plan_of(project))
    assert [len(p) for p in train] == [160] * 3
    assert all({int(word[2:]) % 5 for word in judged.gold()} == {0} for judged in test)


def test_words_written_alike_are_learnt_from_and_never_judged_on(project):
    root = project.parent
    for lang in ("en", "fr"):
        vectors = align.read_vectors(root / f"{lang}.vec", lang=lang)
        words = [
            f"{'abcdefghij'[int(w[-1])] * 4}{'klmnopqrst'[int(w[2:]) // 10 % 10]}" if int(w[2:]) < 100 else w
            for w in vectors.words
        ]
        align.write_vectors(align.WordVectors(lang, words, vectors.matrix), root / f"{lang}.vec")
    (root / "test.tsv").write_text("aaaak\taaaak\nen150\tfr150\n")
    alike = "identical = 'words'\nsource = 'en'\ntarget = 'fr'\ntest = 'test.tsv'\n[[dictionaries]]\npath = \"table.tsv\"\nsource = 'en'\ntarget = 'de'"
    write(project, 'path = "table.tsv"', alike)
    plan = plan_of(project)
    for lang in ("en", "fr"):
        steps.prepare_vectors(plan, lang)
    train, test = steps.read_pairs(plan)
    (shown,) = [pairs for pairs in train if pairs.target == "fr"]
    assert len(shown) == 99
    assert all(left == right for left, right in shown.pairs)
    assert "aaaak" not in shown.gold()
    assert {word for judged in test for word in judged.gold()} >= {"aaaak", "en150"}


def test_a_dictionary_of_pairs_without_its_languages_is_refused(project):
    (project.parent / "table.tsv").write_text("en1\tfr1\nen2\tfr2\n")
    with pytest.raises(InputError, match=r"table.tsv: .*name source and target.*dict.no_language"):
        steps.read_pairs(plan_of(project))


def test_T02_what_two_files_repeat_is_counted_and_what_they_contradict_refused(project):
    documents = project.parent / "documents"
    rows = (documents / "en.jsonl").read_text().splitlines(keepends=True)
    (documents / "more.jsonl").write_text(rows[0] + rows[1])
    frame, dropped = steps.read_sources(plan_of(project))
    assert frame.height == 72
    assert dropped == {"in more than one file": {"doc.duplicate": 2}}
    (documents / "more.jsonl").write_text(json.dumps(json.loads(rows[0]) | {"text": "other"}))
    with pytest.raises(InputError, match=r"'d00' \(en\) has different content.*doc.id_conflict"):
        steps.read_sources(plan_of(project))


def test_dropped_rows_are_counted_by_file_and_reason(project):
    for folder in ("documents", "others"):
        (project.parent / folder).mkdir(exist_ok=True)
        (project.parent / folder / "bad.jsonl").write_text(
            f'{{"id": "{folder}", "lang": "en", "text": "x"}}\n{{"id": "", "lang": "en", "text": "x"}}\nno json\n'
        )
    write(
        project,
        'path = "documents/*.jsonl"',
        'path = "documents/*.jsonl"\non_bad_row = "skip"\n[[documents]]\npath = "others/*"\non_bad_row = "skip"',
    )
    frame, dropped = steps.read_sources(plan_of(project))
    assert frame.height == 74
    assert dropped == {"bad.jsonl": {"doc.bad_id": 2, "doc.json": 2}}


def test_T04_documents_in_a_language_that_is_not_configured_are_refused_by_name(project, build):
    (project.parent / "documents/it.jsonl").write_text(
        '{"id": "a", "lang": "it", "text": "casa"}\n{"id": "a", "lang": "sw", "text": "nyumba"}\n'
    )
    with pytest.raises(InputError, match=r"documents in it, sw, .*doc.bad_lang"):
        build(project)
    assert not (project.parent / "store/current.duckdb").exists()


def test_a_project_without_documents_is_a_store_of_words(project, build):
    write(project, '[[documents]]\npath = "documents/*.jsonl"\n', "")
    assert build(project)["documents"] == []
    assert warehouse.verify(project.parent / "store").documents == 0
    with warehouse.open(project.parent / "store") as wh:
        assert wh.search("en1", "en").is_empty()
        assert wh.translate("en1", "en", "fr", 1)["word"].to_list() == ["fr1"]


def test_F14_a_build_that_fails_leaves_what_was_published(project, build):
    first = build(project)
    (project.parent / "table.tsv").write_text("en\tfr\tde\nen1\tfr1\tde1\n")
    with pytest.raises(AlignmentError, match="dict.coverage"):
        build(project)
    assert snapshot.current(project.parent / "store").stem == first["snapshot"]
    assert warehouse.verify(project.parent / "store").documents == 72


def test_F06_two_builds_at_once_are_refused(project, build):
    with writing(project.parent / "store"), pytest.raises(BusyError):
        build(project)


def test_trained_and_ingested_vectors_meet_in_one_space(project, build):
    rng = np.random.default_rng(0)
    lines = [" ".join(f"fr{n}" for n in rng.integers(0, 30, 12)) for _ in range(200)]
    (project.parent / "fr.txt").write_text("\n".join(lines))
    write(project, 'vectors = "fr.vec"', 'corpus = ["*.txt"]\nepochs = 1\nmin_count = 1')
    write(project, "[space]", "[space]\ndim = 16")
    build(project)
    with warehouse.open(project.parent / "store") as wh:
        assert set(wh.words("fr").words) == {f"fr{n}" for n in range(30)}
        assert wh.words("fr").counts.sum() == 2400


def test_a_display_shows_every_step_full_and_without_one_steps_are_silent(capsys):
    with progress.step("silent") as told:
        told(1, 2)
    assert capsys.readouterr() == ("", "")
    with progress.display():
        with progress.step("half"):
            pass
        with progress.step("told") as told:
            told(1, 2)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert all(word in shown.err for word in ("half", "told", "100%"))
    assert "silent" not in shown.err


def test_steps_raise_errors_of_the_tree_only(project, build):
    (project.parent / "en.vec").write_text("not vectors at all")
    with pytest.raises(AlignError):
        build(project)


def test_a_fault_in_documents_is_said_before_any_training(project, build):
    with (project.parent / "documents/en.jsonl").open("a") as file:
        file.write('{"id": "strange", "lang": "xx", "text": "x"}\n')
    with pytest.raises(InputError, match=r"doc\.bad_lang"):
        steps.check_inputs(plan_of(project))
    assert not (project.parent / "store").exists()
