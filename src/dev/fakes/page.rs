//! Where people are sent: who signs in, and what goes otherwise.

use std::sync::Arc;

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use url::Url;

use super::{
    CLIENT_ID, Fakes, FakesError, google,
    grants::Grant,
    is_loopback,
    people::{Nobody, PEOPLE, Person, SOMEBODY},
    provider::Provider,
    quirk::Quirk,
    token,
};
use crate::{
    crypto::pkce,
    engine::params::Params,
    http::{
        context::Context,
        csrf,
        form::{Form, Query},
        page::{Html, see_other},
        shell::{Notice, Shell, Tone},
    },
    locale::{Catalogue, Locale, Text},
    pages::{Choice, FakeSignIn, Message},
};

/// As for every page, but without `form-action`: after the form comes a redirect, after that another, and the last of them may lead to any
/// application. The real providers have no such rule either.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'",
);

/// Parameters of the authorization request, which the form carries along.
const CARRIED: [&str; 10] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "state",
    "scope",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "access_type",
    "claims",
];

/// Makes the pages.
pub(super) struct Pages {
    default_locale: Locale,
    catalogue: Arc<Catalogue>,
}

/// The page of each provider, for forms of its own only.
pub(super) fn routes(fakes: &Arc<Fakes>, origin: &str) -> Result<Router<Arc<Fakes>>, FakesError> {
    let mut pages = Router::new();
    for provider in Provider::ALL {
        let show = async move |State(fakes): State<Arc<Fakes>>, context: Context, Query(query): Query| {
            show(&fakes, provider, &context, &query)
        };
        let answer = async move |State(fakes): State<Arc<Fakes>>, context: Context, Form(form): Form| {
            answer(&fakes, provider, &context, &form)
        };
        pages = pages.route(provider.authorize_path(), get(show).post(answer));
    }
    let refused = Arc::clone(fakes);
    let refusal = move |parts: &_| {
        let context = Context::of(parts);
        refused.pages.problem(
            &context,
            StatusCode::FORBIDDEN,
            "demo-foreign",
            &refused.pages.text(&context).t("demo-foreign-detail"),
        )
    };
    Ok(csrf::guard(pages, origin, refusal)?)
}

/// An authorization request that can be answered.
struct Asked {
    redirect_uri: Url,
    scopes: Vec<String>,
    challenge: Option<String>,
}

/// Checks what the real ones check before they ask anybody. The error is what they call it.
fn check(provider: Provider, params: &Params) -> Result<Asked, &'static str> {
    if let Some(twice) = CARRIED.iter().find(|name| params.one(name).is_err()) {
        return Err(twice);
    }
    if params.first("client_id") != CLIENT_ID {
        return Err("invalid_client");
    }
    let redirect_uri = Url::parse(params.first("redirect_uri")).map_err(|_| "redirect_uri_mismatch")?;
    let web = matches!(redirect_uri.scheme(), "http" | "https");
    if !web || !is_loopback(&redirect_uri) || redirect_uri.fragment().is_some() {
        return Err("redirect_uri_mismatch");
    }
    let response_type = params.first("response_type");
    let optional = matches!(provider, Provider::Github | Provider::Facebook);
    if response_type != "code" && !(optional && response_type.is_empty()) {
        return Err("unsupported_response_type");
    }
    // GitHub and Facebook also know commas.
    let scopes: Vec<String> =
        params.first("scope").split([' ', ',']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    if scopes.is_empty() && !optional {
        return Err("invalid_scope");
    }
    let challenge = Some(params.first("code_challenge")).filter(|challenge| !challenge.is_empty());
    let fits = challenge.is_none_or(|found| pkce::is_challenge(found) && params.first("code_challenge_method") == "S256");
    if !fits || (challenge.is_none() && provider == Provider::Twitter) {
        return Err("invalid_request: code_challenge");
    }
    Ok(Asked { redirect_uri, scopes, challenge: challenge.map(str::to_owned) })
}

fn show(fakes: &Fakes, provider: Provider, context: &Context, params: &Params) -> Response {
    match check(provider, params) {
        Ok(asked) => fakes.pages.sign_in(provider, context, params, &asked, None),
        Err(reason) => fakes.pages.refused(context, provider, reason),
    }
}

fn answer(fakes: &Fakes, provider: Provider, context: &Context, form: &Params) -> Response {
    let asked = match check(provider, form) {
        Ok(asked) => asked,
        Err(reason) => return fakes.pages.refused(context, provider, reason),
    };
    if form.first("answer") != "continue" {
        return denied(fakes, provider, asked.redirect_uri, form);
    }
    let Some(quirk) = Quirk::parse(form.first("quirk"), provider) else {
        return fakes.pages.refused(context, provider, "quirk");
    };
    let person = match Person::chosen(form, quirk) {
        Ok(person) => person,
        Err(Nobody) => return fakes.pages.sign_in(provider, context, form, &asked, Some("fake-problem-email")),
    };
    let mut extra = Vec::new();
    if provider == Provider::Google {
        extra.push(("scope", google::granted(&asked.scopes)));
        extra.push(("authuser", "0".to_owned()));
        extra.extend(person.hosted_domain().map(|domain| ("hd", domain.to_owned())));
        extra.push(("prompt", "consent".to_owned()));
    }
    let grant = Grant {
        provider,
        person,
        quirk,
        scopes: asked.scopes,
        redirect_uri: form.first("redirect_uri").to_owned(),
        challenge: asked.challenge,
        nonce: Some(form.first("nonce")).filter(|nonce| !nonce.is_empty()).map(str::to_owned),
        offline: form.first("access_type") == "offline",
        auth_time: form.first("claims").contains("\"auth_time\""),
        at: fakes.settings.clock.now(),
    };
    let code = token::code(fakes, provider);
    fakes.grants.keep_code(code.clone(), grant);
    extra.insert(0, ("code", code));
    back(fakes, provider, asked.redirect_uri, form, quirk, &extra)
}

