//! How people prove who they are, and what that is worth.

use serde::{Deserialize, Serialize};

use super::address::Channel;
use crate::ids::IdentityId;
use crate::time::Timestamp;

/// How a person can prove who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MethodKind {
    Password,
    /// A link or code sent to a verified address.
    Mail,
    /// A code sent to a verified number.
    Sms,
    /// A passkey that has verified its holder.
    Passkey,
    /// A security key or passkey as second factor: it was touched, nobody was verified.
    SecurityKey,
    /// A code of an authenticator app (RFC 6238).
    Totp,
    RecoveryCode,
    /// A sign-in at another provider.
    Provider,
}

impl MethodKind {
    /// The values in `amr` (RFC 8176 section 2). Without attestation nobody knows whether a key is in hardware, so it is only said to be
    /// in software.
    pub const fn amr(self) -> &'static [&'static str] {
        match self {
            Self::Password => &["pwd"],
            Self::Mail | Self::Totp | Self::RecoveryCode => &["otp"],
            Self::Sms => &["sms"],
            Self::Passkey => &["swk", "user"],
            Self::SecurityKey => &["swk"],
            // No registered value says it; this one is widely used.
            Self::Provider => &["fed"],
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Mail => "mail",
            Self::Sms => "sms",
            Self::Passkey => "passkey",
            Self::SecurityKey => "security_key",
            Self::Totp => "totp",
            Self::RecoveryCode => "recovery_code",
            Self::Provider => "provider",
        }
    }

    /// What a code that was sent by this channel proves.
    pub const fn sent_by(channel: Channel) -> Self {
        match channel {
            Channel::Mail => Self::Mail,
            Channel::Sms => Self::Sms,
        }
    }

    /// What it is worth as the only proof.
    pub const fn strength(self) -> Strength {
        match self {
            // A provider signs people in again without asking them anything.
            Self::Mail | Self::Sms | Self::Provider => Strength::Reachable,
            Self::Password | Self::SecurityKey | Self::Totp | Self::RecoveryCode => Strength::OneFactor,
            Self::Passkey => Strength::TwoFactors,
        }
    }
}

/// How much a proof, or an account's best proof, is worth. Ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// Only that messages to the person arrive.
    Reachable,
    /// Something that only the person knows or has.
    OneFactor,
    TwoFactors,
}

/// One proof of identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Method {
    pub kind: MethodKind,
    pub at: Timestamp,
    /// It came on top of another proof, and was a second factor of the account.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub second: bool,
    /// The account's identity at the provider that said so. None also in proofs written down before it was kept: it may be any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<IdentityId>,
}

impl Method {
    /// The time of a proof of which nobody can say when it was given: a provider lets people through without asking them.
    pub const UNDATED: Timestamp = Timestamp::from_millis(0);

    pub const fn first(kind: MethodKind, at: Timestamp) -> Self {
        Self { kind, at, second: false, identity: None }
    }

    pub const fn second(kind: MethodKind, at: Timestamp) -> Self {
        Self { kind, at, second: true, identity: None }
    }

    /// The same, through this identity.
    #[must_use]
    pub fn by(self, identity: IdentityId) -> Self {
        Self { identity: Some(identity), ..self }
    }

    pub const fn strength(&self) -> Strength {
        if self.second { Strength::TwoFactors } else { self.kind.strength() }
    }
}

/// What the proofs since a time are worth, taken together, as a proof that it is still the same person; none: nothing was proved. **This is what a
/// fresh proof is**, whoever asks: a page before a change, `prompt=login` or `max_age`.
///
/// It takes a first factor, whatever the account signs in with, and where two are wanted a second one beside it, both since then. A second factor
/// alone is no proof: a code that was mailed or texted says that somebody reads the messages of whoever left this browser open, and no more. A passkey
/// that has verified its holder is both.
pub fn strength_since(methods: &[Method], since: Timestamp) -> Option<Strength> {
    let fresh = || methods.iter().filter(|method| method.at >= since);
    let first = fresh().filter(|method| !method.second).map(Method::strength).max()?;
    Some(if fresh().any(|method| method.second) { Strength::TwoFactors } else { first })
}

/// When the newest first factor was given.
pub fn proved_at(methods: &[Method]) -> Timestamp {
    methods.iter().filter(|method| !method.second).map(|method| method.at).max().unwrap_or(Method::UNDATED)
}

/// Whether that is enough of an account: both factors where it has a second one to give.
pub fn is_proved_since(methods: &[Method], since: Timestamp, has_second: bool) -> bool {
    let wanted = if has_second { Strength::TwoFactors } else { Strength::Reachable };
    strength_since(methods, since).is_some_and(|strength| strength >= wanted)
}

/// The `amr` claim: each value once, `mfa` where there were two factors (RFC 8176 section 2).
pub fn amr(methods: &[Method]) -> Vec<&'static str> {
    let mut values = Vec::new();
    let multiple = methods.iter().any(|method| method.strength() == Strength::TwoFactors).then_some("mfa");
    for value in methods.iter().flat_map(|method| method.kind.amr()).copied().chain(multiple) {
        if !values.contains(&value) {
            values.push(value);
        }
    }
    values
}

/// The levels of the `acr` claim (OpenID Connect Core section 2).
pub const ACR_ONE_FACTOR: &str = "urn:vestibule:acr:one-factor";
pub const ACR_TWO_FACTORS: &str = "urn:vestibule:acr:two-factor";

