"""Learns the weights of ``aggregator/data/joining.toml`` from a set of near-duplicates with known clusters.

``python -m bench.joining PREFIX --out weights.toml --cross cv.jsonl`` streams PREFIX (see bench/neardup.py)
with each document put into the story its label says, weighs every pair that the store proposes, and fits a
logistic regression. ``--cross`` writes clusters in which each month was joined by weights that had not seen
it. ``--search N`` looks for up to N more terms that help months not learnt from. Needs the group ``learn``.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np

from aggregator.fingerprint import with_fingerprint
from aggregator.match import near
from aggregator.match.near import Near, Weights, compare
from aggregator.model import Match, Relation
from aggregator.store import Store, articles, sketches
from bench.neardup import Costs, article_of, documents, stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: Strength of the L2 penalty on standardised terms; .1 to 1 differ by less than .001 in F1.
PENALTY = 0.3
#: What one pair counts: wrong joins of roundups and look-alikes are rare in the pairs and dear in use, and so
#: are updates as desks really wrote them.
ROUNDUP, LOOK_ALIKE, NATURAL, OTHER = 3.0, 3.0, 3.0, 1.0
#: A term is taken up when it lowers the cross-validated loss by so much.
WORTH = 0.0003
#: Months with fewer documents are one fold together.
SMALL_MONTH = 200


@dataclass(frozen=True, slots=True)
class Pair:
    """A new document beside a stored one."""

    month: str
    same: bool
    weight: float
    evidence: Mapping[str, float]


def main() -> None:
    """Reads the arguments, learns, writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prefix")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--cross", type=Path)
    parser.add_argument("--search", type=int, default=0)
    parser.add_argument("--terms", type=Path, help="A TOML whose terms are taken instead of joining.toml's.")
    asked = parser.parse_args()
    found = documents(asked.prefix)
    months = _months(found)
    pairs = list(
        read_pairs(
            found, _lines(f"{asked.prefix}.labels.jsonl"), _lines(f"{asked.prefix}.ignore.jsonl"), months
        )
    )
    terms = _terms(asked.terms)
    print(
        f"{len(pairs)} pairs, {sum(pair.same for pair in pairs)} of one story; loss {loss(pairs, terms):.4f}"
    )
    terms = search(pairs, terms, asked.search)
    weights = learn(pairs, terms)
    if asked.out:
        asked.out.write_text(_toml(weights), "utf-8")
    if asked.cross:
        asked.cross.write_text("".join(_crossed(found, months, pairs, terms)), "utf-8")


def _terms(path: Path | None) -> list[str]:
    if path is None:
        return [f"{one}*{other}" if other else one for one, other, _ in near.load_weights().terms]
    return list(tomllib.loads(path.read_text("utf-8"))["weights"])


def _months(found: Iterable[dict[str, Any]]) -> dict[str, str]:
    """The fold of each document."""
    months = {each["doc_id"]: each["published"][:7] for each in found}
    sizes = {month: list(months.values()).count(month) for month in set(months.values())}
    return {name: month if sizes[month] >= SMALL_MONTH else "small" for name, month in months.items()}


def read_pairs(
    found: Sequence[dict[str, Any]],
    labels: Sequence[dict[str, Any]],
    ignored: Sequence[dict[str, Any]],
    months: Mapping[str, str],
) -> Iterable[Pair]:
    """Every pair of a new document and a stored one that the store proposes, in stories as labels say."""
    label = {each["doc_id"]: each for each in labels}
    unclear = {frozenset(label[each[side]]["cluster"] for side in "ab") for each in ignored}
    first: dict[str, int] = {}
    names: dict[int, str] = {}
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "wire.db") as store:
        conn = store.conn
        conn.execute("BEGIN")
        for document in found:
            own = label[document["doc_id"]]
            article = with_fingerprint(article_of(document))
            now = article.published_at
            assert now is not None  # noqa: S101 (documents have times)
            nearby = sketches.nearby(conn, article, now)
            place = article.dateline.place if article.dateline else None
            new = Near(0, 0, article.outlet, place, article.mark is not None, nearby.sketch)
            for stored, evidence in compare(new, nearby.texts):
                other = label[names[stored.article_id]]
                if (
                    own["cluster"] == other["cluster"]
                    or frozenset((own["cluster"], other["cluster"])) not in unclear
                ):
                    yield Pair(
                        months[document["doc_id"]],
                        own["cluster"] == other["cluster"],
                        _weight(own, other),
                        evidence,
                    )
            story = first.get(own["cluster"])
            match = Match(story, story, Relation.COPY, "label", 1.0) if story else None
            article_id = articles.insert_article(conn, article, match, now)
            names[article_id] = document["doc_id"]
            first.setdefault(own["cluster"], article_id)
            sketches.keep_sketch(conn, (article_id, story or article_id), article, nearby, now)
            sketches.forget_sketches(conn, now)


