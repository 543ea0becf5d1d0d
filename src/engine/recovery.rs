//! Recovery codes: for the day on which the phone is gone. Ten, of 80 random bits each, that work once.

use crate::crypto::random::Random;

/// How many are given out at once.
pub const COUNT: usize = 10;
const LENGTH: usize = 16;
const GROUP: usize = 4;

/// Crockford's base32: no letter that is taken for another.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// New codes as they are shown: `x4k2-9mfp-7qwt-30hb`.
pub fn new_codes(random: &Random) -> Vec<String> {
    (0..COUNT).map(|_| grouped(&random.bytes::<LENGTH>())).collect()
}

fn grouped(bytes: &[u8; LENGTH]) -> String {
    let mut text = String::with_capacity(LENGTH + LENGTH / GROUP);
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 && index % GROUP == 0 {
            text.push('-');
        }
        // 256 is a multiple of 32, so each letter is equally likely.
        text.extend(ALPHABET.get(usize::from(byte & 31)).map(|&letter| char::from(letter)));
    }
    text
}

/// The one spelling of what was typed: case, spaces and dashes do not count, O is 0, and I and L are 1. None if it cannot be a code.
pub fn typed(text: &str) -> Option<String> {
    if text.len() > 200 {
        return None;
    }
    let meant = super::text::meant(text);
    let letters = meant.chars().filter(|c| c.is_alphanumeric()).map(|c| match c.to_ascii_lowercase() {
        'o' => '0',
        'i' | 'l' => '1',
        other => other,
    });
    let code: String = letters.collect();
    let known = |byte: u8| ALPHABET.contains(&byte);
    (code.len() == LENGTH && code.bytes().all(known)).then_some(code)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_differ_and_are_read_back() {
        let codes = new_codes(&Random::seeded(3));
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), COUNT);
        for code in codes {
            assert_eq!(code.len(), 19);
            assert_eq!(typed(&code).unwrap(), code.replace('-', ""));
            assert_eq!(typed(&code.to_uppercase()), typed(&code));
        }
    }

    #[test]
    fn what_people_make_of_them_is_understood() {
        let code = Some("01a2b3c4d5e6f7g8".to_owned());
        for text in [
            "01a2-b3c4-d5e6-f7g8",
            "OLA2 B3C4 D5E6 F7G8",
            " oia2b3c4–d5e6f7g8\n",
            "0.1.a2b3c4d5e6f7g8",
            "\u{feff}０１ａ２-b3c4-d5e6-f7g8\u{200b}",
        ] {
            assert_eq!(typed(text), code, "{text}");
        }
        for text in [
            "",
            "01a2-b3c4-d5e6-f7g",
            "01a2-b3c4-d5e6-f7g88",
            "u1a2-b3c4-d5e6-f7g8",
            "é1a2b3c4d5e6f7g8",
            "123456",
            &"0".repeat(300),
        ] {
            assert_eq!(typed(text), None, "{text}");
        }
    }
}
