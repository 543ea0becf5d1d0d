//! The pages between a provider and an account: back button, other browsers, lateness, and input that no form sends.

use super::*;

/// The three pages, each open in a browser of its own.
async fn open(world: &World, fakes: &Fakes) -> Vec<(&'static str, Browser, String)> {
    let mut opened = Vec::new();
    for (path, provider) in [("/login/address", "facebook"), ("/login/join", "github")] {
        let (mut browser, answer) = come(world, fakes, provider, "grace", "none").await;
        assert!(answer.location().starts_with(path), "{path}: {}", answer.location());
        let flow = browser.follow(&answer).await.value("flow").unwrap();
        opened.push((path, browser, flow));
    }
    let (mut browser, answer) = come(world, fakes, "github", "grace", "none").await;
    let flow = browser.follow(&answer).await.value("flow").unwrap();
    let login = browser.post("/login/join", &[("flow", &flow), ("do", "sign-in")]).await;
    browser.follow(&login).await;
    let question = with_password(&mut browser, GRACE).await;
    assert_eq!(browser.follow(&question).await.status, 200);
    opened.push(("/login/connect", browser, flow));
    opened
}

const ASK: &str = "[github]\nlinking = \"ask\"\n";
const FIELDS: [(&str, &str); 2] = [("do", "connect"), ("email", GRACE)];

fn with(flow: &str) -> Vec<(&'static str, &str)> {
    FIELDS.into_iter().chain([("flow", flow)]).collect()
}

#[tokio::test]
async fn the_pages_are_the_browsers_that_came() {
    let (world, fakes) = World::with_fakes(ASK).await;
    let grace = world.person(GRACE).await;
    let owner = world.sign_in(GRACE, PASSWORD).await;
    for (path, _, flow) in open(&world, &fakes).await {
        for mut other in [world.browser(), owner.clone(), come(&world, &fakes, "github", "grace", "none").await.0] {
            let page = other.get(&format!("{path}?flow={flow}")).await;
            assert_eq!(page.status, 410, "{path}");
            assert!(page.text().contains(&format!("href=\"/login?flow={flow}\"")) && !page.text().contains(GRACE), "{path}");
            assert_eq!(other.post(path, &with(&flow)).await.status, 410, "{path}");
        }
    }
    assert!(identities(&world, &grace.id).await.is_empty());
}

#[tokio::test]
async fn a_page_that_was_left_open_for_too_long() {
    let (world, fakes) = World::with_fakes(ASK).await;
    let grace = world.person(GRACE).await;
    let opened = open(&world, &fakes).await;
    world.advance(86_401);
    for (path, mut browser, flow) in opened {
        assert_eq!(browser.get(&format!("{path}?flow={flow}")).await.status, 410, "{path}");
        assert_eq!(browser.post(path, &with(&flow)).await.status, 410, "{path}");
        // "Another way" leads on.
        let on = browser.get(&format!("/login?flow={flow}")).await;
        assert!(on.status == 200 || on.location() == "/account", "{path}: {} {}", on.status, on.location());
    }
    assert!(identities(&world, &grace.id).await.is_empty());
}

#[tokio::test]
async fn a_page_takes_only_its_own_journey() {
    let (world, fakes) = World::with_fakes(ASK).await;
    world.person(GRACE).await;
    let opened = open(&world, &fakes).await;
    for (path, browser, _) in &opened {
        for (_, _, foreign) in opened.iter().filter(|(other, _, _)| other != path) {
            assert_eq!(browser.clone().get(&format!("{path}?flow={foreign}")).await.status, 410, "{path}");
        }
        for flow in ["", "x", "flow_", "flow_00000000000000000000000000"] {
            assert_eq!(browser.clone().get(&format!("{path}?flow={flow}")).await.status, 410, "{path} {flow}");
            assert_eq!(browser.clone().post(path, &with(flow)).await.status, 410, "{path} {flow}");
        }
        assert_eq!(browser.clone().get(path).await.status, 410, "{path}");
        assert_eq!(browser.clone().post(path, &[]).await.status, 410, "{path}");
    }
    // The address journey at the join page of the same browser: of another kind.
    let (_, mut browser, flow) = opened.into_iter().next().unwrap();
    assert_eq!(browser.get(&format!("/login/join?flow={flow}")).await.status, 410);
    assert_eq!(browser.get(&format!("/login/connect?flow={flow}")).await.status, 410);
    assert_eq!(browser.post("/login/join", &[("flow", &flow), ("do", "afresh")]).await.status, 410);
    assert_eq!(browser.get(&format!("/verify?flow={flow}")).await.status, 410);
}

