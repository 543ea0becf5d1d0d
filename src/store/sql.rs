//! The macros that let one SQL text serve both drivers.

/// Runs one expression on whichever connection the `Tx` holds; it is type-checked once per driver.
macro_rules! on {
    ($tx:expr, |$connection:ident| $body:expr) => {
        $crate::store::sql::run!($tx, sqlite | $connection | async { $body }, postgres | $connection | async { $body })
    };
}

/// Runs the one future or the other: the one place where statements are sent, so that none that goes over the network lacks a bound.
macro_rules! run {
    ($tx:expr, |$connection:ident| $body:expr $(, $then:expr)?) => {
        $crate::store::sql::run!($tx, sqlite |$connection| $body, postgres |$connection| $body $(, $then)?)
    };
    ($tx:expr, sqlite |$sqlite:ident| $local:expr, postgres |$postgres:ident| $remote:expr $(, $then:expr)?) => {
        match $tx.conn() {
            $crate::store::db::Conn::Sqlite($sqlite) => $local.await.map_err($crate::store::StoreError::from)$(.map($then))?,
            $crate::store::db::Conn::Postgres(lease) => {
                let patience = lease.patience();
                match lease.statement() {
                    Err(error) => Err(error),
                    Ok($postgres) => {
                        let outcome = tokio::time::timeout(patience, $remote).await;
                        lease.ended(outcome)$(.map($then))?
                    }
                }
            }
        }
    };
}

/// Executes a statement with its parameters: `execute!(tx, "DELETE FROM t WHERE id = $1", id)`; gives the number of rows.
macro_rules! execute {
    ($tx:expr, $sql:expr $(, $value:expr)* $(,)?) => {
        $crate::store::sql::run!($tx, |c| sqlx::query($sql)$(.bind($value))*.execute(c), |done| done.rows_affected())
    };
}

/// At most one row of a type made by [`row!`] or a tuple.
macro_rules! optional {
    ($tx:expr, $row:ty, $sql:expr $(, $value:expr)* $(,)?) => {
        $crate::store::sql::run!($tx, |c| sqlx::query_as::<_, $row>($sql)$(.bind($value))*.fetch_optional(c))
    };
}

/// All rows.
macro_rules! all {
    ($tx:expr, $row:ty, $sql:expr $(, $value:expr)* $(,)?) => {
        $crate::store::sql::run!($tx, |c| sqlx::query_as::<_, $row>($sql)$(.bind($value))*.fetch_all(c))
    };
}

/// The texts of a JSON array as the rows of a table `asked(value)`, joined to what follows: one of the places where the dialects differ. SQLite is
/// told with CROSS JOIN to begin with the questions; else it may scan the table and parse the JSON for each of its rows.
macro_rules! listed {
    (sqlite) => {
        "json_each($1) AS asked CROSS JOIN "
    };
    (postgres) => {
        "json_array_elements_text($1::json) AS asked(value) JOIN "
    };
}

/// The end of a question for rows that others work on, too: without theirs, and no other may take these. SQLite has one writer.
macro_rules! skip_locked {
    (sqlite) => {
        ""
    };
    (postgres) => {
        " FOR UPDATE SKIP LOCKED"
    };
}

/// The bytes that a hexadecimal text stands for: another.
macro_rules! unhexed {
    (sqlite $text:literal) => {
        concat!("unhex(", $text, ")")
    };
    (postgres $text:literal) => {
        concat!("decode(", $text, ", 'hex')")
    };
}

/// A struct that is read from a row of either database, column by column name. (sqlx's derive would compile both drivers twice.)
macro_rules! row {
    ($(#[$meta:meta])* $vis:vis struct $name:ident { $($fvis:vis $field:ident: $type:ty),* $(,)? }) => {
        $(#[$meta])*
        $vis struct $name { $($fvis $field: $type),* }
        $crate::store::sql::row!(@ sqlx::sqlite::SqliteRow, $name, $($field),*);
        $crate::store::sql::row!(@ sqlx::postgres::PgRow, $name, $($field),*);
    };
    (@ $row:ty, $name:ident, $($field:ident),*) => {
        impl<'r> sqlx::FromRow<'r, $row> for $name {
            fn from_row(row: &'r $row) -> sqlx::Result<Self> {
                use sqlx::Row as _;
                Ok(Self { $($field: row.try_get(stringify!($field))?),* })
            }
        }
    };
}

/// Two row types read from one row.
pub(super) struct Both<A, B>(pub(super) A, pub(super) B);

impl<'r, R: sqlx::Row, A: sqlx::FromRow<'r, R>, B: sqlx::FromRow<'r, R>> sqlx::FromRow<'r, R> for Both<A, B> {
    fn from_row(row: &'r R) -> sqlx::Result<Self> {
        Ok(Self(A::from_row(row)?, B::from_row(row)?))
    }
}

pub(super) use {all, execute, listed, on, optional, row, run, skip_locked, unhexed};
