//! Finds marker values in everything that the emulator holds.
//!
//! A test sends values that occur nowhere else through a call (a name, a credential, a body) and then asks where they came to rest.
//! Looked at: every item of every table, every message of every queue (dead-letter queues too), every object of every bucket, every
//! log event, every secret, every mail sent, every parameter and schedule, and the environment of every function.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::AhoCorasick;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Request, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use serde_json::{Value, json};
use url::Url;

use crate::plain_http::{PlainHttp, PlainHttpError};
use crate::stack::AWS_REGION;

/// Why the emulator could not be searched.
#[derive(Debug, thiserror::Error)]
pub enum MarkerError {
    /// It did not answer.
    #[error(transparent)]
    Http(#[from] PlainHttpError),
    /// It answered with something else than expected.
    #[error("{what} answered {status}")]
    Answer {
        /// What was asked.
        what: String,
        /// The status.
        status: StatusCode,
    },
}

/// One thing that the emulator holds: where it is, and all of it as bytes.
#[derive(Debug, Clone)]
pub struct Holding {
    /// As `dynamodb/cartage-local-stores`, `sqs/cartage-local-mail`, `s3/bucket/key`, `logs/group`, `secret/name`, `mail`, `lambda/name`, `ssm/name`, `scheduler`.
    pub place: String,
    /// Its content.
    pub content: Bytes,
}

/// The places that hold one of the markers, each with the marker's position in `markers`; plain, in hexadecimal, URL-encoded or in base64
/// (at any of the three offsets that base64 knows).
///
/// # Errors
/// [`MarkerError`] when the emulator does not answer as expected: a search that saw only a part proves nothing.
pub async fn scan(aws: &Url, markers: &[&[u8]]) -> Result<Vec<(String, usize)>, MarkerError> {
    let wanted = Wanted::new(markers);
    let mut found = Vec::new();
    for holding in holdings(aws).await? {
        found.extend(wanted.within(&holding.content).into_iter().map(|position| (holding.place.clone(), position)));
    }
    Ok(found)
}

/// Everything that the emulator holds.
///
/// # Errors
/// As [`scan`].
pub async fn holdings(aws: &Url) -> Result<Vec<Holding>, MarkerError> {
    let emulator = Emulator { http: PlainHttp::default(), base: aws.as_str().trim_end_matches('/').to_owned() };
    let mut all = Vec::new();
    emulator.tables(&mut all).await?;
    emulator.logs(&mut all).await?;
    emulator.secrets(&mut all).await?;
    emulator.objects(&mut all).await?;
    emulator.parameters(&mut all).await?;
    emulator.queues(&mut all).await?;
    // One call each, answered whole, whatever is in it.
    for (place, service, path) in [
        ("mail", "ses", "/_ministack/ses/messages"),
        ("lambda", "lambda", "/2015-03-31/functions/"),
        ("scheduler", "scheduler", "/schedules"),
    ] {
        let content = emulator.get(service, path).await?;
        all.push(Holding { place: place.to_owned(), content });
    }
    Ok(all)
}

struct Emulator {
    http: PlainHttp,
    base: String,
}

impl Emulator {
    async fn tables(&self, all: &mut Vec<Holding>) -> Result<(), MarkerError> {
        for table in self.pages("dynamodb", "DynamoDB_20120810.ListTables", json!({}), Page::TABLES).await? {
            let Some(name) = table.as_str() else { continue };
            let scan = json!({ "TableName": name });
            for item in self.pages("dynamodb", "DynamoDB_20120810.Scan", scan, Page::ITEMS).await? {
                all.push(holding(format!("dynamodb/{name}"), &item));
            }
        }
        Ok(())
    }

    async fn logs(&self, all: &mut Vec<Holding>) -> Result<(), MarkerError> {
        for group in self.pages("logs", "Logs_20140328.DescribeLogGroups", json!({}), Page::GROUPS).await? {
            let Some(name) = group["logGroupName"].as_str() else {
                continue;
            };
            let filter = json!({ "logGroupName": name });
            for event in self.pages("logs", "Logs_20140328.FilterLogEvents", filter, Page::EVENTS).await? {
                let message = event["message"].as_str().unwrap_or_default().to_owned();
                all.push(Holding { place: format!("logs/{name}"), content: message.into() });
            }
        }
        Ok(())
    }

    async fn secrets(&self, all: &mut Vec<Holding>) -> Result<(), MarkerError> {
        let asked = json!({ "IncludePlannedDeletion": true });
        for secret in self.pages("secretsmanager", "secretsmanager.ListSecrets", asked, Page::SECRETS).await? {
            let Some(name) = secret["Name"].as_str() else {
                continue;
            };
            all.push(holding(format!("secret/{name}"), &secret));
            if secret.get("DeletedDate").is_some_and(|date| !date.is_null()) {
                continue;
            }
            let value =
                self.call("secretsmanager", "secretsmanager.GetSecretValue", &json!({ "SecretId": name })).await?;
            all.push(holding(format!("secret/{name}"), &value));
        }
        Ok(())
    }

