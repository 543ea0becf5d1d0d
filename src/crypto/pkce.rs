//! Proof Key for Code Exchange (RFC 7636), method S256, the only one spoken here.

use data_encoding::BASE64URL_NOPAD;

use super::token::{constant_time_eq, hash};

/// Whether `verifier` proves `challenge`: the challenge is the unpadded base64url of the verifier's SHA-256
/// (RFC 7636 section 4.6). False for a malformed verifier (section 4.1) or challenge.
pub fn verify_s256(verifier: &str, challenge: &str) -> bool {
    let right = BASE64URL_NOPAD.encode(&hash(verifier));
    is_verifier(verifier) && constant_time_eq(right.as_bytes(), challenge.as_bytes())
}

/// Whether a text has the form of an S256 challenge: 32 bytes in unpadded base64url (RFC 7636 section 4.2).
pub fn is_challenge(challenge: &str) -> bool {
    BASE64URL_NOPAD.decode(challenge.as_bytes()).is_ok_and(|bytes| bytes.len() == 32)
}

/// 43 to 128 unreserved characters (RFC 7636 section 4.1).
fn is_verifier(verifier: &str) -> bool {
    (43..=128).contains(&verifier.len())
        && verifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_rfc_s_example() {
        assert!(verify_s256(VERIFIER, CHALLENGE));
        assert!(is_challenge(CHALLENGE));
    }

    #[test]
    fn plain_and_padded_forms_are_refused() {
        assert!(!verify_s256(VERIFIER, VERIFIER));
        assert!(!verify_s256(VERIFIER, &format!("{CHALLENGE}=")));
        assert!(!is_challenge(&format!("{CHALLENGE}=")));
        assert!(!is_challenge(""));
    }

    #[test]
    fn the_verifier_s_form_counts() {
        for verifier in [String::new(), "a".repeat(42), "a".repeat(129), "a b".repeat(20), "é".repeat(30)] {
            assert!(!verify_s256(&verifier, &BASE64URL_NOPAD.encode(&hash(&verifier))), "{verifier}");
        }
        for verifier in ["a".repeat(43), "~".repeat(128)] {
            assert!(verify_s256(&verifier, &BASE64URL_NOPAD.encode(&hash(&verifier))), "{verifier}");
        }
    }

    proptest! {
        #[test]
        fn only_the_right_verifier_proves(verifier in "[A-Za-z0-9._~-]{43,128}") {
            prop_assert!(verify_s256(&verifier, &BASE64URL_NOPAD.encode(&hash(&verifier))));
            prop_assert!(!verify_s256(&verifier, CHALLENGE));
        }
    }
}
