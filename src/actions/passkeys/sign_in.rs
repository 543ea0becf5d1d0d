//! Signing in with a passkey.

use super::Refusal;
use super::prove::{self, Verdict};
use crate::actions::sign_in::{self, Arrival};
use crate::actions::{App, Outcome};
use crate::engine::method::{Method, MethodKind};

#[derive(Debug)]
pub enum ByPasskey {
    Right(sign_in::SignedIn),
    Refused(Refusal),
}

/// `answer` (JSON) and `state` are the authenticator's and the sealed one's of a sign-in page in the arrival's browser.
pub async fn with_passkey(app: &App, answer: &str, state: &str, arrival: &Arrival<'_>) -> Outcome<ByPasskey> {
    let proven = match prove::prove(app, &arrival.browser, answer, state, arrival.requester).await? {
        Verdict::Proven(proven) => proven,
        Verdict::Refused(refusal) => {
            // Too slow is no guess.
            let outcome = if refusal == Refusal::Stale { "stale" } else { "wrong" };
            app.proof_given("passkey", outcome, arrival.requester);
            return Ok(ByPasskey::Refused(refusal));
        }
    };
    let mut tx = app.store.write().await?;
    if !prove::use_up(app, &mut tx, &proven).await? {
        return Ok(ByPasskey::Refused(Refusal::Stale));
    }
    let given = vec![Method::first(MethodKind::Passkey, app.now())];
    let outcome = sign_in::proceed(app, tx, &proven.user, given, arrival).await?;
    app.proof_given("passkey", outcome.as_str(), arrival.requester);
    Ok(ByPasskey::Right(outcome))
}
