//! The start page, the page behind a mailed link, what is said after a request was made, and what is said where something does not work.

use cloud::http::{Code, Problem};
use domain::{
    form::Kind as Form,
    id::PrivacyRequestId,
    request::{Kind, Language},
};
use jiff::Timestamp;

use super::{
    Page,
    fields::{Field, Filled, choice, form},
    form::{PATH, declared},
    html::Html,
    in_words, words,
};

/// The start, with the requests of which this browser has the session.
pub(crate) fn home(language: Language, known: &[PrivacyRequestId]) -> Page {
    let t = |english, french| in_words(language, english, french);
    let to = |html: Html, path: &'static str, name: &'static str, what: &'static str| {
        let html = html.raw("<li><a href=\"").raw(path).raw(t("?lang=en", "?lang=fr")).raw("\">").raw(name);
        html.raw("</a>: ").raw(what).raw("</li>")
    };
    let mut main = Html::default()
        .p(t(
            "Here you can ask what we hold of you, have it corrected or erased, and say what it may not be used for. It costs nothing, and it has no other consequence for you.",
            "Ici, vous pouvez demander ce que nous détenons sur vous, le faire rectifier ou effacer, et dire à quoi il ne doit pas servir. C’est gratuit et sans autre conséquence pour vous.",
        ))
        .raw("<p><a href=\"")
        .raw(PATH)
        .raw(t("?lang=en\">Make a request</a></p>", "?lang=fr\">Faire une demande</a></p>"));
    if !known.is_empty() {
        main = main
            .raw("<h2>")
            .raw(t("Your requests in this browser", "Vos demandes dans ce navigateur"))
            .raw("</h2><ul>")
            .each(known, |html, id| {
                let html =
                    html.raw("<li><a href=\"/privacy/requests/").text(id.as_str()).raw(t("?lang=en", "?lang=fr"));
                html.raw("\">").text(id.as_str()).raw("</a></li>")
            })
            .raw("</ul>");
    }
    main = main.raw("<h2>").raw(t("What we publish", "Ce que nous publions")).raw("</h2><ul>");
    main = to(
        main,
        "/policies",
        t("Policies", "Politiques"),
        t("what we promise, in every version", "ce que nous promettons, dans chaque version"),
    );
    main = to(
        main,
        "/privacy/inventory",
        t("What is held", "Ce qui est détenu"),
        t("of whom, why, and for how long (as JSON)", "sur qui, pourquoi et combien de temps (en JSON)"),
    );
    main = main.raw("</ul><h2>").raw(t("Letters and consents", "Lettres et consentements")).raw("</h2>").p(t(
        "Every letter that you agreed to has a link in its foot that ends them at once. To end all your consents, make a request of that kind: it needs no proof.",
        "Chaque lettre que vous avez acceptée porte en bas un lien qui y met fin aussitôt. Pour mettre fin à tous vos consentements, faites une demande de ce type\u{a0}: elle ne demande aucune preuve.",
    ));
    main = main.raw("<h2>").raw(t("Forms", "Formulaires")).raw("</h2><ul>").each(Form::ALL, |html, form| {
        let html = html.raw("<li><a href=\"/forms/").raw(form.as_str()).raw(t("?lang=en\">", "?lang=fr\">"));
        html.raw(words::web_form(form, language)).raw("</a></li>")
    });
    main = main.raw("</ul>");
    Page::new(language, t("Your data and your rights", "Vos données et vos droits"), main).at("/privacy")
}

