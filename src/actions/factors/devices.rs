//! "Do not ask again on this device": browsers that skip the second factor for a while.

use super::{of, own, told};
use crate::actions::session::Current;
use crate::actions::{App, Outcome, Requester};
use crate::crypto::token::{Kind as Secret, SecretToken};
use crate::engine::event::Kind;
use crate::engine::user::User;
use crate::ids::DeviceId;
use crate::store::Tx;
use crate::store::trusted::{self, TrustedDevice};

/// People who share a browser are trusted in it side by side, so many of them.
pub const MOST_IN_ONE_BROWSER: usize = 5;

/// Trusts the requester's browser with this account. Gives the secret for its cookie; none if browsers are not remembered here.
pub async fn trust(app: &App, tx: &mut Tx, user: &User, requester: &Requester) -> Outcome<Option<String>> {
    let Some(remember) = app.settings.second_factor.remember else { return Ok(None) };
    let now = app.now();
    let secret = SecretToken::generate(Secret::Device, &app.random);
    let origin = requester.origin();
    let device = TrustedDevice {
        id: DeviceId::new(now, &app.random),
        device: origin.device,
        address: origin.address,
        created_at: now,
        last_used_at: now,
        expires_at: now + remember,
    };
    trusted::insert(tx, &user.id, &device, &secret.hash()).await?;
    told(app, tx, of(&user.id, Kind::DeviceTrusted, requester), None).await?;
    Ok(Some(secret.as_str().to_owned()))
}

/// Whether a browser with this cookie is trusted with this account: one secret, or several joined by dots. In the caller's transaction.
pub async fn is_trusted(app: &App, tx: &mut Tx, user: &User, cookie: &str) -> Outcome<bool> {
    if app.settings.second_factor.remember.is_none() {
        return Ok(false);
    }
    for text in cookie.split('.').take(MOST_IN_ONE_BROWSER) {
        let Ok(secret) = SecretToken::parse(Secret::Device, text) else { continue };
        if let Some(device) = trusted::find(tx, &user.id, &secret.hash(), app.now()).await? {
            trusted::touch(tx, &device.id, app.now()).await?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// The cookie's new value when a browser that has `kept` becomes trusted once more; the newest secret stands first.
pub fn joined(kept: Option<&str>, secret: &str) -> String {
    let kept = kept.unwrap_or_default().split('.').filter(|text| SecretToken::parse(Secret::Device, text).is_ok());
    std::iter::once(secret).chain(kept).take(MOST_IN_ONE_BROWSER).collect::<Vec<_>>().join(".")
}

/// Asks this browser again. False if it is gone already, or another person's.
pub async fn revoke(app: &App, current: &Current, id: &DeviceId, requester: &Requester) -> Outcome<bool> {
    let mut tx = app.store.write().await?;
    if !trusted::remove(&mut tx, &current.user.id, id).await?.is_done() {
        return Ok(false);
    }
    told(app, &mut tx, own(current, Kind::DeviceForgotten, requester), None).await?;
    tx.commit().await?;
    Ok(true)
}

/// Asks every browser again.
pub async fn revoke_all(app: &App, current: &Current, requester: &Requester) -> Outcome<u64> {
    let mut tx = app.store.write().await?;
    let gone = trusted::remove_all(&mut tx, &current.user.id).await?;
    if gone > 0 {
        told(app, &mut tx, own(current, Kind::DeviceForgotten, requester), Some("all")).await?;
        tx.commit().await?;
    }
    Ok(gone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::Random;

    #[test]
    fn a_browser_keeps_the_newest_few_secrets() {
        let random = Random::seeded(1);
        let secrets: Vec<String> = (0..7).map(|_| SecretToken::generate(Secret::Device, &random).as_str().to_owned()).collect();
        let mut cookie: Option<String> = Some("nonsense.x".to_owned());
        for secret in &secrets {
            cookie = Some(joined(cookie.as_deref(), secret));
        }
        let kept: Vec<&str> = cookie.as_deref().unwrap().split('.').collect();
        assert_eq!(kept, secrets.iter().rev().take(5).collect::<Vec<_>>());
    }
}
