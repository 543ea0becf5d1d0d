use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::*;

/// Ids and the variables of each, read from the source text.
fn messages(source: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut current = String::new();
    for line in source.lines().filter(|line| !line.starts_with('#')) {
        if line.starts_with(|first: char| first.is_ascii_lowercase()) {
            current = line.split_once('=').unwrap().0.trim().to_owned();
            assert!(found.insert(current.clone(), BTreeSet::new()).is_none(), "{current} is there twice");
        }
        for variable in line.split('$').skip(1) {
            let name = variable.chars().take_while(char::is_ascii_alphanumeric).collect();
            found.get_mut(&current).unwrap().insert(name);
        }
    }
    found
}

fn files(folder: &Path, into: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, into);
        } else if !path.ends_with("catalogue_tests.rs") {
            into.push(std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn both_languages_have_the_same_messages_with_the_same_variables() {
    assert_eq!(messages(ENGLISH), messages(GERMAN));
}

#[test]
fn every_key_a_template_uses_exists_and_none_is_idle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut templates, mut code) = (Vec::new(), Vec::new());
    files(&root.join("templates"), &mut templates);
    files(&root.join("src"), &mut code);
    let known = messages(ENGLISH);
    for source in templates.iter().chain(&code) {
        for opening in [".t(\"", ".with(\"", ".number(\""] {
            for rest in source.split(opening).skip(1) {
                let key = rest.split('"').next().unwrap();
                assert!(known.contains_key(key), "a page uses {key}, which no catalogue has");
            }
        }
    }
    let all = templates.concat() + &code.concat();
    // The messages of handlers are written before the handlers that choose among them.
    let idle: Vec<&String> = known
        .keys()
        .filter(|key| !key.starts_with("problem-") && !key.starts_with("notice-"))
        .filter(|key| !all.contains(&format!("\"{key}\"")))
        .collect();
    assert!(idle.is_empty(), "nobody uses {idle:?}");
}

#[test]
fn missing_keys_fall_back_to_the_key() {
    let text = Text::new(Arc::new(Catalogue::load().unwrap()), Locale::De);
    let key = String::from("no-such-key");
    assert_eq!(text.t(&key), "no-such-key");
    assert_eq!(text.with(&key, &[("a", "b")]), "no-such-key");
}
