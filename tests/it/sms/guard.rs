//! The guard, as people and fraudsters meet it. Prices: 0.12 a text.

use std::collections::BTreeSet;

use vestibule::actions::Requester;
use vestibule::engine::phone::Phone;
use vestibule::engine::sms_guard::{Reason, Verdict};
use vestibule::locale::Locale;
use vestibule::store::Store;

use crate::world::{Database, Place, World};

const ON: &str = "[limits]\nenabled = true\n[sms]\n";
const ADA: &str = "+436601234567";

fn phone(text: &str) -> Phone {
    Phone::parse(text, None).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn from(number: u8) -> Requester {
    Requester { address: [203, 0, 113, number].into(), user_agent: String::new(), locale: Locale::En }
}

/// A world, and a connection to ask on.
struct Desk {
    world: World,
    store: Store,
}

impl std::ops::Deref for Desk {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Desk {
    async fn with(settings: &str) -> Self {
        Self::at(Place::sqlite(), settings).await
    }

    async fn on(database: Database, settings: &str) -> Option<Self> {
        Some(Self::at(Place::new(database).await?, settings).await)
    }

    async fn at(place: Place, settings: &str) -> Self {
        let world = World::at(place, settings).await;
        let store = world.store().await;
        Self { world, store }
    }
}

async fn ask_from(desk: &Desk, number: &str, requester: &Requester) -> Verdict {
    let mut tx = desk.store.write().await.unwrap();
    let verdict = desk.app.may_text(&mut tx, &phone(number), requester).await.unwrap();
    tx.commit().await.unwrap();
    verdict
}

async fn ask(desk: &Desk, number: &str, requester: u8) -> Verdict {
    ask_from(desk, number, &from(requester)).await
}

async fn enter(desk: &Desk, number: &str) {
    let mut tx = desk.store.write().await.unwrap();
    desk.app.text_completed(&mut tx, &phone(number)).await.unwrap();
    tx.commit().await.unwrap();
}

/// What was allowed, in cents.
fn cents(world: &Desk) -> f64 {
    let text = world.app.metrics.render();
    let line = text.lines().find_map(|line| line.strip_prefix("vestibule_sms_cost_total ")).unwrap_or("0");
    (line.parse::<f64>().unwrap() * 100.0).round()
}

#[tokio::test]
async fn countries_and_premium_numbers() {
    let world = Desk::with(&format!("{ON}countries = ['AT']")).await;
    assert_eq!(ask(&world, ADA, 1).await, Verdict::Allowed);
    assert_eq!(ask(&world, "+4915123456789", 1).await, Verdict::Refused(Reason::Country));
    assert_eq!(ask(&world, "+43900123456", 1).await, Verdict::Refused(Reason::Premium));
    let world = Desk::with(&format!("{ON}countries = []")).await;
    assert_eq!(ask(&world, ADA, 1).await, Verdict::Refused(Reason::Off));
    let world = Desk::with(&format!("{ON}transport = 'off'")).await;
    assert_eq!(ask(&world, ADA, 1).await, Verdict::Refused(Reason::Off));
    // For load tests: nothing is counted, but countries stay as they are.
    let world = Desk::with("[sms]\ncountries = ['AT']\nmonth_budget = 1").await;
    for _ in 0..50 {
        assert_eq!(ask(&world, ADA, 1).await, Verdict::Allowed);
    }
    assert_eq!(ask(&world, "+4915123456789", 1).await, Verdict::Refused(Reason::Country));
}

#[tokio::test]
async fn a_number_has_its_hour_and_its_day() {
    for database in Database::BOTH {
        let Some(world) = Desk::on(database, ON).await else { continue };
        for sent in 0..5 {
            assert_eq!(ask(&world, ADA, sent).await, Verdict::Allowed);
            enter(&world, ADA).await;
        }
        assert_eq!(ask(&world, ADA, 99).await, Verdict::Refused(Reason::Number), "{database:?}");
        assert_eq!(ask(&world, "+436647654321", 99).await, Verdict::Allowed, "others are not concerned");
        let mut day = 5;
        for _ in 0..24 * 4 {
            world.advance(900);
            if ask(&world, ADA, 98).await == Verdict::Allowed {
                day += 1;
                enter(&world, ADA).await;
            }
        }
        assert!((15..=20).contains(&day), "{database:?}: {day} in 24 hours after a burst");
    }
}

#[tokio::test]
async fn a_requester_has_a_cap_and_refusals_use_nothing_up() {
    let world = Desk::with(&format!("{ON}requester_per_hour = 3")).await;
    for last in 0..3 {
        assert_eq!(ask(&world, &format!("+4366{last}1234567"), 1).await, Verdict::Allowed);
    }
    for _ in 0..20 {
        assert_eq!(ask(&world, ADA, 1).await, Verdict::Refused(Reason::Requester));
    }
    // Had the refusals counted, her number's five an hour would be used up.
    assert_eq!(ask(&world, ADA, 2).await, Verdict::Allowed);
    // One who has a whole IPv6 network is one requester.
    let of = |last: u16| Requester { address: [0x2001, 0xdb8, 1, 1, 0, 0, 0, last].into(), ..from(0) };
    for last in 0..3 {
        assert_eq!(ask_from(&world, &format!("+4367{last}1234567"), &of(last)).await, Verdict::Allowed);
    }
    assert_eq!(ask_from(&world, "+436761234567", &of(9)).await, Verdict::Refused(Reason::Requester));
}

#[tokio::test]
async fn a_range_has_a_cap_even_if_every_code_is_entered() {
    let desk = Desk::with(&format!("{ON}prefix_per_hour = 12")).await;
    for number in 0..12_u8 {
        let to = format!("+43660199{number:04}");
        assert_eq!(ask(&desk, &to, number).await, Verdict::Allowed);
        enter(&desk, &to).await;
    }
    assert_eq!(ask(&desk, "+436601990099", 99).await, Verdict::Refused(Reason::Range));
    assert_eq!(ask(&desk, "+436641234567", 99).await, Verdict::Allowed, "another range");
    desk.advance(300);
    assert_eq!(ask(&desk, "+436601990099", 99).await, Verdict::Allowed, "one more every five minutes");
}

#[tokio::test]
async fn money_ends_with_the_month() {
    for database in Database::BOTH {
        let settings =
            format!("{ON}month_budget = 1\nreserved_percent = 0\nprices = ['AT=0.30', '*=0.60']\ncompletion_percent = 0");
        let Some(world) = Desk::on(database, &settings).await else { continue };
        assert_eq!(ask(&world, ADA, 1).await, Verdict::Allowed);
        assert_eq!(ask(&world, "+4915123456789", 1).await, Verdict::Allowed);
        assert_eq!(ask(&world, ADA, 1).await, Verdict::Refused(Reason::Budget), "{database:?}: 1.20 would be too much");
        assert!((cents(&world) - 90.0).abs() < 0.5);
        world.advance(9 * 86_400);
        assert_eq!(ask(&world, ADA, 1).await, Verdict::Refused(Reason::Budget), "30 November");
        world.advance(86_400);
        assert_eq!(ask(&world, ADA, 1).await, Verdict::Allowed, "1 December");
    }
}

#[tokio::test]
async fn notices_are_paid_for_but_do_not_brake() {
    let world = Desk::with(&format!("{ON}completion_sample = 4\nnumber_per_hour = 50\nnumber_per_day = 50")).await;
    let mut tx = world.store.write().await.unwrap();
    for _ in 0..30 {
        assert_eq!(world.app.may_notify_by_text(&mut tx, &phone(ADA)).await.unwrap(), Verdict::Allowed);
    }
    tx.commit().await.unwrap();
    assert!((cents(&world) - 360.0).abs() < 0.5);
    assert_eq!(ask(&world, ADA, 1).await, Verdict::Allowed);
}

/// 200 numbers in one range, each asked for by another address: stopped at 2.40, while people elsewhere get their codes, and
/// a whole day of it stays below 6.00.
#[tokio::test]
async fn a_pumping_pattern_is_stopped_and_honest_people_get_in() {
    for database in Database::BOTH {
        let Some(place) = Place::new(database).await else { continue };
        let (world, other) = (Desk::at(place.clone(), ON).await, Desk::at(place, ON).await);
        let mut refused = BTreeSet::new();
        let pump = async |world: &Desk, round: u32| {
            let mut reasons = BTreeSet::new();
            for number in 0..200_u32 {
                let to = format!("+43660199{:04}", (round * 200 + number) % 10_000);
                let requester =
                    Requester { address: [10, 1, u8::try_from(round).unwrap(), u8::try_from(number).unwrap()].into(), ..from(0) };
                if let Verdict::Refused(reason) = ask_from(world, &to, &requester).await {
                    reasons.insert(reason.as_str());
                }
            }
            reasons
        };
        refused.append(&mut pump(&world, 0).await);
        assert_eq!(refused, BTreeSet::from(["brake"]), "{database:?}");
        assert!((cents(&world) - 240.0).abs() < 0.5, "{database:?}: {}", cents(&world));
        // Another node knows it too, and elsewhere nobody notices.
        assert_eq!(ask(&other, "+436601990001", 7).await, Verdict::Refused(Reason::Brake));
        for honest in ["+436641234567", "+4915123456789", "+12025550173"] {
            assert_eq!(ask(&other, honest, 8).await, Verdict::Allowed, "{database:?}: {honest}");
            enter(&other, honest).await;
        }
        if database == Database::Sqlite {
            for hour in 1..=24 {
                world.advance(3600);
                pump(&world, hour).await;
            }
            assert!(cents(&world) < 600.0, "{}", cents(&world));
        }
    }
}

#[tokio::test]
async fn a_range_whose_codes_are_entered_is_left_in_peace() {
    let world = Desk::with(&format!("{ON}requester_per_hour = 1000\nprefix_per_hour = 1000\nmonth_budget = 1000")).await;
    for number in 0..200 {
        let to = format!("+43660199{number:04}");
        assert_eq!(ask(&world, &to, 1).await, Verdict::Allowed, "{number}");
        // Every third gives up.
        if number % 3 != 0 {
            enter(&world, &to).await;
        }
    }
    // Then somebody pumps among them: what went well before counts for a while, not for ever.
    let mut sent = 0;
    while ask(&world, &format!("+43660188{sent:04}"), 2).await == Verdict::Allowed {
        sent += 1;
        assert!(sent < 150, "the past must fade");
    }
    assert_eq!(ask(&world, ADA, 3).await, Verdict::Refused(Reason::Brake));
    world.advance(3600);
    assert_eq!(ask(&world, ADA, 3).await, Verdict::Allowed, "after the pause it is tried again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_at_once_get_what_one_would() {
    for database in Database::BOTH {
        let Some(place) = Place::new(database).await else { continue };
        let settings = format!("{ON}number_per_hour = 3");
        let nodes = [Desk::at(place.clone(), &settings).await, Desk::at(place, &settings).await];
        let mut callers = tokio::task::JoinSet::new();
        for number in 0..10_u8 {
            let app = nodes[usize::from(number % 2)].app.clone();
            let store = nodes[usize::from(number % 2)].store.clone();
            callers.spawn(async move {
                let mut tx = store.write().await.unwrap();
                let verdict = app.may_text(&mut tx, &phone(ADA), &from(number)).await.unwrap();
                tx.commit().await.unwrap();
                verdict == Verdict::Allowed
            });
        }
        let allowed = callers.join_all().await.into_iter().filter(|allowed| *allowed).count();
        assert_eq!(allowed, 3, "{database:?}");
    }
}
