//! What strangers may use up of what somebody else needs: tries, mails and texts.

use serde_json::json;
use vestibule::store::limits;

use super::wrong;
use crate::world::{Answer, Browser, Database, PASSWORD, Place, World};

const ADA: &str = "ada@a.example";
const ON: &str = "[limits]\nenabled = true\n";

/// Asks for a reset from this address and opens the page for the code.
async fn asked_at(world: &World, identifier: &str, address: [u8; 4]) -> (Browser, Answer) {
    let mut browser = world.browser().at(address);
    browser.get("/reset").await;
    let sent = browser.submit("/reset", &[("identifier", identifier)]).await;
    if sent.status == 303 {
        browser.follow(&sent).await;
    }
    (browser, sent)
}

/// Eight wrong codes at once, on two nodes, use five tries up: the right one comes too late.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_wrong_codes_at_once_are_all_counted() {
    for database in Database::BOTH {
        let Some(place) = Place::new(database).await else { continue };
        let nodes = [World::at(place.clone(), "").await, World::at(place, "").await];
        nodes[0].person(ADA).await;
        for round in 0..3 {
            let (browser, _) = asked_at(&nodes[0], ADA, [203, 0, 113, round]).await;
            let code = nodes[0].mail_to(ADA).await.code;
            let flow = browser.open().unwrap().value("flow").unwrap();
            let mut callers = tokio::task::JoinSet::new();
            for number in 0..8_usize {
                let (mut other, flow, typed) = (nodes[number % 2].browser(), flow.clone(), wrong(&code));
                other.cookies.clone_from(&browser.cookies);
                callers.spawn(async move { other.post("/reset/code", &[("flow", &flow), ("code", &typed)]).await.status });
            }
            assert!(callers.join_all().await.iter().all(|status| *status == 422), "{database:?}");
            let late = browser.clone().post("/reset/code", &[("flow", &flow), ("code", &code)]).await;
            assert_eq!(late.status, 422, "{database:?}: the five tries are used up");
            nodes[0].advance(60);
            nodes[1].advance(60);
        }
    }
}

/// However many wrong codes strangers enter in journeys of their own, a right one in another browser is right; codes only get longer, for a day.
#[tokio::test]
async fn strangers_wrong_codes_make_no_right_one_wrong() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, ON).await else { continue };
        world.person(ADA).await;
        for round in 0..7_u8 {
            let (mut stranger, _) = asked_at(&world, ADA, [203, 0, 113, round]).await;
            let code = world.mail_to(ADA).await.code;
            let typed = if code.len() == 6 { wrong(&code) } else { "00000000".to_owned() };
            let flow = stranger.open().unwrap().value("flow").unwrap();
            // Tries at a code that is spent count nowhere: these are 7 times 5, and not 7 times 9.
            for _ in 0..9 {
                assert_eq!(stranger.post("/reset/code", &[("flow", &flow), ("code", &typed)]).await.status, 422);
            }
            world.advance(30);
        }
        let (mut ada, _) = asked_at(&world, ADA, [198, 51, 100, 1]).await;
        let code = world.mail_to(ADA).await.code;
        assert_eq!(code.len(), 8, "{database:?}: longer under attack");
        let answer = ada.submit("/reset/code", &[("code", &code)]).await;
        assert_eq!(answer.status, 303, "{database:?}: {}", answer.text());
        world.advance(86_401);
        let (_, _) = asked_at(&world, ADA, [198, 51, 100, 1]).await;
        assert_eq!(world.mail_to(ADA).await.code.len(), 6, "{database:?}");
    }
}

