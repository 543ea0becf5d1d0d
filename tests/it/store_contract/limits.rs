//! `limits`: rates and delays that nodes agree on.

use std::time::Duration;

use vestibule::engine::limit::{Allowance, Rate};
use vestibule::store::limits;

use super::{NOW, benches, later};

const RATE: Rate = Rate { many: 3, within: Duration::from_mins(1) };

#[tokio::test]
async fn a_rate_allows_its_burst_and_then_one_at_a_time() {
    for bench in benches().await {
        let mut tx = bench.write().await;
        for _ in 0..3 {
            assert_eq!(limits::spend(&mut tx, "a", RATE, NOW).await.unwrap(), Allowance::Granted, "{:?}", bench.database);
        }
        assert_eq!(limits::spend(&mut tx, "a", RATE, NOW).await.unwrap(), Allowance::After(Duration::from_secs(20)));
        assert_eq!(limits::spend(&mut tx, "b", RATE, NOW).await.unwrap(), Allowance::Granted, "another key");
        assert_eq!(limits::spend(&mut tx, "a", RATE, later(19)).await.unwrap(), Allowance::After(Duration::from_secs(1)));
        assert_eq!(limits::spend(&mut tx, "a", RATE, later(20)).await.unwrap(), Allowance::Granted);
        assert_ne!(limits::spend(&mut tx, "a", RATE, later(20)).await.unwrap(), Allowance::Granted);
        for _ in 0..3 {
            assert_eq!(
                limits::spend(&mut tx, "a", RATE, later(500)).await.unwrap(),
                Allowance::Granted,
                "unused time is no credit"
            );
        }
        assert_ne!(limits::spend(&mut tx, "a", RATE, later(500)).await.unwrap(), Allowance::Granted);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_of_ten_at_once_are_allowed() {
    for bench in benches().await {
        let allowed =
            bench.race(|tx| Box::pin(async move { Ok(limits::spend(tx, "a", RATE, NOW).await? == Allowance::Granted) }));
        assert_eq!(allowed.await, 3, "{:?}", bench.database);
    }
}

#[tokio::test]
async fn failures_slow_an_account_down_and_success_forgives_them() {
    for bench in benches().await {
        let mut tx = bench.write().await;
        for _ in 0..5 {
            assert_eq!(limits::try_account(&mut tx, "ana", NOW).await.unwrap(), Allowance::Granted);
        }
        assert_eq!(limits::try_account(&mut tx, "ana", NOW).await.unwrap(), Allowance::Granted, "the sixth begins the delay");
        assert_eq!(limits::try_account(&mut tx, "ana", NOW).await.unwrap(), Allowance::After(Duration::from_secs(1)));
        assert_eq!(limits::try_account(&mut tx, "ana", later(1)).await.unwrap(), Allowance::Granted);
        assert_eq!(limits::try_account(&mut tx, "ana", later(1)).await.unwrap(), Allowance::After(Duration::from_secs(2)));
        assert_eq!(limits::try_account(&mut tx, "bob", NOW).await.unwrap(), Allowance::Granted);
        limits::forgive(&mut tx, "ana").await.unwrap();
        for _ in 0..6 {
            assert_eq!(limits::try_account(&mut tx, "ana", later(1)).await.unwrap(), Allowance::Granted, "{:?}", bench.database);
        }
        // A day later they are forgotten.
        for _ in 0..5 {
            assert_eq!(limits::try_account(&mut tx, "ana", later(2 * 86_400)).await.unwrap(), Allowance::Granted);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tries_in_parallel_do_not_outrun_the_count() {
    for bench in benches().await {
        let allowed =
            bench.race(|tx| Box::pin(async move { Ok(limits::try_account(tx, "ana", NOW).await? == Allowance::Granted) }));
        assert_eq!(allowed.await, 6, "{:?}", bench.database);
    }
}
