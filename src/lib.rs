//! Vestibule, an OAuth 2 / OpenID Connect identity provider.

pub mod crypto;
pub mod dev;
pub mod engine;
pub mod gateways;
pub mod http;
pub mod ids;
pub mod locale;
pub mod pages;
pub mod settings;
pub mod store;
pub mod telemetry;
pub mod time;
pub mod web;
