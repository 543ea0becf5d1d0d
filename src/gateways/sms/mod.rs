//! Text messages.
//!
//! * What lives here: the words of a text (`texts.rs`), and the ways it leaves: a file a provider, each with its wire format.
//! * What may not: who gets texts and how many (`engine::sms_guard`), when they are tried again (`engine::outbox`), rows.
//! * How to add a provider: a variant of `settings::SmsProvider`, and a file like `vonage.rs` that makes the request, knows
//!   what an accepting answer looks like, and finds the words of a refusal.
//! * Where it is tested: beside the code; `tests/it/sms` runs against servers that speak each provider's format.

mod answer;
mod bird;
mod file;
mod http;
mod texter;
pub mod texts;
mod twilio;
mod vonage;

pub use texter::{Outgoing, Texter};