/// Wrong codes of an authenticator app, entered by strangers who have the password, keep their own networks waiting.
#[tokio::test]
async fn strangers_with_the_password_do_not_keep_the_owner_waiting() {
    let world = World::with(ON).await;
    world.person(ADA).await;
    let mut first = world.sign_in(ADA, PASSWORD).await;
    let seed = super::second_factor::add_app(&world, &mut first).await;
    let mut refused = false;
    for round in 0..30 {
        let mut stranger = world.browser().at([203, 0, 113, 1]);
        let answer = stranger.sign_in(ADA, PASSWORD).await;
        if answer.status != 303 {
            continue;
        }
        stranger.follow(&answer).await;
        let flow = answer.location().split_once("flow=").unwrap().1.to_owned();
        let answer = stranger.post("/login/second", &[("flow", &flow), ("with", "totp"), ("code", "000000")]).await;
        refused |= answer.status == 429;
        assert_ne!(answer.location(), "/account", "{round}");
        world.advance(4);
    }
    assert!(refused, "the stranger waits");
    world.advance(30);
    let mut ada = world.browser().at([198, 51, 100, 1]);
    let answer = ada.sign_in(ADA, PASSWORD).await;
    ada.follow(&answer).await;
    let flow = answer.location().split_once("flow=").unwrap().1.to_owned();
    let code = super::second_factor::app_code(&world, &seed);
    let answer = ada.post("/login/second", &[("flow", &flow), ("with", "totp"), ("code", &code)]).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
}

/// What can be guessed has five tries in a flow, from however many networks and at once, with or without limits: then the sign-in begins anew, and
/// what is right comes too late.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_second_factor_has_five_tries_a_flow() {
    for database in Database::BOTH {
        let Some(place) = Place::new(database).await else { continue };
        let nodes = [World::at(place.clone(), "").await, World::at(place, "").await];
        nodes[0].person(ADA).await;
        let mut first = nodes[0].sign_in(ADA, PASSWORD).await;
        let seed = super::second_factor::add_app(&nodes[0], &mut first).await;
        for node in &nodes {
            node.advance(60);
        }
        let mut browser = nodes[0].browser();
        let half = browser.sign_in(ADA, PASSWORD).await;
        let flow = half.location().split_once("flow=").unwrap().1.to_owned();
        let mut callers = tokio::task::JoinSet::new();
        for number in 0..8_u8 {
            let mut other = nodes[usize::from(number) % 2].browser().at([198, 51, 100, number]);
            other.cookies.clone_from(&browser.cookies);
            let form = [("flow", flow.clone()), ("with", "totp".to_owned()), ("code", "000000".to_owned())];
            callers.spawn(async move {
                let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
                let answer = other.post("/login/second", &form).await;
                (answer.status, answer.location().to_owned())
            });
        }
        let answers = callers.join_all().await;
        let wrong = answers.iter().filter(|(status, _)| *status == 422).count();
        // At most four are told to try again: whichever is judged when the fifth has been counted ends it.
        assert!(wrong <= 4, "{database:?}: {answers:?}");
        assert!(answers.iter().any(|(_, to)| to.ends_with("notice=second-spent")), "{database:?}: {answers:?}");
        let code = super::second_factor::app_code(&nodes[0], &seed);
        let late = browser.post("/login/second", &[("flow", &flow), ("with", "totp"), ("code", &code)]).await;
        assert_ne!(late.location(), "/account", "{database:?}");
        assert!(!super::is_signed_in(&mut browser).await, "{database:?}");
        // What is left of it counts nowhere: failures of this one flow are five.
        let user = nodes[0].read(ADA).await.unwrap();
        let mut tx = nodes[0].store().await.read().await.unwrap();
        let entries = vestibule::store::events::of_user(&mut tx, &user.id, 50).await.unwrap();
        let failed = entries.iter().filter(|entry| entry.kind == "session.second_factor_failed").count();
        assert!((1..=5).contains(&failed), "{database:?}: {failed}");
        drop(tx);
        // Anew it is right.
        let half = browser.sign_in(ADA, PASSWORD).await;
        let flow = half.location().split_once("flow=").unwrap().1.to_owned();
        let answer = browser.post("/login/second", &[("flow", &flow), ("with", "totp"), ("code", &code)]).await;
        assert_eq!(answer.location(), "/account", "{database:?}: {}", answer.text());
    }
}

