//! Numbers that have to be looked up rather than counted as things happen.

use super::{App, Outcome, keys};
use crate::crypto::jose::Alg;
use crate::engine::outbox::Channel;
use crate::store::{outbox, sessions};

/// What costs nothing to look up: asked at each scrape.
pub fn refresh(app: &App) {
    let found = app.store.connections();
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    app.metrics.set_connections(number(found.busy), number(found.idle), number(found.max));
    for alg in Alg::ALL {
        if let Some(since) = keys::signing_since(&app.keys, alg, app.now()) {
            let age = app.now().seconds() - since.seconds();
            app.metrics.set_key_age(alg.as_str(), age.max(0));
        }
    }
}

/// What has to be counted in the database: a job's, so that scrapes cost the same however many rows and scrapers there are.
pub async fn count(app: &App) -> Outcome<()> {
    let alive = sessions::count(&mut app.store.read().await?, app.now()).await?;
    app.metrics.set_sessions(alive);
    outbox_depth(app).await
}

/// How many messages wait, and for how long.
pub(super) async fn outbox_depth(app: &App) -> Outcome<()> {
    let pending = outbox::pending(&mut app.store.read().await?).await?;
    for channel in Channel::ALL {
        let waiting = pending.iter().find(|(name, ..)| name == channel.as_str());
        if let Some((_, count, oldest)) = waiting {
            app.metrics.set_outbox(channel.as_str(), *count, (app.now().seconds() - oldest.seconds()).max(0));
        } else if channel == Channel::Mail || app.settings.sms.is_on() {
            app.metrics.set_outbox(channel.as_str(), 0, 0);
        }
    }
    Ok(())
}
