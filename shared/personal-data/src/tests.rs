//! A record lists exactly what serde writes, and a map that contradicts itself says so.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::*;

#[derive(Serialize, PersonalData)]
#[serde(rename_all = "camelCase")]
#[pd(store = "accounts", subject = AccountUser, link = "accountId", role = Controller, region = Pinned)]
struct UserItem {
    #[pd(none)]
    account_id: &'static str,
    #[pd(
        cat = "user.contact.email", origin = Provided, basis = Contract, purpose(Account, Security),
        retain = "account", erase = Delete, export = Yes, identity = Email
    )]
    mail_address: &'static str,
    #[pd(none)]
    #[serde(rename = "v")]
    version: u8,
    #[pd(none)]
    #[serde(rename = "expires_at")]
    expires_at: u64,
    #[pd(none)]
    #[serde(skip)]
    _loaded: bool,
    #[pd(families("f", "h"))]
    #[serde(flatten)]
    counts: BTreeMap<String, u64>,
}

#[derive(PersonalData)]
#[pd(store = "log", subject = Caller, link = "source", role = Controller, region = Pinned)]
#[pd(attributes("pk", "expires_at"))]
struct LogItem {
    #[pd(cat = "user.device.ip_address", origin = Observed, basis = LegitimateInterest, purpose(Security),
         retain = "security-log", erase = Expire, export = Yes)]
    #[allow(dead_code, reason = "only its annotation is looked at")]
    source: String,
}

const SOUND: DataMap = DataMap {
    records: &[UserItem::RECORD, LogItem::RECORD],
    resources: &[
        Resource::table("accounts", "AccountsTable").backed_up(14),
        Resource::table("log", "LogTable"),
        Resource::queue("mail", "MailQueue", 24, "mail-dead"),
        Resource::dead_letter("mail-dead", "MailDeadQueue", 24),
        Resource::log_group("proxy", "ProxyLogGroup", 14),
    ],
};

#[test]
fn a_record_lists_what_serde_writes() {
    let counts = BTreeMap::from([("f35273".to_owned(), 1), ("h9".to_owned(), 2)]);
    let item = UserItem {
        account_id: "acc_1",
        mail_address: "a@example.com",
        version: 1,
        expires_at: 0,
        _loaded: true,
        counts,
    };
    let written = serde_json::to_value(&item).unwrap();
    let written: BTreeSet<&str> = written.as_object().unwrap().keys().map(String::as_str).collect();
    for attribute in &written {
        assert!(UserItem::RECORD.content(attribute).is_some(), "{attribute}");
    }
    for field in UserItem::RECORD.fields.iter() {
        assert!(written.contains(field.attribute), "{}", field.attribute);
    }
}

#[test]
fn a_family_is_its_prefix_and_digits() {
    for (name, known) in [("f1", true), ("f", false), ("fa", false), ("f1a", false), ("F1", false), ("hf1", false)] {
        assert_eq!(UserItem::RECORD.content(name).is_some(), known, "{name}");
    }
}

#[test]
fn a_record_tells_what_is_personal() {
    let (attribute, personal) = UserItem::RECORD.personal().next().unwrap();
    assert_eq!(attribute, "mailAddress");
    assert_eq!(personal.category, "user.contact.email");
    assert_eq!(personal.purposes, [Purpose::Account, Purpose::Security]);
    assert_eq!(personal.identity, Some(Identity::Email));
    assert_eq!(personal.retain.limit(), Limit::LifeAnd(0));
    assert_eq!(UserItem::RECORD.personal().count(), 1);
}

#[test]
fn a_sound_map_has_no_faults() {
    assert_eq!(SOUND.faults(), []);
    assert!(SOUND.declares("accounts", "mailAddress"));
    assert!(!SOUND.declares("log", "mailAddress"));
    assert!(!SOUND.declares("nowhere", "mailAddress"));
}

#[track_caller]
fn contradicts(resources: Vec<Resource>, message: &str) {
    let faults = DataMap { resources: resources.leak(), ..SOUND }.faults();
    assert!(faults.iter().any(|Fault(text)| text.contains(message)), "{faults:#?}");
}

#[test]
fn a_map_that_contradicts_itself_says_how() {
    let accounts = Resource::table("accounts", "AccountsTable");
    let log = Resource::table("log", "LogTable");
    contradicts(vec![accounts], "`LogItem` rests in `log`, which is no table");
    contradicts(vec![accounts, log, accounts], "`accounts` is in the map twice");
    contradicts(vec![accounts, log.backed_up(7)], "`log`: `source` is kept as \"security-log\" (90 d)");
    contradicts(vec![accounts, log, Resource::table("empty", "EmptyTable")], "`empty`: no record of it has");
    contradicts(vec![accounts, log, Resource::queue("mail", "MailQueue", 24, "lost")], "`lost` is not a dead-letter");
    let LogItem { source: _ } = LogItem { source: String::new() };
    let source = match LogItem::RECORD.fields.iter().find(|field| field.attribute == "source") {
        Some(field) => std::slice::from_ref(field),
        None => &[],
    };
    let group = Resource::log_group("proxy", "ProxyLogGroup", 14).holding(source);
    contradicts(vec![accounts, log, group], "`proxy`: `source` is personal data, which has no place there");
    let secrets = Resource::secret_prefix("store/").holding(source);
    contradicts(vec![accounts, log, secrets], "`store/`: `source` is personal data and about nobody");
    let told = secrets.about(Subject::Caller, Role::Controller);
    assert_eq!(DataMap { resources: vec![accounts, log, told].leak(), ..SOUND }.faults(), []);
    let open = Resource { encryption: Encryption::ServiceKey, ..accounts };
    contradicts(vec![open, log], "`accounts`: `mailAddress` is personal data and not under the stack's key");

    let feed = Resource::queue("log", "LogQueue", 24, "dead");
    let short = Resource::dead_letter("dead", "DeadQueue", 24 * 90);
    assert_eq!(DataMap { resources: vec![accounts, feed, short].leak(), ..SOUND }.faults(), []);
    let long = Resource::dead_letter("dead", "DeadQueue", 24 * 90 + 1);
    contradicts(vec![accounts, feed, long], "`dead`: `source` is kept as \"security-log\" (90 d), its copies 2161 h");
}
