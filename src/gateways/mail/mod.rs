//! Mail.
//!
//! * What lives here: the form of a message on the wire, and the ways it leaves: SMTP, a file, or not at all.
//! * What may not: who gets mail and when it is tried again (`engine::outbox`); the outbox rows (`store`).
//! * How to add one: a variant of `settings::MailTransport` and of [`Mailer`], and a file like `smtp.rs`.
//! * Where it is tested: beside the code; `tests/it/smtp.rs` sends to a real SMTP server.

mod file;
pub mod letters;
mod message;
mod pieces;
mod refusal;
mod smtp;
mod transport;

pub use super::delivery::DeliveryError;
pub use message::Outgoing;
pub use transport::{Mailer, MailerError};
