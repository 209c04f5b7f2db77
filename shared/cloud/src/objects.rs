//! Objects of one S3 bucket, for what is too large for a queue message.

use bytes::Bytes;
use http::{Method, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    aws::{ATTEMPTS, Aws, Call, CallError, Service},
    dynamo::Unavailable,
};

/// What stands in a path as it is (RFC 3986's unreserved characters, and the slash).
const PLAIN: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// One bucket. How objects are encrypted is the bucket's own rule.
#[derive(Clone)]
pub struct Objects {
    bucket: Service,
    /// What stands before the key in an object's path.
    path: String,
}

impl Objects {
    /// The bucket with this name.
    #[must_use]
    pub fn new(aws: &Aws, bucket: &str) -> Self {
        let (bucket, path) = aws.bucket(bucket);
        Self { bucket, path }
    }

    /// Puts an object, in place of one that is there.
    ///
    /// # Errors
    /// [`Unavailable`] where S3 does not take it. It may have taken it none the less.
    pub async fn put(&self, key: &str, body: Bytes) -> Result<(), Unavailable> {
        let headers = [("content-type", "application/octet-stream")];
        self.call(Method::PUT, key, &headers, body).await.map(drop).map_err(|error| unavailable("put", &error))
    }

    /// Reads an object; nothing where there is none.
    ///
    /// # Errors
    /// [`Unavailable`] where S3 cannot be asked.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, Unavailable> {
        match self.call(Method::GET, key, &[], Bytes::new()).await {
            Ok(body) => Ok(Some(body)),
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) && !error.is("NoSuchBucket") => Ok(None),
            Err(error) => Err(unavailable("get", &error)),
        }
    }

    /// Deletes an object. One that is gone already counts as deleted.
    ///
    /// # Errors
    /// [`Unavailable`] where S3 cannot be asked.
    pub async fn delete(&self, key: &str) -> Result<(), Unavailable> {
        let deleted = self.call(Method::DELETE, key, &[], Bytes::new()).await;
        deleted.map(drop).map_err(|error| unavailable("delete", &error))
    }

    async fn call(
        &self,
        method: Method,
        key: &str,
        headers: &[(&'static str, &str)],
        body: Bytes,
    ) -> Result<Bytes, CallError> {
        let path = format!("{}{}", self.path, utf8_percent_encode(key, &PLAIN));
        self.bucket.send(&Call { method, path: &path, headers, body, attempts: ATTEMPTS }).await
    }
}

fn unavailable(what: &'static str, error: &CallError) -> Unavailable {
    tracing::error!(what, cause = %error, "an object could not be reached");
    Unavailable
}
