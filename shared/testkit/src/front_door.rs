//! A clean address in front of the deployed API: `http://127.0.0.1:PORT/v1/…` instead of the emulator's long path.
//!
//! Only the path gets a prefix; method, headers (`Host` too) and bodies pass as they are, in both directions.

use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;

use bytes::Bytes;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::Url;

/// A listening front door; bind first, so that a busy port is found early, then serve.
#[derive(Debug)]
pub struct FrontDoor {
    listener: TcpListener,
}

impl FrontDoor {
    /// Listens on a loopback port; 0 takes a free one.
    ///
    /// # Errors
    /// What the operating system says, [`io::ErrorKind::AddrInUse`] for a busy port.
    pub async fn bind(port: u16) -> io::Result<Self> {
        Ok(Self { listener: TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await? })
    }

    /// The port it listens on.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn port(&self) -> io::Result<u16> {
        Ok(self.listener.local_addr()?.port())
    }

    /// Passes every request on to `api`, until dropped.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] when `api` has no host; later errors of single connections are theirs alone.
    pub async fn serve(self, api: &Url) -> io::Result<Infallible> {
        let unusable = || io::Error::from(io::ErrorKind::InvalidInput);
        let authority: Authority = api.authority().parse().map_err(|_| unusable())?;
        let prefix = api.path().trim_end_matches('/').to_owned();
        let client: Client<HttpConnector, Incoming> =
            Client::builder(TokioExecutor::new()).set_host(false).build_http();
        let mut connections = JoinSet::new();
        loop {
            let (stream, _) = self.listener.accept().await?;
            let (authority, prefix, client) = (authority.clone(), prefix.clone(), client.clone());
            let service = service_fn(move |request| {
                let (authority, prefix, client) = (authority.clone(), prefix.clone(), client.clone());
                async move { Ok::<_, Infallible>(pass_on(&client, authority, &prefix, request).await) }
            });
            connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            while connections.try_join_next().is_some() {}
        }
    }
}

async fn pass_on(
    client: &Client<HttpConnector, Incoming>,
    authority: Authority,
    prefix: &str,
    mut request: Request<Incoming>,
) -> Response<Either<Incoming, Full<Bytes>>> {
    let asked = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    let target =
        Uri::builder().scheme(Scheme::HTTP).authority(authority).path_and_query(format!("{prefix}{asked}")).build();
    let Ok(target) = target else {
        return plain(StatusCode::BAD_REQUEST, "the request target is not a path\n");
    };
    *request.uri_mut() = target;
    match client.request(request).await {
        Ok(answer) => answer.map(Either::Left),
        Err(_) => plain(StatusCode::BAD_GATEWAY, "the AWS emulator does not answer\n"),
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<Either<Incoming, Full<Bytes>>> {
    let mut answer = Response::new(Either::Right(Full::from(text)));
    *answer.status_mut() = status;
    answer
}

#[cfg(test)]
mod tests {
    use http::header::HOST;

    use super::*;
    use crate::fault_proxy::{Calls, Fault, FaultProxy, refused};
    use crate::plain_http::PlainHttp;

    #[tokio::test]
    async fn only_the_path_gets_a_prefix() {
        let behind = FaultProxy::in_front_of(&refused().await.unwrap()).await.unwrap();
        behind.inject(Calls::All, Fault::Answer(StatusCode::IM_A_TEAPOT, "short and stout"), 1);
        let api = behind.url().join("_aws/execute-api/abc/$default").unwrap();
        let door = FrontDoor::bind(0).await.unwrap();
        let port = door.port().unwrap();
        let call = Request::patch(format!("http://127.0.0.1:{port}/v1/a%20b?c=d%2Fe"))
            .header("x-api-key", "ctg_x")
            .body(Bytes::from_static(b"body"))
            .unwrap();
        let client = PlainHttp::default();
        let answer = tokio::select! {
            answer = client.send(call) => answer.unwrap(),
            end = door.serve(&api) => panic!("{end:?}"),
        };
        assert_eq!((answer.status(), answer.body().as_ref()), (StatusCode::IM_A_TEAPOT, b"short and stout".as_slice()));
        let seen = behind.seen().remove(0);
        assert_eq!(seen.path, "/_aws/execute-api/abc/$default/v1/a%20b?c=d%2Fe");
        assert_eq!((seen.method.as_str(), seen.body.as_ref()), ("PATCH", b"body".as_slice()));
        assert_eq!(seen.headers[HOST], format!("127.0.0.1:{port}"));
        assert_eq!(seen.headers["x-api-key"], "ctg_x");
    }
}
