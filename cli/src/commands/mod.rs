//! What each command does.

mod access;
mod events;
mod get;
mod keys;
mod listen;
mod lists;
mod login;
mod raw;
mod stores;
mod subscriptions;
mod tail;
mod usage;

use clap::CommandFactory;

use crate::{
    arguments::{Apps, Arguments, Command},
    client::Client,
    failure::Failure,
    profiles::Profiles,
    screen::Screen,
};

/// Runs a command.
pub(crate) async fn run(arguments: Arguments, screen: &mut Screen) -> Result<(), Failure> {
    let Arguments { global, command } = arguments;
    match &command {
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "cartage", &mut script);
            return screen.bytes(&script);
        }
        Command::Login { key_stdin } => return login::login(&global, *key_stdin, screen).await,
        Command::Logout => return login::logout(&global, screen),
        Command::Platforms => {
            let client = Client::new(Profiles::read()?.login(&global)?, global.max_wait)?;
            return lists::platforms(&client, screen).await;
        }
        _ => {}
    }
    let client = Client::new(Profiles::read()?.login_with_key(&global)?, global.max_wait)?;
    match command {
        Command::Stores(command) => stores::run(command, &client, screen).await,
        Command::Keys(command) => keys::run(command, &client, screen).await,
        Command::Apps(Apps::Create { name }) => access::create_application(&name, &client, screen).await,
        Command::Apps(Apps::List) => lists::applications(&client, screen).await,
        Command::Grants(command) => access::grants(command, &client, screen).await,
        Command::Get(get) => get::run(get, &client, screen).await,
        Command::Raw(raw) => raw::run(raw, &client, screen).await,
        Command::Usage(usage) => usage::run(usage, &client, screen).await,
        Command::Tail(tail) => tail::run(tail, &client, screen).await,
        Command::Subscriptions(command) => subscriptions::run(command, &client, screen).await,
        Command::Events(events) => events::run(events, &client, screen).await,
        Command::Listen(listen) => listen::run(listen, &client, screen).await,
        Command::Completions { .. } | Command::Login { .. } | Command::Logout | Command::Platforms => Ok(()),
    }
}

/// Something that is done and answered with nothing.
fn done(what: &serde_json::Value, sentence: &str, screen: &mut Screen) -> Result<(), Failure> {
    if screen.json() { screen.document(what) } else { screen.line(sentence) }
}
