//! Signing in by a mail that carries a link and a code: whoever asked gets in, a scanner on the way does not.

use axum::body::Bytes;
use axum::http::Method;
use serde_json::json;
use vestibule::actions::users;

use super::{is_signed_in, problem, scan, wrong};
use crate::world::{Answer, Browser, Database, Mail, PASSWORD, World};

const ADA: &str = "ada@a.example";

/// A browser that has asked for a mail to this address, and the page for its code.
async fn asked(world: &World, identifier: &str) -> (Browser, Answer) {
    let mut browser = world.browser();
    let page = ask(&mut browser, identifier).await;
    (browser, page)
}

async fn ask(browser: &mut Browser, identifier: &str) -> Answer {
    browser.get("/login").await;
    let sent = browser.post("/login/code", &[("identifier", identifier), ("way", "mail")]).await;
    assert!(sent.location().starts_with("/login/code?flow=flow_"), "{} {}", sent.status, sent.text());
    browser.follow(&sent).await
}

/// The number that the asking page shows.
fn number(page: &Answer) -> String {
    page.shown(".number").unwrap_or_else(|| panic!("no number in {}", page.text()))
}

/// A number that is not this one.
fn another(number: &str) -> String {
    format!("{:03}", (number.parse::<u32>().unwrap() + 1) % 1000)
}

/// Opens the link in another browser and enters the number there.
async fn elsewhere(world: &World, mail: &Mail, number: &str) -> (Browser, Answer) {
    let mut browser = world.browser().at([203, 0, 113, 9]);
    assert_eq!(browser.get(&mail.link).await.status, 200);
    let answer = browser.submit("/login/link", &[("number", number)]).await;
    (browser, answer)
}

#[tokio::test]
async fn by_the_code_in_the_browser_that_asked() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        world.person(ADA).await;
        let (mut browser, page) = asked(&world, ADA).await;
        assert!(page.text().contains(ADA));
        let mail = world.mail_to(ADA).await;
        assert!(mail.subject.starts_with(&mail.code) && mail.link.starts_with("/login/link?token="), "{mail:?}");
        let no = browser.submit("/login/code/enter", &[("code", &wrong(&mail.code))]).await;
        assert_eq!(no.status, 422);
        assert!(!problem(&no, "code").is_empty() && !is_signed_in(&mut browser).await);
        assert_eq!(browser.submit("/login/code/enter", &[("code", &mail.code)]).await.location(), "/account", "{database:?}");
        assert!(is_signed_in(&mut browser).await);
        // Once, and the link with it.
        let flow = page.value("flow").unwrap();
        assert_eq!(browser.clone().post("/login/code/enter", &[("flow", &flow), ("code", &mail.code)]).await.status, 410);
        assert_eq!(browser.clone().get(&mail.link).await.status, 410);
        assert_eq!(world.browser().post("/login/link", &[("token", mail.token()), ("number", &number(&page))]).await.status, 410);
    }
}

#[tokio::test]
async fn by_the_link_in_the_browser_that_asked() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        world.person(ADA).await;
        let (mut browser, page) = asked(&world, ADA).await;
        let mail = world.mail_to(ADA).await;
        let opened = browser.get(&mail.link).await;
        assert_eq!((opened.status, opened.value("number")), (200, None), "the cookie says enough");
        assert!(!is_signed_in(&mut browser).await, "opening it does nothing");
        browser.get(&mail.link).await;
        let done = browser.submit("/login/link", &[]).await;
        assert_eq!(done.location(), "/account", "{database:?} {}", done.text());
        assert!(is_signed_in(&mut browser).await);
        // Once, and the code with it.
        let mut again = browser.clone();
        assert_eq!(again.get(&mail.link).await.status, 410);
        assert_eq!(again.post("/login/link", &[("token", mail.token())]).await.status, 410);
        let flow = page.value("flow").unwrap();
        assert_eq!(again.post("/login/code/enter", &[("flow", &flow), ("code", &mail.code)]).await.status, 410);
    }
}

