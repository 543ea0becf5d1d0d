//! Somebody comes whose address an account has.

use serde_json::json;

use super::super::second_factor::{add_app, app_code};
use super::*;

#[tokio::test]
async fn a_vouched_address_finds_the_account_that_has_proved_it() {
    for (provider, person, email) in [("google", "ada", ADA), ("github", "grace", GRACE), ("discord", "alan", ALAN)] {
        let (world, fakes) = World::with_fakes(LINK).await;
        let user = world.person(email).await;
        let browser = arrive(&world, &fakes, provider, person).await;
        assert_eq!(who(&browser).await.as_deref(), Some(user.id.as_str()));
        assert_eq!(identities(&world, &user.id).await.len(), 1);
        let told: Vec<_> =
            alarms(&world, email).await.into_iter().filter(|mail| mail.subject.contains("was connected")).collect();
        assert_eq!(told.len(), 1, "{provider}");
        let now = world.read(email).await.unwrap();
        assert_eq!((now.password_hash, now.profile.name), (user.password_hash, user.profile.name), "nothing is overwritten");
        world.sign_in(email, PASSWORD).await;
        arrive(&world, &fakes, provider, person).await;
    }
}

/// Google keeps neither mail.example nor its addresses: its word is not enough.
#[tokio::test]
async fn google_is_believed_where_it_keeps_the_address() {
    let (world, fakes) = World::with_fakes("").await;
    let grace = world.person(GRACE).await;
    let (mut browser, answer) = come(&world, &fakes, "google", "grace", "none").await;
    assert!(answer.location().starts_with("/login/address?flow="), "{}", answer.location());
    assert!(!is_signed_in(&mut browser).await && identities(&world, &grace.id).await.is_empty());
}

/// Whose account it is is shown by signing in to it.
#[tokio::test]
async fn an_account_with_an_unproved_address_is_joined_by_its_owner() {
    let (world, fakes) = World::with_fakes(UNPROVED).await;
    claims(&world, ADA, PASSWORD).await;
    let user = world.read(ADA).await.unwrap();
    let (mut browser, answer) = come(&world, &fakes, "google", "ada", "none").await;
    assert!(answer.location().starts_with("/login/join?flow="), "{}", answer.location());
    let page = browser.follow(&answer).await;
    assert!(page.text().contains("value=\"sign-in\"") && page.text().contains("value=\"afresh\""), "{}", page.text());
    assert!(page.text().contains(ADA));
    let mut early = browser.clone();
    let flow = page.value("flow").unwrap();
    assert!(early.get(&format!("/login/connect?flow={flow}")).await.location().starts_with("/login?flow="), "not signed in");
    assert!(early.post("/login/connect", &[("flow", &flow), ("do", "connect")]).await.location().starts_with("/login?flow="));
    let login = browser.post("/login/join", &[("flow", &flow), ("do", "sign-in")]).await;
    let page = browser.follow(&login).await;
    assert_eq!(page.value("identifier").as_deref(), Some(ADA));
    let wrong = browser.submit("/login", &[("password", THEIRS)]).await;
    assert_eq!((wrong.status, identities(&world, &user.id).await.len()), (422, 0));
    let signed_in = browser.submit("/login", &[("password", PASSWORD)]).await;
    assert!(signed_in.location().starts_with("/login/connect?flow="), "{} {}", signed_in.location(), signed_in.text());
    let question = browser.follow(&signed_in).await;
    assert!(question.text().contains("Google") && question.text().contains(ADA));
    assert!(identities(&world, &user.id).await.is_empty(), "asked, not done");
    let done = browser.post("/login/connect", &[("flow", &flow), ("do", "connect")]).await;
    assert_eq!(done.location(), "/account", "{}", done.text());
    assert_eq!(identities(&world, &user.id).await.len(), 1);
    let twice = browser.post("/login/connect", &[("flow", &flow), ("do", "connect")]).await;
    assert_eq!((twice.status, identities(&world, &user.id).await.len()), (410, 1));
    let again = arrive(&world, &fakes, "google", "ada").await;
    assert_eq!(who(&again).await.as_deref(), Some(user.id.as_str()));
}

