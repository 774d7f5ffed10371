"""Laws of transliteration learnt from word pairs."""

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from align.errors import InputError
from align.plain_form import plain_form
from align.transliteration import SHAPES, Transliteration, _expected, _lattice, fit_transliteration

LATIN = "abdegiklmnoprstuvz"
SECRET = {char: chr(0x10D0 + 7 * i % 18) for i, char in enumerate(LATIN)}  # a letter of Georgian each

RUSSIAN = """театр theatre, доктор doctor, музыка music, банк bank, телефон telephone, профессор professor, история history,
система system, парк park, лампа lamp, метро metro, радио radio, студент student, шоколад chocolate, борщ borshch,
хрущев khrushchev, щедрин shchedrin, царь tsar, водка vodka, москва moskva, иван ivan, борис boris, пушкин pushkin,
владимир vladimir, роман roman, газета gazette, адрес address, актёр actor, балет ballet, вагон wagon, гитара guitar,
диван divan, журнал journal, климат climate, литература literature, машина machine, номер number, опера opera,
политика politics, президент president, ресторан restaurant, спорт sport, турист tourist, университет university,
фильм film, химия chemistry, центр centre, чемпион champion, экономика economics, юмор humour, ялта yalta, шах shah, шериф sheriff,
шампунь shampoo, финиш finish, шоу show, шейх sheikh,
дом house, река river, стол table, окно window, дверь door, рука hand, нога foot, голова head, хлеб bread, вода water,
земля earth, небо sky, огонь fire, дерево tree, трава grass, птица bird, собака dog, кошка cat, лошадь horse, корова cow,
день day, ночь night, утро morning, вечер evening, год year, месяц month, неделя week, время time, жизнь life,
смерть death, любовь love, дружба friendship, война war, мир peace, работа work, деньги money, книга book, слово word,
белый white, чёрный black, красный red, зелёный green, большой big, маленький small, хороший good, плохой bad"""
GREEK = """θέατρο theatro, θεωρία theoria, θέμα thema, μέθοδος methodos, μύθος mythos, πάθος pathos, Αθήνα athena,
ορθόδοξος orthodox, θερμόμετρο thermometer, δημοκρατία democracy, ιστορία historia, μουσική music, πρόβλημα problem,
σύστημα system, φιλοσοφία philosophia, φωτογραφία photographia, τηλέφωνο telephone, ραδιο radio, κλίμα clima,
λίστα lista, μηχανή machine, παράδοξο paradox, πολιτική politike, ρυθμός rhythmos, τραγωδία tragodia, χάος chaos,
χαρακτήρας character, ψυχολογία psychologia, ωκεανός okeanos, κρίση crisis, νερό water, σπίτι house, ψωμί bread,
δέντρο tree, χέρι hand, πόδι foot, σκύλος dog, γάτα cat, άλογο horse, μέρα day, νύχτα night, δρόμος road, πόρτα door,
παράθυρο window, τραπέζι table, κόκκινο red, άσπρο white, μαύρο black, πράσινο green, μεγάλο big, μικρό small"""


def written(text):
    return [tuple(entry.split()) for entry in text.replace("\n", " ").split(", ")]


def words(rng, n, alphabet=LATIN):
    letters = np.array(list(alphabet))[rng.integers(0, len(alphabet), (n, 9))]
    return ["".join(row[:length]) for row, length in zip(letters, rng.integers(4, 10, n), strict=True)]


def planted(share, n=300, seed=0, cipher=SECRET):
    """n pairs; `share` of them a word in a secret alphabet and the word itself, the others two words at random."""
    rng = np.random.default_rng(seed)
    left, right = words(rng, n), words(rng, n)
    right[: int(share * n)] = left[: int(share * n)]
    return [("".join(cipher[c] for c in a), b) for a, b in zip(left, right, strict=True)]


@pytest.mark.parametrize(
    ("word", "plain"),
    [
        ("Événement", "evenement"), ("Ångström", "angstrom"), ("STRASSE", "strasse"), ("straße", "strasse"), ("ΣΟΦΌΣ", "σοφοσ"),
        ("ёлка", "елка"), ("Йод", "иод"), ("Việt", "viet"), ("हिन्दी", "हिन्दी"), ("เกี่ยว", "เกี่ยว"), ("ガギ", "ガギ"), ("が", "が"),
        ("أحمد", "أحمد"), ("שָׁלוֹם", "שָׁלוֹם"), ("한", "\u1112\u1161\u11ab"), ("", ""),
    ],
)  # fmt: skip
def test_diacritics_go_and_the_marks_that_are_letters_stay(word, plain):
    assert plain_form(word) == unicodedata.normalize("NFD" if word == "한" else "NFC", plain)


@given(st.text(max_size=12))
def test_a_plain_form_is_its_own_and_that_of_every_normal_form(word):
    plain = plain_form(word)
    assert plain_form(plain) == plain
    assert plain_form(unicodedata.normalize("NFD", word)) == plain


