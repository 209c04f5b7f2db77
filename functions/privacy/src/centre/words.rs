//! What kinds, states, grounds and times are called on pages.

use domain::{
    form::Kind as Form,
    request::{Ground, Kind, Language, State},
};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use super::{html::Html, in_words};

/// The months, from January on.
const MONTHS: [(&str, &str); 12] = [
    ("January", "janvier"),
    ("February", "février"),
    ("March", "mars"),
    ("April", "avril"),
    ("May", "mai"),
    ("June", "juin"),
    ("July", "juillet"),
    ("August", "août"),
    ("September", "septembre"),
    ("October", "octobre"),
    ("November", "novembre"),
    ("December", "décembre"),
];

/// A day in UTC, as it is written in the language.
pub(crate) fn day(at: Timestamp, language: Language) -> Html {
    Html::default().time(at, &day_of(at.to_zoned(TimeZone::UTC).datetime(), language))
}

/// A minute in UTC, as it is written in the language.
pub(crate) fn minute(at: Timestamp, language: Language) -> Html {
    let time = at.to_zoned(TimeZone::UTC).datetime();
    let (day, hour, minute) = (day_of(time, language), time.hour(), time.minute());
    let words = match language {
        Language::En => format!("{day}, {hour:02}:{minute:02} UTC"),
        Language::Fr => format!("{day} à {hour}\u{a0}h\u{a0}{minute:02} UTC"),
    };
    Html::default().time(at, &words)
}

fn day_of(time: DateTime, language: Language) -> String {
    let month = usize::try_from(time.month()).ok().and_then(|month| MONTHS.get(month.checked_sub(1)?));
    let (english, french) = month.copied().unwrap_or_default();
    match (time.day(), language) {
        (day, Language::En) => format!("{day}\u{a0}{english} {}", time.year()),
        // The first of a month is an ordinal in French, and no other day is.
        (1, Language::Fr) => format!("1er\u{a0}{french} {}", time.year()),
        (day, Language::Fr) => format!("{day}\u{a0}{french} {}", time.year()),
    }
}

pub(crate) const fn kind(kind: Kind, language: Language) -> &'static str {
    let (english, french) = match kind {
        Kind::KnowCategories => {
            ("Know which kinds of data you hold of me", "Savoir quelles catégories de données vous détenez sur moi")
        }
        Kind::KnowSpecific => ("Know which data you hold of me", "Savoir quelles données vous détenez sur moi"),
        Kind::Access => ("Get a copy of my data", "Recevoir une copie de mes données"),
        Kind::Portability => {
            ("Take the data that I gave you elsewhere", "Emporter ailleurs les données que je vous ai fournies")
        }
        Kind::Erasure => ("Erase my data", "Effacer mes données"),
        Kind::Rectification => ("Correct my data", "Rectifier mes données"),
        Kind::Restriction => ("Keep my data and do not use it", "Conserver mes données sans les utiliser"),
        Kind::Objection => ("Do not use my data for ends of yours", "Ne pas utiliser mes données à vos propres fins"),
        Kind::OptOutSale => ("Do not sell or share my data", "Ne pas vendre ni partager mes données"),
        Kind::OptOutAdvertising => {
            ("Do not use my data for targeted advertising", "Ne pas utiliser mes données pour de la publicité ciblée")
        }
        Kind::OptOutProfiling => {
            ("Do not make profiles that decide about me", "Ne pas établir de profils qui décident à mon sujet")
        }
        Kind::ConsentWithdrawal => ("End the consents that I gave", "Mettre fin aux consentements que j’ai donnés"),
    };
    in_words(language, english, french)
}

/// What a form of the web site is called: its page's heading.
pub(crate) const fn web_form(form: Form, language: Language) -> &'static str {
    let (english, french) = match form {
        Form::Contact => ("Write to us", "Nous écrire"),
        Form::Demo => ("Ask for a demonstration or a call", "Demander une démonstration ou un appel"),
        Form::WhitePaper => ("Ask for a white paper", "Demander un livre blanc"),
        Form::Survey => ("Answer a survey", "Répondre à une enquête"),
        Form::Vulnerability => ("Report a weakness", "Signaler une vulnérabilité"),
        Form::Abuse => ("Report abuse", "Signaler un abus"),
        Form::Complaint => {
            ("Complain about how we deal with personal data", "Se plaindre de notre traitement de données personnelles")
        }
        Form::Leak => (
            "Report a leak of personal data that you suspect",
            "Signaler une fuite de données personnelles que vous soupçonnez",
        ),
    };
    in_words(language, english, french)
}

