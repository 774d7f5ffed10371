"""A project on disk, small enough to build in a second, and one that is built."""

import json
import os
import shutil
from types import SimpleNamespace

import pytest

import align
from benchmarks.reliability.builds import build_plainly

CONFIG = """
name = "toy"
[space]
pivot = "en"
method = "procrustes"
[languages.en]
vectors = "en.vec"
[languages.fr]
vectors = "fr.vec"
[languages.de]
vectors = "de.vec"
[[dictionaries]]
path = "table.tsv"
[[documents]]
path = "documents/*.jsonl"
[evaluation]
parallel_ids = true
[warehouse]
path = "store"
"""
TEXTS = 24


@pytest.fixture(scope="session", autouse=True)
def prefect_home(tmp_path_factory):
    """Prefect reads its environment when it is imported; nothing of it may reach the home folder or the network."""
    settled = {
        "PREFECT_HOME": str(tmp_path_factory.mktemp("prefect")), "DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "ERROR", "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL", "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settled.items():
            patch.setenv(name, value)
        yield
    os.umask(0o022)


@pytest.fixture(scope="session")
def template(bilingual_world, tmp_path_factory):
    """The files of the project: vectors, a table of concepts, documents with one id in three languages, a configuration."""
    root = tmp_path_factory.mktemp("template") / "project"
    (root / "documents").mkdir(parents=True)
    for lang, vectors in bilingual_world.vectors.items():
        align.write_vectors(vectors, root / f"{lang}.vec")
    concepts = ["\t".join(f"{lang}{n}" for lang in ("en", "fr", "de")) for n in range(200)]
    (root / "table.tsv").write_text("\n".join(["en\tfr\tde", *concepts]) + "\n")
    for lang in ("en", "fr", "de"):
        rows = [
            {"id": f"d{n:02}", "lang": lang, "text": " ".join(f"{lang}{(7 * n + 31 * m) % 240}" for m in range(6)), "year": 1990 + n % 3, "title": f"{lang} {n}"}
            for n in range(TEXTS)
        ]  # fmt: skip
        (root / "documents" / f"{lang}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (root / "align.toml").write_text(CONFIG)
    return root


@pytest.fixture
def project(template, tmp_path):
    """A copy of the project that a test may change; returns its configuration."""
    return shutil.copytree(template, tmp_path / "project") / "align.toml"


@pytest.fixture(scope="session")
def build():
    """The sentence of `flows.build.build` without Prefect: `build(config)`."""
    return build_plainly


@pytest.fixture(scope="session")
def built(template, tmp_path_factory):
    """The project, built; nobody may change it. `config`, `store` and `summary`."""
    config = shutil.copytree(template, tmp_path_factory.mktemp("built") / "project") / "align.toml"
    summary = build_plainly(config)
    return SimpleNamespace(config=config, store=config.parent / "store", summary=summary)
