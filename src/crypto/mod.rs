//! Cryptography: random bytes, tokens, sealing, passwords, JOSE.
//!
//! * What lives here: every use of a cryptographic primitive. Above this room nobody names an algorithm of hashing,
//!   sealing or signing; they ask for a token, a sealed value, a verdict on a password, a signed JWT.
//! * What may not: rules (who may have a token, when it ends), SQL, HTTP, files, the clock. No input or output but CPU.
//!   Randomness comes in as [`random::Random`], time not at all.
//! * How to add one: a primitive comes from `aws-lc-rs` (passwords: `argon2`), in a file of its own named after what it
//!   is for, with the section of its specification in the docstring and a published vector or a second implementation
//!   in its tests. Secrets are `Zeroizing` and have no readable `Debug`.
//! * Where it is tested: at the end of each file.

pub mod jose;
pub mod password;
pub mod pkce;
pub mod random;
pub mod refresh;
pub mod seal;
pub mod token;

/// Ends the process because a cryptographic primitive, given valid input, did not work.
///
/// That is a system without entropy or without memory: no secret can be made or checked on it, nothing a caller could do
/// would help, and going on without would be worse. The only place in this room where the process can end.
fn unusable(what: &'static str) -> ! {
    tracing::error!("{what}; stopping");
    std::process::abort();
}
