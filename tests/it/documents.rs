//! What the documents name is there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn documents() -> Vec<PathBuf> {
    let in_folder = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
    };
    let mut found = in_folder(root());
    found.extend(in_folder(&root().join("docs")));
    found
}

const FOLDERS: [&str; 9] =
    ["src/", "tests/", "templates/", "locales/", "migrations/", "benches/", "examples/", "static/", "docs/"];

/// What stands between backticks and begins like a place in the repository.
fn places(text: &str) -> BTreeSet<&str> {
    let quoted = text.split('`').skip(1).step_by(2).filter_map(|code| code.split_whitespace().next());
    quoted.filter(|word| FOLDERS.iter().any(|folder| word.starts_with(folder))).collect()
}

/// What begins like a place in the repository, in comments, where not everybody writes backticks.
fn words(text: &str) -> BTreeSet<&str> {
    let apart = |c: char| !(c.is_ascii_alphanumeric() || "/._-*{}<>".contains(c));
    let words = text.split(apart).map(|word| word.trim_end_matches(['.', '/']));
    words.filter(|word| FOLDERS.iter().any(|folder| word.starts_with(folder))).collect()
}

fn files(folder: &Path, of: &str, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("node_modules") && !path.ends_with("target") {
            files(&path, of, found);
        } else if path.extension().is_some_and(|end| end == of) {
            found.push(path);
        }
    }
}

/// Whether a place is there; of one with a pattern, the folder that it is in.
fn is_there(place: &str) -> bool {
    let literal =
        place.find(['*', '{', '<']).map_or(place, |at| place.split_at(at).0.rsplit_once('/').map_or("", |(folder, _)| folder));
    root().join(literal).exists()
}

#[test]
fn places_that_comments_name_exist() {
    let mut sources = Vec::new();
    for folder in ["src", "tests", "benches", "examples"] {
        files(&root().join(folder), "rs", &mut sources);
    }
    files(&root().join("migrations"), "sql", &mut sources);
    sources.extend(
        ["Cargo.toml", "config.toml", "deny.toml", "clippy.toml", "rustfmt.toml", "askama.toml", "tests/run"]
            .map(|name| root().join(name)),
    );
    let (mut checked, mut wrong) = (0, Vec::new());
    for source in sources {
        let text = std::fs::read_to_string(&source).unwrap();
        let mark = match source.extension().and_then(|end| end.to_str()) {
            Some("rs") => "//",
            Some("sql") => "--",
            _ => "#",
        };
        // An address in a text has slashes, too, but no room before them.
        let comments = text.lines().filter_map(|line| {
            let parts = line.match_indices(mark).map(|(at, _)| line.split_at(at));
            let mut comments = parts.filter(|(before, _)| before.trim().is_empty() || before.ends_with(' '));
            comments.next().map(|(_, comment)| comment)
        });
        for comment in comments {
            for place in words(comment) {
                checked += 1;
                if !is_there(place) {
                    wrong.push(format!("{}: {place} is not there", source.strip_prefix(root()).unwrap().display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checked > 35, "only {checked} places were found: is the test blind?");
}

#[test]
fn words_of_comments_are_read() {
    let comment = "// as in `tests/it/world`, see src/web/session.rs; migrations/{sqlite,postgres}/NNNN_name.sql and src/actions/passkeys/.";
    let expected = ["migrations/{sqlite", "src/actions/passkeys", "src/web/session.rs", "tests/it/world"];
    assert_eq!(words(comment).into_iter().collect::<Vec<_>>(), expected);
    assert!(is_there("migrations/{sqlite") && is_there("tests/it/world") && !is_there("src/web/session.rs"));
}

/// The targets of `[text](target)` that lead to files.
fn links(text: &str) -> BTreeSet<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let files = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
    files.filter_map(|target| target.split('#').next()).collect()
}

#[test]
fn places_that_documents_name_exist() {
    let mut checked = 0;
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        // Blocks of code are for the reader's shell.
        let prose: String = text.split("```").step_by(2).collect();
        for place in places(&prose) {
            assert!(root().join(place).exists(), "{}: `{place}` is not there", document.display());
            checked += 1;
        }
        for link in links(&prose) {
            assert!(document.parent().unwrap().join(link).exists(), "{}: ({link}) leads nowhere", document.display());
            checked += 1;
        }
    }
    assert!(checked > 80, "only {checked} places were found: is the test blind?");
}

/// Each function that a document names with its file is in it.
#[test]
fn the_four_walks_name_what_is_there() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for (function, file) in [
        ("with_password", "src/actions/sign_in.rs"),
        ("proceed", "src/actions/sign_in.rs"),
        ("finish", "src/actions/sign_in.rs"),
        ("what_is_still_needed", "src/engine/sign_in.rs"),
        ("begin", "src/actions/authorize.rs"),
    ] {
        assert!(text.contains(&format!("`{function}`")) && text.contains(&format!("`{file}`")), "{function} in {file}");
        let code = std::fs::read_to_string(root().join(file)).unwrap();
        assert!(code.contains(&format!("fn {function}(")), "{function} is not in {file}");
    }
}
