//! What is published, as pages: the policies, what is held, the cookies. Their words are made once, in English, where programs read them; here they
//! are put into the language of the page.

use cloud::http::{Call, Code, Problem};
use domain::{
    cookie::Class,
    policy::{self, POLICIES, Policy, Version},
    request::Language,
};
use jiff::Timestamp;

use super::{Page, french::in_language, html::Html, in_words, words};
use crate::{
    cookies::{Cookies, ShownClass},
    inventory::{Entry, Inventory},
};

/// The policies, with all their versions.
pub(crate) fn policies(language: Language, now: Timestamp) -> Page {
    let t = |english, french| in_words(language, english, french);
    let main = Html::default()
        .p(t(
            "A version is never changed; a change is a new one. Where two policies say different things the one that stands first here wins, and your terms with the operator win over all of them.",
            "Une version n’est jamais modifiée\u{a0}; un changement en fait une nouvelle. Si deux politiques se contredisent, celle qui figure ici en premier l’emporte, et vos conditions avec l’exploitant l’emportent sur toutes.",
        ))
        .each(POLICIES, |html, policy| {
            let html = html.raw("<h2>").raw(in_language(policy.title, language)).raw("</h2><ul>");
            html.each(policy.versions, |html, version| html.raw("<li>").html(listed(policy, version, language, now)).raw("</li>"))
                .raw("</ul>")
        });
    Page::new(language, t("Policies", "Politiques"), main).at("/policies")
}

fn listed(policy: &Policy, version: &Version, language: Language, now: Timestamp) -> Html {
    let t = |english, french| in_words(language, english, french);
    let holds = policy.in_effect(now).is_some_and(|holds| holds.name == version.name);
    Html::default()
        .raw("<a href=\"/policies/")
        .raw(policy.name)
        .raw("/")
        .raw(version.name)
        .raw(t("?lang=en\">Version ", "?lang=fr\">Version "))
        .raw(version.name)
        .raw("</a>, ")
        .raw(t("in effect from ", "en vigueur à partir du "))
        .html(words::day(version.effective.start(), language))
        .raw(if holds { t(" (holds now)", " (actuelle)") } else { "" })
}

/// A version of a policy.
pub(crate) fn policy(call: &Call, language: Language, document: &str, version: &str) -> Result<Page, Problem> {
    let t = |english, french| in_words(language, english, french);
    let policy = policy::named(document).ok_or(Code::NotFound)?;
    let version = policy.version(version).ok_or(Code::NotFound)?;
    // The page has a heading of the first rank already.
    let text = version
        .text
        .split_once('\n')
        .filter(|(first, _)| first.starts_with("# "))
        .map_or(version.text, |(_, rest)| rest);
    let main = Html::default()
        .raw(t("", "<p>Ce texte n’existe qu’en anglais.</p>"))
        .raw("<article lang=\"en\">")
        .markdown(text)
        .raw("</article><p><a href=\"/policies")
        .raw(t("?lang=en\">All policies", "?lang=fr\">Toutes les politiques"))
        .raw("</a></p>");
    Ok(Page::new(language, in_language(policy.title, language), main).at(&call.path))
}

/// What is held.
pub(crate) fn inventory(language: Language, inventory: &Inventory) -> Page {
    let t = |english, french| in_words(language, english, french);
    let main = Html::default()
        .p(t(
            "This list is made from the program itself, which refuses to store anything that is not on it.",
            "Cette liste est tirée du programme lui-même, qui refuse d’enregistrer ce qui n’y figure pas.",
        ))
        .raw(if inventory.sold_or_shared {
            ""
        } else {
            t(
                "<p>Nothing of it is sold, or shared for anybody’s own ends.</p>",
                "<p>Rien n’en est vendu, ni partagé aux fins propres de quiconque.</p>",
            )
        });
    let main = main.each(inventory.data.chunk_by(|one, next| one.about == next.about), |html, of_one| {
        let about = of_one.first().map_or("", |entry| entry.about);
        let heading = in_language(about, language);
        html.raw("<h2 class=\"first-upper\">")
            .raw(heading)
            .raw("</h2>")
            .each(of_one, |html, entry| html.html(held(entry, language)))
    });
    Page::new(language, t("What is held", "Ce qui est détenu"), main).at("/privacy/inventory")
}

