-- What was wrong with a document though its entries were saved.

ALTER TABLE fetches ADD COLUMN warning TEXT;
