//! The whole data map: every resource of the stack and what rests in it.

use crate::{Content, Field, Limit, Personal, Record, Role, Subject};

/// Every place where anything of ours rests, with the records that rest there.
#[derive(Clone, Copy, Debug)]
pub struct DataMap {
    /// Each kind of stored record.
    pub records: &'static [Record],
    /// Each resource.
    pub resources: &'static [Resource],
}

/// One place where data can rest. Built by a constructor per kind and refined by the methods that take `self`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Its short name; with the stack's name in front it is the name of the real thing.
    pub name: &'static str,
    /// Its logical id in the template; empty for what the template does not declare.
    pub logical_id: &'static str,
    /// What it is, with the limits of its kind.
    pub kind: Kind,
    /// Under which key it is encrypted at rest.
    pub encryption: Encryption,
    /// What it holds besides the [`Record`]s that name it as their store.
    pub holds: &'static [Field],
    /// Whom that is about.
    pub subject: Subject,
    /// In which role we hold that.
    pub role: Role,
}

/// One kind of personal data in one place.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// Where it rests.
    pub place: &'static Resource,
    /// Whom it is about.
    pub subject: Subject,
    /// In which role we hold it.
    pub role: Role,
    /// The name under which it rests there.
    pub attribute: &'static str,
    /// Everything else about it.
    pub personal: Personal,
}

/// What a resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A DynamoDB table.
    Table {
        /// The attribute that DynamoDB's time-to-live reads (Unix seconds).
        expires_by: &'static str,
        /// How many days of point-in-time recovery are kept; 0 means that recovery is off. At most 35.
        backup_days: u16,
        /// Secondary indexes by name: copies of the table's attributes.
        indexes: &'static [&'static str],
    },
    /// An SQS queue, not being a dead-letter queue.
    Queue {
        /// The longest a message may rest, in hours.
        hours: u16,
        /// The short name of the queue to which messages go that could not be handled; `None` where they die with their time, because what they
        /// carry may rest nowhere longer.
        dead_letter: Option<&'static str>,
    },
    /// The SQS queue to which another one moves what could not be handled.
    DeadLetter {
        /// The longest a message may rest, in hours, counted from when it was first sent.
        hours: u16,
    },
    /// An S3 bucket.
    Bucket {
        /// Days after which its lifecycle deletes an object.
        days: u16,
    },
    /// A CloudWatch log group.
    LogGroup {
        /// Days of retention.
        days: u16,
    },
    /// Secrets Manager secrets whose names start alike.
    SecretPrefix,
    /// An EventBridge or Scheduler schedule. Its input rests in AWS and may carry names and ids only.
    Schedule,
    /// An EventBridge bus.
    EventBus,
    /// Something outside the stack that keeps a copy, such as SES's suppression list.
    External,
    /// The memory of a running function.
    Memory {
        /// The longest a value stays after its last use, in seconds; the sandbox may end earlier.
        seconds: u32,
    },
}

/// Under which key a resource is encrypted at rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// The stack's own KMS key.
    StackKey,
    /// A key of the AWS service; allowed only for secrets and where nothing personal rests.
    ServiceKey,
    /// Nothing rests on a disk.
    NotAtRest,
}

impl Resource {
    const fn new(name: &'static str, logical_id: &'static str, kind: Kind, encryption: Encryption) -> Self {
        Self { name, logical_id, kind, encryption, holds: &[], subject: Subject::Nobody, role: Role::Controller }
    }

    /// A table whose items expire by `expires_at`, without backup, under the stack's key.
    pub const fn table(name: &'static str, logical_id: &'static str) -> Self {
        let kind = Kind::Table { expires_by: "expires_at", backup_days: 0, indexes: &[] };
        Self::new(name, logical_id, kind, Encryption::StackKey)
    }

    /// A queue under the stack's key.
    pub const fn queue(name: &'static str, logical_id: &'static str, hours: u16, dead_letter: &'static str) -> Self {
        let dead_letter = Some(dead_letter);
        Self::new(name, logical_id, Kind::Queue { hours, dead_letter }, Encryption::StackKey)
    }

    /// A queue under the stack's key whose messages are moved nowhere: what they carry is gone after `hours`, handled or not.
    pub const fn perishable(name: &'static str, logical_id: &'static str, hours: u16) -> Self {
        Self::new(name, logical_id, Kind::Queue { hours, dead_letter: None }, Encryption::StackKey)
    }

