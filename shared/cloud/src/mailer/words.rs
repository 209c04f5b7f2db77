//! What each mail says, in English.

use super::MailKind;

/// A mail's words.
pub(super) struct Words {
    pub(super) subject: &'static str,
    /// Paragraphs. The link, or the facts, follow the first.
    pub(super) paragraphs: &'static [&'static str],
    pub(super) about: About,
}

/// What a mail is filled with.
#[derive(PartialEq, Eq)]
pub(super) enum About {
    Nothing,
    Link,
    Endpoint,
    Privacy,
    Notice,
    NoticeAndLink,
    Request,
    Form,
}

pub(super) const fn words(kind: MailKind) -> Words {
    match kind {
        MailKind::SignUpLink => Words {
            subject: "Confirm your sign-up",
            paragraphs: &[
                "Someone, probably you, signed up for an account with this address. Open this link and press the button there to confirm it:",
                "The link works once and for 24 hours. The page then shows your management key, once.",
                "If it was not you, do nothing: without the link there is no account, and what was filled in is deleted within a day or two.",
            ],
            about: About::Link,
        },
        MailKind::FormReceived => Words {
            subject: "We have what you sent us",
            paragraphs: &[
                "Someone, probably you, filled in a form of ours with this address. It has come in and is dealt with by a person:",
                "Complaints and reports are answered within two working days. Name the reference when you write to us about it.",
                "If it was not you, do nothing: nothing that was typed into the form is repeated here, and it is deleted when its time is over.",
            ],
            about: About::Form,
        },
        MailKind::FormForOperator => Words {
            subject: "A form has come in",
            paragraphs: &[
                "Somebody filled in one of the forms. What was written is not in this mail, which knows no retention; whoever has an operator's key reads it with POST /v1/operator/forms/{form}/{reference}/reveal:",
                "A complaint, or a report of a leak, a weakness or abuse wants an answer within two working days. Whoever suspects a leak starts a clock of 72 hours.",
            ],
            about: About::Form,
        },
        MailKind::ConsentLink => Words {
            subject: "Confirm that you want letters from us",
            paragraphs: &[
                "Someone, probably you, filled in a form with this address and ticked that we may write to it. Open this link and press the button there to confirm it:",
                "The link works once and for 24 hours. Every letter has a link that ends them.",
                "If it was not you, do nothing: without the link nobody writes to you, and what was ticked is deleted within a day or two.",
            ],
            about: About::Link,
        },
        MailKind::AccountClosed => Words {
            subject: "Your account was closed",
            paragraphs: &[
                "Your account was closed with one of its keys. All its keys are revoked, and what the account held is being deleted.",
                "If this was not you, answer this mail at once.",
            ],
            about: About::Nothing,
        },
        MailKind::AccountErased => Words {
            subject: "Your account was erased",
            paragraphs: &[
                "You asked us to erase what we hold about you, and your account is erased now, with its applications, keys and subscriptions. \
                 Its stores are disconnected and their credentials destroyed.",
                "Another letter tells you when we have looked for it once more. If this was not you, answer this mail at once.",
            ],
            about: About::Nothing,
        },
        MailKind::EndpointFailing => Words {
            subject: "Your webhook endpoint is failing",
            paragraphs: &[
                "For some time every delivery to the endpoint of one of your subscriptions has failed. This is what we saw:",
                "We keep trying each event for 24 hours. If nothing is delivered for 48 hours, the subscription is switched off.",
                "The subscription's list of deliveries shows each attempt. Events that were not delivered in time can be asked for again for 14 days.",
            ],
            about: About::Endpoint,
        },
        MailKind::EndpointDisabled => Words {
            subject: "Your webhook subscription was switched off",
            paragraphs: &[
                "One of your subscriptions was switched off, and nothing is sent to its endpoint any more. This is what we saw:",
                "Once the endpoint works, switch the subscription on again; this sends a test delivery, which the endpoint must take.",
                "What was missed can then be asked for again: every event of the last 14 days, or only those that failed.",
            ],
            about: About::Endpoint,
        },
        MailKind::CustomerDataHeld => Words {
            subject: "What we hold of a customer of your store",
            paragraphs: &[
                "Your store's platform passed on that a customer wants to know what is held of them. This is all that we hold of this customer for you:",
                "These are the platform's own ids of the customer and of the customer's orders, with times and states. We hold no names, addresses, contents \
                 of orders or other data of your customers: they pass through and are not stored.",
                "Answering the customer is yours. Applications that you have given access to may hold more; ask those who run them.",
            ],
            about: About::Privacy,
        },
        MailKind::CustomerErased => Words {
            subject: "A customer of your store was erased",
            paragraphs: &[
                "Your store's platform passed on that a customer is to be forgotten. We have erased what we held of this customer for you, and looked again a day \
                 later, when nothing could be travelling any more:",
                "What is left are counts, times and states without the platform's ids. Older news of the customer and of these orders is not taken any more.",
                "Applications that you have given access to may hold data of the customer; ask those who run them to erase it too.",
            ],
            about: About::Privacy,
        },
        MailKind::AccountIdle => Words {
            subject: "Your account is not used: it will be deleted",
            paragraphs: &[
                "For 90 days there was no call with any key of your account and no webhook of any of its stores. We keep no accounts that nobody uses. To keep yours, open this link and press the button there, or make any call with one of your keys:",
                "If you do nothing, the account is deleted on the day above: its stores are disconnected, their credentials destroyed, its applications and keys deleted, and with them your name, your address and all else that we hold of you but what the law makes us keep. We write once more before that day.",
            ],
            about: About::NoticeAndLink,
        },
        MailKind::AccountIdleAgain => Words {
            subject: "Your account will be deleted soon",
            paragraphs: &[
                "We wrote to you that nobody uses your account, and nobody has since. To keep it, open this link and press the button there, or make any call with one of your keys:",
                "If you do nothing, the account and all that it holds is deleted on the day above, and cannot be brought back. This is the last mail before that day.",
            ],
            about: About::NoticeAndLink,
        },
        MailKind::AccountExpired => Words {
            subject: "Your account was deleted",
            paragraphs: &[
                "Nobody has used your account, as we wrote to you twice. It was deleted: its keys are revoked, and what it held is being deleted.",
                "You are welcome to sign up again.",
            ],
            about: About::Nothing,
        },
        MailKind::KeyOld => Words {
            subject: "One of your API keys has to be rotated",
            paragraphs: &[
                "API keys are to be rotated every twelve months. One of yours will end:",
                "Rotate it with POST /v1/keys/{key}/rotate, or with `cartage keys rotate`: it stays the same key with a new secret, and the old secret is good for a day more, or for up to seven if you say so. From the day above on a key that was not rotated is refused.",
            ],
            about: About::Notice,
        },
        MailKind::PolicyChanged => Words {
            subject: "One of our policies changes",
            paragraphs: &[
                "One of the policies that your account is bound to has a new version, with changes that matter. Please read it before it takes effect:",
                "Where a day stands above, whoever goes on using the service from that day on agrees to the new version. Who does not agree says so before, with the owner's key: PUT /v1/account/agreements/{policy}/{version} with {\"agrees\": false}. The account then works until that day and is closed with it; a copy of what we hold is to be had until then under /privacy/requests.",
                "Where no day stands above, nothing changes for you until you agree, with {\"agrees\": true}.",
                "This has nothing to do with what you agreed to be written to about: that stays as you set it.",
            ],
            about: About::NoticeAndLink,
        },
        MailKind::AccountDeclined => Words {
            subject: "Your account was closed, as you declined a new version of a policy",
            paragraphs: &[
                "A new version of a policy that you declined has taken effect, and your account is closed. All its keys are revoked, its stores are disconnected, and what it held is being deleted.",
                "If you did not decline, answer this mail at once.",
            ],
            about: About::Nothing,
        },
        MailKind::KeyOldAgain => Words {
            subject: "One of your API keys ends within a week",
            paragraphs: &[
                "One of your API keys was not rotated yet, and ends soon. From that day on calls with it are refused:",
                "Rotate it with POST /v1/keys/{key}/rotate, or with `cartage keys rotate`. If it is of no use any more, revoke it.",
                "Where the last key of an account's owner has ended, sign up again with the same address: the link in that mail makes a new one.",
            ],
            about: About::Notice,
        },
        MailKind::HowToAsk => Words {
            subject: "How to ask about your data / Comment exercer vos droits",
            paragraphs: &[
                "You wrote to us. This address takes requests of people about their own data, and no person reads it. Choose on this page what you want, and see what we hold, for how long and why:",
                "You can also write again with one of these words as the subject: access, portability, erasure, restriction, objection, do not sell, unsubscribe.                  A letter then asks you to confirm it. For everything else there are the forms of the same page.",
                "Vous nous avez écrit. Cette adresse reçoit les demandes des personnes sur leurs propres données; personne ne la lit. La page ci-dessus                  permet de faire une demande, en français aussi. Vous pouvez aussi écrire de nouveau avec l'un de ces mots pour objet: accès, portabilité,                  suppression, limitation, opposition, ne pas vendre, désabonnement. Une lettre vous demandera alors de confirmer.",
            ],
            about: About::Link,
        },
        // In the person's language, and more than one: see `requests`.
        MailKind::Request => Words { subject: "", paragraphs: &[], about: About::Request },
    }
}
