//! What the account's holder agrees to be written to about: where they stand, how it came to that, and a switch for each purpose (R009, R023).

use cloud::{
    dynamo::{
        accounts::AccountItem,
        consents::{Circumstances, ConsentItem},
        page::Page,
        transaction::{self, Part, TransactionError},
    },
    http::{Answer, Call, Code, Problem},
    journal::Trace,
};
use domain::{
    consent::{Change, DoubleOptIn, Form, Purpose, Source, Subject, UNTOUCHED, gpc_is_on, wording_of},
    id::ConsentId,
    request::Language,
};
use http::StatusCode;
use jiff::Timestamp;

use crate::{
    App, account, page,
    serving::{Visit, unavailable},
};

/// Where the person stands, and the ledger behind it.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Consents"))]
pub(crate) struct Shown {
    purposes: Vec<ShownPurpose>,
    /// True where no marketing mail of any kind goes out.
    unsubscribed_from_marketing: bool,
    /// True where the person's browser asked that nothing be sold or shared. Nothing is, either way.
    opted_out_of_sale: bool,
    /// What no withdrawal changes.
    not_affected: &'static str,
    /// The ledger, oldest first.
    data: Vec<ShownChange>,
    next_cursor: Option<String>,
}

#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ShownPurpose {
    purpose: Purpose,
    granted: bool,
    /// What is agreed to.
    wording: &'static str,
    /// The SHA-256 of that, as it stands in the ledger.
    wording_hash: String,
    /// What no longer comes once it is withdrawn.
    on_withdrawal: &'static str,
}

/// One change in the ledger.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ConsentEvent"))]
pub(crate) struct ShownChange {
    id: ConsentId,
    at: Timestamp,
    change: Change,
    form: Form,
    source: Source,
    double_opt_in: DoubleOptIn,
    /// What was agreed to, and its hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    wording: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wording_hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_version: Option<String>,
}

impl From<ConsentItem> for ShownChange {
    fn from(item: ConsentItem) -> Self {
        let ConsentItem { id, at, change, form, source, double_opt_in, wording: wording_hash, policy_version, .. } =
            item;
        let wording = wording_hash.as_deref().and_then(wording_of);
        Self { id, at, change, form, source, double_opt_in, wording, wording_hash, policy_version }
    }
}

/// `GET /v1/account/consents`
pub(crate) async fn show(visit: &Visit<'_>, trace: &mut Trace) -> Result<Answer, Problem> {
    let request = page::asked(visit.call, trace)?;
    let account = account::own(visit).await?;
    let subject = Subject::Account(account.id.clone());
    let ledger = visit.app.consents.page(&subject, &request).await.map_err(page::failed)?;
    trace.rows = u16::try_from(ledger.items.len()).ok();
    Ok(Answer::json(StatusCode::OK, &shown(&account, ledger.map(ShownChange::from))))
}

fn shown(account: &AccountItem, ledger: Page<ShownChange>) -> Shown {
    let standing = account.standing();
    let purpose = |purpose: Purpose| ShownPurpose {
        purpose,
        granted: standing.allows(purpose),
        wording: purpose.wording(Language::En),
        wording_hash: purpose.wording_hash(Language::En),
        on_withdrawal: purpose.on_withdrawal(),
    };
    Shown {
        purposes: Purpose::ALL.into_iter().map(purpose).collect(),
        unsubscribed_from_marketing: standing.unsubscribed_from_marketing,
        opted_out_of_sale: standing.opted_out_of_sale,
        not_affected: UNTOUCHED,
        data: ledger.items,
        next_cursor: ledger.next_cursor,
    }
}

/// A switch.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ConsentSwitch"))]
#[serde(deny_unknown_fields)]
pub(crate) struct Switch {
    /// Whether the person agrees.
    granted: bool,
}

/// What a switch has done.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ConsentSwitched"))]
pub(crate) struct Switched {
    purpose: Purpose,
    granted: bool,
    unsubscribed_from_marketing: bool,
    /// What no longer comes, where it was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    effect: Option<&'static str>,
    not_affected: &'static str,
}

/// `PUT /v1/account/consents/{purpose}`: to withdraw is as easy as to agree (GDPR Art. 7(3)). What it ends is told by `GET`, and again here.
pub(crate) async fn switch(visit: &Visit<'_>, purpose: &str) -> Result<Answer, Problem> {
    let purpose: Purpose = purpose.parse().map_err(|_| Code::NotFound)?;
    let Switch { granted } = visit.call.json()?;
    let read = account::own(visit).await?;
    let mut wished = read.consents;
    wished.set(purpose, granted);
    let changes = changes(&read, wished, visit.call);
    let changed = changes.iter().fold(read.standing(), |standing, change| standing.after(*change));
    if !changes.is_empty() {
        let account = AccountItem { updated_at: visit.app.clock.now(), ..read.clone().with(changed) };
        write(visit, &account, read.updated_at, &changes).await?;
    }
    let body = Switched {
        purpose,
        granted: changed.allows(purpose),
        unsubscribed_from_marketing: changed.unsubscribed_from_marketing,
        effect: (!granted).then_some(purpose.on_withdrawal()),
        not_affected: UNTOUCHED,
    };
    Ok(Answer::json(StatusCode::OK, &body))
}

/// The changes that a call makes to where an account's holder stands: what is wished, and what the browser says.
pub(crate) fn changes(account: &AccountItem, wished: domain::account::Consents, call: &Call) -> Vec<Change> {
    let standing = account.standing();
    let mut changes = standing.towards(wished);
    if asks_not_to_sell(call) && !standing.opted_out_of_sale {
        changes.push(Change::Gpc);
    }
    changes
}

/// Whether the call's browser asks that nothing be sold or shared.
pub(crate) fn asks_not_to_sell(call: &Call) -> bool {
    gpc_is_on(call.headers.get_all("sec-gpc").iter().filter_map(|value| value.to_str().ok()))
}

/// Writes an account that was changed, and the ledger's part of it, or nothing.
pub(crate) async fn write(
    visit: &Visit<'_>,
    changed: &AccountItem,
    read_at: Timestamp,
    changes: &[Change],
) -> Result<(), Problem> {
    let mut parts = vec![visit.app.accounts.changing(changed, read_at)];
    let how = Circumstances {
        at: changed.updated_at,
        form: Form::Account,
        source: Source::Api,
        policy_version: Some(changed.policy_version.clone()),
        language: Language::En,
    };
    parts.extend(adding(visit.app, changed, changes, &how));
    transaction::write(&visit.app.tables, parts).await.map_err(|error| match error {
        TransactionError::Condition(_) => {
            Problem::new(Code::Conflict).detail("the account was changed meanwhile; read it again")
        }
        TransactionError::Unavailable(cause) => unavailable(cause),
    })
}

/// The writes that add an account's changes to the ledger.
pub(crate) fn adding(app: &App, account: &AccountItem, changes: &[Change], how: &Circumstances) -> Vec<Part> {
    let subject = Subject::Account(account.id.clone());
    let add = |change: &Change| app.consents.adding(&subject, ConsentId::from_uuid(app.clock.new_id()), *change, how);
    changes.iter().map(add).collect()
}