fn held(entry: &Entry, language: Language) -> Html {
    let t = |english, french| in_words(language, english, french);
    let words = |text: &'static str| in_language(text, language);
    let row = |html: Html, name: &'static str, value: &str| {
        html.raw("<dt>").raw(name).raw("</dt><dd>").text(value).raw("</dd>")
    };
    let list = |texts: &[&'static str]| texts.iter().map(|text| words(text)).collect::<Vec<_>>().join(", ");
    let places: Vec<&'static str> = entry.places.iter().copied().collect();
    let html = Html::default().raw("<details><summary>").raw(words(entry.category)).raw(", ");
    let mut html = html.text(&kept(&entry.kept, language)).raw("</summary><dl>");
    html = row(html, t("Used for", "Utilisé pour"), &list(&entry.purposes));
    html = row(html, t("Comes from", "Provient de"), words(entry.source));
    html = row(html, t("Legal basis", "Base légale"), words(entry.basis));
    html = row(html, t("Our role", "Notre rôle"), words(entry.role));
    html = row(html, t("Given to", "Transmis à"), &list(&entry.given_to));
    html = row(html, t("When it is erased", "Lors d’un effacement"), words(entry.erasure));
    html = row(
        html,
        t("In the copy of your data", "Dans la copie de vos données"),
        if entry.exported { t("yes", "oui") } else { t("no", "non") },
    );
    // Names of tables and queues are no words of a language.
    html.raw("<dt>")
        .raw(t("Rests in", "Se trouve dans"))
        .raw("</dt><dd><code>")
        .text(&places.join(", "))
        .raw("</code></dd></dl></details>")
}

/// For how long, in the language: the number of days stands in the English words.
fn kept(english: &str, language: Language) -> String {
    if language == Language::En {
        return english.to_owned();
    }
    if english == "a day at most" {
        return "un jour au plus".to_owned();
    }
    if let Some(days) = english.strip_suffix(" days at most") {
        return format!("{days} jours au plus");
    }
    let Some(life) = english.strip_prefix("as long as the ") else { return english.to_owned() };
    let (what, more) = life.split_once(", and ").unwrap_or((life, ""));
    let what = match what {
        "account" => "le compte",
        "key" => "la clé",
        "store" => "la boutique",
        "request" => "la demande",
        "proof" => "la preuve",
        "contact" => "le contact",
        "consent" => "le consentement",
        other => other,
    };
    match more.strip_suffix(" days") {
        Some(days) => format!("aussi longtemps que {what}, et {days} jours"),
        None if more.is_empty() => format!("aussi longtemps que {what}"),
        None => format!("aussi longtemps que {what}, et un jour"),
    }
}

/// The cookies.
pub(crate) fn cookies(language: Language, cookies: &Cookies) -> Page {
    let t = |english, french| in_words(language, english, french);
    let main = Html::default()
        .p(t(
            "Only cookies that are strictly necessary for what you ask for are ever set. They need no consent, so you are not asked for any.",
            "Seuls des cookies strictement nécessaires à ce que vous demandez sont déposés. Ils n’exigent pas de consentement\u{a0}; rien ne vous est donc demandé.",
        ))
        .each(&cookies.classes, |html, class| html.html(of_class(class, language)));
    Page::new(language, "Cookies", main).at("/cookies")
}

fn of_class(class: &ShownClass, language: Language) -> Html {
    let t = |english, french| in_words(language, english, french);
    let name = match class.class {
        Class::StrictlyNecessary => t("Strictly necessary", "Strictement nécessaires"),
        Class::Statistics => t("Statistics", "Statistiques"),
        Class::Marketing => "Marketing",
    };
    let html = Html::default().raw("<h2>").raw(name).raw("</h2>");
    if class.cookies.is_empty() {
        return html.p(t("None.", "Aucun."));
    }
    html.each(&class.cookies, |html, cookie| {
        let days = format!("{} {}", cookie.seconds / 86_400, t("days", "jours"));
        html.raw("<dl><dt>")
            .raw(t("Name", "Nom"))
            .raw("</dt><dd><code>")
            .raw(cookie.name)
            .raw("</code></dd><dt>")
            .raw(t("What it is for", "À quoi il sert"))
            .raw("</dt><dd>")
            .raw(in_language(cookie.what, language))
            .raw("</dd><dt>")
            .raw(t("Kept for", "Conservé pendant"))
            .raw("</dt><dd>")
            .text(&if cookie.seconds == 0 {
                t("until the browser is closed", "jusqu’à la fermeture du navigateur").to_owned()
            } else {
                days
            })
            .raw("</dd></dl>")
    })
}
