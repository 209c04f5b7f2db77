//! Marketing: letters of campaigns to people who agreed to get them, each with the link that ends them (R008–R010, R089, R090).
//!
//! The message in the queue names a person and no address, and a campaign and no word: whether the letter goes out, where, and with which words, is
//! looked up when it does. A letter cannot be rendered without its link, because rendering takes one, and a link can only be made of a token that has
//! been kept.

use domain::{
    campaign::{Letter, Words},
    consent::{Purpose, Subject},
    id::{CampaignId, MessageId},
    request::Language,
};
use personal_data::PersonalData;

use super::{MailError, Mailer, MessageClass, Rendered};
use crate::dynamo::{consents::Recipient, sign_ups::LinkToken};

/// One letter to one person: a message of the `mail` queue.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, PersonalData)]
#[serde(deny_unknown_fields)]
#[pd(store = "mail", subject = Nobody, role = Controller, region = Pinned)]
pub struct MarketingMessage {
    /// The same for every message that asks for this letter to this address, so that it is sent once.
    #[pd(none)]
    pub id: MessageId,
    /// Which letter.
    #[pd(none)]
    pub campaign: CampaignId,
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

impl Mailer {
    /// Hands one letter to SES. Whether it may go out is the caller's to know: [`Recipient::allows`].
    ///
    /// # Errors
    /// [`MailError`] says whether another attempt makes sense.
    pub async fn send_letter(&self, letter: &Letter, to: &Recipient, link: &UnsubscribeLink) -> Result<(), MailError> {
        let rendered = render(letter, to.name.as_str(), link);
        // Mail programs show a button of their own for these two, which posts to the link without asking the page (RFC 8058, 3.1).
        let listed = format!("<{}>", link.0);
        let headers = [("List-Unsubscribe", &*listed), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")];
        self.hand(MessageClass::Marketing, &to.email, &rendered, &headers).await
    }
}

/// What stands around a letter's words, in one language.
struct Frame {
    tag: &'static str,
    hello: &'static str,
    because: &'static str,
    quotes: [&'static str; 2],
    end: &'static str,
    button: &'static str,
}

const ENGLISH: Frame = Frame {
    tag: "en",
    hello: "Hello",
    because: "You get this letter because you agreed to this:",
    quotes: ["\u{201c}", "\u{201d}"],
    end: "To get no more such letters, open this and press the button there:",
    button: "Unsubscribe from all such letters",
};

const FRENCH: Frame = Frame {
    tag: "fr",
    hello: "Bonjour",
    because: "Vous recevez cette lettre parce que vous avez accepté ceci\u{a0}:",
    quotes: ["«\u{a0}", "\u{a0}»"],
    end: "Pour ne plus recevoir de telles lettres, ouvrez cette adresse et appuyez sur le bouton\u{a0}:",
    button: "Se désabonner de toutes ces lettres",
};

fn render(letter: &Letter, name: &str, link: &UnsubscribeLink) -> Rendered {
    let Letter { purpose, english, french } = letter;
    let (text, html) = in_language(&ENGLISH, english, *purpose, Language::En, name, link);
    let mut rendered = Rendered { subject: english.subject.for_name(name), text, html };
    if let Some(french) = french {
        let (text, html) = in_language(&FRENCH, french, *purpose, Language::Fr, name, link);
        rendered.subject = format!("{} / {}", rendered.subject, french.subject.for_name(name));
        rendered.text = format!("{}\r\n{text}", rendered.text);
        rendered.html.push_str(&html);
    }
    rendered.html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"></head><body>{}</body></html>",
        rendered.html
    );
    rendered
}

/// A letter's words in one language as text and as HTML, each with its foot.
fn in_language(
    frame: &Frame,
    words: &Words,
    purpose: Purpose,
    language: Language,
    name: &str,
    UnsubscribeLink(link): &UnsubscribeLink,
) -> (String, String) {
    let Frame { tag, hello, because, quotes: [opening, closing], end, button } = frame;
    let because = format!("{because} {opening}{}{closing}", purpose.wording(language));
    let mut text = format!("{hello} {name},\r\n\r\n");
    let mut html = format!("<div lang=\"{tag}\"><p>{hello} {},</p>", escaped(name));
    for lines in words.text.paragraphs(name) {
        text.push_str(&format!("{}\r\n\r\n", lines.join("\r\n")));
        let lines: Vec<String> = lines.iter().map(|line| escaped(line)).collect();
        html.push_str(&format!("<p>{}</p>", lines.join("<br>")));
    }
    text.push_str(&format!("-- \r\n{because}\r\n{end}\r\n{link}\r\n"));
    html.push_str(&format!("<hr><p>{because}</p><p><a href=\"{link}\">{button}</a></p></div>"));
    (text, html)
}

/// A text as it may stand in HTML, between tags and in quoted attributes.
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

