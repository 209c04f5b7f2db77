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
