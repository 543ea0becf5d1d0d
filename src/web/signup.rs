//! `/signup`.

use axum::http::StatusCode;
use axum::response::Response;
use tower_sessions::Session as Carrier;

use super::journey::{self, Journey};
use crate::actions::Fault;
use crate::actions::sign_up::{self, Address, Problem, Started};
use crate::engine::address::{Channel, NotAnEmail};
use crate::engine::params::Params;
use crate::engine::password::Weakness;
use crate::engine::user::FieldError;
use crate::http::form::{BadInput, Form, Query};
use crate::http::page::see_other;
use crate::http::shell::Shell;
use crate::http::visitor::Visitor;
use crate::locale::Text;
use crate::pages::Signup;
use crate::settings::{Way, WhoSignsUp};

pub(super) async fn show(visitor: Visitor, query: Result<Query, BadInput>) -> Result<Response, Response> {
    let Query(params) = query.map_err(|bad| visitor.bad_input(bad))?;
    shown(&visitor, &params).await
}

async fn shown(visitor: &Visitor, params: &Params) -> Result<Response, Response> {
    if !visitor.app.settings.signup.is_open() {
        return Ok(closed(visitor));
    }
    let journey = journey::of(visitor, params).await?;
    let left = journey.left.as_ref();
    let typed = ["email", "phone", "identifier"].map(|field| params.first(field)).into_iter().find(|typed| !typed.is_empty());
    let typed = typed.or(left.map(|left| left.identifier.as_str())).unwrap_or_default();
    let name = left.map(|left| left.name.as_str()).filter(|name| !name.is_empty()).unwrap_or(params.first("name"));
    let channel = match left {
        Some(left) if phones(visitor) && begins_like_a_number(&left.identifier) => Channel::Sms,
        _ => channel(visitor, params),
    };
    let contact = Some(typed).filter(|text| (channel == Channel::Mail) == text.contains('@')).unwrap_or_default();
    let shell = super::provider_failure::say_failure(visitor, journey.shell(visitor, "signup", params), params);
    Ok(page(visitor, &journey, shell, channel, [contact, name]))
}

fn begins_like_a_number(typed: &str) -> bool {
    !typed.contains('@') && typed.trim().trim_start_matches('+').starts_with(|first: char| first.is_ascii_digit())
}

fn phones(visitor: &Visitor) -> bool {
    super::login::is_on(&visitor.app, Way::Sms)
}

/// The form again, as far as its fields may be shown, where going to a provider was asked for too often.
pub(super) fn limited(visitor: &Visitor, journey: &Journey, params: &Params, fault: &Fault) -> Result<Response, Response> {
    let channel = channel(visitor, params);
    let field = if channel == Channel::Mail { "email" } else { "phone" };
    let shell = visitor.limited(journey.shell(visitor, "signup", params), fault)?;
    Ok(page(visitor, journey, shell, channel, [params.first(field), params.first("name")]))
}

/// By what somebody signs up: a mail address, unless the page for numbers is asked for.
fn channel(visitor: &Visitor, params: &Params) -> Channel {
    if params.first("with") == "phone" && phones(visitor) { Channel::Sms } else { Channel::Mail }
}

fn closed(visitor: &Visitor) -> Response {
    let detail = match visitor.app.settings.signup.who {
        WhoSignsUp::Invited => "problem-signup-invited",
        WhoSignsUp::Everyone | WhoSignsUp::Nobody => "problem-signup-closed",
    };
    visitor.error(StatusCode::FORBIDDEN, "problem-signup-closed-title", detail)
}

fn page(visitor: &Visitor, journey: &Journey, shell: Shell, channel: Channel, [contact, name]: [&str; 2]) -> Response {
    let min_length = i64::try_from(visitor.app.settings.passwords.min_length).unwrap_or(i64::MAX);
    let page = Signup {
        shell: Shell { keeps: "sign-up", ..shell },
        flow: journey.id(),
        channel,
        contact: contact.to_owned(),
        name: name.to_owned(),
        min_length,
        providers: super::providers::buttons_to_sign_up(visitor),
        other: phones(visitor),
        passwordless: sign_up::may_be_passwordless(&visitor.app, channel),
        proves: match channel {
            Channel::Mail => visitor.app.settings.signup.verify_email,
            Channel::Sms => visitor.app.settings.signup.verify_phone,
        },
    };
    visitor.keep_browser(visitor.open_page(&page.shell, &page, &[contact, name]))
}

