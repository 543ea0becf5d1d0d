//! Drives workers for a bounded time and turns what they did into rates and percentiles.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures_util::stream::{FuturesUnordered, StreamExt};

/// Most operations one scenario may do: keeps the data written by a fast machine small.
const MOST_OPERATIONS: u64 = 400_000;

/// What one scenario did at one number of connections.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    pub operations: u64,
    pub elapsed: Duration,
    /// CPU the server used, in seconds.
    pub cpu: f64,
    pub p50: Duration,
    pub p99: Duration,
}

impl Sample {
    pub fn per_second(&self) -> f64 {
        self.operations as f64 / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }

    /// Server CPU seconds per 1,000 operations.
    pub fn cpu_per_thousand(&self) -> f64 {
        self.cpu * 1000.0 / (self.operations as f64).max(1.0)
    }

    /// Share of its core that the server used. Well under 1: the generator or the disk was the limit.
    pub fn busy(&self) -> f64 {
        self.cpu / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }
}

/// CPU seconds (user and system) that a process has used, from `/proc/<pid>/stat`; `self` is this process.
pub fn cpu_seconds(pid: &str) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).context("the process is gone")?;
    // The name, in parentheses, may hold spaces; utime and stime are fields 14 and 15 of the line.
    let (_, after_name) = stat.rsplit_once(") ").context("/proc/<pid>/stat")?;
    let mut fields = after_name.split(' ').skip(11).map(str::parse::<u64>);
    let (Some(Ok(user)), Some(Ok(system))) = (fields.next(), fields.next()) else { bail!("/proc/<pid>/stat") };
    Ok((user + system) as f64 / 100.0) // USER_HZ is 100 on Linux
}

/// How often workers begin an operation.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// As soon as the one before is done.
    Fast,
    /// So many a second, all workers together, whether or not the one before was slow. One that begins late for that reason counts from
    /// when it was due, so that a slow server cannot hide behind its own slowness.
    Rate(f64),
}

/// Runs `step` on every worker until `length` has passed, and samples the process `pid` around it.
pub async fn drive<W>(
    workers: &mut [W],
    pace: Pace,
    length: Duration,
    pid: &str,
    step: impl AsyncFn(&mut W) -> Result<()>,
) -> Result<Sample> {
    let count = workers.len().max(1) as f64;
    let share = MOST_OPERATIONS / workers.len().max(1) as u64;
    let cpu_before = cpu_seconds(pid)?;
    let start = Instant::now();
    let deadline = start + length;
    let step = &step;
    let mut loops = FuturesUnordered::new();
    for (number, worker) in workers.iter_mut().enumerate() {
        loops.push(async move {
            let mut latencies: Vec<Duration> = Vec::new();
            let mut before = Instant::now();
            while before < deadline && (latencies.len() as u64) < share {
                if let Pace::Rate(rate) = pace {
                    let due = start + Duration::from_secs_f64((latencies.len() as f64 * count + number as f64) / rate);
                    before = if before < due {
                        tokio::time::sleep_until(due.into()).await;
                        Instant::now() // the timer's own lateness is not the server's
                    } else {
                        due
                    };
                }
                step(worker).await?;
                let after = Instant::now();
                latencies.push(after - before);
                before = after;
            }
            anyhow::Ok(latencies)
        });
    }
    // A server that stops answering must end the run, not hang it.
    let mut latencies = Vec::new();
    let all = async {
        while let Some(done) = loops.next().await {
            latencies.append(&mut done?);
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(length + Duration::from_secs(20), all).await.context("no answer for 20 seconds")??;
    let elapsed = start.elapsed();
    let cpu = cpu_seconds(pid)? - cpu_before;
    latencies.sort_unstable();
    Ok(Sample {
        operations: latencies.len() as u64,
        elapsed,
        cpu,
        p50: percentile(&latencies, 0.50),
        p99: percentile(&latencies, 0.99),
    })
}

/// The value below which `share` of the sorted values lie (nearest rank).
pub fn percentile(sorted: &[Duration], share: f64) -> Duration {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}
