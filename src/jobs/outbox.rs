//! Delivers the messages of a channel as they are written, and those of other nodes and of the command line soon after.

use std::time::Duration;

use tokio::time::sleep;

use super::{Stop, note};
use crate::actions::Outcome;
use crate::actions::outbox::{Channel, Delivered};
use crate::actions::{App, health, outbox};

/// How long a message of another process may wait.
const POLL: Duration = Duration::from_secs(5);
/// A ring comes before its commit, so an empty outbox is looked at again after these.
const SOON: [Duration; 4] = [Duration::ZERO, Duration::from_millis(20), Duration::from_millis(100), Duration::from_millis(500)];

const fn name(channel: Channel) -> &'static str {
    match channel {
        Channel::Mail => "outbox of mail",
        Channel::Sms => "outbox of texts",
    }
}

pub(super) async fn run(app: App, channel: Channel, stop: Stop) {
    health::beat(&app, name(channel));
    let mut looks: &[Duration] = &[];
    loop {
        let (pause, further) = match looks.split_first() {
            Some((soon, further)) => (*soon, further),
            None => (until_due(&app, channel).await, [].as_slice()),
        };
        looks = further;
        tokio::select! {
            biased;
            () = stop.clone().requested() => return,
            () = outbox::rung(&app, channel) => {
                looks = &SOON;
                continue;
            }
            () = sleep(pause) => {}
        }
        // A poll that finds nothing must not cost a write.
        if looks.is_empty() && further.is_empty() && !is_due(&app, channel).await {
            continue;
        }
        let delivered = note("outbox", deliver(&app, channel, &stop).await);
        if delivered.is_some_and(|delivered| delivered.total() > 0) {
            looks = &[];
        }
    }
}

async fn deliver(app: &App, channel: Channel, stop: &Stop) -> Outcome<Delivered> {
    let go_on = || {
        health::beat(app, name(channel));
        !stop.is_requested()
    };
    outbox::deliver_while(app, channel, go_on).await
}

/// Until the next message is due, but never longer than until the next poll. A database that fails is asked again at the next poll.
async fn until_due(app: &App, channel: Channel) -> Duration {
    let looked = note("outbox", outbox::next_due(app, channel).await);
    if looked.is_some() {
        health::beat(app, name(channel));
    }
    match looked.flatten() {
        Some(at) => at.since(app.now()).clamp(Duration::from_millis(10), POLL),
        None => POLL,
    }
}

async fn is_due(app: &App, channel: Channel) -> bool {
    note("outbox", outbox::next_due(app, channel).await).flatten().is_some_and(|at| at <= app.now())
}
