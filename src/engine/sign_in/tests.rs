use super::*;
use crate::crypto::random::Random;
use crate::engine::factor::Factor;
use crate::ids::FactorId;

const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

fn factor(kind: FactorKind, last_used_at: Option<Timestamp>) -> Factor {
    let id = FactorId::new(NOW, &Random::seeded(1));
    Factor { id, kind, name: String::new(), sealed: None, last_step: 0, created_at: NOW, last_used_at }
}

fn with(kinds: &[FactorKind]) -> Enrolled {
    Enrolled { has_password: true, factors: kinds.iter().map(|kind| factor(*kind, None)).collect(), ..Enrolled::default() }
}

#[test]
fn a_shut_or_unproved_account_stops_everything_else() {
    let enrolled = with(&[FactorKind::Totp]);
    let given = &[Method::first(MethodKind::Passkey, NOW)];
    for (active, verified, expected) in [
        (true, true, Needed::Nothing),
        (true, false, Needed::Verification),
        (false, true, Needed::ActiveAccount),
        (false, false, Needed::ActiveAccount),
    ] {
        let facts = Facts { active, verified, given, enrolled: &enrolled, second: Second::default() };
        assert_eq!(what_is_still_needed(facts), expected);
    }
}

#[test]
fn when_a_second_factor_is_asked() {
    use MethodKind::{Mail, Passkey, Password, Totp};
    let none = with(&[]);
    let app = with(&[FactorKind::Totp]);
    let passkey = Enrolled { passkeys: 1, ..with(&[]) };
    let password = &[Method::first(Password, NOW)][..];
    let mail = &[Method::first(Mail, NOW)][..];
    let provider = &[Method::first(MethodKind::Provider, Method::UNDATED)][..];
    let mail_and_password = &[Method::first(Mail, NOW), Method::first(Password, NOW)][..];
    let key = &[Method::first(Passkey, NOW)][..];
    let both = &[Method::first(Password, NOW), Method::second(Totp, NOW)][..];
    let plain = Second::default();
    let required = Second { required: true, ..plain };
    let now = Second { now: true, ..plain };
    let remembered = Second { remembered: true, ..plain };
    for (enrolled, given, second, expected) in [
        (&none, password, plain, Needed::Nothing),
        (&none, password, required, Needed::Enrolment),
        (&none, mail, plain, Needed::Nothing),
        (&none, mail, now, Needed::SecondFactor),
        (&none, mail_and_password, now, Needed::Enrolment),
        (&none, key, required, Needed::Nothing),
        (&app, password, plain, Needed::SecondFactor),
        (&app, mail, plain, Needed::SecondFactor),
        (&app, key, plain, Needed::Nothing),
        (&app, both, now, Needed::Nothing),
        (&app, password, remembered, Needed::Nothing),
        (&app, password, Second { required: true, ..remembered }, Needed::Nothing),
        (&app, password, Second { now: true, ..remembered }, Needed::SecondFactor),
        (&passkey, password, plain, Needed::Nothing),
        (&passkey, password, required, Needed::SecondFactor),
        (&passkey, password, now, Needed::SecondFactor),
        (&with(&[FactorKind::Mail]), mail, plain, Needed::SecondFactor),
        (&Enrolled { has_password: false, ..with(&[FactorKind::Mail]) }, mail, plain, Needed::Nothing),
        (&Enrolled { has_password: false, ..with(&[FactorKind::Mail]) }, mail, now, Needed::Enrolment),
        // Whoever has somebody's account elsewhere sets up no second factor with it where there is a password.
        (&none, provider, now, Needed::SecondFactor),
        (&none, provider, required, Needed::SecondFactor),
        (&none, provider, plain, Needed::Nothing),
        (&Enrolled { has_password: false, ..with(&[]) }, provider, now, Needed::Enrolment),
        (&with(&[FactorKind::Totp]), provider, plain, Needed::SecondFactor),
        // A browser is remembered after a second factor; one that is gone does not make it a reason.
        (&none, password, Second { required: true, ..remembered }, Needed::Enrolment),
    ] {
        let facts = Facts { active: true, verified: true, given, enrolled, second };
        assert_eq!(what_is_still_needed(facts), expected, "{enrolled:?} {given:?} {second:?}");
    }
}

