//! Restriction: a merchant says that the data of one customer of a store must not be used (GDPR Art. 18; `privacy.md` D.6).
//!
//! What is restricted stays where it is and may be exported; it is not read, changed or told through the gateway, but by applications that the
//! merchant needs for legal claims (Art. 18(2)). Whose data something is, is found here: in unified objects by their fields, in whatever else passes
//! through by a search that would rather find somebody too many than one too few.

mod search;

use jiff::SignedDuration;

use crate::model::Entity;

/// Restrictions of one store that stand at a time.
pub const MAX_RESTRICTIONS: usize = 500;
/// Applications that may go on using what one restriction is about.
pub const MAX_EXCEPTED: usize = 5;
/// Characters of a platform's id of a customer.
pub const ID_LIMIT: usize = 255;
/// How long a restriction still stands after it was said that it shall end: meanwhile the merchant tells the customer (Art. 18(3)).
pub const NOTICE: SignedDuration = SignedDuration::from_hours(72);

/// What a Shopify id of a customer begins with, where it is written out.
const GLOBAL_ID: &str = "gid://shopify/Customer/";

/// Why a customer's data must not be used (Art. 18(1)). The list is closed, so that no reason tells of whom it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "RestrictionGround"))]
#[serde(rename_all = "kebab-case")]
pub enum Ground {
    /// The customer says that it is wrong, and that is being looked into.
    AccuracyContested,
    /// It should not have been used, and the customer does not want it erased.
    UnlawfulUse,
    /// The merchant needs it no more, and the customer needs it for legal claims.
    NeededForClaims,
    /// The customer has objected, and it is being looked into whose interests weigh more.
    ObjectionPending,
}

impl Ground {
    /// Every ground.
    pub const ALL: [Self; 4] =
        [Self::AccuracyContested, Self::UnlawfulUse, Self::NeededForClaims, Self::ObjectionPending];

    /// The name in requests.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccuracyContested => "accuracy-contested",
            Self::UnlawfulUse => "unlawful-use",
            Self::NeededForClaims => "needed-for-claims",
            Self::ObjectionPending => "objection-pending",
        }
    }

    /// The ground of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ground| ground.as_str() == name)
    }
}

/// By what a store knows a customer. No `Debug`: it is personal data.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Identifier<'a> {
    /// The platform's id.
    Id(&'a str),
    /// An e-mail address.
    Email(&'a str),
}

impl Identifier<'_> {
    /// Which of the two it is.
    #[must_use]
    pub const fn kind(self) -> Known {
        match self {
            Self::Id(_) => Known::Id,
            Self::Email(_) => Known::Email,
        }
    }

    /// The form under which two spellings count as one: no provider of note tells mailboxes apart by their case, and platforms write an id as a
    /// number here and as a global id there.
    #[must_use]
    pub fn folded(self) -> String {
        match self {
            Self::Id(id) => id.trim().strip_prefix(GLOBAL_ID).unwrap_or(id.trim()).to_owned(),
            Self::Email(address) => address.trim().to_lowercase(),
        }
    }
}

/// What a restriction names its customer by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "RestrictionBy"))]
#[serde(rename_all = "kebab-case")]
pub enum Known {
    /// The platform's id.
    Id,
    /// An e-mail address.
    Email,
}

impl Known {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Email => "email",
        }
    }
}

/// Whose data something is: the customers that it names. No `Debug`: it is personal data.
#[derive(Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Whose {
    /// By the platform's ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<String>,
    /// By e-mail addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<String>,
}

impl Whose {
    /// Those whom an object names in these fields.
    #[must_use]
    pub fn of(id: Option<&String>, email: Option<&String>) -> Self {
        Self { ids: id.into_iter().cloned().collect(), emails: email.into_iter().cloned().collect() }
    }

    /// The customer of an id.
    #[must_use]
    pub fn customer(id: &str) -> Self {
        Self { ids: vec![id.to_owned()], emails: Vec::new() }
    }

    /// Whether nobody is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty() && self.emails.is_empty()
    }

    /// Each name.
    pub fn identifiers(&self) -> impl Iterator<Item = Identifier<'_>> {
        let ids = self.ids.iter().map(|id| Identifier::Id(id));
        ids.chain(self.emails.iter().map(|address| Identifier::Email(address)))
    }
}

/// Whether objects of an entity are about customers.
#[must_use]
pub const fn concerns(entity: Entity) -> bool {
    match entity {
        Entity::Orders | Entity::Customers | Entity::Baskets => true,
        Entity::Products | Entity::Categories | Entity::Inventory => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_customer_are_one() {
        assert_eq!(Identifier::Email(" Ann@Example.COM ").folded(), "ann@example.com");
        assert_eq!(Identifier::Id("gid://shopify/Customer/17").folded(), "17");
        assert_eq!(Identifier::Id(" 17 ").folded(), "17");
        assert_ne!(Identifier::Id("gid://shopify/Order/17").folded(), "17");
    }

    #[test]
    fn grounds_are_found_by_their_names() {
        for ground in Ground::ALL {
            assert_eq!(Ground::named(ground.as_str()), Some(ground));
            assert_eq!(serde_json::to_value(ground).unwrap(), ground.as_str());
        }
        assert_eq!(Ground::named("because"), None);
    }
}