def _weight(own: dict[str, Any], other: dict[str, Any]) -> float:
    relations = {own["relation"], other["relation"]}
    if own["cluster"] == other["cluster"]:
        return NATURAL if relations == {"base"} else OTHER
    return ROUNDUP if "roundup" in relations else LOOK_ALIKE if "template" in relations else OTHER


def search(pairs: Sequence[Pair], terms: list[str], most: int) -> list[str]:
    """The terms with up to so many more, each the one that lowers the cross-validated loss most."""
    signs = list(pairs[0].evidence)
    known = [*signs, *(f"{one}*{other}" for at, one in enumerate(signs) for other in signs[at:])]
    best = loss(pairs, terms)
    for _ in range(most):
        tried = ((loss(pairs, [*terms, term]), term) for term in known if term not in terms)
        lowest, term = min(tried)
        if best - lowest < WORTH:
            break
        best, terms = lowest, [*terms, term]
        print(f"{best:.4f} with {term}", flush=True)
    return terms


def loss(pairs: Sequence[Pair], terms: Sequence[str]) -> float:
    """The weighted log loss on months not learnt from."""
    values, same, weight, month = _arrays(pairs, terms)
    total = 0.0
    for fold in np.unique(month):
        rest, own = month != fold, month == fold
        scores = _logits(values[own], *_fit(values[rest], same[rest], weight[rest]))
        total += float((weight[own] * np.logaddexp(0, np.where(same[own], -scores, scores))).sum())
    return total / float(weight.sum())


def learn(pairs: Sequence[Pair], terms: Sequence[str]) -> Weights:
    """The weights of the terms."""
    values, same, weight, _ = _arrays(pairs, terms)
    coefficients, bias = _fit(values, same, weight)
    found = zip(terms, coefficients, strict=True)
    parts = ((term.partition("*"), float(value)) for term, value in found)
    return Weights(
        bias, near.load_weights().least_score, tuple((one, other or None, v) for (one, _, other), v in parts)
    )


def _arrays(pairs: Sequence[Pair], terms: Sequence[str]) -> tuple[Any, Any, Any, Any]:
    names = list(pairs[0].evidence)
    signs = np.array([[pair.evidence[name] for name in names] for pair in pairs])
    columns = []
    for term in terms:
        one, _, other = term.partition("*")
        column = signs[:, names.index(one)]
        columns.append(column * signs[:, names.index(other)] if other else column)
    return (
        np.stack(columns, axis=1),
        np.array([pair.same for pair in pairs]),
        np.array([pair.weight for pair in pairs]),
        np.array([pair.month for pair in pairs]),
    )


def _fit(values: Any, same: Any, weight: Any) -> tuple[Any, float]:  # noqa: ANN401 (arrays)
    """Logistic regression by Newton's steps, on standardised values; given back for plain ones."""
    mean, spread = values.mean(0), values.std(0) + 1e-9
    table = np.column_stack([(values - mean) / spread, np.ones(len(values))])
    penalty = np.diag([PENALTY] * values.shape[1] + [1e-6])
    found = np.zeros(table.shape[1])
    for _ in range(15):
        sure = 1 / (1 + np.exp(-np.clip(table @ found, -30, 30)))
        slope = table.T @ (weight * (same - sure)) - penalty @ found
        curve = (table * (weight * sure * (1 - sure) + 1e-9)[:, None]).T @ table + penalty
        found = found + np.linalg.solve(curve, slope)
    plain = found[:-1] / spread
    return plain, float(found[-1] - plain @ mean)


def _logits(values: Any, coefficients: Any, bias: float) -> Any:  # noqa: ANN401 (arrays)
    return values @ coefficients + bias


def _crossed(
    found: Sequence[dict[str, Any]], months: Mapping[str, str], pairs: Sequence[Pair], terms: Sequence[str]
) -> Iterable[str]:
    """Each month's clusters by weights of the others."""
    for month in sorted(set(months.values())):
        weights = learn([pair for pair in pairs if pair.month != month], terms)
        own = [each for each in found if months[each["doc_id"]] == month]
        with (
            tempfile.TemporaryDirectory() as folder,
            Store(Path(folder) / "wire.db") as store,
            patch.object(near, "load_weights", lambda weights=weights: weights),
        ):
            for name, (_, story) in stream(store, own, Costs()).items():
                yield json.dumps({"doc_id": name, "cluster": f"{month} {story}"}) + "\n"


def _toml(weights: Weights) -> str:
    lines = (
        f'"{one}*{other}" = {value:.3f}\n' if other else f"{one} = {value:.3f}\n"
        for one, other, value in weights.terms
    )
    return f"least_score = {weights.least_score}\nbias = {weights.bias:.3f}\n\n[weights]\n{''.join(lines)}"


def _lines(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]


if __name__ == "__main__":
    main()
