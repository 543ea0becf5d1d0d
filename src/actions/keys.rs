//! Signing keys: made at first start, rotated by schedule or by hand, kept parsed in memory.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use hyper::body::Bytes;
use serde::Serialize;

use super::token::verified::Verified;
use super::{App, Fault, Outcome};
use crate::crypto::jose::{self, Alg, Jwk, SigningKey, VerifyingKey};
use crate::crypto::seal::OpenError;
use crate::engine::event::{Actor, Event, Kind, Origin};
use crate::engine::key::{KeyRecord, PublicRecord, Rotation, Schedule, Stage, due};
use crate::ids::KeyId;
use crate::settings::SigningAlg;
use crate::store::Tx;
use crate::store::keys::{self as rows, SealedKey};
use crate::store::nodes;
use crate::time::Timestamp;

/// What private keys are sealed for; see [`crate::crypto::seal`].
pub(in crate::actions) const PURPOSE: &str = "signing-key";
/// Milliseconds between two looks for a key that nobody here knows.
const ASK_AGAIN: u64 = 1_000;

/// The keys of this process. Empty until [`load`].
#[derive(Default)]
pub struct Ring {
    loaded: RwLock<Arc<Loaded>>,
    /// When an unknown key was last looked for, in Unix milliseconds.
    asked: AtomicI64,
}

/// Every key that is not removed, parsed, and what follows from them alone. Replaced as a whole.
#[derive(Default)]
pub struct Loaded {
    keys: Vec<RingKey>,
    jwks: Bytes,
    /// Tokens whose signature was found right. In here, so that a key that goes takes them along.
    pub(in crate::actions) verified: Verified,
}

struct RingKey {
    record: KeyRecord,
    key: Arc<SigningKey>,
}

