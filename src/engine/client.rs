//! A client as the rules see it: who it is, and which redirect URIs are its own.

use crate::crypto::token::constant_time_eq;
use crate::ids::ClientId;
use crate::settings::client_metadata::{ApplicationType, ValidClient};

/// A registered client.
#[derive(Clone, Debug)]
pub struct Client {
    pub id: ClientId,
    /// SHA-256. None: a public client.
    pub secret_hash: Option<[u8; 32]>,
    pub metadata: ValidClient,
}

impl Client {
    /// What pages call it.
    pub fn name(&self) -> &str {
        self.metadata.client_name.as_deref().unwrap_or(self.id.as_str())
    }

    /// The site it belongs to, for people: that of its home page, else of its first redirect URI.
    pub fn domain(&self) -> Option<String> {
        let addresses = self.metadata.client_uri.iter().chain(&self.metadata.redirect_uris);
        addresses.filter_map(|text| url::Url::parse(text).ok()).find_map(|url| url.host_str().map(str::to_owned))
    }

    pub fn is_confidential(&self) -> bool {
        self.secret_hash.is_some()
    }

    /// Client secrets are random, so SHA-256 is enough, and compared in constant time.
    pub fn has_secret(&self, secret_hash: &[u8; 32]) -> bool {
        self.secret_hash.is_some_and(|known| constant_time_eq(&known, secret_hash))
    }

    /// Whether a redirect URI is registered: letter for letter (RFC 9700 section 2.1), but for the port of a native app's loopback
    /// address (RFC 8252 section 7.3).
    pub fn owns_redirect_uri(&self, uri: &str) -> bool {
        let native = self.metadata.application_type == ApplicationType::Native;
        self.metadata.redirect_uris.iter().any(|own| own == uri || (native && same_but_for_loopback_port(own, uri)))
    }

    pub fn owns_post_logout_redirect_uri(&self, uri: &str) -> bool {
        let native = self.metadata.application_type == ApplicationType::Native;
        let own = &self.metadata.post_logout_redirect_uris;
        own.iter().any(|own| own == uri || (native && same_but_for_loopback_port(own, uri)))
    }
}

fn same_but_for_loopback_port(own: &str, uri: &str) -> bool {
    matches!((without_loopback_port(own), without_loopback_port(uri)), (Some(a), Some(b)) if a == b)
}

/// `("127.0.0.1", "/callback")` of `http://127.0.0.1:49152/callback`. Read by hand: a URL parser would forgive what must not be forgiven.
fn without_loopback_port(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let host = ["127.0.0.1", "[::1]"].into_iter().find(|host| rest.starts_with(host))?;
    let after = rest.strip_prefix(host)?;
    let Some(port_and_path) = after.strip_prefix(':') else {
        return (after.is_empty() || after.starts_with(['/', '?'])).then_some((host, after));
    };
    let end = port_and_path.find(|c: char| !c.is_ascii_digit()).unwrap_or(port_and_path.len());
    let (port, path) = port_and_path.split_at_checked(end)?;
    let ends_well = path.is_empty() || path.starts_with(['/', '?']);
    (ends_well && port.parse::<u16>().is_ok_and(|port| port > 0)).then_some((host, path))
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::crypto::token;
    use crate::settings::client_metadata::ClientMetadata;

    /// A confidential web client, changed by JSON.
    pub(crate) fn client(change: &serde_json::Value) -> Client {
        let mut metadata = serde_json::json!({
            "client_name": "Shop", "redirect_uris": ["https://shop.example/callback"], "grant_types": ["authorization_code", "refresh_token"],
        });
        if let (Some(into), Some(from)) = (metadata.as_object_mut(), change.as_object()) {
            into.extend(from.clone());
        }
        let metadata: ClientMetadata = serde_json::from_value(metadata).unwrap();
        let metadata = metadata.validate().unwrap();
        let public = metadata.auth_method.as_str() == "none";
        Client { id: "shop".parse().unwrap(), secret_hash: (!public).then(|| token::hash("secret")), metadata }
    }

    #[test]
    fn redirect_uris_are_compared_letter_for_letter() {
        let shop = client(&serde_json::json!({}));
        assert!(shop.owns_redirect_uri("https://shop.example/callback"));
        for bad in [
            "",
            "https://shop.example/callback/",
            "https://shop.example/callback?",
            "https://shop.example/callback?x=1",
            "https://shop.example/callback#",
            "https://shop.example/Callback",
            "HTTPS://shop.example/callback",
            "https://SHOP.example/callback",
            "https://shop.example:443/callback",
            "http://shop.example/callback",
            "https://shop.example/callback%20",
            "https://shop.example//callback",
            "https://shop.example/x/../callback",
            "https://shop.example/%63allback",
            "https://shop.example.evil.example/callback",
            "https://evil.example/callback",
            "https://evil.example\\@shop.example/callback",
            "https://shop.example@evil.example/callback",
            "https://shop.example/callback\n",
            "https://shop.example/callback\0",
            " https://shop.example/callback",
            "https://shop.example/callback\t",
            "//shop.example/callback",
            "javascript:alert(1)",
        ] {
            assert!(!shop.owns_redirect_uri(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_native_app_s_loopback_port_is_free() {
        let native = client(
            &serde_json::json!({"application_type": "native", "token_endpoint_auth_method": "none", "redirect_uris": ["http://127.0.0.1/cb", "http://[::1]:1234/cb", "com.example.app:/cb"]}),
        );
        for good in
            ["http://127.0.0.1/cb", "http://127.0.0.1:49152/cb", "http://[::1]/cb", "http://[::1]:1/cb", "com.example.app:/cb"]
        {
            assert!(native.owns_redirect_uri(good), "{good}");
        }
        for bad in [
            "http://127.0.0.1:/cb",
            "http://127.0.0.1:0/cb",
            "http://127.0.0.1:99999/cb",
            "http://127.0.0.1:80@evil.example/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://127.0.0.1:80.evil.example/cb",
            "https://127.0.0.1:80/cb",
            "http://127.0.0.2/cb",
            "http://localhost:80/cb",
            "http://127.0.0.1:80/cb/",
            "http://127.0.0.1:80/other",
            "http://127.0.0.1:80\\cb",
            "http://127.0.0.1:+80/cb",
            "com.example.app:/cb2",
        ] {
            assert!(!native.owns_redirect_uri(bad), "{bad}");
        }
        let web = client(&serde_json::json!({"redirect_uris": ["http://127.0.0.1/cb"]}));
        assert!(!web.owns_redirect_uri("http://127.0.0.1:49152/cb"), "only native apps have a free port");
    }

    proptest! {
        #[test]
        fn nothing_but_a_port_is_free(uri in "http://127\\.0\\.0\\.1[:@/.a-z0-9%\\\\#?]{0,12}") {
            let native = client(&serde_json::json!({"application_type": "native", "token_endpoint_auth_method": "none", "redirect_uris": ["http://127.0.0.1/cb"]}));
            if native.owns_redirect_uri(&uri) {
                let url = url::Url::parse(&uri).unwrap();
                prop_assert_eq!((url.host_str(), url.path(), url.username(), url.query(), url.fragment()), (Some("127.0.0.1"), "/cb", "", None, None));
            }
        }
    }
}