    async fn queues(&self, all: &mut Vec<Holding>) -> Result<(), MarkerError> {
        // By account, region and queue.
        let answer = self.get("sqs", "/_ministack/sqs/messages").await?;
        let messages: Value = serde_json::from_slice(&answer)
            .map_err(|_| MarkerError::Answer { what: "sqs".to_owned(), status: StatusCode::OK })?;
        let regions = messages["messages"].as_object().into_iter().flat_map(serde_json::Map::values);
        for queues in regions.filter_map(Value::as_object).flat_map(serde_json::Map::values) {
            for (url, waiting) in queues.as_object().into_iter().flatten() {
                let name = url.rsplit('/').next().unwrap_or_default();
                all.extend(
                    waiting.as_array().into_iter().flatten().map(|message| holding(format!("sqs/{name}"), message)),
                );
            }
        }
        Ok(())
    }

    async fn parameters(&self, all: &mut Vec<Holding>) -> Result<(), MarkerError> {
        for parameter in self.pages("ssm", "AmazonSSM.DescribeParameters", json!({}), Page::PARAMETERS).await? {
            let Some(name) = parameter["Name"].as_str() else {
                continue;
            };
            let value = self.call("ssm", "AmazonSSM.GetParameter", &json!({ "Name": name })).await?;
            all.push(holding(format!("ssm/{name}"), &value));
        }
        Ok(())
    }

    async fn objects(&self, all: &mut Vec<Holding>) -> Result<(), MarkerError> {
        let buckets = self.get("s3", "/").await?;
        for bucket in elements(&buckets, "Name") {
            let mut token = String::new();
            loop {
                let path = format!("/{bucket}?list-type=2&{token}");
                let listed = self.get("s3", &path).await?;
                for key in elements(&listed, "Key") {
                    match self.get("s3", &format!("/{bucket}/{key}")).await {
                        Ok(content) => all.push(Holding { place: format!("s3/{bucket}/{key}"), content }),
                        // Another test has deleted it since it was listed.
                        Err(MarkerError::Answer { status: StatusCode::NOT_FOUND, .. }) => {}
                        Err(error) => return Err(error),
                    }
                }
                let Some(next) = elements(&listed, "NextContinuationToken").pop() else {
                    break;
                };
                token = format!("continuation-token={}", percent_encode(next.as_bytes(), NON_ALPHANUMERIC));
            }
        }
        Ok(())
    }

    /// All pages of a list.
    async fn pages(
        &self,
        service: &str,
        target: &str,
        mut asked: Value,
        page: Page,
    ) -> Result<Vec<Value>, MarkerError> {
        let mut all = Vec::new();
        loop {
            let mut answer = self.call(service, target, &asked).await?;
            if let Value::Array(some) = answer[page.items].take() {
                all.extend(some);
            }
            match answer[page.next].take() {
                Value::Null => return Ok(all),
                next => asked[page.ask] = next,
            }
        }
    }

    async fn call(&self, service: &str, target: &str, asked: &Value) -> Result<Value, MarkerError> {
        let request = Request::post(format!("{}/", self.base))
            .header("authorization", signed_for(service))
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", target)
            .body(Bytes::from(asked.to_string()));
        let answer = self.send(target, request).await?;
        Ok(serde_json::from_slice(&answer).unwrap_or_default())
    }

    async fn get(&self, service: &str, path: &str) -> Result<Bytes, MarkerError> {
        let request = Request::get(format!("{}{path}", self.base))
            .header("authorization", signed_for(service))
            .body(Bytes::new());
        self.send(path, request).await
    }

