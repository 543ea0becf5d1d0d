//! The last administrator stays one: whoever would leave nobody to administer makes another one first.

use super::{App, Outcome, providers};
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
pub(super) async fn is_last(app: &App, tx: &mut Tx, user: &User) -> Outcome<bool> {
    if !user.is_active_administrator() {
        return Ok(false);
    }
    hold(tx).await?;
    Ok(!has_another(app, tx, user).await?)
}

/// Accounts that are read at a time. Nearly always the first one can sign in.
const PAGE: i64 = 10;

/// Whether somebody else administers and can sign in to do so: one without a password, a way by message, a passkey or a provider, or with a
/// password and nothing to name the account by, is of no help.
pub(super) async fn has_another(app: &App, tx: &mut Tx, user: &User) -> Outcome<bool> {
    let mut after = None;
    loop {
        let page = users::administrators(tx, after.as_ref(), PAGE).await?;
        for other in &page {
            if other.id != user.id && providers::own::can_sign_in(app, tx, other).await? {
                return Ok(true);
            }
        }
        let Some(last) = page.last() else { return Ok(false) };
        after = Some(last.id.clone());
    }
}
