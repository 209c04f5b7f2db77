//! The webservice's XML, as far as it is written here: one flat object.

use std::fmt::Write;

/// A body in the making.
pub(super) struct Xml(String);

impl Xml {
    /// The beginning of an object of a resource: `<prestashop><product>`.
    pub(super) fn of(object: &'static str) -> Self {
        Self(format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><prestashop><{object}>"))
    }

    /// A field.
    pub(super) fn field(&mut self, name: &'static str, value: &str) -> &mut Self {
        // Writing to a string cannot fail.
        let _ = write!(self.0, "<{name}>{}</{name}>", escape(value));
        self
    }

    /// A field with a text for one language.
    pub(super) fn text(&mut self, name: &'static str, language: &str, value: &str) -> &mut Self {
        let _ = write!(self.0, "<{name}><language id=\"{}\">{}</language></{name}>", escape(language), escape(value));
        self
    }

    /// The links to objects of another resource.
    pub(super) fn links(&mut self, list: &'static str, object: &'static str, ids: &[String]) -> &mut Self {
        let _ = write!(self.0, "<associations><{list}>");
        for id in ids {
            let _ = write!(self.0, "<{object}><id>{}</id></{object}>", escape(id));
        }
        let _ = write!(self.0, "</{list}></associations>");
        self
    }

    /// The whole body.
    pub(super) fn end(mut self, object: &'static str) -> String {
        let _ = write!(self.0, "</{object}></prestashop>");
        self.0
    }
}

/// Text of an element or an attribute (XML 1.0, 2.4); characters that XML cannot hold are left out (2.2).
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' => escaped.push(character),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_written_becomes_markup() {
        let mut xml = Xml::of("product");
        xml.field("reference", "a\0<b>&\"c\"").text("name", "1", "]]>\u{ffff}<x>").links(
            "categories",
            "category",
            &["2".to_owned()],
        );
        assert_eq!(
            xml.end("product"),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><prestashop><product><reference>a&lt;b&gt;&amp;&quot;c&quot;</reference>\
             <name><language id=\"1\">]]&gt;&lt;x&gt;</language></name>\
             <associations><categories><category><id>2</id></category></categories></associations></product></prestashop>"
        );
    }
}
