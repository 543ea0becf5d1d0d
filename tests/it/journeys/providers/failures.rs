//! Providers that are slow, down, broken or wrong: one sentence, and everything else still possible.

use super::*;

/// Back on the sign-in page with this in its sentence; nobody is signed in, nothing is made, and the password still works from here.
async fn fails(world: &World, browser: &mut Browser, answer: &Answer, sentence: &str, what: &str) {
    assert_eq!(answer.status, 303, "{what}: {}", answer.text());
    assert!(answer.location().starts_with("/login?flow=flow_"), "{what}: {}", answer.location());
    let page = browser.follow(answer).await;
    assert_eq!(page.status, 200, "{what}");
    assert!(notice(&page).contains(sentence), "{what}: {}", notice(&page));
    assert_eq!(buttons(&page).len(), 5, "{what}: every button is there");
    assert!(page.value("identifier").is_some() && page.value("password").is_some(), "{what}");
    assert!(!is_signed_in(browser).await, "{what}");
    for email in [ADA, GRACE, ALAN] {
        assert!(world.read(email).await.is_none(), "{what}: {email}");
    }
    let mut other = browser.clone();
    let signed_in = with_password(&mut other, "bob@a.example").await;
    assert_eq!(signed_in.location(), "/account", "{what}");
}

const CANCELLED: &str = "nothing has changed";
const UNAVAILABLE: &str = "does not answer at the moment";
const UNUSABLE: &str = "could not be used";

#[tokio::test]
async fn a_person_who_does_not_go_on_there_is_back_where_they_were() {
    let (world, fakes) = World::with_fakes("").await;
    world.person("bob@a.example").await;
    for provider in ["google", "github", "facebook", "twitter", "discord"] {
        let mut browser = world.browser();
        browser.get("/login").await;
        let to = leave(&mut browser, provider).await;
        let callback = path_and_query(&fakes.cancel(&to).await);
        let answer = browser.get(&callback).await;
        fails(&world, &mut browser, &answer, CANCELLED, provider).await;
        let again = browser.get(&callback).await;
        assert!(again.location().starts_with("/login?flow=") && !again.location().contains("failed"), "{provider}: once");
        // The page that is open leads there again.
        browser.get("/login").await;
        let to = leave(&mut browser, provider).await;
        assert!(fakes.answer(&to, "ada", "none").await.query().unwrap().contains("code="));
    }
}

#[tokio::test]
async fn broken_answers_of_every_provider() {
    let (world, fakes) = World::with_fakes("").await;
    world.person("bob@a.example").await;
    for provider in ["google", "github", "facebook", "twitter", "discord"] {
        for (quirk, sentence) in
            [("down", UNAVAILABLE), ("garbage", UNUSABLE), ("html", UNUSABLE), ("huge", UNUSABLE), ("renamed", UNUSABLE)]
        {
            let (mut browser, answer) = come(&world, &fakes, provider, "ada", quirk).await;
            fails(&world, &mut browser, &answer, sentence, &format!("{provider} {quirk}")).await;
        }
        // It was that answer only.
        arrive_or_prove(&world, &fakes, provider).await;
    }
}

/// The next visitor gets through.
async fn arrive_or_prove(world: &World, fakes: &Fakes, provider: &str) {
    let mut browser = world.browser();
    browser.get("/login").await;
    let answer = through_as(fakes, &mut browser, provider, &format!("zoe@{provider}.example")).await;
    let good = ["/account", "/login/address?flow="].iter().any(|good| answer.location().starts_with(good));
    assert!(good, "{provider}: {} {}", answer.location(), answer.text());
}

/// Nobody waits longer than ours do, whichever provider it is.
#[tokio::test]
async fn slow_answers() {
    let (world, fakes) = World::with_slow_fakes("").await;
    world.person("bob@a.example").await;
    let slow = async |provider: &str| {
        let (mut browser, answer) = come(&world, &fakes, provider, "ada", "slow").await;
        fails(&world, &mut browser, &answer, UNAVAILABLE, provider).await;
    };
    tokio::join!(slow("google"), slow("github"), slow("facebook"), slow("twitter"), slow("discord"));
}

/// The ID token is not what it should be: each time somebody might stand between.
#[tokio::test]
async fn id_tokens_that_are_not_believed() {
    let (world, fakes) = World::with_fakes("").await;
    world.person("bob@a.example").await;
    for quirk in ["clock_ahead", "expired", "other_nonce", "wrong_issuer", "other_person", "mix_up"] {
        let (mut browser, answer) = come(&world, &fakes, "google", "ada", quirk).await;
        fails(&world, &mut browser, &answer, UNUSABLE, quirk).await;
    }
    let (mut browser, answer) = come(&world, &fakes, "github", "ada", "mix_up").await;
    fails(&world, &mut browser, &answer, UNUSABLE, "github mix_up").await;
    // Fields of other types than the standards have are left out, and keep nobody out.
    let (mut browser, answer) = come(&world, &fakes, "google", "ada", "bent_types").await;
    assert_eq!((answer.location(), is_signed_in(&mut browser).await), ("/account", true), "{}", answer.text());
    // A token that is ten minutes old is still good.
    let (mut browser, answer) = come(&world, &fakes, "google", "ada", "clock_behind").await;
    assert_eq!((answer.location(), is_signed_in(&mut browser).await), ("/account", true));
}