#[tokio::test]
async fn by_the_link_in_another_browser_with_the_number_of_the_first() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        world.person(ADA).await;
        let (mut asking, page) = asked(&world, ADA).await;
        let mail = world.mail_to(ADA).await;
        assert!(!mail.text.contains(&format!(" {} ", number(&page))), "the mail does not have it");
        let (mut empty, answer) = elsewhere(&world, &mail, "").await;
        assert_eq!(answer.status, 422);
        assert!(!problem(&answer, "number").is_empty() && !is_signed_in(&mut empty).await);
        let (mut phone, answer) = elsewhere(&world, &mail, &another(&number(&page))).await;
        assert_eq!((answer.status, answer.value("number")), (422, Some(another(&number(&page)))), "what was typed stays");
        assert!(!is_signed_in(&mut phone).await);
        let done = phone.submit("/login/link", &[("number", &number(&page))]).await;
        assert_eq!(done.location(), "/account", "{database:?}");
        assert!(is_signed_in(&mut phone).await && !is_signed_in(&mut asking).await, "here, and only here");
        let mut third = world.browser();
        assert_eq!(third.post("/login/link", &[("token", mail.token()), ("number", &number(&page))]).await.status, 410);
        assert_eq!(asking.submit("/login/code/enter", &[("code", &mail.code)]).await.status, 410);
    }
}

#[tokio::test]
async fn wrong_numbers_spend_the_link_and_not_the_code() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        world.person(ADA).await;
        let (mut asking, page) = asked(&world, ADA).await;
        let mail = world.mail_to(ADA).await;
        let mut guess = number(&page);
        for _ in 0..5 {
            guess = another(&guess);
            let (_, answer) = elsewhere(&world, &mail, &guess).await;
            assert_eq!(answer.status, 422);
        }
        let (mut late, answer) = elsewhere(&world, &mail, &number(&page)).await;
        assert_eq!(answer.status, 422, "{database:?}: even the right one is too late");
        assert!(problem(&answer, "number").contains("code"), "it names the way that is left: {}", problem(&answer, "number"));
        assert!(!is_signed_in(&mut late).await);
        assert_eq!(asking.submit("/login/code/enter", &[("code", &mail.code)]).await.location(), "/account", "{database:?}");
    }
}

/// The other way round: wrong codes in the browser that asked do not spend the link.
#[tokio::test]
async fn wrong_codes_spend_the_code_and_a_new_one_can_be_sent() {
    let world = World::new().await;
    world.person(ADA).await;
    let (mut browser, page) = asked(&world, ADA).await;
    let first = world.mail_to(ADA).await;
    for _ in 0..5 {
        assert_eq!(browser.submit("/login/code/enter", &[("code", &wrong(&first.code))]).await.status, 422);
        browser.get(&format!("/login/code?flow={}", page.value("flow").unwrap())).await;
    }
    let spent = browser.submit("/login/code/enter", &[("code", &first.code)]).await;
    assert_eq!(spent.status, 422);
    assert!(spent.shown(".notice.warning").unwrap().contains("Send a new one") && !is_signed_in(&mut browser).await);
    world.advance(31);
    assert_eq!(browser.submit("/login/code/resend", &[]).await.status, 303);
    let second = world.mail_to(ADA).await;
    assert_ne!((&first.code, first.link.as_str()), (&second.code, ""));
    assert_ne!(first.link, second.link);
    for mail in [&first, &second] {
        assert_eq!(world.browser().get(&mail.link).await.status, 200, "the newest link and the one before");
    }
    browser.get(&format!("/login/code?flow={}", page.value("flow").unwrap())).await;
    assert_eq!(browser.submit("/login/code/enter", &[("code", &second.code)]).await.location(), "/account");
}

#[tokio::test]
async fn sending_again_waits_and_the_code_before_still_works() {
    let world = World::new().await;
    world.person(ADA).await;
    let (mut browser, page) = asked(&world, ADA).await;
    let first = world.mail_to(ADA).await;
    assert_eq!(browser.submit("/login/code/resend", &[]).await.status, 429, "too early");
    assert_eq!(world.mails_to(ADA).await.len(), 1);
    world.advance(31);
    let sent = browser.submit("/login/code/resend", &[]).await;
    assert!(sent.location().ends_with("&notice=code-sent"));
    browser.follow(&sent).await;
    world.advance(31);
    assert_eq!(browser.submit("/login/code/resend", &[]).await.status, 429, "the pause has doubled");
    let mails = world.mails_to(ADA).await;
    assert_eq!(mails.len(), 2);
    assert_ne!(mails[0].code, mails[1].code);
    browser.get(&format!("/login/code?flow={}", page.value("flow").unwrap())).await;
    assert_eq!(browser.submit("/login/code/enter", &[("code", &first.code)]).await.location(), "/account");
}

