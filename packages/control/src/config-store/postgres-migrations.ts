import { type Kysely, type Migration, sql } from "kysely";

/** Everything stands in a schema of its own, so that control may share a database. */
export const POSTGRES_SCHEMA = "wherefrom";

/** What `NOTIFY` says, without more, when the position of `touched` has moved. */
export const POSTGRES_CHANNEL = "wherefrom";

/**
 * The steps from an empty database to the present tables, in the order of their names, under the same rules as those for SQLite. All that are to be
 * taken are taken in one transaction, under a lock: of two nodes that start at a time, one waits for the other.
 *
 * Names compare by code unit, as in SQLite, whatever the locale of the database.
 */
export const POSTGRES_MIGRATIONS: Readonly<Record<string, Migration>> = {
  "0001-tables": {
    async up(db: Kysely<unknown>): Promise<void> {
      for (const statement of TABLES) await sql.raw(statement).execute(db);
    },
  },
  "0002-session-owners": {
    // nothing had ever made a session
    async up(db: Kysely<unknown>): Promise<void> {
      for (const statement of SESSION_OWNERS) await sql.raw(statement).execute(db);
    },
  },
  "0003-incidents": {
    async up(db: Kysely<unknown>): Promise<void> {
      for (const statement of INCIDENTS) await sql.raw(statement).execute(db);
    },
  },
  "0004-debug-transactions": {
    async up(db: Kysely<unknown>): Promise<void> {
      await sql.raw(DEBUG_TRANSACTIONS).execute(db);
    },
  },
  "0005-queries": {
    async up(db: Kysely<unknown>): Promise<void> {
      for (const statement of QUERIES) await sql.raw(statement).execute(db);
    },
  },
  "0006-content-once": {
    async up(db: Kysely<unknown>): Promise<void> {
      await sql`ALTER TABLE wherefrom.environments DROP COLUMN content`.execute(db);
    },
  },
  "0007-turns": {
    async up(db: Kysely<unknown>): Promise<void> {
      for (const statement of TURNS) await sql.raw(statement).execute(db);
    },
  },
  "0008-revisions-by-control": {
    async up(db: Kysely<unknown>): Promise<void> {
      await sql.raw(BY_CONTROL).execute(db);
    },
  },
  "0009-query-runners": {
    async up(db: Kysely<unknown>): Promise<void> {
      await sql`ALTER TABLE wherefrom.queries ADD COLUMN runner bigint`.execute(db);
    },
  },
  "0010-revisions-by-method": {
    async up(db: Kysely<unknown>): Promise<void> {
      for (const statement of BY_METHOD) await sql.raw(statement).execute(db);
    },
  },
};

const BY_METHOD = [
  "DROP INDEX wherefrom.environment_history_by_control",
  "CREATE INDEX environment_history_methods ON wherefrom.environment_history (organization, name, revision, method)",
];

const BY_CONTROL =
  "CREATE INDEX environment_history_by_control ON wherefrom.environment_history (organization, name, revision) WHERE method = 'bots.refresh'";

/** `turns` is not logged: after a crash it is everybody's turn. */
const TURNS = [
  `CREATE UNLOGGED TABLE wherefrom.turns (
    name text COLLATE "C" PRIMARY KEY,
    holder text NOT NULL,
    until bigint NOT NULL
  )`,
  `CREATE TABLE wherefrom.fit_courses (
    organization text COLLATE "C" NOT NULL,
    environment text COLLATE "C" NOT NULL,
    uid text COLLATE "C" NOT NULL,
    content text NOT NULL,
    PRIMARY KEY (organization, environment)
  )`,
];

/** Not logged: it is no loss when a crash empties it, and what clients send is not to stand in archives of the log. */
const DEBUG_TRANSACTIONS = `CREATE UNLOGGED TABLE wherefrom.debug_transactions (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  organization text COLLATE "C" NOT NULL,
  environment text COLLATE "C" NOT NULL,
  session text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  gateway text NOT NULL,
  at bigint NOT NULL,
  bytes bigint NOT NULL,
  content text NOT NULL,
  UNIQUE (organization, environment, session, id)
)`;

