//! Client credentials (RFC 6749 section 4.4): a token of the client itself. Nothing is read or written.

use super::issue::client_token;
use super::{TokenAnswer, TokenError};
use crate::actions::App;
use crate::engine::client::Client;
use crate::engine::oauth_error::Code;
use crate::engine::scope::STANDARD;

/// `scope` may be any part of what the client is registered for; scopes about a person are left out, for there is none.
pub(super) fn issue(app: &App, client: &Client, scope: Option<&str>) -> Result<TokenAnswer, TokenError> {
    if !client.is_confidential() {
        return Err(TokenError::new(Code::UnauthorizedClient, "a public client has no credentials"));
    }
    client_token(app, client, &granted(client, scope)?)
}

fn granted(client: &Client, scope: Option<&str>) -> Result<String, TokenError> {
    let registered = &client.metadata.scope;
    let asked = |value: &&String| scope.is_none_or(|scope| scope.split(' ').any(|asked| asked == value.as_str()));
    let unknown = |value: &str| !value.is_empty() && !registered.iter().any(|known| known == value);
    if scope.is_some_and(|scope| scope.split(' ').any(unknown)) {
        return Err(TokenError::new(Code::InvalidScope, "the client may not use this scope"));
    }
    let mut granted = String::new();
    for value in registered.iter().filter(asked).filter(|value| !STANDARD.contains(&value.as_str())) {
        if !granted.is_empty() {
            granted.push(' ');
        }
        granted.push_str(value);
    }
    Ok(granted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::client::tests::client;

    #[test]
    fn the_scope_is_a_part_of_the_registered_one() {
        let service = client(
            &serde_json::json!({"grant_types": ["authorization_code", "client_credentials"], "scope": "openid read write"}),
        );
        let granted = |scope| granted(&service, scope).ok();
        assert_eq!(granted(None).as_deref(), Some("read write"));
        assert_eq!(granted(Some("write")).as_deref(), Some("write"));
        assert_eq!(granted(Some("write  read")).as_deref(), Some("read write"));
        assert_eq!(granted(Some("openid")).as_deref(), Some(""));
        assert_eq!(granted(Some("write delete")), None);
        assert_eq!(granted(Some("writ")), None);
    }
}