/// The sign-in page on the way says what it is for, and leads in no circle.
#[tokio::test]
async fn the_owner_is_told_what_they_sign_in_for() {
    let (world, fakes) = World::with_fakes("[github]\nlinking = \"ask\"\n").await;
    world.person(GRACE).await;
    let (mut browser, answer) = come(&world, &fakes, "github", "grace", "none").await;
    let flow = browser.follow(&answer).await.value("flow").unwrap();
    let login = browser.post("/login/join", &[("flow", &flow), ("do", "sign-in")]).await;
    assert!(!login.location().contains("grace"), "{}", login.location());
    let page = browser.follow(&login).await;
    assert_eq!(page.shown(".lead").as_deref(), Some("Sign in to connect GitHub, in the way you used before."));
    assert_eq!(page.value("identifier").as_deref(), Some(GRACE));
    assert!(!page.text().contains("/signup"), "{}", page.text());
    let others: Vec<_> = buttons(&page).into_iter().map(|(id, _)| id).collect();
    assert_eq!(others, ["google", "facebook", "twitter", "discord"]);
    assert!(!page.text().contains("Last used"));
    let wrong = browser.submit("/login", &[("password", THEIRS)]).await;
    assert_eq!((wrong.status, wrong.shown(".lead").is_some(), buttons(&wrong).len()), (422, true, 4));
}

/// Somebody else has made it: they keep everything but the address.
#[tokio::test]
async fn an_account_with_an_unproved_address_is_left_alone_and_loses_the_address() {
    for database in Database::BOTH {
        let Some((world, fakes)) = World::with_fakes_on(database, UNPROVED).await else { continue };
        let stranger = claims(&world, ADA, THEIRS).await;
        let before = world.read(ADA).await.unwrap();
        let (mut browser, answer) = come(&world, &fakes, "google", "ada", "none").await;
        let page = browser.follow(&answer).await;
        let flow = page.value("flow").unwrap();
        let done = browser.post("/login/join", &[("flow", &flow), ("do", "afresh")]).await;
        assert_eq!(done.location(), "/account", "{}", done.text());
        let own = world.read(ADA).await.unwrap();
        assert!(own.id != before.id && own.email_is_verified() && own.password_hash.is_none());
        assert_eq!(who(&browser).await.as_deref(), Some(own.id.as_str()));
        assert_eq!(identities(&world, &own.id).await.len(), 1);
        let left = world.read(before.id.as_str()).await.unwrap();
        assert_eq!((left.email, left.password_hash), (None, before.password_hash), "all but the address");
        assert_eq!(who(&stranger).await.as_deref(), Some(before.id.as_str()), "still signed in to their own");
        assert_eq!(world.browser().sign_in(ADA, THEIRS).await.status, 422, "the address is another's");
        let twice = browser.post("/login/join", &[("flow", &flow), ("do", "afresh")]).await;
        assert_eq!(twice.status, 410);
        let again = arrive(&world, &fakes, "google", "ada").await;
        assert_eq!(who(&again).await.as_deref(), Some(own.id.as_str()));
    }
}

/// While the page was open, its owner has proved the address: nothing is taken away from them.
#[tokio::test]
async fn an_address_that_is_proved_meanwhile_is_not_taken_away() {
    let (world, fakes) = World::with_fakes(UNPROVED).await;
    claims(&world, ADA, PASSWORD).await;
    let owner = world.read(ADA).await.unwrap();
    let (mut browser, answer) = come(&world, &fakes, "google", "ada", "none").await;
    let flow = browser.follow(&answer).await.value("flow").unwrap();
    let changes = json!({"email_verified": true});
    let changes = vestibule::actions::users::Changes::from_json(changes.as_object().unwrap()).unwrap();
    vestibule::actions::users::update(&world.app, owner.id.as_str(), &changes).await.unwrap();
    let refused = browser.post("/login/join", &[("flow", &flow), ("do", "afresh")]).await;
    assert_eq!(refused.status, 410);
    assert!(!is_signed_in(&mut browser).await);
    assert_eq!(world.read(ADA).await.unwrap().id, owner.id);
}

