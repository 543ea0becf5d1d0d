//! Signing in and up, asking for a reset, and the first administrator.

use askama::Template;

use super::{Ceremony, query};
use crate::http::shell::Shell;

/// `/login`. Fields: `identifier`, `password`, `remember`, `flow`.
#[derive(Clone, Debug, Template)]
#[template(path = "login.html")]
pub struct Login {
    pub shell: Shell,
    pub flow: Option<String>,
    /// What was typed, or `login_hint`.
    pub identifier: String,
    pub remember: bool,
    pub signup_open: bool,
    /// Set when the same person must prove themselves again: the name shown in place of the field.
    pub reauthenticate: Option<String>,
    /// What the browser is asked for a passkey; the answer goes to `/login/passkey`. Fields: `credential`, `state`, `remember`, `flow`.
    pub passkey: Option<Ceremony>,
    /// What tells the browser that a passkey is of no use here any more.
    pub unknown: Option<String>,
}

impl Login {
    fn query(&self) -> String {
        query(self.flow.as_deref(), &self.identifier)
    }
}

/// `/signup`. Fields: `email`, `name`, `password`, `flow`.
#[derive(Clone, Debug, Template)]
#[template(path = "signup.html")]
pub struct Signup {
    pub shell: Shell,
    pub flow: Option<String>,
    pub email: String,
    pub name: String,
    pub min_length: i64,
}

impl Signup {
    fn query(&self) -> String {
        query(self.flow.as_deref(), &self.email)
    }
}

/// `/reset`: who wants a new password. Fields: `identifier`, `flow`.
#[derive(Clone, Debug, Template)]
#[template(path = "reset.html")]
pub struct Reset {
    pub shell: Shell,
    pub flow: Option<String>,
    pub identifier: String,
}

impl Reset {
    fn query(&self) -> String {
        query(self.flow.as_deref(), &self.identifier)
    }
}

/// `/setup`: the first administrator. Fields: `token`, `email`, `name`, `password`.
#[derive(Clone, Debug, Template)]
#[template(path = "setup.html")]
pub struct Setup {
    pub shell: Shell,
    pub token: String,
    pub email: String,
    pub name: String,
    pub min_length: i64,
}
