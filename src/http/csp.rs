//! The Content Security Policy of our pages (W3C CSP Level 3).

use axum::http::HeaderValue;
use url::{Host, Url};

/// What every policy begins with.
macro_rules! rest {
    () => {
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' https: data:; connect-src 'self'; "
    };
}

/// The policy up to the origins forms may go to, and the rest of it.
const BEFORE: &str = concat!(rest!(), "frame-ancestors 'none'; base-uri 'none'; form-action 'self'");

/// The policy of a page whose forms come back to us.
pub const DEFAULT: HeaderValue = HeaderValue::from_static(BEFORE);

/// The policy of a page whose form goes to an application and may end anywhere. Browsers hold every redirect after a submission against
/// `form-action` (CSP Level 3 section 6.4.1.2; Chromium does), and only the application knows where its own redirects lead: to another
/// origin, or to a scheme of its own, which no wildcard covers. So the directive is left out; it falls back to nothing.
pub const FORM_ANYWHERE: HeaderValue = HeaderValue::from_static(concat!(rest!(), "frame-ancestors 'none'; base-uri 'none'"));

/// The policy of a page whose form may end in a redirect to one of these addresses: for pages whose redirects are known, such as those of the
/// example application. Our own forms answer with a redirect to a page of ours, see [`super::departure`].
///
/// Targets are redirect URIs or origins. Of `http` and `https` the origin is allowed, of an app's own scheme the scheme;
/// anything else is left out.
pub fn with_form_action(targets: &[&str]) -> HeaderValue {
    let mut policy = String::from(BEFORE);
    for source in targets.iter().filter_map(|target| source_of(target)) {
        policy.push(' ');
        policy.push_str(&source);
    }
    // Sources are ASCII without controls.
    HeaderValue::try_from(policy).unwrap_or(DEFAULT)
}

/// The source expression that covers an address.
fn source_of(target: &str) -> Option<String> {
    let url = Url::parse(target).ok()?;
    match url.scheme() {
        // A source expression cannot name an IPv6 address.
        "http" | "https" if matches!(url.host(), Some(Host::Ipv6(_))) => Some(format!("{}:", url.scheme())),
        "http" | "https" => {
            Some(url.origin().ascii_serialization()).filter(|origin| !origin.contains([';', ',', '\'', '*', ' ']))
        }
        "javascript" | "data" | "blob" | "filesystem" | "file" | "about" | "vbscript" => None,
        // The parser has checked and lower-cased it: letters, digits, `+`, `-`, `.`.
        scheme => Some(format!("{scheme}:")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_become_sources() {
        let table = [
            ("https://App.example/cb?x=1", Some("https://app.example")),
            ("https://app.example:443/cb", Some("https://app.example")),
            ("http://127.0.0.1:4711/callback", Some("http://127.0.0.1:4711")),
            ("http://[::1]:4711/callback", Some("http:")),
            ("com.example.App:/cb", Some("com.example.app:")),
            ("javascript:alert(1)", None),
            ("data:text/html,x", None),
            ("no url", None),
            ("'unsafe-inline'", None),
            ("https://a.example;script-src *", None),
            ("https://*/", None),
            ("https://user:secret@app.example/", Some("https://app.example")),
        ];
        for (target, source) in table {
            assert_eq!(source_of(target).as_deref(), source, "{target}");
        }
    }

    #[test]
    fn policies_differ_in_form_action_only() {
        assert_eq!(with_form_action(&[]), DEFAULT);
        assert_eq!(DEFAULT.to_str().unwrap(), format!("{}; form-action 'self'", FORM_ANYWHERE.to_str().unwrap()));
        let policy = with_form_action(&["https://app.example/cb", "javascript:x", "app:/x"]);
        assert!(policy.to_str().unwrap().ends_with("; form-action 'self' https://app.example app:"));
    }
}