/// The page says why it is another one, and the way to the application is not lost.
#[tokio::test]
async fn whoever_failed_too_often_begins_anew_where_they_were_going() {
    let world = World::new().await;
    world.person(ADA).await;
    let mut first = world.sign_in(ADA, PASSWORD).await;
    let seed = super::second_factor::add_app(&world, &mut first).await;
    let mut browser = world.browser();
    browser.get("/login?to=profile").await;
    let half = browser.submit("/login", &[("identifier", ADA), ("password", PASSWORD)]).await;
    browser.follow(&half).await;
    for _ in 0..4 {
        assert_eq!(browser.submit("/login/second", &[("code", "000000")]).await.status, 422);
    }
    let spent = browser.submit("/login/second", &[("code", "000000")]).await;
    let page = browser.follow(&spent).await;
    assert!(page.text().contains("These tries were all wrong"), "{} {}", spent.location(), page.text());
    // Whoever did that knows the password: its owner hears of it, once a day.
    let told = async || {
        let mails = world.mails_to(ADA).await;
        mails.into_iter().filter(|mail| mail.subject.contains("failed at the second step")).collect::<Vec<_>>()
    };
    let first_told = told().await;
    assert!(first_told.len() == 1 && first_told[0].link.contains("/wasnt-me"), "{first_told:?}");
    let mut again = world.browser();
    let half = again.sign_in(ADA, PASSWORD).await;
    again.follow(&half).await;
    for _ in 0..5 {
        again.submit("/login/second", &[("code", "000000")]).await;
    }
    assert_eq!(told().await.len(), 1);
    let half = browser.submit("/login", &[("identifier", ADA), ("password", PASSWORD)]).await;
    browser.follow(&half).await;
    world.advance(60);
    let code = super::second_factor::app_code(&world, &seed);
    assert_eq!(browser.submit("/login/second", &[("code", &code)]).await.location(), "/account/profile");
    // Signed in, and asked anew: the same.
    world.advance(3600);
    let ask = browser.get("/account/password").await;
    browser.follow(&ask).await;
    let half = browser.submit("/login", &[("password", PASSWORD)]).await;
    browser.follow(&half).await;
    for _ in 0..4 {
        assert_eq!(browser.submit("/login/second", &[("code", "000000")]).await.status, 422);
    }
    let spent = browser.submit("/login/second", &[("code", "000000")]).await;
    assert_eq!(spent.location(), "/account/password?notice=second-spent");
    let mut page = browser.follow(&spent).await;
    while page.status == 303 {
        page = browser.follow(&page).await;
    }
    assert!(page.text().contains("These tries were all wrong"), "{}", page.text());
    // A code that was used already is no reason to doubt a clock.
    for first in [true, false] {
        let mut other = world.browser();
        let half = other.sign_in(ADA, PASSWORD).await;
        other.follow(&half).await;
        let answer = other.submit("/login/second", &[("code", &super::second_factor::app_code(&world, &seed))]).await;
        match first {
            true => assert_eq!(answer.location(), "/account"),
            false => assert!(answer.shown("#code-problem").unwrap().contains("it was used already"), "{}", answer.text()),
        }
    }
}

/// From many networks and flows an authenticator app is guessed at no faster than 100 times a day by whoever has the password; the way over the
/// mailbox stays open for whoever has that.
#[tokio::test]
async fn an_app_is_not_guessed_from_many_networks() {
    let world = World::with(&format!("{ON}verify_requester_per_minute = 10000\nsign_in_requester_per_minute = 10000")).await;
    world.person(ADA).await;
    let mut first = world.sign_in(ADA, PASSWORD).await;
    let seed = super::second_factor::add_app(&world, &mut first).await;
    let (mut tried, mut last) = (0, 0);
    for network in 0..40 {
        let mut mallory = world.browser().at([198, 51, 100, network]);
        let half = mallory.sign_in(ADA, PASSWORD).await;
        let flow = half.location().split_once("flow=").unwrap().1.to_owned();
        for _ in 0..5 {
            let answer = mallory.post("/login/second", &[("flow", &flow), ("with", "totp"), ("code", "000000")]).await;
            last = answer.status;
            tried += u32::from(last == 422 || answer.location().contains("second-spent"));
        }
    }
    assert_eq!((tried, last), (100, 429));
    let (mut ada, _) = asked_at(&world, ADA, [203, 0, 113, 1]).await;
    let code = world.mail_to(ADA).await.code;
    let sent = ada.submit("/reset/code", &[("code", &code)]).await;
    ada.follow(&sent).await;
    let half = ada.submit("/reset/new", &[("password", "another long password 7")]).await;
    ada.follow(&half).await;
    let answer = ada.submit("/login/second", &[("code", &super::second_factor::app_code(&world, &seed))]).await;
    assert_eq!(answer.location(), "/account", "{}", answer.text());
}

