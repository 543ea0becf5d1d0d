//! What a handler may want to know about the request it answers: who asks, from what, and under which id it is logged.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    extract::{FromRequestParts, OriginalUri},
    http::{HeaderMap, Method, Uri, header, request::Parts},
};
use ipnet::IpNet;

use crate::crypto::random::Random;

/// The other end of the TCP connection; the server loop puts it into each request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// What the outermost layer finds out about every request, in its extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Who asks, as in [`Context::address`].
    pub address: IpAddr,
    /// The operation id, as in [`Context::operation`].
    pub id: Arc<str>,
}

/// One request as actions and pages see it. An extractor that cannot fail; made only where a handler asks for it.
#[derive(Clone, Debug)]
pub struct Context {
    /// The peer, or what a trusted proxy says is behind it.
    pub address: IpAddr,
    /// The raw `User-Agent`, at most 300 characters; empty if there is none.
    pub device: String,
    /// The id of this request in logs, on error pages and in the `x-request-id` header of the answer.
    pub operation: String,
    pub method: Method,
    uri: Uri,
    headers: HeaderMap,
}

const DEVICE_CHARACTERS: usize = 300;

impl Context {
    /// From a request's head; without the layer of `layers.rs` the address is 0.0.0.0 and the operation id empty.
    pub fn of(parts: &Parts) -> Self {
        let (address, operation) = parts
            .extensions
            .get::<Operation>()
            .map_or((IpAddr::V4(Ipv4Addr::UNSPECIFIED), String::new()), |found| (found.address, found.id.as_ref().to_owned()));
        let device = parts.headers.get(header::USER_AGENT).map_or_else(String::new, |value| {
            String::from_utf8_lossy(value.as_bytes())
                .chars()
                .filter(|found| !found.is_control())
                .take(DEVICE_CHARACTERS)
                .collect()
        });
        let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0).clone();
        Self { address, device, operation, method: parts.method.clone(), uri, headers: parts.headers.clone() }
    }

    /// Path and query as requested: `/login?flow=…`.
    pub fn path_and_query(&self) -> &str {
        self.uri.path_and_query().map_or("/", |found| found.as_str())
    }

    /// The path alone.
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// The headers of the request.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// A header's value, if it is there exactly once and readable ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

impl<S: Sync> FromRequestParts<S> for Context {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

/// A header's value, if it is there exactly once and readable ASCII.
pub fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

/// Who asks: the peer, or, if that is a trusted proxy, the right-most address in `X-Forwarded-For` that is none.
///
/// Everything further left, `Forwarded` and `X-Real-IP` could be the client's own words.
pub fn requester(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let mut address = peer.to_canonical();
    if !is_trusted(address, trusted) {
        return address;
    }
    let lines = headers.get_all("x-forwarded-for").iter().rev();
    for entry in lines.flat_map(|line| line.as_bytes().rsplit(|&byte| byte == b',')) {
        let Some(found) = std::str::from_utf8(entry).ok().and_then(|text| parse_address(text.trim())) else { break };
        address = found.to_canonical();
        if !is_trusted(address, trusted) {
            break;
        }
    }
    address
}

/// True if this address is a proxy whose headers are believed.
pub fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|net| net.contains(&address))
}

/// Some proxies add the port.
fn parse_address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
}

/// Makes operation ids: 12 characters of base32, not repeated by one process and hardly between processes. No secrets.
#[derive(Debug)]
pub struct OperationIds(AtomicU64);

impl OperationIds {
    /// Starts anywhere.
    pub fn new(random: &Random) -> Self {
        Self(AtomicU64::new(u64::from_be_bytes(random.bytes())))
    }

    /// The next id.
    pub fn next(&self) -> Arc<str> {
        const ALPHABET: [u8; 32] = *b"0123456789abcdefghjkmnpqrstvwxyz";
        let mut bits = scramble(self.0.fetch_add(1, Ordering::Relaxed));
        let text: [u8; 12] = std::array::from_fn(|_| {
            let digit = usize::try_from(bits & 31).ok().and_then(|digit| ALPHABET.get(digit)).copied();
            bits >>= 5;
            digit.unwrap_or(b'0')
        });
        // The alphabet is ASCII.
        std::str::from_utf8(&text).unwrap_or_default().into()
    }
}

/// The finaliser of `SplitMix64` (Steele, Lea, Flood 2014): consecutive numbers come out unlike each other.
const fn scramble(number: u64) -> u64 {
    let number = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// The id a proxy gave the request: 8 to 64 letters, digits and hyphens.
pub fn given_id(headers: &HeaderMap) -> Option<Arc<str>> {
    let id = header(headers, "x-request-id")?;
    let fits = (8..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    fits.then(|| id.into())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use axum::http::{HeaderValue, Request};

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn forwarded(lines: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_static(line));
        }
        headers
    }

    #[test]
    fn only_trusted_proxies_say_who_is_behind_them() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let table: [(&str, &[&'static str], &str); 13] = [
            ("192.0.2.1", &["198.51.100.7"], "192.0.2.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.66, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.66", "198.51.100.7, 10.9.9.9"], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.66, bogus, 10.9.9.9"], "10.9.9.9"),
            ("10.0.0.1", &["bogus"], "10.0.0.1"),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", &["198.51.100.7:4711"], "198.51.100.7"),
            ("fd00::1", &["[2001:db8::7]:4711"], "2001:db8::7"),
            ("fd00::1", &["[2001:db8::7]"], "2001:db8::7"),
            ("::ffff:10.0.0.1", &["::ffff:198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &[""], "10.0.0.1"),
        ];
        for (peer, lines, expected) in table {
            assert_eq!(requester(address(peer), &forwarded(lines), &trusted), address(expected), "{peer} {lines:?}");
        }
        let mut headers = forwarded(&[]);
        headers.insert("x-real-ip", HeaderValue::from_static("198.51.100.7"));
        headers.insert("forwarded", HeaderValue::from_static("for=198.51.100.7"));
        assert_eq!(requester(address("10.0.0.1"), &headers, &trusted), address("10.0.0.1"));
    }

    #[test]
    fn operation_ids_differ() {
        let ids = OperationIds::new(&Random::seeded(1));
        let drawn: HashSet<Arc<str>> = (0..1000).map(|_| ids.next()).collect();
        assert_eq!(drawn.len(), 1000);
        assert!(drawn.iter().all(|id| id.len() == 12));
    }

    #[test]
    fn given_ids_are_plain() {
        let id = |value: &'static str| {
            given_id(&HeaderMap::from_iter([(header::HeaderName::from_static("x-request-id"), HeaderValue::from_static(value))]))
        };
        assert_eq!(id("abc-DEF-123").as_deref(), Some("abc-DEF-123"));
        for bad in ["short", "white space", "line\\nbreak", "<script>alert</script>", ""] {
            assert_eq!(id(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_context_holds_the_head_of_its_request() {
        let agent = format!("Fox\t{}", "ü".repeat(400));
        let (parts, ()) =
            Request::get("/login?flow=1").header("user-agent", agent).header("a", "1").body(()).unwrap().into_parts();
        let context = Context::of(&parts);
        assert_eq!(context.path_and_query(), "/login?flow=1");
        assert_eq!(context.path(), "/login");
        assert_eq!(context.device.chars().count(), 300);
        assert!(context.device.starts_with("Foxü"));
        assert_eq!((context.header("A"), context.header("b")), (Some("1"), None));
    }
}
