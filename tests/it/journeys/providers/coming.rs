//! New people, and people who come again.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::*;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Each provider with somebody whose address it vouches for, and what it tells of them.
const VOUCHING: [(&str, &str, &str, &str, bool); 4] = [
    ("google", "ada", ADA, "Ada Lovelace", true),
    ("github", "grace", GRACE, "Grace Hopper", false),
    ("twitter", "alan", ALAN, "Alan Turing", false),
    ("discord", "alan", ALAN, "Alan Turing", false),
];

#[tokio::test]
async fn a_new_person_gets_an_account_and_comes_back_to_it() {
    for (provider, person, email, name, names) in VOUCHING {
        let (world, fakes) = World::with_fakes("").await;
        let browser = arrive(&world, &fakes, provider, person).await;
        let user = world.read(email).await.unwrap();
        assert_eq!(who(&browser).await.as_deref(), Some(user.id.as_str()));
        assert!(user.email_is_verified() && user.password_hash.is_none(), "{provider}");
        assert_eq!(user.profile.name.as_deref(), Some(name), "{provider}");
        assert_eq!(user.profile.given_name.is_some() && user.profile.family_name.is_some(), names, "{provider}");
        assert_eq!(user.profile.picture.is_some(), provider != "discord", "{provider}");
        assert!(user.profile.locale.is_some());
        assert!(world.mails().await.is_empty(), "{provider}: nothing to tell, nothing to prove");
        let found = session(&browser).await;
        assert_eq!(found["session"]["amr"], json!(["fed"]), "{provider}");
        let [one] = &identities(&world, &user.id).await[..] else { panic!("{provider}") };
        assert_eq!((one.provider.as_str(), one.name.as_str()), (provider, email));
        assert!(one.issuer.starts_with(&fakes.origin) && one.subject != one.name && one.last_used_at.is_some());

        world.advance(86_400);
        let again = arrive(&world, &fakes, provider, person).await;
        assert_eq!(who(&again).await, who(&browser).await, "{provider}: the same account");
        let now = world.read(email).await.unwrap();
        assert!(now.last_login_at > user.last_login_at && user.last_login_at.is_some(), "{provider}");
        let [known] = &identities(&world, &user.id).await[..] else { panic!("{provider}") };
        assert!(known.last_used_at > one.last_used_at && known.id == one.id, "{provider}");
        assert_eq!(world.mails_to(email).await.len(), 1, "another browser: its owner hears of it");
    }
}

/// Facebook does not say that an address is the person's: they show it.
#[tokio::test]
async fn who_comes_without_a_vouched_address_proves_one() {
    let (world, fakes) = World::with_fakes("").await;
    for (provider, quirk, given) in [
        ("facebook", "none", GRACE),
        ("facebook", "no_email", ""),
        ("twitter", "no_email", ""),
        ("google", "unverified_email", GRACE),
    ] {
        let (world, fakes) = World::with_fakes("").await;
        let (mut browser, answer) = come(&world, &fakes, provider, "grace", quirk).await;
        assert!(answer.location().starts_with("/login/address?flow="), "{provider} {quirk}: {}", answer.location());
        let page = browser.follow(&answer).await;
        assert_eq!(page.value("email").as_deref(), Some(given), "{provider} {quirk}");
        assert!(!is_signed_in(&mut browser).await && world.read(GRACE).await.is_none());
        let empty = browser.submit("/login/address", &[("email", "no address")]).await;
        assert_eq!(empty.value("email").as_deref(), Some("no address"));
        assert!(!problem(&empty, "email").is_empty());
        let sent = browser.submit("/login/address", &[("email", "hopper@post.example")]).await;
        assert!(sent.location().starts_with("/verify?flow="), "{}", sent.text());
        browser.follow(&sent).await;
        let code = code_to(&world, "hopper@post.example").await;
        assert_eq!(browser.submit("/verify", &[("code", &super::super::wrong(&code))]).await.status, 422);
        assert_eq!(browser.submit("/verify", &[("code", &code)]).await.location(), "/account");
        let user = world.read("hopper@post.example").await.unwrap();
        assert!(user.email_is_verified() && user.password_hash.is_none());
        assert_eq!(user.profile.name.as_deref(), Some("Grace Hopper"));
        assert_eq!(identities(&world, &user.id).await.len(), 1);
        let amr = session(&browser).await["session"]["amr"].clone();
        assert!(amr.as_array().unwrap().contains(&json!("fed")), "{amr}");
        world.advance(60);
        let (again, answer) = come(&world, &fakes, provider, "grace", quirk).await;
        assert_eq!((answer.location(), who(&again).await), ("/account", who(&browser).await), "{provider} {quirk}");
    }
    drop((world, fakes));
}