pub(crate) const fn state(state: State, language: Language) -> &'static str {
    let (english, french) = match state {
        State::AwaitingVerification => (
            "We do not know yet who asks. Follow the link in our letter, and give what the page asks for.",
            "Nous ne savons pas encore qui demande. Suivez le lien de notre lettre et indiquez ce que la page demande.",
        ),
        State::NeedsInfo => (
            "Something is missing. Our letter says what; please answer it.",
            "Il manque quelque chose. Notre lettre dit quoi\u{a0}; veuillez y répondre.",
        ),
        State::NeedsReview => ("A person of ours is looking at it.", "Une personne de notre équipe l’examine."),
        State::CoolingOff => (
            "It is confirmed, and waits so that you can still stop it.",
            "Elle est confirmée et attend, pour que vous puissiez encore l’arrêter.",
        ),
        State::Running => ("It is being carried out.", "Elle est en cours d’exécution."),
        State::Partial => {
            ("Some of it is done, and some of it is being tried again.", "Une partie est faite, une autre est reprise.")
        }
        State::NeedsOperator => (
            "Some of it could not be done by itself. A person of ours is at it.",
            "Une partie n’a pas pu se faire d’elle-même. Une personne de notre équipe s’en occupe.",
        ),
        State::Confirming => (
            "Everything is erased. We look once more whether anything is left.",
            "Tout est effacé. Nous vérifions encore une fois qu’il ne reste rien.",
        ),
        State::Delivered => ("It is done.", "C’est fait."),
        State::Denied => ("It is refused.", "Elle est refusée."),
        State::AppealOpen => (
            "You have appealed. Somebody else than who refused decides on it.",
            "Vous avez fait un recours. Une autre personne que celle qui a refusé en décide.",
        ),
        State::Merged => ("Another request of yours answers it too.", "Une autre de vos demandes y répond aussi."),
        State::Cancelled => ("It was taken back.", "Elle a été retirée."),
        State::Closed => ("It is over.", "Elle est terminée."),
    };
    in_words(language, english, french)
}

pub(crate) const fn ground(ground: Ground, language: Language) -> &'static str {
    let (english, french) = match ground {
        Ground::Unverified => ("We could not find out who asks.", "Nous n’avons pas pu savoir qui demande."),
        Ground::NotSubjectData => ("It is not data about you.", "Ce ne sont pas des données qui vous concernent."),
        Ground::NoData => (
            "We hold nothing under this address. If you are a customer of a shop that uses our service, please ask the shop.",
            "Nous ne détenons rien sous cette adresse. Si vous êtes client d’une boutique qui utilise notre service, adressez-vous à elle.",
        ),
        Ground::ManifestlyUnfounded => ("It is manifestly unfounded.", "Elle est manifestement infondée."),
        Ground::Excessive => ("It repeats what you asked before.", "Elle répète une demande antérieure."),
        Ground::LegalRetention => {
            ("A law obliges us to keep it for now.", "Une loi nous oblige à les garder pour le moment.")
        }
        Ground::LegalClaims => ("It is needed for a legal claim.", "Elles sont nécessaires à un droit en justice."),
        Ground::SecurityEvidence => ("It is needed for security.", "Elles sont nécessaires à la sécurité."),
        Ground::Transaction => {
            ("It is needed for what you ordered.", "Elles sont nécessaires à ce que vous avez commandé.")
        }
        Ground::OthersRights => ("It would harm the rights of others.", "Cela porterait atteinte aux droits d’autrui."),
        Ground::ProcessorOnly => (
            "A shop decides on it, to which we passed it on.",
            "Une boutique en décide\u{a0}; nous la lui avons transmise.",
        ),
        Ground::FraudSuspected => {
            ("There are signs that somebody else asks.", "Des signes indiquent que quelqu’un d’autre demande.")
        }
    };
    in_words(language, english, french)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_people_of_the_language_write_them() {
        let at: Timestamp = "2026-12-01T09:05:59Z".parse().unwrap();
        let words = |html: Html| html.finish().replace('\u{a0}', " ");
        let dated = |words: &str| format!("<time datetime=\"2026-12-01T09:05:59Z\">{words}</time>");
        assert_eq!(words(day(at, Language::En)), dated("1 December 2026"));
        assert_eq!(words(day(at, Language::Fr)), dated("1er décembre 2026"));
        assert_eq!(words(minute(at, Language::En)), dated("1 December 2026, 09:05 UTC"));
        assert_eq!(words(minute(at, Language::Fr)), dated("1er décembre 2026 à 9 h 05 UTC"));
        let later = "2027-08-22T23:59:00Z".parse().unwrap();
        assert!(words(minute(later, Language::Fr)).contains(">22 août 2027 à 23 h 59 UTC<"));
    }
}
