//! This node among those that share its database: clocks are compared, and what all must have alike.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use data_encoding::HEXLOWER;

use super::{App, Outcome};
use crate::crypto::token::hash;
use crate::engine::fleet::{Drift, Says, clock_offset, differences, drift};
use crate::ids::NodeId;
use crate::store::{migration_names, nodes};

/// Who has not said a word for so long is gone: three turns of the job.
const GONE: Duration = Duration::from_mins(3);

/// What this node has found out.
#[derive(Debug, Default)]
pub struct Fleet {
    id: OnceLock<NodeId>,
    /// How far the database's clock is ahead of ours, in milliseconds.
    offset: AtomicI64,
    /// What has been said about other nodes, so that it is said once.
    said: Mutex<BTreeSet<String>>,
}

impl Fleet {
    pub(super) fn clock(&self) -> (Drift, i64) {
        let offset = self.offset.load(Ordering::Relaxed);
        (drift(offset), offset)
    }

    fn id(&self, app: &App) -> &NodeId {
        self.id.get_or_init(|| NodeId::new(app.now(), &app.random))
    }
}

/// To be called at the start and every minute. On SQLite there is nobody else.
pub async fn turn(app: &App) -> Outcome<()> {
    let before = app.now();
    let Some(told) = nodes::told(&mut app.store.read().await?).await? else { return Ok(()) };
    if let Some(offset) = clock_offset(before, told.now, app.now()) {
        note_clock(app, offset);
    }
    if told.read_only {
        return Ok(());
    }
    let says = says(app);
    let id = app.fleet.id(app);
    let mut tx = app.store.write().await?;
    // By the database's clock: a node whose own is wrong must not take the others for gone.
    nodes::meet(&mut tx, id, &says, told.now, told.now + GONE).await?;
    let present = nodes::present(&mut tx, told.now).await?;
    tx.commit().await?;
    let others: Vec<&Says> = present.iter().filter(|node| node.id != *id).map(|node| &node.says).collect();
    let mut found = BTreeSet::new();
    let mut disagreeing = 0;
    for other in &others {
        let differences = differences(&says, other);
        disagreeing += i64::from(!differences.is_empty());
        found.extend(differences);
    }
    let count = i64::try_from(present.len()).unwrap_or(i64::MAX);
    app.metrics.set_nodes(count, disagreeing);
    let mut said = app.fleet.said.lock().unwrap_or_else(PoisonError::into_inner);
    for difference in found.difference(&said) {
        tracing::warn!("{difference}");
    }
    *said = found;
    Ok(())
}

/// What is known against other nodes, for `/readyz` and tests.
pub fn disagreements(app: &App) -> Vec<String> {
    app.fleet.said.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
}

/// This node ends.
pub async fn leave(app: &App) -> Outcome<()> {
    let Some(id) = app.fleet.id.get() else { return Ok(()) };
    let mut tx = app.store.write().await?;
    nodes::leave(&mut tx, id).await?;
    Ok(tx.commit().await?)
}

fn note_clock(app: &App, offset: i64) {
    app.fleet.offset.store(offset, Ordering::Relaxed);
    app.metrics
        .set_clock_offset(Duration::from_millis(offset.unsigned_abs()).as_secs_f64() * if offset < 0 { -1.0 } else { 1.0 });
    let seconds = offset / 1000;
    match drift(offset) {
        Drift::Right => {}
        Drift::Off => {
            tracing::warn!(seconds, "the database's clock is ahead of this machine's by so much; keep both in time (NTP)");
        }
        Drift::Wrong => {
            tracing::error!(
                seconds,
                "the database's clock is ahead of this machine's by so much: this node is not ready until both agree (NTP)"
            );
        }
    }
}

fn says(app: &App) -> Says {
    let settings = &app.settings;
    let digest = |section: &dyn Debug| HEXLOWER.encode(hash(&format!("{section:?}")).split_at(8).0);
    let sections: [(&str, &dyn Debug); 8] = [
        ("[tokens]", &settings.tokens),
        ("[keys]", &settings.keys),
        ("[sessions]", &settings.sessions),
        ("[sign_in]", &settings.sign_in),
        ("[second_factor]", &settings.second_factor),
        ("[signup]", &settings.signup),
        ("[flows]", &settings.flows),
        ("[[clients]]", &settings.clients),
    ];
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    Says {
        name: format!("{}:{}", machine.trim(), settings.server.listen.port()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        migration: migration_names().last().unwrap_or_default().to_owned(),
        public_url: settings.origin().to_owned(),
        sections: sections.into_iter().map(|(name, section)| (name.to_owned(), digest(section))).collect::<BTreeMap<_, _>>(),
        master_keys: app.keyring.macs("fingerprint", &[]).iter().map(|mac| HEXLOWER.encode(mac.split_at(8).0)).collect(),
    }
}
