//! The outside world, as far as Vestibule calls it.
//!
//! * What lives here: the clients of other servers, today mail, text messages and the providers people
//!   sign in with. Each takes settings and values, and says what came of it.
//! * What may not: decisions (whether to send, when to try again), SQL, HTTP handlers. It imports leaves only.
//! * How to add one: a folder with its settings in `crate::settings`, one error type that knows "later" from "never", and
//!   a bound on the time of every call.
//! * Where it is tested: beside the code, and against real servers in `tests/it`.

pub mod delivery;
mod files;
pub mod http;
pub mod mail;
pub mod notice;
pub mod overrides;
pub mod proxy;
pub mod sms;
pub mod upstream;
