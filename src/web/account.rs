//! `/account`: one's own profile, password, sessions, applications, and the way out.

use axum::http::StatusCode;
use axum::response::Response;
use tower_sessions::Session as Carrier;

use super::step_up;
use crate::actions::account::{self, Deleted, PasswordChange, Saved};
use crate::actions::administrators::MAKE_ANOTHER;
use crate::actions::providers::own;
use crate::actions::session::{self, Current, Sessions};
use crate::engine::address::{Channel, Email};
use crate::engine::flow::AccountPage;
use crate::engine::params::Params;
use crate::engine::phone::Phone;
use crate::engine::user::User;
use crate::http::cookies::CookieName;
use crate::http::form::{BadInput, Form, Query};
use crate::http::page::see_other;
use crate::http::shell::{Notice, Shell, Tone};
use crate::http::visitor::Visitor;
use crate::locale::Locale;
use crate::pages::{
    App as AppLine, Apps, ChangePassword, DeleteAccount, Home, HomeContact, Link, Message, Profile, ScopeLine,
    Session as SessionLine, Sessions as SessionsPage,
};

/// Who is signed in, or the sign-in page that leads back.
pub(super) async fn signed_in(visitor: &Visitor, page: Option<AccountPage>) -> Result<Current, Response> {
    let current = visitor.current().await.map_err(|fault| visitor.fault(&fault))?;
    current.ok_or_else(|| super::login::for_page(page))
}

/// The frame of an account page, with the notice that a redirect brought.
pub(super) fn shell(visitor: &Visitor, title: &str, query: Result<Query, BadInput>) -> Result<Shell, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    Ok(Shell { notice: visitor.notice(&params), ..visitor.shell(title) })
}

pub(super) fn address(user: &User) -> String {
    user.email.as_ref().map(Email::as_str).unwrap_or_default().to_owned()
}

pub(super) fn zone(user: &User) -> &str {
    user.profile.zoneinfo.as_deref().unwrap_or("UTC")
}

fn count<T>(items: &[T]) -> i64 {
    i64::try_from(items.len()).unwrap_or(i64::MAX)
}

/// What the account is reached by: people without an address see none.
fn contacts(user: &User) -> Vec<HomeContact> {
    let contact = |label, channel| {
        let verified = user.is_verified(channel);
        user.contact(channel).map(|contact| HomeContact { label, shown: contact.shown(), verified })
    };
    [contact("email", Channel::Mail), contact("account-phone", Channel::Sms)].into_iter().flatten().collect()
}

pub(super) async fn home(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let fault = |fault| visitor.fault(&fault);
    let shell = shell(&visitor, "account-home", query)?;
    let current = signed_in(&visitor, None).await?;
    let sessions = session::list(&visitor.app, &current).await.map_err(fault)?;
    let apps = account::connected_apps(&visitor.app, &current).await.map_err(fault)?;
    let user = &current.user;
    let identities = match shell.identities {
        true => Some(count(&own::list(&visitor.app, &user.id).await.map_err(fault)?)),
        false => None,
    };
    let page = Home {
        name: user.shown_as(),
        contacts: contacts(user),
        username: user.username.as_ref().map(|name| name.as_str().to_owned()),
        sessions: count(&sessions),
        apps: count(&apps),
        identities,
        since: shell.text.day(user.created_at.millis(), zone(user)),
        shell,
    };
    Ok(visitor.page(&page.shell, &page))
}

/// A profile field's name on the page, for its name in the engine.
fn field_name(name: &str) -> String {
    name.replace("address.", "address_")
}

fn profile_page(visitor: &Visitor, shell: Shell, value: impl Fn(&str) -> Option<String>) -> Response {
    let page = Profile { groups: Profile::groups(&shell.text, value), shell, signed_out: false };
    visitor.page(&page.shell, &page)
}

