//! The forms of the web site as pages.

use cloud::http::{FieldError, Problem};
use domain::{
    account::MESSAGE_LIMIT, card, consent::Purpose, form::Kind, id::SubmissionId, policy::Version, request::Language,
};
use http::StatusCode;

use super::{
    Page,
    fields::{Area, Field, Filled, choice, form},
    html::Html,
    in_words, words,
};
use crate::forms::{ANONYMOUS, TICKED, box_of};

/// What a pointer leads to whose field is not on the page.
const ELSEWHERE: &str = "main";

/// The fields as they stand on the page.
const ORDER: [&str; 7] = [ELSEWHERE, "name", "email", "phone", "company", "message", "consents"];

/// A form as it comes, beside the version of the privacy policy that holds.
pub(crate) fn empty(language: Language, kind: Kind, policy: &Version) -> Page {
    page(language, kind, policy, &Filled::default())
}

/// A form with what was typed, and what is wrong with it.
pub(crate) fn again(
    language: Language,
    kind: Kind,
    policy: &Version,
    typed: Vec<(String, String)>,
    problem: &Problem,
) -> Page {
    let anonymous = kind.may_be_anonymous() && typed.iter().any(|(name, value)| name == ANONYMOUS && value == TICKED);
    let mut wrong: Vec<(String, &'static str)> = Vec::new();
    for FieldError { pointer, .. } in &problem.errors {
        let (name, words) = what_is_wrong(pointer, anonymous, language);
        if !wrong.iter().any(|(known, _)| known == name) {
            wrong.push((name.to_owned(), words));
        }
    }
    // In the order of the page, whatever was looked at first.
    wrong.sort_by_key(|(name, _)| ORDER.iter().position(|known| known == name));
    // Nobody is shown the number of a card, whoever looks over the shoulder (R002).
    let typed = typed.into_iter().filter(|(_, value)| !card::holds_number(value)).collect();
    page(language, kind, policy, &Filled::new(typed, wrong)).status(StatusCode::UNPROCESSABLE_ENTITY)
}

/// Which field a pointer means, and what it should be.
fn what_is_wrong(pointer: &str, anonymous: bool, language: Language) -> (&'static str, &'static str) {
    let (name, english, french) = match pointer {
        // Of an anonymous form, what says who sends it is wrong because it is there.
        "/name" if anonymous => {
            ("name", "Leave the name empty to stay anonymous", "Laissez le nom vide pour rester anonyme")
        }
        "/email" if anonymous => {
            ("email", "Leave the address empty to stay anonymous", "Laissez l’adresse vide pour rester anonyme")
        }
        "/phone" if anonymous => {
            ("phone", "Leave the telephone empty to stay anonymous", "Laissez le téléphone vide pour rester anonyme")
        }
        "/company" if anonymous => {
            ("company", "Leave the company empty to stay anonymous", "Laissez l’entreprise vide pour rester anonyme")
        }
        "/name" => ("name", "Give your name, without the number of a card", "Indiquez votre nom, sans numéro de carte"),
        "/email" => (
            "email",
            "Give an e-mail address such as ann@example.com",
            "Indiquez une adresse électronique telle que anne@example.com",
        ),
        "/phone" => (
            "phone",
            "Give a telephone number such as +33 1 23 45 67 89, or nothing",
            "Indiquez un numéro de téléphone tel que +33 1 23 45 67 89, ou rien",
        ),
        "/company" => (
            "company",
            "Give the company’s name, without the number of a card",
            "Indiquez le nom de l’entreprise, sans numéro de carte",
        ),
        "/message" => (
            "message",
            "Write 1 to 5,000 characters, without the number of a card",
            "Écrivez de 1 à 5\u{202f}000 caractères, sans numéro de carte",
        ),
        "/consents" => ("consents", "Untick these boxes to stay anonymous", "Décochez ces cases pour rester anonyme"),
        _ => (
            ELSEWHERE,
            "Something was sent that this form does not have; fill it in again",
            "Quelque chose a été envoyé que ce formulaire n’a pas\u{a0}; remplissez-le à nouveau",
        ),
    };
    (name, in_words(language, english, french))
}

fn page(language: Language, kind: Kind, policy: &Version, filled: &Filled) -> Page {
    let t = |english, french| in_words(language, english, french);
    let path = path(kind);
    let main = filled.summary(language).html(told(language, kind, policy)).html(form(
        language,
        &path,
        (t("Send", "Envoyer"), "act"),
        fields(language, kind, policy, filled),
    ));
    let mut page = Page::new(language, words::web_form(kind, language), main).at(&path);
    page.is_wrong = filled.is_wrong();
    page
}

/// What whoever fills the form in should know before (R093: nobody has to).
fn told(language: Language, kind: Kind, policy: &Version) -> Html {
    let t = |english, french| in_words(language, english, french);
    let reached = if kind.may_be_anonymous() {
        t(
            "Somebody of ours contacts you within two working days, if you say who you are.",
            "L’un de nous vous contacte dans un délai de deux jours ouvrés si vous dites qui vous êtes.",
        )
    } else {
        t(
            "Somebody of ours contacts you within two working days.",
            "L’un de nous vous contacte dans un délai de deux jours ouvrés.",
        )
    };
    Html::default()
        .maybe(kind.wants_contact().then_some(reached), Html::p)
        .raw("<p>")
        .raw(t(
            "To fill this in is up to you. What you send is read by us alone, and deleted after ",
            "Rien ne vous oblige à le remplir. Ce que vous envoyez n’est lu que par nous, et effacé après ",
        ))
        .text(&kept(kind, language))
        .raw(t(" at the latest. ", " au plus tard. "))
        .raw("<a href=\"/policies/")
        .raw(domain::policy::PRIVACY)
        .raw("/")
        .raw(policy.name)
        .raw(t("?lang=en\">", "?lang=fr\">"))
        .raw(t("Privacy policy, version ", "Politique de confidentialité, version "))
        .raw(policy.name)
        .raw("</a></p>")
}

fn fields(language: Language, kind: Kind, policy: &Version, filled: &Filled) -> Html {
    let t = |english, french| in_words(language, english, french);
    let may_be_anonymous = kind.may_be_anonymous();
    let person = |name, label, kind, autocomplete, needed: bool| {
        let hint = (needed && may_be_anonymous)
            .then_some(t("Needed unless you send this anonymously.", "Nécessaire, sauf envoi anonyme."));
        Field { name, label, hint, kind, autocomplete, required: needed && !may_be_anonymous }.html(filled)
    };
    let anonymous = choice(
        "checkbox",
        ANONYMOUS,
        TICKED,
        t(
            "Send it anonymously: nothing of me is kept, and nobody can answer me",
            "Envoyer anonymement\u{a0}: rien de moi n’est gardé, et personne ne peut me répondre",
        ),
        filled,
    );
    let message = Area {
        name: "message",
        label: if kind.needs_message() {
            t("Message", "Message")
        } else {
            t("Message (optional)", "Message (facultatif)")
        },
        hint: t(
            "Up to 5,000 characters. Never give the number of a card: we do not want it.",
            "Jusqu’à 5\u{202f}000 caractères. N’indiquez jamais de numéro de carte\u{a0}: nous n’en voulons pas.",
        ),
        required: kind.needs_message(),
    };
    Html::default()
        .raw("<input type=\"hidden\" name=\"policy_version\" value=\"")
        .raw(policy.name)
        .raw("\">")
        .maybe(may_be_anonymous.then_some(anonymous), Html::html)
        .html(person("name", t("Name", "Nom"), "text", "name", true))
        .html(person("email", t("E-mail address", "Adresse électronique"), "email", "email", true))
        .html(person("phone", t("Telephone (optional)", "Téléphone (facultatif)"), "tel", "tel", false))
        .html(person("company", t("Company (optional)", "Entreprise (facultatif)"), "text", "organization", false))
        .html(message.html(filled))
        .html(boxes(language, filled))
}

/// What may be agreed to beside the form: no box is ticked before the person does it (R009).
fn boxes(language: Language, filled: &Filled) -> Html {
    let t = |english, french| in_words(language, english, french);
    let wrong = filled.wrong("consents");
    Html::default()
        .raw("<fieldset id=\"consents\"")
        .maybe(wrong, |html, _| html.raw(" aria-describedby=\"consents-wrong\""))
        .raw("><legend>")
        .raw(t("What we may write to you about (optional)", "Ce sur quoi nous pouvons vous écrire (facultatif)"))
        .raw("</legend><p class=\"hint\">")
        .raw(t(
            "Nothing counts before you confirm it by the link that we then mail you. Every letter has a link that ends them.",
            "Rien ne compte avant que vous ne l’ayez confirmé par le lien que nous vous envoyons alors. Chaque lettre porte un lien qui y met fin.",
        ))
        .raw("</p>")
        .maybe(wrong, |html, wrong| html.raw("<p class=\"wrong\" id=\"consents-wrong\">").raw(wrong).raw("</p>"))
        .each(Purpose::ALL, |html, purpose| {
            html.html(choice("checkbox", box_of(purpose), TICKED, purpose.wording(language), filled))
        })
        .raw("</fieldset>")
}

/// It has come in: the same for every address.
pub(crate) fn received(language: Language, kind: Kind, id: &SubmissionId, is_named: bool) -> Page {
    let t = |english, french| in_words(language, english, french);
    let acknowledged = t(
        "A mail with this number goes to your address. If you ticked a box, another one has a link: nothing of it counts before you confirm it there.",
        "Un courrier portant ce numéro part à votre adresse. Si vous avez coché une case, un autre contient un lien\u{a0}: rien n’en compte avant que vous ne l’y ayez confirmé.",
    );
    let nobody = t(
        "We do not know who sent it. Keep the number if you want to refer to it.",
        "Nous ne savons pas qui l’a envoyé. Gardez le numéro si vous voulez vous y référer.",
    );
    let main = Html::default()
        .raw("<div class=\"told\" role=\"status\"><p>")
        .raw(t("It has come in. Its number: ", "C’est arrivé. Son numéro\u{a0}: "))
        .raw("<code>")
        .text(id.as_str())
        .raw("</code></p></div>")
        .p(if is_named { acknowledged } else { nobody })
        .raw("<p>")
        .raw(t("It is deleted after ", "Il est effacé après "))
        .text(&kept(kind, language))
        .raw(t(" at the latest.</p>", " au plus tard.</p>"));
    Page::new(language, t("Thank you", "Merci"), main).status(StatusCode::ACCEPTED)
}

fn kept(kind: Kind, language: Language) -> String {
    match kind.kept_days() {
        days @ 1..1_000 => format!("{days}{}", in_words(language, "\u{a0}days", "\u{a0}jours")),
        days => {
            let separator = in_words(language, ",", "\u{202f}");
            let (thousands, rest) = (days / 1_000, days % 1_000);
            format!("{thousands}{separator}{rest:03}{}", in_words(language, "\u{a0}days", "\u{a0}jours"))
        }
    }
}

fn path(kind: Kind) -> String {
    format!("/forms/{}", kind.as_str())
}

// What the pages say of it.
const _: () = assert!(MESSAGE_LIMIT == 5_000);
