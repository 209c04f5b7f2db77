//! A table that was restored from a backup, before it takes the place of the one that was lost: everything in it that was erased since is taken out
//! again (`privacy.md` D.8, D.9).
//!
//! Point-in-time recovery always writes a new table, and nothing of ours reads that. Each row of it is looked at: by the ids in its keys and in its
//! attributes it is known whose it is, and the table `tombstones`, which is never restored with the others, knows what was erased.

use std::collections::{HashMap, HashSet};

use domain::id::{AccountId, ApplicationId, ContactId, StoreId};
use futures_util::{StreamExt, stream};
use personal_data::{Erase, PersonalData};

use super::{
    Client, Unavailable,
    call::{AttributeValue, Attributes},
    key,
    requests::SubjectRequestItem,
    tombstones::Tombstones,
    unavailable,
};

/// Rows that are changed at once.
const AT_ONCE: usize = 16;

/// The tables that have backups and hold something of somebody, by their names in the data map; a test lays the map beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// Keys.
    Keys,
    /// Accounts, their applications, what is shown of keys.
    Accounts,
    /// Stores and grants.
    Stores,
    /// The data keys of stores and applications.
    StoreKeys,
    /// Subscriptions.
    Subscriptions,
    /// The ledger of consents, and contacts.
    Consents,
    /// Requests of people.
    Privacy,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 7] =
        [Self::Keys, Self::Accounts, Self::Stores, Self::StoreKeys, Self::Subscriptions, Self::Consents, Self::Privacy];

    /// Its name in the data map.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Accounts => "accounts",
            Self::Stores => "stores",
            Self::StoreKeys => "store-keys",
            Self::Subscriptions => "subscriptions",
            Self::Consents => "consents",
            Self::Privacy => "privacy",
        }
    }

    /// What becomes of a row of something that was erased.
    fn judge(self, pk: &str, sk: &str) -> Verdict {
        match self {
            // The record of a departure outlives the store, so that it can be looked for (R125).
            Self::Stores if pk.starts_with(key::DEPARTED) => Verdict::Stays,
            // The ledger is the proof of what was agreed to, and stays under an id that leads to nobody.
            Self::Consents if sk.starts_with(key::CONSENTS) || pk.starts_with(key::UNSUBSCRIBES) => Verdict::Stays,
            Self::Privacy if sk == key::REQUEST => Verdict::Blanked,
            // Which request is carried out for whom: the request is blanked, and gives nothing back.
            Self::Privacy if pk.starts_with(key::LOCKS) => Verdict::Deleted,
            // What else is there is proof, and none of it says of whom but by an id.
            Self::Privacy => Verdict::Stays,
            _ => Verdict::Deleted,
        }
    }
}

impl std::str::FromStr for Table {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|table| table.name() == name).ok_or(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Deleted,
    /// It is a record that stays, without what says whose it is.
    Blanked,
    Stays,
}

/// What was found in a restored table, and done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filtered {
    /// Rows that were looked at.
    pub looked_at: u64,
    /// Rows of something that was erased, and that are to be deleted.
    pub to_delete: u64,
    /// Rows that are to lose what says whose they are.
    pub to_blank: u64,
    /// Rows that were deleted or blanked.
    pub changed: u64,
}

/// See the module.
pub struct Restored {
    client: Client,
    kind: Table,
    name: String,
    tombstones: Tombstones,
    /// What is known of ids already.
    known: HashMap<String, bool>,
}

impl Restored {
    /// The table of this `name`, which was restored from a backup of one of this `kind`.
    #[must_use]
    pub fn new(client: Client, kind: Table, name: String, tombstones: Tombstones) -> Self {
        Self { client, kind, name, tombstones, known: HashMap::new() }
    }

    /// Looks at every row, and changes what has to be changed where it is to be `applied`. Done again, it finds what is left.
    ///
    /// # Errors
    /// [`Unavailable`] where a table cannot be asked.
    pub async fn filter(&mut self, applied: bool) -> Result<Filtered, Unavailable> {
        let mut filtered = Filtered::default();
        let mut start = None;
        loop {
            let scan = self.client.scan().table_name(&self.name).exclusive_start_key(start);
            let answer = scan.send().await.map_err(|error| unavailable("restored", &error))?;
            let mut changes = Vec::new();
            for row in answer.items.unwrap_or_default() {
                filtered.looked_at += 1;
                let verdict = self.kind.judge(text_of(&row, "pk"), text_of(&row, "sk"));
                if verdict == Verdict::Stays || !self.is_of_the_erased(&row).await? {
                    continue;
                }
                match verdict {
                    Verdict::Blanked if is_blank(&row) => continue,
                    Verdict::Blanked => filtered.to_blank += 1,
                    Verdict::Deleted | Verdict::Stays => filtered.to_delete += 1,
                }
                changes.push((row, verdict));
            }
            if applied {
                filtered.changed += changes.len() as u64;
                let changes = changes.into_iter().map(|(row, verdict)| self.change(row, verdict));
                let mut done = stream::iter(changes).buffer_unordered(AT_ONCE);
                while let Some(outcome) = done.next().await {
                    outcome?;
                }
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(filtered);
            }
        }
    }

