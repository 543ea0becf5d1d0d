//! A number that is not there until something has set it: what an installation does not have (other nodes, text messages) is no series of zeros.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use prometheus_client::encoding::{EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;

#[derive(Clone, Debug, Default)]
pub(super) struct Seen<M> {
    metric: M,
    seen: Arc<AtomicBool>,
}

impl<M> Seen<M> {
    /// The number, which is there from now on.
    pub(super) fn now(&self) -> &M {
        self.seen.store(true, Ordering::Relaxed);
        &self.metric
    }
}

impl<M: EncodeMetric> EncodeMetric for Seen<M> {
    fn encode(&self, encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        self.metric.encode(encoder)
    }

    fn metric_type(&self) -> MetricType {
        self.metric.metric_type()
    }

    fn is_empty(&self) -> bool {
        !self.seen.load(Ordering::Relaxed)
    }
}
