//! What happens to a checked request: sign in, ask for consent, answer, or refuse.

use std::time::Duration;

use super::{AuthorizationRequest, Prompt};
use crate::engine::client::Client;
use crate::engine::method::{ACR_ONE_FACTOR, ACR_TWO_FACTORS, Method, is_proved_since};
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
    /// The account has a second factor that can be asked for.
    pub has_second: bool,
    /// The request has just arrived: whoever signed in did so for something else.
    pub is_new: bool,
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
    let again = |again| Decision::SignIn { again, create: request.asks(Prompt::Create) };
    let Some(session) = facts.session.filter(|session| session.is_live(facts.now)) else {
        return if silent { refuse(Code::LoginRequired, "nobody is signed in") } else { again(false) };
    };
    let proofs = session.dated_proofs();
    let is_fresh =
        |has_second| is_fresh(request, &proofs, Asked { has_second, is_new: facts.is_new, at: facts.requested_at }, facts.now);
    if !request.is_for(&session.user_id) {
        return match silent {
            true => refuse(Code::LoginRequired, "somebody else is signed in"),
            // They are asked who they are anyhow.
            false if request.wants_sign_in() && !is_fresh(false) => again(false),
            false => Decision::SomebodyElse,
        };
    }
    if !is_fresh(facts.has_second) {
        return match silent {
            true => refuse(Code::LoginRequired, "the person has not proved recently enough who they are"),
            // Only the second factor is missing or old, as in a browser that is trusted.
            false if is_fresh(false) => Decision::SecondFactor,
            false => again(true),
        };
    }
    if request.needs_two_factors() && session.acr() != ACR_TWO_FACTORS {
        return match silent {
            true => refuse(Code::LoginRequired, "the person has not given the second factor that the request wants"),
            false => Decision::SecondFactor,
        };
    }
    if request.likes_two_factors() && session.acr() != ACR_TWO_FACTORS && facts.has_second && !silent {
        return Decision::SecondFactor;
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

/// What a request asks of whom, and when.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Of an account with a second factor both are wanted.
    pub has_second: bool,
    /// No sign-in was for this request yet.
    pub is_new: bool,
    /// When it arrived first.
    pub at: Timestamp,
}

/// `prompt=login`, `select_account` and `create` want a proof after the request arrived; `max_age` one that is not older than it says, to the
/// millisecond (OpenID Connect Core section 3.1.2.1), or one for this request, however long the way back took. So `max_age=0` asks always.
pub fn is_fresh(request: &AuthorizationRequest, proofs: &[Method], asked: Asked, now: Timestamp) -> bool {
    let for_this = !asked.is_new && is_proved_since(proofs, asked.at, asked.has_second);
    let young =
        |seconds: u32| seconds > 0 && is_proved_since(proofs, now - Duration::from_secs(seconds.into()), asked.has_second);
    for_this || (!request.wants_sign_in() && request.max_age.is_none_or(young))
}

fn refuse(code: Code, why: &'static str) -> Decision {
    Decision::Refuse(OAuthError::new(code, why))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{check, trust};
    use super::*;
    use crate::crypto::random::Random;
    use crate::engine::client::tests::client;
    use crate::engine::method::MethodKind;
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
        session_of(age * 1000)
    }

    fn session_of(millis: u64) -> Session {
        let long = Duration::from_secs(86400);
        let at = now() - Duration::from_millis(millis);
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
        decided_of(first_party, false, case)
    }

    fn decided_of(first_party: bool, has_second: bool, case: &Case) -> Decision {
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
                has_second,
                is_new: case.requested == 0,
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
                "max_age over by nine tenths of a second",
                Case { query: &[("max_age", "1")], session: Some(session_of(1900)), consented: all, requested: 0 },
                sign_in(true),
            ),
            (
                "max_age over by a millisecond",
                Case { query: &[("max_age", "60")], session: Some(session_of(60_001)), consented: all, requested: 0 },
                sign_in(true),
            ),
            (
                "max_age over, but signed in for this",
                Case { query: &[("max_age", "1")], session: Some(session(5)), consented: all, requested: 10 },
                answer("openid email"),
            ),
            (
                "max_age=0 at the very moment of a sign-in",
                Case { query: &[("max_age", "0")], session: Some(session(0)), consented: all, requested: 0 },
                sign_in(true),
            ),
            (
                "prompt=login at the very moment of a sign-in",
                Case { query: &[("prompt", "login")], session: Some(session(0)), consented: all, requested: 0 },
                sign_in(true),
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

    /// Of an account with a second factor both are asked, and a second factor alone answers nothing.
    #[test]
    fn both_factors_are_fresh_where_there_are_two() {
        let seconds_ago = |seconds| now() - Duration::from_secs(seconds);
        let both = |first, second| {
            vec![Method::first(MethodKind::Password, seconds_ago(first)), Method::second(MethodKind::Mail, seconds_ago(second))]
        };
        let trusted = |first| vec![Method::first(MethodKind::Password, seconds_ago(first))];
        let passkey = |first| vec![Method::first(MethodKind::Passkey, seconds_ago(first))];
        let (login, age) = (&[("prompt", "login")][..], &[("max_age", "60")][..]);
        let again = Decision::SignIn { again: true, create: false };
        let granted = answer("openid email");
        for (query, proofs, requested, expected) in [
            (login, both(5, 4), 10, &granted),
            (login, both(20, 4), 10, &again),
            (login, both(20, 15), 10, &again),
            (login, trusted(5), 10, &Decision::SecondFactor),
            (login, passkey(5), 10, &granted),
            (login, passkey(11), 10, &again),
            (age, both(50, 40), 0, &granted),
            (age, both(61, 1), 0, &again),
            (age, trusted(50), 0, &Decision::SecondFactor),
            (age, trusted(61), 0, &again),
            (age, passkey(60), 0, &granted),
            (&[], both(9000, 9000), 0, &granted),
            (&[], trusted(9000), 0, &granted),
        ] {
            let found = Session { methods: proofs, ..session(9000) };
            let case = Case { query, session: Some(found), consented: Some("openid email"), requested };
            assert_eq!(decided_of(false, true, &case), *expected, "{query:?} {:?}", case.session);
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
