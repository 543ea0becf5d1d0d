//! `/account/identities`.

use vestibule::actions::providers::operator;

use super::super::account::{let_in, shop, userinfo};
use super::super::second_factor::{add_app, app_code};
use super::*;

/// The ids of the page's buttons, in its order.
fn listed(page: &Answer) -> Vec<String> {
    let forms = page.forms().into_iter().filter(|form| form.goes_to("/account/identities/disconnect"));
    forms.map(|form| form.fields.into_iter().find(|(name, _)| name == "identity").unwrap().1).collect()
}

async fn disconnect(browser: &mut Browser, id: &str) -> Answer {
    browser.post("/account/identities/disconnect", &[("identity", id)]).await
}

#[tokio::test]
async fn identities_are_connected_listed_and_disconnected() {
    for database in Database::BOTH {
        let Some((world, fakes)) = World::with_fakes_on(database, "").await else { continue };
        let bob = world.person("bob@a.example").await;
        let mut browser = world.sign_in("bob@a.example", PASSWORD).await;
        let page = browser.get("/account/identities").await;
        assert!(page.text().contains("No account is connected yet") && buttons(&page).len() == 5);
        assert!(browser.get("/account").await.text().contains("/account/identities"));
        // Two of one provider, and one of another whose address is somebody else's.
        for (provider, person) in [("github", "ada"), ("github", "grace"), ("facebook", "grace")] {
            let done = connect(&fakes, &mut browser, provider, person).await;
            assert_eq!(
                done.location(),
                format!("/account/identities?notice=identity-connected&with={provider}"),
                "{}",
                done.text()
            );
            let name = if provider == "github" { "GitHub" } else { "Facebook" };
            assert_eq!(
                notice(&browser.follow(&done).await),
                format!("Your {name} account is connected. You can now sign in with it.")
            );
        }
        let again = connect(&fakes, &mut browser, "github", "ada").await;
        assert_eq!(again.location(), "/account/identities?notice=identity-already&with=github");
        assert!(notice(&browser.follow(&again).await).contains("already"));
        let page = browser.get("/account/identities").await;
        assert_eq!(listed(&page).len(), 3);
        assert!(page.text().contains(ADA) && page.text().contains(GRACE) && page.text().contains("<h2>GitHub</h2>"));
        assert_eq!(alarms(&world, "bob@a.example").await.len(), 3, "each is told");
        assert_eq!(world.read("bob@a.example").await.unwrap().profile.name, None, "the profile is not theirs to fill");
        for person in ["ada", "grace"] {
            let come = arrive(&world, &fakes, "github", person).await;
            assert_eq!(who(&come).await.as_deref(), Some(bob.id.as_str()), "{person}");
        }
        let first = listed(&page)[0].clone();
        let gone = disconnect(&mut browser, &first).await;
        assert_eq!(gone.location(), "/account/identities?notice=identity-disconnected&with=github");
        assert!(notice(&browser.follow(&gone).await).contains("GitHub account is disconnected"));
        assert!(alarms(&world, "bob@a.example").await.iter().any(|mail| mail.subject.contains("GitHub was disconnected")));
        assert_eq!(listed(&browser.get("/account/identities").await).len(), 2);
        assert_eq!(disconnect(&mut browser, &first).await.location(), "/account/identities", "gone is gone");
        let come = arrive(&world, &fakes, "github", "ada").await;
        assert_ne!(who(&come).await.as_deref(), Some(bob.id.as_str()), "a person of their own now");
    }
}

#[tokio::test]
async fn an_identity_belongs_to_one_account() {
    let (world, fakes) = World::with_fakes("").await;
    arrive(&world, &fakes, "github", "grace").await;
    let grace = world.read(GRACE).await.unwrap();
    let bob = world.person("bob@a.example").await;
    let mut browser = world.sign_in("bob@a.example", PASSWORD).await;
    let refused = connect(&fakes, &mut browser, "github", "grace").await;
    let page = browser.follow(&refused).await;
    assert!(notice(&page).contains("connected with another account here"), "{} {}", refused.location(), notice(&page));
    assert!(identities(&world, &bob.id).await.is_empty() && identities(&world, &grace.id).await.len() == 1);
    assert_eq!(who(&browser).await.as_deref(), Some(bob.id.as_str()), "still themselves");
    // Nor can it be disconnected from outside.
    let id = identities(&world, &grace.id).await[0].id.to_string();
    assert_eq!(disconnect(&mut browser, &id).await.location(), "/account/identities");
    for id in ["", "x", "idn_00000000000000000000000000"] {
        assert_eq!(disconnect(&mut browser, id).await.location(), "/account/identities");
    }
    assert_eq!(identities(&world, &grace.id).await.len(), 1);
}

