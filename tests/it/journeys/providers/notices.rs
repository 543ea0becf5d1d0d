//! "This was not me", when it was about identities.

use super::*;

async fn press(world: &World, mail: &Mail) -> Answer {
    let mut browser = world.browser().at([203, 0, 113, 5]);
    browser.get(&mail.link).await;
    browser.submit("/wasnt-me", &[("confirm", "true")]).await
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
        let back = arrive(&world, &fakes, "github", "grace").await;
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
