"""Laws of plans: a fingerprint changes with what a result depends on, and with nothing else."""

import shutil

import pytest

import warehouse
from align.errors import ConfigError, CorruptStoreError, InputError
from benchmarks.reliability.upgrades import contents, kept_stores, publish_newer, unpack
from flows.plan import make_plan
from flows.settings import load_settings
from warehouse import snapshot

PARTS = ("en", "fr", "de", "space", "documents", "whole")


def prints(config, **more):
    plan = make_plan(load_settings(config, **more))
    return {lang: plan.vectors(lang) for lang in ("en", "fr", "de")} | {name: getattr(plan, name) for name in PARTS[3:]}


def changed(before, after):
    return {part for part in PARTS if before[part] != after[part]}


def one_byte(path):
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "depends"),
    [
        ("en.vec", {"en", "space", "documents", "whole"}), ("de.vec", {"de", "space", "documents", "whole"}), ("table.tsv", {"space", "documents", "whole"}),
        ("documents/fr.jsonl", {"documents", "whole"}), ("unused.txt", set()), ("documents/unused.csv", set()),
    ],
)  # fmt: skip
def test_F12_one_byte_changes_what_depends_on_it(project, name, depends):
    path = project.parent / name
    if "unused" in name:
        path.write_text("hello")
    before = prints(project)
    one_byte(path)
    assert changed(before, prints(project)) == depends


@pytest.mark.parametrize(
    ("old", "new", "depends"),
    [
        ('name = "toy"', 'name = "other"', {"whole"}), ('path = "store"', 'path = "elsewhere"', set()), ('pivot = "en"', 'pivot = "fr"', {"space", "documents", "whole"}),
        ('method = "procrustes"', 'method = "refine"', {"space", "documents", "whole"}), ('method = "procrustes"', "dim = 7\nmethod = 'procrustes'", set()),
        ("parallel_ids = true", "parallel_ids = false", {"whole"}), ("parallel_ids = true", "parallel_ids = true\nheld_out = 0.2", {"space", "documents", "whole"}),
        ("[evaluation]", "[pooling]\nweighting = 'idf'\n[evaluation]", {"documents", "whole"}), ("[evaluation]", "[pooling]\na = 0.1\n[evaluation]", {"documents", "whole"}),
        ("[evaluation]", "[passages]\n[evaluation]", {"whole"}), ("[evaluation]", "[passages]\ntokens = 9\n[evaluation]", {"whole"}),
        ('vectors = "en.vec"', 'vectors = "en.vec"\nlimit = 230', {"en", "space", "documents", "whole"}), ('name = "toy"', '# a comment\nname = "toy"', set()),
        ('vectors = "de.vec"', 'vectors = "de.vec"\non_bad_row = "skip"', {"de", "space", "documents", "whole"}),
        ('path = "table.tsv"', 'path = "table.tsv"\nsource = "en"\ntarget = "fr"', {"space", "documents", "whole"}),
        ('path = "table.tsv"', 'path = "table.tsv"\ntest = "table.tsv"', {"space", "documents", "whole"}),
        ('path = "documents/*.jsonl"', 'path = "documents/*.jsonl"\non_bad_row = "skip"', {"documents", "whole"}),
        ('path = "documents/*.jsonl"', 'path = "documents/??.jsonl"', set()), ('path = "documents/*.jsonl"', 'path = "documents/e*.jsonl"', {"documents", "whole"}),
    ],
)  # fmt: skip
def test_F12_one_setting_changes_what_depends_on_it(project, old, new, depends):
    before = prints(project)
    text = project.read_text()
    assert text.count(old) == 1
    project.write_text(text.replace(old, new))
    assert changed(before, prints(project)) == depends


