use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use proptest::prelude::*;
use sha2::Sha256;

use super::*;

const NOW: i64 = 1_700_000_100;
const BIG_BODY: &str = r#"{"store_id":"11111","producer":"stores/abcde","scope":"store/order/statusUpdated","data":{"type":"order","id":173331},"hash":"3f9ea420af83450d7ef9f78b08c8af25b2213637"}"#;
/// Made with `openssl dgst -sha256 -sign`; the private key was thrown away.
const WIX_KEY: &str = include_str!("wix.pem");
const WIX_BODY: &str = include_str!("wix.jwt");

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn check(platform: &str, secrets: &[&str], pairs: &[(&str, &str)], body: &str) -> Result<Verified, Unverified> {
    verify(recipe(platform).unwrap(), secrets, &headers(pairs), body.as_bytes(), at(NOW))
}

/// Platform, secret, headers and body.
type Golden = (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str);

/// `platforms.md` 3.4: validated by the vendors' own libraries or live deliveries.
const GOLDEN: &[Golden] = &[
    (
        "shopify",
        "hush",
        &[("X-Shopify-Hmac-Sha256", "D0UMXmhjwBRi4y66TmhJrDlhQABD7zI2fm3p6/QLMo8=")],
        r#"{"id":820982911946154508,"email":"jon@example.com"}"#,
    ),
    (
        "bigcommerce",
        "bc_client_secret_123",
        &[
            ("webhook-id", "msg_1"),
            ("webhook-timestamp", "1700000000"),
            ("webhook-signature", "v1,U/QwZonl58aBbrB+IRVp65cO2FSFWOkWzULFG3mapRc="),
        ],
        BIG_BODY,
    ),
    (
        "woocommerce",
        "whsec",
        &[("X-WC-Webhook-Signature", "zC8fc2J1qFdixyP4o8Kfvsu3wUJ60d2+FFia1JA2pik=")],
        r#"{"id":1}"#,
    ),
    (
        "squarespace",
        "00112233445566778899aabbccddeeff",
        &[("Squarespace-Signature", "dc21fda4016742b1c9fcebcf036aca182e78c1730f51e3c03e3b8aeb7861bd76")],
        r#"{"id":"n1","topic":"order.create"}"#,
    ),
    (
        "ecwid",
        "cs_ecwid",
        &[("X-Ecwid-Webhook-Signature", "m1J5x85KEDPNS9awDc3mf3fJnIyM7Bxm5ZRgKkGJWbM=")],
        r#"{"eventId":"evt-1","eventCreated":1700000000,"storeId":1003,"entityId":103,"eventType":"product.updated"}"#,
    ),
    (
        "shopware",
        "shopsecret",
        &[("shopware-shop-signature", "ba377156e288974f9fdd8812811bb0a4d3483bbd8eac428abe944ee0a36cdb4b")],
        r#"{"data":{"event":"product.written"}}"#,
    ),
    // `printf '{"id":1}' | openssl dgst -sha256 -hmac whsec`: WooCommerce's vector, in hex.
    (
        "cartos",
        "whsec",
        &[("X-CartOS-Signature", "cc2f1f736275a85762c723f8a3c29fbecbb7c1427ad1ddbe14589ad49036a629")],
        r#"{"id":1}"#,
    ),
    // Medusa's subscriber file signs as BigCommerce does.
    (
        "medusa",
        "bc_client_secret_123",
        &[
            ("webhook-id", "msg_1"),
            ("webhook-timestamp", "1700000000"),
            ("webhook-signature", "v1,U/QwZonl58aBbrB+IRVp65cO2FSFWOkWzULFG3mapRc="),
        ],
        BIG_BODY,
    ),
    ("wix", WIX_KEY, &[], WIX_BODY),
];

#[test]
fn golden_vectors_prove_themselves_and_nothing_else() {
    assert_eq!(GOLDEN.len(), RECIPES.len(), "every recipe has a vector");
    for (platform, secret, pairs, body) in GOLDEN {
        assert!(check(platform, &[secret], pairs, body).is_ok(), "{platform}");
        // The two secrets of a rotation, either way round.
        let other = if *platform == "squarespace" { "ff00" } else { "another" };
        assert!(check(platform, &[other, secret], pairs, body).is_ok(), "{platform}");
        assert!(check(platform, &[secret, other], pairs, body).is_ok(), "{platform}");
        for wrong in [&[][..], &[other][..], &[""][..]] {
            assert_eq!(check(platform, wrong, pairs, body), Err(Unverified::Wrong), "{platform}");
        }
        for missing in 0..pairs.len() {
            let mut fewer = pairs.to_vec();
            fewer.remove(missing);
            assert_eq!(check(platform, &[secret], &fewer, body), Err(Unverified::Missing), "{platform}");
            let mut twice = pairs.to_vec();
            twice.push(pairs[missing]);
            assert_eq!(check(platform, &[secret], &twice, body), Err(Unverified::Malformed), "{platform}");
        }
    }
}

