//! Numbers for the bodies that are sent to platforms: written by their characters, never through a float.

use domain::money::Amount;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// A decimal number as JSON, digit for digit.
#[derive(Clone, Debug)]
pub(crate) struct Number(Box<RawValue>);

impl Number {
    /// The number of an amount; its plain notation is a JSON number (RFC 8259 6) as it is.
    pub(crate) fn of(amount: &Amount) -> Self {
        Self(RawValue::from_string(amount.as_str().to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned()))
    }

    /// 0, by which many platforms mean "none".
    pub(crate) fn zero() -> Self {
        Self(RawValue::from_string("0".to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned()))
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_their_digits() {
        for text in ["0", "10.50", "-3.1000", "100000000000000000000.01"] {
            assert_eq!(serde_json::to_string(&Number::of(&text.parse().unwrap())).unwrap(), text);
        }
        assert_eq!(serde_json::to_string(&Number::zero()).unwrap(), "0");
    }
}
