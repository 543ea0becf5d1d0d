//! A provider's second factor, where a setting lets it count.

use super::super::second_factor::add_app;
use super::*;

const COUNTS: &str = "[google]\nsecond_factor = [\"mfa\"]\n";
const TWO: &str = "urn:vestibule:acr:two-factor";
const ONE: &str = "urn:vestibule:acr:one-factor";

#[tokio::test]
async fn it_counts_only_where_the_setting_says_so() {
    for (settings, quirk, acr) in [(COUNTS, "multi_factor", TWO), (COUNTS, "none", ONE), ("", "multi_factor", ONE)] {
        let (world, fakes) = World::with_fakes(settings).await;
        let (browser, answer) = come(&world, &fakes, "google", "ada", quirk).await;
        assert_eq!(answer.location(), "/account");
        let found = session(&browser).await["session"].clone();
        assert_eq!(found["acr"], acr, "{settings:?} {quirk}");
        let amr: Vec<&str> = found["amr"].as_array().unwrap().iter().map(|value| value.as_str().unwrap()).collect();
        assert_eq!(amr.contains(&"mfa"), acr == TWO, "{amr:?}");
        assert!(amr.contains(&"fed"));
    }
}

#[tokio::test]
async fn whoever_gave_two_there_is_not_asked_here() {
    for (settings, quirk, asked) in [(COUNTS, "multi_factor", false), (COUNTS, "none", true), ("", "multi_factor", true)] {
        let (world, fakes) = World::with_fakes(settings).await;
        let user = world.person(ADA).await;
        let mut owner = world.sign_in(ADA, PASSWORD).await;
        connect(&fakes, &mut owner, "google", "ada").await;
        add_app(&world, &mut owner).await;
        let (browser, answer) = come(&world, &fakes, "google", "ada", quirk).await;
        assert_eq!(answer.location().starts_with("/login/second?flow="), asked, "{settings:?} {quirk}: {}", answer.location());
        assert_eq!(who(&browser).await.is_none(), asked);
        // Nor is it asked for to be connected.
        let (world, fakes) = World::with_fakes(settings).await;
        world.person(ADA).await;
        let mut owner = world.sign_in(ADA, PASSWORD).await;
        add_app(&world, &mut owner).await;
        let (_, answer) = come(&world, &fakes, "google", "ada", quirk).await;
        assert_eq!(answer.location().starts_with("/login/join?flow="), asked, "{settings:?} {quirk}: {}", answer.location());
        drop(user);
    }
}

#[tokio::test]
async fn where_two_are_required_a_new_person_sets_one_up_unless_there_were_two() {
    let required = "[second_factor]\nrequired = \"everyone\"\n";
    for (quirk, path) in [("none", "/login/enrol?flow="), ("multi_factor", "/account")] {
        let (world, fakes) = World::with_fakes(&format!("{COUNTS}{required}")).await;
        let (mut browser, answer) = come(&world, &fakes, "google", "ada", quirk).await;
        assert!(answer.location().starts_with(path), "{quirk}: {}", answer.location());
        assert_eq!(is_signed_in(&mut browser).await, quirk == "multi_factor");
    }
}
