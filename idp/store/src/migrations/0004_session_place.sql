-- From where a session was signed in to, for the person to know it again: clear, short, and under a code of its own, so that
-- the release before can still write the row. It decides nothing.
ALTER TABLE session ADD COLUMN place_address TEXT;
ALTER TABLE session ADD COLUMN place_browser TEXT;
ALTER TABLE session ADD COLUMN place_platform TEXT;
ALTER TABLE session ADD COLUMN place_mac BLOB;