#[tokio::test]
async fn a_connection_that_fails_is_told_on_the_account_page() {
    let (world, fakes) = World::with_fakes("").await;
    let bob = world.person("bob@a.example").await;
    let mut browser = world.sign_in("bob@a.example", PASSWORD).await;
    for (quirk, sentence) in [("cancel", "You cancelled at Discord"), ("down", "does not answer"), ("html", "could not be used")]
    {
        browser.get("/account/identities").await;
        let to = leave(&mut browser, "discord").await;
        let callback = if quirk == "cancel" { fakes.cancel(&to).await } else { fakes.answer(&to, "ada", quirk).await };
        let answer = browser.get(&path_and_query(&callback)).await;
        assert!(answer.location().starts_with("/account/identities?failed="), "{}", answer.location());
        let page = browser.follow(&answer).await;
        assert!(notice(&page).contains(sentence), "{quirk}: {}", notice(&page));
        assert!(notice(&page).starts_with("Nothing was connected. "), "{quirk}: no words of the sign-in page: {}", notice(&page));
        assert_eq!(buttons(&page).len(), 5);
    }
    assert!(identities(&world, &bob.id).await.is_empty() && is_signed_in(&mut browser).await);
}

/// Signed out before coming back: nothing is connected, and nobody is signed in by it.
#[tokio::test]
async fn a_connection_needs_the_session_that_asked() {
    let (world, fakes) = World::with_fakes("").await;
    let bob = world.person("bob@a.example").await;
    world.person("eve@a.example").await;
    for then in ["nobody", "eve@a.example"] {
        let mut browser = world.sign_in("bob@a.example", PASSWORD).await;
        browser.get("/account/identities").await;
        let to = leave(&mut browser, "github").await;
        let callback = path_and_query(&fakes.answer(&to, "grace", "none").await);
        browser.get("/logout").await;
        browser.submit("/logout", &[]).await;
        if then != "nobody" {
            browser.sign_in(then, PASSWORD).await;
        }
        assert_eq!(browser.get(&callback).await.status, 410, "{then}");
        assert!(identities(&world, &bob.id).await.is_empty() && world.read(GRACE).await.is_none(), "{then}");
    }
}

#[tokio::test]
async fn the_page_is_for_people_who_are_signed_in() {
    let (world, _fakes) = World::with_fakes("").await;
    let mut browser = world.browser();
    assert_eq!(browser.get("/account/identities").await.location(), "/login?to=identities");
    for (path, fields) in [("/connect/github", ("connect", "true")), ("/account/identities/disconnect", ("identity", "x"))] {
        assert_eq!(browser.post(path, &[fields]).await.location(), "/login?to=identities", "{path}");
    }
}

/// After the proof it is said what to do next.
#[tokio::test]
async fn a_proof_on_the_way_to_a_provider_says_how_to_go_on() {
    let (world, fakes) = World::with_fakes("").await;
    let bob = world.person("bob@a.example").await;
    let mut browser = world.sign_in("bob@a.example", PASSWORD).await;
    browser.get("/account/identities").await;
    world.advance(3600);
    let proof = browser.post("/connect/github", &[("connect", "true")]).await;
    assert!(proof.location().starts_with("/login?flow="), "{}", proof.location());
    browser.follow(&proof).await;
    let back = with_password(&mut browser, "bob@a.example").await;
    assert_eq!(back.location(), "/account/identities?notice=identity-choose");
    let page = browser.follow(&back).await;
    assert_eq!(notice(&page), "Thank you. Now choose the account to connect.");
    let done = through(&fakes, &mut browser, "github", "grace", "none").await;
    assert_eq!(done.location(), "/account/identities?notice=identity-connected&with=github");
    assert_eq!(identities(&world, &bob.id).await.len(), 1);
}

