//! What the derive accepts and, above all, what it refuses and how it says so.

use proc_macro2::TokenStream;
use quote::quote;

use crate::categories::{CATEGORIES, REPLACED};
use crate::expand::expand;

const HEAD: &str =
    r#"#[pd(store = "accounts", subject = AccountUser, link = "account", role = Controller, region = Pinned)]"#;
const EMAIL: &str = r#"#[pd(cat = "user.contact.email", origin = Provided, basis = Contract, purpose(Account, Security),
    retain = "account", erase = Delete, export = Yes, identity = Email)]"#;

/// A struct with this head, an `account` that is not personal, and these fields.
fn with(head: &str, fields: &str) -> TokenStream {
    format!("{head} struct UserItem {{ #[pd(none)] account: String, {fields} }}").parse().unwrap()
}

fn expanded(head: &str, fields: &str) -> String {
    expand(with(head, fields)).unwrap().to_string()
}

/// The messages of everything that is wrong, in order.
fn refused(head: &str, fields: &str) -> Vec<String> {
    expand(with(head, fields)).unwrap_err().into_iter().map(|error| error.to_string()).collect()
}

#[track_caller]
fn refuses(fields: &str, message: &str) {
    let messages = refused(HEAD, fields);
    assert!(messages.iter().any(|found| found.contains(message)), "{messages:#?}");
}

#[test]
fn a_field_without_an_annotation_is_refused_by_name_with_what_to_write() {
    refuses("email: String,", "field `email` does not say whether it is personal data: write #[pd(none)], or #[pd(cat");
}

#[test]
fn every_error_of_a_struct_is_shown_at_once() {
    let messages = refused(HEAD, "email: String, phone: String,");
    assert_eq!(messages.len(), 2, "{messages:#?}");
}

#[test]
fn a_struct_that_does_not_say_where_it_rests_is_refused() {
    assert!(refused("", "").concat().contains("struct `UserItem` does not say where it rests"));
    for key in ["store = \"accounts\",", "subject = AccountUser,", "link = \"account\",", "role = Controller,"] {
        let name = key.split(' ').next().unwrap();
        let message = refused(&HEAD.replace(key, ""), "").concat();
        assert!(message.contains(&format!("`{name}` is missing")), "{message}");
    }
    assert!(refused(&HEAD.replace(", region = Pinned", ""), "").concat().contains("`region` is missing"));
}

#[test]
fn r082_r083_each_missing_part_of_a_personal_field_is_named() {
    let parts = [
        ("cat", "cat = \"user.contact.email\","),
        ("origin", "origin = Provided,"),
        ("basis", "basis = Contract,"),
        ("purpose", "purpose(Account, Security),"),
        ("retain", "retain = \"account\","),
        ("erase", "erase = Delete,"),
        ("export", "export = Yes,"),
    ];
    for (name, part) in parts {
        refuses(&format!("{} email: String,", EMAIL.replace(part, "")), &format!("field `email`: `{name}` is missing"));
    }
}

#[test]
fn identity_may_be_left_out() {
    assert!(expanded(HEAD, &format!("{EMAIL} email: String,")).contains("Identity :: Email"));
    let without = EMAIL.replace(", identity = Email", "");
    assert!(expanded(HEAD, &format!("{without} email: String,")).contains("Option :: None"));
}

#[test]
fn unknown_words_are_refused_with_the_known_ones() {
    for (part, wrong, message) in [
        ("origin = Provided", "origin = Bought", "`origin` cannot be `Bought`; one of: Provided, Observed"),
        ("basis = Contract", "basis = Habit", "`basis` cannot be `Habit`; one of: Consent"),
        ("purpose(Account, Security)", "purpose(Profit)", "`purpose` cannot be `Profit`; one of: Account"),
        ("purpose(Account, Security)", "purpose()", "`purpose` is written `purpose(Account"),
        ("purpose(Account, Security)", "purpose(Account, Account)", "`purpose` names `Account` twice"),
        ("purpose(Account, Security)", "purpose = Account", "`purpose` is written `purpose(Account"),
        ("retain = \"account\"", "retain = \"ever\"", "`retain` cannot be \"ever\"; one of: account, key"),
        ("retain = \"account\"", "retain = Account", "`retain` is written `retain = \"…\"`"),
        ("erase = Delete", "erase = Perhaps", "`erase` cannot be `Perhaps`"),
        ("export = Yes", "export = No", "`export` cannot be `No`; one of: Yes, Never"),
        ("identity = Email", "identity = Shoe", "`identity` cannot be `Shoe`"),
        ("export = Yes", "export = Yes, colour = Red", "`colour` is unknown here; known: none, cat"),
        ("export = Yes", "export = Yes, erase = Delete", "`erase` is given twice"),
        ("cat = \"user.contact.email\"", "cat = \"user.contact.mail\"", "near it: user.contact, user.contact.address"),
        ("cat = \"user.contact.email\"", "cat = \"email\"", "`email` is no fideslang data category"),
    ] {
        refuses(&format!("{} email: String,", EMAIL.replace(part, wrong)), message);
    }
    let deprecated = EMAIL.replace("user.contact.email", "user.contact.social_url");
    refuses(&format!("{deprecated} url: String,"), "calls `user.contact.social_url` `user.contact.url`");
    refuses("#[pd(none, export = Yes)] email: String,", "`export` is unknown here; known: nothing beside `none`");
    refuses("#[pd(none)] #[pd(none)] email: String,", "`none` is given twice");
    for (part, wrong) in [("AccountUser", "Alien"), ("Controller", "Landlord"), ("Pinned", "Moon")] {
        assert!(refused(&HEAD.replace(part, wrong), "").concat().contains(&format!("cannot be `{wrong}`")));
    }
    assert!(refused(&HEAD.replace("role", "colour = Red, role"), "").concat().contains("`colour` is unknown here"));
}