    /// A dead-letter queue under the stack's key.
    pub const fn dead_letter(name: &'static str, logical_id: &'static str, hours: u16) -> Self {
        Self::new(name, logical_id, Kind::DeadLetter { hours }, Encryption::StackKey)
    }

    /// A bucket under the stack's key.
    pub const fn bucket(name: &'static str, logical_id: &'static str, days: u16) -> Self {
        Self::new(name, logical_id, Kind::Bucket { days }, Encryption::StackKey)
    }

    /// A log group under the stack's key. Its lines hold no personal data by construction.
    pub const fn log_group(name: &'static str, logical_id: &'static str, days: u16) -> Self {
        Self::new(name, logical_id, Kind::LogGroup { days }, Encryption::StackKey)
    }

    /// Secrets under a name prefix. They are made at run time, not by the template. Secrets Manager encrypts every secret
    /// under a KMS key of the account; deleting is what ends one, so its own key serves.
    pub const fn secret_prefix(name: &'static str) -> Self {
        Self::new(name, "", Kind::SecretPrefix, Encryption::ServiceKey)
    }

    /// A schedule.
    pub const fn schedule(name: &'static str, logical_id: &'static str) -> Self {
        Self::new(name, logical_id, Kind::Schedule, Encryption::ServiceKey)
    }

    /// An event bus.
    pub const fn event_bus(name: &'static str, logical_id: &'static str) -> Self {
        Self::new(name, logical_id, Kind::EventBus, Encryption::ServiceKey)
    }

    /// A copy outside the stack.
    pub const fn external(name: &'static str) -> Self {
        Self::new(name, "", Kind::External, Encryption::ServiceKey)
    }

    /// A cache in a function's memory.
    pub const fn memory(name: &'static str, seconds: u32) -> Self {
        Self::new(name, "", Kind::Memory { seconds }, Encryption::NotAtRest)
    }

    /// A table with this many days of point-in-time recovery. On anything else it changes nothing.
    #[must_use]
    pub const fn backed_up(mut self, days: u16) -> Self {
        if let Kind::Table { expires_by, indexes, .. } = self.kind {
            self.kind = Kind::Table { expires_by, backup_days: days, indexes };
        }
        self
    }

    /// A table with these secondary indexes. On anything else it changes nothing.
    #[must_use]
    pub const fn indexed(mut self, indexes: &'static [&'static str]) -> Self {
        if let Kind::Table { expires_by, backup_days, .. } = self.kind {
            self.kind = Kind::Table { expires_by, backup_days, indexes };
        }
        self
    }

    /// A resource that holds these things besides its records.
    #[must_use]
    pub const fn holding(mut self, holds: &'static [Field]) -> Self {
        self.holds = holds;
        self
    }

    /// Whom the things that a resource holds besides its records are about, and in which role they are held.
    #[must_use]
    pub const fn about(mut self, subject: Subject, role: Role) -> Self {
        self.subject = subject;
        self.role = role;
        self
    }
}

/// A contradiction inside the map. Each names what to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(pub String);

