//! Somebody must prove anew that it is still them, and the provider lets them through without asking.

use super::super::second_factor::{add_app, app_code};
use super::*;

/// An OpenID provider of the operator's, which takes no notice of `prompt=login` and `max_age`, and vouches for all addresses.
const WORK: &str = "[[providers]]\nid = \"work\"\nname = \"Work\"\nclient_id = \"dev\"\nclient_secret = \"dev\"\n\
    issuer = \"{fakes}/google\"\nvouches_for = [\"*\"]\nlinking = \"link_verified\"\n";
const SENTENCE: &str = "Work did not ask you again who you are";

/// Back where it began with the sentence; the page is open.
async fn refused(browser: &mut Browser, answer: &Answer) -> Answer {
    let to = answer.location();
    assert!(to.starts_with("/login?flow=") && to.contains("failed=not-asked&with=work"), "{} {to}", answer.status);
    let page = browser.follow(answer).await;
    assert_eq!(page.status, 200, "{}", page.location());
    assert!(notice(&page).contains(SENTENCE), "{}", notice(&page));
    assert!(page.text().contains("Confirm it is you"), "{}", page.text());
    page
}

#[tokio::test]
async fn a_provider_that_did_not_ask_is_named_and_another_way_is_there() {
    // It says nothing of when it asked, or that it was yesterday.
    for quirk in ["none", "let_through"] {
        let (world, fakes) = World::with_fakes(WORK).await;
        let mut browser = arrive(&world, &fakes, "work", "ada").await;
        let id = who(&browser).await;
        world.advance(3600);
        let ask = browser.get("/account/password").await;
        browser.follow(&ask).await;
        for _ in 0..2 {
            let to = leave(&mut browser, "work").await;
            assert!(to.contains("prompt=login") && to.contains("max_age=0"), "{to}");
            let callback = fakes.answer(&to, "ada", quirk).await;
            let answer = browser.get(&path_and_query(&callback)).await;
            refused(&mut browser, &answer).await;
            assert_eq!(who(&browser).await, id, "still signed in");
            assert!(browser.clone().get("/account/password").await.location().starts_with("/login?flow="), "not proved");
        }
        // The other way, from this very page.
        let flow = browser.open().unwrap().value("flow").unwrap();
        let sent = browser.post("/login/code", &[("flow", &flow), ("identifier", ADA), ("way", "mail")]).await;
        browser.follow(&sent).await;
        let back = browser.submit("/login/code/enter", &[("code", &code_to(&world, ADA).await)]).await;
        assert_eq!(back.location(), "/account/password", "{quirk}: {}", back.text());
        assert_eq!(browser.follow(&back).await.status, 200);
    }
}

/// Who has nothing else is believed where the provider says nothing, and told what to do where it says that it did not ask.
#[tokio::test]
async fn who_has_nothing_else_is_told_what_to_do() {
    let (world, fakes) = World::with_fakes(&format!("[sign_in]\nways = [\"password\"]\n{WORK}")).await;
    let mut browser = arrive(&world, &fakes, "work", "ada").await;
    world.advance(3600);
    let ask = browser.get("/account/password").await;
    browser.follow(&ask).await;
    let answer = through(&fakes, &mut browser, "work", "ada", "let_through").await;
    let page = refused(&mut browser, &answer).await;
    assert!(notice(&page).contains("sign out there"), "{}", notice(&page));
    assert_eq!(buttons(&page).iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["work"]);
    let back = through(&fakes, &mut browser, "work", "ada", "none").await;
    assert_eq!(back.location(), "/account/password");
    assert_eq!(browser.follow(&back).await.status, 200);
}