@pytest.mark.parametrize(("line", "depends"), [("dim = 9", True), ("", False)])
def test_dim_is_of_the_vectors_that_are_trained(project, line, depends):
    (project.parent / "fr.txt").write_text("le chat dort\n")
    text = project.read_text().replace('vectors = "fr.vec"', 'corpus = ["fr.txt"]')
    project.write_text(text)
    before = prints(project)
    project.write_text(text.replace("[space]", "[space]\n" + line))
    assert changed(before, prints(project)) == ({"fr", "space", "documents", "whole"} if depends else set())


def test_F31_a_copy_of_the_folder_has_the_same_prints(project, tmp_path, monkeypatch):
    before = prints(project)
    copy = shutil.copytree(project.parent, tmp_path / "o'clock 東京") / "align.toml"
    assert prints(copy) == before
    monkeypatch.chdir(copy.parent)
    assert prints("align.toml") == before
    assert prints("align.toml", warehouse="/elsewhere") == before


def test_the_date_of_a_file_does_not_matter(project):
    before = prints(project)
    for path in project.parent.rglob("*.*"):
        path.touch()
    assert prints(project) == before


def test_prints_are_different_for_different_things(project):
    found = prints(project)
    assert len(set(found.values())) == len(PARTS)


@pytest.mark.parametrize("name", ["en.vec", "table.tsv", "documents"])
def test_what_is_missing_is_said_before_any_work(project, name):
    path = project.parent / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(InputError, match=rf"{name}.*matches no file"):
        make_plan(load_settings(project))
    assert not (project.parent / "store").exists()


def test_to_plan_writes_nothing(project):
    before = sorted(project.parent.rglob("*"))
    assert make_plan(load_settings(project)).published() is None
    assert sorted(project.parent.rglob("*")) == before


def test_F11_published_is_the_snapshot_of_an_equal_plan(built):
    plan = make_plan(load_settings(built.config))
    assert plan.published() == built.summary["snapshot"] == snapshot.current(built.store).stem


def test_F18_a_damaged_snapshot_is_not_up_to_date(built, tmp_path):
    config = shutil.copytree(built.config.parent, tmp_path / "copy", symlinks=True) / "align.toml"
    current = snapshot.current(config.parent / "store")
    content = current.read_bytes()
    current.chmod(0o600)
    current.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert make_plan(load_settings(config)).published() is None


def test_F12_published_is_nothing_where_the_plan_is_another_or_the_store_is_lost(built, tmp_path):
    config = shutil.copytree(built.config.parent, tmp_path / "copy", symlinks=True) / "align.toml"
    store = config.parent / "store"
    assert make_plan(load_settings(config)).published() == built.summary["snapshot"]
    text = config.read_text()
    config.write_text(text.replace('name = "toy"', 'name = "other"'))
    assert make_plan(load_settings(config)).published() is None
    config.write_text(text)
    current = snapshot.current(store)
    manifest = current.with_suffix(".json")
    manifest.rename(tmp_path / "aside")
    assert make_plan(load_settings(config)).published() is None
    (tmp_path / "aside").rename(manifest)
    current.chmod(0o600)
    current.write_bytes(b"not a store")
    assert make_plan(load_settings(config)).published() is None
    (store / "current.duckdb").unlink()
    assert make_plan(load_settings(config)).published() is None


def test_a_path_of_one_file_that_matches_several_is_refused(project):
    plan = make_plan(load_settings(project))
    assert plan.file("documents/en.jsonl").name == "en.jsonl"
    with pytest.raises(ConfigError, match=r"config\.one_file"):
        plan.file("documents/*")


def test_F22_what_a_later_release_published_is_not_built_over(project):
    store = project.parent / "store"
    publish_newer(store)
    before = contents(store)
    with pytest.raises(CorruptStoreError, match=r"install a later release \[store\.newer"):
        make_plan(load_settings(project)).published()
    assert contents(store) == before


def test_F22_an_older_store_is_built_over(project):
    store = project.parent / "store"
    unpack(kept_stores()[0], store)
    plan = make_plan(load_settings(project))
    assert plan.published() is None
    warehouse.upgrade(store)
    assert plan.published() is None  # what it was made of is not what the configuration names
