//! From the annotated struct to its `Record`.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, Ident, LitStr, Result};

use crate::categories::{CATEGORIES, REPLACED};
use crate::entries::Entries;
use crate::names::{self, Written};
use crate::vocabulary::{
    BASES, ERASURES, EXPORTS, IDENTITIES, ORIGINS, PURPOSES, REGIONS, RETENTIONS, ROLES, SUBJECTS,
};

const FIELD_FORM: &str = "write #[pd(none)], or #[pd(cat = \"…\", origin = …, basis = …, purpose(…), retain = \"…\", \
                          erase = …, export = …)]";
const FIELD_KEYS: &str = "none, cat, origin, basis, purpose, retain, erase, export, identity";
const STRUCT_FORM: &str = "write #[pd(store = \"…\", subject = …, link = \"…\", role = …, region = …)]";
const STRUCT_KEYS: &str = "store, subject, link, role, region, attributes, families";

/// What rests under one name or one prefix.
struct Declared {
    name: String,
    span: Span,
    content: Content,
}

/// The content as the expression that the record holds.
struct Content {
    personal: bool,
    value: TokenStream,
}

/// The implementation of `PersonalData` for a struct, or every error that its annotations have.
pub(crate) fn expand(input: TokenStream) -> Result<TokenStream> {
    let input: DeriveInput = syn::parse2(input)?;
    let name = &input.ident;
    let owner = format!("struct `{name}`");
    let Data::Struct(data) = &input.data else {
        return Err(Error::new(name.span(), "PersonalData is for structs: one struct is one kind of record"));
    };
    let Fields::Named(named) = &data.fields else {
        return Err(Error::new(name.span(), format!("{owner}: PersonalData needs named fields; each is an attribute")));
    };
    let case = names::case_of(&input.attrs)?;
    let mut head = Entries::of(&input.attrs, owner.clone(), name.span())?
        .ok_or_else(|| Error::new(name.span(), format!("{owner} does not say where it rests: {STRUCT_FORM}")))?;

    let mut declared = Vec::new();
    let mut families = Vec::new();
    let mut errors = Errors::default();
    errors.note(listed(&mut head, "attributes").map(|found| declared.extend(found)));
    errors.note(listed(&mut head, "families").map(|found| families.extend(found)));
    for field in &named.named {
        errors.note(field_declarations(field, case, &mut declared, &mut families));
    }
    errors.note(no_name_twice(&declared, &families));
    let head = errors.note(record_head(head, &declared, &families));
    errors.finish()?;

    // Without an error every part is there.
    let head = head.unwrap_or_default();
    let fields = declared.iter().map(|Declared { name, content: Content { value, .. }, .. }| {
        quote! { ::personal_data::Field { attribute: #name, content: #value } }
    });
    let families = families.iter().map(|Declared { name, content: Content { value, .. }, .. }| {
        quote! { ::personal_data::Family { prefix: #name, content: #value } }
    });
    let text = name.to_string();
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    Ok(quote! {
        impl #generics ::personal_data::PersonalData for #name #arguments #bounds {
            const RECORD: ::personal_data::Record = ::personal_data::Record {
                name: #text,
                #head
                fields: &[#(#fields),*],
                families: &[#(#families),*],
            };
        }
    })
}

/// What one field declares: an attribute, or the families that it is flattened into.
fn field_declarations(
    field: &syn::Field,
    case: Option<names::Case>,
    declared: &mut Vec<Declared>,
    families: &mut Vec<Declared>,
) -> Result<()> {
    let span = field.ident.as_ref().map_or_else(Span::call_site, Ident::span);
    let owner = format!("field `{}`", field.ident.as_ref().map(Ident::to_string).unwrap_or_default());
    let mut entries = Entries::of(&field.attrs, owner.clone(), span)?
        .ok_or_else(|| Error::new(span, format!("{owner} does not say whether it is personal data: {FIELD_FORM}")))?;
    match names::written(field, case)? {
        Written::Flattened => {
            let found = listed(&mut entries, "families")?;
            if found.is_empty() {
                let text = "serde flattens it, so its attributes have names of their own: write \
                            #[pd(families(\"…\"))] with each prefix that they can start with";
                return Err(entries.error(text));
            }
            families.extend(found);
            entries.finish("families")
        }
        Written::As(name) => {
            let content = content(entries, &owner)?;
            declared.push(Declared { name, span, content });
            Ok(())
        }
        // It must still say what it is, because one word in the serde attribute would store it.
        Written::Skipped => content(entries, &owner).map(drop),
    }
}

/// Each name of `attributes("…")` or prefix of `families("…")`; none of them holds anything personal.
fn listed(entries: &mut Entries, key: &str) -> Result<Vec<Declared>> {
    let names = entries.texts(key)?.into_iter();
    Ok(names.map(|name| Declared { name: name.value(), span: name.span(), content: Content::none() }).collect())
}

impl Content {
    fn none() -> Self {
        Self { personal: false, value: quote! { ::personal_data::Content::None } }
    }
}

/// `none`, or everything there is to say about personal data.
fn content(mut entries: Entries, owner: &str) -> Result<Content> {
    if entries.flag("none")? {
        entries.finish("nothing beside `none`")?;
        return Ok(Content::none());
    }
    let missing = |entries: &Entries, key: &str| entries.error(format!("`{key}` is missing: {FIELD_FORM}"));
    let category = entries.text("cat")?;
    let origin = entries.word("origin", ORIGINS)?;
    let basis = entries.word("basis", BASES)?;
    let purposes = entries.words("purpose", PURPOSES)?;
    let retain = entries.text("retain")?;
    let erase = entries.word("erase", ERASURES)?;
    let export = entries.word("export", EXPORTS)?;
    let identity = entries.word("identity", IDENTITIES)?;

    let category = category.ok_or_else(|| missing(&entries, "cat"))?;
    if !CATEGORIES.contains(&category.value().as_str()) {
        return Err(Error::new(category.span(), unknown_category(owner, &category)));
    }
    let origin = origin.ok_or_else(|| missing(&entries, "origin"))?;
    let basis = basis.ok_or_else(|| missing(&entries, "basis"))?;
    let purposes = purposes.ok_or_else(|| missing(&entries, "purpose"))?;
    let retain = retention(owner, &retain.ok_or_else(|| missing(&entries, "retain"))?)?;
    let erase = erase.ok_or_else(|| missing(&entries, "erase"))?;
    let export = export.ok_or_else(|| missing(&entries, "export"))?;
    let identity = match identity {
        None => quote! { ::core::option::Option::None },
        Some(identity) => {
            quote! { ::core::option::Option::Some(::personal_data::Identity::#identity) }
        }
    };
    entries.finish(FIELD_KEYS)?;
    let value = quote! {
        ::personal_data::Content::Personal(::personal_data::Personal {
            category: #category,
            origin: ::personal_data::Origin::#origin,
            basis: ::personal_data::Basis::#basis,
            purposes: &[#(::personal_data::Purpose::#purposes),*],
            retain: ::personal_data::Retention::#retain,
            erase: ::personal_data::Erase::#erase,
            export: ::personal_data::Export::#export,
            identity: #identity,
        })
    };
    Ok(Content { personal: true, value })
}

fn unknown_category(owner: &str, category: &LitStr) -> String {
    let asked = category.value();
    if let Some((_, now)) = REPLACED.iter().find(|(old, _)| *old == asked) {
        return format!("{owner}: fideslang 3.1.4 calls `{asked}` `{now}`");
    }
    let parent = asked.rsplit_once('.').map_or(asked.as_str(), |(parent, _)| parent);
    let near: Vec<&str> = CATEGORIES.iter().copied().filter(|known| known.starts_with(parent)).collect();
    let near = if near.is_empty() { "see categories.rs".to_owned() } else { near.join(", ") };
    format!("{owner}: `{asked}` is no fideslang data category; near it: {near}")
}

fn retention(owner: &str, word: &LitStr) -> Result<Ident> {
    let asked = word.value();
    if let Some((_, variant)) = RETENTIONS.iter().find(|(name, _)| *name == asked) {
        return Ok(Ident::new(variant, word.span()));
    }
    let known: Vec<&str> = RETENTIONS.iter().map(|(name, _)| *name).collect();
    Err(Error::new(word.span(), format!("{owner}: `retain` cannot be \"{asked}\"; one of: {}", known.join(", "))))
}

/// The record's own members, checked against what it holds.
fn record_head(mut head: Entries, declared: &[Declared], families: &[Declared]) -> Result<TokenStream> {
    let missing = |head: &Entries, key: &str| head.error(format!("`{key}` is missing: {STRUCT_FORM}"));
    let store = head.text("store")?;
    let subject = head.word("subject", SUBJECTS)?;
    let link = head.text("link")?;
    let role = head.word("role", ROLES)?;
    let region = head.word("region", REGIONS)?;

    let store = store.filter(|store| !store.value().is_empty()).ok_or_else(|| missing(&head, "store"))?;
    let subject = subject.ok_or_else(|| missing(&head, "subject"))?;
    let role = role.ok_or_else(|| missing(&head, "role"))?;
    let region = region.ok_or_else(|| missing(&head, "region"))?;
    let personal = declared.iter().chain(families).find(|declared| declared.content.personal);
    match personal {
        Some(Declared { name, span, .. }) if subject == "Nobody" => {
            let text = format!("`{name}` is personal data, so `subject` cannot be Nobody");
            return Err(Error::new(*span, format!("{}: {text}", head.owner())));
        }
        Some(Declared { name, span, .. }) if region == "Anywhere" => {
            let text = format!("`{name}` is personal data, so `region` must be Pinned");
            return Err(Error::new(*span, format!("{}: {text}", head.owner())));
        }
        _ => {}
    }
    let link = match link {
        None if subject == "Nobody" => String::new(),
        None => return Err(missing(&head, "link")),
        Some(_) if subject == "Nobody" => {
            return Err(head.error("a record about Nobody has no `link`"));
        }
        Some(link) if declared.iter().any(|declared| declared.name == link.value()) => link.value(),
        Some(link) => {
            let text = format!("{}: `link` names `{}`, which is no attribute of it", head.owner(), link.value());
            return Err(Error::new(link.span(), text));
        }
    };
    head.finish(STRUCT_KEYS)?;
    Ok(quote! {
        store: #store,
        subject: ::personal_data::Subject::#subject,
        link: #link,
        role: ::personal_data::Role::#role,
        region: ::personal_data::Region::#region,
    })
}

/// No two fields are written under one name, and no field hides inside a family.
fn no_name_twice(declared: &[Declared], families: &[Declared]) -> Result<()> {
    for (place, Declared { name, span, .. }) in declared.iter().enumerate() {
        if declared.iter().take(place).any(|earlier| earlier.name == *name) {
            return Err(Error::new(*span, format!("two fields are stored as `{name}`")));
        }
        let hides = |family: &&Declared| {
            let rest = name.strip_prefix(&family.name).unwrap_or_default();
            !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit())
        };
        if let Some(family) = families.iter().find(hides) {
            return Err(Error::new(*span, format!("`{name}` also belongs to the family `{}`", family.name)));
        }
    }
    for (place, Declared { name, span, .. }) in families.iter().enumerate() {
        if families.iter().take(place).any(|earlier| earlier.name == *name) {
            return Err(Error::new(*span, format!("the family `{name}` is declared twice")));
        }
    }
    Ok(())
}

/// All errors of one struct, so that one build shows them all.
#[derive(Default)]
struct Errors(Option<Error>);

impl Errors {
    fn note<T>(&mut self, result: Result<T>) -> Option<T> {
        match (result, &mut self.0) {
            (Ok(value), _) => return Some(value),
            (Err(error), Some(all)) => all.combine(error),
            (Err(error), none) => *none = Some(error),
        }
        None
    }

    fn finish(self) -> Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}