/// After a request was made: known address or not, the same.
pub(crate) fn received(language: Language, id: &PrivacyRequestId, kind: Kind, code: &str, due: Timestamp) -> Page {
    let t = |english, french| in_words(language, english, french);
    let main = Html::default()
        .raw("<div class=\"told\" role=\"status\"><p>")
        .raw(t("Your request came in: ", "Votre demande est arrivée\u{a0}: "))
        .raw(words::kind(kind, language))
        .raw(".</p></div>");
    let main = if kind.is_at_once() {
        main.p(t(
            "This needs no proof of who you are. It is being done, and we write to you when it is.",
            "Cela ne demande aucune preuve d’identité. C’est en cours, et nous vous écrirons ensuite.",
        ))
    } else {
        main.raw("<h2>")
            .raw(t("What comes next", "La suite"))
            .raw("</h2><ol><li>")
            .raw(t(
                "We have sent a letter to your address. Open the link in it within 24 hours.",
                "Nous avons envoyé une lettre à votre adresse. Ouvrez le lien qu’elle contient dans les 24 heures.",
            ))
            .raw("</li><li>")
            .raw(t(
                "If it opens in another browser, the page asks for these six digits. They are shown this once:",
                "S’il s’ouvre dans un autre navigateur, la page demande ces six chiffres. Ils ne sont affichés que cette fois\u{a0}:",
            ))
            .raw("<p class=\"code\">")
            .text(code)
            .raw("</p></li><li>")
            .raw(t("You have our answer by ", "Vous avez notre réponse au plus tard le "))
            .html(words::day(due, language))
            .raw(".</li></ol>")
    };
    let main = main
        .raw("<p><a href=\"/privacy/requests/")
        .text(id.as_str())
        .raw(t("?lang=en\">Follow your request", "?lang=fr\">Suivre votre demande"))
        .raw("</a></p>");
    Page::new(language, t("Your request came in", "Votre demande est arrivée"), main)
}

/// The page behind a mailed link. It tells nothing, so that a scanner learns nothing; its button does something.
pub(crate) fn verify(language: Language, path: &str, wrong: bool) -> Page {
    let t = |english, french| in_words(language, english, french);
    let filled = if wrong {
        let words = t(
            "These are not the six digits that were shown when the request was made",
            "Ce ne sont pas les six chiffres affichés lors de la demande",
        );
        Filled::new(Vec::new(), vec![("code".to_owned(), words)])
    } else {
        Filled::default()
    };
    let code = Field {
        name: "code",
        label: t("Six digits (optional)", "Six chiffres (facultatif)"),
        hint: Some(t(
            "Only if this is not the browser in which the request was made: the page showed them then.",
            "Seulement si ce n’est pas le navigateur de la demande\u{a0}: la page les affichait alors.",
        )),
        kind: "text",
        autocomplete: "one-time-code",
        required: false,
    };
    let main = filled
        .summary(language)
        .p(t(
            "Press the button to confirm that this mailbox is yours. If you asked for nothing, close this page: nothing happens then.",
            "Appuyez sur le bouton pour confirmer que cette boîte est la vôtre. Si vous n’avez rien demandé, fermez cette page\u{a0}: il ne se passe rien.",
        ))
        .html(form(
            language,
            path,
            (t("Confirm", "Confirmer"), "act"),
            Html::default().html(code.html(&filled)).html(more(language)),
        ));
    let mut page = Page::new(language, t("Confirm your request", "Confirmez votre demande"), main).at(path);
    page.is_wrong = wrong;
    page
}

/// What else can prove who asks.
pub(crate) fn more(language: Language) -> Html {
    let t = |english, french| in_words(language, english, french);
    let none = Filled::default();
    let line = |name, label, kind, autocomplete| {
        Field { name, label, hint: None, kind, autocomplete, required: false }.html(&none)
    };
    Html::default()
        .raw("<fieldset><legend>")
        .raw(t("To make sure that it is you", "Pour être sûrs que c’est vous"))
        .raw("</legend><p class=\"hint\">")
        .raw(t(
            "What you gave with the request counts already. Some requests need two of these to match what we hold. We do not keep what you give here.",
            "Ce que vous avez indiqué avec la demande compte déjà. Certaines demandes exigent que deux de ces éléments correspondent à ce que nous détenons. Nous ne gardons pas ce que vous indiquez ici.",
        ))
        .raw("</p>")
        .html(line("name", t("Name (optional)", "Nom (facultatif)"), "text", "name"))
        .html(line("phone", t("Telephone (optional)", "Téléphone (facultatif)"), "tel", "tel"))
        .html(line("company", t("Company (optional)", "Entreprise (facultatif)"), "text", "organization"))
        .html(line("website", t("Company’s web site (optional)", "Site web de l’entreprise (facultatif)"), "url", "url"))
        .html(line("account", t("Account’s id (optional)", "Identifiant du compte (facultatif)"), "text", "off"))
        .html(choice("checkbox", "declaration", "yes", declared(language), &none))
        .raw("</fieldset>")
}

