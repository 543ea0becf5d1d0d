//! Connections to PostgreSQL, each wait for them bounded.
//!
//! sqlx's own pool asks the server for a sign of life whenever a connection comes back, and waits for it as long as it takes: a host that has gone
//! silent (no reset comes) holds every place in it for good. Here a connection on which something was left open is mended within a bound or
//! thrown away, one that was idle for a second is tested before it is used, and one that was busy a moment ago costs nothing.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::db::Connections;
use super::error::{Result, StoreError};
use super::unreachable::{comes_up, timed_out, unreachable};

/// How long whoever needs a connection waits for one at most: for a free place, for the test, and for a new connection together.
const ACQUIRE: Duration = Duration::from_secs(5);
/// A connection idle for longer may have been cut by a firewall, a pooler or a restart.
const TRUSTED: Duration = Duration::from_secs(1);
/// A round trip, to any database worth using.
const PING: Duration = Duration::from_secs(2);
/// Closed after so much idleness, and anyway after so long: what a server remembers about a connection only grows.
const IDLE: Duration = Duration::from_mins(10);
const LIFE: Duration = Duration::from_mins(30);
/// How long the end waits for those who still hold a connection.
const CLOSE: Duration = Duration::from_secs(3);

/// Cheap to clone.
#[derive(Clone)]
pub(super) struct Pool(Arc<Inner>);

struct Inner {
    options: PgConnectOptions,
    size: u32,
    places: Arc<Semaphore>,
    kept: Mutex<Kept>,
    /// How long a statement may take.
    patience: Duration,
    begin: String,
}

#[derive(Default)]
struct Kept {
    /// The most recently used last.
    idle: Vec<Idle>,
    /// What has been idle since before this is tested, however short that is: something happened to another connection then.
    suspect: Option<Instant>,
    closed: bool,
}

struct Idle {
    connection: PgConnection,
    opened: Instant,
    since: Instant,
}

/// A connection that somebody uses. Dropping it gives it back, if need be after undoing what was begun on it.
pub(super) struct Lease {
    pool: Pool,
    /// None once it is given up.
    connection: Option<PgConnection>,
    opened: Instant,
    place: Option<OwnedSemaphorePermit>,
    /// A statement whose answer has not been read to its end.
    under_way: bool,
    in_transaction: bool,
}

impl Inner {
    fn wait(&self) -> Duration {
        self.patience.min(ACQUIRE)
    }
}

impl Pool {
    /// Connects once, so that a wrong address is found at the start.
    pub(super) async fn open(options: PgConnectOptions, size: u32, patience: Duration) -> Result<Self> {
        // PgBouncer refuses the one start-up parameter that sqlx sends beyond those it knows; it is about floats, and there are none.
        let options = options.extra_float_digits(None).disable_statement_logging();
        let options = if options.get_application_name().is_none() { options.application_name("vestibule") } else { options };
        let size = size.max(1);
        // The server gives up a little before we do, so that nothing of ours waits for a lock behind our back; and it frees the locks of a node
        // that has vanished. For this transaction only: behind a pooler the connection is not ours alone.
        let (statement, idle) = ((patience * 9 / 10).as_millis(), (patience * 3).as_millis());
        let begin =
            format!("BEGIN; SET LOCAL statement_timeout = {statement}; SET LOCAL idle_in_transaction_session_timeout = {idle}");
        let places = Arc::new(Semaphore::new(size as usize));
        let pool = Self(Arc::new(Inner { options, size, places, kept: Mutex::default(), patience, begin }));
        let named = |error| unreachable(&pool.0.options, &error);
        let mut opened = pool.connect(Instant::now() + pool.0.wait()).await.map_err(named)?;
        let probed = timeout(patience, pool.probe(&mut opened)).await;
        probed.unwrap_or_else(|_| Err(timed_out("a statement was not answered"))).map_err(named)?;
        pool.keep(opened, Instant::now());
        Ok(pool)
    }

