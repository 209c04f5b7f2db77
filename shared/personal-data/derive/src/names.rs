//! The name under which serde writes a field: what rests in the table is called that, not what the struct calls it.

use syn::ext::IdentExt;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Error, Field, LitStr, Result};

/// What serde's attributes on a field mean for the map.
pub(crate) enum Written {
    /// Under this name.
    As(String),
    /// As attributes of its own, one per entry of a map.
    Flattened,
    /// Never.
    Skipped,
}

/// serde's `rename_all`.
#[derive(Clone, Copy)]
pub(crate) enum Case {
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

impl Case {
    fn of(text: &LitStr) -> Result<Self> {
        Ok(match text.value().as_str() {
            "lowercase" => Case::Lower,
            "UPPERCASE" => Case::Upper,
            "PascalCase" => Case::Pascal,
            "camelCase" => Case::Camel,
            "snake_case" => Case::Snake,
            "SCREAMING_SNAKE_CASE" => Case::ScreamingSnake,
            "kebab-case" => Case::Kebab,
            "SCREAMING-KEBAB-CASE" => Case::ScreamingKebab,
            other => {
                return Err(Error::new(text.span(), format!("`rename_all = \"{other}\"` is no case of serde's")));
            }
        })
    }

    /// A snake_case field name in this case, as serde does it for struct fields.
    fn apply(self, field: &str) -> String {
        let pascal = || -> String {
            let words = field.split('_').filter(|word| !word.is_empty());
            words.map(|word| word[..1].to_ascii_uppercase() + &word[1..]).collect()
        };
        match self {
            Case::Lower | Case::Snake => field.to_owned(),
            Case::Upper | Case::ScreamingSnake => field.to_ascii_uppercase(),
            Case::Pascal => pascal(),
            Case::Camel => {
                let pascal = pascal();
                pascal[..1].to_ascii_lowercase() + &pascal[1..]
            }
            Case::Kebab => field.replace('_', "-"),
            Case::ScreamingKebab => field.to_ascii_uppercase().replace('_', "-"),
        }
    }
}

/// The `rename_all` of a struct. Refuses what would change its attributes in another way.
pub(crate) fn case_of(attributes: &[Attribute]) -> Result<Option<Case>> {
    let mut case = None;
    each_serde(attributes, |meta| {
        if meta.path.is_ident("rename_all") {
            if let Some(text) = written_text(&meta)? {
                case = Some(Case::of(&text)?);
            }
            return Ok(());
        }
        for refused in ["tag", "content", "untagged", "transparent", "into", "remote"] {
            if meta.path.is_ident(refused) {
                return Err(meta.error(format!("`serde({refused})` hides from the data map what is written")));
            }
        }
        skip_value(&meta)
    })?;
    Ok(case)
}

/// How serde writes one field.
pub(crate) fn written(field: &Field, case: Option<Case>) -> Result<Written> {
    let ident = field.ident.as_ref().map(|ident| ident.unraw().to_string()).unwrap_or_default();
    let mut written = Written::As(case.map_or_else(|| ident.clone(), |case| case.apply(&ident)));
    each_serde(&field.attrs, |meta| {
        if meta.path.is_ident("rename") {
            if let Some(text) = written_text(&meta)? {
                written = Written::As(text.value());
            }
        } else if meta.path.is_ident("flatten") {
            written = Written::Flattened;
        } else if meta.path.is_ident("skip") || meta.path.is_ident("skip_serializing") {
            written = Written::Skipped;
        } else {
            skip_value(&meta)?;
        }
        Ok(())
    })?;
    Ok(written)
}

fn each_serde(attributes: &[Attribute], mut act: impl FnMut(ParseNestedMeta<'_>) -> Result<()>) -> Result<()> {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        attribute.parse_nested_meta(&mut act)?;
    }
    Ok(())
}

/// The text of `key = "…"` or of `key(serialize = "…")`; reading under another name changes nothing that rests.
fn written_text(meta: &ParseNestedMeta<'_>) -> Result<Option<LitStr>> {
    if meta.input.peek(syn::Token![=]) {
        return meta.value()?.parse().map(Some);
    }
    let mut text = None;
    meta.parse_nested_meta(|inner| {
        let value = inner.value()?.parse::<LitStr>()?;
        if inner.path.is_ident("serialize") {
            text = Some(value);
        }
        Ok(())
    })?;
    Ok(text)
}

/// Steps over the value of a serde attribute that does not change a name.
fn skip_value(meta: &ParseNestedMeta<'_>) -> Result<()> {
    if meta.input.peek(syn::Token![=]) {
        meta.value()?.parse::<syn::Expr>()?;
    } else if meta.input.peek(syn::token::Paren) {
        let content;
        syn::parenthesized!(content in meta.input);
        content.parse::<proc_macro2::TokenStream>()?;
    }
    Ok(())
}
