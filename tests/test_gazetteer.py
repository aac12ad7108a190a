"""Places of datelines on the map: each with a reason; the data file itself is checked too."""

from __future__ import annotations

from pathlib import Path

import pytest

from aggregator.gazetteer import country_name, fold, locate, region_after

DATA = Path(__file__).parent.parent / "aggregator" / "data"


def where(place: str, region: str | None = None, home: str | None = None) -> str | None:
    found = locate(place, region, home)
    return f"{found.city.name}, {country_name(found.city)}" if found else None


@pytest.mark.parametrize(
    "printed",
    [
        "MOSCOW",
        "Moscow",
        "Москва",
        "МОСКВА",
        "Moscou",
        "Moskau",
        "Mosca",
        "莫斯科",
        "モスクワ",
        "모스크바",
        "موسكو",
        "مسکو",
    ],
)
def test_one_city_has_a_name_in_each_language_of_the_wire(printed: str) -> None:
    assert where(printed) == "Moscow, Russia"


@pytest.mark.parametrize(
    ("printed", "city"),
    [
        ("北京", "Beijing"), ("القاهرة", "Cairo"), ("서울", "Seoul"), ("ワシントン", "Washington"),
        ("臺北", "Taipei"), ("台北", "Taipei"), ("Hà Nội", "Hanoi"), ("Київ", "Kyiv"),
        ("Beograd", "Belgrade"),
        ("واشنطن", "Washington"),
        ("Genf", "Geneva"), ("تهران", "Tehran"), ("SAO PAULO", "São Paulo"),
        ("UNITED NATIONS", "New York City"),
    ],
)  # fmt: skip
def test_names_are_read_in_many_scripts(printed: str, city: str) -> None:
    found = locate(printed)
    assert found
    assert found.city.name == city


@pytest.mark.parametrize(
    ("place", "region", "home", "city"),
    [
        ("London", None, None, "London, United Kingdom"),
        ("LONDON", "Ontario", None, "London, Ontario, Canada"),
        ("LONDON", "Ont.", "GB", "London, Ontario, Canada"),
        ("Valencia", None, None, "Valencia, Venezuela"),
        ("Valencia", None, "ES", "Valencia, Spain"),
        ("Valencia", "España", None, "Valencia, Spain"),
        ("HYDERABAD", None, None, "Hyderabad, India"),
        ("HYDERABAD", None, "PK", "Hyderabad, Pakistan"),
        ("SAN JOSE", None, None, "San José, Costa Rica"),
        ("SAN JOSE", "Calif.", None, "San Jose, California, United States"),
        ("GEORGETOWN", None, None, "Georgetown, Guyana"),
        ("HAMILTON", None, None, "Hamilton, Ontario, Canada"),
        ("HAMILTON", "Bermuda", None, "Hamilton, Bermuda"),
        ("TBILISI", "Georgia", None, "Tbilisi, Georgia"),
        ("ATLANTA", "Georgia", None, "Atlanta, Georgia, United States"),
        ("PORTLAND", None, None, "Portland, Oregon, United States"),
        ("ST. PETERSBURG", None, "RU", "Saint Petersburg, Russia"),
        ("BETHLEHEM", None, None, "Bethlehem, Palestinian Territory"),
        ("CAIRO/TUNIS", None, None, "Cairo, Egypt"),
        ("MURMANSK — OSLO", None, None, "Murmansk, Russia"),
    ],
)
def test_one_of_several_is_chosen_for_a_reason(
    place: str, region: str | None, home: str | None, city: str
) -> None:
    assert where(place, region, home) == city


@pytest.mark.parametrize(
    ("place", "region", "home", "why"),
    [
        ("MURMANSK", None, None, "the only one of that name in the gazetteer"),
        ("LONDON", "Ontario", None, "the dateline says Ontario"),
        ("Valencia", None, "ES", "the agency's own country; 2 have that name"),
        ("GEORGETOWN", None, None, "the capital of 4 of that name"),
        ("HYDERABAD", None, None, "the largest of 2 of that name"),
    ],
)
def test_the_reason_is_said(place: str, region: str | None, home: str | None, why: str) -> None:
    found = locate(place, region, home)
    assert found
    assert found.why == why


def test_a_place_it_does_not_have_is_not_guessed() -> None:
    assert locate("PARIS", "Texas") is None
    assert locate("Little Wopping") is None
    assert locate("") is None
    assert locate("/,") is None


@pytest.mark.parametrize(
    ("behind", "region"),
    [
        (", Ontario, Oct 19 (Reuters) -", "Ontario"), (", Fla. (AP) —", "Fla."),
        (" (España), 5 ene (EFE).-", "España"),
        (" (PA) —", None), ("/TASS/", None), (", October 19./TASS/.", None), ("", None), (None, None),
    ],
)  # fmt: skip
def test_a_country_or_state_is_read_behind_the_place(behind: str | None, region: str | None) -> None:
    assert region_after(behind) == region


def test_names_are_compared_without_case_accents_and_spelling() -> None:
    assert fold("São Paulo") == fold("SAO-PAULO")
    assert fold("إسطنبول") == fold("اسطنبول")
    assert fold("臺北") == fold("台北")


def test_the_file_is_small_names_its_source_and_says_every_name_as_it_is_compared() -> None:
    lines = (DATA / "gazetteer.tsv").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    assert "GeoNames" in lines[1]
    assert "CC BY 4.0" in lines[1]
    assert 2_000 < len(rows) <= 2_500
    for _name, country, _state, latitude, longitude, _people, _capital, names in rows:
        assert len(country) == 2
        assert abs(float(latitude)) <= 90
        assert abs(float(longitude)) <= 180
        assert names == "|".join(map(fold, names.split("|")))
    assert sum(row[6] == "capital" for row in rows) > 200
