//! Signing in with a password, and out.

use scraper::{Html, Selector};
use serde_json::json;

use super::{is_signed_in, problem};
use crate::world::{PASSWORD, World};

#[tokio::test]
async fn by_address_or_user_name_in_any_spelling() {
    let world = World::new().await;
    world.user(json!({"email": "ada@a.example", "email_verified": true, "username": "ada", "password": PASSWORD})).await;
    for name in ["ada@a.example", " ADA@A.Example ", "ada", "ADA"] {
        world.sign_in(name, PASSWORD).await;
    }
    world.user(json!({"username": "bob", "password": PASSWORD})).await;
    world.sign_in("bob", PASSWORD).await;
}

#[tokio::test]
async fn a_disabled_account_is_told_so_after_the_right_password_only() {
    let world = World::new().await;
    let user = world.person("ada@a.example").await;
    let mut here = world.sign_in("ada@a.example", PASSWORD).await;
    vestibule::actions::users::disable(&world.app, user.id.as_str()).await.unwrap();
    assert!(!is_signed_in(&mut here).await, "at once");
    assert_eq!(here.get("/account").await.status, 303);
    let right = world.browser().sign_in("ada@a.example", PASSWORD).await;
    let wrong = world.browser().sign_in("ada@a.example", "wrong").await;
    assert_eq!((right.status, wrong.status), (422, 422));
    assert_ne!(problem(&right, "identifier"), problem(&wrong, "identifier"));
}

#[tokio::test]
async fn an_unproved_address_is_proved_first() {
    let world = World::new().await;
    world.user(json!({"email": "ada@a.example", "password": PASSWORD})).await;
    let mut browser = world.browser();
    let sent = browser.sign_in("ada@a.example", PASSWORD).await;
    assert!(sent.location().starts_with("/verify?flow="));
    assert!(!is_signed_in(&mut browser).await);
    let page = browser.follow(&sent).await;
    assert!(page.shown(".notice").is_some(), "it says why");
    let code = world.mail_to("ada@a.example").await.code;
    assert_eq!(browser.submit("/verify", &[("code", &code)]).await.location(), "/account");
    assert!(is_signed_in(&mut browser).await && world.read("ada@a.example").await.unwrap().email_is_verified());
}

#[tokio::test]
async fn missing_fields_are_named_and_what_was_typed_stays() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.get("/login").await;
    let empty = browser.submit("/login", &[]).await;
    assert_eq!(empty.status, 422);
    assert!(!problem(&empty, "identifier").is_empty() && !problem(&empty, "password").is_empty());
    let wrong = browser.submit("/login", &[("identifier", "<i>ada"), ("password", "secret text")]).await;
    assert_eq!(wrong.value("identifier").as_deref(), Some("<i>ada"));
    assert!(!wrong.text().contains("secret text") && !wrong.text().contains("<i>ada"));
}

#[tokio::test]
async fn account_pages_lead_through_the_sign_in_and_back() {
    let world = World::new().await;
    world.person("ada@a.example").await;
    for page in ["profile", "password", "email", "sessions", "apps", "delete"] {
        let mut browser = world.browser();
        let sent = browser.get(&format!("/account/{page}")).await;
        assert_eq!(sent.location(), format!("/login?to={page}"));
        browser.follow(&sent).await;
        let arrived = browser.submit("/login", &[("identifier", "ada@a.example"), ("password", PASSWORD)]).await;
        assert_eq!(arrived.location(), format!("/account/{page}"));
    }
    assert_eq!(world.browser().get("/.well-known/change-password").await.location(), "/account/password");
}

#[tokio::test]
async fn signing_out_here_and_everywhere() {
    let world = World::new().await;
    world.person("ada@a.example").await;
    let mut here = world.sign_in("ada@a.example", PASSWORD).await;
    let mut there = world.sign_in("ada@a.example", PASSWORD).await;
    assert_eq!(here.get("/logout").await.status, 200);
    assert!(is_signed_in(&mut here).await, "opening the page ends nothing");
    let old = here.clone();
    assert_eq!(here.submit("/logout", &[("where", "here")]).await.status, 200);
    assert!(!is_signed_in(&mut here).await && !is_signed_in(&mut old.clone()).await, "the kept cookie is dead");
    assert!(is_signed_in(&mut there).await);
    let mut third = world.sign_in("ada@a.example", PASSWORD).await;
    third.get("/logout").await;
    third.submit("/logout", &[("where", "everywhere")]).await;
    assert!(!is_signed_in(&mut there).await);
    assert_eq!(third.post("/logout", &[]).await.status, 200, "twice is no error");
}

#[tokio::test]
async fn the_cookie_lasts_as_ticked() {
    let world = World::new().await;
    world.person("ada@a.example").await;
    for (fields, lasting) in [(vec![("remember", "true")], true), (vec![], false)] {
        let mut browser = world.browser();
        let mut fields = fields;
        fields.extend([("identifier", "ada@a.example"), ("password", PASSWORD)]);
        let answer = browser.post("/login", &fields).await;
        let set: Vec<_> = answer.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap()).collect();
        let session = set.iter().find(|line| line.starts_with("vestibule_session=")).unwrap();
        assert_eq!(session.contains("Max-Age"), lasting, "{session}");
        assert!(session.contains("HttpOnly") && session.contains("SameSite=Lax") && session.contains("Path=/"));
        world.advance(13 * 3600);
        assert_eq!(is_signed_in(&mut browser).await, lasting);
    }
}