/// After a lock nobody gets in through a provider alone, whatever that provider has asked for: what is connected may be the intruder's.
#[test]
fn a_locked_account_wants_its_mailbox_beside_a_provider() {
    use MethodKind::{Mail, Passkey, Provider, Sms, Totp};
    let locked = |factors: &[FactorKind], reachable: &[Channel]| Enrolled {
        has_password: false,
        is_locked: true,
        reachable: reachable.to_vec(),
        ..with(factors)
    };
    let (mail, both) = (&[Channel::Mail][..], &[Channel::Mail, Channel::Sms][..]);
    let provider = || Method::first(Provider, Method::UNDATED);
    let and = |more: Method| vec![provider(), more];
    let read = || Method::first(Mail, NOW);
    for (enrolled, given, needed, offered) in [
        (locked(&[], mail), vec![provider()], Needed::SecondFactor, vec![Mail]),
        (locked(&[], mail), and(Method::second(Provider, NOW)), Needed::SecondFactor, vec![Mail]),
        (locked(&[FactorKind::Totp], both), vec![provider()], Needed::SecondFactor, vec![Mail]),
        (locked(&[FactorKind::Mail], mail), vec![provider()], Needed::SecondFactor, vec![Mail]),
        (locked(&[], mail), and(read()), Needed::Nothing, vec![]),
        (locked(&[FactorKind::Totp], mail), and(read()), Needed::SecondFactor, vec![Totp]),
        (locked(&[], mail), vec![read()], Needed::Nothing, vec![]),
        (locked(&[], mail), vec![Method::first(Passkey, NOW)], Needed::Nothing, vec![]),
        // Nowhere to send a code.
        (locked(&[], &[]), vec![provider()], Needed::Nothing, vec![]),
        (locked(&[], &[Channel::Sms]), vec![provider()], Needed::Nothing, vec![]),
        // Without a password, and not locked.
        (Enrolled { is_locked: false, ..locked(&[], mail) }, vec![provider()], Needed::Nothing, vec![]),
    ] {
        let facts = Facts { active: true, verified: true, given: &given, enrolled: &enrolled, second: Second::default() };
        assert_eq!(what_is_still_needed(facts), needed, "{enrolled:?} {given:?}");
        assert_eq!(second_factors(&enrolled, &given), offered, "{enrolled:?} {given:?}");
        assert_eq!(is_second(Mail, &enrolled, &given), offered != [Mail], "it is no second factor: {enrolled:?} {given:?}");
    }
    assert!(is_second(Sms, &with(&[FactorKind::Sms]), &[Method::first(MethodKind::Password, NOW)]));
    assert!(!is_second(MethodKind::Password, &with(&[]), &[read()]), "a better first one");
}

#[test]
fn what_is_offered_as_second_factor() {
    use MethodKind::{Mail, Password, Provider, RecoveryCode, SecurityKey, Sms, Totp};
    let later = NOW + std::time::Duration::from_secs(1);
    let all = Enrolled {
        passkeys: 1,
        recovery_codes: 3,
        factors: vec![factor(FactorKind::Totp, Some(NOW)), factor(FactorKind::Sms, Some(later)), factor(FactorKind::Mail, None)],
        ..with(&[])
    };
    let only_mail = with(&[FactorKind::Mail]);
    let reachable = vec![Channel::Mail, Channel::Sms];
    let frozen = Enrolled { has_password: false, reachable, ..with(&[FactorKind::Sms]) };
    for (enrolled, given, expected) in [
        (&all, Password, vec![Sms, Totp, Mail, SecurityKey, RecoveryCode]),
        (&all, Mail, vec![Sms, Totp, SecurityKey, RecoveryCode]),
        (&only_mail, Password, vec![Mail]),
        (&only_mail, Mail, vec![Password]),
        (&all, Provider, vec![Sms, Totp, SecurityKey, RecoveryCode]),
        (&only_mail, Provider, vec![Password]),
        (&with(&[]), Provider, vec![Password]),
        (&Enrolled { has_password: false, ..with(&[]) }, Provider, vec![]),
        (&frozen, Sms, vec![Mail]),
        (&frozen, Mail, vec![Sms]),
        (&with(&[FactorKind::Totp, FactorKind::Totp]), Password, vec![Totp]),
        (&Enrolled { recovery_codes: 9, has_password: false, ..with(&[FactorKind::Mail]) }, Provider, vec![]),
        (&Enrolled { recovery_codes: 9, ..with(&[FactorKind::Mail]) }, Provider, vec![Password, RecoveryCode]),
    ] {
        assert_eq!(second_factors(enrolled, &[Method::first(given, NOW)]), expected, "{given:?}");
    }
}

/// Nobody is asked first for what they have just said they forgot.
#[test]
fn a_reset_asks_for_the_old_password_last() {
    use MethodKind::{Mail, Password, RecoveryCode, Sms, Totp};
    let only_mail = with(&[FactorKind::Mail]);
    let reachable = vec![Channel::Mail, Channel::Sms];
    for (enrolled, expected) in [
        (only_mail.clone(), vec![Password]),
        (Enrolled { recovery_codes: 3, ..only_mail.clone() }, vec![RecoveryCode, Password]),
        (Enrolled { reachable, recovery_codes: 3, ..only_mail }, vec![Sms, RecoveryCode, Password]),
        (with(&[FactorKind::Totp]), vec![Totp]),
    ] {
        assert_eq!(second_factors_of_reset(&enrolled, &[Method::first(Mail, NOW)]), expected, "{enrolled:?}");
    }
}

/// Whoever steps up gives the same second factor as at sign-in.
#[test]
fn a_second_factor_can_be_one_again() {
    use MethodKind::{Mail, Password, Totp};
    for (kind, factor) in [(Totp, FactorKind::Totp), (Mail, FactorKind::Mail)] {
        let given = [Method::first(Password, NOW), Method::second(kind, NOW)];
        assert_eq!(second_factors(&with(&[factor]), &given), [kind]);
    }
}
