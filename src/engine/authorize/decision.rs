//! What happens to a checked request: sign in, ask for consent, answer, or refuse.

use super::{AuthorizationRequest, Prompt};
use crate::engine::client::Client;
use crate::engine::method::{ACR_ONE_FACTOR, ACR_TWO_FACTORS};
use crate::engine::oauth_error::{Code, OAuthError};
use crate::engine::scope::Scopes;
use crate::engine::session::Session;
use crate::time::Timestamp;

/// What is known when a request is decided.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub session: Option<&'a Session>,
    /// What the person has allowed this client before.
    pub consented: Option<&'a Consented>,
    /// The person has said yes to this very request.
    pub just_consented: bool,
    /// When the request arrived first; a sign-in after it satisfies `prompt=login`.
    pub requested_at: Timestamp,
    pub now: Timestamp,
}

/// What a person has said to a client's earlier requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consented {
    pub allowed: Scopes,
    /// Optional scopes that were unticked.
    pub declined: Scopes,
}

impl Consented {
    /// What is asked for and was neither allowed nor declined before.
    pub fn new_in(&self, request: &AuthorizationRequest) -> Scopes {
        request.wanted().without(&self.allowed).without(&self.declined)
    }

    /// What the consent page shows: what is new, or everything where nothing is and the client wants it asked again.
    pub fn shown(&self, request: &AuthorizationRequest) -> Scopes {
        let new = self.new_in(request);
        if new.is_empty() { request.wanted() } else { new }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Show the sign-in page. `again`: somebody is signed in, and must prove it anew.
    SignIn {
        again: bool,
        create: bool,
    },
    /// Somebody else is signed in than the request is for: say so, and let them choose.
    SomebodyElse,
    /// Somebody is signed in, and two factors are wanted.
    SecondFactor,
    Consent(Consent),
    /// With these scopes.
    Answer(Scopes),
    Refuse(OAuthError),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Asked for now and not allowed before.
    pub new: Scopes,
}

/// OpenID Connect Core sections 3.1.2.3 and 3.1.2.4.
pub fn decide(client: &Client, request: &AuthorizationRequest, facts: Facts<'_>) -> Decision {
    let silent = request.asks(Prompt::None);
    let live = facts.session.filter(|session| session.is_live(facts.now));
    if let Some(other) = live.filter(|session| !request.is_for(&session.user_id)) {
        return match silent {
            true => refuse(Code::LoginRequired, "somebody else is signed in"),
            // They are asked who they are anyhow.
            false if request.wants_sign_in() && other.auth_time < facts.requested_at => {
                Decision::SignIn { again: false, create: request.asks(Prompt::Create) }
            }
            false => Decision::SomebodyElse,
        };
    }
    let Some(session) = live.filter(|session| is_fresh(request, session, facts.requested_at, facts.now)) else {
        return match silent {
            true => refuse(Code::LoginRequired, "nobody is signed in, or not recently enough"),
            false => Decision::SignIn { again: live.is_some(), create: request.asks(Prompt::Create) },
        };
    };
    if request.needs_two_factors() && session.acr() != ACR_TWO_FACTORS {
        return match silent {
            true => refuse(Code::LoginRequired, "the person has not given the second factor that the request wants"),
            false => Decision::SecondFactor,
        };
    }
    let acceptable = &request.claims.essential_acr;
    // A stronger level includes the weaker one.
    let met = |acr: &String| acr == session.acr() || acr == ACR_ONE_FACTOR;
    if !acceptable.is_empty() && !acceptable.iter().any(met) {
        return refuse(Code::UnmetAuthenticationRequirements, "none of the essential acr values can be reached");
    }
    let nothing = Consented::default();
    let consented = facts.consented.unwrap_or(&nothing);
    let new = consented.new_in(request);
    let granted = if client.metadata.first_party { request.scopes.clone() } else { request.scopes.and(&consented.allowed) };
    let must_ask =
        request.asks(Prompt::Consent) || (!client.metadata.first_party && (facts.consented.is_none() || !new.is_empty()));
    match (must_ask && !facts.just_consented, silent) {
        (false, _) => Decision::Answer(granted),
        (true, true) => refuse(Code::ConsentRequired, "the person has not allowed this yet"),
        (true, false) => Decision::Consent(Consent { new }),
    }
}

/// `prompt=login`, `select_account` and `create` want a sign-in after the request arrived; `max_age` one that is not older than it says.
pub fn is_fresh(request: &AuthorizationRequest, session: &Session, requested_at: Timestamp, now: Timestamp) -> bool {
    let anew = request.wants_sign_in();
    let since_request = session.auth_time >= requested_at;
    let young = request.max_age.is_none_or(|seconds| now.since(session.auth_time).as_secs() <= u64::from(seconds));
    // `max_age=0` means the same as `prompt=login`: a sign-in for this request is always young enough.
    (!anew || since_request) && (young || (since_request && requested_at < now))
}

fn refuse(code: Code, why: &'static str) -> Decision {
    Decision::Refuse(OAuthError::new(code, why))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::super::{check, trust};
    use super::*;
    use crate::crypto::random::Random;
    use crate::engine::client::tests::client;
    use crate::engine::method::{Method, MethodKind};
    use crate::engine::params::Params;
    use crate::engine::session::{Lifetimes, Opening};
    use crate::ids::{SessionId, UserId};

    fn now() -> Timestamp {
        Timestamp::from_seconds(1_700_000_000)
    }

    fn answer(scopes: &str) -> Decision {
        Decision::Answer(Scopes::parse(scopes).unwrap())
    }

    fn session(age: u64) -> Session {
        let long = Duration::from_secs(86400);
        let at = now() - Duration::from_secs(age);
        let random = Random::seeded(1);
        let proofs = vec![Method::first(MethodKind::Password, at)];
        let opening = Opening { proofs, remembered: true, device: String::new(), address: String::new() };
        Session::begin(
            SessionId::new(at, &random),
            UserId::new(at, &random),
            opening,
            Lifetimes { absolute: long, idle: long, short: long },
            at,
        )
    }

    struct Case {
        query: &'static [(&'static str, &'static str)],
        session: Option<Session>,
        consented: Option<&'static str>,
        requested: u64,
    }

    fn decided(first_party: bool, case: &Case) -> Decision {
        let shop = client(&json!({"first_party": first_party}));
        let mut pairs = vec![
            ("redirect_uri", "https://shop.example/callback"),
            ("response_type", "code"),
            ("scope", "openid email"),
            ("nonce", "n"),
        ];
        pairs.retain(|(name, _)| !case.query.iter().any(|(changed, _)| changed == name));
        pairs.extend(case.query);
        let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let params = Params::parse(text.as_bytes()).unwrap();
        let request = check(&trust(&shop, &params).unwrap(), &shop, &params, now()).unwrap();
        let consented = case
            .consented
            .map(|text| Consented { allowed: Scopes::parse(text).unwrap(), declined: Scopes::parse("address").unwrap() });
        decide(
            &shop,
            &request,
            Facts {
                session: case.session.as_ref(),
                consented: consented.as_ref(),
                just_consented: false,
                requested_at: now() - Duration::from_secs(case.requested),
                now: now(),
            },
        )
    }

    const FOR_X: &[(&str, &str)] = &[("claims", r#"{"id_token":{"sub":{"value":"user_x"}}}"#)];
    const FOR_X_ANEW: &[(&str, &str)] =
        &[("claims", r#"{"id_token":{"sub":{"values":["user_x","user_y"]}}}"#), ("prompt", "login")];

    #[test]
    fn who_signs_in_and_who_does_not() {
        let sign_in = |again| Decision::SignIn { again, create: false };
        let all = Some("openid email");
        for (name, case, expected) in [
            ("nobody", Case { query: &[], session: None, consented: None, requested: 0 }, sign_in(false)),
            ("somebody", Case { query: &[], session: Some(session(100)), consented: all, requested: 0 }, answer("openid email")),
            ("a dead session", Case { query: &[], session: Some(session(86400)), consented: all, requested: 0 }, sign_in(false)),
            (
                "prompt=login",
                Case { query: &[("prompt", "login")], session: Some(session(100)), consented: all, requested: 0 },
                sign_in(true),
            ),
            (
                "prompt=login, done",
                Case { query: &[("prompt", "login")], session: Some(session(5)), consented: all, requested: 10 },
                answer("openid email"),
            ),
            (
                "max_age over",
                Case { query: &[("max_age", "60")], session: Some(session(61)), consented: all, requested: 0 },
                sign_in(true),
            ),
            (
                "max_age kept",
                Case { query: &[("max_age", "60")], session: Some(session(60)), consented: all, requested: 0 },
                answer("openid email"),
            ),
            (
                "max_age=0, done",
                Case { query: &[("max_age", "0")], session: Some(session(5)), consented: all, requested: 10 },
                answer("openid email"),
            ),
            (
                "another person",
                Case { query: FOR_X, session: Some(session(1)), consented: all, requested: 0 },
                Decision::SomebodyElse,
            ),
            ("that person is asked for", Case { query: FOR_X, session: None, consented: all, requested: 0 }, sign_in(false)),
            (
                "another person, who is asked anyhow",
                Case { query: FOR_X_ANEW, session: Some(session(1)), consented: all, requested: 0 },
                sign_in(false),
            ),
            (
                "another person, asked, and the same again",
                Case { query: FOR_X_ANEW, session: Some(session(1)), consented: all, requested: 5 },
                Decision::SomebodyElse,
            ),
        ] {
            assert_eq!(decided(false, &case), expected, "{name}");
        }
    }

    #[test]
    fn consent_is_asked_remembered_and_skipped() {
        let ask = |new: &str| Decision::Consent(Consent { new: Scopes::parse(new).unwrap() });
        let case = |query: &'static [(&'static str, &'static str)], consented| Case {
            query,
            session: Some(session(1)),
            consented,
            requested: 0,
        };
        assert_eq!(decided(false, &case(&[], None)), ask("openid email"));
        assert_eq!(decided(false, &case(&[], Some("openid"))), ask("email"));
        assert_eq!(decided(false, &case(&[], Some("openid email phone"))), answer("openid email"));
        assert_eq!(
            decided(false, &case(&[("scope", "openid address")], Some("openid"))),
            answer("openid"),
            "what was unticked is not asked for again"
        );
        assert_eq!(decided(false, &case(&[("prompt", "consent")], Some("openid email"))), ask(""));
        assert_eq!(decided(true, &case(&[], None)), answer("openid email"));
        assert_eq!(decided(true, &case(&[("prompt", "consent")], None)), ask("openid email"));
    }

    #[test]
    fn prompt_none_never_shows_a_page() {
        let code = |case: &Case| match decided(false, case) {
            Decision::Refuse(error) => error.code,
            other => panic!("{other:?}"),
        };
        let none = &[("prompt", "none")];
        assert_eq!(code(&Case { query: none, session: None, consented: None, requested: 0 }), Code::LoginRequired);
        assert_eq!(code(&Case { query: none, session: Some(session(1)), consented: None, requested: 0 }), Code::ConsentRequired);
        assert_eq!(
            code(&Case {
                query: &[("prompt", "none"), ("max_age", "5")],
                session: Some(session(10)),
                consented: Some("openid email"),
                requested: 0
            }),
            Code::LoginRequired
        );
    }

    #[test]
    fn an_acr_that_cannot_be_reached_is_not_claimed() {
        let query = &[("claims", r#"{"id_token":{"acr":{"essential":true,"values":["urn:other"]}}}"#)];
        let Decision::Refuse(error) =
            decided(false, &Case { query, session: Some(session(1)), consented: Some("openid email"), requested: 0 })
        else {
            panic!()
        };
        assert_eq!(error.code, Code::UnmetAuthenticationRequirements);
    }
}
