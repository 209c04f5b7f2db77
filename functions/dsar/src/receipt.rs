//! What proves that a request was carried out (`privacy.md` D.8): the links of the audit chain, and the receipt that the stack's key signs.
//!
//! Neither says of whom. The person has the receipt by the request, we keep it without a name for as long as the request's record.

use cloud::{
    dynamo::{
        Unavailable,
        chain::{Fact, Linked},
        requests::{Debt, Owed, SubjectRequestItem},
        runs::{Kept, PlaceItem, kept_until},
    },
    pseudonym::Use,
};
use domain::{
    hex::hex,
    request::{Kind, Letter, Regime},
};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{App, plan};

/// For how many days a backup can bring back what was erased: the longest of any table (`Resource::backed_up` in the data map).
const BACKUP_DAYS: i64 = 14;

/// The receipt.
#[derive(Serialize)]
struct Receipt<'a> {
    request: &'a str,
    kind: Kind,
    regime: Regime,
    received_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified_at: Option<Timestamp>,
    finished_at: Timestamp,
    /// The version of the data map and of the plan that were carried out.
    data_map: String,
    places: Vec<Place<'a>>,
    /// From when no backup can bring back what was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    backup_horizon_at: Option<Timestamp>,
    /// Where the end of the request stands in the audit chain.
    chain: &'a Linked,
}

#[derive(Serialize)]
struct Place<'a> {
    place: &'a str,
    found: u64,
    acted: u64,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    kept: &'a [Kept],
}

/// Chains something that a request owes, and with the end of its work makes the receipt.
pub(crate) async fn note(app: &App, request: &SubjectRequestItem, owed: Owed) -> Result<(), Unavailable> {
    let event = match owed.what {
        Debt::Begin => "begin".to_owned(),
        // A variant's name, which always serialises.
        Debt::Letter(letter) => {
            serde_json::to_value(letter).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
        }
    };
    let subject = match (&request.account, &request.email) {
        (Some(account), _) => Some(account.to_string()),
        (None, Some(email)) => Some(email.folded()),
        (None, None) => None,
    };
    let pseudonym = match subject {
        Some(subject) => Some(app.pseudonyms.of(Use::Audit, &subject).await?),
        None => None,
    };
    let (now, number) = (app.clock.now(), owed.number.to_string());
    let fact =
        Fact { request: &request.id, name: &number, event: &event, pseudonym: pseudonym.as_deref(), digest: None };
    let linked = app.chain.append(&fact, now, kept_until(now)).await?;
    if !matches!(owed.what, Debt::Letter(Letter::Ready | Letter::Done)) {
        return Ok(());
    }
    let document = match app.runs.receipt(&request.id).await? {
        Some(receipt) => receipt.document,
        None => write(app, request, &linked).await?,
    };
    let digest = hex(&Sha256::digest(&document));
    let fact = Fact { name: "receipt", event: "receipt", digest: Some(&digest), ..fact };
    app.chain.append(&fact, now, kept_until(now)).await.map(drop)
}

/// Signs and keeps the receipt, and gives the one that is kept: another copy of the message may have been quicker.
async fn write(app: &App, request: &SubjectRequestItem, linked: &Linked) -> Result<String, Unavailable> {
    let now = app.clock.now();
    let finished_at = request.delivered_at.unwrap_or(now);
    let horizon = finished_at.saturating_add(SignedDuration::from_hours(24 * BACKUP_DAYS)).unwrap_or(Timestamp::MAX);
    let rows = app.runs.known(&request.id).await?;
    let receipt = Receipt {
        request: request.id.as_str(),
        kind: request.kind,
        regime: request.regime,
        received_at: request.received_at,
        verified_at: request.verified_at,
        finished_at,
        data_map: plan::version(),
        places: rows
            .iter()
            .map(|PlaceItem { place, found, acted, kept, .. }| Place { place, found: *found, acted: *acted, kept })
            .collect(),
        backup_horizon_at: (request.kind == Kind::Erasure).then_some(horizon),
        chain: linked,
    };
    // Numbers, times and texts of ours, which always serialise.
    let document = serde_json::to_string(&receipt).unwrap_or_default();
    let signature = app.signer.sign(document.as_bytes()).await?;
    app.runs.keep_receipt(&request.id, document.clone(), signature, app.signer.key(), now).await?;
    Ok(app.runs.receipt(&request.id).await?.map_or(document, |receipt| receipt.document))
}

#[cfg(test)]
mod tests {
    use cloud::data_map::DATA_MAP;

    use super::*;

    #[test]
    fn no_backup_lasts_longer_than_a_receipt_says() {
        let longest = DATA_MAP.resources.iter().filter_map(|resource| match resource.kind {
            personal_data::Kind::Table { backup_days, .. } => Some(i64::from(backup_days)),
            _ => None,
        });
        assert_eq!(longest.max(), Some(BACKUP_DAYS));
    }
}