/// One budget for a mailbox, over all kinds of mail and spellings; the owner has the other half, and notices come always.
#[tokio::test]
async fn a_mailbox_is_not_bombed_and_its_owner_is_not_cut_off() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, ON).await else { continue };
        world.user(json!({"username": "ada", "email": ADA, "email_verified": true, "password": PASSWORD})).await;
        let mut owner = world.sign_in(ADA, PASSWORD).await;
        let before = world.mails().await.len();
        for round in 0..20_u8 {
            let at = |last| world.browser().at([203, 0, last, round]);
            at(1).post("/reset", &[("identifier", ADA)]).await;
            at(2).post("/reset", &[("identifier", "ADA")]).await;
            at(3).post("/login/code", &[("identifier", "Ada@A.example"), ("way", "mail")]).await;
            at(4).post("/login/code", &[("identifier", "ada"), ("way", "mail")]).await;
            at(5).post("/signup", &[("email", "ada+1@a.example"), ("password", PASSWORD)]).await;
            at(6).post("/signup", &[("email", &format!("ada+{round}x@a.example")), ("password", PASSWORD)]).await;
        }
        let sent = world.mails().await.len() - before;
        assert_eq!(sent, 10, "{database:?}: the strangers' half");
        // By name it looks as ever, and by address there is a wait: the same for everybody.
        assert_eq!(asked_at(&world, ADA, [203, 0, 113, 9]).await.1.status, 429, "{database:?}");
        // Where the owner has signed in before they are not strangers.
        owner.post("/logout", &[]).await;
        owner.get("/reset").await;
        let answer = owner.submit("/reset", &[("identifier", ADA)]).await;
        assert_eq!(answer.status, 303, "{database:?}: {}", answer.text());
        owner.follow(&answer).await;
        let code = world.mail_to(ADA).await.code;
        let answer = owner.submit("/reset/code", &[("code", &code)]).await;
        assert_eq!(answer.status, 303, "{database:?}");
        owner.follow(&answer).await;
        let before = world.mails_to(ADA).await.len();
        let answer = owner.submit("/reset/new", &[("password", "another long password 7")]).await;
        assert_eq!(answer.status, 303, "{database:?}: {}", answer.text());
        assert!(world.mails_to(ADA).await.len() > before, "{database:?}: the notice");
    }
}

/// What was used up by name is not told by address, and nobody has used anything up for whom nobody is.
#[tokio::test]
async fn a_used_up_mailbox_tells_nothing() {
    let mut seen = Vec::new();
    for email in [ADA, "nobody@a.example"] {
        let world = World::with(ON).await;
        world.user(json!({"username": "ada", "email": ADA, "email_verified": true, "password": PASSWORD})).await;
        let mut answers = Vec::new();
        for round in 0..12_u8 {
            let answer = asked_at(&world, "ada", [203, 0, 113, round]).await.1;
            answers.push((answer.status, answer.header("retry-after").to_owned()));
        }
        for round in 0..12_u8 {
            let (mut browser, answer) = asked_at(&world, email, [203, 0, 114, round]).await;
            answers.push((answer.status, answer.header("retry-after").to_owned()));
            world.advance(31);
            if answer.status == 303 {
                let again = browser.submit("/reset/resend", &[]).await;
                answers.push((again.status, again.shown("#code-problem").unwrap_or_default()));
            }
        }
        seen.push(answers);
    }
    assert_eq!(seen[0], seen[1]);
}

/// One network uses up half of the strangers' half at most, by whatever it types.
#[tokio::test]
async fn one_network_does_not_use_up_a_mailbox() {
    let world = World::with(ON).await;
    world.user(json!({"username": "ada", "email": ADA, "email_verified": true, "password": PASSWORD})).await;
    for name in [ADA, "ada"] {
        let mut statuses = Vec::new();
        for _ in 0..10 {
            statuses.push(asked_at(&world, name, [203, 0, 113, 1]).await.1.status);
        }
        assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 5, "{statuses:?}");
    }
    assert_eq!(world.mails_to(ADA).await.len(), 5, "by name it is the same mailbox");
    assert_eq!(asked_at(&world, ADA, [198, 51, 100, 1]).await.1.status, 303);
    assert_eq!(world.mails_to(ADA).await.len(), 6);
}

