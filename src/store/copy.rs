//! The copy of a SQLite database that is made before a migration changes it.
//!
//! `VACUUM INTO` reads one state of the database while others read and write on (`WAL`), and writes a file without the empty pages. What is
//! not finished has another name, so that a copy that was broken off is never taken for a whole one. A whole one of an earlier try is taken only if
//! nothing was written since; its time is that of the state it holds.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sqlx::sqlite::SqliteConnection;

use super::error::{Result, StoreError};
use super::migrate::{Migrating, watched};

/// Bytes that are copied in a second on a slow disk. Only for the word on how long it will take.
const PACE: u64 = 50 * 1024 * 1024;

/// Leaves a copy beside the database, unless an earlier start has, of the same state.
pub(super) async fn make(path: &Path, version: i64, connection: &mut SqliteConnection, how: &Migrating<'_>) -> Result<()> {
    let copy = path.with_extension(format!("before-{version:04}.db"));
    let name = copy.display().to_string();
    if copy.try_exists().map_err(unwritten)? {
        if holds_the_present(&copy, path).map_err(unwritten)? {
            (how.say)(&format!("the copy {name} is there already, and nothing was written since; no other is made"));
            return Ok(());
        }
        let aside = set_aside(&copy).map_err(unwritten)?;
        (how.say)(&format!(
            "the copy {name} is of an earlier try, and the database was written since; it is {} from now on",
            aside.display()
        ));
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
    let of = private(&partial).map_err(unwritten)?;
    let target = partial.to_string_lossy().into_owned();
    let progress = || {
        let so_far = std::fs::metadata(&partial).map_or(0, |file| file.len());
        format!("copied {} of {}", shown(so_far), shown(bytes))
    };
    let copying = async { sqlx::query("VACUUM INTO $1").bind(target).execute(connection).await };
    watched(copying, progress, how.say).await?;
    // Whole and on the disk before it has its name.
    kept(&partial, &copy, of).map_err(unwritten)?;
    (how.say)(&format!("copied to {name}; remove it when you no longer want to go back"));
    Ok(())
}

/// The copy, and as much again for what the migration itself writes: new indexes, and the log.
const fn needed(bytes: u64) -> u64 {
    bytes.saturating_mul(2)
}

/// Whether a copy is of what the database holds now: neither its file nor what is not moved there yet was written since. In doubt it is not.
fn holds_the_present(copy: &Path, database: &Path) -> io::Result<bool> {
    let of = std::fs::metadata(copy)?.modified()?;
    let mut log = database.as_os_str().to_owned();
    log.push("-wal");
    for file in [database, Path::new(&log)] {
        match std::fs::metadata(file) {
            // An empty log is made when the database is opened.
            Ok(found) if found.len() > 0 && found.modified()? >= of => return Ok(false),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(true)
}

/// Gives an older copy another name, and gives that. It is never removed: it may be the only one of its time.
fn set_aside(copy: &Path) -> io::Result<PathBuf> {
    for number in 1_u32.. {
        let aside = copy.with_extension(format!("old-{number}.db"));
        if !aside.try_exists()? {
            return std::fs::rename(copy, &aside).map(|()| aside);
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// A new file for its owner only, for SQLite to write into; one that was broken off is replaced. Gives its time: whatever is written to the
/// database from now on is not older.
fn private(path: &Path) -> io::Result<SystemTime> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.metadata()?.modified()
}

fn kept(partial: &Path, copy: &Path, of: SystemTime) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(partial)?;
    file.set_modified(of)?;
    file.sync_all()?;
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
        let of = private(&partial).unwrap();
        assert_eq!(std::fs::metadata(&partial).unwrap().len(), 0);
        std::fs::write(&partial, "copied later").unwrap();
        kept(&partial, &copy, of).unwrap();
        assert_eq!(std::fs::metadata(&copy).unwrap().modified().unwrap(), of);
        assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!partial.exists());
    }

    /// Every time of the database and of its log, against that of the copy.
    #[test]
    fn a_copy_is_taken_only_if_nothing_was_written_since() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str, at: u64| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(at);
            OpenOptions::new().write(true).open(&path).unwrap().set_modified(at).unwrap();
            path
        };
        let copy = file("v.before-0002.db", "copy", 100);
        for (database, log, taken) in [
            (99, None, true),
            (100, None, false),
            (101, None, false),
            (99, Some(("pages", 99)), true),
            (99, Some(("pages", 100)), false),
            (99, Some(("", 500)), true),
        ] {
            let path = file("v.db", "database", database);
            let _ = std::fs::remove_file(dir.path().join("v.db-wal"));
            if let Some((text, at)) = log {
                file("v.db-wal", text, at);
            }
            assert_eq!(holds_the_present(&copy, &path).unwrap(), taken, "{database} {log:?}");
        }
        // Each older one keeps a name of its own.
        assert_eq!(set_aside(&copy).unwrap(), dir.path().join("v.before-0002.old-1.db"));
        let second = file("v.before-0002.db", "second", 1);
        assert_eq!(set_aside(&second).unwrap(), dir.path().join("v.before-0002.old-2.db"));
        assert!(!copy.exists());
        assert_eq!(std::fs::read_to_string(dir.path().join("v.before-0002.old-1.db")).unwrap(), "copy");
    }
}
