//! A passkey as the first proof, a passkey or security key as the second.

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;
use webauthn_rs::prelude::{DiscoverableAuthentication, PublicKeyCredential, WebauthnError};
use webauthn_rs_proto::{AllowCredentials, UserVerificationPolicy};

use super::{Challenge, Opened, Purpose, Refusal, account_name, broken, credential_of, open, options, seal, unmade};
use crate::actions::{App, Outcome, Requester, codes, tell};
use crate::engine::event::{Event, Kind};
use crate::engine::passkey::{Passkey, PasskeyKind};
use crate::engine::user::User;
use crate::ids::UserId;
use crate::store::{Tx, passkeys, spent, users};

/// The challenge of a sign-in page, for autofill and for its button; none where passkeys cannot be.
///
/// It names nobody: the browser offers the passkeys that it has for this host, and the answer says whose it is.
pub fn challenge(app: &App, browser: &[u8; 32]) -> Outcome<Option<Challenge>> {
    let Some(webauthn) = &app.webauthn else { return Ok(None) };
    let (request, state) = webauthn.start_discoverable_authentication().map_err(unmade)?;
    let state = seal(app, Purpose::SignIn, BASE64URL_NOPAD.encode(browser), &state)?;
    Ok(Some(Challenge { options: options(&request)?, state }))
}

/// The challenge of a second step: with one of the person's own credentials. None if there is none.
///
/// A security key need only be touched; a passkey asks for its PIN or finger as always.
pub async fn second_challenge(app: &App, user_id: &UserId, browser: &[u8; 32]) -> Outcome<Option<Challenge>> {
    let Some(webauthn) = &app.webauthn else { return Ok(None) };
    let own = passkeys::of_user(&mut app.store.read().await?, user_id).await?;
    if own.is_empty() {
        return Ok(None);
    }
    // Without credentials in the state: they are read again when the answer comes, with the counters of then.
    let (mut request, state) = webauthn.start_securitykey_authentication(&[]).map_err(unmade)?;
    let asked = &mut request.public_key;
    if own.iter().any(|passkey| passkey.kind == PasskeyKind::Passkey) {
        (asked.user_verification, asked.hints) = (UserVerificationPolicy::Preferred, None);
    }
    asked.allow_credentials = own.iter().map(allowed).collect::<Outcome<_>>()?;
    let state = seal(app, Purpose::SecondFactor, second_bound(user_id, browser), &state)?;
    Ok(Some(Challenge { options: options(&request)?, state }))
}

fn second_bound(user_id: &UserId, browser: &[u8; 32]) -> String {
    format!("{user_id}|{}", BASE64URL_NOPAD.encode(browser))
}

fn allowed(passkey: &Passkey) -> Outcome<AllowCredentials> {
    let credential: Value = serde_json::from_str(&passkey.credential).map_err(broken)?;
    let transports = credential.pointer("/cred/transports").cloned().unwrap_or_default();
    Ok(AllowCredentials {
        type_: "public-key".to_owned(),
        id: passkey.credential_id.clone(),
        transports: serde_json::from_value(transports).map_err(broken)?,
    })
}

/// An answer that is right, and not used up yet.
#[derive(Clone, Debug)]
pub struct Proven {
    pub user: User,
    pub passkey: Passkey,
    opened: Opened,
    /// The credential with its new counter and flags.
    updated: String,
}

/// What an answer proves.
#[derive(Debug)]
pub enum Verdict {
    Proven(Box<Proven>),
    Refused(Refusal),
}

/// Judges the answer to [`challenge`]. Whose it is, its credential says, and the user handle that the authenticator keeps beside it must
/// agree; no name that was posted counts.
pub async fn prove(app: &App, browser: &[u8; 32], answer: &str, state: &str, requester: &Requester) -> Outcome<Verdict> {
    codes::limit(app, requester).await?;
    let opened = match open(app, Purpose::SignIn, &BASE64URL_NOPAD.encode(browser), state) {
        Ok(opened) => opened,
        Err(refusal) => return refuse(app, None, refusal, requester).await,
    };
    let Ok(answer) = serde_json::from_str::<PublicKeyCredential>(answer) else {
        return refuse(app, None, Refusal::Wrong, requester).await;
    };
    let (found, spent) = {
        let mut tx = app.store.read().await?;
        let found = match passkeys::by_credential_id(&mut tx, answer.get_credential_id()).await? {
            Some(passkey) => users::by_id(&mut tx, &passkey.user_id).await?.map(|user| (user, passkey)),
            None => None,
        };
        // After the credential: whoever sees the counter of a first answer must see that it was the first.
        (found, spent::is_spent(&mut tx, &opened.id).await?)
    };
    let Some((user, passkey)) = found.filter(|_| !spent) else {
        return refuse(app, None, if spent { Refusal::Stale } else { Refusal::Unknown }, requester).await;
    };
    let user_id = user.id.clone();
    let own = answer.get_user_unique_id() == Some(user_id.bytes().as_slice());
    if passkey.kind != PasskeyKind::Passkey || !own {
        return refuse(app, Some(&user_id), Refusal::Wrong, requester).await;
    }
    match judge(app, user, passkey, opened, &answer, requester).await? {
        Verdict::Refused(refusal) => refuse(app, Some(&user_id), refusal, requester).await,
        proven @ Verdict::Proven(_) => Ok(proven),
    }
}

