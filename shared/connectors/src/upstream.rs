//! What all connectors do with a store's answer: tell success from refusal, read JSON, take secrets out of error texts.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::model::Remote;
use domain::money::{Amount, Currency, Money};
use http::{HeaderMap, HeaderName, header};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::allowance::{Allowance, Refill};
use crate::connector::{Credential, InboundResponse, ReadError};

/// The longest piece of a store's error text that is passed on, in characters.
const MAX_TEXT: usize = 500;

/// The longest wait that is believed, a day; a platform that says more is broken.
const MAX_RETRY_AFTER: u64 = 86_400;

/// WooCommerce's own limiter does not use the common name.
const WOO_RETRY_AFTER: HeaderName = HeaderName::from_static("ratelimit-retry-after");

const RESET_MS: HeaderName = HeaderName::from_static("x-rate-limit-time-reset-ms");

/// The body of a success; anything else becomes the error to report.
pub(crate) fn success<'a>(response: &'a InboundResponse, credential: &Credential) -> Result<&'a [u8], ReadError> {
    if response.status.is_success() { Ok(&response.body) } else { Err(refused(response, credential)) }
}

/// The error that a store's answer stands for.
pub(crate) fn refused(response: &InboundResponse, credential: &Credential) -> ReadError {
    ReadError::Upstream {
        status: response.status,
        retry_after: retry_after(&response.headers),
        text: public_text(response, credential),
    }
}

/// How long an answer asks to wait: `Retry-After` in seconds or as a date (RFC 9110 10.2.3). A date is measured from the answer's own `Date`, so
/// that neither our clock nor the platform's matters; without one it counts as absent, and one in the past asks for no wait. BigCommerce says
/// the same in milliseconds, in `X-Rate-Limit-Time-Reset-Ms` of a 429.
#[must_use]
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &HeaderName| Some(headers.get(name)?.to_str().ok()?.trim());
    let Some(wanted) = text(&header::RETRY_AFTER).or_else(|| text(&WOO_RETRY_AFTER)) else {
        let reset = text(&RESET_MS)?.parse().ok().map(Duration::from_millis)?;
        return Some(reset.min(Duration::from_secs(MAX_RETRY_AFTER)));
    };
    let seconds = match wanted.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let second = |date: &str| Some(jiff::fmt::rfc2822::parse(date).ok()?.timestamp().as_second());
            u64::try_from(second(wanted)? - second(text(&header::DATE)?)?).unwrap_or(0)
        }
    };
    Some(Duration::from_secs(seconds.min(MAX_RETRY_AFTER)))
}

/// The window that a platform tells of: what is left in one header, the unix second of its end in another. As with [`retry_after`], the end is
/// measured from the answer's own `Date`.
pub(crate) fn window(headers: &HeaderMap, remaining: &str, reset: &str) -> Option<Allowance> {
    let text = |name: &str| Some(headers.get(name)?.to_str().ok()?.trim());
    let available = text(remaining)?.parse().ok()?;
    let end: i64 = text(reset)?.parse().ok()?;
    let now = jiff::fmt::rfc2822::parse(text(header::DATE.as_str())?).ok()?.timestamp().as_second();
    let seconds = u64::try_from(end.saturating_sub(now)).unwrap_or(0).min(MAX_RETRY_AFTER);
    Some(Allowance { available, refill: Refill::All { after: Duration::from_secs(seconds) } })
}

/// The moment of an answer by the platform's own clock.
pub(crate) fn time_of(headers: &HeaderMap) -> Option<Timestamp> {
    let date = headers.get(header::DATE)?.to_str().ok()?;
    jiff::fmt::rfc2822::parse(date).ok().map(|date| date.timestamp())
}