/// The address is proved on the way, and the question still comes.
#[tokio::test]
async fn where_addresses_are_proved_the_join_goes_by_way_of_it() {
    let (world, fakes) = World::with_fakes("").await;
    let user = world.user(json!({"email": ADA, "password": PASSWORD})).await;
    let (mut browser, answer) = come(&world, &fakes, "google", "ada", "none").await;
    let page = browser.follow(&answer).await;
    let flow = page.value("flow").unwrap();
    let login = browser.post("/login/join", &[("flow", &flow), ("do", "sign-in")]).await;
    browser.follow(&login).await;
    let verify = browser.submit("/login", &[("password", PASSWORD)]).await;
    assert!(verify.location().starts_with("/verify?flow="), "{}", verify.location());
    browser.follow(&verify).await;
    let back = browser.submit("/verify", &[("code", &code_to(&world, ADA).await)]).await;
    assert!(back.location().starts_with("/login/connect?flow="), "{}", back.location());
    browser.follow(&back).await;
    let done = browser.post("/login/connect", &[("flow", &flow), ("do", "connect")]).await;
    assert_eq!((done.location(), identities(&world, &user.id).await.len()), ("/account", 1));
}

#[tokio::test]
async fn ask_asks_even_for_a_proved_address_and_no_is_an_answer() {
    let (world, fakes) = World::with_fakes("[github]\nlinking = \"ask\"\n").await;
    let grace = world.person(GRACE).await;
    let (mut browser, answer) = come(&world, &fakes, "github", "grace", "none").await;
    assert!(answer.location().starts_with("/login/join?flow="), "{}", answer.location());
    let page = browser.follow(&answer).await;
    assert!(!page.text().contains("afresh"), "it is somebody's");
    let flow = page.value("flow").unwrap();
    assert_eq!(browser.clone().post("/login/join", &[("flow", &flow), ("do", "afresh")]).await.status, 410);
    let login = browser.post("/login/join", &[("flow", &flow), ("do", "sign-in")]).await;
    browser.follow(&login).await;
    let signed_in = with_password(&mut browser, GRACE).await;
    browser.follow(&signed_in).await;
    let no = browser.post("/login/connect", &[("flow", &flow), ("do", "not-now")]).await;
    assert_eq!((no.location(), identities(&world, &grace.id).await.len()), ("/account", 0));
    assert!(is_signed_in(&mut browser).await, "signed in all the same");
    assert_eq!(browser.get(&format!("/login/connect?flow={flow}")).await.status, 410, "the back button");
    assert_eq!(browser.post("/login/connect", &[("flow", &flow), ("do", "connect")]).await.status, 410);
    assert!(identities(&world, &grace.id).await.is_empty());
}

/// Somebody signed in already proves it anew: a session of last week does not connect anything.
#[tokio::test]
async fn an_old_session_does_not_answer_the_question() {
    let (world, fakes) = World::with_fakes("[github]\nlinking = \"ask\"\n").await;
    let grace = world.person(GRACE).await;
    let mut browser = world.sign_in(GRACE, PASSWORD).await;
    world.advance(3600);
    // Signed in, the sign-in page leads on; the button is pressed in another tab that was left open.
    let sent = browser.post("/connect/github", &[]).await;
    let to = sent.header("refresh").strip_prefix("0; url=").unwrap().to_owned();
    let callback = fakes.answer(&to, "grace", "none").await;
    let join = browser.get(&path_and_query(&callback)).await;
    let flow = browser.follow(&join).await.value("flow").unwrap();
    assert!(browser.get(&format!("/login/connect?flow={flow}")).await.location().starts_with("/login?flow="));
    let login = browser.post("/login/connect", &[("flow", &flow), ("do", "connect")]).await;
    assert!(login.location().starts_with("/login?flow=") && identities(&world, &grace.id).await.is_empty());
    let page = browser.follow(&login).await;
    assert_eq!(page.status, 200, "the form, though somebody is signed in: {}", page.location());
    let again = with_password(&mut browser, GRACE).await;
    assert!(again.location().starts_with("/login/connect?flow="), "{}", again.location());
}

