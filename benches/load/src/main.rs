//! Vestibule's load generator. `benches/run` builds it and calls it; by hand:
//!
//! ```text
//! vestibule-load run SERVER-BINARY DIRECTORY [--seconds N] [--only NAME,NAME]   everything; markdown on standard output
//! vestibule-load compare BASE-BINARY BINARY DIRECTORY [--seconds N] [--only …] [--pairs N]   ratios of two builds; markdown
//! vestibule-load limits DIRECTORY SECONDS                                       the machine's limits as JSON
//! vestibule-load bare PORT                                                      the bare axum handler
//! ```

mod compare;
mod http;
mod limits;
mod measure;
mod messages;
mod report;
mod scenarios;
mod server;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::limits::Limit;
use crate::measure::{Pace, Sample, drive};
use crate::report::Report;
use crate::scenarios::{AT_A_RATE, SCENARIOS, SITES, Scenario, Worker, World};
use crate::server::{Installation, free_port, launch, pinned};

/// Connections of the loaded measurement; each has its own person.
const CONNECTIONS: usize = 16;
/// Access tokens that "many tokens" turns through.
const SEVERAL_TOKENS: usize = 64;
/// Requests a second of the scenarios that are measured at a rate.
const RATE: f64 = 1000.0;
/// Starts after the first one.
const STARTS: usize = 5;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["run", binary, directory, options @ ..] => {
            let plan = Plan::parse(options, 5.0)?;
            let installation =
                Installation { binary: PathBuf::from(binary), directory: PathBuf::from(directory), port: free_port()? };
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let report = runtime.block_on(run(&installation, &plan))?;
            println!("{}", report.markdown());
            Ok(())
        }
        ["compare", base, head, directory, options @ ..] => {
            let plan = Plan::parse(options, 1.0)?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            println!("{}", runtime.block_on(compare::compare(base, head, Path::new(directory), &plan))?);
            Ok(())
        }
        ["limits", directory, seconds] => {
            let limits = limits::all(Path::new(directory), Duration::from_secs_f64(seconds.parse()?))?;
            println!("{}", serde_json::to_string(&limits)?);
            Ok(())
        }
        // As many threads as cores it may use, like the server: one.
        ["bare", port] => {
            tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(limits::bare_server(port.parse()?))
        }
        _ => bail!("use benches/run, or read the head of benches/load/src/main.rs"),
    }
}

/// How long, and what.
struct Plan {
    seconds: f64,
    scenarios: Vec<Scenario>,
    /// How often two builds are compared.
    pairs: usize,
}

impl Plan {
    fn parse(options: &[&str], seconds: f64) -> Result<Self> {
        let mut plan = Self { seconds, scenarios: SCENARIOS.to_vec(), pairs: 10 };
        for pair in options.chunks(2) {
            match pair {
                ["--seconds", value] => plan.seconds = value.parse().context("--seconds")?,
                ["--pairs", value] => plan.pairs = value.parse().context("--pairs")?,
                ["--only", names] => {
                    let wanted: Vec<&str> = names.split(',').map(str::trim).collect();
                    plan.scenarios.retain(|scenario| wanted.iter().any(|name| scenario.name().contains(name)));
                }
                _ => bail!("unknown option: {}", pair.join(" ")),
            }
        }
        ensure!(plan.seconds > 0.0 && plan.seconds <= 10.0, "--seconds: between 0 and 10");
        ensure!((1..=100).contains(&plan.pairs), "--pairs: between 1 and 100");
        ensure!(!plan.scenarios.is_empty(), "--only names no scenario");
        Ok(plan)
    }

    fn length(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }
}

