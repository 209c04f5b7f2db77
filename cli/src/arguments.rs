//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::failure::EXIT_CODES;

/// A developer's console for Cartage: one API in front of every store you connect.
#[derive(Debug, Parser)]
#[command(name = "cartage", version, about, after_help = EXIT_CODES, max_term_width = 110)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Prints JSON: a list as one object a line, everything else as one document.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Uses another profile than the one that was logged in last.
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The API's base URL, over that of the profile.
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Waits so many seconds at most for a limit to pass (Retry-After) before it gives up.
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) max_wait: u64,
    /// Shows no progress and no notes.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Keeps a key for a base URL, in a file that only you can read.
    Login {
        /// Reads the key from standard input instead of asking for it.
        #[arg(long)]
        key_stdin: bool,
    },
    /// Forgets a profile and its key.
    Logout,
    /// Connects stores and looks after them.
    #[command(subcommand)]
    Stores(Stores),
    /// Makes, rotates and revokes API keys.
    #[command(subcommand)]
    Keys(Keys),
    /// Applications, which hold keys.
    #[command(subcommand)]
    Apps(Apps),
    /// Gives an application access to a store, and takes it back.
    #[command(subcommand)]
    Grants(Grants),
    /// Reads a store: a page of a list, all of it, or one object.
    Get(Get),
    /// Calls the platform's own API through the raw route; what it answers is printed as it is.
    Raw(Raw),
    /// Shows what was called, and how that went.
    Usage(Usage),
    /// Shows calls as they are made, until ctrl-c.
    Tail(Tail),
    /// Subscribes endpoints to what happens in stores, and shows how they take it.
    #[command(subcommand)]
    Subscriptions(Subscriptions),
    /// Shows what happened in stores, newest first: envelopes, without bodies.
    Events(Events),
    /// Forwards events to a port of this machine while developing, until ctrl-c.
    Listen(Listen),
    /// Shows what can be connected and what works there.
    Platforms,
    /// Prints what makes a shell complete this program's commands.
    Completions {
        /// Which shell.
        shell: Shell,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Stores {
    /// Connects a store. Its credential is asked for, or read from standard input; it never stands on the command line.
    Connect {
        /// The platform, as `cartage platforms` names it.
        #[arg(long)]
        platform: String,
        /// The store's address.
        #[arg(long, value_name = "URL")]
        address: String,
        /// The region in which it is kept.
        #[arg(long, default_value = "eu", value_parser = ["eu", "us"])]
        region: String,
        /// Reads the credential as a JSON object of its fields from standard input.
        #[arg(long)]
        credentials_stdin: bool,
    },
    /// Lists the connected stores.
    List,
    /// Tries the kept credential of a store.
    Check {
        /// Which store.
        store: String,
    },
    /// Disconnects a store: its credential is destroyed at once, the rest follows.
    Disconnect {
        /// Which store.
        store: String,
        /// Does not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Moves a store's credential to the other form of the vault, while calls go on.
    MoveCredential {
        /// Which store.
        store: String,
        /// The form: a secret for each store, or sealed under a data key.
        #[arg(long, value_parser = ["per-store", "sealed"])]
        to: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Makes a key. Its text is shown once.
    Create {
        /// The application that is to hold it.
        #[arg(long, value_name = "APPLICATION", conflicts_with = "role", required_unless_present = "role")]
        app: Option<String>,
        /// What it may do, such as `products:read`; several with commas between.
        #[arg(long, value_delimiter = ',', value_name = "SCOPE", requires = "app")]
        scopes: Vec<String>,
        /// How much it may do.
        #[arg(long, value_parser = ["standard", "growth", "professional"], requires = "app")]
        tier: Option<String>,
        /// Makes a management key with this role instead.
        #[arg(long, value_parser = ["owner", "admin", "developer", "support", "privacy-officer"])]
        role: Option<String>,
        /// What you call it.
        #[arg(long)]
        name: Option<String>,
        /// From when it is of no use any more, as an RFC 3339 time.
        #[arg(long, value_name = "TIME")]
        expires_at: Option<String>,
    },
    /// Lists the keys of an application, or of all of them.
    List {
        /// Only this application's.
        #[arg(long, value_name = "APPLICATION")]
        app: Option<String>,
        /// Management keys instead.
        #[arg(long, conflicts_with = "app")]
        management: bool,
    },
    /// Gives a key a new secret. The old one works for a while longer.
    Rotate {
        /// Which key.
        key: String,
        /// For how many seconds the old secret works; a day if nothing is said, a week at most.
        #[arg(long, value_name = "SECONDS")]
        overlap: Option<u64>,
    },
    /// Revokes a key. That bites on its next call.
    Revoke {
        /// Which key.
        key: String,
        /// Does not ask.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Apps {
    /// Makes an application.
    Create {
        /// What you call it.
        name: String,
    },
    /// Lists the applications.
    List,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Grants {
    /// Gives an application access to a store, or changes it.
    Put {
        /// Which store.
        store: String,
        /// Which application.
        app: String,
        /// What it may do; several with commas between.
        #[arg(long, value_delimiter = ',', value_name = "SCOPE", required = true)]
        scopes: Vec<String>,
    },
    /// Takes the access back. That bites on the next call.
    Revoke {
        /// Which store.
        store: String,
        /// Which application.
        app: String,
    },
}

/// What can be read of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Entity {
    Products,
    Orders,
    Customers,
    Categories,
    Inventory,
    Baskets,
}

#[derive(Debug, Args)]
pub(crate) struct Get {
    /// What to read.
    pub(crate) entity: Entity,
    /// Of which store.
    #[arg(long)]
    pub(crate) store: String,
    /// Only this one.
    #[arg(long, conflicts_with_all = ["all", "limit", "updated_after", "cursor"])]
    pub(crate) id: Option<String>,
    /// Only these fields, such as `id,name,variants.sku`; they are the table's columns.
    #[arg(long, value_delimiter = ',')]
    pub(crate) fields: Vec<String>,
    /// Only what changed after an RFC 3339 time.
    #[arg(long, value_name = "TIME")]
    pub(crate) updated_after: Option<String>,
    /// Everything, page after page.
    #[arg(long, conflicts_with = "limit")]
    pub(crate) all: bool,
    /// So many at most; without it and --all, one page of 25.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) limit: Option<u64>,
    /// Goes on where an earlier list ended.
    #[arg(long)]
    pub(crate) cursor: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Raw {
    /// The method.
    pub(crate) method: String,
    /// The path below the platform's API, with its query.
    pub(crate) path: String,
    /// Of which store.
    #[arg(long)]
    pub(crate) store: String,
    /// A file with the request's body; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) data: Option<PathBuf>,
    /// The body's media type.
    #[arg(long, value_name = "TYPE", default_value = "application/json")]
    pub(crate) content_type: String,
    /// Prints the status and the headers too.
    #[arg(long, short)]
    pub(crate) include: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Usage {
    /// The first day, such as 2026-11-01.
    #[arg(long, value_name = "DAY")]
    pub(crate) from: Option<String>,
    /// The last day.
    #[arg(long, value_name = "DAY")]
    pub(crate) to: Option<String>,
    /// Only this key's calls.
    #[arg(long)]
    pub(crate) key: Option<String>,
    /// Only calls of this store.
    #[arg(long)]
    pub(crate) store: Option<String>,
    /// What rows are told apart by: day, key, store, status; several with commas between.
    #[arg(long, value_delimiter = ',', value_name = "WHAT")]
    pub(crate) group_by: Vec<String>,
    /// What each key asks for and does not use, instead of counts.
    #[arg(long, conflicts_with_all = ["from", "to", "key", "store", "group_by"])]
    pub(crate) advice: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Tail {
    /// Begins with so many calls that were made before.
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 0)]
    pub(crate) last: usize,
    /// Shows this program's own looking, too.
    #[arg(long)]
    pub(crate) own: bool,
    /// Only calls of this store.
    #[arg(long)]
    pub(crate) store: Option<String>,
    /// Only calls that were not answered with 2xx or 3xx.
    #[arg(long)]
    pub(crate) failed: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Subscriptions {
    /// Makes a subscription. Its secret is shown once.
    Create {
        /// Where deliveries go: https, a host's name, port 443 or 8443.
        #[arg(long, value_name = "URL")]
        to: String,
        #[command(flatten)]
        wish: Wish,
        /// The application that it belongs to; a management key must say.
        #[arg(long, value_name = "APPLICATION")]
        app: Option<String>,
    },
    /// Lists subscriptions: of a key's application, or of the account.
    List {
        /// Only this application's.
        #[arg(long, value_name = "APPLICATION")]
        app: Option<String>,
    },
    /// Shows a subscription.
    Show {
        /// Which subscription.
        subscription: String,
    },
    /// Changes a subscription; what is not said stays.
    Update {
        /// Which subscription.
        subscription: String,
        /// Where deliveries go.
        #[arg(long, value_name = "URL")]
        to: Option<String>,
        #[command(flatten)]
        wish: Wish,
        /// Empties these: name, stores, fields, filter; several with commas between.
        #[arg(long, value_delimiter = ',', value_parser = ["name", "stores", "fields", "filter"])]
        clear: Vec<String>,
    },
    /// Deletes a subscription.
    Delete {
        /// Which subscription.
        subscription: String,
        /// Does not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Switches a subscription on, if its endpoint takes a test.
    Enable {
        /// Which subscription.
        subscription: String,
        /// Tells it what happened while it was off.
        #[arg(long)]
        replay: bool,
    },
    /// Switches a subscription off.
    Disable {
        /// Which subscription.
        subscription: String,
    },
    /// Sends a signed test and shows what the endpoint answered.
    Test {
        /// Which subscription.
        subscription: String,
        /// One of its topics; `test` where nothing is said.
        #[arg(long = "type", value_name = "TOPIC")]
        kind: Option<String>,
    },
    /// Gives a subscription a new secret. Deliveries are signed with the old one too for a while.
    RotateSecret {
        /// Which subscription.
        subscription: String,
        /// For how many hours: 24 if nothing is said, 72 at most; 0 ends every old one at once.
        #[arg(long, value_name = "HOURS")]
        overlap: Option<u32>,
    },
    /// Lists deliveries, newest event first.
    Deliveries {
        /// Of which subscription.
        subscription: String,
        /// Only those that are here in their life.
        #[arg(long, value_parser = ["waiting", "parked", "delivered", "failed"])]
        state: Option<String>,
        /// Only this event's.
        #[arg(long)]
        event: Option<String>,
        #[command(flatten)]
        span: Span,
    },
    /// Delivers again: one event, those of a time, or those that failed.
    Replay {
        /// To which subscription.
        subscription: String,
        /// This event.
        #[arg(long, required_unless_present_any = ["from", "failed"], conflicts_with_all = ["from", "to", "failed"])]
        event: Option<String>,
        /// Every event that came in at this RFC 3339 time or later.
        #[arg(long, value_name = "TIME", conflicts_with = "failed")]
        from: Option<String>,
        /// Up to this time, exclusive; up to now where nothing is said.
        #[arg(long, value_name = "TIME", requires = "from")]
        to: Option<String>,
        /// Every delivery that failed.
        #[arg(long)]
        failed: bool,
        /// Only of events that came in at this time or later.
        #[arg(long, value_name = "TIME", requires = "failed")]
        since: Option<String>,
    },
}

/// What is to be told, and how.
#[derive(Debug, Args)]
pub(crate) struct Wish {
    /// Topics such as `order.updated`, `order.*` or `*`; several with commas between.
    #[arg(long, value_delimiter = ',', value_name = "TOPIC")]
    pub(crate) topics: Vec<String>,
    /// What you call it.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Only of these stores; several with commas between.
    #[arg(long, value_delimiter = ',', value_name = "STORE")]
    pub(crate) stores: Vec<String>,
    /// Only these fields, such as `id,status,lines.sku`.
    #[arg(long, value_delimiter = ',')]
    pub(crate) fields: Vec<String>,
    /// Only objects with this value at this path, such as `status=open`; repeat it for more values and paths.
    #[arg(long, value_name = "PATH=VALUE")]
    pub(crate) filter: Vec<String>,
    /// Adds the platform's own object.
    #[arg(long, value_name = "YES", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) include_remote: Option<bool>,
    /// As fast as possible, or never one event of an object after a later one.
    #[arg(long, value_parser = ["fastest", "entity"])]
    pub(crate) ordering: Option<String>,
}

/// A part of a list that begins with the newest.
#[derive(Debug, Args)]
pub(crate) struct Span {
    /// Only of events that came in at this RFC 3339 time or later.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Only of events that came in before this time.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// So many at most.
    #[arg(long, value_name = "NUMBER", default_value_t = 25)]
    pub(crate) limit: u64,
}

#[derive(Debug, Args)]
pub(crate) struct Events {
    /// Only of this store.
    #[arg(long)]
    pub(crate) store: Option<String>,
    /// Only of this topic: `order.updated`, `order.*`.
    #[arg(long)]
    pub(crate) topic: Option<String>,
    #[command(flatten)]
    pub(crate) span: Span,
}

#[derive(Debug, Args)]
pub(crate) struct Listen {
    /// Forwards what this subscription is told, with its fields and its filter; it may be switched off meanwhile.
    #[arg(long, value_name = "SUBSCRIPTION", conflicts_with_all = ["topics", "stores"])]
    pub(crate) subscription: Option<String>,
    /// Without a subscription: only these topics.
    #[arg(long, value_delimiter = ',', value_name = "TOPIC")]
    pub(crate) topics: Vec<String>,
    /// Without a subscription: only these stores.
    #[arg(long, value_delimiter = ',', value_name = "STORE")]
    pub(crate) stores: Vec<String>,
    /// Where to, on this machine: `http://127.0.0.1:3000/hooks`. Without it the events are printed.
    #[arg(long, value_name = "URL")]
    pub(crate) forward: Option<String>,
    /// Reads the secret to sign with from standard input; without it this run has one of its own, which it tells.
    #[arg(long)]
    pub(crate) secret_stdin: bool,
    /// Begins with so many events that came before.
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 0)]
    pub(crate) last: usize,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    /// The values of global arguments go by their ids: one that a command gives the same id would be taken for it, and the key sent there.
    #[test]
    fn no_command_has_an_argument_of_a_global_ones_name() {
        let global: Vec<_> = Arguments::command().get_arguments().map(|argument| argument.get_id().clone()).collect();
        fn check(command: &clap::Command, global: &[clap::Id]) {
            for argument in command.get_arguments() {
                assert!(!global.contains(argument.get_id()), "{} {}", command.get_name(), argument.get_id());
            }
            command.get_subcommands().for_each(|command| check(command, global));
        }
        Arguments::command().get_subcommands().for_each(|command| check(command, &global));
    }

    #[test]
    fn no_key_and_no_credential_is_taken_on_the_command_line() {
        // A process list shows arguments to everyone on the machine.
        fn check(command: &clap::Command) {
            for argument in command.get_arguments() {
                let name = argument.get_id().as_str();
                let takes_text = argument.get_action().takes_values();
                let names_a_key = matches!(command.get_name(), "rotate" | "revoke" | "usage") && name == "key";
                let secret =
                    ["key", "secret", "token", "password", "credential"].iter().any(|word| name.contains(word));
                assert!(!(secret && takes_text) || names_a_key, "{} --{name}", command.get_name());
            }
            command.get_subcommands().for_each(check);
        }
        check(&Arguments::command());
    }
}
