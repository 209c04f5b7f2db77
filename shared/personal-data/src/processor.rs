//! Who else gets data: processors, who work for us, and the few other kinds of recipients that there are.
//!
//! A processor that has no agreement cannot be given anything: [`State::On`] needs [`Terms`], and those need an agreement (R100).

use crate::{Personal, Purpose};

/// What a processor does for us. The list is the policy's and is closed (CoCart 2.2, R099).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// Mail, calendar and meetings with people.
    Correspondence,
    /// Accounting and invoices.
    Accounting,
    /// Site, payments and licensing.
    Site,
    /// Transactional and marketing mail.
    Mail,
    /// Support tickets.
    Tickets,
    /// Logs, security and analytics.
    Security,
    /// Affiliate programmes.
    Affiliates,
    /// Hosting.
    Hosting,
}

impl Category {
    /// All of them, in the policy's order.
    pub const ALL: [Category; 8] = [
        Category::Correspondence,
        Category::Accounting,
        Category::Site,
        Category::Mail,
        Category::Tickets,
        Category::Security,
        Category::Affiliates,
        Category::Hosting,
    ];

    /// What it is called.
    pub const fn words(self) -> &'static str {
        match self {
            Category::Correspondence => "mail, calendar and meetings",
            Category::Accounting => "accounting",
            Category::Site => "site, payments and licensing",
            Category::Mail => "transactional and marketing mail",
            Category::Tickets => "support tickets",
            Category::Security => "logs, security and analytics",
            Category::Affiliates => "affiliate programmes",
            Category::Hosting => "hosting",
        }
    }
}

/// One processor.
#[derive(Clone, Copy, Debug)]
pub struct Processor {
    /// Whose service it is.
    pub name: &'static str,
    /// What kind of service.
    pub category: Category,
    /// What it does for us.
    pub task: &'static str,
    /// What it may use data for; never empty.
    pub purposes: &'static [Purpose],
    /// The fideslang categories that it may get; one stands for those below it, too.
    pub data: &'static [&'static str],
    /// Where it works.
    pub place: Place,
    /// Whether it gets anything at all.
    pub state: State,
}

/// Where a processor works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the region of the stack whose data it is (R045).
    OwnRegion,
    /// In one country, by its name.
    Country(&'static str),
}

/// Whether a processor gets anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It gets nothing.
    Off,
    /// It gets what its row says.
    On(Terms),
}

/// On what terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    agreement: &'static str,
    transfer: Transfer,
}

/// What a transfer out of the European Union rests on. The Privacy Shield that an older policy names has been void since 2020 (C-311/18), and
/// there is no word for it here (R046).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// There is none: the data stays where it is collected.
    None,
    /// The Commission has found that the country protects data well enough (GDPR Art. 45).
    Adequacy,
    /// The Commission's standard contractual clauses (GDPR Art. 46(2)(c), Decision 2021/914).
    StandardClauses,
}

impl Terms {
    /// The terms of a data processing agreement: where it is to be read, and what a transfer rests on.
    ///
    /// # Panics
    /// Without an agreement; in a constant, that is an error of the compiler.
    #[must_use]
    pub const fn new(agreement: &'static str, transfer: Transfer) -> Self {
        assert!(!agreement.is_empty(), "no processor without an agreement");
        Self { agreement, transfer }
    }

    /// Where the agreement is to be read.
    #[must_use]
    pub const fn agreement(&self) -> &'static str {
        self.agreement
    }

    /// What a transfer rests on.
    #[must_use]
    pub const fn transfer(&self) -> Transfer {
        self.transfer
    }
}

impl Transfer {
    /// What it is called.
    pub const fn words(self) -> &'static str {
        match self {
            Transfer::None => "none: data stays in its region",
            Transfer::Adequacy => "adequacy decision, GDPR Art. 45",
            Transfer::StandardClauses => "standard contractual clauses, GDPR Art. 46(2)(c)",
        }
    }
}

impl Processor {
    /// The terms on which it works, if it does.
    #[must_use]
    pub const fn terms(&self) -> Option<&Terms> {
        match &self.state {
            State::Off => None,
            State::On(terms) => Some(terms),
        }
    }

    /// Whether it may get such data: it works, the category is one of its own or below one, and it serves a purpose of both.
    #[must_use]
    pub fn may_get(&self, personal: &Personal) -> bool {
        let below = |category: &str| {
            personal.category.strip_prefix(category).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.terms().is_some()
            && self.data.iter().any(|category| below(category))
            && self.purposes.iter().any(|purpose| personal.purposes.contains(purpose))
    }
}

/// To whom data may go at all (CoCart 2.1, R098). Nobody gets any for ends of their own, so nothing is sold or shared (R011, R071).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// A processor of the registry.
    Processor,
    /// People who run the deployment under a contract.
    Contractor,
    /// An application that a merchant has granted access to a store.
    Application,
    /// An authority.
    Authority,
}

impl Recipient {
    /// All of them.
    pub const ALL: [Recipient; 4] =
        [Recipient::Processor, Recipient::Contractor, Recipient::Application, Recipient::Authority];

    /// What they are called.
    pub const fn words(self) -> &'static str {
        match self {
            Recipient::Processor => "processors",
            Recipient::Contractor => "contractors",
            Recipient::Application => "applications of the merchant's choice",
            Recipient::Authority => "authorities",
        }
    }

    /// On what ground and under which conditions they get it (R018).
    pub const fn ground(self) -> &'static str {
        match self {
            Recipient::Processor => "a data processing agreement, for our purposes alone",
            Recipient::Contractor => "a contract that binds them to secrecy, as far as running the deployment needs it",
            Recipient::Application => "the merchant's instruction: a grant, which the merchant can take back",
            Recipient::Authority => "a legal obligation, case by case",
        }
    }
}
