//! HTTP to other servers: bounded in time and size, without redirects, and only to public addresses unless told otherwise.

use std::{
    error::Error,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use axum::http::{Request, Response};
use reqwest::{
    dns::{Addrs, Name, Resolve, Resolving},
    redirect,
};
use url::{Host, Url};

use super::proxy::OutboundProxy;

const TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest answer read.
const ANSWER_BYTES: usize = 1024 * 1024;

/// Where calls may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Public addresses: whoever names the URL must not learn about, or command, our own network.
    Public,
    /// Anywhere: `outbound.allow_private`, and the demo application, whose provider is on this machine.
    Anywhere,
}

/// Why a call brought no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// Neither `http` nor `https`, or an address that is not public.
    #[error("calls to this address are not allowed")]
    Forbidden,
    /// `HTTPS_PROXY` is of no use.
    #[error("HTTPS_PROXY is no address of an HTTP proxy: write http://host:port, or leave it out (SOCKS is not supported)")]
    Proxy,
    /// The answer is larger than 1 MiB.
    #[error("the answer is too large")]
    TooLarge,
    /// No connection, no answer in time, or one that is no HTTP.
    #[error("{}", whole(.0))]
    Failed(#[from] reqwest::Error),
}

impl HttpError {
    /// True if the time was up.
    pub fn is_slow(&self) -> bool {
        matches!(self, Self::Failed(error) if error.is_timeout())
    }

    /// The error without the address, which may hold secrets.
    #[must_use]
    pub fn without_url(self) -> Self {
        match self {
            Self::Failed(error) => Self::Failed(error.without_url()),
            other => other,
        }
    }
}

