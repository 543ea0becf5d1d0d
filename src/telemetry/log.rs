//! The log's way to standard error. Lines wait in a bounded queue for a thread that writes them, so a reader that is gone, stalled or out of
//! space costs lines, which are counted, and never an answer.

use std::io::{self, Write as _};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{LazyLock, OnceLock};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::{FmtContext, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

/// So many lines wait at most: some megabytes.
const WAITING: usize = 4096;
/// A longer line is cut off.
const LONGEST: usize = 32 * 1024;
/// So many bytes are written at once.
const BATCH: usize = 64 * 1024;

/// Lines that nobody could be given.
pub(super) static LOST: LazyLock<Counter> = LazyLock::new(Counter::default);
static QUEUE: OnceLock<Queue> = OnceLock::new();

enum Item {
    Line(Vec<u8>),
    /// Everything before this is written: answers.
    Flush(SyncSender<()>),
}

#[derive(Clone)]
pub(super) struct Queue(SyncSender<Item>);

impl Queue {
    /// Starts the thread that writes to standard error.
    pub(super) fn start() -> io::Result<Self> {
        Self::to(io::stderr())
    }

    fn to(out: impl io::Write + Send + 'static) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(WAITING);
        std::thread::Builder::new().name("log".to_owned()).spawn(move || write_all(&receiver, out))?;
        Ok(Self(sender))
    }

    /// Makes this the queue that [`flush`] waits for.
    pub(super) fn install(self) {
        let _first = QUEUE.set(self);
    }

    fn flush(&self, patience: Duration) -> bool {
        let (done, wait) = sync_channel(1);
        // A full queue is not waited for: its reader is stalled.
        self.0.try_send(Item::Flush(done)).is_ok() && wait.recv_timeout(patience).is_ok()
    }
}

/// Waits until what was logged is written, at most so long. False: it is not.
pub fn flush(patience: Duration) -> bool {
    QUEUE.get().is_none_or(|queue| queue.flush(patience))
}

fn write_all(queue: &Receiver<Item>, mut out: impl io::Write) {
    // What was lost since a line got through, and what is in hand.
    let (mut told, mut bytes, mut lines) = (LOST.get(), Vec::new(), 0_u64);
    while let Ok(first) = queue.recv() {
        let mut flushes = Vec::new();
        let mut next = Some(first);
        while let Some(item) = next {
            match item {
                Item::Line(line) => {
                    bytes.extend_from_slice(&line);
                    lines += 1;
                }
                Item::Flush(done) => flushes.push(done),
            }
            next = if bytes.len() < BATCH { queue.try_recv().ok() } else { None };
        }
        // Nobody is left to tell if it fails; the metric says so.
        match out.write_all(&bytes).and_then(|()| out.flush()) {
            Ok(()) if LOST.get() > told => {
                let now = LOST.get();
                told = now;
                tracing::warn!(lost = now, "lines of this log were lost: standard error could not be written");
            }
            Ok(()) => {}
            Err(_) => {
                LOST.inc_by(lines);
            }
        }
        bytes.clear();
        lines = 0;
        for done in flushes {
            let _waits = done.try_send(());
        }
    }
}

impl<'a> MakeWriter<'a> for Queue {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line(self.clone())
    }
}

/// One event. It is written whole, by one call.
pub(super) struct Line(Queue);

impl io::Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut line = bytes.get(..LONGEST).unwrap_or(bytes).to_vec();
        if line.len() < bytes.len() {
            line.extend_from_slice(b"...\n");
        }
        if self.0.0.try_send(Item::Line(line)).is_err() {
            LOST.inc();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A format that loses the line, and nothing more, if a value in it panics while it is written.
pub(super) struct Calm<F>(pub(super) F);

impl<S, N, F> FormatEvent<S, N> for Calm<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, writer: Writer<'_>, event: &Event<'_>) -> std::fmt::Result {
        catch_unwind(AssertUnwindSafe(|| self.0.format_event(context, writer, event))).unwrap_or_else(|_| {
            LOST.inc();
            Err(std::fmt::Error)
        })
    }
}

