//! What is looked for under `/.well-known`.

use cloud::http::{Answer, Call, tag};
use domain::policy;
use http::header;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

/// The statement of Global Privacy Control (its section "GPC Support Resource").
#[derive(Debug, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "GlobalPrivacyControl"))]
pub(crate) struct Control {
    /// Whether a browser's signal is abided by. Nothing is sold or shared here, with the signal or without.
    gpc: bool,
    /// The day on which this was said last.
    #[serde(rename = "lastUpdate")]
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date")))]
    last_update: &'static str,
}

/// `GET /.well-known/gpc.json`
pub(crate) const fn privacy_control() -> Control {
    Control { gpc: true, last_update: "2026-11-22" }
}

/// How long what `security.txt` says is to be believed; its RFC recommends less than a year.
const BELIEVED: SignedDuration = SignedDuration::from_hours(180 * 24);

/// `GET /.well-known/security.txt` (RFC 9116): where to report a weak point (R162).
pub(crate) fn security(call: &Call, contact: &str, public_url: &str) -> Answer {
    // By the day, so that it stays the same for a day.
    let day = call.received.to_zoned(TimeZone::UTC).start_of_day().map_or(call.received, |day| day.timestamp());
    let expires = day.saturating_add(BELIEVED).unwrap_or(Timestamp::MAX);
    let text = format!(
        "Contact: {contact}\nExpires: {expires}\nPreferred-Languages: en, fr\nCanonical: {public_url}/.well-known/security.txt\n{}",
        guide(public_url, call.received)
    );
    let answer = tag::answer(call, &tag::of(text.as_bytes()), "text/plain; charset=utf-8", text);
    answer.with(header::CACHE_CONTROL, "public, max-age=3600")
}

/// Where it is said what happens with a report.
fn guide(public_url: &str, now: Timestamp) -> String {
    let usage = policy::named("api-usage").and_then(|policy| Some((policy.name, policy.in_effect(now)?.name)));
    usage.map(|(policy, version)| format!("Policy: {public_url}/policies/{policy}/{version}\n")).unwrap_or_default()
}

/// A contact as an address: whoever runs the stack may have written a mail address or the name of a site.
pub(crate) fn address(contact: &str) -> String {
    let is_address = ["https://", "mailto:", "tel:"].iter().any(|scheme| contact.starts_with(scheme));
    match contact.strip_prefix("http://") {
        _ if is_address => contact.to_owned(),
        // Addresses of the web must be of this kind (RFC 9116, 2.5.3).
        Some(rest) => format!("https://{rest}"),
        None if contact.contains('@') => format!("mailto:{contact}"),
        None => format!("https://{contact}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_becomes_an_address() {
        for (given, expected) in [
            ("ops@example.com", "mailto:ops@example.com"),
            ("mailto:ops@example.com", "mailto:ops@example.com"),
            ("https://example.com/contact", "https://example.com/contact"),
            ("https://example.com/@ops", "https://example.com/@ops"),
            ("http://example.com", "https://example.com"),
            ("example.com", "https://example.com"),
            ("tel:+49-30-901820", "tel:+49-30-901820"),
        ] {
            assert_eq!(address(given), expected);
        }
    }
}
