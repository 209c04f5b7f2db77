//! The operator's key.
//!
//! No route makes one: whoever runs a deployment has access to its tables, and nobody else may become an operator. So the key's item
//! is written to the table directly, in the form that the functions write keys in.

use std::collections::BTreeMap;

use cloud::boot::Boot;
use cloud::clock::{self, Clock};
use cloud::dynamo::key_item::{KeyHolder, KeyItem, NewKeyItem};
use cloud::dynamo::{self, transaction};
use cloud::env::EnvError;
use domain::id::{AccountId, KeyId};
use domain::key::NewKey;
use domain::role::Role;
use domain::tier::Tier;
use testkit::stack::AWS_REGION;

/// Why there is no operator's key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OperatorError {
    #[error(transparent)]
    Environment(#[from] EnvError),
    #[error("the operator's key could not be written: {0}")]
    Write(#[from] transaction::TransactionError),
}

/// Makes a new operator's key in the table and returns its text.
pub(crate) async fn mint(aws: &str, keys_table: &str) -> Result<String, OperatorError> {
    let environment = [
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_REGION", AWS_REGION),
        ("AWS_ENDPOINT_URL", aws),
    ];
    let environment: BTreeMap<String, String> =
        environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let boot = Boot::new(&environment, Clock::system())?;
    let key = NewKey::mint(KeyId::from_uuid(boot.clock.new_id()), &clock::random_bytes());
    let item = KeyItem::new(NewKeyItem {
        id: key.id().clone(),
        secret: key.secret_hash(),
        account: AccountId::from_uuid(boot.clock.new_id()),
        holder: KeyHolder::Person(Role::Operator),
        tier: Tier::Standard,
        expires: None,
    });
    transaction::write(&dynamo::client(&boot.aws), vec![item.create(keys_table)]).await?;
    Ok(key.reveal().to_owned())
}
