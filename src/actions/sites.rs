//! Sites behind a proxy: the journey that leads back to one, and the proof that a request to it comes from us.

use std::time::Duration;

use serde::Serialize;

use super::second_factor::At;
use super::session::Current;
use super::{App, Fault, Outcome, Requester, codes, keys, second_factor};
use crate::crypto::jose::Alg;
use crate::crypto::token;
use crate::engine::address::Email;
use crate::engine::flow::{Continue, Flow};
use crate::engine::site::{Destination, Sites, has_two_factors, name_for_a_header};
use crate::engine::user::User;
use crate::settings::Settings;

/// The sites of the settings.
pub(super) fn of(settings: &Settings) -> Sites {
    Sites::new(settings.sites.clone())
}

/// What somebody who wants to go to a site sees next.
#[derive(Debug)]
pub enum Next {
    /// The site.
    Arrive,
    SignIn(Flow),
    /// Somebody signed in gives a second factor.
    SecondFactor(Flow),
}

/// Whether somebody can go to a site as they are; if not, the journey at whose end they do.
pub async fn go(
    app: &App,
    destination: &Destination,
    current: Option<&Current>,
    browser: [u8; 32],
    requester: &Requester,
) -> Outcome<Next> {
    let continue_to = Continue::Site { destination: Box::new(destination.clone()) };
    if let Some(current) = current {
        if !destination.two_factors || has_two_factors(&current.session) {
            return Ok(Next::Arrive);
        }
        if let Some(flow) = second_factor::add_to_session(app, At { current, browser, requester }, continue_to.clone()).await? {
            return Ok(Next::SecondFactor(flow));
        }
        // Signing in again leads to setting one up.
    }
    codes::remember(app, browser, continue_to, requester).await.map(Next::SignIn)
}

/// A short name for an address, to recognise it by.
pub fn tag(url: &str) -> String {
    let hash = token::hash(url);
    data_encoding::BASE64URL_NOPAD.encode(hash.first_chunk::<6>().unwrap_or(&[0; 6]))
}

/// The `typ` of a proof.
pub const PROOF: &str = "vestibule-proof+jwt";

/// How long a proof is good: as long as it takes to pass it on, and what clocks differ by.
const PROOF_LIFE: Duration = Duration::from_secs(10);

#[derive(Serialize)]
struct Proof<'a> {
    iss: &'a str,
    /// The origin of the site.
    aud: &'a str,
    sub: &'a str,
    sid: &'a str,
    iat: i64,
    exp: i64,
    auth_time: i64,
    acr: &'a str,
    amr: &'a [&'a str],
    /// A verified one.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    groups: &'a [&'a str],
}

/// The address to show to sites: a verified one, or none.
pub fn vouched_email(user: &User) -> Option<&str> {
    user.email.as_ref().filter(|_| user.email_is_verified()).map(Email::as_str)
}

/// A JWT by which an app knows that its proxy has asked us just now, and about whom: a visitor can invent headers, and no signature.
/// ES256, whatever signs access tokens, for there is one for each request.
pub fn proof(app: &App, origin: &str, Current { session, user }: &Current) -> Outcome<String> {
    let now = app.now();
    let claims = Proof {
        iss: app.settings.issuer(),
        aud: origin,
        sub: user.id.as_str(),
        sid: session.id.as_str(),
        iat: now.seconds(),
        exp: (now + PROOF_LIFE).seconds(),
        auth_time: session.auth_time.seconds(),
        acr: session.acr(),
        amr: &session.amr(),
        email: vouched_email(user),
        name: user.profile.name.as_deref().map(name_for_a_header),
        groups: user.groups(),
    };
    let key = keys::signing(&app.keys, Alg::Es256, now).ok_or_else(|| Fault::Broken("no ES256 key signs now".to_owned()))?;
    key.sign(PROOF, &claims).map_err(|error| Fault::Broken(format!("a proof cannot be signed: {error}")))
}
