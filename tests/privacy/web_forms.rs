//! The forms of the web site as pages: what they ask, what they say is wrong, and that they keep what the same form in JSON keeps.

use cloud::{
    clock::Clock,
    dynamo::{consents::Consents, page::PageRequest},
};
use domain::{
    consent::{Purpose, Subject},
    form::Kind,
    request::Language,
};
use serde_json::json;

use super::{
    lobby::Lobby,
    pages::{BROWSER, between, look, press},
};
use crate::{
    consents::forms::{kept, link},
    world::Calling,
};

/// The number of what was sent, as its page says it.
fn number(page: &str) -> String {
    between(page, "<code>", "</code>").to_owned()
}

#[tokio::test]
async fn r004_every_form_is_a_page_in_both_languages_and_sends_what_json_sends() {
    let lobby = Lobby::new().await;
    for kind in Kind::ALL {
        let path = format!("/forms/{}", kind.as_str());
        for language in ["en", "fr"] {
            let (answer, page) = look(&lobby, &format!("{path}?lang={language}")).await;
            assert_eq!(answer.status, 200);
            assert!(page.contains(&format!("<html lang=\"{language}\">")), "{page}");
            assert!(page.contains(&format!("action=\"{path}?lang={language}\"")), "{page}");
            assert!(page.contains("name=\"policy_version\" value=\"1\"") && page.contains("/policies/privacy/1"));
            assert!(!page.contains(" checked"), "nothing is ticked before somebody does it (R009)");
            assert_eq!(page.contains("name=\"anonymous\""), kind.may_be_anonymous(), "{kind:?}");
        }
        // A source of its own for each: ten forms is what one may send.
        let lobby = Lobby::new().await;
        let address = lobby.address();
        let fields = [
            ("name", "Bob Sender"),
            ("email", &address),
            ("phone", ""),
            ("company", "Sender & Sons"),
            ("message", "Hello,\r\nI have a question."),
            ("policy_version", "1"),
        ];
        let (answer, page) = press(&lobby, &format!("{path}?lang=en"), "", &fields).await;
        assert_eq!(answer.status, 202, "{page}");
        assert!(!page.contains(&address), "the same is said for every address");
        let item = kept(&lobby, kind, &number(&page)).await.unwrap();
        assert_eq!(item.email.unwrap().as_str(), address);
        assert_eq!((item.name.unwrap().as_str(), item.company.unwrap().as_str()), ("Bob Sender", "Sender & Sons"));
        assert_eq!(item.message.unwrap().as_str(), "Hello,\r\nI have a question.");
        assert!(item.phone.is_none() && item.policy_version == "1", "what is left empty was not given");
        assert_eq!(lobby.mails().await.len(), 2, "the sender's and the operator's");
    }
    let (answer, page) = look(&lobby, "/forms/newsletter?lang=fr").await;
    assert_eq!(answer.status, 404);
    assert!(page.contains("Cette page n’existe pas"));
}

#[tokio::test]
async fn r009_the_words_that_were_beside_the_box_are_proven_in_the_language_that_they_had() {
    let lobby = Lobby::new().await;
    let address = lobby.address();
    let fields = [
        ("name", "Anne"),
        ("email", &*address),
        ("message", "Bonjour"),
        ("policy_version", "1"),
        ("consent-monthly", "yes"),
        ("consent-updates-promos", "yes"),
    ];
    let (_, page) = look(&lobby, "/forms/contact?lang=fr").await;
    for purpose in Purpose::ALL {
        assert!(page.contains(purpose.wording(Language::Fr)), "{purpose:?}");
    }
    let (answer, _) = press(&lobby, "/forms/contact?lang=fr", "", &fields).await;
    assert_eq!(answer.status, 202);
    let link = link(&lobby.mails().await).unwrap();
    let (path, token) = link.split_once("?token=").unwrap();
    let (answer, _) = press(&lobby, path, "", &[("token", token)]).await;
    assert_eq!(answer.status, 200);

    let consents = Consents::new(lobby.tables(), lobby.config.consents_table.clone());
    let contact = consents.contact_of(&address.parse().unwrap()).await.unwrap().unwrap();
    assert!(contact.consents.monthly && contact.consents.updates_promos && !contact.consents.offers);
    let all = PageRequest { per_page: 100, cursor: None };
    let events = consents.page(&Subject::Contact(contact.id), &all).await.unwrap().items;
    let mut words: Vec<_> = events.into_iter().map(|event| event.wording.unwrap()).collect();
    words.sort();
    let mut shown = [Purpose::Monthly, Purpose::UpdatesPromos].map(|purpose| purpose.wording_hash(Language::Fr));
    shown.sort();
    assert_eq!(words, shown);
}

