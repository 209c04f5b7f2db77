//! Which versions of the policies bind the account, and whether its owner agrees to another (R033, R041, R102). An agreement is no consent: it
//! allows nothing that takes one.

use cloud::{
    dynamo::accounts::{AccountItem, AgreementItem, VersionOf},
    http::{Answer, Code, Problem},
};
use domain::{
    agreement::{Known, Manner, binding, later_versions, takes_effect},
    policy::{Policy, Version, among},
};
use http::StatusCode;
use jiff::Timestamp;

use crate::{
    account::own,
    serving::{Visit, unavailable},
};

/// How the account stands to every policy.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Agreements"))]
pub(crate) struct Agreements {
    data: Vec<Standing>,
}

/// How the account stands to one policy.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "PolicyStanding"))]
pub(crate) struct Standing {
    policy: &'static str,
    /// The version that binds the account now.
    binding: Option<&'static str>,
    /// All versions, the oldest first.
    versions: Vec<Told>,
}

/// What an account was told of a version, and whether it agreed to it.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "PolicyVersionStanding"))]
pub(crate) struct Told {
    version: &'static str,
    /// Whether it binds only who agrees to it, because it takes rights away.
    needs_agreement: bool,
    /// When notice of it was mailed.
    noticed_at: Option<Timestamp>,
    /// From when it binds an account that does not say anything; nothing where notice has yet to be mailed.
    takes_effect_at: Option<Timestamp>,
    /// When the account agreed to it.
    agreed_at: Option<Timestamp>,
    /// How.
    agreed_how: Option<Manner>,
    /// When it was declined. The account is closed when the version takes effect, unless it is agreed to until then.
    declined_at: Option<Timestamp>,
}

/// `GET /v1/account/agreements`
pub(crate) async fn list(visit: &Visit<'_>) -> Result<Answer, Problem> {
    let account = own(visit).await?;
    let rows = visit.app.accounts.agreements(&account.id).await.map_err(unavailable)?;
    let now = visit.app.clock.now();
    let data = visit.app.policies.iter().map(|policy| standing(policy, &account, &rows, now)).collect();
    Ok(Answer::json(StatusCode::OK, &Agreements { data }))
}

fn standing(policy: &'static Policy, account: &AccountItem, rows: &[AgreementItem], now: Timestamp) -> Standing {
    let row = |version: &Version| rows.iter().find(|row| row.policy == policy.name && row.version == version.name);
    let known = |version: &Version| row(version).map_or_else(Known::default, AgreementItem::known);
    let told = |version: &'static Version| Told {
        version: version.name,
        needs_agreement: version.reduces_rights,
        noticed_at: known(version).noticed_at,
        takes_effect_at: if version.reduces_rights { None } else { takes_effect(version, known(version)) },
        agreed_at: known(version).agreed_at,
        agreed_how: row(version).and_then(|row| row.agreed_how),
        declined_at: known(version).declined_at,
    };
    Standing {
        policy: policy.name,
        binding: binding(policy, account.beginning(), known, now).map(|version| version.name),
        versions: policy.versions.iter().map(told).collect(),
    }
}

/// Whether a version is agreed to.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Agreement {
    /// False declines it: the account is closed when the version takes effect. One that needs an agreement just never binds who declines it.
    agrees: bool,
}

/// `PUT /v1/account/agreements/{policy}/{version}`: may be done again; the first agreement counts.
pub(crate) async fn say(visit: &Visit<'_>, parameters: &[&str]) -> Result<Answer, Problem> {
    let &[policy, version] = parameters else { return Err(Code::NotFound.into()) };
    let Agreement { agrees } = visit.call.json()?;
    let now = visit.app.clock.now();
    let policy = among(visit.app.policies, policy).ok_or(Code::NotFound)?;
    let version = policy.version(version).ok_or(Code::NotFound)?;
    let refuse = |detail: &'static str| Problem::new(Code::Conflict).detail(detail);
    if !policy.can_be_accepted(version.name, now) {
        return Err(refuse("a later version has taken its place"));
    }
    let account = own(visit).await?;
    if account.closing_since.is_some() {
        return Err(refuse("the account is being closed"));
    }
    let (accounts, of) = (&visit.app.accounts, VersionOf { policy: policy.name, version: version.name });
    if agrees {
        accounts.agree(&account.id, of, &visit.key.id, now).await.map_err(unavailable)?;
        return list(visit).await;
    }
    let later = later_versions(policy, account.beginning()).contains(version);
    let declined = later && version.significant && accounts.decline(&account.id, of, now).await.map_err(unavailable)?;
    if !declined {
        return Err(refuse("the version was agreed to before; who does not want to be bound by it closes the account"));
    }
    list(visit).await
}
