use super::*;
use crate::crypto::random::Random;
use crate::time::Timestamp;

use Decision::{AlreadyConnected, AskAddress, BelongsToAnother, Connect, Create, Link, Refuse, SignIn, SignInFirst};
use Linking::{Ask, CreateOnly, LinkVerified, SignInOnly};
use WhoSignsUp::{Everyone, Invited, Nobody};

/// A column of the table: a value, or any.
struct Any;

trait Matches<T> {
    fn fits(&self, value: &T) -> bool;
}

impl<T> Matches<T> for Any {
    fn fits(&self, _: &T) -> bool {
        true
    }
}

impl<T: PartialEq> Matches<T> for T {
    fn fits(&self, value: &T) -> bool {
        self == value
    }
}

/// The account with the address, as the table has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Account {
    None,
    Unproved,
    Proved,
    Guarded,
    /// Proved, and connected with another subject of the same issuer.
    Anothers,
}

/// Whom the identity is connected with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Nobody,
    /// Whoever is signed in, if somebody is.
    Me,
    Another,
}

/// One case, as the columns have it.
#[derive(Clone, Copy, Debug)]
struct Case {
    signed_in: bool,
    owner: Owner,
    policy: Linking,
    vouched: bool,
    account: Account,
    sign_up: WhoSignsUp,
}

struct People {
    me: UserId,
    another: UserId,
    local: UserId,
}

fn people() -> People {
    let random = Random::seeded(7);
    let new = || UserId::new(Timestamp::from_seconds(1), &random);
    People { me: new(), another: new(), local: new() }
}

fn decided(case: Case, people: &People) -> Decision {
    let local = |verified, guarded| Some(Local { id: &people.local, verified, guarded, another_subject: false });
    decide(Facts {
        owner: match case.owner {
            Owner::Nobody => None,
            Owner::Me => Some(&people.me),
            Owner::Another => Some(&people.another),
        },
        connecting: case.signed_in.then_some(&people.me),
        vouched: case.vouched,
        local: match case.account {
            Account::None => None,
            Account::Unproved => local(false, false),
            Account::Proved => local(true, false),
            Account::Guarded => local(true, true),
            Account::Anothers => local(true, false).map(|local| Local { another_subject: true, ..local }),
        },
        sign_up: case.sign_up,
        policy: case.policy,
    })
}

fn every_case() -> Vec<Case> {
    let mut cases = Vec::new();
    for signed_in in [false, true] {
        for owner in [Owner::Nobody, Owner::Me, Owner::Another] {
            for policy in [LinkVerified, Ask, CreateOnly, SignInOnly] {
                for vouched in [false, true] {
                    for account in [Account::None, Account::Unproved, Account::Proved, Account::Guarded, Account::Anothers] {
                        for sign_up in [Everyone, Invited, Nobody] {
                            cases.push(Case { signed_in, owner, policy, vouched, account, sign_up });
                        }
                    }
                }
            }
        }
    }
    cases
}

type Column<T> = Box<dyn Matches<T>>;
type Row = (Column<bool>, Column<Owner>, Column<Linking>, Column<bool>, Column<Account>, Column<WhoSignsUp>, Decision);

/// The rule as a table: the first row that fits a case says what follows. Written apart from the rule, so that either can be wrong.
#[test]
fn every_case_follows_the_table() {
    let people = people();
    let (me, another, local) = (people.me.clone(), people.another.clone(), people.local.clone());
    macro_rules! table {
        ($(($($column:expr),* ; $decision:expr)),* $(,)?) => { vec![$(($(Box::new($column)),*, $decision)),*] };
    }
    let first = |may_replace| SignInFirst { may_replace };
    #[rustfmt::skip]
    let table: Vec<Row> = table![
        // signed in, connected with, policy,       vouched, account,           sign-up
        (true,  Owner::Me,      Any,          Any,   Any,               Any;      AlreadyConnected),
        (true,  Owner::Another, Any,          Any,   Any,               Any;      BelongsToAnother),
        (true,  Owner::Nobody,  Any,          Any,   Any,               Any;      Connect(me.clone())),
        (false, Owner::Me,      Any,          Any,   Any,               Any;      SignIn(me)),
        (false, Owner::Another, Any,          Any,   Any,               Any;      SignIn(another)),
        (false, Owner::Nobody,  SignInOnly,   Any,   Any,               Any;      Refuse(Refusal::NotConnected)),
        (false, Owner::Nobody,  LinkVerified, true,  Account::Proved,   Any;      Link(local)),
        (false, Owner::Nobody,  LinkVerified, true,  Account::Guarded,  Any;      first(false)),
        (false, Owner::Nobody,  LinkVerified, true,  Account::Anothers, Any;      first(false)),
        (false, Owner::Nobody,  LinkVerified, true,  Account::Unproved, Everyone; first(true)),
        (false, Owner::Nobody,  LinkVerified, true,  Account::Unproved, Any;      first(false)),
        (false, Owner::Nobody,  Ask,          true,  Account::Proved,   Any;      first(false)),
        (false, Owner::Nobody,  Ask,          true,  Account::Guarded,  Any;      first(false)),
        (false, Owner::Nobody,  Ask,          true,  Account::Anothers, Any;      first(false)),
        (false, Owner::Nobody,  Ask,          true,  Account::Unproved, Everyone; first(true)),
        (false, Owner::Nobody,  Ask,          true,  Account::Unproved, Any;      first(false)),
        (false, Owner::Nobody,  CreateOnly,   true,  Account::Unproved, Any;      Refuse(Refusal::HasAccount)),
        (false, Owner::Nobody,  CreateOnly,   true,  Account::Proved,   Any;      Refuse(Refusal::HasAccount)),
        (false, Owner::Nobody,  CreateOnly,   true,  Account::Guarded,  Any;      Refuse(Refusal::HasAccount)),
        (false, Owner::Nobody,  CreateOnly,   true,  Account::Anothers, Any;      Refuse(Refusal::HasAccount)),
        (false, Owner::Nobody,  Any,          true,  Account::None,     Everyone; Create),
        (false, Owner::Nobody,  Any,          false, Any,               Everyone; AskAddress),
        (false, Owner::Nobody,  Any,          Any,   Any,               Invited;  Refuse(Refusal::ByInvitation)),
        (false, Owner::Nobody,  Any,          Any,   Any,               Nobody;   Refuse(Refusal::Closed)),
    ];
    let mut used = vec![false; table.len()];
    for case in every_case() {
        let fits = |(signed_in, owner, policy, vouched, account, sign_up, _): &Row| {
            signed_in.fits(&case.signed_in)
                && owner.fits(&case.owner)
                && policy.fits(&case.policy)
                && vouched.fits(&case.vouched)
                && account.fits(&case.account)
                && sign_up.fits(&case.sign_up)
        };
        let row = table.iter().position(fits).unwrap_or_else(|| panic!("no row for {case:?}"));
        used[row] = true;
        assert_eq!(decided(case, &people), table[row].6, "{case:?}");
    }
    assert!(used.into_iter().all(|used| used), "a row that no case needs");
}

