//! The privacy centre: what its pages say and let a browser do.

use super::lobby::{Lobby, form, whole_proof};
use crate::world::{Answered, Calling};

pub(super) const BROWSER: &str = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";

pub(super) async fn look(lobby: &Lobby, path: &str) -> (Answered, String) {
    read(lobby.call(Calling::new("GET", path).header("accept", BROWSER)).await)
}

pub(super) async fn press(lobby: &Lobby, path: &str, cookie: &str, fields: &[(&str, &str)]) -> (Answered, String) {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    let calling = Calling::new("POST", path)
        .header("accept", BROWSER)
        .header("cookie", cookie)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.extend_pairs(fields).finish());
    read(lobby.call(calling).await)
}

/// A page as every page has to be.
pub(super) fn read(answer: Answered) -> (Answered, String) {
    assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
    let text = String::from_utf8(answer.body.clone()).unwrap();
    let policy = &answer.headers["content-security-policy"];
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(answer.headers["referrer-policy"], "no-referrer");
    assert_eq!(answer.headers["x-frame-options"], "DENY");
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert!(!text.contains("<script") && !text.contains(" style="), "{text}");
    assert_eq!(text.matches("<h1>").count(), 1);
    (answer, text)
}

/// The words between two marks.
pub(super) fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    text.split_once(start).unwrap_or_else(|| panic!("{start} in {text}")).1.split_once(end).unwrap().0
}

#[tokio::test]
async fn a_person_asks_confirms_follows_and_takes_back_with_pages_alone() {
    let lobby = Lobby::new().await;
    let account = lobby.account().await;
    let (_, home) = look(&lobby, "/privacy").await;
    assert!(home.contains("<html lang=\"en\">") && home.contains("href=\"/privacy/requests?lang=en\""));
    let (_, page) = look(&lobby, "/privacy/requests?lang=fr").await;
    assert!(page.contains("<html lang=\"fr\">") && page.contains("action=\"/privacy/requests?lang=fr\""));

    let fields = [
        ("kind", "erasure"),
        ("email", account.email.as_str()),
        ("first_name", "Ann"),
        ("last_name", "Example"),
        ("country", "FR"),
        ("declaration", "yes"),
    ];
    let (answer, page) = press(&lobby, "/privacy/requests?lang=fr", "", &fields).await;
    assert_eq!(answer.status, 202);
    let cookie = answer.headers["set-cookie"].split(';').next().unwrap().to_owned();
    let code = between(&page, "<p class=\"code\">", "</p>").to_owned();
    let path = between(&page, "<p><a href=\"", "?lang=fr\"").to_owned();
    let id = path.rsplit_once('/').unwrap().1.parse().unwrap();
    assert_eq!(lobby.request(&id).await.language, domain::request::Language::Fr);

    let link = lobby.link(&id).await;
    let (_, neutral) = look(&lobby, &link).await;
    assert!(!neutral.contains(account.email.as_str()) && !neutral.contains(&code), "it tells nothing");
    // In another browser: without the code it is asked for, with it everything goes on.
    let (answer, page) = press(&lobby, &link, "", &[("code", "")]).await;
    assert_eq!(answer.status, 422);
    assert!(page.contains("role=\"alert\"") && page.contains("<title>Error: "), "{page}");
    let (answer, page) = press(&lobby, &link, "", &[("code", &code), ("company", "EXAMPLE GmbH")]).await;
    assert_eq!(answer.status, 200, "{page}");
    assert!(answer.headers["set-cookie"].starts_with(&cookie), "the other browser has the session now");
    assert!(page.contains("Your request is confirmed."), "{page}");

    let shown = Calling::new("GET", &path).header("accept", BROWSER).header("cookie", &cookie);
    let (_, page) = read(lobby.call(shown).await);
    assert!(page.contains(&format!("action=\"{path}/cancel?lang=en\"")), "{page}");
    let (answer, page) = press(&lobby, &format!("{path}/cancel"), &cookie, &[]).await;
    assert_eq!(answer.status, 200);
    assert!(page.contains("Your request was taken back."));
    let (answer, page) = press(&lobby, &format!("{path}/cancel"), &cookie, &[]).await;
    assert_eq!(answer.status, 404);
    assert!(page.contains("This page does not open here"));
}