    /// Finds a pooler that gives a connection's prepared statements to another one: two that use the same name see each other's.
    async fn probe(&self, one: &mut PgConnection) -> std::result::Result<(), sqlx::Error> {
        let mut other = self.0.options.connect().await?;
        sqlx::query("SELECT 1").execute(&mut *one).await?;
        sqlx::query("SELECT 2").execute(&mut other).await?;
        sqlx::query("SELECT 1").execute(one).await?;
        other.close().await
    }

    pub(super) fn options(&self) -> &PgConnectOptions {
        &self.0.options
    }

    pub(super) fn connections(&self) -> Connections {
        let max = self.0.size as usize;
        Connections { busy: max.saturating_sub(self.0.places.available_permits()), idle: self.kept().idle.len(), max }
    }

    /// A connection that can be expected to work.
    pub(super) async fn acquire(&self) -> Result<Lease> {
        let deadline = Instant::now() + self.0.wait();
        let place = match timeout_at(deadline, Arc::clone(&self.0.places).acquire_owned()).await {
            Ok(Ok(place)) => place,
            Ok(Err(_)) => return Err(StoreError::Stopped),
            Err(_) => return Err(timed_out(&format!("all {} connections were busy for {:?}", self.0.size, self.0.wait())).into()),
        };
        while let Some((Idle { mut connection, opened, .. }, trusted)) = self.idle() {
            if !trusted {
                match timeout(self.0.wait().min(PING), connection.ping()).await {
                    Ok(Ok(())) => {}
                    // Cut; the next one may be, too, and says so at once.
                    Ok(Err(_)) => continue,
                    // Silent: waiting for the others as long would take all our time.
                    Err(_) => {
                        self.forget_idle();
                        continue;
                    }
                }
            }
            return Ok(self.lease(connection, opened, place));
        }
        let connection = self.connect(deadline).await?;
        Ok(self.lease(connection, Instant::now(), place))
    }

    /// A connection on which a transaction has begun. One that turns out to be cut is replaced: nothing has happened on it.
    pub(super) async fn begin(&self) -> Result<Lease> {
        for _ in 0..2 {
            let mut lease = self.acquire().await?;
            match lease.begin().await {
                Err(_) if lease.connection.is_none() => {}
                Err(error) => return Err(error),
                Ok(()) => return Ok(lease),
            }
        }
        let mut lease = self.acquire().await?;
        lease.begin().await?;
        Ok(lease)
    }

    /// Within a bound, whoever still holds what.
    pub(super) async fn close(&self) {
        let back = timeout(self.0.wait().min(CLOSE), self.0.places.acquire_many(self.0.size)).await;
        self.0.places.close();
        drop(back);
        let idle = {
            let mut kept = self.kept();
            kept.closed = true;
            std::mem::take(&mut kept.idle)
        };
        // A word of parting, so that the server's log has no broken connections; the sockets close in any case.
        let parting = async {
            for Idle { connection, .. } in idle {
                let _told = connection.close().await;
            }
        };
        let _silent = timeout(self.0.wait().min(PING), parting).await;
    }

