//! The words that an annotation may use. `personal-data` says what each means; a word that it lacks does not compile.

pub(crate) const SUBJECTS: &[&str] = &["AccountUser", "Merchant", "Shopper", "Contact", "Caller", "Nobody"];
pub(crate) const ROLES: &[&str] = &["Controller", "Processor", "Both"];
pub(crate) const REGIONS: &[&str] = &["Pinned", "Anywhere"];
pub(crate) const ORIGINS: &[&str] = &["Provided", "Observed", "Derived", "Assigned", "Upstream"];
pub(crate) const BASES: &[&str] =
    &["Consent", "Contract", "LegalObligation", "VitalInterest", "PublicTask", "LegitimateInterest", "Instruction"];
pub(crate) const PURPOSES: &[&str] =
    &["Account", "Operation", "Billing", "Messages", "Support", "Marketing", "Security"];
pub(crate) const ERASURES: &[&str] = &["Delete", "Blank", "Shred", "Expire", "Keep"];
pub(crate) const EXPORTS: &[&str] = &["Yes", "Never"];
pub(crate) const IDENTITIES: &[&str] = &["Email", "Phone", "Account"];

/// The words of `retain = "…"` with their variants.
pub(crate) const RETENTIONS: &[(&str, &str)] = &[
    ("account", "Account"),
    ("key", "Key"),
    ("store", "Store"),
    ("service-log", "ServiceLog"),
    ("security-log", "SecurityLog"),
    ("guard", "Guard"),
    ("sign-up", "SignUp"),
    ("transit", "Transit"),
    ("cache", "Cache"),
    ("mail", "Mail"),
    ("request", "Request"),
    ("proof", "Proof"),
    ("export", "Export"),
    ("envelope", "Envelope"),
    ("contact", "Contact"),
    ("consent", "Consent"),
    ("form", "Form"),
];
