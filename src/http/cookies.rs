//! Our cookies: names, attributes, and reading them so that a planted twin is noticed.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use cookie::{Cookie, SameSite};

use crate::settings::Settings;

/// The cookies we set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CookieName {
    /// The browser session.
    Session,
    /// A secret that binds flows to this browser.
    Browser,
    /// The chosen language.
    Locale,
    /// Who signed in here before.
    KnownDevice,
    /// That the session began in this browser, at this host: where the session's own cookie goes to other hosts, too.
    Here,
    /// What lets this browser skip the second factor.
    Device,
    /// The way in that was used last.
    Way,
    /// How often a site has sent somebody here who is signed in.
    Rounds,
    /// What the last redirect has to say: only that is shown, whatever the page's address asks for.
    Notice,
    /// New recovery codes, sealed, until they are put away.
    RecoveryCodes,
}

impl CookieName {
    const fn pair(self) -> (&'static str, &'static str) {
        match self {
            Self::Session => ("vestibule_session", "__Host-vestibule_session"),
            Self::Browser => ("vestibule_browser", "__Host-vestibule_browser"),
            Self::Locale => ("vestibule_locale", "__Host-vestibule_locale"),
            Self::KnownDevice => ("vestibule_known_device", "__Host-vestibule_known_device"),
            Self::Here => ("vestibule_here", "__Host-vestibule_here"),
            Self::Device => ("vestibule_device", "__Host-vestibule_device"),
            Self::Way => ("vestibule_way", "__Host-vestibule_way"),
            Self::Rounds => ("vestibule_rounds", "__Host-vestibule_rounds"),
            Self::Notice => ("vestibule_notice", "__Host-vestibule_notice"),
            Self::RecoveryCodes => ("vestibule_codes", "__Host-vestibule_codes"),
        }
    }
}

/// The session cookie where it belongs to a parent domain: `__Host-` would forbid the `Domain` attribute (RFC 6265bis section 4.1.3).
const WIDE_SESSION: &str = "__Secure-vestibule_session";

/// How cookies are written at our public URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookies {
    /// Over HTTPS: `__Host-` (RFC 6265bis section 4.1.3.2), so that no sibling domain can plant one, and `Secure`.
    Secure,
    /// The same, but the hosts of a parent domain get the session cookie.
    Wide,
    /// Over plain HTTP on loopback, where browsers refuse both.
    Plain,
}

impl Cookies {
    /// By the scheme of the public URL, and the domain of the session cookie.
    pub fn of(settings: &Settings) -> Self {
        match (settings.is_https(), &settings.sessions.cookie_domain) {
            (true, None) => Self::Secure,
            (true, Some(_)) => Self::Wide,
            (false, _) => Self::Plain,
        }
    }

