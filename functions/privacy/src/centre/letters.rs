//! The pages behind the links of letters: the one that confirms what was agreed to, and the one that ends letters.

use cloud::dynamo::sign_ups::LinkToken;
use domain::{consent::UNTOUCHED, request::Language};

use super::{Page, fields::form, html::Html, in_words};

/// Where a link confirms.
pub(crate) const CONFIRM: &str = "/privacy/consents/confirm";
/// Where a link ends letters.
pub(crate) const UNSUBSCRIBE: &str = "/privacy/unsubscribe";

/// The page that asks whether what was ticked is meant.
pub(crate) fn agree(language: Language, token: &LinkToken) -> Page {
    let t = |english, french| in_words(language, english, french);
    let main = Html::default().p(t(
        "Press the button to confirm that you want to be written to about what you ticked on the form. Every such letter has a link that ends them. If you ticked nothing, close this page: nothing happens then.",
        "Appuyez sur le bouton pour confirmer que vous voulez recevoir des lettres sur ce que vous avez coché dans le formulaire. Chacune porte un lien qui y met fin. Si vous n’avez rien coché, fermez cette page\u{a0}: il ne se passe rien.",
    ));
    let main = main.html(form(language, CONFIRM, (t("Confirm", "Confirmer"), "act"), hidden(token)));
    Page::new(language, t("Agree to be written to", "Accepter de recevoir des lettres"), main).at(&link(CONFIRM, token))
}

/// It counts now.
pub(crate) fn agreed(language: Language) -> Page {
    let t = |english, french| in_words(language, english, french);
    let words = t(
        "You are written to about what you ticked. Every letter has a link that ends them.",
        "Vous recevrez des lettres sur ce que vous avez coché. Chacune porte un lien qui y met fin.",
    );
    Page::new(language, t("Confirmed", "Confirmé"), told(words))
}

/// The page that asks whether all letters are to end.
pub(crate) fn unsubscribe(language: Language, token: &LinkToken) -> Page {
    let t = |english, french| in_words(language, english, french);
    let main = Html::default()
        .p(t(
            "Press the button to get no more letters of any kind: no offers, no news, no monthly letter.",
            "Appuyez sur le bouton pour ne plus recevoir aucune lettre\u{a0}: ni offres, ni nouveautés, ni lettre mensuelle.",
        ))
        .p(untouched(language))
        .html(form(language, UNSUBSCRIBE, (t("Unsubscribe", "Se désabonner"), "act"), hidden(token)));
    Page::new(language, t("Unsubscribe", "Se désabonner"), main).at(&link(UNSUBSCRIBE, token))
}

/// They have ended.
pub(crate) fn unsubscribed(language: Language) -> Page {
    let t = |english, french| in_words(language, english, french);
    let main = told(t("You get no more letters.", "Vous ne recevrez plus de lettres.")).p(untouched(language));
    Page::new(language, t("You are unsubscribed", "Vous êtes désabonné"), main)
}

/// What does not change with it (R025, R091).
const fn untouched(language: Language) -> &'static str {
    in_words(
        language,
        UNTOUCHED,
        "Rien d’autre ne change\u{a0}: le service lui-même, les messages sur son utilisation, les avis de sécurité, les avis légaux et les factures n’en dépendent pas.",
    )
}

fn told(words: &str) -> Html {
    Html::default().raw("<div class=\"told\" role=\"status\">").p(words).raw("</div>")
}

pub(super) fn hidden(token: &LinkToken) -> Html {
    Html::default().raw("<input type=\"hidden\" name=\"token\" value=\"").text(token.reveal()).raw("\">")
}

pub(super) fn link(path: &str, token: &LinkToken) -> String {
    format!("{path}?token={}", token.reveal())
}
