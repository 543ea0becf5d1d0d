//! Somebody with an account comes by a provider that vouches for no address, and gives theirs: the mail says how to go on.

use super::*;

const FACEBOOK: &str = "facebook";
const GIVEN: &str = "zoe@a.example";

/// Comes by Facebook and gives the address; the browser, with the page for the code open, and what came by mail.
async fn give(world: &World, fakes: &Fakes, email: &str) -> (Browser, Answer, Mail) {
    let (mut browser, answer) = come(world, fakes, FACEBOOK, "grace", "none").await;
    browser.follow(&answer).await;
    let sent = browser.submit("/login/address", &[("email", email)]).await;
    assert!(sent.location().starts_with("/verify?flow="), "{} {}", sent.location(), sent.text());
    let page = browser.follow(&sent).await;
    (browser, page, world.mails_to(email).await.into_iter().next().expect("a mail"))
}

#[tokio::test]
async fn the_mail_leads_to_signing_in_and_connecting() {
    for database in Database::BOTH {
        let Some((world, fakes)) = World::with_fakes_on(database, "").await else { continue };
        let zoe = world.person(GIVEN).await;
        let (mut browser, page, mail) = give(&world, &fakes, GIVEN).await;
        assert!(page.text().contains("If you have an account with this address already, the mail says how to go on."));
        assert_eq!((mail.subject.as_str(), mail.code.as_str()), ("Sign in to connect Facebook", ""));
        assert!(mail.text.contains("came to Vestibule with Facebook and gave this address"), "{}", mail.text);
        assert!(mail.link.starts_with("/login/connect/link?token="), "{}", mail.link);
        // Opened twice, as by whoever looks at links before people do.
        browser.get(&mail.link).await;
        let login = browser.get(&mail.link).await;
        assert!(login.location().starts_with("/login?flow=") && !login.location().contains('@'), "{}", login.location());
        let page = browser.follow(&login).await;
        assert_eq!(page.value("identifier").as_deref(), Some(GIVEN), "not in the address line, but in the form");
        assert!(identities(&world, &zoe.id).await.is_empty());
        let signed_in = with_password(&mut browser, GIVEN).await;
        assert!(signed_in.location().starts_with("/login/connect?flow="), "{} {}", signed_in.location(), signed_in.text());
        let question = browser.follow(&signed_in).await;
        assert!(question.text().contains("Facebook") && question.text().contains(GRACE) && question.text().contains(GIVEN));
        assert!(identities(&world, &zoe.id).await.is_empty(), "asked, not done");
        assert_eq!(browser.submit("/login/connect", &[("do", "connect")]).await.location(), "/account");
        let again = arrive(&world, &fakes, FACEBOOK, "grace").await;
        assert_eq!(who(&again).await.as_deref(), Some(zoe.id.as_str()), "from now on it is one account");
        // What is connected needs no connecting.
        assert_eq!(world.browser().get(&mail.link).await.location(), "/login");
        assert_eq!(browser.get(&mail.link).await.location(), "/login");
    }
}

/// Whoever reads the mail elsewhere has not been at the provider: nothing is connected with their account, not even by them.
#[tokio::test]
async fn in_another_browser_it_only_signs_in() {
    let (world, fakes) = World::with_fakes("").await;
    let zoe = world.person(GIVEN).await;
    let (_stranger, _, mail) = give(&world, &fakes, GIVEN).await;
    let mut reader = world.browser();
    let login = reader.get(&mail.link).await;
    assert_eq!(login.location(), "/login?failed=elsewhere&with=facebook");
    let page = reader.follow(&login).await;
    assert!(notice(&page).contains("in the browser in which you came with Facebook"), "{}", notice(&page));
    assert_eq!(page.value("flow"), None);
    assert_eq!(with_password(&mut reader, GIVEN).await.location(), "/account");
    assert!(identities(&world, &zoe.id).await.is_empty());
}

/// Whoever gave somebody else's address, and only guesses that there is an account, gets no further.
#[tokio::test]
async fn only_the_mail_has_the_secret() {
    let (world, fakes) = World::with_fakes("").await;
    world.person(GIVEN).await;
    let (mut known, _, mail) = give(&world, &fakes, GIVEN).await;
    let (mut unknown, _, other) = give(&world, &fakes, "nobody@a.example").await;
    let (_, secret) = mail.link.split_once('.').unwrap();
    for (browser, flow) in [(&mut known, "known"), (&mut unknown, "unknown")] {
        let id = browser.open().unwrap().value("flow").unwrap();
        for token in [id.clone(), format!("{id}."), format!("{id}.{}", "A".repeat(43)), format!("{id}.{}", &secret[1..])] {
            assert_eq!(browser.get(&format!("/login/connect/link?token={token}")).await.status, 410, "{flow} {token}");
        }
    }
    // The one mail's secret is not the other's, and neither link does what the other is for.
    let confirm = other.link.replace("/verify/link", "/login/connect/link");
    assert_eq!(unknown.get(&confirm).await.status, 410);
    assert_eq!(known.get(&mail.link.replace("/login/connect/link", "/verify/link")).await.status, 410);
    let id = unknown.open().map(|_| other.link.split(['=', '.']).nth(1).unwrap().to_owned()).unwrap();
    assert_eq!(unknown.get(&format!("/login/connect/link?token={id}.{secret}")).await.status, 410);
}

