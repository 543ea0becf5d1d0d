//! RFC 6238, TOTP: Time-Based One-Time Password Algorithm.

use vestibule::engine::totp::{STEP_SECONDS, matching_step};
use vestibule::time::Timestamp;

/// The secret of appendix B for SHA-1.
const SECRET: &[u8] = b"12345678901234567890";

#[test]
fn appendix_b_vectors() {
    // Ours have six digits: the last six of the eight that the table has.
    for (seconds, code) in [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ] {
        let six = code.split_at(2).1;
        assert_eq!(matching_step(SECRET, six, Timestamp::from_seconds(seconds)), Some(seconds / STEP_SECONDS), "{seconds}");
        assert_eq!(matching_step(SECRET, code, Timestamp::from_seconds(seconds)), None, "eight digits are not ours");
    }
}

#[test]
fn s4_2_the_step_is_thirty_seconds_from_the_epoch() {
    assert_eq!(STEP_SECONDS, 30);
    let url = vestibule::engine::totp::otpauth_url(&[7; 20], "Atrium", "ana");
    assert!(
        !url.contains("period=") && !url.contains("algorithm=") && !url.contains("digits="),
        "the defaults of every app: {url}"
    );
}

#[test]
fn s5_2_one_step_on_either_side_and_no_more() {
    // Step 37037036: 1,111,111,080 to 1,111,111,109.
    let at = |seconds| matching_step(SECRET, "081804", Timestamp::from_seconds(seconds));
    assert_eq!(at(1_111_111_080), Some(37_037_036));
    assert_eq!((at(1_111_111_050), at(1_111_111_049)), (Some(37_037_036), None), "a clock that is slow");
    assert_eq!((at(1_111_111_139), at(1_111_111_140)), (Some(37_037_036), None), "a clock that is fast");
}