/// The message of an error body where the platform's shape is known, else the body's beginning if it is plain text or JSON; no
/// HTML (a stack trace or a login page helps nobody).
fn public_text(response: &InboundResponse, credential: &Credential) -> String {
    // Read more than is shown, so that a secret cut in half at the end cannot slip past the removal.
    let start = &response.body[..response.body.len().min(16 * MAX_TEXT)];
    let body = String::from_utf8_lossy(start);
    let message = match serde_json::from_slice::<ErrorBody<'_>>(&response.body) {
        Ok(ErrorBody { error: Some(error), .. }) => error.message,
        Ok(ErrorBody { message: Some(message), parameters: Some(parameters), .. }) => {
            filled(&message, parameters).into()
        }
        Ok(ErrorBody { message: Some(message), .. }) => message,
        _ if body.trim_start().starts_with('<') => Cow::Borrowed(""),
        _ => body,
    };
    public(&message, credential)
}

/// What a caller may see of a store's text: without credentials and control characters, at most 500 characters.
pub(crate) fn public(message: &str, credential: &Credential) -> String {
    let mut text = message.to_owned();
    for secret in credential.values().filter(|value| value.len() >= 4) {
        for form in [
            secret.to_owned(),
            percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC).to_string(),
        ] {
            text = text.replace(&form, "[removed]");
        }
    }
    let values: Vec<&str> = credential.values().collect();
    for first in &values {
        for second in &values {
            text = text.replace(&STANDARD.encode(format!("{first}:{second}")), "[removed]");
        }
    }
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_TEXT).collect::<String>().trim().to_owned()
}

/// Magento leaves places in its messages: `%1` for the first of a list of parameters, `%name` for one of an object's.
fn filled(message: &str, parameters: &RawValue) -> String {
    let listed: Vec<serde_json::Value> = serde_json::from_str(parameters.get()).unwrap_or_default();
    let named: BTreeMap<String, serde_json::Value> = serde_json::from_str(parameters.get()).unwrap_or_default();
    let numbered = (1..).zip(listed).map(|(number, value): (u32, _)| (number.to_string(), value));
    let mut text = message.to_owned();
    for (name, value) in numbered.chain(named) {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text = text.replace(&format!("%{name}"), &value);
    }
    text
}

/// CartOS: `{"error":{"code","message"}}`; WordPress: `{"code","message","data"}`; Magento: `{"message","parameters"}`.
#[derive(Deserialize)]
struct ErrorBody<'a> {
    #[serde(borrow)]
    error: Option<ErrorMessage<'a>>,
    #[serde(borrow)]
    message: Option<Cow<'a, str>>,
    #[serde(borrow)]
    parameters: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ErrorMessage<'a> {
    #[serde(borrow)]
    message: Cow<'a, str>,
}

/// A wire object with, if wanted, its own text.
pub(crate) struct Item<T> {
    pub(crate) wire: T,
    pub(crate) remote: Remote,
}

/// Reads JSON. The text is checked to be UTF-8 once and whole: a parser of bytes would check each of its thousands of strings by itself.
pub(crate) fn parse<'a, T: Deserialize<'a>>(text: &'a [u8], unreadable: &'static str) -> Result<T, ReadError> {
    let text = std::str::from_utf8(text).map_err(|_| ReadError::Unreadable(unreadable))?;
    serde_json::from_str(text).map_err(|_| ReadError::Unreadable(unreadable))
}

/// Reads one object. Its text is parsed a second time only when it is wanted.
pub(crate) fn item<'a, T: Deserialize<'a>>(text: &'a [u8], include_remote: bool) -> Result<Item<T>, ReadError> {
    let wire = parse(text, "not the documented object")?;
    let remote = if include_remote {
        let raw: &RawValue = parse(text, "not JSON")?;
        Some(raw.to_owned())
    } else {
        None
    };
    Ok(Item { wire, remote })
}

