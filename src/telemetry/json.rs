//! Lines of the log as JSON, flat: what an event says, and what every span around it says, down to the outermost. A request's `operation`
//! and `address` are found in each of its lines, however deep in the program the line was made.

use std::fmt;

use serde_json::{Map, Value};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime as Now};
use tracing_subscriber::fmt::{FmtContext, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// These stand in front, for filters that read lines as text.
const FIRST: [&str; 3] = ["message", "operation", "address"];

/// Fields are written by [`tracing_subscriber::fmt::format::JsonFields`].
pub(super) struct Flat;

impl<S, N> FormatEvent<S, N> for Flat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut fields = Map::new();
        for span in context.event_scope().into_iter().flat_map(tracing_subscriber::registry::Scope::from_root) {
            if let Some(own) = span.extensions().get::<FormattedFields<N>>() {
                take(&mut fields, &own.fields);
            }
        }
        let mut own = String::new();
        context.format_fields(Writer::new(&mut own), event)?;
        // What the event itself says goes before what is around it.
        take(&mut fields, &own);
        let mut time = String::new();
        Now.format_time(&mut Writer::new(&mut time))?;
        let metadata = event.metadata();
        write!(writer, r#"{{"timestamp":"{time}","level":"{}","target":"{}""#, metadata.level(), metadata.target())?;
        let found = FIRST.iter().filter_map(|name| fields.get_key_value(*name));
        for (name, value) in found.chain(fields.iter().filter(|(name, _)| !FIRST.contains(&name.as_str()))) {
            write!(writer, ",{}:{value}", Value::from(name.as_str()))?;
        }
        writeln!(writer, "}}")
    }
}

fn take(fields: &mut Map<String, Value>, text: &str) {
    if let Ok(found) = serde_json::from_str::<Map<String, Value>>(text) {
        fields.extend(found);
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing::subscriber::with_default;

    use super::*;

    #[derive(Clone, Default)]
    struct Out(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Out {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_has_what_every_span_around_it_says() {
        let out = Out::default();
        let writer = out.clone();
        let subscriber = tracing_subscriber::fmt().json().event_format(Flat).with_writer(move || writer.clone()).finish();
        with_default(subscriber, || {
            let request = tracing::error_span!("request", operation = "op1", address = %"192.0.2.1", route = "/login").entered();
            let inner = tracing::info_span!("provider", provider = "google", route = "inner").entered();
            tracing::warn!(kind = "a \"quoted\"\nkind", count = 3, "said");
            drop(inner);
            drop(request);
            tracing::info!("outside");
        });
        let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
        let [first, second] = text.lines().collect::<Vec<_>>()[..] else { panic!("two lines: {text}") };
        let head = r#""target":"vestibule::telemetry::json::tests","message":"said","operation":"op1","address":"192.0.2.1","#;
        assert!(first.contains(&format!(r#""level":"WARN",{head}"#)), "{first}");
        let first: Value = serde_json::from_str(first).unwrap();
        assert_eq!((&first["kind"], &first["count"]), (&Value::from("a \"quoted\"\nkind"), &Value::from(3)));
        assert_eq!((&first["provider"], &first["route"]), (&Value::from("google"), &Value::from("inner")));
        let second: Value = serde_json::from_str(second).unwrap();
        assert_eq!((&second["message"], second.get("operation")), (&Value::from("outside"), None));
    }
}
