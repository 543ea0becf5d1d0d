//! The one place that writes to standard output and error, and what is read from standard input.

use std::io::{self, BufWriter, ErrorKind, IsTerminal as _, Read as _, Write as _};
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

/// A list that is printed as it is read, so that a million accounts need no more memory than one: a JSON array, or lines.
pub(super) struct Listing<W: io::Write> {
    out: BufWriter<W>,
    as_json: bool,
    is_empty: bool,
}

/// Whether somebody still reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    Reads,
    Gone,
}

impl Listing<io::Stdout> {
    pub(super) fn new(as_json: bool) -> Self {
        Self::on(io::stdout(), as_json)
    }
}

impl<W: io::Write> Listing<W> {
    fn on(out: W, as_json: bool) -> Self {
        Self { out: BufWriter::new(out), as_json, is_empty: true }
    }

    /// One more: a value for programs, or a line for people.
    pub(super) fn push(&mut self, item: &Item) -> io::Result<Reader> {
        let written = match item {
            Item::Line(line) => writeln!(self.out, "{line}"),
            Item::Json(value) => {
                let joint = if self.is_empty { "[" } else { "," };
                // No line ends within a JSON text: each one here is of the layout.
                write!(self.out, "{joint}\n  {}", format!("{value:#}").replace('\n', "\n  "))
            }
        };
        self.is_empty = false;
        read_by(written)
    }

    pub(super) fn end(mut self) -> io::Result<()> {
        let close = match (self.as_json, self.is_empty) {
            (false, _) => "",
            (true, true) => "[]\n",
            (true, false) => "\n]\n",
        };
        read_by(self.out.write_all(close.as_bytes()).and_then(|()| self.out.flush())).map(drop)
    }
}

/// An entry of a [`Listing`].
pub(super) enum Item {
    Json(Value),
    Line(String),
}

/// Who reads no further (`| head`) is no failure.
fn read_by(written: io::Result<()>) -> io::Result<Reader> {
    match written {
        Ok(()) => Ok(Reader::Reads),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Gone),
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
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_of_others_do_not_steer_the_terminal() {
        assert_eq!(shown("Ana\u{1b}[2J\nK"), "Ana\\u{1b}[2J\\nK");
    }

    #[test]
    fn a_listing_is_the_array_that_it_would_be_in_one_piece() {
        for items in [vec![], vec![json!({"a": "x\ny", "b": [1, {"c": null}]})], vec![json!({}), json!({"a": 1}), json!("z")]] {
            let mut out = Vec::new();
            let mut listing = Listing::on(&mut out, true);
            for item in &items {
                assert_eq!(listing.push(&Item::Json(item.clone())).unwrap(), Reader::Reads);
            }
            listing.end().unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), format!("{:#}\n", Value::Array(items)));
        }
    }

    /// Takes a little, and then nobody is there any more.
    struct Head(usize);

    impl io::Write for Head {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_listing_that_nobody_reads_any_more_says_so() {
        let mut listing = Listing::on(Head(100_000), false);
        let line = Item::Line("x".repeat(1_000));
        let read = (0..1_000).take_while(|_| listing.push(&line).unwrap() == Reader::Reads).count();
        assert!((90..120).contains(&read), "{read}");
        listing.end().unwrap();
    }
}