pub(super) async fn submit(visitor: Visitor, carrier: Carrier, form: Result<Form, BadInput>) -> Result<Response, Response> {
    let Form(params) = form.map_err(|bad| visitor.bad_input(bad))?;
    if let Some(asked) = visitor.switched(&params) {
        return shown(&visitor, &asked).await;
    }
    let journey = journey::of(&visitor, &params).await?;
    let fault = |fault| visitor.fault(&fault);
    let current = visitor.current().await.map_err(fault)?;
    let requester = visitor.requester();
    let channel = channel(&visitor, &params);
    let contact = match channel {
        Channel::Mail => params.first("email"),
        Channel::Sms => params.first("phone"),
    };
    let form = sign_up::Form {
        contact: match channel {
            Channel::Mail => Address::Email(contact),
            Channel::Sms => Address::Phone(contact),
        },
        name: params.first("name"),
        password: params.first("password"),
        browser: visitor.browser(),
        continue_to: &journey.continue_to,
        before: current.as_ref(),
        requester: &requester,
    };
    let started = match sign_up::start(&visitor.app, form).await {
        Ok(started) => started,
        Err(fault) => {
            let shell = visitor.limited(journey.shell(&visitor, "signup", &params), &fault)?;
            return Ok(page(&visitor, &journey, shell, channel, [contact, params.first("name")]));
        }
    };
    match started {
        Started::Verify(flow) => Ok(visitor.keep_browser(see_other(&super::page_of(&flow)))),
        Started::Done(session) => super::sign_in(&visitor, &carrier, &session, see_other(&journey.destination())).await,
        Started::Closed => Ok(closed(&visitor)),
        Started::Problems(problems) => {
            let mut shell = journey.shell(&visitor, "signup", &params);
            for problem in problems {
                let (field, text) = say(&shell.text, &problem);
                shell.problem(field, text);
            }
            Ok(page(&visitor, &journey, shell, channel, [contact, params.first("name")]))
        }
    }
}

pub(super) fn say(text: &Text, problem: &Problem) -> (&'static str, String) {
    match problem {
        Problem::Email(error) => ("email", text.t(not_an_email(*error)).into_owned()),
        Problem::Phone => ("phone", text.t("problem-phone").into_owned()),
        Problem::NoSms => ("phone", text.t("problem-no-sms").into_owned()),
        Problem::Password(weakness) => ("password", weak(text, *weakness)),
        Problem::Name(error) => ("name", field(text, *error)),
    }
}

/// Why a text is no address that mail can go to.
pub(super) const fn not_an_email(error: NotAnEmail) -> &'static str {
    match error {
        NotAnEmail::Malformed => "problem-email",
        NotAnEmail::LocalPart => "problem-email-letters",
    }
}

/// What is wrong with a password, and what to do.
pub(super) fn weak(text: &Text, weakness: Weakness) -> String {
    let number = |key, length: usize| text.number(key, "length", i64::try_from(length).unwrap_or(i64::MAX));
    match weakness {
        Weakness::TooShort { least } => number("problem-password-short", least),
        Weakness::TooLong => number("problem-password-long", crate::engine::password::LONGEST),
        Weakness::Common => text.t("problem-password-common").into_owned(),
        Weakness::Personal => text.t("problem-password-personal").into_owned(),
    }
}

/// What is wrong with a field of the profile.
pub(super) fn field(text: &Text, error: FieldError) -> String {
    let key = match error {
        FieldError::TooLong => "problem-too-long",
        FieldError::ControlCharacter => "problem-characters",
        FieldError::Blank => "problem-blank",
        FieldError::NotAUrl => "problem-url",
        FieldError::NotADate => "problem-birthdate",
        FieldError::NotATimeZone => "problem-zoneinfo",
        FieldError::NotALanguage => "problem-choice",
        FieldError::NotAUsername => "problem-username",
    };
    text.t(key).into_owned()
}
