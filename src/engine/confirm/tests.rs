use super::*;
use crate::crypto::random::Random;
use crate::engine::factor::{Factor, FactorKind};
use crate::engine::method::{MethodKind, strength_since};
use crate::ids::FactorId;
use crate::time::Timestamp;

const NOW: Timestamp = Timestamp::from_seconds(1_000_000);
const ALL: Ways = Ways { password: true, passkey: true, mail: true, sms: true };
const NOTHING: Offer = Offer { password: false, passkey: false, mail: false, sms: false, providers: Providers::None };

fn with(kinds: &[FactorKind]) -> Enrolled {
    let id = || FactorId::new(NOW, &Random::seeded(1));
    let factor = |kind: &FactorKind| Factor {
        id: id(),
        kind: *kind,
        name: String::new(),
        sealed: None,
        last_step: 0,
        created_at: NOW,
        last_used_at: None,
    };
    Enrolled { has_password: true, factors: kinds.iter().map(factor).collect(), ..Enrolled::default() }
}

/// The suspects, one by one: an account, the settings, and what is offered to whoever wants to change how they sign in.
#[test]
fn what_each_account_is_offered() {
    use Channel::{Mail, Sms};
    let nobody = Enrolled::default();
    let password = with(&[]);
    let passkey = Enrolled { passkeys: 1, ..nobody.clone() };
    let reach = |channels: &[Channel]| Enrolled { reachable: channels.to_vec(), ..Enrolled::default() };
    let mail = reach(&[Mail]);
    let both = Enrolled { reachable: vec![Mail], passkeys: 1, ..password.clone() };
    let hub = Elsewhere { any: true, says_when: false };
    let openid = Elsewhere { any: true, says_when: true };
    let none = Elsewhere::default();
    let no_password = Ways { password: false, ..ALL };
    let only_password = Ways { password: true, ..Ways::default() };
    for (enrolled, ways, elsewhere, expected) in [
        (&password, ALL, openid, Offer { password: true, ..NOTHING }),
        // A password that is no way in any more is still one to confirm with, beside what is.
        (&password, no_password, none, Offer { password: true, ..NOTHING }),
        (
            &Enrolled { reachable: vec![Mail], ..password.clone() },
            no_password,
            none,
            Offer { password: true, mail: true, ..NOTHING },
        ),
        (&password, no_password, hub, Offer { password: true, ..NOTHING }),
        (&password, no_password, openid, Offer { password: true, providers: Providers::SayWhen, ..NOTHING }),
        (&both, ALL, hub, Offer { password: true, passkey: true, ..NOTHING }),
        (&both, no_password, hub, Offer { password: true, passkey: true, ..NOTHING }),
        // A mail would not be enough: it is not offered, or it would be asked for again and again.
        (&Enrolled { reachable: vec![Mail, Sms], ..passkey.clone() }, ALL, hub, Offer { passkey: true, ..NOTHING }),
        // Nor is a passkey asked for that cannot be given.
        (
            &Enrolled { reachable: vec![Mail], ..passkey.clone() },
            Ways { passkey: false, ..ALL },
            hub,
            Offer { mail: true, ..NOTHING },
        ),
        (&passkey, Ways { passkey: false, ..ALL }, hub, Offer { providers: Providers::All, ..NOTHING }),
        (&mail, ALL, none, Offer { mail: true, ..NOTHING }),
        (&mail, ALL, hub, Offer { mail: true, ..NOTHING }),
        (&mail, ALL, openid, Offer { mail: true, providers: Providers::SayWhen, ..NOTHING }),
        (&mail, only_password, hub, Offer { providers: Providers::All, ..NOTHING }),
        (&mail, only_password, none, NOTHING),
        (&reach(&[Sms]), ALL, none, Offer { sms: true, ..NOTHING }),
        (&reach(&[Sms]), Ways { sms: false, ..ALL }, none, NOTHING),
        (&nobody, ALL, hub, Offer { providers: Providers::All, ..NOTHING }),
        (&nobody, ALL, openid, Offer { providers: Providers::All, ..NOTHING }),
        (&nobody, ALL, none, NOTHING),
    ] {
        let wanted = best_proof(enrolled, &[], ways);
        assert_eq!(offer(Facts { enrolled, ways, elsewhere, wanted }), expected, "{enrolled:?} {ways:?} {elsewhere:?}");
    }
}

/// Where an application only wants a new sign-in, whatever signs in will do.
#[test]
fn an_application_is_content_with_any_way_in() {
    let passkey = Enrolled { passkeys: 1, reachable: vec![Channel::Mail], ..Enrolled::default() };
    let facts = Facts { enrolled: &passkey, ways: ALL, elsewhere: Elsewhere::default(), wanted: Strength::Reachable };
    assert_eq!(offer(facts), Offer { passkey: true, mail: true, ..NOTHING });
}