/// The cause behind "error sending request" is what helps.
fn whole(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// A client for calls to other servers. Clones share its connections.
#[derive(Clone, Debug)]
pub struct HttpClient {
    inner: reqwest::Client,
    reach: Reach,
    proxy: Option<OutboundProxy>,
}

impl HttpClient {
    /// A new client.
    ///
    /// # Errors
    /// The system's root certificates cannot be read.
    pub fn new(reach: Reach) -> Result<Self, HttpError> {
        Self::within(reach, TIMEOUT)
    }

    /// A new client whose calls, with all of the answer, take at most so long, and leave as the environment says.
    ///
    /// # Errors
    /// The system's root certificates cannot be read, or the environment names no proxy that we understand.
    pub fn within(reach: Reach, timeout: Duration) -> Result<Self, HttpError> {
        Self::through(reach, timeout, OutboundProxy::from_env()?)
    }

    /// Like [`Self::within`], through this proxy or none.
    ///
    /// # Errors
    /// The system's root certificates cannot be read.
    pub fn through(reach: Reach, timeout: Duration, proxy: Option<OutboundProxy>) -> Result<Self, HttpError> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("vestibule/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .timeout(timeout)
            .connect_timeout(CONNECT_TIMEOUT.min(timeout))
            .referer(false)
            // Not by itself: see `proxy` for what may go through one.
            .no_proxy();
        if let Some(proxy) = &proxy {
            builder = builder.proxy(proxy.rule()?);
        }
        if reach == Reach::Public {
            builder = builder.dns_resolver(PublicNames { proxy: proxy.as_ref().map(|proxy| proxy.host().to_owned()) });
        }
        Ok(Self { inner: builder.build()?, reach, proxy })
    }

    /// Sends a request and reads the answer, whatever its status.
    pub async fn fetch(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, HttpError> {
        let request = reqwest::Request::try_from(request)?;
        if !self.may_call(request.url()) {
            return Err(HttpError::Forbidden);
        }
        self.before_the_proxy(request.url()).await?;
        let mut answer = self.inner.execute(request).await?;
        if answer.content_length().is_some_and(|length| length > ANSWER_BYTES as u64) {
            return Err(HttpError::TooLarge);
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > ANSWER_BYTES {
                return Err(HttpError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = Response::new(body);
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }

    /// A proxy resolves names itself, so those that lead inside are refused here, as far as they are known here. The proxy's own host may be inside,
    /// and is no target.
    async fn before_the_proxy(&self, url: &Url) -> Result<(), HttpError> {
        let (Some(proxy), Some(Host::Domain(name)), Reach::Public) = (&self.proxy, url.host(), self.reach) else { return Ok(()) };
        if name.eq_ignore_ascii_case(proxy.host()) {
            return Err(HttpError::Forbidden);
        }
        if url.scheme() != "https" {
            return Ok(());
        }
        match tokio::time::timeout(CONNECT_TIMEOUT, tokio::net::lookup_host((name, 0))).await {
            Ok(Ok(found)) => {
                let mut found = found.peekable();
                let unknown = found.peek().is_none();
                if unknown || found.all(|address| is_public(address.ip())) { Ok(()) } else { Err(HttpError::Forbidden) }
            }
            // Where only the proxy knows names.
            Ok(Err(_)) | Err(_) => Ok(()),
        }
    }

    /// Addresses are judged here, names when they are resolved, so that a name cannot change in between.
    fn may_call(&self, url: &Url) -> bool {
        let host = match url.host() {
            Some(Host::Ipv4(address)) => is_public(address.into()),
            Some(Host::Ipv6(address)) => is_public(address.into()),
            Some(Host::Domain(_)) => true,
            None => false,
        };
        matches!(url.scheme(), "http" | "https") && (host || self.reach == Reach::Anywhere)
    }
}

/// Resolves names to their public addresses.
struct PublicNames {
    /// Which may be inside: the operator names it.
    proxy: Option<String>,
}

impl fmt::Debug for PublicNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicNames")
    }
}

impl Resolve for PublicNames {
    fn resolve(&self, name: Name) -> Resolving {
        let is_proxy = self.proxy.as_deref().is_some_and(|proxy| proxy.eq_ignore_ascii_case(name.as_str()));
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_proxy || is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(HttpError::Forbidden.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// True for addresses of the public internet (the IANA special-purpose registries, RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _) // this network, private, loopback, multicast, reserved
            | (100, 64..=127, _) // shared by carriers
            | (169, 254, _) // link-local, and the metadata service of clouds
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // 2001::/23 (Teredo and protocols), documentation, 6to4: they lead elsewhere or nowhere.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // Only 2000::/3 is given out.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use axum::{Router, response::Redirect, routing::get};
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn special_addresses_are_not_public() {
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "2002:7f00:1::",
            "3fff::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in ["1.1.1.1", "100.63.0.1", "172.32.0.1", "192.169.0.1", "198.20.0.1", "2606:4700::1111", "2a00:1450::1"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    async fn fetch(reach: Reach, url: &str) -> Result<Response<Vec<u8>>, HttpError> {
        HttpClient::new(reach).unwrap().fetch(Request::get(url).body(Vec::new()).unwrap()).await
    }

    #[tokio::test]
    async fn a_guarded_client_never_reaches_this_machine() {
        let seen = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&seen);
        let router = Router::new()
            .route("/large", get(|| async { "x".repeat(ANSWER_BYTES + 1) }))
            .route("/away", get(|| async { Redirect::to("/ok") }))
            .fallback(move || async move { counter.fetch_add(1, Ordering::SeqCst).to_string() });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move { axum::serve(listener, router).await });
        for host in ["127.0.0.1", "localhost", "0x7f000001", "2130706433", "127.1", "[::ffff:127.0.0.1]"] {
            assert!(fetch(Reach::Public, &format!("http://{host}:{port}/")).await.is_err(), "{host}");
        }
        assert_eq!(seen.load(Ordering::SeqCst), 0);

        let url = |path: &str| format!("http://127.0.0.1:{port}{path}");
        assert_eq!(fetch(Reach::Anywhere, &url("/ok")).await.unwrap().body(), b"0");
        assert_eq!(fetch(Reach::Anywhere, &url("/away")).await.unwrap().status(), 303);
        assert!(matches!(fetch(Reach::Anywhere, &url("/large")).await, Err(HttpError::TooLarge)));
        assert!(fetch(Reach::Anywhere, "ftp://127.0.0.1/").await.is_err());
        server.abort();
    }
}
