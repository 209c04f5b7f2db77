//! Unified writes: what a caller wants changed, checked against what the platform can set before the connector sees it.

use domain::model::Entity;
use domain::model::input::{BasketInput, CategoryInput, CustomerInput, InventoryInput, OrderInput, ProductInput};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::connector::{EntitySupport, Verb};

/// The most wrong fields that are told at a time.
const MAX_ERRORS: usize = 50;

/// A unified write.
#[derive(Clone)]
pub struct Write<'a> {
    /// Of what.
    pub entity: Entity,
    /// To do what.
    pub action: Action<'a>,
    /// Whether to add the platform's own object to the answer.
    pub include_remote: bool,
}

impl Write<'_> {
    /// The verb that it is.
    #[must_use]
    pub fn verb(&self) -> Verb {
        match self.action {
            Action::Create(_) => Verb::Create,
            Action::Update { .. } => Verb::Update,
            Action::Delete { .. } => Verb::Delete,
        }
    }
}

/// What a write does.
#[derive(Clone)]
pub enum Action<'a> {
    /// Creates one.
    Create(Input),
    /// Changes the one with this id.
    Update {
        /// Which.
        id: &'a str,
        /// What is to change.
        input: Input,
    },
    /// Deletes the one with this id.
    Delete {
        /// Which.
        id: &'a str,
    },
}

/// What a caller sent, by entity. No `Debug`: some of it is personal data.
#[derive(Clone)]
pub enum Input {
    /// A product.
    Product(Box<ProductInput>),
    /// An order.
    Order(Box<OrderInput>),
    /// A customer.
    Customer(Box<CustomerInput>),
    /// A category.
    Category(CategoryInput),
    /// A stock level.
    Inventory(InventoryInput),
    /// A basket.
    Basket(BasketInput),
}

/// Why a text is no input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputError {
    /// It is not JSON.
    NotJson {
        /// The line of the fault, from 1.
        line: usize,
        /// The column of the fault, from 1.
        column: usize,
    },
    /// It is JSON with these wrong fields, at least one.
    Fields(Vec<WrongField>),
}

/// A wrong field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongField {
    /// Where, as a JSON pointer (RFC 6901).
    pub pointer: String,
    /// What is wrong, without the value.
    pub detail: &'static str,
}

impl Input {
    /// Reads what a caller sent for a create or an update of an entity.
    ///
    /// # Errors
    /// [`InputError`]: every field that does not exist, that this platform cannot set or that is missing is named at once; of values that
    /// do not fit, the first.
    pub fn parse(support: &EntitySupport, verb: Verb, text: &[u8]) -> Result<Self, InputError> {
        let entity = support.entity;
        let value: Value = serde_json::from_slice(text)
            .map_err(|error| InputError::NotJson { line: error.line(), column: error.column() })?;
        let Value::Object(members) = &value else {
            return Err(one(String::new(), "must be an object"));
        };
        let mut wrong = Vec::new();
        check(&value, &mut String::new(), &mut String::new(), support, &mut wrong);
        if verb == Verb::Create {
            for required in entity.required_fields() {
                if members.get(*required).is_none_or(Value::is_null) {
                    wrong.push(WrongField { pointer: format!("/{required}"), detail: "the field is required" });
                }
            }
        } else if members.is_empty() {
            wrong.push(WrongField { pointer: String::new(), detail: "nothing is to change" });
        }
        if !wrong.is_empty() {
            wrong.truncate(MAX_ERRORS);
            return Err(InputError::Fields(wrong));
        }
        Ok(match entity {
            Entity::Products => Self::Product(typed(text)?),
            Entity::Orders => Self::Order(typed(text)?),
            Entity::Customers => Self::Customer(typed(text)?),
            Entity::Categories => Self::Category(typed(text)?),
            Entity::Inventory => Self::Inventory(typed(text)?),
            Entity::Baskets => Self::Basket(typed(text)?),
        })
    }
}

fn one(pointer: String, detail: &'static str) -> InputError {
    InputError::Fields(vec![WrongField { pointer, detail }])
}

/// From the text and not from the parsed value: numbers and custom fields keep their characters, and a field that stands twice is refused.
fn typed<T: DeserializeOwned>(text: &[u8]) -> Result<T, InputError> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let said = error.inner().to_string();
        let detail = if said.starts_with("duplicate field") {
            "the field stands twice"
        } else if said.starts_with("missing field") {
            "a field is missing in it"
        } else if said.starts_with("unknown variant") {
            "the value is not one of those allowed"
        } else if said.starts_with("invalid type") {
            "the value has the wrong type"
        } else {
            "the value is not allowed"
        };
        one(pointer(error.path()), detail)
    })
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => push(&mut pointer, key),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

fn push(pointer: &mut String, key: &str) {
    pointer.push('/');
    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
}

