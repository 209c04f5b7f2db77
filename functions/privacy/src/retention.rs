//! How long everything is kept, place by place, copies included (R083; `privacy.md` D.9).

use std::collections::{BTreeMap, BTreeSet};

use cloud::data_map::DATA_MAP;
use personal_data::{Kind, Limit};

/// The table.
#[derive(Debug, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Retention {
    /// One row for each class of each place.
    pub data: Vec<Row>,
}

/// One class of data in one place.
#[derive(Debug, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "RetentionRow"))]
pub struct Row {
    /// Where it rests.
    pub place: &'static str,
    /// What kind of place that is.
    pub kind: &'static str,
    /// The name of the class.
    pub class: &'static str,
    /// For how long.
    pub kept: String,
    /// The same in days, where the days are counted from when it was written.
    pub days: Option<u16>,
    /// How many days longer a copy in a backup lives.
    pub backup_days: u16,
    /// Of whom.
    pub about: BTreeSet<&'static str>,
    /// What it is, in the words of the fideslang taxonomy.
    pub categories: BTreeSet<&'static str>,
    /// What an erasure does.
    pub erasure: BTreeSet<&'static str>,
}

/// The table.
#[must_use]
pub fn retention() -> Retention {
    let mut rows: BTreeMap<(&str, &str, &str), Row> = BTreeMap::new();
    for held in DATA_MAP.personal() {
        let (place, retain) = (held.place, held.personal.retain);
        let kind = kind(place.kind);
        let row = rows.entry((place.name, kind, retain.name())).or_insert_with(|| Row {
            place: place.name,
            kind,
            class: retain.name(),
            kept: retain.words(),
            days: match retain.limit() {
                Limit::Days(days) => Some(days),
                Limit::LifeAnd(_) => None,
            },
            backup_days: match place.kind {
                Kind::Table { backup_days, .. } => backup_days,
                _ => 0,
            },
            about: BTreeSet::new(),
            categories: BTreeSet::new(),
            erasure: BTreeSet::new(),
        });
        row.about.extend(held.subject.words());
        row.categories.insert(held.personal.category);
        row.erasure.insert(held.personal.erase.words());
    }
    Retention { data: rows.into_values().collect() }
}

const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Table { .. } => "table",
        Kind::Queue { .. } => "queue",
        Kind::DeadLetter { .. } => "dead-letter queue",
        Kind::Bucket { .. } => "files",
        Kind::LogGroup { .. } => "logs",
        Kind::SecretPrefix => "secrets",
        Kind::Schedule => "schedule",
        Kind::EventBus => "event bus",
        Kind::External => "outside the stack",
        Kind::Memory { .. } => "memory",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r083_each_place_of_something_personal_is_in_the_table_with_its_end() {
        let table = retention().data;
        for held in DATA_MAP.personal() {
            let row = table.iter().find(|row| {
                (row.place, row.kind, row.class)
                    == (held.place.name, kind(held.place.kind), held.personal.retain.name())
            });
            let row = row.unwrap_or_else(|| panic!("{} in {}", held.attribute, held.place.name));
            assert!(row.categories.contains(held.personal.category) && !row.kept.is_empty());
        }
        // What is counted in days has no backup: it would live on there.
        assert!(table.iter().all(|row| row.days.is_none() || row.backup_days == 0));
        assert!(table.iter().all(|row| row.backup_days <= 14), "what the privacy policy says of backups");
    }
}
