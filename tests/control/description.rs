//! The description of the API, as it is served.

use super::house::House;
use crate::world::Calling;

#[tokio::test]
async fn the_description_is_served_to_everyone_and_only_once() {
    let house = House::new().await;
    let path = "/v1/openapi.json";
    let first = house.call(Calling::new("GET", path)).await;
    assert_eq!((first.status, first.headers["content-type"].as_str()), (200, "application/json"));
    assert_eq!(first.json(), openapi::document(), "what is served is what the code says");
    assert_eq!(first.headers["cache-control"], "public, max-age=300");

    let etag = &first.headers["etag"];
    for known in [etag.clone(), format!("W/{etag}"), format!("\"other\", {etag}"), "*".to_owned()] {
        let again = house.call(Calling::new("GET", path).header("if-none-match", &known)).await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{known}");
        assert_eq!(&again.headers["etag"], etag);
    }
    let other = house.call(Calling::new("GET", path).header("if-none-match", "\"other\"")).await;
    assert_eq!((other.status, other.body.len()), (200, first.body.len()));
}
