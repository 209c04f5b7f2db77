//! The letters in English.

use domain::request::{Ground, Kind, Letter, Regime};

use super::{About, Words, minute};

pub(super) fn words(about: &About<'_>) -> Words {
    let About { facts, due, until, until_time } = about;
    let what = kind(facts.kind);
    let (subject, before, after) = match facts.letter {
        Letter::Received => (
            "Confirm your privacy request",
            format!(
                "Someone, probably you, asked us with this address {what}. Open this link and press the button there to confirm that this mailbox is yours:"
            ),
            vec![
                format!(
                    "The link works once and until {until_time}. If it opens in another browser than the one in which the request was made, the page asks for the six digits that were shown there."
                ),
                format!("We answer by {due}; the time until you confirm counts."),
                "If it was not you, do nothing: nothing is told, changed or deleted without this confirmation.".to_owned(),
            ],
        ),
        Letter::ReceivedAtOnce => (
            "Your privacy request came in",
            format!(
                "You asked us {what}. This needs no proof of who you are and is being done now. You can follow it here:"
            ),
            vec![format!("It is done by {due} at the latest, and we write to you when it is.")],
        ),
        Letter::NeedsInfo => (
            "Your privacy request: something is missing",
            format!(
                "You asked us {what}. Something is missing without which we cannot do it. The page of your request says what:"
            ),
            vec![format!("The time for our answer goes on running: it is due by {due}.")],
        ),
        Letter::UnderReview => (
            "Your privacy request: one of us looks at it",
            format!(
                "You asked us {what}, and you have confirmed it. Before it is carried out a person of ours looks at it. You can follow it here:"
            ),
            vec![format!("We answer by {due}.")],
        ),
        Letter::CoolingOff => (
            "Your data will be erased",
            format!(
                "Your request to erase your data was confirmed. The erasure begins at {until_time}. Until then you can stop it here:"
            ),
            vec![
                "What is erased cannot be brought back: your account, your applications and their keys, and the connections to your stores end with it.".to_owned(),
                "If you did not ask for this, stop it now, and answer this mail.".to_owned(),
            ],
        ),
        Letter::Partial => (
            "Your privacy request is partly done",
            format!(
                "You asked us {what}. Some of it is done, and some of it could not be done yet and is being tried again. You can follow it here:"
            ),
            vec![format!("Nothing has to be done on your side. We answer by {due}.")],
        ),
        Letter::Ready => (
            "Your data is ready",
            format!("You asked us {what}. The answer is ready and can be fetched here until {until}:"),
            vec![
                "The file can be fetched with this link only, and in the browser in which the request was made. It is deleted after that day.".to_owned(),
                "If the answer is not complete in your eyes, answer this mail.".to_owned(),
            ],
        ),
        Letter::Downloaded => (
            "Your data was fetched",
            "The file with the answer to your request was fetched for the first time just now. If it was you, nothing has to be done. The request is here:".to_owned(),
            vec!["If it was not you, answer this mail at once.".to_owned()],
        ),
        Letter::Done => (
            "Your privacy request is done",
            format!("You asked us {what}. It is done. What was done is told here:"),
            vec!["If it is not done in your eyes, answer this mail.".to_owned()],
        ),
        Letter::Denied => (
            "Your privacy request is refused",
            format!("You asked us {what}. We cannot do it: {}. The page of your request is here:", ground(facts.ground)),
            refused(about),
        ),
        Letter::Extended => (
            "Your privacy request needs more time",
            format!(
                "You asked us {what}. It takes more time than we thought, because it is complex or because there are many requests. You can follow it here:"
            ),
            vec![format!("We answer by {due} now, which is the latest that the law allows.")],
        ),
        Letter::Merged => (
            "Your privacy request is answered with another",
            format!(
                "You asked us {what}. Another request of yours, which asks for the same, is being carried out already, and its answer is the answer to this one too. The privacy centre is here:"
            ),
            vec!["Nothing has to be done on your side.".to_owned()],
        ),
        Letter::Cancelled => (
            "Your privacy request was taken back",
            "Your request was taken back. Nothing more is done for it. New requests can be made here:".to_owned(),
            vec!["If it was not you who took it back, answer this mail.".to_owned()],
        ),
        Letter::AppealReceived => (
            "Your appeal came in",
            "You have appealed against our refusal. Somebody else than who refused decides on it. You can follow it here:".to_owned(),
            vec![format!("You have our decision, with its reasons, by {due}.")],
        ),
        Letter::AppealGranted => (
            "Your appeal is granted",
            "You appealed against our refusal, and you were right. What you asked is being done now. You can follow it here:".to_owned(),
            vec![format!("It is done by {due}.")],
        ),
        Letter::AppealRefused => (
            "Your appeal is refused",
            format!(
                "You appealed against our refusal. Somebody else than who refused has looked at it again and comes to the same result: {}. New requests can be made here:",
                ground(facts.ground)
            ),
            vec![complaint(facts.regime)],
        ),
    };
    Words { subject, before, after }
}

