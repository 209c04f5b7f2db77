//! What a contender used of AWS, in the units of the price list.

use serde_json::{Map, Value, json};

/// Bytes of one write unit.
const WRITE_UNIT: usize = 1_024;
/// Bytes of one strongly consistent read unit.
const READ_UNIT: usize = 4_096;
/// Bytes of one billed request of SQS.
const QUEUE_UNIT: usize = 65_536;

/// Units since the beginning.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Used {
    /// Requests of any service.
    pub(crate) requests: u64,
    /// DynamoDB's write units.
    pub(crate) writes: f64,
    /// DynamoDB's read units.
    pub(crate) reads: f64,
    /// SQS's requests as they are billed: one for each 64 KiB of messages.
    pub(crate) sends: u64,
    /// Calls of KMS.
    pub(crate) keys: u64,
}

impl Used {
    /// Adds a write of an item.
    pub(crate) fn write(&mut self, item: &Map<String, Value>) {
        self.writes += size(item).div_ceil(WRITE_UNIT).max(1) as f64;
    }

    /// Adds a read of items together, as a query counts them.
    pub(crate) fn read(&mut self, items: &[&Map<String, Value>], asked: &Value) {
        let bytes: usize = items.iter().copied().map(size).sum();
        let units = bytes.div_ceil(READ_UNIT).max(1) as f64;
        self.reads += if asked["ConsistentRead"] == true { units } else { units / 2.0 };
    }

    /// Adds a request of a queue with so many bytes of messages.
    pub(crate) fn send(&mut self, bytes: usize) {
        self.sends += bytes.div_ceil(QUEUE_UNIT).max(1) as u64;
    }

    /// What was used since `before`.
    pub(crate) fn since(self, before: Self) -> Value {
        json!({
            "requests": self.requests - before.requests, "writes": self.writes - before.writes,
            "reads": self.reads - before.reads, "sends": self.sends - before.sends, "keys": self.keys - before.keys,
        })
    }
}

/// What an item weighs, as DynamoDB's guide counts it.
fn size(item: &Map<String, Value>) -> usize {
    item.iter().map(|(name, value)| name.len() + weight(value)).sum()
}

fn weight(attribute: &Value) -> usize {
    let Some((kind, value)) = attribute.as_object().and_then(|attribute| attribute.iter().next()) else { return 0 };
    let length = value.as_str().map_or(0, str::len);
    match kind.as_str() {
        "S" => length,
        // Two digits a byte, and one more.
        "N" => length.div_ceil(2) + 1,
        // Base64.
        "B" => length / 4 * 3,
        "L" => 3 + value.as_array().into_iter().flatten().map(|inner| 1 + weight(inner)).sum::<usize>(),
        "M" => 3 + value.as_object().map_or(0, |inner| inner.len() + size(inner)),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_counted_as_the_guide_says() {
        let item = |length: usize| {
            let value = json!({ "pk": { "S": "x".repeat(length) } });
            value.as_object().cloned().unwrap_or_default()
        };
        let mut used = Used::default();
        used.write(&item(1_022));
        used.write(&item(1_023));
        used.read(&[&item(4_094)], &json!({ "ConsistentRead": true }));
        used.read(&[&item(4_094), &item(1)], &json!({}));
        used.read(&[], &json!({}));
        used.send(65_536);
        used.send(65_537);
        assert_eq!((used.writes, used.reads, used.sends), (3.0, 2.5, 3));
        assert_eq!(
            weight(&json!({ "L": [{ "N": "123" }, { "M": { "a": { "BOOL": true } } }] })),
            3 + 4 + 1 + (3 + 1 + 2)
        );
    }
}
