//! `/session/start`: from a site to the sign-in page and back, and nowhere else.

use super::forward_auth::SETTINGS;
use super::second_factor::{add_app, app_code};
use crate::world::{Answer, Browser, Database, PASSWORD, World};

const ADA: &str = "ada@a.example";
const PAGE: &str = "https://app.example.org/a?b=c&d=%2F";

/// On this machine `http` and ports will do, and mail can be read.
const LOCAL: &str = r#"
[server]
trusted_proxies = ["127.0.0.1"]
[[sites]]
host = "localhost:3000"
"#;
const LOCAL_PAGE: &str = "http://localhost:3000/a?b=c&d=%2F";

fn start(url: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("return_to", url).finish();
    format!("/session/start?{query}")
}

/// Whether the forms of a page end with us; a page of ours leads on to the site.
fn stays(page: &Answer) -> bool {
    page.header("content-security-policy").ends_with("form-action 'self'")
}

/// Follows redirects of ours until one leads away.
async fn away(browser: &mut Browser, mut answer: Answer) -> String {
    for _ in 0..5 {
        assert!(answer.status == 303 || answer.leaves(), "{}", answer.text());
        if !answer.location().starts_with('/') {
            return answer.location().to_owned();
        }
        answer = browser.follow(&answer.clone()).await;
    }
    panic!("no way out: {}", answer.location());
}

/// A browser at the sign-in page, on its way to a site.
async fn asked(world: &World, url: &str) -> (Browser, Answer) {
    let mut browser = world.browser();
    let begun = browser.get(&start(url)).await;
    assert!(begun.location().starts_with("/login?flow=flow_"), "{} {}", begun.location(), begun.text());
    let page = browser.follow(&begun).await;
    (browser, page)
}

#[tokio::test]
async fn a_password_leads_back_and_the_next_time_nothing_is_asked() {
    let world = World::with(SETTINGS).await;
    world.person(ADA).await;
    let (mut ada, page) = asked(&world, PAGE).await;
    assert!(stays(&page) && page.shown(".client").unwrap().contains("app.example.org"));
    let wrong = ada.submit("/login", &[("identifier", ADA), ("password", "no")]).await;
    assert!(wrong.status == 422 && stays(&wrong));
    let done = ada.submit("/login", &[("identifier", ADA), ("password", PASSWORD)]).await;
    assert_eq!(away(&mut ada, done).await, PAGE);
    world.advance(60);
    let again = ada.get(&start("https://app.example.org/other")).await;
    assert_eq!(away(&mut ada, again).await, "https://app.example.org/other");
}

#[tokio::test]
async fn an_address_that_cannot_be_kept_leads_to_the_front_page_and_says_so() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, SETTINGS).await else { continue };
        world.person(ADA).await;
        let long = format!("https://app.example.org/report?{}", "a=b&".repeat(2000));
        let (mut ada, page) = asked(&world, &long).await;
        assert!(page.text().contains("come to the front page of app.example.org"), "{}", page.text());
        let wrong = ada.submit("/login", &[("identifier", ADA), ("password", "no")]).await;
        assert_eq!(wrong.status, 422);
        let done = ada.submit("/login", &[("identifier", ADA), ("password", PASSWORD)]).await;
        assert_eq!(away(&mut ada, done).await, "https://app.example.org/");
        // As the proxies are told.
        let mut bob = world.browser();
        let begun = bob.get(&format!("{}&shortened=1", start("https://app.example.org/"))).await;
        assert!(bob.follow(&begun).await.text().contains("front page of app.example.org"));
        let (_, page) = asked(&world, PAGE).await;
        assert!(!page.text().contains("front page"));
        let elsewhere = world.browser().get(&start(&long.replace("app.", "evil."))).await;
        assert_eq!(elsewhere.status, 400);
    }
}

#[tokio::test]
async fn a_sign_up_leads_back() {
    let world = World::with(LOCAL).await;
    let (mut ada, page) = asked(&world, LOCAL_PAGE).await;
    let flow = page.value("flow").unwrap();
    let page = ada.get(&format!("/signup?flow={flow}")).await;
    assert!(stays(&page));
    let sent = ada.submit("/signup", &[("email", ADA), ("password", PASSWORD)]).await;
    let page = ada.follow(&sent).await;
    assert!(stays(&page));
    let code = world.mail_to(ADA).await.code;
    let done = ada.submit("/verify", &[("code", &code)]).await;
    assert_eq!(away(&mut ada, done).await, LOCAL_PAGE);
}

