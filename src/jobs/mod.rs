//! Loops over actions: delivery, sweeping, keys, checkpoints.
//!
//! * **Here**: when an action runs by itself. The pace is tokio's own clock, so that a jump of the system's clock neither skips nor
//!   repeats a turn; a turn that fails is logged, and the next one comes.
//! * **Not here**: what a turn does (actions). No loop ends the process.
//! * **To add one**: a function that takes the [`App`] and a [`Stop`] and returns soon after the stop; a line in [`start`].
//! * **Tested**: below, and by `tests/it`, which call the actions themselves.

mod outbox;

use std::fmt::Display;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use crate::actions::outbox::Channel;
use crate::actions::{App, Outcome, fleet, health, keys, measures, providers, sweep};

const SWEEP_FIRST: Duration = Duration::from_mins(1);
const SWEEP_EVERY: Duration = Duration::from_hours(1);
/// A leaked key that the command line removed is believed for no longer.
const KEYS_EVERY: Duration = Duration::from_secs(5);
const FLEET_EVERY: Duration = Duration::from_mins(1);
const TOKENS_EVERY: Duration = Duration::from_mins(1);
/// So that a turn, and the stop, does not wait for a provider that is slow for everybody.
const TOKENS_AT_ONCE: usize = 100;
const MEASURES_FIRST: Duration = Duration::from_millis(100);
const MEASURES_EVERY: Duration = Duration::from_mins(1);
const CHECKPOINT_EVERY: Duration = Duration::from_secs(2);
/// A turn that takes longer is broken off, for it will not end: each statement and each call has its own bound. Sweeping after a long rest is work.
const TURN: Duration = Duration::from_mins(10);
const SWEEP_TURN: Duration = Duration::from_hours(6);

/// Tells loops and listeners to end. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

/// The other end of a [`Stop`].
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

impl Stopper {
    pub fn new() -> (Self, Stop) {
        let (sender, receiver) = watch::channel(false);
        (Self(sender), Stop(receiver))
    }

    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns once the stop is requested, or nobody is left who could request it.
    pub async fn requested(mut self) {
        let _gone = self.0.wait_for(|stop| *stop).await;
    }
}

/// The loops that run beside the server.
#[derive(Debug)]
pub struct Jobs {
    running: JoinSet<()>,
    stopper: Stopper,
}

/// Starts every loop.
pub fn start(app: &App) -> Jobs {
    let (stopper, stop) = Stopper::new();
    let mut running = JoinSet::new();
    for channel in Channel::ALL {
        running.spawn(outbox::run(app.clone(), channel, stop.clone()));
    }
    running.spawn(every(
        Job { name: "sweep", first: SWEEP_FIRST, pause: SWEEP_EVERY, bound: SWEEP_TURN },
        stop.clone(),
        app.clone(),
        sweep_once,
    ));
    running.spawn(every(Job::at("keys", KEYS_EVERY), stop.clone(), app.clone(), keys::ensure));
    running.spawn(every(Job::at("nodes", FLEET_EVERY), stop.clone(), app.clone(), fleet::turn));
    if app.settings.server.metrics_listen.is_some() {
        let job = Job { first: MEASURES_FIRST, ..Job::at("measures", MEASURES_EVERY) };
        running.spawn(every(job, stop.clone(), app.clone(), measures::count));
    }
    if app.settings.providers.iter().any(|provider| provider.keep_tokens) {
        running.spawn(every(Job::at("provider tokens", TOKENS_EVERY), stop.clone(), app.clone(), renew_tokens));
    }
    running.spawn(every(Job::at("checkpoint", CHECKPOINT_EVERY), stop, app.clone(), App::checkpoint));
    Jobs { running, stopper }
}

impl Jobs {
    /// Lets every loop finish its turn, for at most so long.
    pub async fn stop(mut self, bound: Duration) {
        self.stopper.stop();
        let all = async { while self.running.join_next().await.is_some() {} };
        if timeout(bound, all).await.is_err() {
            tracing::warn!("a background job did not end in time and is broken off");
        }
    }
}

async fn renew_tokens(app: &App) -> Outcome<()> {
    for _ in 0..TOKENS_AT_ONCE {
        if !providers::tokens::renew_one(app).await? {
            break;
        }
    }
    Ok(())
}

async fn sweep_once(app: &App) -> Outcome<()> {
    for swept in sweep::sweep(app).await? {
        tracing::info!(table = swept.table, rows = swept.rows, "swept");
    }
    Ok(())
}

/// A loop's name and pace.
#[derive(Clone, Copy)]
struct Job {
    name: &'static str,
    first: Duration,
    pause: Duration,
    /// How long a turn may take.
    bound: Duration,
}

impl Job {
    const fn at(name: &'static str, pause: Duration) -> Self {
        Self { name, first: pause, pause, bound: TURN }
    }
}

/// Runs a turn at each tick until the stop.
async fn every(job: Job, stop: Stop, app: App, turn: impl AsyncFn(&App) -> Outcome<()>) {
    let mut ticks = interval_at(Instant::now() + job.first, job.pause);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = stop.clone().requested() => return,
            _ = ticks.tick() => {}
        }
        if note(job.name, within(job.bound, turn(&app)).await).is_some() {
            health::done(&app, job.name);
        }
    }
}

async fn within<T>(bound: Duration, turn: impl Future<Output = Outcome<T>>) -> Result<T, String> {
    match timeout(bound, turn).await {
        Ok(outcome) => outcome.map_err(|fault| fault.to_string()),
        Err(_) => Err(format!("it did not end within {bound:?} and is broken off")),
    }
}

/// A failure is for the log; the next turn may succeed.
fn note<T>(job: &'static str, outcome: Result<T, impl Display>) -> Option<T> {
    outcome.inspect_err(|error| tracing::error!(job, %error, "a background job failed; it goes on")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stop_is_heard_by_those_who_come_later_too() {
        let (stopper, stop) = Stopper::new();
        assert!(!stop.is_requested());
        let waiting = tokio::spawn(stop.clone().requested());
        stopper.stop();
        waiting.await.unwrap();
        stop.clone().requested().await;
        assert!(stop.is_requested());
    }

    #[tokio::test]
    async fn a_turn_that_hangs_is_broken_off() {
        let broken_off = within(Duration::from_millis(20), std::future::pending::<Outcome<()>>()).await.unwrap_err();
        assert!(broken_off.contains("20ms"), "{broken_off}");
        assert_eq!(within(Duration::from_secs(9), async { Ok(1) }).await, Ok(1));
    }

    #[tokio::test]
    async fn nobody_waits_for_a_stopper_that_is_gone() {
        let (stopper, stop) = Stopper::new();
        drop(stopper);
        stop.requested().await;
    }
}
