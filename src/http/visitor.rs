//! Who visits: the request of a person's browser, with what every page needs.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::context::Context;
use super::cookies::{self, CookieName, Cookies};
use super::once_more::Collision;
use super::page::{Html, because};
use super::shell::{ClientBadge, Notice, Shell, Tone};
use super::{compress, form::BadInput};
use crate::actions::known_device::{self, KnownDevice};
use crate::actions::session::{self, Current, Presented};
use crate::actions::{App, Fault, Outcome, Requester, factors};
use crate::crypto::token::{Kind, SecretToken};
use crate::engine::client::Client;
use crate::engine::params::Params;
use crate::engine::session::Session;
use crate::locale::{Locale, Text};
use crate::pages::{ErrorPage, Link};
use crate::settings::Way;

/// How long a page that a redirect led to says what that was about: reloaded, or in another language, too.
const NOTICE: Duration = Duration::from_mins(5);

/// A browser's request.
pub struct Visitor {
    pub app: App,
    pub context: Context,
    pub text: Text,
    cookies: Cookies,
    /// The language was chosen in this request.
    chosen: Option<Locale>,
    /// Or a relying party asked for it, of somebody who has not chosen: kept for the pages that follow, until the browser is closed.
    asked: Option<Locale>,
    browser: Browser,
}

/// The secret that binds journeys to this browser.
enum Browser {
    Known([u8; 32]),
    /// Made now; it becomes this browser's if a journey begins.
    New(SecretToken),
}

/// Before a language in its cookie that an application asked for (`ui_locales`), and no person chose.
const ASKED: char = '~';

impl FromRequestParts<App> for Visitor {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(Self::of(parts, app))
    }
}

impl Visitor {
    pub fn of(parts: &Parts, app: &App) -> Self {
        let context = Context::of(parts);
        let cookies = Cookies::of(&app.settings);
        let query = Params::parse(parts.uri.query().unwrap_or_default().as_bytes()).unwrap_or_default();
        let saved = cookies.read(context.headers(), CookieName::Locale);
        // What a person chose goes before what an application asks for, now or before.
        let (saved, earlier) = match saved.and_then(|saved| saved.strip_prefix(ASKED)) {
            Some(earlier) => (None, Some(earlier)),
            None => (saved, None),
        };
        let chosen = Locale::from_tag(query.first("lang"));
        let asked = Some(query.first("ui_locales")).filter(|asked| !asked.is_empty());
        let accepted = context.header("accept-language");
        let wanted = [saved, asked, earlier].map(Option::unwrap_or_default).join(" ");
        let locale = chosen.unwrap_or_else(|| Locale::negotiate(Some(&wanted), None, accepted, app.default_locale()));
        let known =
            cookies.read(context.headers(), CookieName::Browser).and_then(|text| SecretToken::parse(Kind::Browser, text).ok());
        let browser = match known {
            Some(secret) => Browser::Known(secret.hash()),
            None => Browser::New(SecretToken::generate(Kind::Browser, &app.random)),
        };
        let asked = asked.filter(|_| chosen.is_none() && saved.is_none()).map(|_| locale);
        Self { text: app.text(locale), app: app.clone(), context, cookies, chosen, asked, browser }
    }

    /// If the language switch sent the form: its fields, and what the page's address has beside. The page is shown again with them, and nothing
    /// else happens.
    pub fn switched(&self, form: &Params) -> Option<Params> {
        let (_, query) = self.context.path_and_query().split_once('?')?;
        let query = Params::parse(query.as_bytes()).ok()?;
        query.has("lang").then(|| form.clone().or(query))
    }

    pub fn requester(&self) -> Requester {
        Requester { address: self.context.address, user_agent: self.context.device.clone(), locale: self.text.locale() }
    }

    /// The values of the session cookie.
    pub fn carriers(&self) -> Vec<&str> {
        self.cookies.sessions(self.context.headers())
    }

    /// Whether it was sent more than once.
    pub fn has_several_carriers(&self) -> bool {
        self.cookies.has_several_sessions(self.context.headers())
    }

    /// Takes every session cookie away that this browser may send.
    pub fn clear_sessions(&self, mut response: Response) -> Response {
        let host = self.app.settings.server.public_url.host_str().unwrap_or_default();
        for cookie in self.cookies.clear_sessions(host) {
            cookies::add(response.headers_mut(), Some(cookie));
        }
        response
    }

