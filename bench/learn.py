"""Learns the weights of ``aggregator/data/signs.toml`` from pages with known articles.

``python -m bench.learn DIR --weak peer.jsonl --out signs.toml --cross cv.jsonl`` reads DIR/index.jsonl: a
page's gold is its ``body_paragraphs``, or segments that are ``with`` and ``without`` its text. ``--weak``
names predictions of another extractor ({set, id, body}), believed where there is no gold and a first
learning agrees.
``--cross`` writes predictions in which every page was judged by weights that were learnt without its
publisher, in both looks; it takes six times as long.
Needs the dependency group ``learn``.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import MultiLabelBinarizer

from aggregator.extract.body import HOPELESS, Reading, best_choice, first_look, page_scene, second_look
from aggregator.extract.head import read_head
from aggregator.extract.metadata import read_metadata
from aggregator.extract.page import read_page
from aggregator.extract.places import NUMBERS, places_of
from aggregator.extract.whole import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aggregator.extract.body import Weights
    from aggregator.extract.metadata import Metadata
    from aggregator.extract.page import Page
    from aggregator.extract.signs import Scene

FOLDS = 6
#: Inverse strength of the L2 penalty of each look; by cross-validation .1 loses .003 to .009 of F1, 4 to 6
#: .005. The second look is learnt from better scores than other publishers' pages have: it is held shorter.
FIRST, SECOND = 2.0, 1.0
#: Weight of a block that holds a segment, of one only another extractor judged, and of a gold page's block.
SEGMENT, WEAK, GOLD, GOLD_SHARE = 4.0, 0.3, 0.6, 48.0
#: Signs that fewer publishers show are learnt by heart, and say nothing of others.
PUBLISHERS = 12
_WORD = re.compile(r"\w+")


@dataclass(slots=True)
class Sample:
    """One page: its blocks' signs, what is known of them, how much that counts."""

    row: dict[str, Any]
    scene: Scene
    signs: list[list[str]]
    truth: list[int]  # 1, 0, or -1 unknown
    weight: list[float]
    weak: list[bool]  # judged by the other extractor alone


def main() -> None:
    """Reads the arguments, learns, writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--weak", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cross", type=Path)
    asked = parser.parse_args()
    weak = {(one["set"], one["id"]): _spaced(one["body"]) for one in _lines(asked.weak)} if asked.weak else {}
    rows = _lines(asked.directory / "index.jsonl")
    samples = [read_sample(asked.directory, row, weak.get((row["set"], row["id"]))) for row in rows]
    weights = learnt(samples)
    asked.out.write_text(
        f"{_HEAD}\n[first]\n{_toml(weights['first'])}\n[second]\n{_toml(weights['second'])}", "utf8"
    )
    if asked.cross:
        asked.cross.write_text("".join(_predictions(asked.directory, samples)), "utf8")


_HEAD = """\
# Weights of the signs by which a block of text is judged to be an article's own words; log-odds, summed.
# Learnt by bench/learn.py; how each sign is read stands in aggregator/extract/signs.py and places.py.
"""


def read_sample(directory: Path, row: dict[str, Any], weak: str | None) -> Sample:
    """A page's blocks with their labels and weights."""
    scene = page_scene(*_read(directory, row))
    signs, _ = first_look(scene)
    gold = row["gold"]
    if gold.get("body_paragraphs"):
        truth = _gold_labels(scene, gold)
        whole = sum(len(b.text) for b, t in zip(scene.blocks, truth, strict=True) if t == 1) or 1
        weight = [GOLD + GOLD_SHARE * min(len(block.text) / whole, 0.3) for block in scene.blocks]
    else:
        truth = _segment_labels(scene, gold)
        weight = [SEGMENT] * len(truth)
    unsure = [weak is not None and not gold.get("body_paragraphs") and t < 0 for t in truth]
    if weak is not None:
        weight = [WEAK if un else w for un, w in zip(unsure, weight, strict=True)]
        pairs = zip(scene.blocks, truth, unsure, strict=True)
        truth = [int(block.text in weak) if un else t for block, t, un in pairs]
    return Sample(row, scene, signs, truth, weight, unsure)