/// Two networks that keep asking, by address and by name, do not keep the owner out of a browser that is new; those who come from ever new ones
/// get no more than the half. For an address that nobody has, the answers are the same.
#[tokio::test]
async fn an_owner_in_a_new_browser_is_a_newcomer() {
    for database in Database::BOTH {
        let mut seen = Vec::new();
        for email in [ADA, "nobody@a.example"] {
            let Some(world) = World::on(database, &format!("{ON}reset_requester_per_hour = 1000\n")).await else { continue };
            world.user(json!({"username": "ada", "email": ADA, "email_verified": true, "password": PASSWORD})).await;
            let mut answers = Vec::new();
            // For more than an hour, so that it is not only the first burst.
            for _ in 0..10 {
                for _ in 0..5 {
                    for network in [1, 2] {
                        asked_at(&world, "ada", [203, 0, 113, network]).await;
                        answers.push(asked_at(&world, email, [203, 0, 113, network]).await.1.status);
                    }
                }
                world.advance(600);
            }
            for network in [1, 2] {
                while asked_at(&world, email, [203, 0, 113, network]).await.1.status == 303 {}
                asked_at(&world, "ada", [203, 0, 113, network]).await;
            }
            let before = world.mails_to(email).await.len();
            let (mut owner, sent) = asked_at(&world, email, [198, 51, 100, 1]).await;
            assert_eq!(sent.status, 303, "{database:?} {email}: {}", sent.text());
            let mails = world.mails_to(email).await.len();
            assert_eq!(mails - before, usize::from(email == ADA), "{database:?} {email}");
            let (_, again) = asked_at(&world, email, [198, 51, 100, 1]).await;
            assert_eq!(again.status, 429, "{database:?} {email}: one each");
            // Whoever has got it is told that it still works, and it does.
            assert!(again.text().contains("its link or code still works"), "{}", again.text());
            if email == ADA {
                let code = world.mail_to(ADA).await.code;
                assert_eq!(owner.submit("/reset/code", &[("code", &code)]).await.status, 303, "{database:?}");
            }
            for network in 0..20 {
                let (_, sent) = asked_at(&world, email, [192, 0, 2, network]).await;
                answers.push(sent.status);
            }
            assert_eq!(answers.iter().rev().take(20).filter(|status| **status == 303).count(), 2, "{database:?}: {answers:?}");
            // The rest of a /48 is no newcomer.
            world.advance(1300);
            let mut statuses = Vec::new();
            while asked_at(&world, email, [203, 0, 113, 1]).await.1.status == 303 {}
            while asked_at(&world, email, [203, 0, 113, 2]).await.1.status == 303 {}
            for network in 0..4_u16 {
                let mut browser = world.browser().at_v6([0x2001, 0xdb8, 1, network, 0, 0, 0, 1]);
                browser.get("/reset").await;
                statuses.push(browser.submit("/reset", &[("identifier", email)]).await.status);
            }
            assert_eq!(statuses, [303, 429, 429, 429], "{database:?} {email}");
            seen.push(answers);
        }
        assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{database:?}");
    }
}

const TEXTS: &str = "[sms]\ncountries = ['AT']\ndefault_country = 'AT'\nprices = ['AT=0.10']\n";
const PHONE: &str = "+436601234567";

async fn text_to(world: &World, number: &str, address: [u8; 4]) -> Answer {
    let mut browser = world.browser().at(address);
    browser.get("/login?way=sms").await;
    browser.post("/login/code", &[("way", "sms"), ("identifier", number)]).await
}

async fn user(world: &World, number: &str, verified: bool) {
    world.user(json!({"phone_number": number, "phone_number_verified": verified, "password": PASSWORD})).await;
}

