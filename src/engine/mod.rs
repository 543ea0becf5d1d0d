//! The rules.
//!
//! * **Here**: what may happen and what follows from it. A function takes loaded facts, `now` and, where needed, randomness,
//!   and returns a decision or a new value.
//! * **Not here**: async, HTTP, SQL, a clock, a source of randomness of its own.
//! * **To add one**: a pure function beside the type it speaks of; an enum where there is a choice; its table of cases below it.
//! * **Tested**: in each file's `tests`; whole sequences in `tests/it/journeys` and `tests/it/rfc`.

pub mod address;
pub mod authorize;
pub mod claims;
pub mod client;
pub mod codes;
pub mod confirm;
pub mod ending;
pub mod event;
pub mod external;
pub mod factor;
pub mod fleet;
pub mod flow;
pub mod grant;
pub mod key;
pub mod limit;
pub mod linking;
pub mod method;
pub mod oauth_error;
pub mod outbox;
pub mod ownership;
pub mod params;
pub mod passkey;
pub mod password;
pub mod phone;
pub mod recovery;
pub mod refresh;
pub mod scope;
pub mod session;
pub mod sign_in;
pub mod site;
pub mod sms_guard;
pub mod text;
pub mod totp;
pub mod user;
