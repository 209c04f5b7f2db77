//! Requests about people that stores' platforms pass on to us (`privacy.md` D.5; `platforms.md` 3.5; R127, R132).
//!
//! We are the merchant's processor here: the platform has verified who asks, and what is asked is carried out for the merchant. What we hold of
//! a person is the ids of objects in envelopes of events, of deliveries, and in marks; bodies pass through.

use std::time::Duration;

use jiff::Timestamp;

use crate::{event::PrivacyTopic, model::Entity};

/// How long a request may take by the platform's rules, from when it came in: 30 days (`platforms.md` 3.5).
pub const DUE: Duration = Duration::from_secs(30 * 86_400);
/// How long the record of a request is kept after its end, in seconds: 24 months (11 CCR 7101).
pub const KEPT: i64 = 731 * 86_400;
/// How long bodies with the person's data may still travel when everything that rests has been erased: a message of an event lives for a day.
pub const IN_TRANSIT: Duration = Duration::from_secs(86_400);

/// When an answer is due that was asked for at `received`.
#[must_use]
pub fn due(received: Timestamp) -> Timestamp {
    received.saturating_add(jiff::SignedDuration::try_from(DUE).unwrap_or_default()).unwrap_or(Timestamp::MAX)
}

/// How far a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RequestState {
    /// It came in and is being worked on. What fails is tried again; there is no end by failure.
    Running,
    /// Everything was found, or found and erased, a second look has confirmed it, and the merchant was told.
    Closed,
}

/// How much was held of a person, by where it rests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// Objects of which it was known how new they are.
    pub objects: u32,
    /// Envelopes of events of the last 14 days.
    pub events: u32,
    /// Deliveries of the last 14 days.
    pub deliveries: u32,
}

impl Held {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            objects: self.objects.saturating_add(other.objects),
            events: self.events.saturating_add(other.events),
            deliveries: self.deliveries.saturating_add(other.deliveries),
        }
    }

    /// Whether nothing is held.
    #[must_use]
    pub fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

/// What is done about what is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It is counted.
    Find,
    /// It is erased: ids are taken out of what is kept for other reasons, and older news of the objects is not taken any more.
    Erase,
}

/// What a topic asks for; nothing for a whole store, whose off-boarding is another machine's.
#[must_use]
pub const fn action(topic: PrivacyTopic) -> Option<Action> {
    match topic {
        PrivacyTopic::CustomerAccess => Some(Action::Find),
        PrivacyTopic::CustomerErasure => Some(Action::Erase),
        PrivacyTopic::StoreErasure => None,
    }
}

/// The objects that a person is known by in a store.
#[must_use]
pub fn objects(customer: Option<&str>, orders: &[String]) -> Vec<(Entity, String)> {
    let customer = customer.map(|id| (Entity::Customers, id.to_owned()));
    customer.into_iter().chain(orders.iter().map(|id| (Entity::Orders, id.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_due_thirty_days_later_whatever_the_month() {
        for (received, expected) in [
            ("2026-01-31T23:59:59Z", "2026-03-02T23:59:59Z"),
            // A leap day, and the night in which clocks change.
            ("2028-02-01T12:00:00Z", "2028-03-02T12:00:00Z"),
            ("2026-10-20T00:00:00Z", "2026-11-19T00:00:00Z"),
        ] {
            assert_eq!(due(received.parse().unwrap()), expected.parse().unwrap());
        }
        assert_eq!(due(Timestamp::MAX), Timestamp::MAX);
    }

    #[test]
    fn a_person_is_a_customer_and_orders() {
        let orders = ["7".to_owned(), "8".to_owned()];
        let found = objects(Some("1"), &orders);
        assert_eq!(found[0], (Entity::Customers, "1".to_owned()));
        assert_eq!((found.len(), found[2].0), (3, Entity::Orders));
        assert!(objects(None, &[]).is_empty(), "an address alone leads to nothing that is kept here");
    }

    #[test]
    fn what_is_held_adds_up() {
        let one = Held { objects: 1, events: 2, deliveries: u32::MAX };
        assert_eq!(one.and(one), Held { objects: 2, events: 4, deliveries: u32::MAX });
        assert!(Held::default().is_nothing() && !one.is_nothing());
    }
}
