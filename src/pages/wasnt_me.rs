//! "This was not me": locking an account that somebody else is in.

use askama::Template;

use crate::http::shell::Shell;

/// `/wasnt-me`: what one press does. Fields: `token`, and `confirm`, which must be ticked: scanners press buttons, they do not tick.
#[derive(Clone, Debug, Template)]
#[template(path = "wasnt_me.html")]
pub struct WasntMe {
    pub shell: Shell,
    pub token: String,
    /// How far back changes are undone.
    pub hours: i64,
}

/// Something that leads into the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOver {
    pub name: String,
    /// It was removed, and has just come back.
    pub restored: bool,
}

/// What was done, and what to do next.
#[derive(Clone, Debug, Template)]
#[template(path = "locked.html")]
pub struct Locked {
    pub shell: Shell,
    /// The address that is the account's again, masked.
    pub email: Option<String>,
    /// The number that is, masked.
    pub phone: Option<String>,
    /// Where a new password is chosen.
    pub reset: String,
    /// One from before belongs to somebody else now.
    pub taken: bool,
    /// Passkeys, second factors or connected accounts were removed or came back.
    pub credentials: bool,
    /// Connected accounts, passkeys and security keys.
    pub left: Vec<LeftOver>,
    /// A connected account alone does not sign in now.
    pub mailbox: bool,
    /// There is an address or number to which a new password can be sent for.
    pub way_in: bool,
}
