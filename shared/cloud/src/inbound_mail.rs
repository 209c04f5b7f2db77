//! Mails that come in, as SES tells of them.
//!
//! What comes is SES's notification of a rule that ends there ("Notification contents for Amazon SES email receiving" in its developer guide): the
//! headers and what SES found out about the sender. It has no body, and none is fetched: a mail is a wish to be asked what one wants.

use jiff::Timestamp;
use personal_data::PersonalData;

/// A mail that came in: a message of the `inbound-mails` queue.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[serde(rename_all = "camelCase")]
#[pd(store = "inbound-mails", subject = AccountUser, link = "mail", role = Controller, region = Pinned)]
pub struct InboundMailMessage {
    /// Who wrote, and about what; other headers are in the queue, and not read.
    #[pd(cat = "user.contact.email", origin = Provided, basis = LegalObligation, purpose(Messages), retain = "mail", erase = Expire, export = Never)]
    pub mail: InboundMail,
    /// Where it came to, and what SES found out.
    #[pd(none)]
    pub receipt: Receipt,
}

/// The mail.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InboundMail {
    /// When it came in.
    pub timestamp: Timestamp,
    /// SES's own name for it: the same one however often its notification comes.
    pub message_id: String,
    /// The headers, in the mail's order.
    #[serde(default)]
    pub headers: Vec<Header>,
    /// Those that every mail has.
    pub common_headers: CommonHeaders,
}

/// One header.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub struct Header {
    /// Its name, in whatever case it was sent.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// Headers that SES has read.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CommonHeaders {
    /// Who wrote, with the names beside the addresses.
    #[serde(default)]
    pub from: Vec<String>,
    /// What about.
    #[serde(default)]
    pub subject: String,
    /// Where bounces go.
    #[serde(default)]
    pub return_path: String,
}

/// What SES found out.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// Those of our addresses that it came to.
    #[serde(default)]
    pub recipients: Vec<String>,
    /// Whether it is spam.
    pub spam_verdict: Verdict,
    /// Whether it has a virus.
    pub virus_verdict: Verdict,
    /// Whether its server may send for the domain of its envelope (RFC 7208).
    pub spf_verdict: Verdict,
    /// Whether a domain has signed it (RFC 6376).
    pub dkim_verdict: Verdict,
    /// Whether either of them is the domain of its `From` (RFC 7489).
    pub dmarc_verdict: Verdict,
}

/// One of SES's findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Verdict {
    /// What was found.
    pub status: Status,
}

/// How a finding ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// It is in order.
    Pass,
    /// It is not.
    Fail,
    /// There is nothing by which to tell, as where a domain has no policy.
    Gray,
    /// It could not be found out.
    ProcessingFailed,
}

impl InboundMailMessage {
    /// The value of a header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let header = self.mail.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
        Some(header.value.trim())
    }

    /// Whether a machine wrote it, which is answered by nobody (RFC 3834).
    #[must_use]
    pub fn is_automatic(&self) -> bool {
        let automatic = self.header("auto-submitted").is_some_and(|value| !value.eq_ignore_ascii_case("no"));
        let bulk = self.header("precedence").is_some_and(|value| {
            ["bulk", "junk", "list", "auto_reply"].iter().any(|kind| value.eq_ignore_ascii_case(kind))
        });
        let list = self.header("list-id").is_some() || self.header("list-unsubscribe").is_some();
        let bounce = ["", "<>"].contains(&self.mail.common_headers.return_path.trim());
        automatic || bulk || list || bounce
    }

    /// Whether it may be from whom it says: clean, and neither refused by its domain's policy nor without anything that speaks for it.
    #[must_use]
    pub fn is_credible(&self) -> bool {
        let Receipt { spam_verdict, virus_verdict, spf_verdict, dkim_verdict, dmarc_verdict, .. } = &self.receipt;
        let passed = |verdict: &Verdict| verdict.status == Status::Pass;
        let clean = [spam_verdict, virus_verdict].iter().all(|verdict| verdict.status != Status::Fail);
        let spoken_for = match dmarc_verdict.status {
            Status::Pass => true,
            Status::Fail => false,
            // Its domain has no policy.
            Status::Gray | Status::ProcessingFailed => passed(spf_verdict) || passed(dkim_verdict),
        };
        clean && spoken_for
    }
}
