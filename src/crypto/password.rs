//! Passwords: Argon2id (RFC 9106) on threads of its own, so that hashing neither blocks the runtime nor outgrows memory.
//!
//! Passwords are compared untrimmed and whole, in Unicode's normal form C (NIST SP 800-63B-4 section 3.1.1.2): one keyboard sends "ä" as one sign, another
//! as two. Hashes made before that was so are of the text as typed: both forms are tried where they differ, and such a hash is outdated.

mod phc;
mod pool;

use std::num::NonZeroUsize;
use std::sync::Arc;

use argon2::Params;
use thiserror::Error;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use self::pool::{Job, Pool};
use super::random::Random;

pub use self::phc::is_usable;

/// How costly a hash is, and how many may be made at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HasherSettings {
    /// Memory of one hash in KiB: at least 8 for each lane, at most 256 MiB.
    pub memory_kib: u32,
    /// Passes over the memory: 1 to 10.
    pub iterations: u32,
    /// Lanes: 1 to 16. They are part of the hash; one thread computes all of them.
    pub parallelism: u32,
    /// Threads; 0 for one on each core.
    pub workers: usize,
    /// Hashes that may wait for a thread, at least 1.
    pub queue: usize,
}

/// Why a hasher cannot be made.
#[derive(Debug, Error)]
pub enum HasherError {
    /// Memory, iterations or parallelism are out of bounds.
    #[error("memory must be 8 KiB a lane to 256 MiB, iterations 1 to 10, parallelism 1 to 16")]
    Settings,
    /// The system gives no more threads.
    #[error("cannot start a thread for password hashing")]
    Thread(#[from] std::io::Error),
}

/// More hashes are waiting than allowed; nothing was hashed. The answer to give is 503 with `Retry-After`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("too many passwords are being checked")]
pub struct Busy;

/// What became of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the one.
    Right {
        /// Hashed with other parameters than those of the settings: hash it again while it is at hand.
        outdated: bool,
    },
    /// It is not, or there is none.
    Wrong,
}

/// Hashes passwords and checks them. Clones share the threads, which end with the last clone.
#[derive(Clone, Debug)]
pub struct Hasher {
    pool: Arc<Pool>,
    params: Params,
    workers: usize,
    random: Random,
}

impl Hasher {
    /// Starts the threads. Each takes its memory with its first job and keeps it.
    pub fn new(settings: HasherSettings, random: Random) -> Result<Self, HasherError> {
        let HasherSettings { memory_kib, iterations, parallelism, workers, queue } = settings;
        let params = phc::params(memory_kib, iterations, parallelism, phc::OUTPUT).ok_or(HasherError::Settings)?;
        let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let workers = if workers == 0 { cores() } else { workers };
        let pool = Arc::new(Pool::start(&params, workers, queue.max(1))?);
        Ok(Self { pool, params, workers, random })
    }

    /// The memory that hashing takes once every thread has had work: workers × memory of one hash, in bytes.
    ///
    /// A stored hash that asks for more than the settings (at most 256 MiB) has it while it is checked, and it is given back.
    pub fn memory_bytes(&self) -> usize {
        self.workers * self.params.block_count() * argon2::Block::SIZE
    }

    /// Hashes a new password with a fresh salt, as a PHC string: `$argon2id$v=19$m=…,t=…,p=…$salt$hash`.
    pub async fn hash(&self, password: Zeroizing<String>) -> Result<String, Busy> {
        let (reply, answer) = oneshot::channel();
        self.pool.submit(Job::Hash { password, salt: self.random.bytes(), reply })?;
        answer.await.map_err(|_| Busy)
    }

    /// Checks a password against a stored PHC string.
    ///
    /// Without one (no such user, or one who has no password), or with one that is malformed or out of bounds, the answer is
    /// [`Verdict::Wrong`] after the same work as for a hash made with the settings.
    pub async fn verify(&self, password: Zeroizing<String>, stored: Option<String>) -> Result<Verdict, Busy> {
        let (reply, answer) = oneshot::channel();
        self.pool.submit(Job::Verify { password, stored, reply })?;
        answer.await.map_err(|_| Busy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::PasswordVerifier;

    pub(super) const SMALL: HasherSettings =
        HasherSettings { memory_kib: 64, iterations: 1, parallelism: 1, workers: 2, queue: 8 };

    fn hasher(settings: HasherSettings) -> Hasher {
        Hasher::new(settings, Random::seeded(1)).unwrap()
    }

    fn password(text: &str) -> Zeroizing<String> {
        Zeroizing::new(text.to_owned())
    }

    #[tokio::test]
    async fn accepts_the_password_and_nothing_like_it() {
        let hasher = hasher(SMALL);
        let stored = hasher.hash(password("correct horse ")).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{stored}");
        assert!(is_usable(&stored));
        let verdict = hasher.verify(password("correct horse "), Some(stored.clone())).await;
        assert_eq!(verdict, Ok(Verdict::Right { outdated: false }));
        for wrong in ["", "correct horse", "Correct horse ", "correct horse \0"] {
            assert_eq!(hasher.verify(password(wrong), Some(stored.clone())).await, Ok(Verdict::Wrong));
        }
        assert_eq!(hasher.verify(password("correct horse "), None).await, Ok(Verdict::Wrong));
        assert_ne!(hasher.hash(password("correct horse ")).await.unwrap(), stored);
    }

    #[tokio::test]
    async fn agrees_with_the_crate_s_own_verifier() {
        let hasher = hasher(HasherSettings { parallelism: 2, iterations: 2, ..SMALL });
        let stored = hasher.hash(password("pässwörd")).await.unwrap();
        let own = argon2::Argon2::default();
        assert!(own.verify_password("pässwörd".as_bytes(), stored.as_str()).is_ok());
        assert!(own.verify_password(b"password", stored.as_str()).is_err());
    }

    #[tokio::test]
    async fn other_parameters_verify_and_are_outdated() {
        let (weak, strong) = (hasher(SMALL), hasher(HasherSettings { memory_kib: 128, ..SMALL }));
        for (maker, checker) in [(&weak, &strong), (&strong, &weak)] {
            let stored = maker.hash(password("p")).await.unwrap();
            let verdict = checker.verify(password("p"), Some(stored)).await;
            assert_eq!(verdict, Ok(Verdict::Right { outdated: true }));
        }
    }

    #[test]
    fn settings_are_bounded() {
        for settings in [
            HasherSettings { memory_kib: 256 * 1024 + 1, ..SMALL },
            HasherSettings { memory_kib: 8, parallelism: 2, ..SMALL },
            HasherSettings { iterations: 0, ..SMALL },
            HasherSettings { iterations: 11, ..SMALL },
            HasherSettings { parallelism: 17, memory_kib: 1024, ..SMALL },
        ] {
            assert!(matches!(Hasher::new(settings, Random::seeded(1)), Err(HasherError::Settings)));
        }
        assert_eq!(hasher(SMALL).memory_bytes(), 2 * 64 * 1024);
    }
}
