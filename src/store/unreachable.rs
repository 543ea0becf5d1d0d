//! Why a PostgreSQL cannot be used, in words that say what to do.

use std::io;
use std::path::Path;

use sqlx::postgres::PgConnectOptions;

use super::error::StoreError;

/// An error that says what was waited for.
pub(super) fn timed_out(what: &str) -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, what))
}

/// Whether a server that answers so may answer otherwise in a moment: it is about to start, or has too many connections.
pub(super) fn comes_up(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == io::ErrorKind::ConnectionRefused,
        sqlx::Error::Database(error) => matches!(error.code().as_deref(), Some("57P03" | "53300")),
        _ => false,
    }
}

/// Which database that is, without the password.
pub(super) fn name(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or(options.get_username());
    format!("PostgreSQL {}/{database}", host(options))
}

fn host(options: &PgConnectOptions) -> String {
    let host = options.get_socket().map_or_else(|| options.get_host().to_owned(), |path| path.display().to_string());
    format!("{host}:{}", options.get_port())
}

/// The same for a SQLite file. By its result codes (sqlite.org/rescode.html); the upper bits only say more.
pub(super) fn sqlite(path: &Path, error: StoreError) -> StoreError {
    let (StoreError::Other(inner) | StoreError::Unavailable(inner)) = &error else { return error };
    let sqlx::Error::Database(database) = &**inner else { return error };
    let code = database.code().and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff);
    let why = match code {
        Some(26) => {
            "this is no SQLite database; see that data.dir or database.url names the right file, or restore it from the backup"
        }
        Some(11) => "the file is damaged; restore it from the backup",
        Some(14) if path.is_dir() => "this is a folder; name the file in it",
        Some(14 | 8 | 3 | 23) => {
            "it cannot be opened; see that the file and its folder can be read and written by the user that runs Vestibule"
        }
        Some(13) => "the disk is full; make room",
        Some(5 | 6) => "another process holds it; see which one (`fuser`), and wait or end it",
        Some(10) => "the disk does not answer as it should; see the system's log",
        _ => return error,
    };
    StoreError::Unopenable { why: format!("{why} ({})", database.message()) }
}

/// The cause and its cure, without the password.
pub(super) fn unreachable(options: &PgConnectOptions, error: &sqlx::Error) -> StoreError {
    let at = host(options);
    let user = options.get_username();
    let why = match error {
        sqlx::Error::Io(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused => "connection refused; see that the server runs and listens there".to_owned(),
            io::ErrorKind::TimedOut => format!("{error}; see that host and port are right and no firewall is in between"),
            io::ErrorKind::NotFound => "no such socket; see that the server runs on this machine".to_owned(),
            // What getaddrinfo says has no kind of its own.
            _ if error.to_string().contains("lookup") => format!("the host name has no address ({error})"),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
                format!(
                    "the connection was closed at once ({error}); see that this is a PostgreSQL and its pg_hba.conf lets us in"
                )
            }
            _ => error.to_string(),
        },
        sqlx::Error::Tls(error) => format!("TLS: {error}; see sslmode and sslrootcert in database.url"),
        sqlx::Error::Database(error) => match error.code().as_deref() {
            Some("28P01") => format!("wrong password for the user {user}"),
            Some("28000") => format!("the user {user} may not sign in ({})", error.message()),
            Some("3D000") => {
                format!("there is no database {}; make it first (CREATE DATABASE …)", options.get_database().unwrap_or(user))
            }
            Some("42P05" | "26000") => {
                "a pooler in between gives every transaction another connection and does not track prepared statements; set \
                 pool_mode = session in PgBouncer, or max_prepared_statements (1.21 or newer)"
                    .to_owned()
            }
            Some("53300") => {
                "the server has no connection left; raise its max_connections or lower database.max_connections".to_owned()
            }
            _ => error.message().to_owned(),
        },
        other => other.to_string(),
    };
    StoreError::Unreachable { at, why }
}
