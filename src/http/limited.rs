//! Who is too fast: the form stays, with what was typed, and says for how long.

use std::time::Duration;

use axum::http::Method;
use axum::response::Response;

use super::shell::Shell;
use super::visitor::{Visitor, seconds};
use crate::actions::Fault;
use crate::actions::limits::Purpose;
use crate::pages::Link;

/// Whether a destination has had its messages. What was sent last is as good as before, and whoever has it need not wait.
fn is_about_messages(rule: &str) -> bool {
    rule == Purpose::Destination.as_str()
}

impl Visitor {
    /// The frame of the page on which a form was refused because a limit is reached: the page stays, with what was typed, and says for how
    /// long. Anything else is a page about the fault.
    pub fn limited(&self, shell: Shell, fault: &Fault) -> Result<Shell, Response> {
        let Fault::Limited { rule, after } = fault else { return Err(self.fault(fault)) };
        let key = if is_about_messages(rule) { "problem-messages" } else { "problem-limited" };
        let wait = self.text.with(key, &[("wait", &self.wait(*after))]);
        Ok(Self::waiting(shell, wait, *after))
    }

    /// Why a whole page says to wait, and for how long.
    pub(super) fn why_wait(&self, rule: &str, after: Duration) -> (&'static str, String) {
        let wait = self.wait(after);
        if is_about_messages(rule) {
            ("problem-messages-title", self.text.with("problem-messages", &[("wait", &wait)]))
        } else {
            ("problem-too-many-title", wait)
        }
    }

    /// The same where another message was asked for too soon.
    pub fn too_soon(&self, shell: Shell, after: Duration) -> Shell {
        let wait = self.wait(after);
        Self::waiting(shell, wait, after)
    }

    fn waiting(mut shell: Shell, text: String, after: Duration) -> Shell {
        shell.problem("", text);
        shell.retry_after = Some(after);
        shell
    }

    /// The page to try again from: this one, or the one whose form was sent. Without it the way to an application would be lost.
    pub(super) fn here_again(&self) -> Option<Link> {
        let href = if self.context.method == Method::GET {
            self.context.path_and_query().to_owned()
        } else {
            let origin = self.app.settings.origin();
            let from = self.context.header("referer").and_then(|from| from.strip_prefix(origin));
            from.filter(|path| path.starts_with('/') && !path.starts_with("//"))?.to_owned()
        };
        Some(Link { href, label: self.text.t("try-again").into_owned() })
    }

    /// When to try again, in words.
    pub fn wait(&self, after: Duration) -> String {
        let seconds = i64::try_from(seconds(after)).unwrap_or(i64::MAX);
        match seconds {
            ..=90 => self.text.number("problem-wait-seconds", "seconds", seconds),
            91..=5400 => self.text.number("problem-wait-minutes", "minutes", (seconds + 59) / 60),
            _ => self.text.number("problem-wait-hours", "hours", (seconds + 3599) / 3600),
        }
    }
}
