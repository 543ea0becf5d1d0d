//! Texts through the outbox: written with the change, tried again with patience, and never a word of it to visitors.

use std::time::Duration;

use vestibule::actions::outbox::{self, Delivered};
use vestibule::engine::phone::Phone;
use vestibule::gateways::sms::texts::Sms;
use vestibule::locale::Locale;
use vestibule::settings::Mode;

use super::providers::{TWILIO, TWILIO_OK};
use super::server::{Provider, Says, says};
use crate::world::{Database, World};

const ADA: &str = "+436601234567";
const LIFE: Duration = Duration::from_secs(600);

fn phone(text: &str) -> Phone {
    Phone::parse(text, None).unwrap()
}

fn code() -> Sms {
    Sms::Code { code: "123456".into(), minutes: 10 }
}

/// Writes a text into the outbox; none: a decoy.
async fn write(world: &World, to: Option<&str>) {
    let store = world.store().await;
    let mut tx = store.write().await.unwrap();
    let to = to.map(phone);
    world.app.sms(&mut tx, to.as_ref(), &code(), Locale::En, LIFE).await.unwrap();
    tx.commit().await.unwrap();
}

async fn with(provider: &Provider, database: Database, more: &str) -> Option<World> {
    let settings = format!("[outbound]\nallow_private = true\n[sms]\nbase_url = '{}'\n{TWILIO}\n{more}", provider.url);
    World::on(database, &settings).await
}

const SENT: Delivered = Delivered { sent: 1, put_off: 0, failed: 0 };
const PUT_OFF: Delivered = Delivered { sent: 0, put_off: 1, failed: 0 };
const FAILED: Delivered = Delivered { sent: 0, put_off: 0, failed: 1 };

fn metric(world: &World, line: &str) -> bool {
    world.app.metrics.render().lines().any(|found| found == line)
}

#[tokio::test]
async fn a_text_reaches_the_inbox_bound_to_its_origin() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, "[server]\npublic_url = 'http://localhost:8080'").await else { continue };
        write(&world, Some(ADA)).await;
        write(&world, None).await;
        let sms = world.sms_to(ADA).await;
        assert_eq!((sms.code.as_str(), sms.body.lines().last()), ("123456", Some("@localhost #123456")), "{database:?}");
        assert_eq!(world.all_sms().await.len(), 1, "a decoy goes nowhere");
        assert!(world.mails().await.is_empty(), "{database:?}: a text is no mail");
        assert!(metric(&world, r#"vestibule_sms_total{transport="inbox",outcome="decoy"} 1"#));
    }
}

#[tokio::test]
async fn files_hold_to_and_body() {
    let world = World::with("[sms]\ntransport = 'file'").await;
    write(&world, Some(ADA)).await;
    assert_eq!(outbox::deliver_due(&world.app).await.unwrap(), SENT);
    let folder = world.app.settings.data.dir.join("outbox").join("sms");
    let file = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    assert_eq!(file.extension().unwrap(), "json");
    let read: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(read["to"], ADA);
    assert!(read["body"].as_str().unwrap().ends_with("\n@localhost #123456"), "{read}");
    assert!(world.all_sms().await.is_empty(), "the text does not outlive its delivery");
}

#[tokio::test]
async fn a_provider_in_trouble_is_tried_again_later_and_later() {
    for database in Database::BOTH {
        let busy = Says { headers: vec![("retry-after", "42".into())], ..says(429, "") };
        let provider = Provider::new([says(500, ""), says(503, "oops"), busy, says(201, TWILIO_OK)]).await;
        let Some(world) = with(&provider, database, "").await else { return };
        write(&world, Some(ADA)).await;
        let mut after = 0;
        for (wait, outcome) in [(0, PUT_OFF), (2, PUT_OFF), (4, PUT_OFF), (42, SENT)] {
            if wait > 0 {
                world.advance(wait - 1);
                assert_eq!(outbox::deliver_due(&world.app).await.unwrap().total(), 0, "{database:?}: not before {wait} s");
                world.advance(1);
            }
            after += 1;
            assert_eq!(outbox::deliver_due(&world.app).await.unwrap(), outcome, "{database:?}: attempt {after}");
            assert_eq!(provider.asked().len(), after);
        }
        let bodies: Vec<_> = provider.asked().into_iter().map(|asked| asked.body).collect();
        assert!(bodies.iter().all(|body| *body == bodies[0]), "the same text each time");
        for line in [
            r#"vestibule_sms_total{transport="twilio",outcome="put_off"} 3"#,
            r#"vestibule_sms_total{transport="twilio",outcome="sent"} 1"#,
            r#"vestibule_outbox_failures_total{transport="twilio"} 3"#,
        ] {
            assert!(metric(&world, line), "{line} in {}", world.app.metrics.render());
        }
    }
}