async fn run(installation: &Installation, plan: &Plan) -> Result<Report> {
    eprintln!("limits of this machine …");
    let limits = measure_limits(&installation.directory, plan.seconds.min(3.0))?;
    let mut samples = vec![measure_bare(&installation.directory, plan).await?];

    std::fs::write(installation.directory.join("config.toml"), SITES)?;
    eprintln!("starts …");
    let (running, first_start) = installation.start().await?;
    running.stop().await?;
    let (mut world, mut workers) = scenarios::register(installation, CONNECTIONS)?;
    let mut starts = Vec::new();
    let mut stop = Duration::ZERO;
    for _ in 1..STARTS {
        let (running, start) = installation.start().await?;
        starts.push(start);
        stop = running.stop().await?;
    }
    let (running, start) = installation.start().await?;
    starts.push(start);
    starts.sort_unstable();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let rss_idle = running.memory("VmRSS")?;

    eprintln!("signing {CONNECTIONS} people in …");
    scenarios::prepare(&mut world, &mut workers, SEVERAL_TOKENS).await?;
    for &scenario in &plan.scenarios {
        samples.push(measure(scenario, &world, &mut workers, &running.pid(), plan).await?);
    }
    let mut at_a_rate = Vec::new();
    for scenario in AT_A_RATE.into_iter().filter(|scenario| plan.scenarios.contains(scenario)) {
        at_a_rate.push((scenario, measure_at_a_rate(scenario, &world, &mut workers, &running.pid(), plan).await?));
    }
    let (rss_loaded, rss_peak) = (running.memory("VmRSS")?, running.memory("VmHWM")?);
    running.stop().await?;
    Ok(Report {
        machine: machine(&installation.directory),
        seconds: plan.seconds,
        first_start,
        starts,
        stop,
        rss_idle,
        rss_loaded,
        rss_peak,
        limits,
        samples,
        rate: RATE,
        at_a_rate,
    })
}

/// One scenario at one connection, then at all.
async fn measure(
    scenario: Scenario,
    world: &World,
    workers: &mut [Worker],
    pid: &str,
    plan: &Plan,
) -> Result<(Scenario, Sample, Sample)> {
    let mut both = Vec::new();
    for connections in [1, CONNECTIONS] {
        let workers = workers.get_mut(..connections).context("too few workers")?;
        workers.iter_mut().for_each(Worker::reconnect);
        let step = async |worker: &mut Worker| scenarios::step(scenario, world, worker).await;
        let what = || format!("{}, connections: {connections}", scenario.name());
        drive(workers, Pace::Fast, plan.length().min(Duration::from_millis(300)), pid, step).await.with_context(what)?; // warm
        let sample = drive(workers, Pace::Fast, plan.length(), pid, step).await.with_context(what)?;
        eprintln!("{:<36} {:>8.0}/s  CPU {:.4} s per 1,000", what(), sample.per_second(), sample.cpu_per_thousand());
        both.push(sample);
    }
    let many = both.pop().unwrap_or_default();
    Ok((scenario, both.pop().unwrap_or_default(), many))
}

/// One scenario at [`RATE`] requests a second, over all connections.
async fn measure_at_a_rate(scenario: Scenario, world: &World, workers: &mut [Worker], pid: &str, plan: &Plan) -> Result<Sample> {
    workers.iter_mut().for_each(Worker::reconnect);
    let step = async |worker: &mut Worker| scenarios::step(scenario, world, worker).await;
    drive(workers, Pace::Rate(RATE), Duration::from_millis(300), pid, step).await?; // warm, and connected
    let sample = drive(workers, Pace::Rate(RATE), plan.length(), pid, step).await?;
    eprintln!("{} at {RATE} a second: {:.0}/s, p99 {:?}", scenario.name(), sample.per_second(), sample.p99);
    Ok(sample)
}

/// The limits are measured by this program again, on the server's core.
fn measure_limits(directory: &Path, seconds: f64) -> Result<Vec<Limit>> {
    let output = pinned(&std::env::current_exe()?)
        .arg("limits")
        .arg(directory)
        .arg(seconds.to_string())
        .stderr(std::process::Stdio::inherit())
        .output()
        .context("taskset (util-linux)")?;
    ensure!(output.status.success(), "measuring the limits failed");
    Ok(serde_json::from_slice(&output.stdout)?)
}

async fn measure_bare(directory: &Path, plan: &Plan) -> Result<(Scenario, Sample, Sample)> {
    let port = free_port()?;
    let mut command = pinned(&std::env::current_exe()?);
    command.args(["bare", &port.to_string()]);
    let (running, _) = launch(command, port, &directory.join("bare.log")).await?;
    let mut workers: Vec<Worker> = (0..CONNECTIONS).map(|_| Worker::anonymous(port)).collect();
    measure(Scenario::Health, &World::default(), &mut workers, &running.pid(), plan).await
}

/// The machine, as far as it explains the numbers.
fn machine(directory: &Path) -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map_or("", |(_, model)| model);
    let cores = cpu.lines().filter(|line| line.starts_with("processor")).count();
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let output = std::process::Command::new("stat").args(["-f", "-c", "%T"]).arg(directory).output();
    let filesystem = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    format!("{cores} × {model}, Linux {}, data on {filesystem}.", kernel.trim())
}
