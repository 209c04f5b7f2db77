//! The registry of processors: everybody who works for this deployment with data of people.
//!
//! Whoever runs the deployment adds a row here for each service that gets data from it, and for none else: it is what `/privacy/processors`
//! publishes. What a plain deployment uses is below. A row can wait without an agreement ([`State::Off`]) and cannot work without one.

use personal_data::{
    Purpose,
    processor::{Category, Place, Processor, State, Terms, Transfer},
};

/// Amazon's data processing addendum is part of its service terms; the clauses are part of the addendum.
const AMAZON: State = State::On(Terms::new(
    "AWS Data Processing Addendum, part of the AWS Service Terms: https://aws.amazon.com/service-terms/",
    Transfer::StandardClauses,
));

/// Every processor.
pub static PROCESSORS: &[Processor] = &[
    Processor {
        name: "Amazon Web Services",
        category: Category::Hosting,
        task: "Runs the functions and keeps tables, queues, files, keys and logs, encrypted under keys of this deployment.",
        purposes: &[
            Purpose::Account,
            Purpose::Operation,
            Purpose::Billing,
            Purpose::Messages,
            Purpose::Support,
            Purpose::Marketing,
            Purpose::Security,
        ],
        data: &["user"],
        place: Place::OwnRegion,
        state: AMAZON,
    },
    Processor {
        name: "Amazon Simple Email Service",
        category: Category::Mail,
        task: "Delivers our mails, some with a link that works once, and keeps the addresses that refused one so that none is sent there again.",
        purposes: &[Purpose::Account, Purpose::Messages, Purpose::Marketing, Purpose::Security],
        data: &["user.contact.email"],
        place: Place::OwnRegion,
        state: AMAZON,
    },
];

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use personal_data::{Content, PersonalData};

    use super::*;
    use crate::{data_map::DATA_MAP, mailer::MailMessage};

    #[test]
    fn r100_no_processor_works_without_an_agreement() {
        assert!(catch_unwind(|| Terms::new("", Transfer::None)).is_err());
        for processor in PROCESSORS.iter().filter_map(Processor::terms) {
            assert!(processor.agreement().contains("https://"), "it can be read");
        }
        let mut off = PROCESSORS[0];
        off.state = State::Off;
        let held: Vec<_> = DATA_MAP.personal().collect();
        assert!(held.iter().all(|held| PROCESSORS[0].may_get(&held.personal) && !off.may_get(&held.personal)));
    }

    /// What a mail is made of is what SES gets.
    #[test]
    fn what_a_mail_carries_is_in_the_row_of_who_delivers_it() {
        let mail = PROCESSORS.iter().find(|processor| processor.category == Category::Mail).unwrap();
        for field in MailMessage::RECORD.fields {
            let Content::Personal(personal) = field.content else { continue };
            // The link proves whose mailbox it is; it is of no use without it.
            let link = personal.category == "user.authorization.credentials";
            assert!(mail.may_get(&personal) || link, "{} {}", field.attribute, personal.category);
        }
    }

    #[test]
    fn r096_nobody_watches_how_the_service_is_used() {
        let watches = |processor: &Processor| {
            matches!(processor.category, Category::Security | Category::Affiliates) && processor.terms().is_some()
        };
        assert!(
            !PROCESSORS.iter().any(watches),
            "analytics, session replay and the like are off unless somebody adds them"
        );
    }
}
