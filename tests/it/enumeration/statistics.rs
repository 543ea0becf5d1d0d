//! Whether two sets of times come from one distribution: the Mann-Whitney test, which asks nothing of their form and is not upset by the few
//! that took long.

use std::fmt;

/// Of a hundred measurements without any difference, this part seems to have one. Such a one is measured again, so that 16 ways raise a
/// false alarm in one run of a thousand.
pub const LEVEL: f64 = 0.01;

#[derive(Clone, Copy, Debug)]
pub struct Verdict {
    /// Medians, in microseconds.
    pub known: f64,
    pub unknown: f64,
    /// How much longer known ones take: the median of the differences of all pairs (Hodges and Lehmann), from a thousand quantiles.
    pub shift: f64,
    /// Standard deviations from what chance would give; positive if known ones take longer.
    pub z: f64,
    /// How often chance alone gives as much.
    pub p: f64,
}

impl Verdict {
    pub fn differs(&self) -> bool {
        self.p < LEVEL
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>12.1} {:>12.1} {:>+10.1} {:>+8.2} {:>8.4}", self.known, self.unknown, self.shift, self.z, self.p)
    }
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap())
}

fn sorted(times: &[f64]) -> Vec<f64> {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times
}

fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) { f64::midpoint(sorted[middle - 1], sorted[middle]) } else { sorted[middle] }
}

pub fn compare(known: &[f64], unknown: &[f64]) -> Verdict {
    let (one, two) = (sorted(known), sorted(unknown));
    // How many pairs have the known one later; a tie counts half.
    let (mut below, mut same) = (0, 0);
    let mut u = 0.0;
    for time in &one {
        while below < two.len() && two[below].total_cmp(time).is_lt() {
            below += 1;
        }
        same = same.max(below);
        while same < two.len() && two[same].total_cmp(time).is_le() {
            same += 1;
        }
        u += count(below) + count(same - below) / 2.0;
    }
    let (n, m) = (count(one.len()), count(two.len()));
    let z = (u - n * m / 2.0) / (n * m * (n + m + 1.0) / 12.0).sqrt();
    let thin = |times: &[f64]| -> Vec<f64> { times.iter().copied().step_by((times.len() / 200).max(1)).collect() };
    let (few, others) = (thin(&one), thin(&two));
    let differences: Vec<f64> = few.iter().flat_map(|known| others.iter().map(move |unknown| known - unknown)).collect();
    Verdict { known: median(&one), unknown: median(&two), shift: median(&sorted(&differences)), z, p: two_sided(z) }
}

/// Abramowitz and Stegun 7.1.26: off by less than 2e-7.
fn two_sided(z: f64) -> f64 {
    let x = z.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let poly = t * (0.254_829_592 + t * (-0.284_496_736 + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    poly * (-x * x).exp()
}

#[test]
fn it_sees_a_difference_and_not_what_is_none() {
    let random = vestibule::crypto::random::Random::seeded(7);
    let draw = |more: f64| -> Vec<f64> { (0..2000).map(|_| 100.0 + f64::from(random.bytes::<1>()[0]) + more).collect() };
    let none = compare(&draw(0.0), &draw(0.0));
    assert!(none.z.abs() < 3.5, "{none}");
    let some = compare(&draw(12.0), &draw(0.0));
    assert!(some.differs() && some.z > 0.0 && (some.shift - 12.0).abs() < 8.0, "{some}");
    assert!((two_sided(1.96) - 0.05).abs() < 0.001 && (two_sided(0.0) - 1.0).abs() < 1e-6);
}
