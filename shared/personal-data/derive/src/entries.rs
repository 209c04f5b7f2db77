//! The `key = value`, `key(…)` and `key` entries of `#[pd(…)]`, each asked for once; what nobody asked for is an error.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, Ident, LitStr, Result, Token};

pub(crate) struct Entries {
    /// What is annotated, for messages: "field `email`".
    owner: String,
    /// Where a missing entry is reported.
    span: Span,
    entries: Vec<Entry>,
}

struct Entry {
    key: Ident,
    value: Value,
}

enum Value {
    Flag,
    Word(Ident),
    Text(LitStr),
    List(TokenStream),
}

impl Parse for Entry {
    fn parse(input: ParseStream) -> Result<Self> {
        let key = Ident::parse_any(input)?;
        let value = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            if input.peek(LitStr) { Value::Text(input.parse()?) } else { Value::Word(Ident::parse_any(input)?) }
        } else if input.peek(syn::token::Paren) {
            let content;
            syn::parenthesized!(content in input);
            Value::List(content.parse()?)
        } else {
            Value::Flag
        };
        Ok(Self { key, value })
    }
}

impl Entries {
    /// Everything in the `#[pd(…)]` attributes of a struct or field; `None` when there is no such attribute.
    pub(crate) fn of(attributes: &[Attribute], owner: String, span: Span) -> Result<Option<Self>> {
        let mut found = attributes.iter().filter(|attribute| attribute.path().is_ident("pd")).peekable();
        if found.peek().is_none() {
            return Ok(None);
        }
        let mut all = TokenStream::new();
        for attribute in found {
            let list = attribute.meta.require_list()?;
            all.extend(list.tokens.clone());
            all.extend(quote::quote!(,));
        }
        let parsed = Punctuated::<Entry, Token![,]>::parse_terminated.parse2(all);
        let entries: Vec<Entry> =
            parsed.map_err(|error| Error::new(error.span(), format!("{owner}: {error}")))?.into_iter().collect();
        for (place, entry) in entries.iter().enumerate() {
            let twice = entries.iter().take(place).any(|earlier| earlier.key == entry.key);
            if twice {
                return Err(Error::new(entry.key.span(), format!("{owner}: `{}` is given twice", entry.key)));
            }
        }
        Ok(Some(Self { owner, span, entries }))
    }

    pub(crate) fn owner(&self) -> &str {
        &self.owner
    }

    pub(crate) fn error(&self, text: impl std::fmt::Display) -> Error {
        Error::new(self.span, format!("{}: {text}", self.owner))
    }

    fn take(&mut self, key: &str) -> Option<Entry> {
        let place = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(place))
    }

    fn wrong(&self, span: Span, key: &str, form: &str) -> Error {
        Error::new(span, format!("{}: `{key}` is written `{form}`", self.owner))
    }

    /// Whether `key` stands there, alone.
    pub(crate) fn flag(&mut self, key: &str) -> Result<bool> {
        match self.take(key) {
            None => Ok(false),
            Some(Entry { value: Value::Flag, .. }) => Ok(true),
            Some(entry) => Err(self.wrong(entry.key.span(), key, key)),
        }
    }

    /// The text of `key = "…"`.
    pub(crate) fn text(&mut self, key: &str) -> Result<Option<LitStr>> {
        match self.take(key) {
            None => Ok(None),
            Some(Entry { value: Value::Text(text), .. }) => Ok(Some(text)),
            Some(entry) => Err(self.wrong(entry.key.span(), key, &format!("{key} = \"…\""))),
        }
    }

    /// The word of `key = Word`, which must be one of `allowed`.
    pub(crate) fn word(&mut self, key: &str, allowed: &[&str]) -> Result<Option<Ident>> {
        match self.take(key) {
            None => Ok(None),
            Some(Entry { value: Value::Word(word), .. }) => self.allowed(key, word, allowed).map(Some),
            Some(entry) => Err(self.wrong(entry.key.span(), key, &format!("{key} = {}", allowed.join(" | ")))),
        }
    }

    /// The words of `key(A, B)`, at least one, each one of `allowed` and none twice.
    pub(crate) fn words(&mut self, key: &str, allowed: &[&str]) -> Result<Option<Vec<Ident>>> {
        let form = format!("{key}({})", allowed.join(", "));
        let Some(Entry { key: name, value }) = self.take(key) else {
            return Ok(None);
        };
        let Value::List(tokens) = value else {
            return Err(self.wrong(name.span(), key, &form));
        };
        let parsed = Punctuated::<Ident, Token![,]>::parse_terminated.parse2(tokens);
        let words: Vec<Ident> = parsed.map_err(|_| self.wrong(name.span(), key, &form))?.into_iter().collect();
        if words.is_empty() {
            return Err(self.wrong(name.span(), key, &form));
        }
        for (place, word) in words.iter().enumerate() {
            self.allowed(key, word.clone(), allowed)?;
            if words.iter().take(place).any(|earlier| earlier == word) {
                return Err(Error::new(word.span(), format!("{}: `{key}` names `{word}` twice", self.owner)));
            }
        }
        Ok(Some(words))
    }

    /// The texts of `key("…", "…")`, none empty; nothing when the key is not there.
    pub(crate) fn texts(&mut self, key: &str) -> Result<Vec<LitStr>> {
        let form = format!("{key}(\"…\")");
        let Some(Entry { key: name, value }) = self.take(key) else {
            return Ok(Vec::new());
        };
        let Value::List(tokens) = value else {
            return Err(self.wrong(name.span(), key, &form));
        };
        let parsed = Punctuated::<LitStr, Token![,]>::parse_terminated.parse2(tokens);
        let texts: Vec<LitStr> = parsed.map_err(|_| self.wrong(name.span(), key, &form))?.into_iter().collect();
        if texts.is_empty() || texts.iter().any(|text| text.value().is_empty()) {
            return Err(self.wrong(name.span(), key, &form));
        }
        Ok(texts)
    }

    /// Fails on whatever nobody asked for.
    pub(crate) fn finish(self, known: &str) -> Result<()> {
        match self.entries.first() {
            None => Ok(()),
            Some(Entry { key, .. }) => {
                Err(Error::new(key.span(), format!("{}: `{key}` is unknown here; known: {known}", self.owner)))
            }
        }
    }

    fn allowed(&self, key: &str, word: Ident, allowed: &[&str]) -> Result<Ident> {
        if allowed.iter().any(|known| word == known) {
            return Ok(word);
        }
        let text = format!("{}: `{key}` cannot be `{word}`; one of: {}", self.owner, allowed.join(", "));
        Err(Error::new(word.span(), text))
    }
}
