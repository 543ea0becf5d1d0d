//! The demo's pages, in the looks of the provider.

use std::sync::Arc;

use askama::Template;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::Value;

use super::{DemoSettings, SignedIn};
use crate::{
    http::{
        context::Context,
        csp,
        page::{Html, because},
        shell::{Notice, Shell, Tone},
    },
    locale::{Catalogue, Locale, Text},
    pages::{DemoClaims, DemoHome, ErrorPage, Link},
};

/// What went wrong.
#[derive(Clone, Copy, Debug)]
pub(super) enum Problem<'a> {
    /// The provider said no; its error code.
    Denied(&'a str),
    /// It cannot be reached.
    Provider,
    /// The answer belongs to no sign-in of this browser.
    State,
    /// A token failed a check.
    Token,
    Missing,
    Foreign,
}

impl Problem<'_> {
    const fn status(&self) -> StatusCode {
        match self {
            Self::Denied(_) | Self::State => StatusCode::BAD_REQUEST,
            Self::Provider | Self::Token => StatusCode::BAD_GATEWAY,
            Self::Missing => StatusCode::NOT_FOUND,
            Self::Foreign => StatusCode::FORBIDDEN,
        }
    }

    const fn keys(&self) -> (&'static str, &'static str) {
        match self {
            Self::Denied(_) => ("demo-denied", "demo-denied-detail"),
            Self::Provider => ("demo-provider", "demo-provider-detail"),
            Self::State => ("demo-state", "demo-state-detail"),
            Self::Token => ("demo-token", "demo-token-detail"),
            Self::Missing => ("demo-missing", "demo-missing-detail"),
            Self::Foreign => ("demo-foreign", "demo-foreign-detail"),
        }
    }
}

/// Makes the pages.
pub(super) struct Pages {
    catalogue: Arc<Catalogue>,
    default_locale: Locale,
    provider: String,
    account: String,
    /// Signing out is a form that ends at the provider.
    policy: HeaderValue,
}

impl Pages {
    pub(super) fn new(settings: &DemoSettings, catalogue: Arc<Catalogue>) -> Self {
        Self {
            catalogue,
            default_locale: settings.default_locale,
            provider: settings.provider.clone(),
            account: format!("{}/account", settings.issuer),
            policy: csp::with_form_action(&[&settings.issuer, &settings.origin]),
        }
    }

    pub(super) fn home(&self, context: &Context, signed_out: bool) -> Response {
        let mut shell = self.shell(context, "demo");
        if signed_out {
            shell.notice = Some(Notice { kind: Tone::Success, text: shell.t("demo-signed-out").into_owned() });
        }
        let page = DemoHome { shell, sign_in: "/login".to_owned(), provider: self.provider.clone() };
        self.answer(StatusCode::OK, &page)
    }

    pub(super) fn claims(&self, context: &Context, signed_in: &SignedIn, refreshed: bool) -> Response {
        let mut shell = self.shell(context, "demo");
        if refreshed {
            shell.notice = Some(Notice { kind: Tone::Success, text: shell.t("demo-refreshed").into_owned() });
        }
        let page = DemoClaims {
            shell,
            claims: signed_in.claims.iter().map(|(name, value)| (name.clone(), readable(value))).collect(),
            refresh: signed_in.can_refresh().then(|| "/refresh".to_owned()),
            sign_out: "/logout".to_owned(),
            account: self.account.clone(),
        };
        self.answer(StatusCode::OK, &page)
    }

    pub(super) fn problem(&self, context: &Context, problem: Problem<'_>) -> Response {
        let (title, detail) = problem.keys();
        let mut shell = self.shell(context, title);
        shell.failed = true;
        let detail = match problem {
            Problem::Denied(code) => shell.text.with(detail, &[("code", code)]),
            _ => shell.t(detail).into_owned(),
        };
        let label = shell.t("demo-again").into_owned();
        let status = problem.status();
        let page = ErrorPage { shell, status: status.as_u16(), detail, link: Some(Link { href: "/".to_owned(), label }) };
        because(self.answer(status, &page), title.to_owned())
    }

    fn shell(&self, context: &Context, title: &str) -> Shell {
        let locale = Locale::negotiate(None, None, context.header("accept-language"), self.default_locale);
        let text = Text::new(Arc::clone(&self.catalogue), locale);
        let site = text.t("demo").into_owned();
        let mut shell = Shell::new(text, site, title);
        shell.reference.clone_from(&context.operation);
        shell
    }

    fn answer(&self, status: StatusCode, page: &impl Template) -> Response {
        match page.render() {
            Ok(page) => (status, [(header::CONTENT_SECURITY_POLICY, self.policy.clone())], Html(page)).into_response(),
            Err(error) => {
                tracing::error!(%error, "a page of the demo application could not be rendered");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

fn readable(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
