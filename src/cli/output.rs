//! The one place that writes to standard output and error, and what is read from standard input.

use std::io::{self, BufRead as _, BufWriter, ErrorKind, IsTerminal as _, Read as _, Write as _};
use std::time::Duration;

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::Failure;
use crate::telemetry;

/// Far above any input we take, far below what would fill the memory.
const LONGEST_INPUT: u64 = 1024 * 1024;

/// Prints a line. Who reads no further (`| head`) is no failure.
pub(super) fn print(line: &str) -> io::Result<()> {
    write(format_args!("{line}\n"))
}

pub(super) fn print_json(value: &Value) -> io::Result<()> {
    write(format_args!("{value:#}\n"))
}

fn write(text: std::fmt::Arguments<'_>) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    read_by(out.write_fmt(text).and_then(|()| out.flush())).map(drop)
}

/// Whether somebody still reads. Who reads no further (`| head`) is no failure.
pub(super) fn read_by(written: io::Result<()>) -> io::Result<bool> {
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}

/// How long a program that ends waits for a reader of its last words.
const PATIENCE: Duration = Duration::from_secs(2);

/// Writes to standard error, each line of it. Nobody is left to tell if that fails.
pub(super) fn complain(message: &str) {
    let lines: Vec<String> = message.lines().map(|line| format!("vestibule: {line}\n")).collect();
    telemetry::complain(lines.concat(), PATIENCE);
}

/// Prints a line of a server, which goes on if nobody takes it: standard output may be a full disk, or a pipe that nobody reads.
pub(super) fn announce(line: &str) {
    let line = line.to_owned();
    let (done, wait) = std::sync::mpsc::sync_channel(1);
    let write = move || {
        let _waits = done.try_send(print(&line));
    };
    let started = std::thread::Builder::new().spawn(write).is_ok();
    match started.then(|| wait.recv_timeout(PATIENCE)) {
        Some(Ok(Ok(()))) => {}
        Some(Ok(Err(error))) => tracing::error!(%error, "standard output cannot be written: a line that should be there is not"),
        _ => tracing::error!("standard output is not read: a line that should be there is not"),
    }
}

/// The members of an object as `name: value`, for people; what is empty is left out.
pub(super) fn print_members(object: &Map<String, Value>) -> io::Result<()> {
    for (name, value) in object {
        match value {
            Value::Null => {}
            Value::String(text) => print(&format!("{name}: {}", shown(text)))?,
            Value::Array(items) => {
                for item in items {
                    print(&format!("{name}: {}", item.as_str().map_or_else(|| item.to_string(), shown)))?;
                }
            }
            other => print(&format!("{name}: {other}"))?,
        }
    }
    Ok(())
}

/// A text of somebody else's, without what could steer the terminal.
pub(super) fn shown(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] }).collect()
}

fn read() -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::new());
    let read = io::stdin().lock().take(LONGEST_INPUT + 1).read_to_string(&mut text);
    match read {
        Ok(length) if u64::try_from(length).is_ok_and(|length| length <= LONGEST_INPUT) => Ok(text),
        Ok(_) => Err(Failure::refused("invalid_request", "standard input is longer than 1 MiB")),
        Err(error) => Err(Failure::refused("invalid_request", format!("standard input cannot be read: {error}"))),
    }
}

/// The JSON object on standard input.
pub(super) fn read_object() -> Result<Map<String, Value>, Failure> {
    let wrong = |what: &str| Failure::refused("invalid_request", format!("standard input is no JSON object: {what}"));
    serde_json::from_str(&read()?).map_err(|error| wrong(&error.to_string()))
}

/// Asks on the terminal whether what cannot be undone is meant. Where nobody can answer, `--yes` has to.
pub(super) fn confirm(question: &str, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::refused("not_confirmed", format!("{question} Nobody can be asked here: say so with --yes")));
    }
    complain(&format!("{question} Type yes:"));
    let mut answer = String::new();
    io::stdin().lock().take(16).read_line(&mut answer)?;
    if answer.trim() == "yes" { Ok(()) } else { Err(Failure::refused("not_confirmed", "nothing was changed")) }
}

/// A password on standard input: all of it but for the end of the line. With `json`, a JSON object with a member `password` or
/// `password_hash` will do as well.
pub(super) fn read_password(json: bool) -> Result<Map<String, Value>, Failure> {
    if io::stdin().is_terminal() {
        complain("type the new password (it shows) and Enter, then Ctrl-D");
    }
    let text = read()?;
    let object = if json { serde_json::from_str::<Map<String, Value>>(&text).ok() } else { None };
    if let Some(object) = object.filter(|object| object.keys().any(|name| name == "password" || name == "password_hash")) {
        return Ok(object);
    }
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let password = line.strip_suffix('\r').unwrap_or(line);
    if password.is_empty() {
        return Err(Failure::refused(
            "invalid_request",
            "there is no password on standard input; pipe it in: printf %s \"$PASSWORD\" | vestibule user set-password …",
        ));
    }
    Ok(Map::from_iter([("password".to_owned(), Value::from(password))]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_others_do_not_steer_the_terminal() {
        assert_eq!(shown("Ana\u{1b}[2J\nK"), "Ana\\u{1b}[2J\\nK");
    }
}
