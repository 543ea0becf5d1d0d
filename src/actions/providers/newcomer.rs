//! Back from a provider that vouches for no address: the account is made once one is proved.

use super::super::sign_in::Arrival;
use super::super::sign_up::{self, Problem, Started};
use super::super::{App, Outcome};
use crate::engine::address::Email;
use crate::engine::external::Brought;
use crate::engine::flow::{Flow, State, Step};

/// Whom a journey asks for an address, or asked for one that is not proved yet.
pub fn newcomer<'a>(app: &App, flow: &'a Flow) -> Option<&'a Brought> {
    let brought = match &flow.state {
        State::Newcomer(brought) => brought,
        State::SignUp(sign_up) => sign_up.brought.as_ref()?,
        _ => return None,
    };
    flow.step(Step::Proved, app.now()).is_ok().then_some(brought)
}

/// Sends a code to the address, as for any sign-up: known and unknown addresses look the same, and the owner of a known one is told. None: the
/// journey is over.
pub async fn give_address(app: &App, flow: &Flow, typed: &str, arrival: &Arrival<'_>) -> Outcome<Option<Started>> {
    let Some(brought) = newcomer(app, flow) else { return Ok(None) };
    let email = match Email::typed(typed) {
        Ok(email) => email,
        Err(error) => return Ok(Some(Started::Problems(vec![Problem::Email(error)]))),
    };
    let sign_up = sign_up::from_provider(brought.clone(), email, arrival.requester);
    sign_up::prove(app, sign_up, arrival).await.map(Some)
}