#[tokio::test]
async fn a_mailed_code_and_a_reset_lead_back() {
    let world = World::with(LOCAL).await;
    world.person(ADA).await;
    let (mut ada, page) = asked(&world, LOCAL_PAGE).await;
    let flow = page.value("flow").unwrap();
    let sent = ada.post("/login/code", &[("identifier", ADA), ("way", "mail"), ("flow", &flow)]).await;
    let page = ada.follow(&sent).await;
    assert!(stays(&page));
    let code = world.mail_to(ADA).await.code;
    let done = ada.submit("/login/code/enter", &[("code", &code)]).await;
    assert_eq!(away(&mut ada, done).await, LOCAL_PAGE);

    let (mut lost, page) = asked(&world, LOCAL_PAGE).await;
    let flow = page.value("flow").unwrap();
    lost.get(&format!("/reset?flow={flow}")).await;
    let sent = lost.submit("/reset", &[("identifier", ADA)]).await;
    lost.follow(&sent).await;
    let code = world.mail_to(ADA).await.code;
    let proved = lost.submit("/reset/code", &[("code", &code)]).await;
    let page = lost.follow(&proved).await;
    assert!(stays(&page));
    let done = lost.submit("/reset/new", &[("password", "another wooden spoon")]).await;
    assert_eq!(away(&mut lost, done).await, LOCAL_PAGE);
}

#[tokio::test]
async fn a_strict_site_is_reached_by_two_factors_only() {
    let world = World::with(SETTINGS).await;
    world.person(ADA).await;
    let strict = "https://strict.example.org/vault";
    // Who has none sets one up on the way.
    let (mut ada, _) = asked(&world, strict).await;
    let more = ada.submit("/login", &[("identifier", ADA), ("password", PASSWORD)]).await;
    assert!(more.location().starts_with("/login/enrol?flow="), "{}", more.location());
    let page = ada.follow(&more).await;
    assert!(stays(&page));
    let code = super::second_factor_account::shown_code(&world, &page);
    let codes = ada.submit("/login/enrol", &[("name", "Phone"), ("code", &code)]).await;
    ada.follow(&codes).await;
    let kept = ada.submit("/account/security/recovery/kept", &[]).await;
    assert!(kept.location().starts_with("/session/continue?"), "{}", kept.location());
    assert_eq!(ada.follow(&kept).await.location(), strict);
    // Who signed in by a password alone, before there was a second factor, gives one.
    let world = World::with(SETTINGS).await;
    world.person(ADA).await;
    let (mut one, mut two) = (world.sign_in(ADA, PASSWORD).await, world.sign_in(ADA, PASSWORD).await);
    let asked = two.get(&start(strict)).await;
    assert!(asked.location().starts_with("/login?flow="), "nothing to give: {}", asked.location());
    let page = two.follow(&asked).await;
    assert_eq!(page.value("identifier").as_deref(), Some(ADA));
    let secret = add_app(&world, &mut one).await;
    let asked = two.get(&start(strict)).await;
    let page = two.follow(&asked).await;
    assert!(stays(&page));
    let done = two.submit("/login/second", &[("code", &app_code(&world, &secret))]).await;
    assert_eq!(away(&mut two, done).await, strict);
    // The other site is content with less.
    let mut three = world.browser();
    three.get("/login").await;
    let elsewhere = one.get(&start(PAGE)).await;
    assert_eq!(away(&mut one, elsewhere).await, PAGE);
}

#[tokio::test]
async fn the_back_button_another_tab_and_an_old_page_lead_there_too() {
    let world = World::with(SETTINGS).await;
    world.person(ADA).await;
    let (mut ada, _) = asked(&world, PAGE).await;
    let second = ada.get(&start("https://app.example.org/second")).await;
    let flow = second.location().to_owned();
    ada.get(&start(PAGE)).await;
    let first = ada.get(&start(PAGE)).await;
    let page = ada.follow(&first).await;
    let done = ada.submit("/login", &[("identifier", ADA), ("password", PASSWORD)]).await;
    assert_eq!(away(&mut ada, done).await, PAGE);
    // The other tab is loaded anew.
    let other = ada.get(&flow).await;
    assert_eq!(away(&mut ada, other).await, "https://app.example.org/second");
    // Back to the page that was left.
    let back = ada.get(&format!("/login?flow={}", page.value("flow").unwrap())).await;
    assert_eq!(away(&mut ada, back).await, PAGE);
    // Left open for days, by somebody who is not signed in.
    let (mut late, page) = asked(&world, PAGE).await;
    world.advance(3 * 86_400);
    let page = late.get(&format!("/login?flow={}", page.value("flow").unwrap())).await;
    assert!(page.shown(".notice").is_some() && stays(&page));
    let done = late.submit("/login", &[("identifier", ADA), ("password", PASSWORD)]).await;
    assert_eq!(away(&mut late, done).await, PAGE);
    // Another browser that gets hold of the address signs in, and is not sent anywhere.
    let (_, page) = asked(&world, PAGE).await;
    let mut eve = world.browser();
    let flow = page.value("flow").unwrap();
    let page = eve.get(&format!("/login?flow={flow}")).await;
    assert!(page.shown(".notice").is_some() && page.shown(".client").is_none());
    let done = eve.post("/login", &[("identifier", ADA), ("password", PASSWORD), ("flow", &flow)]).await;
    assert_eq!(done.location(), "/account?notice=go-back");
}

