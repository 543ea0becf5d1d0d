//! "This was not me", when it was about identities.

use vestibule::actions::users::{self, Changes};

use super::super::second_factor::{add_app, app_code};
use super::*;

async fn press(world: &World, mail: &Mail) -> Answer {
    let mut browser = world.browser().at([203, 0, 113, 5]);
    browser.get(&mail.link).await;
    browser.submit("/wasnt-me", &[("confirm", "true")]).await
}

/// A new browser that comes through a provider to a locked account, at the page that asks for the mailbox.
async fn come_locked(world: &World, fakes: &Fakes, provider: &str, person: &str, quirk: &str) -> Browser {
    let (mut browser, half) = come(world, fakes, provider, person, quirk).await;
    assert!(half.location().starts_with("/login/second?flow="), "{}", half.location());
    let page = browser.follow(&half).await;
    assert!(notice(&page).contains("was locked"), "{}", notice(&page));
    assert!(page.value("trust").is_none() && !page.text().contains("with=totp"), "the mailbox and nothing else");
    browser
}

/// The same, let in by the code in the mailbox.
async fn arrive_locked(world: &World, fakes: &Fakes, provider: &str, person: &str, email: &str) -> Browser {
    let mut browser = come_locked(world, fakes, provider, person, "none").await;
    let done = read_mailbox(world, &mut browser, email).await;
    assert_eq!(done.location(), "/account", "{}", done.text());
    browser
}

async fn read_mailbox(world: &World, browser: &mut Browser, email: &str) -> Answer {
    let sent = browser.submit("/login/second/send", &[]).await;
    browser.follow(&sent).await;
    browser.submit("/login/second", &[("code", &code_to(world, email).await)]).await
}

/// From asking for a reset to the new password; where that leads.
async fn reset(world: &World, email: &str) -> (Browser, Answer) {
    let mut browser = super::super::asked_for_reset(world, email).await;
    let proved = browser.submit("/reset/code", &[("code", &code_to(world, email).await)]).await;
    browser.follow(&proved).await;
    let set = browser.submit("/reset/new", &[("password", THEIRS)]).await;
    (browser, set)
}

/// An intruder's identity that is older than a lock goes back, and that the owner has just disconnected.
async fn thrown_out(world: &World, fakes: &Fakes) -> (UserId, Browser) {
    let grace = world.person(GRACE).await;
    let mut intruder = world.sign_in(GRACE, PASSWORD).await;
    connect(fakes, &mut intruder, "discord", "alan").await;
    world.advance(7 * 86_400);
    let mut owner = world.sign_in(GRACE, PASSWORD).await;
    connect(fakes, &mut owner, "github", "grace").await;
    world.advance(4 * 86_400);
    let mut owner = world.sign_in(GRACE, PASSWORD).await;
    let theirs = identities(world, &grace.id).await[0].id.to_string();
    let gone = owner.post("/account/identities/disconnect", &[("identity", &theirs)]).await;
    assert_eq!(gone.location(), "/account/identities?notice=identity-disconnected&with=discord");
    (grace.id, owner)
}

async fn newest_alarm(world: &World) -> Mail {
    alarms(world, GRACE).await.into_iter().next().unwrap()
}

/// The whole story: a lock brings back what its owner removed on purpose, too. It leads nobody in until she has looked through it.
#[tokio::test]
async fn an_identity_that_comes_back_is_not_enough_to_come_in() {
    for database in Database::BOTH {
        let Some((world, fakes)) = World::with_fakes_on(database, "").await else { continue };
        let (grace, _) = thrown_out(&world, &fakes).await;
        let locked = press(&world, &newest_alarm(&world).await).await;
        let page = locked.text();
        assert_eq!(locked.status, 200, "{page}");
        assert_eq!(lines(&locked)[1..], ["Discord al•••@post.example came back", "GitHub gr•••@mail.example"], "{page}");
        assert!(page.contains("/account/identities") && page.contains("/account/security"), "{page}");

        let mut intruder = come_locked(&world, &fakes, "discord", "alan", "none").await;
        let sent = intruder.submit("/login/second/send", &[]).await;
        intruder.follow(&sent).await;
        let wrong = super::super::wrong(&code_to(&world, GRACE).await);
        assert_eq!(intruder.submit("/login/second", &[("code", &wrong)]).await.status, 422);
        let flow = intruder.open().unwrap().value("flow").unwrap();
        let password = [("flow", flow.as_str()), ("with", "password"), ("password", PASSWORD)];
        assert_eq!(intruder.post("/login/second", &password).await.status, 422);
        assert!(who(&intruder).await.is_none(), "{database:?}");

        let owner = arrive_locked(&world, &fakes, "github", "grace", GRACE).await;
        let found = session(&owner).await["session"].clone();
        assert_eq!((&found["acr"], &found["amr"]), (&ACR_ONE.into(), &serde_json::json!(["fed", "otp"])), "no second factor");
        world.advance(60);
        let (mut back, done) = reset(&world, GRACE).await;
        assert_eq!(done.location(), "/account/identities", "{database:?}: {}", done.text());
        let page = back.follow(&done).await;
        assert!(page.text().contains("Discord") && page.text().contains("what you do not know"), "{}", page.text());
        let theirs = page.value("identity").unwrap();
        // The new password is the best proof now, and was chosen a moment ago.
        let gone = back.post("/account/identities/disconnect", &[("identity", &theirs)]).await;
        assert_eq!(gone.location(), "/account/identities?notice=identity-disconnected&with=discord", "{}", gone.text());
        // With the new password everything is as before.
        let owner = arrive(&world, &fakes, "github", "grace").await;
        assert_eq!(who(&owner).await.as_deref(), Some(grace.as_str()), "{database:?}");
        let (stranger, _) = come(&world, &fakes, "discord", "alan", "none").await;
        assert_ne!(who(&stranger).await.as_deref(), Some(grace.as_str()), "{database:?}");
    }
}

