//! Which URIs people may be sent back to.

use url::{Host, Url};

use super::client_metadata::ApplicationType;

/// What we add to a redirect URI's query (RFC 6749 sections 4.1.2 and 4.1.2.1, RFC 9207): there twice, the application reads its own.
const OF_ANSWERS: [&str; 6] = ["code", "state", "iss", "error", "error_description", "error_uri"];

/// Checks one redirect URI for registration: absolute, no fragment, https; http only to loopback; a private-use scheme
/// only for native apps (RFC 6749 section 3.1.2, RFC 8252 sections 7 and 8.4).
///
/// # Errors
/// What is wrong, as the rest of a sentence that begins with the URI.
pub fn check_redirect_uri(uri: &str, kind: ApplicationType) -> Result<(), String> {
    if uri.len() > 2048 {
        return Err("is longer than 2048 bytes".into());
    }
    if !is_plain(uri) {
        return Err("has spaces, backslashes or characters that a URI must encode".into());
    }
    if uri.contains('#') {
        return Err("has a fragment".into());
    }
    let Ok(url) = Url::parse(uri) else {
        return Err("is not an absolute URI".into());
    };
    if let Some((name, _)) = url.query_pairs().find(|(name, _)| OF_ANSWERS.contains(&name.as_ref())) {
        return Err(format!("has {name} in its query, which answers carry there"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("has a user name or password".into());
    }
    if url.host_str().is_some_and(|host| host.contains('*')) {
        return Err("has a wildcard; list every host".into());
    }
    match (url.scheme(), kind) {
        // The parser mends "https:/host" and "https:host"; the string we compare must not need it.
        ("https" | "http", _) if !has_authority(uri) => Err("is not an absolute URI".into()),
        ("https", _) => Ok(()),
        ("http", _) if is_loopback(&url) => Ok(()),
        ("http", _) => Err("is http; only 127.0.0.1, [::1] and localhost may do without https".into()),
        (scheme, ApplicationType::Native) if scheme.contains('.') => Ok(()),
        (_, ApplicationType::Native) => {
            Err("needs https, http on loopback, or a scheme of a domain of yours reversed, such as org.example.app:/callback"
                .into())
        }
        (_, ApplicationType::Web) => Err("needs https; private schemes are for application_type native".into()),
    }
}

fn has_authority(uri: &str) -> bool {
    uri.split_once("://").is_some_and(|(_, rest)| !rest.starts_with('/'))
}

/// Visible ASCII only: the URL parser would silently drop or change the rest.
pub(super) fn is_plain(uri: &str) -> bool {
    uri.bytes()
        .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'"' | b'<' | b'>' | b'^' | b'`' | b'{' | b'|' | b'}'))
}

/// The loopback hosts of RFC 8252 section 7.3 (and `localhost`).
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address == std::net::Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(address)) => address == std::net::Ipv6Addr::LOCALHOST,
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirect_uris() {
        use ApplicationType::{Native, Web};
        for (uri, kind) in [
            ("https://a.example/cb?tenant=1", Web),
            ("https://a.example", Web),
            ("https://a.example/cb?codes=1&State=2", Web),
            ("http://127.0.0.1/cb", Native),
            ("http://[::1]:8081/cb", Native),
            ("http://localhost:3000/cb", Web),
            ("org.example.app:/callback", Native),
        ] {
            assert_eq!(check_redirect_uri(uri, kind), Ok(()), "{uri}");
        }
        for (uri, kind, part) in [
            ("/cb", Web, "not an absolute"),
            ("https:/a.example/cb", Web, "not an absolute"),
            ("https:///a.example/cb", Web, "not an absolute"),
            ("https://a.example/cb#x", Web, "fragment"),
            ("https://a.example/cb#", Web, "fragment"),
            ("https://a.example/cb?tenant=1&code=x", Web, "has code in its query"),
            ("https://a.example/cb?st%61te", Web, "has state"),
            ("https://a.example/cb?iss=https://evil.example", Web, "has iss"),
            ("org.example.app:/cb?error=x", Native, "has error"),
            ("https://*.a.example/cb", Web, "wildcard"),
            ("https://me:pw@a.example/cb", Web, "user name"),
            ("https://a.example\\@b.example/", Web, "backslashes"),
            ("https://a.example/\tcb", Web, "spaces"),
            ("http://a.example/cb", Web, "is http"),
            ("http://127.0.0.2/cb", Native, "is http"),
            ("http://localhost.evil.example/cb", Native, "is http"),
            ("javascript:alert(1)", Native, "needs https"),
            ("data:text/html,x", Native, "needs https"),
            ("myapp:/cb", Native, "needs https"),
            ("org.example.app:/cb", Web, "needs https"),
        ] {
            let refused = check_redirect_uri(uri, kind).expect_err(uri);
            assert!(refused.contains(part), "{uri}: {refused}");
        }
    }
}