    async fn send(&self, what: &str, request: http::Result<Request<Bytes>>) -> Result<Bytes, MarkerError> {
        let refused = |status| MarkerError::Answer { what: what.to_owned(), status };
        let answer = self.http.send(request.map_err(|_| refused(StatusCode::BAD_REQUEST))?).await?;
        match answer.status() {
            status if status.is_success() => Ok(answer.into_body()),
            status => Err(refused(status)),
        }
    }
}

/// How a service pages: the field of the list, the field that says where to go on, and the field that asks for it.
#[derive(Clone, Copy)]
struct Page {
    items: &'static str,
    next: &'static str,
    ask: &'static str,
}

impl Page {
    const TABLES: Self = Self { items: "TableNames", next: "LastEvaluatedTableName", ask: "ExclusiveStartTableName" };
    const ITEMS: Self = Self { items: "Items", next: "LastEvaluatedKey", ask: "ExclusiveStartKey" };
    const GROUPS: Self = Self { items: "logGroups", next: "nextToken", ask: "nextToken" };
    const EVENTS: Self = Self { items: "events", next: "nextToken", ask: "nextToken" };
    const SECRETS: Self = Self { items: "SecretList", next: "NextToken", ask: "NextToken" };
    const PARAMETERS: Self = Self { items: "Parameters", next: "NextToken", ask: "NextToken" };
}

/// The emulator reads service and region from the signature's scope and does not check the signature.
fn signed_for(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/{AWS_REGION}/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
}

fn holding(place: String, content: &Value) -> Holding {
    // Strings apart from each other and unescaped, so that a marker with a quote or a line break is still found.
    let mut text = String::new();
    strings(content, &mut text);
    Holding { place, content: text.into() }
}

fn strings(value: &Value, text: &mut String) {
    match value {
        Value::String(string) => {
            text.push_str(string);
            text.push('\n');
        }
        Value::Array(values) => values.iter().for_each(|value| strings(value, text)),
        Value::Object(fields) => {
            for (name, value) in fields {
                text.push_str(name);
                text.push('\n');
                strings(value, text);
            }
        }
        other => {
            text.push_str(&other.to_string());
            text.push('\n');
        }
    }
}

/// The texts of all elements with this name; S3 lists are flat enough for that.
fn elements(document: &[u8], name: &str) -> Vec<String> {
    let document = String::from_utf8_lossy(document);
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let texts = document.split(open.as_str()).skip(1).filter_map(|rest| rest.split_once(close.as_str()));
    texts.map(|(text, _)| text.to_owned()).collect()
}

fn forms(marker: &[u8]) -> Vec<Vec<u8>> {
    let mut forms: BTreeMap<Vec<u8>, ()> = BTreeMap::new();
    forms.insert(marker.to_vec(), ());
    forms.insert(percent_encode(marker, NON_ALPHANUMERIC).to_string().into_bytes(), ());
    forms.insert(marker.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes(), ());
    let escaped = Value::from(String::from_utf8_lossy(marker)).to_string();
    forms.insert(escaped.trim_matches('"').as_bytes().to_vec(), ());
    for offset in 0..3 {
        // What base64 makes of the marker depends on how many bytes stand before it; the first and last digits depend on its
        // neighbours and are left out.
        let shifted = [vec![0; offset], marker.to_vec()].concat();
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&shifted).into_bytes();
            let own = encoded.get((offset * 8).div_ceil(6)..(shifted.len() * 8) / 6).unwrap_or_default();
            if own.len() >= 8 {
                forms.insert(own.to_vec(), ());
            }
        }
    }
    forms.insert(STANDARD.encode(marker).into_bytes(), ());
    forms.into_keys().filter(|form| !form.is_empty()).collect()
}

/// All forms of all markers, found in one pass: the emulator of a whole test run holds a hundred megabytes.
struct Wanted {
    forms: AhoCorasick,
    /// Of which marker each form is.
    of: Vec<usize>,
}

impl Wanted {
    fn new(markers: &[&[u8]]) -> Self {
        let forms =
            markers.iter().enumerate().flat_map(|(of, marker)| forms(marker).into_iter().map(move |form| (of, form)));
        let (of, forms): (Vec<_>, Vec<_>) = forms.unzip();
        let forms = AhoCorasick::new(forms).expect("markers are short");
        Self { forms, of }
    }

    /// The positions of the markers that are in there.
    fn within(&self, content: &[u8]) -> BTreeSet<usize> {
        // Overlapping, because a form of one marker may be a part of another's.
        self.forms
            .find_overlapping_iter(content)
            .filter_map(|seen| self.of.get(seen.pattern().as_usize()).copied())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_found_in_every_form() {
        let marker = "Zoë \"the\" Marker/7".as_bytes();
        let wanted = Wanted::new(&[b"else", marker]);
        let found = |content: &[u8]| wanted.within(content) == BTreeSet::from([1]);
        assert!(found(&[b"before".as_slice(), marker, b"after".as_slice()].concat()));
        assert!(found(b"name=Zo%C3%AB%20%22the%22%20Marker%2F7&x"));
        for before in ["", "a", "ab", "abc"] {
            let plain = [before.as_bytes(), marker, b"tail"].concat();
            assert!(found(STANDARD.encode(&plain).as_bytes()), "base64 after {before:?}");
            assert!(found(URL_SAFE_NO_PAD.encode(&plain).as_bytes()), "base64url after {before:?}");
        }
        assert!(found(Value::from(String::from_utf8_lossy(marker)).to_string().as_bytes()));
        assert!(!found(b"Zoe the Marker 7"));
    }

    #[test]
    fn s3_names_are_read_from_its_lists() {
        let list = b"<R><Contents><Key>a/b</Key></Contents><Contents><Key>c</Key></Contents></R>";
        assert_eq!(elements(list, "Key"), ["a/b", "c"]);
    }
}
