//! `UpdateExpression` as far as it is used: `SET path = value [+ value], …` and `REMOVE path, …`, where a value is a path, a placeholder or
//! `if_not_exists(path, value)`. Conditions are not judged: nothing ever stands against an update, see [`super`].

use serde_json::{Map, Value, json};

type Item = Map<String, Value>;

/// Applies the update that was asked for. Right-hand sides see the item as it was, as in DynamoDB.
pub(super) fn apply(asked: &Value, item: &mut Item) {
    let before = item.clone();
    let update = Update { asked, before: &before };
    let expression = asked["UpdateExpression"].as_str().unwrap_or_default();
    let (set, remove) = expression.split_once("REMOVE").unwrap_or((expression, ""));
    for assignment in arguments(set.trim().trim_start_matches("SET")) {
        if let Some((path, value)) = assignment.split_once('=') {
            item.insert(update.name(path), update.result(value));
        }
    }
    for path in arguments(remove) {
        item.remove(&update.name(path));
    }
}

struct Update<'a> {
    asked: &'a Value,
    before: &'a Item,
}

impl Update<'_> {
    fn name(&self, path: &str) -> String {
        let path = path.trim();
        self.asked["ExpressionAttributeNames"][path].as_str().unwrap_or(path).to_owned()
    }

    fn result(&self, text: &str) -> Value {
        // No sum stands inside of `if_not_exists`.
        let (first, rest) = text.split_once('+').map_or((text, None), |(first, rest)| (first, Some(rest)));
        let first = self.value(first.trim()).cloned().unwrap_or_default();
        let Some(rest) = rest else { return first };
        let number = |value: &Value| value["N"].as_str().and_then(|digits| digits.parse::<i64>().ok()).unwrap_or(0);
        json!({ "N": (number(&first) + number(&self.result(rest))).to_string() })
    }

    fn value(&self, text: &str) -> Option<&Value> {
        if let Some(inner) = text.strip_prefix("if_not_exists(").and_then(|text| text.strip_suffix(')')) {
            let (path, otherwise) = inner.split_once(',')?;
            return self.value(path.trim()).or_else(|| self.value(otherwise.trim()));
        }
        match text.strip_prefix(':') {
            Some(_) => self.asked["ExpressionAttributeValues"].get(text),
            None => self.before.get(&self.name(text)),
        }
    }
}

/// The parts between the commas that stand outside of parentheses.
fn arguments(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    text.split(move |character| {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        character == ',' && depth == 0
    })
    .map(str::trim)
    .filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_and_snapshots_are_computed_as_dynamodb_does() {
        let asked = json!({
            "UpdateExpression": "SET n = n + :cost, #f = if_not_exists(#f, n), #d = if_not_exists(#d, n), w = if_not_exists(w, :zero) + :cost REMOVE #x0, #x1",
            "ExpressionAttributeNames": {"#f": "f7", "#d": "d1", "#x0": "f3", "#x1": "f4"},
            "ExpressionAttributeValues": {":cost": {"N": "2"}, ":zero": {"N": "0"}},
        });
        let mut item =
            json!({"n": {"N": "40"}, "d1": {"N": "11"}, "f3": {"N": "38"}, "f4": {"N": "39"}, "t": {"S": "p"}});
        let item = item.as_object_mut().unwrap();
        apply(&asked, item);
        let expected =
            json!({"n": {"N": "42"}, "d1": {"N": "11"}, "f7": {"N": "40"}, "w": {"N": "2"}, "t": {"S": "p"}});
        assert_eq!(Value::Object(item.clone()), expected);
    }
}
