//! Admission: one conditional write on a key's item authenticates a call, authorises it and counts it (R111 to R115).
//!
//! What may be decided from memory is [`domain::limit::KeyWindow`]'s business; this module asks the table, and classifies what it
//! says. Nothing is admitted without the table: it is asked with every call, and where it cannot be asked the answer is "could not
//! check" (invariant 6). A refusal may come from memory, but only to someone who holds the key's secret: anyone else learns
//! nothing about a key, not even that it exists.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{
    id::KeyId,
    key::{PresentedKey, SecretHash},
    limit::{Decision, Denial, KeyWindow, Margin, Moment, RateHeaders, Rule, Write},
};
use subtle::{Choice, ConstantTimeEq};

pub use super::key_item::KeyRecord;
use super::{
    Unavailable,
    call::{AttributeValue, Attributes, Client, Operation, ReturnValue, is_unmet, unmet_by},
    key,
    key_item::{self, KeyItem, KeyState},
    unavailable, unreadable,
};
use crate::clock::{Clock, jitter};

/// Keys that an instance remembers; one that is forgotten costs one read when it comes back.
const REMEMBERED: usize = 10_000;
/// Times that one call may ask the table: a copy that is behind, a key that changed and a transaction in the way cost one each.
const ATTEMPTS: u32 = 6;
/// A write whose answer is lost is sent once more and may then count twice: that bounds the over-count.
const SENDS: u32 = 2;
/// What a key's secret may have as its successor or predecessor while a rotation's overlap lasts.
const SECRETS: usize = 2;
/// How long to let a transaction finish that holds the item.
const TRANSACTION_PAUSE: Duration = Duration::from_millis(15);

/// A call that was admitted and counted.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// Whose key it is, and what the key may do.
    pub record: KeyRecord,
    /// What the answer says of its limits.
    pub rate: RateHeaders,
}

/// Why a call was not admitted. Nothing was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such key, or its secret is another one.
    #[error("no such key")]
    Unknown,
    /// The key was revoked.
    #[error("the key was revoked")]
    Revoked,
    /// The key is suspended.
    #[error("the key is suspended")]
    Suspended,
    /// The key has expired.
    #[error("the key has expired")]
    Expired,
    /// A window is full.
    #[error("a limit is reached")]
    Limited {
        /// Seconds after which the call gets through, if no other comes before it.
        retry_after: u64,
        /// What the answer says of the limits.
        rate: RateHeaders,
    },
    /// The table could not be asked: neither yes nor no.
    #[error("the table could not be asked")]
    Unavailable,
}

impl From<Unavailable> for Refused {
    fn from(_: Unavailable) -> Self {
        Self::Unavailable
    }
}

/// Admits calls by the table of keys.
pub struct Admission {
    client: Client,
    table: String,
    clock: Clock,
    margin: Margin,
    known: Mutex<Known>,
}

/// What this instance remembers, bounded by [`REMEMBERED`].
#[derive(Default)]
struct Known {
    keys: HashMap<KeyId, Remembered>,
    uses: u64,
}

struct Remembered {
    window: KeyWindow,
    /// The hashes that were good when the item was last seen.
    secrets: [Option<SecretHash>; SECRETS],
    used: u64,
}

/// What to do next about a call.
enum Step {
    Read,
    Write(Write),
    /// A leased token covers the call.
    Covered(RateHeaders),
    Refuse(Refused),
}

/// What the table said to a write.
enum Answer {
    Counted(Attributes),
    Unmet(Option<Attributes>),
    Busy,
}

impl Admission {
    /// Admission by the table `keys`, with the default margin.
    #[must_use]
    pub fn new(client: Client, table: String, clock: Clock) -> Self {
        Self { client, table, clock, margin: Margin::DEFAULT, known: Mutex::default() }
    }

    /// The same with another margin between instances.
    #[must_use]
    pub fn with_margin(self, margin: Margin) -> Self {
        Self { margin, ..self }
    }

