//! Why sessions end, and what ends with them.

use super::flow::FlowKind;

/// What makes sessions end. The log names it with each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Their person, or an operator for them, signs out: here, elsewhere or everywhere.
    SignedOut,
    /// Somebody else signs in in the same browser.
    Replaced,
    PasswordChanged,
    PasswordReset,
    /// By an operator.
    PasswordSet,
    /// "This wasn't me".
    LockedDown,
    /// The account belonged to nobody until somebody proved its address.
    Claimed,
    /// A provider's identity was disconnected: what came in by it.
    IdentityRemoved,
    AccountDisabled,
    AccountDeleted,
}

/// What applications hold that goes beyond a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grants {
    /// What they hold for the time without anybody stays.
    OfSessions,
    /// What the operator's own applications took along without a question ends, too.
    Unasked,
    /// Everything, but what belongs to a session that stays.
    All,
}

/// Which of the person's open journeys end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flows {
    These(&'static [FlowKind]),
    All,
}

impl Cause {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::Replaced => "replaced",
            Self::PasswordChanged => "password_changed",
            Self::PasswordReset => "password_reset",
            Self::PasswordSet => "password_set",
            Self::LockedDown => "locked_down",
            Self::Claimed => "claimed",
            Self::IdentityRemoved => "identity_removed",
            Self::AccountDisabled => "account_disabled",
            Self::AccountDeleted => "account_deleted",
        }
    }

    pub const fn grants(self) -> Grants {
        match self {
            Self::SignedOut | Self::Replaced => Grants::OfSessions,
            Self::IdentityRemoved => Grants::Unasked,
            Self::PasswordChanged
            | Self::PasswordReset
            | Self::PasswordSet
            | Self::LockedDown
            | Self::Claimed
            | Self::AccountDisabled
            | Self::AccountDeleted => Grants::All,
        }
    }

    /// A code that is on its way, or what it proved, must not outlive what was decided here.
    pub const fn flows(self) -> Flows {
        use FlowKind::{Away, ChangeEmail, ChangePhone, Enrol, Invitation, Reset, SecondFactor, SignInCode, Verify};
        match self {
            Self::SignedOut | Self::Replaced => Flows::These(&[]),
            Self::IdentityRemoved => Flows::These(&[SecondFactor, Enrol, Verify]),
            Self::PasswordChanged => {
                Flows::These(&[Reset, Invitation, ChangeEmail, ChangePhone, SignInCode, SecondFactor, Enrol, Away])
            }
            Self::PasswordReset => {
                Flows::These(&[Reset, Invitation, ChangeEmail, ChangePhone, Verify, SignInCode, SecondFactor, Enrol, Away])
            }
            Self::PasswordSet | Self::LockedDown | Self::Claimed | Self::AccountDisabled | Self::AccountDeleted => Flows::All,
        }
    }

    /// Whether browsers that skip the second factor have to give it again.
    pub const fn forgets_browsers(self) -> bool {
        !matches!(self, Self::SignedOut | Self::Replaced | Self::IdentityRemoved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAUSES: [Cause; 10] = [
        Cause::SignedOut,
        Cause::Replaced,
        Cause::PasswordChanged,
        Cause::PasswordReset,
        Cause::PasswordSet,
        Cause::LockedDown,
        Cause::Claimed,
        Cause::IdentityRemoved,
        Cause::AccountDisabled,
        Cause::AccountDeleted,
    ];

    #[test]
    fn what_takes_the_proof_away_takes_everything_that_it_gave() {
        for cause in CAUSES {
            let all = cause.grants() == Grants::All;
            assert_eq!(all, cause.forgets_browsers(), "{cause:?}");
            let ends = |kind| match cause.flows() {
                Flows::All => true,
                Flows::These(kinds) => kinds.contains(&kind),
            };
            for kind in [FlowKind::Reset, FlowKind::Invitation, FlowKind::SignInCode, FlowKind::SecondFactor, FlowKind::Away] {
                assert!(!all || ends(kind), "{cause:?} leaves {kind:?}");
            }
            assert!(cause.as_str().len() > 3);
        }
    }
}