/// The person pressed Cancel.
fn denied(fakes: &Fakes, provider: Provider, to: Url, form: &Params) -> Response {
    let said: &[(&'static str, &str)] = match provider {
        Provider::Google | Provider::Twitter => &[],
        Provider::Github => &[
            ("error_description", "The user has denied your application access."),
            (
                "error_uri",
                "https://docs.github.com/apps/managing-oauth-apps/troubleshooting-authorization-request-errors/#access-denied",
            ),
        ],
        Provider::Facebook => {
            &[("error_code", "200"), ("error_description", "Permissions error"), ("error_reason", "user_denied")]
        }
        Provider::Discord => &[("error_description", "The resource owner or authorization server denied the request")],
    };
    let said = std::iter::once(&("error", "access_denied")).chain(said).map(|(name, value)| (*name, (*value).to_owned()));
    let said: Vec<_> = said.collect();
    back(fakes, provider, to, form, Quirk::None, &said)
}

/// Back to the program that sent the person here.
fn back(fakes: &Fakes, provider: Provider, mut to: Url, form: &Params, quirk: Quirk, said: &[(&str, String)]) -> Response {
    {
        let mut pairs = to.query_pairs_mut();
        if let Ok(Some(state)) = form.one("state") {
            pairs.append_pair("state", state);
        }
        let issuer = match quirk {
            Quirk::MixUp => Some("https://accounts.elsewhere.example".to_owned()),
            _ => provider.answer_issuer(&fakes.base_url(provider)),
        };
        pairs.extend_pairs(issuer.map(|issuer| ("iss", issuer)));
        pairs.extend_pairs(said);
    }
    if provider == Provider::Facebook {
        to.set_fragment(Some("_=_"));
    }
    see_other(to.as_str())
}

impl Pages {
    pub(super) fn new(default_locale: Locale, catalogue: Arc<Catalogue>) -> Self {
        Self { default_locale, catalogue }
    }

    fn text(&self, context: &Context) -> Text {
        let query = context.path_and_query().split_once('?').map_or("", |(_, query)| query);
        let named = |wanted: &str| form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == wanted).map(|(_, tag)| tag);
        // The language switch of the page before what the program asked for.
        let wanted = named("lang").or_else(|| named("ui_locales"));
        let locale = Locale::negotiate(wanted.as_deref(), None, context.header("accept-language"), self.default_locale);
        Text::new(Arc::clone(&self.catalogue), locale)
    }

    fn shell(&self, context: &Context, title: impl FnOnce(&Text) -> String) -> Shell {
        let text = self.text(context);
        let mut shell = Shell::new(text.clone(), text.t("fake-site"), "fake-site");
        shell.title = title(&text);
        shell.reference.clone_from(&context.operation);
        shell
    }

    /// The form; `problem` is what to say about the address.
    fn sign_in(&self, provider: Provider, context: &Context, params: &Params, asked: &Asked, problem: Option<&str>) -> Response {
        let mut shell = self.shell(context, |text| text.with("fake-title", &[("provider", provider.name())]));
        shell.notice =
            Some(Notice { kind: Tone::Warning, text: shell.text.with("fake-warning", &[("provider", provider.name())]) });
        if let Some(key) = problem {
            let text = shell.t(key).into_owned();
            shell.problem("email", text);
        } else {
            shell.switch = Shell::languages(&shell.text, context.path_and_query());
        }
        let known = PEOPLE.iter().map(|known| (known.id, format!("{} – {}", known.given_name, known.email)));
        let somebody = (SOMEBODY, shell.t("fake-somebody").into_owned());
        let quirks = provider.quirks().map(|quirk| (quirk.as_str(), shell.t(quirk.key()).into_owned()));
        let choice = |(value, label): (&str, String)| Choice { value: value.to_owned(), label };
        let page = FakeSignIn {
            people: known.chain([somebody]).map(choice).collect(),
            person: params.first("person").to_owned(),
            quirks: quirks.map(choice).collect(),
            quirk: params.first("quirk").to_owned(),
            action: context.path().to_owned(),
            carried: CARRIED.iter().map(|name| ((*name).to_owned(), params.first(name).to_owned())).collect(),
            email: params.first("email").to_owned(),
            name: params.first("name").to_owned(),
            scopes: asked.scopes.clone(),
            to: asked.redirect_uri.origin().ascii_serialization(),
            hosted: (provider == Provider::Google).then(|| super::HOSTED.to_owned()),
            shell,
        };
        respond(if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }, &page)
    }

    /// The request is not one that the provider would take a person's answer for.
    fn refused(&self, context: &Context, provider: Provider, reason: &str) -> Response {
        let names = [("provider", provider.name()), ("reason", reason), ("client", CLIENT_ID)];
        let detail = self.text(context).with("fake-refused-detail", &names);
        self.problem(context, StatusCode::BAD_REQUEST, "fake-refused", &detail)
    }

    fn problem(&self, context: &Context, status: StatusCode, title: &str, detail: &str) -> Response {
        let mut shell = self.shell(context, |text| text.t(title).into_owned());
        shell.failed = true;
        respond(status, &Message { shell, detail: detail.to_owned(), link: None })
    }
}

fn respond(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(page) => (status, [(header::CONTENT_SECURITY_POLICY, POLICY)], Html(page)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page of the fake providers could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
