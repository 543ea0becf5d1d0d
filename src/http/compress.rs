//! What travels compressed, and in which coding (RFC 9110 sections 8.4 and 12.5.3).
//!
//! Two kinds, and nothing else; whoever adds an answer gets it as it is:
//!
//! * **What is the same for everybody**: assets, public keys, discovery. Compressed once ([`Packed`]), so that a request costs no more than
//!   before.
//! * **[`OPEN_PAGES`]**, as they stand for somebody who is not signed in and has typed nothing. Compression betrays by the length of an answer
//!   how much of what an attacker put into it is in it once more (BREACH, <https://breachattack.com>). So every secret in it must be fresh in
//!   each answer, and these pages have none besides: the ceremony of a passkey is drawn anew each time, forms are protected by `Origin` and
//!   `Sec-Fetch-Site` instead of a token, the flow's id is in the address and is worth nothing without the cookie, and what was typed, here or
//!   before a visit to a provider, makes [`Visitor::open_page`](super::visitor::Visitor::open_page) leave the page as it is.
//!
//! Never: account, console, consent, codes, whatever names a person, answers of the API and of the token endpoint.
//!
//! gzip alone: every client speaks it. Brotli would save another 900 bytes of the sign-in page with its style and script, once for each
//! browser, and cost a dependency that takes longer to build than the rest of this room.

use std::io::Write as _;

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use flate2::{Compression, write::GzEncoder};

/// Paths of pages that may be compressed. Only what GET shows there, see above.
pub const OPEN_PAGES: [&str; 3] = ["/login", "/signup", "/reset"];

/// The codings of this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    Identity,
    Gzip,
}

impl Coding {
    /// The one that a request likes better. Without a word about it, identity: old clients and simple ones do not unpack. Where nothing of
    /// ours is acceptable it is identity, too, rather than 406 (section 12.5.3, at its end).
    pub fn asked(request: &HeaderMap) -> Self {
        let (mut gzip, mut identity, mut any) = (None, None, None);
        let lines = request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
        for entry in lines.flat_map(|line| line.split(',')) {
            let (name, quality) = entry.split_once(';').unwrap_or((entry, ""));
            let quality = quality_of(quality);
            match name.trim().to_ascii_lowercase().as_str() {
                "gzip" | "x-gzip" => gzip = Some(quality),
                "identity" => identity = Some(quality),
                "*" => any = Some(quality),
                _ => {}
            }
        }
        let gzip = gzip.or(any).unwrap_or(0);
        // Not mentioned, identity is acceptable, and the last choice.
        if gzip > 0 && gzip >= identity.unwrap_or(0) { Self::Gzip } else { Self::Identity }
    }

    /// Names the coding, and says that the answer depends on the request's word about it.
    pub fn describe(self, headers: &mut HeaderMap) {
        headers.append(header::VARY, HeaderValue::from_name(header::ACCEPT_ENCODING));
        if self == Self::Gzip {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
    }
}

/// `q=0.5` in thousandths; what is malformed is not wanted (section 12.4.2).
fn quality_of(parameter: &str) -> u16 {
    let parameter = parameter.trim();
    if parameter.is_empty() {
        return 1000;
    }
    let value =
        parameter.split_once('=').filter(|(name, _)| name.trim().eq_ignore_ascii_case("q")).map(|(_, value)| value.trim());
    let Some((whole, rest)) = value.map(|value| value.split_once('.').unwrap_or((value, ""))) else { return 0 };
    if rest.len() > 3 || !rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    match whole {
        "0" => format!("{rest:0<3}").parse().unwrap_or(0),
        "1" if rest.bytes().all(|digit| digit == b'0') => 1000,
        _ => 0,
    }
}

/// Bytes that are the same for everybody, in both codings.
#[derive(Clone, Debug, Default)]
pub struct Packed {
    plain: Bytes,
    /// None: it would not be shorter.
    gzip: Option<Bytes>,
}

impl Packed {
    pub fn new(plain: impl Into<Bytes>) -> Self {
        let plain = plain.into();
        let gzip = gzip(&plain, Compression::best()).filter(|packed| packed.len() < plain.len()).map(Bytes::from);
        Self { plain, gzip }
    }

