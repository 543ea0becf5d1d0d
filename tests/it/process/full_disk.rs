//! A full file system: a real one, of a few megabytes, in a mount namespace of the server's own. No rights are needed where the kernel lets
//! everybody have namespaces.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{Server, config};

const IN_NAMESPACE: &str = "unshare --user --map-root-user --mount";

/// Mounts a small disk where the data are, and becomes what follows.
fn mounting(data: &Path) -> String {
    format!("mount -t tmpfs -o size=16m,mode=700 none '{}' && ", data.display())
}

/// False, with a loud word, where namespaces are not to be had; in CI that is a failure.
fn can_mount(data: &Path) -> bool {
    let script = format!("{IN_NAMESPACE} /bin/sh -c \"{}true\"", mounting(data));
    let tried = Command::new("/bin/sh").arg("-c").arg(script).output().unwrap();
    if !tried.status.success() {
        let why = String::from_utf8_lossy(&tried.stderr).into_owned();
        assert!(std::env::var_os("CI").is_none(), "no disk can be mounted, and in CI nothing is skipped: {why}");
        eprintln!("SKIPPED: no disk can be mounted here: {why}");
    }
    tried.status.success()
}

/// An answer's status and text.
fn ask(port: u16, method: &str, path: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: http://localhost:{port}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
}

/// Writes until there is no room.
fn fill(path: &Path) {
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    for size in [65_536, 512, 1] {
        let error = (0..100_000).find_map(|_| file.write_all(&vec![b'x'; size]).err()).expect("it is full in the end");
        assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
    }
}

/// Asks until the answer is this one.
fn until(port: u16, path: &str, status: u16) -> String {
    let begun = Instant::now();
    loop {
        let (found, answer) = ask(port, "GET", path, "");
        if found == status {
            return answer;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{path} is {found}, not {status}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn reset(port: u16, number: u32) -> (u16, String) {
    ask(port, "POST", "/reset", &format!("identifier=somebody{number}%40a.example"))
}

/// Nothing can be written, everything is answered, and when there is room again nobody has to do anything.
#[test]
fn a_full_disk_is_said_and_got_over() {
    let dir = TempDir::new().unwrap();
    let config = config(dir.path(), "config.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{text}[limits]\nenabled = false\n")).unwrap();
    let data = dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    if !can_mount(&data) {
        return;
    }
    let log = dir.path().join("log");
    let script = format!("exec {IN_NAMESPACE} /bin/sh -c \"{}exec \\\"\\$0\\\" \\\"\\$@\\\"\" \"$0\" \"$@\"", mounting(&data));
    let process = Command::new("/bin/sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_vestibule"), "serve", "--config"])
        .arg(&config)
        .env("RUST_BACKTRACE", "1")
        .stdout(Stdio::from(File::create(&log).unwrap()))
        .stderr(Stdio::from(OpenOptions::new().append(true).open(&log).unwrap()))
        .spawn()
        .unwrap();
    let mut server = Server(process);
    let port: u16 = text.split("127.0.0.1:").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        let said = || std::fs::read_to_string(&log).unwrap();
        assert!(begun.elapsed() < Duration::from_secs(30) && server.0.try_wait().unwrap().is_none(), "{}", said());
        std::thread::sleep(Duration::from_millis(50));
    }
    until(port, "/readyz", 200);
    assert_eq!(reset(port, 0).0, 303);

    // Its disk as seen from here.
    let inside: PathBuf = format!("/proc/{}/root{}", server.0.id(), data.display()).into();
    assert!(inside.join("vestibule.db").exists() && !data.join("vestibule.db").exists(), "it is a disk of its own");
    let filler = inside.join("filler");
    fill(&filler);
    // The log of the database may have room in itself for a while.
    let begun = Instant::now();
    let mut number = 1;
    let refused = loop {
        let (status, answer) = reset(port, number);
        if status != 303 {
            assert_eq!(status, 503, "{answer}");
            break answer;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{number} are written on a full disk");
        number += 1;
    };
    let said = until(port, "/readyz", 503);
    assert!(said.contains("cannot be written") && !said.contains("filler") && !said.contains("SQLITE"), "{said}");
    assert_eq!(ask(port, "GET", "/healthz", "").0, 200, "it lives, and a restart would not help");
    assert_eq!(ask(port, "GET", "/login", "").0, 200, "what needs no write works");
    // Many at once: each is answered, with a reference that the log has.
    let mut asked: Vec<_> = (0..40).map(|number| std::thread::spawn(move || reset(port, 1_000_000 + number))).collect();
    let mut answers: Vec<_> = asked.drain(..).map(|one| one.join().unwrap()).collect();
    answers.push((503, refused));
    for (status, answer) in &answers {
        assert_eq!(*status, 503, "{answer}");
        let reference =
            answer.split("Reference").nth(1).and_then(|rest| rest.split("<code>").nth(1)).and_then(|rest| rest.split('<').next());
        let reference = reference.unwrap_or_else(|| panic!("no reference in {answer}"));
        let lines = std::fs::read_to_string(&log).unwrap();
        assert!(
            lines.lines().any(|line| line.contains(reference) && line.contains("the store failed")),
            "{reference} in\n{lines}"
        );
    }

    std::fs::remove_file(&filler).unwrap();
    until(port, "/readyz", 200);
    let (status, answer) = reset(port, 2_000_000);
    assert_eq!(status, 303, "{answer}");
    server.signal("-TERM");
    assert!(server.0.wait().unwrap().success());
    let lines = std::fs::read_to_string(&log).unwrap();
    assert!(!lines.contains("panicked"), "{lines}");
}
