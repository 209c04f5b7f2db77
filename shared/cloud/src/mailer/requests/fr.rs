//! The letters in French.

use domain::request::{Ground, Kind, Letter, Regime};

use super::{About, Words, minute};

pub(super) fn words(about: &About<'_>) -> Words {
    let About { facts, due, until, until_time } = about;
    let what = kind(facts.kind);
    let (subject, before, after) = match facts.letter {
        Letter::Received => (
            "Confirmez votre demande relative à vos données",
            format!(
                "Quelqu’un, probablement vous, nous a demandé avec cette adresse {what}. Ouvrez ce lien et appuyez sur le bouton de la page pour confirmer que cette boîte est la vôtre :"
            ),
            vec![
                format!(
                    "Le lien fonctionne une seule fois et jusqu’au {until_time}. S’il s’ouvre dans un autre navigateur que celui de la demande, la page demande les six chiffres qui y ont été affichés."
                ),
                format!("Nous répondons au plus tard le {due} ; le temps jusqu’à votre confirmation est compris."),
                "Si ce n’était pas vous, ne faites rien : sans cette confirmation, rien n’est communiqué, modifié ou effacé.".to_owned(),
            ],
        ),
        Letter::ReceivedAtOnce => (
            "Votre demande relative à vos données est arrivée",
            format!(
                "Vous nous avez demandé {what}. Cela ne demande aucune preuve d’identité et se fait maintenant. Vous pouvez suivre votre demande ici :"
            ),
            vec![format!("Ce sera fait au plus tard le {due}, et nous vous écrirons alors.")],
        ),
        Letter::NeedsInfo => (
            "Votre demande : il manque quelque chose",
            format!(
                "Vous nous avez demandé {what}. Il manque quelque chose sans quoi nous ne pouvons pas le faire. La page de votre demande dit quoi :"
            ),
            vec![format!("Le délai de notre réponse continue de courir : elle est due le {due}.")],
        ),
        Letter::UnderReview => (
            "Votre demande : l’un de nous l’examine",
            format!(
                "Vous nous avez demandé {what} et vous l’avez confirmé. Avant l’exécution, une personne de notre équipe l’examine. Vous pouvez suivre votre demande ici :"
            ),
            vec![format!("Nous répondons au plus tard le {due}.")],
        ),
        Letter::CoolingOff => (
            "Vos données seront effacées",
            format!(
                "Votre demande d’effacement est confirmée. L’effacement commence le {until_time}. Jusque-là, vous pouvez l’arrêter ici :"
            ),
            vec![
                "Ce qui est effacé ne peut pas être rétabli : votre compte, vos applications et leurs clés ainsi que les connexions à vos boutiques prennent fin avec lui.".to_owned(),
                "Si vous ne l’avez pas demandé, arrêtez-le maintenant et répondez à ce message.".to_owned(),
            ],
        ),
        Letter::Partial => (
            "Votre demande est faite en partie",
            format!(
                "Vous nous avez demandé {what}. Une partie est faite ; une autre n’a pas encore pu l’être et est reprise. Vous pouvez suivre votre demande ici :"
            ),
            vec![format!("Vous n’avez rien à faire. Nous répondons au plus tard le {due}.")],
        ),
        Letter::Ready => (
            "Vos données sont prêtes",
            format!("Vous nous avez demandé {what}. La réponse est prête et peut être retirée ici jusqu’au {until} :"),
            vec![
                "Le fichier ne peut être retiré qu’avec ce lien, et dans le navigateur de la demande. Il est supprimé après ce jour.".to_owned(),
                "Si la réponse n’est pas complète à vos yeux, répondez à ce message.".to_owned(),
            ],
        ),
        Letter::Downloaded => (
            "Vos données ont été retirées",
            "Le fichier avec la réponse à votre demande vient d’être retiré pour la première fois. Si c’était vous, il n’y a rien à faire. La demande est ici :".to_owned(),
            vec!["Si ce n’était pas vous, répondez tout de suite à ce message.".to_owned()],
        ),
        Letter::Done => (
            "Votre demande est faite",
            format!("Vous nous avez demandé {what}. C’est fait. Ce qui a été fait est indiqué ici :"),
            vec!["Si ce n’est pas fait à vos yeux, répondez à ce message.".to_owned()],
        ),
        Letter::Denied => (
            "Votre demande est refusée",
            format!(
                "Vous nous avez demandé {what}. Nous ne pouvons pas le faire : {}. La page de votre demande est ici :",
                ground(facts.ground)
            ),
            refused(about),
        ),
        Letter::Extended => (
            "Votre demande prend plus de temps",
            format!(
                "Vous nous avez demandé {what}. Cela prend plus de temps que prévu, parce que la demande est complexe ou parce qu’il y en a beaucoup. Vous pouvez suivre votre demande ici :"
            ),
            vec![format!("Nous répondons maintenant au plus tard le {due} : c’est la limite de la loi.")],
        ),
        Letter::Merged => (
            "Votre demande trouve sa réponse avec une autre",
            format!(
                "Vous nous avez demandé {what}. Une autre demande de votre part, qui demande la même chose, est déjà en cours ; sa réponse est aussi la réponse à celle-ci. L’espace de confidentialité est ici :"
            ),
            vec!["Vous n’avez rien à faire.".to_owned()],
        ),
        Letter::Cancelled => (
            "Votre demande a été retirée",
            "Votre demande a été retirée. Plus rien n’est fait pour elle. De nouvelles demandes peuvent être faites ici :".to_owned(),
            vec!["Si ce n’est pas vous qui l’avez retirée, répondez à ce message.".to_owned()],
        ),
        Letter::AppealReceived => (
            "Votre recours est arrivé",
            "Vous avez fait un recours contre notre refus. Une autre personne que celle qui a refusé en décide. Vous pouvez le suivre ici :".to_owned(),
            vec![format!("Vous aurez notre décision motivée au plus tard le {due}.")],
        ),
        Letter::AppealGranted => (
            "Votre recours est accepté",
            "Vous avez fait un recours contre notre refus, et vous aviez raison. Ce que vous avez demandé se fait maintenant. Vous pouvez suivre votre demande ici :".to_owned(),
            vec![format!("Ce sera fait au plus tard le {due}.")],
        ),
        Letter::AppealRefused => (
            "Votre recours est rejeté",
            format!(
                "Vous avez fait un recours contre notre refus. Une autre personne que celle qui a refusé a tout revu et arrive au même résultat : {}. De nouvelles demandes peuvent être faites ici :",
                ground(facts.ground)
            ),
            vec![complaint(facts.regime)],
        ),
    };
    Words { subject, before, after }
}

