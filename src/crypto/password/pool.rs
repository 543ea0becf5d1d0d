//! The threads that hash, and the queue before them.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use argon2::{Block, Params};
use tokio::sync::oneshot;
use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};
use zeroize::Zeroizing;

use super::phc::{self, Stored};
use super::{Busy, Verdict};
use crate::crypto::token::constant_time_eq;

/// What a thread is asked to do.
#[derive(Debug)]
pub(super) enum Job {
    Hash { password: Zeroizing<String>, salt: [u8; phc::SALT], reply: oneshot::Sender<String> },
    Verify { password: Zeroizing<String>, stored: Option<String>, reply: oneshot::Sender<Verdict> },
}

/// Dropping it ends the threads after the job each has in hand; jobs that still wait are answered with [`Busy`].
#[derive(Debug)]
pub(super) struct Pool {
    queue: Arc<Queue>,
}

#[derive(Debug)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    capacity: usize,
}

#[derive(Debug, Default)]
struct State {
    jobs: VecDeque<Job>,
    closed: bool,
}

impl Pool {
    pub(super) fn start(params: &Params, workers: usize, capacity: usize) -> std::io::Result<Self> {
        let pool = Self { queue: Arc::new(Queue { state: Mutex::default(), changed: Condvar::new(), capacity }) };
        for number in 1..=workers {
            let queue = Arc::clone(&pool.queue);
            let mut worker = Worker::new(params.clone());
            std::thread::Builder::new().name(format!("password-{number}")).spawn(move || {
                while let Some(job) = queue.next() {
                    worker.run(job);
                }
            })?;
        }
        Ok(pool)
    }