#[tokio::test]
async fn the_sign_up_page_has_the_buttons_too() {
    let (world, fakes) = World::with_fakes("").await;
    let mut browser = world.browser();
    let page = browser.get("/signup").await;
    assert_eq!(buttons(&page), buttons(&world.browser().get("/login").await));
    assert_eq!(through(&fakes, &mut browser, "github", "grace", "none").await.location(), "/account");
    assert!(world.read(GRACE).await.is_some());
}

#[tokio::test]
async fn the_button_used_last_is_marked() {
    let (world, fakes) = World::with_fakes("").await;
    let fresh = buttons(&world.browser().get("/login").await);
    let expected = ["Google", "GitHub", "Facebook", "Twitter", "Discord"].map(|name| format!("Continue with {name}"));
    assert_eq!(fresh.iter().map(|(_, label)| label.clone()).collect::<Vec<_>>(), expected);
    let mut browser = arrive(&world, &fakes, "github", "grace").await;
    browser.get("/logout").await;
    browser.submit("/logout", &[]).await;
    for page in ["/login", "/signup"] {
        let marked: Vec<_> =
            buttons(&browser.get(page).await).into_iter().filter(|(_, label)| label.contains("Last used")).collect();
        assert_eq!(marked, [("github".to_owned(), "Continue with GitHub Last used".to_owned())]);
    }
    // A password takes the mark away again.
    world.person("bob@a.example").await;
    browser.sign_in("bob@a.example", PASSWORD).await;
    browser.get("/logout").await;
    browser.submit("/logout", &[]).await;
    assert!(!browser.get("/login").await.text().contains("Last used"));
}

/// More than six are a column longer than a phone: the others wait behind "More ways to sign in", but not the one used last.
#[tokio::test]
async fn many_buttons_are_folded() {
    let more: String = ["Acme", "Bolt"]
        .map(|name| {
            let id = name.to_lowercase();
            format!("[[providers]]\nid = \"{id}\"\nname = \"{name}\"\nclient_id = \"c\"\nclient_secret = \"s\"\nissuer = \"https://{id}.example\"\n")
        })
        .concat();
    let (world, _fakes) = World::with_fakes(&more).await;
    let folded = |page: &Answer| {
        let html = Html::parse_document(&page.text());
        let button = Selector::parse("details:not([open]) > button[formaction]").unwrap();
        html.select(&button).map(|button| button.attr("formaction").unwrap().replace("/connect/", "")).collect::<Vec<_>>()
    };
    let ids = |page: &Answer| buttons(page).into_iter().map(|(id, _)| id).collect::<Vec<_>>();
    for path in ["/login", "/signup"] {
        let page = world.browser().get(path).await;
        assert_eq!(ids(&page), ["google", "github", "facebook", "twitter", "discord", "acme", "bolt"]);
        assert_eq!(folded(&page), ["bolt"], "{path}");
        let page = world.browser().sending("cookie", "vestibule_way=bolt").get(path).await;
        assert_eq!(ids(&page), ["bolt", "google", "github", "facebook", "twitter", "discord", "acme"]);
        assert_eq!(folded(&page), ["acme"], "{path}");
    }
    let (world, _fakes) = World::with_fakes(&more.split_inclusive('\n').take(6).collect::<String>()).await;
    let page = world.browser().sending("cookie", "vestibule_way=acme").get("/login").await;
    assert_eq!(ids(&page), ["google", "github", "facebook", "twitter", "discord", "acme"], "six stay where they are");
    assert!(folded(&page).is_empty());
}