#[tokio::test]
async fn create_only_makes_accounts_and_touches_none() {
    let (world, fakes) = World::with_fakes("[github]\nlinking = \"create_only\"\n").await;
    let grace = world.person(GRACE).await;
    let (mut browser, answer) = come(&world, &fakes, "github", "grace", "none").await;
    let page = browser.follow(&answer).await;
    assert!(notice(&page).contains("Sign in to it as before"), "{}", notice(&page));
    assert!(!is_signed_in(&mut browser).await && identities(&world, &grace.id).await.is_empty());
    arrive(&world, &fakes, "github", "alan").await;
}

#[tokio::test]
async fn sign_in_only_lets_in_whoever_was_connected_before() {
    let (world, fakes) = World::with_fakes("[github]\nlinking = \"sign_in_only\"\n").await;
    let grace = world.person(GRACE).await;
    for person in ["grace", "alan"] {
        let (mut browser, answer) = come(&world, &fakes, "github", person, "none").await;
        let page = browser.follow(&answer).await;
        assert!(notice(&page).contains("Sign in another way, then connect it"), "{}", notice(&page));
        assert!(!is_signed_in(&mut browser).await);
    }
    let mut owner = world.sign_in(GRACE, PASSWORD).await;
    let done = connect(&fakes, &mut owner, "github", "grace").await;
    assert_eq!(done.location(), "/account/identities?notice=identity-connected&with=github");
    let browser = arrive(&world, &fakes, "github", "grace").await;
    assert_eq!(who(&browser).await.as_deref(), Some(grace.id.as_str()));
}

#[tokio::test]
async fn where_nobody_signs_up_only_known_people_come_in() {
    for (sign_up, sentence) in [("nobody", "New accounts are not made here"), ("invited", "by invitation")] {
        let (world, fakes) = World::with_fakes(&format!("{LINK}[signup]\nwho = \"{sign_up}\"\n")).await;
        let grace = world.person(GRACE).await;
        for (provider, person, quirk) in
            [("github", "alan", "none"), ("facebook", "grace", "none"), ("github", "alan", "no_email")]
        {
            let (mut browser, answer) = come(&world, &fakes, provider, person, quirk).await;
            let page = browser.follow(&answer).await;
            assert!(notice(&page).contains(sentence), "{sign_up} {provider}: {}", notice(&page));
            assert!(!is_signed_in(&mut browser).await);
        }
        assert!(world.read(ALAN).await.is_none());
        let browser = arrive(&world, &fakes, "github", "grace").await;
        assert_eq!(who(&browser).await.as_deref(), Some(grace.id.as_str()), "an account there is");
    }
}

/// A provider's word does not stand for the second factor.
#[tokio::test]
async fn an_account_with_a_second_factor_is_joined_by_both() {
    let (world, fakes) = World::with_fakes("").await;
    let grace = world.person(GRACE).await;
    let mut owner = world.sign_in(GRACE, PASSWORD).await;
    let secret = add_app(&world, &mut owner).await;
    let (mut browser, answer) = come(&world, &fakes, "github", "grace", "none").await;
    assert!(answer.location().starts_with("/login/join?flow="), "{}", answer.location());
    let page = browser.follow(&answer).await;
    assert!(!page.text().contains("afresh"));
    let flow = page.value("flow").unwrap();
    let login = browser.post("/login/join", &[("flow", &flow), ("do", "sign-in")]).await;
    browser.follow(&login).await;
    let half = with_password(&mut browser, GRACE).await;
    assert!(half.location().starts_with("/login/second?flow="), "{}", half.location());
    for way in ["connect", "not-now"] {
        let early = browser.clone().post("/login/connect", &[("flow", &flow), ("do", way)]).await;
        assert!(early.location().starts_with("/login?flow="), "the password alone");
    }
    browser.follow(&half).await;
    let back = browser.submit("/login/second", &[("code", &app_code(&world, &secret))]).await;
    assert!(back.location().starts_with("/login/connect?flow="), "{} {}", back.location(), back.text());
    browser.follow(&back).await;
    assert!(identities(&world, &grace.id).await.is_empty());
    assert_eq!(browser.post("/login/connect", &[("flow", &flow), ("do", "connect")]).await.location(), "/account");
    assert_eq!(identities(&world, &grace.id).await.len(), 1);
    // From then on the provider is the first of two.
    world.advance(30);
    let (mut browser, answer) = come(&world, &fakes, "github", "grace", "none").await;
    assert!(answer.location().starts_with("/login/second?flow="), "{}", answer.location());
    assert!(!is_signed_in(&mut browser).await);
    browser.follow(&answer).await;
    assert_eq!(browser.submit("/login/second", &[("code", &app_code(&world, &secret))]).await.location(), "/account");
    assert_eq!(session(&browser).await["session"]["acr"], "urn:vestibule:acr:two-factor");
}

