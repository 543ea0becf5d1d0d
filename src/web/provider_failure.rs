//! Back from a provider with empty hands: to where it began, with a sentence.

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
    back_to(AccountPage::Identities.path(), None, failed, provider)
}

pub(super) const fn refusal(why: Refusal) -> &'static str {
    match why {
        Refusal::Closed => "closed",
        Refusal::ByInvitation => "invited",
        Refusal::NotConnected => "not-connected",
        Refusal::HasAccount => "has-account",
    }
}

/// The sentence for `failed` and `with`, as the redirects above set them. Only words of ours are shown.
pub(super) fn say_failure(visitor: &Visitor, shell: Shell, params: &Params) -> Shell {
    let key = match params.first("failed") {
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
        "anothers" => "problem-identity-anothers",
        _ => return shell,
    };
    let Some(provider) = providers::find(&visitor.app, params.first("with")) else { return shell };
    let text = visitor.text.with(key, &[("provider", &provider.name)]);
    Shell { notice: Some(Notice { kind: Tone::Warning, text }), ..shell }
}