/// Reads a list of objects from its JSON array.
pub(crate) fn items<'a, T: Deserialize<'a>>(text: &'a [u8], include_remote: bool) -> Result<Vec<Item<T>>, ReadError> {
    const UNREADABLE: &str = "not the documented list";
    if include_remote {
        let raw: Vec<&'a RawValue> = parse(text, UNREADABLE)?;
        return raw.into_iter().map(|raw| item(raw.get().as_bytes(), true)).collect();
    }
    let wires: Vec<T> = parse(text, UNREADABLE)?;
    Ok(wires.into_iter().map(|wire| Item { wire, remote: None }).collect())
}

/// An amount as a platform wrote it: text, a number or null. The number is read from its characters, never through a float.
#[derive(Clone, Copy, Default)]
pub(crate) struct AmountText<'a>(Option<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for AmountText<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&'de RawValue>::deserialize(deserializer).map(|raw| Self(Some(raw)))
    }
}

impl AmountText<'_> {
    /// The amount; `None` for null, empty text and whatever is not a decimal number.
    pub(crate) fn amount(self) -> Option<Amount> {
        let raw = self.0?.get();
        match raw.as_bytes().first()? {
            // Hardly any amount has an escape in it; without one, its text is what stands between the quotes.
            b'"' if !raw.contains('\\') => raw.get(1..raw.len() - 1)?.parse().ok(),
            b'"' => serde_json::from_str::<Cow<'_, str>>(raw).ok()?.parse().ok(),
            b'-' | b'0'..=b'9' => raw.parse().ok(),
            _ => None,
        }
    }

    /// The amount of a platform that mixes two ways to write one: a text without a point is a whole number of minor units, with so many
    /// `decimals`; a number, or a text with a point, is in major units.
    pub(crate) fn mixed(self, decimals: u8) -> Option<Amount> {
        let amount = self.amount()?;
        let is_minor = self.0?.get().starts_with('"') && !amount.as_str().contains('.');
        if is_minor { Amount::from_minor_units(amount.as_str().parse().ok()?, decimals).ok() } else { Some(amount) }
    }

    /// The whole part as an integer: stock is counted in pieces, but plugins write decimals.
    pub(crate) fn whole(self) -> Option<i64> {
        let amount = self.amount()?;
        let whole = amount.as_str().split('.').next()?;
        whole.parse().ok()
    }

    /// The amount in a currency.
    pub(crate) fn money(self, currency: Option<Currency>) -> Option<Money> {
        self.amount().map(|amount| Money::new(amount, currency))
    }
}

/// An id as a platform wrote it: a whole number or a text.
#[derive(Clone)]
pub(crate) struct IdText<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for IdText<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?.get();
        let is_number = !raw.is_empty() && raw.len() <= 40 && raw.bytes().all(|byte| byte.is_ascii_digit());
        if is_number {
            return Ok(Self(Cow::Borrowed(raw)));
        }
        if let Some(text) = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"'))
            && !text.is_empty()
            && !text.contains('\\')
        {
            return Ok(Self(Cow::Borrowed(text)));
        }
        match serde_json::from_str::<String>(raw) {
            Ok(text) if !text.is_empty() => Ok(Self(Cow::Owned(text))),
            _ => Err(serde::de::Error::custom("an id is a whole number or a text")),
        }
    }
}

impl IdText<'_> {
    /// The id as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as text of its own.
    pub(crate) fn into_string(self) -> String {
        self.0.into_owned()
    }

    /// The id, unless it is 0: some platforms write "none" so.
    pub(crate) fn unless_zero(self) -> Option<String> {
        if self.0 == "0" { None } else { Some(self.0.into_owned()) }
    }
}

/// A moment from RFC 3339 text; `None` when there is none or it cannot be read.
pub(crate) fn time(text: Option<&str>) -> Option<Timestamp> {
    text?.parse().ok()
}

/// `None` for a text without content: most platforms write `""` where they have nothing.
pub(crate) fn text(value: Cow<'_, str>) -> Option<String> {
    if value.trim().is_empty() { None } else { Some(value.into_owned()) }
}