#[tokio::test]
async fn the_link_lives_as_long_as_it_says() {
    let (world, fakes) = World::with_fakes("").await;
    world.person(GIVEN).await;
    let (mut browser, _, mail) = give(&world, &fakes, GIVEN).await;
    assert!(mail.text.contains("24 hours"), "{}", mail.text);
    world.advance(24 * 3600 - 60);
    assert!(browser.get(&mail.link).await.location().starts_with("/login?flow="));
    world.advance(120);
    assert_eq!(browser.get(&mail.link).await.status, 410);
}

/// An account whose address nobody has proved, perhaps a stranger's: its owner proves it on the way, or sets a new password.
#[tokio::test]
async fn an_unproved_account_is_proved_on_the_way() {
    let (world, fakes) = World::with_fakes("").await;
    let zoe = world.user(serde_json::json!({"email": GIVEN, "password": PASSWORD})).await;
    let (mut browser, _, mail) = give(&world, &fakes, GIVEN).await;
    assert!(mail.text.contains("/reset"), "{}", mail.text);
    let login = browser.get(&mail.link).await;
    browser.follow(&login).await;
    let verify = with_password(&mut browser, GIVEN).await;
    assert!(verify.location().starts_with("/verify?flow="), "{}", verify.location());
    let page = browser.follow(&verify).await;
    assert!(!page.text().contains("If you have an account"), "it is theirs");
    let question = browser.submit("/verify", &[("code", &code_to(&world, GIVEN).await)]).await;
    assert!(question.location().starts_with("/login/connect?flow="), "{}", question.location());
    browser.follow(&question).await;
    browser.submit("/login/connect", &[("do", "connect")]).await;
    assert_eq!(identities(&world, &zoe.id).await.len(), 1);
}

/// The letter with a code promises of its link what is true.
#[tokio::test]
async fn the_letter_with_a_code_says_where_its_link_is_of_use() {
    const HERE: &str = "in the browser in which you began; in another one only the code helps";
    const ANYWHERE: &str = "a button there does the same";
    let (world, fakes) = World::with_fakes("").await;
    let (mut began, _, mail) = give(&world, &fakes, "new@a.example").await;
    assert!(mail.text.contains(HERE) && !mail.text.contains(ANYWHERE), "{}", mail.text);
    let elsewhere = world.browser().get(&mail.link).await;
    assert!(elsewhere.text().contains("and so does the link"), "{}", elsewhere.text());
    began.get(&mail.link).await;
    assert_eq!(began.submit("/verify/link", &[]).await.location(), "/account");
    // With a password, which is asked for elsewhere.
    let mut browser = world.browser();
    browser.get("/signup").await;
    browser.submit("/signup", &[("email", "eve@a.example"), ("password", PASSWORD)]).await;
    let mail = world.mails_to("eve@a.example").await.into_iter().next().unwrap();
    assert!(mail.text.contains(ANYWHERE) && !mail.text.contains(HERE), "{}", mail.text);
}

/// An account without a password, with an address that nobody has proved: no password is asked for that there is not.
#[tokio::test]
async fn the_link_asks_for_no_password_that_there_is_not() {
    let (world, fakes) = World::with_fakes("").await;
    let mut browser = arrive(&world, &fakes, "github", "grace").await;
    browser.cookies.remove("vestibule_session");
    let changes = serde_json::json!({"email_verified": false});
    let changes = vestibule::actions::users::Changes::from_json(changes.as_object().unwrap()).unwrap();
    vestibule::actions::users::update(&world.app, GRACE, &changes).await.unwrap();
    browser.get("/login").await;
    let verify = through(&fakes, &mut browser, "github", "grace", "none").await;
    assert!(verify.location().starts_with("/verify?flow="), "{}", verify.location());
    let mail = world.mails_to(GRACE).await.into_iter().next().unwrap();
    assert!(mail.text.contains("in another one only the code helps"), "{}", mail.text);
    let elsewhere = world.browser().get(&mail.link).await;
    assert_eq!((elsewhere.status, elsewhere.value("password")), (200, None), "{}", elsewhere.text());
}

/// What an application asked for is where it ends.
#[tokio::test]
async fn the_application_is_not_forgotten() {
    let (world, fakes) = World::with_fakes("").await;
    world.person(GIVEN).await;
    let client = super::super::account::shop(&world).await;
    let request = format!(
        "/oauth2/authorize?client_id={client}&response_type=code&redirect_uri=https%3A%2F%2Fshop.example%2Fcb&scope=openid\
         &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
    );
    let mut browser = world.browser();
    let login = browser.get(&request).await;
    browser.follow(&login).await;
    let answer = through(&fakes, &mut browser, FACEBOOK, "grace", "none").await;
    browser.follow(&answer).await;
    let sent = browser.submit("/login/address", &[("email", GIVEN)]).await;
    browser.follow(&sent).await;
    let mail = world.mails_to(GIVEN).await.into_iter().next().unwrap();
    let login = browser.get(&mail.link).await;
    browser.follow(&login).await;
    let question = with_password(&mut browser, GIVEN).await;
    browser.follow(&question).await;
    let done = browser.submit("/login/connect", &[("do", "connect")]).await;
    assert!(done.location().starts_with("/consent?flow="), "{}", done.location());
}