@pytest.mark.parametrize("share", [1.0, 0.3, 0.12])
def test_recovers_a_planted_cipher_among_unrelated_pairs(share):
    found = fit_transliteration(planted(share))
    assert found.table == {secret: char for char, secret in SECRET.items()}
    assert found.n_pairs == 300
    assert abs(found.related - share) < 0.06


def test_recovers_outputs_of_many_characters_and_of_none():
    many = {"a": "щ", "d": "ш", "t": "θ"}
    becomes = {"щ": "shch", "ш": "sh", "θ": "th", "ь": ""}
    pairs = []
    for secret, word in planted(0.4, 500, cipher=SECRET | many):
        spelled = "".join(becomes[many[c]] if c in many else c for c in word)
        pairs.append((secret[:2] + "ь" + secret[2:], spelled))
    table = fit_transliteration(pairs).table
    assert {char: table[char] for char in becomes} == becomes


def test_the_more_pairs_the_less_chance_is_taken_for_relation():
    few, many = (fit_transliteration(planted(0.0, n)).related for n in (100, 1_000))
    assert many < 0.05 < few


def test_russian_names_and_loans_are_found_among_translations():
    pairs = written(RUSSIAN)
    found = fit_transliteration(pairs)
    expected = dict(zip("абвдилмнопрстуш", [*"abvdilmnoprstu", "sh"], strict=True))
    assert {char: found.table[char] for char in expected} == expected
    assert found.table["к"] in {"c", "k"}
    assert found.apply("Мадрид") == "madrid"
    assert found.apply("Шторм") == "shtorm"


def test_greek_theta_becomes_th():
    found = fit_transliteration(written(GREEK))
    assert found.table["θ"] == "th"
    assert found.apply("Θόλος") == "tholos"


def test_the_order_of_pairs_and_repetitions_do_not_matter():
    pairs = planted(0.3)
    assert fit_transliteration([*pairs[::-1], *pairs[:50]]) == fit_transliteration(pairs)


def test_characters_of_both_sides_stand_for_themselves():
    rng = np.random.default_rng(1)
    found = fit_transliteration(list(zip(words(rng, 50), words(rng, 50, LATIN + "é"), strict=True)))
    assert found == Transliteration()
    assert found.apply("Été 12") == "ete 12"


def test_a_letter_that_only_one_side_of_one_script_has_is_learnt():
    pairs = [(a.replace("l", "ł"), a) for a in words(np.random.default_rng(2), 40)]
    assert fit_transliteration(pairs).table == {"ł": "l"}


def test_stray_words_of_the_source_among_the_targets_do_not_make_its_script_shared():
    pairs = planted(0.3)
    stray = [(secret, secret) for secret, _ in pairs[200:205]]
    assert fit_transliteration(pairs + stray).table == {secret: char for char, secret in SECRET.items()}


def test_the_sum_over_all_spellings_equals_their_enumeration():
    pairs = [("xyx", "aba"), ("yx", "ba"), ("xy", "abb"), ("x", "a"), ("yyx", "bba")]
    groups, units, chance, _ = _lattice(pairs)
    weight = np.random.default_rng(3).random(len(units))
    weight[0] = 0
    ratio = weight / weight.sum() / chance
    of = dict(zip(units, ratio.tolist(), strict=True))
    expected = dict.fromkeys(units, 0.0)

    def spellings(left, right):
        if not left and not right:
            yield []
        for a, b in SHAPES:
            if len(left) >= a and len(right) >= b and (left[:a], right[:b]) in of:
                for rest in spellings(left[a:], right[b:]):
                    yield [(left[:a], right[:b]), *rest]

    related = 0.0
    for left, right in pairs:
        ways = [(way, float(np.prod([of[unit] for unit in way]))) for way in spellings(left, right)]
        odds = sum(worth for _, worth in ways)
        share = 0.3 * odds / (0.3 * odds + 0.7)
        related += share
        for way, worth in ways:
            for unit in way:
                expected[unit] += share * worth / odds
    counts, evidence = _expected(groups, ratio, 4, 0.3)
    assert np.isclose(evidence, related)
    assert np.allclose(counts, list(expected.values()))


@pytest.mark.parametrize(
    ("pairs", "code"),
    [
        (None, "api.bad_type"), ("ab", "api.bad_type"), ([("a",)], "api.bad_type"), (["ab"], "api.bad_type"), ([1], "api.bad_type"),
        ([("a", None)], "api.bad_text"), ([(1.5, "a")], "api.bad_text"),
    ],
)  # fmt: skip
def test_wrong_pairs_have_codes(pairs, code):
    with pytest.raises(InputError) as raised:
        fit_transliteration(pairs)
    assert raised.value.code == code


@pytest.mark.parametrize("table", [{"ab": "c"}, {"a": None}, {1: "a"}, {"": "a"}])
def test_a_table_maps_single_characters_to_strings(table):
    with pytest.raises(InputError) as raised:
        Transliteration(table)
    assert raised.value.code == "spelling.bad_table"


def test_nothing_to_learn_from_gives_the_identity():
    assert fit_transliteration([]) == fit_transliteration([("", "a"), ("б", "")]) == Transliteration()