#[tokio::test]
async fn r002_what_is_wrong_is_said_at_its_field_what_was_typed_is_kept_and_no_card_is_shown() {
    let attack = "</textarea><script>alert(1)</script>\"><img src=x onerror=alert(1)>";
    let (long, version) = ("x".repeat(5_001), ("policy_version", "1"));
    let (name, email, message) = (("name", "Bob"), ("email", "bob@example.com"), ("message", "Hello"));
    for (kind, fields, wrong) in [
        ("contact", vec![version], &["name", "email", "message"][..]),
        ("contact", vec![("name", attack), ("email", attack), message, version], &["email"]),
        ("contact", vec![("name", "Bob\r\nBcc: eve@example.com"), email, message, version], &["name"]),
        ("contact", vec![name, email, ("message", "a\u{0}b"), version], &["message"]),
        ("contact", vec![name, email, ("message", &long), version], &["message"]),
        ("contact", vec![name, email, message, ("phone", "call me"), version], &["phone"]),
        ("demo", vec![("name", "4111 1111 1111 1111"), email, version], &["name"]),
        ("contact", vec![name, email, ("message", "my card: 4111-1111-1111-1111"), version], &["message"]),
        ("survey", vec![("anonymous", "yes"), name, email, message, version], &["name", "email"]),
        ("survey", vec![("anonymous", "yes"), ("consent-offers", "yes"), message, version], &["consents"]),
        // What no page of ours sends.
        ("complaint", vec![("anonymous", "yes"), message, version], &["main"]),
        ("survey", vec![("anonymous", "on"), message, version], &["main"]),
        ("contact", vec![name, email, message, version, ("birthday", "2000-01-01")], &["main"]),
        ("contact", vec![name, email, message, version, ("consent-everything", "yes")], &["main"]),
        ("contact", vec![name, email, message, version, ("consents", "yes")], &["consents"]),
        ("contact", vec![name, name, email, message, version], &["name"]),
        ("contact", vec![name, email, message], &["main"]),
    ] {
        let lobby = Lobby::new().await;
        let (answer, page) = press(&lobby, &format!("/forms/{kind}?lang=en"), "", &fields).await;
        assert_eq!(answer.status, 422, "{kind} {fields:?}");
        assert!(page.contains("role=\"alert\"") && page.contains("<title>Error: "), "{page}");
        let links: Vec<_> = page.split("<li><a href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert_eq!(links, wrong, "{kind} {fields:?}");
        for field in wrong.iter().filter(|field| **field != "main") {
            assert!(page.contains(&format!("id=\"{field}-wrong\"")), "{field}");
        }
        assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
        assert!(!page.contains("4111") && !page.contains("birthday"), "{page}");
        let typed = |field: &str| fields.iter().find(|(name, _)| *name == field).map(|(_, value)| *value);
        if typed("name") == Some("Bob") {
            assert!(page.contains("name=\"name\" type=\"text\" autocomplete=\"name\" value=\"Bob\""), "{page}");
        }
        if typed("message") == Some("Hello") {
            assert!(page.contains(">\nHello</textarea>"), "{page}");
        }
        let ticked = page.matches(" checked").count();
        assert_eq!(
            ticked,
            fields.iter().filter(|(name, value)| *value == "yes" && page.contains(&format!("name=\"{name}\""))).count()
        );
        assert!(lobby.mails().await.is_empty());
        let wrote =
            lobby.faults.seen().iter().any(|call| String::from_utf8_lossy(&call.body).contains("TransactItems"));
        assert!(!wrote, "nothing is kept of what was refused");
    }
    let lobby = Lobby::new().await;
    let (answer, _) = press(&lobby, "/forms/contact", "", &[("message", &"x".repeat(80_000))]).await;
    assert_eq!(answer.status, 413);
    // Whoever does not look at pages is told as before.
    let calling = Calling::new("POST", "/forms/contact").header("content-type", "application/x-www-form-urlencoded");
    let answer = lobby.call(calling.body("name=Bob&policy_version=1")).await;
    assert_eq!((answer.status, answer.problem().as_str()), (422, "validation_failed"));
    let calling = Calling::new("POST", "/forms/survey").header("content-type", "application/x-www-form-urlencoded");
    let answer = lobby.call(calling.body("anonymous=yes&message=Good&policy_version=1")).await;
    assert_eq!((answer.status, &answer.json()["kept_days"]), (202, &json!(365)));
}

#[tokio::test]
async fn r093_an_anonymous_page_leaves_nothing_of_whoever_filled_it_in() {
    let lobby = Lobby::new().await;
    let random = Clock::system().new_id().simple().to_string();
    let (agent, cookie) = (format!("agent-{random}"), format!("__Host-prq-x=cookie-{random}"));
    for kind in Kind::ALL.into_iter().filter(|kind| kind.may_be_anonymous()) {
        let path = format!("/forms/{}?lang=fr", kind.as_str());
        let calling = Calling::new("POST", &path)
            .header("accept", BROWSER)
            .header("accept-language", &format!("fr-{random}"))
            .header("user-agent", &agent)
            .header("cookie", &cookie)
            .header("content-type", "application/x-www-form-urlencoded")
            .body("anonymous=yes&name=&email=&phone=&company=&message=Bonjour&policy_version=1");
        let (answer, page) = super::pages::read(lobby.call(calling).await);
        assert_eq!(answer.status, 202, "{page}");
        assert!(answer.cookies.is_empty());
        let item = kept(&lobby, kind, &number(&page)).await.unwrap();
        assert!(item.name.is_none() && item.email.is_none() && item.phone.is_none() && item.company.is_none());
        assert_eq!(item.received_at.as_second() % 86_400, 0, "the day and no more");
    }
    lobby.app.journal().settle().await;
    for call in lobby.faults.seen() {
        let text = String::from_utf8_lossy(&call.body).into_owned();
        assert!(!text.contains(&random) && !text.contains(&lobby.source), "{text}");
    }
    assert!(lobby.mails().await.iter().all(|mail| mail["to"] == json!(lobby.config.mail_from.as_str())));
}
