//! French for the words of the data map, of the policies' titles and of the cookies, which programs read in English.

use domain::request::Language;

/// Words of ours in the language of a page. A test makes sure that there is French for all that is shown.
pub(crate) fn in_language(english: &'static str, language: Language) -> &'static str {
    match language {
        Language::En => label(english).unwrap_or(english),
        Language::Fr => french(english).unwrap_or(english),
    }
}

/// Categories of the fideslang taxonomy, as people call them.
const CATEGORIES: [(&str, &str, &str); 13] = [
    ("user", "anything about the person", "tout ce qui concerne la personne"),
    ("user.authorization.credentials", "what opens an account or a store", "ce qui ouvre un compte ou une boutique"),
    ("user.contact.email", "e-mail address", "adresse électronique"),
    ("user.contact.phone_number", "telephone number", "numéro de téléphone"),
    ("user.contact.url", "web address", "adresse web"),
    ("user.content", "what a store said", "ce qu’une boutique a communiqué"),
    ("user.content.private", "what was written or named", "ce qui a été écrit ou nommé"),
    ("user.device.ip_address", "network address", "adresse réseau"),
    ("user.name", "name", "nom"),
    ("user.privacy_preferences", "consents and objections", "consentements et oppositions"),
    ("user.unique_id", "number of a person or an order", "numéro d’une personne ou d’une commande"),
    ("user.unique_id.pseudonymous", "pseudonym", "pseudonyme"),
    ("user.workplace", "company", "entreprise"),
];

/// Everything else.
const WORDS: [(&str, &str); 37] = [
    ("people with an account", "personnes qui ont un compte"),
    ("merchants", "commerçants"),
    ("customers of merchants' stores", "clients des boutiques des commerçants"),
    ("people without an account who write to us", "personnes sans compte qui nous écrivent"),
    ("whoever calls the API", "qui appelle l’API"),
    ("controller", "responsable du traitement"),
    ("processor", "sous-traitant"),
    ("controller and processor", "responsable du traitement et sous-traitant"),
    ("the person", "la personne"),
    ("observed in use", "observé à l’usage"),
    ("worked out from other data", "déduit d’autres données"),
    ("given by us", "attribué par nous"),
    ("the merchant's store", "la boutique du commerçant"),
    ("consent, GDPR Art. 6(1)(a)", "consentement, RGPD art. 6(1)(a)"),
    ("contract, GDPR Art. 6(1)(b)", "contrat, RGPD art. 6(1)(b)"),
    ("legal obligation, GDPR Art. 6(1)(c)", "obligation légale, RGPD art. 6(1)(c)"),
    ("legitimate interests, GDPR Art. 6(1)(f)", "intérêts légitimes, RGPD art. 6(1)(f)"),
    ("the merchant's instruction, GDPR Art. 28", "instruction du commerçant, RGPD art. 28"),
    ("account", "compte"),
    ("operation", "fonctionnement"),
    ("billing", "facturation"),
    ("messages", "messages"),
    ("support", "assistance"),
    ("marketing that was agreed to", "marketing accepté"),
    ("security", "sécurité"),
    ("deleted", "supprimé"),
    ("blanked", "vidé"),
    ("its key is destroyed", "sa clé est détruite"),
    ("ends by itself within its time", "prend fin de soi-même dans son délai"),
    ("kept, as the law demands", "conservé, comme la loi l’exige"),
    ("Amazon Web Services", "Amazon Web Services"),
    ("Amazon Simple Email Service", "Amazon Simple Email Service"),
    ("applications of the merchant's choice", "applications choisies par le commerçant"),
    ("Privacy policy", "Politique de confidentialité"),
    ("API usage policy", "Politique d’utilisation de l’API"),
    ("Migration data policy", "Politique des données de migration"),
    (
        "Opens a request about one's own data in the browser in which it was made or confirmed.",
        "Ouvre une demande sur ses propres données dans le navigateur où elle a été faite ou confirmée.",
    ),
];

fn label(word: &str) -> Option<&'static str> {
    CATEGORIES.iter().find(|(known, ..)| *known == word).map(|(_, english, _)| *english)
}

fn french(word: &str) -> Option<&'static str> {
    let category = CATEGORIES.iter().find(|(known, ..)| *known == word).map(|(.., french)| *french);
    category.or_else(|| WORDS.iter().find(|(known, _)| *known == word).map(|(_, french)| *french))
}

#[cfg(test)]
mod tests {
    use domain::{cookie::COOKIES, policy::POLICIES};

    use super::*;
    use crate::inventory::inventory;

    #[test]
    fn there_is_french_for_all_that_is_shown() {
        let inventory = inventory();
        let of_data = inventory.data.iter().flat_map(|entry| {
            let single = [entry.about, entry.role, entry.category, entry.source, entry.basis, entry.erasure];
            single.into_iter().chain(entry.purposes.iter().copied()).chain(entry.given_to.iter().copied())
        });
        let of_policies = POLICIES.iter().map(|policy| policy.title);
        let shown = of_data.chain(of_policies).chain(COOKIES.iter().map(|cookie| cookie.what));
        let missing: std::collections::BTreeSet<&str> = shown.filter(|words| french(words).is_none()).collect();
        assert!(missing.is_empty(), "{missing:#?}");
    }
}
