//! The pages of two-step verification.

use askama::Template;

use super::passkeys::ceremony;
use super::{ADDRESS, HOUR, NOW, ZONE, shell, wrong};
use crate::locale::Text;
use crate::pages::{
    AuthenticatorApp, Enrol, LastFactor, Messages, NewKeys, RecoveryCodeUsed, RecoveryCodes, Security, TotpSetup, TrustedBrowser,
};

pub(super) fn pages(text: &Text) -> Result<Vec<(&'static str, String)>, askama::Error> {
    let app = |id: &str, name: &str, used: bool| AuthenticatorApp {
        id: id.to_owned(),
        name: name.to_owned(),
        field: format!("name-{id}"),
        typed: name.to_owned(),
        since: text.day(NOW - 900 * HOUR, ZONE),
        last_used: used.then(|| text.when(NOW, ZONE)),
    };
    let messages = |kind, title: &str, detail: String, on: bool, reachable: bool, link: &str| Messages {
        kind,
        title: text.t(title).into_owned(),
        detail,
        on,
        reachable,
        href: "/account/email",
        link: text.t(link).into_owned(),
        last_used: on.then(|| text.when(NOW, ZONE)),
    };
    let mail = text.with("mail-codes-text", &[("to", ADDRESS)]);
    let device = |id: &str, device: &str| TrustedBrowser {
        id: id.to_owned(),
        device: device.to_owned(),
        place: "203.0.113.7".to_owned(),
        since: text.day(NOW - 40 * HOUR, ZONE),
        last_used: text.when(NOW, ZONE),
        until: text.day(NOW + 680 * HOUR, ZONE),
    };
    let off = Security {
        shell: shell(text, "account-security"),
        has_password: true,
        passkeys: true,
        on: false,
        required: false,
        totp: true,
        apps: Vec::new(),
        messages: vec![
            messages("sms", "sms-codes", text.t("sms-codes-none").into_owned(), false, false, "sms-codes-link"),
            messages("mail", "mail-codes", mail.clone(), false, true, "mail-codes-link"),
        ],
        codes_left: 0,
        devices: Vec::new(),
    };
    let on = Security {
        on: true,
        apps: vec![app("fac_1", "My phone", true), app("fac_2", "Authenticator app", false)],
        messages: vec![messages("mail", "mail-codes", mail, true, true, "mail-codes-link")],
        codes_left: 9,
        devices: vec![device("dev_1", "Firefox – Linux"), device("dev_2", "Safari – iPhone")],
        ..off.clone()
    };
    let refused = Security {
        shell: wrong(wrong(shell(text, "account-security"), "", "problem-factor-required"), "name-fac_1", "problem-required"),
        required: true,
        apps: vec![AuthenticatorApp { typed: String::new(), ..app("fac_1", "My phone", true) }],
        codes_left: 0,
        ..on.clone()
    };
    let set_up = TotpSetup {
        shell: shell(text, "totp-set-up"),
        flow: "flow_1".to_owned(),
        secret: "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ".to_owned(),
        url: "otpauth://totp/Vestibule:ana%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Vestibule".to_owned(),
        qr: "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 9 9\"><path fill=\"#000\" d=\"M4 4h1v1h-1z\"/></svg>"
            .to_owned(),
        name: text.t("totp-name").into_owned(),
        code: String::new(),
    };
    let mistyped = TotpSetup {
        shell: wrong(shell(text, "totp-set-up"), "code", "problem-totp"),
        name: "My phone".to_owned(),
        code: "123 456".to_owned(),
        ..set_up.clone()
    };
    let codes = RecoveryCodes {
        shell: shell(text, "recovery-shown"),
        codes: (0..10).map(|number| format!("x4k2-9mfp-7qwt-3hj{number}")).collect(),
    };
    let enrol = Enrol {
        shell: shell(text, "enrol"),
        flow: "flow_1".to_owned(),
        person: "Ana Example".to_owned(),
        totp: true,
        secret: set_up.secret.clone(),
        url: set_up.url.clone(),
        qr: set_up.qr.clone(),
        name: set_up.name.clone(),
        code: String::new(),
        keys: Some(NewKeys { passkey: ceremony(), security_key: ceremony() }),
    };
    let last = LastFactor {
        shell: shell(text, "factor-last"),
        detail: text.with("factor-last-text", &[("name", "My phone")]),
        action: "/account/security/factor/remove",
        hidden: vec![("factor", "factor_1".to_owned())],
    };
    Ok(vec![
        ("account-security", off.render()?),
        ("account-security-on", on.render()?),
        ("account-security-error", refused.render()?),
        ("account-totp", set_up.render()?),
        ("account-totp-error", mistyped.render()?),
        ("account-security-last", last.render()?),
        ("account-recovery", codes.render()?),
        (
            "recovery-used",
            RecoveryCodeUsed { shell: shell(text, "recovery-used"), left: 9, next: "/account".to_owned() }.render()?,
        ),
        ("enrol", enrol.render()?),
    ])
}
