//! The form of a request.

use cloud::http::{Call, FieldError, Problem};
use domain::request::{Kind, Language};
use http::StatusCode;

use super::{
    Page,
    fields::{Field, Filled, choice, form, select},
    html::Html,
    in_words, words,
};

/// Where the form is.
pub(crate) const PATH: &str = "/privacy/requests";

/// The form as it comes.
pub(crate) fn empty(language: Language) -> Page {
    page(language, &Filled::default())
}

/// The form with what was filled in, and what is wrong with it.
pub(crate) fn again(call: &Call, language: Language, problem: &Problem) -> Page {
    let values = url::form_urlencoded::parse(&call.body).into_owned().collect();
    let mut wrong: Vec<(String, &'static str)> = Vec::new();
    for FieldError { pointer, .. } in &problem.errors {
        let (name, words) = what_is_wrong(pointer, language);
        if !wrong.iter().any(|(known, _)| known == name) {
            wrong.push((name.to_owned(), words));
        }
    }
    page(language, &Filled::new(values, wrong)).status(StatusCode::UNPROCESSABLE_ENTITY)
}

/// Which field a pointer means, and what it should be.
fn what_is_wrong(pointer: &str, language: Language) -> (&'static str, &'static str) {
    let (name, english, french) = match pointer {
        "/email" => (
            "email",
            "Give an e-mail address such as ann@example.com",
            "Indiquez une adresse électronique telle que anne@example.com",
        ),
        "/first_name" => (
            "first_name",
            "Give your first name, without numbers of cards or documents",
            "Indiquez votre prénom, sans numéro de carte ni de document",
        ),
        "/last_name" => (
            "last_name",
            "Give your last name, without numbers of cards or documents",
            "Indiquez votre nom, sans numéro de carte ni de document",
        ),
        "/country" => ("country", "Choose where you live", "Choisissez où vous vivez"),
        "/state" => ("state", "Choose your state", "Choisissez votre État"),
        "/phone" => (
            "phone",
            "Give a telephone number; residents of the named states have to",
            "Indiquez un numéro de téléphone\u{a0}; les résidents des États nommés le doivent",
        ),
        "/company" => (
            "company",
            "Give the company’s name, without numbers of cards or documents",
            "Indiquez le nom de l’entreprise, sans numéro de carte ni de document",
        ),
        "/website" => (
            "website",
            "Give a web address that begins with https://",
            "Indiquez une adresse web qui commence par https://",
        ),
        "/sector" => (
            "sector",
            "Give the sector in a few words, without numbers of cards or documents",
            "Indiquez le secteur en quelques mots, sans numéro de carte ni de document",
        ),
        "/account" => ("account", "An account’s id begins with acc_", "L’identifiant d’un compte commence par acc_"),
        _ if pointer.starts_with("/corrections") => (
            "correct-name",
            "Say what is right, in the form that the field has; only to correct something",
            "Indiquez ce qui est juste, dans la forme du champ\u{a0}; seulement pour rectifier",
        ),
        _ => ("kind-access", "Choose what you ask for", "Choisissez ce que vous demandez"),
    };
    (name, in_words(language, english, french))
}

fn page(language: Language, filled: &Filled) -> Page {
    let t = |english, french| in_words(language, english, french);
    let line = |name, label, hint, autocomplete, required| {
        Field { name, label, hint, kind: "text", autocomplete, required }.html(filled)
    };
    let kinds = Html::default()
        .raw("<fieldset role=\"radiogroup\" id=\"kind\" aria-required=\"true\"")
        .raw(match filled.wrong("kind-access") {
            Some(_) => " aria-invalid=\"true\" aria-describedby=\"kind-wrong\"><legend>",
            None => "><legend>",
        })
        .raw(t("What do you ask for?", "Que demandez-vous\u{a0}?"))
        .raw("</legend>")
        .maybe(filled.wrong("kind-access"), |html, wrong| {
            html.raw("<p class=\"wrong\" id=\"kind-wrong\">").raw(wrong).raw("</p>")
        })
        .each(Kind::ALL, |html, kind| {
            html.html(choice("radio", "kind", kind.as_str(), words::kind(kind, language), filled))
        })
        .raw("</fieldset>");
    let you = Html::default()
        .raw("<h2>")
        .raw(t("Who you are", "Qui vous êtes"))
        .raw("</h2>")
        .p(t(
            "We compare this with what we hold to make sure that it is you. Never give numbers of cards or identity documents: we do not want them.",
            "Nous le comparons avec ce que nous détenons pour être sûrs que c’est vous. N’indiquez jamais de numéro de carte ou de pièce d’identité\u{a0}: nous n’en voulons pas.",
        ))
        .html(Field {
            name: "email",
            label: t("E-mail address", "Adresse électronique"),
            hint: Some(t("The one that you use with us. We write to it.", "Celle que vous utilisez chez nous. Nous y écrivons.")),
            kind: "email",
            autocomplete: "email",
            required: true,
        }.html(filled))
        .html(line("first_name", t("First name", "Prénom"), None, "given-name", true))
        .html(line("last_name", t("Last name", "Nom"), None, "family-name", true))
        .html(select("country", t("Where you live", "Où vous vivez"), countries(language), true, filled))
        .html(select("state", t("State, in the United States", "État, aux États-Unis"), &STATES, false, filled))
        .html(Field {
            name: "phone",
            label: t("Telephone (optional)", "Téléphone (facultatif)"),
            hint: Some(t(
                "Residents of California, Colorado, Connecticut, Utah and Virginia have to give it.",
                "Les résidents de Californie, du Colorado, du Connecticut, de l’Utah et de Virginie doivent l’indiquer.",
            )),
            kind: "tel",
            autocomplete: "tel",
            required: false,
        }.html(filled))
        .html(line("company", t("Company (optional)", "Entreprise (facultatif)"), None, "organization", false))
        .html(Field {
            name: "website",
            label: t("Company’s web site (optional)", "Site web de l’entreprise (facultatif)"),
            hint: None,
            kind: "url",
            autocomplete: "url",
            required: false,
        }.html(filled))
        .html(line("sector", t("Sector (optional)", "Secteur (facultatif)"), None, "off", false))
        .html(line("account", t("Account’s id (optional)", "Identifiant du compte (facultatif)"), Some(t("It begins with acc_.", "Il commence par acc_.")), "off", false));
    let right = Html::default()
        .raw(if filled.wrong("correct-name").is_some() { "<details open><summary>" } else { "<details><summary>" })
        .raw(t("What is right (only to correct something)", "Ce qui est juste (seulement pour rectifier)"))
        .raw("</summary>")
        .html(line("correct-name", t("Right name", "Nom juste"), None, "off", false))
        .html(line("correct-phone", t("Right telephone number", "Numéro de téléphone juste"), None, "off", false))
        .html(line("correct-company", t("Right company", "Entreprise juste"), None, "off", false))
        .html(line("correct-website", t("Right web site", "Site web juste"), None, "off", false))
        .raw("</details>");
    let declaration = choice("checkbox", "declaration", "yes", declared(language), filled);
    let main = filled
        .summary(language)
        .p(t(
            "You hear from us at once, and have our answer within a month. It costs nothing.",
            "Vous avez de nos nouvelles tout de suite et notre réponse dans un délai d’un mois. C’est gratuit.",
        ))
        .html(form(
            language,
            PATH,
            (t("Send the request", "Envoyer la demande"), "act"),
            kinds.html(you).html(right).html(declaration),
        ));
    let mut page = Page::new(language, t("Make a request", "Faire une demande"), main).at(PATH);
    page.is_wrong = filled.is_wrong();
    page
}

/// The declaration that some kinds need (11 CCR 7062(c)).
pub(crate) const fn declared(language: Language) -> &'static str {
    in_words(
        language,
        "I declare under penalty of perjury that I am the person whose data this request is about. (Needed for a copy, to take data elsewhere, to know which data, and to erase.)",
        "Je déclare sur l’honneur, sous peine de parjure, être la personne dont les données font l’objet de cette demande. (Nécessaire pour une copie, pour emporter des données, pour savoir lesquelles et pour effacer.)",
    )
}

