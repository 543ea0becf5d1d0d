//! Whole stories of people at their browsers, over the real router.

mod account;
mod administrators;
mod attacks;
mod bad_input;
mod carried;
mod confirm;
mod deadlock;
mod destinations;
mod email_change;
mod enumeration;
mod forms;
mod forward_auth;
mod invitations;
mod known_devices;
mod limits;
mod limits_shown;
mod magic_link;
mod notices;
mod operator;
pub mod passkeys;
mod pasted;
mod phone;
mod providers;
mod reset;
mod return_to;
mod second_factor;
mod second_factor_account;
mod second_factor_sign_in;
mod secrets;
mod session_cookies;
mod sessions;
mod setup;
mod sign_in;
mod sign_up;
mod sites;
mod takeover;
mod unproved;

use crate::world::{Answer, Browser, Mail, World};

/// What a mail scanner does, ten times over: opens the link in every way, follows what it finds, and sends every form without knowing
/// anything that is not on the page.
async fn scan(world: &World, mail: &Mail) {
    for _ in 0..10 {
        let mut scanner = world.browser().at([198, 51, 100, 7]).sending("user-agent", "LinkScanner/1.0 (+https://scan.example)");
        scanner.send("HEAD".parse().unwrap(), &mail.link, &[], axum::body::Bytes::new()).await;
        let page = scanner.get(&mail.link).await;
        assert!(page.status < 500, "{}", page.status);
        for form in page.forms() {
            let fields: Vec<(&str, &str)> = form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let answer = scanner.post(&form.action, &fields).await;
            assert!(answer.status < 500);
            if answer.status == 303 && answer.location().starts_with('/') {
                scanner.follow(&answer).await;
            }
        }
        assert_ne!(scanner.get("/account").await.status, 200, "the scanner is signed in");
    }
}

/// Where somebody comes who has added a second factor: the first one brings recovery codes, which they keep.
pub async fn factor_added(browser: &mut Browser, done: &Answer) -> String {
    if done.location() != "/account/security/recovery" {
        return done.location().to_owned();
    }
    let page = browser.follow(done).await;
    assert_eq!(page.shown(".codes").unwrap().split_whitespace().count(), 10);
    browser.submit("/account/security/recovery/kept", &[]).await.location().to_owned()
}

/// A browser that has asked for a reset and shows the page for its code.
async fn asked_for_reset(world: &World, identifier: &str) -> Browser {
    let mut browser = world.browser();
    browser.get("/reset").await;
    let sent = browser.submit("/reset", &[("identifier", identifier)]).await;
    browser.follow(&sent).await;
    browser
}

async fn is_signed_in(browser: &mut Browser) -> bool {
    browser.clone().get("/session").await.status == 200
}

/// A code that is not this one.
fn wrong(code: &str) -> String {
    let number: u32 = code.parse().unwrap();
    format!("{:06}", (number + 1) % 1_000_000)
}

/// The message beside a field.
fn problem(answer: &Answer, field: &str) -> String {
    answer.shown(&format!("#{field}-problem")).unwrap_or_default()
}