impl Ring {
    pub(in crate::actions) fn loaded(&self) -> Arc<Loaded> {
        Arc::clone(&self.loaded.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// True once a second.
    fn may_ask(&self, now: Timestamp) -> bool {
        let asked = self.asked.load(Ordering::Relaxed);
        let free = (now.millis() - asked).unsigned_abs() >= ASK_AGAIN;
        free && self.asked.compare_exchange(asked, now.millis(), Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    #[cfg(test)]
    pub(in crate::actions) fn of(loaded: Loaded) -> Self {
        Self { loaded: RwLock::new(Arc::new(loaded)), asked: AtomicI64::default() }
    }

    fn replace(&self, loaded: Loaded) {
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(loaded);
    }
}

impl Loaded {
    fn of(keys: Vec<RingKey>) -> Outcome<Self> {
        let jwks = jwks_of(&keys)?;
        Ok(Self { keys, jwks, verified: Verified::default() })
    }

    /// The key with this id, which is text from outside.
    pub(in crate::actions) fn verifying(&self, kid: &str) -> Option<&VerifyingKey> {
        self.keys.iter().find(|found| found.key.kid() == kid).map(|found| found.key.verifying_key())
    }

    /// Whether these are the keys of these rows, at the same places of their lives.
    fn matches(&self, sealed: &[SealedKey]) -> bool {
        let life = |record: &KeyRecord| (record.id.clone(), record.retires_at, record.removes_at);
        self.keys.len() == sealed.len() && self.keys.iter().zip(sealed).all(|(a, b)| life(&a.record) == life(&b.record))
    }
}

/// The key that signs now. None only before [`ensure`] has run.
pub fn signing(ring: &Ring, alg: Alg, now: Timestamp) -> Option<Arc<SigningKey>> {
    let loaded = ring.loaded();
    let mut signing = loaded.keys.iter().rev().filter(|found| found.record.alg == alg);
    let found = signing.find(|found| found.record.stage(now) == Stage::Signing);
    // The first of those to come, where none signs: they were made by a clock ahead of ours, and in place of all others.
    let to_come = || loaded.keys.iter().find(|found| found.record.alg == alg && found.record.stage(now) == Stage::Published);
    found.or_else(to_come).map(|found| Arc::clone(&found.key))
}

/// Since when the key that signs now has signed.
pub(super) fn signing_since(ring: &Ring, alg: Alg, now: Timestamp) -> Option<Timestamp> {
    let loaded = ring.loaded();
    let mut records = loaded.keys.iter().rev().map(|found| &found.record);
    records.find(|record| record.alg == alg && record.stage(now) == Stage::Signing).map(|record| record.signs_at)
}

/// The keys, read again because nobody here knows the one that a token names: another node or the command line may have made it a moment ago.
/// Once a second at most, whoever makes up names. None: there is nothing new to know.
pub(in crate::actions) async fn look_for(app: &App, token: &str) -> Outcome<Option<Arc<Loaded>>> {
    let Some(kid) = jose::key_id(token, &["at+jwt"]).ok().filter(|kid| kid.parse::<KeyId>().is_ok()) else { return Ok(None) };
    if app.keys.loaded().verifying(&kid).is_some() || !app.keys.may_ask(app.now()) {
        return Ok(None);
    }
    load(app).await?;
    Ok(Some(app.keys.loaded()))
}

/// The JWK set (RFC 7517 section 5), ready to be sent: every key from the day it is made until its last token has expired.
pub fn jwks(ring: &Ring) -> Bytes {
    ring.loaded().jwks.clone()
}

/// The algorithm that a setting names.
pub const fn alg(setting: SigningAlg) -> Alg {
    match setting {
        SigningAlg::Es256 => Alg::Es256,
        SigningAlg::Rs256 => Alg::Rs256,
        SigningAlg::EdDsa => Alg::EdDsa,
    }
}

fn schedule(app: &App) -> Schedule {
    let tokens = &app.settings.tokens;
    let keys = &app.settings.keys;
    Schedule { rotate: keys.rotate, publish: keys.publish, longest_token: tokens.access.max(tokens.id) }
}

/// Reads the keys. Those that are in memory already are not opened again.
pub async fn load(app: &App) -> Outcome<()> {
    let sealed = rows::list(&mut app.store.read().await?).await?;
    adopt(app, sealed)
}

fn adopt(app: &App, mut sealed: Vec<SealedKey>) -> Outcome<()> {
    let now = app.now();
    sealed.retain(|key| key.record.stage(now) != Stage::Removed);
    let known = app.keys.loaded();
    if known.matches(&sealed) {
        return Ok(());
    }
    let parsed = |SealedKey { record, sealed }: SealedKey| {
        if let Some(known) = known.keys.iter().find(|known| known.record.id == record.id) {
            return Ok(RingKey { record, key: Arc::clone(&known.key) });
        }
        let broken = |why: &dyn std::fmt::Display| Fault::Broken(format!("the signing key {} cannot be read: {why}", record.id));
        let pkcs8 = app.keyring.open(PURPOSE, &sealed).map_err(no_key_fits)?;
        let key = SigningKey::from_pkcs8(record.alg, record.id.to_string(), &pkcs8).map_err(|error| broken(&error))?;
        Ok(RingKey { record, key: Arc::new(key) })
    };
    app.keys.replace(Loaded::of(sealed.into_iter().map(parsed).collect::<Outcome<_>>()?)?);
    Ok(())
}

/// Whether the master keys are those of this database: they open its newest signing key. One without any has nothing to be opened.
pub async fn fit(app: &App) -> Outcome<()> {
    let sealed = rows::list(&mut app.store.read().await?).await?;
    match sealed.last() {
        Some(key) => app.keyring.open(PURPOSE, &key.sealed).map(drop).map_err(no_key_fits),
        None => Ok(()),
    }
}

/// A damaged row looks the same, and is rarer by far than the keys of another installation.
fn no_key_fits(why: OpenError) -> Fault {
    let cause = match why {
        OpenError::UnknownKey(version) => {
            format!("its signing keys are sealed with the master key v{version}, which is not there")
        }
        OpenError::Refused => "the master keys are not the ones that its signing keys were sealed with".to_owned(),
    };
    Fault::Broken(format!(
        "{cause}; put the keys of this database into secrets.keys or the file secrets.key (restore it from the backup), or see that \
         data.dir and database.url belong together"
    ))
}

fn jwks_of(keys: &[RingKey]) -> Outcome<Bytes> {
    #[derive(Serialize)]
    struct Jwks<'a> {
        keys: Vec<&'a Jwk>,
    }
    let keys = keys.iter().map(|found| found.key.public_jwk()).collect();
    let json =
        serde_json::to_vec(&Jwks { keys }).map_err(|error| Fault::Broken(format!("the key set cannot be written: {error}")))?;
    Ok(json.into())
}

/// Makes the keys that are due, and reads what other nodes or the command line have changed. To be called at the start and every
/// few seconds: two statements when there is nothing to do.
pub async fn ensure(app: &App) -> Outcome<()> {
    make_due(app).await?;
    keep_public_halves(app).await
}

async fn make_due(app: &App) -> Outcome<()> {
    let sealed = rows::list(&mut app.store.read().await?).await?;
    let now = app.now();
    let missing: Vec<Alg> = Alg::ALL.into_iter().filter(|alg| signs_at(app, &sealed, *alg, now).is_some()).collect();
    if missing.is_empty() {
        return adopt(app, sealed);
    }
    let made = make(app, &missing).await?;
    let mut tx = app.store.write().await?;
    rows::lock(&mut tx).await?;
    // Another node may have been faster.
    let sealed = rows::list(&mut tx).await?;
    for key in made {
        if let Some(signs_at) = signs_at(app, &sealed, key.alg(), now) {
            succeed(app, &mut tx, &sealed, &key, signs_at, Actor::System).await?;
        }
    }
    tx.commit().await?;
    load(app).await
}

/// Keeps the public halves of keys that an earlier version made.
async fn keep_public_halves(app: &App) -> Outcome<()> {
    if rows::without_public(&mut app.store.read().await?).await?.is_empty() {
        return Ok(());
    }
    let mut tx = app.store.write().await?;
    // Asked again, so that what `rotate --now` throws away at this moment does not come back.
    rows::lock(&mut tx).await?;
    let without = rows::without_public(&mut tx).await?;
    let loaded = app.keys.loaded();
    for RingKey { record, key } in loaded.keys.iter().filter(|key| without.contains(&key.record.id)) {
        rows::keep_public(&mut tx, record, &jwk_of(key)?, record.hints_until(app.settings.sessions.absolute)).await?;
    }
    Ok(tx.commit().await?)
}

fn jwk_of(key: &SigningKey) -> Outcome<String> {
    serde_json::to_string(key.public_jwk()).map_err(|error| Fault::Broken(format!("a public key cannot be written: {error}")))
}

fn signs_at(app: &App, sealed: &[SealedKey], alg: Alg, now: Timestamp) -> Option<Timestamp> {
    let records = sealed.iter().map(|key| &key.record).filter(|record| record.alg == alg);
    match due(records, schedule(app), now) {
        Rotation::Make { signs_at } => Some(signs_at),
        Rotation::Nothing => None,
    }
}

/// New keys, each on a thread of its own: an RSA key may take a second.
async fn make(app: &App, algs: &[Alg]) -> Outcome<Vec<SigningKey>> {
    let start = |alg: &Alg| {
        let (alg, id) = (*alg, KeyId::new(app.now(), &app.random));
        tokio::task::spawn_blocking(move || SigningKey::generate(alg, id.to_string()))
    };
    let started: Vec<_> = algs.iter().map(start).collect();
    let mut made = Vec::with_capacity(started.len());
    for key in started {
        let broken = |error: &dyn std::fmt::Display| Fault::Broken(format!("no signing key could be made: {error}"));
        made.push(key.await.map_err(|error| broken(&error))?.map_err(|error| broken(&error))?);
    }
    Ok(made)
}

/// Stores a new key, and writes into its predecessors when they retire.
async fn succeed(
    app: &App,
    tx: &mut Tx,
    sealed: &[SealedKey],
    key: &SigningKey,
    signs_at: Timestamp,
    actor: Actor,
) -> Outcome<()> {
    let older = sealed.iter().map(|key| &key.record).filter(|record| record.alg == key.alg() && record.retires_at.is_none());
    for record in older {
        let retired = record.clone().succeeded(signs_at, schedule(app));
        if rows::retire(tx, &retired).await?.is_done() {
            if let Some(until) = retired.hints_until(app.settings.sessions.absolute) {
                rows::keep_public_until(tx, &retired.id, until).await?;
            }
            app.record(tx, about(Kind::KeyRetired, key.alg(), actor)).await?;
        }
    }
    let id = key.kid().parse().map_err(|error| Fault::Broken(format!("a key's id: {error}")))?;
    let record = KeyRecord { id, alg: key.alg(), created_at: app.now(), signs_at, retires_at: None, removes_at: None };
    rows::insert(tx, &record, &app.keyring.seal(&app.random, PURPOSE, &key.to_pkcs8())).await?;
    rows::keep_public(tx, &record, &jwk_of(key)?, None).await?;
    app.record(tx, about(Kind::KeyCreated, key.alg(), actor)).await
}

fn about(kind: Kind, alg: Alg, actor: Actor) -> Event {
    Event { kind, user_id: None, session_id: None, client_id: None, actor, origin: Origin::default(), detail: Some(alg.as_str()) }
}

/// How an operator rotates by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotateMode {
    /// Publish new keys now; they sign once every relying party's cache has expired. Nobody notices.
    Scheduled,
    /// The same, even where the keys of the last rotation have not signed yet.
    Again,
    /// A key has leaked: new ones sign at once, and the old ones are removed. ID and access tokens that they signed are refused from
    /// then on by whoever reads the key set again; relying parties that cache it fail until they do. Refresh tokens and sessions stay.
    /// A running server follows within seconds, and at once where it meets a token of a new key. No old key's hint is believed any more, for
    /// anybody may have made it.
    Now,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotated {
    Done,
    /// The keys of the last rotation have not signed yet; they begin then. More of them would retire these before anybody could use them, and
    /// make the key set longer.
    Waits(Timestamp),
}

/// `vestibule keys rotate [--now]`, for all three algorithms.
pub async fn rotate(app: &App, mode: RotateMode) -> Outcome<Rotated> {
    let new = make(app, &Alg::ALL).await?;
    let mut tx = app.store.write().await?;
    rows::lock(&mut tx).await?;
    let mut sealed = rows::list(&mut tx).await?;
    // What signs at once must do so by the clocks of the servers: this command's may be ahead of them.
    let now = nodes::told(&mut tx).await?.map_or(app.now(), |told| told.now.min(app.now()));
    if mode == RotateMode::Scheduled
        && let Some(waiting) = sealed.iter().find(|key| key.record.stage(now) == Stage::Published)
    {
        return Ok(Rotated::Waits(waiting.record.signs_at));
    }
    let signs_at = match mode {
        RotateMode::Scheduled | RotateMode::Again => app.now() + app.settings.keys.publish,
        RotateMode::Now => {
            for key in sealed.drain(..) {
                rows::delete(&mut tx, &key.record.id).await?;
                app.record(&mut tx, about(Kind::KeyRetired, key.record.alg, Actor::Operator)).await?;
            }
            rows::forget_public(&mut tx).await?;
            now
        }
    };
    for key in new {
        // The first key of an algorithm signs at once: nobody can have cached anything.
        let first = !sealed.iter().any(|known| known.record.alg == key.alg());
        succeed(app, &mut tx, &sealed, &key, if first { now } else { signs_at }, Actor::Operator).await?;
    }
    tx.commit().await?;
    load(app).await?;
    Ok(Rotated::Done)
}

/// Every key in the database, in the order in which they sign; [`KeyRecord::stage`] tells its place in life. And the public halves, of these and
/// of keys that are gone, by which hints are recognised.
pub async fn list(app: &App) -> Outcome<(Vec<KeyRecord>, Vec<PublicRecord>)> {
    let mut tx = app.store.read().await?;
    let sealed = rows::list(&mut tx).await?;
    Ok((sealed.into_iter().map(|key| key.record).collect(), rows::list_public(&mut tx).await?))
}

/// The public half of the key that signed an ID token, which may be long retired. It is read from the database each time: hints are rare, and a
/// key that leaked is believed no more from this moment on, by every node.
pub(super) async fn hint_key(app: &App, kid: &str) -> Outcome<Option<VerifyingKey>> {
    let Ok(id) = kid.parse::<KeyId>() else { return Ok(None) };
    let Some(jwk) = rows::public(&mut app.store.read().await?, &id, app.now()).await? else { return Ok(None) };
    let jwk: Jwk = serde_json::from_str(&jwk).map_err(|error| Fault::Broken(format!("the public key {id}: {error}")))?;
    let key = VerifyingKey::from_jwk(&jwk).map_err(|error| Fault::Broken(format!("the public key {id}: {error}")))?;
    Ok(Some(key))
}

#[cfg(test)]
pub(in crate::actions) mod tests {
    use std::time::Duration;

    use serde_json::Value;

    use super::*;
    use crate::crypto::random::Random;

    /// Keys that sign from these seconds on, each until the next one of its algorithm.
    pub(in crate::actions) fn loaded(keys: &[(Alg, i64, Option<i64>)]) -> Loaded {
        let random = Random::seeded(5);
        let key = |(alg, signs_at, retires_at): &(Alg, i64, Option<i64>)| {
            let id = KeyId::new(Timestamp::from_seconds(*signs_at), &random);
            let key = Arc::new(SigningKey::generate(*alg, id.to_string()).unwrap());
            let retires_at = retires_at.map(Timestamp::from_seconds);
            let removes_at = retires_at.map(|at| at + Duration::from_mins(10));
            let signs_at = Timestamp::from_seconds(*signs_at);
            RingKey {
                record: KeyRecord { id, alg: *alg, created_at: Timestamp::default(), signs_at, retires_at, removes_at },
                key,
            }
        };
        Loaded::of(keys.iter().map(key).collect()).unwrap()
    }

    #[test]
    fn one_key_signs_and_all_are_published() {
        let ring = Ring::default();
        let now = Timestamp::from_seconds(150);
        assert!(signing(&ring, Alg::Es256, now).is_none());
        ring.replace(loaded(&[
            (Alg::Es256, 0, Some(100)),
            (Alg::EdDsa, 0, None),
            (Alg::Es256, 100, Some(200)),
            (Alg::Es256, 200, None),
        ]));
        let kid = |seconds| signing(&ring, Alg::Es256, Timestamp::from_seconds(seconds)).unwrap().kid().to_owned();
        let kids = [kid(99), kid(100), kid(199), kid(200)];
        assert!(kids[0] != kids[1] && kids[1] == kids[2] && kids[2] != kids[3]);
        assert_eq!(signing(&ring, Alg::EdDsa, now).unwrap().alg(), Alg::EdDsa);
        assert!(signing(&ring, Alg::Rs256, now).is_none());

        let published: Value = serde_json::from_slice(&jwks(&ring)).unwrap();
        assert_eq!(published["keys"].as_array().unwrap().len(), 4);
        assert!(published["keys"].as_array().unwrap().iter().all(|key| key.get("d").is_none() && key["use"] == "sig"));
        for key in published["keys"].as_array().unwrap() {
            assert!(ring.loaded().verifying(key["kid"].as_str().unwrap()).is_some());
        }
        assert!(ring.loaded().verifying("../../dev/null").is_none());
    }
}
