//! The five classes of pre-hijacking (Sudhodanan and Paverd, 2022): the attacker acts first, the owner of the address comes by a provider,
//! and then the attacker tries everything they have.

use vestibule::engine::user::{User, UserState};
use vestibule::store::users;

use super::*;

/// The victim's account by a provider that vouches; whatever page stands between, they take the way of somebody who made no account here.
async fn victim(world: &World, fakes: &Fakes) -> Browser {
    let (mut browser, answer) = come(world, fakes, "google", "ada", "none").await;
    let answer = match answer.location().starts_with("/login/join") {
        true => {
            let flow = browser.follow(&answer).await.value("flow").unwrap();
            browser.post("/login/join", &[("flow", &flow), ("do", "afresh")]).await
        }
        false => answer,
    };
    assert_eq!(answer.location(), "/account", "{}", answer.text());
    assert!(world.read(ADA).await.unwrap().email_is_verified());
    browser
}

/// The victim of somebody whose own identity leads into the account with their address: no reset begins by it. They sign up.
async fn recovers(world: &World) -> Browser {
    let before = world.mails_to(ADA).await.len();
    super::super::asked_for_reset(world, ADA).await;
    assert_eq!(world.mails_to(ADA).await.len(), before, "it is somebody else's account");
    world.sign_up(ADA, PASSWORD).await
}

/// Everything that leads in by the address: the attacker's password, and a reset whose mail they do not get.
async fn keeps_out(world: &World, attacker: &Browser, victims: &str) {
    for password in [THEIRS, ""] {
        let (mut thief, mut known) = (world.browser(), attacker.clone());
        known.cookies.remove("vestibule_session");
        for browser in [&mut thief, &mut known] {
            browser.sign_in(ADA, password).await;
            assert_ne!(who(browser).await.as_deref(), Some(victims), "the password");
        }
    }
    assert_ne!(who(attacker).await.as_deref(), Some(victims), "the session");
    let before = world.mails().await.len();
    let mut reset = super::super::asked_for_reset(world, ADA).await;
    reset.submit("/reset/code", &[("code", "000000")]).await;
    assert!(who(&reset).await.is_none());
    let mails = world.mails().await;
    assert!(mails.len() == before + 1 && mails[0].to == ADA, "a reset is mailed to the owner of the address");
    // Whoever is in an account of their own cannot have the address back.
    let mut own = attacker.clone();
    if own.get("/account/email").await.status == 200 {
        own.submit("/account/email", &[("email", ADA)]).await;
        assert_ne!(world.read(ADA).await.map(|user| user.id.to_string()), who(attacker).await);
    }
}

async fn id_of(world: &World, email: &str) -> String {
    world.read(email).await.unwrap().id.to_string()
}

/// The attacker signs up with the victim's address and a password; the victim comes by a provider.
#[tokio::test]
async fn prehijack_classic_federated_merge() {
    for settings in [UNPROVED, ""] {
        let (world, fakes) = World::with_fakes(settings).await;
        let mut attacker = world.browser();
        attacker.get("/signup").await;
        let sent = attacker.submit("/signup", &[("email", ADA), ("password", THEIRS)]).await;
        attacker.follow(&sent).await;
        let pending = attacker.clone();
        let ada = victim(&world, &fakes).await;
        let victims = id_of(&world, ADA).await;
        assert_eq!(who(&ada).await.as_deref(), Some(victims.as_str()));
        keeps_out(&world, &attacker, &victims).await;
        if settings.is_empty() {
            // The sign-up that waits for its code: even with the code there is nothing left to make.
            let code = world.mails_to(ADA).await.into_iter().rfind(|mail| !mail.code.is_empty()).unwrap().code;
            let mut pending = pending;
            let late = pending.submit("/verify", &[("code", &code)]).await;
            assert!(late.location().starts_with("/login?flow="), "{} {}", late.location(), late.text());
            assert!(who(&pending).await.is_none());
        }
        assert_eq!(who(&victim(&world, &fakes).await).await.as_deref(), Some(victims.as_str()), "and the victim comes back");
    }
}

