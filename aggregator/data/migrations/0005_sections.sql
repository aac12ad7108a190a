-- Sections are asked for without regard to case.
CREATE INDEX articles_section ON articles (section COLLATE NOCASE);