#[test]
fn a_signature_can_be_written_in_one_way_only() {
    for (platform, secret, pairs, body) in GOLDEN {
        let Some(place) =
            pairs.iter().position(|(name, _)| name.to_lowercase().contains("sign") || name.contains("Hmac"))
        else {
            continue;
        };
        let told = pairs[place].1;
        let bare = told.trim_start_matches("v1,");
        let bytes = STANDARD.decode(bare).unwrap_or_else(|_| bare.bytes().collect());
        for other in [
            String::new(),
            " ".to_owned(),
            told.to_uppercase(),
            format!(" {told}"),
            format!("{told}="),
            format!("{told}{told}"),
            told[..told.len() - 1].to_owned(),
            told[..told.len() / 2].to_owned(),
            told.trim_end_matches('=').to_owned() + "\u{9}",
            told.replace('+', "-").replace('/', "_").replace('=', "") + "_",
            format!("sha256={told}"),
            // The same bytes, written as another platform would.
            bytes.iter().map(|byte| format!("{byte:02X}")).collect(),
            format!("v2,{bare}"),
            format!("v1, {bare}"),
            [told; 9].join(" "),
            "é".to_owned(),
        ] {
            let mut changed =
                headers(&pairs.iter().filter(|pair| pair.0 != pairs[place].0).copied().collect::<Vec<_>>());
            let value = HeaderValue::from_bytes(other.as_bytes()).unwrap();
            changed.insert(pairs[place].0.parse::<HeaderName>().unwrap(), value);
            let found = verify(recipe(platform).unwrap(), &[secret], &changed, body.as_bytes(), at(NOW));
            assert!(matches!(found, Err(Unverified::Malformed | Unverified::Wrong)), "{platform} {other:?}");
        }
    }
}

#[test]
fn several_versioned_signatures_prove_when_one_does() {
    let (platform, secret, pairs, body) = GOLDEN[1];
    let other = STANDARD.encode([7; 32]);
    let with = |signature: String| {
        check(platform, &[secret], &[pairs[0], pairs[1], ("webhook-signature", signature.as_str())], body)
    };
    assert!(with(format!("v1,{other} {}", pairs[2].1)).is_ok());
    assert!(with(format!("v1a,whatever {}", pairs[2].1)).is_ok(), "of a version that is not ours");
    assert_eq!(with(format!("v1,{other} v1,{other}")), Err(Unverified::Wrong));
    assert_eq!(with("v1a,whatever".to_owned()), Err(Unverified::Malformed));
}

#[test]
fn shopware_may_sign_with_the_secret_before() {
    let (platform, secret, pairs, body) = GOLDEN[5];
    let other = "ab".repeat(32);
    let both = [("shopware-shop-signature", other.as_str()), ("shopware-shop-signature-previous", pairs[0].1)];
    assert!(check(platform, &[secret], &both, body).is_ok());
    assert!(check(platform, &[secret], &both[1..], body).is_ok());
    assert_eq!(check(platform, &[secret], &both[..1], body), Err(Unverified::Wrong));
}

#[test]
fn a_webhook_out_of_its_time_is_stale() {
    for (platform, back, ahead) in [("bigcommerce", 300, 300), ("medusa", 300, 300), ("ecwid", 86_700, 300)] {
        let (_, secret, pairs, body) = GOLDEN.iter().find(|golden| golden.0 == platform).unwrap();
        let when = |second| verify(recipe(platform).unwrap(), &[secret], &headers(pairs), body.as_bytes(), at(second));
        assert!(when(1_700_000_000 + back).is_ok());
        assert_eq!(when(1_700_000_000 + back + 1), Err(Unverified::Stale));
        assert!(when(1_700_000_000 - ahead).is_ok());
        assert_eq!(when(1_700_000_000 - ahead - 1), Err(Unverified::Stale));
    }
    // The claims of the JWT: made at …000, good until …600.
    let when = |second| verify(recipe("wix").unwrap(), &[WIX_KEY], &HeaderMap::new(), WIX_BODY.as_bytes(), at(second));
    assert!(when(1_700_000_900).is_ok() && when(1_699_999_700).is_ok());
    assert_eq!(when(1_700_000_901), Err(Unverified::Stale));
    assert_eq!(when(1_699_999_699), Err(Unverified::Stale));
    for time in ["", "-1", "+1700000000", "01700000000", "1700000000.0", "1e9", "99999999999999"] {
        let (platform, secret, pairs, body) = GOLDEN[1];
        let pairs = [pairs[0], ("webhook-timestamp", time), pairs[2]];
        assert_eq!(check(platform, &[secret], &pairs, body), Err(Unverified::Malformed), "{time}");
    }
    // Shopware's stands in the body, which is believed only when it is proven.
    let body = r#"{"timestamp":1700000000}"#;
    let signature = hex_of(&mac(b"shopsecret", body.as_bytes()));
    let when = |second| {
        let headers = headers(&[("shopware-shop-signature", &signature)]);
        verify(recipe("shopware").unwrap(), &["shopsecret"], &headers, body.as_bytes(), at(second))
    };
    assert!(when(1_700_000_300).is_ok());
    assert_eq!(when(1_700_000_301), Err(Unverified::Stale));
}

