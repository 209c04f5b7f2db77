//! A store that something happened in, and how its objects are read.

use std::sync::Arc;

use cloud::{
    dynamo::{
        events::EventItem,
        stores::{GrantItem, StoreItem},
    },
    journal::UpstreamUse,
    pace::Pace,
    upstream::{Failure, Line},
    vault::VaultError,
};
use connectors::{Connector, Context, Credential, Objects, Outcome, Read, ReadError, Refusal, StoreAddress, Target};
use domain::{model::Entity, store::StoreState};
use http::StatusCode;
use tokio::sync::{OnceCell, Semaphore};

use crate::{
    App,
    batch::{Batch, Trouble},
    telling::{Data, Event},
};

/// Reads of one store that an instance has under way: a store that is slow must not fill the function.
const AT_ONCE: usize = 3;

/// A store with its grants.
pub(crate) struct Shop {
    pub(crate) item: StoreItem,
    pub(crate) grants: Vec<GrantItem>,
    pub(crate) connector: &'static dyn Connector,
    address: StoreAddress,
    credential: OnceCell<Arc<Credential>>,
    pace: Arc<Pace>,
    room: Semaphore,
}

/// What a store says of an object.
pub(crate) enum Found {
    /// Here it is, exactly one, with its `remote`.
    Object(Objects),
    /// It is not there.
    Gone,
    /// It cannot be read, now or ever; why, in our words.
    Unreadable(&'static str),
}

impl Shop {
    pub(crate) fn new(app: &App, item: StoreItem, grants: Vec<GrantItem>) -> Result<Self, Trouble> {
        let connector = connectors::connector(&item.platform).ok_or(Trouble::Never("no such platform"))?;
        let address = connector.address(&item.url, app.loopback).map_err(|error| {
            tracing::error!(store = %item.id, cause = %error, "a store's address is not one any more");
            Trouble::Never("the store's address is not one any more")
        })?;
        let pace = app.paces.of(&item.id);
        let (credential, room) = (OnceCell::new(), Semaphore::new(AT_ONCE));
        Ok(Self { item, grants, connector, address, credential, pace, room })
    }

    /// An event of the store, with the customers whose data must not be used: those of a store that has left are forgotten, and nobody is told.
    pub(crate) async fn event(&self, batch: &Batch<'_>, envelope: &EventItem, data: Data) -> Result<Event, Trouble> {
        let app = batch.app;
        let restricted = if self.is_connected() { app.restrictions.of(&self.item).await? } else { None };
        Ok(Event::of(envelope, data, restricted, app.clock.now()))
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.item.state == StoreState::Connected
    }

    /// Reads an object as the store has it now.
    pub(crate) async fn read(&self, batch: &Batch<'_>, entity: Entity, id: &str) -> Result<Found, Trouble> {
        let read = self.credential.get_or_try_init(|| batch.app.vault.read(&batch.app.journal, &self.item)).await;
        let credential = match read {
            Ok(credential) => credential,
            // Off-boarding has begun this very moment.
            Err(VaultError::Missing) => return Ok(Found::Unreadable("the store has no credential any more")),
            Err(VaultError::Unavailable) => return Err(Trouble::Later("the vault could not be asked")),
        };
        let context = Context { address: &self.address, credential };
        let read = Read { entity, target: Target::One(id), fields: None, include_remote: true };
        let turn = match self.connector.read(&context, &read) {
            Ok(turn) => turn,
            Err(Refusal::Id) => return Ok(Found::Gone),
            Err(_) => return Ok(Found::Unreadable("the platform cannot be asked for it")),
        };
        // The semaphore lives as long as the store and is never closed.
        let Ok(_room) = self.room.acquire().await else { return Err(Trouble::Later("the function ends")) };
        let line =
            Line { egress: &batch.app.egress, connector: self.connector, pace: &self.pace, budget: batch.budget };
        let outcome = line.drive(turn, &mut UpstreamUse::default()).await;
        Ok(match outcome {
            Ok(Outcome::One(objects)) if objects.len() == 1 => Found::Object(objects),
            Ok(_) => Found::Unreadable("the store answered with something else"),
            Err(Failure::Answered(ReadError::Upstream { status, .. })) if is_gone(status) => Found::Gone,
            Err(Failure::Answered(ReadError::Upstream {
                status: StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN,
                ..
            })) => Found::Unreadable("the store refuses its credential"),
            Err(Failure::Answered(ReadError::Refused(Refusal::Id))) => Found::Gone,
            Err(Failure::Answered(_)) => Found::Unreadable("the store answered with an error"),
            Err(Failure::NoAnswer(_)) => Found::Unreadable("the store gave no answer"),
            Err(Failure::Throttled(_)) => Found::Unreadable("the store's limit leaves no room"),
        })
    }
}

fn is_gone(status: StatusCode) -> bool {
    matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE)
}
