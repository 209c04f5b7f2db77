//! GraphQL selections that know what they cost, and documents made of them.
//!
//! Shopify charges a query by what it asks for: a scalar 0, an object 1, a mutation 10, a connection by its `first` (shopify.dev, "GraphQL
//! Admin API rate limits"). How a connection grows with `first` is not written down; live answers of 2026 all fit 2 + s × (1 + what a row
//! asks for) with s = 1 for one row and 2·ln(`first`) for more (250 rows of one object each: 25 points). What is estimated here decides how
//! large a page is asked for and what is waited for; where Shopify thinks otherwise it says so, and the page is halved.

use std::fmt::Write;

use serde_json::{Map, Value};

/// What a document may cost by our estimate. Shopify refuses 1,000; the rest is room for what the estimate misses.
pub(super) const MAX_COST: f64 = 900.0;

/// What a mutation costs besides what it selects.
const MUTATION: f64 = 10.0;

/// Fields of one object, with their cost.
#[derive(Clone, Default)]
pub(super) struct Selection {
    text: String,
    cost: f64,
}

impl Selection {
    /// Scalar fields, separated by spaces.
    pub(super) fn of(scalars: &str) -> Self {
        Self { text: scalars.to_owned(), cost: 0.0 }
    }

    /// Adds scalar fields.
    pub(super) fn scalars(&mut self, names: &str) {
        self.separate();
        self.text.push_str(names);
    }

    /// Adds an object, or a list without `first`: Shopify charges either as one.
    pub(super) fn object(&mut self, name: &str, below: &Self) {
        self.separate();
        push(&mut self.text, format_args!("{name} {{ {} }}", below.text));
        self.cost += 1.0 + below.cost;
    }

    /// Adds the first rows of a connection. `arguments` stand behind `first`: nothing, or `, name: value`.
    pub(super) fn connection(&mut self, name: &str, first: u32, arguments: &str, row: &Self) {
        self.separate();
        push(
            &mut self.text,
            format_args!(
                "{name}(first: {first}{arguments}) {{ pageInfo {{ hasNextPage endCursor }} nodes {{ {} }} }}",
                row.text
            ),
        );
        self.cost += connection_cost(first, row.cost);
    }

    /// Adds fields that only objects of one type of an interface have.
    pub(super) fn fragment(&mut self, kind: &str, below: &Self) {
        self.separate();
        push(&mut self.text, format_args!("... on {kind} {{ {} }}", below.text));
        self.cost += below.cost;
    }

    /// Adds the payload of a mutation. The first is charged with the document; `is_more` charges for another.
    pub(super) fn mutation(&mut self, name: &str, payload: &Self, is_more: bool) {
        self.object(name, payload);
        if is_more {
            self.cost += MUTATION;
        }
    }

    /// What it costs beside the object that it is of.
    pub(super) fn cost(&self) -> f64 {
        self.cost
    }

    fn separate(&mut self) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
    }
}

/// Money with its currency.
pub(super) fn money() -> Selection {
    Selection::of("amount currencyCode")
}

/// Money in the shop's currency, out of a pair with the buyer's.
pub(super) fn shop_money() -> Selection {
    let mut bag = Selection::default();
    bag.object("shopMoney", &money());
    bag
}

/// What a connection of `first` rows costs whose row selects fields of cost `row`.
pub(super) fn connection_cost(first: u32, row: f64) -> f64 {
    let size = if first < 2 { 1.0 } else { 2.0 * f64::from(first).ln() };
    2.0 + size * (1.0 + row)
}

/// The most rows, at most `wanted` and at least one, that can be asked for at once when a row selects fields of cost `row`.
pub(super) fn rows_at_once(wanted: u32, row: f64) -> u32 {
    (1..=wanted).rev().find(|rows| connection_cost(*rows, row) < MAX_COST).unwrap_or(1)
}