#[tokio::test]
async fn what_only_lets_known_people_in_is_not_offered_to_sign_up() {
    let (world, _fakes) = World::with_fakes("[github]\nlinking = \"sign_in_only\"\n").await;
    let offers = |page: &Answer| buttons(page).into_iter().any(|(id, _)| id == "github");
    let mut browser = world.browser();
    assert!(offers(&browser.get("/login").await) && !offers(&browser.get("/signup").await));
}

/// Not before somebody has come in by it, all the way.
#[tokio::test]
async fn a_button_that_led_nowhere_is_not_marked() {
    let (world, fakes) = World::with_fakes("[github]\nlinking = \"ask\"\n").await;
    world.person(GRACE).await;
    for provider in ["github", "facebook"] {
        let (mut browser, answer) = come(&world, &fakes, provider, "grace", "none").await;
        assert!(answer.location().starts_with("/login/"), "{}", answer.location());
        assert!(!browser.get("/login").await.text().contains("Last used"), "{provider}");
    }
    // By way of the code for an address.
    let (mut browser, answer) = come(&world, &fakes, "facebook", "alan", "none").await;
    browser.follow(&answer).await;
    let sent = browser.submit("/login/address", &[]).await;
    browser.follow(&sent).await;
    assert_eq!(browser.submit("/verify", &[("code", &code_to(&world, ALAN).await)]).await.location(), "/account");
    browser.get("/logout").await;
    browser.submit("/logout", &[]).await;
    let page = browser.get("/login").await;
    let marked: Vec<_> = buttons(&page).into_iter().filter(|(_, label)| label.contains("Last used")).collect();
    assert_eq!(marked, [("facebook".to_owned(), "Continue with Facebook Last used".to_owned())]);
}

#[tokio::test]
async fn staying_signed_in_is_as_asked() {
    let (world, fakes) = World::with_fakes("").await;
    let mut browser = world.browser();
    let page = browser.get("/login").await;
    assert!(beside(&page, "github").unwrap().contains(&("remember".to_owned(), "true".to_owned())));
    through(&fakes, &mut browser, "github", "grace", "none").await;
    let mut short = world.browser();
    short.get("/login").await;
    let sent = short.post("/connect/github", &[]).await;
    let to = sent.header("refresh").strip_prefix("0; url=").unwrap().to_owned();
    let callback = fakes.answer(&to, "grace", "none").await;
    assert_eq!(short.get(&path_and_query(&callback)).await.location(), "/account");
    let life = async |browser: &Browser| {
        let found = session(browser).await["session"].clone();
        found["expires_at"].as_i64().unwrap() - found["created_at"].as_i64().unwrap()
    };
    assert!(life(&browser).await > 2 * 86_400 && life(&short).await <= 86_400);
}

/// The way back to the application is not lost, also where an address is still missing.
#[tokio::test]
async fn what_an_application_asked_for_goes_on() {
    for (provider, quirk) in [("github", "none"), ("facebook", "none")] {
        let (world, fakes) = World::with_fakes("").await;
        let client = super::super::account::shop(&world).await;
        let mut browser = world.browser();
        let request = format!(
            "/oauth2/authorize?client_id={client}&response_type=code&redirect_uri=https%3A%2F%2Fshop.example%2Fcb\
             &scope=openid+email&state=s&nonce=n&code_challenge={CHALLENGE}&code_challenge_method=S256"
        );
        let login = browser.get(&request).await;
        browser.follow(&login).await;
        let mut back = through(&fakes, &mut browser, provider, "grace", quirk).await;
        if back.location().starts_with("/login/address") {
            browser.follow(&back).await;
            let sent = browser.submit("/login/address", &[]).await;
            browser.follow(&sent).await;
            back = browser.submit("/verify", &[("code", &code_to(&world, GRACE).await)]).await;
        }
        assert!(back.location().starts_with("/consent?flow="), "{} {}", back.location(), back.text());
        let consent = browser.follow(&back).await;
        assert!(consent.text().contains("Shop"));
        let mut fields = consent.form("/consent").fields;
        fields.push(("decision".to_owned(), "allow".to_owned()));
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let sent = browser.post("/consent", &fields).await;
        let done = browser.follow(&sent).await;
        let to: url::Url = done.location().parse().unwrap_or_else(|_| panic!("{} {}", done.location(), done.text()));
        let code = to.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", &client),
            ("code", &code),
            ("redirect_uri", "https://shop.example/cb"),
            ("code_verifier", VERIFIER),
        ];
        let tokens = world.browser().post("/oauth2/token", &fields).await.json();
        let payload = tokens["id_token"].as_str().unwrap().split('.').nth(1).unwrap();
        let claims: Value = serde_json::from_slice(&BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap()).unwrap();
        assert_eq!(claims["sub"].as_str(), who(&browser).await.as_deref());
        let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
        let info = world.browser().sending("authorization", &bearer).get("/oauth2/userinfo").await.json();
        assert_eq!((info["email"].as_str(), info["email_verified"].as_bool()), (Some(GRACE), Some(true)));
        assert!(claims["amr"].as_array().unwrap().contains(&json!("fed")), "{claims}");
    }
}

