//! The results as markdown.

use std::fmt::Write as _;
use std::time::Duration;

use crate::limits::{self, Limit};
use crate::measure::Sample;
use crate::scenarios::Scenario;

/// Everything one run measured.
pub struct Report {
    pub machine: String,
    pub seconds: f64,
    pub first_start: Duration,
    /// Later starts, sorted.
    pub starts: Vec<Duration>,
    pub stop: Duration,
    pub rss_idle: f64,
    pub rss_loaded: f64,
    pub rss_peak: f64,
    pub limits: Vec<Limit>,
    /// The bare handler first, then the scenarios: at 1 connection and at 16.
    pub samples: Vec<(Scenario, Sample, Sample)>,
    /// Requests a second of the following.
    pub rate: f64,
    pub at_a_rate: Vec<(Scenario, Sample)>,
}

/// CPU seconds per 1,000 operations of the cheapest axum and `SQLite` server that does only the unavoidable work
/// (ES256), measured once on a two-core machine. For orientation: this machine's parts are in the table beside it.
fn orientation(scenario: Scenario) -> Option<f64> {
    match scenario {
        Scenario::Discovery => Some(0.007),
        Scenario::ClientCredentials => Some(0.025),
        Scenario::Introspection | Scenario::UserInfo | Scenario::UserInfoMany => Some(0.013),
        Scenario::Refresh => Some(0.067),
        Scenario::Code => Some(0.15),
        Scenario::Health
        | Scenario::Jwks
        | Scenario::Session
        | Scenario::Verify
        | Scenario::SignIn
        | Scenario::MailCode
        | Scenario::SmsCode => None,
    }
}

impl Report {
    fn limit(&self, name: &str) -> f64 {
        self.limits.iter().find(|limit| limit.name == name).map_or(f64::NAN, |limit| limit.cpu_per_thousand)
    }

    fn bare(&self) -> f64 {
        let bare = self.samples.iter().find(|(scenario, _, _)| *scenario == Scenario::Health);
        bare.map_or(f64::NAN, |(_, _, many)| many.cpu_per_thousand())
    }

    /// The unavoidable parts of a scenario, priced by this run's limits.
    fn parts(&self, scenario: Scenario) -> f64 {
        let sign = self.limit(limits::ES256_SIGN);
        let (read, row) = (self.limit(limits::READ), self.limit(limits::ROW));
        let bare = self.bare();
        match scenario {
            Scenario::Health | Scenario::Discovery | Scenario::Jwks => bare,
            Scenario::ClientCredentials => bare + sign,
            Scenario::Refresh => bare + read + row + 2.0 * sign,
            // One look-up tells whether a token of ours is alive; its signature needs no second proof.
            Scenario::Introspection | Scenario::UserInfo | Scenario::UserInfoMany | Scenario::Session => bare + read,
            Scenario::Verify => bare + read + sign,
            Scenario::Code => 2.0 * (bare + read + row + sign),
            Scenario::SignIn => bare + read + row + self.limit(limits::HASH),
            // The journey and its message; then the session.
            Scenario::MailCode | Scenario::SmsCode => 2.0 * (bare + read + row) + row,
        }
    }

    /// The whole report.
    pub fn markdown(&self) -> String {
        let mut out = String::new();
        // Writing into a String cannot fail.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "# Benchmarks\n")?;
        writeln!(
            out,
            "Made by `benches/run`; {} s a scenario. Server and load generator have one core each; release build, \
             SQLite with `synchronous=FULL`, limits off.\n",
            self.seconds
        )?;
        writeln!(out, "{}\n", self.machine)?;
        self.process(out)?;
        self.scenarios(out)?;
        self.machine_limits(out)
    }

