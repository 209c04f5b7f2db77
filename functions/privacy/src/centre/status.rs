//! The page of a request.

use cloud::dynamo::sign_ups::LinkToken;
use domain::request::{Language, State};

use super::{
    Page,
    fields::form,
    html::Html,
    in_words,
    letters::{hidden, link},
    pages::more,
    words,
};
use crate::requests::shown::Shown;

/// The request, what is told of it now, and what can be done with it. `token` is that of the letter that the answer is there, `exports` where the
/// file comes from.
pub(crate) fn page(
    language: Language,
    request: &Shown,
    told: Option<&'static str>,
    token: Option<&LinkToken>,
    exports: &str,
) -> Page {
    let t = |english, french| in_words(language, english, french);
    let path = format!("/privacy/requests/{}", request.id);
    let row = |html: Html, name: &'static str, value: Html| {
        html.raw("<dt>").raw(name).raw("</dt><dd>").html(value).raw("</dd>")
    };
    let text = |text: &str| Html::default().text(text);
    let time = |at| words::minute(at, language);
    let mut facts = Html::default().raw("<dl>");
    facts = row(facts, t("What you asked", "Ce que vous avez demandé"), text(words::kind(request.kind, language)));
    facts = row(facts, t("Where it is", "Où elle en est"), text(words::state(request.state, language)));
    if let Some(ground) = request.ground {
        facts = row(facts, t("Why", "Pourquoi"), text(words::ground(ground, language)));
    }
    facts = row(facts, t("Came in", "Arrivée"), time(request.received_at));
    if request.state.is_owed() {
        facts = row(facts, t("Answered by", "Réponse au plus tard"), time(request.due_at));
    }
    if let Some(until) = request.waits_until {
        let what = match request.state {
            State::AwaitingVerification => t("To be confirmed by", "À confirmer avant"),
            State::CoolingOff => t("The erasure begins", "L’effacement commence"),
            State::Delivered => t("Here until", "Ici jusqu’au"),
            State::Denied => t("Appeal possible until", "Recours possible jusqu’au"),
            _ => t("Waits until", "Attend jusqu’au"),
        };
        facts = row(facts, what, time(until));
    }
    facts = row(facts, t("Number", "Numéro"), text(request.id.as_str())).raw("</dl>");

    let mut main = Html::default()
        .maybe(told, |html, told| html.raw("<div class=\"told\" role=\"status\"><p>").raw(told).raw("</p></div>"))
        .html(facts);
    let button = |html: Html, rest: &str, words: (&'static str, &'static str), fields: Html| {
        html.html(form(language, &format!("{path}/{rest}"), words, fields))
    };
    match token {
        Some(token) if request.can_download => {
            main = button(main, "download", (t("Fetch your data", "Retirer vos données"), "act"), hidden(token));
        }
        None if request.can_download => {
            main = main.raw("<h2>").raw(t("Your data is ready", "Vos données sont prêtes")).raw("</h2>").p(t(
                "Open the link in the letter that says so: nobody but you reads your mailbox, and this browser alone is not enough.",
                "Ouvrez le lien de la lettre qui le dit\u{a0}: vous seul lisez votre boîte, et ce navigateur ne suffit pas.",
            ));
            let again = (t("Send the letter again", "Envoyer la lettre de nouveau"), "other");
            main = button(main, "link", again, Html::default());
        }
        _ => {}
    }
    if request.has_receipt {
        main = main
            .raw("<h2>")
            .raw(t("What was done", "Ce qui a été fait"))
            .raw("</h2>")
            .p(t(
                "A receipt says what was found, done and kept. It is signed, so that anybody can check that it is ours, and it does not say who you are. It is shown here as long as this page is; keep it.",
                "Un reçu dit ce qui a été trouvé, fait et conservé. Il est signé\u{a0}: chacun peut vérifier qu’il vient de nous, et il ne dit pas qui vous êtes. Il reste ici aussi longtemps que cette page\u{a0}; gardez-le.",
            ))
            .raw("<p><a href=\"")
            .text(&path)
            .raw(t("/receipt?lang=en\">Open the receipt", "/receipt?lang=fr\">Ouvrir le reçu"))
            .raw("</a></p>");
    }
    if request.state == State::AwaitingVerification && request.mailbox_proven && request.attempts_left > 0 {
        let note = t(
            "Your mailbox is confirmed. What was given is not enough yet to be sure that it is you. You can try again so many times: ",
            "Votre boîte est confirmée. Ce qui a été indiqué ne suffit pas encore pour être sûrs que c’est vous. Nombre d’essais restants\u{a0}: ",
        );
        main = main.raw("<h2>").raw(t("More about you", "Plus sur vous")).raw("</h2><p>").raw(note);
        main = main.text(&request.attempts_left.to_string()).raw("</p>");
        main = button(main, "confirm", (t("Confirm", "Confirmer"), "act"), more(language));
    }
    if request.state == State::AwaitingVerification && !request.mailbox_proven && request.links_left > 0 {
        main = main.raw("<h2>").raw(t("No letter?", "Pas de lettre\u{a0}?")).raw("</h2>");
        main = button(main, "link", (t("Send the link again", "Envoyer le lien de nouveau"), "other"), Html::default());
    }
    if request.can_appeal {
        main = main.raw("<h2>").raw(t("You do not agree?", "Vous n’êtes pas d’accord\u{a0}?")).raw("</h2>").p(t(
            "Somebody else than who refused looks at it again, within 45 days.",
            "Une autre personne que celle qui a refusé l’examine de nouveau, dans les 45 jours.",
        ));
        main = button(main, "appeal", (t("Appeal", "Faire un recours"), "act"), Html::default());
    }
    if request.can_cancel {
        main = main.raw("<h2>").raw(t("You have changed your mind?", "Vous avez changé d’avis\u{a0}?")).raw("</h2>");
        main = button(main, "cancel", (t("Take the request back", "Retirer la demande"), "bad"), Html::default());
    }
    let at = token.map_or_else(|| path.clone(), |token| link(&path, token));
    let mut page = Page::new(language, t("Your request", "Votre demande"), main).at(&at);
    page.leads_to = (request.can_download && token.is_some()).then(|| exports.to_owned());
    page
}
