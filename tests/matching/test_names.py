"""Names that are the same person or company however they are written, and names that are not."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import islice, product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nostro.domain.policies.screening import Payee, ScreeningRules
from nostro.domain.watch_list import WatchListEntry, WatchListInForce
from nostro.formats import watch_lists
from nostro.matching.names.index import NameIndex
from nostro.matching.names.words import sound, spelled
from nostro.matching.watch_list_search import WatchListSearch
from tests.formats.coverage import CORPUS
from tests.needs import absent

LIMIT = 85  # As payments are checked.
SANCTIONS = CORPUS / "sanctions" / "moov-io+watchman"


def percent(asked: str, listed: str) -> int:
    found = NameIndex([(0, listed)]).search(asked, 1)
    return found[0].percent if found else 0


@pytest.mark.parametrize(
    ("asked", "listed"),
    [
        # Order, case, accents, punctuation, particles, titles.
        ("Jose Garcia Lopez", "GARCÍA LÓPEZ, José"),
        ("Dr. Hans-Peter von der Linde", "LINDE, Hans Peter"),
        ("Abdul Rahman al Hashimi", "AL-HASHIMI, Abdulrahman"),
        ("O'Neill Shaun", "ONEILL, Shaun"),
        ("Qwert A. Zyxwvut", "ZYXWVUT, Qwert Asdf"),
        # Legal forms of many countries.
        ("Nordwind Reederei GmbH & Co. KG", "NORDWIND REEDEREI"),
        ("Nordwind Reederei, S.A. de C.V.", "Nordwind Reederei Ltd"),
        ("北京华远贸易有限公司", "Beijing Huayuan Maoyi"),
        ("ООО «Северный Ветер»", "Severny Veter LLC"),
        # One spelling for another.
        ("Mohammad Hussain", "MUHAMMED, Hussein"),
        ("Yevgeny Tchaikovsky", "CHAIKOVSKI, Evgeni"),
        ("Aleksandr Zhukov", "JUKOV, Alexander"),
        ("Mueller Maschinenbau", "Müller Maschinenbau"),
        ("Sergej Wassiljew", "VASSILIEV, Sergei"),
        # Russian "е" and "ё" with a y or without, and no patronymic.
        ("Ruslan Zuev", "ZUYEV, Ruslan Petrovich"),
        ("Елена Егорова", "YEGOROVA, Yelena Andreyevna"),
        ("Руслан Зуев", "ZUYEV, Ruslan Magomedovich"),
        ("Андрей Воробьёв", "VOROBYOV, Andrei Nikolayevich"),
        ("Фёдор Емельяненко", "YEMELYANENKO, Fyodor"),
        # Letters that slipped.
        ("Vladmiir Kuznetsov", "KUZNETSOV, Vladimir"),
        ("Gloabl Maritime Servces", "Global Maritime Services"),
        # Other scripts.
        ("Сергей Кузнецов", "KUZNETSOV, Sergey"),
        ("Ігор Шевченко", "SHEVCHENKO, Ihor"),
        ("Γιώργος Παπαδόπουλος", "PAPADOPOULOS, Giorgos"),
        ("حسين الموسوي", "AL-MUSAWI, Husayn"),
        ("يوسف خليل", "KHALIL, Yusuf"),
        ("שמעון כהן", "COHEN, Shimon"),
        ("陈伟强", "CHEN, Weiqiang"),
        ("최민수", "CHOI, Min Su"),
        ("朴哲民", "PAK, Chol Min"),
        ("鈴木一郎", "SUZUKI, Ichiro"),
        ("中村 健太", "NAKAMURA, Kenta"),
        ("กิตติ ชัยวัฒน์", "CHAIWAT, Kitti"),
        ("გიორგი მელაძე", "MELADZE, Giorgi"),
        ("Արամ Պետրոսյան", "PETROSYAN, Aram"),
        ("अमित शर्मा", "SHARMA, Amit"),
    ],
)
def test_the_same_however_it_is_written(asked: str, listed: str) -> None:
    found = percent(asked, listed)
    assert found >= LIMIT, f"{found} %: {spelled(asked)[:2]} and {spelled(listed)[:2]}"


@pytest.mark.parametrize(
    ("asked", "listed"),
    [
        ("Petra Keller", "KELLER, Thomas"),
        ("Global Maritime Services", "Global Timber Exports"),
        ("Keller", "KELLER, Thomas"),
        ("Siemens AG", "CIMEX, S.A."),
        ("Li Na", "LU, Ni"),
        ("Deutsche Bahn AG", "Deutsche Bank AG"),
        ("Ivan Petrov", "IVANOV, Petr"),
        ("Nordsee Fisch GmbH", "Nordsee Reederei GmbH"),
        ("王伟", "WANG, Xiaoming"),
    ],
)
def test_not_the_same(asked: str, listed: str) -> None:
    assert percent(asked, listed) < LIMIT


def test_the_evidence_says_which_words_agreed() -> None:
    ((_, found, words),) = (
        (one.of, one.percent, [(w.asked, w.listed, w.percent) for w in one.agreed])
        for one in NameIndex([("x", "KUZNETSOV, Vladimir")]).search("Wladimir Kuznetzow", 70)
    )
    assert found < 100
    assert [(asked, listed) for asked, listed, _ in words] == [
        ("wladimir", "vladimir"),
        ("kuznetzow", "kuznetsov"),
    ]


def test_what_has_no_letters_is_like_nobody() -> None:
    index = NameIndex([(0, "KELLER, Thomas"), (1, "***")])
    assert [index.search(name, 1) for name in ("", "...", "!!", "\0")] == [[], [], [], []]


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    common = [(number, f"Trading {word}") for number, word in enumerate("abcdefgh" * 8)]
    index = NameIndex([*common, (99, "Trading Wolpertinger")])
    (found, *_) = index.search("Wolpertinger Handel", 1)
    assert found.of == 99
    assert index.search("Trading Unfug", LIMIT) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [("Khaled", "Haled"), ("Wassim", "Vasim"), ("Tchekov", "Chekov"), ("Fatima", "Phatima")],
)
def test_spellings_of_one_sound(one: str, other: str) -> None:
    assert sound(one.lower()) == sound(other.lower())


@pytest.mark.parametrize(
    ("one", "other"),
    [("Pyong", "Peng"), ("Kyoto", "Keto"), ("Ryota", "Reta"), ("Yeung", "Eung"), ("Yen", "En")],
)
def test_a_y_that_is_no_russian_spelling_is_heard(one: str, other: str) -> None:
    assert sound(one.lower()) != sound(other.lower())


names = st.text(st.characters(codec="utf-8"), max_size=40)


@given(names, names)
@settings(deadline=None, max_examples=150)
def test_any_text_is_compared_the_same_each_time(asked: str, listed: str) -> None:
    found = NameIndex([(0, listed)]).search(asked, 1)
    assert found == NameIndex([(0, listed)]).search(asked, 1)
    assert all(1 <= one.percent <= 100 for one in found)


@given(names)
@settings(deadline=None, max_examples=150)
def test_every_name_is_itself(name: str) -> None:
    if spelled(name):
        assert percent(name, name) >= 75  # Two letters without vowels tell little.


def test_the_index_finds_what_comparing_with_each_finds() -> None:
    """The index asks few names; held against an index of one name each, it misses nothing."""
    random = Random(7)
    listed = list(islice(_made_up(random), 120))
    whole = NameIndex(enumerate(listed))
    rare = {number: NameIndex([(number, name)]) for number, name in enumerate(listed)}
    for asked in (_changed(random, random.choice(listed)) for _ in range(60)):
        found = {one.of for one in whole.search(asked, LIMIT)}
        # Words weigh differently in an index of one: only those that are alike beyond doubt.
        sure = {n for n, one in rare.items() if one.search(asked, 97)}
        assert sure <= found, (asked, [listed[n] for n in sure - found])


def _made_up(random: Random) -> Iterator[str]:
    first = "Anna Boris Carla Dmitri Elena Farid Gudrun Hamid Irina Jorge Karim Lucia"
    last = "Wolpert Sandoval Petrenko Haddad Lindqvist Moretti Okafor Tanaka Zhukov Novak"
    told = [f"{b.upper()}, {a}" for a, b in product(first.split(), last.split())]
    random.shuffle(told)
    yield from told


def _changed(random: Random, name: str) -> str:
    family, _, given_name = name.partition(", ")
    return random.choice([f"{given_name} {family}", f"{family} {given_name}", family.lower()])


def test_cross_script_pairs_of_the_corpus() -> None:
    path = SANCTIONS / "internal/embeddings/testdata/cross_script_pairs.csv"
    if not path.is_file():
        absent("the corpus of public files beside the repository")
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = csv.reader(line for line in lines if line and not line.startswith("#"))
    found = [(asked, listed, percent(asked, listed), stated) for asked, listed, stated, _ in rows]
    assert len(found) == 22
    missed = [row for row in found if row[2] < int(row[3].replace(".", ""))]
    assert missed == []
    assert sum(row[2] >= LIMIT for row in found) >= 21


def _listed() -> list[tuple[WatchListInForce, list[WatchListEntry]]]:
    folder, found = SANCTIONS / "test/testdata", []
    for file in ("sdn.csv", "alt.csv"):
        content = (folder / file).read_bytes()
        with (folder / file).open("rb") as stream:
            records = list(watch_lists.identify(content[:4096]).read(stream))
        found += [one for one in records if isinstance(one, WatchListEntry)]
    known = {one.id for one in found if one.programs}
    entries = watch_lists.merged(one for one in found if one.id in known)
    head = WatchListInForce(
        id="1", code="ofac_sdn", name="OFAC SDN", published_on=None,
        entries=len(entries), names=sum(len(one.names) for one in entries),
    )  # fmt: skip
    return [(head, entries)]


def test_clean_names_of_the_corpus(capsys: pytest.CaptureFixture[str]) -> None:
    """Payers and payees of public bank files against a whole SDN list: few wait for a person."""
    if not (SANCTIONS / "test/testdata/sdn.csv").is_file():
        absent("the corpus of public files beside the repository")
    files = [path for kind in ("pain", "camt", "pacs") for path in CORPUS.glob(f"{kind}*/**/*.xml")]
    told = (re.findall(rb"<(?:\w+:)?Nm>([^<]+)</", path.read_bytes()) for path in files)
    clean = sorted({one.decode("utf-8", "replace").strip() for found in told for one in found})
    search, rules = WatchListSearch(_listed()), ScreeningRules()
    hits = {name: found for name in clean if (found := search.hits(Payee(name=name), rules))}
    with capsys.disabled():
        print(f"\n{len(hits)} of {len(clean)} clean names wait for a person")  # noqa: T201
    assert len(clean) > 150
    assert len(hits) * 50 <= len(clean)


_PATRONYMIC = re.compile(r"\w+(?:[oe]vich|[oe]vna)$", re.IGNORECASE)
_YE = re.compile(r"\bY(?=e)|(?<=\w)y(?=ev)", re.IGNORECASE)


def test_persons_of_the_corpus_without_patronymic_and_with_other_spellings(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Who is listed as "YEGOROV, Ivan Petrovich" is found as Ivan Petrovich Egorov and as Ivan
    Egorov."""
    if not (SANCTIONS / "test/testdata/sdn.csv").is_file():
        absent("the corpus of public files beside the repository")
    listed = _listed()
    search, rules = WatchListSearch(listed), ScreeningRules()
    asked = [(entry.id, name) for entry in listed[0][1] for name in _as_others_write(entry)]
    missed = [
        (number, name)
        for number, name in asked
        if all(hit.alike.entry.id != number for hit in search.hits(Payee(name=name), rules))
    ]
    with capsys.disabled():
        print(f"\n{len(asked) - len(missed)} of {len(asked)} spellings are found")  # noqa: T201
    assert len(asked) > 500
    assert missed == []


def _as_others_write(entry: WatchListEntry) -> list[str]:
    family, comma, given_names = entry.names[0].text.partition(",")
    first, *rest = given_names.split() or [""]
    if not comma or len(rest) != 1 or not _PATRONYMIC.match(rest[0]):
        return []
    names = (f"{first} {rest[0]} {family.title()}", f"{first} {family.title()}")
    return [way for name in names for way in (name, _YE.sub("", name))]
