//! The protocol: a file per RFC or specification, a test per clause, named after the rule.
//!
//! * **Here**: what a relying party or a browser can see over HTTP, each rule by itself; [`house`] is the server under test with its clients
//!   and people, [`walk`] the way through its pages, [`wire`] requests and answers.
//! * **Not here**: whole stories (`journeys`), races below the protocol (`store_contract`), how pages look (`pages`).
//! * **To add one**: a function in the file of its document, with the section beside it.
//! * **Tested**: these are the tests.

pub mod house;
pub mod jwt;
pub mod walk;
pub mod wire;

mod form_post;
mod hints;
mod offline;
mod oidc_core;
mod oidc_discovery;
mod rfc6238;
mod rfc6749;
mod rfc6749_clients;
mod rfc6749_refresh;
mod rfc6750;
mod rfc7009;
mod rfc7636;
mod rfc7662;
mod rfc8176;
mod rfc8252;
mod rfc8414;
mod rfc8725;
mod rfc9068;
mod rfc9207;
mod rfc9700;
mod rp_initiated_logout;
