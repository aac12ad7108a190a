-- Old polls are forgotten at each round: found by their time, not by reading all of them.

CREATE INDEX fetches_started ON fetches (started_at);
