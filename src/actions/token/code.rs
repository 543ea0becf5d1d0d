//! A code for tokens (RFC 6749 section 4.1.3, OpenID Connect Core section 3.1.3).

use super::issue::{Issue, Signers, issue};
use super::{TokenAnswer, TokenError};
use crate::actions::{App, Outcome, Requester};
use crate::crypto::refresh::{self, Secret};
use crate::crypto::token::{Kind, SecretToken};
use crate::engine::client::Client;
use crate::engine::event::Kind as EventKind;
use crate::engine::grant::{CodeRefusal, Grant, Presented};
use crate::settings::client_metadata::GrantType;
use crate::store::grants;
use crate::time::Timestamp;

/// `grant_type=authorization_code`
#[derive(Debug)]
pub struct CodeRequest<'a> {
    pub code: &'a str,
    pub redirect_uri: Option<&'a str>,
    pub code_verifier: Option<&'a str>,
}

/// When a grant ends once its code is used, and its refresh token if there is one.
struct Ends {
    refresh: Option<Timestamp>,
    grant: Timestamp,
}

impl Ends {
    fn of(app: &App, client: &Client, grant: &Grant, now: Timestamp) -> Self {
        let tokens = &app.settings.tokens;
        if !client.metadata.grant_types.contains(&GrantType::RefreshToken) {
            return Self { refresh: None, grant: now + tokens.access };
        }
        // One that is bound to its session dies with it, and no session lives longer than this.
        let absolute =
            if grant.offline { tokens.refresh_absolute } else { tokens.refresh_absolute.min(app.settings.sessions.absolute) };
        let end = now + absolute;
        Self { refresh: Some((now + tokens.refresh_idle).min(end)), grant: end }
    }
}

pub(super) async fn exchange(
    app: &App,
    requester: &Requester,
    client: &Client,
    request: &CodeRequest<'_>,
) -> Result<TokenAnswer, TokenError> {
    let unknown = || TokenError::invalid_grant(SPENT, "there is no such code");
    let code_hash = SecretToken::parse(Kind::Code, request.code).map_err(|_| unknown())?.hash();
    let now = app.now();
    let loaded = app.store.grant(grants::Key::Code(code_hash), now).await?.ok_or_else(unknown)?;
    let grant = &loaded.grant;
    let with = Presented {
        client_id: &client.id,
        authenticated: client.is_confidential(),
        redirect_uri: request.redirect_uri,
        code_verifier: request.code_verifier,
    };
    match grant.may_exchange(with, now) {
        Ok(()) => {}
        Err(CodeRefusal::Replayed) => return Err(replayed(app, requester, grant).await?),
        Err(refusal) => return Err(refused(refusal)),
    }
    if !loaded.user.is_active() {
        return Err(TokenError::invalid_grant(SPENT, "the account is disabled"));
    }
    if !(grant.offline || loaded.session_live) {
        return Err(TokenError::invalid_grant(SPENT, "the session has ended"));
    }
    let signers = Signers::of(app, client, now)?;
    let ends = Ends::of(app, client, grant, now);
    let family = ends.refresh.map(|idle_expires_at| (Secret::generate(&app.random), idle_expires_at));
    let stored = |(secret, idle_expires_at): &(Secret, Timestamp)| grants::NewFamily {
        hash: secret.hash(),
        key: app.keyring.newest(),
        idle_expires_at: *idle_expires_at,
    };
    let mut tx = app.store.write_one().await?;
    if !grants::use_code(&mut tx, &grant.id, now, family.as_ref().map(stored), ends.grant).await? {
        // Somebody was faster, with the same code and the same proofs.
        drop(tx);
        return Err(replayed(app, requester, grant).await?);
    }
    tx.commit().await?;
    let refresh_token = family.map(|(secret, _)| refresh::issue(&app.keyring, &grant.id, grant.refresh_sequence, &secret));
    let nonce = grant.request.nonce.as_deref();
    issue(
        app,
        Issue {
            signers: &signers,
            grant,
            user: &loaded.user,
            scopes: &grant.scopes,
            nonce,
            refresh_token,
            expires_at: ends.grant,
            now,
        },
    )
}

const SPENT: &str = "the code is unknown, expired or was used before";

/// What helps a developer is said; what would help a thief is not.
fn refused(refusal: CodeRefusal) -> TokenError {
    let description = match refusal {
        CodeRefusal::OtherClient | CodeRefusal::NoProof | CodeRefusal::Expired | CodeRefusal::Replayed => SPENT,
        CodeRefusal::RedirectUri => "redirect_uri is not the one of the authorization request",
        CodeRefusal::VerifierMissing => "the authorization request had a code_challenge: send its code_verifier",
        CodeRefusal::VerifierWrong => "code_verifier does not match the code_challenge",
        CodeRefusal::VerifierUnasked => "code_verifier was sent, but the authorization request had no code_challenge",
    };
    TokenError::invalid_grant(description, refusal.to_string())
}

/// A code that comes twice, with all proofs of its client, was perhaps stolen: every token of its first use ends (RFC 6749 section 4.1.2).
async fn replayed(app: &App, requester: &Requester, grant: &Grant) -> Outcome<TokenError> {
    super::end_replayed(app, requester, grant, EventKind::CodeReplayed).await?;
    Ok(refused(CodeRefusal::Replayed))
}
