"""K01 to K07 of FAULTS: the configuration, and the folder of the store."""

from pathlib import Path
from typing import Any

from benchmarks.reliability.catalogue import Row, laid
from flows.settings import load_settings
from warehouse.snapshot import writing

GOOD = '[languages.en]\nvectors = "en.vec"\n[languages.fr]\ncorpus = ["fr/*.txt"]\n'
SECOND = '[languages.de]\nvectors = "de.vec"\n'
TRAINED = '[languages.de]\ncorpus = ["x"]\n'


def _refused(id: str, content: bytes | str, code: str, *says: str) -> Row:
    return Row(f"{id}: {code}", laid(content, "align.toml"), load_settings, code, says=says, name="align.toml")


def _names() -> list[Row]:
    typos = [
        ("nmae = 'x'\n" + GOOD, "name"), (GOOD + "[spcae]\npivot = 'en'", "space"), (GOOD + "[space]\npivto = 'en'", "pivot"),
        (GOOD + "[languages.de]\nvector = 'x'", "vectors"), (GOOD + "[languages.de.limit2]\nx = 1", "limit"),
        (GOOD + "[[dictionaries]]\npaht = 'x'", "path"), (GOOD + "[[documents]]\npath = 'x'\nlanguage = 'en'", "lang"),
        (GOOD + "[pooling]\nweight = 'sif'", "weighting"), (GOOD + "[evaluation]\nheldout = 0.1", "held_out"),
        (GOOD + "[warehouse]\npth = 'x'", "path"), (GOOD + "[passages]\ntoken = 9", "tokens"), (GOOD + "[warehouse]\n\"\\u001b[31m\" = 1", "path"),
    ]  # fmt: skip
    kinds = [
        ("name", "name = 5"), ("languages", "languages = 5"), ("languages", "languages = ['en']"), ("languages.de", "languages = {de = 'de.vec'}"),
        ("languages.en.vectors", "languages.en = {vectors = ['x']}"), ("languages.en.corpus", "languages.en = {corpus = 'x'}"),
        ("languages.en.corpus", "languages.en = {corpus = []}"), ("languages.en.corpus.0", "languages.en = {corpus = [5]}"),
        ("dictionaries", "dictionaries = 5"), ("dictionaries", "dictionaries = {path = 'x'}"), ("documents.0.path", "documents = [{path = true}]"),
        ("documents.0.path", "documents = [{lang = 'en'}]"),
        ("dictionaries.0.path", "dictionaries = [{source = 'en', target = 'fr', path = 5}]"), ("warehouse.path", "warehouse.path = 1979-05-27"),
        ("space.method", "space.method = 'magic'"), ("languages.en.train", "languages.en = {corpus = ['x'], train = 'glove'}"),
        ("pooling.weighting", "pooling.weighting = 'tf'"), ("pooling.reduce", "pooling.reduce = 'sum'"), ("contextual model", "pooling.reduce = 'cls'"),
        ("pooling.components", "pooling.components = '1'"), ("pooling.components_of", "pooling.components_of = 'all'"),
        ("languages.en.on_bad_row", "languages.en = {vectors = 'x', on_bad_row = 'warn'}"), ("evaluation.parallel_ids", "evaluation.parallel_ids = 'yes'"),
        ("evaluation.parallel_ids", "evaluation.parallel_ids = 1"), ("evaluation.held_out", "evaluation.held_out = '0.1'"),
        ("evaluation.held_out", "evaluation.held_out = false"), ("pooling.a", "pooling.a = true"), ("pooling.a", "pooling.a = '1'"), ("space.pivot", "space.pivot = 5"),
    ]  # fmt: skip
    beside_text = ("limit = 9", "on_bad_row = 'skip'")
    beside_vectors = (
        "epochs = 9",
        "window = 9",
        "min_count = 9",
        "seed = 9",
        "workers = 2",
        "train = 'cbow'",
        "text = 'body'",
    )
    return [
        *(_refused(f"K01 {text.replace(GOOD, '')}", text, "config.unknown_key", f"the nearest known one is {near} ") for text, near in typos),
        _refused("K01 root", 'root = "/etc"\n' + GOOD, "config.unknown_key"),
        *(_refused(f"K01 {line}", line if line.startswith("languages") else line + "\n" + GOOD, "config.bad_value", key) for key, line in kinds),
        *(_refused(f"K01 {key} beside text", GOOD + TRAINED + key, "config.languages", "means nothing beside corpus") for key in beside_text),
        *(_refused(f"K01 {key} beside vectors", GOOD + SECOND + key, "config.languages", "means nothing beside vectors") for key in beside_vectors),
    ]  # fmt: skip


def _languages() -> list[Row]:
    codes = (
        "../../etc", "en/..", "/etc", "C:\\x", "en\0", "en\n", " en", "en ", "CON", "-rf", "a" * 300, "\u0435n", "e", "EN", "en_US", "pt-br", "zh-hant",
        "", ".", "en\x1b[31m", "'; DROP TABLE words --",
    )  # fmt: skip
    rows = []
    for code in codes:
        quoted = "".join(f"\\u{ord(c):04x}" for c in code)
        for where, text in (
            ("a section", f'[languages."{quoted}"]\nvectors = "x"'),
            ("the pivot", GOOD + f'[space]\npivot = "{quoted}"'),
            ("documents", GOOD + f'[[documents]]\npath = "x"\nlang = "{quoted}"'),
        ):
            id = "K03" if "DROP" in code else "K02"
            rows.append(_refused(f"{id} {code[:30]!r} as {where}", text, "config.bad_value"))
    return rows


