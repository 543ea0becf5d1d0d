//! A browser as far as the server can tell: cookies, forms, and the headers a browser sends with them. It follows nothing by itself.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Method, Request, header};
use scraper::{Html, Selector};
use tower::ServiceExt as _;
use vestibule::http::context::Peer;
use vestibule::time::Clock;

/// A clone has the same cookies and goes its own way from then on.
#[derive(Clone)]
pub struct Browser {
    router: Router,
    clock: Clock,
    /// Where it is on the network.
    pub address: SocketAddr,
    pub cookies: BTreeMap<String, String>,
    /// Sent with every request; they replace the browser's own.
    pub headers: Vec<(&'static str, String)>,
    /// The page that is open.
    page: Option<Answer>,
    /// The last answers were redirects after a form of ours: browsers hold them against the form's page.
    after_form: bool,
}

/// What the pages of the account say at the end of a flow, as their addresses have it.
const SAID: [&str; 3] = ["?notice=verified", "?notice=phone-verified", "?notice=password-reset"];

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// A form of a page, with what it would send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    pub action: String,
    pub fields: Vec<(String, String)>,
    /// Names of all the fields, also of those that send nothing yet.
    pub names: Vec<String>,
}

impl Form {
    /// Whether it is sent there, with whatever parameters.
    pub fn goes_to(&self, path: &str) -> bool {
        self.action.split('?').next() == Some(path)
    }
}

impl Browser {
    pub fn new(router: Router, clock: Clock) -> Self {
        let address = SocketAddr::from(([192, 0, 2, 1], 40_000));
        Self { router, clock, address, cookies: BTreeMap::new(), headers: Vec::new(), page: None, after_form: false }
    }

    /// The same browser at another place on the network.
    pub fn at(mut self, address: [u8; 4]) -> Self {
        self.address = SocketAddr::from((address, 40_000));
        self
    }

    /// The same browser at an IPv6 address.
    pub fn at_v6(mut self, segments: [u16; 8]) -> Self {
        self.address = SocketAddr::from((segments, 40_000));
        self
    }

    /// The same browser at another node.
    pub fn at_node(mut self, router: Router) -> Self {
        self.router = router;
        self
    }

    /// Sends this header with every request from now on, instead of the browser's own.
    pub fn sending(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// The page that is open.
    pub fn open(&self) -> Option<&Answer> {
        self.page.as_ref()
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        let answer = self.send(Method::GET, path, &[], Bytes::new()).await;
        self.page = Some(answer.clone());
        answer
    }

    /// Opens where the answer redirects to.
    pub async fn follow(&mut self, answer: &Answer) -> Answer {
        let to = answer.goes_to().to_owned();
        assert!(to.starts_with('/'), "{to:?} is not here");
        let after_form = self.after_form && answer.status == 303;
        let answer = self.get(&to).await;
        if after_form {
            self.forms_end_here(&answer);
        }
        answer
    }

    /// No redirect after a form of ours leads away: `form-action` would end it, or a redirect that the other side adds.
    fn forms_end_here(&mut self, answer: &Answer) {
        self.after_form = answer.status == 303;
        let to = answer.header("location");
        assert!(to.is_empty() || to.starts_with('/'), "a form leads to {to} by redirect");
    }

    /// Sends a form as a page of ours does.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.post_raw(path, body).await
    }

