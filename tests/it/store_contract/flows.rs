//! `flows`.

use vestibule::engine::address::{Channel, Contact};
use vestibule::engine::codes::{CodeRules, Codes, Links};
use vestibule::engine::flow::{AccountPage, Asked, Continue, Flow, FlowKind, HalfSignedIn, SignInCode, SignUp, State};
use vestibule::engine::method::{Method, MethodKind};
use vestibule::engine::user::{Profile, User};
use vestibule::ids::FlowId;
use vestibule::store::flows;

use super::{Bench, NOW, benches, later};

const RULES: CodeRules =
    CodeRules { lifetime: std::time::Duration::from_mins(10), tries: 5, resend: std::time::Duration::from_secs(30) };

pub(super) fn flow(bench: &Bench, state: State, user: Option<&User>) -> Flow {
    Flow {
        id: FlowId::new(NOW, &bench.random),
        browser_hash: [3; 32],
        user_id: user.map(|user| user.id.clone()),
        state,
        continue_to: Continue::Page { page: AccountPage::Apps },
        codes: Codes { links: Links::default().given([4; 32]).given([5; 32]), ..Codes::default().sent([1; 32], RULES, NOW) },
        salt: [6; 16],
        created_at: NOW,
        expires_at: later(900),
        finished_at: None,
    }
}

pub(super) async fn insert(bench: &Bench, flow: &Flow) {
    let mut tx = bench.write().await;
    flows::insert(&mut tx, flow).await.unwrap();
    tx.commit().await.unwrap();
}

fn reset(address: &str) -> State {
    let asked = Asked { identifier: address.to_owned(), channel: Channel::Mail, to: address.parse().ok(), known: false };
    State::Reset(Box::new(asked))
}

