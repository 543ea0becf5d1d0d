//! Who may import whom: the table of `src/lib.rs`'s rooms, held against every `crate::` path in `src/` and in the templates.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A room (a folder or file right under `src/`) and the paths it may import; its own are always allowed.
const ALLOWED: &[(&str, &[&str])] = &[
    // Leaves.
    ("time", &[]),
    ("ids", &["crypto::random", "time"]),
    ("crypto", &["ids", "time"]),
    ("settings", &[]),
    ("locale", &[]),
    ("telemetry", &["settings"]),
    // The rules: pure, and of the settings only what a client's metadata is, and what the operator lets providers and sites do.
    (
        "engine",
        &["crypto", "ids", "time", "settings::client_metadata", "settings::providers", "settings::sites", "settings::WhoSignsUp"],
    ),
    ("store", &["engine", "ids", "time", "settings::client_metadata"]),
    ("gateways", &["settings", "locale", "time"]),
    ("actions", &["engine", "store", "gateways", "crypto", "settings", "telemetry", "ids", "time", "locale"]),
    // What pages and endpoints share. `pages` are the words and templates that stand in the frame of `http::shell`.
    ("http", &["actions", "engine", "pages", "crypto", "settings", "telemetry", "ids", "time", "locale"]),
    ("pages", &["engine", "http::shell", "http::assets", "settings", "locale"]),
    // The doors: never the store, never the gateways, never each other.
    ("web", &["actions", "engine", "http", "pages", "settings", "ids", "time", "locale"]),
    ("oidc", &["actions", "engine", "http", "pages", "settings", "ids", "time", "locale"]),
    ("api", &["actions", "engine", "http", "settings", "ids", "time", "locale"]),
    ("jobs", &["actions", "settings", "time", "telemetry"]),
    // The demo application and the fake providers are outsiders with pages: they know chance and time, a provider signs and checks
    // PKCE, and none knows rows.
    (
        "dev",
        &[
            "actions",
            "engine",
            "http",
            "pages",
            "crypto::jose",
            "crypto::pkce",
            "crypto::random",
            "settings",
            "ids",
            "time",
            "locale",
        ],
    ),
    // What puts the parts together.
    ("app", &["actions", "api", "dev", "http", "oidc", "settings", "web"]),
    (
        "start",
        &["actions", "app", "crypto", "dev", "gateways", "http", "jobs", "locale", "settings", "store", "telemetry", "time"],
    ),
    ("cli", &["actions", "crypto", "engine", "ids", "settings", "start", "telemetry", "time"]),
    ("lib", &[]),
    ("main", &[]),
];

/// Files over the limit, each with the reason why it is one file.
const LONG: &[(&str, &str)] = &[];
const LONGEST: usize = 400;

/// A file of `src/` without its tests and comments.
struct Source {
    path: PathBuf,
    room: String,
    /// How many modules lie between it and the crate.
    depth: usize,
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") && name != "tests.rs" && !name.ends_with("_tests.rs") {
                found.push(Source::read(&root, &path));
            }
        }
    }
    assert!(found.len() > 100, "src/ was not found");
    found
}

impl Source {
    fn read(root: &Path, path: &Path) -> Self {
        let parts: Vec<String> = path.strip_prefix(root).unwrap().iter().map(|part| part.to_str().unwrap().to_owned()).collect();
        let top = parts[0].trim_end_matches(".rs").to_owned();
        let depth = parts.len() - usize::from(parts.last().unwrap() == "mod.rs");
        let text = fs::read_to_string(path).unwrap();
        let own = text.split("\n#[cfg(test)]\nmod ").next().unwrap().lines();
        let code = own.filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        Self { path: path.strip_prefix(root).unwrap().to_owned(), room: top, depth, code }
    }