    fn process(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "## The process\n\n| | value | aim |\n|---|--:|--:|")?;
        writeln!(out, "| first start, empty directory, to the first 200 | {} ms | |", ms(self.first_start))?;
        let median = self.starts.get(self.starts.len() / 2).copied().unwrap_or_default();
        let (fastest, slowest) =
            (self.starts.first().copied().unwrap_or_default(), self.starts.last().copied().unwrap_or_default());
        writeln!(
            out,
            "| start to the first 200, median of {} ({}–{}) | {} ms | 100 ms |",
            self.starts.len(),
            ms(fastest),
            ms(slowest),
            ms(median)
        )?;
        writeln!(out, "| stop after SIGTERM, idle | {} ms | |", ms(self.stop))?;
        writeln!(out, "| resident memory, idle | {:.1} MiB | 30 MiB |", self.rss_idle)?;
        writeln!(out, "| resident memory after the load | {:.1} MiB | |", self.rss_loaded)?;
        writeln!(out, "| resident memory, highest | {:.1} MiB | |\n", self.rss_peak)
    }

    fn scenarios(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "## Scenarios\n")?;
        writeln!(
            out,
            "CPU is the server's, in seconds per 1,000 operations at 16 connections. *Parts* is the sum of a scenario's \
             unavoidable work at this run's limits; *reference* is the cheapest axum + SQLite server that does only that \
             work, measured once on another two-core machine. Under about 90 % busy, the generator or the disk was the limit.\n"
        )?;
        writeln!(
            out,
            "| scenario | 1: req/s | 1: p50 ms | 1: p99 ms | 1: CPU | 16: req/s | 16: p50 ms | 16: p99 ms | 16: busy | 16: CPU | ÷ bare axum | ÷ parts | ÷ reference |"
        )?;
        writeln!(out, "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")?;
        for (scenario, one, many) in &self.samples {
            let cpu = many.cpu_per_thousand();
            let reference = orientation(*scenario).map_or_else(String::new, |value| format!("{:.2}", cpu / value));
            writeln!(
                out,
                "| {} | {:.0} | {} | {} | {} | {:.0} | {} | {} | {:.0} % | {} | {:.2} | {:.2} | {reference} |",
                scenario.name(),
                one.per_second(),
                ms(one.p50),
                ms(one.p99),
                digits(one.cpu_per_thousand()),
                many.per_second(),
                ms(many.p50),
                ms(many.p99),
                many.busy() * 100.0,
                digits(cpu),
                cpu / self.bare(),
                cpu / self.parts(*scenario),
            )?;
        }
        if let Some((_, one, many)) = self.samples.iter().find(|(scenario, _, _)| *scenario == Scenario::SignIn) {
            let hash = self.limit(limits::HASH);
            writeln!(
                out,
                "\nA password sign-in costs {:.2} argon2id hashes of CPU at 1 connection and {:.2} at 16 (aim: 1.1).",
                one.cpu_per_thousand() / hash,
                many.cpu_per_thousand() / hash
            )?;
        }
        for (scenario, one, many) in &self.samples {
            if matches!(scenario, Scenario::MailCode | Scenario::SmsCode) {
                writeln!(
                    out,
                    "\nA {} costs {} ms of CPU at 1 connection and {} ms at 16, its message included (aim: 2 ms).",
                    scenario.name(),
                    digits(one.cpu_per_thousand()),
                    digits(many.cpu_per_thousand()),
                )?;
            }
        }
        for (scenario, sample) in &self.at_a_rate {
            writeln!(
                out,
                "\n{} at {} requests a second: p50 {} ms, p99 {} ms (aim: 2 ms); the core is {:.0} % busy.",
                scenario.name(),
                self.rate,
                ms(sample.p50),
                ms(sample.p99),
                sample.busy() * 100.0
            )?;
        }
        writeln!(out)
    }

    fn machine_limits(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "## Limits of this machine, on the server's core\n")?;
        writeln!(out, "p50 and p99 are of one call; a shared commit is one call.\n")?;
        writeln!(out, "| limit | a second | CPU s per 1,000 | p50 ms | p99 ms |\n|---|--:|--:|--:|--:|")?;
        for limit in &self.limits {
            writeln!(
                out,
                "| {} | {:.0} | {} | {} | {} |",
                limit.name,
                limit.per_second,
                digits(limit.cpu_per_thousand),
                digits(limit.p50_ms),
                digits(limit.p99_ms)
            )?;
        }
        Ok(())
    }
}

fn ms(duration: Duration) -> String {
    digits(duration.as_secs_f64() * 1000.0)
}

/// Three digits that matter, whatever the size.
fn digits(value: f64) -> String {
    let decimals = match value {
        value if value >= 100.0 => 0,
        value if value >= 10.0 => 1,
        value if value >= 1.0 => 2,
        value if value >= 0.1 => 3,
        _ => 4,
    };
    format!("{value:.decimals$}")
}