/// The items of a page's lists, in a line each.
fn lines(page: &Answer) -> Vec<String> {
    let html = Html::parse_document(&page.text());
    let words = |item: scraper::ElementRef<'_>| item.text().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ");
    html.select(&Selector::parse("main ul.plain li").unwrap()).map(words).collect()
}

const ACR_ONE: &str = "urn:vestibule:acr:one-factor";

/// Nor is a provider that has asked for two factors itself; and a second factor of the account is asked for as well.
#[tokio::test]
async fn the_mailbox_is_asked_beside_every_other_factor() {
    let (world, fakes) = World::with_fakes("[google]\nsecond_factor = [\"mfa\"]\n").await;
    world.person(ADA).await;
    let mut owner = world.sign_in(ADA, PASSWORD).await;
    connect(&fakes, &mut owner, "google", "ada").await;
    let secret = add_app(&world, &mut owner).await;
    world.advance(7 * 86_400);
    let mut elsewhere = world.browser();
    let half = elsewhere.sign_in(ADA, PASSWORD).await;
    elsewhere.follow(&half).await;
    assert_eq!(elsewhere.submit("/login/second", &[("code", &app_code(&world, &secret))]).await.location(), "/account");
    let alarm = alarms(&world, ADA).await.into_iter().next().unwrap();
    assert_eq!(press(&world, &alarm).await.status, 200);
    let mut back = come_locked(&world, &fakes, "google", "ada", "multi_factor").await;
    assert_eq!(read_mailbox(&world, &mut back, ADA).await.location(), "/account", "two there, and the mailbox here");
    world.advance(60);
    let mut back = come_locked(&world, &fakes, "google", "ada", "none").await;
    let half = read_mailbox(&world, &mut back, ADA).await;
    assert!(half.location().starts_with("/login/second?flow="), "{}", half.location());
    assert!(who(&back).await.is_none());
    back.follow(&half).await;
    assert_eq!(back.submit("/login/second", &[("code", &app_code(&world, &secret))]).await.location(), "/account");
    assert!(who(&back).await.is_some());
}

/// An address that a provider vouches for connects nothing with a locked account by itself.
#[tokio::test]
async fn a_providers_word_opens_no_locked_account() {
    let (world, fakes) = World::with_fakes("").await;
    let ada = world.person(ADA).await;
    let mut owner = world.sign_in(ADA, PASSWORD).await;
    connect(&fakes, &mut owner, "github", "grace").await;
    let alarm = alarms(&world, ADA).await.into_iter().next().unwrap();
    assert_eq!(press(&world, &alarm).await.status, 200);
    let (browser, answer) = come(&world, &fakes, "google", "ada", "none").await;
    assert!(answer.location().starts_with("/login/join?flow="), "{}", answer.location());
    assert!(who(&browser).await.is_none() && identities(&world, &ada.id).await.is_empty());
}

/// With nowhere to send a code, the provider may be the owner's only way back.
#[tokio::test]
async fn without_a_mailbox_the_provider_is_enough() {
    let (world, fakes) = World::with_fakes("").await;
    let number = "+436601234567";
    let user = serde_json::json!({"phone_number": number, "phone_number_verified": true, "password": PASSWORD});
    let user = world.user(user).await;
    let mut owner = world.sign_in(number, PASSWORD).await;
    connect(&fakes, &mut owner, "github", "grace").await;
    world.advance(4 * 86_400);
    let mut owner = world.sign_in(number, PASSWORD).await;
    connect(&fakes, &mut owner, "discord", "alan").await;
    let notice = world.all_sms_to(number).await.into_iter().find(|sms| sms.body.contains("/wasnt-me?token=")).unwrap();
    let token = notice.body.split("token=").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    let locked = world.browser().post("/wasnt-me", &[("token", &token), ("confirm", "true")]).await;
    assert_eq!(locked.status, 200, "{}", locked.text());
    assert!(!locked.text().contains("also needs a code"), "{}", locked.text());
    assert_eq!(who(&arrive(&world, &fakes, "github", "grace").await).await.as_deref(), Some(user.id.as_str()));
}

