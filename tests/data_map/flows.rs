//! The main job with marker values in everything that passes through: sign-up, a key, a store, a grant, calls of the store.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use testkit::plain_http::PlainHttp;
use testkit::stack::Stack;

/// Values that occur nowhere else.
pub(crate) struct Markers {
    /// Parts of an account (R001).
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) phone: String,
    pub(crate) company: String,
    pub(crate) website: String,
    /// What opens the store (R012).
    pub(crate) credential: String,
    /// A credential that the store refuses.
    pub(crate) refused_credential: String,
    /// In every body that the store answers with (R013).
    pub(crate) answered: String,
    /// In every body, path, query and header that the caller sends to the store.
    pub(crate) sent: String,
}

impl Markers {
    pub(crate) fn new() -> Self {
        let random =
            || cloud::clock::random_bytes().iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>();
        let digits: String =
            cloud::clock::random_bytes().iter().take(9).map(|byte| (b'0' + byte % 10) as char).collect();
        Self {
            name: format!("Marker Name {}", random()),
            email: format!("marker-{}@example.com", random()),
            phone: format!("+44{digits}"),
            company: format!("Marker Company {}", random()),
            website: format!("https://marker-{}.example.com", random()),
            credential: format!("ak_live_{}", random()),
            refused_credential: format!("ak_live_{}", random()),
            answered: format!("answered{}", random()),
            sent: format!("sent{}", random()),
        }
    }
}

/// What the flow left behind for its caller to use.
pub(crate) struct Walked {
    /// The store's id, which may stand in journals.
    pub(crate) store: String,
    /// Whole keys as they were shown, whose secret may rest nowhere.
    pub(crate) keys: Vec<String>,
    /// The token of the mailed link.
    pub(crate) token: String,
}

/// A CartOS store on a loopback port that puts a marker into every answer and remembers what it was sent.
struct MarkedStore {
    url: String,
    seen: Arc<Mutex<String>>,
}

impl MarkedStore {
    fn start(credential: &str, marker: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let seen = Arc::<Mutex<String>>::default();
        let (credential, marker, log) = (credential.to_owned(), marker.to_owned(), Arc::clone(&seen));
        // It ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answer(stream, &credential, &marker, &log);
            }
        });
        Self { url, seen }
    }
}

fn answer(mut stream: TcpStream, credential: &str, marker: &str, log: &Mutex<String>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = String::new();
    while reader.read_line(&mut head).is_ok_and(|length| length > 2) {}
    let header = |name: &str| {
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(name));
        line.and_then(|line| line.split_once(": ")).map(|(_, value)| value.trim().to_owned())
    };
    let length = header("content-length:").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    let _ = reader.read_exact(&mut body);
    let allowed = header("x-api-key:").is_some_and(|key| key == credential);
    let path = head.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default().to_owned();
    if allowed {
        let mut log = log.lock().unwrap();
        log.push_str(&head);
        log.push_str(&String::from_utf8_lossy(&body));
    }
    let (status, body) = if allowed { cartos(&path, marker) } else { (401, refusal("unauthorized", marker)) };
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status} Answer\r\nContent-Type: application/json\r\nX-Marker: {marker}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(body.as_bytes());
}

fn refusal(code: &str, marker: &str) -> Value {
    json!({ "error": { "code": code, "message": format!("{code} {marker}") } })
}

/// The status and body of the store's answer for a path.
fn cartos(path: &str, marker: &str) -> (u16, Value) {
    let page = json!({ "total": 1, "page": 1, "per_page": 25, "total_pages": 1 });
    let person =
        json!({ "id": 7, "email": format!("{marker}@example.org"), "first_name": marker, "last_name": marker });
    let order = json!({
        "id": 3, "number": format!("N-{marker}"), "status": "completed", "currency": "EUR", "total": "12.50",
        "customer": person, "note": marker,
        "billing_address": { "line1": marker, "city": marker, "country": "DE" },
        "lines": [{ "id": 1, "name": marker, "quantity": 1, "total": "12.50" }],
    });
    let product = json!({ "id": 5, "name": marker, "status": "active", "currency": "EUR", "price": "12.50" });
    match path {
        "/api/products" => (200, json!({ "products": [product], "pagination": page })),
        "/api/orders" => (200, json!({ "orders": [order], "pagination": page })),
        "/api/customers" => (200, json!({ "customers": [person], "pagination": page })),
        "/api/orders/3" => (200, json!({ "order": order })),
        "/api/customers/7" => (200, json!({ "customer": person })),
        path if path.contains("broken") => (500, refusal("internal", marker)),
        path if path.contains("garbage") => (200, json!(marker)),
        path if path.starts_with("/api/customers/") || path.starts_with("/api/products/") => {
            (404, refusal("not_found", marker))
        }
        _ => (200, json!({ "echo": marker, "list": [person, order] })),
    }
}