    async fn connect(&self, deadline: Instant) -> std::result::Result<PgConnection, sqlx::Error> {
        let mut pause = Duration::from_millis(10);
        loop {
            let error = match timeout_at(deadline, self.0.options.connect()).await {
                Ok(Ok(connection)) => return Ok(connection),
                Ok(Err(error)) => error,
                Err(_) => return Err(timed_out(&format!("no answer within {:?}", self.0.wait()))),
            };
            if !comes_up(&error) || Instant::now() + pause >= deadline {
                return Err(error);
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one used last, and whether it can be used as it is.
    fn idle(&self) -> Option<(Idle, bool)> {
        let mut kept = self.kept();
        kept.idle.retain(|idle| idle.since.elapsed() < IDLE && idle.opened.elapsed() < LIFE);
        let suspect = kept.suspect;
        kept.idle.pop().map(|idle| {
            let trusted = idle.since.elapsed() < TRUSTED && suspect.is_none_or(|suspect| idle.since > suspect);
            (idle, trusted)
        })
    }

    fn keep(&self, connection: PgConnection, opened: Instant) {
        let mut kept = self.kept();
        if !kept.closed {
            kept.idle.push(Idle { connection, opened, since: Instant::now() });
        }
    }

    fn forget_idle(&self) {
        self.kept().idle.clear();
    }

    fn suspect_idle(&self) {
        self.kept().suspect = Some(Instant::now());
    }

    fn lease(&self, connection: PgConnection, opened: Instant, place: OwnedSemaphorePermit) -> Lease {
        let (connection, place) = (Some(connection), Some(place));
        Lease { pool: self.clone(), connection, opened, place, under_way: false, in_transaction: false }
    }
}

impl Lease {
    /// How long a statement may take.
    pub(super) fn patience(&self) -> Duration {
        self.pool.0.patience
    }

    /// The connection, for one statement whose outcome goes to [`Lease::ended`].
    pub(super) fn statement(&mut self) -> Result<&mut PgConnection> {
        self.under_way = true;
        self.connection.as_mut().ok_or(StoreError::Stopped)
    }

    /// What became of the statement. A connection that is of no more use is closed here and now: the server is silent, cut us off, or may only read.
    pub(super) fn ended<T>(
        &mut self,
        outcome: std::result::Result<std::result::Result<T, sqlx::Error>, tokio::time::error::Elapsed>,
    ) -> Result<T> {
        let error = match outcome {
            Ok(Ok(value)) => {
                self.under_way = false;
                return Ok(value);
            }
            Ok(Err(error)) => error,
            Err(_) => timed_out(&format!("a statement was not answered within {:?}", self.patience())),
        };
        if is_lost(&error) {
            self.connection = None;
            self.pool.suspect_idle();
        } else {
            self.under_way = false;
        }
        Err(error.into())
    }

    async fn simple(&mut self, sql: &str) -> Result<()> {
        let (patience, sql) = (self.patience(), sqlx::AssertSqlSafe(sql));
        let outcome = timeout(patience, sqlx::raw_sql(sql).execute(self.statement()?)).await;
        self.ended(outcome).map(drop)
    }

    async fn begin(&mut self) -> Result<()> {
        self.in_transaction = true;
        let pool = self.pool.clone();
        self.simple(&pool.0.begin).await
    }

    pub(super) async fn commit(mut self) -> Result<()> {
        self.simple("COMMIT").await?;
        self.in_transaction = false;
        Ok(())
    }
}

/// Whether a connection on which this happened is of no more use.
fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        // 57P0x: ended by an administrator, a crash or the start; 25P03: idle for too long; 25006: a primary that has become a standby;
        // 42P05, 26000: somebody else's prepared statements, behind a pooler.
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| code.starts_with("57P0") || ["25P03", "25006", "42P05", "26000"].contains(&&*code))
        }
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let (pool, opened) = (self.pool.clone(), self.opened);
        if !self.under_way && !self.in_transaction {
            pool.keep(connection, opened);
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(mend(pool, connection, opened, self.place.take(), self.in_transaction));
        }
    }
}

/// Reads the rest of an answer that nobody waited for, and undoes what was not committed. What takes long is thrown away: then the server undoes it.
async fn mend(pool: Pool, mut connection: PgConnection, opened: Instant, place: Option<OwnedSemaphorePermit>, undo: bool) {
    let mended = async {
        connection.ping().await?;
        if undo {
            sqlx::raw_sql("ROLLBACK").execute(&mut connection).await?;
        }
        Ok::<_, sqlx::Error>(())
    };
    if let Ok(Ok(())) = timeout(pool.0.wait().min(PING), mended).await {
        pool.keep(connection, opened);
    }
    drop(place);
}