    fn words(subject: &str, text: &str) -> Words {
        Words { subject: subject.parse().unwrap(), text: text.parse().unwrap() }
    }

    fn letter() -> Letter {
        let english = words("News, {name}", "It is {name}'s.\nTwo lines.\n\n<b>Bold & \"quoted\"</b>");
        Letter { purpose: Purpose::Monthly, english, french: Some(words("Nouvelles", "C'est pour {name}.")) }
    }

    #[test]
    fn r010_every_letter_has_its_link_in_the_foot_of_text_and_html_in_both_languages() {
        let token = LinkToken::mint();
        let link = UnsubscribeLink::new("https://api.example", &token);
        let url = format!("https://api.example/privacy/unsubscribe?token={}", token.reveal());
        for (letter, languages) in
            [(Letter { french: None, ..letter() }, &[Language::En][..]), (letter(), &[Language::En, Language::Fr])]
        {
            let Rendered { text, html, .. } = render(&letter, "Ann", &link);
            assert!(text.trim_end().ends_with(&url), "{text}");
            assert_eq!(text.matches(&url).count(), languages.len());
            assert_eq!(html.matches(&format!("<a href=\"{url}\">")).count(), languages.len(), "{html}");
            for language in languages {
                assert!(text.contains(letter.purpose.wording(*language)), "it says why it comes: {text}");
            }
        }
    }

    #[test]
    fn words_and_names_are_text_and_no_markup() {
        let link = UnsubscribeLink::new("https://api.example", &LinkToken::mint());
        let Rendered { subject, text, html } = render(&letter(), "<script>alert('1')</script> & \"Ann\"", &link);
        assert_eq!(subject, "News, <script>alert('1')</script> & \"Ann\" / Nouvelles");
        assert!(text.starts_with("Hello <script>alert('1')</script> & \"Ann\",\r\n\r\nIt is <script>"), "{text}");
        assert!(text.contains("'s.\r\nTwo lines.\r\n\r\n<b>Bold & \"quoted\"</b>\r\n\r\n-- \r\n"), "{text}");
        assert!(html.contains("Hello &lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;Ann&quot;,"));
        assert!(
            html.contains("&#39;s.<br>Two lines.</p><p>&lt;b&gt;Bold &amp; &quot;quoted&quot;&lt;/b&gt;</p>"),
            "{html}"
        );
        assert!(html.contains("<div lang=\"fr\"><p>Bonjour ") && !html.contains("<script"));
    }

    #[test]
    fn a_message_names_nobody_by_address_has_no_words_and_is_of_the_marketing_class() {
        let body = r#"{"id":"msg_00000000000000000000000001","campaign":"cmp_00000000000000000000000001","subject":"acc_00000000000000000000000001"}"#;
        let outgoing: Outgoing = serde_json::from_str(body).unwrap();
        assert!(matches!(&outgoing, Outgoing::Letter(letter) if serde_json::to_string(letter).unwrap() == body));
        assert_eq!(outgoing.class(), MessageClass::Marketing);
        for more in [r#","to":"ann@example.com"}"#, r#","link":"https://x"}"#, r#","text":"x"}"#] {
            assert!(serde_json::from_str::<Outgoing>(&body.replace('}', more)).is_err());
        }
    }
}
