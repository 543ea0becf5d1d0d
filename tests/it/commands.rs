//! The command line as a process: it makes no database, says which one it used, asks before it erases, and its lists have a header, filters and
//! pages. What is wrong with a database or a key is a sentence with its cause.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use vestibule::store::{Location, Store};

use crate::world::{Database, Place};

struct House {
    dir: TempDir,
    config: PathBuf,
}

impl House {
    fn new(more: &str) -> Self {
        let dir = TempDir::new().unwrap();
        let config = dir.path().join("config.toml");
        let text = format!("[data]\ndir = \"{}\"\n{more}", dir.path().join("data").display());
        std::fs::write(&config, text).unwrap();
        Self { dir, config }
    }

    /// With a database.
    fn made() -> Self {
        let house = Self::new("");
        let made = house.run(&["migrate"]);
        assert!(made.status.success(), "{}", said(&made));
        house
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.give(arguments, "")
    }

    fn give(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
        command.args(arguments).arg("--config").arg(&self.config).env_clear().env("VESTIBULE_SERVER__LISTEN", "127.0.0.1:0");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        // A command that reads nothing may be gone already.
        let _read = process.stdin.take().unwrap().write_all(input.as_bytes());
        process.wait_with_output().unwrap()
    }

    fn json(&self, arguments: &[&str], input: &Value) -> Value {
        let output = self.give(arguments, &input.to_string());
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// Standard error.
fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn printed(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn files(dir: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(dir).map_or_else(|_| Vec::new(), |found| found.map(|file| file.unwrap().path()).collect())
}

/// All that read, and all that write.
const COMMANDS: [&[&str]; 9] = [
    &["user", "list"],
    &["user", "show", "ada"],
    &["user", "add", "--username", "ada"],
    &["user", "remove", "ada", "--yes"],
    &["client", "list"],
    &["client", "add", "--name", "x", "--redirect-uri", "https://a.example/cb"],
    &["keys", "list"],
    &["keys", "rotate"],
    &["secrets", "reseal"],
];

#[test]
fn no_command_makes_a_database() {
    let house = House::new("");
    for arguments in COMMANDS {
        let refused = house.run(arguments);
        let why = said(&refused);
        assert_eq!(refused.status.code(), Some(1), "{arguments:?}: {why}");
        assert!(why.contains("there is no Vestibule database here") && why.contains("vestibule migrate"), "{arguments:?}: {why}");
        assert!(why.contains(&house.data().join("vestibule.db").display().to_string()), "{arguments:?}: {why}");
        assert!(!house.data().exists(), "{arguments:?} left {:?}", files(&house.data()));
    }
    // Checking makes nothing either, and says what will be.
    let checked = house.run(&["check-config"]);
    assert!(checked.status.success() && printed(&checked).contains("not there yet"), "{}", printed(&checked));
    assert!(!house.data().exists());
}

#[test]
fn what_is_wrong_with_the_settings_is_a_sentence_and_one() {
    let house = House::new("[server]\npublic_url = \"nowhere\"\n");
    for arguments in COMMANDS.iter().copied().chain([&["check-config"][..], &["serve"], &["migrate"]]) {
        let refused = house.run(arguments);
        assert_eq!(refused.status.code(), Some(1), "{arguments:?}");
        assert!(said(&refused).contains("[server] public_url"), "{arguments:?}: {}", said(&refused));
    }
    let missing = Command::new(env!("CARGO_BIN_EXE_vestibule"))
        .args(["user", "list", "--config", "/nowhere/config.toml"])
        .env_clear()
        .output()
        .unwrap();
    assert_eq!(missing.status.code(), Some(1));
    assert!(said(&missing).contains("/nowhere/config.toml: cannot be read"), "{}", said(&missing));
}

#[test]
fn a_command_says_which_database_it_wrote_to_and_erasing_is_confirmed() {
    let house = House::made();
    let database = house.data().join("vestibule.db").display().to_string();
    let added = house.run(&["user", "add", "--username", "ada"]);
    assert!(added.status.success() && said(&added).contains(&database), "{}", said(&added));
    let listed = house.run(&["user", "list"]);
    assert!(!said(&listed).contains(&database), "who only reads is told on demand: {}", said(&listed));
    let listed = house.run(&["user", "list", "--verbose"]);
    assert!(said(&listed).contains(&database) && said(&listed).contains("config.toml"), "{}", said(&listed));

    let refused = house.run(&["user", "remove", "ada"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains("--yes"), "{}", said(&refused));
    let refused = house.run(&["user", "remove", "ada", "--json"]);
    assert_eq!(serde_json::from_slice::<Value>(&refused.stdout).unwrap()["error"], "not_confirmed");
    assert!(house.run(&["user", "show", "ada"]).status.success(), "nothing was erased");
    assert!(house.run(&["user", "remove", "ada", "--yes"]).status.success());
    assert!(!house.run(&["user", "show", "ada"]).status.success());
}

#[test]
fn lists_have_a_header_filters_and_pages() {
    let house = House::made();
    for name in ["ada", "bob", "cleo"] {
        house.json(&["user", "add", "--json"], &json!({"username": name, "name": format!("{name} of A")}));
    }
    house.run(&["user", "update", "cleo", "--admin"]);
    house.run(&["user", "disable", "bob"]);
    let lines = |arguments: &[&str]| printed(&house.run(arguments)).lines().map(str::to_owned).collect::<Vec<_>>();
    let all = lines(&["user", "list"]);
    assert_eq!(all.len(), 4, "{all:#?}");
    assert!(all[0].starts_with("ID ") && ["USER NAME", "STATE", "NAME"].iter().all(|name| all[0].contains(name)), "{}", all[0]);
    for (filter, found) in [(&["--admin"][..], "cleo"), (&["--state", "disabled"], "bob"), (&["--match", "ADA"], "ada")] {
        let arguments = [&["user", "list"], filter].concat();
        let rows = lines(&arguments);
        assert!(rows.len() == 2 && rows[1].contains(found), "{filter:?}: {rows:#?}");
    }
    // Page by page, and each once.
    let mut seen = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let mut arguments = vec!["user", "list", "--json", "--limit", "2"];
        if let Some(after) = &after {
            arguments.extend(["--after", after]);
        }
        let output = house.run(&arguments);
        let page: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(said(&output).contains("there are more"), page.len() == 2 && seen.is_empty(), "{}", said(&output));
        let Some(last) = page.last() else { break };
        after = Some(last["id"].as_str().unwrap().to_owned());
        seen.extend(page.into_iter().map(|user| user["username"].as_str().unwrap().to_owned()));
    }
    seen.sort();
    assert_eq!(seen, ["ada", "bob", "cleo"]);

    for name in ["Wiki", "Shop"] {
        house.json(&["client", "add", "--json"], &json!({"client_name": name, "redirect_uris": ["https://a.example/cb"]}));
    }
    let clients = lines(&["client", "list"]);
    assert!(clients.len() == 3 && clients[0].starts_with("CLIENT ID"), "{clients:#?}");
    let first: Value = serde_json::from_slice(&house.run(&["client", "list", "--json", "--limit", "1"]).stdout).unwrap();
    let rest = lines(&["client", "list", "--after", first[0]["client_id"].as_str().unwrap()]);
    assert!(rest.len() == 2 && rest[1].contains("Shop"), "{rest:#?}");
    assert!(lines(&["client", "list", "--match", "wik"])[1].contains("Wiki"));
    assert_eq!(lines(&["client", "list", "--kind", "public"]), Vec::<String>::new());
    house.run(&["keys", "rotate"]);
    assert!(lines(&["keys", "list"])[0].starts_with("ID "));
}

#[test]
fn keys_are_not_rotated_again_before_the_last_ones_sign() {
    let house = House::made();
    // The first keys sign at once.
    assert!(house.run(&["keys", "rotate"]).status.success());
    assert!(house.run(&["keys", "rotate"]).status.success());
    let refused = house.run(&["keys", "rotate"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains("sign from") && said(&refused).contains("--force"), "{}", said(&refused));
    let count = || house.json(&["keys", "list", "--json"], &Value::Null).as_array().unwrap().len();
    assert_eq!(count(), 6);
    assert!(house.run(&["keys", "rotate", "--force"]).status.success());
    assert_eq!(count(), 9);
    assert!(house.run(&["keys", "rotate", "--now"]).status.success());
    assert_eq!(count(), 3);
}

#[test]
fn a_redirect_uri_with_a_wildcard_is_refused_with_a_sentence() {
    let house = House::made();
    for uri in ["https://*.a.example/cb", "https://a.example/*", "https://a.example/cb?x=*"] {
        for name in ["redirect_uris", "post_logout_redirect_uris"] {
            let mut client = json!({"client_name": "Wiki", "redirect_uris": ["https://a.example/cb"]});
            client[name] = json!([uri]);
            let refused = house.give(&["client", "add", "--json"], &client.to_string());
            assert_eq!(refused.status.code(), Some(1), "{uri}");
            let answer: Value = serde_json::from_slice(&refused.stdout).unwrap();
            assert!(answer["error_description"].as_str().unwrap().contains("has a wildcard"), "{answer}");
        }
    }
}

#[test]
fn an_application_is_not_named_like_a_person() {
    let house = House::made();
    for id in ["user_01h455vb4pex5vsknk084sn02q", "USER_x"] {
        let client = json!({"client_id": id, "client_name": "Wiki", "redirect_uris": ["https://a.example/cb"]});
        let refused = house.give(&["client", "add", "--json"], &client.to_string());
        assert_eq!(refused.status.code(), Some(1), "{id}");
        assert!(printed(&refused).contains("as the ids of people do"), "{}", printed(&refused));
    }
}

#[test]
fn a_database_that_cannot_be_used_says_why() {
    let refused = |house: &House, arguments: &[&str], parts: &[&str]| {
        let output = house.run(arguments);
        let why = said(&output);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {why}");
        assert!(parts.iter().all(|part| why.contains(part)), "{arguments:?}: {parts:?} in {why}");
        assert!(!why.contains("timed out") && !why.contains("does not open"), "{why}");
    };
    // Nothing listens there.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let house = House::new(&format!("[database]\nurl = \"postgres://vestibule:secret@127.0.0.1:{port}/nowhere\"\n"));
    for arguments in [&["check-config"][..], &["migrate"]] {
        refused(&house, arguments, &[&format!("127.0.0.1:{port}"), "connection refused", "see that the server runs"]);
        assert!(!said(&house.run(&["check-config"])).contains("secret"));
    }
    // The keys of another installation, and none.
    let house = House::made();
    house.run(&["keys", "rotate"]);
    assert!(printed(&house.run(&["check-config"])).contains("the master keys fit"));
    let other = House::made();
    std::fs::copy(other.data().join("secrets.key"), house.data().join("secrets.key")).unwrap();
    for arguments in [&["check-config"][..], &["serve"], &["user", "list"]] {
        refused(&house, arguments, &["the master keys are not the ones", "secrets.key"]);
    }
    std::fs::write(house.data().join("secrets.key"), "v2:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8\n").unwrap();
    refused(&house, &["check-config"], &["the master key v1, which is not there"]);
    std::fs::remove_file(house.data().join("secrets.key")).unwrap();
    for arguments in [&["check-config"][..], &["serve"], &["user", "list"]] {
        refused(&house, arguments, &["the master keys are missing", "backup"]);
    }
    // A file that is none.
    let house = House::made();
    std::fs::write(house.data().join("vestibule.db"), "This is a letter to the operator, and no database at all.\n".repeat(100))
        .unwrap();
    let _none = (
        std::fs::remove_file(house.data().join("vestibule.db-wal")),
        std::fs::remove_file(house.data().join("vestibule.db-shm")),
    );
    for arguments in [&["check-config"][..], &["serve"], &["user", "list"]] {
        refused(&house, arguments, &["vestibule.db", "this is no SQLite database", "restore it"]);
    }
}

/// What Prometheus gets from a server that has just begun.
#[tokio::test]
async fn metrics_tell_of_the_build_the_process_the_keys_and_the_database() {
    let listen = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (server, metrics) = (listen(), listen());
    let port = server.port();
    let house = House::new(&format!(
        "[server]\nlisten = \"{server}\"\npublic_url = \"http://localhost:{port}\"\nmetrics_listen = \"{metrics}\"\n"
    ));
    let mut process = Command::new(env!("CARGO_BIN_EXE_vestibule"))
        .args(["serve", "--config"])
        .arg(&house.config)
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
    let ready = { lines }.any(|line| line.contains("is ready"));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let text = async {
        loop {
            let answer = client.get(format!("http://{metrics}/metrics")).send().await.unwrap().text().await.unwrap();
            // A job counts sessions, a moment after the start.
            if answer.contains("{job=\"measures\"}") && answer.contains("vestibule_sessions 0") {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let text = tokio::time::timeout(Duration::from_secs(20), text).await;
    let ended = (process.kill(), process.wait());
    let text = text.unwrap_or_else(|_| panic!("no sessions were counted; ready: {ready}, {ended:?}"));
    for line in [
        "vestibule_build_info{version=\"",
        "process_resident_memory_bytes ",
        "vestibule_signing_key_age_seconds{alg=\"RS256\"} ",
        "vestibule_database_connections{state=\"idle\"} ",
        "vestibule_outbox_oldest_seconds{channel=\"mail\"} 0",
        "vestibule_job_last_success_seconds{job=\"measures\"} ",
    ] {
        assert!(text.lines().any(|found| found.starts_with(line)), "{line} is missing in\n{text}");
    }
    assert!(!text.contains("channel=\"sms\"") && !text.contains("vestibule_nodes"), "what is not there is no series\n{text}");
}

/// On a server somebody else may have made the database, for us or not: it stays empty.
#[tokio::test]
async fn an_empty_database_of_a_server_stays_empty_until_the_server_fills_it() {
    let Some(place) = Place::new(Database::Postgres).await else { return };
    let Location::Postgres { url, .. } = &place.location else { return };
    let house = House::new(&format!("[database]\nurl = \"{url}\"\n"));
    for arguments in COMMANDS {
        let refused = house.run(arguments);
        assert_eq!(refused.status.code(), Some(1), "{arguments:?}");
        let why = said(&refused);
        // Without keys it ends before it asks the server.
        assert!(why.contains("the master keys are missing"), "{arguments:?}: {why}");
        assert!(!house.data().exists(), "{arguments:?}");
    }
    std::fs::create_dir(house.data()).unwrap();
    std::fs::write(house.data().join("secrets.key"), "v2:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8\n").unwrap();
    for arguments in COMMANDS {
        let why = said(&house.run(arguments));
        assert!(why.contains("there is no Vestibule database here"), "{arguments:?}: {why}");
    }
    assert!(printed(&house.run(&["check-config"])).contains("reached, and empty"));
    assert!(Store::open(&place.location).await.unwrap().pending_migrations().await.unwrap().len() > 5, "nothing was made");
    assert!(house.run(&["migrate"]).status.success());
    let rotated = house.run(&["keys", "rotate", "--verbose"]);
    let (_, at) = url.split_once('@').unwrap();
    let host = at.split('/').next().unwrap();
    assert!(rotated.status.success() && said(&rotated).contains(&format!("PostgreSQL {host}/")), "{}", said(&rotated));
    assert!(printed(&house.run(&["check-config"])).contains("the master keys fit"));
    std::fs::write(house.data().join("secrets.key"), "v2:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n").unwrap();
    let refused = house.run(&["check-config"]);
    assert!(said(&refused).contains("the master keys are not the ones"), "{}", said(&refused));
}

/// What happens next is said, with the way that there is; programs get the account alone.
#[test]
fn adding_and_inviting_say_what_happens_next() {
    let house = House::made();
    let added = house.run(&["user", "add", "--email", "ada@a.example"]);
    let text = printed(&added);
    assert!(text.contains("by a link that is mailed to ada@a.example") && text.contains("vestibule user invite user_"), "{text}");
    let invited = printed(&house.run(&["user", "invite", "ada@a.example"]));
    assert!(invited.contains("An invitation to ada@a.example is in the outbox") && invited.contains("72 hours"), "{invited}");
    let bare = printed(&house.run(&["user", "add", "--username", "bob"]));
    assert!(bare.contains("vestibule user set-password user_"), "{bare}");
    let with = printed(&house.run(&["user", "add", "--email", "cy@a.example", "--invite"]));
    assert!(with.contains("An invitation to cy@a.example"), "{with}");
    let json = house.json(&["user", "add", "--json", "--invite"], &json!({"email": "di@a.example"}));
    assert_eq!(json["email"], "di@a.example");
    let refused = house.run(&["user", "invite", "bob"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains("no e-mail address"), "{}", said(&refused));
    let both = house.run(&["user", "add", "--email", "e@a.example", "--verified", "--invite"]);
    assert!(!both.status.success());
}
