//! What the kernel knows of this process, under the names that Prometheus' own libraries give it. Read at each scrape; where there is no `/proc`,
//! there is nothing.

use std::fmt;
use std::fs::{read_dir, read_to_string};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

#[derive(Debug)]
pub(super) struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Some(found) = Found::read() else { return Ok(()) };
        let cpu = encoder.encode_descriptor("process_cpu_seconds", "CPU time used.", None, MetricType::Counter)?;
        ConstCounter::new(found.cpu_seconds).encode(cpu)?;
        for (name, help, value) in [
            ("process_start_time_seconds", "When the process began, in Unix time.", found.started),
            ("process_resident_memory_bytes", "Memory in use.", found.resident),
            ("process_virtual_memory_bytes", "Address space in use.", found.virtual_memory),
            ("process_open_fds", "Files and connections that are open.", found.open_files),
            ("process_max_fds", "How many may be.", found.most_files),
        ] {
            let descriptor = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(value).encode(descriptor)?;
        }
        Ok(())
    }
}

struct Found {
    cpu_seconds: f64,
    started: i64,
    resident: i64,
    virtual_memory: i64,
    open_files: i64,
    most_files: i64,
}

impl Found {
    /// By proc(5).
    fn read() -> Option<Self> {
        let stat = read_to_string("/proc/self/stat").ok()?;
        // The name in brackets may hold anything; field 3 follows it.
        let (_, rest) = stat.rsplit_once(')')?;
        let field = |number: usize| rest.split_ascii_whitespace().nth(number - 3)?.parse::<u64>().ok();
        let ticks = rustix::param::clock_ticks_per_second().max(1);
        let used = field(14)? + field(15)?;
        let boot = read_to_string("/proc/stat").ok()?;
        let boot: u64 = boot.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
        let page = u64::try_from(rustix::param::page_size()).ok()?;
        let limits = read_to_string("/proc/self/limits").ok()?;
        let files = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?.split_ascii_whitespace().next()?;
        // One of them is the directory that is being read.
        let open_files = read_dir("/proc/self/fd").ok()?.count().saturating_sub(1);
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        Some(Self {
            cpu_seconds: std::time::Duration::from_millis(used * 1000 / ticks).as_secs_f64(),
            started: number(boot + field(22)? / ticks),
            resident: number(field(24)? * page),
            virtual_memory: number(field(23)?),
            open_files: i64::try_from(open_files).ok()?,
            most_files: files.parse().unwrap_or(i64::MAX),
        })
    }
}
