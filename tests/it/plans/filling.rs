//! Tables with rows in them, shaped as those of a large installation are: few journeys have a subject, few people are administrators.

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection};

/// Rows of each table: enough for a planner to prefer an index where there is one.
const ROWS: u32 = 20_000;

/// Columns that are not simply different in each row, with an expression in both dialects.
const SHAPES: &[(&str, &str)] = &[
    ("users.state", "'active'"),
    ("users.is_admin", "i = 1"),
    ("users.phone_number", "CASE WHEN i % 10 = 0 THEN '+43' || i END"),
    ("users.email_vouched_by", "CASE WHEN i % 100 = 0 THEN 'google' END"),
    ("flows.kind", "CASE WHEN i % 100 = 0 THEN 'sign_up' ELSE 'sign_in' END"),
    ("flows.subject", "CASE WHEN i % 100 = 0 THEN 'subject' || i END"),
    ("flows.user_id", "CASE WHEN i % 10 = 0 THEN 'id' || i END"),
    ("flows.finished_at", "CASE WHEN i % 10 = 0 THEN 1700000000000 + i END"),
    ("factors.expires_at", "CASE WHEN i % 100 = 0 THEN 1700000000000 + i END"),
    ("passkeys.expires_at", "CASE WHEN i % 100 = 0 THEN 1700000000000 + i END"),
    ("external_identities.expires_at", "CASE WHEN i % 100 = 0 THEN 1700000000000 + i END"),
    ("external_identities.renew_at", "CASE WHEN i % 10 = 0 THEN 1700000000000 + i END"),
    ("external_identities.issuer", "'https://accounts.example'"),
    ("external_identities.provider", "'google'"),
    ("outbox.state", "CASE WHEN i % 100 = 0 THEN 'pending' ELSE 'delivered' END"),
    ("outbox.channel", "CASE WHEN i % 10 = 0 THEN 'sms' ELSE 'mail' END"),
    ("grants.client_id", "'client' || i % 10"),
    ("grants.offline", "i % 100 = 0"),
    ("consents.client_id", "'client' || i % 10"),
    ("events.client_id", "'client' || i % 10"),
    ("events.kind", "'session.started'"),
];

struct Column {
    table: String,
    name: String,
    kind: String,
}

impl Column {
    fn expression(&self, blob: fn(&str) -> String) -> String {
        let shape = SHAPES.iter().find(|(of, _)| of.split_once('.') == Some((self.table.as_str(), self.name.as_str())));
        if let Some((_, shape)) = shape {
            return (*shape).to_owned();
        }
        match self.kind.to_ascii_uppercase().as_str() {
            "TEXT" if self.name == "id" || self.name.ends_with("_id") => "'id' || i".to_owned(),
            "TEXT" => format!("'{}' || i", self.name),
            "BOOLEAN" => "i % 2 = 0".to_owned(),
            "BLOB" | "BYTEA" => blob(&self.name),
            _ => "1700000000000 + i".to_owned(),
        }
    }
}

/// One INSERT a table.
fn inserts(columns: &[Column], blob: fn(&str) -> String) -> Vec<String> {
    let of = |chunk: &[Column]| {
        let names: Vec<&str> = chunk.iter().map(|column| column.name.as_str()).collect();
        let values: Vec<String> = chunk.iter().map(|column| column.expression(blob)).collect();
        format!(
            "INSERT INTO {} ({}) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS}) SELECT {} FROM n",
            chunk[0].table,
            names.join(", "),
            values.join(", ")
        )
    };
    columns.chunk_by(|one, other| one.table == other.table).map(of).collect()
}

fn column(table: String, name: String, kind: String) -> Column {
    Column { table, name, kind }
}

pub(super) async fn sqlite(c: &mut SqliteConnection) {
    let query = "SELECT t.name AS t, c.name AS c, c.type AS k FROM sqlite_schema t, pragma_table_info(t.name) c \
                 WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name <> '_sqlx_migrations' ORDER BY t.name, c.cid";
    let rows = sqlx::query(query).fetch_all(&mut *c).await.unwrap();
    let columns: Vec<Column> = rows.iter().map(|row| column(row.get("t"), row.get("c"), row.get("k"))).collect();
    // The rows refer to each other, but tables come in the order of their names.
    sqlx::query("PRAGMA foreign_keys = OFF").execute(&mut *c).await.unwrap();
    let mut tx = c.begin().await.unwrap();
    for insert in inserts(&columns, |name| format!("CAST('{name}' || i AS BLOB)")) {
        sqlx::query(AssertSqlSafe(insert.clone())).execute(&mut *tx).await.unwrap_or_else(|error| panic!("{insert}: {error}"));
    }
    tx.commit().await.unwrap();
    let wrong = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut *c).await.unwrap();
    assert!(wrong.is_empty(), "{} refers to nothing", wrong[0].get::<String, _>(0));
}

pub(super) async fn postgres(c: &mut PgConnection) {
    let query = "SELECT table_name::text AS t, column_name::text AS c, data_type::text AS k FROM information_schema.columns \
                 WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations' ORDER BY table_name, ordinal_position";
    let rows = sqlx::query(query).fetch_all(&mut *c).await.unwrap();
    let columns: Vec<Column> = rows.iter().map(|row| column(row.get("t"), row.get("c"), row.get("k"))).collect();
    sqlx::query("SET session_replication_role = replica").execute(&mut *c).await.unwrap();
    for table in columns.iter().map(|column| &column.table).collect::<std::collections::BTreeSet<_>>() {
        // Statistics come when the test says so.
        let off = format!("ALTER TABLE {table} SET (autovacuum_enabled = false)");
        sqlx::query(AssertSqlSafe(off)).execute(&mut *c).await.unwrap();
    }
    for insert in inserts(&columns, |name| format!("convert_to('{name}' || i, 'UTF8')")) {
        sqlx::query(AssertSqlSafe(insert.clone())).execute(&mut *c).await.unwrap_or_else(|error| panic!("{insert}: {error}"));
    }
}
