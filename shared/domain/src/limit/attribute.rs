//! The names under which snapshots stand in a key's item: short, because every byte of it is written with every call.
//!
//! `f` and the number of a fine snapshot's 50 ms, `d` and the number of an hourly one's hour, both counted from 2026 on. No other
//! attribute of the item is one of these letters followed by digits.

use super::{BUCKET_MILLIS, HOUR_MILLIS};

/// 2026-01-01T00:00:00Z in milliseconds since 1970.
const EPOCH_MILLIS: u64 = 1_767_225_600_000;
const FIRST_BUCKET: u64 = EPOCH_MILLIS / BUCKET_MILLIS;
const FIRST_HOUR: u64 = EPOCH_MILLIS / HOUR_MILLIS;

/// The first letter of a fine snapshot's name.
pub const FINE: char = 'f';
/// The first letter of an hourly snapshot's name.
pub const HOUR: char = 'd';

/// A snapshot, as its attribute's name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Snapshot {
    /// Of the 50 ms with this number since 1970.
    Fine(u64),
    /// Of the hour with this number since 1970.
    Hour(u64),
}

impl Snapshot {
    /// The attribute's name. A time before 2026 has the name of its first moment.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Fine(bucket) => format!("{FINE}{}", bucket.saturating_sub(FIRST_BUCKET)),
            Self::Hour(hour) => format!("{HOUR}{}", hour.saturating_sub(FIRST_HOUR)),
        }
    }

    /// Reads a name; nothing for a name that is not a snapshot's.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let number = |digits: &str, first: u64| digits.parse::<u64>().ok()?.checked_add(first);
        let snapshot = match name.strip_prefix(FINE) {
            Some(digits) => Self::Fine(number(digits, FIRST_BUCKET)?),
            None => Self::Hour(number(name.strip_prefix(HOUR)?, FIRST_HOUR)?),
        };
        // One spelling a snapshot: `+1` and leading zeros are someone else's attributes.
        (snapshot.name() == name).then_some(snapshot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_short_and_fixed() {
        // 2026-11-21T22:00:00Z
        let now = 1_795_298_400_000_u64;
        assert_eq!(Snapshot::Fine(now / 50).name(), "f561456000");
        assert_eq!(Snapshot::Hour(now / 3_600_000).name(), "d7798");
    }

    #[test]
    fn other_attributes_are_no_snapshots() {
        for name in ["pk", "n", "", "f", "f-1", "d+1", "f01", "fz", "f 1", "f18446744073709551615", "fééé"] {
            assert_eq!(Snapshot::parse(name), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn a_name_reads_back(after: u32, hour: bool) {
            let snapshot = if hour { Snapshot::Hour(FIRST_HOUR + u64::from(after)) } else { Snapshot::Fine(FIRST_BUCKET + u64::from(after)) };
            prop_assert_eq!(Snapshot::parse(&snapshot.name()), Some(snapshot));
        }
    }
}