#[tokio::test]
async fn what_is_hopeless_is_given_up() {
    // Refused for good.
    let provider = Provider::new([says(400, r#"{"code":21211,"message":"no such number"}"#)]).await;
    let world = with(&provider, Database::Sqlite, "").await.unwrap();
    write(&world, Some(ADA)).await;
    assert_eq!(outbox::deliver_due(&world.app).await.unwrap(), FAILED);
    world.advance(500);
    assert_eq!(outbox::deliver_due(&world.app).await.unwrap().total(), 0);
    assert_eq!(provider.asked().len(), 1);
    // Too often.
    let provider = Provider::new([says(500, "")]).await;
    let world = with(&provider, Database::Sqlite, "max_attempts = 3").await.unwrap();
    write(&world, Some(ADA)).await;
    for outcome in [PUT_OFF, PUT_OFF, FAILED] {
        assert_eq!(outbox::deliver_due(&world.app).await.unwrap(), outcome);
        world.advance(10);
    }
    // Later than the code lives.
    let long = Says { headers: vec![("retry-after", "700".into())], ..says(429, "") };
    let provider = Provider::new([long]).await;
    let world = with(&provider, Database::Sqlite, "").await.unwrap();
    write(&world, Some(ADA)).await;
    assert_eq!(outbox::deliver_due(&world.app).await.unwrap(), FAILED);
    write(&world, Some(ADA)).await;
    world.advance(601);
    assert_eq!(outbox::deliver_due(&world.app).await.unwrap(), FAILED, "an old code is of no use");
    assert!(metric(&world, r#"vestibule_sms_total{transport="twilio",outcome="expired"} 1"#));
    assert_eq!(provider.asked().len(), 1);
}

/// What a provider says stays with the operator.
#[tokio::test]
async fn the_provider_s_words_reach_no_page() {
    let provider = Provider::new([says(400, r#"{"code":21211,"message":"SECRET-WORDS"}"#)]).await;
    let world = with(&provider, Database::Sqlite, "").await.unwrap();
    write(&world, Some(ADA)).await;
    let mut ada = world.sign_up("ada@a.example", crate::world::PASSWORD).await;
    assert_eq!(outbox::deliver_due(&world.app).await.unwrap().total(), 0, "both left while signing up");
    for path in ["/", "/login", "/signup", "/account", "/account/email", "/account/sessions", "/readyz", "/healthz"] {
        let answer = ada.get(path).await;
        assert!(!answer.text().contains("SECRET-WORDS") && !answer.text().contains("21211"), "{path}");
    }
    assert!(!world.app.metrics.render().contains("SECRET-WORDS"));
    assert_eq!(provider.asked().len(), 1);
}

#[tokio::test]
async fn a_slow_provider_does_not_hold_up_mail() {
    let slow = Says { slow: Duration::from_secs(30), ..says(201, TWILIO_OK) };
    let provider = Provider::new([slow]).await;
    let world = with(&provider, Database::Sqlite, "").await.unwrap();
    for _ in 0..8 {
        write(&world, Some(ADA)).await;
    }
    let jobs = vestibule::jobs::start(&world.app);
    let mut ada = world.browser();
    ada.get("/signup").await;
    ada.submit("/signup", &[("email", "ada@a.example"), ("password", crate::world::PASSWORD)]).await;
    let arrived = async {
        while !metric(&world, "vestibule_outbox_pending{channel=\"sms\"} 8") || provider.asked().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), arrived).await.expect("the mail leaves while the texts wait");
    jobs.stop(Duration::ZERO).await;
}

#[tokio::test]
async fn the_development_inbox_is_for_dev_and_for_home() {
    let world = World::new().await;
    assert_eq!(world.browser().get("/dev/sms").await.status, 404, "not with serve");
    let world = World::dev("").await;
    assert_eq!(world.app.settings.mode, Mode::Dev);
    let empty = world.browser().get("/dev/sms").await;
    assert!(empty.status == 200 && empty.text().contains("No text yet"), "{}", empty.text());
    write(&world, Some(ADA)).await;
    write(&world, None).await;
    let page = world.browser().get("/dev/sms").await;
    assert_eq!(page.shown("h2").as_deref(), Some(ADA));
    assert!(page.text().contains("@localhost #123456"), "shown before it is delivered");
    assert_eq!(page.text().matches("<h2>").count(), 1, "no decoys");
    let stranger = world.browser().sending("host", "evil.example").get("/dev/sms").await;
    assert_eq!(stranger.status, 403);
    let mails = world.browser().get("/dev/mail").await;
    assert!(!mails.text().contains("123456"));
    // With scripts off, too: the next message appears by itself.
    assert_eq!((mails.header("refresh"), page.header("refresh")), ("3", "3"));
}
