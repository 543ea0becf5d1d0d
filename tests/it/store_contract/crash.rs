//! `kill -9` at any moment: what was acknowledged to somebody is there after the next start.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::world::PASSWORD;

/// The real server, in a process of its own.
struct Server(Child);

impl Server {
    fn start(config: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_vestibule"))
            .args(["serve", "--config"])
            .arg(config)
            .env_clear()
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        assert!(lines.map_while(Result::ok).any(|line| line.contains("is ready")), "the server starts");
        Self(process)
    }

    /// SIGKILL.
    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn browser() -> reqwest::Client {
    let timeout = Duration::from_secs(20);
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(timeout).no_proxy().build().unwrap()
}

async fn post(
    browser: &reqwest::Client,
    url: &str,
    cookie: Option<&str>,
    form: &[(&str, &str)],
) -> reqwest::Result<reqwest::Response> {
    let mut request = browser.post(url).header("origin", "http://localhost:8080").form(form);
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    request.send().await
}

/// Signs up one account after the other and names each one; keeps the addresses, cookies and names that the server has acknowledged.
async fn sign_up_until_it_dies(origin: String, round: usize, who: usize) -> Vec<(String, String, Option<String>)> {
    let browser = browser();
    let mut acknowledged = Vec::new();
    for number in 0.. {
        let email = format!("p{round}-{who}-{number}@a.example");
        let fields = [("email", email.as_str()), ("password", PASSWORD)];
        let Ok(answer) = post(&browser, &format!("{origin}/signup"), None, &fields).await else { break };
        assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap());
        let mut set = answer.headers().get_all("set-cookie").iter().map(|line| line.to_str().unwrap());
        let cookie = set.rfind(|line| line.starts_with("vestibule_session=")).unwrap().split(';').next().unwrap().to_owned();
        acknowledged.push((email, cookie.clone(), None));
        let name = format!("Name {round} {who} {number}");
        let Ok(answer) = post(&browser, &format!("{origin}/account/profile"), Some(&cookie), &[("name", &name)]).await else {
            break;
        };
        assert_eq!(answer.headers()["location"], "/account/profile?notice=saved");
        acknowledged.last_mut().unwrap().2 = Some(name);
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_acknowledged_survives_kill_9() {
    let dir = TempDir::new().unwrap();
    let config = dir.path().join("config.toml");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let data = dir.path().join("data");
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:{port}\"\n[data]\ndir = \"{}\"\n[passwords]\nmemory_kib = 8\niterations = 1\n\
         [signup]\nverify_email = false\n[limits]\nenabled = false\n",
        data.display()
    );
    fs::write(&config, text).unwrap();
    let origin = format!("http://127.0.0.1:{port}");
    let mut acknowledged = Vec::new();
    for round in 0..3 {
        let server = Server::start(&config);
        let people: Vec<_> = (0..4).map(|who| tokio::spawn(sign_up_until_it_dies(origin.clone(), round, who))).collect();
        tokio::time::sleep(Duration::from_millis(1200)).await;
        server.kill();
        for person in people {
            acknowledged.extend(person.await.unwrap());
        }
    }
    assert!(acknowledged.len() > 10, "only {} changes were made", acknowledged.len());
    let server = Server::start(&config);
    let browser = browser();
    for (email, cookie, name) in &acknowledged {
        let answer = browser.get(format!("{origin}/session")).header("cookie", cookie).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{email} is signed in still, of {}", acknowledged.len());
        let told: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(told["user"]["email"], *email);
        if let Some(name) = name {
            let page = browser.get(format!("{origin}/account/profile")).header("cookie", cookie).send().await.unwrap();
            assert!(page.text().await.unwrap().contains(name), "{name}");
        }
    }
    server.kill();
}