    /// The name on the wire.
    pub const fn name(self, cookie: CookieName) -> &'static str {
        match (self, cookie, cookie.pair()) {
            (Self::Wide, CookieName::Session, _) => WIDE_SESSION,
            (Self::Plain, _, (plain, _)) => plain,
            (Self::Secure | Self::Wide, _, (_, prefixed)) => prefixed,
        }
    }

    /// The value the browser sent, see [`read`].
    pub fn read(self, headers: &HeaderMap, cookie: CookieName) -> Option<&str> {
        read(headers, self.name(cookie))
    }

    /// The values of the session's cookie: one, unless another was planted or is left from other settings. What cannot be one counts only where
    /// nothing else was sent, so that no number of such hides the right one.
    pub fn sessions(self, headers: &HeaderMap) -> Vec<&str> {
        let name = self.name(CookieName::Session);
        let possible = distinct(headers, name, |value| value.parse::<tower_sessions::session::Id>().is_ok());
        if possible.is_empty() { values(headers, name) } else { possible }
    }

    /// Whether the session's cookie was sent more than once, whatever its values.
    pub fn has_several_sessions(self, headers: &HeaderMap) -> bool {
        raw(headers, self.name(CookieName::Session)).count() > 1
    }

    /// Takes every session cookie out of a request but the one with this value. tower-sessions reads the last one of a name, and has the browser delete
    /// the cookie if that carries nothing.
    pub fn keep_session(self, headers: &mut HeaderMap, value: &str) {
        let name = self.name(CookieName::Session).as_bytes();
        let is_session = |pair: &[u8]| pair.strip_prefix(name).is_some_and(|rest| rest.starts_with(b"="));
        let pairs = headers.get_all(header::COOKIE).iter().flat_map(|line| line.as_bytes().split(|&byte| byte == b';'));
        let mut kept: Vec<&[u8]> = pairs.map(<[u8]>::trim_ascii).filter(|pair| !is_session(pair)).collect();
        let session = [name, b"=", value.as_bytes()].concat();
        kept.push(&session);
        if let Ok(line) = HeaderValue::from_bytes(&kept.join(&b"; "[..])) {
            headers.insert(header::COOKIE, line);
        }
    }

    /// `Set-Cookie` values that delete every session cookie which a browser may send to this host: its own, and those of the domains above.
    /// A browser keeps cookies apart by name, domain and path, and does not say which of them it sends.
    pub fn clear_sessions(self, host: &str) -> Vec<HeaderValue> {
        let parents = host.match_indices('.').filter_map(|(dot, _)| host.get(dot + 1..)).filter(|parent| parent.contains('.'));
        let domains = std::iter::once(host).filter(|host| host.contains('.') || *host == "localhost").chain(parents);
        // An address has no domains above it; `__Host-` allows none.
        let wide = self != Self::Secure && host.parse::<std::net::IpAddr>().is_err();
        let wide = domains.filter(|_| wide).map(Some);
        let clear = |domain: Option<&str>| {
            let built = self.bare(CookieName::Session, "").max_age(cookie::time::Duration::ZERO);
            let built = match domain {
                Some(domain) => built.domain(domain.to_owned()),
                None => built,
            };
            HeaderValue::from_str(&built.build().to_string()).ok()
        };
        std::iter::once(None).chain(wide).filter_map(clear).collect()
    }

    /// A `Set-Cookie` value for this host. Without `max_age` the cookie ends with the browser. None if the value has characters a
    /// cookie cannot hold. The session's own cookie is set by tower-sessions, see `web`.
    pub fn set(self, cookie: CookieName, value: &str, max_age: Option<Duration>) -> Option<HeaderValue> {
        if !value.bytes().all(is_cookie_octet) {
            return None;
        }
        let mut built = self.bare(cookie, value);
        if let Some(max_age) = max_age {
            built = built.max_age(cookie::time::Duration::seconds(i64::try_from(max_age.as_secs()).unwrap_or(i64::MAX)));
        }
        HeaderValue::from_str(&built.build().to_string()).ok()
    }

    /// A `Set-Cookie` value that deletes the cookie.
    pub fn clear(self, cookie: CookieName) -> Option<HeaderValue> {
        let built = self.bare(cookie, "").max_age(cookie::time::Duration::ZERO).build();
        HeaderValue::from_str(&built.to_string()).ok()
    }

    fn bare(self, cookie: CookieName, value: &str) -> cookie::CookieBuilder<'_> {
        Cookie::build((self.name(cookie), value)).path("/").http_only(true).secure(self != Self::Plain).same_site(SameSite::Lax)
    }
}

/// Adds a `Set-Cookie` header; none does nothing.
pub fn add(headers: &mut HeaderMap, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        headers.append(header::SET_COOKIE, cookie);
    }
}

/// As many values of one name as are looked at.
const MANY: usize = 8;

/// The different values of a cookie, in the order they were sent; of more than a few, only the first.
pub fn values<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    distinct(headers, name, |value| !value.is_empty())
}

fn distinct<'a>(headers: &'a HeaderMap, name: &str, counts: impl Fn(&str) -> bool) -> Vec<&'a str> {
    let mut values = Vec::new();
    for value in raw(headers, name) {
        match std::str::from_utf8(value) {
            Ok(value) if counts(value) && !values.contains(&value) && values.len() < MANY => values.push(value),
            _ => {}
        }
    }
    values
}

/// Bytes, because a neighbour's cookie in another charset must not hide ours.
fn raw<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a [u8]> {
    let pairs = headers.get_all(header::COOKIE).iter().flat_map(|line| line.as_bytes().split(|&byte| byte == b';'));
    pairs.filter_map(move |pair| pair.trim_ascii().strip_prefix(name.as_bytes()).and_then(|rest| rest.strip_prefix(b"=")))
}

/// The value of a cookie. Sent twice with different values it counts as absent: one of them was planted, from a sibling
/// domain or another path, and nothing tells which.
pub fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut found: Option<&[u8]> = None;
    for value in raw(headers, name) {
        if found.is_some_and(|other| other != value) {
            return None;
        }
        found = Some(value);
    }
    found.and_then(|value| std::str::from_utf8(value).ok()).filter(|value| !value.is_empty())
}

