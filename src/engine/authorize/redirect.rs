//! Trust: is the client known, and is the redirect URI its own? Until then an error is a page.

use super::response::ResponseMode;
use crate::engine::client::Client;
use crate::engine::params::Params;

/// Where an answer or error may be sent. Only [`trust`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trusted {
    /// Private, so that no other module can make one.
    redirect_uri: String,
    pub redirect_uri_sent: bool,
    pub state: Option<String>,
    pub response_mode: ResponseMode,
}

impl Trusted {
    /// Where the client waits for the answer, letter for letter as it was registered or sent.
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }
}

/// Why nothing may be sent anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    #[error("client_id is missing or was sent twice")]
    ClientMissing,
    #[error("no client has this client_id")]
    ClientUnknown,
    #[error("redirect_uri is missing or was sent twice")]
    RedirectMissing,
    #[error("redirect_uri is not registered for this client")]
    RedirectUnknown,
}

/// A request with a longer state is refused, and the refusal does not repeat it.
pub const LONGEST_STATE: usize = 4096;

/// OpenID Connect requires `redirect_uri`; plain OAuth may leave it out where only one is registered (RFC 6749 section 3.1.2.3).
pub fn trust(client: &Client, params: &Params) -> Result<Trusted, Untrusted> {
    let sent = params.one("redirect_uri").map_err(|_| Untrusted::RedirectMissing)?;
    let redirect_uri = match (sent, client.metadata.redirect_uris.as_slice()) {
        (Some(uri), _) if client.owns_redirect_uri(uri) => uri,
        (Some(_), _) => return Err(Untrusted::RedirectUnknown),
        (None, [only]) if !params.all("scope").any(|scope| scope.split(' ').any(|value| value == "openid")) => only,
        (None, _) => return Err(Untrusted::RedirectMissing),
    };
    // A doubled state or an unknown response_mode is an error, and travels without the one and by the default of the other.
    // One that is too long for us would make an address that is too long for every proxy.
    let state = params.one("state").ok().flatten().filter(|state| state.len() <= LONGEST_STATE).map(str::to_owned);
    let response_mode = params.one("response_mode").ok().flatten().and_then(ResponseMode::named).unwrap_or_default();
    Ok(Trusted { redirect_uri: redirect_uri.to_owned(), redirect_uri_sent: sent.is_some(), state, response_mode })
}

impl super::AuthorizationRequest {
    /// A request that has passed its checks stays trusted as long as its redirect URI is still registered.
    pub fn still_trusted(&self, client: &Client) -> Result<Trusted, Untrusted> {
        if !client.owns_redirect_uri(&self.redirect_uri) {
            return Err(Untrusted::RedirectUnknown);
        }
        Ok(Trusted {
            redirect_uri: self.redirect_uri.clone(),
            redirect_uri_sent: self.redirect_uri_sent,
            state: self.state.clone(),
            response_mode: self.response_mode,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::client::tests::client;

    #[test]
    fn only_a_registered_redirect_uri_is_trusted() {
        let shop = client(&json!({}));
        let good =
            Params::from([("redirect_uri", "https://shop.example/callback"), ("state", "s"), ("response_mode", "form_post")]);
        let trusted = trust(&shop, &good).unwrap();
        assert_eq!(
            (trusted.redirect_uri(), trusted.state.as_deref(), trusted.response_mode),
            ("https://shop.example/callback", Some("s"), ResponseMode::FormPost)
        );
        for (params, error) in [
            (Params::from([("redirect_uri", "https://evil.example/")]), Untrusted::RedirectUnknown),
            (
                Params::from([
                    ("redirect_uri", "https://shop.example/callback"),
                    ("redirect_uri", "https://shop.example/callback"),
                ]),
                Untrusted::RedirectMissing,
            ),
            (Params::from([("scope", "openid")]), Untrusted::RedirectMissing),
        ] {
            assert_eq!(trust(&shop, &params), Err(error));
        }
    }

    #[test]
    fn plain_oauth_may_leave_out_the_only_one() {
        let trusted = trust(&client(&json!({})), &Params::from([("scope", "read")])).unwrap();
        assert!(!trusted.redirect_uri_sent);
        let two = client(&json!({"redirect_uris": ["https://a.example/", "https://b.example/"]}));
        assert_eq!(trust(&two, &Params::from([("scope", "read")])), Err(Untrusted::RedirectMissing));
    }
}
