//! Whose account is it, for somebody who proves one of its addresses or numbers? The one rule of resets and of contacts that nobody proved.
//!
//! An address that was never proved here is a claim of whoever made the account, or of an operator who may have mistyped it. Its reader
//! gets nothing of an account that somebody else has shown to be theirs (Sudhodanan and Paverd, "Pre-hijacked accounts", 2022).

/// What an account has that shows whose it is, seen from one of its contacts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// This contact was proved.
    pub proved: bool,
    /// The other one was.
    pub other_proved: bool,
    /// There is a second factor, a passkey, a security key or a provider's identity. A password is none of these: where nothing is proved,
    /// anybody may have chosen it.
    pub credential: bool,
}

/// Who the account belongs to, as far as a reader of the contact is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// To whoever reads the contact. A reset sets the password, and second factors are asked for as ever.
    Reader,
    /// To nobody yet. A reset gives it to whoever proves the contact, and nothing stays that lets anybody else in.
    Nobody,
    /// To somebody else. No reset begins here; the account gives the contact up to whoever proves it, and keeps everything else.
    SomebodyElse,
}

/// The rule.
pub const fn ownership(facts: Facts) -> Ownership {
    match facts {
        Facts { proved: true, .. } => Ownership::Reader,
        Facts { other_proved: true, .. } | Facts { credential: true, .. } => Ownership::SomebodyElse,
        Facts { .. } => Ownership::Nobody,
    }
}

#[cfg(test)]
mod tests {
    use super::Ownership::{Nobody, Reader, SomebodyElse};
    use super::*;

    /// The rule as a table: every shape of an account.
    #[test]
    fn every_shape_follows_the_table() {
        for (proved, other_proved, credential, expected) in [
            (true, true, true, Reader),
            (true, true, false, Reader),
            (true, false, true, Reader),
            (true, false, false, Reader),
            (false, true, true, SomebodyElse),
            (false, true, false, SomebodyElse),
            (false, false, true, SomebodyElse),
            (false, false, false, Nobody),
        ] {
            let facts = Facts { proved, other_proved, credential };
            assert_eq!(ownership(facts), expected, "{facts:?}");
        }
    }
}
