//! The proxy through which calls leave, where a network lets nothing else out: `HTTPS_PROXY` and `NO_PROXY`, as other programs read them.
//!
//! Only https goes through it. The guard of [`super::http`] cannot see where a proxy connects to; but behind a name that leads into our own network
//! nobody has a certificate for that name, so a call ends before anything is said. Addresses in the place of names are refused as ever, and so
//! are names that are known here to lead inside. What the proxy itself lets through is for its own rules.

use std::fmt;

use reqwest::NoProxy;
use url::Url;

use super::http::HttpError;

/// A proxy, and what does not go through it.
#[derive(Clone)]
pub struct OutboundProxy {
    url: Url,
    no_proxy: String,
}

/// It may hold a password.
impl fmt::Debug for OutboundProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OutboundProxy({})", self.address())
    }
}

impl OutboundProxy {
    /// What the environment names, if anything. The small letters first, as curl has it.
    ///
    /// # Errors
    /// It is no address of an HTTP proxy.
    pub fn from_env() -> Result<Option<Self>, HttpError> {
        let read = |names: [&str; 2]| names.into_iter().find_map(|name| std::env::var(name).ok());
        let Some(proxy) = read(["https_proxy", "HTTPS_PROXY"]).filter(|text| !text.trim().is_empty()) else { return Ok(None) };
        Self::new(proxy.trim(), &read(["no_proxy", "NO_PROXY"]).unwrap_or_default()).map(Some)
    }

    /// A proxy by its address; without a scheme it is `http`.
    ///
    /// # Errors
    /// It is no address of an HTTP proxy.
    pub fn new(address: &str, no_proxy: &str) -> Result<Self, HttpError> {
        let with_scheme = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
        let url = Url::parse(&with_scheme).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
        Ok(Self { url: url.ok_or(HttpError::Proxy)?, no_proxy: no_proxy.to_owned() })
    }

    /// Where it is, without what logs us in there.
    pub fn address(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port_or_known_default().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    pub(super) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    pub(super) fn rule(&self) -> Result<reqwest::Proxy, HttpError> {
        Ok(reqwest::Proxy::https(self.url.clone())?.no_proxy(NoProxy::from_string(&self.no_proxy)))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        net::Ipv4Addr,
        sync::{Arc, Mutex},
        time::Duration,
    };

    use axum::http::Request;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::{
        super::http::{HttpClient, Reach},
        *,
    };

    /// A proxy that remembers what it was asked for, and lets nothing through.
    async fn proxy() -> (u16, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (port, seen) = (listener.local_addr().unwrap().port(), Arc::new(Mutex::new(Vec::new())));
        let asked = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut bytes = [0; 2048];
                let length = stream.read(&mut bytes).await.unwrap_or(0);
                asked.lock().unwrap().push(String::from_utf8_lossy(&bytes[..length]).into_owned());
                let _sent = stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").await;
            }
        });
        (port, seen)
    }

    async fn call(client: &HttpClient, url: &str) -> HttpError {
        client.fetch(Request::get(url).body(Vec::new()).unwrap()).await.unwrap_err()
    }

    #[tokio::test]
    async fn https_goes_through_it_and_stays_guarded() {
        let (port, seen) = proxy().await;
        let rule = OutboundProxy::new(&format!("http://user:pass@127.0.0.1:{port}"), "direct.invalid").unwrap();
        assert_eq!(format!("{rule:?}"), format!("OutboundProxy(127.0.0.1:{port})"));
        let client = HttpClient::through(Reach::Public, Duration::from_secs(5), Some(rule)).unwrap();
        // Names that only the proxy knows are its business.
        call(&client, "https://provider.invalid/token").await;
        let asked = std::mem::take(&mut *seen.lock().unwrap()).concat();
        assert!(asked.starts_with("CONNECT provider.invalid:443 HTTP/1.1\r\n"), "{asked}");
        assert!(asked.to_lowercase().contains("proxy-authorization: basic dxnlcjpwyxnz"), "{asked}");
        // Names and addresses that lead inside are refused before anybody is asked, the proxy's own, too.
        for url in [
            "https://localhost/",
            "https://127.0.0.1/",
            "https://10.0.0.1/",
            "https://169.254.169.254/latest/meta-data/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://2130706433/",
        ] {
            assert!(matches!(call(&client, url).await, HttpError::Forbidden), "{url}");
        }
        // Neither http nor what NO_PROXY names.
        call(&client, "http://provider.invalid/").await;
        call(&client, "https://direct.invalid/").await;
        assert_eq!(*seen.lock().unwrap(), Vec::<String>::new());
        let anywhere = OutboundProxy::new(&format!("127.0.0.1:{port}"), "").unwrap();
        let anywhere = HttpClient::through(Reach::Anywhere, Duration::from_secs(5), Some(anywhere)).unwrap();
        call(&anywhere, "https://10.0.0.1/").await;
        assert!(seen.lock().unwrap().concat().starts_with("CONNECT 10.0.0.1:443 "), "allow_private means it");
    }

    #[tokio::test]
    async fn a_proxy_by_name_may_be_inside_and_is_no_target() {
        let (port, seen) = proxy().await;
        let rule = OutboundProxy::new(&format!("http://localhost:{port}"), "").unwrap();
        let client = HttpClient::through(Reach::Public, Duration::from_secs(5), Some(rule)).unwrap();
        call(&client, "https://provider.invalid/").await;
        assert!(seen.lock().unwrap().concat().starts_with("CONNECT provider.invalid:443 "));
        for url in
            [format!("https://localhost:{port}/"), format!("http://localhost:{port}/"), format!("http://LOCALHOST:{port}/")]
        {
            assert!(matches!(call(&client, &url).await, HttpError::Forbidden), "{url}");
        }
        assert_eq!(seen.lock().unwrap().len(), 1);
    }

    #[test]
    fn only_http_proxies_are_understood() {
        assert_eq!(OutboundProxy::new("proxy.example:3128", "").unwrap().address(), "proxy.example:3128");
        for bad in ["socks5://proxy.example", "http://", "://x"] {
            assert!(matches!(OutboundProxy::new(bad, ""), Err(HttpError::Proxy)), "{bad}");
        }
    }
}