#[tokio::test]
async fn nobody_is_sent_anywhere_else() {
    let world = World::with(SETTINGS).await;
    world.person(ADA).await;
    let mut ada = world.sign_in(ADA, PASSWORD).await;
    let mut bad: Vec<String> = [
        "https://evil.example/",
        "//evil.example",
        "/account",
        "\\\\evil.example",
        "https:/\\evil.example",
        "https://app.example.org@evil.example/",
        "https://ada:x@app.example.org/",
        "https://app.example.org\\.evil.example/",
        "https://app.example.org.evil.example/",
        "https://app.example.org:8443/",
        "http://app.example.org/",
        "javascript:alert(1)",
        "https://app.example.org\r\nset-cookie: a=b",
        "https://app。example。org/",
        "https://id.example.org/login",
        "",
    ]
    .map(start)
    .into();
    bad.push("/session/start".to_owned());
    bad.push(format!("{}&return_to=https%3A%2F%2Fevil.example", start(PAGE)));
    bad.push(format!("/session/start?return_to=%ff{PAGE}"));
    for path in bad {
        for browser in [&mut ada, &mut world.browser()] {
            let answer = browser.get(&path).await;
            assert_eq!((answer.status, answer.location()), (400, ""), "{path}");
            assert!(answer.shown("h1").is_some_and(|title| !title.is_empty()));
        }
    }
    // Nor by what else a journey may be told.
    for path in [
        "/login?return_to=https://app.example.org/",
        "/login?to=https://app.example.org/",
        "/login?flow=x&return_to=https://app.example.org/",
    ] {
        assert!(!world.browser().get(path).await.header("content-security-policy").contains("app.example.org"));
        assert!(!ada.get(path).await.location().contains("app.example.org"));
    }
    let mut browser = world.browser();
    let page = browser.get("/login").await;
    assert!(stays(&page));
}

/// The list is read again at the end: a site that was taken off it meanwhile is not reached.
#[tokio::test]
async fn a_site_taken_off_the_list_is_not_reached() {
    let place = crate::world::Place::sqlite();
    let before = World::at(place.clone(), SETTINGS).await;
    before.person(ADA).await;
    let (mut ada, page) = asked(&before, PAGE).await;
    let after = World::at(place, &SETTINGS.replace("app.example.org", "other.example.org")).await;
    let mut there = after.browser();
    there.cookies = std::mem::take(&mut ada.cookies);
    there.get(&format!("/login?flow={}", page.value("flow").unwrap())).await;
    let done = there.submit("/login", &[("identifier", ADA), ("password", PASSWORD)]).await;
    assert_eq!(there.follow(&done).await.status, 400);
}

#[tokio::test]
async fn a_site_that_does_not_see_the_cookie_ends_in_a_page_that_says_why() {
    let world = World::with(SETTINGS).await;
    world.person(ADA).await;
    let (mut ada, _) = asked(&world, PAGE).await;
    let done = ada.submit("/login", &[("identifier", ADA), ("password", PASSWORD)]).await;
    assert_eq!(away(&mut ada, done).await, PAGE);
    let mut rounds = 1;
    let page = loop {
        let answer = ada.get(&start(PAGE)).await;
        if answer.status != 303 {
            break answer;
        }
        rounds += 1;
        assert!(rounds < 10, "a loop");
    };
    assert_eq!((rounds, page.status), (3, 409));
    let text = page.text();
    assert!(text.contains("app.example.org") && text.contains("id.example.org") && text.contains("cookie_domain"), "{text}");
    assert!(page.shown(&format!("a[href='{PAGE}']")).is_some());
    // Trying again counts anew, and other addresses count apart.
    assert_eq!(ada.get(&start(PAGE)).await.status, 303);
    for _ in 0..2 {
        assert_eq!(ada.get(&start("https://app.example.org/1")).await.status, 303);
        assert_eq!(ada.get(&start("https://app.example.org/2")).await.status, 303);
    }
    // The count is for seconds.
    let counted = ada.get(&start(PAGE)).await;
    let line = counted.headers.get_all("set-cookie").iter().find(|line| line.to_str().unwrap().contains("rounds")).unwrap();
    let line = line.to_str().unwrap();
    assert!(
        line.starts_with("__Host-vestibule_rounds=") && line.contains("Max-Age=10;") || line.ends_with("Max-Age=10"),
        "{line}"
    );
}

#[tokio::test]
async fn another_provider_leads_back() {
    let (world, fakes) = World::with_fakes(LOCAL).await;
    let (mut ada, page) = asked(&world, LOCAL_PAGE).await;
    let flow = page.value("flow").unwrap();
    let departing = ada.post("/connect/google", &[("flow", &flow), ("remember", "true")]).await;
    let authorization = departing.header("refresh").trim_start_matches("0; url=").to_owned();
    let back = fakes.answer(&authorization, "ada", "none").await;
    let came = ada.get(&crate::world::fakes::path_and_query(&back)).await;
    assert_eq!(away(&mut ada, came).await, LOCAL_PAGE);
}

/// A picture on a foreign page begins no journey in a visitor's name; a person's own click does.
#[tokio::test]
async fn only_pages_begin_a_journey() {
    let world = World::with(SETTINGS).await;
    let begun = async |mode: &str| world.browser().sending("sec-fetch-mode", mode).get(&start(PAGE)).await.location().to_owned();
    assert_eq!(begun("no-cors").await, "/login");
    assert!(begun("navigate").await.starts_with("/login?flow="));
}
