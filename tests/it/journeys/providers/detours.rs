//! What somebody has brought from a provider goes with them where something is still missing: a second factor that was given there, and
//! "stay signed in". It counts for that identity's account, in that journey, and for no longer.

use serde_json::json;

use super::*;

const COUNTS: &str = "[google]\nsecond_factor = [\"mfa\"]\n";
const TWO: &str = "urn:vestibule:acr:two-factor";
const ONE: &str = "urn:vestibule:acr:one-factor";
/// Google's word links nothing: the owner of an account with the address signs in first.
const ASK: &str = "[google]\nsecond_factor = [\"mfa\"]\nlinking = \"ask\"\n";
const REQUIRED: &str = "[second_factor]\nrequired = \"everyone\"\n";

/// From the sign-in page with "stay signed in" as given to the provider and back.
async fn come_with(world: &World, fakes: &Fakes, provider: &str, person: &str, quirk: &str, remember: bool) -> (Browser, Answer) {
    let mut browser = world.browser();
    browser.get("/login").await;
    let answer = go(fakes, &mut browser, provider, person, quirk, remember).await;
    (browser, answer)
}

async fn go(fakes: &Fakes, browser: &mut Browser, provider: &str, person: &str, quirk: &str, remember: bool) -> Answer {
    let ticked: &[(&str, &str)] = if remember { &[("remember", "true")] } else { &[] };
    let sent = browser.post(&format!("/connect/{provider}"), ticked).await;
    let to = sent.header("refresh").strip_prefix("0; url=").expect("on the way").to_owned();
    let callback = fakes.answer(&to, person, quirk).await;
    browser.get(&path_and_query(&callback)).await
}

/// Whether the session outlives the browser.
async fn is_remembered(browser: &Browser) -> bool {
    let found = session(browser).await["session"].clone();
    found["expires_at"].as_i64().unwrap() - found["created_at"].as_i64().unwrap() > 2 * 86_400
}

async fn acr(browser: &Browser) -> String {
    session(browser).await["session"]["acr"].as_str().unwrap_or_default().to_owned()
}

/// Whether the open sign-in form would stay signed in.
fn is_ticked(page: &Answer) -> bool {
    page.form("/login").fields.contains(&("remember".to_owned(), "true".to_owned()))
}

/// Answers `/login/join` by signing in; the sign-in page is open then. The question's journey.
async fn to_owner(browser: &mut Browser, answer: &Answer) -> String {
    assert!(answer.location().starts_with("/login/join?flow="), "{} {}", answer.location(), answer.text());
    let flow = browser.follow(answer).await.value("flow").unwrap();
    let login = browser.post("/login/join", &[("flow", &flow), ("do", "sign-in")]).await;
    assert_eq!(browser.follow(&login).await.status, 200);
    flow
}

#[tokio::test]
async fn staying_signed_in_goes_by_way_of_the_address() {
    for settings in ["", UNPROVED] {
        for remember in [true, false] {
            let (world, fakes) = World::with_fakes(settings).await;
            let (mut browser, answer) = come_with(&world, &fakes, "facebook", "grace", "none", remember).await;
            browser.follow(&answer).await;
            let mut done = browser.submit("/login/address", &[]).await;
            if settings.is_empty() {
                // Another address after all: the journey before knows it still.
                let back = browser.follow(&done).await;
                assert!(back.text().contains("/login/address?flow="), "{}", back.text());
                let flow = back.value("flow").unwrap();
                browser.get(&format!("/login/address?flow={flow}")).await;
                done = browser.submit("/login/address", &[("email", "hopper@post.example")]).await;
                browser.follow(&done).await;
                done = browser.submit("/verify", &[("code", &code_to(&world, "hopper@post.example").await)]).await;
            }
            assert_eq!(done.location(), "/account", "{}", done.text());
            assert_eq!(is_remembered(&browser).await, remember, "{settings:?}");
        }
    }
}

#[tokio::test]
async fn staying_signed_in_goes_with_a_new_account_beside_a_strangers() {
    for remember in [true, false] {
        let (world, fakes) = World::with_fakes(UNPROVED).await;
        claims(&world, ADA, THEIRS).await;
        let (mut browser, answer) = come_with(&world, &fakes, "google", "ada", "none", remember).await;
        let flow = browser.follow(&answer).await.value("flow").unwrap();
        let done = browser.post("/login/join", &[("flow", &flow), ("do", "afresh")]).await;
        assert_eq!(done.location(), "/account", "{}", done.text());
        assert_eq!(is_remembered(&browser).await, remember);
    }
}

