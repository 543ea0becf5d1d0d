//! Answers to forms leave at even times, so that what took a little longer, such as reading a row that is there, cannot be measured.

use std::time::Duration;

use axum::extract::Request;
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::{Instant, sleep_until};

/// Answers leave at a multiple of this after their request came. Known and unknown people differed by about a tenth of a millisecond in an
/// unoptimised build (`tests/run enumeration`): a hundredth of it, so that chance moves more answers across a step than the difference does.
/// People do not notice it, and it costs no CPU.
const STEP: Duration = Duration::from_millis(10);

/// Every form of the pages: there is no list to forget one in.
pub(super) async fn evenly(request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let begin = Instant::now();
    let response = next.run(request).await;
    sleep_until(begin + even(begin.elapsed())).await;
    response
}

/// The next multiple of [`STEP`].
fn even(elapsed: Duration) -> Duration {
    let steps = elapsed.as_nanos().div_ceil(STEP.as_nanos());
    STEP.saturating_mul(u32::try_from(steps).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_become_steps() {
        for (elapsed, expected) in [(1, 10_000), (4_000, 10_000), (10_000, 10_000), (10_001, 20_000), (123_456, 130_000)] {
            assert_eq!(even(Duration::from_micros(elapsed)), Duration::from_micros(expected));
        }
    }
}