#[tokio::test]
async fn every_state_is_read_back_as_written() {
    for bench in benches().await {
        let to: Contact = "Ana@A.example".parse().unwrap();
        let sign_up = SignUp { to: to.clone(), password_hash: Some("$x".into()), profile: Profile::default(), brought: None };
        let asked = Asked { identifier: "ana".to_owned(), channel: Channel::Sms, to: "+436601234567".parse().ok(), known: true };
        let half = HalfSignedIn { to: Some(to.clone()), ..HalfSignedIn::new(vec![Method::second(MethodKind::Totp, NOW)], true) };
        for state in [
            State::SignIn,
            State::SignUp(Box::new(sign_up)),
            State::SignInCode(Box::new(SignInCode { asked: asked.clone(), remember: false })),
            State::SecondFactor(Box::new(half.clone())),
            State::Enrol(Box::new(half)),
            State::Reset(Box::new(Asked { to: None, ..asked })),
            State::Verify { to: to.clone(), given: vec![Method::first(MethodKind::Password, NOW)], remember: true },
            State::ResetProved { to: to.clone() },
            State::Change { to: to.clone() },
            State::Invitation { to },
            State::Alarm { to: "ana@a.example".parse().unwrap() },
        ] {
            let mut flow = flow(&bench, state, None);
            flow.codes = flow.codes.tried().sent([2; 32], RULES, later(60)).tried();
            insert(&bench, &flow).await;
            let found = flows::by_id(&mut bench.read().await, &flow.id).await.unwrap().unwrap();
            assert_eq!(format!("{found:?}"), format!("{flow:?}"), "{:?}", bench.database);
        }
        assert!(flows::by_id(&mut bench.read().await, &FlowId::new(NOW, &bench.random)).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn open_ones_are_found_by_address_and_person() {
    for bench in benches().await {
        let ana = bench.user("ana@a.example").await;
        let old = flow(&bench, reset("Ana@A.Example"), Some(&ana));
        let new = Flow { created_at: later(1), id: FlowId::new(later(1), &bench.random), ..old.clone() };
        insert(&bench, &old).await;
        insert(&bench, &new).await;
        let mut tx = bench.write().await;
        let found = flows::open_for(&mut tx, FlowKind::Reset, "ana@a.example", NOW).await.unwrap().map(|flow| flow.id);
        assert_eq!(found, Some(new.id.clone()), "{:?}: the newest", bench.database);
        assert!(flows::open_for(&mut tx, FlowKind::SignUp, "ana@a.example", NOW).await.unwrap().is_none());
        assert!(flows::open_for(&mut tx, FlowKind::Reset, "bob@a.example", NOW).await.unwrap().is_none());
        assert!(flows::open_for(&mut tx, FlowKind::Reset, "ana@a.example", later(900)).await.unwrap().is_none(), "expired");
        assert_eq!(
            flows::open_of(&mut tx, FlowKind::Reset, &ana.id, NOW).await.unwrap().map(|flow| flow.id),
            Some(new.id.clone())
        );
        assert!(flows::finish(&mut tx, &new.id, NOW).await.unwrap());
        assert_eq!(
            flows::open_of(&mut tx, FlowKind::Reset, &ana.id, NOW).await.unwrap().map(|flow| flow.id),
            Some(old.id.clone())
        );
        assert_eq!(flows::cancel(&mut tx, &[FlowKind::Reset], &ana.id, NOW).await.unwrap(), 1);
        assert_eq!(flows::cancel(&mut tx, &[FlowKind::Reset], &ana.id, NOW).await.unwrap(), 0);
        assert!(flows::open_for(&mut tx, FlowKind::Reset, "ana@a.example", NOW).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_journey_moves_from_the_state_it_was_read_in_and_never_after_its_end() {
    for bench in benches().await {
        let flow = flow(&bench, reset("ana@a.example"), None);
        insert(&bench, &flow).await;
        let proved = State::ResetProved { to: "ana@a.example".parse().unwrap() };
        let mut tx = bench.write().await;
        assert!(!flows::advance(&mut tx, &flow.id, &proved, &reset("ana@a.example")).await.unwrap());
        assert!(flows::advance(&mut tx, &flow.id, &flow.state, &proved).await.unwrap(), "{:?}", bench.database);
        assert!(!flows::advance(&mut tx, &flow.id, &flow.state, &proved).await.unwrap());
        flows::rebind(&mut tx, &flow.id, &[9; 32]).await.unwrap();
        assert_eq!(flows::by_id(&mut tx, &flow.id).await.unwrap().unwrap().browser_hash, [9; 32]);
        assert!(flows::finish(&mut tx, &flow.id, later(1)).await.unwrap());
        assert!(!flows::finish(&mut tx, &flow.id, later(2)).await.unwrap());
        assert!(!flows::advance(&mut tx, &flow.id, &proved, &flow.state).await.unwrap());
        let tried = flow.codes.clone().tried();
        assert!(!flows::set_codes(&mut tx, &flow.id, &flow.codes, &tried).await.unwrap());
        assert_eq!(flows::by_id(&mut tx, &flow.id).await.unwrap().unwrap().finished_at, Some(later(1)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_ten_finishes_a_journey() {
    for bench in benches().await {
        let flow = flow(&bench, State::SignIn, None);
        insert(&bench, &flow).await;
        let winners = bench.race(move |tx| {
            let id = flow.id.clone();
            Box::pin(async move { flows::finish(tx, &id, NOW).await })
        });
        assert_eq!(winners.await, 1, "{:?}", bench.database);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_ten_wrong_tries_is_counted_from_the_same_reading() {
    for bench in benches().await {
        let flow = flow(&bench, reset("ana@a.example"), None);
        insert(&bench, &flow).await;
        let (id, codes) = (flow.id.clone(), flow.codes.clone());
        let winners = bench.race(move |tx| {
            let (id, read) = (id.clone(), codes.clone());
            Box::pin(async move { flows::set_codes(tx, &id, &read, &read.clone().tried()).await })
        });
        assert_eq!(winners.await, 1, "{:?}", bench.database);
        assert_eq!(flows::by_id(&mut bench.read().await, &flow.id).await.unwrap().unwrap().codes.tries, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_ten_moves_a_journey_on() {
    for bench in benches().await {
        let flow = flow(&bench, reset("ana@a.example"), None);
        insert(&bench, &flow).await;
        let winners = bench.race(move |tx| {
            let (id, from) = (flow.id.clone(), flow.state.clone());
            let to = State::ResetProved { to: "ana@a.example".parse().unwrap() };
            Box::pin(async move { flows::advance(tx, &id, &from, &to).await })
        });
        assert_eq!(winners.await, 1, "{:?}", bench.database);
    }
}