    /// Authenticates, authorises and counts a call of `cost` (1 or more).
    ///
    /// # Errors
    /// [`Refused`] says why not. A wrong secret and an unknown key are the same answer.
    pub async fn admit(&self, presented: &PresentedKey, cost: u32) -> Result<Admitted, Refused> {
        // What a read of this very call said: the record of a call that a leased token covers.
        let mut record = None;
        for _ in 0..ATTEMPTS {
            match self.step(presented, cost, record.is_some()) {
                Step::Refuse(refused) => return Err(refused),
                Step::Read => record = Some(self.read(presented).await?),
                Step::Covered(rate) => {
                    if let Some(record) = record {
                        return Ok(Admitted { record, rate });
                    }
                }
                Step::Write(write) => {
                    let asked_at = self.now();
                    match self.write(presented, &write, asked_at).await? {
                        Answer::Counted(item) => return self.counted(presented, &item, write.cost, cost, asked_at),
                        Answer::Unmet(item) => record = Some(self.unmet(presented, item.as_ref(), write.cost)?),
                        Answer::Busy => tokio::time::sleep(jitter(TRANSACTION_PAUSE) + TRANSACTION_PAUSE).await,
                    }
                }
            }
        }
        // Others were faster each time, so the window is being used to the full.
        self.crowded_out(presented)
    }

    /// Whether this instance has seen this very secret succeed; costs nothing.
    #[must_use]
    pub fn knows(&self, presented: &PresentedKey) -> bool {
        let known = self.known();
        known.keys.get(&presented.id).is_some_and(|key| key.opens(presented))
    }

    /// Notes that a key's secret was seen in a URL. A wrong secret changes nothing, so nobody can have another's key reported.
    pub async fn report_exposed(&self, presented: &PresentedKey) {
        let now = self.clock.now().as_second();
        let noted = self
            .update(presented)
            .update_expression("SET lk = if_not_exists(lk, :now)")
            .condition_expression("h = :h OR (ho = :h AND hu > :now)")
            .expression_attribute_values(":h", hash(&presented.secret_hash))
            .expression_attribute_values(":now", number(now))
            .send()
            .await;
        match noted {
            Err(error) if !is_unmet(&error) => {
                // The report is lost and the call itself is refused all the same.
                let _ = unavailable("key exposure", &error);
            }
            _ => {}
        }
    }

    fn step(&self, presented: &PresentedKey, cost: u32, read: bool) -> Step {
        let now = self.now();
        let mut known = self.known();
        let Some(key) = known.get(presented) else {
            return Step::Read;
        };
        let window = &mut key.window;
        let leased = window.rule().leased();
        // A lease is a count and no permission: a leased key's item is read with each call.
        if leased && !read {
            return Step::Read;
        }
        if leased && window.use_lease(now, cost) {
            return Step::Covered(window.headers(now));
        }
        let asked = if leased { window.wanted(now, cost) } else { cost };
        match window.decide(now, asked) {
            Decision::Write(write) => Step::Write(write),
            Decision::Read => Step::Read,
            Decision::Deny(denial) => Step::Refuse(limited(window, &denial, now)),
        }
    }