#[test]
fn the_link_is_an_attribute() {
    let message = refused(&HEAD.replace("link = \"account\"", "link = \"owner\""), "").concat();
    assert!(message.contains("`link` names `owner`, which is no attribute of it"), "{message}");
}

#[test]
fn a_record_about_nobody_holds_nothing_personal() {
    let nobody = HEAD.replace("AccountUser, link = \"account\"", "Nobody").replace("Pinned", "Anywhere");
    assert!(expanded(&nobody, "").contains("link : \"\""));
    assert!(refused(&nobody, &format!("{EMAIL} email: String,")).concat().contains("`subject` cannot be Nobody"));
    assert!(refused(&HEAD.replace("AccountUser", "Nobody"), "").concat().contains("has no `link`"));
    let anywhere = HEAD.replace("Pinned", "Anywhere");
    assert!(refused(&anywhere, &format!("{EMAIL} email: String,")).concat().contains("`region` must be Pinned"));
}

#[test]
fn attributes_have_the_names_that_serde_writes() {
    let fields = r#"
        #[pd(none)] #[serde(rename = "n")] admitted: u64,
        #[pd(none)] #[serde(rename(serialize = "s", deserialize = "t"), default)] state: u64,
        #[pd(none)] #[serde(default, skip_serializing_if = "Option::is_none")] block_until: u64,
        #[pd(none)] #[serde(skip)] never: u64,
        #[pd(none)] r#type: u64,
    "#;
    let plain = expanded(HEAD, fields);
    for name in ["account", "n", "s", "block_until", "type"] {
        assert!(plain.contains(&format!("attribute : \"{name}\"")), "{name}: {plain}");
    }
    assert!(!plain.contains("never"));
    for (case, name) in [
        ("camelCase", "blockUntil"),
        ("PascalCase", "BlockUntil"),
        ("kebab-case", "block-until"),
        ("SCREAMING_SNAKE_CASE", "BLOCK_UNTIL"),
        ("lowercase", "block_until"),
    ] {
        let nobody = HEAD.replace("AccountUser, link = \"account\"", "Nobody");
        let renamed = expanded(&format!("{nobody} #[serde(rename_all = \"{case}\")]"), fields);
        assert!(renamed.contains(&format!("attribute : \"{name}\"")), "{case}: {renamed}");
    }
}

#[test]
fn what_hides_names_is_refused() {
    refuses("#[pd(none)] #[serde(flatten)] rest: Map,", "write #[pd(families(");
    for hiding in ["tag = \"t\"", "transparent", "into = \"Wire\""] {
        let message = refused(&format!("{HEAD} #[serde({hiding})]"), "").concat();
        assert!(message.contains("hides from the data map what is written"), "{message}");
    }
    refuses("#[pd(none)] #[serde(rename = \"account\")] owner: String,", "two fields are stored as `account`");
    let message = expand(quote! { enum Item { One } }).unwrap_err().to_string();
    assert!(message.contains("PersonalData is for structs"));
    let message = expand(quote! { struct Item(u8); }).unwrap_err().to_string();
    assert!(message.contains("needs named fields"));
}

#[test]
fn families_and_attributes_without_a_field_are_declared() {
    let flattened = "#[serde(flatten)] #[pd(families(\"f\", \"h\"))] counts: Map,";
    let text = expanded(HEAD, flattened);
    assert!(text.contains("Family { prefix : \"f\"") && text.contains("Family { prefix : \"h\""), "{text}");
    let text = expanded(&format!("{HEAD} #[pd(attributes(\"pk\", \"sk\"), families(\"d\"))]"), "");
    assert!(text.contains("attribute : \"sk\"") && text.contains("prefix : \"d\""), "{text}");
    for (wrong, message) in [
        ("families(f)", "`families` is written `families(\"…\")`"),
        ("families()", "`families` is written `families(\"…\")`"),
        ("attributes = \"pk\"", "`attributes` is written `attributes(\"…\")`"),
        ("attributes(\"\")", "`attributes` is written `attributes(\"…\")`"),
        ("families(\"f\", \"f\")", "the family `f` is declared twice"),
        ("attributes(\"account\")", "two fields are stored as `account`"),
    ] {
        let found = refused(&format!("{HEAD} #[pd({wrong})]"), "").concat();
        assert!(found.contains(message), "{found}");
    }
    let hidden = format!("{HEAD} #[pd(families(\"f\"))]");
    assert!(refused(&hidden, "#[pd(none)] f1: u8,").concat().contains("`f1` also belongs to the family `f`"));
}

#[test]
fn categories_are_sorted_and_each_has_its_parent() {
    assert!(CATEGORIES.is_sorted());
    for category in CATEGORIES {
        let parent = category.rsplit_once('.').map(|(parent, _)| parent);
        assert!(parent.is_none_or(|parent| CATEGORIES.contains(&parent)), "{category}");
    }
    for (old, now) in REPLACED {
        assert!(CATEGORIES.contains(now) && !CATEGORIES.contains(old), "{old}");
    }
}
