//! How the databases mean to run every statement of the store, on tables with rows in them: a statement that reads a whole table stops the
//! service once the table is large. Asked without statistics, as after the first start, and with them.

mod filling;
mod source;
mod tokens;

use std::collections::BTreeSet;

use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, Row as _, SqliteConnection};
use vestibule::store::Location;

use self::source::{Sources, Statement};
use crate::world::{Database, Place};

/// Tables that stay small, with the reason. They may be read whole.
const SMALL: &[(&str, &str)] = &[
    ("signing_keys", "a few a year; the old ones go"),
    ("verification_keys", "those of the signing keys, for as long as a session lives"),
    ("facts", "a handful of names"),
    ("nodes", "a row a server, and it goes three minutes after the server's last word"),
    ("sms_months", "one a month, and the old ones go"),
    ("_sqlx_migrations", "a row a migration"),
    ("removed_clients", "only while their rows are going"),
];

/// Statements that may read a large table from one end, each with the reason. A statement is named by a part of its text.
const MAY_SCAN: &[(&str, &str)] = &[
    (" <= $1 LIMIT $2)", "a sweep begins with the oldest and takes a batch"),
    ("FROM events WHERE at < $1 LIMIT $2)", "a sweep begins with the oldest and takes a batch"),
    (
        "WHERE renew_at <= $1 AND tokens IS NOT NULL AND expires_at IS NULL ORDER BY renew_at LIMIT 1",
        "the longest due, by its index",
    ),
    ("substr(sealed, 1, 1) <> $", "whole, in batches, when a master key is changed"),
    ("substr(tokens, 1, 1) <> $", "whole, in batches, when a master key is changed"),
    ("FROM grants WHERE refresh_key <> $1", "whole, once, when a master key is changed"),
    ("AND kind <> 'alarm' ORDER BY expires_at DESC LIMIT 1", "from the end of its index, when a master key is changed"),
    ("FROM users WHERE is_admin AND state = 'active' LIMIT 1", "the index holds administrators only"),
    ("FROM users WHERE is_admin AND state = 'active' AND id > $1 ORDER BY id LIMIT $2", "the index holds administrators only"),
    ("FROM users WHERE state = 'removed' LIMIT 1", "the index holds such accounts only"),
    ("FROM users WHERE id > $1 AND state <> 'removed' ORDER BY id LIMIT $2", "a page, by its key"),
    ("FROM clients WHERE (created_at, id) > ($1, $2) ORDER BY created_at, id LIMIT $3", "a page, by its key"),
    ("SELECT COUNT(*) FROM sessions WHERE expires_at > $1", "a metric, counted once a minute"),
    ("FROM outbox WHERE channel = $1 ORDER BY created_at DESC, id DESC LIMIT $2", "the mailbox of `vestibule dev`"),
];

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Scan {
    statement: String,
    /// `SCAN flows`
    how: String,
    when: String,
}

fn is_small(table: &str) -> bool {
    SMALL.iter().any(|(small, _)| *small == table)
}

/// A condition that only bounds: it may leave nearly every row.
fn only_bounds(condition: &str) -> bool {
    !condition.contains("=?") && (condition.contains(">?") || condition.contains("<?"))
}

/// What SQLite reads whole, or from one end.
async fn sqlite_scans(c: &mut SqliteConnection, statement: &Statement, when: &str) -> Vec<Scan> {
    let explain = format!("EXPLAIN QUERY PLAN {}", statement.text);
    let mut query = sqlx::query(AssertSqlSafe(explain));
    for _ in 0..parameters(&statement.text) {
        // A value like those in the tables: a number to a number's column, and a text to others.
        query = query.bind("1700000005000");
    }
    let rows = query.fetch_all(&mut *c).await.unwrap_or_else(|error| panic!("{} on SQLite: {error}", statement.text));
    let mut scans = Vec::new();
    for row in rows {
        let detail: String = row.get("detail");
        let words: Vec<&str> = detail.split_whitespace().collect();
        let [how @ ("SCAN" | "SEARCH"), table, ..] = words.as_slice() else { continue };
        // `json_each` is the question itself, and a subquery is looked at on its own line.
        let virtual_table = detail.contains("VIRTUAL TABLE") || *table == "CONSTANT" || table.starts_with('(');
        if !virtual_table && !is_small(table) && (*how == "SCAN" || only_bounds(&detail)) {
            scans.push(Scan { statement: statement.text.clone(), how: detail, when: when.to_owned() });
        }
    }
    scans
}

