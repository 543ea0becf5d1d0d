//! The last administrator stays one: whoever would leave nobody to administer makes another one first.

use super::Outcome;
use crate::engine::user::User;
use crate::store::{Tx, facts, users};

/// What to do first, as one types it.
pub const MAKE_ANOTHER: &str = "vestibule user update NAME --admin";

/// The fact whose row is held while administrators are counted.
const LOCK: &str = "administrators";

/// Lets nobody else count, make or end administrators until the end of this unit of work.
pub(super) async fn hold(tx: &mut Tx) -> Outcome<()> {
    Ok(facts::hold(tx, LOCK).await?)
}

/// Whether this account is the only one left that can administer. Until the end of this unit of work no other one changes that: two
/// administrators who remove each other at the same time wait here, and one of them is refused. Ask before any other row is written, and
/// write the account only as it was read.
pub(super) async fn is_last(tx: &mut Tx, user: &User) -> Outcome<bool> {
    if !user.is_active_administrator() {
        return Ok(false);
    }
    hold(tx).await?;
    Ok(!users::has_other_administrator(tx, &user.id).await?)
}
