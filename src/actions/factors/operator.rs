//! What the operator does about second factors: for people who lost a device.

use crate::actions::users::{Refused, find};
use crate::actions::{App, Fault};
use crate::engine::event::{Actor, Event, Kind, Origin};
use crate::engine::factor::{Enrolled, Factor};
use crate::engine::user::User;
use crate::ids::FactorId;
use crate::store::{Tx, enrolled, factors, recovery, trusted};

/// What this account can be asked for.
pub async fn list(app: &App, name: &str) -> Result<(User, Enrolled), Refused> {
    let user = find(app, name).await?;
    let enrolled = enrolled::of(&mut app.store.read().await?, &user).await?;
    Ok((user, enrolled))
}

/// Which of them to remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    One(FactorId),
    /// All, with security keys and recovery codes: the person starts anew. Passkeys that sign in by themselves stay.
    All,
}

/// Removes second factors, even the last one that a person must have: they set up another at the next sign-in. No browser is trusted any
/// more. Gives what was removed.
pub async fn remove(app: &App, name: &str, which: &Which) -> Result<Vec<Factor>, Refused> {
    let user = find(app, name).await?;
    // For good: a device that was lost must not come back by a notice's link that lies in its mailbox.
    let until = app.now();
    let mut tx = app.store.write().await?;
    factors::lock(&mut tx, &user.id).await?.or_overtaken()?;
    let found = factors::of_user(&mut tx, &user.id).await?;
    let gone: Vec<Factor> = match which {
        Which::One(id) => found.into_iter().filter(|factor| factor.id == *id).collect(),
        Which::All => found,
    };
    if let (Which::One(id), []) = (which, gone.as_slice()) {
        return Err(Refused::Invalid {
            field: "factor".to_owned(),
            why: format!("{id} is none of this account's second factors"),
        });
    }
    for factor in &gone {
        factors::remove(&mut tx, &user.id, &factor.id, until).await?.or_overtaken()?;
        record(app, &mut tx, &user, factor.kind.as_str()).await?;
    }
    if *which == Which::All {
        if factors::remove_security_keys(&mut tx, &user.id, until).await? > 0 {
            record(app, &mut tx, &user, "security_key").await?;
        }
        recovery::replace_all(&mut tx, &user.id, &[], app.now()).await?;
    }
    trusted::remove_all(&mut tx, &user.id).await?;
    tx.commit().await.map_err(Fault::from)?;
    Ok(gone)
}

async fn record(app: &App, tx: &mut Tx, user: &User, detail: &'static str) -> Result<(), Refused> {
    let event = Event {
        kind: Kind::FactorRemoved,
        user_id: Some(user.id.clone()),
        session_id: None,
        client_id: None,
        actor: Actor::Operator,
        origin: Origin::default(),
        detail: Some(detail),
    };
    Ok(app.record(tx, event).await?)
}