/// Requests for numbers that nobody has use nothing up: neither money, nor what a range has, nor its brake.
#[tokio::test]
async fn unknown_numbers_spend_nothing() {
    for database in Database::BOTH {
        let Some(world) = World::on(database, &format!("{ON}{TEXTS}month_budget = 2\nprefix_per_hour = 10\n")).await else {
            continue;
        };
        user(&world, PHONE, true).await;
        for number in 0..100_u8 {
            let unknown = format!("+43660123{number:04}");
            assert_eq!(text_to(&world, &unknown, [203, 0, 113, number]).await.status, 303, "{database:?} {number}");
        }
        assert_eq!(text_to(&world, PHONE, [198, 51, 100, 1]).await.status, 303, "{database:?}");
        assert_eq!(world.all_sms().await.len(), 1, "{database:?}: the only one");
        let spent = world.app.metrics.render();
        assert!(spent.contains("vestibule_sms_cost_total 0.1\n"), "{database:?}: {spent}");
    }
}

/// Sign-ups use up what is not kept. Then an unknown number, one that was never proved and a proved one look alike, and only the last gets a text.
#[tokio::test]
async fn a_part_of_the_budget_is_kept_for_proved_numbers() {
    for database in Database::BOTH {
        let settings = format!("{ON}{TEXTS}month_budget = 1\ncompletion_percent = 0\n");
        let Some(world) = World::on(database, &settings).await else { continue };
        let (unproved, unknown) = ("+436641234567", "+436501234567");
        user(&world, PHONE, true).await;
        user(&world, unproved, false).await;
        let mut statuses = Vec::new();
        for number in 0..10_u8 {
            let mut browser = world.browser().at([203, 0, 113, number]);
            browser.get("/signup?with=phone").await;
            let typed = format!("+43676123{number:04}");
            let answer = browser.submit("/signup", &[("with", "phone"), ("phone", &typed), ("password", PASSWORD)]).await;
            statuses.push(answer.status);
        }
        assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 7, "{database:?}: {statuses:?}");
        let before = world.all_sms().await.len();
        for (way, path) in [("sms", "/login/code"), ("", "/reset")] {
            let mut shapes = Vec::new();
            for number in [unproved, unknown, PHONE] {
                let mut browser = world.browser().at([198, 51, 100, 7]);
                browser.get("/login?way=sms").await;
                let answer = browser.post(path, &[("way", way), ("identifier", number)]).await;
                let shape = answer.location().split("flow=").next().unwrap_or_default().to_owned();
                shapes.push((answer.status, shape));
            }
            assert_eq!((&shapes[0], &shapes[1]), (&shapes[1], &shapes[2]), "{database:?} {path}");
            assert_eq!(shapes[0].0, 303, "{database:?} {path}");
        }
        let texts = world.all_sms().await;
        assert_eq!(texts.len() - before, 2, "{database:?}: two to the proved number");
        assert_eq!(world.all_sms_to(PHONE).await.len(), 2, "{database:?}");
    }
}

/// Whoever has a /48 walks through its /64s: each has its allowance, and all together 16 times that.
#[tokio::test]
async fn a_site_of_ipv6_networks_is_one_requester_too() {
    let world = World::with(ON).await;
    let mut allowed = 0;
    for network in 0..40_u16 {
        for _ in 0..20 {
            let mut browser = world.browser().at_v6([0x2001, 0xdb8, 1, network, 0, 0, 0, 1]);
            let email = format!("u{network}-{allowed}@a.example");
            allowed += u32::from(browser.post("/login", &[("identifier", &email), ("password", "x")]).await.status == 422);
        }
    }
    // A few come back while it lasts: each request takes a millisecond of the world's time.
    assert!((320..330).contains(&allowed), "{allowed}");
    let mut neighbour = world.browser().at_v6([0x2001, 0xdb8, 2, 0, 0, 0, 0, 1]);
    assert_eq!(neighbour.post("/login", &[("identifier", "x@a.example"), ("password", "x")]).await.status, 422);
    // A network that hammers takes nothing from its neighbours.
    world.advance(120);
    for _ in 0..400 {
        let mut browser = world.browser().at_v6([0x2001, 0xdb8, 3, 1, 0, 0, 0, 1]);
        browser.post("/login", &[("identifier", "y@a.example"), ("password", "x")]).await;
    }
    let mut neighbour = world.browser().at_v6([0x2001, 0xdb8, 3, 2, 0, 0, 0, 1]);
    assert_eq!(neighbour.post("/login", &[("identifier", "z@a.example"), ("password", "x")]).await.status, 422);
}

