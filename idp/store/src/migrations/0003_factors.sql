-- Which second factors an account has, under one code: a factor that is removed or put in behind our back is missed.
CREATE TABLE factor_account (
    account TEXT PRIMARY KEY,
    version BIGINT NOT NULL,
    ids TEXT NOT NULL,
    mac BLOB NOT NULL
);

-- Second factors. What is secret in one is sealed by a key that is not in the database.
CREATE TABLE factor (
    account TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    label TEXT NOT NULL,
    sealed TEXT NOT NULL,
    handle BLOB,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    counter BIGINT NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (account, id)
);
CREATE UNIQUE INDEX factor_handle ON factor (handle);

-- Recovery codes not yet used, by keyed hash: who cannot make the hash cannot make a row.
CREATE TABLE recovery_code (
    account TEXT NOT NULL,
    code_hash BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account, code_hash)
);

-- Ceremonies under way: sealed by their maker, taken once.
CREATE TABLE factor_challenge (
    id_hash BLOB PRIMARY KEY,
    account TEXT NOT NULL,
    body TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX factor_challenge_account ON factor_challenge (account);
CREATE INDEX factor_challenge_expiry ON factor_challenge (expires_at);
