//! `/v1/users/{user}/devices`: what has been bound to a user, and where its queues go on.

use super::{answer, ask::Search, problem::Answer};
use crate::protocol::body::{Device, Page};

/// List the devices of a user, by id
#[utoipa::path(get, path = "/v1/users/{user}/devices", tag = "users",
    operation_id = "list_devices",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "A page of devices", body = Page<Device>)))]
pub(super) async fn list(Search { ask, mut query }: Search) -> Answer {
    let user = ask.own_user()?;
    let page = query.page(format!("devices/{user}"), &ask.api.cursors);
    query.done()?;
    let devices = ask.api.directory.devices(&user).await?;
    let (devices, last) = page.cut(devices, |view| view.device.to_string());
    let next = ask.api.cursors.next(&page, last)?;
    answer::list(devices.iter().map(Device::from).collect(), next)
}
