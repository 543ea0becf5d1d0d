//! Every page with sample data: for snapshots, the accessibility scanner and designers' eyes.

mod alarms;
mod leaving;
mod passkeys;
mod providers;
mod security;

use askama::Template;

use super::{
    App, Apps, ChangeContact, ChangePassword, Choice, Consent, DeleteAccount, DemoClaims, DemoHome, ErrorPage, FakeSignIn,
    FormPost, Home, HomeContact, IdentifierKinds, Inbox, Invitation, Link, LinkPage, LoggedOut, Login, Logout, Mail, MailPage,
    Mailbox, Message, Profile, Reset, ResetNew, ResetSent, ScopeLine, Session, Sessions, Setup, Signup, Verify,
};
use crate::engine::address::Channel;
use crate::http::shell::{ClientBadge, Notice, Shell, Tone};
use crate::locale::Text;
use crate::settings::Way;

mod ways;

const ADDRESS: &str = "ana@example.com";
const NOW: i64 = 1_790_000_000_000;
const HOUR: i64 = 3_600_000;
const ZONE: &str = "Europe/Berlin";

/// Name and HTML of every page in the language of `text`.
pub fn samples(text: &Text) -> Result<Vec<(&'static str, String)>, askama::Error> {
    let mut pages = sign_in(text)?;
    pages.extend(ways::ways(text)?);
    pages.extend(codes(text)?);
    pages.extend(alarms::alarms(text)?);
    pages.extend(messages(text)?);
    pages.extend(leaving::samples(text)?);
    pages.extend(account(text)?);
    pages.extend(security::pages(text)?);
    pages.extend(passkeys::samples(text)?);
    pages.extend(providers::samples(text)?);
    pages.extend(dev(text)?);
    Ok(pages)
}

fn shell(text: &Text, title: &str) -> Shell {
    Shell {
        help_url: Some("https://example.com/help".to_owned()),
        switch: Shell::languages(text, "/login?flow=flow_1"),
        reference: "01k9m4q2t7".to_owned(),
        ..Shell::new(text.clone(), "Vestibule", title)
    }
}

fn with_client(shell: Shell) -> Shell {
    let client = ClientBadge { name: "Ledger & Sons".to_owned(), domain: "ledger.example".to_owned(), logo: None };
    Shell { client: Some(client), ..shell }
}

/// The language switch sends this form along.
const fn keeps(mut shell: Shell, form: &'static str) -> Shell {
    shell.keeps = form;
    shell
}

fn wrong(mut shell: Shell, field: &str, key: &str) -> Shell {
    let words = shell.t(key).into_owned();
    shell.problem(field, words);
    shell
}

fn sign_in(text: &Text) -> Result<Vec<(&'static str, String)>, askama::Error> {
    let login = Login {
        shell: keeps(with_client(shell(text, "login")), "sign-in"),
        flow: Some("flow_1".to_owned()),
        identifier: String::new(),
        remember: false,
        signup_open: true,
        connects: None,
        reauthenticate: None,
        not_you: false,
        other: false,
        way: Way::Password,
        providers: providers::providers(),
        form: true,
        stuck: false,
        reset: Some("/reset?flow=flow_1".to_owned()),
        others: vec![Way::Mail, Way::Sms],
        labels: IdentifierKinds { usernames: true, phones: true },
        passkey: Some(passkeys::ceremony()),
        unknown: None,
        passkey_first: false,
    };
    let failed = Login {
        shell: wrong(shell(text, "login"), "identifier", "problem-login"),
        identifier: ADDRESS.to_owned(),
        ..login.clone()
    };
    let many = Login { providers: providers::many(), ..login.clone() };
    let signup = Signup {
        shell: keeps(shell(text, "signup"), "sign-up"),
        flow: Some("flow_1".to_owned()),
        channel: Channel::Mail,
        contact: String::new(),
        name: String::new(),
        min_length: 8,
        providers: providers::providers(),
        other: true,
        passwordless: false,
        proves: true,
    };
    let refused = Signup {
        shell: wrong(wrong(shell(text, "signup"), "email", "problem-email"), "password", "problem-password-common"),
        contact: "ana@".to_owned(),
        ..signup.clone()
    };
    let reset = Reset {
        shell: keeps(shell(text, "reset"), "reset"),
        labels: IdentifierKinds { usernames: true, phones: false },
        flow: None,
        identifier: ADDRESS.to_owned(),
    };
    let invitation = Invitation {
        shell: shell(text, "login"),
        token: "token".to_owned(),
        detail: text.with("invitation-text-password", &[("address", ADDRESS)]),
        address: ADDRESS.to_owned(),
        password: true,
        mail: true,
        passkey: true,
        providers: login.providers.clone(),
        min_length: 8,
    };
    let invitation = Invitation {
        shell: Shell { title: text.with("invitation", &[("site", "Vestibule")]), ..invitation.shell },
        ..invitation
    };
    let setup = Setup {
        shell: shell(text, "setup"),
        words: "setup-text",
        password: true,
        token: "token".to_owned(),
        email: String::new(),
        name: String::new(),
        min_length: 8,
    };
    let mut pages = vec![
        ("login", login.render()?),
        ("login-many", many.render()?),
        ("login-error", failed.render()?),
        ("signup", signup.render()?),
        ("signup-error", refused.render()?),
        ("reset", reset.render()?),
        ("invitation", invitation.render()?),
        ("setup", setup.clone().render()?),
        ("setup-passkey", Setup { words: "setup-text-passkey-mail", password: false, ..setup }.render()?),
    ];
    pages.extend(ways::again(text, &login)?);
    Ok(pages)
}