/// The `acr` claim.
pub fn acr(methods: &[Method]) -> &'static str {
    match methods.iter().map(Method::strength).max() {
        None => "0",
        Some(Strength::TwoFactors) => ACR_TWO_FACTORS,
        Some(Strength::Reachable | Strength::OneFactor) => ACR_ONE_FACTOR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

    #[test]
    fn what_proofs_are_worth() {
        use MethodKind::{Mail, Passkey, Password, SecurityKey, Sms, Totp};
        for (methods, strength, level, values) in [
            (vec![Method::first(Password, NOW)], Strength::OneFactor, ACR_ONE_FACTOR, vec!["pwd"]),
            (vec![Method::first(Mail, NOW)], Strength::Reachable, ACR_ONE_FACTOR, vec!["otp"]),
            (vec![Method::first(Sms, NOW)], Strength::Reachable, ACR_ONE_FACTOR, vec!["sms"]),
            (vec![Method::first(Passkey, NOW)], Strength::TwoFactors, ACR_TWO_FACTORS, vec!["swk", "user", "mfa"]),
            (
                vec![Method::first(Password, NOW), Method::second(Totp, NOW)],
                Strength::TwoFactors,
                ACR_TWO_FACTORS,
                vec!["pwd", "otp", "mfa"],
            ),
            (
                vec![Method::first(Mail, NOW), Method::second(SecurityKey, NOW)],
                Strength::TwoFactors,
                ACR_TWO_FACTORS,
                vec!["otp", "swk", "mfa"],
            ),
            // Two proofs one after the other are not two factors: a mailbox can set a new password.
            (
                vec![Method::first(Password, NOW), Method::first(Mail, NOW)],
                Strength::OneFactor,
                ACR_ONE_FACTOR,
                vec!["pwd", "otp"],
            ),
        ] {
            assert_eq!(strength_since(&methods, NOW), Some(strength), "{methods:?}");
            assert_eq!((acr(&methods), amr(&methods)), (level, values), "{methods:?}");
        }
        assert_eq!((acr(&[]), amr(&[])), ("0", vec![]));
    }

    #[test]
    fn proofs_survive_storage_also_those_of_before_identities_were_named() {
        let own = IdentityId::new(NOW, &crate::crypto::random::Random::seeded(1));
        let named = Method::second(MethodKind::Provider, NOW).by(own);
        for method in [named, Method::first(MethodKind::Password, NOW)] {
            let text = serde_json::to_string(&method).unwrap();
            assert_eq!(serde_json::from_str::<Method>(&text).unwrap(), method, "{text}");
        }
        let old: Method = serde_json::from_str(r#"{"kind":"provider","at":1000000000}"#).unwrap();
        assert_eq!(old, Method::first(MethodKind::Provider, NOW));
        assert_eq!(serde_json::to_string(&old).unwrap(), r#"{"kind":"provider","at":1000000000}"#);
    }

    /// The whole rule. Times are seconds before now; what is wanted is a proof of the last ten.
    #[test]
    fn what_a_fresh_proof_is() {
        use MethodKind::{Mail, Passkey, Password, Provider, RecoveryCode, SecurityKey, Sms, Totp};
        let ago = |seconds| NOW - std::time::Duration::from_secs(seconds);
        let first = |kind, seconds| Method::first(kind, ago(seconds));
        let second = |kind, seconds| Method::second(kind, ago(seconds));
        let since = ago(10);
        for (methods, strength) in [
            (vec![], None),
            (vec![first(Password, 10)], Some(Strength::OneFactor)),
            (vec![first(Password, 11)], None),
            (vec![first(Mail, 1)], Some(Strength::Reachable)),
            (vec![first(Provider, 1)], Some(Strength::Reachable)),
            (vec![Method::first(Provider, Method::UNDATED)], None),
            (vec![first(Passkey, 1)], Some(Strength::TwoFactors)),
            (vec![first(Passkey, 11)], None),
            // Both, since then.
            (vec![first(Password, 5), second(Totp, 1)], Some(Strength::TwoFactors)),
            (vec![first(Mail, 5), second(SecurityKey, 1)], Some(Strength::TwoFactors)),
            // The first one is old: the second alone proves nothing, whatever it is.
            (vec![first(Password, 11), second(Totp, 1)], None),
            (vec![first(Password, 11), second(Mail, 1)], None),
            (vec![first(Password, 11), second(Sms, 1)], None),
            (vec![first(Password, 11), second(SecurityKey, 1)], None),
            (vec![first(Password, 11), second(RecoveryCode, 1)], None),
            (vec![first(Passkey, 11), second(Totp, 1)], None),
            (vec![second(Totp, 1)], None),
            // The second one is old, or was not given in a browser that is trusted: the first is worth what it is.
            (vec![first(Password, 1), second(Totp, 11)], Some(Strength::OneFactor)),
            (vec![first(Mail, 1), second(Totp, 11)], Some(Strength::Reachable)),
            // Two first factors are not two factors: a mailbox can set a new password.
            (vec![first(Mail, 1), first(Password, 1)], Some(Strength::OneFactor)),
        ] {
            assert_eq!(strength_since(&methods, since), strength, "{methods:?}");
            assert_eq!(is_proved_since(&methods, since, false), strength.is_some(), "{methods:?}");
            assert_eq!(is_proved_since(&methods, since, true), strength == Some(Strength::TwoFactors), "{methods:?}");
        }
    }
}
