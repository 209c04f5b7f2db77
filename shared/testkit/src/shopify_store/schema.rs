//! The vendor's schema, and whether a document with its variables fits it: what the real store refuses, the stand-in refuses.

use std::collections::{BTreeMap, BTreeSet};

use graphql_parser::query::{
    Definition, Document, OperationDefinition, Selection, SelectionSet, Type, Value as Literal, VariableDefinition,
};
use graphql_parser::schema::{self, InputValue, TypeDefinition};
use serde_json::{Map, Value};

const SDL: &str = include_str!("../../../connectors/fixtures/shopify/schema.graphql");

/// Scalars that are numbers in JSON; the others are text.
const NUMBERS: [&str; 2] = ["Int", "Float"];

/// A field of an object type.
pub(super) struct Field {
    pub(super) arguments: BTreeMap<String, Argument>,
    pub(super) kind: Type<'static, String>,
}

pub(super) struct Argument {
    kind: Type<'static, String>,
    has_default: bool,
}

pub(super) struct Schema {
    pub(super) objects: BTreeMap<String, BTreeMap<String, Field>>,
    /// Interfaces, with the types that are one.
    interfaces: BTreeMap<String, BTreeSet<String>>,
    inputs: BTreeMap<String, (BTreeMap<String, Argument>, bool)>,
    enums: BTreeMap<String, BTreeSet<String>>,
    scalars: BTreeSet<String>,
}

/// The operation of a document.
pub(super) struct Operation {
    pub(super) is_mutation: bool,
    pub(super) selection: SelectionSet<'static, String>,
    variables: Vec<VariableDefinition<'static, String>>,
}

impl Operation {
    /// Reads a document of one operation without fragments of its own.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let document: Document<'static, String> =
            graphql_parser::parse_query::<String>(text).map_err(|error| format!("Parse error: {error}"))?.into_static();
        let mut definitions = document.definitions.into_iter();
        let (Some(Definition::Operation(operation)), None) = (definitions.next(), definitions.next()) else {
            return Err("An operation is required".to_owned());
        };
        let (is_mutation, selection, variables) = match operation {
            OperationDefinition::Query(query) => (false, query.selection_set, query.variable_definitions),
            OperationDefinition::Mutation(mutation) => (true, mutation.selection_set, mutation.variable_definitions),
            OperationDefinition::SelectionSet(selection) => (false, selection, Vec::new()),
            OperationDefinition::Subscription(_) => return Err("There are no subscriptions".to_owned()),
        };
        Ok(Self { is_mutation, selection, variables })
    }

    pub(super) fn root(&self) -> &'static str {
        if self.is_mutation { "Mutation" } else { "QueryRoot" }
    }
}

pub(super) fn name_of<'a>(kind: &'a Type<'static, String>) -> &'a str {
    match kind {
        Type::NamedType(name) => name,
        Type::ListType(inner) | Type::NonNullType(inner) => name_of(inner),
    }
}

fn arguments(values: Vec<InputValue<'static, String>>) -> BTreeMap<String, Argument> {
    let argument = |value: InputValue<'static, String>| {
        (value.name, Argument { kind: value.value_type, has_default: value.default_value.is_some() })
    };
    values.into_iter().map(argument).collect()
}

