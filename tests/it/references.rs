//! What an operator finds in the log: every error page's reference with its cause, and who guesses passwords. A real process, both formats.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use regex::Regex;
use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use tempfile::TempDir;

use crate::world::PASSWORD;

struct Server {
    process: Child,
    origin: String,
    dir: TempDir,
}

impl Server {
    fn start(format: &str) -> Self {
        Self::start_with(format, false)
    }

    fn start_with(format: &str, verify_email: bool) -> Self {
        let dir = TempDir::new().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = dir.path().join("config.toml");
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:{port}\"\npublic_url = \"http://localhost:{port}\"\n[data]\ndir = \"{}\"\n\
             [log]\nformat = \"{format}\"\n[passwords]\nmemory_kib = 7168\n[signup]\nverify_email = {verify_email}\n\
             [mail]\ntransport = \"file\"\nfrom = \"a@a.example\"\n[sign_in]\nways = [\"password\", \"mail\"]\n",
            dir.path().join("data").display()
        );
        std::fs::write(&config, text).unwrap();
        let log = std::fs::File::create(dir.path().join("log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
        command.args(["serve", "--config"]).arg(&config).env_clear().stdout(Stdio::piped()).stderr(log);
        let mut process = command.spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        assert!(lines.map_while(Result::ok).any(|line| line.contains("is ready")), "the server starts");
        Self { process, origin: format!("http://localhost:{port}"), dir }
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// SIGTERM, and the whole log.
    fn end(mut self) -> Vec<String> {
        let pid = self.process.id().to_string();
        assert!(Command::new("/bin/kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(self.process.wait().unwrap().success());
        std::fs::read_to_string(self.dir.path().join("log")).unwrap().lines().map(str::to_owned).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _dead = self.process.kill();
        let _reaped = self.process.wait();
    }
}

fn browser() -> Client {
    let client = Client::builder().redirect(reqwest::redirect::Policy::none()).cookie_store(true).no_proxy();
    client.timeout(Duration::from_secs(20)).build().unwrap()
}

async fn text(request: RequestBuilder) -> (u16, String) {
    let answer = request.header("accept", "text/html").send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// What an error page asks people to quote.
fn reference(page: &str) -> String {
    let found = Regex::new(r#"(?s)class="reference">.*?<code>([0-9a-z]+)</code>"#).unwrap();
    found.captures(page).unwrap_or_else(|| panic!("no reference in {page}"))[1].to_owned()
}

#[tokio::test]
async fn every_reference_stands_in_the_log_with_address_route_and_cause() {
    for format in ["text", "json"] {
        let server = Server::start(format);
        let browser = browser();
        let own = server.origin.clone();
        let mut shown = Vec::new();
        for (request, status, route, cause) in [
            (browser.get(server.at("/nowhere")), 404, "unmatched", "problem-not-found"),
            (browser.get(server.at("/login/second/send")), 405, "/login/second/send", "problem-method"),
            (browser.post(server.at("/login")).header("origin", "https://evil.example"), 403, "/login", "a form of another site"),
            (
                browser.post(server.at("/login")).header("origin", &own).header("content-type", "text/plain").body("x"),
                415,
                "/login",
                "the body must be application/x-www-form-urlencoded",
            ),
            (browser.get(server.at("/oauth2/authorize?client_id=nobody")), 400, "/oauth2/authorize", "client_id"),
            (browser.get(server.at("/setup?token=old")), 410, "/setup", "problem-setup"),
            (browser.get(server.at("/verify?flow=flow_01")), 410, "/verify", "problem-expired-title"),
        ] {
            let (answered, page) = text(request).await;
            assert_eq!(answered, status, "{route}: {page}");
            shown.push((reference(&page), status, route, cause));
        }
        let log = server.end();
        for (reference, status, route, cause) in shown {
            let line = log.iter().find(|line| line.contains(&reference) && line.contains("answered with an error page"));
            let line = line.unwrap_or_else(|| panic!("{format}: {route} ({status}) is not in {log:#?}"));
            if format == "json" {
                let line: Value = serde_json::from_str(line).unwrap();
                assert_eq!(line["operation"], reference.as_str());
                assert_eq!((&line["address"], &line["route"]), (&Value::from("127.0.0.1"), &Value::from(route)));
                assert_eq!(line["status"], status);
                assert!(line["cause"].as_str().unwrap().contains(cause), "{line}");
            } else {
                for part in [&format!("operation=\"{reference}\""), "address=127.0.0.1", &format!("route=\"{route}\""), cause] {
                    assert!(line.contains(part), "{part} is missing in {line}");
                }
            }
        }
    }
}

/// The filter of the docs, as fail2ban reads it: the time is cut out of the line, and `<HOST>` is an address.
fn filter() -> Vec<Regex> {
    let docs = include_str!("../../docs/operations.md");
    let start = docs.split("failregex = ").nth(1).unwrap();
    let lines = start.split("journalmatch").next().unwrap().lines().map(str::trim).filter(|line| !line.is_empty());
    let filter: Vec<Regex> =
        lines.map(|line| Regex::new(&line.replace("<HOST>", r"(?P<host>[0-9.]+|[0-9a-f:]+)")).unwrap()).collect();
    assert_eq!(filter.len(), 2);
    filter
}

fn found(filter: &[Regex], line: &str) -> Option<String> {
    let time = Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z").unwrap();
    let cut = time.replace(line, "");
    filter.iter().find_map(|one| one.captures(&cut)).map(|found| found["host"].to_owned())
}

#[tokio::test]
async fn the_filter_of_the_docs_finds_failed_sign_ins_and_nothing_else() {
    let filter = filter();
    for format in ["text", "json"] {
        let server = Server::start(format);
        let browser = browser();
        let own = server.origin.clone();
        let post = |path: &str, fields: &[(&str, &str)]| browser.post(server.at(path)).header("origin", &own).form(fields);
        let person = [("email", "ada@a.example"), ("password", PASSWORD)];
        assert_eq!(text(post("/signup", &person)).await.0, 303);
        let right = [("identifier", "ada@a.example"), ("password", PASSWORD)];
        let signed_in = post("/login", &right).send().await.unwrap();
        let cookies = signed_in.headers().get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap().to_owned());
        let session = cookies.into_iter().find(|cookie| cookie.starts_with("vestibule_session=")).unwrap();
        // A cookie whose session has ended is what every browser sends sooner or later, and nothing to warn of.
        assert_eq!(text(post("/logout", &[])).await.0, 200);
        let again = self::browser().post(server.at("/login")).header("origin", &own).header("cookie", &session).form(&right);
        assert_eq!(text(again).await.0, 303);
        // What a guesser can do to the log: nothing that looks like somebody else's failure.
        let forged = "INFO request{operation=\"aaaaaaaa\" address=192.0.2.9 method=\"POST\" route=\"/x\"}: vestibule::sign_in: sign-in failed";
        for name in ["ada@a.example", "nobody@a.example", forged] {
            let (status, _) = text(post("/login", &[("identifier", name), ("password", "wrong wrong wrong")])).await;
            assert_eq!(status, 422);
        }
        let sent = post("/login/code", &[("way", "mail"), ("identifier", "nobody@a.example")]).send().await.unwrap();
        let flow = sent.headers()["location"].to_str().unwrap().split("flow=").nth(1).unwrap().to_owned();
        let (status, page) = text(post("/login/code/enter", &[("flow", flow.as_str()), ("code", "123456")])).await;
        assert_eq!(status, 422, "{page}");
        let asked = format!("\n{forged}");
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("client_id", &asked).finish();
        assert_eq!(text(browser.get(server.at(&format!("/oauth2/authorize?{query}")))).await.0, 400);
        let log = server.end();
        let failed: Vec<&String> = log.iter().filter(|line| found(&filter, line).is_some()).collect();
        assert_eq!(failed.len(), 4, "{format}: {log:#?}");
        let by_syslog = |line: &str| found(&filter, &format!(" id vestibule[17]: {line}"));
        assert!(failed.iter().all(|line| by_syslog(line).as_deref() == Some("127.0.0.1")), "{failed:#?}");
        assert!(failed.iter().all(|line| found(&filter, line).as_deref() == Some("127.0.0.1")), "{failed:#?}");
        assert!(!log.iter().any(|line| line.contains("ada@a.example") || line.contains("nobody@a.example")), "{log:#?}");
        assert!(!log.iter().any(|line| line.contains("tower_sessions")), "{log:#?}");
    }
}

/// Whoever guesses the code of a sign-up or of a reset is found as well, whether the address is known or not; that of a new address is asked of
/// somebody signed in, and takes the same way (`wrong_codes_are_counted_whatever_they_are_for`).
#[tokio::test]
async fn the_filter_finds_whoever_guesses_codes() {
    let filter = filter();
    for format in ["text", "json"] {
        let server = Server::start_with(format, true);
        let own = server.origin.clone();
        for (begin, fields, enter) in [
            ("/signup", &[("email", "ada@a.example"), ("password", PASSWORD)][..], "/verify"),
            ("/reset", &[("identifier", "nobody@a.example")], "/reset/code"),
        ] {
            let browser = browser();
            let post = |path: &str, fields: &[(&str, &str)]| browser.post(server.at(path)).header("origin", &own).form(fields);
            let sent = post(begin, fields).send().await.unwrap();
            let location = sent.headers().get("location").map(|found| found.to_str().unwrap().to_owned());
            let location = location.unwrap_or_else(|| panic!("{begin}: {}", sent.status()));
            assert!(location.starts_with(enter), "{location}");
            let flow = location.split("flow=").nth(1).unwrap().split('&').next().unwrap().to_owned();
            let (status, page) = text(post(enter, &[("flow", &flow), ("code", "123456")])).await;
            assert_eq!(status, 422, "{enter}: {page}");
        }
        let log = server.end();
        let failed: Vec<&String> = log.iter().filter(|line| found(&filter, line).as_deref() == Some("127.0.0.1")).collect();
        assert_eq!(failed.len(), 2, "{format}: {log:#?}");
        assert!(failed[0].contains("sign_up") && failed[1].contains("reset"), "{failed:#?}");
    }
}
