//! Nothing goes in or out but over TLS 1.2 or better: what the template opens, and what our own client says when it meets a server (R015, R043, R116).

use std::collections::BTreeSet;

use bytes::Bytes;
use cloud::{
    clock::Clock,
    egress::{Egress, EgressError},
    env::Permission,
};
use http::HeaderMap;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{of_type, templates};

/// The ways in that are not as promised, each as a sentence.
fn open_ways(templates: &[Value]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut must = |holds: bool, name: &str, text: &str| {
        if !holds {
            wrong.push(format!("{name}: {text}"));
        }
    };
    for (name, properties) in of_type(templates, "AWS::ApiGatewayV2::Api") {
        // All endpoints of an HTTP API speak HTTPS alone, at TLS 1.2 or better ("Security policy for HTTP APIs in API Gateway").
        must(properties["ProtocolType"] == "HTTP", name, "only an HTTP API has no older TLS");
    }
    for (name, properties) in of_type(templates, "AWS::ApiGatewayV2::DomainName") {
        let policies = properties["DomainNameConfigurations"].as_array().into_iter().flatten();
        let at_least = policies.clone().all(|one| one["SecurityPolicy"] == "TLS_1_2");
        must(at_least && policies.count() > 0, name, "a domain of its own takes TLS_1_2");
    }
    for (name, properties) in of_type(templates, "AWS::CloudFront::Distribution") {
        let distribution = &properties["DistributionConfig"];
        // CloudFront's own certificate brings TLS 1.0 with it, whatever else is asked for.
        let viewer = &distribution["ViewerCertificate"];
        let version = viewer["MinimumProtocolVersion"].as_str().unwrap_or_default();
        must(["TLSv1.2_2021", "TLSv1.2_2025"].contains(&version), name, "it takes an older TLS");
        must(viewer["AcmCertificateArn"]["Ref"].is_string(), name, "it may have no certificate of its own");
        let behaviours = distribution["CacheBehaviors"].as_array().into_iter().flatten();
        let mut behaviours = behaviours.chain([&distribution["DefaultCacheBehavior"]]);
        must(behaviours.all(|one| one["ViewerProtocolPolicy"] == "https-only"), name, "it takes plain HTTP");
        for origin in distribution["Origins"].as_array().into_iter().flatten() {
            let config = &origin["CustomOriginConfig"];
            let safe =
                config["OriginProtocolPolicy"] == "https-only" && config["OriginSSLProtocols"] == json!(["TLSv1.2"]);
            must(safe, name, "it speaks to its origin otherwise");
        }
    }
    for (kind, policy, member) in
        [("AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "Queues"), ("AWS::S3::Bucket", "AWS::S3::BucketPolicy", "Bucket")]
    {
        let refusing: BTreeSet<&str> =
            of_type(templates, policy).flat_map(|(_, properties)| refused(&properties[member], properties)).collect();
        for (name, _) in of_type(templates, kind) {
            must(refusing.contains(name), name, "it takes plain HTTP");
        }
    }
    for (name, properties) in of_type(templates, "AWS::Lambda::Url") {
        must(false, name, &format!("a way in that nothing stands before: {properties}"));
    }
    wrong
}

/// The resources for which a policy refuses everything that does not come over TLS.
fn refused<'a>(of: &'a Value, properties: &'a Value) -> Vec<&'a str> {
    let many = of.as_array().map_or(std::slice::from_ref(of), Vec::as_slice);
    let named = many.iter().filter_map(|one| one["Ref"].as_str());
    let statements = properties["PolicyDocument"]["Statement"].as_array().into_iter().flatten();
    let refusals: Vec<String> = statements
        .filter(|one| {
            let all = ["sqs:*", "s3:*"].iter().any(|action| one["Action"] == *action);
            one["Effect"] == "Deny"
                && one["Principal"] == "*"
                && all
                && one["Condition"] == json!({ "Bool": { "aws:SecureTransport": "false" } })
        })
        .map(|one| one["Resource"].to_string())
        .collect();
    // A bucket's objects are resources of their own.
    let covers = |name: &str| {
        let whole = refusals.iter().any(|resources| resources.contains(&format!("[\"{name}\",\"Arn\"]")));
        let is_bucket = properties["Bucket"]["Ref"] == name;
        whole && (!is_bucket || refusals.iter().any(|resources| resources.contains(&format!("${{{name}.Arn}}/*"))))
    };
    named.filter(|name| covers(name)).collect()
}

#[test]
fn r015_r116_nothing_comes_in_but_over_tls_1_2_or_better() {
    let templates = templates();
    assert_eq!(open_ways(&templates), [""; 0]);
    assert!(of_type(&templates, "AWS::SQS::Queue").count() > 10, "the queues were found");
    assert_eq!(of_type(&templates, "AWS::CloudFront::Distribution").count(), 1, "the edge was found");
}

/// What has no queue policy, an older TLS or a redirect is seen.
#[test]
fn an_open_way_is_seen() {
    let edge = |distribution: Value| {
        json!({ "Resources": { "Edge": {
            "Type": "AWS::CloudFront::Distribution", "Properties": { "DistributionConfig": distribution },
        } } })
    };
    let ways = open_ways(&[edge(json!({
        "ViewerCertificate": { "CloudFrontDefaultCertificate": true },
        "DefaultCacheBehavior": { "ViewerProtocolPolicy": "redirect-to-https" },
        "Origins": [{ "CustomOriginConfig": { "OriginProtocolPolicy": "match-viewer" } }],
    }))]);
    assert_eq!(ways.len(), 4, "{ways:?}");
    let policy = |condition: Value| {
        let statement = json!({
            "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Condition": condition,
            "Resource": [{ "Fn::GetAtt": ["Some", "Arn"] }],
        });
        let properties = json!({ "Queues": [{ "Ref": "Some" }, { "Ref": "Other" }], "PolicyDocument": { "Statement": [statement] } });
        json!({ "Resources": {
            "Policy": { "Type": "AWS::SQS::QueuePolicy", "Properties": properties },
            "Some": { "Type": "AWS::SQS::Queue" },
            "Other": { "Type": "AWS::SQS::Queue" },
        } })
    };
    let refusing = json!({ "Bool": { "aws:SecureTransport": "false" } });
    assert_eq!(open_ways(&[policy(refusing)]), ["Other: it takes plain HTTP"]);
    assert_eq!(open_ways(&[policy(json!({ "Bool": { "aws:SecureTransport": "true" } }))]).len(), 2);
}

/// A client's first words (RFC 8446, 4.1.2).
struct Hello {
    versions: Vec<u16>,
    suites: Vec<u16>,
}

/// Reads numbers off the front of bytes.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    fn number(&mut self, bytes: usize) -> usize {
        self.take(bytes).iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
    }

    /// Bytes that follow their length.
    fn counted(&mut self, bytes: usize) -> &'a [u8] {
        let length = self.number(bytes);
        self.take(length)
    }
}