impl Schema {
    pub(super) fn read() -> Result<Self, String> {
        let document: schema::Document<'static, String> =
            graphql_parser::parse_schema::<String>(SDL).map_err(|error| error.to_string())?.into_static();
        let mut schema = Self {
            objects: BTreeMap::new(),
            interfaces: BTreeMap::new(),
            inputs: BTreeMap::new(),
            enums: BTreeMap::new(),
            scalars: ["ID", "Int", "Float", "String", "Boolean"].map(str::to_owned).into(),
        };
        let fields = |fields: Vec<schema::Field<'static, String>>| {
            let field = |it: schema::Field<'static, String>| {
                (it.name, Field { arguments: arguments(it.arguments), kind: it.field_type })
            };
            fields.into_iter().map(field).collect()
        };
        for definition in document.definitions {
            let schema::Definition::TypeDefinition(definition) = definition else { continue };
            match definition {
                TypeDefinition::Object(object) => {
                    for interface in object.implements_interfaces {
                        schema.interfaces.entry(interface).or_default().insert(object.name.clone());
                    }
                    schema.objects.insert(object.name, fields(object.fields));
                }
                TypeDefinition::Interface(interface) => {
                    schema.interfaces.entry(interface.name.clone()).or_default();
                    schema.objects.insert(interface.name, fields(interface.fields));
                }
                TypeDefinition::InputObject(input) => {
                    let is_one_of = input.directives.iter().any(|directive| directive.name == "oneOf");
                    schema.inputs.insert(input.name, (arguments(input.fields), is_one_of));
                }
                TypeDefinition::Enum(values) => {
                    let names = values.values.into_iter().map(|value| value.name).collect();
                    schema.enums.insert(values.name, names);
                }
                TypeDefinition::Scalar(scalar) => {
                    schema.scalars.insert(scalar.name);
                }
                TypeDefinition::Union(_) => {}
            }
        }
        Ok(schema)
    }

    /// Everything that is wrong with an operation and its variables.
    pub(super) fn check(&self, operation: &Operation, variables: &Map<String, Value>) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut declared = BTreeMap::new();
        for variable in &operation.variables {
            declared.insert(variable.name.as_str(), &variable.var_type);
            let given = variables.get(&variable.name).unwrap_or(&Value::Null);
            if let Err(why) = self.fits(given, &variable.var_type) {
                wrong.push(format!("Variable ${} of type {}: {why}", variable.name, variable.var_type));
            }
        }
        let mut used = BTreeSet::new();
        self.selection(&operation.selection, operation.root(), &declared, &mut used, &mut wrong);
        for name in declared.keys().filter(|name| !used.contains(**name)) {
            wrong.push(format!("Variable ${name} is declared but not used"));
        }
        for name in variables.keys().filter(|name| !declared.contains_key(name.as_str())) {
            wrong.push(format!("Variable ${name} is given but not declared"));
        }
        wrong
    }

    fn selection<'a>(
        &self,
        selection: &'a SelectionSet<'static, String>,
        of: &str,
        declared: &BTreeMap<&str, &Type<'static, String>>,
        used: &mut BTreeSet<&'a str>,
        wrong: &mut Vec<String>,
    ) {
        let mut answers = BTreeSet::new();
        for selection in &selection.items {
            let field = match selection {
                Selection::Field(field) => field,
                Selection::InlineFragment(fragment) => {
                    let Some(graphql_parser::query::TypeCondition::On(kind)) = &fragment.type_condition else {
                        continue;
                    };
                    if !self.interfaces.get(of).is_some_and(|types| types.contains(kind)) {
                        wrong.push(format!("Fragment on {kind} can't be spread inside {of}"));
                    }
                    self.selection(&fragment.selection_set, kind, declared, used, wrong);
                    continue;
                }
                Selection::FragmentSpread(spread) => {
                    wrong.push(format!("Fragment {} was used, but not defined", spread.fragment_name));
                    continue;
                }
            };
            if !answers.insert(field.alias.as_ref().unwrap_or(&field.name)) {
                wrong.push(format!("Field '{}' stands twice in {of}", field.name));
            }
            let Some(known) = self.objects.get(of).and_then(|fields| fields.get(&field.name)) else {
                wrong.push(format!("Field '{}' doesn't exist on type '{of}'", field.name));
                continue;
            };
            for (name, value) in field.arguments.iter().chain(field.directives.iter().flat_map(|it| &it.arguments)) {
                if let Literal::Variable(variable) = value {
                    used.insert(variable);
                }
                let is_directives = field.directives.iter().any(|it| it.arguments.iter().any(|(it, _)| it == name));
                match known.arguments.get(name) {
                    Some(argument) => {
                        if let Err(why) = self.literal(value, argument, declared) {
                            wrong.push(format!("Argument '{name}' on Field '{}': {why}", field.name));
                        }
                    }
                    None if is_directives => {}
                    None => wrong.push(format!("Field '{}' doesn't accept argument '{name}'", field.name)),
                }
            }
            for (name, argument) in &known.arguments {
                let is_given = field.arguments.iter().any(|(given, _)| given == name);
                if matches!(argument.kind, Type::NonNullType(_)) && !argument.has_default && !is_given {
                    wrong.push(format!("Field '{}' is missing required arguments: {name}", field.name));
                }
            }
            let below = name_of(&known.kind);
            match (self.objects.contains_key(below), field.selection_set.items.is_empty()) {
                (true, true) => {
                    wrong.push(format!("Field must have selections (field '{}' returns {below})", field.name))
                }
                (false, false) => wrong.push(format!("Selections can't be made on scalars (field '{}')", field.name)),
                (true, false) => self.selection(&field.selection_set, below, declared, used, wrong),
                (false, true) => {}
            }
        }
    }

    fn literal(
        &self,
        value: &Literal<'static, String>,
        argument: &Argument,
        declared: &BTreeMap<&str, &Type<'static, String>>,
    ) -> Result<(), String> {
        if let Literal::Variable(name) = value {
            let Some(kind) = declared.get(name.as_str()) else { return Err(format!("${name} is not declared")) };
            let of_argument = match (&argument.kind, kind) {
                // A variable that may be null fits where a default would stand in for it.
                (Type::NonNullType(inner), Type::NonNullType(kind)) => (inner.as_ref(), kind.as_ref()),
                (Type::NonNullType(_), _) if !argument.has_default => return Err(format!("${name} may be null")),
                (Type::NonNullType(inner), kind) => (inner.as_ref(), *kind),
                (wanted, Type::NonNullType(kind)) => (wanted, kind.as_ref()),
                (wanted, kind) => (wanted, *kind),
            };
            return if of_argument.0 == of_argument.1 { Ok(()) } else { Err(format!("${name} is a {kind}")) };
        }
        match (value, name_of(&argument.kind)) {
            (Literal::Enum(value), kind) => match self.enums.get(kind) {
                Some(values) if values.contains(value) => Ok(()),
                _ => Err(format!("{value} is no {kind}")),
            },
            (value, _) => self.fits(&json(value, &Map::new()), &argument.kind),
        }
    }

    /// Whether a JSON value fits an input type.
    fn fits(&self, value: &Value, kind: &Type<'static, String>) -> Result<(), String> {
        match (kind, value) {
            (Type::NonNullType(_), Value::Null) => Err("must not be null".to_owned()),
            (Type::NonNullType(inner), value) => self.fits(value, inner),
            (_, Value::Null) => Ok(()),
            (Type::ListType(inner), Value::Array(items)) => {
                if items.len() > 250 {
                    return Err("an array has at most 250 items".to_owned());
                }
                items.iter().try_for_each(|item| self.fits(item, inner))
            }
            (Type::ListType(inner), value) => self.fits(value, inner),
            (Type::NamedType(name), value) => self.named(value, name),
        }
    }

    fn named(&self, value: &Value, name: &str) -> Result<(), String> {
        if let Some((fields, is_one_of)) = self.inputs.get(name) {
            let Value::Object(members) = value else { return Err(format!("{name} is an object")) };
            if *is_one_of && members.values().filter(|value| !value.is_null()).count() != 1 {
                return Err(format!("{name} takes exactly one field"));
            }
            for (member, value) in members {
                let field = fields.get(member).ok_or_else(|| format!("Field is not defined on {name}: {member}"))?;
                self.fits(value, &field.kind).map_err(|why| format!("{member}: {why}"))?;
            }
            let is_missing = |(field, argument): &(&String, &Argument)| {
                matches!(argument.kind, Type::NonNullType(_)) && !argument.has_default && !members.contains_key(*field)
            };
            return match fields.iter().find(is_missing) {
                Some((field, _)) => Err(format!("{name} needs {field}")),
                None => Ok(()),
            };
        }
        if let Some(values) = self.enums.get(name) {
            let known = value.as_str().is_some_and(|value| values.contains(value));
            return if known { Ok(()) } else { Err(format!("{value} is no {name}")) };
        }
        if !self.scalars.contains(name) {
            return Err(format!("there is no type {name}"));
        }
        let fits = match name {
            "Boolean" => value.is_boolean(),
            "Int" => value.is_i64(),
            "ID" => value.as_str().is_some_and(|id| id.starts_with("gid://shopify/")),
            number if NUMBERS.contains(&number) => value.is_number(),
            _ => value.is_string(),
        };
        if fits { Ok(()) } else { Err(format!("{value} is no {name}")) }
    }
}

/// A literal as JSON, with its variables.
pub(super) fn json(value: &Literal<'static, String>, variables: &Map<String, Value>) -> Value {
    match value {
        Literal::Variable(name) => variables.get(name).cloned().unwrap_or(Value::Null),
        Literal::Int(number) => number.as_i64().into(),
        Literal::Float(number) => (*number).into(),
        Literal::String(text) | Literal::Enum(text) => text.clone().into(),
        Literal::Boolean(flag) => (*flag).into(),
        Literal::Null => Value::Null,
        Literal::List(items) => items.iter().map(|item| json(item, variables)).collect(),
        Literal::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), json(value, variables))).collect()
        }
    }
}