fn codes(text: &Text) -> Result<Vec<(&'static str, String)>, askama::Error> {
    let verify = Verify {
        shell: shell(text, "verify"),
        flow: Some("flow_1".to_owned()),
        action: "/verify".to_owned(),
        resend_action: "/verify/resend".to_owned(),
        change_href: "/signup".to_owned(),
        channel: Channel::Mail,
        destination: "a•••@example.com".to_owned(),
        code: String::new(),
        resend_after_seconds: Some(30),
        expired: false,
        signs_up: true,
    };
    let failed = Verify {
        shell: wrong(shell(text, "verify"), "code", "problem-code"),
        code: "123 456".to_owned(),
        resend_after_seconds: Some(0),
        ..verify.clone()
    };
    let spent = Verify { expired: true, ..verify.clone() };
    let posted = ResetSent {
        shell: shell(text, "reset-sent"),
        channel: Channel::Mail,
        flow: Some("flow_1".to_owned()),
        code: String::new(),
        resend_after_seconds: Some(30),
        expired: false,
    };
    let new = ResetNew {
        shell: shell(text, "reset-new"),
        action: "/reset/new".to_owned(),
        flow: Some("flow_1".to_owned()),
        token: None,
        username: ADDRESS.to_owned(),
        min_length: 8,
    };
    let link = |key| (shell(text, key), "token".to_owned());
    let (frame, token) = link("link-verify");
    let here = LinkPage::verify(frame, token, ADDRESS);
    let (frame, token) = link("link-verify");
    let elsewhere = LinkPage::verify_elsewhere(frame, token, ADDRESS);
    let (frame, token) = link("link-expired");
    let expired = LinkPage::expired(frame, "/verify/renew", token, ADDRESS);
    let (frame, token) = link("link-reset");
    let reset = LinkPage::reset(frame, token, ADDRESS);
    let (frame, token) = link("link-email");
    let email = LinkPage::confirm_email(frame, token, "ana@new.example");
    Ok(vec![
        ("verify", verify.render()?),
        ("verify-error", failed.render()?),
        ("verify-expired", spent.render()?),
        ("reset-sent", posted.render()?),
        ("reset-new", new.render()?),
        ("link-verify", here.render()?),
        ("link-verify-elsewhere", elsewhere.render()?),
        ("link-expired", expired.render()?),
        ("link-reset", reset.render()?),
        ("link-email", email.render()?),
    ])
}

