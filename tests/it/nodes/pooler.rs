//! A real `PgBouncer` in between.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use vestibule::store::{Location, Store};

use crate::world::{Database, PASSWORD, Place, World};

const PROGRAM: &str = "/usr/sbin/pgbouncer";

struct Bouncer {
    child: Child,
    place: Place,
    _dir: TempDir,
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

impl Bouncer {
    async fn start(place: &Place, mode: &str) -> Option<Self> {
        if !Path::new(PROGRAM).exists() {
            assert!(std::env::var_os("CI").is_none(), "{PROGRAM} is missing, and in CI nothing is skipped");
            eprintln!("SKIPPED: {PROGRAM} is missing; tests/run installs it");
            return None;
        }
        let Location::Postgres { url, max_connections } = &place.location else { panic!() };
        let mut url: url::Url = url.parse().unwrap();
        let dir = TempDir::new().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let users = format!("\"{}\" \"{}\"\n", url.username(), url.password().unwrap_or_default());
        let settings = format!(
            "[databases]\n* = host={} port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = plain\nauth_file = {}\n\
             pool_mode = {mode}\ndefault_pool_size = 20\nunix_socket_dir =\n",
            url.host_str().unwrap(),
            url.port().unwrap(),
            dir.path().join("users.txt").display(),
        );
        std::fs::write(dir.path().join("users.txt"), users).unwrap();
        std::fs::write(dir.path().join("pgbouncer.ini"), settings).unwrap();
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        // It refuses to run as root.
        let mut command = Command::new(PROGRAM);
        if std::fs::metadata("/proc/self").map(|own| std::os::unix::fs::MetadataExt::uid(&own)).unwrap() == 0 {
            command.args(["-u", "nobody"]);
        }
        let child = command.arg(dir.path().join("pgbouncer.ini")).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(port)).unwrap();
        let mut place = place.clone();
        place.location = Location::Postgres { url: url.to_string(), max_connections: *max_connections };
        let bouncer = Self { child, place, _dir: dir };
        for _ in 0..200 {
            if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return Some(bouncer);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("PgBouncer does not listen");
    }
}

#[tokio::test]
async fn session_mode_works_and_transaction_mode_is_refused_with_a_sentence() {
    let Some(place) = Place::new(Database::Postgres).await else { return };
    let Some(session) = Bouncer::start(&place, "session").await else { return };
    let (one, two) = (World::at(session.place.clone(), "").await, World::at(session.place.clone(), "").await);
    let mut ada = one.sign_up("ada@a.example", PASSWORD).await;
    two.sign_in("ada@a.example", PASSWORD).await;
    assert_eq!(ada.get("/account").await.status, 200);
    assert_eq!(one.browser().get("/readyz").await.status, 200);

    // 1.21 and newer track prepared statements unless told not to; older ones do not know the setting.
    let version = Command::new(PROGRAM).arg("--version").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let minor: u32 =
        version.split(['.', ' ', '\n']).nth(2).and_then(|minor| minor.parse().ok()).unwrap_or_else(|| panic!("{version}"));
    let mode = if minor < 21 { "transaction" } else { "transaction\nmax_prepared_statements = 0" };
    let transaction = Bouncer::start(&place, mode).await.unwrap();
    let said = Store::open(&transaction.place.location).await.err().unwrap().to_string();
    assert!(said.contains("pool_mode = session"), "{said}");
}
