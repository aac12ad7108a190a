"""The guess of a text's language."""

import pytest

from aggregator.language import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The bakers of the town said on Monday that the ovens are hot and the doors are open.", "en"),
        ("Los panaderos de la villa dijeron el lunes que los hornos están calientes.", "es"),
        ("Les boulangers de la ville ont dit lundi que les fours sont chauds et les portes ouvertes.", "fr"),
        ("Die Bäcker der Stadt sagten am Montag, dass die Öfen heiß sind und die Türen offen.", "de"),
        ("I fornai della città hanno detto che i forni sono caldi e le porte aperte.", "it"),
        ("Os padeiros da cidade disseram que os fornos não estão frios e as portas abertas.", "pt"),
        ("Пекари города сказали в понедельник, что печи горячие и двери открыты для всех.", "ru"),
        ("Пекарі міста сказали, що печі гарячі та двері відкриті для всіх, і це також новина.", "uk"),
        ("面包师说炉子很热，门是开着的。", "zh"),
        ("パン屋は月曜日に窯が熱いと言った。", "ja"),
        ("제빵사들은 월요일에 오븐이 뜨겁다고 말했다.", "ko"),
        ("قال الخبازون في المدينة إن الأفران ساخنة على مدار الساعة من هذا اليوم", "ar"),
        ("Οι φούρναροι της πόλης είπαν ότι οι φούρνοι είναι ζεστοί.", "el"),
        ("Bread", None),
        ("1234 5678", None),
        ("", None),
    ],
)
def test_language(text: str, language: str | None) -> None:
    assert language_of(text) == language
