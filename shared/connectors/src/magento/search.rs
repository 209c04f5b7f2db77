//! Searches: Magento's one way to list anything.

use jiff::Timestamp;

/// The most rows that a search may ask for (`webapi/validation/maximum_page_size`, where the merchant did not lower it).
pub(super) const MOST: usize = 300;

/// A search in the making: filters that must all hold, the order by one column, the size of a page.
pub(super) struct Search {
    query: Vec<(String, String)>,
    filters: usize,
}

impl Search {
    /// A search for so many rows.
    pub(super) fn of(rows: usize) -> Self {
        Self { query: vec![("searchCriteria[pageSize]".to_owned(), rows.min(MOST).to_string())], filters: 0 }
    }

    /// One more condition. Each is a filter group of its own, for conditions inside a group are alternatives.
    pub(super) fn filter(mut self, field: &str, condition: &str, value: &str) -> Self {
        let at = format!("searchCriteria[filter_groups][{}][filters][0]", self.filters);
        self.filters += 1;
        for (part, text) in [("field", field), ("value", value), ("condition_type", condition)] {
            self.query.push((format!("{at}[{part}]"), text.to_owned()));
        }
        self
    }

    /// Only what changed after a moment. Magento keeps UTC and writes it without a zone.
    pub(super) fn updated_after(self, time: Option<Timestamp>) -> Self {
        match time {
            Some(time) => self.filter("updated_at", "gt", &time.strftime("%Y-%m-%d %H:%M:%S").to_string()),
            None => self,
        }
    }

    /// In the order of a column.
    pub(super) fn sorted_by(mut self, column: &str) -> Self {
        self.query.push(("searchCriteria[sortOrders][0][field]".to_owned(), column.to_owned()));
        self.query.push(("searchCriteria[sortOrders][0][direction]".to_owned(), "ASC".to_owned()));
        self
    }

    /// Another page than the first.
    pub(super) fn page(mut self, page: usize) -> Self {
        self.query.push(("searchCriteria[currentPage]".to_owned(), page.to_string()));
        self
    }

    /// Only these members of each row (R122).
    pub(super) fn showing(mut self, members: &str) -> Self {
        self.query.push(("fields".to_owned(), format!("items[{members}],total_count")));
        self
    }

    /// The query's pairs.
    pub(super) fn query(&self) -> &[(String, String)] {
        &self.query
    }
}
