//! Vestibule, an OAuth 2 / OpenID Connect identity provider.
//!
//! # The map
//!
//! A request runs from top to bottom: route → handler → action → engine → store.
//!
//! * [`web`] people's pages and forms, [`oidc`] the protocol's endpoints, [`api`] programs, [`dev`] what only `vestibule dev` has, [`jobs`] loops.
//!   They translate: extract, call one action, answer.
//! * [`actions`] carry out: load, let the engine decide, save, tell. The only room that begins and commits transactions.
//! * [`engine`] decides. Pure: no async, no HTTP, no SQL, no clock and no randomness of its own.
//! * [`store`] rows in and out: the only room that knows SQL. [`gateways`] the outside world: mail, HTTPS.
//! * [`http`] what every request shares: the server loop, the visitor, cookies, headers. [`pages`] the view models of every page.
//! * Leaves, which import no room: [`settings`], [`crypto`], [`telemetry`], [`locale`], [`ids`], [`time`].
//! * [`app`] puts the routes together, [`start`] opens what is there and makes what is missing, [`cli`] is the command line.
//!
//! Who may import whom, and nothing else (`tests/it/architecture.rs` reads the `use` lines):
//!
//! ```text
//! web  oidc  api  jobs  dev  →  http  pages  actions  →  engine  store  gateways
//!                                                        engine  →  crypto (pure functions)
//!                                                        store   →  engine (its types)
//! ```
//!
//! The rooms of the first line never import each other, nor `store` or `gateways`.

pub mod actions;
pub mod api;
pub mod app;
pub mod cli;
pub mod crypto;
pub mod dev;
pub mod engine;
pub mod gateways;
pub mod http;
pub mod ids;
pub mod jobs;
pub mod locale;
pub mod oidc;
pub mod pages;
pub mod settings;
pub mod start;
pub mod store;
pub mod telemetry;
pub mod time;
pub mod web;