/// Changing how one signs in wants a fresh proof, as strong as the account's best.
#[tokio::test]
async fn a_fresh_proof_is_asked_for() {
    let (world, fakes) = World::with_fakes("").await;
    let bob = world.person("bob@a.example").await;
    let mut browser = world.sign_in("bob@a.example", PASSWORD).await;
    connect(&fakes, &mut browser, "github", "grace").await;
    let id = identities(&world, &bob.id).await[0].id.to_string();
    world.advance(3600);
    let page = browser.get("/account/identities").await;
    assert_eq!((page.status, listed(&page).len()), (200, 1), "looking is free");
    let ask = browser.post("/connect/discord", &[("connect", "true")]).await;
    assert!(ask.location().starts_with("/login?flow="), "{}", ask.location());
    assert!(disconnect(&mut browser, &id).await.location().starts_with("/login?flow="));
    assert_eq!(identities(&world, &bob.id).await.len(), 1);
    browser.follow(&ask).await;
    let proved = browser.submit("/login", &[("password", PASSWORD)]).await;
    assert_eq!(proved.location(), "/account/identities?notice=identity-choose", "{}", proved.text());
    let secret = add_app(&world, &mut browser).await;
    world.advance(3600);
    browser.get("/account/identities").await;
    let ask = disconnect(&mut browser, &id).await;
    assert!(ask.location().starts_with("/login?flow="), "{}", ask.location());
    browser.follow(&ask).await;
    let half = browser.submit("/login", &[("password", PASSWORD)]).await;
    assert!(half.location().starts_with("/login/second?flow="), "both: {}", half.location());
    browser.follow(&half).await;
    assert_eq!(browser.submit("/login/second", &[("code", &app_code(&world, &secret))]).await.location(), "/account/identities");
    assert_eq!(disconnect(&mut browser, &id).await.location(), "/account/identities?notice=identity-disconnected&with=github");
}

/// Somebody who has nothing but identities, of whom nobody knows the address.
async fn only_identities(world: &World, fakes: &Fakes, people: &[&str]) -> Browser {
    let (mut browser, answer) = come(world, fakes, "facebook", people[0], "none").await;
    browser.follow(&answer).await;
    assert_eq!(browser.submit("/login/address", &[]).await.location(), "/account");
    for person in &people[1..] {
        let done = connect(fakes, &mut browser, "facebook", person).await;
        assert_eq!(done.location(), "/account/identities?notice=identity-connected&with=facebook");
    }
    browser
}

#[tokio::test]
async fn the_last_way_in_stays() {
    let (world, fakes) = World::with_fakes(UNPROVED).await;
    let mut browser = only_identities(&world, &fakes, &["grace"]).await;
    let grace = world.read(GRACE).await.unwrap();
    assert!(!grace.email_is_verified() && grace.password_hash.is_none());
    let id = identities(&world, &grace.id).await[0].id.to_string();
    let refused = disconnect(&mut browser, &id).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("your last way to sign in"));
    assert_eq!((identities(&world, &grace.id).await.len(), listed(&refused).len()), (1, 1));
    assert!(alarms(&world, GRACE).await.is_empty(), "nothing happened");
    // With a password it can go.
    browser.get("/account/password").await;
    let set = browser.submit("/account/password", &[("password", PASSWORD)]).await;
    assert_eq!(set.location(), "/account/password?notice=password-changed", "{}", set.text());
    assert_eq!(disconnect(&mut browser, &id).await.location(), "/account/identities?notice=identity-disconnected&with=facebook");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_identities_one_stays_whoever_is_faster() {
    for database in Database::BOTH {
        let Some((world, fakes)) = World::with_fakes_on(database, UNPROVED).await else { continue };
        let browser = only_identities(&world, &fakes, &["grace", "alan"]).await;
        let grace = world.read(GRACE).await.unwrap();
        let ids: Vec<String> = identities(&world, &grace.id).await.iter().map(|identity| identity.id.to_string()).collect();
        assert_eq!(ids.len(), 2);
        let mut tries = tokio::task::JoinSet::new();
        for number in 0..10 {
            let (mut browser, id) = (browser.clone(), ids[number % 2].clone());
            tries.spawn(async move { disconnect(&mut browser, &id).await.location().to_owned() });
        }
        let answers = tries.join_all().await;
        assert_eq!(answers.iter().filter(|to| to.contains("identity-disconnected")).count(), 1, "{answers:?}");
        assert_eq!(identities(&world, &grace.id).await.len(), 1);
    }
}