/// Judges the answer to [`second_challenge`].
pub(in crate::actions) async fn prove_second(
    app: &App,
    user: &User,
    browser: &[u8; 32],
    answer: &str,
    state: &str,
    requester: &Requester,
) -> Outcome<Verdict> {
    let opened = match open(app, Purpose::SecondFactor, &second_bound(&user.id, browser), state) {
        Ok(opened) => opened,
        Err(refusal) => return Ok(Verdict::Refused(refusal)),
    };
    let Ok(answer) = serde_json::from_str::<PublicKeyCredential>(answer) else {
        return Ok(Verdict::Refused(Refusal::Wrong));
    };
    let (found, spent) = {
        let mut tx = app.store.read().await?;
        let found = passkeys::by_credential_id(&mut tx, answer.get_credential_id()).await?;
        (found, spent::is_spent(&mut tx, &opened.id).await?)
    };
    match found.filter(|passkey| passkey.user_id == user.id) {
        _ if spent => Ok(Verdict::Refused(Refusal::Stale)),
        Some(passkey) => judge(app, user.clone(), passkey, opened, &answer, requester).await,
        None => Ok(Verdict::Refused(Refusal::Unknown)),
    }
}

/// Uses the proof up, in the transaction of what it is for: true once. False if the same answer was faster, or the credential has changed
/// or was removed in between.
pub(in crate::actions) async fn use_up(app: &App, tx: &mut Tx, proven: &Proven) -> Outcome<bool> {
    let Proven { passkey, opened, updated, .. } = proven;
    Ok(opened.spend(tx).await? && passkeys::used(tx, &passkey.id, &passkey.credential, updated, app.now()).await?.is_done())
}

async fn judge(
    app: &App,
    user: User,
    passkey: Passkey,
    opened: Opened,
    answer: &PublicKeyCredential,
    requester: &Requester,
) -> Outcome<Verdict> {
    let Some(webauthn) = &app.webauthn else { return Ok(Verdict::Refused(Refusal::Wrong)) };
    // webauthn-rs has one state under several names; this one's function takes the credential apart from it.
    let state: DiscoverableAuthentication = opened.state()?;
    let mut credential = credential_of(&passkey)?;
    match webauthn.finish_discoverable_authentication_v2(answer, state, &credential) {
        Ok(result) => {
            credential.update_credential(&result);
            let updated = serde_json::to_string(&credential).map_err(broken)?;
            Ok(Verdict::Proven(Box::new(Proven { user, passkey, opened, updated })))
        }
        Err(WebauthnError::CredentialPossibleCompromise) => {
            tracing::warn!(passkey = %passkey.id, "a passkey's signature counter went back");
            let mut tx = app.store.write().await?;
            let event = tell::event(Kind::PasskeyCounterWentBack, requester.origin());
            app.record(&mut tx, Event { user_id: Some(user.id), ..event }).await?;
            tx.commit().await?;
            Ok(Verdict::Refused(Refusal::Copied))
        }
        Err(error) => {
            tracing::info!(%error, "a passkey's answer is refused");
            Ok(Verdict::Refused(Refusal::Wrong))
        }
    }
}

async fn refuse(app: &App, user_id: Option<&UserId>, refusal: Refusal, requester: &Requester) -> Outcome<Verdict> {
    // Too slow is no attack, and a person knows when it happened to them.
    if refusal != Refusal::Stale {
        let mut tx = app.store.write().await?;
        let event = tell::event(Kind::SignInFailed, requester.origin());
        app.record(&mut tx, Event { user_id: user_id.cloned(), detail: Some("passkey"), ..event }).await?;
        tx.commit().await?;
    }
    Ok(Verdict::Refused(refusal))
}

/// What tells a browser that a credential is of no use here (Web Authentication Level 3 section 5.1.10.2), as JSON.
pub fn unknown_credential(app: &App, answer: &str) -> Option<String> {
    let answer: PublicKeyCredential = serde_json::from_str(answer).ok()?;
    let id = BASE64URL_NOPAD.encode(answer.get_credential_id());
    Some(serde_json::json!({"rpId": relying_party_id(app)?, "credentialId": id}).to_string())
}

fn relying_party_id(app: &App) -> Option<&str> {
    app.settings.server.public_url.domain().filter(|_| app.has_passkeys())
}

/// What tells a browser which credentials the account has now, and what it is called (Web Authentication Level 3 sections 5.1.10.3 and 5.1.10.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signals {
    pub accepted: String,
    pub details: String,
}

pub fn signals(app: &App, user: &User, own: &[Passkey]) -> Option<Signals> {
    let rp_id = relying_party_id(app)?;
    let user_id = BASE64URL_NOPAD.encode(&user.id.bytes());
    let ids: Vec<String> = own.iter().map(|passkey| BASE64URL_NOPAD.encode(&passkey.credential_id)).collect();
    let accepted = serde_json::json!({"rpId": rp_id, "userId": user_id, "allAcceptedCredentialIds": ids}).to_string();
    let details = serde_json::json!({
        "rpId": rp_id, "userId": user_id, "name": account_name(user), "displayName": user.shown_as(),
    });
    Some(Signals { accepted, details: details.to_string() })
}
