//! Writing categories.

use domain::model::Entity;
use domain::model::input::CategoryInput;
use serde::Serialize;

use super::body::{never_null, nullable};
use super::door::{Door, checked_id};
use super::read::{fields, path_of, single};
use crate::connector::{Refusal, Turn};
use crate::upstream::success;

#[derive(Serialize)]
struct CategoryBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    handle: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_category_id: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rank: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_active: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_internal: Option<bool>,
}

pub(super) fn create(door: Door, input: CategoryInput, remote: bool) -> Result<Turn, Refusal> {
    let body = CategoryBody::of(input)?;
    // Without a word Medusa hides a new category.
    let body = CategoryBody { is_active: Some(body.is_active.unwrap_or(true)), ..body };
    Ok(send(door, path_of(Entity::Categories), &body, remote))
}

pub(super) fn update(door: Door, id: &str, input: CategoryInput, remote: bool) -> Result<Turn, Refusal> {
    let path = format!("{}/{}", path_of(Entity::Categories), checked_id(id)?);
    Ok(send(door, &path, &CategoryBody::of(input)?, remote))
}

impl CategoryBody {
    fn of(input: CategoryInput) -> Result<Self, Refusal> {
        let visible = never_null(input.visible, "/visible")?;
        Ok(Self {
            name: never_null(input.name, "/name")?,
            handle: never_null(input.slug, "/slug")?,
            parent_category_id: nullable(input.parent_id),
            rank: never_null(input.position, "/position")?,
            // A category is seen when it is active and not internal.
            is_active: visible,
            is_internal: visible.filter(|visible| *visible).map(|_| false),
        })
    }
}

fn send(door: Door, path: &str, body: &CategoryBody, remote: bool) -> Turn {
    let fields = fields(Entity::Categories, None, remote);
    Turn::ask(door.post(path, &[("fields", &fields)], body), move |answer| {
        single(Entity::Categories, success(&answer, &door.credential)?, remote, None)
    })
}