    /// Whether the browser sent several live sessions, of which none counts.
    pub async fn is_torn(&self) -> Outcome<bool> {
        let carriers = self.carriers();
        Ok(carriers.len() > 1 && matches!(session::presented(&self.app, &carriers).await?, Presented::Several))
    }

    /// Who is signed in. Where hosts below a parent domain get the session's cookie, they can also plant one, and use what they got: neither is
    /// enough for our own pages.
    pub async fn current(&self) -> Outcome<Option<Current>> {
        let current = session::the_one(&self.app, &self.carriers()).await?;
        Ok(current.filter(|current| self.cookies != Cookies::Wide || self.began_here(&current.session)))
    }

    fn began_here(&self, session: &Session) -> bool {
        let mark = self.cookies.read(self.context.headers(), CookieName::Here);
        mark.is_some_and(|mark| session::is_mark(session, mark))
    }

    /// Lets our own pages know the session that begins.
    pub fn keep_here(&self, mut response: Response, session: &Session) -> Response {
        if self.cookies == Cookies::Wide {
            let left = session.remembered.then(|| session.expires_at.since(self.app.now()));
            let mark = session::mark(session);
            cookies::add(response.headers_mut(), self.cookies.set(CookieName::Here, &mark, left));
        }
        response
    }

    /// The hash of this browser's secret.
    pub fn browser(&self) -> [u8; 32] {
        match &self.browser {
            Browser::Known(hash) => *hash,
            Browser::New(secret) => secret.hash(),
        }
    }

    /// Gives the browser its secret, if it has none: whoever begins a journey must send it along.
    pub fn keep_browser(&self, mut response: Response) -> Response {
        if let Browser::New(secret) = &self.browser {
            cookies::add(response.headers_mut(), self.cookies.set(CookieName::Browser, secret.as_str(), None));
        }
        response
    }

    /// Who has signed in in this browser before.
    pub fn known(&self) -> Option<KnownDevice> {
        let kept = self.cookies.read(self.context.headers(), CookieName::KnownDevice)?;
        KnownDevice::parse(&self.app, kept)
    }

    /// Lets the browser say next time that this session's person has signed in here. Also gives the language of their profile.
    pub async fn keep_known(&self, response: Response, session: &Session) -> Outcome<(Response, Option<Locale>)> {
        Ok(match known_device::of_session(&self.app, session).await? {
            Some(kept) => (self.keep(response, CookieName::KnownDevice, &kept.known_device), kept.locale),
            None => (response, None),
        })
    }

    /// What this browser shows to skip the second factor.
    pub fn device(&self) -> Option<&str> {
        self.cookies.read(self.context.headers(), CookieName::Device)
    }

    /// The first factor that was used last in this browser.
    pub fn last_way(&self) -> Option<Way> {
        self.cookies.read(self.context.headers(), CookieName::Way).and_then(Way::named)
    }

    /// The provider that was used last, by its id.
    pub fn last_provider(&self) -> Option<&str> {
        self.cookies.read(self.context.headers(), CookieName::Way)
    }

    /// Keeps a cookie for a year.
    pub fn keep(&self, mut response: Response, name: CookieName, value: &str) -> Response {
        let year = Some(Duration::from_secs(365 * 86400));
        cookies::add(response.headers_mut(), self.cookies.set(name, value, year));
        response
    }

    /// Lets the browser skip the second factor from now on, with the secret that [`factors::trust`] gave. Others are trusted in it beside.
    pub fn keep_trusted(&self, mut response: Response, secret: &str) -> Response {
        let value = factors::devices::joined(self.device(), secret);
        cookies::add(
            response.headers_mut(),
            self.cookies.set(CookieName::Device, &value, self.app.settings.second_factor.remember),
        );
        response
    }

    /// The frame of a page; `title` is a key of the catalogue.
    pub fn shell(&self, title: &str) -> Shell {
        let settings = &self.app.settings.pages;
        Shell {
            identities: !self.app.settings.providers.is_empty(),
            help_url: settings.help_url.as_ref().map(ToString::to_string),
            switch: Shell::languages(&self.text, self.context.path_and_query()),
            reference: self.context.operation.clone(),
            person: self.known().map(|known| known.user_id),
            posted: self.context.method == Method::POST,
            ..Shell::new(self.text.clone(), &settings.name, title)
        }
    }

    /// The frame of a page that may answer a POST: the languages are links to where GET shows the same page.
    pub fn shell_at(&self, mut shell: Shell, path_and_query: &str) -> Shell {
        shell.switch = Shell::languages(&self.text, path_and_query);
        shell
    }

