//! JSON schemas of what is written as text, for the description of the API (`docs/openapi.yaml`). Behind the feature `schema`: nothing that is
//! deployed carries it.

/// Gives types that are written as one text their schema.
macro_rules! texts {
    ($($name:ty, $called:expr, $rules:tt;)+) => {$(
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $called.into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let mut schema = schemars::json_schema!($rules);
                schema.insert("type".to_owned(), "string".into());
                schema
            }
        }
    )+};
}

pub(crate) use texts;

use crate::{
    account::{EMAIL_LIMIT, EmailAddress, LINE_LIMIT, Line, MESSAGE_LIMIT, Message, Phone, WEBSITE_LIMIT, Website},
    model::Entity,
    scope::{Scope, ScopeSet},
    usage::StatusClass,
};

texts! {
    Line, "Line", { "minLength": 1, "maxLength": LINE_LIMIT, "description": "One line of text." };
    EmailAddress, "EmailAddress", { "format": "email", "maxLength": EMAIL_LIMIT };
    Phone, "Phone", { "minLength": 5, "maxLength": 40, "description": "A telephone number with 5 to 15 digits." };
    Website, "Website", { "pattern": "^https?://", "maxLength": WEBSITE_LIMIT };
    Message, "Message", { "minLength": 1, "maxLength": MESSAGE_LIMIT, "description": "Text with line breaks." };
    Scope, "Scope", { "enum": Scope::ALL.iter().map(|scope| scope.as_str()).collect::<Vec<_>>(), "description": "One thing a key may do." };
    StatusClass, "StatusClass", { "enum": StatusClass::ALL.map(StatusClass::as_str) };
    Entity, "Entity", { "enum": Entity::ALL.map(Entity::as_str) };
}

impl schemars::JsonSchema for ScopeSet {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Scopes".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let scope = generator.subschema_for::<Scope>();
        schemars::json_schema!({ "type": "array", "items": scope, "uniqueItems": true })
    }
}
