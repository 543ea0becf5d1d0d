//! People who have nothing but a provider.

use super::*;
use crate::enumeration::shape::Shape;

#[tokio::test]
async fn a_password_fails_for_them_like_any_wrong_password() {
    let (world, fakes) = World::with_fakes("").await;
    arrive(&world, &fakes, "github", "grace").await;
    world.person("known@mail.example").await;
    let mut shapes = Vec::new();
    for email in [GRACE, "known@mail.example", "nobod@mail.example"] {
        let mut browser = world.browser();
        let answer = browser.sign_in(email, THEIRS).await;
        assert_eq!(answer.status, 422);
        shapes.push(Shape::of(&answer, &[email.to_owned()]));
        let empty = browser.sign_in(email, "").await;
        assert_eq!(empty.status, 422);
    }
    assert_eq!(shapes[0], shapes[1]);
    assert_eq!(shapes[0], shapes[2]);
}

/// Google and GitHub let people through in silence: a browser that somebody left open would do. So the mailbox is asked.
#[tokio::test]
async fn they_set_a_password_after_proving_themselves_by_mail() {
    for (provider, person, email) in [("google", "ada", ADA), ("github", "grace", GRACE)] {
        let (world, fakes) = World::with_fakes("").await;
        let mut browser = arrive(&world, &fakes, provider, person).await;
        let id = who(&browser).await;
        let ask = browser.get("/account/password").await;
        assert!(ask.location().starts_with("/login?flow="), "{}", ask.location());
        let page = browser.clone().follow(&ask).await;
        assert!(buttons(&page).is_empty() && page.value("password").is_none(), "{:?}", buttons(&page));
        let back = by_mail(&world, &mut browser, &ask, email).await;
        assert_eq!(back.location(), "/account/password", "{provider}: {}", back.text());
        set_one(&world, &mut browser, email).await;
        assert_eq!(who(&browser).await, id);
        assert_eq!(who(&arrive(&world, &fakes, provider, person).await).await, id, "the provider still works");
    }
}

/// At the page to which they were led back.
async fn set_one(world: &World, browser: &mut Browser, email: &str) {
    assert_eq!(browser.get("/account/password").await.status, 200);
    let weak = browser.submit("/account/password", &[("password", "short")]).await;
    assert!(!problem(&weak, "password").is_empty());
    let set = browser.submit("/account/password", &[("password", PASSWORD)]).await;
    assert_eq!(set.location(), "/account/password?notice=password-changed", "{}", set.text());
    let page = browser.follow(&set).await;
    assert_eq!((page.status, notice(&page).is_empty()), (200, false), "it was typed just now: {}", page.location());
    assert_eq!(browser.get("/account/password").await.status, 200, "known already");
    let by_password = world.sign_in(email, PASSWORD).await;
    assert_eq!(who(&by_password).await, who(browser).await);
}

/// Somebody of whom only Facebook knows anything: an address that nobody has proved.
async fn nothing_else(world: &World, fakes: &Fakes) -> Browser {
    let (mut browser, answer) = come(world, fakes, "facebook", "grace", "none").await;
    browser.follow(&answer).await;
    assert_eq!(browser.submit("/login/address", &[]).await.location(), "/account");
    world.advance(3600);
    browser
}

#[tokio::test]
async fn who_has_nothing_else_proves_themselves_at_the_provider() {
    let (world, fakes) = World::with_fakes(UNPROVED).await;
    let mut browser = nothing_else(&world, &fakes).await;
    let ask = browser.get("/account/password").await;
    assert!(ask.location().starts_with("/login?flow="), "{}", ask.location());
    let page = browser.follow(&ask).await;
    assert_eq!(buttons(&page).iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["facebook"], "the one they have");
    // Not now after all: the sentence, and the same page.
    let to = leave(&mut browser, "facebook").await;
    let back = browser.get(&path_and_query(&fakes.cancel(&to).await)).await;
    let page = browser.follow(&back).await;
    assert_eq!(page.status, 200, "{} {}", back.location(), page.location());
    assert!(notice(&page).contains("nothing has changed"), "{}", notice(&page));
    assert!(is_signed_in(&mut browser).await);
    let back = through(&fakes, &mut browser, "facebook", "grace", "none").await;
    assert_eq!(back.location(), "/account/password");
    set_one(&world, &mut browser, GRACE).await;
}

