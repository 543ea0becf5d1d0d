//! `sms_months`, `sms_ranges`: money and codes that nodes count together.

use std::time::Duration;

use vestibule::engine::sms_guard::{Brake, Track};
use vestibule::store::sms;

use super::{NOW, benches, later};

const BRAKE: Brake = Brake { percent: 20, sample: 10, pause: Duration::from_secs(3600) };

#[tokio::test]
async fn a_month_bears_its_budget_and_no_more() {
    for bench in benches().await {
        let mut tx = bench.write().await;
        assert_eq!(sms::spent(&mut tx, "2025-11").await.unwrap(), 0);
        for (cost, borne) in [(60, true), (50, false), (40, true), (1, false), (0, true)] {
            let spent = sms::spend(&mut tx, "2025-11", cost, Some(100), later(60)).await.unwrap();
            assert_eq!(spent.is_done(), borne, "{:?}: {cost}", bench.database);
        }
        assert!(!sms::spend(&mut tx, "2025-12", 101, Some(100), later(60)).await.unwrap(), "the first of a month too");
        assert!(sms::spend(&mut tx, "2025-11", 500, None, later(60)).await.unwrap(), "no cap");
        assert_eq!(sms::spent(&mut tx, "2025-11").await.unwrap(), 600);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_of_ten_at_once_find_the_money() {
    for bench in benches().await {
        let paid = bench.race(|tx| Box::pin(async move { sms::spend(tx, "2025-11", 30, Some(100), later(60)).await }));
        assert_eq!(paid.await, 3, "{:?}", bench.database);
        assert_eq!(sms::spent(&mut bench.read().await, "2025-11").await.unwrap(), 90);
    }
}

#[tokio::test]
async fn a_range_counts_what_was_sent_and_entered() {
    for bench in benches().await {
        let mut tx = bench.write().await;
        assert_eq!(sms::track(&mut tx, "+436601").await.unwrap(), Track::default());
        sms::count_entered(&mut tx, "+436601").await.unwrap();
        for sent in 1..=3 {
            assert_eq!(sms::count_sent(&mut tx, "+436601", later(60)).await.unwrap().sent, sent);
        }
        for _ in 0..5 {
            sms::count_entered(&mut tx, "+436601").await.unwrap();
        }
        let expected = Track { sent: 3, entered: 3, ..Track::default() };
        assert_eq!(sms::track(&mut tx, "+436601").await.unwrap(), expected, "{:?}: never more than were sent", bench.database);
        let judged = Track { sent: 0, entered: 0, strikes: 1, braked_until: later(3600) };
        sms::judge(&mut tx, "+436601", judged).await.unwrap();
        assert_eq!(sms::track(&mut tx, "+436601").await.unwrap(), judged);
        assert_eq!(sms::track(&mut tx, "+436602").await.unwrap(), Track::default());
    }
}

/// Each count holds the row, so the tenth of ten at once brakes, and nobody counts past it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_at_once_brake_once() {
    for bench in benches().await {
        let braked = bench.race(|tx| {
            Box::pin(async move {
                let track = sms::count_sent(tx, "+436601", later(60)).await?;
                let Some(judged) = track.judged(BRAKE, NOW) else { return Ok(false) };
                sms::judge(tx, "+436601", judged).await?;
                Ok(true)
            })
        });
        assert_eq!(braked.await, 1, "{:?}", bench.database);
        let track = sms::track(&mut bench.read().await, "+436601").await.unwrap();
        assert_eq!((track.sent, track.strikes, track.is_braked(NOW)), (0, 1, true), "{:?}", bench.database);
    }
}