    fn own_lines(&self) -> usize {
        self.code.lines().filter(|line| !line.trim().is_empty()).count()
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Every path after `crate::`, with the groups of `use` resolved: `a::{b, c::d}` are `a::b` and `a::c::d`.
fn paths(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, start) in code.match_indices("crate::") {
        let (before, after) = code.split_at(at);
        if !before.ends_with(is_word) {
            expand("", &mut after.strip_prefix(start).unwrap().trim_start(), &mut found);
        }
    }
    found
}

fn expand(prefix: &str, rest: &mut &str, found: &mut BTreeSet<String>) {
    if let Some(group) = rest.strip_prefix('{') {
        *rest = group.trim_start();
        while !rest.starts_with('}') && !rest.is_empty() {
            expand(prefix, rest, found);
            *rest = rest.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
            if let Some(renamed) = rest.strip_prefix("as ") {
                *rest = renamed.trim_start_matches(is_word).trim_start_matches(|c: char| c == ',' || c.is_whitespace());
            }
        }
        *rest = rest.strip_prefix('}').unwrap_or(rest);
        return;
    }
    let (word, after) = rest.split_at(rest.find(|c: char| !is_word(c)).unwrap_or(rest.len()));
    let path = if prefix.is_empty() { word.to_owned() } else { format!("{prefix}::{word}") };
    *rest = after;
    match rest.strip_prefix("::") {
        Some(further) if !further.starts_with('*') => {
            *rest = further;
            expand(&path, rest, found);
        }
        Some(all) => *rest = all.trim_start_matches('*'),
        None => {}
    }
    found.insert(path);
}

#[test]
fn paths_are_found_in_groups_and_alone() {
    let code =
        "use crate::a::{b, c::{d as e, f}};\nuse crate::{\n    g,\n    h::i,\n};\nlet x = crate::j::k(crate::l);\nmy_crate::no;";
    let expected: BTreeSet<String> =
        ["a", "a::b", "a::c", "a::c::d", "a::c::f", "g", "h", "h::i", "j", "j::k", "l"].map(str::to_owned).into();
    let found = paths(code);
    // Prefixes may or may not be listed; every leaf is.
    for leaf in ["a::b", "a::c::d", "a::c::f", "g", "h::i", "j::k", "l"] {
        assert!(found.contains(leaf), "{leaf} in {found:?}");
    }
    assert!(found.is_subset(&expected), "{found:?}");
}

fn allows(allowed: &[&str], path: &str) -> bool {
    allowed.iter().any(|allowed| path == *allowed || path.strip_prefix(allowed).is_some_and(|rest| rest.starts_with("::")))
}

/// What `room` imports and may not.
fn forbidden(room: &str, code: &str) -> Vec<String> {
    let Some((_, allowed)) = ALLOWED.iter().find(|(known, _)| *known == room) else {
        return vec![format!("anything: the room {room} is not in the table")];
    };
    let wrong = |path: &String| {
        let own = allows(&[room], path);
        // A prefix of something allowed is judged by its leaf.
        let prefix = allowed.iter().any(|allowed| allowed.starts_with(&format!("{path}::")));
        !own && !prefix && !allows(allowed, path)
    };
    paths(code).into_iter().filter(wrong).map(|path| format!("crate::{path}")).collect()
}

#[test]
fn rooms_import_only_what_the_table_allows() {
    let mut wrong = Vec::new();
    for source in sources() {
        wrong.extend(
            forbidden(&source.room, &source.code).into_iter().map(|path| format!("{} imports {path}", source.path.display())),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A template is code of the room whose view model names it, with whatever it extends, includes or imports.
fn templates() -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for source in sources() {
        for attribute in source.code.split("#[template(").skip(1) {
            let path = attribute.split("path = \"").nth(1).and_then(|rest| rest.split('"').next());
            follow(&source.room, path.expect("a template without a path"), &mut found);
        }
    }
    found
}

fn template(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn follow(room: &str, name: &str, found: &mut BTreeSet<(String, String)>) {
    if !found.insert((room.to_owned(), name.to_owned())) {
        return;
    }
    for tag in template(name).split("{%").skip(1) {
        let mut words = tag.trim_start_matches(['-', '+', '~']).split_whitespace();
        if let (Some("extends" | "include" | "import"), Some(other)) = (words.next(), words.next()) {
            follow(room, other.trim_matches('"'), found);
        }
    }
}

#[test]
fn templates_obey_the_same_table() {
    let mut wrong = Vec::new();
    let mut paths_seen = 0;
    for (room, name) in templates() {
        let text = template(&name);
        paths_seen += paths(&text).len();
        wrong.extend(forbidden(&room, &text).into_iter().map(|path| format!("templates/{name} of {room} uses {path}")));
        // Paths that do not begin at the crate would not be seen.
        for other in ["super::", "self::", "vestibule::", "std::", "::std"] {
            if text.contains(other) {
                wrong.push(format!("templates/{name} uses {other}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(paths_seen > 10, "only {paths_seen} paths were found: is the test blind?");
    assert!(!forbidden("pages", "{{ crate::store::users::count() }}").is_empty());
}

#[test]
fn every_template_is_used() {
    let used: BTreeSet<String> = templates().into_iter().map(|(_, name)| name).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let included: String = sources().into_iter().map(|source| source.code).collect();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap();
            assert!(used.contains(name) || included.contains(&format!("/templates/{name}\"")), "nobody uses templates/{name}");
        }
    }
}

#[test]
fn nobody_climbs_out_of_a_room_by_super() {
    let mut wrong = Vec::new();
    for source in sources() {
        let mut rest = source.code.as_str();
        while let Some(at) = rest.find("super::") {
            let chain = rest.split_at(at).1;
            rest = chain.trim_start_matches("super::");
            let chain = (chain.len() - rest.len()) / "super::".len();
            // `pub(super)` and tests apart, as many steps as there are modules end at the crate.
            if chain >= source.depth && source.room != "lib" {
                wrong.push(format!("{} goes up {chain} steps", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// No waiting, no network, no disk, no rows, no clock, no chance and no log of their own: what they say follows from what they are given.
/// `Random` is given, too: seeded in tests, and the engine's alone.
#[test]
fn engine_and_pages_are_pure() {
    const FOREIGN: [&str; 23] = [
        "async ",
        ".await",
        "axum::",
        "hyper::",
        "tower",
        "sqlx::",
        "tokio::",
        "reqwest::",
        "lettre::",
        "aws_lc_rs",
        "Clock",
        "Timestamp::now",
        "Instant",
        "SystemTime",
        "std::fs",
        "std::env",
        "std::net::Tcp",
        "std::thread",
        "std::process",
        "tracing::",
        "OnceLock",
        "Mutex",
        "Atomic",
    ];
    let mut seen = BTreeSet::new();
    for source in sources().into_iter().filter(|source| ["engine", "pages"].contains(&source.room.as_str())) {
        for foreign in FOREIGN {
            assert!(!source.code.contains(foreign), "{}: {foreign}", source.path.display());
        }
        assert!(source.room == "engine" || !source.code.contains("Random"), "{}: Random", source.path.display());
        seen.insert(source.room);
    }
    assert_eq!(seen.len(), 2, "a room was not found");
}

/// A crate whose name stands in one room only, because the room is what it is for.
#[test]
fn some_crates_belong_to_a_room() {
    for (name, rooms) in [
        ("sqlx::", &["store"][..]),
        ("lettre::", &["gateways", "settings"]),
        ("reqwest::", &["gateways"]),
        // The fake providers and the demo application are outsiders that sign by themselves.
        ("askama::", &["pages", "http", "gateways", "dev"]),
        ("clap::", &["cli"]),
        ("argon2::", &["crypto"]),
    ] {
        let found: BTreeSet<String> =
            sources().into_iter().filter(|source| source.code.contains(name)).map(|source| source.room).collect();
        assert!(!found.is_empty(), "nobody uses {name}");
        for room in found {
            assert!(rooms.contains(&room.as_str()), "{room} uses {name}");
        }
    }
}

#[test]
fn files_stay_readable() {
    for source in sources() {
        let path = source.path.display().to_string();
        let excepted = LONG.iter().any(|(long, _)| *long == path);
        let lines = source.own_lines();
        assert!(lines <= LONGEST || excepted, "{path} has {lines} lines without tests: look for the seam");
        assert!(lines > LONGEST || !excepted, "{path} is short enough now: take it from the list");
    }
}

/// What lives in a room, what does not, how to add to it and where it is tested: the same four answers everywhere, each with something in it.
#[test]
fn every_room_says_what_it_is() {
    const QUESTIONS: [&[&str]; 4] = [
        &["**Here**:", "What lives here:"],
        &["**Not here**:", "What may not:"],
        &["**To add one**:", "How to add"],
        &["**Tested**:", "Where it is tested:"],
    ];
    let mut rooms = 0;
    for source in sources().into_iter().filter(|source| source.depth == 1 && source.path.ends_with("mod.rs")) {
        let name = source.path.display();
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(&source.path)).unwrap();
        let opening: String = text.lines().map_while(|line| line.strip_prefix("//!")).collect::<Vec<_>>().join("\n");
        let opening = opening.replace(":**", "**:");
        let starts = QUESTIONS.map(|forms| forms.iter().find_map(|form| opening.find(form).map(|at| at + form.len())));
        let mut ends = vec![opening.len()];
        for (start, question) in starts.iter().zip(QUESTIONS) {
            let start = start.unwrap_or_else(|| panic!("{name} does not say: {}", question[0]));
            ends.push(start);
        }
        ends.sort_unstable();
        for start in starts.into_iter().flatten() {
            let end = *ends.iter().find(|end| **end > start).unwrap();
            assert!(opening.get(start..end).unwrap().split_whitespace().count() >= 3, "{name}: an answer of a word or two");
        }
        rooms += 1;
    }
    let folders = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let folders = folders.filter(|entry| entry.as_ref().unwrap().path().join("mod.rs").exists()).count();
    assert!(rooms == folders && rooms > 10, "{rooms} of {folders} rooms were read");
}
