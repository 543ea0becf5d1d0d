//! PHC strings: <https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md>.

use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};
use data_encoding::BASE64_NOPAD;

/// Bytes of the hashes we make.
pub(super) const OUTPUT: usize = 32;
/// Bytes of the salts we make (RFC 9106 section 3.1).
pub(super) const SALT: usize = 16;

const MAX_MEMORY_KIB: u32 = 256 * 1024;
const MAX_ITERATIONS: u32 = 10;
const MAX_PARALLELISM: u32 = 16;

/// A stored hash, taken apart.
pub(super) struct Stored {
    pub(super) params: Params,
    pub(super) salt: Vec<u8>,
    pub(super) hash: Vec<u8>,
}

/// Parameters, if within what we are ready to compute.
pub(super) fn params(memory_kib: u32, iterations: u32, parallelism: u32, output: usize) -> Option<Params> {
    let bounded = memory_kib <= MAX_MEMORY_KIB && iterations <= MAX_ITERATIONS && (1..=MAX_PARALLELISM).contains(&parallelism);
    // Argon2 itself refuses zero iterations and less than 8 KiB a lane.
    bounded.then(|| Params::new(memory_kib, iterations, parallelism, Some(output)).ok()).flatten()
}

/// The algorithm of every hash here.
pub(super) fn argon2id(params: Params) -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Reads a stored hash. `None` if it is none, or asks for more than we are ready to compute: verifying obeys the string,
/// so one string must not be able to stop the server.
pub(super) fn parse(text: &str) -> Option<Stored> {
    let parsed = PasswordHash::new(text).ok()?;
    let argon2id = parsed.algorithm.as_str() == "argon2id" && parsed.version == Some(Version::V0x13.into());
    let asked = Params::try_from(&parsed).ok().filter(|_| argon2id)?;
    let (salt, hash) = (parsed.salt?, parsed.hash?);
    // Hashes with a pepper's key id or with associated data are not ours, and cannot be computed without both.
    let plain = asked.keyid().is_empty() && asked.data().is_empty();
    // RFC 9106 section 3.1 recommends 16 bytes of either; shorter than this is no protection.
    let long_enough = salt.len() >= 8 && hash.len() >= 16;
    let params = params(asked.m_cost(), asked.t_cost(), asked.p_cost(), hash.len()).filter(|_| plain && long_enough)?;
    Some(Stored { params, salt: salt.to_vec(), hash: hash.as_bytes().to_vec() })
}

/// Whether a text is a hash that a password can be verified against: argon2id, version 19, at most 256 MiB, 10 iterations
/// and 16 lanes. For hashes that an operator brings along.
pub fn is_usable(stored: &str) -> bool {
    parse(stored).is_some()
}

/// The PHC string.
pub(super) fn format(params: &Params, salt: &[u8], hash: &[u8]) -> String {
    format!(
        "$argon2id$v=19$m={},t={},p={}${}${}",
        params.m_cost(),
        params.t_cost(),
        params.p_cost(),
        BASE64_NOPAD.encode(salt),
        BASE64_NOPAD.encode(hash)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TAIL: &str = "AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    #[test]
    fn stored_hashes_are_bounded() {
        assert!(is_usable(&format!("$argon2id$v=19$m=19456,t=2,p=1${TAIL}")));
        for head in [
            "$argon2id$v=19$m=262145,t=2,p=1$",
            "$argon2id$v=19$m=4294967295,t=2,p=1$",
            "$argon2id$v=19$m=19456,t=11,p=1$",
            "$argon2id$v=19$m=19456,t=0,p=1$",
            "$argon2id$v=19$m=19456,t=2,p=17$",
            "$argon2id$v=19$m=19456,t=2,p=0$",
            "$argon2id$v=19$m=7,t=2,p=1$",
            "$argon2id$v=16$m=19456,t=2,p=1$",
            "$argon2id$m=19456,t=2,p=1$",
            "$argon2i$v=19$m=19456,t=2,p=1$",
            "$argon2id$v=19$m=19456,t=2,p=1,keyid=AAAA$",
            "$argon2id$v=19$m=19456,t=2,p=1,data=AAAA$",
            "$2b$10$",
        ] {
            assert!(!is_usable(&format!("{head}{TAIL}")), "{head}");
        }
        assert!(!is_usable("$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA"));
        assert!(!is_usable("$argon2id$v=19$m=19456,t=2,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in ".{0,120}", end in ".{0,60}") {
            let _ = is_usable(&text);
            let _ = is_usable(&format!("$argon2id$v=19$m=64,t=1,p=1${end}"));
        }
    }
}
