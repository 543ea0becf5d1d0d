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

/// What stands between backticks and begins like a place in the repository.
fn places(text: &str) -> BTreeSet<&str> {
    const FOLDERS: [&str; 9] =
        ["src/", "tests/", "templates/", "locales/", "migrations/", "benches/", "examples/", "static/", "docs/"];
    let quoted = text.split('`').skip(1).step_by(2).filter_map(|code| code.split_whitespace().next());
    quoted.filter(|word| FOLDERS.iter().any(|folder| word.starts_with(folder))).collect()
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