    /// The frame with the application that the person is on the way to.
    pub fn shell_for(&self, title: &str, client: Option<&Arc<Client>>) -> Shell {
        Shell { client: client.map(|client| badge(client)), ..self.shell(title) }
    }

    /// A page. Its status is 200 unless the shell says that something failed, or was sent too often.
    pub fn page(&self, shell: &Shell, template: &impl Template) -> Response {
        let status = match (shell.retry_after, shell.failed) {
            (Some(_), _) => StatusCode::TOO_MANY_REQUESTS,
            (None, true) => StatusCode::UNPROCESSABLE_ENTITY,
            (None, false) => StatusCode::OK,
        };
        let response = self.page_with(status, template);
        match shell.retry_after {
            Some(after) => retry_after(response, seconds(after)),
            None => response,
        }
    }

    /// A page that may travel compressed if it is one of [`compress::OPEN_PAGES`] and nobody is signed in. `typed` is what a person typed, or
    /// what is known of them: where there is any, the page is sent as it is.
    pub fn open_page(&self, shell: &Shell, template: &impl Template, typed: &[&str]) -> Response {
        let listed = compress::OPEN_PAGES.contains(&self.context.path());
        let anonymous = self.carriers().is_empty() && typed.iter().all(|text| text.is_empty());
        if !listed || !anonymous || shell.failed {
            return self.page(shell, template);
        }
        self.rendered(template, |html| {
            let mut response = compress::page(html, self.context.headers());
            response.headers_mut().insert(header::CONTENT_TYPE, Html::CONTENT_TYPE);
            response
        })
    }

    pub fn page_with(&self, status: StatusCode, template: &impl Template) -> Response {
        self.rendered(template, |html| (status, Html(html)).into_response())
    }

    fn rendered(&self, template: &impl Template, answer: impl FnOnce(String) -> Response) -> Response {
        let mut response = match template.render() {
            Ok(html) => answer(html),
            Err(error) => {
                tracing::error!(%error, "a page cannot be rendered");
                broken(&self.context.operation)
            }
        };
        if let Some(locale) = self.chosen {
            response = self.keep(response, CookieName::Locale, locale.tag());
        } else if let Some(locale) = self.asked {
            let value = format!("{ASKED}{}", locale.tag());
            cookies::add(response.headers_mut(), self.cookies.set(CookieName::Locale, &value, None));
        }
        response
    }

    /// A page that says what went wrong and what to do next. The keys are of the catalogue.
    pub fn error(&self, status: StatusCode, title: &str, detail: &str) -> Response {
        let response = self.error_with(status, title, self.text.t(detail).into_owned(), None);
        because(response, detail.to_owned())
    }

    /// The same with a sentence of its own. For the log its cause is the title, unless the caller knows better ([`because`]).
    pub fn error_with(&self, status: StatusCode, title: &str, detail: String, link: Option<Link>) -> Response {
        let shell = Shell { failed: true, ..self.shell(title) };
        let response = self.page_with(status, &ErrorPage { shell, status: status.as_u16(), detail, link });
        because(response, title.to_owned())
    }

    pub fn not_found(&self) -> Response {
        self.error(StatusCode::NOT_FOUND, "problem-not-found-title", "problem-not-found")
    }

    /// The page for a failure of the machinery.
    pub fn fault(&self, fault: &Fault) -> Response {
        let (status, title, detail) = match fault {
            Fault::Limited { rule, after } => {
                let (title, detail) = self.why_wait(rule, *after);
                (StatusCode::TOO_MANY_REQUESTS, title, detail)
            }
            Fault::Busy => (StatusCode::SERVICE_UNAVAILABLE, "problem-busy-title", self.text.t("problem-busy").into_owned()),
            Fault::Store(error) => {
                if !fault.is_collision() {
                    tracing::error!(%error, "the store failed");
                }
                (StatusCode::SERVICE_UNAVAILABLE, "problem-busy-title", self.text.t("problem-busy").into_owned())
            }
            Fault::Broken(error) => {
                tracing::error!(%error, "something is broken");
                (StatusCode::INTERNAL_SERVER_ERROR, "problem-server-title", self.text.t("problem-server").into_owned())
            }
        };
        let link = matches!(fault, Fault::Limited { .. }).then(|| self.here_again()).flatten();
        let mut response = with_retry_after(self.error_with(status, title, detail, link), fault);
        if fault.is_collision() {
            response.extensions_mut().insert(Collision);
        }
        because(response, fault.to_string())
    }