#[tokio::test]
async fn after_its_time_one_button_sends_another_to_the_same_address() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        world.person(ADA).await;
        let (mut browser, page) = asked(&world, ADA).await;
        let mail = world.mail_to(ADA).await;
        world.advance(10 * 60);
        let late = browser.submit("/login/code/enter", &[("code", &mail.code)]).await;
        assert_eq!(late.status, 422, "the code is older than ten minutes");
        assert_eq!(browser.get(&mail.link).await.status, 200, "the link is not older than fifteen");
        world.advance(5 * 60);
        assert_eq!(browser.post("/login/link", &[("token", mail.token())]).await.status, 410);
        let flow = page.value("flow").unwrap();
        let late = browser.post("/login/code/enter", &[("flow", &flow), ("code", &mail.code)]).await;
        assert_eq!(late.status, 422);
        let names: Vec<String> = late.forms().into_iter().map(|form| form.action).collect();
        assert_eq!(names, ["/login/code/resend"], "a new code, and no field for one");
        let expired = browser.get(&mail.link).await;
        assert_eq!(expired.status, 410);
        assert_eq!(expired.forms().len(), 1, "one button: {:?}", expired.forms());
        let sent = browser.submit("/link/renew", &[]).await;
        assert!(sent.location().starts_with("/login/code?flow=flow_"), "{database:?} {}", sent.location());
        assert!(browser.follow(&sent).await.shown(".notice").is_some());
        let mails = world.mails_to(ADA).await;
        assert_eq!(mails.len(), 2);
        assert_ne!(mails[0].link, mails[1].link);
        assert_eq!(world.browser().post("/link/renew", &[("token", mail.token())]).await.status, 410, "once");
        assert_eq!(browser.submit("/login/code/enter", &[("code", &mails[0].code)]).await.location(), "/account");
    }
}

#[tokio::test]
async fn a_scanner_that_follows_everything_spends_nothing() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        world.person(ADA).await;
        let (mut browser, page) = asked(&world, ADA).await;
        let mail = world.mail_to(ADA).await;
        for _ in 0..10 {
            let mut scanner =
                world.browser().at([198, 51, 100, 7]).sending("user-agent", "LinkScanner/1.0 (+https://scan.example)");
            for method in [Method::HEAD, Method::GET, Method::OPTIONS] {
                assert!(scanner.send(method, &mail.link, &[], Bytes::new()).await.status < 500);
            }
            let opened = scanner.get(&mail.link).await;
            for link in opened.text().split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                if link.starts_with('/') {
                    scanner.clone().get(&link.replace("&amp;", "&")).await;
                }
            }
            assert!(!is_signed_in(&mut scanner).await);
        }
        browser.get(&format!("/login/code?flow={}", page.value("flow").unwrap())).await;
        assert_eq!(browser.submit("/login/code/enter", &[("code", &mail.code)]).await.location(), "/account", "{database:?}");
    }
}

/// It even types: into every field of every form, whatever the mail and the page have that could be meant.
#[tokio::test]
async fn a_scanner_that_fills_in_every_form_neither_gets_in_nor_spends_the_code() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "").await else { continue };
        world.person(ADA).await;
        let (mut browser, page) = asked(&world, ADA).await;
        let (right, mail) = (number(&page), world.mail_to(ADA).await);
        scan(&world, &mail).await;
        let (front, back) = mail.code.split_at(3);
        let guesses: Vec<String> = ["123", "000", "111", &mail.code, front, back, ADA, PASSWORD]
            .iter()
            .map(|guess| (*guess).to_owned())
            .filter(|guess| *guess != right)
            .collect();
        for guess in &guesses {
            let mut scanner = world.browser().at([198, 51, 100, 7]);
            let opened = scanner.get(&mail.link).await;
            for form in opened.forms() {
                let hidden = form.fields.iter().filter(|(_, value)| !value.is_empty());
                let mut fields: Vec<(&str, &str)> = hidden.map(|(name, value)| (name.as_str(), value.as_str())).collect();
                let empty = form.names.iter().filter(|name| fields.iter().all(|(known, _)| known != name)).collect::<Vec<_>>();
                fields.extend(empty.into_iter().map(|name| (name.as_str(), guess.as_str())));
                let answer = scanner.post(&form.action, &fields).await;
                assert!(answer.status < 500);
                assert!(!is_signed_in(&mut scanner).await, "by {guess}");
            }
            let ways = [("token", mail.token()), ("flow", page.value("flow").as_deref().unwrap()), ("code", &mail.code)]
                .map(|(name, value)| (name.to_owned(), value.to_owned()));
            let ways: Vec<(&str, &str)> = ways.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_ne!(scanner.post("/login/code/enter", &ways).await.status, 303, "the code is the asking browser's");
            assert!(!is_signed_in(&mut scanner).await);
        }
        assert_eq!(browser.submit("/login/code/enter", &[("code", &mail.code)]).await.location(), "/account", "{database:?}");
    }
}

