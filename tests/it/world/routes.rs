//! The router's own routes, read from the source that the router is built from: a route that is added tomorrow is tried tomorrow.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use vestibule::engine::flow::AccountPage;

/// Servers of their own, which stand beside ours: the demo application, the fake providers, and the metrics of an operator.
const OTHER_SERVERS: [&str; 3] = ["dev/demo/", "dev/fakes/", "start.rs"];

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// As it can be asked for: a parameter has a value that names nothing.
    pub path: String,
    pub methods: BTreeSet<&'static str>,
}

impl Route {
    pub fn takes(&self, method: &str) -> bool {
        self.methods.contains(method)
    }
}

/// Every route of `app::router`.
pub fn routes() -> BTreeSet<Route> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    let mut found = BTreeSet::new();
    for file in files {
        let name = file.strip_prefix(&root).unwrap().display().to_string();
        if OTHER_SERVERS.iter().any(|other| name.starts_with(other)) || name.ends_with("tests.rs") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("\n#[cfg(test)]\n").next().unwrap();
        for other in [".nest(", ".route_service(", ".nest_service(", ".fallback_service("] {
            assert!(!code.contains(other), "{name}: {other}…) makes routes that are not read here");
        }
        found.extend(of(code, &name));
    }
    found
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
}

fn of(code: &str, file: &str) -> Vec<Route> {
    let mut found = Vec::new();
    for call in code.split(".route(").skip(1) {
        let arguments = arguments(call);
        // The metrics' function of the same name takes one.
        let [address, handlers] = arguments[..] else { continue };
        let methods: BTreeSet<&str> = ["get", "post", "put", "patch", "delete", "options", "head", "any", "on"]
            .into_iter()
            .filter(|method| calls(handlers, method))
            .collect();
        assert!(!methods.is_empty() && !methods.contains("any") && !methods.contains("on"), "{file}: what does {address} take?");
        for path in paths(address, file) {
            found.push(Route { path, methods: methods.clone() });
        }
    }
    found
}

/// The top-level arguments of a call, whose opening parenthesis is read already.
fn arguments(call: &str) -> Vec<&str> {
    let (mut depth, mut quoted, mut from, mut found) = (0_u32, false, 0, Vec::new());
    for (at, character) in call.char_indices() {
        match character {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '{' | '[' => depth += 1,
            ')' if depth == 0 => {
                found.push(call.get(from..at).unwrap().trim());
                break;
            }
            ')' | '}' | ']' => depth -= 1,
            ',' if depth == 0 => {
                found.push(call.get(from..at).unwrap().trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    found.retain(|argument| !argument.is_empty());
    found
}

/// Whether `method(` stands there as a word of its own, and not after `::`.
fn calls(code: &str, method: &str) -> bool {
    code.match_indices(&format!("{method}(")).any(|(at, _)| {
        let before = code.split_at(at).0.chars().next_back();
        before.is_none_or(|before| !before.is_alphanumeric() && before != '_' && before != ':')
    })
}

fn paths(address: &str, file: &str) -> Vec<String> {
    let text = |quoted: &str| quoted.trim_matches('"').to_owned();
    let known = |path: String| {
        let parts = path.split('/').map(|part| if part.starts_with('{') { "nothing" } else { part });
        parts.collect::<Vec<_>>().join("/")
    };
    if address.starts_with('"') {
        return vec![known(text(address))];
    }
    // The pages of a contact are the same for both kinds.
    let step = address.strip_prefix("&path(").and_then(|rest| rest.strip_suffix(')'));
    let step = step.filter(|_| file == "web/mod.rs").unwrap_or_else(|| panic!("{file}: the address {address} is not understood"));
    [AccountPage::Email, AccountPage::Phone].map(|page| known(format!("{}{}", page.path(), text(step)))).to_vec()
}

#[test]
fn routes_are_read_however_they_are_written() {
    let code = r#"
        Router::new().route("/a", get(async || "x, y")).route("/b/{id}", open(post(token::post)))
            .route(
                &path("/confirm"),
                get(move |visitor, query| show(channel, visitor, query)).post(move |v, f| request(v, f)),
            )
        metrics.route("not one")"#;
    let found: Vec<(String, Vec<&str>)> =
        of(code, "web/mod.rs").into_iter().map(|route| (route.path, route.methods.into_iter().collect())).collect();
    let path = |path: &str| path.to_owned();
    assert_eq!(
        found,
        [
            (path("/a"), vec!["get"]),
            (path("/b/nothing"), vec!["post"]),
            (path("/account/email/confirm"), vec!["get", "post"]),
            (path("/account/phone/confirm"), vec!["get", "post"]),
        ]
    );
}
