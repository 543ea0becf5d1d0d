//! Samples of the pages of other ways in, and of second factors.

use askama::Template;

use super::{ADDRESS, shell, with_client, wrong};
use crate::engine::address::Channel;
use crate::engine::method::MethodKind;
use crate::locale::Text;
use crate::pages::{ChangeContact, IdentifierKinds, Login, LoginCode, LoginLink, SecondFactor, Signup};
use crate::settings::Way;

const NUMBER: &str = "+43 660 1234567";

pub(super) fn ways(text: &Text) -> Result<Vec<(&'static str, String)>, askama::Error> {
    let login = |way, other| Login {
        not_you: false,
        other: false,
        shell: with_client(shell(text, "login")),
        flow: Some("flow_1".to_owned()),
        identifier: String::new(),
        remember: true,
        signup_open: true,
        connects: None,
        passkey: None,
        unknown: None,
        passkey_first: false,
        reauthenticate: None,
        way,
        others: vec![Way::Password, other],
        form: true,
        stuck: false,
        reset: Some("/reset?flow=flow_1".to_owned()),
        providers: Vec::new(),
        labels: IdentifierKinds { usernames: true, phones: true },
    };
    let signup = Signup {
        shell: shell(text, "signup"),
        flow: None,
        channel: Channel::Sms,
        contact: "0660 1234567".to_owned(),
        name: "Ana".to_owned(),
        min_length: 8,
        providers: Vec::new(),
        other: true,
        passwordless: true,
        proves: true,
    };
    let refused = Signup { shell: wrong(shell(text, "signup"), "phone", "problem-phone"), ..signup.clone() };
    let mail = LoginCode {
        shell: shell(text, "login-code"),
        flow: "flow_1".to_owned(),
        channel: Channel::Mail,
        identifier: ADDRESS.to_owned(),
        code: String::new(),
        number: Some("042".to_owned()),
        resend_after_seconds: Some(30),
        expired: false,
    };
    let sms = LoginCode {
        shell: wrong(shell(text, "login-code"), "code", "problem-code"),
        channel: Channel::Sms,
        identifier: NUMBER.to_owned(),
        code: "12345".to_owned(),
        number: None,
        ..mail.clone()
    };
    let spent = LoginCode { expired: true, ..mail.clone() };
    let link = LoginLink {
        shell: shell(text, "login-link"),
        token: "token".to_owned(),
        identifier: ADDRESS.to_owned(),
        here: true,
        number: String::new(),
    };
    let elsewhere =
        LoginLink { shell: wrong(shell(text, "login-link"), "number", "problem-number"), here: false, ..link.clone() };
    let phone = ChangeContact {
        shell: shell(text, "account-phone"),
        channel: Channel::Sms,
        path: "/account/phone",
        current: String::new(),
        verified: false,
        pending: Some(NUMBER.to_owned()),
        code: String::new(),
        new: String::new(),
        resend_after_seconds: Some(30),
    };
    let second = |kind, sent| SecondFactor {
        shell: with_client(shell(text, "second")),
        flow: "flow_1".to_owned(),
        name: "Ana Example".to_owned(),
        kind,
        others: vec![MethodKind::SecurityKey, MethodKind::RecoveryCode],
        destination: "+43 ••• 67".to_owned(),
        sent,
        code: String::new(),
        expired: false,
        resend_after_seconds: Some(0),
        is_reset: false,
        key: (kind == MethodKind::SecurityKey).then(super::passkeys::ceremony),
        remember_days: Some(30),
    };
    Ok(vec![
        ("login-mail", login(Way::Mail, Way::Sms).render()?),
        ("login-sms", login(Way::Sms, Way::Mail).render()?),
        ("signup-phone", signup.render()?),
        ("signup-phone-error", refused.render()?),
        ("login-code-mail", mail.render()?),
        ("login-code-sms-error", sms.render()?),
        ("login-code-spent", spent.render()?),
        ("login-link", link.render()?),
        ("login-link-elsewhere-error", elsewhere.render()?),
        ("account-phone", phone.render()?),
        ("second-totp", second(MethodKind::Totp, false).render()?),
        ("second-sms", second(MethodKind::Sms, false).render()?),
        ("second-sms-sent", second(MethodKind::Sms, true).render()?),
        ("second-password", second(MethodKind::Password, false).render()?),
        ("second-old-password", SecondFactor { is_reset: true, ..second(MethodKind::Password, false) }.render()?),
        ("second-key", second(MethodKind::SecurityKey, false).render()?),
        ("second-recovery", second(MethodKind::RecoveryCode, false).render()?),
    ])
}

/// The sign-in page where the same person proves that it is still them, with less and less to do it by.
pub(super) fn again(text: &Text, login: &Login) -> Result<Vec<(&'static str, String)>, askama::Error> {
    let again = Login {
        shell: with_client(shell(text, "login-again-title")),
        identifier: ADDRESS.to_owned(),
        reauthenticate: Some(ADDRESS.to_owned()),
        not_you: true,
        ..login.clone()
    };
    let provider = Login { form: false, others: Vec::new(), passkey: None, ..again.clone() };
    let passkey = Login { passkey: again.passkey.clone(), providers: Vec::new(), ..provider.clone() };
    let stuck = Login { stuck: true, passkey: None, ..passkey.clone() };
    let for_good = Login { reset: None, ..stuck.clone() };
    Ok(vec![
        ("login-again", again.render()?),
        ("login-again-provider", provider.render()?),
        ("login-again-passkey", passkey.render()?),
        ("login-again-stuck", stuck.render()?),
        ("login-again-stuck-for-good", for_good.render()?),
    ])
}