/// A password that the operator took away is no lock.
#[tokio::test]
async fn without_a_password_and_without_a_lock_the_provider_is_enough() {
    let (world, fakes) = World::with_fakes("").await;
    world.person(GRACE).await;
    let mut owner = world.sign_in(GRACE, PASSWORD).await;
    connect(&fakes, &mut owner, "github", "grace").await;
    let changes = Changes::from_json(serde_json::json!({"password": null}).as_object().unwrap()).unwrap();
    users::update(&world.app, GRACE, &changes).await.unwrap();
    arrive(&world, &fakes, "github", "grace").await;
}

#[tokio::test]
async fn a_lock_takes_the_intruders_identity_away_and_brings_the_owners_back() {
    for first in ["GitHub was disconnected", "Discord was connected"] {
        let (world, fakes) = World::with_fakes("").await;
        let grace = world.person(GRACE).await;
        let mut owner = world.sign_in(GRACE, PASSWORD).await;
        connect(&fakes, &mut owner, "github", "grace").await;
        world.advance(7 * 86_400);
        // The intruder has her password.
        let mut intruder = world.sign_in(GRACE, PASSWORD).await;
        let own = identities(&world, &grace.id).await[0].id.to_string();
        let done = connect(&fakes, &mut intruder, "discord", "alan").await;
        assert_eq!(done.location(), "/account/identities?notice=identity-connected&with=discord");
        let gone = intruder.post("/account/identities/disconnect", &[("identity", &own)]).await;
        assert_eq!(gone.location(), "/account/identities?notice=identity-disconnected&with=github");
        let alarm = alarms(&world, GRACE).await.into_iter().find(|mail| mail.subject.contains(first)).unwrap();
        super::super::scan(&world, &alarm).await;
        assert_eq!(identities(&world, &grace.id).await[0].provider, "discord", "a scanner changes nothing");
        assert_eq!(press(&world, &alarm).await.status, 200);
        let now = identities(&world, &grace.id).await;
        assert_eq!(now.iter().map(|identity| identity.id.to_string()).collect::<Vec<_>>(), [own], "{first}");
        assert!(who(&intruder).await.is_none() && who(&owner).await.is_none());
        let (thief, _) = come(&world, &fakes, "discord", "alan", "none").await;
        assert_ne!(who(&thief).await.as_deref(), Some(grace.id.as_str()), "{first}");
        let back = arrive_locked(&world, &fakes, "github", "grace", GRACE).await;
        assert_eq!(who(&back).await.as_deref(), Some(grace.id.as_str()), "{first}");
    }
}

/// What is disconnected comes back only for its owner and only for a while.
#[tokio::test]
async fn what_somebody_else_has_connected_meanwhile_stays_theirs() {
    for database in Database::BOTH {
        let Some((world, fakes)) = World::with_fakes_on(database, "").await else { continue };
        let user = world.person(GRACE).await;
        let mut grace = world.sign_in(GRACE, PASSWORD).await;
        connect(&fakes, &mut grace, "github", "grace").await;
        let own = identities(&world, &user.id).await[0].id.to_string();
        grace.post("/account/identities/disconnect", &[("identity", &own)]).await;
        let alarm = alarms(&world, GRACE).await.into_iter().find(|mail| mail.subject.contains("disconnected")).unwrap();
        let bob = world.person("bob@a.example").await;
        let mut browser = world.sign_in("bob@a.example", PASSWORD).await;
        assert_eq!(
            connect(&fakes, &mut browser, "github", "grace").await.location(),
            "/account/identities?notice=identity-connected&with=github"
        );
        assert_eq!(press(&world, &alarm).await.status, 200);
        assert!(identities(&world, &user.id).await.is_empty());
        assert_eq!(identities(&world, &bob.id).await.len(), 1);
        assert_eq!(who(&arrive(&world, &fakes, "github", "grace").await).await.as_deref(), Some(bob.id.as_str()));
    }
}

/// The intruder linked by a provider's word is out with one press, too.
#[tokio::test]
async fn a_link_by_address_is_told_and_taken_back() {
    let (world, fakes) = World::with_fakes(LINK).await;
    let ada = world.person(GRACE).await;
    world.advance(7 * 86_400);
    let intruder = arrive(&world, &fakes, "github", "grace").await;
    let alarm = alarms(&world, GRACE).await.into_iter().find(|mail| mail.subject.contains("GitHub was connected")).unwrap();
    assert_eq!(press(&world, &alarm).await.status, 200);
    assert!(identities(&world, &ada.id).await.is_empty() && who(&intruder).await.is_none());
}
