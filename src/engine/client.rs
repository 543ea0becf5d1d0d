//! A client as the rules see it: who it is, and which redirect URIs are its own.

use std::borrow::Cow;

use url::Url;

use crate::crypto::token::constant_time_eq;
use crate::ids::ClientId;
use crate::settings::client_metadata::{ApplicationType, ValidClient};

/// This device, as redirect URIs may name it.
const LOOPBACK: [&str; 3] = ["127.0.0.1", "[::1]", "localhost"];

/// A registered client.
#[derive(Clone, Debug)]
pub struct Client {
    pub id: ClientId,
    /// SHA-256. None: a public client.
    pub secret_hash: Option<[u8; 32]>,
    pub metadata: ValidClient,
}

impl Client {
    /// What people know it by: its name, else the site that it belongs to, else the id that somebody chose for it; never one that was made here.
    /// Last comes the address on a person's device, which says no more than that it is one. None: a service that people never meet.
    pub fn known_as(&self) -> Option<Cow<'_, str>> {
        if let Some(name) = &self.metadata.client_name {
            return Some(Cow::Borrowed(name));
        }
        let domain = self.domain().filter(|domain| !LOOPBACK.contains(&domain.as_str()));
        let known = domain.or_else(|| self.scheme()).or_else(|| (!self.id.is_generated()).then(|| self.id.to_string()));
        known.or_else(|| self.origin()).map(Cow::Owned)
    }

    /// The same; of a service, its id.
    pub fn name(&self) -> Cow<'_, str> {
        self.known_as().unwrap_or(Cow::Borrowed(self.id.as_str()))
    }

    /// The site it belongs to, for people: that of its home page, else of its first redirect URI.
    pub fn domain(&self) -> Option<String> {
        self.addresses().find_map(|url| url.host_str().map(str::to_owned))
    }

    fn addresses(&self) -> impl Iterator<Item = Url> {
        self.metadata.client_uri.iter().chain(&self.metadata.redirect_uris).filter_map(|text| Url::parse(text).ok())
    }

    /// The scheme of a native app's own: a domain of its makers', reversed (RFC 8252 section 7.1).
    fn scheme(&self) -> Option<String> {
        self.addresses().map(|url| url.scheme().to_owned()).find(|scheme| scheme.contains('.'))
    }

    /// Host and port of the first address.
    fn origin(&self) -> Option<String> {
        let with_port = |url: Url| {
            let host = url.host_str()?;
            Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
        };
        self.addresses().find_map(with_port)
    }

    pub fn is_confidential(&self) -> bool {
        self.secret_hash.is_some()
    }

    /// Client secrets are random, so SHA-256 is enough, and compared in constant time.
    pub fn has_secret(&self, secret_hash: &[u8; 32]) -> bool {
        self.secret_hash.is_some_and(|known| constant_time_eq(&known, secret_hash))
    }

    /// Whether a redirect URI is registered: letter for letter, but for the port of a native app's `localhost` (RFC 9700 section 2.1) or loopback
    /// address (RFC 8252 section 7.3). The name and the addresses are not each other: who answers at one may be another program than at the
    /// other (section 8.3).
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
    let host = LOOPBACK.into_iter().find(|host| rest.starts_with(host))?;
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
            &serde_json::json!({"application_type": "native", "token_endpoint_auth_method": "none", "redirect_uris": ["http://127.0.0.1/cb", "http://[::1]:1234/cb", "com.example.app:/cb", "http://localhost:3000/name"]}),
        );
        for good in [
            "http://127.0.0.1/cb",
            "http://127.0.0.1:49152/cb",
            "http://[::1]/cb",
            "http://[::1]:1/cb",
            "com.example.app:/cb",
            "http://localhost:3000/name",
            "http://localhost/name",
            "http://localhost:49152/name",
        ] {
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
            "http://127.0.0.1:3000/name",
            "http://[::1]:3000/name",
            "http://localhost:3000/Name",
            "http://LOCALHOST:3000/name",
            "http://localhost.:3000/name",
            "http://localhost.evil.example/name",
            "http://localhost:3000.evil.example/name",
            "http://localhost:80@evil.example/name",
            "http://localhostevil:80/name",
            "https://localhost:3000/name",
            "http://127.0.0.1:80/cb/",
            "http://127.0.0.1:80/other",
            "http://127.0.0.1:80\\cb",
            "http://127.0.0.1:+80/cb",
            "com.example.app:/cb2",
        ] {
            assert!(!native.owns_redirect_uri(bad), "{bad}");
        }
        for host in LOOPBACK {
            let web = client(&serde_json::json!({"redirect_uris": [format!("http://{host}/cb")]}));
            assert!(!web.owns_redirect_uri(&format!("http://{host}:49152/cb")), "only native apps have a free port: {host}");
        }
    }

    #[test]
    fn people_never_read_an_id_that_was_made_here() {
        let shown = |id: &str, change: serde_json::Value| {
            let mut change = change;
            change["client_name"] = serde_json::Value::Null;
            let client = Client { id: id.parse().unwrap(), ..client(&change) };
            client.known_as().map(Cow::into_owned)
        };
        let made = ClientId::new(crate::time::Timestamp::from_seconds(1), &crate::crypto::random::Random::seeded(1));
        for (change, of_made, of_chosen) in [
            (serde_json::json!({}), "shop.example", "shop.example"),
            (serde_json::json!({"client_uri": "https://www.example/about"}), "www.example", "www.example"),
            (serde_json::json!({"redirect_uris": ["http://localhost:3000/cb"]}), "localhost:3000", "wiki"),
            (serde_json::json!({"redirect_uris": ["http://127.0.0.1/cb"], "application_type": "native"}), "127.0.0.1", "wiki"),
            (
                serde_json::json!({"redirect_uris": ["http://127.0.0.1/cb", "org.example.app:/cb"], "application_type": "native"}),
                "org.example.app",
                "org.example.app",
            ),
        ] {
            assert_eq!(shown(made.as_str(), change.clone()).as_deref(), Some(of_made), "{change}");
            assert_eq!(shown("wiki", change.clone()).as_deref(), Some(of_chosen), "{change}");
        }
        let service = serde_json::json!({"grant_types": ["client_credentials"], "redirect_uris": null});
        assert_eq!(shown(made.as_str(), service), None);
    }

    proptest! {
        #[test]
        fn nothing_but_a_port_is_free(uri in "http://127\\.0\\.0\\.1[:@/.a-z0-9%\\\\#?]{0,12}") {
            let native = client(&serde_json::json!({"application_type": "native", "token_endpoint_auth_method": "none", "redirect_uris": ["http://127.0.0.1/cb"]}));
            if native.owns_redirect_uri(&uri) {
                let url = Url::parse(&uri).unwrap();
                prop_assert_eq!((url.host_str(), url.path(), url.username(), url.query(), url.fragment()), (Some("127.0.0.1"), "/cb", "", None, None));
            }
        }
    }
}