impl DataMap {
    /// The table, queue or memory with this short name; a record's store is one of these.
    pub fn store(&self, name: &str) -> Option<&'static Resource> {
        self.resources.iter().find(|resource| resource.kind.holds_records() && resource.name == name)
    }

    /// The records that rest in the resource with this short name.
    pub fn records_of(&self, store: &str) -> impl Iterator<Item = &'static Record> {
        self.records.iter().filter(move |record| record.store == store)
    }

    /// Whether some record of a store declares an attribute of this name.
    pub fn declares(&self, store: &str, attribute: &str) -> bool {
        self.records_of(store).any(|record| record.content(attribute).is_some())
    }

    /// Everything personal, wherever it rests.
    pub fn personal(&self) -> impl Iterator<Item = Held> {
        self.resources.iter().flat_map(|resource| self.personal_of(resource))
    }

    /// What rests in a resource that is personal. A dead-letter queue holds what its queues hold.
    pub fn personal_of(&self, resource: &'static Resource) -> impl Iterator<Item = Held> {
        let feeds = self.resources.iter().filter(|other| {
            let into = matches!(other.kind, Kind::Queue { dead_letter, .. } if dead_letter == Some(resource.name));
            into && matches!(resource.kind, Kind::DeadLetter { .. })
        });
        feeds.chain([resource]).flat_map(move |place| {
            let records = self.records_of(place.name).filter(|_| place.kind.holds_records());
            let records = records.flat_map(move |record| {
                let held = move |(attribute, personal)| {
                    let Record { subject, role, .. } = *record;
                    Held { place: resource, subject, role, attribute, personal }
                };
                record.personal().map(held)
            });
            let held = place.holds.iter().filter_map(move |field| match field.content {
                Content::None => None,
                Content::Personal(personal) => {
                    let Resource { subject, role, .. } = *place;
                    Some(Held { place: resource, subject, role, attribute: field.attribute, personal })
                }
            });
            records.chain(held)
        })
    }

    /// Everything in the map that contradicts itself; empty when the map is sound.
    ///
    /// - a name is used once, a record's store exists, and a table has a record;
    /// - a table's items can carry the attribute by which they expire;
    /// - what must be gone after a number of days rests in nothing that keeps copies beyond them: no recovery for
    ///   logs, counters and links, no queue or log group that keeps longer;
    /// - personal data is about somebody, it is encrypted under the stack's key, and none is in a log group or a schedule;
    /// - a queue's dead letters go to a dead-letter queue.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (place, resource) in self.resources.iter().enumerate() {
            let same = |other: &Resource| {
                let kinds = (other.kind, resource.kind);
                let alike = std::mem::discriminant(&kinds.0) == std::mem::discriminant(&kinds.1)
                    || (kinds.0.holds_records() && kinds.1.holds_records());
                alike && other.name == resource.name
            };
            if self.resources.iter().take(place).any(same) {
                faults.push(Fault(format!("`{}` is in the map twice", resource.name)));
            }
            self.resource_faults(resource, &mut faults);
        }
        for record in self.records {
            if self.store(record.store).is_none() {
                let Record { name, store, .. } = record;
                faults
                    .push(Fault(format!("`{name}` rests in `{store}`, which is no table, queue or memory of the map")));
            }
        }
        faults
    }

    fn resource_faults(&self, resource: &'static Resource, faults: &mut Vec<Fault>) {
        let name = resource.name;
        let mut fault = |text: String| faults.push(Fault(format!("`{name}`: {text}")));
        if let Kind::Table { expires_by, .. } = resource.kind
            && !self.declares(name, expires_by)
        {
            fault(format!("no record of it has the attribute `{expires_by}` by which its items expire"));
        }
        if let Kind::Queue { dead_letter: Some(dead_letter), .. } = resource.kind
            && !self.store(dead_letter).is_some_and(|other| matches!(other.kind, Kind::DeadLetter { .. }))
        {
            fault(format!("`{dead_letter}` is not a dead-letter queue of the map"));
        }
        for Held { subject, attribute, personal, .. } in self.personal_of(resource) {
            if subject == Subject::Nobody {
                fault(format!("`{attribute}` is personal data and about nobody: say whom with `about`"));
            }
            match resource.kind {
                Kind::LogGroup { .. } | Kind::Schedule | Kind::EventBus => {
                    fault(format!("`{attribute}` is personal data, which has no place there"));
                }
                Kind::SecretPrefix | Kind::External => {}
                _ if resource.encryption == Encryption::ServiceKey => {
                    fault(format!("`{attribute}` is personal data and not under the stack's key"));
                }
                _ => {}
            }
            if let (Limit::Days(days), Some(hours)) = (personal.retain.limit(), resource.kind.copies_rest_hours())
                && hours > u32::from(days) * 24
            {
                let promised = personal.retain.name();
                fault(format!("`{attribute}` is kept as \"{promised}\" ({days} d), its copies {hours} h"));
            }
        }
    }
}

impl Kind {
    const fn holds_records(self) -> bool {
        matches!(self, Kind::Table { .. } | Kind::Queue { .. } | Kind::DeadLetter { .. } | Kind::Memory { .. })
    }

    /// How long a copy can outlive its deletion or outstay its purpose, in hours; `None` where the resource sets no
    /// such time. A table with recovery keeps a deleted item's last state for its window on top of its life.
    const fn copies_rest_hours(self) -> Option<u32> {
        match self {
            // A backed-up table can never keep to a number of days: the copy starts when the item is deleted.
            Kind::Table { backup_days: 0, .. } => None,
            Kind::Table { .. } => Some(u32::MAX),
            Kind::Queue { hours, .. } | Kind::DeadLetter { hours } => Some(hours as u32),
            Kind::Bucket { days } | Kind::LogGroup { days } => Some(days as u32 * 24),
            Kind::Memory { seconds } => Some(seconds.div_ceil(3600)),
            Kind::SecretPrefix | Kind::Schedule | Kind::EventBus | Kind::External => None,
        }
    }
}