/// An application that wants a fresh proof; what it asked for is not lost.
#[tokio::test]
async fn an_application_gets_its_fresh_proof_another_way() {
    for wish in ["prompt=login", "max_age=0", "max_age=60"] {
        let (world, fakes) = World::with_fakes(WORK).await;
        let client = super::super::account::shop(&world).await;
        let mut browser = arrive(&world, &fakes, "work", "ada").await;
        world.advance(3600);
        let request = format!(
            "/oauth2/authorize?client_id={client}&response_type=code&redirect_uri=https%3A%2F%2Fshop.example%2Fcb&scope=openid&{wish}\
             &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
        );
        let login = browser.get(&request).await;
        browser.follow(&login).await;
        let answer = through(&fakes, &mut browser, "work", "ada", "let_through").await;
        let page = refused(&mut browser, &answer).await;
        assert!(page.text().contains("Shop"), "{wish}");
        let flow = page.value("flow").unwrap();
        let sent = browser.post("/login/code", &[("flow", &flow), ("identifier", ADA), ("way", "mail")]).await;
        browser.follow(&sent).await;
        let back = browser.submit("/login/code/enter", &[("code", &code_to(&world, ADA).await)]).await;
        assert!(back.location().starts_with("/consent?flow="), "{wish}: {}", back.location());
        assert_eq!(browser.follow(&back).await.status, 200, "{wish}");
    }
}

/// A second factor does not make a fresh proof of it: the first must be one.
#[tokio::test]
async fn a_second_factor_after_it_does_not_make_up_for_it() {
    let (world, fakes) = World::with_fakes(WORK).await;
    let client = super::super::account::shop(&world).await;
    let mut browser = arrive(&world, &fakes, "work", "ada").await;
    let ask = browser.get("/account/security").await;
    by_mail(&world, &mut browser, &ask, ADA).await;
    let secret = add_app(&world, &mut browser).await;
    world.advance(3600);
    let request = format!(
        "/oauth2/authorize?client_id={client}&response_type=code&redirect_uri=https%3A%2F%2Fshop.example%2Fcb&scope=openid&prompt=login\
         &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
    );
    let login = browser.get(&request).await;
    browser.follow(&login).await;
    let answer = through(&fakes, &mut browser, "work", "ada", "let_through").await;
    let page = refused(&mut browser, &answer).await;
    let flow = page.value("flow").unwrap();
    let sent = browser.post("/login/code", &[("flow", &flow), ("identifier", ADA), ("way", "mail")]).await;
    browser.follow(&sent).await;
    let half = browser.submit("/login/code/enter", &[("code", &code_to(&world, ADA).await)]).await;
    assert!(half.location().starts_with("/login/second?flow="), "{}", half.location());
    browser.follow(&half).await;
    let back = browser.submit("/login/second", &[("code", &app_code(&world, &secret))]).await;
    assert!(back.location().starts_with("/consent?flow="), "{}", back.location());
}

/// Whoever is not signed in was not asked to prove anything anew.
#[tokio::test]
async fn a_first_sign_in_may_go_through_in_silence() {
    let (world, fakes) = World::with_fakes(WORK).await;
    let (mut browser, answer) = come(&world, &fakes, "work", "ada", "let_through").await;
    assert_eq!((answer.location(), is_signed_in(&mut browser).await), ("/account", true));
}

/// "Not you?" holds for the buttons of providers, too.
#[tokio::test]
async fn somebody_else_comes_by_a_provider() {
    let (world, fakes) = World::with_fakes(WORK).await;
    let client = super::super::account::shop(&world).await;
    let grace = who(&arrive(&world, &fakes, "work", "grace").await).await;
    let mut browser = arrive(&world, &fakes, "work", "ada").await;
    let request = format!(
        "/oauth2/authorize?client_id={client}&response_type=code&redirect_uri=https%3A%2F%2Fshop.example%2Fcb&scope=openid&prompt=login\
         &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
    );
    let login = browser.get(&request).await;
    let page = browser.follow(&login).await;
    let flow = page.value("flow").unwrap();
    assert!(page.text().contains("Not you?"));
    browser.get(&format!("/login?flow={flow}&other=1")).await;
    let back = through(&fakes, &mut browser, "work", "grace", "none").await;
    assert!(back.location().starts_with("/consent?flow="), "{} {}", back.location(), back.text());
    assert_eq!(browser.follow(&back).await.status, 200);
    assert_eq!(who(&browser).await, grace);
}