/// A browser that need not give the second factor to sign in gives it to connect something, as on the account page.
#[tokio::test]
async fn a_trusted_browser_gives_the_second_factor_to_join() {
    let (world, fakes) = World::with_fakes("").await;
    let grace = world.person(GRACE).await;
    let mut browser = world.sign_in(GRACE, PASSWORD).await;
    let secret = add_app(&world, &mut browser).await;
    browser.cookies.remove("vestibule_session");
    let half = browser.sign_in(GRACE, PASSWORD).await;
    browser.follow(&half).await;
    browser.submit("/login/second", &[("code", &app_code(&world, &secret)), ("trust", "true")]).await;
    assert!(is_signed_in(&mut browser).await);
    world.advance(3600);
    browser.cookies.remove("vestibule_session");
    browser.get("/login").await;
    let join = through(&fakes, &mut browser, "github", "grace", "none").await;
    let flow = browser.follow(&join).await.value("flow").unwrap();
    let login = browser.post("/login/join", &[("flow", &flow), ("do", "sign-in")]).await;
    browser.follow(&login).await;
    let question = with_password(&mut browser, GRACE).await;
    assert!(question.location().starts_with("/login/connect?flow="), "trusted: {}", question.location());
    let second = browser.follow(&question).await;
    assert!(second.location().starts_with("/login/second?flow="), "{} {}", second.status, second.location());
    let refused = browser.post("/login/connect", &[("flow", &flow), ("do", "connect")]).await;
    assert!(refused.location().starts_with("/login/second?flow=") && identities(&world, &grace.id).await.is_empty());
    browser.follow(&refused).await;
    let back = browser.submit("/login/second", &[("code", &app_code(&world, &secret))]).await;
    assert!(back.location().starts_with("/login/connect?flow="), "{} {}", back.location(), back.text());
    assert_eq!(browser.follow(&back).await.status, 200);
    assert_eq!(browser.post("/login/connect", &[("flow", &flow), ("do", "connect")]).await.location(), "/account");
    assert_eq!(identities(&world, &grace.id).await.len(), 1);
}

/// The organisation gives the address of somebody who has left to a new employee, who comes by the same issuer as somebody else: nothing is
/// connected until whoever has the account has signed in to it.
#[tokio::test]
async fn another_person_of_the_same_issuer_signs_in_first() {
    for database in Database::BOTH {
        let Some((world, fakes)) = World::with_fakes_on(database, LINK).await else { continue };
        let first = arrive(&world, &fakes, "google", "ada").await;
        let user = world.read(ADA).await.unwrap();
        let mut next = world.browser();
        next.get("/login").await;
        let to = leave(&mut next, "google").await;
        let callback = fakes.answer_with_email(&to, "successor", ADA, "none").await;
        let answer = next.get(&path_and_query(&callback)).await;
        assert!(answer.location().starts_with("/login/join?flow="), "{database:?}: {} {}", answer.location(), answer.text());
        let page = next.follow(&answer).await;
        assert!(who(&next).await.is_none() && !page.text().contains("afresh"), "{}", page.text());
        assert_eq!(identities(&world, &user.id).await.len(), 1);
        assert_eq!(who(&first).await.as_deref(), Some(user.id.as_str()));
    }
}
