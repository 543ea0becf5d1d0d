//! Two builds side by side: one scenario after the other, in pairs that are measured alternately, so that whatever slows the machine down for a
//! while meets both. What counts is the ratio within a pair.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::measure::{Pace, Sample, drive};
use crate::scenarios::{self, SITES, Scenario, Worker, World};
use crate::server::{Installation, Running, free_port};
use crate::{CONNECTIONS, Plan, SEVERAL_TOKENS};

/// A build that runs, with its people signed in.
struct Side {
    world: World,
    workers: Vec<Worker>,
    running: Running,
}

impl Side {
    async fn start(binary: &str, directory: &Path) -> Result<Self> {
        std::fs::create_dir_all(directory)?;
        std::fs::write(directory.join("config.toml"), SITES)?;
        let installation = Installation { binary: PathBuf::from(binary), directory: directory.to_owned(), port: free_port()? };
        let (running, _) = installation.start().await?;
        let (mut world, mut workers) = scenarios::register(&installation, CONNECTIONS)?;
        scenarios::prepare(&mut world, &mut workers, SEVERAL_TOKENS).await?;
        Ok(Self { world, workers, running })
    }

    async fn measure(&mut self, scenario: Scenario, length: Duration) -> Result<Sample> {
        let Self { world, workers, running } = self;
        workers.iter_mut().for_each(Worker::reconnect);
        let step = async |worker: &mut Worker| scenarios::step(scenario, world, worker).await;
        let pid = running.pid();
        let warm = length.min(Duration::from_millis(200));
        drive(workers, Pace::Fast, warm, &pid, step).await.with_context(|| scenario.name())?;
        drive(workers, Pace::Fast, length, &pid, step).await.with_context(|| scenario.name())
    }
}

/// Both builds' figures of one scenario, pair by pair.
struct Pairs {
    scenario: Scenario,
    base: Vec<Sample>,
    head: Vec<Sample>,
}

/// Measures `base` against `head`; answers markdown.
pub async fn compare(base: &str, head: &str, directory: &Path, plan: &Plan) -> Result<String> {
    let mut base = Side::start(base, &directory.join("base")).await?;
    let mut head = Side::start(head, &directory.join("head")).await?;
    let mut all = Vec::new();
    for &scenario in &plan.scenarios {
        let mut pairs = Pairs { scenario, base: Vec::new(), head: Vec::new() };
        for number in 0..plan.pairs {
            // Who comes first changes, so that coming first is worth nothing.
            if number % 2 == 0 {
                pairs.base.push(base.measure(scenario, plan.length()).await?);
                pairs.head.push(head.measure(scenario, plan.length()).await?);
            } else {
                pairs.head.push(head.measure(scenario, plan.length()).await?);
                pairs.base.push(base.measure(scenario, plan.length()).await?);
            }
        }
        let cpu = pairs.ratio(Sample::cpu_per_thousand);
        eprintln!("{:<26} CPU × {:.3} ({:.3}–{:.3})", scenario.name(), cpu.median, cpu.low, cpu.high);
        all.push(pairs);
    }
    base.running.stop().await?;
    head.running.stop().await?;
    Ok(markdown(&all, plan))
}

/// A ratio's median over the pairs, and the middle half of them: a change within it is none.
struct Ratio {
    low: f64,
    median: f64,
    high: f64,
}

impl Pairs {
    fn ratio(&self, figure: impl Fn(&Sample) -> f64) -> Ratio {
        let pairs = self.base.iter().zip(&self.head);
        let ratios = sorted(pairs.map(|(base, head)| figure(head) / figure(base).max(f64::EPSILON)));
        Ratio { low: quantile(&ratios, 0.25), median: quantile(&ratios, 0.5), high: quantile(&ratios, 0.75) }
    }

    fn median(samples: &[Sample], figure: impl Fn(&Sample) -> f64) -> f64 {
        quantile(&sorted(samples.iter().map(figure)), 0.5)
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// Interpolated between neighbours.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share * sorted.len().saturating_sub(1) as f64;
    let value = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
    let (below, above) = (value(at.floor() as usize), value(at.ceil() as usize));
    below + (above - below) * at.fract()
}

fn markdown(all: &[Pairs], plan: &Plan) -> String {
    let mut out = format!(
        "Ratios of this build to the base: the median of {} pairs of {} s at {CONNECTIONS} connections, measured alternately, and the \
         middle half of them. CPU is the server's for an operation: below 1 is better. Under about 90 % busy, rates say little.\n\n\
         | scenario | CPU | middle half | rate | middle half | p99 | base: CPU s per 1,000 | busy |\n|---|--:|--:|--:|--:|--:|--:|--:|\n",
        plan.pairs, plan.seconds
    );
    for pairs in all {
        let (cpu, rate) = (pairs.ratio(Sample::cpu_per_thousand), pairs.ratio(Sample::per_second));
        let p99 = pairs.ratio(|sample| sample.p99.as_secs_f64());
        // Writing into a String cannot fail.
        let _ = writeln!(
            out,
            "| {} | **{:.3}** | {:.3}–{:.3} | {:.3} | {:.3}–{:.3} | {:.2} | {:.4} | {:.0} % |",
            pairs.scenario.name(),
            cpu.median,
            cpu.low,
            cpu.high,
            rate.median,
            rate.low,
            rate.high,
            p99.median,
            Pairs::median(&pairs.base, Sample::cpu_per_thousand),
            Pairs::median(&pairs.base, Sample::busy) * 100.0,
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(operations: u64, cpu: f64) -> Sample {
        Sample { operations, cpu, elapsed: Duration::from_secs(1), ..Sample::default() }
    }

    #[test]
    fn a_ratio_is_within_each_pair() {
        // The machine was twice as slow in the second pair: no difference between the builds.
        let base = vec![sample(1000, 1.0), sample(1000, 2.0), sample(1000, 1.0)];
        let head = vec![sample(1000, 0.5), sample(1000, 1.0), sample(1000, 0.6)];
        let ratio = Pairs { scenario: Scenario::Jwks, base, head }.ratio(Sample::cpu_per_thousand);
        assert!((ratio.median - 0.5).abs() < 1e-9 && (ratio.low - 0.5).abs() < 1e-9 && (ratio.high - 0.55).abs() < 1e-9);
    }

    #[test]
    fn quantiles_lie_between_neighbours() {
        assert!((quantile(&[1.0, 2.0, 3.0, 4.0], 0.5) - 2.5).abs() < 1e-9);
        assert!((quantile(&[1.0], 0.75) - 1.0).abs() < 1e-9);
    }
}
