use super::*;
use crate::engine::external::External;
use crate::engine::method::MethodKind;

fn brought() -> Brought {
    let external = External {
        provider: "google".to_owned(),
        issuer: "https://accounts.google.com".to_owned(),
        subject: "1".to_owned(),
        email: Email::parse("ana@example.com").ok(),
        vouched: true,
        username: None,
        profile: Profile::default(),
        tokens: None,
    };
    let at = Timestamp::from_seconds(1);
    Brought { external, given: vec![Method::second(MethodKind::Provider, at)], remember: true, until: at }
}

fn decided(reply: Reply) -> Decided {
    Decided { person: "user_01h455vb4pex5vsknk084sn02q".parse().unwrap(), reply }
}

fn states() -> Vec<State> {
    let to = || "ana@example.com".parse::<Contact>().unwrap();
    let asked = |to| Asked { identifier: "Ana".to_owned(), channel: Channel::Mail, to, known: false };
    let method = Method::first(MethodKind::Password, Timestamp::from_seconds(1));
    let half = || Box::new(HalfSignedIn { to: "+436601234567".parse().ok(), ..HalfSignedIn::new(vec![method.clone()], true) });
    vec![
        State::SignIn,
        State::Decided(decided(Reply::Yes)),
        State::SignInCode(Box::new(SignInCode { asked: asked(Some(to())), remember: true })),
        State::SecondFactor(half()),
        State::Enrol(half()),
        State::SignUp(Box::new(SignUp {
            to: to(),
            password_hash: None,
            profile: Profile::default(),
            brought: Some(Box::new(brought())),
        })),
        State::Verify { to: to(), given: vec![method.clone()], remember: true },
        State::Reset(Box::new(asked(Some(to())))),
        State::Reset(Box::new(asked(None))),
        State::ResetProved { to: to() },
        State::Change { to: to() },
        State::AddTotp { sealed: "c2VhbGVk".to_owned() },
        State::Invitation { to: to() },
        State::Alarm { to: to() },
        State::Away(Box::new(Away { provider: "google".to_owned(), errand: Errand::sign_in("ana", true, false) })),
        State::Newcomer(Box::new(brought())),
        State::Join(Box::new(Join { brought: brought(), account: Email::parse("ana@example.com").unwrap(), may_replace: true })),
    ]
}

#[test]
fn every_pair_of_state_and_step() {
    use Step::{CameBack, PasswordSet, Proved, Raised, SignedIn};
    let allowed = |state: &State, step: Step| match state {
        State::SignIn | State::Decided(_) => step == SignedIn,
        // A decoy's message went nowhere, so nobody can have its code.
        State::Reset(asked) => step == Proved && asked.to.is_some(),
        State::ResetProved { .. } | State::Invitation { .. } => step == PasswordSet,
        State::Alarm { .. } => step == Raised,
        State::Away(_) => step == CameBack,
        _ => step == Proved,
    };
    for state in states() {
        for step in [SignedIn, Proved, PasswordSet, Raised, CameBack] {
            let next = state.clone().step(step);
            assert_eq!(next.is_ok(), allowed(&state, step), "{state:?} {step:?}");
            if let Ok(Next::State(next)) = next {
                assert_eq!(next, State::ResetProved { to: "ana@example.com".parse().unwrap() });
            }
        }
    }
}

#[test]
fn only_requests_of_applications_are_decided_and_may_be_thought_over() {
    for state in states() {
        let next = state.decide(decided(Reply::No));
        let may = matches!(state, State::SignIn | State::Decided(_));
        assert_eq!(next.ok(), may.then(|| State::Decided(decided(Reply::No))), "{state:?}");
    }
}

#[test]
fn states_survive_storage() {
    for state in states() {
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<State>(&text).unwrap(), state);
    }
}

#[test]
fn only_our_own_pages_can_be_named() {
    assert_eq!(AccountPage::named("sessions"), Some(AccountPage::Sessions));
    for bad in ["", "https://evil.example", "//evil.example", "../sessions", "Sessions"] {
        assert_eq!(AccountPage::named(bad), None);
    }
}