    pub const fn plain(&self) -> &Bytes {
        &self.plain
    }

    /// The bytes that a request likes better.
    pub fn choose(&self, request: &HeaderMap) -> (Coding, Bytes) {
        match &self.gzip {
            Some(packed) if Coding::asked(request) == Coding::Gzip => (Coding::Gzip, packed.clone()),
            _ => (Coding::Identity, self.plain.clone()),
        }
    }

    /// An answer with them, to which the caller adds what they are.
    pub fn answer(&self, request: &HeaderMap) -> Response {
        let (coding, bytes) = self.choose(request);
        let mut response = Response::new(Body::from(bytes));
        coding.describe(response.headers_mut());
        response
    }
}

/// A page that may be compressed, for this request.
pub(super) fn page(html: String, request: &HeaderMap) -> Response {
    let packed = match Coding::asked(request) {
        // Higher levels take longer, and save 20 bytes.
        Coding::Gzip => gzip(html.as_bytes(), Compression::new(3)),
        Coding::Identity => None,
    };
    let coding = if packed.is_some() { Coding::Gzip } else { Coding::Identity };
    let mut response = Response::new(packed.map_or_else(|| Body::from(html), Body::from));
    coding.describe(response.headers_mut());
    response
}

fn gzip(plain: &[u8], level: Compression) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 2), level);
    encoder.write_all(plain).and_then(|()| encoder.finish()).ok()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

    fn asking(lines: &[&'static str]) -> HeaderMap {
        lines.iter().map(|line| (header::ACCEPT_ENCODING, HeaderValue::from_static(line))).collect()
    }

    #[test]
    fn the_better_liked_coding_is_chosen() {
        for (lines, gzip) in [
            (&[][..], false),
            (&[""], false),
            (&["gzip"], true),
            (&["GZIP"], true),
            (&["x-gzip"], true),
            (&["gzip, deflate, br, zstd"], true),
            (&["br", "gzip"], true),
            (&["deflate, br"], false),
            (&["identity"], false),
            (&["*"], true),
            (&["br, *;q=0.1"], true),
            (&["*;q=0"], false),
            (&["gzip;q=0, *"], false),
            (&["gzip;q=0"], false),
            (&["gzip;q=0.000"], false),
            (&["gzip;q=0.001"], true),
            (&["gzip ; Q=0.5"], true),
            (&["gzip;q=1.000"], true),
            (&["gzip;q=0.5, identity"], false),
            (&["gzip;q=0.5, identity;q=0.4"], true),
            (&["identity;q=0"], false),
            (&["identity;q=0, gzip;q=0.1"], true),
            (&["gzip;q=2"], false),
            (&["gzip;q=1.001"], false),
            (&["gzip;q=0.0001"], false),
            (&["gzip;q=-1"], false),
            (&["gzip;q="], false),
            (&["gzip;level=9"], false),
            (&["gzipped, notgzip"], false),
        ] {
            assert_eq!(Coding::asked(&asking(lines)) == Coding::Gzip, gzip, "{lines:?}");
        }
    }

    fn unpacked(bytes: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        GzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
        plain
    }

    #[test]
    fn what_is_packed_says_so_and_is_the_same() {
        let plain = "<p>the same again ".repeat(100);
        let packed = Packed::new(plain.clone());
        let (coding, bytes) = packed.choose(&asking(&["gzip"]));
        assert!(coding == Coding::Gzip && bytes.len() < 200 && unpacked(&bytes) == plain.as_bytes());
        for (lines, encoding) in [(&["gzip"][..], Some("gzip")), (&[], None)] {
            for response in [packed.answer(&asking(lines)), page(plain.clone(), &asking(lines))] {
                let headers = response.headers();
                assert_eq!(headers.get("content-encoding").map(|value| value.to_str().unwrap()), encoding);
                assert_eq!(headers["vary"], "accept-encoding");
            }
        }
        // Not worth it.
        assert_eq!(Packed::new("ok").choose(&asking(&["gzip"])).0, Coding::Identity);
    }
}
