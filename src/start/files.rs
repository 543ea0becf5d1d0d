//! The files beside the settings: for their owner only, and one server at a time.

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::settings::{DatabaseUrl, Settings};

/// From here on nothing that this process makes is for others: not SQLite's side files, not the copy before a migration, nothing that
/// a library makes.
pub fn private_from_now_on() {
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
}

/// Makes the data directory, for its owner only, and the folder and file of a SQLite database.
pub(super) fn prepare(settings: &Settings) -> anyhow::Result<()> {
    private_dir(&settings.data.dir).with_context(|| cure(&settings.data.dir, "the data directory cannot be made"))?;
    let DatabaseUrl::Sqlite(path) = &settings.database.url else { return Ok(()) };
    if let Some(dir) = path.parent() {
        private_dir(dir).with_context(|| cure(dir, "the database's directory cannot be made"))?;
    }
    // SQLite gives its side files the mode of this one.
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(error).with_context(|| cure(path, "the database cannot be made"))
        }
        _ => Ok(()),
    }
}

pub(super) fn cure(path: &Path, what: &str) -> String {
    format!("{}: {what}; give the user that runs Vestibule write permission, or set data.dir to another place", path.display())
}

pub(super) fn private_dir(path: &Path) -> io::Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Takes from others what earlier versions or other programs have let them read: our files lose those rights, a directory that others can look
/// into is named. It may hold more than what is ours.
pub(super) fn tighten(settings: &Settings) {
    let database = match &settings.database.url {
        DatabaseUrl::Sqlite(path) => Some(path.as_path()),
        DatabaseUrl::Postgres(_) => None,
    };
    let mut files = database.map(beside).unwrap_or_default();
    files.push(settings.secrets_file.clone());
    for file in files {
        // Who may not change them cannot have made them.
        if is_open(&file) && std::fs::set_permissions(&file, Permissions::from_mode(0o600)).is_ok() {
            tracing::warn!(file = %file.display(), "others could read or change it; now only its owner can");
        }
    }
    let outbox = settings.data.dir.join("outbox");
    for dir in [outbox.join("mail"), outbox.join("sms"), outbox] {
        if is_open(&dir) && std::fs::set_permissions(&dir, Permissions::from_mode(0o700)).is_ok() {
            tracing::warn!(dir = %dir.display(), "others could look into it; now only its owner can");
        }
    }
    let folder = database.and_then(Path::parent).filter(|dir| !dir.as_os_str().is_empty() && *dir != settings.data.dir);
    for dir in folder.into_iter().chain([settings.data.dir.as_path()]) {
        if is_open(dir) {
            tracing::warn!(dir = %dir.display(), "others can look into the data directory: chmod 700");
        }
    }
}

/// Whether group or others have any right. Symbolic links are followed.
fn is_open(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
}

/// A SQLite database's files: its side files, and the copies of before migrations.
fn beside(database: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = ["", "-wal", "-shm", "-journal"].iter().map(|ending| with_ending(database, ending)).collect();
    let copies = database.file_stem().map(|stem| format!("{}.before-", stem.to_string_lossy()));
    let dir = database.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let (Some(copies), Ok(found)) = (copies, std::fs::read_dir(dir)) {
        let is_copy = |name: &str| name.starts_with(&copies);
        files.extend(found.flatten().filter(|file| file.file_name().to_str().is_some_and(is_copy)).map(|file| file.path()));
    }
    files
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// While it lives, no other server serves the same SQLite file. The kernel lets go of it when the process ends, however it ends. Commands do not
/// take it: they work beside a server.
#[derive(Debug)]
pub(super) struct Serving(#[expect(dead_code, reason = "the lock lives as long as the file is open")] Option<File>);

/// A file of its own is locked: locks on the database are SQLite's.
pub(super) fn serve_alone(settings: &Settings) -> anyhow::Result<Serving> {
    let DatabaseUrl::Sqlite(database) = &settings.database.url else { return Ok(Serving(None)) };
    // One lock, whatever name the file goes by.
    let database = database.canonicalize().unwrap_or_else(|_| database.clone());
    let path = with_ending(&database, ".lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .with_context(|| cure(&path, "the lock cannot be made"))?;
    match file.try_lock() {
        Ok(()) => {
            // For people who look; nothing reads it.
            let _noted = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
            Ok(Serving(Some(file)))
        }
        Err(TryLockError::WouldBlock) => {
            let pid = std::fs::read_to_string(&path).unwrap_or_default();
            let whose =
                Some(pid.trim()).filter(|pid| !pid.is_empty()).map_or_else(String::new, |pid| format!(" (process {pid})"));
            bail!(
                "{}: another Vestibule{whose} serves this database; end it first, or give this one a data.dir of its own. \
                 For several servers use PostgreSQL (database.url)",
                database.display()
            )
        }
        // A file system that knows no locks.
        Err(TryLockError::Error(error)) => {
            tracing::warn!(%error, file = %path.display(), "no lock: see that no second server uses this database");
            Ok(Serving(None))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::settings::Mode;

    use super::*;

    fn settings(dir: &Path) -> Settings {
        let text = format!("[data]\ndir = \"{}\"\n", dir.join("data").display());
        Settings::from_text("config.toml", &text, Mode::Serve, std::iter::empty()).unwrap()
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_others_could_read_is_tightened_and_what_is_not_ours_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let settings = settings(dir.path());
        prepare(&settings).unwrap();
        let data = &settings.data.dir;
        std::fs::create_dir_all(data.join("outbox/mail")).unwrap();
        for name in ["vestibule.db", "vestibule.db-wal", "vestibule.before-0002.db", "secrets.key", "notes.txt"] {
            std::fs::write(data.join(name), "x").unwrap();
            std::fs::set_permissions(data.join(name), Permissions::from_mode(0o644)).unwrap();
        }
        tighten(&settings);
        for name in ["vestibule.db", "vestibule.db-wal", "vestibule.before-0002.db", "secrets.key"] {
            assert_eq!(mode(&data.join(name)), 0o600, "{name}");
        }
        assert_eq!((mode(&data.join("outbox")), mode(&data.join("outbox/mail"))), (0o700, 0o700));
        assert_eq!(mode(&data.join("notes.txt")), 0o644);
    }

    #[test]
    fn one_server_a_database_by_whatever_name() {
        let dir = tempfile::tempdir().unwrap();
        let first = settings(dir.path());
        prepare(&first).unwrap();
        let serving = serve_alone(&first).unwrap();
        std::os::unix::fs::symlink(dir.path().join("data"), dir.path().join("other")).unwrap();
        let text = format!("[data]\ndir = \"{}\"\n", dir.path().join("other").display());
        let second = Settings::from_text("config.toml", &text, Mode::Serve, std::iter::empty()).unwrap();
        let refused = serve_alone(&second).unwrap_err().to_string();
        assert!(
            refused.contains(&format!("process {}", std::process::id())) && refused.contains("another Vestibule"),
            "{refused}"
        );
        drop(serving);
        serve_alone(&second).unwrap();
    }
}
