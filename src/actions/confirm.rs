//! "Confirm it is you": what the page offers to somebody who is signed in, and the password that is judged there.

use super::session::Current;
use super::sign_in::{self, Arrival, SignedIn};
use super::{App, Outcome, providers};
use crate::engine::confirm::{self, Elsewhere, Facts, Offer, Ways};
use crate::engine::external::Identity;
use crate::engine::flow::Continue;
use crate::engine::method::{Method, MethodKind, Strength};
use crate::engine::user::User;
use crate::settings::Way;
use crate::settings::providers::ProviderKind;
use crate::store::{StoreError, Tx, enrolled, identities, users};

/// Whether people can sign in this way.
pub fn is_on(app: &App, way: Way) -> bool {
    app.settings.sign_in.ways.contains(&way)
        && match way {
            Way::Sms => app.settings.sms.is_on(),
            Way::Passkey => app.has_passkeys(),
            Way::Password | Way::Mail => true,
        }
}

pub(super) fn ways(app: &App) -> Ways {
    let on = |way| is_on(app, way);
    Ways { password: on(Way::Password), passkey: on(Way::Passkey), mail: on(Way::Mail), sms: on(Way::Sms) }
}

/// Whether a provider can say when it last asked for a proof.
pub fn says_when(app: &App, provider: &str) -> bool {
    providers::find(app, provider).is_some_and(|found| matches!(found.kind, ProviderKind::OpenId { .. }))
}

fn elsewhere(app: &App, own: &[Identity]) -> Elsewhere {
    let any = own.iter().any(|identity| providers::find(app, &identity.provider).is_some());
    Elsewhere { any, says_when: own.iter().any(|identity| says_when(app, &identity.provider)) }
}

/// What the page has for whoever is signed in, on the way to `continue_to`; and the providers that they are connected with.
pub async fn offer(app: &App, current: &Current, continue_to: &Continue) -> Outcome<(Offer, Vec<String>)> {
    let mut tx = app.store.read().await?;
    let enrolled = enrolled::of(&mut tx, &current.user).await?;
    let own = identities::of_user(&mut tx, &current.user.id).await?;
    let ways = ways(app);
    let wanted = match continue_to {
        // A change of how one signs in.
        Continue::Page { .. } | Continue::Connect { .. } => confirm::first_proof(&enrolled, &current.session.methods, ways),
        Continue::Account | Continue::Away | Continue::Authorize { .. } | Continue::Site { .. } => Strength::Reachable,
    };
    let offer = confirm::offer(Facts { enrolled: &enrolled, ways, elsewhere: elsewhere(app, &own), wanted });
    Ok((offer, own.into_iter().map(|identity| identity.provider).collect()))
}

/// Whether this person's provider is believed although it does not say when it asked: they have nothing else to prove themselves with.
pub(super) async fn believes_undated(app: &App, tx: &mut Tx, user: &User) -> Outcome<bool> {
    let enrolled = enrolled::of(tx, user).await?;
    let own = identities::of_user(tx, &user.id).await?;
    let elsewhere = elsewhere(app, &own);
    Ok(confirm::believes_undated(Facts { enrolled: &enrolled, ways: ways(app), elsewhere, wanted: Strength::Reachable }))
}

/// The password of somebody who is signed in. It is judged by the account, whatever it is called and whether or not passwords are a way in: an
/// account without address and name has none to type.
pub async fn with_password(app: &App, current: &Current, password: &str, arrival: &Arrival<'_>) -> Outcome<SignedIn> {
    let outcome = if sign_in::knows_password(app, current, password, arrival.requester).await? {
        let mut tx = app.store.write().await?;
        let user = users::by_id(&mut tx, &current.user.id).await?;
        // It may have been changed while it was judged.
        let Some(user) = user.filter(|user| user.password_hash == current.user.password_hash) else {
            return Err(StoreError::Overtaken.into());
        };
        sign_in::proceed(app, tx, &user, vec![Method::first(MethodKind::Password, app.now())], arrival).await?
    } else {
        sign_in::fail(app, Some(&current.user), None, arrival.requester).await?;
        SignedIn::Wrong
    };
    app.proof_given("password", outcome.as_str(), arrival.requester);
    Ok(outcome)
}