const QUERIES = [
  `CREATE TABLE wherefrom.queries (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text COLLATE "C" NOT NULL UNIQUE,
    organization text COLLATE "C" NOT NULL,
    environment text COLLATE "C" NOT NULL,
    state text NOT NULL,
    attempts bigint NOT NULL,
    run_until bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    content text NOT NULL,
    result text NOT NULL
  )`,
  "CREATE INDEX queries_of_environment ON wherefrom.queries (organization, environment, position)",
];

const INCIDENTS = [
  `CREATE TABLE wherefrom.incidents (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text COLLATE "C" NOT NULL UNIQUE,
    organization text COLLATE "C" NOT NULL,
    environment text COLLATE "C" NOT NULL,
    rule text COLLATE "C" NOT NULL,
    client text COLLATE "C" NOT NULL,
    state text NOT NULL,
    revision bigint NOT NULL,
    first_seen bigint NOT NULL,
    last_seen bigint NOT NULL,
    content text NOT NULL
  )`,
  "CREATE INDEX incidents_of_environment ON wherefrom.incidents (organization, environment, position)",
];

const SESSION_OWNERS = [
  `ALTER TABLE wherefrom.sessions
    ADD COLUMN organization text COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN owner text COLLATE "C" NOT NULL DEFAULT ''`,
  "CREATE INDEX sessions_owner ON wherefrom.sessions (owner)",
];

const TABLES = [
  `CREATE TABLE wherefrom.environment_history (
    organization text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    revision bigint NOT NULL,
    at bigint NOT NULL,
    change text NOT NULL,
    content text NOT NULL,
    author text NOT NULL,
    author_verified integer NOT NULL,
    method text NOT NULL,
    reason text,
    request_id text,
    PRIMARY KEY (organization, name, revision)
  )`,
  `CREATE TABLE wherefrom.environments (
    organization text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    uid text NOT NULL UNIQUE,
    revision bigint NOT NULL,
    created_at bigint NOT NULL,
    modified_at bigint NOT NULL,
    content text NOT NULL,
    PRIMARY KEY (organization, name),
    FOREIGN KEY (organization, name, revision) REFERENCES wherefrom.environment_history ON DELETE RESTRICT
  )`,
  `CREATE TABLE wherefrom.operations (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL UNIQUE,
    operation text NOT NULL
  )`,
  "CREATE INDEX operations_of_organization ON wherefrom.operations (organization, position)",
  `CREATE TABLE wherefrom.audit_log (
    organization text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
    entry text NOT NULL,
    PRIMARY KEY (organization, sequence)
  )`,
  `CREATE FUNCTION wherefrom.refuse_edit() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'the audit log is only appended to';
  END $$`,
  `CREATE TRIGGER audit_log_no_edit BEFORE UPDATE OR DELETE OR TRUNCATE ON wherefrom.audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION wherefrom.refuse_edit()`,
  `CREATE TABLE wherefrom.gateways (
    organization text COLLATE "C" NOT NULL,
    environment text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    heard_at bigint NOT NULL,
    report text NOT NULL,
    PRIMARY KEY (organization, environment, name)
  )`,
  `CREATE TABLE wherefrom.tokens (
    id text COLLATE "C" PRIMARY KEY,
    organization text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    hash text NOT NULL,
    grants text NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint,
    last_used_at bigint,
    UNIQUE (organization, name)
  )`,
  `CREATE TABLE wherefrom.sessions (
    id text COLLATE "C" PRIMARY KEY,
    hash text NOT NULL,
    content text NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    seen_at bigint NOT NULL
  )`,
  // What changed last, for other nodes. A trigger notes it, so that no write can forget to.
  "CREATE SEQUENCE wherefrom.touched_position",
  `CREATE TABLE wherefrom.touched (
    organization text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    position bigint NOT NULL UNIQUE,
    PRIMARY KEY (organization, name)
  )`,
  `CREATE FUNCTION wherefrom.touch() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO wherefrom.touched (organization, name, position)
      VALUES (NEW.organization, NEW.name, nextval('wherefrom.touched_position'))
      ON CONFLICT (organization, name) DO UPDATE SET position = excluded.position;
    PERFORM pg_notify('wherefrom', '');
    RETURN NULL;
  END $$`,
  `CREATE TRIGGER environment_history_touches AFTER INSERT ON wherefrom.environment_history
    FOR EACH ROW WHEN (NEW.name <> '') EXECUTE FUNCTION wherefrom.touch()`,
];
