//! The migrations: twins, and a retention rule with its index for every table that grows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, Row as _, SqliteConnection};
use vestibule::engine::address::{Email, Identifier};
use vestibule::store::sealed::Column;
use vestibule::store::{Location, Migrating, Store, migration_names, sweep, users};

use crate::world::{Database, Place};

/// Tables without a rule, each with the reason.
const KEPT: &[(&str, &str)] = &[
    ("users", "until the account is deleted"),
    ("clients", "until the operator removes it"),
    ("consents", "until the person revokes it, or account or client goes"),
    ("recovery_codes", "ten a person, until made anew"),
    ("passkey_offers", "one a person at most"),
    ("facts", "a handful of names"),
    ("removed_clients", "until nothing of the client is left; see src/actions/removal.rs"),
    ("_sqlx_migrations", "a row a migration"),
];

fn names(folder: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

#[test]
fn twins_have_the_same_names_and_are_embedded() {
    assert_eq!(names("sqlite"), names("postgres"));
    let embedded: Vec<String> = migration_names().map(|name| format!("{name}.sql")).collect();
    assert_eq!(names("sqlite"), embedded, "add the line in src/store/migrate.rs");
}

/// As the first version left it: an account, and journeys whose state has another form today.
const FIRST_VERSION: &str = "\
    INSERT INTO users (id, email, email_key, state, is_admin, profile, created_at, updated_at) \
    VALUES ('user_01k9m4q2t7eqxv5d0000000001', 'ana@a.example', 'ana@a.example', 'active', FALSE, '{}', 1, 1); \
    INSERT INTO flows (id, kind, browser_hash, state, continue_to, tries, sends, created_at, expires_at) \
    VALUES ('flow_1', 'reset', 'x', '{\"state\":\"reset\",\"email\":\"ana@a.example\"}', '{\"to\":\"account\"}', 0, 1, 1, 9999999999999), \
           ('flow_2', 'sign_in', 'x', '{\"state\":\"sign_in\"}', '{\"to\":\"account\"}', 0, 0, 1, 9999999999999);";

/// `FIRST_VERSION` in a database that knows the first migration only.
async fn of_the_first_version(place: &Place) {
    let first = |sql: &'static str| {
        let sql = sqlx::SqlSafeStr::into_sql_str(sql);
        Migrator::with_migrations(vec![Migration::new(1, "0001_foundation".into(), MigrationType::Simple, sql, false)])
    };
    match &place.location {
        Location::Sqlite(path) => {
            let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
            let mut c = SqliteConnection::connect_with(&options).await.unwrap();
            first(include_str!("../../migrations/sqlite/0001_foundation.sql")).run_direct(None, &mut c, false).await.unwrap();
            sqlx::raw_sql(FIRST_VERSION.replace("'x'", "x'00'").leak() as &'static str).execute(&mut c).await.unwrap();
        }
        Location::Postgres { url, .. } => {
            let mut c = PgConnection::connect(url).await.unwrap();
            first(include_str!("../../migrations/postgres/0001_foundation.sql")).run_direct(None, &mut c, false).await.unwrap();
            sqlx::raw_sql(FIRST_VERSION).execute(&mut c).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_database_of_the_first_version_is_brought_up_and_a_file_is_copied_before() {
    for database in Database::BOTH {
        let Some(place) = Place::new(database).await else { continue };
        of_the_first_version(&place).await;
        let store = place.open().await;
        let ana = Identifier::Email(Email::parse("ana@a.example").unwrap());
        let mut tx = store.read().await.unwrap();
        assert!(users::by_identifier(&mut tx, &ana).await.unwrap().is_some(), "{database:?}");
        drop(tx);
        let (mut left, query) = (Vec::new(), "SELECT id FROM flows");
        match &place.location {
            Location::Sqlite(path) => {
                let mut c = SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
                left.extend(sqlx::query(query).fetch_all(&mut c).await.unwrap().iter().map(|row| row.get::<String, _>(0)));
                let copy = path.with_extension("before-0002.db");
                let mut c = SqliteConnection::connect(copy.to_str().unwrap()).await.unwrap();
                assert_eq!(sqlx::query(query).fetch_all(&mut c).await.unwrap().len(), 2, "the copy is of before");
            }
            Location::Postgres { url, .. } => {
                let mut c = PgConnection::connect(url).await.unwrap();
                left.extend(sqlx::query(query).fetch_all(&mut c).await.unwrap().iter().map(|row| row.get::<String, _>(0)));
            }
        }
        assert_eq!(left, ["flow_2"], "{database:?}: a journey that could not be read would be a dead end");
    }
}

/// Migrates and gives what was said meanwhile.
async fn upgraded(place: &Place, copy: bool) -> Vec<String> {
    let said = Mutex::new(Vec::new());
    let store = Store::open(&place.location).await.unwrap();
    store.migrate_by(&Migrating { copy, say: &|line| said.lock().unwrap().push(line.to_owned()) }).await.unwrap();
    said.into_inner().unwrap()
}

#[tokio::test]
async fn an_upgrade_says_first_what_it_copies_and_takes_no_broken_copy_for_a_whole_one() {
    let place = Place::sqlite();
    of_the_first_version(&place).await;
    let Location::Sqlite(path) = &place.location else { panic!() };
    let (copy, partial) = (path.with_extension("before-0002.db"), path.with_extension("before-0002.db.partial"));
    fs::write(&partial, "broken off").unwrap();
    let said = upgraded(&place, true).await;
    for part in [copy.to_str().unwrap(), "KiB, about ", " s; ", " are free"] {
        assert!(said[0].contains(part), "{}", said[0]);
    }
    let at = |text: &str| said.iter().position(|line| line.starts_with(text)).unwrap_or_else(|| panic!("{text}: {said:?}"));
    assert!(at("copied to ") < at("migration 0002_ways_in begins"), "{said:?}");
    assert!(at("migration 0002_ways_in is done after ") < at("migration 0009_scale begins"), "{said:?}");
    assert!(!partial.exists());
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(upgraded(&place, true).await, Vec::<String>::new(), "nothing is missing any more");
}

/// A copy of an earlier try is of an earlier state, unless nobody wrote since.
#[tokio::test]
async fn a_stale_copy_is_not_taken_for_the_one_before_the_upgrade() {
    let place = Place::sqlite();
    of_the_first_version(&place).await;
    let Location::Sqlite(path) = &place.location else { panic!() };
    let (copy, aside) = (path.with_extension("before-0002.db"), path.with_extension("before-0002.old-1.db"));
    let at = |path: &Path, seconds: u64| {
        let file = fs::OpenOptions::new().write(true).open(path).unwrap();
        file.set_modified(std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
    };
    fs::write(&copy, "of an earlier try").unwrap();
    at(&copy, 1000);
    let said = upgraded(&place, true).await;
    assert!(said[0].contains("earlier try") && said[0].contains(aside.to_str().unwrap()), "{said:?}");
    assert_eq!(fs::read_to_string(&aside).unwrap(), "of an earlier try");
    let mut c = SqliteConnection::connect(copy.to_str().unwrap()).await.unwrap();
    assert_eq!(sqlx::query("SELECT id FROM flows").fetch_all(&mut c).await.unwrap().len(), 2, "the copy is of before");

    // Nothing written since: it is taken.
    let place = Place::sqlite();
    of_the_first_version(&place).await;
    let Location::Sqlite(path) = &place.location else { panic!() };
    // As a server leaves it.
    let wal = SqliteConnectOptions::new().filename(path).journal_mode(SqliteJournalMode::Wal).connect().await.unwrap();
    wal.close().await.unwrap();
    at(path, 1000);
    let copy = path.with_extension("before-0002.db");
    fs::write(&copy, "whole").unwrap();
    let said = upgraded(&place, true).await;
    assert!(said[0].contains("nothing was written since"), "{said:?}");
    assert_eq!(fs::read_to_string(&copy).unwrap(), "whole");
}

#[tokio::test]
async fn a_new_database_is_made_without_a_word_and_an_upgrade_may_go_without_the_copy() {
    for database in Database::BOTH {
        let Some(place) = Place::new(database).await else { continue };
        assert_eq!(upgraded(&place, true).await, Vec::<String>::new(), "{database:?}");
        let Some(place) = Place::new(database).await else { continue };
        of_the_first_version(&place).await;
        let said = upgraded(&place, false).await;
        assert!(said[0].contains("copy"), "{database:?}: {said:?}");
        assert!(said.iter().any(|line| line == "migration 0009_scale begins"), "{database:?}: {said:?}");
        if let Location::Sqlite(path) = &place.location {
            let files = fs::read_dir(path.parent().unwrap()).unwrap().map(|file| file.unwrap().file_name());
            assert!(files.filter(|name| name.to_str().unwrap().contains("before")).count() == 0);
        }
    }
}

/// Readers and writers of an older server go on while the file is copied.
#[tokio::test]
async fn a_copy_waits_for_nobody_and_nobody_for_it() {
    let place = Place::sqlite();
    of_the_first_version(&place).await;
    let Location::Sqlite(path) = &place.location else { panic!() };
    let mut older = SqliteConnectOptions::new().filename(path).journal_mode(SqliteJournalMode::Wal).connect().await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE; UPDATE users SET email = 'ana@b.example'").execute(&mut older).await.unwrap();
    let copy = path.with_extension("before-0002.db");
    let writing = async {
        while !copy.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        sqlx::raw_sql("COMMIT").execute(&mut older).await.unwrap();
    };
    tokio::join!(upgraded(&place, true), writing);
    let mut c = SqliteConnection::connect(copy.to_str().unwrap()).await.unwrap();
    let email: String = sqlx::query("SELECT email FROM users").fetch_one(&mut c).await.unwrap().get(0);
    assert_eq!(email, "ana@a.example", "the copy was made beside the open transaction");
}

/// Columns of bytes that hold nothing sealed: what becomes of them when the master keys change.
const UNSEALED: &[(&str, &str, &str)] = &[
    ("carriers", "token_hash", "SHA-256 of 256 random bits"),
    ("clients", "secret_hash", "SHA-256 of 256 random bits"),
    ("flows", "browser_hash", "SHA-256 of 256 random bits"),
    ("flows", "code_mac", "a MAC that lives ten minutes, checked under every key"),
    ("flows", "previous_code_mac", "a MAC that lives ten minutes, checked under every key"),
    ("flows", "salt", "random, in the clear"),
    ("flows", "link_hash", "SHA-256 of 128 random bits"),
    ("flows", "previous_link_hash", "SHA-256 of 128 random bits"),
    ("grants", "code_hash", "SHA-256 of 256 random bits"),
    ("grants", "refresh_hash", "SHA-256 of 128 random bits"),
    ("passkeys", "credential_id", "public"),
    ("sessions", "salt", "random, in the clear"),
    ("trusted_devices", "secret_hash", "SHA-256 of 256 random bits"),
];

#[tokio::test]
async fn every_sealed_column_is_sealed_again_when_the_master_keys_change() {
    let schema = schema(&Place::sqlite()).await;
    let bytes = |table: &String, columns: &BTreeMap<String, (String, bool)>| {
        let found = columns.iter().filter(|(_, (kind, _))| kind == "bytes");
        found.map(|(column, _)| (table.clone(), column.clone())).collect::<Vec<_>>()
    };
    let found: BTreeSet<_> = schema.tables.iter().flat_map(|(table, columns)| bytes(table, columns)).collect();
    let unsealed = UNSEALED.iter().map(|(table, column, _)| (*table, *column));
    let known = Column::ALL.map(Column::place).into_iter().chain(unsealed).map(|(t, c)| (t.to_owned(), c.to_owned()));
    assert_eq!(found, known.collect(), "add a sealed column to store::sealed, or say above why it needs no master key");
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Schema {
    /// Of each table: column → (kind, may be null).
    tables: BTreeMap<String, BTreeMap<String, (String, bool)>>,
    /// (table, columns, unique), primary keys and unique constraints among them.
    indexes: BTreeSet<(String, Vec<String>, bool)>,
    /// (table, columns, other table, what happens when it goes).
    foreign: BTreeSet<(String, String, String, String)>,
}

/// The few kinds of column that both databases know; BOOLEAN is an INTEGER in SQLite.
fn kind(declared: &str) -> String {
    match declared.to_ascii_uppercase().as_str() {
        "TEXT" => "text",
        "INTEGER" | "BIGINT" | "BOOLEAN" => "number",
        "BLOB" | "BYTEA" => "bytes",
        other => panic!("a column of type {other}; the portable ones are TEXT, BIGINT/INTEGER, BOOLEAN/INTEGER, BYTEA/BLOB"),
    }
    .to_owned()
}

async fn schema(place: &Place) -> Schema {
    drop(place.open().await);
    let mut schema = match &place.location {
        Location::Sqlite(path) => sqlite(path).await,
        Location::Postgres { url, .. } => postgres(url).await,
    };
    schema.tables.remove("_sqlx_migrations");
    schema.indexes.retain(|(table, ..)| table != "_sqlx_migrations");
    schema
}

async fn sqlite(path: &Path) -> Schema {
    let mut c = SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
    let mut schema = Schema::default();
    let tables = "SELECT t.name AS t, c.name AS c, c.type AS k, c.\"notnull\" AS n FROM sqlite_schema t, pragma_table_info(t.name) c \
                  WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name <> '_sqlx_migrations'";
    for row in sqlx::query(tables).fetch_all(&mut c).await.unwrap() {
        let column = (kind(row.get("k")), row.get::<i64, _>("n") == 0);
        schema.tables.entry(row.get("t")).or_default().insert(row.get("c"), column);
    }
    let indexes = "SELECT t.name AS t, i.\"unique\" AS u, (SELECT group_concat(name) FROM (SELECT name FROM pragma_index_info(i.name) \
                   ORDER BY seqno)) AS c FROM sqlite_schema t, pragma_index_list(t.name) i WHERE t.type = 'table'";
    for row in sqlx::query(indexes).fetch_all(&mut c).await.unwrap() {
        let columns = row.get::<String, _>("c").split(',').map(str::to_owned).collect();
        schema.indexes.insert((row.get("t"), columns, row.get::<i64, _>("u") == 1));
    }
    let foreign = "SELECT t.name AS t, f.\"from\" AS c, f.\"table\" AS o, f.on_delete AS d FROM sqlite_schema t, \
                   pragma_foreign_key_list(t.name) f WHERE t.type = 'table'";
    for row in sqlx::query(foreign).fetch_all(&mut c).await.unwrap() {
        schema.foreign.insert((row.get("t"), row.get("c"), row.get("o"), row.get("d")));
    }
    let strict =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '%\\_%' ESCAPE '\\' AND sql NOT LIKE '%STRICT'";
    let loose = sqlx::query(strict).fetch_all(&mut c).await.unwrap();
    assert!(loose.is_empty(), "{} is not STRICT", loose[0].get::<String, _>(0));
    schema
}

async fn postgres(url: &str) -> Schema {
    let mut c = PgConnection::connect(url).await.unwrap();
    let mut schema = Schema::default();
    let tables = "SELECT table_name::text AS t, column_name::text AS c, data_type::text AS k, is_nullable = 'YES' AS n \
                  FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations'";
    for row in sqlx::query(tables).fetch_all(&mut c).await.unwrap() {
        schema.tables.entry(row.get("t")).or_default().insert(row.get("c"), (kind(row.get("k")), row.get("n")));
    }
    let indexes = "SELECT t.relname::text AS t, x.indisunique AS u, \
                   (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(x.indkey::int[]) WITH ORDINALITY AS k (attnum, n) \
                   JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum) AS c \
                   FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid WHERE t.relnamespace = 'public'::regnamespace";
    for row in sqlx::query(indexes).fetch_all(&mut c).await.unwrap() {
        schema.indexes.insert((row.get("t"), row.get("c"), row.get("u")));
    }
    let foreign = "SELECT t.relname::text AS t, a.attname::text AS c, o.relname::text AS o, \
                   CASE f.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'a' THEN 'NO ACTION' ELSE f.confdeltype::text END AS d \
                   FROM pg_constraint f JOIN pg_class t ON t.oid = f.conrelid JOIN pg_class o ON o.oid = f.confrelid \
                   JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = f.conkey[1] WHERE f.contype = 'f'";
    for row in sqlx::query(foreign).fetch_all(&mut c).await.unwrap() {
        schema.foreign.insert((row.get("t"), row.get("c"), row.get("o"), row.get("d")));
    }
    schema
}

#[tokio::test]
async fn twins_make_the_same_schema() {
    let sqlite = schema(&Place::sqlite()).await;
    let Some(place) = Place::new(Database::Postgres).await else { return };
    let postgres = schema(&place).await;
    assert_eq!(sqlite.tables, postgres.tables);
    assert_eq!(sqlite.indexes, postgres.indexes);
    assert_eq!(sqlite.foreign, postgres.foreign);
}

#[tokio::test]
async fn every_table_that_grows_has_a_rule_and_an_index_for_it() {
    let schema = schema(&Place::sqlite()).await;
    let ruled: BTreeSet<&str> = sweep::RULES.iter().map(|rule| rule.table).chain(["events"]).collect();
    for table in schema.tables.keys() {
        let kept = KEPT.iter().any(|(name, _)| name == table);
        assert!(ruled.contains(table.as_str()) != kept, "{table}: a rule in src/store/sweep.rs, or a reason here");
    }
    for table in &ruled {
        let column = if *table == "events" { "at" } else { "expires_at" };
        let indexed = schema.indexes.iter().any(|(of, columns, _)| of == table && columns[0] == column);
        // A few keys a year.
        assert!(indexed || *table == "signing_keys", "{table}: an index that begins with {column}");
    }
    assert!(sweep::RULES.iter().all(|rule| !rule.kept.is_empty()));
}

/// A foreign key without an index makes each deletion of the other row read the whole table.
#[tokio::test]
async fn every_foreign_key_has_an_index() {
    let schema = schema(&Place::sqlite()).await;
    for (table, column, other, on_delete) in &schema.foreign {
        let indexed = schema.indexes.iter().any(|(of, columns, _)| of == table && columns[0] == *column);
        assert!(indexed, "{table}.{column} → {other}");
        assert_eq!(on_delete, "CASCADE", "{table}.{column}");
    }
}

/// What hangs on an account goes in batches when it is erased: without a line there, one DELETE takes all of it, however much it is.
#[tokio::test]
async fn everything_that_hangs_on_an_account_is_known_to_its_removal() {
    let schema = schema(&Place::sqlite()).await;
    let known: BTreeSet<&str> = vestibule::store::removal::tables().collect();
    for (table, column, other, _) in &schema.foreign {
        // A cookie or two a session, and they go with it.
        let known = known.contains(table.as_str()) || (table == "carriers" && other == "sessions");
        assert!(known, "{table}.{column} → {other}: a line in src/store/removal.rs");
    }
}

#[tokio::test]
async fn migrating_twice_changes_nothing_and_what_is_missing_is_named() {
    for database in Database::BOTH {
        let Some(place) = Place::new(database).await else { continue };
        let store = Store::open(&place.location).await.unwrap();
        let all: Vec<String> = migration_names().map(str::to_owned).collect();
        assert_eq!(store.pending_migrations().await.unwrap(), all, "{database:?}");
        store.migrate().await.unwrap();
        store.migrate().await.unwrap();
        assert!(store.pending_migrations().await.unwrap().is_empty(), "{database:?}");
    }
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    for database in Database::BOTH {
        let Some(place) = Place::new(database).await else { continue };
        drop(place.open().await);
        let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', true, ";
        match &place.location {
            Location::Sqlite(path) => {
                let mut c = SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
                sqlx::query(sqlx::AssertSqlSafe(format!("{newer} x'00', 0)"))).execute(&mut c).await.unwrap();
            }
            Location::Postgres { url, .. } => {
                let mut c = PgConnection::connect(url).await.unwrap();
                sqlx::query(sqlx::AssertSqlSafe(format!("{newer} '\\x00', 0)"))).execute(&mut c).await.unwrap();
            }
        }
        let store = Store::open(&place.location).await.unwrap();
        let refused = store.migrate().await.unwrap_err().to_string();
        assert!(refused.contains("newer version") && refused.contains("9999"), "{database:?}: {refused}");
    }
}