#[tokio::test]
async fn staying_signed_in_goes_by_way_of_the_owners_sign_in() {
    for remember in [true, false] {
        let (world, fakes) = World::with_fakes(ASK).await;
        let ada = world.user(json!({"email": ADA, "password": PASSWORD})).await;
        let (mut browser, answer) = come_with(&world, &fakes, "google", "ada", "none", remember).await;
        let question = to_owner(&mut browser, &answer).await;
        assert_eq!(is_ticked(browser.open().unwrap()), remember);
        // The address is proved on the way.
        let verify = with_password(&mut browser, ADA).await;
        assert!(verify.location().starts_with("/verify?flow="), "{}", verify.location());
        browser.follow(&verify).await;
        let back = browser.submit("/verify", &[("code", &code_to(&world, ADA).await)]).await;
        assert!(back.location().starts_with("/login/connect?flow="), "{}", back.location());
        assert_eq!(is_remembered(&browser).await, remember);
        browser.follow(&back).await;
        browser.post("/login/connect", &[("flow", &question), ("do", "connect")]).await;
        assert_eq!(identities(&world, &ada.id).await.len(), 1);
        assert_eq!(is_remembered(&browser).await, remember);
    }
}

/// In vain, there and back: the form is as it was left, and the address line, which ends up in logs, has nothing of it.
#[tokio::test]
async fn the_form_is_as_it_was_left() {
    let (world, fakes) = World::with_fakes("").await;
    for (remember, what) in [(true, "cancel"), (false, "cancel"), (true, "down"), (false, "down")] {
        let mut browser = world.browser();
        browser.get("/login").await;
        let mut typed = vec![("identifier", "zoe@a.example")];
        typed.extend(remember.then_some(("remember", "true")));
        let sent = browser.post("/connect/github", &typed).await;
        let to = sent.header("refresh").strip_prefix("0; url=").expect("on the way").to_owned();
        let callback = if what == "cancel" { fakes.cancel(&to).await } else { fakes.answer(&to, "ada", "down").await };
        let back = browser.get(&path_and_query(&callback)).await;
        assert!(back.location().starts_with("/login?flow="), "{}", back.location());
        assert!(!back.location().contains("zoe"), "{}", back.location());
        let page = browser.follow(&back).await;
        assert_eq!((page.value("identifier").as_deref(), is_ticked(&page)), (Some("zoe@a.example"), remember), "{what}");
        assert!(!notice(&page).is_empty());
    }
    // Google's metadata cannot be had: nobody even leaves.
    drop(fakes);
    let mut browser = world.browser();
    browser.get("/login").await;
    let back = browser.post("/connect/google", &[("identifier", "zoe@a.example")]).await;
    assert!(back.location().starts_with("/login?flow=") && !back.location().contains("zoe"), "{}", back.location());
    let page = browser.follow(&back).await;
    assert_eq!((page.value("identifier").as_deref(), is_ticked(&page)), (Some("zoe@a.example"), false));
    // Somebody else's browser does not see it.
    assert_eq!(world.browser().get(back.location()).await.value("identifier").as_deref(), Some(""));
}

/// Who began on the sign-up page is back there.
#[tokio::test]
async fn the_sign_up_form_is_as_it_was_left() {
    let (world, fakes) = World::with_fakes("").await;
    let client = super::super::account::shop(&world).await;
    let request = format!(
        "/oauth2/authorize?client_id={client}&response_type=code&redirect_uri=https%3A%2F%2Fshop.example%2Fcb&scope=openid\
         &prompt=create&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
    );
    for start in ["/signup", &request] {
        let mut browser = world.browser();
        let page = browser.get(start).await;
        let page = if page.status == 303 { browser.follow(&page).await } else { page };
        let flow = page.value("flow").unwrap_or_default();
        let typed = [("flow", flow.as_str()), ("email", "zoe@a.example"), ("name", "Zoë Quinn"), ("password", PASSWORD)];
        let sent = browser.post("/connect/github", &typed).await;
        let to = sent.header("refresh").strip_prefix("0; url=").expect("on the way").to_owned();
        let back = browser.get(&path_and_query(&fakes.cancel(&to).await)).await;
        assert!(back.location().starts_with("/signup?flow=") && !back.location().contains("zoe"), "{}", back.location());
        let page = browser.follow(&back).await;
        assert_eq!(page.value("email").as_deref(), Some("zoe@a.example"), "{}", page.text());
        assert_eq!(page.value("name").as_deref(), Some("Zoë Quinn"));
        assert!(notice(&page).contains("You cancelled at GitHub"), "{}", notice(&page));
        assert_eq!(page.text().contains("Shop"), start != "/signup");
    }
}