/// The number of the highest parameter.
fn parameters(text: &str) -> usize {
    let number = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<usize>().ok();
    text.split('$').skip(1).filter_map(number).max().unwrap_or(0)
}

/// sqlx says of which type each parameter is. Here PostgreSQL finds it out, and is helped where it cannot: some are numbers then.
async fn prepare(c: &mut PgConnection, text: &str) {
    let many = parameters(text);
    let mut refused = String::new();
    for numbers in 0..1_u32 << many.min(12) {
        let kinds: Vec<&str> = (0..many).map(|n| if numbers >> n & 1 == 1 { "bigint" } else { "unknown" }).collect();
        let list = if numbers == 0 { String::new() } else { format!("({})", kinds.join(", ")) };
        match sqlx::raw_sql(AssertSqlSafe(format!("PREPARE asked {list} AS {text}"))).execute(&mut *c).await {
            Ok(_) => return,
            Err(error) if refused.is_empty() => refused = error.to_string(),
            Err(_) => {}
        }
    }
    panic!("{text} on PostgreSQL: {refused}");
}

/// What PostgreSQL reads whole, or from one end, with the plan that serves any values.
async fn postgres_scans(c: &mut PgConnection, statement: &Statement, when: &str) -> Vec<Scan> {
    let nulls = vec!["NULL"; parameters(&statement.text)].join(", ");
    let call = if nulls.is_empty() { String::new() } else { format!("({nulls})") };
    prepare(c, &statement.text).await;
    let explain = format!("EXPLAIN (FORMAT JSON) EXECUTE asked{call}");
    let row = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_one(&mut *c).await.unwrap();
    let plan: Value = serde_json::from_str(&row.get_unchecked::<String, _>(0)).unwrap();
    sqlx::raw_sql("DEALLOCATE asked").execute(&mut *c).await.unwrap();
    let mut scans = Vec::new();
    let mut waiting = vec![&plan[0]["Plan"]];
    while let Some(node) = waiting.pop() {
        waiting.extend(node["Plans"].as_array().into_iter().flatten());
        let kind = node["Node Type"].as_str().unwrap_or_default();
        let of = node["Relation Name"].as_str().or_else(|| node["Index Name"].as_str()).unwrap_or_default();
        let whole = match kind {
            "Seq Scan" => true,
            "Index Scan" | "Index Only Scan" | "Bitmap Index Scan" => {
                let condition = node["Index Cond"].as_str().unwrap_or_default();
                !condition.contains(" = ")
            }
            _ => false,
        };
        if whole && !SMALL.iter().any(|(small, _)| of.starts_with(small)) {
            let condition = node["Index Cond"].as_str().unwrap_or_default();
            let index = node["Index Name"].as_str().unwrap_or_default();
            let how = format!("{kind} on {of} {index} {condition}");
            scans.push(Scan { statement: statement.text.clone(), how, when: when.to_owned() });
        }
    }
    scans
}

fn statements(database: Database) -> Vec<Statement> {
    let (found, problems) = Sources::read().statements();
    assert!(
        problems.is_empty(),
        "write a statement as a literal or with concat!, so that its plan can be asked for:\n{problems:#?}"
    );
    found.into_iter().filter(|statement| statement.is_for(database)).collect()
}

fn judge(scans: &[Scan]) {
    let without = |scan: &&Scan| !MAY_SCAN.iter().any(|(part, _)| scan.statement.contains(part));
    let bad: BTreeSet<&Scan> = scans.iter().filter(without).collect();
    let shown: Vec<String> = bad.iter().map(|scan| format!("{}\n    {} ({})", scan.statement, scan.how, scan.when)).collect();
    assert!(bad.is_empty(), "an index, or a reason in MAY_SCAN:\n{}", shown.join("\n"));
}

#[tokio::test]
async fn no_statement_reads_a_whole_table_on_sqlite() {
    let place = Place::sqlite();
    drop(place.open().await);
    let Location::Sqlite(path) = &place.location else { panic!() };
    let options = SqliteConnectOptions::new().filename(path);
    let mut c = options.connect().await.unwrap();
    filling::sqlite(&mut c).await;
    let mut scans = Vec::new();
    for (when, before) in [
        ("without statistics", "SELECT 1"),
        ("with those of a start", "PRAGMA analysis_limit = 400; PRAGMA optimize = 0x10002"),
        ("with statistics", "PRAGMA analysis_limit = 0; ANALYZE"),
    ] {
        sqlx::raw_sql(before).execute(&mut c).await.unwrap();
        // Statistics are read when a connection opens.
        let mut c = options.connect().await.unwrap();
        for statement in statements(Database::Sqlite) {
            scans.extend(sqlite_scans(&mut c, &statement, when).await);
        }
    }
    judge(&scans);
}

