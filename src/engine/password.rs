//! Which passwords are allowed: long enough, not among the most common, not the person's own name. No composition rules
//! (NIST SP 800-63B-4 section 3.1.1.2).

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// The most common passwords (Mark Burnett's and Royce Williams' lists as shipped by Django, BSD licence), sorted.
static COMMON: LazyLock<Vec<&'static str>> = LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// The longest accepted, in characters: beyond it hashing time becomes a weapon.
pub const LONGEST: usize = 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    TooShort {
        least: usize,
    },
    TooLong,
    /// It stands in the list that every attacker tries first.
    Common,
    /// It is the person's address or name, or the site's.
    Personal,
}

/// Judges a new password. `personal` are texts the password must not be: address, its local part, names, the site's name.
pub fn judge(password: &str, least: usize, personal: &[&str]) -> Result<(), Weakness> {
    if password.chars().count() > 4 * LONGEST {
        return Err(Weakness::TooLong);
    }
    // The form that is hashed, so that no length depends on the keyboard.
    let password = Zeroizing::new(password.nfc().collect::<String>());
    let length = password.chars().count();
    if length < least {
        return Err(Weakness::TooShort { least });
    }
    if length > LONGEST {
        return Err(Weakness::TooLong);
    }
    let lower = password.to_lowercase();
    if COMMON.binary_search(&lower.as_str()).is_ok() || is_one_character(&lower) {
        return Err(Weakness::Common);
    }
    let is_personal = |text: &&str| {
        let text = text.nfc().collect::<String>().to_lowercase();
        let local = text.split('@').next().unwrap_or_default();
        text.chars().count() >= 4 && (lower == text || lower == local || is_padded(&lower, local))
    };
    if personal.iter().any(is_personal) { Err(Weakness::Personal) } else { Ok(()) }
}

fn is_one_character(text: &str) -> bool {
    text.chars().all(|c| text.starts_with(c))
}

/// A name with only digits and signs around it.
fn is_padded(password: &str, name: &str) -> bool {
    name.chars().count() >= 4
        && password.split_once(name).is_some_and(|(before, after)| !before.chars().chain(after.chars()).any(char::is_alphabetic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted() {
        assert!(COMMON.is_sorted() && COMMON.len() > 10_000);
    }

    #[test]
    fn a_password_is_judged_in_the_form_that_is_hashed() {
        assert_eq!(judge(&"u\u{308}".repeat(7), 8, &[]), Err(Weakness::TooShort { least: 8 }));
        assert_eq!(judge("Jose\u{301} Garci\u{301}a", 8, &["Jos\u{e9} Garc\u{ed}a"]), Err(Weakness::Personal));
    }

    #[test]
    fn weak_passwords_are_named() {
        let personal = ["ana.kovac@example.com", "Ana Kovač", "Vestibule"];
        for (password, verdict) in [
            ("short", Err(Weakness::TooShort { least: 8 })),
            ("password1", Err(Weakness::Common)),
            ("PASSWORD1", Err(Weakness::Common)),
            ("aaaaaaaaaaaa", Err(Weakness::Common)),
            ("ana.kovac@example.com", Err(Weakness::Personal)),
            ("ana.kovac1!", Err(Weakness::Personal)),
            ("vestibule2026", Err(Weakness::Personal)),
            ("correct horse", Ok(())),
            ("пароль от двери", Ok(())),
            ("        x", Ok(())),
        ] {
            assert_eq!(judge(password, 8, &personal), verdict, "{password}");
        }
        assert_eq!(judge(&"ab".repeat(513), 8, &[]), Err(Weakness::TooLong));
        assert_eq!(judge(&"ab".repeat(512), 8, &[]), Ok(()));
    }
}
