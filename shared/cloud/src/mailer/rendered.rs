//! A mail in its words, as text and as HTML.

use domain::{delivery::AttemptError, privacy::Held, subscription::DisabledBecause};
use jiff::Timestamp;

use super::{
    EndpointFacts, FormFacts, MailError, MailMessage, Notice, PrivacyFacts, requests,
    words::{About, words},
};

/// A mail in its words.
pub(super) struct Rendered {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

pub(super) fn render(mail: &MailMessage) -> Result<Rendered, MailError> {
    let words = words(mail.kind);
    match (&mail.request, words.about == About::Request, &mail.link) {
        (Some(facts), true, Some(link)) => return requests::render(facts, link),
        (None, false, _) => {}
        _ => return Err(MailError::Link),
    }
    let filled = (&mail.link, &mail.endpoint, &mail.privacy, &mail.notice, &mail.form, words.about);
    let (link, facts) = match filled {
        (Some(link), None, None, None, None, About::Link) if is_link(link) => (Some(link.as_str()), Vec::new()),
        (None, Some(facts), None, None, None, About::Endpoint) => (None, lines(facts)),
        (None, None, Some(facts), None, None, About::Privacy) => (None, held(facts)),
        (None, None, None, Some(notice), None, About::Notice) => (None, told(notice)),
        (Some(link), None, None, Some(notice), None, About::NoticeAndLink) if is_link(link) => {
            (Some(link.as_str()), told(notice))
        }
        (None, None, None, None, Some(facts), About::Form) => (None, sent(facts)),
        (None, None, None, None, None, About::Nothing) => (None, Vec::new()),
        _ => return Err(MailError::Link),
    };
    let mut text = String::new();
    let mut html = String::from("<!doctype html><html lang=\"en\"><body>");
    for (number, paragraph) in words.paragraphs.iter().enumerate() {
        text.push_str(paragraph);
        text.push_str("\r\n\r\n");
        html.push_str(&format!("<p>{paragraph}</p>"));
        if let (0, Some(link)) = (number, link) {
            text.push_str(&format!("{link}\r\n\r\n"));
            html.push_str(&format!("<p><a href=\"{link}\">{link}</a></p>"));
        }
        if number == 0 && !facts.is_empty() {
            text.push_str(&format!("{}\r\n\r\n", facts.join("\r\n")));
            html.push_str(&format!("<p>{}</p>", facts.join("<br>")));
        }
    }
    html.push_str("</body></html>");
    Ok(Rendered { subject: words.subject.to_owned(), text, html })
}

/// One line a fact. Ids, numbers, times and words of ours: nothing that HTML could read as its own.
fn lines(facts: &EndpointFacts) -> Vec<String> {
    let EndpointFacts { subscription, since, last_at, failures, status, error, because } = facts;
    let mut lines = vec![
        format!("Subscription: {subscription}"),
        format!("Nothing but failures since: {}", second(*since)),
        format!("Last attempt: {}", second(*last_at)),
        format!("Failed attempts since: {failures}"),
    ];
    if let Some(status) = status {
        lines.push(format!("Status of the last answer: {status}"));
    }
    if let Some(error) = error {
        lines.push(format!("What went wrong last: {}", in_words(*error)));
    }
    if let Some(because) = because {
        lines.push(format!("Switched off because: {}", in_plain_words(*because)));
    }
    lines
}

fn held(facts: &PrivacyFacts) -> Vec<String> {
    let PrivacyFacts { request, store, received_at, held: Held { objects, events, deliveries } } = facts;
    vec![
        format!("Request: {request}"),
        format!("Store: {store}"),
        format!("Came in: {}", second(*received_at)),
        format!("Objects of which we knew the id: {objects}"),
        format!("Records of events about them, of the last 14 days: {events}"),
        format!("Records of deliveries of these events, of the last 14 days: {deliveries}"),
    ]
}

fn told(notice: &Notice) -> Vec<String> {
    match notice {
        Notice::Idle { closes_on } => vec![format!("Deleted on: {closes_on}")],
        Notice::Key { key, application, since, rotate_by } => {
            let mut lines = vec![format!("Key: {key}")];
            lines.extend(application.iter().map(|application| format!("Application: {application}")));
            lines.push(format!("Its secret was made: {}", second(*since)));
            lines.push(format!("Refused from: {}", second(*rotate_by)));
            lines
        }
        Notice::Policy { policy, version, takes_effect } => vec![
            format!("Policy: {policy}"),
            format!("Version: {version}"),
            takes_effect.map_or("Takes effect: when you agree to it".to_owned(), |day| format!("Takes effect: {day}")),
        ],
    }
}

fn sent(FormFacts { id, form }: &FormFacts) -> Vec<String> {
    vec![format!("Reference: {id}"), format!("Form: {}", form.as_str())]
}

fn second(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

const fn in_words(error: AttemptError) -> &'static str {
    match error {
        AttemptError::Refused => "the address is not one that the gateway calls",
        AttemptError::Unreachable => "no connection could be opened, or the certificate is not valid",
        AttemptError::Broken => "the connection broke before the answer was complete",
        AttemptError::Timeout => "no complete answer within ten seconds",
    }
}

const fn in_plain_words(because: DisabledBecause) -> &'static str {
    match because {
        DisabledBecause::Owner => "its owner wished it",
        DisabledBecause::Gone => "the endpoint answered 410 Gone",
        DisabledBecause::Failing => "there was nothing but failures for 48 hours",
    }
}

