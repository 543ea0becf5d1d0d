//! Failed tries at the token endpoint: counted in the database, so that nodes agree; remembered here, so that who succeeds pays nothing.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{PoisonError, RwLock};

use super::TokenError;
use crate::actions::limits::Purpose;
use crate::actions::{App, Fault, Outcome, Requester};
use crate::engine::oauth_error::Code;
use crate::time::Timestamp;

const MOST: usize = 10_000;

/// Requesters that must wait, and until when.
#[derive(Default)]
pub struct Blocked(RwLock<HashMap<IpAddr, Timestamp>>);

/// The requester's network: an IPv4 address or an IPv6 /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

/// Refuses a requester that has failed too often.
pub(super) fn check(app: &App, requester: &Requester) -> Outcome<()> {
    let blocked = app.blocked.0.read().unwrap_or_else(PoisonError::into_inner);
    if blocked.is_empty() {
        return Ok(());
    }
    let now = app.now();
    match blocked.get(&network(requester.address)) {
        Some(until) if now < *until => {
            app.metrics.rate_limited("token");
            Err(Fault::Limited { rule: "token", after: until.since(now) })
        }
        _ => Ok(()),
    }
}

/// Passes an outcome on, and counts it if it is a failed authentication or grant.
///
/// Not to be asked about grants of a client that has proved itself: a stranger can make it present codes that do not exist, and would
/// silence it for all its users.
pub(super) async fn counted<T>(app: &App, requester: &Requester, outcome: Result<T, TokenError>) -> Result<T, TokenError> {
    if let Err(TokenError::Refused { error, .. }) = &outcome
        && matches!(error.code, Code::InvalidClient | Code::InvalidGrant)
    {
        let spent = app.limit_requester(Purpose::Token, app.settings.limits.token_failures, requester).await;
        if let Err(Fault::Limited { after, .. }) = &spent {
            let now = app.now();
            let mut blocked = app.blocked.0.write().unwrap_or_else(PoisonError::into_inner);
            if blocked.len() >= MOST {
                blocked.retain(|_, until| now < *until);
            }
            if blocked.len() < MOST {
                blocked.insert(network(requester.address), now + *after);
            }
        }
        spent?;
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_one_ipv6_address_has_the_network() {
        let of = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(of("192.0.2.7"), "192.0.2.7");
    }
}
