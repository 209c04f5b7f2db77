//! How long calls took, in buckets that are fixed once and for all.
//!
//! Because every histogram has the same buckets, merging two is adding their counts: an hour's calls counted together and the same calls
//! counted apart and merged give the same histogram, to the last call. What is lost is within a bucket: up to 31 ms each millisecond has
//! its own, above that each power of two is cut into 16, so that a percentile is told at most 1/16 (6.25 %) above what it is, never below.

/// Each power of two is cut into so many buckets: this is what bounds the error.
const PARTS: u32 = 16;
const PARTS_BITS: u32 = PARTS.ilog2();
/// Milliseconds up to which every value has a bucket of its own.
const EXACT: u32 = 2 * PARTS;
/// The last bucket starts here, at more than two minutes: a call takes 29 seconds at most.
const LONGEST: u32 = (1 << 17) - 1;

/// Counts of calls by how long they took.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Latency {
    /// Bucket and count, by bucket; empty ones are left out. A store's calls take alike, so there are few.
    buckets: Vec<(u8, u64)>,
}

impl Latency {
    /// Counts one call that took so many milliseconds.
    pub fn note(&mut self, millis: u32) {
        self.add(bucket(millis), 1);
    }

    /// Adds what another histogram counted.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.buckets {
            self.add(*bucket, *count);
        }
    }

    /// Calls that were counted.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.buckets.iter().map(|(_, count)| count).sum()
    }

    /// The time in milliseconds that `percent` of the calls did not exceed, by nearest rank; nothing where none was counted.
    ///
    /// It is the longest time of its bucket: at most 6.25 % more than the call of that rank took, and never less.
    #[must_use]
    pub fn percentile(&self, percent: u8) -> Option<u32> {
        let rank = (self.calls() * u64::from(percent.min(100))).div_ceil(100).max(1);
        let mut seen = 0;
        self.buckets
            .iter()
            .find(|(_, count)| {
                seen += count;
                seen >= rank
            })
            .map(|(bucket, _)| longest(*bucket))
    }

    fn add(&mut self, bucket: u8, calls: u64) {
        match self.buckets.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
            Ok(place) => self.buckets[place].1 += calls,
            Err(place) => self.buckets.insert(place, (bucket, calls)),
        }
    }
}

/// The bucket of a time.
fn bucket(millis: u32) -> u8 {
    let millis = millis.min(LONGEST);
    // The power of two below `millis`, less the ones that the exact buckets cover.
    let octave = millis.max(EXACT / 2).ilog2() - PARTS_BITS;
    u8::try_from(octave * PARTS + (millis >> octave)).unwrap_or(u8::MAX)
}

/// The longest time of a bucket. Times past [`LONGEST`] are told as that.
fn longest(bucket: u8) -> u32 {
    let bucket = u32::from(bucket);
    if bucket < EXACT {
        return bucket;
    }
    let octave = bucket / PARTS - 1;
    ((bucket - octave * PARTS + 1) << octave) - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(times: &[u32]) -> Latency {
        let mut latency = Latency::default();
        times.iter().for_each(|millis| latency.note(*millis));
        latency
    }

    /// What the histogram must come close to.
    fn nearest_rank(times: &[u32], percent: u8) -> u32 {
        let mut sorted = times.to_vec();
        sorted.sort_unstable();
        let rank = (sorted.len() * usize::from(percent)).div_ceil(100).max(1);
        sorted[rank - 1]
    }

    #[test]
    fn buckets_follow_one_another_without_gap_or_overlap() {
        let mut before = 0;
        for millis in 1..=LONGEST {
            let (last, next) = (bucket(millis - 1), bucket(millis));
            assert!(next == last || next == last + 1, "{millis}: {last} and {next}");
            if next != last {
                assert_eq!(longest(last), millis - 1, "the bucket {last} ends where the next begins");
                before = next;
            }
        }
        assert_eq!(longest(before), LONGEST);
        assert_eq!(bucket(u32::MAX), bucket(LONGEST));
    }

    #[test]
    fn percentiles_are_told_by_nearest_rank() {
        let times: Vec<u32> = (1..=20).collect();
        let latency = of(&times);
        assert_eq!(
            [50, 95, 99, 100, 0].map(|percent| latency.percentile(percent)),
            [10, 19, 20, 20, 1].map(Some),
            "short times have a bucket each"
        );
        assert_eq!(Latency::default().percentile(50), None);
        assert_eq!(of(&[1_000]).percentile(50), Some(1_023));
    }

    proptest! {
        #[test]
        fn r147_merging_is_counting_together(parts in prop::collection::vec(prop::collection::vec(0..200_000u32, 0..40), 0..6)) {
            let mut merged = Latency::default();
            parts.iter().for_each(|part| merged.merge(&of(part)));
            let together = of(&parts.concat());
            prop_assert_eq!(&merged, &together);
            prop_assert_eq!(merged.calls(), parts.concat().len() as u64);
            let written = serde_json::to_string(&merged).unwrap();
            prop_assert_eq!(serde_json::from_str::<Latency>(&written).unwrap(), together);
        }

        #[test]
        fn r147_a_percentile_is_at_most_a_sixteenth_too_high(times in prop::collection::vec(0..=LONGEST, 1..80), percent in 1..=100u8) {
            let (told, exact) = (of(&times).percentile(percent).unwrap(), nearest_rank(&times, percent));
            prop_assert!(told >= exact, "{told} {exact}");
            prop_assert!(told - exact <= exact / PARTS, "{told} {exact}");
        }
    }
}
