//! Rates and delays, as people and attackers meet them.

use crate::world::{Database, PASSWORD, Place, World};

const ADA: &str = "ada@a.example";
const ON: &str = "[limits]\nenabled = true";

#[tokio::test]
async fn guesses_at_one_account_are_slowed_down_and_say_for_how_long() {
    let world = World::with(ON).await;
    world.person(ADA).await;
    let mut statuses = Vec::new();
    for number in 0..12_u8 {
        let mut browser = world.browser().at([203, 0, 113, number]);
        let answer = browser.post("/login", &[("identifier", ADA), ("password", "wrong")]).await;
        if answer.status == 429 {
            let after: u64 = answer.header("retry-after").parse().unwrap();
            assert!((1..=900).contains(&after), "{after}");
            assert!(answer.shown("h1").is_some(), "a page, not a bare status");
        }
        statuses.push(answer.status);
    }
    assert!(statuses.starts_with(&[422; 5]), "{statuses:?}");
    assert!(statuses.contains(&429), "{statuses:?}");
    // Never a lock: after the delay the owner gets in, and the count starts anew.
    world.advance(900);
    world.sign_in(ADA, PASSWORD).await;
    for _ in 0..5 {
        assert_eq!(world.browser().post("/login", &[("identifier", ADA), ("password", "wrong")]).await.status, 422);
    }
}

#[tokio::test]
async fn an_unknown_account_is_slowed_down_just_the_same() {
    let world = World::with(ON).await;
    world.person(ADA).await;
    let mut found = Vec::new();
    for email in [ADA, "nobody@a.example"] {
        let mut statuses = Vec::new();
        for number in 0..12_u8 {
            let mut browser = world.browser().at([203, 0, 113, number]);
            let answer = browser.post("/login", &[("identifier", email), ("password", "wrong")]).await;
            statuses.push((answer.status, answer.header("retry-after").to_owned()));
        }
        found.push(statuses);
    }
    assert_eq!(found[0], found[1]);
}

#[tokio::test]
async fn one_requester_is_limited_over_all_accounts_and_others_are_not() {
    let world = World::with(ON).await;
    world.person(ADA).await;
    let mut statuses = Vec::new();
    for number in 0..40 {
        let email = format!("u{number}@a.example");
        statuses.push(world.browser().post("/login", &[("identifier", &email), ("password", "x")]).await.status);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 422).count(), 20, "{statuses:?}");
    let mut elsewhere = world.browser().at([203, 0, 113, 9]);
    assert_eq!(elsewhere.post("/login", &[("identifier", ADA), ("password", PASSWORD)]).await.status, 303);
    // A header that nobody vouches for makes no other requester.
    let mut liar = world.browser().sending("x-forwarded-for", "203.0.113.77");
    assert_eq!(liar.post("/login", &[("identifier", ADA), ("password", PASSWORD)]).await.status, 429);
    world.advance(61);
    assert_eq!(world.browser().post("/login", &[("identifier", ADA), ("password", PASSWORD)]).await.status, 303);
}

#[tokio::test]
async fn mail_bombs_are_capped_by_address_and_requester() {
    let world = World::with(ON).await;
    world.person(ADA).await;
    for number in 0..30_u8 {
        world.browser().at([203, 0, 113, number]).post("/reset", &[("identifier", ADA)]).await;
        world.browser().at([203, 0, 113, number]).post("/signup", &[("email", "bob@a.example"), ("password", PASSWORD)]).await;
    }
    let (resets, sign_ups) = (world.mails_to(ADA).await.len(), world.mails_to("bob@a.example").await.len());
    assert!((1..=6).contains(&resets) && (1..=6).contains(&sign_ups), "{resets} {sign_ups}");
    let mut statuses = Vec::new();
    for number in 0..30 {
        statuses.push(world.browser().post("/reset", &[("identifier", &format!("u{number}@a.example"))]).await.status);
    }
    assert!(statuses.contains(&429), "{statuses:?}");
}

/// A thousand guesses at codes, over new codes and from many addresses.
#[tokio::test]
async fn codes_cannot_be_guessed() {
    let world = World::new().await;
    world.person(ADA).await;
    let mut browser = super::asked_for_reset(&world, ADA).await;
    let flow = browser.open().unwrap().value("flow").unwrap();
    for round in 0..10 {
        for number in 0..20 {
            let code = format!("{:06}", round * 20 + number);
            let answer = browser.post("/reset/code", &[("flow", &flow), ("code", &code)]).await;
            assert_ne!(answer.status, 303, "one in a million");
        }
        world.advance(60);
        browser.post("/reset/resend", &[("flow", &flow)]).await;
    }
    assert!(world.mails_to(ADA).await.len() <= 6, "codes sent");
}

#[tokio::test]
async fn nodes_on_one_database_agree() {
    for database in Database::BOTH {
        let Some(place) = Place::new(database).await else { continue };
        let (one, two) = (World::at(place.clone(), ON).await, World::at(place, ON).await);
        one.person(ADA).await;
        let mut refused = 0;
        for number in 0..12_u8 {
            let node = if number % 2 == 0 { &one } else { &two };
            let mut browser = node.browser().at([203, 0, 113, number]);
            let answer = browser.post("/login", &[("identifier", ADA), ("password", "wrong")]).await;
            refused += usize::from(answer.status == 429);
        }
        assert!(refused >= 4, "{database:?}: {refused}");
        let mut browser = two.browser().at([203, 0, 113, 99]);
        assert_eq!(browser.post("/login", &[("identifier", ADA), ("password", PASSWORD)]).await.status, 429);
    }
}

#[tokio::test]
async fn limits_can_be_switched_off() {
    let world = World::new().await;
    for _ in 0..60 {
        assert_eq!(world.browser().post("/login", &[("identifier", ADA), ("password", "x")]).await.status, 422);
    }
}