/// Panics are lines of the log, too: the usual hook writes to standard error itself and would wait for its reader.
pub(super) fn panic_hook(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string);
    let message = panic.payload_as_str().unwrap_or("(no message)");
    tracing::error!(place, message, "panicked");
}

/// Writes to standard error from a command, and gives up if nobody reads: a program that is to end, ends.
pub fn complain(text: String, patience: Duration) {
    let (done, wait) = sync_channel(1);
    let write = move || {
        let mut out = io::stderr().lock();
        // Nobody is left to tell if it fails.
        let _told = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        let _waits = done.try_send(());
    };
    if std::thread::Builder::new().spawn(write).is_ok() {
        let _written = wait.recv_timeout(patience);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};
    use std::sync::{Arc, Condvar, Mutex, PoisonError};

    use tracing::subscriber::with_default;

    use super::*;

    /// Takes bytes while it is open.
    #[derive(Clone, Default)]
    struct Reader(Arc<State>);

    #[derive(Default)]
    struct State {
        taken: Mutex<(bool, Vec<u8>)>,
        opened: Condvar,
    }

    impl Reader {
        fn open(&self) {
            self.0.taken.lock().unwrap().0 = true;
            self.0.opened.notify_all();
        }

        fn text(&self) -> String {
            String::from_utf8(self.0.taken.lock().unwrap().1.clone()).unwrap()
        }
    }

    impl io::Write for Reader {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let state = self.0.taken.lock().unwrap_or_else(PoisonError::into_inner);
            let mut state = self.0.opened.wait_while(state, |state| !state.0).unwrap();
            state.1.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn subscriber(queue: &Queue) -> impl Subscriber + Send + Sync + use<> {
        tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(queue.clone())
            .log_internal_errors(false)
            .map_event_format(Calm)
            .finish()
    }

    #[test]
    fn a_stalled_reader_costs_lines_and_no_time_and_hears_of_it() {
        let reader = Reader::default();
        let queue = Queue::to(reader.clone()).unwrap();
        let before = LOST.get();
        with_default(subscriber(&queue), || {
            // What waits, what the thread may have in hand, and some more: no line is shorter than 20 bytes.
            for number in 0..WAITING + BATCH / 20 + 500 {
                tracing::info!(number, "said");
            }
            assert!(LOST.get() > before, "the queue is bounded");
            assert!(!queue.flush(Duration::from_millis(50)), "nobody waits longer than asked to");
            reader.open();
            while !queue.flush(Duration::from_secs(10)) {}
        });
        assert!(reader.text().contains("number=0"), "what waited arrives");
    }

    struct Bad;

    impl std::fmt::Display for Bad {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("a value that cannot be shown")
        }
    }

    #[test]
    fn a_value_that_panics_while_it_is_written_loses_its_line_only() {
        let reader = Reader::default();
        reader.open();
        let queue = Queue::to(reader.clone()).unwrap();
        with_default(subscriber(&queue), || {
            tracing::error!(bad = %Bad, "first");
            tracing::error!("second");
            assert!(queue.flush(Duration::from_secs(10)));
        });
        assert!(!reader.text().contains("first") && reader.text().contains("second"), "{}", reader.text());
    }

    struct Broken(Sender<usize>);

    impl io::Write for Broken {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.len()).unwrap();
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_is_gone_is_counted() {
        let (sent, received) = channel();
        let queue = Queue::to(Broken(sent)).unwrap();
        let before = LOST.get();
        with_default(subscriber(&queue), || {
            tracing::error!("{}", "x".repeat(2 * LONGEST));
            assert!(queue.flush(Duration::from_secs(10)));
        });
        assert!(LOST.get() > before);
        assert!(received.recv().unwrap() <= LONGEST + 4, "and long lines are cut off");
    }
}