def learnt(samples: list[Sample]) -> Weights:
    """The weights that these pages teach; of weak labels those count with which a first learning agrees."""
    first, second, scores = learn(samples)
    if any(any(sample.weak) for sample in samples):
        first, second, _ = learn(doubted(samples, scores))
    return {"first": first, "second": second}


def doubted(samples: list[Sample], scores: np.ndarray) -> list[Sample]:
    """The pages without what the other extractor alone said and a first learning says otherwise."""
    found, start = [], 0
    for sample in samples:
        own = [float(score) for score in scores[start : start + len(sample.truth)]]
        start += len(own)
        kept, _ = best_choice(sample.scene.blocks, own)
        labels = zip(sample.truth, sample.weak, kept, strict=True)
        found.append(replace(sample, truth=[-1 if weak and t != int(k) else t for t, weak, k in labels]))
    return found


def _gold_labels(scene: Scene, gold: dict[str, Any]) -> list[int]:
    """1 for a gold paragraph, a part of the gold text, or a block that shares most of its words' order."""
    text = gold.get("body") or "\n".join(gold["body_paragraphs"])
    lines = {_bare(line) for line in [*gold["body_paragraphs"], *text.split("\n")]} - {""}
    neutral = {_bare(line) for line in gold.get("summary") or []} - lines
    whole, runs = _bare(text), _runs(text)
    return [_gold_label(block.text, lines, neutral, whole, runs) for block in scene.blocks]


def _gold_label(text: str, lines: set[str], neutral: set[str], whole: str, runs: set[tuple[str, ...]]) -> int:
    form = _bare(text)
    if form in neutral:
        return -1
    if form in lines or (len(form) >= 25 and form in whole):
        return 1
    own = _runs(text)
    return int(len(own) >= 5 and len(own & runs) > 0.6 * len(own))


def _segment_labels(scene: Scene, gold: dict[str, Any]) -> list[int]:
    wanted, unwanted = ([_spaced(one) for one in gold.get(key) or []] for key in ("with", "without"))
    labels = []
    for block in scene.blocks:
        good, bad = any(one in block.text for one in wanted), any(one in block.text for one in unwanted)
        labels.append(-1 if good == bad else int(good))
    return labels


def learn(samples: list[Sample]) -> tuple[dict[str, float], dict[str, float], np.ndarray]:
    """The weights of both looks and each block's logit by weights that had not seen its publisher."""
    truth = np.array([t for sample in samples for t in sample.truth])
    weight = np.array([w for sample in samples for w in sample.weight])
    groups = np.array([sample.row["domain"] for sample in samples for _ in sample.truth])
    hopeless = np.array([not own for sample in samples for own in sample.signs])
    known = (truth >= 0) & ~hopeless
    first, names = _matrix([own for sample in samples for own in sample.signs], groups, known)
    scores = _crossed(first, truth, weight, groups, known, FIRST)
    scores[hopeless] = HOPELESS
    places = _placed(samples, scores)
    second, more = _matrix([signs for signs, _ in places], groups, known)
    second = hstack([second, csr_matrix(np.array([numbers for _, numbers in places]))]).tocsr()
    judged = _crossed(second, truth, weight, groups, known, SECOND)
    judged[hopeless] = HOPELESS
    return (
        _weights(_fit(first, truth, weight, known, FIRST), names),
        _weights(_fit(second, truth, weight, known, SECOND), [*more, *NUMBERS]),
        judged,
    )