/// Something does not work; `of_request` where the address is one of a request.
pub(crate) fn problem(language: Language, problem: &Problem, of_request: bool) -> Page {
    let t = |english, french| in_words(language, english, french);
    let (title, words) = match problem.code {
        Code::NotFound if !of_request => (
            t("There is no such page", "Cette page n’existe pas"),
            t(
                "Please check the address. If it comes from a letter, copy all of it.",
                "Veuillez vérifier l’adresse. Si elle vient d’une lettre, copiez-la en entier.",
            ),
        ),
        Code::NotFound => (
            t("This page does not open here", "Cette page ne s’ouvre pas ici"),
            t(
                "A request opens in the browser in which it was made or confirmed, and only until it is over.",
                "Une demande s’ouvre dans le navigateur où elle a été faite ou confirmée, et seulement tant qu’elle n’est pas terminée.",
            ),
        ),
        Code::LinkExpired if !of_request => (
            t("This link does not work any more", "Ce lien ne fonctionne plus"),
            t(
                "It was used already, or its 24 hours are over. If you were not done, send the form again: another link is mailed.",
                "Il a déjà servi, ou ses 24 heures sont passées. Si vous n’aviez pas terminé, renvoyez le formulaire\u{a0}: un autre lien vous sera envoyé.",
            ),
        ),
        Code::LinkExpired => (
            t("This link does not work any more", "Ce lien ne fonctionne plus"),
            t(
                "It was used already, or another one was mailed after it, or its 24 hours are over. The request’s page can have another mailed; or make the request again.",
                "Il a déjà servi, ou un autre a été envoyé après lui, ou ses 24 heures sont passées. La page de la demande peut en faire envoyer un autre\u{a0}; ou refaites la demande.",
            ),
        ),
        Code::RateLimited => {
            (t("Too many requests", "Trop de demandes"), t("Please try again later.", "Veuillez réessayer plus tard."))
        }
        Code::Conflict => (
            t("This cannot be done now", "Cela ne peut pas se faire maintenant"),
            t(
                "The request is not, or no longer, where this can be done. All tries to prove who asks may be used up; the request can be made again.",
                "La demande n’en est pas, ou plus, là où cela peut se faire. Toutes les tentatives de preuve sont peut-être épuisées\u{a0}; la demande peut être refaite.",
            ),
        ),
        Code::ValidationFailed | Code::BodyInvalid | Code::BodyTooLarge => (
            t("Something in the form is wrong", "Quelque chose ne va pas dans le formulaire"),
            t(
                "Please go back and check what you filled in.",
                "Veuillez revenir en arrière et vérifier ce que vous avez rempli.",
            ),
        ),
        _ => (
            t("This does not work at the moment", "Cela ne fonctionne pas en ce moment"),
            t(
                "Please try again in a minute. Nothing is lost.",
                "Veuillez réessayer dans une minute. Rien n’est perdu.",
            ),
        ),
    };
    let main = Html::default()
        .p(words)
        .raw("<p><a href=\"")
        .raw(PATH)
        .raw(t("?lang=en\">Make a request</a></p>", "?lang=fr\">Faire une demande</a></p>"));
    let mut page = Page::new(language, title, main).status(problem.code.status());
    page.is_wrong = true;
    page
}
