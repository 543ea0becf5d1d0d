//! The process under test: its commands, its start, its memory, its end.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::http::{Connection, Request};

/// The core that servers and limits run on; the generator runs on another (see `benches/run`).
const SERVER_CORE: &str = "0";

/// Where and how to run the server.
pub struct Installation {
    pub binary: PathBuf,
    pub directory: PathBuf,
    pub port: u16,
}

impl Installation {
    pub fn origin(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Where mails and texts are written to, in `mail` and `sms`.
    pub fn outbox(&self) -> PathBuf {
        self.directory.join("data").join("outbox")
    }

    fn command(&self) -> Command {
        let mut command = pinned(&self.binary);
        command.current_dir(&self.directory);
        // A developer's own settings must not change what is measured; a log level may.
        for (name, _) in std::env::vars() {
            if name.starts_with("VESTIBULE_") && !name.starts_with("VESTIBULE_LOG__") {
                command.env_remove(name);
            }
        }
        command
            .env("VESTIBULE_SERVER__PUBLIC_URL", self.origin())
            .env("VESTIBULE_SERVER__LISTEN", format!("127.0.0.1:{}", self.port))
            .env("VESTIBULE_SERVER__TRUSTED_PROXIES", "127.0.0.1")
            .env("VESTIBULE_DATA__DIR", self.directory.join("data"))
            .env("VESTIBULE_MAIL__TRANSPORT", "file")
            .env("VESTIBULE_SMS__TRANSPORT", "file")
            .env("VESTIBULE_SMS__COUNTRIES", "AT")
            .env("VESTIBULE_LIMITS__ENABLED", "false");
        command
    }

    /// Starts `vestibule serve` and waits for the first 200 of `/healthz`. Answers how long that took.
    pub async fn start(&self) -> Result<(Running, Duration)> {
        let mut command = self.command();
        command.arg("serve");
        launch(command, self.port, &self.directory.join("server.log")).await
    }

    /// Runs one of the server's commands with JSON in and out.
    pub fn json(&self, arguments: &[&str], input: &Value) -> Result<Value> {
        let mut child = self
            .command()
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("{}", self.binary.display()))?;
        child.stdin.take().context("no standard input")?.write_all(input.to_string().as_bytes())?;
        let output = child.wait_with_output()?;
        let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "`{}` failed for {input}:\n{out}{error}", arguments.join(" "));
        serde_json::from_str(&out).with_context(|| format!("`{}` printed no JSON: {out}", arguments.join(" ")))
    }
}

/// A command that runs on the servers' core.
pub fn pinned(binary: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", SERVER_CORE]).arg(binary);
    command
}

/// Starts a server and waits for the first 200 of its `/healthz`.
pub async fn launch(mut command: Command, port: u16, log: &Path) -> Result<(Running, Duration)> {
    let log_file = std::fs::File::options().create(true).append(true).open(log)?;
    command.stdin(Stdio::null()).stdout(log_file.try_clone()?).stderr(log_file);
    let begin = Instant::now();
    let mut running = Running { child: command.spawn()? };
    let mut connection = Connection::new(port);
    loop {
        // An error here is only "not listening yet".
        if let Ok(answer) = connection.send(Request { target: "/healthz", ..Request::default() }).await
            && answer.status == 200
        {
            return Ok((running, begin.elapsed()));
        }
        if let Some(status) = running.child.try_wait()? {
            bail!("the server ended ({status}):\n{}", std::fs::read_to_string(log)?);
        }
        ensure!(begin.elapsed() < Duration::from_secs(20), "no 200 from /healthz in 20 s; see {}", log.display());
        tokio::time::sleep(Duration::from_micros(500)).await;
    }
}

/// A running server; dropping it kills the process.
pub struct Running {
    child: Child,
}

impl Running {
    /// `taskset` replaces itself by the server, so this is the server's own id.
    pub fn pid(&self) -> String {
        self.child.id().to_string()
    }

    /// A memory figure of `/proc/<pid>/status` (`VmRSS`, `VmHWM`), in MiB.
    pub fn memory(&self, key: &str) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB")).with_context(|| key.to_owned())?;
        Ok(kib.parse::<f64>()? / 1024.0)
    }

    /// Ends the server with SIGTERM and waits. Answers how long that took.
    pub async fn stop(mut self) -> Result<Duration> {
        let begin = Instant::now();
        Command::new("kill").args(["-TERM", &self.pid()]).status()?;
        while begin.elapsed() < Duration::from_secs(30) {
            if self.child.try_wait()?.is_some() {
                return Ok(begin.elapsed());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        bail!("the server did not end within 30 s of SIGTERM");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Already ended: nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port of 127.0.0.1 that is free now.
pub fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
