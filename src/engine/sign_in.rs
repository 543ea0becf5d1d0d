//! "What is still needed?": the one question that every way in asks.

/// What is known of somebody who signs in.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// The identifier names an account, or a sign-up that waits for its address to be proved.
    pub holder: Holder,
    pub proof: Proof,
    /// The setting `signup.verify_email`.
    pub verification_required: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    Nobody,
    /// A sign-up whose address is not proved yet.
    Pending,
    Account {
        active: bool,
        email_verified: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Nothing yet.
    None,
    PasswordRight,
    PasswordWrong,
}

/// The next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needed {
    /// Who they are, and a password. `wrong` after a try that failed; it never says which half.
    Credentials {
        wrong: bool,
    },
    /// The address must be proved first. Said only after a correct password.
    VerifiedEmail,
    /// The account is shut. Said only after a correct password.
    ActiveAccount,
    Nothing,
}

/// Adding a way in is adding a check here and a page for its step.
pub fn what_is_still_needed(facts: Facts) -> Needed {
    match (facts.proof, facts.holder) {
        (Proof::None, _) => Needed::Credentials { wrong: false },
        (Proof::PasswordWrong, _) | (_, Holder::Nobody) => Needed::Credentials { wrong: true },
        (Proof::PasswordRight, Holder::Account { active: false, .. }) => Needed::ActiveAccount,
        (Proof::PasswordRight, Holder::Pending) => Needed::VerifiedEmail,
        (Proof::PasswordRight, Holder::Account { email_verified: false, .. }) if facts.verification_required => {
            Needed::VerifiedEmail
        }
        (Proof::PasswordRight, Holder::Account { .. }) => Needed::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_said_before_a_correct_password() {
        let holders = [
            Holder::Nobody,
            Holder::Pending,
            Holder::Account { active: false, email_verified: false },
            Holder::Account { active: true, email_verified: true },
        ];
        for holder in holders {
            let facts = Facts { holder, proof: Proof::PasswordWrong, verification_required: true };
            assert_eq!(what_is_still_needed(facts), Needed::Credentials { wrong: true });
        }
    }

    #[test]
    fn after_a_correct_password() {
        let needed = |active, email_verified, verification_required| {
            let holder = Holder::Account { active, email_verified };
            what_is_still_needed(Facts { holder, proof: Proof::PasswordRight, verification_required })
        };
        assert_eq!(needed(true, true, true), Needed::Nothing);
        assert_eq!(needed(true, false, true), Needed::VerifiedEmail);
        assert_eq!(needed(true, false, false), Needed::Nothing);
        assert_eq!(needed(false, true, true), Needed::ActiveAccount);
        let pending = Facts { holder: Holder::Pending, proof: Proof::PasswordRight, verification_required: true };
        assert_eq!(what_is_still_needed(pending), Needed::VerifiedEmail);
        let impossible = Facts { holder: Holder::Nobody, proof: Proof::PasswordRight, verification_required: false };
        assert_eq!(what_is_still_needed(impossible), Needed::Credentials { wrong: true });
    }
}
