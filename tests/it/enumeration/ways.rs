//! The requests that name somebody.

use super::NAMES;
use crate::world::{Browser, PASSWORD, World};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Known,
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Password,
    PasswordByPhone,
    SignUpMail,
    SignUpPhone,
    ResetMail,
    ResetPhone,
    ResetCode,
    ResetResend,
    MailLink,
    MailCode,
    MailResend,
    SmsCode,
    SmsCodeEntry,
    SignUpCode,
    ChangeMail,
    ChangePhone,
}

pub const ALL: [Way; 16] = [
    Way::Password,
    Way::PasswordByPhone,
    Way::SignUpMail,
    Way::SignUpPhone,
    Way::ResetMail,
    Way::ResetPhone,
    Way::ResetCode,
    Way::ResetResend,
    Way::MailLink,
    Way::MailCode,
    Way::MailResend,
    Way::SmsCode,
    Way::SmsCodeEntry,
    Way::SignUpCode,
    Way::ChangeMail,
    Way::ChangePhone,
];

/// Even numbers are somebody's; masked, all look alike.
fn number(kind: Kind, which: usize) -> usize {
    assert!(which < NAMES);
    1000 + 2 * which + usize::from(kind == Kind::Unknown)
}

pub fn email(kind: Kind, which: usize) -> String {
    format!("person{}@a.example", number(kind, which))
}

/// The digits that a mask leaves are the same for all.
pub fn phone(kind: Kind, which: usize) -> String {
    format!("+43660{}123", number(kind, which))
}

/// A request, ready to be sent.
pub struct Request {
    pub path: &'static str,
    pub fields: Vec<(&'static str, String)>,
    /// What of it may come back.
    pub typed: Vec<String>,
}

/// The browser that all samples of a way come from.
pub async fn browser(world: &World, way: Way) -> Browser {
    match way {
        Way::ChangeMail | Way::ChangePhone => world.sign_in("owner@a.example", PASSWORD).await,
        _ => {
            let mut browser = world.browser();
            browser.get("/login").await;
            browser
        }
    }
}

/// Everything that comes before the request itself, and the request.
pub async fn prepared(world: &World, browser: &mut Browser, way: Way, kind: Kind, which: usize) -> Request {
    let (mail, number) = (email(kind, which), phone(kind, which));
    let identifier = |name: &str| vec![("identifier", name.to_owned())];
    let with = |mut fields: Vec<(&'static str, String)>, name: &'static str, value: &str| {
        fields.push((name, value.to_owned()));
        fields
    };
    let (path, fields) = match way {
        Way::Password => ("/login", with(identifier(&mail), "password", "not the password")),
        Way::PasswordByPhone => ("/login", with(identifier(&number), "password", "not the password")),
        Way::SignUpMail => ("/signup", vec![("email", mail.clone()), ("password", PASSWORD.to_owned())]),
        Way::SignUpPhone => ("/signup", vec![("with", "phone".to_owned()), ("phone", number.clone())]),
        Way::ResetMail => ("/reset", identifier(&mail)),
        Way::ResetPhone => ("/reset", identifier(&number)),
        Way::MailLink => ("/login/code", with(identifier(&mail), "way", "mail")),
        Way::SmsCode => ("/login/code", with(identifier(&number), "way", "sms")),
        Way::ChangeMail => ("/account/email", vec![("email", mail.clone())]),
        Way::ChangePhone => ("/account/phone", vec![("phone", number.clone())]),
        Way::ResetCode => ("/reset/code", wrong_code(begun(browser, "/reset", &identifier(&mail)).await)),
        Way::MailCode => {
            ("/login/code/enter", wrong_code(begun(browser, "/login/code", &with(identifier(&mail), "way", "mail")).await))
        }
        Way::SmsCodeEntry => {
            ("/login/code/enter", wrong_code(begun(browser, "/login/code", &with(identifier(&number), "way", "sms")).await))
        }
        Way::SignUpCode => {
            let fields = [("email", mail.clone()), ("password", PASSWORD.to_owned())];
            ("/verify", wrong_code(begun(browser, "/signup", &fields).await))
        }
        Way::ResetResend => ("/reset/resend", later(world, begun(browser, "/reset", &identifier(&mail)).await)),
        Way::MailResend => {
            let fields = with(identifier(&mail), "way", "mail");
            ("/login/code/resend", later(world, begun(browser, "/login/code", &fields).await))
        }
    };
    let shown = number.parse::<vestibule::engine::phone::Phone>().map(|phone| phone.shown()).unwrap_or_default();
    Request { path, fields, typed: vec![mail, number.trim_start_matches('+').to_owned(), shown] }
}

/// The journey that a request begins.
async fn begun(browser: &mut Browser, path: &str, fields: &[(&'static str, String)]) -> String {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = browser.post(path, &fields).await;
    let flow = answer.location().split("flow=").nth(1).unwrap_or_else(|| panic!("{path}: {} {}", answer.status, answer.text()));
    flow.to_owned()
}

/// A right one is as likely as in earnest.
fn wrong_code(flow: String) -> Vec<(&'static str, String)> {
    vec![("flow", flow), ("code", "000000".to_owned())]
}

fn later(world: &World, flow: String) -> Vec<(&'static str, String)> {
    world.advance(31);
    vec![("flow", flow)]
}