    /// The page for input that is no form.
    pub fn bad_input(&self, bad: BadInput) -> Response {
        because(self.error(bad.status, "problem-request-title", "problem-request"), bad.reason)
    }

    /// Whether a redirect of ours brought this browser here with that sentence, and no link that somebody made up.
    pub fn was_told(&self, key: &str) -> bool {
        !key.is_empty() && self.cookies.read(self.context.headers(), CookieName::Notice) == Some(key)
    }

    /// Remembers for the page that follows what a redirect has to say.
    pub fn keep_notice(&self, mut response: Response) -> Response {
        let location = response.headers().get(header::LOCATION).and_then(|to| to.to_str().ok());
        let Some((_, query)) = location.and_then(|to| to.split_once('?')) else { return response };
        let said = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| matches!(&**name, "notice" | "failed"));
        if let Some((_, key)) = said {
            let cookie = self.cookies.set(CookieName::Notice, &key, Some(NOTICE));
            cookies::add(response.headers_mut(), cookie);
        }
        response
    }

    /// A notice by its key, for the page that follows a redirect.
    pub fn notice(&self, query: &Params) -> Option<Notice> {
        let key = Self::notice_key(query.first("notice")).filter(|key| self.was_told(key))?;
        let kind = if matches!(key, "second-spent" | "verify-first" | "has-account") { Tone::Info } else { Tone::Success };
        Some(Notice { kind, text: self.text.t(&format!("notice-{key}")).into_owned() })
    }

    /// The notice that this request's own address names, for a redirect that must not lose it.
    pub fn notice_to_keep(&self) -> Option<&'static str> {
        let (_, query) = self.context.path_and_query().split_once('?')?;
        let (_, name) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "notice")?;
        Self::notice_key(&name).filter(|key| self.was_told(key))
    }

    /// Only keys of ours are shown.
    fn notice_key(name: &str) -> Option<&'static str> {
        const KEYS: &[&str] = &[
            "verify-first",
            "confirmed",
            "has-account",
            "code-sent-only",
            "phone-verified",
            "signed-out-all",
            "session-ended-here",
            "phone-removed",
            "second-spent",
            "saved",
            "password-changed",
            "password-reset",
            "invitation-accepted",
            "set-up",
            "set-up-passkey",
            "email-sent",
            "email-changed",
            "email-cancelled",
            "phone-sent",
            "phone-changed",
            "phone-cancelled",
            "code-sent",
            "link-sent",
            "verified",
            "session-ended",
            "sessions-ended",
            "app-revoked",
            "go-back",
            "factor-added",
            "factor-renamed",
            "factor-removed",
            "two-step-off",
            "totp-over",
            "trust-revoked",
            "trust-all-revoked",
            "passkey-added",
            "passkey-renamed",
            "passkey-removed",
            "identity-choose",
        ];
        KEYS.iter().copied().find(|key| *key == name)
    }

    pub const fn cookies(&self) -> Cookies {
        self.cookies
    }
}

/// Without any page, for what must not fail again.
pub fn broken(operation: &str) -> Response {
    let text = format!("Something broke on our side. Reference: {operation}\n");
    because((StatusCode::INTERNAL_SERVER_ERROR, text).into_response(), "something is broken")
}

/// `Retry-After` in whole seconds (RFC 9110 section 10.2.3), where trying again can help.
pub fn with_retry_after(response: Response, fault: &Fault) -> Response {
    match fault {
        Fault::Limited { after, .. } => retry_after(response, seconds(*after)),
        Fault::Busy | Fault::Store(_) => retry_after(response, 2),
        Fault::Broken(_) => response,
    }
}

/// Rounded up: who comes back a moment early would be refused again.
pub(super) fn seconds(after: Duration) -> u128 {
    after.as_millis().div_ceil(1000).max(1)
}

fn retry_after(mut response: Response, seconds: u128) -> Response {
    if let Ok(value) = HeaderValue::try_from(seconds.to_string()) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

/// The badge of an application.
pub fn badge(client: &Client) -> ClientBadge {
    let logo = client.metadata.logo_uri.clone().filter(|uri| uri.starts_with("https://"));
    let name = client.name().into_owned();
    ClientBadge { domain: client.domain().filter(|domain| *domain != name).unwrap_or_default(), name, logo }
}
