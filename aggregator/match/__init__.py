"""Where a new reading belongs: its article, its story, its relation, and why. Pure."""

from aggregator.match.readings import Verdict, judge_reading, reread_relation, version_relation
from aggregator.match.stories import Nearby, match_article

__all__ = ["Nearby", "Verdict", "judge_reading", "match_article", "reread_relation", "version_relation"]
