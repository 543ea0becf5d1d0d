//! Sites behind a proxy that asks us: which ones there are, what may be seen there by whom, and where people may be sent back to.

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::method::ACR_TWO_FACTORS;
use super::session::Session;
use super::user::User;
use crate::settings::sites::Site;

/// All the sites.
#[derive(Clone, Debug, Default)]
pub struct Sites(Vec<Site>);

/// Why a place is on none of the sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Elsewhere {
    #[error("not an address")]
    Malformed,
    #[error("not https")]
    Insecure,
    #[error("not one of the sites")]
    Unknown,
}

/// A site that somebody is at, or wants to go to.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    pub site: &'a Site,
    /// The port, unless it is the scheme's own.
    port: Option<u16>,
    scheme: &'static str,
    host: &'a str,
}

impl At<'_> {
    /// The origin (RFC 6454): `https://app.example.org`.
    pub fn origin(&self) -> String {
        match self.port {
            Some(port) => format!("{}://{}:{port}", self.scheme, self.host),
            None => format!("{}://{}", self.scheme, self.host),
        }
    }
}

impl Sites {
    pub const fn new(sites: Vec<Site>) -> Self {
        Self(sites)
    }

    /// The site at a scheme (`ws` counts as `http`) and an authority as in a `Host` header, in lower case. A site named exactly goes before
    /// one that stands for all below a domain. `http` is for this machine only.
    pub fn at<'a>(&'a self, scheme: &str, authority: &'a str) -> Result<At<'a>, Elsewhere> {
        let (host, port) = split_authority(authority).ok_or(Elsewhere::Malformed)?;
        let (scheme, own_port) = match scheme {
            "https" | "wss" => ("https", 443),
            "http" | "ws" if is_loopback(host) => ("http", 80),
            "http" | "ws" => return Err(Elsewhere::Insecure),
            _ => return Err(Elsewhere::Malformed),
        };
        let port = port.filter(|port| *port != own_port);
        let fits = |site: &&Site| site.port.filter(|port| *port != own_port) == port;
        let exact = |site: &&Site| !site.subdomains && site.host == host;
        let below = |site: &&Site| {
            let label = host.strip_suffix(&site.host).and_then(|rest| rest.strip_suffix('.'));
            site.subdomains && label.is_some_and(|label| !label.is_empty() && !label.contains('.'))
        };
        let found = self.0.iter().filter(fits).find(exact).or_else(|| self.0.iter().filter(fits).find(below));
        found.map(|site| At { site, port, scheme, host }).ok_or(Elsewhere::Unknown)
    }

    /// Where somebody may be sent back to, in the spelling that every browser reads alike, and what that site asks for. An address that is too
    /// long to keep leads to the site's front page.
    pub fn destination(&self, text: &str) -> Result<Destination, Elsewhere> {
        // Of what is no ASCII there is one spelling in a path or a query, that of UTF-8 (URL Standard, section 4.4).
        let odd = |byte: u8| byte.is_ascii() && !byte.is_ascii_graphic() || byte == b'\\';
        let (scheme, rest) =
            text.split_once("://").filter(|(scheme, _)| matches!(*scheme, "https" | "http")).ok_or(Elsewhere::Malformed)?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let clear = !authority.is_empty() && authority.is_ascii() && !authority.contains('@');
        if !clear || text.bytes().any(odd) {
            return Err(Elsewhere::Malformed);
        }
        let url = Url::parse(text).map_err(|_| Elsewhere::Malformed)?;
        if url.as_str().len() > LONGEST {
            let front = self.destination(&format!("{scheme}://{authority}/"))?;
            return Ok(Destination { shortened: true, ..front });
        }
        let authority = match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) => host.to_owned(),
            (None, _) => return Err(Elsewhere::Malformed),
        };
        let at = self.at(url.scheme(), &authority)?;
        Ok(Destination { two_factors: at.site.two_factors, host: authority.clone(), url: url.into(), shortened: false })
    }
}

/// Longer addresses are not kept for people who have not signed in yet, and do not fit into a redirect through every proxy.
const LONGEST: usize = 4096;

/// An address that somebody may be sent to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    pub url: String,
    /// With the port, unless it is the scheme's own.
    pub host: String,
    pub two_factors: bool,
    /// The front page, in place of an address that could not be kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shortened: bool,
}

/// Host and port of a `Host` header (RFC 9110 section 7.2) in lower case. Nothing but a plain name or address is taken.
fn split_authority(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => {
            let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
            (host, Some(port.parse().ok().filter(|_| digits)?))
        }
        _ => (text, None),
    };
    let name = |host: &str| host.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_'));
    let labels = |host: &str| host.split('.').all(|label| !label.is_empty());
    let sound = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => name(host) && labels(host),
    };
    sound.then_some((host, port))
}

