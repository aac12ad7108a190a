-- Corrections and kills are few among all versions, and asked for by themselves.
CREATE INDEX versions_grave ON versions (id, relation) WHERE relation IN ('correction', 'kill');
