-- The trust configuration: relying parties, federated domains, settings, signing keys.
CREATE TABLE trust_entry (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    version BIGINT NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (kind, id)
);

-- One row: the version of the trust configuration, and the code over all of it.
CREATE TABLE trust_state (
    id BIGINT PRIMARY KEY,
    version BIGINT NOT NULL,
    manifest BLOB NOT NULL,
    mac BLOB NOT NULL
);

-- Single sign-on sessions, found by the hash of the cookie.
CREATE TABLE session (
    id_hash BLOB PRIMARY KEY,
    public_id TEXT NOT NULL,
    account TEXT NOT NULL,
    evidence TEXT NOT NULL,
    persistent BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    mac BLOB NOT NULL
);
CREATE INDEX session_account ON session (account);
CREATE INDEX session_expiry ON session (expires_at);

-- Who got tokens in a session: whom a sign-out tells, and whether a browser runs in circles.
CREATE TABLE session_participant (
    session BLOB NOT NULL REFERENCES session (id_hash) ON DELETE CASCADE,
    relying_party TEXT NOT NULL,
    protocol TEXT NOT NULL,
    name_id TEXT NOT NULL,
    session_index TEXT NOT NULL,
    reply_to TEXT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    tokens BIGINT NOT NULL,
    window_start BIGINT NOT NULL,
    window_tokens BIGINT NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (session, relying_party, protocol)
);

-- Counters of sign-in attempts, by keyed bucket.
CREATE TABLE attempt (
    bucket BLOB PRIMARY KEY,
    failures BIGINT NOT NULL,
    under_way BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX attempt_expiry ON attempt (expires_at);

-- From where an account's owner signed in before, both by keyed bucket.
CREATE TABLE familiar_source (
    account BLOB NOT NULL,
    source BLOB NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (account, source)
);

-- What may be used once.
CREATE TABLE replay (
    key_hash BLOB PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX replay_expiry ON replay (expires_at);

-- Requests too large to travel sealed in a URL.
CREATE TABLE parked_request (
    id_hash BLOB PRIMARY KEY,
    body BLOB NOT NULL,
    expires_at BIGINT NOT NULL
);

-- The audit, chained: hash = SHA-256(hash of the row before, this row); mac = the keyed code of the hash.
CREATE TABLE audit (
    seq BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    event BIGINT NOT NULL,
    activity TEXT NOT NULL,
    account TEXT,
    relying_party TEXT,
    outcome TEXT NOT NULL,
    reason TEXT,
    token_id TEXT,
    details TEXT NOT NULL,
    hash BLOB NOT NULL,
    mac BLOB NOT NULL
);

-- By account and by activity, filled later and in bulk: an index on audit itself would cost more than the row, for each
-- token. audit_indexed says up to which row it is filled. Only a search trusts it.
CREATE TABLE audit_search (
    word TEXT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (word, seq)
);
CREATE TABLE audit_indexed (
    id BIGINT PRIMARY KEY,
    seq BIGINT NOT NULL
);

-- One row: the end of the chain. Whoever appends holds it until commit, so the chain stays one line.
CREATE TABLE audit_head (
    id BIGINT PRIMARY KEY,
    seq BIGINT NOT NULL,
    hash BLOB NOT NULL,
    mac BLOB NOT NULL
);