fn numbers(bytes: &[u8]) -> Vec<u16> {
    bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
}

impl Hello {
    fn read(message: &[u8]) -> Self {
        let mut reader = Reader(message);
        assert_eq!(reader.number(1), 1, "a ClientHello");
        let _length = reader.number(3);
        let mut versions = numbers(reader.take(2));
        let _random = reader.take(32);
        let _session = reader.counted(1);
        let suites = numbers(reader.counted(2));
        let _compression = reader.counted(1);
        let mut extensions = Reader(reader.counted(2));
        while !extensions.0.is_empty() {
            let (kind, body) = (extensions.number(2), extensions.counted(2));
            // `supported_versions`, which stands in place of the version above (RFC 8446, 4.2.1).
            if kind == 43 {
                versions = numbers(Reader(body).counted(1));
            }
        }
        Self { versions, suites }
    }
}

/// Answers a client's first words with a server's that choose this version, and says what the client offered and what it said then.
async fn meet(listener: TcpListener, version: [u8; 2]) -> (Hello, Vec<u8>) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut head = [0; 5];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(head[0], 22, "a handshake");
    let mut message = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
    stream.read_exact(&mut message).await.unwrap();
    let hello = Hello::read(&message);
    // No session, TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, no compression, no extensions.
    let body = [&version[..], &[7; 32], &[0, 0xc0, 0x14, 0, 0, 0]].concat();
    let length = u8::try_from(body.len()).unwrap();
    let record = [&[22, version[0], version[1], 0, length + 4, 2, 0, 0, length], &body[..]].concat();
    stream.write_all(&record).await.unwrap();
    let mut said = Vec::new();
    stream.read_to_end(&mut said).await.unwrap_or_default();
    (hello, said)
}

#[tokio::test]
async fn r015_r043_r116_no_server_is_spoken_to_below_tls_1_2_nor_with_keys_of_fewer_than_256_bits() {
    for version in [[3, 1], [3, 2]] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port()).parse().unwrap();
        let egress = Egress::new(cloud::aws::tls(), Permission::Allow, "tests", Clock::system());
        let called = egress.post(&url, HeaderMap::new(), Bytes::from_static(b"secret"));
        let (posted, (hello, said)) = tokio::join!(called, meet(listener, version));
        assert_eq!((posted.status, posted.error), (None, Some(EgressError::Unreachable)));
        assert_eq!(hello.versions, [0x0304, 0x0303], "TLS 1.3 and 1.2");
        // The only ones of TLS 1.3 and 1.2 that rustls knows besides these have keys of 128 bits (RFC 8446, B.4; RFC 5289; RFC 7905). 0x00ff is no
        // suite: it says that renegotiation is safe (RFC 5746).
        let of_256_bits = [0x1302, 0x1303, 0xc02c, 0xc030, 0xcca9, 0xcca8];
        let offered: BTreeSet<u16> = hello.suites.iter().copied().filter(|suite| *suite != 0x00ff).collect();
        assert_eq!(offered, BTreeSet::from(of_256_bits), "{:x?}", hello.suites);
        assert!(said.ends_with(&[2, 70]), "`protocol_version`, a fatal alert (RFC 8446, 6.2): {said:?}");
    }
}

#[tokio::test]
async fn r015_plain_http_is_never_spoken_to_a_store_or_an_endpoint() {
    let egress = Egress::new(cloud::aws::tls(), Permission::Deny, "tests", Clock::system());
    for url in ["http://shop.example/", "http://shop.example:8443/", "http://127.0.0.1/", "ftp://shop.example/"] {
        let posted = egress.post(&url.parse().unwrap(), HeaderMap::new(), Bytes::new()).await;
        assert_eq!(posted.error, Some(EgressError::Refused), "{url}");
    }
}

/// Which keys a connection has is decided by both sides, so what is published says whose choice is whose.
#[test]
fn r043_what_is_published_of_encryption_is_what_is_so() {
    let records = std::fs::read_to_string(super::root().join("docs/privacy/records.md")).unwrap();
    for sentence in [
        "In transit it is encrypted with TLS 1.2 or better; plain HTTP is refused.",
        "Our own calls go out with keys of 256 bits; who calls us may choose keys of 128",
    ] {
        assert!(records.contains(sentence), "{sentence}");
    }
}