/// What is ticked on the page in between is what counts.
#[tokio::test]
async fn the_tick_can_be_changed_on_the_way() {
    let (world, fakes) = World::with_fakes(ASK).await;
    world.person(ADA).await;
    let (mut browser, answer) = come_with(&world, &fakes, "google", "ada", "none", false).await;
    to_owner(&mut browser, &answer).await;
    let typed = [("identifier", ADA), ("password", PASSWORD), ("remember", "true")];
    browser.submit("/login", &typed).await;
    assert!(is_remembered(&browser).await);
}

/// A mail that is opened on another device: the tick was not meant for that one.
#[tokio::test]
async fn the_tick_stays_in_its_browser() {
    let (world, _fakes) = World::with_fakes("").await;
    world.user(json!({"email": ADA, "password": PASSWORD})).await;
    let mut browser = world.browser();
    let verify = browser.sign_in(ADA, PASSWORD).await;
    assert!(verify.location().starts_with("/verify?flow="), "{}", verify.location());
    let mail = world.mail_to(ADA).await;
    let mut other = world.browser();
    other.get(&mail.link).await;
    let done = other.submit("/verify/link", &[("password", PASSWORD)]).await;
    assert_eq!(done.location(), "/account", "{} {}", done.status, done.text());
    assert!(!is_remembered(&other).await);
}

#[tokio::test]
async fn a_second_factor_goes_by_way_of_the_address() {
    for settings in [String::new(), UNPROVED.to_owned(), REQUIRED.to_owned()] {
        for (counts, quirk, expected) in [(COUNTS, "multi_factor", TWO), (COUNTS, "none", ONE), ("", "multi_factor", ONE)] {
            let (world, fakes) = World::with_fakes(&format!("{counts}{settings}")).await;
            let (mut browser, answer) = come(&world, &fakes, "google", "grace", quirk).await;
            assert!(answer.location().starts_with("/login/address?flow="), "{}", answer.location());
            browser.follow(&answer).await;
            let mut done = browser.submit("/login/address", &[]).await;
            if settings != UNPROVED {
                browser.follow(&done).await;
                done = browser.submit("/verify", &[("code", &code_to(&world, GRACE).await)]).await;
            }
            if settings == REQUIRED && expected == ONE {
                assert!(done.location().starts_with("/login/enrol?flow="), "{quirk}: {}", done.location());
                continue;
            }
            assert_eq!(done.location(), "/account", "{settings:?} {quirk}: {}", done.text());
            assert_eq!(acr(&browser).await, expected, "{settings:?} {counts:?} {quirk}");
            let amr = session(&browser).await["session"]["amr"].clone();
            assert_eq!(amr.as_array().unwrap().contains(&json!("mfa")), expected == TWO, "{amr}");
            assert!(amr.as_array().unwrap().contains(&json!("fed")), "{amr}");
        }
    }
}

/// The sign-up stays open for a day, so that the mail may be read later; the proof does not.
#[tokio::test]
async fn a_second_factor_is_over_with_the_journey_that_brought_it() {
    for (minutes, expected) in [(29, TWO), (31, ONE)] {
        for again in [false, true] {
            let (world, fakes) = World::with_fakes(COUNTS).await;
            let (mut browser, answer) = come(&world, &fakes, "google", "grace", "multi_factor").await;
            browser.follow(&answer).await;
            let mut sent = browser.submit("/login/address", &[("email", "hopper@post.example")]).await;
            world.advance(minutes * 60);
            let flow = browser.follow(&sent).await.value("flow").unwrap();
            if again {
                // Another address begins another sign-up, and no other proof.
                browser.get(&format!("/login/address?flow={flow}")).await;
                sent = browser.submit("/login/address", &[("email", GRACE)]).await;
            } else {
                sent = browser.post("/verify/resend", &[("flow", &flow)]).await;
            }
            browser.follow(&sent).await;
            let to = if again { GRACE } else { "hopper@post.example" };
            let done = browser.submit("/verify", &[("code", &code_to(&world, to).await)]).await;
            assert_eq!(done.location(), "/account", "{}", done.text());
            assert_eq!(acr(&browser).await, expected, "{minutes} minutes, {again}");
        }
    }
}