/// RFC 6265 section 4.1.1.
const fn is_cookie_octet(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x2b | 0x2d..=0x3a | 0x3c..=0x5b | 0x5d..=0x7e)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(lines: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, HeaderValue::from_bytes(line).unwrap());
        }
        headers
    }

    #[test]
    fn reads_the_one_value() {
        let read = |lines: &[&[u8]]| read(&sent(lines), "id").map(str::to_owned);
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[b"id=a"]).as_deref(), Some("a"));
        assert_eq!(read(&[b"x=1; id=a=b;y=2"]).as_deref(), Some("a=b"));
        assert_eq!(read(&[b"xid=1; idx=2; id"]), None);
        assert_eq!(read(&[b"x=\xfc\xff; id=a"]).as_deref(), Some("a"));
        assert_eq!(read(&[b"id="]), None);
        assert_eq!(read(&[b"id=\xff"]), None);
    }

    #[test]
    fn a_second_value_makes_both_suspect() {
        let read = |lines: &[&[u8]]| read(&sent(lines), "id").map(str::to_owned);
        assert_eq!(read(&[b"id=a; id=b"]), None);
        assert_eq!(read(&[b"id=a; id=b; id=a"]), None);
        assert_eq!(read(&[b"id=a", b"id=b"]), None);
        assert_eq!(read(&[b"id=a; id=a"]).as_deref(), Some("a"));
    }

    #[test]
    fn every_value_is_seen_once() {
        let values = |lines: &[&[u8]]| values(&sent(lines), "id").into_iter().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(values(&[b"id=a; x=1; id=b", b"id=a; id=; id=\xff; id=c"]), ["a", "b", "c"]);
        assert_eq!(values(&[b"idx=1"]), [""; 0]);
        let many: Vec<String> = (0..100).map(|number| format!("id={number}")).collect();
        assert_eq!(values(&[many.join("; ").as_bytes()]).len(), MANY);
    }

    #[test]
    fn every_form_of_the_session_cookie_is_cleared() {
        let domains = |cookies: Cookies, host: &str| {
            let lines = cookies.clear_sessions(host);
            let domain = |line: &HeaderValue| {
                let line = line.to_str().unwrap();
                assert!(
                    line.starts_with(&format!("{}=;", cookies.name(CookieName::Session))) && line.contains("Max-Age=0"),
                    "{line}"
                );
                line.split("; ").find_map(|part| part.strip_prefix("Domain=")).unwrap_or("-").to_owned()
            };
            lines.iter().map(domain).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(domains(Cookies::Secure, "id.example.org"), "-");
        assert_eq!(domains(Cookies::Wide, "id.a.example.org"), "- id.a.example.org a.example.org example.org");
        assert_eq!(domains(Cookies::Plain, "localhost"), "- localhost");
        assert_eq!(domains(Cookies::Plain, "127.0.0.1"), "-");
    }

    #[test]
    fn attributes_fit_the_scheme() {
        let day = Some(Duration::from_hours(24));
        let set = |cookies: Cookies, age| cookies.set(CookieName::Browser, "v", age).unwrap().to_str().unwrap().to_owned();
        for cookies in [Cookies::Secure, Cookies::Wide] {
            assert_eq!(set(cookies, day), "__Host-vestibule_browser=v; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=86400");
        }
        assert_eq!(set(Cookies::Plain, None), "vestibule_browser=v; HttpOnly; SameSite=Lax; Path=/");
        assert_eq!(
            Cookies::Plain.clear(CookieName::Locale).unwrap(),
            "vestibule_locale=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0"
        );
        for bad in ["a;b", "a b", "a\"", "ü", "a\r\nb"] {
            assert_eq!(Cookies::Plain.set(CookieName::Locale, bad, None), None, "{bad}");
        }
    }

    #[test]
    fn only_the_session_goes_to_a_parent_domain() {
        let names = |cookies: Cookies| [CookieName::Session, CookieName::Browser].map(|cookie| cookies.name(cookie));
        assert_eq!(names(Cookies::Secure), ["__Host-vestibule_session", "__Host-vestibule_browser"]);
        assert_eq!(names(Cookies::Wide), ["__Secure-vestibule_session", "__Host-vestibule_browser"]);
        assert_eq!(names(Cookies::Plain), ["vestibule_session", "vestibule_browser"]);
    }

    #[test]
    fn what_is_set_is_read() {
        for cookies in [Cookies::Secure, Cookies::Wide, Cookies::Plain] {
            for name in [CookieName::Browser, CookieName::Locale, CookieName::KnownDevice] {
                let line = cookies.set(name, "value", None).unwrap();
                let pair = line.to_str().unwrap().split(';').next().unwrap().to_owned();
                assert_eq!(cookies.read(&sent(&[pair.as_bytes()]), name), Some("value"));
            }
        }
    }
}