def _numbers() -> list[Row]:
    ranges = [
        ("space", "dim", ["0", "1", "-3", "4097", "10000000000000000000000", "true", "3.0", "'3'", "inf", "nan"]),
        ("languages.de", "limit", ["0", "-1", "true", "1.5", "'all'", "100000001"]), ("trained", "epochs", ["0", "-1", "1001", "true"]),
        ("trained", "window", ["0", "1001", "true"]), ("trained", "min_count", ["0", "-1"]), ("trained", "seed", ["-1", "2147483648", "true"]),
        ("trained", "workers", ["0", "-1", "257", "true"]), ("pooling", "a", ["0", "-1", "inf", "nan", "1e7"]),
        ("pooling", "components", ["-1", "101", "1.0", "true"]), ("passages", "tokens", ["0", "-1", "true", "1.5", "'all'"]),
        ("passages", "overlap", ["-1", "200", "true", "0.5"]), ("evaluation", "held_out", ["1", "1.0", "-0.1", "nan", "inf"]),
    ]  # fmt: skip
    heads = {"languages.de": SECOND, "trained": TRAINED}
    return [
        _refused(
            f"K04 {key} = {value}",
            GOOD + heads.get(section, f"[{section}]\n") + f"{key} = {value}",
            "config.bad_value",
            f".{key} = ",
        )
        for section, key, values in ranges
        for value in values
    ]


def _references() -> list[Row]:
    entries = (
        "source = 'en'",
        "target = 'fr'",
        "source = 'en'\ntarget = 'en'",
        "source = 'en'\ntarget = 'it'",
        "source = 'it'\ntarget = 'en'",
    )
    alike = (
        "source = 'fr'\ntarget = 'en'",
        "path = 'x'\nidentical = 'words'\nsource = 'fr'\ntarget = 'en'",
        "identical = 'words'",
    )
    first = GOOD + "[[dictionaries]]\npath = 'x'\nsource = 'fr'\ntarget = 'en'\n[[dictionaries]]\n"
    return [
        *(_refused(f"K05 no language in {text!r}", text, "config.bad_value", "languages") for text in ("[languages]\n", "languages = {}", "", "name = 'x'")),
        _refused("K05 a language twice", GOOD + "[languages.en]\nvectors = 'x'", "config.toml"),
        _refused("K05 a pivot that is no language", GOOD + "[space]\npivot = 'de'", "config.pivot", "de; it must be one of en, fr"),
        *(_refused(f"K05 {about!r}", GOOD + "[languages.de]\n" + about, "config.languages", "languages.de")
          for about in ("", 'vectors = "x"\ncorpus = ["y"]')),
        *(_refused(f"K05 {entry!r}", first + "path = 'x'\n" + entry, "config.dictionary", "entry 2") for entry in entries),
        *(_refused(f"K05 {entry!r}", GOOD + "[[dictionaries]]\n" + entry, "config.dictionary", "entry 1") for entry in alike),
        _refused("K05 documents in another language", GOOD + "[[documents]]\npath = 'x'\nlang = 'it'", "config.documents", "entry 1: it "),
    ]  # fmt: skip


def _syntax() -> list[Row]:
    def vectors(path: Path) -> tuple[Any, Any]:
        return {lang: about.vectors for lang, about in load_settings(path).languages.items()}, {}

    bad = (
        "x = [", "[languages.en\n", GOOD + GOOD, "x", b"\xff\xfe", b"\xef\xbb\xbfname = 'x'", "a = " + "[" * 5000, "a = 1\0", '{"name": "x"}', "name: x\n",
        "a: !!python/object/apply:os.system [id]\n", "a = " + "9" * 5000, "a = 1979-02-30",
    )  # fmt: skip
    laughs = "".join(f"l{n} = [{', '.join([f'l{n - 1}'] * 10)}]\n" for n in range(1, 10))
    odd = '[languages.no]\nvectors = "$HOME/${PATH}/~/%s"'
    return [
        *(_refused(f"K06 {text[:40]!r}", text, "config.toml") for text in (*bad, laughs)),
        Row(
            "K06 no is Norwegian, and nothing is put in",
            laid(odd, "align.toml"),
            vectors,
            result={"no": "$HOME/${PATH}/~/%s"},
        ),
    ]


def _store() -> list[Row]:
    def folder_of(folder: Path) -> Path:
        (folder / "file").write_text("")
        (folder / "dead").symlink_to("none")
        (folder / "loop").symlink_to("loop")
        return folder

    def held(root: Path) -> None:
        with writing(root):
            pass

    return [
        Row(
            f"K07 a store at {where}",
            folder_of,
            lambda folder, where=where: held(folder / where),
            code,
            name=Path(where).name,
        )
        for where, code in (
            ("file", "store.unwritable"),
            ("file/below", "store.unwritable"),
            ("/proc/none", "store.unwritable"),
            ("dead", "store.link"),
            ("loop", "store.link"),
        )
    ]


def rows() -> list[Row]:
    """All of them."""
    return [*_names(), *_languages(), *_numbers(), *_references(), *_syntax(), *_store()]
