//! Which host a request is for (RFC 9112 sections 3.2 and 3.3): said exactly once, and well formed.

use std::net::Ipv6Addr;

use axum::http::{HeaderValue, Method, Request, Uri, Version, header, uri::PathAndQuery};

/// Refuses a request that does not say, or says twice or in a malformed way, which host it is for (400), and writes the absolute form of a
/// target as the usual one: then the target's host counts, and `Host` is ignored.
pub(super) fn settle<B>(request: &mut Request<B>) -> Result<(), &'static str> {
    let mut given = request.headers().get_all(header::HOST).iter();
    match (given.next(), given.next()) {
        (Some(_), Some(_)) => return Err("more than one Host header"),
        (Some(host), None) if !is_authority(host.as_bytes()) => return Err("a malformed Host header"),
        (None, _) if request.version() >= Version::HTTP_11 => return Err("no Host header"),
        _ => {}
    }
    let uri = request.uri();
    let Some(authority) = uri.authority() else {
        // "*" is about the server as a whole.
        return match uri.path().starts_with('/') || request.method() == Method::OPTIONS {
            true => Ok(()),
            false => Err("a malformed target"),
        };
    };
    if uri.scheme().is_none() {
        // CONNECT, which no route knows.
        return if request.method() == Method::CONNECT { Ok(()) } else { Err("a malformed target") };
    }
    let web = uri.scheme_str().is_some_and(|scheme| matches!(scheme, "http" | "https"));
    let host = HeaderValue::from_str(authority.as_str()).ok().filter(|host| web && is_authority(host.as_bytes()));
    let host = host.ok_or("a malformed target")?;
    let path = uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    *request.uri_mut() = Uri::from(path);
    request.headers_mut().insert(header::HOST, host);
    Ok(())
}

/// `uri-host [ ":" port ]` (RFC 9110 section 7.2); a web host is never empty (section 4.2.1).
fn is_authority(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((literal, port)) => {
            return literal.parse::<Ipv6Addr>().is_ok() && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port));
        }
        None => text.split_once(':').unwrap_or((text, "")),
    };
    !host.is_empty() && host.bytes().all(is_of_a_name) && is_port(port)
}

/// `port = *DIGIT` (RFC 3986 section 3.2.3): it may be left out after its colon.
fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && (text.is_empty() || text.parse::<u16>().is_ok())
}

/// `unreserved / pct-encoded / sub-delims` (RFC 3986 section 3.2.2).
fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(target: &str, hosts: &[&str]) -> Request<()> {
        let request = hosts.iter().fold(Request::get(target), |request, host| request.header("host", *host));
        request.body(()).unwrap()
    }

    #[test]
    fn a_host_is_there_once_and_well_formed() {
        for host in
            ["id.example", "ID.example:8443", "id.example:", "localhost", "my_app", "127.0.0.1:80", "[::1]", "[2001:db8::1]:8080"]
        {
            assert_eq!(settle(&mut request("/x", &[host])), Ok(()), "{host}");
        }
        for host in [
            "",
            " ",
            ":80",
            "a b",
            "a/b",
            "a@b",
            "a?b",
            "a#b",
            "a,b c",
            "a:b",
            "a:80:90",
            "a:+80",
            "a:65536",
            "[::1",
            "[::1]x",
            "::1",
            "[a]",
            "id.example, evil.example",
            "\"a\"",
            "a\\b",
            "ä.example",
        ] {
            assert_eq!(settle(&mut request("/x", &[host])), Err("a malformed Host header"), "{host}");
        }
        assert_eq!(settle(&mut request("/x", &["a", "a"])), Err("more than one Host header"));
        assert_eq!(settle(&mut request("/x", &[])), Err("no Host header"));
        let mut old = request("/x", &[]);
        *old.version_mut() = Version::HTTP_10;
        assert_eq!(settle(&mut old), Ok(()));
        let mut old = request("/x", &["a", "b"]);
        *old.version_mut() = Version::HTTP_10;
        assert!(settle(&mut old).is_err());
    }

    #[test]
    fn the_absolute_form_goes_before_the_header() {
        for (target, path, host) in [
            ("http://id.example/login?a=b", "/login?a=b", "id.example"),
            ("https://id.example:8443", "/", "id.example:8443"),
            ("http://id.example?a=b", "/?a=b", "id.example"),
        ] {
            let mut request = request(target, &["evil.example"]);
            assert_eq!(settle(&mut request), Ok(()), "{target}");
            assert_eq!(
                (request.uri().to_string().as_str(), request.headers()["host"].to_str().unwrap()),
                (path, host),
                "{target}"
            );
            assert!(request.uri().authority().is_none());
        }
        for target in ["http://user@id.example/", "ftp://id.example/", "id.example:80", "*"] {
            assert_eq!(settle(&mut request(target, &["id.example"])), Err("a malformed target"), "{target}");
        }
        assert_eq!(settle(&mut request("http://id.example/", &[])), Err("no Host header"));
        let mut options = request("*", &["id.example"]);
        *options.method_mut() = Method::OPTIONS;
        assert_eq!(settle(&mut options), Ok(()));
    }
}