/// A query or a mutation with its variables. No `Debug`: the variables of some are personal data.
#[derive(Clone)]
pub(super) struct Document {
    operation: &'static str,
    declared: String,
    selection: Selection,
    variables: Map<String, Value>,
}

impl Document {
    pub(super) fn query(selection: Selection) -> Self {
        Self { operation: "query", declared: String::new(), selection, variables: Map::new() }
    }

    /// A mutation that selects the payloads of `selection`.
    pub(super) fn mutation(selection: Selection) -> Self {
        Self { operation: "mutation", ..Self::query(selection) }
    }

    /// Declares a variable and gives it its value.
    pub(super) fn with(mut self, name: &str, kind: &str, value: impl Into<Value>) -> Self {
        if !self.declared.is_empty() {
            self.declared.push_str(", ");
        }
        push(&mut self.declared, format_args!("${name}: {kind}"));
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    /// The text of the operation.
    pub(super) fn text(&self) -> String {
        let Self { operation, declared, selection, .. } = self;
        if declared.is_empty() {
            format!("{operation} {{ {} }}", selection.text)
        } else {
            format!("{operation}({declared}) {{ {} }}", selection.text)
        }
    }

    /// The body of the request: `{"query", "variables"}`.
    pub(super) fn body(&self) -> Vec<u8> {
        let body = serde_json::json!({ "query": self.text(), "variables": self.variables });
        body.to_string().into_bytes()
    }

    /// Whether it changes nothing.
    pub(super) fn is_query(&self) -> bool {
        self.operation == "query"
    }

    /// What it is expected to cost, in points.
    pub(super) fn points(&self) -> u32 {
        let points = self.selection.cost + if self.operation == "mutation" { MUTATION } else { 0.0 };
        // The cost of a document is a few thousand at most, so nothing is cut off.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to a few thousand")]
        let points = points.ceil() as u32;
        points.max(1)
    }
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = text.write_fmt(arguments);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Shopify itself charged for these in 2026, by the `extensions.cost` of recorded answers.
    #[test]
    fn the_estimate_is_what_shopify_charges() {
        let mut item = Selection::of("id");
        item.object("inventoryItem", &Selection::of("id tracked"));
        assert_eq!(
            (1.0 + connection_cost(250, item.cost())).floor(),
            25.0,
            "a product's 250 variants with their items"
        );
        assert_eq!(connection_cost(1, item.cost()), 4.0);
        assert_eq!(connection_cost(10, item.cost()).floor(), 11.0);
        let mut variant = Selection::of("id");
        let mut product = Selection::of("id");
        product.object("product", &Selection::of("id"));
        variant.object("variant", &product);
        assert_eq!(connection_cost(5, variant.cost()).floor(), 11.0);
        assert_eq!(Document::mutation(Selection::of("productDelete")).points(), 10);
    }

    #[test]
    fn a_page_is_as_large_as_its_cost_lets_it_be() {
        assert_eq!(rows_at_once(100, 10.0), 100);
        assert_eq!(rows_at_once(100, 150.0), 19);
        assert_eq!(rows_at_once(100, 5000.0), 1);
        assert!(connection_cost(19, 150.0) < MAX_COST && connection_cost(20, 150.0) >= MAX_COST);
    }

    #[test]
    fn a_document_declares_what_it_uses() {
        let mut selection = Selection::default();
        let mut row = Selection::of("id");
        row.object("seo", &Selection::of("title"));
        selection.connection("products", 2, ", after: $after", &row);
        let document = Document::query(selection).with("after", "String", "a\"b");
        assert_eq!(
            document.text(),
            "query($after: String) { products(first: 2, after: $after) { pageInfo { hasNextPage endCursor } nodes { id seo { title } } } }"
        );
        let body: Value = serde_json::from_slice(&document.body()).unwrap();
        assert_eq!(body["variables"]["after"], "a\"b");
        assert_eq!(document.points(), 5);
    }
}