fn messages(text: &Text) -> Result<Vec<(&'static str, String)>, askama::Error> {
    let home = Link { href: "/login".to_owned(), label: text.t("login-button").into_owned() };
    let message = Message {
        shell: shell(text, "notice-deleted-title"),
        detail: text.t("notice-deleted").into_owned(),
        link: Some(home.clone()),
    };
    let error = ErrorPage {
        shell: Shell { failed: true, ..shell(text, "problem-server-title") },
        status: 500,
        detail: text.t("problem-server").into_owned(),
        link: None,
    };
    let logout = Logout {
        shell: shell(text, "logout"),
        action: "/logout".to_owned(),
        app: Some("Ledger & Sons".to_owned()),
        who: Some(ADDRESS.to_owned()),
        hidden: vec![("flow".to_owned(), "flow_1".to_owned())],
    };
    let logged_out = LoggedOut {
        shell: shell(text, "logged-out"),
        apps: vec!["Ledger & Sons".to_owned(), "Notes".to_owned()],
        elsewhere: Some(Link { href: "https://login.example/logout?client_id=1".to_owned(), label: "Acme Works".to_owned() }),
        link: Some(Link { href: "https://ledger.example/".to_owned(), label: "Ledger & Sons".to_owned() }),
    };
    let optional = ScopeLine { optional: true, ..ScopeLine::standard(text, "offline_access") };
    let mut scopes: Vec<ScopeLine> =
        ["openid", "profile", "email", "ledger:read"].map(|name| ScopeLine::standard(text, name)).into();
    scopes.push(optional);
    let consent = Consent {
        shell: with_client(shell(text, "consent")),
        person: "user_01h455vb4pex5vsknk084sn02q".to_owned(),
        flow: "flow_1".to_owned(),
        app: "Ledger & Sons".to_owned(),
        name: "Ana Example".to_owned(),
        email: ADDRESS.to_owned(),
        scopes,
        additional: false,
    };
    let form_post = FormPost {
        shell: shell(text, "form-post"),
        action: "https://ledger.example/callback".to_owned(),
        fields: vec![("code".to_owned(), "vst_cod_1".to_owned()), ("state".to_owned(), "\"><b>".to_owned())],
    };
    Ok(vec![
        ("message", message.render()?),
        ("error", error.render()?),
        ("logout", logout.render()?),
        ("logged-out", logged_out.render()?),
        ("consent", consent.render()?),
        ("form-post", form_post.render()?),
    ])
}

fn account(text: &Text) -> Result<Vec<(&'static str, String)>, askama::Error> {
    let notice = Notice { kind: Tone::Success, text: text.t("notice-saved").into_owned() };
    let home = Home {
        shell: Shell { identities: true, ..shell(text, "account-home") },
        name: "Ana".to_owned(),
        contacts: vec![HomeContact { label: "email", shown: ADDRESS.to_owned(), verified: false }],
        username: Some("ana".to_owned()),
        sessions: 2,
        apps: 1,
        identities: Some(2),
        since: text.day(NOW, ZONE),
    };
    let values = |name: &str| match name {
        "name" => Some("Ana Example".to_owned()),
        "locale" => Some("de".to_owned()),
        "zoneinfo" => Some(ZONE.to_owned()),
        _ => None,
    };
    let profile = Profile {
        signed_out: false,
        shell: Shell { notice: Some(notice), ..shell(text, "account-profile") },
        groups: Profile::groups(text, values),
    };
    let password = ChangePassword {
        shell: wrong(shell(text, "account-password"), "current", "problem-password-wrong"),
        username: ADDRESS.to_owned(),
        has_one: true,
        min_length: 8,
    };
    let email = ChangeContact {
        shell: shell(text, "account-email"),
        channel: Channel::Mail,
        path: "/account/email",
        verified: true,
        current: ADDRESS.to_owned(),
        pending: Some("ana@new.example".to_owned()),
        code: String::new(),
        new: String::new(),
        resend_after_seconds: Some(0),
    };
    let session = |id: &str, device: &str, current| Session {
        id: id.to_owned(),
        device: device.to_owned(),
        place: "203.0.113.0/24".to_owned(),
        first: text.when(NOW - 40 * HOUR, ZONE),
        last: text.when(NOW, ZONE),
        current,
    };
    let sessions = Sessions {
        shell: shell(text, "account-sessions"),
        sessions: vec![session("ses_1", "Firefox – Linux", true), session("ses_2", "Safari – iPhone", false)],
    };
    let app = App {
        id: "ledger".to_owned(),
        name: "Ledger & Sons".to_owned(),
        domain: "ledger.example".to_owned(),
        scopes: ["profile", "email"].map(|name| ScopeLine::standard(text, name).title).into(),
        since: text.day(NOW - 900 * HOUR, ZONE),
        last_used: Some(text.day(NOW, ZONE)),
    };
    let apps = Apps { shell: shell(text, "account-apps"), apps: vec![app] };
    let delete = |refused| DeleteAccount { shell: shell(text, "account-delete"), refused };
    Ok(vec![
        ("account-home", home.render()?),
        ("account-profile", profile.render()?),
        ("account-password", password.render()?),
        ("account-email", email.render()?),
        ("account-sessions", sessions.render()?),
        ("account-apps", apps.render()?),
        ("account-delete", delete(None).render()?),
        ("account-delete-refused", delete(Some("vestibule user update NAME --admin")).render()?),
    ])
}