/// One person at GitHub and the person with the same number elsewhere are two.
#[tokio::test]
async fn people_of_two_providers_are_not_mixed_up() {
    let (world, fakes) = World::with_fakes(LINK).await;
    let ada = arrive(&world, &fakes, "github", "ada").await;
    let grace = arrive(&world, &fakes, "discord", "grace").await;
    assert_ne!(who(&ada).await, who(&grace).await);
    // The same address at another provider that vouches: the same person.
    let again = arrive(&world, &fakes, "discord", "ada").await;
    assert_eq!(who(&again).await, who(&ada).await);
    assert_eq!(identities(&world, &world.read(ADA).await.unwrap().id).await.len(), 2);
}

#[tokio::test]
async fn a_disabled_account_stays_shut() {
    let (world, fakes) = World::with_fakes(LINK).await;
    arrive(&world, &fakes, "github", "grace").await;
    let grace = world.read(GRACE).await.unwrap();
    vestibule::actions::users::disable(&world.app, grace.id.as_str()).await.unwrap();
    let (mut browser, answer) = come(&world, &fakes, "github", "grace", "none").await;
    assert_eq!(answer.status, 403);
    assert!(!is_signed_in(&mut browser).await);
    // Nor is a further identity connected with it.
    let (mut browser, _) = come(&world, &fakes, "discord", "grace", "none").await;
    assert!(!is_signed_in(&mut browser).await);
    assert_eq!(identities(&world, &grace.id).await.len(), 1);
}

/// Whoever has the link of an invitation comes in by any provider, whatever address that names; the account keeps what the operator gave it.
#[tokio::test]
async fn an_invited_person_chooses_a_provider() {
    for (database, person) in [(Database::Sqlite, "ada"), (Database::Sqlite, "grace"), (Database::Postgres, "ada")] {
        let settings = "[signup]\nwho = \"invited\"\n[sign_in]\nways = [\"mail\"]\n";
        let Some((world, fakes)) = World::with_fakes_on(database, settings).await else { continue };
        let fields = serde_json::json!({"email": ADA, "name": "Dr. Ada", "is_admin": true});
        let changes = vestibule::actions::users::Changes::from_json(fields.as_object().unwrap()).unwrap();
        let user = vestibule::actions::users::create_invited(&world.app, &changes).await.unwrap().user;
        let mail = world.mail_to(ADA).await;
        let mut browser = world.browser();
        assert_eq!(browser.get(&mail.link).await.status, 200);
        let answer = through(&fakes, &mut browser, "google", person, "none").await;
        assert_eq!(answer.location(), "/account", "{database:?} {person}: {}", answer.text());
        let now = world.read(ADA).await.unwrap();
        assert_eq!(who(&browser).await.as_deref(), Some(user.id.as_str()));
        assert!(now.is_admin && now.email_is_verified() && now.profile.name.as_deref() == Some("Dr. Ada"), "{now:?}");
        assert_eq!(identities(&world, &user.id).await.len(), 1);
        // Once.
        let mut late = world.browser();
        assert_eq!(late.get(&mail.link).await.status, 410);
        let (again, answer) = come(&world, &fakes, "google", person, "none").await;
        assert_eq!((answer.location(), who(&again).await.as_deref()), ("/account", Some(user.id.as_str())));
    }
}
