//! Vestibule, an OAuth 2 / `OpenID` Connect identity provider.

pub mod crypto;
pub mod ids;
pub mod time;
