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


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("nmae = 'x'\n" + GOOD, "name"), (GOOD + "[spcae]\npivot = 'en'", "space"), (GOOD + "[space]\npivto = 'en'", "pivot"),
        (GOOD + "[languages.de]\nvector = 'x'", "vectors"), (GOOD + "[languages.de.limit2]\nx = 1", "limit"), (GOOD + "[[dictionaries]]\npaht = 'x'", "path"),
        (GOOD + "[[documents]]\npath = 'x'\nlanguage = 'en'", "lang"), (GOOD + "[pooling]\nweight = 'sif'", "weighting"),
        (GOOD + "[evaluation]\nheldout = 0.1", "held_out"), (GOOD + "[warehouse]\npth = 'x'", "path"), (GOOD + "[passages]\ntoken = 9", "tokens"), (GOOD + "[warehouse]\n\"\\u001b[31m\" = 1", "path"),
    ],
)  # fmt: skip
def test_K01_an_unknown_key_is_refused_and_the_nearest_named(refused, text, nearest):
    assert refused(text, "config.unknown_key").endswith(f"the nearest known one is {nearest} [config.unknown_key]")


def test_K01_the_root_of_paths_is_no_key(refused):
    refused('root = "/etc"\n' + GOOD, "config.unknown_key")


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("name", "name = 5"), ("languages", "languages = 5"), ("languages", "languages = ['en']"), ("languages.de", "languages = {de = 'de.vec'}"),
        ("languages.en.vectors", "languages.en = {vectors = ['x']}"), ("languages.en.corpus", "languages.en = {corpus = 'x'}"),
        ("languages.en.corpus", "languages.en = {corpus = []}"), ("languages.en.corpus.0", "languages.en = {corpus = [5]}"),
        ("dictionaries", "dictionaries = 5"), ("dictionaries", "dictionaries = {path = 'x'}"), ("documents.0.path", "documents = [{path = true}]"),
        ("dictionaries.0.path", "dictionaries = [{source = 'en', target = 'fr', path = 5}]"), ("warehouse.path", "warehouse.path = 1979-05-27"),
        ("space.method", "space.method = 'magic'"), ("languages.en.train", "languages.en = {corpus = ['x'], train = 'glove'}"),
        ("pooling.weighting", "pooling.weighting = 'tf'"), ("pooling.reduce", "pooling.reduce = 'sum'"), ("contextual model", "pooling.reduce = 'cls'"),
        ("pooling.components", "pooling.components = '1'"), ("pooling.components_of", "pooling.components_of = 'all'"), ("languages.en.on_bad_row", "languages.en = {vectors = 'x', on_bad_row = 'warn'}"),
        ("evaluation.parallel_ids", "evaluation.parallel_ids = 'yes'"), ("evaluation.parallel_ids", "evaluation.parallel_ids = 1"),
        ("evaluation.held_out", "evaluation.held_out = '0.1'"), ("evaluation.held_out", "evaluation.held_out = false"),
        ("pooling.a", "pooling.a = true"), ("pooling.a", "pooling.a = '1'"), ("space.pivot", "space.pivot = 5"),
    ],
)  # fmt: skip
def test_K01_a_value_of_another_kind_is_refused_by_its_key(refused, key, line):
    with_languages = line if line.startswith("languages") else line + "\n" + GOOD
    assert key in refused(with_languages, "config.bad_value")


@pytest.mark.parametrize(
    "code",
    ["../../etc", "en/..", "/etc", "C:\\x", "en\0", "en\n", " en", "en ", "CON", "-rf", "a" * 300, "еn", "e", "EN", "en_US", "pt-br", "zh-hant", "", ".", "en\x1b[31m"],
)  # fmt: skip
def test_K02_a_language_that_is_no_canonical_code_is_refused(refused, code):
    quoted = "".join(f"\\u{ord(c):04x}" for c in code)
    refused(f'[languages."{quoted}"]\nvectors = "x"', "config.bad_value")
    refused(GOOD + f'[space]\npivot = "{quoted}"', "config.bad_value")
    refused(GOOD + f'[[documents]]\npath = "x"\nlang = "{quoted}"', "config.bad_value")


