//! The page of a receipt: what was done for a request, in words, and what proves it.

use cloud::dynamo::runs::Kept;
use domain::{id::PrivacyRequestId, request::Language};
use jiff::Timestamp;

use super::{Page, html::Html, in_words, words};
use crate::requests::receipt::Receipt;

/// What of the signed document is told in words; the page shows all of it as it was signed, too.
#[derive(serde::Deserialize)]
struct Told {
    finished_at: Timestamp,
    places: Vec<Place>,
    backup_horizon_at: Option<Timestamp>,
}

#[derive(serde::Deserialize)]
struct Place {
    place: String,
    found: u64,
    acted: u64,
    #[serde(default)]
    kept: Vec<Kept>,
}

/// The page.
pub(crate) fn page(language: Language, id: &PrivacyRequestId, receipt: &Receipt) -> Page {
    let t = |english, french| in_words(language, english, french);
    let path = format!("/privacy/requests/{id}/receipt");
    let main = Html::default()
        .p(t(
            "This receipt says what was found, done and kept for your request. It is signed: with our public key anybody can check that it is ours and that nothing of it was changed. It does not say who you are; keep it if you want to show later that the request was carried out.",
            "Ce reçu dit ce qui a été trouvé, fait et conservé pour votre demande. Il est signé\u{a0}: avec notre clé publique, chacun peut vérifier qu’il vient de nous et que rien n’y a été changé. Il ne dit pas qui vous êtes\u{a0}; gardez-le si vous voulez montrer plus tard que la demande a été exécutée.",
        ))
        .raw("<p><a class=\"act\" href=\"")
        .text(&path)
        .raw("?as=json\" download=\"receipt.json\">")
        .raw(t("Save the receipt (JSON)", "Enregistrer le reçu (JSON)"))
        .raw("</a></p>")
        .maybe(serde_json::from_str::<Told>(&receipt.document).ok(), |html, receipt| html.html(told(language, &receipt)))
        .raw("<h2>")
        .raw(t("How to check it", "Comment le vérifier"))
        .raw("</h2>")
        .p(t(
            "The public key is published here; it is the same for everybody. The signature is ECDSA on the curve P-256 with SHA-256 over the bytes of the document below, in base64.",
            "La clé publique est publiée ici\u{a0}; elle est la même pour tous. La signature est de l’ECDSA sur la courbe P-256 avec SHA-256, sur les octets du document ci-dessous, en base64.",
        ))
        .raw("<p><a href=\"")
        .text(&receipt.public_key)
        .raw("\">")
        .text(&receipt.public_key)
        .raw("</a></p><pre>jq -j .document receipt.json &gt; document.json\njq -r .signature receipt.json | base64 -d &gt; signature.der\nopenssl dgst -sha256 -verify signing-key.pem -signature signature.der document.json</pre><h2>")
        .raw(t("As it was signed", "Tel qu’il a été signé"))
        .raw("</h2><h3>")
        .raw(t("Document", "Document"))
        .raw("</h3><pre>")
        .text(&receipt.document)
        .raw("</pre><h3>")
        .raw(t("Signature", "Signature"))
        .raw("</h3><pre>")
        .text(&receipt.signature)
        .raw("</pre><p><a href=\"/privacy/requests/")
        .text(id.as_str())
        .raw(t("?lang=en\">Back to your request", "?lang=fr\">Retour à votre demande"))
        .raw("</a></p>");
    Page::new(language, t("Receipt", "Reçu"), main).at(&path)
}

fn told(language: Language, receipt: &Told) -> Html {
    let t = |english, french| in_words(language, english, french);
    let mut html = Html::default()
        .raw("<h2>")
        .raw(t("What was done", "Ce qui a été fait"))
        .raw("</h2><p>")
        .raw(t("Finished: ", "Terminé\u{a0}: "))
        .html(words::minute(receipt.finished_at, language))
        .raw("</p>");
    if !receipt.places.is_empty() {
        html = html
            .raw("<table><thead><tr><th scope=\"col\">")
            .raw(t("Place", "Lieu"))
            .raw("</th><th scope=\"col\">")
            .raw(t("Found", "Trouvé"))
            .raw("</th><th scope=\"col\">")
            .raw(t("Done", "Fait"))
            .raw("</th></tr></thead><tbody>")
            .each(&receipt.places, |html, place| {
                html.raw("<tr><th scope=\"row\">")
                    .text(named(&place.place, language))
                    .raw("</th><td>")
                    .text(&place.found.to_string())
                    .raw("</td><td>")
                    .text(&place.acted.to_string())
                    .raw("</td></tr>")
            })
            .raw("</tbody></table>");
    }
    let kept: Vec<&Kept> = receipt.places.iter().flat_map(|place| &place.kept).collect();
    if !kept.is_empty() {
        html = html
            .raw("<h3>")
            .raw(t("What stays, and why", "Ce qui reste, et pourquoi"))
            .raw("</h3><ul>")
            .each(kept, |html, Kept { what, ground, law, .. }| {
                html.raw("<li>")
                    .text(stays(what, language))
                    .raw(": ")
                    .text(words::ground(*ground, language))
                    .maybe(law.as_ref(), |html, law| html.raw(" (").text(law).raw(")"))
                    .raw("</li>")
            })
            .raw("</ul>");
    }
    html.maybe(receipt.backup_horizon_at, |html, at| {
        html.raw("<p>")
            .raw(t(
                "No backup can bring back what was erased after ",
                "Aucune sauvegarde ne peut ramener ce qui a été effacé après le ",
            ))
            .html(words::day(at, language))
            .raw(".</p>")
    })
}

/// What the records are called of which something stays.
fn stays(record: &str, language: Language) -> &str {
    let (english, french) = match record {
        "ConsentItem" => ("The record of your consents", "Le registre de vos consentements"),
        "SignUpItem" => ("A sign-up that nobody has confirmed", "Une inscription que personne n’a confirmée"),
        "MailMessage" => ("A mail on its way to you", "Un courrier en route vers vous"),
        other => return other,
    };
    in_words(language, english, french)
}

/// What the plan's places are called; a name that is not known stands for itself.
fn named(place: &str, language: Language) -> &str {
    let (english, french) = match place {
        "keys" => ("Keys", "Clés"),
        "stores" => ("Connected stores", "Boutiques connectées"),
        "applications" => ("Applications and subscriptions", "Applications et abonnements"),
        "contact" => ("Address for letters", "Adresse pour les lettres"),
        "account" => ("Account", "Compte"),
        "consents" => ("Record of consents", "Registre des consentements"),
        "calls" => ("Record of calls", "Journal des appels"),
        "request" => ("This request", "Cette demande"),
        other => return other,
    };
    in_words(language, english, french)
}