const STATES: [(&str, &str); 7] = [
    ("", "\u{2013}"),
    ("CA", "California"),
    ("CO", "Colorado"),
    ("CT", "Connecticut"),
    ("UT", "Utah"),
    ("VA", "Virginia"),
    // Assigned to no state: the policies promise the same.
    ("ZZ", "Other"),
];

/// Where people live, as far as a law depends on it.
const fn countries(language: Language) -> &'static [(&'static str, &'static str)] {
    match language {
        Language::En => &[
            ("", "Choose"),
            ("AT", "Austria"),
            ("BE", "Belgium"),
            ("BG", "Bulgaria"),
            ("HR", "Croatia"),
            ("CY", "Cyprus"),
            ("CZ", "Czechia"),
            ("DK", "Denmark"),
            ("EE", "Estonia"),
            ("FI", "Finland"),
            ("FR", "France"),
            ("DE", "Germany"),
            ("GR", "Greece"),
            ("HU", "Hungary"),
            ("IS", "Iceland"),
            ("IE", "Ireland"),
            ("IT", "Italy"),
            ("LV", "Latvia"),
            ("LI", "Liechtenstein"),
            ("LT", "Lithuania"),
            ("LU", "Luxembourg"),
            ("MT", "Malta"),
            ("NL", "Netherlands"),
            ("NO", "Norway"),
            ("PL", "Poland"),
            ("PT", "Portugal"),
            ("RO", "Romania"),
            ("SK", "Slovakia"),
            ("SI", "Slovenia"),
            ("ES", "Spain"),
            ("SE", "Sweden"),
            ("CH", "Switzerland"),
            ("GB", "United Kingdom"),
            ("US", "United States"),
            ("ZZ", "Another country"),
        ],
        Language::Fr => &[
            ("", "Choisissez"),
            ("DE", "Allemagne"),
            ("AT", "Autriche"),
            ("BE", "Belgique"),
            ("BG", "Bulgarie"),
            ("CY", "Chypre"),
            ("HR", "Croatie"),
            ("DK", "Danemark"),
            ("ES", "Espagne"),
            ("EE", "Estonie"),
            ("US", "États-Unis"),
            ("FI", "Finlande"),
            ("FR", "France"),
            ("GR", "Grèce"),
            ("HU", "Hongrie"),
            ("IE", "Irlande"),
            ("IS", "Islande"),
            ("IT", "Italie"),
            ("LV", "Lettonie"),
            ("LI", "Liechtenstein"),
            ("LT", "Lituanie"),
            ("LU", "Luxembourg"),
            ("MT", "Malte"),
            ("NO", "Norvège"),
            ("NL", "Pays-Bas"),
            ("PL", "Pologne"),
            ("PT", "Portugal"),
            ("RO", "Roumanie"),
            ("GB", "Royaume-Uni"),
            ("SK", "Slovaquie"),
            ("SI", "Slovénie"),
            ("SE", "Suède"),
            ("CH", "Suisse"),
            ("CZ", "Tchéquie"),
            ("ZZ", "Un autre pays"),
        ],
    }
}