/// The largest row that a stranger can make at each door, with every field filled up.
#[tokio::test]
async fn no_door_makes_a_large_row() {
    let (world, _fakes) = World::with_fakes("[[sites]]\nhost = \"localhost:3000\"\n").await;
    world.keys().await;
    let client = json!({"client_name": "Shop", "redirect_uris": ["https://shop.example/cb"]});
    let id = world.client(client).await.client.id.to_string();
    let long = "\u{1d11e}".repeat(12_000);
    let (ascii, huge) = ("a".repeat(3_500), "s".repeat(60_000));
    let query =
        |path: &str, more: &[(&str, &str)]| form_urlencoded::Serializer::new(format!("{path}?")).extend_pairs(more).finish();
    let base = [
        ("client_id", id.as_str()),
        ("response_type", "code"),
        ("scope", "openid"),
        ("nonce", "n"),
        ("redirect_uri", "https://shop.example/cb"),
    ];
    let claims = json!({"id_token": {"acr": {"essential": true, "values": vec!["x"; 2000]}, "sub": {"values": vec!["y"; 500]}}})
        .to_string();
    let quotes = "\"".repeat(900);
    let mut browser = world.browser();
    for more in [
        vec![("state", ascii.as_str())],
        vec![("acr_values", ascii.as_str()), ("login_hint", ascii.as_str())],
        vec![("claims", claims.as_str())],
        vec![("state", huge.as_str())],
        vec![("login_hint", quotes.as_str()), ("ui_locales", quotes.as_str()), ("acr_values", quotes.as_str())],
    ] {
        let answer = browser.get(&query("/oauth2/authorize", &[&base[..], &more[..]].concat())).await;
        assert!(answer.status < 500 && answer.location().len() < 8192, "{}", answer.status);
    }
    browser.get(&query("/session/start", &[("return_to", &format!("http://localhost:3000/{}", "a".repeat(4_000)))])).await;
    let site = browser.open().unwrap().value("flow").unwrap_or_default();
    let typed = |text: &str| text.to_owned();
    for flow in [String::new(), site] {
        for text in
            [typed(&long), typed(&ascii), format!("ada@a.example{}", " ".repeat(9000)), format!("{}@a.example", "a".repeat(64))]
        {
            for (path, fields) in [
                ("/reset", vec![("identifier", text.as_str())]),
                ("/login/code", vec![("identifier", text.as_str()), ("way", "mail")]),
                ("/login/code", vec![("identifier", text.as_str()), ("way", "sms")]),
                ("/signup", vec![("email", text.as_str()), ("name", &long), ("password", PASSWORD)]),
                ("/signup", vec![("email", text.as_str()), ("name", "\u{1d11e}\u{1d11e}"), ("password", PASSWORD)]),
                ("/connect/github", vec![("identifier", text.as_str()), ("name", text.as_str()), ("from", "signup")]),
            ] {
                let fields = [&fields[..], &[("flow", flow.as_str())]].concat();
                let answer = browser.post(path, &fields).await;
                assert!(answer.status < 500, "{path}: {}", answer.status);
            }
        }
    }
    let (count, largest) = super::limits::sizes(&world).await;
    assert!(count > 20, "{count}");
    assert!(largest <= 6 * 1024, "{largest}");
}

/// What a wrong code costs does not tell whether anybody has the address.
#[tokio::test]
async fn wrong_codes_are_counted_for_nobody_as_well() {
    let world = World::with(ON).await;
    world.person(ADA).await;
    for (typed, key) in [(ADA, "guesses|ada@a.example"), ("bob@a.example", "guesses|?bob@a.example")] {
        let (mut browser, _) = asked_at(&world, typed, [203, 0, 113, 1]).await;
        assert_eq!(browser.submit("/reset/code", &[("code", "000000")]).await.status, 422);
        let mut tx = world.store().await.read().await.unwrap();
        assert_eq!(limits::failures(&mut tx, key, world.app.now()).await.unwrap(), 1, "{typed}");
    }
}