/// The same for a text that may be null or absent.
pub(crate) fn optional(value: Option<Cow<'_, str>>) -> Option<String> {
    value.and_then(text)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::StatusCode;
    use secrecy::SecretString;

    use super::*;

    #[test]
    fn amounts_come_from_the_characters_of_the_number() {
        for (json, expected) in [
            ("12.5", Some("12.5")),
            ("\"12.50\"", Some("12.50")),
            ("\"\"", None),
            ("null", None),
            ("1e3", Some("1000")),
            ("-3.10", Some("-3.10")),
            ("1.234567", Some("1.234567")),
            ("0.1", Some("0.1")),
            ("100000000000000000000.01", Some("100000000000000000000.01")),
            ("true", None),
            ("{}", None),
            ("\"abc\"", None),
            ("\"1\\u0032\"", Some("12")),
        ] {
            let amount: AmountText<'_> = serde_json::from_str(json).unwrap();
            assert_eq!(amount.amount().map(|a| a.to_string()).as_deref(), expected, "{json}");
        }
    }

    #[test]
    fn error_texts_lose_their_secrets_and_their_length() {
        let credential: Credential =
            [("api_key".to_owned(), SecretString::from("ak_live_secret"))].into_iter().collect();
        let answer = |body: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, "7".parse().unwrap());
            InboundResponse { status: StatusCode::TOO_MANY_REQUESTS, headers, body: Bytes::from(body.to_owned()) }
        };
        let text = |body: &str| match refused(&answer(body), &credential) {
            ReadError::Upstream { text, retry_after, .. } => {
                assert_eq!(retry_after, Some(Duration::from_secs(7)));
                text
            }
            ReadError::Unreadable(_) | ReadError::Refused(_) => unreachable!("an error status is an upstream error"),
        };
        assert_eq!(text(r#"{"error":{"code":"x","message":"key ak_live_secret is slow\n"}}"#), "key [removed] is slow");
        assert_eq!(text(r#"{"code":"rest","message":"No route"}"#), "No route");
        let magento =
            r#"{"message":"\"%fieldName\" is required. Enter and try again.","parameters":{"fieldName":"email"}}"#;
        assert_eq!(text(magento), "\"email\" is required. Enter and try again.");
        assert_eq!(text(r#"{"message":"%1 of %2 is ak_live_secret","parameters":["A",7]}"#), "A of 7 is [removed]");
        assert_eq!(text("<html><body>secret trace</body></html>"), "");
        assert_eq!(text("plain ak_live_secret"), "plain [removed]");
        assert_eq!(text("plain ak%5Flive%5Fsecret"), "plain [removed]");
        assert_eq!(text(&"x".repeat(10_000)).len(), 500);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let wait = |value: &str, date: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, value.parse().unwrap());
            date.map(|date| headers.insert(header::DATE, date.parse().unwrap()));
            retry_after(&headers).map(|wait| wait.as_secs())
        };
        let now = Some("Sat, 21 Nov 2026 10:00:00 GMT");
        assert_eq!(wait(" 30 ", None), Some(30));
        assert_eq!(wait("99999999999", None), Some(86_400), "nobody waits for longer than a day");
        assert_eq!(wait("Sat, 21 Nov 2026 10:00:12 GMT", now), Some(12));
        assert_eq!(wait("Sat, 21 Nov 2026 09:00:00 GMT", now), Some(0));
        assert_eq!(wait("Sat, 21 Nov 2026 10:00:12 GMT", None), None);
        let reset = |value: &str| retry_after(&HeaderMap::from_iter([(RESET_MS, value.parse().unwrap())]));
        assert_eq!(reset("1700"), Some(Duration::from_millis(1700)));
        assert_eq!(reset("soon"), None);
        let mut woos = HeaderMap::new();
        woos.insert("ratelimit-retry-after", "9".parse().unwrap());
        assert_eq!(retry_after(&woos), Some(Duration::from_secs(9)));
        for garbage in ["soon", "-1", "1.5", "", "Sat, 99 Nov 2026"] {
            assert_eq!(wait(garbage, now), None, "{garbage}");
        }
    }
}
