//! Pages about other providers.

use askama::Template;

use super::{ADDRESS, HOUR, NOW, ZONE, keeps, shell, with_client, wrong};
use crate::http::shell::Shell;
use crate::locale::Text;
use crate::pages::{
    ButtonLogo, ConfirmConnect, ConnectedIdentity, Departing, GiveAddress, Identities, JoinAccount, ProviderButton,
};
use crate::settings::providers::PRESETS;

/// A button for each.
pub(super) fn providers() -> Vec<ProviderButton> {
    let button = |(id, name): (&str, &str)| ProviderButton {
        id: id.to_owned(),
        name: name.to_owned(),
        logo: ButtonLogo::Mark,
        last: id == "github",
    };
    let own = ProviderButton { logo: ButtonLogo::None, ..button(("acme", "Acme Works")) };
    PRESETS.into_iter().map(button).chain([own]).collect()
}

/// More than are shown at once.
pub(super) fn many() -> Vec<ProviderButton> {
    let button =
        |name: &str| ProviderButton { id: name.to_lowercase(), name: name.to_owned(), logo: ButtonLogo::None, last: false };
    providers().into_iter().chain(["École", "Österreichisches Gesundheitsministerium"].map(button)).collect()
}

pub(super) fn samples(text: &Text) -> Result<Vec<(&'static str, String)>, askama::Error> {
    let provider = || "Google".to_owned();
    let titled = |key: &str| Shell { title: text.with(key, &[("provider", "Google")]), ..shell(text, "login") };
    let departing = Departing {
        lead: text.t("connect-go-text").into_owned(),
        hint: String::new(),
        label: text.with("connect-with", &[("provider", "Google")]),
        shell: titled("connect-go"),
        url: "https://accounts.google.com/o/oauth2/v2/auth?client_id=1&state=2".to_owned(),
    };
    let address = GiveAddress {
        shell: keeps(shell(text, "connect-address"), "address"),
        flow: "flow_1".to_owned(),
        provider: provider(),
        email: ADDRESS.to_owned(),
    };
    let refused = GiveAddress {
        shell: wrong(shell(text, "connect-address"), "email", "problem-email"),
        email: "ana@".to_owned(),
        ..address.clone()
    };
    let join = JoinAccount {
        shell: with_client(shell(text, "connect-join")),
        flow: "flow_1".to_owned(),
        provider: provider(),
        email: ADDRESS.to_owned(),
        may_replace: false,
    };
    let strange = JoinAccount { may_replace: true, ..join.clone() };
    let confirm = ConfirmConnect {
        shell: titled("connect-confirm"),
        flow: "flow_1".to_owned(),
        provider: provider(),
        there: "ana@gmail.com".to_owned(),
        here: ADDRESS.to_owned(),
    };
    let identity = |id: &str, provider: &str, name: &str, used: Option<i64>| ConnectedIdentity {
        id: id.to_owned(),
        provider: provider.to_owned(),
        name: name.to_owned(),
        since: text.day(NOW - 900 * HOUR, ZONE),
        last_used: used.map(|hours| text.when(NOW - hours * HOUR, ZONE)),
    };
    let with_tab = || Shell { identities: true, ..shell(text, "account-identities") };
    let identities = Identities {
        shell: with_tab(),
        connected: vec![identity("idn_1", "Google", "ana@gmail.com", Some(2)), identity("idn_2", "GitHub", "ana", None)],
        providers: providers(),
    };
    let none = Identities { connected: Vec::new(), ..identities.clone() };
    let last = Identities { shell: wrong(with_tab(), "", "problem-identity-last"), ..identities.clone() };
    Ok(vec![
        ("connect-go", departing.render()?),
        ("connect-address", address.render()?),
        ("connect-address-error", refused.render()?),
        ("connect-join", join.render()?),
        ("connect-join-unproved", strange.render()?),
        ("connect-confirm", confirm.render()?),
        ("account-identities", identities.render()?),
        ("account-identities-none", none.render()?),
        ("account-identities-error", last.render()?),
    ])
}