/// Every combination of what an account and the settings can have.
fn every(mut check: impl FnMut(&Enrolled, Ways, Elsewhere)) {
    let bit = |bits: u32, at: u32| bits >> at & 1 == 1;
    let factors: [&[FactorKind]; 5] =
        [&[], &[FactorKind::Totp], &[FactorKind::Mail], &[FactorKind::Sms], &[FactorKind::Mail, FactorKind::Sms]];
    for kinds in factors {
        for has in 0..32 {
            let sent = |channel, kind| bit(has, if channel == Channel::Mail { 2 } else { 3 }) || kinds.contains(&kind);
            let enrolled = Enrolled {
                has_password: bit(has, 0),
                passkeys: usize::from(bit(has, 1)),
                recovery_codes: i64::from(bit(has, 4)),
                reachable: [(Channel::Mail, FactorKind::Mail), (Channel::Sms, FactorKind::Sms)]
                    .into_iter()
                    .filter_map(|(channel, kind)| sent(channel, kind).then_some(channel))
                    .collect(),
                ..with(kinds)
            };
            for on in 0..16 {
                let ways = Ways { password: bit(on, 0), passkey: bit(on, 1), mail: bit(on, 2), sms: bit(on, 3) };
                for (any, says_when) in [(false, false), (true, false), (true, true)] {
                    check(&enrolled, ways, Elsewhere { any, says_when });
                }
            }
        }
    }
}

/// What a session has after one of the things that the page offers, and the second factor that sign-in asks for then.
fn proved(kind: MethodKind, enrolled: &Enrolled) -> Vec<Method> {
    let first = Method::first(kind, NOW);
    let second = second_factors(enrolled, std::slice::from_ref(&first)).first().map(|kind| Method::second(*kind, NOW));
    let asked = enrolled.is_on() && first.strength() < Strength::TwoFactors;
    [Some(first), second.filter(|_| asked)].into_iter().flatten().collect()
}

/// No circle: whatever is offered is enough, so that nobody proves themselves and is asked again.
#[test]
fn what_is_offered_is_enough() {
    let mut offered = 0;
    every(|enrolled, ways, elsewhere| {
        let wanted = first_proof(enrolled, &[], ways);
        let Offer { password, passkey, mail, sms, providers } = offer(Facts { enrolled, ways, elsewhere, wanted });
        for (there, kind) in [
            (password, MethodKind::Password),
            (passkey, MethodKind::Passkey),
            (mail, MethodKind::Mail),
            (sms, MethodKind::Sms),
            (providers != Providers::None, MethodKind::Provider),
        ] {
            if there {
                offered += 1;
                let methods = proved(kind, enrolled);
                let reached = strength_since(&methods, NOW).expect("something was proved");
                assert!(reached >= best_proof(enrolled, &methods, ways), "{kind:?} {enrolled:?} {ways:?} {methods:?}");
            }
        }
    });
    assert!(offered > 5000, "{offered}");
}

/// No dead end: the page is empty only where there is nothing that the settings leave.
#[test]
fn what_is_enough_is_offered() {
    every(|enrolled, ways, elsewhere| {
        for wanted in [Strength::Reachable, first_proof(enrolled, &[], ways)] {
            let facts = Facts { enrolled, ways, elsewhere, wanted };
            let by_message = |channel, on| on && enrolled.reachable.contains(&channel);
            let anything = enrolled.has_password
                || (ways.passkey && enrolled.passkeys > 0)
                || by_message(Channel::Mail, ways.mail)
                || by_message(Channel::Sms, ways.sms)
                || elsewhere.any;
            assert_eq!(offer(facts).is_empty(), !anything, "{facts:?}");
        }
    });
}

/// A provider that lets people through in silence is believed only where there is nothing else at all.
#[test]
fn a_silent_provider_is_the_last_resort() {
    let mut believed = 0;
    every(|enrolled, ways, elsewhere| {
        let facts = Facts { enrolled, ways, elsewhere, wanted: Strength::Reachable };
        if believes_undated(facts) {
            believed += 1;
            let Offer { password, passkey, mail, sms, .. } = offer(facts);
            assert!(!password && !passkey && !mail && !sms && !enrolled.has_password, "{facts:?}");
        }
    });
    assert!(believed > 0);
}

#[test]
fn a_weak_proof_is_best_only_where_there_is_no_other() {
    let (mail, password) = ([Method::first(MethodKind::Mail, NOW)], [Method::first(MethodKind::Password, NOW)]);
    let no_password = |enrolled| Enrolled { has_password: false, ..enrolled };
    for (enrolled, given, expected) in [
        (Enrolled::default(), &mail, Strength::Reachable),
        (with(&[]), &mail, Strength::OneFactor),
        (Enrolled { passkeys: 1, ..Enrolled::default() }, &mail, Strength::OneFactor),
        (with(&[FactorKind::Mail]), &password, Strength::TwoFactors),
        (with(&[FactorKind::Mail]), &mail, Strength::TwoFactors),
        (no_password(with(&[FactorKind::Totp])), &mail, Strength::TwoFactors),
        (no_password(with(&[FactorKind::Mail])), &mail, Strength::Reachable),
    ] {
        assert_eq!(best_proof(&enrolled, given, ALL), expected, "{enrolled:?} {given:?}");
    }
}