/// The attacker keeps a session and tokens alive in the account that the victim recovers.
#[tokio::test]
async fn prehijack_unexpired_session() {
    let (world, fakes) = World::with_fakes(UNPROVED).await;
    let mut attacker = claims(&world, ADA, THEIRS).await;
    let client = super::super::account::shop(&world).await;
    let tokens = super::super::account::let_in(&world, &mut attacker, &client, "openid+offline_access").await;
    let account = id_of(&world, ADA).await;
    // The victim thinks it is an old account of theirs: signs in to it, by way of a reset, and connects.
    let (mut ada, answer) = come(&world, &fakes, "google", "ada", "none").await;
    let flow = ada.follow(&answer).await.value("flow").unwrap();
    let login = ada.post("/login/join", &[("flow", &flow), ("do", "sign-in")]).await;
    let page = ada.follow(&login).await;
    let reset = page.text().split("href=\"/reset").nth(1).unwrap().split('"').next().unwrap().to_owned();
    ada.get(&format!("/reset{reset}")).await;
    let sent = ada.submit("/reset", &[("identifier", ADA)]).await;
    ada.follow(&sent).await;
    let proved = ada.submit("/reset/code", &[("code", &code_to(&world, ADA).await)]).await;
    ada.follow(&proved).await;
    let chosen = ada.submit("/reset/new", &[("password", PASSWORD)]).await;
    assert!(chosen.location().starts_with("/login/connect?flow="), "{} {}", chosen.location(), chosen.text());
    // A mailbox alone connects nothing; the password was chosen a moment ago, and nobody is asked for it again.
    assert_eq!(ada.follow(&chosen).await.status, 200);
    assert_eq!(ada.post("/login/connect", &[("flow", &flow), ("do", "connect")]).await.location(), "/account");
    assert_eq!(who(&ada).await.as_deref(), Some(account.as_str()));
    assert!(who(&attacker).await.is_none(), "the session");
    assert_eq!(super::super::account::refresh(&world, &client, &tokens).await, 400);
    assert_eq!(super::super::account::userinfo(&world, &tokens).await, 401);
    keeps_out(&world, &attacker, &account).await;
    // The other way: the victim leaves that account alone. The session lives on in it, and in nothing else.
    let (world, fakes) = World::with_fakes(UNPROVED).await;
    let attacker = claims(&world, ADA, THEIRS).await;
    let ada = victim(&world, &fakes).await;
    assert_ne!(who(&attacker).await, who(&ada).await);
    keeps_out(&world, &attacker, &id_of(&world, ADA).await).await;
}

/// The attacker adds an identity, a second factor and a number of their own before the victim comes.
#[tokio::test]
async fn prehijack_trojan_identifier() {
    for recovering in [false, true] {
        let (world, fakes) = World::with_fakes(UNPROVED).await;
        let mut attacker = claims(&world, ADA, THEIRS).await;
        let done = connect(&fakes, &mut attacker, "discord", "alan").await;
        assert_eq!(done.location(), "/account/identities?notice=identity-connected&with=discord");
        let done = connect(&fakes, &mut attacker, "facebook", "grace").await;
        assert_eq!(done.location(), "/account/identities?notice=identity-connected&with=facebook");
        let ada = if recovering { recovers(&world).await } else { victim(&world, &fakes).await };
        let victims = id_of(&world, ADA).await;
        assert_eq!(who(&ada).await.as_deref(), Some(victims.as_str()));
        for (provider, person) in [("discord", "alan"), ("facebook", "grace")] {
            let (thief, answer) = come(&world, &fakes, provider, person, "none").await;
            assert_ne!(who(&thief).await.as_deref(), Some(victims.as_str()), "{recovering} {provider}: {}", answer.location());
        }
        let user = world.read(ADA).await.unwrap();
        let left = identities(&world, &user.id).await;
        assert!(left.iter().all(|identity| identity.provider == "google"), "{recovering}: {left:?}");
        keeps_out(&world, &attacker, &victims).await;
        if recovering {
            // And then the victim's own provider finds it, for the address is proved now.
            assert_eq!(who(&victim(&world, &fakes).await).await.as_deref(), Some(victims.as_str()));
        }
    }
}

/// The attacker begins to change an account's address to the victim's, and waits.
#[tokio::test]
async fn prehijack_unexpired_email_change() {
    for settings in [UNPROVED, ""] {
        let (world, fakes) = World::with_fakes(settings).await;
        let eve = world.person("eve@a.example").await;
        let mut attacker = world.sign_in("eve@a.example", PASSWORD).await;
        attacker.get("/account/email").await;
        let sent = attacker.submit("/account/email", &[("email", ADA)]).await;
        assert_eq!(sent.location(), "/account/email?notice=email-sent", "{}", sent.text());
        attacker.follow(&sent).await;
        let mail = world.mails_to(ADA).await.into_iter().find(|mail| !mail.code.is_empty()).unwrap();
        let ada = victim(&world, &fakes).await;
        let victims = id_of(&world, ADA).await;
        assert_ne!(victims, eve.id.as_str());
        // Even the code and the link of the victim's mail change nothing now, in any browser.
        let late = attacker.submit("/account/email/confirm", &[("code", &mail.code)]).await;
        assert_ne!(late.location(), "/account/email?notice=email-changed", "{}", late.text());
        for mut browser in [attacker.clone(), ada.clone(), world.browser()] {
            browser.get(&mail.link).await;
            browser.post("/account/email/link", &[("token", mail.token()), ("password", PASSWORD)]).await;
        }
        assert_eq!(id_of(&world, ADA).await, victims);
        assert_eq!(world.read(eve.id.as_str()).await.unwrap().email.unwrap().as_str(), "eve@a.example");
        assert_eq!(who(&attacker).await.as_deref(), Some(eve.id.as_str()));
        keeps_out(&world, &attacker, &victims).await;
        assert_eq!(who(&victim(&world, &fakes).await).await.as_deref(), Some(victims.as_str()));
    }
}