#[tokio::test]
async fn cookies_are_locked_to_the_host_over_https() {
    let world = World::with("[server]\npublic_url = 'https://id.example'\n[mail]\ntransport = 'file'").await;
    world.person("ada@a.example").await;
    let mut browser = world.browser().sending("origin", "https://id.example");
    let answer = browser.post("/login", &[("identifier", "ada@a.example"), ("password", PASSWORD)]).await;
    for line in answer.headers.get_all("set-cookie") {
        let line = line.to_str().unwrap();
        assert!(line.starts_with("__Host-") && line.contains("Secure") && !line.contains("Domain"), "{line}");
    }
    assert!(is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn a_language_once_chosen_stays() {
    let world = World::new().await;
    let mut browser = world.browser();
    assert!(browser.get("/login").await.shown("html[lang=en] h1").is_some());
    assert!(browser.get("/login?lang=de").await.shown("html[lang=de] h1").is_some());
    assert!(browser.get("/login").await.shown("html[lang=de] h1").is_some(), "kept");
    // OpenID Connect Core section 3.1.2.1: what an application asks for is for those who have not chosen, and no choice for the next one.
    assert!(browser.get("/login?ui_locales=en").await.shown("html[lang=de] h1").is_some(), "the person's own choice");
    let mut other = world.browser();
    assert!(other.get("/login?ui_locales=de").await.shown("html[lang=de] h1").is_some());
    assert!(other.get("/login").await.shown("html[lang=de] h1").is_some(), "on the pages that follow");
    assert!(other.get("/login?ui_locales=en").await.shown("html[lang=en] h1").is_some(), "another application");
    assert!(other.get("/login?lang=de").await.shown("html[lang=de] h1").is_some());
    assert!(other.get("/login?ui_locales=en").await.shown("html[lang=de] h1").is_some());
    assert!(world.browser().sending("accept-language", "de-AT,de;q=0.9").get("/login").await.shown("html[lang=de]").is_some());
    assert!(
        world
            .browser()
            .sending("accept-language", "xx, \u{fc}")
            .get("/login?lang=%3Cscript%3E")
            .await
            .shown("html[lang=en]")
            .is_some()
    );
}

/// Whatever a browser spoke before, whoever signs in there reads the language of their profile: on the pages, and in the mails.
#[tokio::test]
async fn the_language_of_the_profile_is_that_of_the_pages_after_sign_in() {
    let world = World::new().await;
    world.user(json!({"email": "ada@example.org", "email_verified": true, "password": PASSWORD, "locale": "de-AT"})).await;
    for (asks, path) in [("en", "/login"), ("en", "/login?lang=en"), ("fr", "/login?ui_locales=en")] {
        let mut browser = world.browser().sending("accept-language", asks);
        assert!(browser.get(path).await.shown("html[lang=en]").is_some());
        browser.sign_in("ada@example.org", PASSWORD).await;
        assert!(browser.get("/account").await.shown("html[lang=de]").is_some(), "{asks} {path}");
        // The switch still works, for this browser.
        assert!(browser.get("/account?lang=en").await.shown("html[lang=en]").is_some());
        assert!(browser.get("/account").await.shown("html[lang=en]").is_some());
    }
    let mut browser = world.sign_in("ada@example.org", PASSWORD).await;
    browser.get("/account/profile").await;
    let saved = browser.submit("/account/profile", &[("locale", "en")]).await;
    assert_eq!(saved.location(), "/account/profile?notice=saved");
    assert!(browser.get("/account/profile").await.shown("html[lang=en]").is_some(), "at once");
    // A language that we do not speak changes nothing.
    world.user(json!({"email": "bob@example.org", "email_verified": true, "password": PASSWORD, "locale": "fr"})).await;
    let mut bob = world.browser().sending("accept-language", "de");
    bob.sign_in("bob@example.org", PASSWORD).await;
    assert!(bob.get("/account").await.shown("html[lang=de]").is_some());
}

/// The switch sends the form along: what is typed stays, but for secrets, and nothing else happens.
#[tokio::test]
async fn switching_the_language_keeps_what_is_typed() {
    let world = World::new().await;
    world.person("ada@a.example").await;
    for (path, field) in [("/login", "identifier"), ("/signup", "email"), ("/reset", "identifier")] {
        let mut browser = world.browser();
        let page = browser.get(path).await;
        let switch = Selector::parse("footer button[form]").unwrap();
        let html = Html::parse_document(&page.text());
        let button = html.select(&switch).next().expect("a button");
        let form = Selector::parse(&format!("form#{}[action='{path}']", button.attr("form").unwrap())).unwrap();
        assert!(html.select(&form).next().is_some(), "{path}: the button's form");
        let action = button.attr("formaction").unwrap();
        assert_eq!(action, format!("{path}?lang=de"));
        let typed = [(field, "ada@a.example"), ("name", "Ada"), ("password", PASSWORD)];
        let german = browser.post(action, &typed).await;
        assert_eq!(german.status, 200, "{path}");
        assert!(german.shown("html[lang=de] h1").is_some() && german.shown(".summary").is_none(), "{path}");
        assert_eq!(german.value(field).as_deref(), Some("ada@a.example"), "{path}");
        assert!(!german.text().contains(PASSWORD), "{path}");
        assert!(german.shown("#remember").is_none() || german.shown("#remember[checked]").is_none(), "{path}: as it was");
        assert!(!is_signed_in(&mut browser).await, "{path}");
        assert!(browser.get(path).await.shown("html[lang=de] h1").is_some(), "{path}: kept");
    }
    assert!(world.mails().await.is_empty(), "nobody is written to");
}
