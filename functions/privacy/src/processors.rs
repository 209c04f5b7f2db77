//! Who works for this deployment with data of people, on which terms, and to whom else data may go (R046, R098 to R100).

use cloud::processors::PROCESSORS;
use personal_data::processor::{Category, Place, Processor, Recipient, Terms};

/// Everybody who gets something.
#[derive(Debug, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Processors {
    /// Whether anything is sold, or shared for somebody's own ends.
    pub sold_or_shared: bool,
    /// Each kind of recipient there is.
    pub recipients: Vec<Receives>,
    /// Each kind of processor there can be, whether this deployment has one or not.
    pub categories: Vec<&'static str>,
    /// Each processor.
    pub processors: Vec<Works>,
}

/// A kind of recipient.
#[derive(Debug, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Recipient"))]
pub struct Receives {
    /// Who.
    pub kind: &'static str,
    /// On what ground.
    pub ground: &'static str,
}

/// A processor.
#[derive(Debug, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Processor"))]
pub struct Works {
    /// Whose service it is.
    pub name: &'static str,
    /// What kind of service, one of `categories`.
    pub category: &'static str,
    /// What it does.
    pub task: &'static str,
    /// What it may use data for.
    pub purposes: Vec<&'static str>,
    /// What it may get, in the words of the fideslang taxonomy; one stands for all below it.
    pub data: &'static [&'static str],
    /// Where it works: the region of this stack, or a country.
    pub region: String,
    /// Whether it gets anything at all. None does without an agreement.
    pub enabled: bool,
    /// The data processing agreement, and where to read it.
    pub agreement: Option<&'static str>,
    /// What a transfer out of the European Union rests on.
    pub transfer: Option<&'static str>,
}

/// The registry, as it is in a stack of this region.
#[must_use]
pub fn processors(region: &str) -> Processors {
    Processors {
        // No kind of recipient gets anything for its own ends (R011).
        sold_or_shared: false,
        recipients: recipients(),
        categories: Category::ALL.iter().map(|category| category.words()).collect(),
        processors: PROCESSORS.iter().map(|processor| works(processor, region)).collect(),
    }
}

/// Each kind of recipient.
pub(crate) fn recipients() -> Vec<Receives> {
    Recipient::ALL.iter().map(|kind| Receives { kind: kind.words(), ground: kind.ground() }).collect()
}

fn works(processor: &Processor, region: &str) -> Works {
    Works {
        name: processor.name,
        category: processor.category.words(),
        task: processor.task,
        purposes: processor.purposes.iter().map(|purpose| purpose.words()).collect(),
        data: processor.data,
        region: match processor.place {
            Place::OwnRegion => region.to_owned(),
            Place::Country(name) => name.to_owned(),
        },
        enabled: processor.terms().is_some(),
        agreement: processor.terms().map(Terms::agreement),
        transfer: processor.terms().map(|terms| terms.transfer().words()),
    }
}