#[tokio::test]
async fn no_statement_reads_a_whole_table_on_postgres() {
    let Some(place) = Place::new(Database::Postgres).await else { return };
    drop(place.open().await);
    let Location::Postgres { url, .. } = &place.location else { panic!() };
    let mut c = PgConnection::connect(url).await.unwrap();
    filling::postgres(&mut c).await;
    // The plan for any values, as if the tables had some twenty times as many pages: reading all of them costs so much more.
    sqlx::raw_sql("SET plan_cache_mode = force_generic_plan; SET seq_page_cost = 20").execute(&mut c).await.unwrap();
    let mut scans = Vec::new();
    for when in ["without statistics", "with statistics"] {
        for statement in statements(Database::Postgres) {
            scans.extend(postgres_scans(&mut c, &statement, when).await);
        }
        sqlx::raw_sql("ANALYZE").execute(&mut c).await.unwrap();
    }
    judge(&scans);
}

#[test]
fn only_the_store_knows_sql() {
    assert_eq!(source::outside(), Vec::<String>::new());
}

#[test]
fn every_reason_is_needed() {
    let (found, _) = Sources::read().statements();
    for (part, reason) in MAY_SCAN {
        assert!(found.iter().any(|statement| statement.text.contains(part)), "{part}: no such statement any more");
        assert!(!reason.is_empty());
    }
}

/// The reader itself: what it finds, and what it does not let through.
#[test]
fn statements_are_found_however_they_are_written() {
    let code = r#"
        macro_rules! columns { () => { "a, b" }; }
        macro_rules! by { ($dialect:tt) => { concat!("SELECT ", columns!(), " FROM ", listed!($dialect), "t") }; }
        macro_rules! listed { (sqlite) => { "one " }; (postgres) => { "two " }; }
        macro_rules! rule { ($table:literal, $n:literal) => { Rule { table: $table, sql: concat!("DELETE FROM ", $table, " WHERE a = $1") } }; }
        const RULES: [Rule; 2] = [rule!("x", 1), rule!("y", 2)];
        async fn f(tx: &mut Tx) {
            execute!(tx, "UPDATE t \
                          SET a = $1", 1)?;
            for statement in ["DELETE FROM a WHERE b = $1", "DELETE FROM c WHERE d = $1"] { execute!(tx, statement, 1)?; }
            match tx.conn() {
                Conn::Sqlite(c) => sqlx::query_as(by!(sqlite)).fetch_all(c),
                Conn::Postgres(c) => sqlx::query_as(by!(postgres)).fetch_all(c),
            }
            if let Conn::Postgres(c) = tx.conn() { sqlx::query("SELECT now()").execute(c); }
            on!(tx, |c| sqlx::query_as("SELECT 1").fetch_one(c));
        }
    "#;
    let (found, problems) = Sources::of(code).statements();
    assert!(problems.is_empty(), "{problems:?}");
    let texts: BTreeSet<(&str, bool, bool)> = found
        .iter()
        .map(|statement| (statement.text.as_str(), statement.is_for(Database::Sqlite), statement.is_for(Database::Postgres)))
        .collect();
    let expected = BTreeSet::from([
        ("DELETE FROM x WHERE a = $1", true, true),
        ("DELETE FROM y WHERE a = $1", true, true),
        ("UPDATE t SET a = $1", true, true),
        ("DELETE FROM a WHERE b = $1", true, true),
        ("DELETE FROM c WHERE d = $1", true, true),
        ("SELECT a, b FROM one t", true, false),
        ("SELECT a, b FROM two t", false, true),
        ("SELECT now()", false, true),
        ("SELECT 1", true, true),
    ]);
    assert_eq!(texts, expected);
    for hidden in [
        "fn f() { sqlx::query(AssertSqlSafe(format!(\"DROP\"))) }",
        "fn f() { execute!(tx, made_up()) }",
        "fn f() { sqlx::query(\"DROP TABLE t\") }",
        "fn f() { optional!(tx, (i64,), concat!(\"SELECT \", unknown!())) }",
    ] {
        assert_eq!(Sources::of(hidden).statements().1.len(), 1, "{hidden}");
    }
}
