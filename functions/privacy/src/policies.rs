//! The policies, in all their versions (R040).

use cloud::http::{Answer, Call, Code, Problem, tag};
use domain::{
    agreement::LEAD,
    policy::{POLICIES, Policy, Version, named},
};
use http::header;
use jiff::Timestamp;

use crate::{
    centre::{documents, is_page_wanted},
    requests::language,
};

/// Every policy.
#[derive(Debug, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Policies {
    /// What wins where two say different things, the strongest first. `terms` are those between the operator and you.
    pub(crate) precedence: Vec<&'static str>,
    /// Each policy.
    pub(crate) data: Vec<Document>,
    /// How many days before a significant version binds an account its notice is mailed, at least.
    pub(crate) notice_days: i64,
}

/// A policy.
#[derive(Debug, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Policy"))]
pub(crate) struct Document {
    /// Its name in addresses.
    pub(crate) document: &'static str,
    /// What it is called.
    pub(crate) title: &'static str,
    /// The name of the version that holds now; none before the first does.
    pub(crate) in_effect: Option<&'static str>,
    /// The name of the version that comes next, where one is published (R032). Where it is significant, it binds an account that was told of it late
    /// only after its notice's time.
    pub(crate) coming: Option<&'static str>,
    /// All versions, the oldest first.
    pub(crate) versions: Vec<Published>,
}

/// A version of a policy.
#[derive(Debug, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "PolicyVersion"))]
pub(crate) struct Published {
    /// Its name in addresses.
    pub(crate) version: &'static str,
    /// From when it holds.
    pub(crate) effective_at: Timestamp,
    /// Whether it changes something that matters.
    pub(crate) significant: bool,
    /// Whether it takes rights away, so that it holds only for who agrees to it.
    pub(crate) reduces_rights: bool,
    /// The SHA-256 of its text in hexadecimal. A text is never changed.
    pub(crate) sha256: &'static str,
    /// Where its text is.
    pub(crate) path: String,
}

/// `GET /policies`
pub(crate) fn list(now: Timestamp) -> Policies {
    let document = |policy: &Policy| Document {
        document: policy.name,
        title: policy.title,
        in_effect: policy.in_effect(now).map(|version| version.name),
        coming: policy.coming(now).map(|version| version.name),
        versions: policy.versions.iter().map(|version| published(policy, version)).collect(),
    };
    Policies {
        precedence: ["terms"].into_iter().chain(POLICIES.iter().map(|policy| policy.name)).collect(),
        data: POLICIES.iter().map(document).collect(),
        notice_days: LEAD.as_hours() / 24,
    }
}

fn published(policy: &Policy, version: &Version) -> Published {
    Published {
        version: version.name,
        effective_at: version.effective.start(),
        significant: version.significant,
        reduces_rights: version.reduces_rights,
        sha256: version.sha256,
        path: format!("/policies/{}/{}", policy.name, version.name),
    }
}

/// `GET /policies/{document}/{version}`
pub(crate) fn show(call: &Call, parameters: &[&str]) -> Result<Answer, Problem> {
    let &[document, version] = parameters else { return Err(Code::NotFound.into()) };
    if is_page_wanted(call) {
        return Ok(documents::policy(call, language::of(call), document, version)?.answer());
    }
    let version = named(document).and_then(|policy| policy.version(version)).ok_or(Code::NotFound)?;
    let answer = tag::answer(call, &tag::of(version.text.as_bytes()), "text/markdown; charset=utf-8", version.text);
    let answer = answer.with(header::CACHE_CONTROL, "public, max-age=31536000, immutable");
    Ok(answer.with(header::VARY, "accept"))
}
