//! The environment: `VESTIBULE_<SECTION>__<KEY>`, two underscores between section and key.

use super::{
    file::{LISTS, rejection},
    problem::{Problem, nearest},
    raw::{Raw, Rejected, SECTIONS},
    value::{Input, Origin},
};

const PREFIX: &str = "VESTIBULE_";

/// Lays the environment over what is there. Variables without the prefix or without `__` are not ours.
pub fn overlay(raw: &mut Raw, env: impl Iterator<Item = (String, String)>, problems: &mut Vec<Problem>) {
    for (name, text) in env {
        let Some((section, key)) = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once("__")) else {
            problems.extend(one_underscore(&name));
            continue;
        };
        let (section, key) = (section.to_ascii_lowercase(), key.to_ascii_lowercase());
        let origin = Origin::Environment(name.clone());
        match raw.set(&section, &key, Input::Text(&text), origin.clone()) {
            Ok(()) => {}
            Err(Rejected::WrongType(expected)) => problems.push(Problem {
                origin,
                subject: format!("[{section}] {key}"),
                what: "has the wrong type".into(),
                // In the environment text stands without quotes.
                cure: format!("set it to {}", expected.trim_end_matches(" in quotes")),
            }),
            Err(_) if LISTS.contains(&section.as_str()) => problems.push(Problem {
                origin,
                subject: format!("[[{section}]]"),
                what: format!("{section} cannot be set in the environment"),
                cure: match section.as_str() {
                    "sites" => "write them to config.toml".into(),
                    "clients" => "write them to config.toml or use `vestibule client add`".into(),
                    _ => "write them to config.toml, and their secrets to files (client_secret_file)".into(),
                },
            }),
            Err(rejected) => {
                let keys = SECTIONS.iter().find(|(name, _)| *name == section).map_or(&[][..], |(_, keys)| *keys);
                let mut problem = rejection(rejected, origin, &section, &key, keys);
                problem.cure = suggestion(&name).unwrap_or_else(|| "unset it, or see config.toml for the keys".into());
                problems.push(problem);
            }
        }
    }
}

/// The variable of a key.
pub(super) fn variable(section: &str, key: &str) -> String {
    format!("{PREFIX}{section}__{key}").to_ascii_uppercase()
}

/// The likeliest slip: one underscore where two belong. Silence would run the server with a default.
fn one_underscore(name: &str) -> Option<Problem> {
    let meant = |section: &str, key: &str| format!("{PREFIX}{section}_{key}").to_ascii_uppercase() == name;
    let (section, key) =
        SECTIONS.iter().find_map(|(section, keys)| keys.iter().find(|key| meant(section, key)).map(|key| (section, key)))?;
    Some(Problem {
        origin: Origin::Environment(name.to_owned()),
        subject: format!("[{section}] {key}"),
        what: "has one underscore between section and key".into(),
        cure: format!("did you mean {}?", format!("{PREFIX}{section}__{key}").to_ascii_uppercase()),
    })
}

/// The variable that was probably meant.
fn suggestion(name: &str) -> Option<String> {
    let known: Vec<String> = SECTIONS
        .iter()
        .flat_map(|(section, keys)| keys.iter().map(move |key| format!("{PREFIX}{section}__{key}").to_ascii_uppercase()))
        .collect();
    nearest(name, known.iter().map(String::as_str)).map(|name| format!("did you mean {name}?"))
}
