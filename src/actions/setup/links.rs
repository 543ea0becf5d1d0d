//! The links that make the first administrator. Every start prints one, nodes that start at once too, and each works: until one of them was used, or
//! for a day, so that one from an old log is of no use.

use std::time::Duration;

use data_encoding::HEXLOWER;

use crate::actions::{App, Fault, Outcome};
use crate::crypto::token::{Kind, SecretToken, constant_time_eq};
use crate::store::{StoreError, Tx, facts};
use crate::time::Timestamp;

/// Where the hashes of the links' tokens are kept, the newest first, each with its time: `<hash>@<milliseconds> <hash>@<milliseconds>`.
const FACT: &str = "setup_token";
const LIFE: Duration = Duration::from_hours(24);
/// One a node, and some restarts.
const MOST: usize = 16;
/// Each time another node was faster.
const TRIES: usize = 32;

/// The links of a fact's value that still work. One as earlier versions wrote it has no time, and does not.
fn alive(value: &str, now: Timestamp) -> impl Iterator<Item = (&str, Timestamp)> {
    let links = value.split(' ').filter_map(|link| link.split_once('@'));
    let dated = links.filter_map(|(hash, at)| Some((hash, Timestamp::from_millis(at.parse().ok()?))));
    dated.filter(move |(_, at)| now < *at + LIFE)
}

/// A new link's token. Those that are there stay.
pub(super) async fn add(app: &App) -> Outcome<SecretToken> {
    let token = SecretToken::generate(Kind::Setup, &app.random);
    let now = app.now();
    for _ in 0..TRIES {
        let mut tx = app.store.write().await?;
        let kept = facts::get(&mut tx, FACT).await?;
        let mut links = vec![format!("{}@{}", HEXLOWER.encode(&token.hash()), now.millis())];
        let older = alive(kept.as_deref().unwrap_or_default(), now).take(MOST - 1);
        links.extend(older.map(|(hash, at)| format!("{hash}@{}", at.millis())));
        if facts::swap(&mut tx, FACT, kept.as_deref(), &links.join(" ")).await? {
            tx.commit().await?;
            return Ok(token);
        }
    }
    Err(Fault::Store(StoreError::Overtaken))
}

/// The fact's value, if this token is one of the links'.
pub(super) async fn opens(tx: &mut Tx, token: &str, now: Timestamp) -> Outcome<Option<String>> {
    let Ok(token) = SecretToken::parse(Kind::Setup, token) else { return Ok(None) };
    let given = HEXLOWER.encode(&token.hash());
    let Some(kept) = facts::get(tx, FACT).await? else { return Ok(None) };
    let open = alive(&kept, now).any(|(hash, _)| constant_time_eq(hash.as_bytes(), given.as_bytes()));
    Ok(open.then_some(kept))
}

/// Uses one link up, and all others with it: true for exactly one caller.
pub(super) async fn use_up(tx: &mut Tx, token: &str, now: Timestamp) -> Outcome<bool> {
    for _ in 0..TRIES {
        let Some(kept) = opens(tx, token, now).await? else { return Ok(false) };
        if facts::take(tx, FACT, &kept).await? {
            return Ok(true);
        }
        // Another node has added its own, or somebody has used one.
    }
    Ok(false)
}

/// There is an administrator: no link works any more. Whether there were any is for the caller to know beforehand, so that nothing is written in vain.
pub(super) async fn close(tx: &mut Tx) -> Outcome<()> {
    while let Some(kept) = facts::get(tx, FACT).await? {
        if facts::take(tx, FACT, &kept).await? {
            break;
        }
    }
    Ok(())
}

pub(super) async fn any(tx: &mut Tx) -> Outcome<bool> {
    Ok(facts::get(tx, FACT).await?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_live_for_a_day_and_old_forms_do_not() {
        let now = Timestamp::from_seconds(1_700_000_000);
        let at = |hours: u64| (now - Duration::from_hours(hours)).millis();
        let value = format!("aa@{} bb@{} cc@{} dd ee@x", at(0), at(23), at(24));
        assert_eq!(alive(&value, now).map(|(hash, _)| hash).collect::<Vec<_>>(), ["aa", "bb"]);
        assert_eq!(alive("", now).count(), 0);
    }
}