pub(super) async fn profile(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let shell = shell(&visitor, "account-profile", query)?;
    let Current { user, .. } = signed_in(&visitor, Some(AccountPage::Profile)).await?;
    let stored = |name: &str| match name {
        "preferred_username" => user.username.as_ref().map(|name| name.as_str().to_owned()),
        "phone_number" => user.phone_number.as_ref().map(Phone::shown),
        _ => user.profile.fields().into_iter().find(|(field, _)| field_name(field) == name).and_then(|(_, value)| value.clone()),
    };
    Ok(profile_page(&visitor, shell, stored))
}

pub(super) async fn save_profile(visitor: Visitor, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let Some(current) = visitor.current().await.map_err(|fault| visitor.fault(&fault))? else {
        return Ok(not_saved(&visitor, &params));
    };
    let mut profile = current.user.profile.clone();
    let username = params.first("preferred_username");
    for (name, _) in current.user.profile.fields() {
        // The page has no field for the address as one text, and the user name is a column of its own.
        if !matches!(name, "address.formatted" | "preferred_username") {
            profile.set(name, params.first(&field_name(name)));
        }
    }
    let saved = account::save_profile(&visitor.app, &current, profile, username, &visitor.requester()).await;
    let mut shell = visitor.shell("account-profile");
    match saved {
        Err(fault) => shell = visitor.limited(shell, &fault)?,
        Ok(Saved::Done) => {
            let response = see_other("/account/profile?notice=saved");
            return Ok(match Locale::nearest(params.first("locale")) {
                Some(locale) => visitor.keep(response, CookieName::Locale, locale.tag()),
                None => response,
            });
        }
        Ok(Saved::Problems(problems)) => {
            for (name, error) in problems {
                let text = super::signup::field(&shell.text, error);
                shell.problem(field_name(name), text);
            }
        }
        Ok(Saved::UsernameTaken) => say(&mut shell, "preferred_username", "problem-username-taken"),
    }
    let phone = current.user.phone_number.as_ref().map(Phone::shown);
    let typed = |name: &str| if name == "phone_number" { phone.clone() } else { Some(params.first(name).to_owned()) };
    Ok(profile_page(&visitor, shell, typed))
}

/// The session has ended since the form was opened: what was typed stays, for when its owner has signed in beside it.
fn not_saved(visitor: &Visitor, params: &Params) -> Response {
    let text = visitor.text.t("notice-profile-signed-out").into_owned();
    let shell = visitor.shell_at(visitor.shell("account-profile"), AccountPage::Profile.path());
    let shell = Shell { notice: Some(Notice { kind: Tone::Warning, text }), ..shell };
    let typed = |name: &str| Some(params.first(name).to_owned());
    let page = Profile { groups: Profile::groups(&shell.text, typed), shell, signed_out: true };
    visitor.page_with(StatusCode::FORBIDDEN, &page)
}

/// Adds a problem by its key.
pub(super) fn say(shell: &mut Shell, field: &str, key: &str) {
    let text = shell.t(key).into_owned();
    shell.problem(field, text);
}

fn password_page(visitor: &Visitor, shell: Shell, user: &User) -> Response {
    let min_length = i64::try_from(visitor.app.settings.passwords.min_length).unwrap_or(i64::MAX);
    let page = ChangePassword { shell, username: address(user), has_one: user.password_hash.is_some(), min_length };
    visitor.page(&page.shell, &page)
}

pub(super) async fn password(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let shell = shell(&visitor, "account-password", query)?;
    let current = signed_in(&visitor, Some(AccountPage::Password)).await?;
    step_up::to_see(&visitor, &current, AccountPage::Password).await?;
    Ok(password_page(&visitor, shell, &current.user))
}

