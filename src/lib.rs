//! Vestibule, an OAuth 2 / OpenID Connect identity provider.

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
