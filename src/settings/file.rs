//! The file: every key with its line, and all that is wrong with it at once.

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    clients::RawClient,
    problem::{Problem, nearest},
    raw::{Raw, Rejected, SECTIONS},
    raw_provider::RawProvider,
    sites::RawSite,
    value::{Input, Origin},
};

/// What is written several times, under `[[name]]`; not in the environment.
pub(super) const LISTS: [&str; 3] = ["clients", "providers", "sites"];

/// Lays the file's text over the defaults.
pub fn overlay(raw: &mut Raw, text: &str, problems: &mut Vec<Problem>) {
    let (document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        // What follows a syntax error is guesswork: report the syntax alone.
        problems.extend(errors.iter().map(|error| Problem {
            origin: Origin::File { line: line_at(text, error.span().map_or(0, |span| span.start)) },
            subject: String::new(),
            what: format!("not valid TOML: {}", error.message().replace('\n', " ")),
            cure: "text needs quotes, lists need brackets, a key may occur once".into(),
        }));
        return;
    }
    for (name, value) in document.get_ref() {
        let line = line_at(text, name.span().start);
        let section: &str = name.get_ref();
        match value.get_ref() {
            DeValue::Array(entries) if LISTS.contains(&section) => {
                for entry in entries {
                    let line = line_at(text, entry.span().start);
                    match entry.get_ref() {
                        DeValue::Table(table) if section == "sites" => {
                            raw.sites.push(RawSite::read(table, line, |at| line_at(text, at), problems));
                        }
                        DeValue::Table(table) if section == "clients" => {
                            raw.clients.push(RawClient::read(table, line, |at| line_at(text, at), problems));
                        }
                        DeValue::Table(table) => {
                            raw.providers.push(RawProvider::read(table, line, |at| line_at(text, at), problems));
                        }
                        _ => problems.push(not_a_table(line, section)),
                    }
                }
            }
            DeValue::Table(table) if !LISTS.contains(&section) => {
                overlay_section(raw, text, (section, line), table, problems);
            }
            _ => problems.push(not_a_table(line, section)),
        }
    }
}

fn overlay_section(
    raw: &mut Raw,
    text: &str,
    (section, section_line): (&str, usize),
    table: &DeTable<'_>,
    problems: &mut Vec<Problem>,
) {
    let Some((_, keys)) = SECTIONS.iter().find(|(name, _)| *name == section) else {
        let names = SECTIONS.iter().map(|(name, _)| *name).chain(LISTS);
        problems.push(Problem {
            origin: Origin::File { line: section_line },
            subject: format!("[{section}]"),
            what: "unknown section".into(),
            cure: nearest(section, names).map_or_else(String::new, |name| format!("did you mean [{name}]?")),
        });
        return;
    };
    for (key, value) in table {
        let origin = Origin::File { line: line_at(text, key.span().start) };
        if let Err(rejected) = set(raw, section, key, value, origin.clone()) {
            problems.push(rejection(rejected, origin, section, key.get_ref(), keys));
        }
    }
}

fn set(
    raw: &mut Raw,
    section: &str,
    key: &Spanned<std::borrow::Cow<'_, str>>,
    value: &Spanned<DeValue<'_>>,
    origin: Origin,
) -> Result<(), Rejected> {
    raw.set(section, key.get_ref(), Input::Toml(value.get_ref()), origin)
}

/// The problem of a key that was not taken; shared with the environment.
pub(super) fn rejection(rejected: Rejected, origin: Origin, section: &str, key: &str, keys: &[&'static str]) -> Problem {
    let (what, cure) = match rejected {
        Rejected::WrongType(expected) => ("has the wrong type".to_owned(), format!("write {expected}")),
        Rejected::UnknownKey | Rejected::UnknownSection => (
            "unknown key".to_owned(),
            nearest(key, keys.iter().copied()).map_or_else(
                || format!("the keys of [{section}] are: {}", keys.join(", ")),
                |name| format!("did you mean {name}?"),
            ),
        ),
    };
    Problem { origin, subject: format!("[{section}] {key}"), what, cure }
}

fn not_a_table(line: usize, name: &str) -> Problem {
    let owner = SECTIONS.iter().find(|(_, keys)| keys.contains(&name));
    let cure = match owner {
        _ if LISTS.contains(&name) => format!("write each of the {name} under its own [[{name}]] line"),
        Some((section, _)) => format!("move it below the line [{section}]"),
        None if LISTS.iter().any(|list| list.strip_suffix('s') == Some(name)) => format!("did you mean [[{name}s]]?"),
        None => match nearest(name, LISTS) {
            Some(list) => format!("did you mean [[{list}]]?"),
            None => "every key stands below the line of its section, such as [server]".to_owned(),
        },
    };
    Problem { origin: Origin::File { line }, subject: name.to_owned(), what: "is not a section".into(), cure }
}

/// The line, counted from 1, of a byte offset.
fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
