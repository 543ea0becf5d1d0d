//! What people type and paste: signs that nobody sees, digits of every script, and names that would not show as they are.

use unicode_normalization::UnicodeNormalization as _;

/// Signs that come along with copied text and carry nothing in an identifier: zero-width spaces and joiners, soft hyphens, byte-order marks, and the
/// marks and controls of writing direction that address books put around numbers (Unicode's `Default_Ignorable_Code_Point`, the part that is pasted).
pub const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
        || is_direction(c)
}

/// Controls that turn the direction of what follows (UAX #9): in a name they turn the text around it, too, up to "gpj.exe".
const fn is_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Letters and signs that are drawn as nothing, beside the invisible ones: fillers, an empty Braille cell, selectors of variants, tags.
const fn is_blank(c: char) -> bool {
    matches!(
        c,
        '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{2065}' | '\u{206a}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    ) || is_invisible(c)
}

/// Without white space and pasted invisible signs around it.
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c))
}

/// An identifier as it was meant: full-width and other compatible forms in their usual spelling (NFKC), decimal digits of any script as ASCII, and no
/// invisible signs. Joiners inside stay: domains of Indic scripts and Persian are spelled with them (RFC 5892 appendix A).
///
/// Only for what people type, never for what a provider vouches for: there another spelling may be another person.
pub fn meant(text: &str) -> String {
    let kept = |c: &char| !is_invisible(*c) || matches!(c, '\u{200c}' | '\u{200d}');
    trimmed(text).nfkc().filter(kept).map(|c| digit(c).unwrap_or(c)).collect()
}

/// Where the decimal digits of Unicode's scripts begin (general category Nd, ten in a row each); ASCII and the mathematical ones apart.
const ZEROS: [u32; 60] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20, 0x1040,
    0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0,
    0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650,
    0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0, 0x16b50, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];

/// The ASCII digit that a decimal digit of any script means.
pub fn digit(c: char) -> Option<char> {
    if c.is_ascii_digit() {
        return Some(c);
    }
    let code = u32::from(c);
    let value = match code {
        0x1_d7ce..=0x1_d7ff => (code - 0x1_d7ce) % 10,
        _ => ZEROS.iter().map(|zero| code.wrapping_sub(*zero)).find(|value| *value < 10)?,
    };
    char::from_digit(value, 10)
}

/// Why a text cannot stand as a name on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unshowable {
    /// Control characters, line separators, or controls of writing direction.
    Controls,
    /// There is something, and nobody sees it.
    Blank,
}

/// Whether a name of one line shows as what it is. An empty one does.
pub fn showable(text: &str) -> Result<(), Unshowable> {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') || is_direction(c);
    match () {
        () if text.chars().any(breaks) => Err(Unshowable::Controls),
        () if !text.is_empty() && text.chars().all(|c| c.is_whitespace() || is_blank(c)) => Err(Unshowable::Blank),
        () => Ok(()),
    }
}

/// As [`showable`], for a text of several lines.
pub fn showable_lines(text: &str) -> Result<(), Unshowable> {
    if text.trim().is_empty() {
        return Ok(());
    }
    showable(&text.replace(['\n', '\r'], " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_every_script_are_read() {
        for (text, meant) in
            [("０１２３４５６７８９", "0123456789"), ("٠١٢٣٤٥٦٧٨٩", "0123456789"), ("०९", "09"), ("𝟎𝟗𝟘𝟡𝟶𝟿", "090909")]
        {
            assert_eq!(text.chars().filter_map(digit).collect::<String>(), meant);
        }
        assert!("aé²½Ⅷ一٬".chars().find_map(digit).is_none());
        assert!(ZEROS.is_sorted());
        for zero in ZEROS {
            let digits: Vec<_> = (zero..zero + 10).filter_map(char::from_u32).collect();
            assert!(digits.len() == 10 && digits.iter().all(|c| c.is_numeric()), "{zero:x}");
        }
    }

    #[test]
    fn what_is_pasted_around_an_identifier_is_not_part_of_it() {
        for text in [
            "\u{feff}ana@example.com",
            "ana@example.com\u{200b} ",
            "\u{202a}ana@example.com\u{202c}",
            "ana\u{ad}@example.com",
            "ａｎａ＠ｅｘａｍｐｌｅ．ｃｏｍ",
        ] {
            assert_eq!(meant(text), "ana@example.com", "{text:?}");
        }
        assert_eq!(meant("x@نامه\u{200c}ای.example"), "x@نامه\u{200c}ای.example");
        assert_eq!(trimmed(" \u{2066}👍\u{fe0f}\u{2069} "), "👍\u{fe0f}");
    }

    #[test]
    fn names_show_as_what_they_are() {
        for name in ["", "Ana Kovač", "محمد", "נועה\u{200f}", "👩\u{200d}🚀", "กมล"] {
            assert_eq!(showable(name), Ok(()), "{name:?}");
        }
        for name in ["ana\u{202e}nimda", "a\u{2066}b", "a\nb", "a\u{2028}b"] {
            assert_eq!(showable(name), Err(Unshowable::Controls), "{name:?}");
        }
        for name in ["\u{200b}", "\u{3164}", "\u{2800} \u{2800}", "\u{fe0f}", "\u{e0041}"] {
            assert_eq!(showable(name), Err(Unshowable::Blank), "{name:?}");
        }
        assert_eq!(showable_lines("one\r\ntwo"), Ok(()));
        assert_eq!(showable_lines("one\n\u{202e}two"), Err(Unshowable::Controls));
    }
}