/// Whoever came in by it: its owner reads that nobody signs in with it any more, so nobody stays in by it either.
#[tokio::test]
async fn a_disconnected_identity_takes_its_sessions_along() {
    for database in Database::BOTH {
        let Some((world, fakes)) = World::with_fakes_on(database, "").await else { continue };
        let bob = world.person("bob@a.example").await;
        let mut owner = world.sign_in("bob@a.example", PASSWORD).await;
        for (provider, person) in [("github", "ada"), ("github", "grace"), ("discord", "alan")] {
            connect(&fakes, &mut owner, provider, person).await;
        }
        let by_password = world.sign_in("bob@a.example", PASSWORD).await;
        let mut lost = arrive(&world, &fakes, "github", "ada").await;
        let others = [arrive(&world, &fakes, "github", "grace").await, arrive(&world, &fakes, "discord", "alan").await];
        let client = shop(&world).await;
        let tokens = let_in(&world, &mut lost, &client, "openid").await;
        assert_eq!(userinfo(&world, &tokens).await, 200);
        let id = identities(&world, &bob.id).await[0].id.to_string();
        let done = disconnect(&mut owner, &id).await;
        assert_eq!(done.location(), "/account/identities?notice=identity-disconnected&with=github");
        let page = owner.follow(&done).await;
        assert!(notice(&page).contains("signed out"), "{}", notice(&page));
        assert_eq!((who(&lost).await, lost.get("/account").await.location()), (None, "/login"), "{database:?}");
        assert_eq!(userinfo(&world, &tokens).await, 401, "{database:?}: and what it authorized");
        for browser in others.iter().chain([&owner, &by_password]) {
            assert_eq!(who(browser).await.as_deref(), Some(bob.id.as_str()), "{database:?}");
        }
    }
}

/// Also the sessions of people whom the identity made, linked or led past a second factor.
#[tokio::test]
async fn however_somebody_came_in_by_it() {
    // Made by it: the session in which one acts stays.
    let (world, fakes) = World::with_fakes(LINK).await;
    let mut maker = arrive(&world, &fakes, "github", "grace").await;
    let again = arrive(&world, &fakes, "github", "grace").await;
    let grace = world.read(GRACE).await.unwrap();
    let id = identities(&world, &grace.id).await[0].id.to_string();
    let ask = disconnect(&mut maker, &id).await;
    by_mail(&world, &mut maker, &ask, GRACE).await;
    assert_eq!(disconnect(&mut maker, &id).await.location(), "/account/identities?notice=identity-disconnected&with=github");
    assert!(who(&maker).await.is_some() && who(&again).await.is_none());
    // Made by it, elsewhere.
    let (world, fakes) = World::with_fakes(LINK).await;
    let maker = arrive(&world, &fakes, "github", "grace").await;
    let grace = world.read(GRACE).await.unwrap();
    operator::remove(&world.app, GRACE, &identities(&world, &grace.id).await[0].id).await.unwrap();
    assert!(who(&maker).await.is_none());
    // Linked by its word.
    let (world, fakes) = World::with_fakes(LINK).await;
    let grace = world.person(GRACE).await;
    let linked = arrive(&world, &fakes, "github", "grace").await;
    let mut owner = world.sign_in(GRACE, PASSWORD).await;
    let id = identities(&world, &grace.id).await[0].id.to_string();
    assert_eq!(disconnect(&mut owner, &id).await.location(), "/account/identities?notice=identity-disconnected&with=github");
    assert!(who(&linked).await.is_none() && who(&owner).await.is_some());
    // With a second factor on top.
    let (world, fakes) = World::with_fakes("").await;
    let bob = world.person("bob@a.example").await;
    let mut owner = world.sign_in("bob@a.example", PASSWORD).await;
    connect(&fakes, &mut owner, "discord", "alan").await;
    let secret = add_app(&world, &mut owner).await;
    world.advance(60);
    let (mut two, half) = come(&world, &fakes, "discord", "alan", "none").await;
    two.follow(&half).await;
    assert_eq!(two.submit("/login/second", &[("code", &app_code(&world, &secret))]).await.location(), "/account");
    let id = identities(&world, &bob.id).await[0].id.to_string();
    assert_eq!(disconnect(&mut owner, &id).await.location(), "/account/identities?notice=identity-disconnected&with=discord");
    assert!(who(&two).await.is_none() && who(&owner).await.is_some());
}

