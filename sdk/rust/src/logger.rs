//! The `log` crate's way to the host: records cross with target, message and fields.

use log::kv::{self, Key, Value, VisitSource};
use log::{Log, Metadata, Record};

use crate::host;

/// Puts the logger in place, and asks the host once how much it wants to hear. A
/// logger the author installed first stays.
pub(crate) fn install() {
    if log::set_logger(&Logger).is_ok() {
        log::set_max_level(host::log_max_level().to_level_filter());
    }
}

struct Logger;

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let message = record.args().to_string();
            host::log(record.level(), record.target(), &message, &fields(record));
        }
    }

    fn flush(&self) {}
}

fn fields(record: &Record<'_>) -> Vec<(String, String)> {
    let mut fields = Fields(Vec::new());
    // Only a visitor can fail here, and ours does not.
    let _ = record.key_values().visit(&mut fields);
    fields.0
}

struct Fields(Vec<(String, String)>);

impl<'kvs> VisitSource<'kvs> for Fields {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), kv::Error> {
        self.0.push((key.to_string(), value.to_string()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_text_in_the_order_written() {
        let pairs = [("left", Value::from(3)), ("pod", Value::from("web-0"))];
        let record = Record::builder().key_values(&pairs).build();
        let expected = [("left", "3"), ("pod", "web-0")].map(|(k, v)| (k.into(), v.into()));
        assert_eq!(fields(&record), expected);
    }
}
