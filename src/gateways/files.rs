//! Messages as files, for trying out and for tests.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use super::delivery::DeliveryError;
use crate::time::Timestamp;

/// Writes `<dir>/<date>-<id>.<ending>`. The file appears whole or not at all; delivering again replaces it by the same.
pub(super) async fn deliver(dir: &Path, date: Timestamp, id: &str, ending: &str, content: Vec<u8>) -> Result<(), DeliveryError> {
    let name = format!("{}-{id}.{ending}", stamp(date));
    let target = dir.to_owned();
    let written = tokio::task::spawn_blocking(move || write(&target, &name, &content)).await;
    written
        .unwrap_or_else(|error| Err(io::Error::other(error)))
        .map_err(|error| DeliveryError::temporary(format!("cannot write to {}: {error}", dir.display())))
}

/// Sorts like the time it stands for: `20261121T093000.007Z`.
fn stamp(date: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(date.millis())
        .map_or_else(|_| date.millis().to_string(), |date| date.strftime("%Y%m%dT%H%M%S%.3fZ").to_string())
}

fn write(dir: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    // Codes and links inside: for the owner only.
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let part = dir.join(format!(".{name}.part"));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&part, dir.join(name))?;
    File::open(dir)?.sync_all()
}