    async fn is_of_the_erased(&mut self, row: &Attributes) -> Result<bool, Unavailable> {
        for id in ids(self.kind, row) {
            let known = match self.known.get(&id) {
                Some(known) => *known,
                None => {
                    let known = self.tombstones.has_id(&id).await?;
                    self.known.insert(id, known);
                    known
                }
            };
            if known {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn change(&self, row: Attributes, verdict: Verdict) -> Result<(), Unavailable> {
        let key: Attributes = row.into_iter().filter(|(name, _)| name == "pk" || name == "sk").collect();
        let done = if verdict == Verdict::Blanked {
            let names: Vec<&str> = blanked().collect();
            let update = self.client.update_item().table_name(&self.name).set_key(key);
            let update = update.update_expression(format!("REMOVE {}", names.join(", ")));
            update.send().await.map(drop)
        } else {
            self.client.delete_item().table_name(&self.name).set_key(key).send().await.map(drop)
        };
        done.map_err(|error| unavailable("restored", &error))
    }
}

/// The attributes of a request that say whose it is, as the data map has them.
fn blanked() -> impl Iterator<Item = &'static str> {
    let personal = SubjectRequestItem::RECORD.personal();
    personal.filter(|(_, personal)| personal.erase == Erase::Blank).map(|(attribute, _)| attribute)
}

fn is_blank(row: &Attributes) -> bool {
    blanked().all(|name| !row.contains_key(name))
}

/// The ids of what a row can belong to: in its keys, behind the word that says of what, and in its attributes, with their prefixes.
fn ids(kind: Table, row: &Attributes) -> HashSet<String> {
    let mut ids = HashSet::new();
    if kind == Table::Keys {
        // Every call reads a key, so that its names are letters and its ids have no prefixes ([`super::key_item::KeyItem`]).
        let bare = [("a", AccountId::PREFIX), ("p", ApplicationId::PREFIX)];
        let held = bare.into_iter().filter(|(name, _)| row.contains_key(*name));
        ids.extend(held.map(|(name, prefix)| format!("{prefix}{}", text_of(row, name))));
    }
    for key in ["pk", "sk"] {
        let mut parts = text_of(row, key).split('#');
        while let Some(word) = parts.next() {
            let prefix = match word {
                "account" | "lock" => AccountId::PREFIX,
                "application" | "grant" => ApplicationId::PREFIX,
                "store" => StoreId::PREFIX,
                "contact" => ContactId::PREFIX,
                _ => continue,
            };
            ids.extend(parts.next().map(|body| format!("{prefix}{body}")));
        }
    }
    for value in row.values() {
        if let AttributeValue::S(text) = value {
            let known = [AccountId::PREFIX, ApplicationId::PREFIX, StoreId::PREFIX, ContactId::PREFIX];
            if known.iter().any(|prefix| text.starts_with(prefix)) {
                ids.insert(text.clone());
            }
        }
    }
    ids
}

fn text_of<'a>(row: &'a Attributes, name: &str) -> &'a str {
    match row.get(name) {
        Some(AttributeValue::S(text)) => text,
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use personal_data::Kind;

    use super::*;
    use crate::data_map::DATA_MAP;

    #[test]
    fn every_table_with_a_backup_can_be_filtered() {
        for resource in DATA_MAP.resources {
            if matches!(resource.kind, Kind::Table { backup_days: 1.., .. }) && resource.name != "tombstones" {
                assert!(resource.name.parse::<Table>().is_ok(), "`{}` comes back with what was erased", resource.name);
            }
        }
    }

    #[test]
    fn a_row_is_known_by_its_keys_and_by_its_attributes() {
        let body = "0".repeat(26);
        let row = |pk: &str, sk: &str, more: &[(&str, &str)]| {
            let pairs = [("pk", pk), ("sk", sk)].into_iter().chain(more.iter().copied());
            pairs.map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned()))).collect::<Attributes>()
        };
        let of_kind = |kind, row: Attributes| {
            let mut ids: Vec<String> = ids(kind, &row).into_iter().collect();
            ids.sort();
            ids.join(" ")
        };
        let of = |row| of_kind(Table::Accounts, row);
        let of_application = row(&format!("key#{body}"), "-", &[("a", &body), ("p", &body)]);
        assert_eq!(of_kind(Table::Keys, of_application), format!("acc_{body} app_{body}"));
        let in_stores = row(&format!("store#{body}"), &format!("grant#{body}"), &[]);
        assert_eq!(of(in_stores), format!("app_{body} str_{body}"));
        let address = row("email#f00", "-", &[("account", &format!("acc_{body}"))]);
        assert_eq!(of(address), format!("acc_{body}"));
        assert_eq!(of(row("open", &format!("request#{body}"), &[("name", "Ann")])), "");
    }
}