#[test]
fn ecwids_body_proves_only_its_event() {
    let (platform, secret, pairs, body) = GOLDEN[4];
    let elsewhere = body.replace("103", "104");
    assert!(check(platform, &[secret], pairs, &elsewhere).is_ok(), "so it is a hint to read, and no more");
    for changed in [
        body.replace("evt-1", "evt-2"),
        body.replace("1700000000", "1700000001"),
        body.replace("evt-1", "evt-1\",\"eventId\":\"evt-2"),
        body.replace("1700000000", "\"1700000000\""),
        body[1..].to_owned(),
    ] {
        assert!(check(platform, &[secret], pairs, &changed).is_err(), "{changed}");
    }
}

#[test]
fn a_jwt_cannot_choose_how_it_is_proven() {
    let [head, claims, signature] = WIX_BODY.split('.').collect::<Vec<_>>()[..] else { unreachable!("three parts") };
    let wix = |body: &str| check("wix", &[WIX_KEY], &[], body);
    let url = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    for head in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"HS256"}"#,
        r#"{"alg":"RS256","alg":"none"}"#,
        r#"{"alg":"rs256"}"#,
        r#"{"alg":"RS256","crit":["b64"]}"#,
        "{}",
        "",
    ] {
        let head = url.encode(head);
        assert_eq!(wix(&format!("{head}.{claims}.{signature}")), Err(Unverified::Malformed));
        assert_eq!(wix(&format!("{head}.{claims}.")), Err(Unverified::Malformed));
    }
    // The public key, which everybody has, as the key of an HMAC.
    let signed = format!("{}.{claims}", url.encode(r#"{"alg":"HS256"}"#));
    let forged = format!("{signed}.{}", url.encode(mac(WIX_KEY.as_bytes(), signed.as_bytes())));
    assert_eq!(wix(&forged), Err(Unverified::Malformed));
    assert_eq!(wix(&format!("{head}.{claims}.")), Err(Unverified::Wrong));
    assert_eq!(wix(&format!("{head}.{claims}.{signature}.")), Err(Unverified::Missing));
    assert_eq!(wix(&format!("{head}.{claims}.{signature}=")), Err(Unverified::Malformed));
    assert_eq!(wix(&format!("{head}.{claims}.{signature}\n")), Err(Unverified::Malformed));
    for body in ["", "{}", "a.b", "....", "\u{e9}"] {
        assert!(wix(body).is_err());
    }
    // A key without its line breaks, as environment variables and forms hold it, and one in the older form.
    let flat = WIX_KEY.replace('\n', "");
    assert!(check("wix", &[&flat], &[], WIX_BODY).is_ok());
    let der = STANDARD.decode(flat.split("-----").nth(2).unwrap()).unwrap();
    let older =
        format!("-----BEGIN RSA PUBLIC KEY-----\n{}\n-----END RSA PUBLIC KEY-----", STANDARD.encode(&der[24..]));
    assert!(check("wix", &[&older], &[], WIX_BODY).is_ok());
    for broken in
        ["", "-----BEGIN PUBLIC KEY-----", "-----BEGIN PUBLIC KEY-----AAAA-----END PUBLIC KEY-----", &flat[..200]]
    {
        assert_eq!(check("wix", &[broken], &[], WIX_BODY), Err(Unverified::Wrong));
    }
}

#[test]
fn only_named_headers_are_kept() {
    let (platform, secret, pairs, body) = GOLDEN[2];
    let all = [pairs[0], ("X-WC-Webhook-ID", "7"), ("X-WC-Webhook-Topic", "order.created"), ("Cookie", "private")];
    let kept = check(platform, &[secret], &all, body).unwrap().headers;
    let expected = [("x-wc-webhook-id", "7"), ("x-wc-webhook-topic", "order.created")];
    assert_eq!(kept, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    let twice = [pairs[0], all[2], ("X-WC-Webhook-Topic", "order.deleted")];
    assert_eq!(check(platform, &[secret], &twice, body), Err(Unverified::Malformed));
    for recipe in RECIPES {
        let named = |told| match told {
            Told::Header(name) => vec![name],
            Told::Digest(names) => names.to_vec(),
            Told::Field(_) => vec![],
        };
        let names = named(recipe.id).into_iter().chain(named(recipe.topic));
        assert!(names.into_iter().all(|name| recipe.kept.contains(&name)), "{}", recipe.platform);
        assert!(recipe.kept.iter().chain(recipe.signature).all(|name| *name == name.to_lowercase()));
    }
}

#[test]
fn only_woocommerces_own_ping_is_one() {
    let form = [("content-type", "application/x-www-form-urlencoded; charset=UTF-8")];
    let ping = |platform: &str, pairs: &[(&str, &str)], body: &str| {
        is_ping(recipe(platform).unwrap(), &headers(pairs), body.as_bytes())
    };
    assert!(ping("woocommerce", &form, "webhook_id=12"));
    assert!(!ping("shopify", &form, "webhook_id=12"));
    assert!(!ping("woocommerce", &[("content-type", "application/json")], "webhook_id=12"));
    assert!(!ping("woocommerce", &[], "webhook_id=12"));
    assert!(!ping("woocommerce", &[form[0], ("x-wc-webhook-signature", "AAAA")], "webhook_id=12"));
    for body in ["webhook_id=", "webhook_id=1&id=2", "webhook_id=x", "", "id=1", "webhook_id=123456789012345678901"] {
        assert!(!ping("woocommerce", &form, body), "{body}");
    }
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(text).finalize().into_bytes().to_vec()
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A webhook as the platform would sign it, of the schemes whose secret is a text.
fn signed(recipe: &Recipe, secret: &str, id: &str, body: &[u8]) -> HeaderMap {
    let time = NOW.to_string();
    let (text, mut pairs) = match recipe.signed {
        Signed::IdTimeBody { id: id_name, time: time_name } => {
            let text = [id.as_bytes(), b".", time.as_bytes(), b".", body].concat();
            (text, vec![(id_name, id.to_owned()), (time_name, time)])
        }
        _ => (body.to_vec(), vec![]),
    };
    let mac = mac(secret.as_bytes(), &text);
    let signature = match recipe.encoding {
        Encoding::Hex => hex_of(&mac),
        Encoding::Versioned => format!("v1,{}", STANDARD.encode(mac)),
        _ => STANDARD.encode(mac),
    };
    pairs.push((recipe.signature[0], signature));
    headers(&pairs.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>())
}

proptest! {
    /// Whatever is changed of body, id, time, signature or secret, it is no longer proven.
    #[test]
    fn whatever_is_changed_shows(
        platform in prop::sample::select(vec!["cartos", "shopify", "woocommerce", "bigcommerce", "medusa"]),
        secret in "[!-~]{1,64}",
        id in "[A-Za-z0-9._-]{1,40}",
        body in prop::collection::vec(any::<u8>(), 0..300),
        place in any::<prop::sample::Index>(),
        flip in 1_u8..,
    ) {
        let recipe = recipe(platform).unwrap();
        let headers = signed(recipe, &secret, &id, &body);
        let holds = |secret: &str, headers: &HeaderMap, body: &[u8]| {
            verify(recipe, &[secret], headers, body, at(NOW)).is_ok()
        };
        prop_assert!(holds(&secret, &headers, &body));
        let mut longer = body.clone();
        longer.push(flip);
        prop_assert!(!holds(&secret, &headers, &longer));
        if !body.is_empty() {
            let mut changed = body.clone();
            changed[place.index(body.len())] ^= flip;
            prop_assert!(!holds(&secret, &headers, &changed));
            prop_assert!(!holds(&secret, &headers, &body[..place.index(body.len())]));
        }
        let other = format!("{secret}x");
        prop_assert!(!holds(&other, &headers, &body));
        for name in headers.keys() {
            let mut changed = headers.clone();
            let mut value = headers[name].as_bytes().to_vec();
            let place = place.index(value.len());
            value[place] = if value[place] == b'7' { b'8' } else { b'7' };
            changed.insert(name, HeaderValue::from_bytes(&value).unwrap());
            prop_assert!(!holds(&secret, &changed, &body), "{name}");
        }
    }

    /// No bytes of a JWT can be changed, and none crash its reader.
    #[test]
    fn a_changed_jwt_shows(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut body = WIX_BODY.as_bytes().to_vec();
        let place = place.index(body.len());
        prop_assume!(body[place] != byte);
        body[place] = byte;
        let found = verify(recipe("wix").unwrap(), &[WIX_KEY], &HeaderMap::new(), &body, at(NOW));
        prop_assert!(found.is_err());
    }
}
