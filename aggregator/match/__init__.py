"""Where a new reading belongs: its article, its story, its relation, and why. Pure."""

from aggregator.match.readings import Verdict, judge_reading, version_relation
from aggregator.match.stories import match_article

__all__ = ["Verdict", "judge_reading", "match_article", "version_relation"]