/// The attacker comes by a provider that asks nobody whether an address is theirs.
#[tokio::test]
async fn prehijack_non_verifying_provider() {
    // An account that is there: not entered, not connected, and nothing tells that it is there.
    let (world, fakes) = World::with_fakes("").await;
    let owner = world.person(ADA).await;
    for (provider, quirk) in [("facebook", "none"), ("google", "unverified_email"), ("github", "unverified_email")] {
        let mut attacker = world.browser();
        attacker.get("/login").await;
        let to = leave(&mut attacker, provider).await;
        let callback = fakes.answer_with_email(&to, "alan", ADA, quirk).await;
        let answer = attacker.get(&path_and_query(&callback)).await;
        assert!(answer.location().starts_with("/login/address?flow="), "{provider}: {}", answer.location());
        attacker.follow(&answer).await;
        let sent = attacker.submit("/login/address", &[]).await;
        attacker.follow(&sent).await;
        assert_eq!(attacker.submit("/verify", &[("code", "123456")]).await.status, 422);
        assert!(who(&attacker).await.is_none() && identities(&world, &owner.id).await.is_empty(), "{provider}");
        // The owner is told. What they get to press leads into their account and gives the attacker nothing.
        let told = world.mail_to(ADA).await;
        assert!(told.code.is_empty() && told.link.starts_with("/login/connect/link?"), "{told:?}");
        let mut ada = world.browser();
        let login = ada.get(&told.link).await;
        assert!(login.location().starts_with("/login?failed=elsewhere"), "{}", login.location());
        ada.follow(&login).await;
        assert_eq!(with_password(&mut ada, ADA).await.location(), "/account");
        assert_eq!(attacker.submit("/verify", &[("code", "123456")]).await.status, 422);
        assert!(who(&attacker).await.is_none() && identities(&world, &owner.id).await.is_empty(), "{provider}");
    }
    // One that the attacker makes first, where addresses need no proof.
    for recovering in [false, true] {
        let (world, fakes) = World::with_fakes(UNPROVED).await;
        let mut attacker = world.browser();
        attacker.get("/login").await;
        let to = leave(&mut attacker, "facebook").await;
        let callback = fakes.answer_with_email(&to, "alan", ADA, "none").await;
        let answer = attacker.get(&path_and_query(&callback)).await;
        attacker.follow(&answer).await;
        assert_eq!(attacker.submit("/login/address", &[]).await.location(), "/account");
        let ada = if recovering { recovers(&world).await } else { victim(&world, &fakes).await };
        let victims = id_of(&world, ADA).await;
        assert_eq!(who(&ada).await.as_deref(), Some(victims.as_str()));
        keeps_out(&world, &attacker, &victims).await;
        let (thief, answer) = come(&world, &fakes, "facebook", "alan", "none").await;
        assert_ne!(who(&thief).await.as_deref(), Some(victims.as_str()), "{}", answer.location());
        assert_eq!(who(&ada).await.as_deref(), Some(victims.as_str()));
    }
}

/// Opens the page on which whoever reads this mailbox chooses a new password, and sends it; the answer.
async fn resets(world: &World, email: &str) -> (Browser, Answer) {
    let mut browser = super::super::asked_for_reset(world, email).await;
    let proved = browser.submit("/reset/code", &[("code", &code_to(world, email).await)]).await;
    browser.follow(&proved).await;
    let set = browser.submit("/reset/new", &[("password", PASSWORD)]).await;
    (browser, set)
}

async fn vouched_by(world: &World, email: &str) -> Option<String> {
    world.read(email).await.unwrap().email_vouched_by
}

