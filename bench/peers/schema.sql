-- The peers' tables: what they write for one award, with the keys and indexes that ours have for the same purpose.
CREATE TABLE peer_key (
    digest bytea PRIMARY KEY,
    business_id uuid NOT NULL
);
CREATE TABLE peer_account (
    id uuid PRIMARY KEY,
    business_id uuid NOT NULL
);
CREATE TABLE peer_balance (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    business_id uuid NOT NULL,
    account_id uuid NOT NULL UNIQUE REFERENCES peer_account,
    amount bigint NOT NULL DEFAULT 0 CHECK (amount >= 0)
);
CREATE INDEX ON peer_balance (business_id, amount);

CREATE TABLE peer_entry (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    business_id uuid NOT NULL,
    account_id uuid NOT NULL REFERENCES peer_account,
    amount bigint NOT NULL CHECK (amount <> 0),
    balance_after bigint NOT NULL,
    description varchar(500) NOT NULL,
    occurred_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON peer_entry (account_id, occurred_at);
CREATE INDEX ON peer_entry (business_id, occurred_at);

CREATE TABLE peer_lot (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    business_id uuid NOT NULL,
    account_id uuid NOT NULL REFERENCES peer_account,
    entry_id uuid NOT NULL UNIQUE REFERENCES peer_entry,
    remaining bigint NOT NULL CHECK (remaining >= 0),
    expires_at timestamptz
);
CREATE INDEX ON peer_lot (account_id, expires_at) WHERE remaining > 0;
CREATE INDEX ON peer_lot (expires_at) WHERE remaining > 0;

CREATE TABLE peer_event (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    business_id uuid NOT NULL,
    account_id uuid NOT NULL REFERENCES peer_account,
    topic varchar(60) NOT NULL,
    facts jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz
);
CREATE INDEX ON peer_event (account_id, created_at);
CREATE INDEX ON peer_event (created_at) WHERE published_at IS NULL;
