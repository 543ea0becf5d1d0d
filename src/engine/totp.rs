//! Codes of authenticator apps (RFC 6238): SHA-1, six digits, thirty seconds, one step of skew. Apps know nothing else for certain: some
//! take other parameters and silently go on with these.

use std::fmt::Write as _;

use fast_qr::{ECL, QRBuilder};
use totp_rs::{Builder, Secret, Totp};
use zeroize::Zeroizing;

use super::codes;
use crate::crypto::random::Random;
use crate::time::Timestamp;

/// 160 bits, as RFC 4226 section 4 recommends.
pub const SECRET_BYTES: usize = 20;
pub const DIGITS: usize = 6;
/// A code holds for its step and one on either side (RFC 6238 section 5.2).
pub const STEP_SECONDS: i64 = 30;

/// What a device shares with us.
pub type Seed = Zeroizing<[u8; SECRET_BYTES]>;

pub fn new_secret(random: &Random) -> Seed {
    Zeroizing::new(random.bytes())
}

/// The time step whose code was typed, if it is one of those that count now. The caller keeps it, and refuses it and all before it from then
/// on. Understands what people paste, such as "123 456".
pub fn matching_step(secret: &[u8], text: &str, now: Timestamp) -> Option<i64> {
    let code = codes::typed(text, DIGITS)?;
    let totp = Builder::new().with_secret(Secret::from(secret.to_vec())).build().ok()?;
    let step = totp.check(&code, u64::try_from(now.seconds()).ok()?)?;
    i64::try_from(step).ok()
}

/// A name as labels can hold it: a colon would end it (Key URI Format), and a long one would make the QR code too fine to read.
fn label(text: &str, longest: usize) -> String {
    let plain: String = text.chars().map(|c| if c == ':' || c.is_control() { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(longest).collect()
}

/// The address that hands a secret over to an app (<https://github.com/google/google-authenticator/wiki/Key-Uri-Format>). `issuer` is the
/// name of this installation, `account` that of the person here.
pub fn otpauth_url(secret: &[u8; SECRET_BYTES], issuer: &str, account: &str) -> String {
    let (issuer, account) = (label(issuer, 40), label(account, 80));
    let account = if account.is_empty() { "account".to_owned() } else { account };
    let issuer = Some(issuer).filter(|issuer| !issuer.is_empty());
    let built = Builder::new().with_secret(Secret::from(*secret)).with_issuer(issuer).with_account_name(account).build();
    // Neither can fail: the secret is long enough, and the names have no colon.
    built.and_then(|totp: Totp| totp.to_url()).unwrap_or_default()
}

/// The secret as people copy it by hand: base32 in groups of four. Apps ignore the spaces.
pub fn grouped(secret: &[u8; SECRET_BYTES]) -> String {
    let text = data_encoding::BASE32_NOPAD.encode(secret);
    let mut grouped = String::with_capacity(text.len() * 5 / 4);
    for (index, letter) in text.chars().enumerate() {
        if index > 0 && index % 4 == 0 {
            grouped.push(' ');
        }
        grouped.push(letter);
    }
    grouped
}

/// The light border that scanners need, in modules (ISO/IEC 18004).
const QUIET_ZONE: usize = 4;

/// A QR code as SVG without style or script, black on white in any colour scheme: scanners do not read it inverted. None if the text is too
/// long for any QR code.
pub fn qr_svg(text: &str) -> Option<String> {
    let code = QRBuilder::new(text).ecl(ECL::M).build().ok()?;
    let side = code.size + 2 * QUIET_ZONE;
    let mut path = String::new();
    for (y, row) in code.data.chunks(code.size).take(code.size).enumerate() {
        let mut x = 0;
        // Neighbours in a row are one rectangle: a third of the size, and no seams between them.
        for run in row.chunk_by(|one, next| one.value() == next.value()) {
            let width = run.len();
            if run.first().is_some_and(|module| module.value()) {
                // Writing into a String cannot fail.
                let _ = write!(path, "M{} {}h{width}v1h-{width}z", x + QUIET_ZONE, y + QUIET_ZONE);
            }
            x += width;
        }
    }
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" width=\"{w}\" height=\"{w}\" shape-rendering=\"crispEdges\" \
         aria-hidden=\"true\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}h-{side}z\"/><path fill=\"#000\" d=\"{path}\"/></svg>",
        w = side * 4,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8; 20] = b"12345678901234567890";

    #[test]
    fn a_code_counts_for_its_step_and_one_on_either_side() {
        // RFC 6238 appendix B, time 59: step 1, 94287082 in eight digits.
        let at = |seconds| matching_step(SECRET, "287082", Timestamp::from_seconds(seconds));
        let table =
            [(0, Some(1)), (29, Some(1)), (30, Some(1)), (59, Some(1)), (60, Some(1)), (89, Some(1)), (90, None), (120, None)];
        for (seconds, step) in table {
            assert_eq!(at(seconds), step, "{seconds}");
        }
        assert_eq!(at(-1), None);
    }

    #[test]
    fn codes_are_understood_as_people_paste_them() {
        let now = Timestamp::from_seconds(59);
        for text in ["287082", "287 082", " 287082\n", "287-082", "Code: 287082"] {
            assert_eq!(matching_step(SECRET, text, now), Some(1), "{text}");
        }
        for text in ["", "28708", "2870822", "094287082", "abcdef", "287083"] {
            assert_eq!(matching_step(SECRET, text, now), None, "{text}");
        }
    }

    #[test]
    fn urls_carry_what_apps_read() {
        let url = otpauth_url(SECRET, "Atrium: the house", "ana@example.com");
        assert_eq!(
            url,
            "otpauth://totp/Atrium%20the%20house:ana%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Atrium%20the%20house"
        );
        assert!(otpauth_url(SECRET, " : ", ":").starts_with("otpauth://totp/account?secret="));
    }

    #[test]
    fn the_longest_names_still_fit_a_qr_code() {
        let url = otpauth_url(SECRET, &"🏛".repeat(80), &"ö".repeat(254));
        assert!(qr_svg(&url).is_some(), "{}", url.len());
        assert_eq!(qr_svg(&"x".repeat(4000)), None);
    }

    #[test]
    fn qr_codes_have_a_light_border_and_nothing_that_runs() {
        let svg = qr_svg("otpauth://totp/a?secret=b").unwrap();
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"));
        assert!(!svg.contains("style") && !svg.contains("script") && svg.contains("#fff"));
        // The finder pattern's upper edge stands right after the quiet zone.
        assert!(svg.contains("d=\"M4 4h7v1h-7z"), "{svg}");
    }

    #[test]
    fn secrets_are_grouped() {
        assert_eq!(grouped(SECRET), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        let random = Random::seeded(1);
        assert_ne!(*new_secret(&random), *new_secret(&random));
    }
}