/// What can stand in a text, in HTML and in an attribute as it is.
pub(super) fn is_link(link: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?=%[]".contains(&byte);
    link.len() <= 1_000 && (link.starts_with("https://") || link.starts_with("http://")) && link.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailer::{MailKind, MessageClass};

    fn mail(kind: MailKind, link: Option<&str>) -> MailMessage {
        let id = "msg_00000000000000000000000001".parse().unwrap();
        let plain = MailMessage::plain(id, kind, "ann@example.com".parse().unwrap());
        MailMessage { link: link.map(str::to_owned), ..plain }
    }

    #[test]
    fn a_link_stands_in_text_and_html_as_it_is() {
        let link = "https://api.example/v1/accounts/confirm?token=AbC-_9";
        let Rendered { subject, text, html } = render(&mail(MailKind::SignUpLink, Some(link))).unwrap();
        assert_eq!(subject, "Confirm your sign-up");
        assert!(text.lines().any(|line| line == link));
        assert!(html.contains(&format!("<a href=\"{link}\">{link}</a>")));
    }

    #[test]
    fn nothing_but_a_link_gets_into_a_mail() {
        for link in [
            None,
            Some("javascript:alert(1)"),
            Some("https://x/\"><script>"),
            Some("https://x/\r\nBcc: eve@example.com"),
            Some("https://x/ y"),
        ] {
            assert_eq!(render(&mail(MailKind::SignUpLink, link)).err(), Some(MailError::Link), "{link:?}");
        }
        assert_eq!(render(&mail(MailKind::AccountClosed, Some("https://x"))).err(), Some(MailError::Link));
        assert!(render(&mail(MailKind::AccountClosed, None)).is_ok());
    }

    #[test]
    fn a_mail_about_a_customer_says_counts_and_never_whom() {
        let facts = PrivacyFacts {
            request: "prq_00000000000000000000000001".parse().unwrap(),
            store: "str_00000000000000000000000001".parse().unwrap(),
            received_at: Timestamp::from_second(0).unwrap(),
            held: Held { objects: 3, events: 20, deliveries: 7 },
        };
        for kind in [MailKind::CustomerDataHeld, MailKind::CustomerErased] {
            let about = MailMessage { privacy: Some(facts.clone()), ..mail(kind, None) };
            let Rendered { text, .. } = render(&about).unwrap();
            for line in ["Request: prq_00000000000000000000000001", "Came in: 1970-01-01 00:00:00 UTC"] {
                assert!(text.lines().any(|found| found == line), "{text}");
            }
            assert!(text.contains("of the last 14 days: 20") && text.contains("these events, of the last 14 days: 7"));
            assert_eq!(render(&mail(kind, None)).err(), Some(MailError::Link));
        }
    }

    #[test]
    fn a_mail_about_an_endpoint_says_what_was_seen() {
        let facts = EndpointFacts {
            subscription: "sub_00000000000000000000000001".parse().unwrap(),
            since: Timestamp::from_second(0).unwrap(),
            last_at: Timestamp::from_second(172_800).unwrap(),
            failures: 31,
            status: Some(503),
            error: Some(AttemptError::Timeout),
            because: Some(DisabledBecause::Failing),
        };
        let about = MailMessage { endpoint: Some(facts), ..mail(MailKind::EndpointDisabled, None) };
        let Rendered { text, html, .. } = render(&about).unwrap();
        let wanted = [
            "Subscription: sub_00000000000000000000000001",
            "Nothing but failures since: 1970-01-01 00:00:00 UTC",
            "Last attempt: 1970-01-03 00:00:00 UTC",
            "Failed attempts since: 31",
            "Status of the last answer: 503",
            "What went wrong last: no complete answer within ten seconds",
            "Switched off because: there was nothing but failures for 48 hours",
        ];
        for line in wanted {
            assert!(text.lines().any(|found| found == line) && html.contains(line), "{line}");
        }
        assert_eq!(render(&mail(MailKind::EndpointFailing, None)).err(), Some(MailError::Link), "no facts, no mail");
        let both = MailMessage { link: Some("https://x".to_owned()), ..about };
        assert_eq!(render(&both).err(), Some(MailError::Link));
    }

    #[test]
    fn a_mail_about_time_says_until_when_and_what_to_do() {
        let link = "https://api.example/v1/accounts/keep?token=AbC-_9";
        let notice = Notice::Idle { closes_on: jiff::civil::date(2026, 5, 1) };
        for kind in [MailKind::AccountIdle, MailKind::AccountIdleAgain] {
            let about = MailMessage { notice: Some(notice.clone()), ..mail(kind, Some(link)) };
            let Rendered { text, html, .. } = render(&about).unwrap();
            assert!(text.lines().any(|line| line == link) && text.lines().any(|line| line == "Deleted on: 2026-05-01"));
            assert!(html.contains("Deleted on: 2026-05-01"));
            assert_eq!(render(&mail(kind, Some(link))).err(), Some(MailError::Link), "it says when");
            let without = MailMessage { link: None, ..about };
            assert_eq!(render(&without).err(), Some(MailError::Link), "and how to stay");
        }
        let notice = Notice::Key {
            key: "key_00000000000000000000000001".parse().unwrap(),
            application: None,
            since: Timestamp::from_second(0).unwrap(),
            rotate_by: Timestamp::from_second(31_536_000).unwrap(),
        };
        for kind in [MailKind::KeyOld, MailKind::KeyOldAgain] {
            let about = MailMessage { notice: Some(notice.clone()), ..mail(kind, None) };
            let Rendered { text, .. } = render(&about).unwrap();
            assert!(text.contains("Key: key_00000000000000000000000001\r\n"));
            assert!(text.contains("Refused from: 1971-01-01 00:00:00 UTC"));
        }
        let policy = |day| Notice::Policy { policy: "privacy".to_owned(), version: "2".to_owned(), takes_effect: day };
        let link = "https://api.example/policies/privacy/2";
        for (day, line) in [
            (Some(jiff::civil::date(2028, 3, 12)), "Takes effect: 2028-03-12"),
            (None, "Takes effect: when you agree to it"),
        ] {
            let about = MailMessage { notice: Some(policy(day)), ..mail(MailKind::PolicyChanged, Some(link)) };
            let Rendered { text, html, .. } = render(&about).unwrap();
            for said in [link, "Policy: privacy", "Version: 2", line, "PUT /v1/account/agreements/{policy}/{version}"] {
                assert!(text.contains(said) && html.contains(said), "{said}: {text}");
            }
            assert_eq!(about.kind.class(), MessageClass::Legal);
        }
    }

    #[test]
    fn an_address_with_a_line_break_is_no_message() {
        let body = r#"{"id":"msg_00000000000000000000000001","kind":"account-closed","to":"a@example.com\r\nBcc: eve@example.com"}"#;
        assert!(serde_json::from_str::<MailMessage>(body).is_err());
    }
}
