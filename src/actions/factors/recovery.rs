//! Recovery codes: made, shown once, used once.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use zeroize::Zeroizing;

use super::{lock, of, own, told};
use crate::actions::notices::Notice;
use crate::actions::session::Current;
use crate::actions::{App, Outcome, Requester};
use crate::crypto::token;
use crate::engine::event::Kind;
use crate::engine::recovery;
use crate::engine::user::User;
use crate::ids::UserId;
use crate::store::{Tx, enrolled, recovery as rows};
use crate::time::Timestamp;

/// For so long the page shows new codes, also when it is loaded again, and gives them as a file.
pub const SHOWN: Duration = Duration::from_mins(30);

/// Sealed for one account: moved to another one's rows they do not open.
pub(in crate::actions) fn purpose(user_id: &str) -> String {
    format!("recovery|{user_id}")
}

/// What is sealed. Whoever has the rows and the master key still faces 80 random bits.
fn hash(user_id: &UserId, code: &str) -> [u8; 32] {
    token::hash(&format!("recovery|{user_id}|{code}"))
}

/// Ten new codes, to be shown once; those from before work no more. None while two-step verification is off.
pub async fn make_recovery_codes(app: &App, current: &Current, requester: &Requester) -> Outcome<Option<Vec<String>>> {
    let mut tx = app.store.write().await?;
    lock(&mut tx, current).await?;
    if !enrolled::of(&mut tx, &current.user).await?.is_on() {
        return Ok(None);
    }
    let codes = renew(app, &mut tx, &current.user).await?;
    told(app, &mut tx, own(current, Kind::RecoveryCodesMade, requester), None).await?;
    app.notify(&mut tx, &current.user, Notice::RecoveryCodesMade, requester).await?;
    tx.commit().await?;
    Ok(Some(codes))
}

/// Ten codes for whoever has none left, with the second factor that was just added: whoever loses it would be shut out. Empty: there are some. The
/// caller has locked the account, and tells of the factor; the codes come with it.
pub(in crate::actions) async fn first(app: &App, tx: &mut Tx, current: &Current, requester: &Requester) -> Outcome<Vec<String>> {
    if rows::left(tx, &current.user.id).await? > 0 {
        return Ok(Vec::new());
    }
    let codes = renew(app, tx, &current.user).await?;
    told(app, tx, own(current, Kind::RecoveryCodesMade, requester), None).await?;
    Ok(codes)
}

/// Ten codes in place of those from before. The caller has locked the account.
pub(super) async fn renew(app: &App, tx: &mut Tx, user: &User) -> Outcome<Vec<String>> {
    let codes = recovery::new_codes(&app.random);
    let seal = |code: &String| {
        let hash = Zeroizing::new(hash(&user.id, &recovery::typed(code)?));
        Some(app.keyring.seal(&app.random, &purpose(user.id.as_str()), hash.as_slice()))
    };
    let sealed: Vec<Vec<u8>> = codes.iter().filter_map(seal).collect();
    rows::replace_all(tx, &user.id, &sealed, app.now()).await?;
    Ok(codes)
}

/// How many of the person's codes are not used yet.
pub async fn codes_left(app: &App, user_id: &UserId) -> Outcome<i64> {
    Ok(rows::left(&mut app.store.read().await?, user_id).await?)
}

/// A recovery code at sign-in, in the caller's transaction: true for exactly one caller, who commits. Its 80 random bits cannot be guessed, so tries are
/// counted for their requester only.
pub async fn use_recovery_code(app: &App, tx: &mut Tx, user: &User, text: &str, requester: &Requester) -> Outcome<bool> {
    let Some(code) = recovery::typed(text) else { return Ok(false) };
    let hash = Zeroizing::new(hash(&user.id, &code));
    // They may be sealed again, under a newer key, between the look and the use. Then the next look finds the same code.
    for _ in 0..3 {
        let unused = rows::unused(tx, &user.id).await?;
        let Some(sealed) = unused.iter().find(|sealed| holds(app, &user.id, sealed, &hash)) else { return Ok(false) };
        if rows::use_one(tx, &user.id, sealed, app.now()).await?.is_done() {
            told(app, tx, of(&user.id, Kind::RecoveryCodeUsed, requester), None).await?;
            app.notify(tx, user, Notice::RecoveryCodeUsed, requester).await?;
            return Ok(true);
        }
    }
    Ok(false)
}

fn holds(app: &App, user_id: &UserId, sealed: &[u8], hash: &[u8; 32]) -> bool {
    match app.keyring.open(&purpose(user_id.as_str()), sealed) {
        Ok(plain) => token::constant_time_eq(&plain, hash),
        Err(error) => {
            tracing::error!(%error, %user_id, "a recovery code cannot be opened");
            false
        }
    }
}

/// New codes on the way from the form that made them to their page, and what the page leads to: nowhere else are they kept as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fresh {
    pub codes: Vec<String>,
    /// A path of ours.
    pub next: String,
}

/// As the browser carries them, for their owner alone.
pub fn seal_fresh(app: &App, user_id: &UserId, fresh: &Fresh) -> String {
    let plain = Zeroizing::new(format!("{user_id}\n{}\n{}\n{}", app.now().millis(), fresh.next, fresh.codes.join("\n")));
    BASE64URL_NOPAD.encode(&app.keyring.seal(&app.random, "fresh recovery codes", plain.as_bytes()))
}

/// What [`seal_fresh`] sealed for this person within [`SHOWN`].
pub fn open_fresh(app: &App, current: &Current, sealed: &str) -> Option<Fresh> {
    let sealed = BASE64URL_NOPAD.decode(sealed.as_bytes()).ok()?;
    let plain = Zeroizing::new(app.keyring.open("fresh recovery codes", &sealed).ok()?);
    let mut lines = std::str::from_utf8(&plain).ok()?.lines();
    let own = lines.next()? == current.user.id.as_str();
    let made = Timestamp::from_millis(lines.next()?.parse().ok()?);
    let next = lines.next()?.to_owned();
    (own && app.now() < made + SHOWN).then(|| Fresh { codes: lines.map(str::to_owned).collect(), next })
}
