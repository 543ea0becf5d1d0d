//! The copy of a SQLite database that is made before a migration changes it.
//!
//! `VACUUM INTO` reads one state of the database while others read and write on (`WAL`), and writes a file without the empty pages. What is
//! not finished has another name, so that a copy that was broken off is never taken for a whole one.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::SqliteConnection;

use super::error::{Result, StoreError};
use super::migrate::{Migrating, watched};

/// Bytes that are copied in a second on a slow disk. Only for the word on how long it will take.
const PACE: u64 = 50 * 1024 * 1024;

/// Leaves a copy beside the database, unless an earlier start has.
pub(super) async fn make(path: &Path, version: i64, connection: &mut SqliteConnection, how: &Migrating<'_>) -> Result<()> {
    let copy = path.with_extension(format!("before-{version:04}.db"));
    let name = copy.display().to_string();
    if copy.exists() {
        (how.say)(&format!("the copy {name} is there already; no other is made"));
        return Ok(());
    }
    let bytes = size(connection).await?;
    let room = room(&copy)?;
    let about = Duration::from_secs(bytes.div_ceil(PACE));
    (how.say)(&format!(
        "the database is copied to {name} before it is changed: {}, about {} s; {} are free",
        shown(bytes),
        about.as_secs(),
        shown(room),
    ));
    if needed(bytes) > room {
        return Err(StoreError::NoRoom { copy: shown(bytes), needed: shown(needed(bytes)), free: shown(room) });
    }
    let partial = path.with_extension(format!("before-{version:04}.db.partial"));
    private(&partial).map_err(unwritten)?;
    let target = partial.to_string_lossy().into_owned();
    let progress = || {
        let so_far = std::fs::metadata(&partial).map_or(0, |file| file.len());
        format!("copied {} of {}", shown(so_far), shown(bytes))
    };
    let copying = async { sqlx::query("VACUUM INTO $1").bind(target).execute(connection).await };
    watched(copying, progress, how.say).await?;
    // Whole and on the disk before it has its name.
    kept(&partial, &copy).map_err(unwritten)?;
    (how.say)(&format!("copied to {name}; remove it when you no longer want to go back"));
    Ok(())
}

/// The copy, and as much again for what the migration itself writes: new indexes, and the log.
const fn needed(bytes: u64) -> u64 {
    bytes.saturating_mul(2)
}

/// A new file for its owner only, for SQLite to write into; one that was broken off is replaced.
fn private(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map(drop)
}

fn kept(partial: &Path, copy: &Path) -> io::Result<()> {
    File::open(partial)?.sync_all()?;
    std::fs::rename(partial, copy)?;
    File::open(folder(copy))?.sync_all()
}

fn folder(path: &Path) -> PathBuf {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

/// How large the copy will be.
async fn size(connection: &mut SqliteConnection) -> Result<u64> {
    let (pages,): (i64,) = sqlx::query_as("PRAGMA page_count").fetch_one(&mut *connection).await?;
    let (empty,): (i64,) = sqlx::query_as("PRAGMA freelist_count").fetch_one(&mut *connection).await?;
    let (page,): (i64,) = sqlx::query_as("PRAGMA page_size").fetch_one(&mut *connection).await?;
    Ok(u64::try_from((pages - empty) * page).unwrap_or(0))
}

/// What may still be written to the disk on which the copy will be.
fn room(copy: &Path) -> Result<u64> {
    let disk = rustix::fs::statvfs(folder(copy)).map_err(|error| unwritten(error.into()))?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

fn unwritten(error: io::Error) -> StoreError {
    sqlx::Error::Io(error).into()
}

fn shown(bytes: u64) -> String {
    const MIB: u64 = 1024 * 1024;
    if bytes < 10 * MIB { format!("{} KiB", bytes.div_ceil(1024)) } else { format!("{} MiB", bytes.div_ceil(MIB)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_shown_for_people() {
        assert_eq!([shown(0), shown(1), shown(5_000_000), shown(3 << 30)], ["0 KiB", "1 KiB", "4883 KiB", "3072 MiB"]);
    }

    #[test]
    fn the_disk_is_asked_where_the_copy_will_be() {
        let dir = tempfile::tempdir().unwrap();
        assert!(room(&dir.path().join("copy.db")).unwrap() > 0);
        assert!(room(&dir.path().join("missing/copy.db")).is_err());
        assert!(needed(u64::MAX) > 0 && needed(10) > 10);
    }

    #[test]
    fn the_file_is_its_owners_and_begins_anew() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let (partial, copy) = (dir.path().join("a.partial"), dir.path().join("a"));
        std::fs::write(&partial, "broken off").unwrap();
        private(&partial).unwrap();
        assert_eq!(std::fs::metadata(&partial).unwrap().len(), 0);
        kept(&partial, &copy).unwrap();
        assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!partial.exists());
    }
}
