//! The names under which snapshots stand in a key's item: short, because every byte of it is written with every call.
//!
//! `f` and seven base-36 digits for a fine snapshot, `d` and four for an hourly one. No other attribute of the item starts with
//! either letter.

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

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
    /// The attribute's name.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Fine(bucket) => encode(FINE, bucket),
            Self::Hour(hour) => encode(HOUR, hour),
        }
    }

    /// Reads a name; nothing for a name that is not a snapshot's.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let number = |digits| u64::from_str_radix(digits, 36).ok();
        let snapshot = match name.strip_prefix(FINE) {
            Some(digits) => Self::Fine(number(digits)?),
            None => Self::Hour(number(name.strip_prefix(HOUR)?)?),
        };
        // One spelling a snapshot: `+1`, leading zeros and capitals are someone else's attributes.
        (snapshot.name() == name).then_some(snapshot)
    }
}

fn encode(prefix: char, mut number: u64) -> String {
    let mut digits = Vec::new();
    while number > 0 {
        digits.push(char::from(DIGITS[(number % 36) as usize]));
        number /= 36;
    }
    let mut name = String::with_capacity(1 + digits.len());
    name.push(prefix);
    name.extend(digits.iter().rev());
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_short_and_fixed() {
        // 2026-11-21T22:00:00Z
        let now = 1_795_298_400_000_u64;
        assert_eq!(Snapshot::Fine(now / 50).name(), "fghthi80");
        assert_eq!(Snapshot::Hour(now / 3_600_000).name(), "daosm");
    }

    #[test]
    fn other_attributes_are_no_snapshots() {
        for name in ["pk", "v", "n", "", "f-", "d+1", "f01", "fZ", "exp", "f zz", "fééé"] {
            assert_eq!(Snapshot::parse(name), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn a_name_reads_back(number in 1_u64.., hour: bool) {
            let snapshot = if hour { Snapshot::Hour(number) } else { Snapshot::Fine(number) };
            prop_assert_eq!(Snapshot::parse(&snapshot.name()), Some(snapshot));
        }
    }
}
