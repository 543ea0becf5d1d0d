//! Programs: JSON in and out, beside the protocol.
//!
//! * **Here**: today the session checks for server-rendered apps and their proxies; the account and admin APIs will live here.
//! * **Not here**: pages, rules, SQL.
//! * **To add one**: a file per resource, a handler that calls one action, a line in [`router`].
//! * **Tested**: `tests/it/journeys/sites.rs` and `tests/it/journeys/forward_auth.rs`.

mod session;
mod verify;

use axum::Router;
use axum::routing::get;

use crate::actions::App;

pub fn router() -> Router<App> {
    Router::new().route("/session", get(session::show)).route("/session/verify", get(verify::verify))
}
