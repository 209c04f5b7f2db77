//! Takes out of a restored table what was erased since: `cargo run -p restore`; `docs/DEPLOY.md` tells when and how.
//!
//! What is done to a row is `cloud::dynamo::restored`'s to say. Nothing here tells anything of anybody: it counts.

use clap::Parser;
use cloud::{
    boot::Boot,
    dynamo::{
        Unavailable,
        restored::{Filtered, Restored, Table},
        tombstones::Tombstones,
    },
};

/// Takes out of a table that was restored from a backup whatever was erased since.
#[derive(Parser)]
#[command(name = "restore")]
pub struct Arguments {
    /// The stack whose table it is; its table of tombstones is asked what was erased.
    #[arg(long, default_value = "cartage")]
    stack: String,
    /// Which of its tables it was, such as `accounts`.
    #[arg(long, value_parser = table)]
    table: Table,
    /// The name of the new table that the backup was restored to. The stack's own table is never given here.
    #[arg(long)]
    from: String,
    /// Change the new table. Without it, it is only counted what would be changed.
    #[arg(long)]
    apply: bool,
}

/// Why nothing was done, or not everything.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The table is one that the stack works with.
    #[error("{0} is the table that the stack works with; name the one that the backup was restored to")]
    Own(String),
    /// A table could not be asked.
    #[error("{0}; what was changed stays changed, run it again")]
    Unavailable(#[from] Unavailable),
}

fn table(name: &str) -> Result<Table, String> {
    let known = Table::ALL.map(Table::name).join(", ");
    name.parse().map_err(|()| format!("it is one of {known}"))
}

/// Does what the arguments say.
///
/// # Errors
/// [`Failure`] says what is in the way.
pub async fn run(boot: &Boot, arguments: Arguments) -> Result<Filtered, Failure> {
    let Arguments { stack, table, from, apply } = arguments;
    if Table::ALL.iter().any(|table| from == format!("{stack}-{}", table.name())) {
        return Err(Failure::Own(from));
    }
    let tables = cloud::dynamo::client(&boot.aws);
    let tombstones = Tombstones::new(tables.clone(), format!("{stack}-tombstones"));
    Ok(Restored::new(tables, table, from, tombstones).filter(apply).await?)
}