/// A provider that does not vouch learns nothing of an account, whatever it says the address is.
#[test]
fn without_a_word_for_the_address_every_account_looks_like_none() {
    let people = people();
    for case in every_case().into_iter().filter(|case| !case.vouched) {
        let none = Case { account: Account::None, ..case };
        assert_eq!(decided(case, &people), decided(none, &people), "{case:?}");
    }
}

fn stranger_from(policy: Linking, vouched: bool, account: Account) -> Decision {
    decided(Case { signed_in: false, owner: Owner::Nobody, policy, vouched, account, sign_up: Everyone }, &people())
}

/// Somebody has made an account with the victim's address and waits for the victim to come through a provider.
#[test]
fn prehijack_classic_federated_merge() {
    for policy in [LinkVerified, Ask, CreateOnly, SignInOnly] {
        let decision = stranger_from(policy, true, Account::Unproved);
        assert!(!matches!(decision, Link(_) | SignIn(_)), "{policy:?}");
    }
}

/// … and stays signed in there.
#[test]
fn prehijack_unexpired_session() {
    // Nobody gets into the account that has the session: the person proves that it is theirs, or has a new one.
    assert_eq!(stranger_from(LinkVerified, true, Account::Unproved), SignInFirst { may_replace: true });
}

/// … or has connected an identity of their own with it.
#[test]
fn prehijack_trojan_identifier() {
    // An identity is only ever its own account's way in, and an unproved account never becomes the victim's.
    let people = people();
    let case = Case {
        signed_in: false,
        owner: Owner::Another,
        policy: LinkVerified,
        vouched: true,
        account: Account::Proved,
        sign_up: Everyone,
    };
    assert_eq!(decided(case, &people), SignIn(people.another.clone()), "whatever address the identity shows");
}

/// … or has asked to change an account's address to the victim's, and has not proved it.
#[test]
fn prehijack_unexpired_email_change() {
    // A change that is not proved has no address yet: there is no account to be linked with.
    assert_eq!(stranger_from(LinkVerified, true, Account::None), Create);
}

/// … or uses a provider that takes anybody's word for an address.
#[test]
fn prehijack_non_verifying_provider() {
    for policy in [LinkVerified, Ask, CreateOnly] {
        for account in [Account::None, Account::Unproved, Account::Proved, Account::Guarded] {
            assert_eq!(stranger_from(policy, false, account), AskAddress, "{policy:?} {account:?}");
        }
    }
}

/// The address of somebody who has left is given to a new employee, who comes by the same provider as somebody else.
#[test]
fn another_person_at_the_same_issuer_signs_in_first() {
    for policy in [LinkVerified, Ask] {
        assert_eq!(stranger_from(policy, true, Account::Anothers), SignInFirst { may_replace: false }, "{policy:?}");
    }
}

/// … or by a provider that is not believed about addresses, when one that is believed names another person.
#[test]
fn whose_word_holds_against_whose() {
    let every = [LinkVerified, Ask, CreateOnly, SignInOnly];
    for comes_by in every {
        assert!(Standing::Proved.holds_against(comes_by));
        assert!(Standing::Vouched(Some(LinkVerified)).holds_against(comes_by));
        for by in [Some(Ask), Some(CreateOnly), Some(SignInOnly), None] {
            assert_eq!(Standing::Vouched(by).holds_against(comes_by), comes_by != LinkVerified, "{by:?} {comes_by:?}");
        }
    }
}

/// Somebody has come by a provider with an address that is the victim's by now, who resets the password.
#[test]
fn what_stays_connected_after_a_reset() {
    let every = [Some(LinkVerified), Some(Ask), Some(CreateOnly), Some(SignInOnly), None];
    for own in every {
        assert!(stays_after_reset(Standing::Proved, own), "{own:?}");
        assert!(stays_after_reset(Standing::Vouched(Some(LinkVerified)), own), "{own:?}");
        for by in every.into_iter().filter(|by| *by != Some(LinkVerified)) {
            assert_eq!(stays_after_reset(Standing::Vouched(by), own), own == Some(LinkVerified), "{by:?} {own:?}");
        }
    }
}
