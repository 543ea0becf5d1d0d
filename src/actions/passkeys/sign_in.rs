//! Signing in with a passkey.

use super::Refusal;
use super::prove::{self, Verdict};
use crate::actions::session::{self, Current, Proved};
use crate::actions::{App, Outcome, Requester};
use crate::engine::flow::{Continue, Flow, Step};
use crate::engine::session::{MethodKind, Session};
use crate::store::flows;

/// The answer of an authenticator, and where it came from.
#[derive(Clone, Debug)]
pub struct Attempt<'a> {
    /// JSON.
    pub credential: &'a str,
    pub state: &'a str,
    pub remember: bool,
    /// The hash of the browser's secret.
    pub browser: [u8; 32],
    pub flow: Option<&'a Flow>,
    pub before: Option<&'a Current>,
    pub requester: &'a Requester,
}

#[derive(Debug)]
pub enum SignedIn {
    Done(Box<Session>),
    Disabled,
    Refused(Refusal),
}

pub async fn with_passkey(app: &App, attempt: Attempt<'_>) -> Outcome<SignedIn> {
    let verdict = prove::prove(app, &attempt.browser, attempt.credential, attempt.state, attempt.requester).await?;
    let proven = match verdict {
        Verdict::Proven(proven) => proven,
        Verdict::Refused(refusal) => {
            app.metrics.sign_in("passkey", "wrong");
            return Ok(SignedIn::Refused(refusal));
        }
    };
    if !proven.user.is_active() {
        app.metrics.sign_in("passkey", "disabled");
        return Ok(SignedIn::Disabled);
    }
    let mut tx = app.store.write().await?;
    if !prove::use_up(app, &mut tx, &proven).await? {
        return Ok(SignedIn::Refused(Refusal::Stale));
    }
    if let Some(flow) = attempt.flow
        && flow.continue_to == Continue::Account
        && flow.step(Step::SignedIn, app.now()).is_ok()
    {
        flows::finish(&mut tx, &flow.id, app.now()).await?;
    }
    let Attempt { remember, before, requester, .. } = attempt;
    let how = Proved { how: MethodKind::Passkey, remember, before, requester };
    let session = session::begin(app, &mut tx, &proven.user, how).await?;
    tx.commit().await?;
    app.metrics.sign_in("passkey", "signed_in");
    Ok(SignedIn::Done(Box::new(session)))
}
