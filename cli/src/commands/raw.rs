//! The platform's own API, passed through.

use std::io::Read;

use bytes::Bytes;
use http::Method;
use serde_json::Value;

use crate::{
    arguments::Raw,
    client::{Body, Client, segment},
    failure::Failure,
    screen::Screen,
};

/// `raw`: prints what the platform answers, whatever its status; one that is no success ends with an exit code like the API's own.
pub(crate) async fn run(raw: Raw, client: &Client, screen: &mut Screen) -> Result<(), Failure> {
    let method: Method = raw
        .method
        .to_ascii_uppercase()
        .parse()
        .map_err(|_| Failure::usage(format!("{} is no method of HTTP", raw.method)))?;
    let data = raw.data.as_deref().map(|path| -> Result<Bytes, Failure> {
        if path.as_os_str() == "-" {
            let mut data = Vec::new();
            std::io::stdin().lock().read_to_end(&mut data)?;
            return Ok(data.into());
        }
        std::fs::read(path).map(Bytes::from).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
    });
    let body = data.transpose()?.map_or(Body::None, |data| Body::Bytes(data, &raw.content_type));
    let path = format!("/v1/stores/{}/raw/{}", segment(&raw.store), raw.path.trim_start_matches('/'));
    let reply = client.call(method, &path, &[], body, screen).await?;
    let status = reply.status.as_u16();
    if screen.json() {
        let headers: serde_json::Map<String, Value> = reply
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into()))
            .collect();
        // A body that is JSON stands there as it is, any other as text.
        let body = serde_json::from_slice(&reply.body)
            .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&reply.body).into_owned()));
        screen.document(&serde_json::json!({ "status": status, "headers": headers, "body": body }))?;
    } else {
        if raw.include {
            screen.line(&screen.status(status.into(), &format!("HTTP {}", reply.status)))?;
            for (name, value) in &reply.headers {
                screen
                    .line(&format!("{name}: {}", crate::screen::plain(&String::from_utf8_lossy(value.as_bytes()))))?;
            }
            screen.line("")?;
        }
        screen.bytes(&reply.body)?;
    }
    if reply.status.is_client_error() || reply.status.is_server_error() {
        let said = serde_json::json!({ "code": "store_refused", "title": "The store refused.", "status": status });
        return Err(Failure::Refused(status, said));
    }
    Ok(())
}