#[tokio::test]
async fn who_cannot_sign_in_so_gets_the_same_page_and_no_mail() {
    let world = World::new().await;
    let disabled = world.person("disabled@a.example").await;
    users::disable(&world.app, disabled.id.as_str()).await.unwrap();
    world.user(json!({"email": "unproved@a.example", "password": PASSWORD})).await;
    world.person("known000@a.example").await;
    for (identifier, mails) in
        [("nobody00@a.example", 0), ("disabled@a.example", 0), ("unproved@a.example", 1), ("known000@a.example", 1)]
    {
        let (mut browser, page) = asked(&world, identifier).await;
        assert_eq!((page.status, number(&page).len()), (200, 3), "{identifier}");
        assert!(page.text().contains(identifier));
        let answer = browser.submit("/login/code/enter", &[("code", "000000")]).await;
        assert_eq!(answer.status, 422);
        assert_eq!(world.mails_to(identifier).await.len(), mails, "{identifier}");
    }
    assert_eq!(world.mails().await.len(), 2, "the mail proves the address");
}

#[tokio::test]
async fn a_user_name_leads_to_the_address_without_showing_it() {
    let world = World::new().await;
    world.user(json!({"username": "ada", "email": ADA, "email_verified": true})).await;
    let (mut browser, page) = asked(&world, "ADA").await;
    assert!(!page.text().contains(ADA), "whose address it is, is nobody's business");
    let mail = world.mail_to(ADA).await;
    assert_eq!(browser.submit("/login/code/enter", &[("code", &mail.code)]).await.location(), "/account");
}

#[tokio::test]
async fn nonsense_is_named_and_stays() {
    let world = World::new().await;
    let mut browser = world.browser();
    for typed in ["", "+43 660 1234567"] {
        let answer = browser.post("/login/code", &[("identifier", typed), ("way", "mail")]).await;
        assert_ne!(answer.status, 303, "{typed}");
        assert_eq!(answer.value("identifier").as_deref(), Some(typed));
    }
    for link in ["/login/link", "/login/link?token=", "/login/link?token=flow_x.y", "/login/link?token=%ff"] {
        let answer = world.browser().get(link).await;
        assert!((400..500).contains(&answer.status), "{link}: {}", answer.status);
    }
    assert_eq!(world.browser().get("/login/code?flow=flow_00000000000000000000000000").await.status, 410);
}

