//! Tiers: how much a key may do (R112).

use std::fmt;

/// Requests a second that a key may make for as long as it likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PerSecond(u32);

/// Requests that a key may make in any 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PerDay(u64);

/// Why a number is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// The rate is outside [`PerSecond::MIN`] to [`PerSecond::MAX`].
    #[error("a rate is 1 to 1500 requests a second")]
    Rate,
    /// The quota is outside [`PerDay::MIN`] to [`PerDay::MAX`].
    #[error("a daily quota is 1 to 1000000000 requests")]
    Quota,
    /// The name is not that of a tier, or limits came with a tier that has its own.
    #[error("no such tier")]
    Tier,
}

impl PerSecond {
    /// The lowest rate.
    pub const MIN: u32 = 1;
    /// The highest rate. A leased key costs one strongly consistent read a call and bursts to twice its rate; a partition
    /// of the table serves 3,000 such reads a second.
    pub const MAX: u32 = 1_500;

    /// Checks a rate.
    ///
    /// # Errors
    /// [`LimitError::Rate`] outside the range.
    pub const fn new(rate: u32) -> Result<Self, LimitError> {
        if rate >= Self::MIN && rate <= Self::MAX { Ok(Self(rate)) } else { Err(LimitError::Rate) }
    }

    /// Requests a second.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl PerDay {
    /// The lowest quota.
    pub const MIN: u64 = 1;
    /// The highest quota: some 11,500 requests a second all day, more than any rate can use.
    pub const MAX: u64 = 1_000_000_000;

    /// Checks a quota.
    ///
    /// # Errors
    /// [`LimitError::Quota`] outside the range.
    pub const fn new(quota: u64) -> Result<Self, LimitError> {
        if quota >= Self::MIN && quota <= Self::MAX { Ok(Self(quota)) } else { Err(LimitError::Quota) }
    }

    /// Requests in 24 hours.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// The two numbers behind a tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limits {
    /// The sustained rate; bursts go to twice that for five seconds (R115).
    pub rate: PerSecond,
    /// The quota of any 24 hours.
    pub day: PerDay,
}

/// What a key was sold as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tier {
    /// 2 requests a second, 10,000 a day.
    Standard,
    /// 5 requests a second, 50,000 a day.
    Growth,
    /// 10 requests a second, 200,000 a day.
    Professional,
    /// Limits agreed with one customer.
    Enterprise(Limits),
}

impl Tier {
    /// The tier as it is written in requests, answers and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Growth => "growth",
            Self::Professional => "professional",
            Self::Enterprise(_) => "enterprise",
        }
    }

    /// What the tier allows.
    #[must_use]
    pub const fn limits(self) -> Limits {
        let (rate, day) = match self {
            Self::Standard => (2, 10_000),
            Self::Growth => (5, 50_000),
            Self::Professional => (10, 200_000),
            Self::Enterprise(limits) => return limits,
        };
        Limits { rate: PerSecond(rate), day: PerDay(day) }
    }

    /// Reads a tier back from its name and, for `enterprise` alone, its two numbers.
    ///
    /// # Errors
    /// [`LimitError::Tier`] for an unknown name, or where the numbers are missing or superfluous; the other two where a
    /// number is out of range.
    pub fn from_parts(name: &str, rate: Option<u32>, day: Option<u64>) -> Result<Self, LimitError> {
        match (name, rate, day) {
            ("standard", None, None) => Ok(Self::Standard),
            ("growth", None, None) => Ok(Self::Growth),
            ("professional", None, None) => Ok(Self::Professional),
            ("enterprise", Some(rate), Some(day)) => {
                Ok(Self::Enterprise(Limits { rate: PerSecond::new(rate)?, day: PerDay::new(day)? }))
            }
            _ => Err(LimitError::Tier),
        }
    }

    /// The custom numbers of an enterprise tier; nothing for a tier that has its own.
    #[must_use]
    pub const fn custom(self) -> Option<Limits> {
        match self {
            Self::Enterprise(limits) => Some(limits),
            Self::Standard | Self::Growth | Self::Professional => None,
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r112_the_table_is_the_published_one() {
        let table = [
            (Tier::Standard, "standard", 2, 10_000),
            (Tier::Growth, "growth", 5, 50_000),
            (Tier::Professional, "professional", 10, 200_000),
        ];
        for (tier, name, rate, day) in table {
            assert_eq!(tier.name(), name);
            assert_eq!(tier.limits().rate.get(), rate);
            assert_eq!(tier.limits().day.get(), day);
            assert_eq!(Tier::from_parts(name, None, None), Ok(tier));
            assert_eq!(Tier::from_parts(name, Some(1), None), Err(LimitError::Tier));
        }
    }

    #[test]
    fn an_enterprise_tier_needs_both_numbers_in_range() {
        let cases = [
            (Some(1), Some(1), None),
            (Some(1_500), Some(1_000_000_000), None),
            (Some(0), Some(1), Some(LimitError::Rate)),
            (Some(1_501), Some(1), Some(LimitError::Rate)),
            (Some(1), Some(0), Some(LimitError::Quota)),
            (Some(1), Some(1_000_000_001), Some(LimitError::Quota)),
            (None, Some(1), Some(LimitError::Tier)),
            (Some(1), None, Some(LimitError::Tier)),
        ];
        for (rate, day, error) in cases {
            assert_eq!(Tier::from_parts("enterprise", rate, day).err(), error, "{rate:?} {day:?}");
        }
        assert_eq!(Tier::from_parts("Standard", None, None), Err(LimitError::Tier));
    }
}