pub(super) async fn change_password(
    visitor: Visitor,
    carrier: Carrier,
    form: Result<Form, BadInput>,
) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let current = signed_in(&visitor, Some(AccountPage::Password)).await?;
    step_up::to_send(&visitor, &current, AccountPage::Password).await?;
    let (old, new) = (params.first("current"), params.first("password"));
    let changed = account::change_password(&visitor.app, &current, old, new, &visitor.requester()).await;
    let mut shell = visitor.shell("account-password");
    match changed {
        Err(fault) => shell = visitor.limited(shell, &fault)?,
        Ok(PasswordChange::Done) => {
            let response = see_other("/account/password?notice=password-changed");
            return super::sign_in(&visitor, &carrier, &current.session, response).await;
        }
        Ok(PasswordChange::CurrentWrong) => say(&mut shell, "current", "problem-password-wrong"),
        Ok(PasswordChange::Same) => say(&mut shell, "password", "problem-password-same"),
        Ok(PasswordChange::Weak(weakness)) => {
            let text = super::signup::weak(&shell.text, weakness);
            shell.problem("password", text);
        }
    }
    Ok(password_page(&visitor, shell, &current.user))
}

pub(super) async fn sessions(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let shell = shell(&visitor, "account-sessions", query)?;
    let current = signed_in(&visitor, Some(AccountPage::Sessions)).await?;
    let sessions = session::list(&visitor.app, &current).await.map_err(|fault| visitor.fault(&fault))?;
    let zone = zone(&current.user);
    let line = |session: crate::engine::session::Session| SessionLine {
        id: session.id.to_string(),
        place: session.address,
        first: shell.text.when(session.created_at.millis(), zone),
        last: shell.text.when(session.last_seen_at.millis(), zone),
        current: session.id == current.session.id,
        device: if session.device.is_empty() { shell.t("session-unknown-device").into_owned() } else { session.device },
    };
    let (here, elsewhere): (Vec<_>, Vec<_>) = sessions.into_iter().partition(|session| session.id == current.session.id);
    let page = SessionsPage { sessions: here.into_iter().chain(elsewhere).map(line).collect(), shell: shell.clone() };
    Ok(visitor.page(&page.shell, &page))
}

pub(super) async fn end_session(visitor: Visitor, carrier: Carrier, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let current = signed_in(&visitor, Some(AccountPage::Sessions)).await?;
    let Ok(id) = params.first("session").parse() else { return Ok(visitor.not_found()) };
    end(&visitor, &carrier, &current, Sessions::One(&id)).await
}

pub(super) async fn end_others(visitor: Visitor, carrier: Carrier, _: Result<Form, BadInput>) -> Result<Response, Response> {
    let current = signed_in(&visitor, Some(AccountPage::Sessions)).await?;
    end(&visitor, &carrier, &current, Sessions::AllBut(&current.session.id)).await
}

pub(super) async fn end_all(visitor: Visitor, carrier: Carrier, _: Result<Form, BadInput>) -> Result<Response, Response> {
    let current = signed_in(&visitor, Some(AccountPage::Sessions)).await?;
    end(&visitor, &carrier, &current, Sessions::All).await
}

/// Ends sessions of the person's own; another's id ends nothing and looks like one that is gone.
async fn end(visitor: &Visitor, carrier: &Carrier, current: &Current, which: Sessions<'_>) -> Result<Response, Response> {
    let ended = session::end(&visitor.app, current, which, &visitor.requester()).await.map_err(|fault| visitor.fault(&fault))?;
    if ended.iter().any(|ended| ended.session == current.session.id) {
        super::sign_out(carrier).await;
        return Ok(see_other(match which {
            Sessions::One(_) => "/login?notice=session-ended-here",
            Sessions::AllBut(_) | Sessions::All => "/login?notice=signed-out-all",
        }));
    }
    Ok(match which {
        Sessions::One(_) if ended.is_empty() => see_other("/account/sessions"),
        Sessions::One(_) => see_other("/account/sessions?notice=session-ended"),
        Sessions::AllBut(_) | Sessions::All => {
            // All browsers are strangers now, and this one need not be.
            let response = see_other("/account/sessions?notice=sessions-ended");
            visitor.keep_known(response, &current.session).await.map_err(|fault| visitor.fault(&fault))?.0
        }
    })
}

