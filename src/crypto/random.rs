//! Randomness, handed to everything that asks for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest;

use super::unusable;

/// A source of random bytes; clones share it.
#[derive(Clone, Debug)]
pub struct Random(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    /// SHA-256 over seed and block number: reproducible, for tests.
    Seeded {
        seed: u64,
        blocks: Arc<AtomicU64>,
    },
}

impl Random {
    /// The generator of the cryptographic library, seeded by the operating system.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A reproducible stream, for tests and sample data only: whoever knows the seed knows every secret drawn from it.
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded { seed, blocks: Arc::new(AtomicU64::new(0)) })
    }

    /// Fills the buffer with random bytes.
    ///
    /// Does not fail: on a system without entropy the process ends, see `unusable` in this room's `mod.rs`.
    pub fn fill(&self, buffer: &mut [u8]) {
        match &self.0 {
            Source::System => fill_from_system(buffer),
            Source::Seeded { seed, blocks } => {
                for chunk in buffer.chunks_mut(digest::SHA256_OUTPUT_LEN) {
                    let mut context = digest::Context::new(&digest::SHA256);
                    context.update(&seed.to_be_bytes());
                    context.update(&blocks.fetch_add(1, Ordering::Relaxed).to_be_bytes());
                    for (to, from) in chunk.iter_mut().zip(context.finish().as_ref()) {
                        *to = *from;
                    }
                }
            }
        }
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A code to be typed by a person: so many decimal digits, each code equally likely.
    pub fn code(&self, digits: usize) -> String {
        self.text(b"0123456789", digits)
    }

    /// A text of so many characters, each drawn with equal chance from an ASCII alphabet of 1 to 256 characters.
    pub(super) fn text(&self, alphabet: &[u8], length: usize) -> String {
        // Bytes from the last, incomplete run of the alphabet would favour its beginning: they are drawn again.
        let limit = 256 - 256 % alphabet.len().max(1);
        let mut text = String::with_capacity(length);
        while text.len() < length {
            let drawn = self.bytes::<32>();
            text.extend(
                drawn
                    .into_iter()
                    .map(usize::from)
                    .filter(|&byte| byte < limit)
                    .filter_map(|byte| alphabet.get(byte % alphabet.len()).copied().map(char::from))
                    .take(length - text.len()),
            );
            if alphabet.is_empty() {
                break;
            }
        }
        text
    }
}

/// Failing happens, if at all, before the kernel's pool is seeded.
fn fill_from_system(buffer: &mut [u8]) {
    if aws_lc_rs::rand::fill(buffer).is_err() {
        unusable("the operating system gives no random bytes");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_stream() {
        let (a, b, c) = (Random::seeded(7), Random::seeded(7), Random::seeded(8));
        let first = a.bytes::<40>();
        assert_eq!(first, b.bytes());
        assert_ne!(first, c.bytes());
        assert_ne!(first, a.bytes());
        assert_ne!(b.clone().bytes::<40>(), first, "a clone goes on, it does not start again");
    }

    #[test]
    fn the_system_gives_different_bytes() {
        assert_ne!(Random::system().bytes::<32>(), Random::system().bytes::<32>());
    }

    #[test]
    fn codes_are_uniform() {
        let random = Random::seeded(1);
        let mut counts = [0u32; 10];
        for _ in 0..2000 {
            let code = random.code(6);
            assert_eq!(code.len(), 6);
            for digit in code.bytes() {
                counts[usize::from(digit - b'0')] += 1;
            }
        }
        assert!(counts.iter().all(|count| (1050..1350).contains(count)), "{counts:?}");
    }
}
