//! What can go wrong with the rows.

use std::sync::Arc;

use sqlx::error::{DatabaseError, ErrorKind};

pub type Result<T> = std::result::Result<T, StoreError>;

#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// A value that must be unique exists already.
    #[error("a value that must be unique exists already")]
    Taken,
    /// The row that this one belongs to was removed meanwhile.
    #[error("what this belongs to was removed meanwhile")]
    Orphaned,
    /// The database is locked, full or out of reach. The same request may succeed later.
    #[error("the database cannot be used at the moment: {0}")]
    Unavailable(Arc<sqlx::Error>),
    /// PostgreSQL has undone this unit of work: it and another waited for each other. Nothing of it was kept; once more, and it goes through.
    #[error("two requests waited for each other in the database: {0}")]
    Deadlock(Arc<sqlx::Error>),
    /// PostgreSQL cannot be reached at the start.
    #[error("PostgreSQL at {at}: {why}")]
    Unreachable { at: String, why: String },
    /// A SQLite file cannot be opened.
    #[error("{why}")]
    Unopenable { why: String },
    /// A row does not hold what its type promises.
    #[error("a stored {what} cannot be read: {why}")]
    Corrupt { what: &'static str, why: String },
    /// The schema is newer than this program.
    #[error(
        "the database was made by a newer version (it has migration {0}); start that version, or restore the backup made before the upgrade"
    )]
    Newer(i64),
    /// The disk has no room for the copy before a migration.
    #[error(
        "a copy of {copy} is made before the database is changed, and with what the migration writes that takes {needed}; {free} are free. \
         Make room, or copy it elsewhere yourself and migrate without a copy (`vestibule migrate --no-copy`)"
    )]
    NoRoom { copy: String, needed: String, free: String },
    #[error("a migration failed: {0}")]
    Migration(Arc<sqlx::migrate::MigrateError>),
    /// Another request has changed the same row in between. The same request may succeed now.
    #[error("the row was changed meanwhile")]
    Overtaken,
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopped,
    #[error("{0}")]
    Other(Arc<sqlx::Error>),
}

impl StoreError {
    pub(super) fn corrupt(what: &'static str, why: impl std::fmt::Display) -> Self {
        Self::Corrupt { what, why: why.to_string() }
    }

    pub(super) fn shared(error: Arc<sqlx::Error>) -> Self {
        if let sqlx::Error::Database(database) = &*error {
            if database.kind() == ErrorKind::UniqueViolation {
                return Self::Taken;
            }
            if database.kind() == ErrorKind::ForeignKeyViolation {
                return Self::Orphaned;
            }
            // deadlock_detected
            if database.code().is_some_and(|code| code == "40P01") {
                return Self::Deadlock(error);
            }
            if is_temporary(&**database) {
                return Self::Unavailable(error);
            }
        }
        match &*error {
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            _ => Self::Other(error),
        }
    }
}

/// SQLite: BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN (primary result codes; the extended ones carry them in the low byte).
/// PostgreSQL: classes 08 connection, 40 rollback, 53 resources, 57 operator intervention; 25006 a standby, 25P03 idle within a transaction.
fn is_temporary(error: &dyn DatabaseError) -> bool {
    let Some(code) = error.code() else { return false };
    match code.parse::<u32>() {
        Ok(number) if code.len() < 5 => matches!(number & 0xff, 5 | 6 | 8 | 10 | 13 | 14),
        _ => ["08", "40", "53", "57"].iter().any(|class| code.starts_with(class)),
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::shared(Arc::new(error))
    }
}