/// Walks what was sent: `path` is the dotted path without indices, `pointer` the place with them.
fn check(value: &Value, path: &mut String, pointer: &mut String, support: &EntitySupport, wrong: &mut Vec<WrongField>) {
    if wrong.len() >= MAX_ERRORS {
        return;
    }
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let length = pointer.len();
                pointer.push_str(&format!("/{index}"));
                check(item, path, pointer, support, wrong);
                pointer.truncate(length);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                let (path_length, pointer_length) = (path.len(), pointer.len());
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
                push(pointer, key);
                match place(path, support) {
                    Place::Unknown => {
                        wrong.push(WrongField { pointer: pointer.clone(), detail: "there is no such field" });
                    }
                    Place::NotHere => {
                        let detail = "this platform cannot set the field";
                        wrong.push(WrongField { pointer: pointer.clone(), detail });
                    }
                    Place::Open => {}
                    Place::Known => check(member, path, pointer, support, wrong),
                }
                path.truncate(path_length);
                pointer.truncate(pointer_length);
            }
        }
        _ => {}
    }
}

enum Place {
    /// No platform has it.
    Unknown,
    /// Some platform has it, this one does not.
    NotHere,
    /// It can be set, or something below it can.
    Known,
    /// It can be set, and what is below are the caller's own keys.
    Open,
}

fn place(path: &str, support: &EntitySupport) -> Place {
    let leads_to = |field: &str| field == path || field.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
    let fields = support.entity.input_fields();
    if !fields.iter().any(|field| leads_to(field)) {
        return Place::Unknown;
    }
    let lies_in =
        |writable: &str| path.strip_prefix(writable).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    if !support.writable.iter().any(|writable| leads_to(writable) || lies_in(writable)) {
        return Place::NotHere;
    }
    let is_open = fields.iter().any(|field| field.strip_suffix(".*") == Some(path));
    if is_open { Place::Open } else { Place::Known }
}

#[cfg(test)]
mod tests {
    use domain::model::input::Change;

    use super::*;

    const SUPPORT: EntitySupport = EntitySupport {
        entity: Entity::Products,
        verbs: &[Verb::Create, Verb::Update],
        unsupported: &[],
        writable: &["name", "price", "variants.id", "variants.sku", "variants.options", "meta"],
    };

    fn errors(verb: Verb, text: &str) -> Vec<(String, &'static str)> {
        match Input::parse(&SUPPORT, verb, text.as_bytes()) {
            Err(InputError::Fields(fields)) => fields.into_iter().map(|field| (field.pointer, field.detail)).collect(),
            Err(InputError::NotJson { .. }) => vec![("not JSON".to_owned(), "")],
            Ok(_) => Vec::new(),
        }
    }

    #[test]
    fn what_the_platform_can_set_is_read() {
        let text = r#"{"name":"Tee","price":{"amount":"10.50","currency":"EUR"},
            "variants":[{"sku":"a","options":{"Si.ze/~":"S"}}],"meta":[{"key":"k","value":{"deep":[1.10]}}]}"#;
        let Ok(Input::Product(product)) = Input::parse(&SUPPORT, Verb::Create, text.as_bytes()) else {
            panic!("{:?}", errors(Verb::Create, text));
        };
        assert_eq!(product.name, Change::Set("Tee".to_owned()));
        assert_eq!(product.sku, Change::Keep);
        assert_eq!(product.meta.set().unwrap()[0].value.get(), r#"{"deep":[1.10]}"#, "numbers keep their characters");
        assert_eq!(errors(Verb::Update, r#"{"price":null}"#), []);
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        assert_eq!(
            errors(Verb::Create, r#"{"sku":"x","nope":1,"variants":[{"sku":"a"},{"cost":null,"x/y":1}]}"#),
            [
                ("/nope".to_owned(), "there is no such field"),
                ("/sku".to_owned(), "this platform cannot set the field"),
                ("/variants/1/cost".to_owned(), "this platform cannot set the field"),
                ("/variants/1/x~1y".to_owned(), "there is no such field"),
                ("/name".to_owned(), "the field is required"),
            ]
        );
        for (text, pointer) in [
            (r#"{"name":1}"#, "/name"),
            (r#"{"price":{"amount":1.5}}"#, "/price/amount"),
            (r#"{"price":{}}"#, "/price"),
            (r#"{"variants":[{"sku":"a"},{"sku":[]}]}"#, "/variants/1/sku"),
            (r#"{"variants":{}}"#, "/variants"),
            (r#"{"name":"a","name":"b"}"#, ""),
            ("{}", ""),
            ("[]", ""),
            ("7", ""),
        ] {
            let errors = errors(Verb::Update, text);
            assert_eq!(errors.len(), 1, "{text}: {errors:?}");
            assert_eq!(errors[0].0, pointer, "{text}: {errors:?}");
        }
        assert_eq!(errors(Verb::Create, r#"{"name":null}"#), [("/name".to_owned(), "the field is required")]);
        assert_eq!(errors(Verb::Create, "{"), [("not JSON".to_owned(), "")]);
        let many = format!("{{{}}}", (0..99).map(|n| format!("\"f{n}\":1")).collect::<Vec<_>>().join(","));
        assert_eq!(errors(Verb::Update, &many).len(), MAX_ERRORS);
    }
}
