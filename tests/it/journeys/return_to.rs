//! Whoever opens a page of the account signed out is back on it after signing in, whatever the way.

use super::passkeys::{add, options};
use super::providers::through;
use crate::world::{Answer, Authenticator, Browser, Fakes, PASSWORD, World};

const GRACE: &str = "grace@mail.example";
/// No door asks for more on the way than the way itself.
const SETTINGS: &str = "[github]\nlinking = \"link_verified\"\n";

/// What is opened, and where the person ends.
const PAGES: [(&str, &str); 12] = [
    ("/account", "/account"),
    ("/account/profile", "/account/profile"),
    ("/account/password", "/account/password"),
    ("/account/email", "/account/email"),
    ("/account/phone", "/account/phone"),
    ("/account/security", "/account/security"),
    ("/account/passkeys", "/account/passkeys"),
    ("/account/identities", "/account/identities"),
    ("/account/sessions", "/account/sessions"),
    ("/account/apps", "/account/apps"),
    ("/account/delete", "/account/delete"),
    ("/.well-known/change-password", "/account/password"),
];

/// The sign-in page that a page leads to, in a new browser.
async fn opened(world: &World, path: &str) -> Browser {
    let mut browser = world.browser();
    let mut answer = browser.get(path).await;
    for _ in 0..3 {
        if answer.status == 303 {
            answer = browser.follow(&answer.clone()).await;
        }
    }
    assert!(answer.status == 200 && answer.forms().iter().any(|form| form.action == "/login"), "{path}: {}", answer.text());
    browser
}

#[derive(Clone, Copy, Debug)]
enum By {
    Password,
    /// After a mistake, and a look at the other pages.
    Detours,
    Code,
    Link,
    Passkey,
    Provider,
    SignUp,
    Reset,
}

async fn sign_in(world: &World, fakes: &Fakes, key: &mut Authenticator, browser: &mut Browser, by: By, number: usize) -> Answer {
    let link = |page: &Answer, start: &str| {
        let text = page.text();
        let (_, rest) = text.split_once(&format!("href=\"{start}")).unwrap_or_else(|| panic!("no link to {start}: {text}"));
        format!("{start}{}", rest.split('"').next().unwrap().replace("&#38;", "&"))
    };
    match by {
        By::Password => browser.submit("/login", &[("identifier", GRACE), ("password", PASSWORD)]).await,
        By::Detours => {
            assert_eq!(browser.submit("/login", &[("identifier", GRACE), ("password", "wrong")]).await.status, 422);
            for to in ["/signup", "/login", "/reset", "/login"] {
                let path = link(browser.open().unwrap(), to);
                assert_eq!(browser.get(&path).await.status, 200);
            }
            browser.submit("/login", &[("identifier", GRACE), ("password", PASSWORD)]).await
        }
        By::Code | By::Link => {
            let flow = browser.open().unwrap().value("flow").unwrap_or_default();
            let sent = browser.post("/login/code", &[("identifier", GRACE), ("way", "mail"), ("flow", &flow)]).await;
            browser.follow(&sent).await;
            let mail = world.mail_to(GRACE).await;
            if matches!(by, By::Code) {
                return browser.submit("/login/code/enter", &[("code", &mail.code)]).await;
            }
            browser.get(&mail.link).await;
            browser.submit("/login/link", &[]).await
        }
        By::Passkey => {
            let answer = key.get(&options(browser.open().unwrap(), "/login/passkey")).await;
            browser.submit("/login/passkey", &[("credential", &answer)]).await
        }
        By::Provider => through(fakes, browser, "github", "grace", "none").await,
        By::SignUp => {
            let path = link(browser.open().unwrap(), "/signup");
            browser.get(&path).await;
            let email = format!("new{number}@a.example");
            let sent = browser.submit("/signup", &[("email", &email), ("password", PASSWORD)]).await;
            browser.follow(&sent).await;
            let code = world.mail_to(&email).await.code;
            browser.submit("/verify", &[("code", &code)]).await
        }
        By::Reset => {
            let path = link(browser.open().unwrap(), "/reset");
            browser.get(&path).await;
            let sent = browser.submit("/reset", &[("identifier", GRACE)]).await;
            browser.follow(&sent).await;
            let code = world.mail_to(GRACE).await.code;
            let proved = browser.submit("/reset/code", &[("code", &code)]).await;
            browser.follow(&proved).await;
            browser.submit("/reset/new", &[("password", PASSWORD)]).await
        }
    }
}

#[tokio::test]
async fn every_way_leads_back_to_every_page() {
    let (world, fakes) = World::with_fakes(SETTINGS).await;
    world.person(GRACE).await;
    let mut key = Authenticator::new();
    let mut grace = world.sign_in(GRACE, PASSWORD).await;
    add(&mut grace, &mut key, "/account/passkeys/add").await;
    let mut number = 0;
    for by in [By::Password, By::Detours, By::Code, By::Link, By::Passkey, By::Provider, By::SignUp, By::Reset] {
        for (path, end) in PAGES {
            number += 1;
            world.advance(60);
            let mut browser = opened(&world, path).await;
            let done = sign_in(&world, &fakes, &mut key, &mut browser, by, number).await;
            // Whoever has just chosen a password is not led to a page that asks for it.
            let end = if matches!(by, By::Reset) && end == "/account/password" { "/account" } else { end };
            assert_eq!((done.status, done.location()), (303, end), "{by:?} {path}: {}", done.text());
            let seen = browser.follow(&done).await;
            // Where this proof is too weak for the page, another one is asked for, on a flow that leads there.
            assert!(seen.status == 200 || seen.location().starts_with("/login"), "{by:?} {path}: on to {}", seen.location());
        }
    }
}

/// Pages that history or a second tab bring back know the destination, too.
#[tokio::test]
async fn what_is_over_begins_anew_with_the_same_destination() {
    let world = World::new().await;
    world.person(GRACE).await;
    let mut browser = opened(&world, "/account/sessions").await;
    let flow = browser.open().unwrap().value("flow").unwrap();
    let sent = browser.post("/login/code", &[("identifier", GRACE), ("way", "mail"), ("flow", &flow)]).await;
    let page = browser.follow(&sent).await;
    let mut second = browser.clone();
    world.advance(3600);
    let code = world.mail_to(GRACE).await.code;
    let late = browser.submit("/login/code/enter", &[("code", &code)]).await;
    assert!(matches!(late.status, 410 | 422), "{}", late.status);
    let flow = page.value("flow").unwrap();
    let again = second.get(&format!("/login?flow={flow}")).await;
    assert_eq!(again.status, 200);
    let done = second.submit("/login", &[("identifier", GRACE), ("password", PASSWORD)]).await;
    assert_eq!(done.location(), "/account/sessions");
    // The finished one says where to begin.
    let over = second.get(&format!("/login/second?flow={flow}")).await;
    assert_eq!(over.status, 410);
    assert!(over.text().contains(&format!("href=\"/login?flow={flow}\"")), "{}", over.text());
    assert_eq!(second.get(&format!("/login?flow={flow}")).await.location(), "/account/sessions");
    // Anything else that is sent as an id is none.
    let over = second.get("/login/second?flow=%22%3E%3Cb%3E").await;
    assert!(over.status == 410 && over.text().contains("href=\"/login\""), "{}", over.text());
}
