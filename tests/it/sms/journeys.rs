//! Texts on the way through the pages: codes arrive, caps offer another way, unknown numbers see what known ones see.

use serde_json::json;

use crate::world::{Browser, Database, PASSWORD, World};

const ADA: &str = "+436601234567";
const ON: &str = "[limits]\nenabled = true\n[sms]\ncountries = ['AT']\ndefault_country = 'AT'\n";

async fn ask(browser: &mut Browser, number: &str) -> crate::world::Answer {
    browser.get("/login?way=sms").await;
    browser.post("/login/code", &[("way", "sms"), ("identifier", number)]).await
}

#[tokio::test]
async fn a_number_signs_up_and_in_by_codes() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, ON).await else { continue };
        let mut ada = world.browser();
        ada.get("/signup?with=phone").await;
        let sent = ada.submit("/signup", &[("with", "phone"), ("phone", "0660 1234567"), ("password", PASSWORD)]).await;
        assert_eq!(sent.status, 303, "{}", sent.text());
        ada.follow(&sent).await;
        let sms = world.sms_to(ADA).await;
        assert!(sms.body.ends_with(&format!("\n@localhost #{}", sms.code)), "{}", sms.body);
        assert_eq!(ada.submit("/verify", &[("code", &sms.code)]).await.location(), "/account", "{database:?}");
        world.advance(60);
        let mut again = world.browser();
        let sent = ask(&mut again, "0660 1234567").await;
        assert_eq!(sent.status, 303, "{}", sent.text());
        again.follow(&sent).await;
        let code = world.sms_to(ADA).await.code;
        assert_ne!(code, sms.code);
        assert_eq!(again.submit("/login/code/enter", &[("code", &code)]).await.location(), "/account", "{database:?}");
        // Whoever signs up with it again is told by a text, and only there.
        let mut other = world.browser().at([192, 0, 2, 7]);
        other.get("/signup?with=phone").await;
        let sent = other.submit("/signup", &[("with", "phone"), ("phone", ADA), ("password", PASSWORD)]).await;
        assert_eq!(sent.status, 303);
        let told = world.sms_to(ADA).await;
        assert!(told.code.is_empty() && told.body.contains("/login"), "{}", told.body);
    }
}

#[tokio::test]
async fn caps_and_resends_treat_known_and_unknown_alike() {
    let mut seen = Vec::new();
    for number in [ADA, "+436601234568"] {
        let world = World::with(&format!("{ON}number_per_hour = 3")).await;
        world.user(json!({"username": "ada", "phone_number": ADA, "phone_number_verified": true, "password": PASSWORD})).await;
        let mut browser = world.browser();
        let sent = ask(&mut browser, number).await;
        let mut answers = vec![(sent.status, false)];
        browser.follow(&sent).await;
        for _ in 0..4 {
            world.advance(300);
            let answer = browser.submit("/login/code/resend", &[]).await;
            answers.push((answer.status, false));
            if answer.status == 303 {
                browser.follow(&answer).await;
            } else {
                break;
            }
        }
        // At the cap: the form again, with what was typed and a way round.
        let capped = ask(&mut world.browser(), number).await;
        answers.push((capped.status, capped.text().contains("another way") && capped.text().contains(number)));
        let mut reset = world.browser();
        reset.get("/reset").await;
        let capped = reset.submit("/reset", &[("identifier", number)]).await;
        answers.push((capped.status, capped.text().contains("another way") && capped.text().contains(number)));
        let texts = world.all_sms().await;
        let expected = if number == ADA { 3 } else { 0 };
        assert_eq!(texts.len(), expected, "{answers:?}");
        seen.push(answers);
    }
    assert_eq!(seen[0], seen[1]);
    assert!(seen[0].ends_with(&[(422, true), (422, true)]) || seen[0].ends_with(&[(200, true), (200, true)]), "{:?}", seen[0]);
}

#[tokio::test]
async fn without_texts_the_way_is_not_offered() {
    let world = World::with("[sms]\ncountries = []").await;
    let page = world.browser().get("/login").await;
    assert!(!page.text().contains("value=\"sms\""), "{}", page.text());
    let world = World::with("").await;
    assert!(world.browser().get("/login").await.text().contains("value=\"sms\""));
}