fn is_loopback(host: &str) -> bool {
    match Host::parse(host) {
        Ok(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Ok(Host::Ipv4(address)) => address.is_loopback(),
        Ok(Host::Ipv6(address)) => address.is_loopback(),
        Err(_) => false,
    }
}

/// Scheme, authority and the rest of an absolute address, as they are written.
pub fn split_url(text: &str) -> Option<(&str, &str, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    Some((scheme, authority, if path.is_empty() { "/" } else { path }))
}

/// What may be done with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Whoever is signed in may come in.
    Allowed,
    /// Anybody may see this; who it is does not matter, and is not told: an app that hears of somebody can rely on the site's rules.
    Public,
    SignIn,
    /// Whoever is signed in has to prove a second factor.
    SecondFactor,
    /// Whoever is signed in is in none of the groups.
    Forbidden,
}

/// Judges a request for a path (with or without a query) of a site.
pub fn judge(site: &Site, path: &str, who: Option<(&Session, &User)>) -> Verdict {
    let member = |user: &User| site.groups.iter().any(|group| user.groups().contains(&group.as_str()));
    let verdict = match who {
        None => Verdict::SignIn,
        // A second factor would not help.
        Some((_, user)) if !site.groups.is_empty() && !member(user) => Verdict::Forbidden,
        Some((session, _)) if site.two_factors && !has_two_factors(session) => Verdict::SecondFactor,
        Some(_) => Verdict::Allowed,
    };
    if verdict != Verdict::Allowed && is_public(site, path) { Verdict::Public } else { verdict }
}

pub fn has_two_factors(session: &Session) -> bool {
    session.acr() == ACR_TWO_FACTORS
}

fn is_public(site: &Site, path: &str) -> bool {
    // Most sites have none.
    if site.public_paths.is_empty() {
        return false;
    }
    let below = |path: &str, prefix: &str| {
        prefix == "/" || path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    plain_path(path).is_some_and(|path| site.public_paths.iter().any(|prefix| below(&path, prefix)))
}

/// The path that every server reads alike: decoded once, without a slash at the end. None where servers differ about what is meant (dot
/// or empty segments, backslashes, path parameters, a fragment, a second encoding, or one of what needs none): that is never public.
pub fn plain_path(path_and_query: &str) -> Option<String> {
    let path = path_and_query.split('?').next().filter(|path| path.starts_with('/'))?;
    let mut decoded = Vec::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        decoded.push(match byte {
            b'%' => {
                let meant = u8::try_from(digit(bytes.next())? * 16 + digit(bytes.next())?).ok()?;
                // Apps that route by the path as it is sent see another one.
                let needless = meant.is_ascii_alphanumeric() || matches!(meant, b'-' | b'.' | b'_' | b'~' | b'/');
                Some(meant).filter(|_| !needless)?
            }
            b'#' => return None,
            other => other,
        });
    }
    let decoded = String::from_utf8(decoded).ok()?;
    if decoded.chars().any(|found| found.is_control() || matches!(found, '%' | '\\' | ';')) {
        return None;
    }
    let plain = decoded.strip_suffix('/').unwrap_or(&decoded);
    // Empty, dots, and what some file systems take for dots: "..." and ".. ".
    let odd = |segment: &str| segment.trim_end_matches(['.', ' ']).is_empty();
    match plain.strip_prefix('/') {
        None => Some("/".to_owned()),
        Some(segments) if segments.split('/').any(odd) => None,
        Some(_) => Some(plain.to_owned()),
    }
}

/// Text for a header, which holds ASCII only: everything but unreserved characters percent-encoded as UTF-8 (RFC 3986 section 2).
pub fn percent_encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// How many bytes a name takes in a header. With an address, a proof and what every answer carries it fits into 4 KB, which is what proxies
/// set aside for the head of an answer if nobody tells them otherwise.
const NAME_BYTES: usize = 768;

/// The beginning of a name that fits into a header: whole characters, and no joiner that has lost what it joins.
pub fn name_for_a_header(name: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    let mut room = NAME_BYTES;
    let end = name.char_indices().find_map(|(at, found)| {
        let mut bytes = [0; 4];
        let size: usize = found.encode_utf8(&mut bytes).bytes().map(|byte| if plain(byte) { 1 } else { 3 }).sum();
        match room.checked_sub(size) {
            Some(rest) => {
                room = rest;
                None
            }
            None => Some(at),
        }
    });
    let cut = end.and_then(|end| name.get(..end)).map(|name| name.trim_end_matches('\u{200d}').trim_end());
    cut.unwrap_or(name)
}

/// An address as browsers send it: what is no visible ASCII percent-encoded, and the rest as it is. Servers and proxies pass on what they get.
pub fn in_ascii(address: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(address.len());
    for byte in address {
        if byte.is_ascii_graphic() {
            text.push(char::from(*byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests;