    /// Reads the item as it is now; costs one read unit.
    async fn read(&self, presented: &PresentedKey) -> Result<KeyRecord, Refused> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(key::api_key(&presented.id)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| unavailable("key", &error))?;
        self.learn(presented, answer.item.as_ref(), |_, _| {})
    }

    async fn write(&self, presented: &PresentedKey, write: &Write, now: Moment) -> Result<Answer, Refused> {
        // One retry at most: a lost answer counts once too often, and not more.
        match expressions(self.update(presented), presented, write, now).attempts(SENDS).send().await {
            Ok(answer) => Ok(Answer::Counted(answer.attributes.unwrap_or_default())),
            Err(error) if is_unmet(&error) => Ok(Answer::Unmet(unmet_by(&error))),
            Err(error) if error.is("TransactionConflictException") => Ok(Answer::Busy),
            Err(error) => Err(unavailable("admission", &error).into()),
        }
    }

    fn counted(
        &self,
        presented: &PresentedKey,
        item: &Attributes,
        counted: u32,
        cost: u32,
        asked_at: Moment,
    ) -> Result<Admitted, Refused> {
        let mut rate = None;
        let record = self.learn(presented, Some(item), |window, now| {
            window.admitted(key_item::ledger(item), now);
            if window.rule().leased() {
                window.lease(counted, cost, asked_at);
            }
            rate = Some(window.headers(now));
        })?;
        // `learn` runs the closure whenever it gives a record.
        let rate = rate.ok_or(Refused::Unavailable)?;
        Ok(Admitted { record, rate })
    }

    fn unmet(&self, presented: &PresentedKey, item: Option<&Attributes>, cost: u32) -> Result<KeyRecord, Refused> {
        let jitter = u64::try_from(jitter(Duration::from_millis(250)).as_millis()).unwrap_or(0);
        self.learn(presented, item, |window, now| {
            if let Some(item) = item {
                window.refused(key_item::ledger(item), now, cost, jitter);
            }
        })
    }

    /// Takes in what the item says, and classifies it. What is remembered about a key that may not be used is forgotten.
    fn learn(
        &self,
        presented: &PresentedKey,
        item: Option<&Attributes>,
        note: impl FnOnce(&mut KeyWindow, Moment),
    ) -> Result<KeyRecord, Refused> {
        let now = self.now();
        let seen = item.ok_or(Refused::Unknown).and_then(|attributes| {
            let item: KeyItem =
                serde_dynamo::from_item(attributes.clone()).map_err(|error| unreadable("key", &error))?;
            let record = classify(&item, presented, now)?;
            Ok((record, secrets(&item, now), key_item::ledger(attributes)))
        });
        let mut known = self.known();
        match seen {
            Ok((record, secrets, ledger)) => {
                let rule = Rule::new(record.tier.limits(), self.margin);
                let window = known.learn(&presented.id, secrets, rule, ledger, now);
                note(window, now);
                Ok(record)
            }
            Err(refused) => {
                // A wrong secret says nothing about the key, which stays as it was.
                if matches!(refused, Refused::Revoked | Refused::Suspended | Refused::Expired) {
                    known.keys.remove(&presented.id);
                }
                Err(refused)
            }
        }
    }

    fn crowded_out(&self, presented: &PresentedKey) -> Result<Admitted, Refused> {
        let now = self.now();
        let mut known = self.known();
        let window = &known.get(presented).ok_or(Refused::Unavailable)?.window;
        let denial = Denial { window: domain::limit::Window::Peak, retry_at: now };
        Err(limited(window, &denial, now))
    }

    fn update(&self, presented: &PresentedKey) -> Operation<Client> {
        self.client.update_item().table_name(&self.table).key("pk", AttributeValue::S(key::api_key(&presented.id)))
    }

    fn now(&self) -> Moment {
        self.clock.now().into()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // What is behind the lock is a cache: whoever panicked with it left nothing that could admit anyone.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// What is remembered about the key, to whoever holds its secret.
    fn get(&mut self, presented: &PresentedKey) -> Option<&mut Remembered> {
        self.uses += 1;
        let key = self.keys.get_mut(&presented.id).filter(|key| key.opens(presented))?;
        key.used = self.uses;
        Some(key)
    }

    fn learn(
        &mut self,
        id: &KeyId,
        secrets: [Option<SecretHash>; SECRETS],
        rule: Rule,
        ledger: domain::limit::Ledger,
        now: Moment,
    ) -> &mut KeyWindow {
        if self.keys.len() >= REMEMBERED && !self.keys.contains_key(id) {
            self.forget_half();
        }
        self.uses += 1;
        let used = self.uses;
        let key = self.keys.entry(id.clone()).or_insert_with(|| Remembered {
            window: KeyWindow::new(rule, ledger.clone(), now),
            secrets,
            used,
        });
        key.secrets = secrets;
        key.used = used;
        key.window.read(rule, ledger, now);
        &mut key.window
    }

    /// Forgets the half that was not used for the longest time. Doing it by halves makes it cheap for each key.
    fn forget_half(&mut self) {
        let mut uses: Vec<u64> = self.keys.values().map(|key| key.used).collect();
        let middle = uses.len() / 2;
        let (_, median, _) = uses.select_nth_unstable(middle);
        let median = *median;
        self.keys.retain(|_, key| key.used >= median);
    }
}

impl Remembered {
    fn opens(&self, presented: &PresentedKey) -> bool {
        let mut opens = Choice::from(0);
        for secret in self.secrets.iter().flatten() {
            opens |= secret.ct_eq(&presented.secret_hash);
        }
        opens.into()
    }
}