/// The operator's word goes further: no session that came by it stays, and no journey that began with it ends in one.
#[tokio::test]
async fn what_the_operator_disconnects_leads_nowhere() {
    for database in Database::BOTH {
        let Some((world, fakes)) = World::with_fakes_on(database, "").await else { continue };
        let bob = world.person("bob@a.example").await;
        let mut owner = world.sign_in("bob@a.example", PASSWORD).await;
        for (provider, person) in [("github", "grace"), ("discord", "alan")] {
            connect(&fakes, &mut owner, provider, person).await;
        }
        let inside = arrive(&world, &fakes, "github", "grace").await;
        let beside = arrive(&world, &fakes, "discord", "alan").await;
        let secret = add_app(&world, &mut owner).await;
        world.advance(60);
        let (mut half_way, half) = come(&world, &fakes, "github", "grace", "none").await;
        assert!(half.location().starts_with("/login/second?flow="), "{}", half.location());
        half_way.follow(&half).await;
        operator::remove(&world.app, "bob@a.example", &identities(&world, &bob.id).await[0].id).await.unwrap();
        assert_eq!(half_way.submit("/login/second", &[("code", &app_code(&world, &secret))]).await.status, 410, "{database:?}");
        assert!(who(&half_way).await.is_none() && who(&inside).await.is_none(), "{database:?}");
        assert!(who(&owner).await.is_some() && who(&beside).await.is_some(), "{database:?}");
    }
}

/// Connecting is no sign-in: "last used" would be an alarm, or hide one.
#[tokio::test]
async fn a_connected_identity_is_unused_until_somebody_signs_in_by_it() {
    for database in Database::BOTH {
        let Some((world, fakes)) = World::with_fakes_on(database, "").await else { continue };
        let bob = world.person("bob@a.example").await;
        let mut browser = world.sign_in("bob@a.example", PASSWORD).await;
        assert!(browser.get("/account").await.text().contains("<dt>Sign-in services</dt><dd>None</dd>"));
        connect(&fakes, &mut browser, "github", "grace").await;
        let page = browser.get("/account/identities").await.text();
        assert!(page.contains("Not used yet") && !page.contains("Last used"), "{page}");
        assert_eq!(identities(&world, &bob.id).await[0].last_used_at, None);
        assert!(browser.get("/account").await.text().contains("<dt>Sign-in services</dt><dd>One account</dd>"));
        arrive(&world, &fakes, "github", "grace").await;
        let page = browser.get("/account/identities").await.text();
        assert!(page.contains("Last used") && !page.contains("Not used yet"), "{page}");
        // Whoever gets an account by it has signed in by it.
        arrive(&world, &fakes, "github", "alan").await;
        let alan = world.read(ALAN).await.unwrap();
        assert!(identities(&world, &alan.id).await[0].last_used_at.is_some());
    }
}

/// Only words of ours are shown, and only names of providers.
#[tokio::test]
async fn the_account_page_says_nothing_that_an_address_makes_up() {
    let world = World::with_fakes("").await.0;
    world.person("bob@a.example").await;
    let mut browser = world.sign_in("bob@a.example", PASSWORD).await;
    for (query, said) in [
        ("notice=identity-connected&with=evil", ""),
        ("notice=identity-connected&with=github", ""),
        ("notice=saved", ""),
        ("failed=cancelled&with=github", ""),
        ("failed=cancelled&with=evil", ""),
        ("failed=evil&with=github", ""),
        ("notice=evil&with=github", ""),
    ] {
        let page = browser.get(&format!("/account/identities?{query}")).await;
        assert_eq!(notice(&page), said, "{query}");
    }
}