#[tokio::test]
async fn what_was_typed_is_text_wherever_it_stands_and_what_is_wrong_is_said_first() {
    let lobby = Lobby::new().await;
    let attack = "\"><script>alert(1)</script><img src=x onerror=alert(1)>";
    let fields =
        [("kind", "access"), ("email", attack), ("first_name", attack), ("last_name", "x\r\nBcc: y"), ("country", "")];
    let (answer, page) = press(&lobby, "/privacy/requests", "", &fields.map(|(name, value)| (name, value))).await;
    assert_eq!(answer.status, 422);
    assert!(page.contains("&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;") && !page.contains("<img"), "{page}");
    for field in ["email", "last_name", "country"] {
        assert!(page.contains(&format!("<a href=\"#{field}\">")), "{field}");
        assert!(page.contains(&format!("id=\"{field}-wrong\"")), "{field}");
    }
    assert!(
        page.contains("aria-invalid=\"true\"") && page.contains("value=\"access\" checked"),
        "the rest is still there"
    );
    let hostile = "/privacy/verify/%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    let (_, page) = look(&lobby, hostile).await;
    assert!(!page.contains("<script"));
}

#[tokio::test]
async fn a_page_is_in_the_language_of_who_reads_it() {
    let lobby = Lobby::new().await;
    for (path, header, language) in [
        ("/privacy", "", "en"),
        ("/privacy", "fr-CH, fr;q=0.9, en;q=0.8", "fr"),
        ("/privacy?lang=en", "fr", "en"),
        ("/privacy?lang=fr", "en", "fr"),
        ("/privacy?lang=xx", "fr", "fr"),
        ("/privacy/requests/prq_00000000000000000000000000", "fr", "fr"),
    ] {
        let calling = Calling::new("GET", path).header("accept", BROWSER).header("accept-language", header);
        let (answer, page) = read(lobby.call(calling).await);
        assert!(page.contains(&format!("<html lang=\"{language}\">")), "{path} {header}");
        assert_eq!(answer.headers["content-language"], language);
    }
    // Who does not ask for pages has JSON.
    let answer = lobby.get("/privacy/requests/prq_00000000000000000000000000").await;
    assert_eq!(answer.problem(), "not_found");
}

#[tokio::test]
async fn a_file_may_be_fetched_from_the_bucket_and_from_nowhere_else() {
    let lobby = Lobby::new().await;
    let account = lobby.account().await;
    let made = lobby.ask(form("access", account.email.as_str())).await;
    lobby.post(&lobby.link(&made.id).await, whole_proof(&made.code)).await;
    let request = lobby.request(&made.id).await;
    let with = cloud::dynamo::requests::With::default();
    lobby.requests().advance(&request, domain::request::Step::Finish, with, lobby.boot.clock.now()).await.unwrap();
    let path = format!("/privacy/requests/{}", made.id);
    let see = async |path: &str| {
        let calling = Calling::new("GET", path).header("accept", BROWSER).header("privacy-session", &made.session);
        read(lobby.call(calling).await)
    };
    let (answer, page) = see(&path).await;
    assert!(!page.contains("/download") && page.contains(&format!("action=\"{path}/link?lang=en\"")), "{page}");
    assert!(answer.headers["content-security-policy"].contains("form-action 'self';"));
    let token = lobby.secrets(&made.id).await.answer().reveal().to_owned();
    let (answer, page) = see(&format!("{path}?token={token}")).await;
    assert!(page.contains(&format!("action=\"{path}/download?lang=en\"")) && page.contains(&token));
    let policy = &answer.headers["content-security-policy"];
    let to = between(policy, "form-action 'self' ", ";");
    assert_eq!(to, lobby.faults.url().as_str().trim_end_matches('/'), "{policy}");
}
