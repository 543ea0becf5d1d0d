//! The five classes of pre-hijacking (Sudhodanan and Paverd, 2022): the attacker acts first, the owner of the address comes by a provider,
//! and then the attacker tries everything they have.

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

/// The victim takes the account with their address over, by its address, as the sign-in page offers.
async fn recovers(world: &World) -> Browser {
    let mut browser = super::super::asked_for_reset(world, ADA).await;
    let proved = browser.submit("/reset/code", &[("code", &code_to(world, ADA).await)]).await;
    browser.follow(&proved).await;
    let set = browser.submit("/reset/new", &[("password", PASSWORD)]).await;
    assert_eq!(set.location(), "/account", "{}", set.text());
    browser
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
            assert_eq!(late.location(), "/login", "{}", late.text());
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
    // A mailbox alone connects nothing: the password that was chosen a moment ago.
    let ask = ada.follow(&chosen).await;
    ada.follow(&ask).await;
    let proved = with_password(&mut ada, ADA).await;
    assert!(proved.location().starts_with("/login/connect?flow="), "{} {}", proved.location(), proved.text());
    ada.follow(&proved).await;
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
        let told = world.mail_to(ADA).await;
        assert!(told.code.is_empty() && told.link.is_empty(), "the owner is told, and gets nothing to press: {told:?}");
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