#[tokio::test]
async fn a_second_factor_goes_with_a_new_account_beside_a_strangers() {
    for (counts, quirk, expected) in [(COUNTS, "multi_factor", TWO), (COUNTS, "none", ONE), ("", "multi_factor", ONE)] {
        let (world, fakes) = World::with_fakes(&format!("{counts}{UNPROVED}")).await;
        let stranger = claims(&world, ADA, THEIRS).await;
        let (mut browser, answer) = come(&world, &fakes, "google", "ada", quirk).await;
        let flow = browser.follow(&answer).await.value("flow").unwrap();
        let done = browser.post("/login/join", &[("flow", &flow), ("do", "afresh")]).await;
        assert_eq!(done.location(), "/account", "{}", done.text());
        assert_eq!(acr(&browser).await, expected, "{quirk}");
        assert_eq!(acr(&stranger).await, ONE, "the stranger has given none");
    }
}

/// It is the identity's, and so the account's once they are connected.
#[tokio::test]
async fn a_second_factor_counts_once_the_identity_is_connected() {
    for database in Database::BOTH {
        for (quirk, expected) in [("multi_factor", TWO), ("none", ONE)] {
            let Some((world, fakes)) = World::with_fakes_on(database, ASK).await else { continue };
            world.person(ADA).await;
            let (mut browser, answer) = come(&world, &fakes, "google", "ada", quirk).await;
            let question = to_owner(&mut browser, &answer).await;
            let back = with_password(&mut browser, ADA).await;
            let before = session(&browser).await["session"].clone();
            assert_eq!(before["acr"], ONE, "not yet: whose identity it is nobody has said");
            let mut declined = browser.clone();
            browser.follow(&back).await;
            let done = browser.post("/login/connect", &[("flow", &question), ("do", "connect")]).await;
            assert_eq!(done.location(), "/account", "{}", done.text());
            let after = session(&browser).await["session"].clone();
            assert_eq!(after["acr"], expected, "{quirk}");
            assert_eq!(after["auth_time"], before["auth_time"], "nobody has proved anything since");
            assert_eq!((&after["id"], &after["expires_at"]), (&before["id"], &before["expires_at"]));
            // Once.
            assert_eq!(declined.post("/login/connect", &[("flow", &question), ("do", "connect")]).await.status, 410);
        }
    }
}

#[tokio::test]
async fn it_counts_for_nobody_who_does_not_connect_it() {
    let (world, fakes) = World::with_fakes(ASK).await;
    let ada = world.person(ADA).await;
    // "Not now."
    let (mut browser, answer) = come(&world, &fakes, "google", "ada", "multi_factor").await;
    let question = to_owner(&mut browser, &answer).await;
    with_password(&mut browser, ADA).await;
    browser.post("/login/connect", &[("flow", &question), ("do", "not-now")]).await;
    assert_eq!((acr(&browser).await.as_str(), identities(&world, &ada.id).await.len()), (ONE, 0));
    // Too late.
    let (mut browser, answer) = come(&world, &fakes, "google", "ada", "multi_factor").await;
    let question = to_owner(&mut browser, &answer).await;
    with_password(&mut browser, ADA).await;
    world.advance(31 * 60);
    assert_eq!(browser.post("/login/connect", &[("flow", &question), ("do", "connect")]).await.status, 410);
    assert_eq!((acr(&browser).await.as_str(), identities(&world, &ada.id).await.len()), (ONE, 0));
    // The identity is somebody else's by now.
    let (mut browser, answer) = come(&world, &fakes, "google", "ada", "multi_factor").await;
    let question = to_owner(&mut browser, &answer).await;
    with_password(&mut browser, ADA).await;
    world.person("eve@a.example").await;
    let mut eve = world.sign_in("eve@a.example", PASSWORD).await;
    connect(&fakes, &mut eve, "google", "ada").await;
    assert_eq!(browser.post("/login/connect", &[("flow", &question), ("do", "connect")]).await.status, 410);
    assert_eq!((acr(&browser).await.as_str(), identities(&world, &ada.id).await.len()), (ONE, 0));
}