pub(super) fn details(about: &About<'_>) -> [String; 2] {
    [format!("Demande : {}", about.facts.request), format!("Reçue le : {}", minute(about.facts.received_at))]
}

fn refused(about: &About<'_>) -> Vec<String> {
    let mut after = Vec::new();
    if about.facts.ground.is_none_or(Ground::may_be_appealed) {
        after.push(format!(
            "Vous pouvez y faire un recours jusqu’au {}. Une autre personne que celle qui a refusé en décide, dans les 45 jours.",
            about.until
        ));
    }
    if about.facts.ground == Some(Ground::Unverified) {
        after.push("Vous pouvez aussi refaire la demande à tout moment.".to_owned());
    }
    after.push(complaint(about.facts.regime));
    after
}

fn complaint(regime: Regime) -> String {
    let name = match regime {
        Regime::Gdpr => {
            "à l’autorité de protection des données du pays où vous vivez ou travaillez (en France, la CNIL)"
        }
        Regime::California => {
            "à la California Privacy Protection Agency ou au procureur général (Attorney General) de Californie"
        }
        Regime::Virginia => "au procureur général (Attorney General) de Virginie",
        Regime::Colorado => "au procureur général (Attorney General) du Colorado",
        Regime::Connecticut => "au procureur général (Attorney General) du Connecticut",
        Regime::Utah => {
            "à la Utah Division of Consumer Protection ou au procureur général (Attorney General) de l’Utah"
        }
        Regime::Policies => "à l’autorité de protection des données ou des consommateurs de l’endroit où vous vivez",
    };
    let address = regime.authority().address;
    let at = if address.is_empty() { String::new() } else { format!(" : {address}") };
    let court = if regime == Regime::Gdpr { "\u{a0}\u{2014} Vous pouvez aussi saisir un tribunal." } else { "" };
    format!("Si vous n’êtes pas d’accord, vous pouvez vous plaindre {name}{at}{court}")
}

/// What was asked, after "demandé".
const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::KnowCategories => "quelles catégories de données nous détenons sur vous",
        Kind::KnowSpecific => "quelles données nous détenons sur vous",
        Kind::Access => "une copie des données que nous détenons sur vous",
        Kind::Portability => "les données que vous nous avez fournies, pour les emporter ailleurs",
        Kind::Erasure => "d’effacer vos données",
        Kind::Rectification => "de rectifier vos données",
        Kind::Restriction => "de conserver vos données sans les utiliser",
        Kind::Objection => "de ne pas utiliser vos données à nos propres fins",
        Kind::OptOutSale => "de ne pas vendre ni partager vos données",
        Kind::OptOutAdvertising => "de ne pas utiliser vos données pour de la publicité ciblée",
        Kind::OptOutProfiling => "de ne pas établir de profils qui décident à votre sujet",
        Kind::ConsentWithdrawal => "de mettre fin aux consentements que vous avez donnés",
    }
}

/// Why, after "Nous ne pouvons pas le faire :".
const fn ground(ground: Option<Ground>) -> &'static str {
    match ground {
        None => "la raison est indiquée sur la page de votre demande",
        Some(Ground::Unverified) => {
            "elle n’a pas été confirmée à temps, ou ce qui a été indiqué ne correspond pas à ce que nous détenons, si bien que nous ne savons pas qui demande"
        }
        Some(Ground::NotSubjectData) => "ce que vous demandez n’est pas une donnée qui vous concerne",
        Some(Ground::NoData) => {
            "nous ne détenons rien sous votre adresse. Si vous êtes client d’une boutique qui utilise notre service, adressez-vous à elle : nous ne gardons rien qui permette de vous retrouver"
        }
        Some(Ground::ManifestlyUnfounded) => "elle est manifestement infondée, ce qu’il nous revient de démontrer",
        Some(Ground::Excessive) => "elle répète une demande antérieure sans que rien ait changé",
        Some(Ground::LegalRetention) => "une loi nous oblige à les garder pour le moment",
        Some(Ground::LegalClaims) => {
            "elles sont nécessaires à la constatation, à l’exercice ou à la défense d’un droit en justice"
        }
        Some(Ground::SecurityEvidence) => "elles prouvent un abus ou sont nécessaires à la sécurité du service",
        Some(Ground::Transaction) => "elles sont nécessaires à ce que vous nous avez commandé",
        Some(Ground::OthersRights) => "cela porterait atteinte aux droits d’autres personnes",
        Some(Ground::ProcessorOnly) => {
            "nous les détenons pour une boutique, qui décide ; votre demande lui a été transmise"
        }
        Some(Ground::FraudSuspected) => "des signes indiquent que quelqu’un d’autre que vous demande",
    }
}