/// The one write: who, whether, how much.
fn expressions(update: Operation<Client>, presented: &PresentedKey, write: &Write, now: Moment) -> Operation<Client> {
    let [fine, hour] = write.snapshots.map(|snapshot| snapshot.name());
    let mut expression = "SET n = n + :cost, #f = if_not_exists(#f, n), #d = if_not_exists(#d, n)".to_owned();
    let mut update = update.expression_attribute_names("#f", fine).expression_attribute_names("#d", hour);
    for (place, snapshot) in write.stale.iter().enumerate() {
        expression.push_str(if place == 0 { " REMOVE " } else { ", " });
        let name = format!("#x{place}");
        expression.push_str(&name);
        update = update.expression_attribute_names(name, snapshot.name());
    }
    update
        .update_expression(expression)
        .condition_expression(
            "(h = :h OR (ho = :h AND hu > :now)) AND st = :active AND (attribute_not_exists(e) OR e > :now) AND n <= :most",
        )
        .expression_attribute_values(":cost", number(write.cost))
        .expression_attribute_values(":most", number(write.no_more_than))
        .expression_attribute_values(":h", hash(&presented.secret_hash))
        .expression_attribute_values(":now", number(now.millis() / 1_000))
        .expression_attribute_values(":active", AttributeValue::S("a".to_owned()))
        .return_values(ReturnValue::AllNew)
        .return_values_on_condition_check_failure(ReturnValue::AllOld)
}

/// What an item says to whoever presents this secret, limits aside. The secret comes first: to anyone else it is an unknown key.
fn classify(item: &KeyItem, presented: &PresentedKey, now: Moment) -> Result<KeyRecord, Refused> {
    let mut opens = Choice::from(0);
    for secret in secrets(item, now).iter().flatten() {
        opens |= secret.ct_eq(&presented.secret_hash);
    }
    if !bool::from(opens) {
        return Err(Refused::Unknown);
    }
    match item.state {
        KeyState::Revoked => return Err(Refused::Revoked),
        KeyState::Suspended => return Err(Refused::Suspended),
        KeyState::Active => {}
    }
    if item.expires.is_some_and(|expires| !is_later(expires, now)) {
        return Err(Refused::Expired);
    }
    KeyRecord::try_from(item).map_err(|error| unreadable("key", &error).into())
}

/// The hashes that open the key now.
fn secrets(item: &KeyItem, now: Moment) -> [Option<SecretHash>; SECRETS] {
    let old = item.old_secret.filter(|_| item.old_until.is_some_and(|until| is_later(until, now)));
    [Some(item.secret.0), old.map(|old| old.0)]
}

/// Whether a unix second is later than the one that `now` is in; the same rule as in the write's condition.
fn is_later(seconds: i64, now: Moment) -> bool {
    u64::try_from(seconds).is_ok_and(|seconds| seconds > now.millis() / 1_000)
}

fn limited(window: &KeyWindow, denial: &Denial, now: Moment) -> Refused {
    Refused::Limited {
        retry_after: denial.retry_after_seconds(window.rule(), now),
        rate: window.headers_of(denial, now),
    }
}

fn hash(secret: &SecretHash) -> AttributeValue {
    AttributeValue::B(secret.to_vec())
}

fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

#[cfg(test)]
mod tests {
    use domain::{limit::Ledger, tier::Tier};

    use super::*;

    fn presented(number: u128) -> PresentedKey {
        PresentedKey { id: KeyId::from_uuid(uuid::Uuid::from_u128(number)), secret_hash: [1; 32] }
    }

    #[test]
    fn an_instance_forgets_the_keys_it_used_least_lately() {
        let mut known = Known::default();
        let rule = Rule::new(Tier::Standard.limits(), Margin::DEFAULT);
        let now = Moment::from_millis(1);
        let favourite = presented(u128::MAX);
        known.learn(&favourite.id, [Some([1; 32]), None], rule, Ledger::new(0), now);
        for number in 0..3 * REMEMBERED as u128 {
            known.learn(&presented(number).id, [Some([1; 32]), None], rule, Ledger::new(0), now);
            assert!(known.get(&favourite).is_some(), "a key in use is kept");
            assert!(known.keys.len() <= REMEMBERED);
        }
        assert!(known.get(&presented(0)).is_none());
        assert!(known.get(&presented(3 * REMEMBERED as u128 - 1)).is_some());
    }

    #[test]
    fn only_the_secrets_of_the_item_open_what_is_remembered() {
        let mut known = Known::default();
        let rule = Rule::new(Tier::Standard.limits(), Margin::DEFAULT);
        let with = |secret| PresentedKey { secret_hash: [secret; 32], ..presented(1) };
        known.learn(&presented(1).id, [Some([1; 32]), Some([2; 32])], rule, Ledger::new(0), Moment::default());
        assert!(known.get(&with(1)).is_some() && known.get(&with(2)).is_some() && known.get(&with(3)).is_none());
        known.learn(&presented(1).id, [Some([3; 32]), None], rule, Ledger::new(0), Moment::default());
        assert!(known.get(&with(1)).is_none() && known.get(&with(2)).is_none() && known.get(&with(3)).is_some());
    }
}