    /// Adds a job, or refuses at once. A job keeps its place until a thread takes it, even if its caller went away: else
    /// callers that come and go could queue without bound.
    pub(super) fn submit(&self, job: Job) -> Result<(), Busy> {
        let mut state = self.queue.lock();
        if state.jobs.len() >= self.queue.capacity {
            return Err(Busy);
        }
        state.jobs.push_back(job);
        drop(state);
        self.queue.changed.notify_one();
        Ok(())
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.closed = true;
        state.jobs.clear();
        drop(state);
        self.queue.changed.notify_all();
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock, so a poisoned one is still consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a job; `None` when there will be no more.
    fn next(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// The normal form C of a password, where it is another text.
fn composed(password: &str) -> Option<Zeroizing<String>> {
    if is_nfc_quick(password.chars()) == IsNormalized::Yes {
        return None;
    }
    // Composing makes some texts longer, at most three times (Unicode Standard Annex #15): room enough, so that no copy is left behind by growing.
    let mut form = Zeroizing::new(String::with_capacity(3 * password.len()));
    form.extend(password.nfc());
    (form.as_str() != password).then_some(form)
}

/// One thread's memory and parameters.
struct Worker {
    params: Params,
    /// Reused from job to job; as long as the settings ask for, from the first job on.
    blocks: Vec<Block>,
    #[cfg(test)]
    costs: Vec<(u32, u32, u32)>,
}

impl Worker {
    fn new(params: Params) -> Self {
        Self {
            params,
            blocks: Vec::new(),
            #[cfg(test)]
            costs: Vec::new(),
        }
    }

    fn run(&mut self, job: Job) {
        // A caller who has gone away is not worth a hash. One who goes away later is not told: send's result is of no use.
        match job {
            Job::Hash { password, salt, reply } if !reply.is_closed() => {
                let form = composed(&password);
                let form = form.as_ref().unwrap_or(&password);
                if let Some(hash) = self.compute(&self.params.clone(), form, &salt) {
                    let _ = reply.send(phc::format(&self.params, &salt, &hash));
                }
            }
            Job::Verify { password, stored, reply } if !reply.is_closed() => {
                let _ = reply.send(self.verify(&password, stored.as_deref()));
            }
            Job::Hash { .. } | Job::Verify { .. } => {}
        }
    }

    fn verify(&mut self, password: &str, stored: Option<&str>) -> Verdict {
        let composed = composed(password);
        let composed = composed.as_ref().map(|form| form.as_str());
        let Some(Stored { params, salt, hash }) = stored.and_then(phc::parse) else {
            // As much work as if there were one, and the result thrown away.
            for form in [Some(password), composed].into_iter().flatten() {
                let _ = self.compute(&self.params.clone(), form, &[0; phc::SALT]);
            }
            return Verdict::Wrong;
        };
        let mut is = |form: &str| self.compute(&params, form, &salt).is_some_and(|made| constant_time_eq(&made, &hash));
        // Both, whatever the first gives: how long it takes tells of what was typed, never of what is stored.
        let as_typed = is(password);
        let normal = composed.map_or(as_typed, is);
        match as_typed || normal {
            true => Verdict::Right { outdated: !normal || params != self.params || salt.len() < phc::SALT },
            false => Verdict::Wrong,
        }
    }

    /// The hash; `None` only for passwords of 4 GiB or more.
    fn compute(&mut self, params: &Params, password: &str, salt: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        #[cfg(test)]
        self.costs.push((params.m_cost(), params.t_cost(), params.p_cost()));
        let own = self.params.block_count();
        self.blocks.resize(params.block_count().max(own), Block::new());
        let mut hash = Zeroizing::new(vec![0; params.output_len().unwrap_or(phc::OUTPUT)]);
        let done = phc::argon2id(params.clone())
            .hash_password_into_with_memory(password.as_bytes(), salt, &mut hash, &mut self.blocks)
            .inspect_err(|error| tracing::error!(%error, "argon2 refused"))
            .ok();
        // What a foreign hash took beyond the settings is given back.
        self.blocks.truncate(own);
        self.blocks.shrink_to(own);
        done.map(|()| hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params() -> Params {
        phc::params(64, 1, 1, phc::OUTPUT).unwrap()
    }

    fn job() -> (Job, oneshot::Receiver<Verdict>) {
        let (reply, answer) = oneshot::channel();
        (Job::Verify { password: Zeroizing::new("p".into()), stored: None, reply }, answer)
    }

    #[test]
    fn a_full_queue_is_busy_at_once_and_stays_so_when_callers_leave() {
        // Nobody works, so the jobs stay.
        let pool = Pool::start(&params(), 0, 2).unwrap();
        let (first, gone) = job();
        let (second, waiting) = job();
        assert_eq!(pool.submit(first), Ok(()));
        assert_eq!(pool.submit(second), Ok(()));
        assert_eq!(pool.submit(job().0), Err(Busy));
        drop(gone);
        assert_eq!(pool.submit(job().0), Err(Busy));

        let mut worker = Worker::new(params());
        worker.run(pool.queue.next().unwrap());
        assert!(worker.costs.is_empty(), "no hash for a caller who went away");
        assert_eq!(pool.submit(job().0), Ok(()));
        worker.run(pool.queue.next().unwrap());
        assert_eq!(waiting.blocking_recv(), Ok(Verdict::Wrong));
    }

    #[test]
    fn dropping_the_pool_answers_those_who_wait_and_ends_the_threads() {
        let pool = Pool::start(&params(), 0, 2).unwrap();
        let (waiting, answer) = job();
        assert_eq!(pool.submit(waiting), Ok(()));
        let queue = Arc::clone(&pool.queue);
        drop(pool);
        assert!(answer.blocking_recv().is_err());
        assert!(queue.next().is_none());
    }

    #[test]
    fn every_wrong_password_costs_the_same() {
        let mut worker = Worker::new(params());
        let hash = worker.compute(&params(), "p", &[7; 16]).unwrap();
        let stored = phc::format(&params(), &[7; 16], &hash);
        assert_eq!(worker.verify("p", Some(&stored)), Verdict::Right { outdated: false });
        worker.costs.clear();
        for (password, stored) in [
            ("q", Some(stored.as_str())),
            ("", Some(&stored)),
            ("q", None),
            ("", None),
            ("q", Some("")),
            ("q", Some("$argon2id$v=19$m=4294967295,t=9,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA")),
        ] {
            assert_eq!(worker.verify(password, stored), Verdict::Wrong);
        }
        assert_eq!(worker.costs, [(64, 1, 1); 6]);
    }

    #[test]
    fn both_forms_of_a_password_are_the_password_and_cost_the_same_with_and_without_an_account() {
        let (typed, normal) = ("Pa\u{308}sse fu\u{308}r alle", "P\u{e4}sse f\u{fc}r alle");
        let mut worker = Worker::new(params());
        let (job, made) = {
            let (reply, made) = oneshot::channel();
            (Job::Hash { password: Zeroizing::new(typed.to_owned()), salt: [7; phc::SALT], reply }, made)
        };
        worker.run(job);
        let new = made.blocking_recv().unwrap();
        let old = worker.compute(&params(), typed, &[7; 16]).unwrap();
        let old = phc::format(&params(), &[7; 16], &old);
        for form in [typed, normal] {
            assert_eq!(worker.verify(form, Some(&new)), Verdict::Right { outdated: false }, "{form}");
        }
        assert_eq!(worker.verify(typed, Some(&old)), Verdict::Right { outdated: true }, "made before, and to be made anew");
        assert_eq!(worker.verify(normal, Some(&old)), Verdict::Wrong);
        assert_eq!(worker.verify("Passe fur alle", Some(&new)), Verdict::Wrong);
        let mut hashes = |password: &str, stored: Option<&str>| {
            worker.costs.clear();
            let _ = worker.verify(password, stored);
            worker.costs.len()
        };
        for stored in [None, Some(""), Some(old.as_str()), Some(new.as_str())] {
            assert_eq!((hashes(typed, stored), hashes(normal, stored), hashes("ascii", stored)), (2, 1, 1), "{stored:?}");
        }
    }

    #[test]
    fn memory_is_taken_with_the_first_job_and_kept_at_the_settings() {
        let mut worker = Worker::new(params());
        assert_eq!(worker.blocks.capacity(), 0);
        worker.compute(&phc::params(128, 1, 1, 32).unwrap(), "p", &[7; 16]).unwrap();
        assert_eq!(worker.blocks.len(), 64);
        let at = worker.blocks.as_ptr();
        worker.compute(&params(), "p", &[7; 16]).unwrap();
        assert_eq!(worker.blocks.as_ptr(), at);
    }
}