fn dev(text: &Text) -> Result<Vec<(&'static str, String)>, askama::Error> {
    let mail = Mail {
        id: "1".to_owned(),
        to: ADDRESS.to_owned(),
        subject: "123456 – Confirm your address".to_owned(),
        sent: text.when(NOW, ZONE),
    };
    let mailbox = Mailbox { shell: shell(text, "mailbox"), mails: vec![mail.clone()] };
    let link = Link { href: "/verify/link?token=1".to_owned(), label: text.t("link-verify-button").into_owned() };
    let page = MailPage {
        shell: Shell { title: mail.subject.clone(), ..shell(text, "mailbox") },
        mail,
        body: "Welcome.\n\n    123456\n\nhttp://localhost:8080/verify/link?token=1\n".to_owned(),
        links: vec![link],
    };
    let sms = super::Text {
        to: "+436601234567".to_owned(),
        body: "123456 is your code for Vestibule.\n\n@localhost #123456".to_owned(),
        sent: text.when(NOW, ZONE),
    };
    let inbox = Inbox { shell: shell(text, "inbox"), texts: vec![sms] };
    let demo = DemoHome { shell: shell(text, "demo"), sign_in: "/sign-in".to_owned(), provider: "Vestibule".to_owned() };
    let claims = DemoClaims {
        shell: shell(text, "demo"),
        claims: vec![
            ("iss".to_owned(), "http://localhost:8080".to_owned()),
            ("sub".to_owned(), "user_01k9m4q2t7e6r8s9v0w1x2y3z4".to_owned()),
            ("email".to_owned(), ADDRESS.to_owned()),
        ],
        refresh: Some("/refresh".to_owned()),
        sign_out: "/sign-out".to_owned(),
        account: "/account".to_owned(),
    };
    let choice = |value: &str, label: &str| Choice { value: value.to_owned(), label: label.to_owned() };
    let mut fake = FakeSignIn {
        shell: Shell { title: text.with("fake-title", &[("provider", "Google")]), ..shell(text, "fake-site") },
        action: "/google/o/oauth2/v2/auth".to_owned(),
        carried: vec![("client_id".to_owned(), "dev".to_owned()), ("state".to_owned(), String::new())],
        people: vec![choice("ada", "Ada – ada@workspace.example"), choice("somebody", &text.t("fake-somebody"))],
        person: "somebody".to_owned(),
        email: String::new(),
        name: String::new(),
        quirks: vec![choice("none", &text.t("fake-quirk-none")), choice("slow", &text.t("fake-quirk-slow"))],
        quirk: "slow".to_owned(),
        scopes: vec!["openid".to_owned(), "email".to_owned()],
        to: "http://localhost:8080".to_owned(),
        hosted: Some("workspace.example".to_owned()),
    };
    let warning = text.with("fake-warning", &[("provider", "Google")]);
    fake.shell.notice = Some(Notice { kind: Tone::Warning, text: warning });
    Ok(vec![
        ("fake", fake.render()?),
        ("mailbox", mailbox.render()?),
        ("mail", page.render()?),
        ("inbox", inbox.render()?),
        ("demo-home", demo.render()?),
        ("demo-claims", claims.render()?),
    ])
}

#[cfg(test)]
#[path = "samples_tests.rs"]
mod tests;