#[tokio::test]
async fn fields_that_are_missing_or_doubled() {
    let (world, fakes) = World::with_fakes(ASK).await;
    let grace = world.person(GRACE).await;
    for (path, browser, flow) in open(&world, &fakes).await {
        let no_field = browser.clone().post(path, &[("flow", &flow)]).await;
        assert!(no_field.status < 500, "{path}: {}", no_field.status);
        for body in [
            format!("flow={flow}&flow={flow}"),
            format!("flow={flow}&do=connect&do=afresh"),
            format!("flow={flow}&do=%00"),
            format!("flow={flow}&do=nonsense&email=%ff"),
            format!("flow={flow}&email={}", "x".repeat(10_000)),
            format!("flow={flow}&email=a%0d%0aBcc:%20b@b.example"),
        ] {
            let status = browser.clone().post_raw(path, body.clone()).await.status;
            assert!(status < 500, "{path} {body}: {status}");
        }
    }
    assert!(identities(&world, &grace.id).await.len() <= 1);
    let page = world.browser().post_raw("/connect/github", "connect=true&connect=true&flow=x&flow=y&remember=1").await;
    assert!(page.status < 500);
}

/// Going back after everything is done shows nothing twice and does nothing twice.
#[tokio::test]
async fn the_back_button_after_the_address_page() {
    let (world, fakes) = World::with_fakes("").await;
    let (mut browser, answer) = come(&world, &fakes, "facebook", "grace", "none").await;
    let flow = browser.follow(&answer).await.value("flow").unwrap();
    let sent = browser.submit("/login/address", &[]).await;
    // Another address after all.
    browser.get(&format!("/login/address?flow={flow}")).await;
    let other = browser.submit("/login/address", &[("email", "grace@post.example")]).await;
    browser.follow(&sent).await;
    let code = code_to(&world, GRACE).await;
    assert_eq!(browser.submit("/verify", &[("code", &code)]).await.location(), "/account");
    let grace = world.read(GRACE).await.unwrap();
    // The other journey is still open; the identity has its account, so there is no second one.
    browser.follow(&other).await;
    let code = code_to(&world, "grace@post.example").await;
    let second = browser.submit("/verify", &[("code", &code)]).await;
    assert!(second.location().starts_with("/login?flow="), "{} {}", second.location(), second.text());
    assert!(world.read("grace@post.example").await.is_none());
    assert_eq!((identities(&world, &grace.id).await.len(), who(&browser).await.as_deref()), (1, Some(grace.id.as_str())));
    assert!(browser.get(sent.location()).await.location().starts_with("/login?flow="), "the page of the code is over");
}

/// Whoever reads the mail of a journey that a stranger began gets nothing by it, and gives nothing away.
#[tokio::test]
async fn the_mail_of_the_address_page_is_for_the_browser_that_asked() {
    let (world, fakes) = World::with_fakes("").await;
    let (mut stranger, answer) = come(&world, &fakes, "facebook", "alan", "none").await;
    stranger.follow(&answer).await;
    let sent = stranger.submit("/login/address", &[("email", ADA)]).await;
    let page = stranger.follow(&sent).await;
    assert_eq!(page.status, 200);
    let mail = world.mail_to(ADA).await;
    super::super::scan(&world, &mail).await;
    let mut ada = world.browser();
    let link = ada.get(&mail.link).await;
    assert!(link.forms().iter().all(|form| form.action != "/verify/link"), "the code is for the other browser");
    for password in ["", PASSWORD] {
        let pressed = ada.post("/verify/link", &[("token", mail.token()), ("password", password)]).await;
        assert!(!is_signed_in(&mut ada).await && pressed.status != 303, "{}", pressed.location());
    }
    world.advance(86_401);
    ada.get(&mail.link).await;
    ada.post("/link/renew", &[("token", mail.token())]).await;
    let renewed = world.mail_to(ADA).await;
    ada.get(&renewed.link).await;
    ada.post("/verify/link", &[("token", renewed.token()), ("password", PASSWORD)]).await;
    assert!(!is_signed_in(&mut ada).await && !is_signed_in(&mut stranger).await);
    assert!(world.read(ADA).await.is_none(), "nothing is made");
    // And Ada signs up as if nothing had been.
    assert_eq!(world.sign_up(ADA, PASSWORD).await.get("/account").await.status, 200);
}
