//! The privacy centre: pages that need no script, in English and French (issue 5, 7; WCAG 2.2 AA).
//!
//! Every page has one heading of the first rank, a link past what repeats, labels on all fields, its language on the root, and what is wrong first
//! where something is. The browser is told to load nothing and to send forms nowhere but here; the one style is named by its hash.

pub(crate) mod documents;
pub(crate) mod fields;
pub(crate) mod form;
mod french;
pub(crate) mod html;
pub(crate) mod letters;
pub(crate) mod pages;
pub(crate) mod receipt;
pub(crate) mod status;
pub(crate) mod web_forms;
pub(crate) mod words;

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::STANDARD};
use cloud::http::Answer;
pub(crate) use cloud::http::html::is_wanted as is_page_wanted;
use domain::request::Language;
use http::{HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

use self::html::Html;

const STYLE: &str = include_str!("style.css");
/// The hash by which a browser knows the style (CSP 3, 2.3.1).
static STYLE_HASH: LazyLock<String> = LazyLock::new(|| STANDARD.encode(Sha256::digest(STYLE)));

/// One text in the page's language.
pub(crate) const fn in_words(language: Language, english: &'static str, french: &'static str) -> &'static str {
    match language {
        Language::En => english,
        Language::Fr => french,
    }
}

/// The language's tag (BCP 47).
pub(crate) const fn tag(language: Language) -> &'static str {
    in_words(language, "en", "fr")
}

/// A page.
pub(crate) struct Page {
    pub(crate) language: Language,
    pub(crate) status: StatusCode,
    /// The heading, and the beginning of the title.
    pub(crate) title: &'static str,
    /// What stands under the heading.
    pub(crate) main: Html,
    /// The path, with its query where it has one, at which the same page is had with GET, in the other language too; nothing where it cannot be.
    pub(crate) path: Option<String>,
    /// Where else than here a form of the page may lead.
    pub(crate) leads_to: Option<String>,
    /// Whether something is wrong, which the title says first.
    pub(crate) is_wrong: bool,
}

impl Page {
    pub(crate) fn new(language: Language, title: &'static str, main: Html) -> Self {
        Self { language, status: StatusCode::OK, title, main, path: None, leads_to: None, is_wrong: false }
    }

    pub(crate) fn at(self, path: &str) -> Self {
        Self { path: Some(path.to_owned()), ..self }
    }

    pub(crate) fn status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    pub(crate) fn answer(self) -> Answer {
        let Self { language, status, title, main, path, leads_to, is_wrong } = self;
        let t = |english, french| in_words(language, english, french);
        let home = t("/privacy?lang=en", "/privacy?lang=fr");
        let centre = t("Privacy centre", "Espace de confidentialité");
        let footer = [
            ("/privacy/requests", t("Make a request", "Faire une demande")),
            ("/policies", t("Policies", "Politiques")),
            ("/privacy/inventory", t("What is held", "Ce qui est détenu")),
            ("/cookies", "Cookies"),
        ];
        let text = Html::default()
            .raw("<!doctype html><html lang=\"")
            .raw(tag(language))
            .raw("\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"robots\" content=\"noindex\"><title>")
            .raw(if is_wrong { t("Error: ", "Erreur\u{a0}: ") } else { "" })
            .text(title)
            .raw(" \u{2013} ")
            .raw(centre)
            .raw("</title><style>")
            .raw(STYLE)
            .raw("</style></head><body><a class=\"skip\" href=\"#main\">")
            .raw(t("Skip to the content", "Aller au contenu"))
            .raw("</a><header><p class=\"brand\"><a href=\"")
            .raw(home)
            .raw("\">")
            .raw(centre)
            .raw("</a></p>")
            .maybe(path, |html, path| {
                html.raw("<nav aria-label=\"")
                    .raw(t("Language", "Langue"))
                    .raw("\"><ul>")
                    .each([(Language::En, "English"), (Language::Fr, "Français")], |html, (other, name)| {
                        let current = if other == language { "\" aria-current=\"true" } else { "" };
                        let and = if path.contains('?') { "&amp;lang=" } else { "?lang=" };
                        let html = html.raw("<li><a href=\"").text(&path).raw(and).raw(tag(other)).raw("\" lang=\"");
                        let html = html.raw(tag(other)).raw("\" hreflang=\"").raw(tag(other)).raw(current);
                        html.raw("\">").raw(name).raw("</a></li>")
                    })
                    .raw("</ul></nav>")
            })
            .raw("</header><main id=\"main\" tabindex=\"-1\"><h1>")
            .text(title)
            .raw("</h1>")
            .html(main)
            .raw("</main><footer><nav aria-label=\"")
            .raw(t("More about privacy", "Plus sur la confidentialité"))
            .raw("\"><ul>")
            .each(footer, |html, (path, name)| {
                let html = html.raw("<li><a href=\"").raw(path).raw(t("?lang=en", "?lang=fr"));
                html.raw("\">").raw(name).raw("</a></li>")
            })
            .raw("</ul></nav></footer></body></html>")
            .finish();
        let mut answer = Answer::empty(status);
        answer.body = text.into();
        answer.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        let targets = leads_to.map_or_else(String::new, |origin| format!(" {origin}"));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{}'; form-action 'self'{targets}; base-uri 'none'; frame-ancestors 'none'",
            *STYLE_HASH
        );
        answer
            .with(header::CONTENT_SECURITY_POLICY, &policy)
            .with(header::CONTENT_LANGUAGE, tag(language))
            .with(header::VARY, "accept, accept-language, cookie")
            // Some addresses hold a token.
            .with(header::REFERRER_POLICY, "no-referrer")
            .with(header::X_FRAME_OPTIONS, "DENY")
    }
}
