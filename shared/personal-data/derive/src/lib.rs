//! `#[derive(PersonalData)]`: the first gate of the data map. See the crate `personal-data` for what it is good for.
//!
//! On the struct:
//! - `#[pd(store = "…", subject = …, link = "…", role = …, region = …)]`; `link` is left out when the subject is `Nobody`.
//! - `attributes("pk", "sk")` beside it: attributes that are written without being fields, none of them personal.
//! - `families("f", "h")`: attributes whose names are such a prefix and decimal digits, none of them personal.
//!
//! On every field, and as `#[pd(…)]`:
//! - `none`: nothing personal, or
//! - `cat = "…", origin = …, basis = …, purpose(…), retain = "…", erase = …, export = …` and, for what identifies the
//!   subject, `identity = …`.
//!
//! A field that serde flattens is declared by its families: `#[pd(families("f"))]`.
//! Names are taken as serde writes them (`rename`, `rename_all`). Everything unknown, doubled or missing is a compile
//! error that names the field and says what to write.

mod categories;
mod entries;
mod expand;
mod names;
mod vocabulary;

#[cfg(test)]
mod tests;

/// Records in the data map what each attribute of the struct is; refuses an attribute that does not say so.
#[proc_macro_derive(PersonalData, attributes(pd))]
pub fn personal_data(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    expand::expand(input.into()).unwrap_or_else(|error| error.to_compile_error()).into()
}