#[tokio::test]
async fn new_keys_are_no_failure() {
    let (world, fakes) = World::with_fakes("").await;
    let (mut browser, answer) = come(&world, &fakes, "google", "ada", "keys_rotated").await;
    assert_eq!((answer.location(), is_signed_in(&mut browser).await), ("/account", true), "{}", answer.text());
    arrive(&world, &fakes, "google", "ada").await;
}

#[tokio::test]
async fn a_provider_that_is_not_there_at_all() {
    let (world, fakes) = World::with_fakes("").await;
    world.person("bob@a.example").await;
    let mut on_the_way = world.browser();
    on_the_way.get("/login").await;
    let to = leave(&mut on_the_way, "discord").await;
    let callback = fakes.answer(&to, "ada", "none").await;
    drop(fakes);
    let answer = on_the_way.get(&path_and_query(&callback)).await;
    fails(&world, &mut on_the_way, &answer, UNAVAILABLE, "gone meanwhile").await;
    // Google's metadata were never read: nobody is sent anywhere.
    let mut browser = world.browser();
    let page = browser.get("/login").await;
    let fields = beside(&page, "google").unwrap();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    // The second time it is not even asked; the page is the same.
    for _ in 0..2 {
        let answer = browser.post("/connect/google", &fields).await;
        assert_eq!(answer.status, 303);
        let page = browser.follow(&answer).await;
        assert!(notice(&page).contains(UNAVAILABLE), "{}", notice(&page));
    }
    assert_eq!(with_password(&mut browser, "bob@a.example").await.location(), "/account");
}

/// The account's own address is its owner's business; what the identity is called follows the provider.
#[tokio::test]
async fn another_address_at_the_provider_changes_nothing_here() {
    let (world, fakes) = World::with_fakes("").await;
    arrive(&world, &fakes, "github", "ada").await;
    let ada = world.read(ADA).await.unwrap();
    let grace = world.person(GRACE).await;
    for (email, quirk) in [("ada@elsewhere.example", "none"), (GRACE, "none"), (GRACE, "unverified_email")] {
        let mut browser = world.browser();
        browser.get("/login").await;
        let to = leave(&mut browser, "github").await;
        let callback = fakes.answer_with_email(&to, "ada", email, quirk).await;
        assert_eq!(browser.get(&path_and_query(&callback)).await.location(), "/account");
        assert_eq!(who(&browser).await.as_deref(), Some(ada.id.as_str()), "{email} {quirk}");
        assert_eq!(world.read(ada.id.as_str()).await.unwrap().email, ada.email);
        assert_eq!(identities(&world, &ada.id).await[0].name, email);
        let page = browser.get("/account/identities").await;
        assert!(page.text().contains(email));
    }
    let (browser, answer) = come(&world, &fakes, "github", "ada", "no_email").await;
    assert_eq!((answer.location(), who(&browser).await.as_deref()), ("/account", Some(ada.id.as_str())));
    assert_eq!(identities(&world, &ada.id).await[0].name, "ada", "the user name, where there is no address");
    assert!(identities(&world, &grace.id).await.is_empty());
}

/// Somebody whose provider gives them another person's address is not that person.
#[tokio::test]
async fn another_persons_address_leads_into_no_account() {
    let (world, fakes) = World::with_fakes("").await;
    let ada = world.person(ADA).await;
    for provider in ["google", "github", "discord"] {
        let mut browser = world.browser();
        browser.get("/login").await;
        let to = leave(&mut browser, provider).await;
        let callback = fakes.answer_with_email(&to, "alan", ADA, "unverified_email").await;
        let answer = browser.get(&path_and_query(&callback)).await;
        assert!(answer.location().starts_with("/login/address?flow="), "{provider}: {}", answer.location());
        assert!(!is_signed_in(&mut browser).await);
    }
    assert!(identities(&world, &ada.id).await.is_empty());
}

/// What an application asked for survives a provider that fails.
#[tokio::test]
async fn the_way_to_the_application_survives() {
    let (world, fakes) = World::with_fakes("").await;
    world.person("bob@a.example").await;
    let client = super::super::account::shop(&world).await;
    for quirk in ["cancel", "down"] {
        let mut browser = world.browser();
        let request = format!(
            "/oauth2/authorize?client_id={client}&response_type=code&redirect_uri=https%3A%2F%2Fshop.example%2Fcb&scope=openid\
             &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
        );
        let login = browser.get(&request).await;
        browser.follow(&login).await;
        let to = leave(&mut browser, "github").await;
        let callback = if quirk == "cancel" { fakes.cancel(&to).await } else { fakes.answer(&to, "ada", quirk).await };
        let answer = browser.get(&path_and_query(&callback)).await;
        let page = browser.follow(&answer).await;
        assert!(page.text().contains("Shop") && !notice(&page).is_empty(), "{quirk}");
        let signed_in = with_password(&mut browser, "bob@a.example").await;
        assert!(signed_in.location().starts_with("/consent?flow="), "{quirk}: {}", signed_in.location());
    }
}

/// Whatever the address line says, only sentences of ours about providers of ours are shown.
#[tokio::test]
async fn a_made_up_failure_shows_nothing_foreign() {
    let (world, _fakes) = World::with_fakes("").await;
    for query in ["failed=cancelled&with=%3Cb%3EEvil", "failed=%3Cscript%3E&with=google", "failed=cancelled", "with=google"] {
        let page = world.browser().get(&format!("/login?{query}")).await;
        assert_eq!((page.status, notice(&page)), (200, String::new()), "{query}");
    }
}
