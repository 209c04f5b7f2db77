//! Marketing: letters to people who agreed to get them, each with the link that ends them (R008–R010, R089, R090).
//!
//! The message in the queue names a person and no address: whether the letter goes out, and where, is looked up when it does. A letter cannot be
//! rendered without its link, because rendering takes one, and a link can only be made of a token that has been kept.

use domain::{
    consent::{Purpose, Subject},
    id::MessageId,
    request::Language,
};
use personal_data::PersonalData;

use super::{MailError, Mailer, MessageClass, Rendered};
use crate::dynamo::{consents::Recipient, sign_ups::LinkToken};

/// Which letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Letter {
    /// What the last version brought.
    WhatsNew,
    /// The monthly letter.
    Monthly,
}

/// One letter to one person: a message of the `mail` queue.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, PersonalData)]
#[serde(deny_unknown_fields)]
#[pd(store = "mail", subject = Nobody, role = Controller, region = Pinned)]
pub struct MarketingMessage {
    /// Stays the same when the message comes twice, so that the letter is sent once.
    #[pd(none)]
    pub id: MessageId,
    /// Which letter.
    #[pd(none)]
    pub letter: Letter,
    /// To whom: an id. Name and address are read when the letter is sent, if it still may be.
    #[pd(none)]
    pub subject: Subject,
}

/// The address behind a letter's foot and its `List-Unsubscribe` header. No `Debug`: whoever has it can end the person's letters.
pub struct UnsubscribeLink(String);

impl UnsubscribeLink {
    /// The link of a token that was kept, at a deployment whose addresses start with `public_url`.
    #[must_use]
    pub fn new(public_url: &str, token: &LinkToken) -> Self {
        Self(format!("{public_url}/privacy/unsubscribe?token={}", token.reveal()))
    }
}

struct Words {
    subject: &'static str,
    paragraphs: &'static [&'static str],
}

impl Letter {
    /// What must have been agreed to for it.
    #[must_use]
    pub const fn purpose(self) -> Purpose {
        match self {
            Self::WhatsNew => Purpose::Functionality,
            Self::Monthly => Purpose::Monthly,
        }
    }

    const fn words(self) -> Words {
        match self {
            Self::WhatsNew => Words {
                subject: "What is new",
                paragraphs: &[
                    "Your gateway can do more than it could. What is new, in short:",
                    "Privacy requests are answered by the gateway itself: a person asks, confirms the address, and gets what is held of them, or its deletion, with a \
                     signed receipt. What is held of whom, why and for how long is published.",
                    "What you agreed to be written to about is a list in your account now, with every change of it.",
                    "Nothing has to be done on your side: what worked goes on working. The change log has the details.",
                ],
            },
            Self::Monthly => Words {
                subject: "Your monthly letter",
                paragraphs: &[
                    "Three things that are worth a look this month:",
                    "The usage of each of your keys, by store and day: a key that asks for more than it uses can be narrowed with one call.",
                    "Your subscriptions' deliveries: what failed within the last 14 days can be asked for again.",
                    "The age of your keys: one that is rotated now does not have to be rotated in a hurry.",
                ],
            },
        }
    }
}

impl Mailer {
    /// Hands one letter to SES. Whether it may go out is the caller's to know: [`Recipient::allows`].
    ///
    /// # Errors
    /// [`MailError`] says whether another attempt makes sense.
    pub async fn send_letter(&self, letter: Letter, to: &Recipient, link: &UnsubscribeLink) -> Result<(), MailError> {
        let rendered = render(letter, to.name.as_str(), link);
        // Mail programs show a button of their own for these two, which posts to the link without asking the page (RFC 8058, 3.1).
        let listed = format!("<{}>", link.0);
        let headers = [("List-Unsubscribe", &*listed), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")];
        self.hand(MessageClass::Marketing, &to.email, &rendered, &headers).await
    }
}

fn render(letter: Letter, name: &str, UnsubscribeLink(link): &UnsubscribeLink) -> Rendered {
    let Words { subject, paragraphs } = letter.words();
    let because = format!(
        "You get this letter because you agreed to this: \u{201c}{}\u{201d}",
        letter.purpose().wording(Language::En)
    );
    let mut text = format!("Hello {name},\r\n\r\n");
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"></head><body><p>Hello {},</p>",
        escaped(name)
    );
    for paragraph in paragraphs {
        text.push_str(&format!("{paragraph}\r\n\r\n"));
        html.push_str(&format!("<p>{paragraph}</p>"));
    }
    text.push_str(&format!(
        "-- \r\n{because}\r\nTo get no more such letters, open this and press the button there:\r\n{link}\r\n"
    ));
    html.push_str(&format!(
        "<hr><p>{because}</p><p><a href=\"{link}\">Unsubscribe from all such letters</a></p></body></html>"
    ));
    Rendered { subject: subject.to_owned(), text, html }
}

/// A text as it may stand in HTML, between tags and in quoted attributes. A person's name is the only one of a letter that is not ours.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, letter| {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailer::Outgoing;

    #[test]
    fn r010_every_letter_has_its_link_in_the_foot_of_text_and_html() {
        let token = LinkToken::mint();
        let link = UnsubscribeLink::new("https://api.example", &token);
        let url = format!("https://api.example/privacy/unsubscribe?token={}", token.reveal());
        for letter in [Letter::WhatsNew, Letter::Monthly] {
            let Rendered { text, html, .. } = render(letter, "Ann", &link);
            assert!(text.trim_end().ends_with(&url), "{text}");
            assert!(html.contains(&format!("<a href=\"{url}\">")), "{html}");
            assert!(text.contains(letter.purpose().wording(Language::En)), "it says why it comes");
        }
    }

    #[test]
    fn a_name_is_a_name_and_no_markup() {
        let link = UnsubscribeLink::new("https://api.example", &LinkToken::mint());
        let Rendered { text, html, .. } = render(Letter::Monthly, "<script>alert('1')</script> & \"Ann\"", &link);
        assert!(text.starts_with("Hello <script>alert('1')</script> & \"Ann\","));
        assert!(html.contains("Hello &lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;Ann&quot;,"));
    }

    #[test]
    fn a_message_names_nobody_by_address_and_is_of_the_marketing_class() {
        let body =
            r#"{"id":"msg_00000000000000000000000001","letter":"monthly","subject":"acc_00000000000000000000000001"}"#;
        let outgoing: Outgoing = serde_json::from_str(body).unwrap();
        assert!(matches!(&outgoing, Outgoing::Letter(letter) if serde_json::to_string(letter).unwrap() == body));
        assert_eq!(outgoing.class(), MessageClass::Marketing);
        for more in [r#","to":"ann@example.com"}"#, r#","link":"https://x"}"#] {
            assert!(serde_json::from_str::<Outgoing>(&body.replace('}', more)).is_err());
        }
    }
}