def _placed(samples: list[Sample], scores: np.ndarray) -> list[tuple[list[str], tuple[float, ...]]]:
    found, start = [], 0
    for sample in samples:
        own = [float(score) for score in scores[start : start + len(sample.signs)]]
        start += len(own)
        place_of = places_of(sample.scene, own)
        for index, signs in enumerate(sample.signs):
            place = place_of(index)
            found.append(([*signs, *place.signs] if signs else [], place.numbers))
    return found


def _matrix(signs: list[list[str]], groups: np.ndarray, known: np.ndarray) -> tuple[csr_matrix, list[str]]:
    shown = {
        (sign, group) for own, group, one in zip(signs, groups, known, strict=True) if one for sign in own
    }
    publishers = Counter(sign for sign, _ in shown)
    kept = {sign for sign, count in publishers.items() if count >= PUBLISHERS}
    binarizer = MultiLabelBinarizer(sparse_output=True, classes=sorted(kept))
    return binarizer.fit_transform([set(own) & kept for own in signs]).tocsr(), list(binarizer.classes_)


def _fit(
    matrix: csr_matrix, truth: np.ndarray, weight: np.ndarray, rows: np.ndarray, penalty: float
) -> LogisticRegression:
    model = LogisticRegression(C=penalty, max_iter=3000)
    return model.fit(matrix[rows], truth[rows], sample_weight=weight[rows])


def _crossed(
    matrix: csr_matrix,
    truth: np.ndarray,
    weight: np.ndarray,
    groups: np.ndarray,
    known: np.ndarray,
    penalty: float,
) -> np.ndarray:
    scores = np.zeros(len(truth))
    for train, test in GroupKFold(FOLDS).split(matrix, truth, groups):
        rows = train[known[train]]
        scores[test] = _fit(matrix, truth, weight, rows, penalty).decision_function(matrix[test])
    return scores


def _weights(model: LogisticRegression, names: list[str]) -> dict[str, float]:
    found = {name: float(one) for name, one in zip(names, model.coef_[0], strict=True) if abs(one) >= 0.05}
    return {"bias": float(model.intercept_[0])} | found


def _toml(weights: dict[str, float]) -> str:
    return "".join(f"{json.dumps(name)} = {weight:.2f}\n" for name, weight in sorted(weights.items()))


def _predictions(directory: Path, samples: list[Sample]) -> Iterator[str]:
    """Of each page what weights make of it that were learnt, both looks, without its publisher."""
    groups = np.array([sample.row["domain"] for sample in samples])
    for train, test in GroupKFold(FOLDS).split(groups, groups, groups):
        weights = learnt([samples[index] for index in train])
        for sample in (samples[index] for index in test):
            signs, scores = first_look(sample.scene, weights)
            judged = second_look(sample.scene, signs, scores, weights)
            key = {"set": sample.row["set"], "id": sample.row["id"]}
            yield json.dumps({**key, "body": _body(directory, sample, judged)}, ensure_ascii=False) + "\n"


def _body(directory: Path, sample: Sample, scores: list[float]) -> list[str]:
    """The text that the shipped code makes of the blocks' scores."""
    page, said = _read(directory, sample.row)
    reading = Reading(sample.scene, *best_choice(sample.scene.blocks, scores))
    head = read_head(reading.scene, reading.kept, said, None)
    return list(read_text(page, said, reading, head, {})[0].paragraphs)


def _read(directory: Path, row: dict[str, Any]) -> tuple[Page, Metadata]:
    page = read_page(gzip.decompress((directory / row["html_path"]).read_bytes()), row["url"])
    return page, read_metadata(page, page.site)


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf8").splitlines()]


def _spaced(text: str | list[str]) -> str:
    return " ".join((text if isinstance(text, str) else " ".join(text)).split())


def _bare(text: str) -> str:
    return "".join(_WORD.findall(unicodedata.normalize("NFKC", text).casefold())).replace("_", "")


def _runs(text: str) -> set[tuple[str, ...]]:
    words = _WORD.findall(text)
    return {tuple(words[i : i + 4]) for i in range(len(words) - 3)}


if __name__ == "__main__":
    main()
