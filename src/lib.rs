//! Vestibule: a small OAuth 2 / `OpenID` Connect identity provider.

pub mod gateways;
pub mod http;
pub mod locale;
pub mod web;