    /// Sends any bytes as if they were a form.
    pub async fn post_raw(&mut self, path: &str, body: impl Into<Bytes>) -> Answer {
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", "http://localhost:8080"),
            ("sec-fetch-site", "same-origin"),
        ];
        let answer = self.send(Method::POST, path, &headers, body.into()).await;
        // What relying parties post is held against their own pages.
        if !path.starts_with("/oauth2/") {
            self.forms_end_here(&answer);
        }
        if answer.status != 303 {
            self.page = Some(answer.clone());
        }
        answer
    }

    /// Fills in the form of the open page that goes to `action`, and sends it.
    pub async fn submit(&mut self, action: &str, typed: &[(&str, &str)]) -> Answer {
        let page = self.page.clone().expect("a page is open");
        let Form { mut fields, names, action } = page.form(action);
        for (name, value) in typed {
            assert!(names.iter().any(|known| known == name), "{action} has no field {name}: {names:?}");
            fields.retain(|(known, _)| known != name);
            fields.push(((*name).to_owned(), (*value).to_owned()));
        }
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.post(&action, &fields).await
    }

    pub async fn sign_in(&mut self, identifier: &str, password: &str) -> Answer {
        self.get("/login").await;
        self.submit("/login", &[("identifier", identifier), ("password", password)]).await
    }

    /// The request as it is, with the cookies. Each one takes a millisecond of the world's time.
    pub async fn send(&mut self, method: Method, path: &str, headers: &[(&str, &str)], body: Bytes) -> Answer {
        self.clock.advance(Duration::from_millis(1));
        self.after_form = false;
        let mut request = Request::builder().method(method).uri(path).extension(Peer(self.address));
        let browser =
            [("host", "localhost:8080"), ("accept-language", "en"), ("user-agent", "Mozilla/5.0 (X11; Linux) Firefox/140.0")];
        let own = self.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let replaced = |name: &str| self.headers.iter().any(|(own, _)| *own == name);
        for (name, value) in browser.into_iter().chain(headers.iter().copied()).filter(|(name, _)| !replaced(name)).chain(own) {
            if !value.is_empty() {
                request = request.header(name, value);
            }
        }
        if !self.cookies.is_empty() {
            let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, pairs.join("; "));
        }
        let response = self.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        for line in parts.headers.get_all(header::SET_COOKIE) {
            let cookie = cookie::Cookie::parse(line.to_str().unwrap()).unwrap();
            if cookie.max_age().is_some_and(|age| !age.is_positive()) {
                self.cookies.remove(cookie.name());
            } else {
                self.cookies.insert(cookie.name().to_owned(), cookie.value().to_owned());
            }
        }
        Answer { status: parts.status.as_u16(), headers: parts.headers, body: to_bytes(body, usize::MAX).await.unwrap() }
    }
}

impl Answer {
    /// A header's value, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Where the browser goes from here by itself, by redirect or `Refresh`, or nothing.
    pub fn location(&self) -> &str {
        let to = self.goes_to();
        SAID.iter().find_map(|said| to.strip_suffix(said)).unwrap_or(to)
    }

    /// The same, with what a page of the account says first at the end of a flow.
    pub fn goes_to(&self) -> &str {
        match self.header("refresh").strip_prefix("0; url=") {
            Some(url) => url,
            None => self.header("location"),
        }
    }

    /// Whether this is a page of ours that moves on to another origin, and has a link for whom it does not.
    #[track_caller]
    pub fn leaves(&self) -> bool {
        let leaves = self.status == 200 && self.headers.contains_key(header::REFRESH);
        if leaves {
            let link = format!("<a class=\"button\" href=\"{}\"", self.location().replace('&', "&#38;"));
            assert!(self.text().contains(&link), "{link}: {}", self.text());
        }
        leaves
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// What a reader sees of the first element that the selector finds.
    pub fn shown(&self, selector: &str) -> Option<String> {
        let html = Html::parse_document(&self.text());
        let found = html.select(&Selector::parse(selector).unwrap()).next()?;
        Some(found.text().collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// The value of a field.
    pub fn value(&self, field: &str) -> Option<String> {
        let html = Html::parse_document(&self.text());
        let selector = Selector::parse(&format!("[name='{field}']")).unwrap();
        let found = html.select(&selector).next()?;
        Some(found.value().attr("value").map_or_else(|| found.text().collect(), str::to_owned))
    }

    pub fn forms(&self) -> Vec<Form> {
        let html = Html::parse_document(&self.text());
        let fields = Selector::parse("input, select, textarea, button[name]").unwrap();
        html.select(&Selector::parse("form").unwrap())
            .map(|form| {
                let mut found =
                    Form { action: form.value().attr("action").unwrap_or_default().to_owned(), fields: vec![], names: vec![] };
                for field in form.select(&fields) {
                    let element = field.value();
                    let Some(name) = element.attr("name") else { continue };
                    found.names.push(name.to_owned());
                    let value = match element.name() {
                        "textarea" => Some(field.text().collect::<String>()),
                        "select" => {
                            let chosen = Selector::parse("option[selected]").unwrap();
                            field.select(&chosen).next().map(|option| option.value().attr("value").unwrap_or_default().to_owned())
                        }
                        "button" => None,
                        _ if matches!(element.attr("type"), Some("checkbox" | "radio")) && element.attr("checked").is_none() => {
                            None
                        }
                        _ => Some(element.attr("value").unwrap_or_default().to_owned()),
                    };
                    found.fields.extend(value.map(|value| (name.to_owned(), value)));
                }
                found
            })
            .collect()
    }

    /// The form that goes to this path; it is an error if the page has none.
    pub fn form(&self, action: &str) -> Form {
        let forms = self.forms();
        let found = forms.iter().find(|form| form.goes_to(action));
        found.cloned().unwrap_or_else(|| panic!("{}: no form to {action} among {forms:?} in {}", self.status, self.text()))
    }
}
