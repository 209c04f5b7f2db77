//! Usage: counts, drawn, and what could be asked for less.

use super::lists::{Asked, pages, print, show};
use crate::{
    arguments::Usage,
    client::Client,
    failure::Failure,
    screen::{Screen, plain},
    table::{Column, Table},
};

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

pub(crate) async fn run(usage: Usage, client: &Client, screen: &mut Screen) -> Result<(), Failure> {
    if usage.advice {
        return advice(client, screen).await;
    }
    let group_by = if usage.group_by.is_empty() { vec!["day".to_owned()] } else { usage.group_by };
    let mut query = vec![("group_by", group_by.join(","))];
    let given = [("from", usage.from), ("to", usage.to), ("key", usage.key), ("store", usage.store)];
    query.extend(given.into_iter().filter_map(|(name, value)| Some((name, value?))));
    let mut columns: Vec<Column> = group_by.iter().map(|by| Column::at(by)).collect();
    columns.push(Column::at("calls").right());
    for class in ["2xx", "3xx", "4xx", "5xx"] {
        columns.push(Column::at(&format!("by_status.{class}")).named(class).right());
    }
    for percentile in ["p50", "p95", "p99"] {
        columns.push(Column::at(&format!("latency_ms.{percentile}")).named(percentile).right());
    }
    columns.push(Column::at("upstream_calls").named("UPSTREAM").right());
    columns.push(Column::made("BYTES", |row| bytes(row["bytes"].as_u64().unwrap_or(0))).right());
    let mut table = Table::new(columns);
    let mut days: Vec<(String, u64)> = Vec::new();
    let mut all = 0;
    let asked = Asked { query, ..Asked::all("/v1/usage", "rows") };
    let (_, seen) = pages(asked, client, screen, |rows, screen| {
        for row in rows {
            let calls = row["calls"].as_u64().unwrap_or(0);
            all += calls;
            match (row["day"].as_str(), days.last_mut()) {
                (Some(day), Some((last, sum))) if last == day => *sum += calls,
                (Some(day), _) => days.push((day.to_owned(), calls)),
                (None, _) => {}
            }
        }
        print(rows, &mut table, screen)
    })
    .await?;
    if seen == 0 {
        screen.note("no calls");
    } else if !screen.json() {
        if let (Some((first, _)), Some((last, _))) = (days.first(), days.last()) {
            let line = screen.green(&sparkline(&every_day(&days)));
            screen.line(&format!("\n{} {line} {}", plain(first), plain(last)))?;
        }
        screen.line(&format!("{all} calls; p50 to p99 in milliseconds"))?;
    }
    Ok(())
}

async fn advice(client: &Client, screen: &mut Screen) -> Result<(), Failure> {
    let columns = vec![
        Column::at("key"),
        Column::at("calls").right(),
        Column::at("rows_used_percent").named("ROWS USED %").right(),
        Column::at("unused_scopes"),
        Column::made("ADVICE", |row| {
            let advice: Vec<String> = row["advice"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|advice| plain(advice["detail"].as_str().unwrap_or_default()))
                .collect();
            if advice.is_empty() { "-".to_owned() } else { advice.join("; ") }
        }),
    ];
    show(Asked::all("/v1/usage/advice", "keys"), columns, client, screen).await?;
    Ok(())
}

/// The calls of each day from the first to the last; days without calls have no row.
fn every_day(days: &[(String, u64)]) -> Vec<u64> {
    let number = |day: &str| -> Option<i64> {
        let mut parts = day.splitn(3, '-').map(|part| part.parse::<i64>().ok());
        Some(days_from_civil(parts.next()??, parts.next()??, parts.next()??))
    };
    let Some(first) = days.first().and_then(|(day, _)| number(day)) else { return Vec::new() };
    let mut calls = Vec::new();
    for (day, count) in days {
        let place = number(day).and_then(|day| usize::try_from(day - first).ok()).unwrap_or(calls.len());
        // Usage is kept for three months; a longer gap is no calendar of ours.
        if place < 1_000 && place >= calls.len() {
            calls.resize(place, 0);
            calls.push(*count);
        }
    }
    calls
}

/// Days since 1970 of a day of the Gregorian calendar (Howard Hinnant, `days_from_civil`).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// A bar for each number; a day with one call is told from one with none.
fn sparkline(numbers: &[u64]) -> String {
    let most = numbers.iter().copied().max().unwrap_or(0).max(1);
    let bar = |number: u64| match number {
        0 => ' ',
        number => {
            let step = (u128::from(number) * 7).div_ceil(u128::from(most));
            BARS[usize::try_from(step).unwrap_or(7).min(7)]
        }
    };
    numbers.iter().copied().map(bar).collect()
}

/// Bytes as people read them.
fn bytes(number: u64) -> String {
    let mut size = number as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if size < 1_000.0 {
            return if unit == "B" { format!("{number} B") } else { format!("{size:.1} {unit}") };
        }
        size /= 1_000.0;
    }
    format!("{size:.1} TB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_without_calls_are_gaps_in_the_line() {
        let days = [("2028-02-28".to_owned(), 10), ("2028-03-01".to_owned(), 1), ("2028-03-02".to_owned(), 5)];
        assert_eq!(every_day(&days), [10, 0, 1, 5], "2028 is a leap year");
        assert_eq!(sparkline(&every_day(&days)), "█ ▂▅");
        assert_eq!(sparkline(&[]), "");
        assert_eq!(days_from_civil(1970, 1, 1), 0);
        assert_eq!(days_from_civil(2026, 11, 22), 20_779);
    }

    #[test]
    fn bytes_are_rounded_for_people() {
        assert_eq!([bytes(0), bytes(999), bytes(1_500), bytes(2_000_000)], ["0 B", "999 B", "1.5 kB", "2.0 MB"]);
    }
}
