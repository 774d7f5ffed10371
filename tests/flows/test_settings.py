"""Laws of the configuration: what is not understood is refused, by the name of its key."""

import gzip
from pathlib import Path

import pytest

from align.errors import AlignError, ConfigError
from flows.settings import load_settings

GOOD = """
[languages.en]
vectors = "en.vec"
[languages.fr]
corpus = ["fr/*.txt"]
"""
SECOND = '[languages.de]\nvectors = "de.vec"\n'


@pytest.fixture
def load(tmp_path):
    def loader(text, **more):
        path = tmp_path / "align.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_settings(path, **more)

    return loader


@pytest.fixture
def refused(load):
    """Load what must be refused with a code; returns the message, which names the file."""

    def refusing(text, code):
        with pytest.raises(AlignError) as raised:
            load(text)
        assert raised.value.code == code
        message = str(raised.value)
        assert message.startswith("align.toml: ")
        assert message.isprintable()
        assert len(message) <= 300
        return message

    return refusing


def test_the_least_configuration_has_the_defaults_of_the_readme(load, tmp_path):
    settings = load(GOOD)
    assert settings.pivot == "en"
    assert (settings.space.method, settings.space.dim) == ("auto", 300)
    assert settings.languages["en"].limit is None
    fr = settings.languages["fr"]
    assert (fr.train, fr.epochs, fr.window, fr.min_count, fr.seed, fr.workers) == (
        "skipgram",
        None,
        5,
        5,
        0,
        1,
    )
    assert tuple(dict(settings.pooling).values()) == ("sif", 0.03, "mean", 0, "language")
    assert (settings.evaluation.held_out, settings.evaluation.parallel_ids) == (0.1, False)
    assert settings.warehouse_path == tmp_path / "warehouse/data"


def test_paths_are_relative_to_the_file_wherever_one_stands(load, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    settings = load(GOOD + '[warehouse]\npath = "../store"')
    monkeypatch.chdir(tmp_path)
    assert load_settings("align.toml").root == settings.root == tmp_path
    assert settings.root / "en.vec" == tmp_path / "en.vec"
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert load_settings("../align.toml") == settings


def test_a_warehouse_given_beside_the_file_is_relative_to_where_one_stands(load, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert load(GOOD, warehouse="mine").warehouse_path == tmp_path / "elsewhere/mine"
    assert load(GOOD, warehouse=Path("/tmp/x")).warehouse_path == Path("/tmp/x")


def test_the_configuration_of_the_demo_loads():
    config = Path(__file__).parents[2] / "flows/demo/data/align.toml"
    assert set(load_settings(config).languages) == {"en", "fr", "de", "es"}


def test_documents_are_cut_only_where_it_is_said(load):
    assert load(GOOD).passages is None
    assert dict(load(GOOD + "[passages]").passages) == {"tokens": 200, "overlap": None}
    assert dict(load(GOOD + "[passages]\ntokens = 9\noverlap = 8").passages) == {"tokens": 9, "overlap": 8}


@pytest.mark.parametrize("code", ["en", "pt-BR", "zh-Hant", "zh-Hant-TW", "gsw"])
def test_canonical_codes_are_taken(load, code):
    assert list(load(f'[languages.{code}]\nvectors = "x"').languages) == [code]


@pytest.mark.parametrize(
    "entry",
    [
        "source = 'en'",
        "target = 'fr'",
        "source = 'en'\ntarget = 'en'",
        "source = 'en'\ntarget = 'it'",
        "source = 'it'\ntarget = 'en'",
    ],
)
def test_a_dictionary_is_between_two_languages_of_the_configuration_or_between_all(refused, load, entry):
    first = GOOD + "[[dictionaries]]\npath = 'x'\nsource = 'fr'\ntarget = 'en'\n"
    assert "entry 2" in refused(first + "[[dictionaries]]\npath = 'x'\n" + entry, "config.dictionary")
    assert len(load(first + "[[dictionaries]]\npath = 'x'\n").dictionaries) == 2


@pytest.mark.parametrize(
    "entry",
    [
        "source = 'fr'\ntarget = 'en'",
        "path = 'x'\nidentical = 'words'\nsource = 'fr'\ntarget = 'en'",
        "identical = 'words'",
    ],
)
def test_a_dictionary_is_a_file_or_what_two_languages_write_alike(refused, load, entry):
    assert "entry 1" in refused(GOOD + "[[dictionaries]]\n" + entry, "config.dictionary")
    alike = GOOD + "[[dictionaries]]\nidentical = 'numerals'\nsource = 'fr'\ntarget = 'en'\n"
    assert load(alike).dictionaries[0].identical == "numerals"


def test_documents_in_a_language_that_is_not_configured_are_refused_before_any_work(refused, load):
    assert "entry 1: it " in refused(GOOD + "[[documents]]\npath = 'x'\nlang = 'it'", "config.documents")
    assert load(GOOD + "[[documents]]\npath = 'x'\nlang = 'fr'").documents[0].lang == "fr"


def test_a_file_that_is_missing_or_no_file_or_a_bomb_is_refused(tmp_path):
    (tmp_path / "bomb.toml").write_bytes(gzip.compress(b" " * (2 << 20)))
    for name, code in (
        ("nowhere.toml", "file.missing"),
        (".", "file.not_regular"),
        ("bomb.toml", "file.too_large"),
    ):
        with pytest.raises(AlignError) as raised:
            load_settings(tmp_path / name)
        assert raised.value.code == code


def test_settings_do_not_change(load):
    settings = load(GOOD)
    with pytest.raises(Exception, match="frozen"):
        settings.name = "other"
    with pytest.raises(Exception, match="frozen"):
        settings.languages["en"].limit = 3
    assert isinstance(ConfigError("a", "b"), ValueError)