@pytest.mark.parametrize("code", ["en", "pt-BR", "zh-Hant", "zh-Hant-TW", "gsw"])
def test_canonical_codes_are_taken(load, code):
    assert list(load(f'[languages.{code}]\nvectors = "x"').languages) == [code]


@pytest.mark.parametrize(
    ("section", "key", "values"),
    [
        ("space", "dim", ["0", "1", "-3", "4097", "10000000000000000000000", "true", "3.0", "'3'", "inf", "nan"]),
        ("languages.de", "limit", ["0", "-1", "true", "1.5", "'all'", "100000001"]), ("trained", "epochs", ["0", "-1", "1001", "true"]),
        ("trained", "window", ["0", "1001", "true"]), ("trained", "min_count", ["0", "-1"]), ("trained", "seed", ["-1", "2147483648", "true"]),
        ("trained", "workers", ["0", "-1", "257", "true"]), ("pooling", "a", ["0", "-1", "inf", "nan", "1e7"]),
        ("pooling", "components", ["-1", "101", "1.0", "true"]),
        ("passages", "tokens", ["0", "-1", "true", "1.5", "'all'"]), ("passages", "overlap", ["-1", "200", "true", "0.5"]),
        ("evaluation", "held_out", ["1", "1.0", "-0.1", "nan", "inf"]),
    ],
)  # fmt: skip
def test_K04_a_number_out_of_range_is_refused_by_its_key(refused, section, key, values):
    heads = {"languages.de": SECOND, "trained": '[languages.de]\ncorpus = ["x"]\n'}
    for value in values:
        assert f".{key} = " in refused(
            GOOD + heads.get(section, f"[{section}]\n") + f"{key} = {value}", "config.bad_value"
        )


@pytest.mark.parametrize("text", ["[languages]\n", "languages = {}", "", "name = 'x'"])
def test_K05_no_language_is_refused(refused, text):
    assert "languages" in refused(text, "config.bad_value")


def test_K05_a_pivot_that_is_no_language_is_refused(refused):
    assert "de; it must be one of en, fr" in refused(GOOD + "[space]\npivot = 'de'", "config.pivot")


@pytest.mark.parametrize("about", ["", 'vectors = "x"\ncorpus = ["y"]'])
def test_K05_a_language_needs_vectors_or_text_and_not_both(refused, about):
    assert "languages.de needs either" in refused(GOOD + "[languages.de]\n" + about, "config.languages")


@pytest.mark.parametrize("key", ["limit = 9", "on_bad_row = 'skip'"])
def test_K01_a_key_for_vectors_beside_text_is_refused(refused, key):
    assert f"{key.split()[0]} means nothing beside corpus" in refused(
        GOOD + '[languages.de]\ncorpus = ["x"]\n' + key, "config.languages"
    )


@pytest.mark.parametrize(
    "key",
    [
        "epochs = 9",
        "window = 9",
        "min_count = 9",
        "seed = 9",
        "workers = 2",
        "train = 'cbow'",
        "text = 'body'",
    ],
)
def test_K01_a_key_for_text_beside_vectors_is_refused(refused, key):
    assert f"{key.split()[0]} means nothing beside vectors" in refused(GOOD + SECOND + key, "config.languages")


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


@pytest.mark.parametrize(
    "text", ["x = [", "[languages.en\n", GOOD + GOOD, "x", b"\xff\xfe", b"\xef\xbb\xbfname = 'x'", "a = " + "[" * 5000, "a = 1\0", "name: x\n", '{"name": "x"}'],
)  # fmt: skip
def test_K06_what_is_not_toml_is_refused(refused, text):
    refused(text, "config.toml")


def test_K06_no_is_a_language_and_nothing_is_interpolated(load):
    settings = load('[languages.no]\nvectors = "$HOME/${PATH}/~/%s"')
    assert settings.languages["no"].vectors == "$HOME/${PATH}/~/%s"


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