/// A proved address is of no use where no message is sent to sign in: the provider's word must do, or it would ask for ever.
#[tokio::test]
async fn a_proved_address_is_nothing_where_mails_are_no_way_in() {
    let (world, fakes) = World::with_fakes("[sign_in]\nways = [\"password\"]\n").await;
    let mut browser = arrive(&world, &fakes, "github", "grace").await;
    world.advance(3600);
    let ask = browser.get("/account/password").await;
    let page = browser.follow(&ask).await;
    assert_eq!(buttons(&page).iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["github"]);
    assert!(page.value("password").is_none(), "there is none to type");
    let back = through(&fakes, &mut browser, "github", "grace", "none").await;
    assert_eq!(back.location(), "/account/password");
    assert_eq!(browser.get("/account/password").await.status, 200);
}

/// Another account there, by mistake: they are told, and nobody new is made of it.
#[tokio::test]
async fn somebody_else_at_the_provider_proves_nothing() {
    let (world, fakes) = World::with_fakes(UNPROVED).await;
    let mut browser = nothing_else(&world, &fakes).await;
    let id = who(&browser).await;
    let (mut alan, answer) = come(&world, &fakes, "facebook", "alan", "none").await;
    alan.follow(&answer).await;
    assert_eq!(alan.submit("/login/address", &[]).await.location(), "/account");
    for person in ["ada", "alan"] {
        let ask = browser.get("/account/password").await;
        browser.follow(&ask).await;
        let answer = through(&fakes, &mut browser, "facebook", person, "none").await;
        let page = browser.follow(&answer).await;
        assert!(notice(&page).contains("is not connected with the account you are signed in to"), "{person}: {}", notice(&page));
        assert!(world.read(ADA).await.is_none(), "nobody is made");
        assert_eq!(who(&browser).await, id, "still signed in");
        assert!(browser.get("/account/password").await.location().starts_with("/login?flow="), "and not proved");
    }
}

/// Where the account has something stronger, the button would lead in a circle.
#[tokio::test]
async fn a_provider_is_not_offered_where_it_is_not_enough() {
    let (world, fakes) = World::with_fakes(LINK).await;
    world.person(GRACE).await;
    let mut browser = arrive(&world, &fakes, "github", "grace").await;
    let ask = browser.get("/account/password").await;
    assert!(ask.location().starts_with("/login?flow="), "{}", ask.location());
    let page = browser.follow(&ask).await;
    assert!(buttons(&page).is_empty() && page.value("password").is_some(), "{:?}", buttons(&page));
    assert_eq!(browser.submit("/login", &[("password", PASSWORD)]).await.location(), "/account/password");
    assert_eq!(browser.get("/account/password").await.status, 200);
}

/// A provider that was asked to ask, and does not say that it did: a sentence says so, rather than the same page without a word.
#[tokio::test]
async fn a_provider_that_does_not_say_when_it_asked() {
    let clock = World::new().await;
    let fakes = Fakes::start(clock.app.clock.clone(), std::time::Duration::from_secs(1)).await;
    let world = World::with(&format!(
        "[outbound]\nallow_private = true\n[[providers]]\nid = \"acme\"\nname = \"Acme\"\nclient_id = \"{}\"\n\
         client_secret = \"{}\"\nissuer = \"{}/google\"\nvouches_for = [\"*\"]\n",
        vestibule::dev::fakes::CLIENT_ID,
        vestibule::dev::fakes::CLIENT_SECRET,
        fakes.origin
    ))
    .await;
    let mut browser = arrive(&world, &fakes, "acme", "ada").await;
    let ask = browser.get("/account/password").await;
    let page = browser.follow(&ask).await;
    assert_eq!(buttons(&page).len(), 1, "beside a mail");
    let back = through(&fakes, &mut browser, "acme", "ada", "none").await;
    let page = browser.follow(&back).await;
    assert!(notice(&page).contains("did not ask you again who you are"), "{} {}", back.location(), page.text());
    assert_eq!(page.shown("h1").as_deref(), Some("Confirm it is you"));
    let flow = page.value("flow").unwrap();
    let sent = browser.post("/login/code", &[("flow", &flow), ("way", "mail")]).await;
    browser.follow(&sent).await;
    let done = browser.submit("/login/code/enter", &[("code", &code_to(&world, ADA).await)]).await;
    assert_eq!(done.location(), "/account/password");
    assert_eq!(browser.get("/account/password").await.status, 200);
}
