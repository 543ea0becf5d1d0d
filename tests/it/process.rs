//! The server as a process: alone on its database, its files for their owner, its signals, and whether it says that it can be used.

mod full_disk;

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;
use vestibule::store::Location;

use crate::world::{Database, Place, World};

fn config(dir: &Path, name: &str) -> PathBuf {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:{port}\"\npublic_url = \"http://localhost:{port}\"\n[data]\ndir = \"{}\"\n",
        dir.join("data").display()
    );
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn vestibule(before: &str, arguments: &[&str], config: &Path) -> Command {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(format!("{before}exec \"$0\" \"$@\"")).arg(env!("CARGO_BIN_EXE_vestibule"));
    command.args(arguments).arg("--config").arg(config).env_clear().stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// It is killed with the value.
struct Server(Child);

impl Server {
    fn start(before: &str, config: &Path) -> Self {
        let mut process = vestibule(before, &["serve"], config).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        assert!(lines.map_while(Result::ok).any(|line| line.contains("is ready")), "the server starts");
        Self(process)
    }

    fn signal(&self, signal: &str) {
        let pid = self.0.id().to_string();
        assert!(Command::new("/bin/kill").args([signal, &pid]).status().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _dead = self.0.kill();
        let _reaped = self.0.wait();
    }
}

fn run(arguments: &[&str], config: &Path) -> Output {
    vestibule("", arguments, config).output().unwrap()
}

#[test]
fn one_server_a_sqlite_file_and_commands_beside_it() {
    let dir = TempDir::new().unwrap();
    let (first, second) = (config(dir.path(), "first.toml"), config(dir.path(), "second.toml"));
    let server = Server::start("", &first);
    for command in ["serve", "dev"] {
        let refused = run(&[command], &second);
        let why = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(1), "{command}: {why}");
        assert!(why.contains("another Vestibule") && why.contains(&format!("process {}", server.0.id())), "{command}: {why}");
    }
    let listed = run(&["user", "list", "--json"], &second);
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    // SIGKILL: the kernel lets go.
    drop(server);
    Server::start("", &second);
}

#[test]
fn a_hangup_ends_the_server_in_good_order_and_under_nohup_it_does_not() {
    let dir = TempDir::new().unwrap();
    let config = config(dir.path(), "config.toml");
    let mut server = Server::start("", &config);
    server.signal("-HUP");
    assert!(server.0.wait().unwrap().success());
    let mut server = Server::start("trap '' HUP; ", &config);
    server.signal("-HUP");
    std::thread::sleep(Duration::from_millis(300));
    assert!(server.0.try_wait().unwrap().is_none(), "it was started to outlive its terminal");
    server.signal("-TERM");
    assert!(server.0.wait().unwrap().success());
}

fn open_files(dir: &Path) -> Vec<String> {
    let mut open = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.metadata().unwrap().permissions().mode() & 0o077 != 0 {
            open.push(path.display().to_string());
        }
        if path.is_dir() {
            open.extend(open_files(&path));
        }
    }
    open
}

#[test]
fn nothing_that_is_written_is_for_others() {
    let dir = TempDir::new().unwrap();
    let config = config(dir.path(), "config.toml");
    let data = dir.path().join("data");
    let server = Server::start("umask 000; ", &config);
    let person = br#"{"email": "ada@a.example"}"#;
    let mut add = vestibule("umask 000; ", &["user", "add", "--json"], &config).stdin(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut add.stdin.take().unwrap(), person).unwrap();
    assert!(add.wait().unwrap().success());
    assert_eq!(open_files(&data), Vec::<String>::new());
    assert!(data.join("vestibule.db-wal").exists() && data.join("secrets.key").exists());
    assert_eq!(data.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    drop(server);
    // What an earlier version, or somebody, has opened is closed at the next start.
    for name in ["vestibule.db", "secrets.key"] {
        std::fs::set_permissions(data.join(name), std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    let _server = Server::start("", &config);
    assert_eq!(open_files(&data), Vec::<String>::new());
}

#[tokio::test]
async fn a_server_that_cannot_write_is_not_ready() {
    let world = World::new().await;
    let Location::Sqlite(path) = &world.place.location else { panic!() };
    let mut c = SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
    let mut browser = world.browser();
    assert_eq!(browser.get("/readyz").await.status, 200);
    let full = "CREATE TRIGGER full BEFORE UPDATE ON facts BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END";
    sqlx::raw_sql(full).execute(&mut c).await.unwrap();
    assert_eq!(browser.get("/readyz").await.status, 200, "an answer is good for a second");
    world.advance(2);
    assert_eq!(browser.get("/readyz").await.status, 503);
    sqlx::raw_sql("DROP TRIGGER full").execute(&mut c).await.unwrap();
    world.advance(2);
    assert_eq!(browser.get("/readyz").await.status, 200, "and it comes back");
    // Somebody holds the only writer's place: reads go on, and nothing can be written.
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut c).await.unwrap();
    world.advance(2);
    let asked = tokio::time::timeout(Duration::from_secs(4), browser.get("/readyz")).await.expect("within a bound");
    assert_eq!(asked.status, 503);
    sqlx::raw_sql("ROLLBACK").execute(&mut c).await.unwrap();
}

#[tokio::test]
async fn being_asked_at_once_costs_one_write() {
    for database in Database::BOTH {
        let Some(place) = Place::new(database).await else { continue };
        let world = World::at(place, "").await;
        let mut asking = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let mut browser = world.browser();
            asking.spawn(async move { browser.get("/readyz").await.status });
        }
        assert!(asking.join_all().await.into_iter().all(|status| status == 200), "{database:?}");
    }
}

#[test]
fn development_says_where_mail_and_texts_are() {
    let dir = TempDir::new().unwrap();
    let config = config(dir.path(), "config.toml");
    let mut process = vestibule("", &["dev"], &config).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
    let said: Vec<String> = lines.take_while(|line| !line.contains("is ready")).collect();
    let server = Server(process);
    assert!(said.iter().any(|line| line.contains("/dev/mail") && line.contains("/dev/sms")), "{said:#?}");
    drop(server);
}
