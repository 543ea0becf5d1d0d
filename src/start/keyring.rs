//! The master keys beside the settings: found, or made at the first start.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use zeroize::Zeroizing;

use super::files::cure;
use crate::crypto::random::Random;
use crate::crypto::seal::{Keyring, KeyringError};
use crate::settings::{DatabaseUrl, Settings};

/// The master keys of the settings.
fn given(settings: &Settings) -> anyhow::Result<Option<Keyring>> {
    if settings.secrets_keys.is_empty() {
        return Ok(None);
    }
    let keys: Vec<String> = settings.secrets_keys.iter().map(|key| key.expose().to_owned()).collect();
    Keyring::parse(&keys).context("secrets.keys").map(Some)
}

/// The master keys, which must be there.
pub(super) fn found(settings: &Settings) -> anyhow::Result<Keyring> {
    if let Some(keyring) = given(settings)? {
        return Ok(keyring);
    }
    let path = &settings.secrets_file;
    match read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => bail!(
            "{}: the master keys are missing; restore the file from the backup, or set secrets.keys to the keys of the server",
            path.display()
        ),
        other => named(path, other),
    }
}

fn named(path: &Path, read: io::Result<Result<Keyring, KeyringError>>) -> anyhow::Result<Keyring> {
    read.with_context(|| {
        format!("{}: the master keys cannot be read; give the user that runs Vestibule read permission", path.display())
    })?
    .with_context(|| format!("{}: one key a line, v1:<32 bytes in base64url>", path.display()))
}

/// The master keys: from the settings, else from their file, else made and kept there.
pub(super) fn found_or_made(settings: &Settings, random: &Random) -> anyhow::Result<Keyring> {
    if let Some(keyring) = given(settings)? {
        return Ok(keyring);
    }
    let path = &settings.secrets_file;
    // Asked before the keys are read: another process that starts for the first time makes the keys before the rows.
    let database = match &settings.database.url {
        DatabaseUrl::Sqlite(database) => Some(database).filter(|path| std::fs::metadata(path).is_ok_and(|file| file.len() > 0)),
        DatabaseUrl::Postgres(_) => None,
    };
    match read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if let Some(database) = database {
                bail!(
                    "{}: the master keys are missing, but {} was made with them; restore the file from the backup",
                    path.display(),
                    database.display()
                );
            }
            write(path, &Keyring::generate(random)).with_context(|| cure(path, "the master keys cannot be kept"))?;
            // Another process may have been faster: whatever is there now counts.
            named(path, read(path))
        }
        other => named(path, other),
    }
}

fn read(path: &Path) -> io::Result<Result<Keyring, KeyringError>> {
    let text = Zeroizing::new(std::fs::read_to_string(path)?);
    if std::fs::metadata(path)?.mode() & 0o077 != 0 {
        tracing::warn!(file = %path.display(), "others can read the master keys: chmod 600");
    }
    let keys: Vec<String> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    Ok(Keyring::parse(&keys))
}

/// Whole or not at all, and never over a file that is there: linking a name fails if it exists.
fn write(path: &Path, keyring: &Keyring) -> io::Result<()> {
    let temporary = path.with_extension(format!("new-{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    for key in keyring.to_text() {
        writeln!(file, "{}", key.as_str())?;
    }
    file.sync_all()?;
    let linked = match std::fs::hard_link(&temporary, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    };
    std::fs::remove_file(&temporary)?;
    linked?;
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::files::{prepare, private_dir};
    use super::*;
    use crate::settings::Mode;

    fn settings(dir: &Path) -> Settings {
        let text = format!("[data]\ndir = \"{}\"\n", dir.join("data").display());
        Settings::from_text("config.toml", &text, Mode::Serve, std::iter::empty()).unwrap()
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_first_start_makes_private_files_and_the_second_finds_them() {
        let dir = tempfile::tempdir().unwrap();
        let settings = settings(dir.path());
        private_dir(&settings.data.dir).unwrap();
        let first = found_or_made(&settings, &Random::system()).unwrap();
        prepare(&settings).unwrap();
        assert_eq!(mode(&settings.data.dir), 0o700);
        assert_eq!(mode(&settings.secrets_file), 0o600);
        let DatabaseUrl::Sqlite(database) = &settings.database.url else { panic!() };
        assert_eq!(mode(database), 0o600);
        let second = found_or_made(&settings, &Random::system()).unwrap();
        assert_eq!(first.mac("p", &[b"x"]), second.mac("p", &[b"x"]));
        assert_eq!(std::fs::read_dir(&settings.data.dir).unwrap().count(), 2, "no temporary file stays");
    }

    #[test]
    fn parallel_first_starts_agree_on_the_keys() {
        let dir = tempfile::tempdir().unwrap();
        let settings = settings(dir.path());
        private_dir(&settings.data.dir).unwrap();
        let path = &settings.secrets_file;
        write(path, &Keyring::generate(&Random::system())).unwrap();
        let first = std::fs::read_to_string(path).unwrap();
        write(path, &Keyring::generate(&Random::system())).unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), first);
    }

    #[test]
    fn lost_keys_are_never_replaced_beside_a_database() {
        let dir = tempfile::tempdir().unwrap();
        let settings = settings(dir.path());
        prepare(&settings).unwrap();
        let DatabaseUrl::Sqlite(database) = &settings.database.url else { panic!() };
        std::fs::write(database, "rows").unwrap();
        let refused = found_or_made(&settings, &Random::system()).unwrap_err().to_string();
        assert!(refused.contains("secrets.key: the master keys are missing"), "{refused}");
        assert!(!settings.secrets_file.exists());
    }
}
