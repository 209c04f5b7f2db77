//! Which stored attribute is whose personal data, why it is kept, and what an erasure or an export does with it.
//!
//! The data map is declared once, where the data is declared: every struct that is written to a table or a queue derives
//! [`PersonalData`], and the derive refuses a field that says nothing about itself. One [`DataMap`] value gathers these
//! records with the resources that hold them; the template, the running stack and the documents are compared with it.
//!
//! ```ignore
//! #[derive(Serialize, PersonalData)]
//! #[pd(store = "accounts", subject = AccountUser, link = "account", role = Controller, region = Pinned)]
//! struct UserItem {
//!     #[pd(none)]
//!     account: String,
//!     #[pd(cat = "user.contact.email", origin = Provided, basis = Contract, purpose(Account, Security),
//!          retain = "account", erase = Delete, export = Yes, identity = Email)]
//!     email: String,
//! }
//! ```

// The derive names this crate from outside, also in this crate's own tests.
#[cfg(test)]
extern crate self as personal_data;

mod map;
pub mod processor;
mod record;
mod words;

pub use map::{DataMap, Encryption, Fault, Held, Kind, Resource};
pub use personal_data_derive::PersonalData;
pub use record::{
    Basis, Content, Erase, Export, Family, Field, Identity, Limit, Origin, Personal, PersonalData, Purpose, Record,
    Region, Retention, Role, Subject,
};

#[cfg(test)]
mod tests;