/// The question of another journey, in the same browser, brings only what was brought there.
#[tokio::test]
async fn it_counts_in_its_own_journey_only() {
    let (world, fakes) = World::with_fakes(&format!("{ASK}[github]\nlinking = \"ask\"\n")).await;
    let ada = world.person(ADA).await;
    let (mut browser, answer) = come(&world, &fakes, "google", "ada", "multi_factor").await;
    let google = to_owner(&mut browser, &answer).await;
    browser.get("/login").await;
    let answer = go(&fakes, &mut browser, "github", "ada", "none", true).await;
    let github = to_owner(&mut browser, &answer).await;
    with_password(&mut browser, ADA).await;
    let done = browser.post("/login/connect", &[("flow", &github), ("do", "connect")]).await;
    assert_eq!((done.location(), identities(&world, &ada.id).await.len()), ("/account", 1), "{}", done.text());
    assert_eq!(acr(&browser).await, ONE, "GitHub's identity");
    // Nor in another browser.
    let mut stolen = world.sign_in(ADA, PASSWORD).await;
    assert_eq!(stolen.post("/login/connect", &[("flow", &google), ("do", "connect")]).await.status, 410);
    assert_eq!(acr(&stolen).await, ONE);
}

/// The account's own second factor is asked for all the same: before the question is answered the identity could be anybody's.
#[tokio::test]
async fn it_stands_for_no_other_accounts_second_factor() {
    let (world, fakes) = World::with_fakes(ASK).await;
    world.person(ADA).await;
    let mut owner = world.sign_in(ADA, PASSWORD).await;
    super::super::second_factor::add_app(&world, &mut owner).await;
    let (mut browser, answer) = come(&world, &fakes, "google", "ada", "multi_factor").await;
    to_owner(&mut browser, &answer).await;
    let half = with_password(&mut browser, ADA).await;
    assert!(half.location().starts_with("/login/second?flow="), "{}", half.location());
    let (world, fakes) = World::with_fakes(&format!("{ASK}{REQUIRED}")).await;
    world.person(ADA).await;
    let (mut browser, answer) = come(&world, &fakes, "google", "ada", "multi_factor").await;
    to_owner(&mut browser, &answer).await;
    let enrol = with_password(&mut browser, ADA).await;
    assert!(enrol.location().starts_with("/login/enrol?flow="), "{}", enrol.location());
}

/// An application that wants two factors is content with those.
#[tokio::test]
async fn an_application_that_wants_two_gets_them() {
    let (world, fakes) = World::with_fakes(ASK).await;
    world.person(ADA).await;
    let client = super::super::account::shop(&world).await;
    let request = format!(
        "/oauth2/authorize?client_id={client}&response_type=code&redirect_uri=https%3A%2F%2Fshop.example%2Fcb&scope=openid\
         &acr_values=urn%3Avestibule%3Aacr%3Atwo-factor\
         &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
    );
    let mut browser = world.browser();
    let login = browser.get(&request).await;
    browser.follow(&login).await;
    let answer = through(&fakes, &mut browser, "google", "ada", "multi_factor").await;
    let question = to_owner(&mut browser, &answer).await;
    let back = with_password(&mut browser, ADA).await;
    browser.follow(&back).await;
    let done = browser.post("/login/connect", &[("flow", &question), ("do", "connect")]).await;
    assert!(done.location().starts_with("/consent?flow="), "{}", done.location());
    let consent = browser.follow(&done).await;
    assert_eq!(consent.status, 200, "{}", consent.location());
    assert!(consent.text().contains("Shop"));
}

/// The session from which it was answered is over: nothing is connected, nothing opened.
#[tokio::test]
async fn a_session_that_ended_answers_no_question() {
    let (world, fakes) = World::with_fakes(ASK).await;
    let ada = world.person(ADA).await;
    let (mut browser, answer) = come(&world, &fakes, "google", "ada", "multi_factor").await;
    let question = to_owner(&mut browser, &answer).await;
    with_password(&mut browser, ADA).await;
    let mut other = world.sign_in(ADA, PASSWORD).await;
    other.get("/account/sessions").await;
    other.submit("/account/sessions/end-others", &[]).await;
    let refused = browser.post("/login/connect", &[("flow", &question), ("do", "connect")]).await;
    assert!(refused.location().starts_with("/login?"), "{} {}", refused.status, refused.location());
    assert!(who(&browser).await.is_none() && identities(&world, &ada.id).await.is_empty());
}
