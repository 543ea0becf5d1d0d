//! A log that nobody takes: the server answers all the same. A real process, its standard error closed, full or stalled.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::world::PASSWORD;

/// What is on the other end of standard error.
#[derive(Clone, Copy, Debug)]
enum Log {
    /// A pipe whose reader is dead.
    Gone,
    /// A full disk.
    Full,
    /// A pipe that nobody reads.
    Stalled,
    /// Nothing: closed before the start.
    Closed,
}

struct Server {
    process: Child,
    origin: String,
    _dir: TempDir,
    /// Keeps the pipe open.
    _log: Option<std::process::ChildStderr>,
}

impl Server {
    fn start(log: Log, format: &str) -> Self {
        let dir = TempDir::new().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = dir.path().join("config.toml");
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:{port}\"\npublic_url = \"http://localhost:{port}\"\n[data]\ndir = \"{}\"\n\
             [log]\nformat = \"{format}\"\nlevel = \"trace\"\n[limits]\nenabled = false\n[passwords]\nmemory_kib = 7168\n\
             [signup]\nverify_email = false\n",
            dir.path().join("data").display()
        );
        std::fs::write(&config, text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
        command.args(["serve", "--config"]).arg(&config).env_clear().stdout(Stdio::piped());
        match log {
            Log::Gone | Log::Stalled => command.stderr(Stdio::piped()),
            Log::Full => command.stderr(OpenOptions::new().write(true).open("/dev/full").unwrap()),
            Log::Closed => {
                let mut shell = Command::new("/bin/sh");
                shell.args(["-c", "exec \"$0\" \"$@\" 2>&-"]).arg(command.get_program()).args(command.get_args());
                command = shell;
                command.env_clear().stdout(Stdio::piped())
            }
        };
        let mut process = command.process_group(0).spawn().unwrap();
        // Dropped, unless somebody is to hold it without reading.
        let pipe = process.stderr.take();
        let log = pipe.filter(|_| matches!(log, Log::Stalled));
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        assert!(lines.map_while(Result::ok).any(|line| line.contains("is ready")), "the server starts");
        Self { process, origin: format!("http://localhost:{port}"), _dir: dir, _log: log }
    }

    /// SIGTERM, and how long it takes to end.
    fn stop(&mut self) -> Duration {
        let pid = self.process.id().to_string();
        let started = Instant::now();
        assert!(Command::new("/bin/kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(self.process.wait().unwrap().success());
        started.elapsed()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _dead = self.process.kill();
        let _reaped = self.process.wait();
    }
}

async fn post(browser: &reqwest::Client, origin: &str, path: &str, form: &[(&str, &str)]) -> reqwest::Response {
    let answer = browser.post(format!("{origin}{path}")).header("origin", origin).form(form).send().await;
    answer.unwrap_or_else(|error| panic!("{path} was not answered: {error}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_is_answered_whatever_became_of_the_log() {
    for (log, format) in [
        (Log::Gone, "text"),
        (Log::Gone, "json"),
        (Log::Full, "text"),
        (Log::Full, "json"),
        (Log::Stalled, "text"),
        (Log::Stalled, "json"),
        (Log::Closed, "text"),
    ] {
        let mut server = Server::start(log, format);
        let origin = server.origin.clone();
        let browser = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(20))
            .no_proxy()
            .build()
            .unwrap();
        for number in 0..3 {
            let email = format!("p{number}@a.example");
            let fields = [("email", email.as_str()), ("password", PASSWORD)];
            let answer = post(&browser, &origin, "/signup", &fields).await;
            assert_eq!(answer.status(), 303, "{log:?} {format}: {}", answer.text().await.unwrap());
            let answer = post(&browser, &origin, "/login", &[("identifier", &email), ("password", PASSWORD)]).await;
            assert_eq!(answer.status(), 303, "{log:?} {format}");
            let answer = post(&browser, &origin, "/login", &[("identifier", &email), ("password", "wrong wrong")]).await;
            assert_eq!(answer.status(), 422, "{log:?} {format}");
        }
        // Several times what a pipe holds, at this level.
        for _ in 0..200 {
            assert_eq!(browser.get(format!("{origin}/login")).send().await.unwrap().status(), 200, "{log:?} {format}");
        }
        let took = server.stop();
        assert!(took < Duration::from_secs(15), "{log:?} {format}: ended after {took:?}");
    }
}

/// A command that fails says why on standard error, or ends without.
#[test]
fn a_command_that_cannot_say_why_it_fails_ends_all_the_same() {
    let dir = TempDir::new().unwrap();
    let config = dir.path().join("config.toml");
    std::fs::write(&config, "[sever]\n").unwrap();
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    let run = |stderr: File| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
        command.args(["serve", "--config"]).arg(&config).env_clear().stdout(full()).stderr(stderr).status().unwrap()
    };
    assert_eq!(run(full()).code(), Some(1));
}