/// GitHub asked once whose the address was. By now it has another owner, who resets the password: whoever came by GitHub leaves.
#[tokio::test]
async fn prehijack_an_address_with_another_owner_by_now() {
    for database in Database::BOTH {
        for (provider, name) in [("github", "GitHub"), ("discord", "Discord")] {
            let Some((world, fakes)) = World::with_fakes_on(database, "").await else { continue };
            let first = arrive(&world, &fakes, provider, "grace").await;
            let account = who(&first).await.unwrap();
            let user = world.read(GRACE).await.unwrap();
            assert!(user.email_is_verified() && user.email_vouched_by.as_deref() == Some(provider), "{user:?}");

            let (mut owner, page) = resets(&world, GRACE).await;
            assert_eq!((page.status, page.shown("h1").as_deref()), (200, Some("Your new password works")), "{}", page.text());
            assert!(page.shown(".lead").unwrap().contains(&format!("no longer sign in with {name}")), "{}", page.text());
            assert_eq!(page.shown("main a[href='/account?notice=password-reset']").as_deref(), Some("Continue"));
            assert_eq!(who(&owner).await.as_deref(), Some(account.as_str()));
            assert_eq!(owner.get("/account").await.status, 200);
            let told = alarms(&world, GRACE).await.into_iter().find(|mail| mail.subject.contains("password")).unwrap();
            assert!(told.text.contains(&format!("with {name}")), "{}", told.text);

            assert!(who(&first).await.is_none(), "the session");
            assert!(identities(&world, &user.id).await.is_empty());
            let again = async || {
                let (browser, answer) = come(&world, &fakes, provider, "grace", "none").await;
                assert!(answer.location().starts_with("/login/join?flow="), "{}", answer.location());
                assert!(who(&browser).await.is_none());
            };
            again().await;
            assert_eq!(vouched_by(&world, GRACE).await, None, "it is proved now");
            assert_eq!(who(&world.sign_in(GRACE, PASSWORD).await).await.as_deref(), Some(account.as_str()));
            // Nothing brings the identity back.
            owner.get(&told.link).await;
            assert_eq!(owner.submit("/wasnt-me", &[("confirm", "yes")]).await.status, 200);
            assert!(identities(&world, &user.id).await.is_empty(), "locked down");
            again().await;
        }
    }
}

/// As soon as a code arrives in a session that came by the provider, both are the same person, and a reset is only a reset.
#[tokio::test]
async fn an_address_that_was_proved_since_keeps_its_identities() {
    let (world, fakes) = World::with_fakes("").await;
    let mut grace = arrive(&world, &fakes, "github", "grace").await;
    let account = who(&grace).await;
    let ask = grace.get("/account/password").await;
    assert_eq!(vouched_by(&world, GRACE).await.as_deref(), Some("github"), "asking proves nothing");
    by_mail(&world, &mut grace, &ask, GRACE).await;
    assert_eq!(vouched_by(&world, GRACE).await, None);
    let (_, done) = resets(&world, GRACE).await;
    assert_eq!(done.location(), "/account", "{}", done.text());
    assert_eq!(who(&arrive(&world, &fakes, "github", "grace").await).await, account);
}

/// Who reads the mailbox alone may be its next owner: that proves nothing for the one who came by the provider.
#[tokio::test]
async fn a_mailed_sign_in_does_not_speak_for_the_provider() {
    for by_link in [false, true] {
        let (world, fakes) = World::with_fakes("").await;
        let account = who(&arrive(&world, &fakes, "github", "grace").await).await;
        let mut mailed = world.browser();
        mailed.get("/login").await;
        let sent = mailed.post("/login/code", &[("identifier", GRACE), ("way", "mail")]).await;
        mailed.follow(&sent).await;
        let mail = world.mails_to(GRACE).await.into_iter().find(|mail| !mail.code.is_empty()).unwrap();
        if by_link {
            mailed.get(&mail.link).await;
            mailed.submit("/login/link", &[]).await;
        } else {
            mailed.submit("/login/code/enter", &[("code", &mail.code)]).await;
        }
        assert_eq!(who(&mailed).await, account);
        assert_eq!(vouched_by(&world, GRACE).await.as_deref(), Some("github"));
    }
}

/// Somebody whose old address GitHub still believes in has an account with it. Its owner comes by a provider that is believed: they are not led
/// into that account, and have one of their own.
#[tokio::test]
async fn prehijack_by_a_provider_that_is_believed_less() {
    let (world, fakes) = World::with_fakes("").await;
    let attacker = arrive(&world, &fakes, "github", "ada").await;
    let theirs = who(&attacker).await.unwrap();
    let (mut ada, answer) = come(&world, &fakes, "google", "ada", "none").await;
    assert!(answer.location().starts_with("/login/join?flow="), "not in: {}", answer.location());
    assert!(who(&ada).await.is_none());
    ada.follow(&answer).await;
    let own = ada.submit("/login/join", &[("do", "afresh")]).await;
    assert_eq!(own.location(), "/account", "{}", own.text());
    let account = who(&ada).await.unwrap();
    assert_ne!(account, theirs);
    assert_eq!(id_of(&world, ADA).await, account, "the address is hers");
    assert_eq!(who(&arrive(&world, &fakes, "google", "ada").await).await.as_deref(), Some(account.as_str()));
    assert_eq!(who(&attacker).await.as_deref(), Some(theirs.as_str()), "and the other account has none");
}

