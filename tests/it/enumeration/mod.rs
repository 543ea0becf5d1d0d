//! Nothing tells whether somebody has an account: neither the answer's shape nor its time.
//!
//! * **Here**: every request that takes an identifier, sent for known and unknown ones in turn. [`ways`] are the requests, [`shape`] is what
//!   of an answer may not differ, [`statistics`] decides about the times.
//! * **Not here**: what such pages say and do (`journeys`).
//! * **To add one**: a line in [`ways::ALL`] and its arm.
//! * **Tested**: a few samples of shapes with all the tests; 2,000 of each kind with their times by `tests/run enumeration`.

pub mod shape;
mod statistics;
mod ways;

use std::time::{Duration, Instant};

use serde_json::json;

use self::shape::Shape;
use self::statistics::Verdict;
use self::ways::{Kind, Way};
use crate::world::{Answer, Browser, PASSWORD, World};

/// As many accounts there are, and as many names that nobody has.
const NAMES: usize = 250;

/// Limits count as they do in earnest, but never refuse.
const SETTINGS: &str = "
[limits]
enabled = true
sign_in_requester_per_minute = 1000000
sign_in_free_failures = 1000
signup_requester_per_hour = 1000000
reset_requester_per_hour = 1000000
destination_per_hour = 1000000
verify_requester_per_minute = 1000000
[sms]
number_per_hour = 1000000
number_per_day = 1000000
prefix_per_hour = 1000000
requester_per_hour = 1000000
completion_percent = 0
month_budget = 0
";

/// A server on disk with people whose names differ from those that nobody has in nothing that could be seen.
async fn house() -> World {
    let world = World::with(SETTINGS).await;
    for which in 0..NAMES {
        let (email, phone) = (ways::email(Kind::Known, which), ways::phone(Kind::Known, which));
        world
            .user(json!({
                "email": email, "email_verified": true, "phone_number": phone, "phone_number_verified": true, "password": PASSWORD,
            }))
            .await;
    }
    world.person("owner@a.example").await;
    world
}

/// One sample: what came, and how long it took.
async fn sample(world: &World, browser: &mut Browser, way: Way, kind: Kind, which: usize) -> (Shape, Duration) {
    let request = ways::prepared(world, browser, way, kind, which).await;
    let fields: Vec<(&str, &str)> = request.fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let begin = Instant::now();
    let answer: Answer = browser.post(request.path, &fields).await;
    let time = begin.elapsed();
    assert!(matches!(answer.status, 200 | 303 | 422), "{way:?} {kind:?}: {} {}", answer.status, answer.text());
    (Shape::of(&answer, &request.typed), time)
}

/// Samples of both kinds in turn, the order within each pair by a coin: their times, known first. Every shape is the same.
async fn samples(world: &World, way: Way, many: usize) -> [Vec<f64>; 2] {
    let mut browser = ways::browser(world, way).await;
    let mut times = [Vec::new(), Vec::new()];
    let mut first: Option<Shape> = None;
    for round in 0..many {
        let coin = world.app.random.bytes::<1>()[0] & 1 == 0;
        let order = if coin { [Kind::Known, Kind::Unknown] } else { [Kind::Unknown, Kind::Known] };
        for kind in order {
            let (shape, time) = sample(world, &mut browser, way, kind, round % NAMES).await;
            let first = first.get_or_insert_with(|| shape.clone());
            assert_eq!(*first, shape, "{way:?} {kind:?}");
            times[kind as usize].push(time.as_secs_f64() * 1e6);
        }
    }
    times
}

#[tokio::test]
async fn answers_have_one_shape() {
    let world = house().await;
    for way in ways::ALL {
        samples(&world, way, 25).await;
    }
}

/// A difference counts if it is found twice, in the same direction, each time at the level of [`statistics::LEVEL`].
#[tokio::test]
#[ignore = "takes minutes: tests/run enumeration"]
async fn two_thousand_samples_of_each_kind_cannot_be_told_apart() {
    let mut told = Vec::new();
    println!("{:<16} {:>12} {:>12} {:>10} {:>8} {:>8}", "way", "known us", "unknown us", "shift us", "z", "p");
    for way in ways::ALL {
        let mut found: Vec<Verdict> = Vec::new();
        for _ in 0..2 {
            let world = house().await;
            // The first requests warm caches up.
            samples(&world, way, 50).await;
            let [known, unknown] = samples(&world, way, 2000).await;
            let verdict = statistics::compare(&known, &unknown);
            println!("{:<16} {verdict}", format!("{way:?}"));
            found.push(verdict);
            if !verdict.differs() {
                break;
            }
        }
        if let [one, two] = found[..]
            && one.differs()
            && two.differs()
            && one.z.signum().total_cmp(&two.z.signum()).is_eq()
        {
            told.push(format!("{way:?}: {one} | {two}"));
        }
    }
    assert!(told.is_empty(), "these tell who has an account:\n{}", told.join("\n"));
}