pub(super) fn details(about: &About<'_>) -> [String; 2] {
    [format!("Request: {}", about.facts.request), format!("Came in: {}", minute(about.facts.received_at))]
}

fn refused(about: &About<'_>) -> Vec<String> {
    let mut after = Vec::new();
    if about.facts.ground.is_none_or(Ground::may_be_appealed) {
        after.push(format!(
            "You can appeal there until {}. Somebody else than who refused decides on an appeal, within 45 days.",
            about.until
        ));
    }
    if about.facts.ground == Some(Ground::Unverified) {
        after.push("You can also make the request again at any time.".to_owned());
    }
    after.push(complaint(about.facts.regime));
    after
}

fn complaint(regime: Regime) -> String {
    let authority = regime.authority();
    let at = if authority.address.is_empty() { String::new() } else { format!(": {}", authority.address) };
    let court = if regime == Regime::Gdpr { "\u{a0}\u{2014} You can also go to court." } else { "" };
    format!("If you do not agree with us, you can complain to {}{at}{court}", authority.name)
}

/// What was asked, after "asked us".
const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::KnowCategories => "which kinds of data we hold of you",
        Kind::KnowSpecific => "which data we hold of you",
        Kind::Access => "for a copy of the data that we hold of you",
        Kind::Portability => "for the data that you gave us, to take it elsewhere",
        Kind::Erasure => "to erase your data",
        Kind::Rectification => "to correct your data",
        Kind::Restriction => "to keep your data and not to use it",
        Kind::Objection => "not to use your data for ends of ours",
        Kind::OptOutSale => "not to sell or share your data",
        Kind::OptOutAdvertising => "not to use your data for targeted advertising",
        Kind::OptOutProfiling => "not to make profiles that decide about you",
        Kind::ConsentWithdrawal => "to end the consents that you gave",
    }
}

/// Why, after "We cannot do it:".
const fn ground(ground: Option<Ground>) -> &'static str {
    match ground {
        None => "the reason is on the page of your request",
        Some(Ground::Unverified) => {
            "it was not confirmed in time, or what was given does not match what we hold, so that we do not know who asks"
        }
        Some(Ground::NotSubjectData) => "what you ask for is not data about you",
        Some(Ground::NoData) => {
            "we hold nothing under your address. If you are a customer of a shop that uses our service, please ask the shop: we keep nothing by which we could find you"
        }
        Some(Ground::ManifestlyUnfounded) => "it is manifestly unfounded, and showing that is on us",
        Some(Ground::Excessive) => "it repeats what you asked before, without anything having changed",
        Some(Ground::LegalRetention) => "a law obliges us to keep it for now",
        Some(Ground::LegalClaims) => "it is needed to establish, exercise or defend a legal claim",
        Some(Ground::SecurityEvidence) => "it is evidence of abuse, or needed for the security of the service",
        Some(Ground::Transaction) => "it is needed for what you ordered from us",
        Some(Ground::OthersRights) => "it would harm the rights of other people",
        Some(Ground::ProcessorOnly) => "we hold it for a shop, which decides; your request was passed on to it",
        Some(Ground::FraudSuspected) => "there are signs that somebody else than you asks",
    }
}
