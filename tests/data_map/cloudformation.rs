//! A CloudFormation template as JSON, short tags in their long form: `!Ref X` is `{"Ref": "X"}`.

use std::path::{Path, PathBuf};

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};

/// Every template of the stack: the root one and those that it nests.
pub(crate) fn templates() -> Vec<(PathBuf, Value)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let nested = std::fs::read_dir(root.join("infra")).unwrap().map(|entry| entry.unwrap().path());
    let nested = nested.filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    [root.join("template.yaml")].into_iter().chain(nested).map(|path| (path.clone(), read(&path))).collect()
}

fn read(path: &Path) -> Value {
    parse(&std::fs::read_to_string(path).unwrap())
}

/// The first document of a YAML text.
pub(crate) fn parse(text: &str) -> Value {
    let documents = Yaml::load_from_str(text).unwrap();
    json_of(documents.first().unwrap())
}

fn json_of(yaml: &Yaml<'_>) -> Value {
    match yaml {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(truth)) => json!(truth),
        Yaml::Value(Scalar::Integer(number)) => json!(number),
        Yaml::Value(Scalar::FloatingPoint(number)) => json!(number.into_inner()),
        Yaml::Value(Scalar::String(text)) => json!(text),
        Yaml::Sequence(items) => items.iter().map(json_of).collect(),
        Yaml::Mapping(pairs) => {
            let member = |(key, value): (&Yaml<'_>, &Yaml<'_>)| (name_of(key), json_of(value));
            Value::Object(pairs.iter().map(member).collect::<Map<_, _>>())
        }
        Yaml::Tagged(tag, inner) => tagged(&tag.suffix, json_of(inner)),
        Yaml::Representation(..) | Yaml::Alias(_) | Yaml::BadValue => {
            panic!("not in a template: {yaml:?}")
        }
    }
}

/// A member's name; YAML also allows numbers there.
fn name_of(key: &Yaml<'_>) -> String {
    match json_of(key) {
        Value::String(name) => name,
        other => other.to_string(),
    }
}

fn tagged(tag: &str, value: Value) -> Value {
    match (tag, value) {
        ("Ref" | "Condition", value) => json!({ tag: value }),
        ("GetAtt", Value::String(path)) => {
            json!({ "Fn::GetAtt": path.splitn(2, '.').collect::<Vec<_>>() })
        }
        (other, value) => json!({ format!("Fn::{other}"): value }),
    }
}

#[test]
fn short_tags_are_read_in_their_long_form() {
    let read = parse("a: !Ref B\nc: !GetAtt D.E.F\ng: !Sub '${H}-i'\nj: !If [K, !Ref L, 5]\nm: true\n\"n\": \"off\"");
    let expected = json!({
        "a": { "Ref": "B" },
        "c": { "Fn::GetAtt": ["D", "E.F"] },
        "g": { "Fn::Sub": "${H}-i" },
        "j": { "Fn::If": ["K", { "Ref": "L" }, 5] },
        "m": true,
        "n": "off",
    });
    assert_eq!(read, expected);
}
