//! Back from a provider: to where it began, with a sentence.

use axum::response::Response;
use form_urlencoded::Serializer;

use crate::actions::providers;
use crate::engine::flow::AccountPage;
use crate::engine::linking::Refusal;
use crate::engine::params::Params;
use crate::http::page::see_other;
use crate::http::shell::{Notice, Shell, Tone};
use crate::http::visitor::Visitor;

/// To the sign-in page. What was typed there stands in the journey, not in the address, which ends up in logs.
pub(super) fn back_to_login(flow: Option<&str>, failed: &str, provider: &str) -> Response {
    back_to("/login", flow, failed, provider)
}

/// To the page that wants a new proof, with "Stay signed in" as it was.
pub(super) fn back_to_proof(flow: &str, remember: bool, failed: &str, provider: &str) -> Response {
    let stay = if remember { &[][..] } else { &[("stay", "no")] };
    see_other(&format!("/login?{}", said(Some(flow), failed, provider).extend_pairs(stay).finish()))
}

pub(super) fn back_to(page: &str, flow: Option<&str>, failed: &str, provider: &str) -> Response {
    see_other(&format!("{page}?{}", said(flow, failed, provider).finish()))
}

fn said<'a>(flow: Option<&str>, failed: &str, provider: &str) -> Serializer<'a, String> {
    let mut query = Serializer::new(String::new());
    query.extend_pairs(flow.map(|flow| ("flow", flow))).append_pair("failed", failed).append_pair("with", provider);
    query
}

pub(super) fn back_to_account(failed: &str, provider: &str) -> Response {
    to_account("failed", failed, provider)
}

/// Connected or disconnected, as the notice says.
pub(super) fn done(notice: &str, provider: &str) -> Response {
    to_account("notice", notice, provider)
}

fn to_account(name: &str, value: &str, provider: &str) -> Response {
    let query = Serializer::new(String::new()).append_pair(name, value).append_pair("with", provider).finish();
    see_other(&format!("{}?{query}", AccountPage::Identities.path()))
}

pub(super) const fn refusal(why: Refusal) -> &'static str {
    match why {
        Refusal::Closed => "closed",
        Refusal::ByInvitation => "invited",
        Refusal::NotConnected => "not-connected",
        Refusal::HasAccount => "has-account",
    }
}

/// What a redirect of ours says, by the parameter's name; what somebody's own link says is nothing.
fn told<'a>(visitor: &Visitor, params: &'a Params, name: &str) -> &'a str {
    Some(params.first(name)).filter(|key| visitor.was_told(key)).unwrap_or_default()
}

/// The sentence of the sign-in page for `failed` and `with`, as the redirects above set them. Only words of ours are shown.
pub(super) fn say_failure(visitor: &Visitor, shell: Shell, params: &Params) -> Shell {
    let key = match told(visitor, params, "failed") {
        "cancelled" => "problem-provider-cancelled",
        "unavailable" => "problem-provider-unavailable",
        "unusable" => "problem-provider-unusable",
        "not-asked" => "problem-provider-not-asked",
        "another" => "problem-provider-another",
        "closed" => "problem-provider-closed",
        "invited" => "problem-provider-invited",
        "not-connected" => "problem-provider-not-connected",
        "elsewhere" => "problem-provider-elsewhere",
        "has-account" => "problem-provider-has-account",
        _ => return shell,
    };
    say(visitor, shell, params, Tone::Warning, key)
}

/// The same for the account's page: nobody there looks for another way in.
pub(super) fn say_outcome(visitor: &Visitor, shell: Shell, params: &Params) -> Shell {
    let (tone, key) = match (told(visitor, params, "notice"), told(visitor, params, "failed")) {
        ("identity-connected", _) => (Tone::Success, "notice-identity-connected"),
        ("identity-already", _) => (Tone::Success, "notice-identity-already"),
        ("identity-disconnected", _) => (Tone::Success, "notice-identity-disconnected"),
        (_, "cancelled") => (Tone::Warning, "problem-connect-cancelled"),
        (_, "unavailable") => (Tone::Warning, "problem-connect-unavailable"),
        (_, "unusable") => (Tone::Warning, "problem-connect-unusable"),
        (_, "anothers") => (Tone::Warning, "problem-identity-anothers"),
        _ => return shell,
    };
    say(visitor, shell, params, tone, key)
}

fn say(visitor: &Visitor, shell: Shell, params: &Params, kind: Tone, key: &str) -> Shell {
    let text = match providers::find(&visitor.app, params.first("with")) {
        Some(provider) => visitor.text.with(key, &[("provider", &provider.name)]),
        // Disconnected from one that is no longer set up.
        None if kind == Tone::Success => visitor.text.t("notice-saved").into_owned(),
        None => return shell,
    };
    Shell { notice: Some(Notice { kind, text }), ..shell }
}
