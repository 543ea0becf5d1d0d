//! The codes in the mails and texts that the server under test writes to files.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::Value;

/// Codes by recipient; each is read once and its file removed, so that looking stays cheap.
#[derive(Default)]
pub struct Messages {
    outbox: PathBuf,
    codes: RefCell<HashMap<String, String>>,
}

impl Messages {
    pub fn new(outbox: PathBuf) -> Self {
        Self { outbox, codes: RefCell::default() }
    }

    /// The code for an address or number, as soon as it is there.
    pub async fn code_for(&self, to: &str) -> Result<String> {
        let begin = Instant::now();
        loop {
            if let Some(code) = self.codes.borrow_mut().remove(to) {
                return Ok(code);
            }
            self.collect()?;
            if !self.codes.borrow().contains_key(to) {
                ensure!(begin.elapsed() < Duration::from_secs(10), "no code for {to} came in 10 s");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }

    fn collect(&self) -> Result<()> {
        for kind in ["mail", "sms"] {
            let entries = match fs::read_dir(self.outbox.join(kind)) {
                // Nothing was written yet.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                entries => entries?,
            };
            for entry in entries {
                let entry = entry?;
                // A name with a dot in front is still being written.
                if entry.file_name().to_string_lossy().starts_with('.') {
                    continue;
                }
                let text = fs::read_to_string(entry.path())?;
                let found = if kind == "mail" { in_mail(&text) } else { in_text(&text) };
                // Notices of a new device have none.
                if let Some((to, code)) = found {
                    self.codes.borrow_mut().insert(to, code);
                }
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

/// The subject begins with the code.
fn in_mail(text: &str) -> Option<(String, String)> {
    let header = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    Some((header("To: ")?.trim().to_owned(), digits(header("Subject: ")?.get(..6)?)?))
}

/// The last line ends with the code.
fn in_text(text: &str) -> Option<(String, String)> {
    let message: Value = serde_json::from_str(text).ok()?;
    let (_, code) = message["body"].as_str()?.rsplit_once('#')?;
    Some((message["to"].as_str()?.to_owned(), digits(code.trim())?))
}

/// A code, and not some other six letters.
fn digits(text: &str) -> Option<String> {
    (text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_where_they_stand() {
        let expected = |to: &str| Some((to.to_owned(), "123456".to_owned()));
        let mail = "From: x\r\nTo: a@b.example\r\nSubject: 123456 is your code\r\n\r\n#654321";
        assert_eq!(in_mail(mail), expected("a@b.example"));
        let text = r#"{"id": "m", "to": "+43660", "body": "123456 is your code\n\n@localhost #123456"}"#;
        assert_eq!(in_text(text), expected("+43660"));
        assert_eq!(in_mail("To: a@b.example\r\nSubject: Sign-in from a new device\r\n"), None);
    }
}