struct Client<'a> {
    http: PlainHttp,
    stack: &'a Stack,
}

impl Client<'_> {
    async fn send(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: &Value,
        marker: &str,
    ) -> (StatusCode, String, Value) {
        let url = format!("{}{path}", self.stack.api().as_str().trim_end_matches('/'));
        let mut request = Request::builder().method(method).uri(url);
        request = request.header("user-agent", format!("client/{marker}")).header("x-custom", marker);
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let bytes = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let request = request.header("content-type", "application/json").body(bytes).unwrap();
        let answer = self.http.send(request).await.unwrap();
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        let json = serde_json::from_str(&text).unwrap_or_default();
        (answer.status(), text, json)
    }

    /// A call that must succeed.
    async fn call(&self, method: Method, path: &str, key: Option<&str>, body: Value) -> Value {
        let (status, text, json) = self.send(method.clone(), path, key, &body, "none").await;
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        json
    }

    async fn mailed_link(&self, address: &str) -> String {
        let mailbox = format!("{}/_ministack/ses/messages", self.stack.aws().as_str().trim_end_matches('/'));
        for _ in 0..150 {
            let request = Request::get(&mailbox).body(Bytes::new()).unwrap();
            let answer = self.http.send(request).await.unwrap();
            let mails: Value = serde_json::from_slice(answer.body()).unwrap();
            let texts = texts_to(&mails, address);
            if let Some(link) =
                texts.iter().flat_map(|text| text.split_whitespace()).find(|word| word.starts_with("http"))
            {
                return link.to_owned();
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("no mail to {address} within 30 s");
    }
}

/// The bodies of the mails to an address; the emulator lists mails by AWS account.
fn texts_to(mails: &Value, address: &str) -> Vec<String> {
    let accounts = mails["messages"].as_object().into_iter().flatten();
    let mails = accounts.flat_map(|(_, mails)| mails.as_array().into_iter().flatten());
    let ours = mails.filter(|mail| mail["To"].as_array().is_some_and(|to| to.iter().any(|to| to == address)));
    ours.map(|mail| mail["BodyText"].as_str().unwrap_or_default().to_owned()).collect()
}

/// The first key in an answer.
fn key_in(answer: &Value) -> Option<String> {
    match answer {
        Value::String(text) if text.starts_with("ctg_") => Some(text.clone()),
        Value::Array(values) => values.iter().find_map(key_in),
        Value::Object(members) => members.values().find_map(key_in),
        _ => None,
    }
}

/// Walks the whole way, then gives journals and queues the time to come to rest.
pub(crate) async fn walk(stack: &Stack, markers: &Markers) -> Walked {
    let upstream = MarkedStore::start(&markers.credential, &markers.answered);
    let client = Client { http: PlainHttp::default(), stack };

    let form = json!({
        "name": markers.name, "email": markers.email, "phone": markers.phone, "company": markers.company,
        "website": markers.website, "adult": true, "consents": {}, "policy_version": "1",
    });
    client.call(Method::POST, "/v1/accounts", None, form).await;
    let link = client.mailed_link(&markers.email).await;
    let link: url::Url = link.parse().unwrap();
    let token = link.query_pairs().find(|(name, _)| name == "token").map(|(_, token)| token.into_owned()).unwrap();
    let page = format!("{}?{}", link.path(), link.query().unwrap_or_default());
    client.call(Method::GET, &page, None, Value::Null).await;
    let owner = client.call(Method::POST, "/v1/accounts/confirm", None, json!({ "token": token })).await;
    let owner = key_in(&owner).unwrap();

    let named = json!({ "name": "Marker application" });
    let application = client.call(Method::POST, "/v1/applications", Some(&owner), named).await;
    let application = application["id"].as_str().unwrap().to_owned();
    let scopes = json!(["products:read", "orders:read", "customers:read", "raw"]);
    let wanted = json!({ "scopes": scopes, "tier": "standard" });
    let key = client.call(Method::POST, &format!("/v1/applications/{application}/keys"), Some(&owner), wanted).await;
    let key = key_in(&key).unwrap();

    // With the cache on, so that answers rest in memory and, sealed, in a table.
    let connection = |credential: &str| {
        json!({
            "platform": "cartos", "url": upstream.url, "region": "eu", "cache": true,
            "credentials": { "api_key": credential },
        })
    };
    let refused = connection(&markers.refused_credential);
    let (status, text, _) = client.send(Method::POST, "/v1/stores", Some(&owner), &refused, "none").await;
    assert!(!status.is_success(), "a credential that does not work was kept: {text}");
    let store = client.call(Method::POST, "/v1/stores", Some(&owner), connection(&markers.credential)).await;
    let store = store["id"].as_str().unwrap().to_owned();
    // Through the vault's other form and back: the credential may be found in the one that is declared to hold it, and as plain text nowhere else.
    for form in ["sealed", "per-store"] {
        let path = format!("/v1/stores/{store}/move-credential");
        client.call(Method::POST, &path, Some(&owner), json!({ "to": form })).await;
    }
    let grant = format!("/v1/stores/{store}/grants/{application}");
    client.call(Method::PUT, &grant, Some(&owner), json!({ "scopes": scopes })).await;

    calls(&client, &key, &store, markers).await;
    // By what a customer is known may rest nowhere but as a keyed name.
    let customer = json!({ "id": markers.sent, "email": format!("{}@example.net", markers.sent) });
    let restriction = json!({ "customer": customer, "ground": "unlawful-use" });
    client.call(Method::POST, &format!("/v1/stores/{store}/restrictions"), Some(&owner), restriction).await;
    let seen = upstream.seen.lock().unwrap().clone();
    assert!(seen.contains(&markers.sent), "the store was not sent the marker: {seen}");
    // The journal is written behind the answer.
    tokio::time::sleep(Duration::from_secs(2)).await;
    fold_usage(stack).await;
    Walked { store, keys: vec![owner, key], token }
}

/// What the schedule does every quarter of an hour.
async fn fold_usage(stack: &Stack) {
    let environment = crate::world::environment("sweep", stack.aws());
    let boot = cloud::boot::Boot::new(&environment, cloud::clock::Clock::system()).unwrap();
    let app = sweep::App::new(&boot, sweep::Config::from_env(&environment).unwrap());
    let order = sweep::Order { sweep: sweep::Sweep::Usage, dry_run: false };
    // One that fails goes on with the next, as by its schedule: other tests keep the tables busy.
    for _ in 0..3 {
        let mut context = lambda_runtime::Context::default();
        context.deadline = u64::try_from(boot.clock.now().as_millisecond()).unwrap() + 300_000;
        if sweep::handle(&app, order, &context).await.is_ok_and(|report| report.swept.complete) {
            return;
        }
    }
    panic!("usage is not folded");
}

/// Calls of the store, good ones and bad ones, each with the marker wherever a caller can put something.
async fn calls(client: &Client<'_>, key: &str, store: &str, markers: &Markers) {
    let sent = &markers.sent;
    let base = format!("/v1/stores/{store}");
    let raw = json!({ "note": sent, "customer": { "email": format!("{sent}@example.org") } });
    let nothing = Value::Null;
    let mut carried = 0;
    for (method, path, body) in [
        (Method::GET, "/products".to_owned(), &nothing),
        (Method::GET, "/orders?include=remote".to_owned(), &nothing),
        (Method::GET, "/customers?per_page=5".to_owned(), &nothing),
        (Method::GET, "/orders/3?include=remote".to_owned(), &nothing),
        (Method::GET, "/customers/7".to_owned(), &nothing),
        (Method::GET, format!("/customers/{sent}"), &nothing),
        (Method::GET, format!("/products?fields={sent}"), &nothing),
        (Method::GET, format!("/products?cursor={sent}"), &nothing),
        (Method::GET, format!("/raw/api/notes/{sent}?q={sent}"), &nothing),
        (Method::POST, "/raw/api/notes".to_owned(), &raw),
        (Method::PUT, format!("/raw/api/broken/{sent}"), &raw),
        (Method::GET, format!("/raw/api/garbage/{sent}"), &nothing),
        (Method::DELETE, format!("/raw/api/products/{sent}"), &nothing),
        (Method::POST, "/products".to_owned(), &raw),
    ] {
        // A key's window is two calls a second.
        tokio::time::sleep(Duration::from_millis(550)).await;
        let (_, text, _) = client.send(method, &format!("{base}{path}"), Some(key), body, sent).await;
        carried += usize::from(text.contains(&markers.answered));
    }
    assert!(carried >= 7, "only {carried} answers carried what the store said");
    let (_, text, _) =
        client.send(Method::GET, &format!("{base}/products"), Some(&format!("ctg_{sent}")), &nothing, sent).await;
    assert!(!text.contains(&markers.answered), "a malformed key got through: {text}");
}