pub(super) async fn apps(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let shell = shell(&visitor, "account-apps", query)?;
    let current = signed_in(&visitor, Some(AccountPage::Apps)).await?;
    let apps = account::connected_apps(&visitor.app, &current).await.map_err(|fault| visitor.fault(&fault))?;
    let zone = zone(&current.user);
    let line = |app: account::ConnectedApp| AppLine {
        id: app.consent.client_id.to_string(),
        name: app.client.as_ref().map_or_else(|| shell.t("apps-unknown").into_owned(), |client| client.name().into_owned()),
        domain: app.client.as_ref().and_then(|client| client.domain()).unwrap_or_default(),
        scopes: app.consent.scopes.in_order().map(|scope| ScopeLine::standard(&shell.text, scope).title).collect(),
        since: shell.text.day(app.consent.granted_at.millis(), zone),
        last_used: Some(shell.text.when(app.consent.last_used_at.millis(), zone)),
    };
    let page = Apps { apps: apps.into_iter().map(line).collect(), shell: shell.clone() };
    Ok(visitor.page(&page.shell, &page))
}

pub(super) async fn revoke_app(visitor: Visitor, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let current = signed_in(&visitor, Some(AccountPage::Apps)).await?;
    let Ok(client) = params.first("client").parse() else { return Ok(visitor.not_found()) };
    let revoked = account::revoke_app(&visitor.app, &current, &client, &visitor.requester()).await;
    Ok(match revoked.map_err(|fault| visitor.fault(&fault))? {
        true => see_other("/account/apps?notice=app-revoked"),
        false => see_other("/account/apps"),
    })
}

fn delete_page(visitor: &Visitor, shell: Shell) -> Response {
    let page = DeleteAccount { shell, refused: None };
    visitor.page(&page.shell, &page)
}

/// To the only administrator: another one is made first.
fn not_deleted(visitor: &Visitor, shell: Shell, status: StatusCode) -> Response {
    visitor.page_with(status, &DeleteAccount { shell, refused: Some(MAKE_ANOTHER) })
}

pub(super) async fn delete(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let shell = shell(&visitor, "account-delete", query)?;
    let current = signed_in(&visitor, Some(AccountPage::Delete)).await?;
    step_up::to_see(&visitor, &current, AccountPage::Delete).await?;
    let last = account::is_last_administrator(&visitor.app, &current).await.map_err(|fault| visitor.fault(&fault))?;
    Ok(if last { not_deleted(&visitor, shell, StatusCode::OK) } else { delete_page(&visitor, shell) })
}

pub(super) async fn submit_delete(
    visitor: Visitor,
    carrier: Carrier,
    form: Result<Form, BadInput>,
) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    let current = signed_in(&visitor, Some(AccountPage::Delete)).await?;
    step_up::to_send(&visitor, &current, AccountPage::Delete).await?;
    let mut shell = visitor.shell("account-delete");
    if !params.has("confirm") {
        say(&mut shell, "confirm", "problem-confirm");
        return Ok(delete_page(&visitor, shell));
    }
    let deleted = account::delete(&visitor.app, &current, &visitor.requester()).await;
    if deleted.map_err(|fault| visitor.fault(&fault))? == Deleted::LastAdministrator {
        return Ok(not_deleted(&visitor, shell, StatusCode::CONFLICT));
    }
    super::sign_out(&carrier).await;
    let link = Link { href: "/login".to_owned(), label: visitor.text.t("back-to-login").into_owned() };
    let detail = visitor.text.t("notice-deleted").into_owned();
    let page = Message { shell: visitor.shell("notice-deleted-title"), detail, link: Some(link) };
    Ok(visitor.page_with(StatusCode::OK, &page))
}
