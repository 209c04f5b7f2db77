//! How long a store's answer may be served again, and where it may rest meanwhile (R141–R143).

use std::time::Duration;

use jiff::Timestamp;

use crate::model::Entity;

/// Where an answer may rest (`product.md` decision 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// In the memory of a function only: it tells of people, or of what changes by the second.
    Memory,
    /// In a table too, sealed under the store's data key.
    Table,
}

/// What may be done with answers of one entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caching {
    /// How old an answer may be when it is served, within the range of R142.
    pub time_to_live: Duration,
    /// Where it may rest.
    pub rest: Rest,
}

/// What may be done with answers of an entity; nothing for baskets, which change with every click.
#[must_use]
pub const fn of(entity: Entity) -> Option<Caching> {
    let (seconds, rest) = match entity {
        Entity::Products => (10 * 60, Rest::Table),
        Entity::Categories => (20 * 60, Rest::Table),
        Entity::Customers => (5 * 60, Rest::Memory),
        Entity::Orders => (90, Rest::Memory),
        Entity::Inventory => (45, Rest::Memory),
        Entity::Baskets => return None,
    };
    Some(Caching { time_to_live: Duration::from_secs(seconds), rest })
}

/// What else is out of date when something of an entity has changed; the entity itself comes first.
#[must_use]
pub const fn touched_by(entity: Entity) -> &'static [Entity] {
    match entity {
        // A product carries its stock and its categories.
        Entity::Products => &[Entity::Products, Entity::Inventory],
        Entity::Inventory => &[Entity::Inventory, Entity::Products],
        Entity::Categories => &[Entity::Categories, Entity::Products],
        // An order takes from the stock and carries its customer.
        Entity::Orders => &[Entity::Orders, Entity::Inventory, Entity::Products, Entity::Customers],
        Entity::Customers => &[Entity::Customers, Entity::Orders],
        Entity::Baskets => &[],
    }
}

/// How old an answer is, if it may still be served. One from the future, as after a clock was set back, may not: nobody knows its age.
#[must_use]
pub fn age(caching: Caching, fetched_at: Timestamp, now: Timestamp) -> Option<Duration> {
    let age = Duration::try_from(now.duration_since(fetched_at)).ok()?;
    (age <= caching.time_to_live).then_some(age)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn r142_every_time_to_live_is_within_its_range() {
        for (entity, range) in [
            (Entity::Products, 5 * 60..=15 * 60),
            (Entity::Categories, 15 * 60..=30 * 60),
            (Entity::Orders, 60..=120),
            (Entity::Customers, 300..=300),
            (Entity::Inventory, 30..=60),
        ] {
            let seconds = of(entity).unwrap().time_to_live.as_secs();
            assert!(range.contains(&seconds), "{entity}: {seconds}");
        }
        assert_eq!(of(Entity::Baskets), None);
    }

    #[test]
    fn r141_only_products_and_categories_may_rest_in_a_table() {
        for entity in Entity::ALL {
            let table = of(entity).is_some_and(|caching| caching.rest == Rest::Table);
            assert_eq!(table, matches!(entity, Entity::Products | Entity::Categories), "{entity}");
        }
    }

    #[test]
    fn a_change_touches_its_own_entity_first() {
        for entity in Entity::ALL {
            let first = touched_by(entity).first().copied();
            assert_eq!(first, of(entity).map(|_| entity));
        }
    }

    proptest! {
        /// R142: whatever the clock does, nothing is served that is older than its time to live, or whose age is not known.
        #[test]
        fn r142_the_served_age_is_never_above_the_time_to_live(
            fetched in 0_i64..4_000_000_000, drift in -3_000_000_i64..3_000_000, millis in 0_i64..1_000
        ) {
            let fetched_at = Timestamp::from_second(fetched).unwrap();
            let now = Timestamp::from_millisecond(fetched * 1_000 + drift * 1_000 / 997 + millis).unwrap();
            for entity in Entity::ALL {
                let Some(caching) = of(entity) else { continue };
                match age(caching, fetched_at, now) {
                    Some(age) => {
                        prop_assert!(age <= caching.time_to_live);
                        prop_assert!(now >= fetched_at);
                        prop_assert_eq!(now.duration_since(fetched_at).as_millis(), age.as_millis() as i128);
                    }
                    None => prop_assert!(
                        now < fetched_at || now.duration_since(fetched_at).as_millis() > caching.time_to_live.as_millis() as i128
                    ),
                }
            }
        }
    }
}
