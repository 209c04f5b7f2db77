//! What a person gives at sign-up, checked (R001).
//!
//! None of these types has `Debug` or `Display`: each is personal data, and only whoever asks for the text gets it.

/// Why a text cannot be taken. The message never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing is in it.
    #[error("must not be empty")]
    Empty,
    /// It has more than so many characters.
    #[error("has more than {0} characters")]
    TooLong(usize),
    /// It has line breaks or other control characters, which could smuggle a header into a mail.
    #[error("has control characters")]
    Control,
    /// It is no e-mail address that mail can be sent to.
    #[error("is not an e-mail address")]
    Email,
    /// It is no telephone number.
    #[error("is not a telephone number: a `+` and digits, with spaces, dots, dashes or parentheses between")]
    Phone,
    /// It is no address of a web site.
    #[error("is not the address of a web site: https:// or http:// and a name")]
    Website,
}

/// Characters of a name or a company.
pub const LINE_LIMIT: usize = 200;
/// Characters of an e-mail address (RFC 5321, 4.5.3.1.3, less the angle brackets).
pub const EMAIL_LIMIT: usize = 254;
/// Characters of a message.
pub const MESSAGE_LIMIT: usize = 5_000;
/// Characters of a web site's address.
pub const WEBSITE_LIMIT: usize = 500;

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident by $check:path;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text as it was given, without the spaces around it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = TextError;

            fn from_str(text: &str) -> Result<Self, TextError> {
                let text = text.trim();
                $check(text)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = TextError;

            fn try_from(text: String) -> Result<Self, TextError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(field: $name) -> Self {
                field.0
            }
        }
    )+};
}

fields! {
    /// A name of a person, a company or a thing: one line of 1 to [`LINE_LIMIT`] characters.
    Line by check_line;
    /// An e-mail address in ASCII, with one `@` and a domain of at least two labels. Whether it exists is what the mailed link finds out.
    EmailAddress by check_email;
    /// A telephone number with 5 to 15 digits (E.164), written as people write them.
    Phone by check_phone;
    /// The address of a web site.
    Website by check_website;
    /// What somebody writes: 1 to [`MESSAGE_LIMIT`] characters, with line breaks and tabs and no other control characters.
    Message by check_message;
}

impl EmailAddress {
    /// The form under which two spellings of an address count as one: the domain has no case, and no provider of note tells
    /// mailboxes apart by theirs.
    #[must_use]
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

fn check_text(text: &str, limit: usize) -> Result<(), TextError> {
    if text.is_empty() {
        Err(TextError::Empty)
    } else if text.chars().count() > limit {
        Err(TextError::TooLong(limit))
    } else if text.chars().any(char::is_control) {
        Err(TextError::Control)
    } else {
        Ok(())
    }
}

fn check_message(text: &str) -> Result<(), TextError> {
    let without_breaks = text.replace(['\n', '\r', '\t'], " ");
    check_text(&without_breaks, MESSAGE_LIMIT)
}

fn check_line(text: &str) -> Result<(), TextError> {
    check_text(text, LINE_LIMIT)
}

fn check_email(text: &str) -> Result<(), TextError> {
    check_text(text, EMAIL_LIMIT)?;
    let (mailbox, domain) = text.rsplit_once('@').ok_or(TextError::Email)?;
    // RFC 5322's atoms, without quoted strings: nobody has such an address, and every mail header that is built from one is a trap.
    let is_atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let good = mailbox.len() <= 64
        && mailbox.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atom))
        && domain.contains('.')
        && domain.split('.').all(is_label);
    if good { Ok(()) } else { Err(TextError::Email) }
}

fn check_phone(text: &str) -> Result<(), TextError> {
    check_text(text, 40)?;
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let good = (5..=15).contains(&digits)
        && text
            .bytes()
            .enumerate()
            .all(|(place, byte)| byte.is_ascii_digit() || b" .-()/".contains(&byte) || (byte == b'+' && place == 0));
    if good { Ok(()) } else { Err(TextError::Phone) }
}

fn check_website(text: &str) -> Result<(), TextError> {
    check_text(text, WEBSITE_LIMIT)?;
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).ok_or(TextError::Website)?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let good =
        host.contains('.') && !host.starts_with('.') && !text.contains(char::is_whitespace) && !host.contains('@');
    if good { Ok(()) } else { Err(TextError::Website) }
}

/// What a person agreed to be written to about, by purpose (R009). Nothing is agreed to unless the box was ticked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Consents {
    /// Follow-up on an enquiry.
    pub followup: bool,
    /// Special offers.
    pub offers: bool,
    /// New functionality.
    pub functionality: bool,
    /// Updates and promotions.
    pub updates_promos: bool,
    /// The monthly letter.
    pub monthly: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_its_rule() {
        let long = "x".repeat(201);
        let address = |mailbox: &str| mailbox.parse::<EmailAddress>().err();
        for good in ["ann@example.com", "a.b+c@mail.example.co.uk", "O'Neil@example.com", " ann@example.com "] {
            assert_eq!(address(good), None, "{good}");
        }
        for (bad, error) in [
            ("", TextError::Empty),
            ("ann", TextError::Email),
            ("ann@localhost", TextError::Email),
            ("a b@example.com", TextError::Email),
            ("\"a b\"@example.com", TextError::Email),
            ("a@b@example.com", TextError::Email),
            ("a..b@example.com", TextError::Email),
            ("ann@-example.com", TextError::Email),
            ("ann@example..com", TextError::Email),
            ("\u{e4}nn@example.com", TextError::Email),
            ("ann@example.com\r\nBcc: eve@example.com", TextError::Control),
        ] {
            assert_eq!(address(bad), Some(error), "{bad}");
        }
        assert_eq!(long.parse::<Line>().err(), Some(TextError::TooLong(200)));
        assert_eq!("Ann\nSmith".parse::<Line>().err(), Some(TextError::Control));
        assert_eq!("Ann Smith \u{1f600}".parse::<Line>().err(), None);
        for (message, error) in [
            ("One\r\n\tTwo", None),
            ("", Some(TextError::Empty)),
            ("a\u{0}b", Some(TextError::Control)),
            ("a\u{1b}[31m", Some(TextError::Control)),
            (&"x".repeat(5_001), Some(TextError::TooLong(5_000))),
        ] {
            assert_eq!(message.parse::<Message>().err(), error, "{message}");
        }
        for (phone, good) in [
            ("+49 (30) 901820-0", true),
            ("030 901820", true),
            ("1234", false),
            ("12345+", false),
            ("+1234567890123456", false),
            ("call me", false),
        ] {
            assert_eq!(phone.parse::<Phone>().is_ok(), good, "{phone}");
        }
        for (site, good) in [
            ("https://example.com", true),
            ("http://shop.example.com/a?b", true),
            ("example.com", false),
            ("ftp://example.com", false),
            ("https://user@example.com", false),
            ("https://example", false),
            ("https://exa mple.com", false),
            ("javascript:alert(1)//a.b", false),
        ] {
            assert_eq!(site.parse::<Website>().is_ok(), good, "{site}");
        }
    }

    #[test]
    fn nothing_is_agreed_to_by_default() {
        let none: Consents = serde_json::from_str("{}").unwrap();
        assert_eq!(none, Consents::default());
        assert!(serde_json::from_str::<Consents>(r#"{"ofers":true}"#).is_err());
        let one: Consents = serde_json::from_str(r#"{"monthly":true}"#).unwrap();
        assert_eq!(one, Consents { monthly: true, ..Consents::default() });
    }
}
