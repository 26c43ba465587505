//! What the service counts, for Prometheus.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use metrics::{Gauge, counter, gauge, histogram, with_local_recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};

/// The upper bounds of the duration histogram, in seconds: from well under to well over the time of one answer.
const DURATION_BUCKETS_S: [f64; 11] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 10.0,
];

/// How often the samples of the histogram are folded into its buckets, in requests, where nobody scrapes them.
const UPKEEP_EVERY: u64 = 4096;

/// The counters of one service; shared by its workers.
pub(crate) struct Telemetry {
    recorder: PrometheusRecorder,
    in_flight: Gauge,
    answered: AtomicU64,
}

/// One request being answered; it stops counting when dropped, also where the client went away.
pub(crate) struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

impl Telemetry {
    pub(crate) fn new() -> Self {
        // Only an empty list of buckets is refused.
        let recorder = PrometheusBuilder::new()
            .set_buckets(&DURATION_BUCKETS_S)
            .unwrap_or_default()
            .build_recorder();
        let in_flight = with_local_recorder(&recorder, || {
            metrics::describe_counter!("alongside_http_requests_total", "Requests answered.");
            metrics::describe_histogram!(
                "alongside_http_request_duration_seconds",
                "Time to answer, in seconds."
            );
            metrics::describe_gauge!(
                "alongside_http_requests_in_flight",
                "Requests being answered."
            );
            metrics::describe_gauge!(
                "alongside_snapshot_revision",
                "The last write that scoring sees."
            );
            gauge!("alongside_http_requests_in_flight")
        });
        Self {
            recorder,
            in_flight,
            answered: AtomicU64::new(0),
        }
    }

    /// Counts a request that begins.
    pub(crate) fn begin(&self) -> InFlight {
        self.in_flight.increment(1.0);
        InFlight(self.in_flight.clone())
    }

    /// Counts a request that is answered. `operation` is a path template, so that its values are few.
    pub(crate) fn answered(
        &self,
        operation: String,
        method: &'static str,
        status: u16,
        duration: Duration,
    ) {
        let status = status.to_string();
        with_local_recorder(&self.recorder, || {
            let labels = [
                ("operation", operation),
                ("method", method.to_owned()),
                ("status", status),
            ];
            // Without the status, which would multiply its dozen series.
            histogram!("alongside_http_request_duration_seconds", &labels[..2])
                .record(duration.as_secs_f64());
            counter!("alongside_http_requests_total", &labels).increment(1);
        });
        if self.answered.fetch_add(1, Ordering::Relaxed) % UPKEEP_EVERY == UPKEEP_EVERY - 1 {
            self.recorder.handle().run_upkeep();
        }
    }

    /// Everything counted, in the text format of Prometheus. Anybody may read it, so nothing of it counts what was told to whom.
    pub(crate) fn render(&self, snapshot_revision: u64) -> String {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a gauge is a double; a revision stays far below 2^53"
        )]
        let revision = snapshot_revision as f64;
        with_local_recorder(&self.recorder, || {
            gauge!("alongside_snapshot_revision").set(revision);
        });
        self.recorder.handle().render()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_operation_method_and_status() {
        let telemetry = Telemetry::new();
        let held = telemetry.begin();
        telemetry.answered(
            "/api/v1/method".into(),
            "GET",
            200,
            Duration::from_millis(2),
        );
        let text = telemetry.render(7);
        for line in [
            r#"alongside_http_requests_total{operation="/api/v1/method",method="GET",status="200"} 1"#,
            r#"alongside_http_request_duration_seconds_bucket{operation="/api/v1/method",method="GET",le="0.0025"} 1"#,
            "alongside_http_requests_in_flight 1",
            "alongside_snapshot_revision 7",
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
        drop(held);
        assert!(
            telemetry
                .render(7)
                .contains("alongside_http_requests_in_flight 0")
        );
    }
}
