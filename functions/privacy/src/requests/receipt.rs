//! The receipt of a request, for whoever made it (`privacy.md` D.8): what was done, signed by the stack's key, and where the public half of that
//! key stands.

use cloud::http::{Answer, Call, Code, Problem};
use domain::id::PrivacyRequestId;
use http::{StatusCode, header};

use super::{language, session, unavailable};
use crate::{
    App,
    centre::{self, is_page_wanted},
};

/// Where the public key is.
const KEY_PATH: &str = "/privacy/signing-key";

/// A receipt.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "SubjectRequestReceipt"))]
pub(crate) struct Receipt {
    /// What was signed, byte by byte: JSON with `request`, `kind`, `regime`, the times, the version of the data map, and for each place how much was
    /// found, with how much of it was done what was asked, and what stays and why. Nothing in it says who the person is.
    pub(crate) document: String,
    /// The signature of the document's bytes: in DER (RFC 3279, 2.2.3), in base64.
    pub(crate) signature: String,
    /// Always ECDSA on P-256 with SHA-256.
    algorithm: &'static str,
    /// Where the public key stands that it verifies with, as PEM (RFC 7468).
    pub(crate) public_key: String,
}

/// `GET /privacy/requests/{request}/receipt`. With `as=json` a browser gets what a program does, to be saved.
pub(crate) async fn show(app: &App, call: &Call, id: &PrivacyRequestId) -> Result<Answer, Problem> {
    session::visit(app, call, id).await?;
    let Some(item) = app.runs.receipt(id).await.map_err(unavailable)? else {
        return Err(Problem::new(Code::Conflict).detail("there is no receipt before the request is done"));
    };
    let receipt = Receipt {
        document: item.document,
        signature: item.signature,
        algorithm: "ECDSA_P256_SHA256",
        public_key: format!("{}{KEY_PATH}", app.public_url),
    };
    let is_saved = call.parameters().any(|(name, value)| name == "as" && value == "json");
    if is_page_wanted(call) && !is_saved {
        return Ok(centre::receipt::page(language::of(call), id, &receipt).answer());
    }
    let answer = Answer::json(StatusCode::OK, &receipt).with(header::REFERRER_POLICY, "no-referrer");
    if is_saved {
        return Ok(answer.with(header::CONTENT_DISPOSITION, "attachment; filename=\"receipt.json\""));
    }
    Ok(answer)
}

/// `GET /privacy/signing-key`: the same for everybody; KMS is asked once an instance.
pub(crate) async fn key(app: &App) -> Result<Answer, Problem> {
    let pem = app.public_key.get_or_try_init(|| app.signer.public_key()).await.map_err(unavailable)?;
    let mut answer = Answer::empty(StatusCode::OK);
    answer.body = pem.clone().into();
    Ok(answer
        .with(header::CONTENT_TYPE, "application/x-pem-file")
        .with(header::CONTENT_DISPOSITION, "attachment; filename=\"signing-key.pem\"")
        .with(header::CACHE_CONTROL, "public, max-age=3600"))
}