#[tokio::test]
async fn a_disabled_account_stays_shut_though_the_mail_was_sent_before() {
    let world = World::new().await;
    let user = world.person(ADA).await;
    let (mut browser, _) = asked(&world, ADA).await;
    let mail = world.mail_to(ADA).await;
    users::disable(&world.app, user.id.as_str()).await.unwrap();
    assert_ne!(browser.submit("/login/code/enter", &[("code", &mail.code)]).await.status, 303);
    browser.get(&mail.link).await;
    assert_ne!(browser.post("/login/link", &[("token", mail.token())]).await.status, 303);
    assert!(!is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn an_address_that_is_no_longer_the_accounts_proves_nothing() {
    let world = World::new().await;
    world.person(ADA).await;
    let mut ada = world.sign_in(ADA, PASSWORD).await;
    let (mut browser, page) = asked(&world, ADA).await;
    let mail = world.mail_to(ADA).await;
    ada.get("/account/email").await;
    ada.submit("/account/email", &[("email", "ada@new.example")]).await;
    let code = world.mail_to("ada@new.example").await.code;
    ada.get("/account/email").await;
    assert_eq!(ada.submit("/account/email/confirm", &[("code", &code)]).await.status, 303);
    let flow = page.value("flow").unwrap();
    assert_ne!(browser.post("/login/code/enter", &[("flow", &flow), ("code", &mail.code)]).await.status, 303);
    assert_ne!(browser.post("/login/link", &[("token", mail.token())]).await.status, 303);
    assert!(!is_signed_in(&mut browser).await);
    // Nor does it for whoever has the address next.
    world.person(ADA).await;
    assert_ne!(browser.post("/login/code/enter", &[("flow", &flow), ("code", &mail.code)]).await.status, 303);
    assert!(!is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn a_reset_ends_the_mails_that_were_sent_before() {
    let world = World::new().await;
    world.person(ADA).await;
    let (mut browser, _) = asked(&world, ADA).await;
    let mail = world.mail_to(ADA).await;
    let mut reset = super::asked_for_reset(&world, ADA).await;
    let code = world.mail_to(ADA).await.code;
    let proved = reset.submit("/reset/code", &[("code", &code)]).await;
    reset.follow(&proved).await;
    assert_eq!(reset.submit("/reset/new", &[("password", "another wooden spoon")]).await.location(), "/account");
    assert_eq!(browser.submit("/login/code/enter", &[("code", &mail.code)]).await.status, 410);
    assert!(!is_signed_in(&mut browser).await);
}

/// A code is bound to its journey.
#[tokio::test]
async fn a_code_works_in_its_own_journey_only() {
    let world = World::new().await;
    world.person(ADA).await;
    world.person("eve@a.example").await;
    let (mut eve, _) = asked(&world, "eve@a.example").await;
    let own = world.mail_to("eve@a.example").await.code;
    let (mut ada, page) = asked(&world, ADA).await;
    assert_eq!(ada.submit("/login/code/enter", &[("code", &own)]).await.status, 422);
    let flow = page.value("flow").unwrap();
    assert_eq!(eve.post("/login/code/enter", &[("flow", &flow), ("code", &own)]).await.status, 410, "another browser's");
    let reset = super::asked_for_reset(&world, ADA).await;
    let code = world.mail_to(ADA).await.code;
    ada.get(&format!("/login/code?flow={flow}")).await;
    assert_eq!(ada.submit("/login/code/enter", &[("code", &code)]).await.status, 422, "a reset's is another's");
    drop(reset);
}

#[tokio::test]
async fn stay_signed_in_is_as_ticked_where_the_mail_was_asked_for() {
    let world = World::new().await;
    world.person(ADA).await;
    for (ticked, lasting) in [(Some(("remember", "true")), true), (None, false)] {
        let mut browser = world.browser();
        let fields: Vec<_> = [("identifier", ADA), ("way", "mail")].into_iter().chain(ticked).collect();
        let sent = browser.post("/login/code", &fields).await;
        browser.follow(&sent).await;
        let code = world.mail_to(ADA).await.code;
        assert_eq!(browser.submit("/login/code/enter", &[("code", &code)]).await.location(), "/account");
        world.advance(13 * 3600);
        assert_eq!(is_signed_in(&mut browser).await, lasting);
    }
}

#[tokio::test]
async fn the_way_last_used_comes_first() {
    let world = World::new().await;
    world.person(ADA).await;
    let (mut browser, _) = asked(&world, ADA).await;
    assert!(world.browser().get("/login").await.value("password").is_some());
    let code = world.mail_to(ADA).await.code;
    browser.submit("/login/code/enter", &[("code", &code)]).await;
    browser.get("/logout").await;
    browser.submit("/logout", &[("where", "here")]).await;
    let page = browser.get("/login").await;
    assert_eq!((page.value("password"), page.value("way").as_deref()), (None, Some("mail")));
}

const AUTHORIZE: &str = "response_type=code&redirect_uri=https%3A%2F%2Fshop.example%2Fcb&scope=openid&state=s\
    &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

/// A browser that a shop has sent here and that has asked for a mail, with the page for its code.
async fn on_the_way_to_a_shop(world: &World) -> (Browser, Answer) {
    world.person(ADA).await;
    let metadata = json!({
        "client_name": "Shop", "redirect_uris": ["https://shop.example/cb"], "token_endpoint_auth_method": "none", "scope": "openid",
    });
    let client = world.client(metadata).await.client.id.clone();
    let mut browser = world.browser();
    let asked = browser.get(&format!("/oauth2/authorize?client_id={client}&{AUTHORIZE}")).await;
    let page = browser.follow(&asked).await;
    let flow = page.value("flow").unwrap();
    let sent = browser.post("/login/code", &[("flow", &flow), ("identifier", ADA), ("way", "mail")]).await;
    let page = browser.follow(&sent).await;
    (browser, page)
}

#[tokio::test]
async fn an_authorization_request_goes_on_where_it_was_asked() {
    for by_link in [false, true] {
        let world = World::new().await;
        let (mut browser, _) = on_the_way_to_a_shop(&world).await;
        let mail = world.mail_to(ADA).await;
        let proved = if by_link {
            browser.get(&mail.link).await;
            browser.submit("/login/link", &[]).await
        } else {
            browser.submit("/login/code/enter", &[("code", &mail.code)]).await
        };
        assert!(proved.location().starts_with("/consent?flow="), "{}", proved.location());
        let consent = browser.follow(&proved).await;
        assert!(consent.text().contains("Shop"));
        let form = consent.form("/consent");
        let mut fields: Vec<(&str, &str)> = form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        fields.push(("decision", "allow"));
        let answer = browser.post("/consent", &fields).await;
        let back = browser.follow(&answer).await;
        assert!(
            back.leaves() && back.location().starts_with("https://shop.example/cb?code="),
            "{} {}",
            back.status,
            back.location()
        );
    }
}

#[tokio::test]
async fn an_authorization_request_does_not_go_on_in_another_browser_and_that_is_said() {
    let world = World::new().await;
    let (_, page) = on_the_way_to_a_shop(&world).await;
    let mail = world.mail_to(ADA).await;
    let (mut phone, done) = elsewhere(&world, &mail, &number(&page)).await;
    assert_eq!(done.location(), "/account?notice=go-back");
    assert!(phone.follow(&done).await.shown(".notice").unwrap().contains("Go back to the application"));
}

/// Whoever sends an expired link to somebody else cannot have them continue a request of theirs.
#[tokio::test]
async fn a_renewed_mail_does_not_carry_a_request_into_another_browser() {
    let world = World::new().await;
    let (mut asking, _) = on_the_way_to_a_shop(&world).await;
    let mail = world.mail_to(ADA).await;
    world.advance(15 * 60);
    let mut phone = world.browser();
    phone.get(&mail.link).await;
    let sent = phone.submit("/link/renew", &[]).await;
    phone.follow(&sent).await;
    let code = world.mail_to(ADA).await.code;
    assert_eq!(phone.submit("/login/code/enter", &[("code", &code)]).await.location(), "/account?notice=go-back");
    assert!(!is_signed_in(&mut asking).await);
}

/// Ten browsers' worth of requests at once: one session.
#[tokio::test]
async fn one_of_ten_gets_in_by_a_code_and_one_by_a_link() {
    for database in Database::BOTH {
        for way in ["code", "link", "number"] {
            let Some(world) = World::on(database, "").await else { continue };
            world.person(ADA).await;
            let (browser, page) = asked(&world, ADA).await;
            let (mail, number, flow) = (world.mail_to(ADA).await, number(&page), page.value("flow").unwrap());
            let tries = (0..10).map(|_| {
                let mut browser = if way == "number" { world.browser() } else { browser.clone() };
                let (path, fields) = match way {
                    "code" => ("/login/code/enter", vec![("flow", flow.clone()), ("code", mail.code.clone())]),
                    _ => ("/login/link", vec![("token", mail.token().to_owned()), ("number", number.clone())]),
                };
                tokio::spawn(async move {
                    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
                    let answer = browser.post(path, &fields).await;
                    assert!(matches!(answer.status, 303 | 410 | 422), "{}", answer.status);
                    is_signed_in(&mut browser).await
                })
            });
            let mut signed_in = 0;
            for one in tries.collect::<Vec<_>>() {
                signed_in += usize::from(one.await.unwrap());
            }
            assert_eq!(signed_in, 1, "{database:?} {way}");
        }
    }
}