/// A provider that is believed enough to link by an address is believed here, too.
#[tokio::test]
async fn a_provider_that_links_by_addresses_stays_connected() {
    for (settings, provider, person, email) in [(LINK, "github", "grace", GRACE), ("", "google", "ada", ADA)] {
        let (world, fakes) = World::with_fakes(settings).await;
        let account = who(&arrive(&world, &fakes, provider, person).await).await;
        let (_, set) = resets(&world, email).await;
        assert_eq!(set.location(), "/account", "{}", set.text());
        assert_eq!(who(&arrive(&world, &fakes, provider, person).await).await, account, "{provider}");
    }
}

/// A second factor is not passed by a mailbox: until it is given, nothing has changed. It stays.
#[tokio::test]
async fn an_address_with_another_owner_and_a_second_factor() {
    let (world, fakes) = World::with_fakes("[sign_in]\nways = ['password']\n").await;
    let (mut first, _) = come(&world, &fakes, "github", "grace", "none").await;
    super::super::second_factor_account::add(&world, &mut first, "Phone").await;
    let codes = super::super::second_factor_account::codes(&mut first).await;
    assert_eq!(vouched_by(&world, GRACE).await.as_deref(), Some("github"), "no mail was read");
    let (mut owner, set) = resets(&world, GRACE).await;
    assert!(set.location().starts_with("/login/second?flow="), "{}", set.location());
    let page = owner.follow(&set).await;
    let id = world.read(GRACE).await.unwrap().id;
    assert_eq!(identities(&world, &id).await.len(), 1);
    assert!(who(&first).await.is_some());
    let flow = page.value("flow").unwrap();
    owner.get(&format!("/login/second?flow={flow}&with=recovery_code")).await;
    let done = owner.submit("/login/second", &[("code", &codes[0])]).await;
    assert!(done.shown(".lead").unwrap_or_default().contains("no longer sign in with GitHub"), "{}", done.text());
    assert!(identities(&world, &id).await.is_empty() && who(&first).await.is_none());
    assert!(who(&owner).await.is_some());
    let again = world.browser().sign_in(GRACE, PASSWORD).await;
    assert!(again.location().starts_with("/login/second?flow="), "the second factor stays: {}", again.location());
}

/// Between the question and "that account is not mine" the operator shut the account: it gives nothing up, for its address may be why. Shutting it
/// ends the question, too; the row alone is enough where that came a moment too late.
#[tokio::test]
async fn an_account_that_was_shut_meanwhile_gives_nothing_up() {
    for (database, by_the_row_alone) in Database::BOTH.into_iter().flat_map(|database| [(database, false), (database, true)]) {
        let Some((world, fakes)) = World::with_fakes_on(database, UNPROVED).await else { continue };
        claims(&world, ADA, THEIRS).await;
        let account = world.read(ADA).await.unwrap();
        let (mut ada, answer) = come(&world, &fakes, "google", "ada", "none").await;
        assert!(answer.location().starts_with("/login/join"), "{database:?}: {}", answer.location());
        let flow = ada.follow(&answer).await.value("flow").unwrap();
        if by_the_row_alone {
            let store = world.store().await;
            let mut tx = store.write().await.unwrap();
            let shut = User { state: UserState::Disabled, ..account.clone() };
            assert!(users::update(&mut tx, &shut, account.updated_at).await.unwrap().is_done());
            tx.commit().await.unwrap();
        } else {
            vestibule::actions::users::disable(&world.app, account.id.as_str()).await.unwrap();
        }
        let answer = ada.post("/login/join", &[("flow", &flow), ("do", "afresh")]).await;
        assert_eq!(answer.status, 410, "{database:?} {by_the_row_alone}: {} {}", answer.location(), answer.text());
        assert!(who(&ada).await.is_none(), "{database:?}");
        let shut = world.read(ADA).await.unwrap();
        assert_eq!((&shut.id, shut.is_active()), (&account.id, false), "{database:?}: it has its address");
        assert!(identities(&world, &shut.id).await.is_empty());
    }
}
