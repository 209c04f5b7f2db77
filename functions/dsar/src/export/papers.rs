//! What stands in the file beside the data: what is held of people in general, a schema, a summary to read, and the manifest.

use std::{collections::BTreeSet, fmt::Debug};

use cloud::{
    data_map::DATA_MAP,
    dynamo::{
        Unavailable,
        disclosed::{self, Extent},
        runs::PlaceItem,
    },
    processors::PROCESSORS,
};
use domain::request::Kind;
use personal_data::{Export, Limit, Personal, Retention, Role, Subject, processor::Processor};
use serde_json::{Value, json};

use super::{archive::Archive, window};
use crate::{
    plan::{self, EXCEPTED},
    run::Running,
};

/// Adds everything that is not the person's own data.
pub(super) async fn add(running: &Running<'_>, archive: &mut Archive<'_>, extent: Extent) -> Result<(), Unavailable> {
    let kind = running.request.kind;
    archive.add("know.json", &pretty(&know())).await?;
    if kind != Kind::KnowCategories {
        archive.add("schema.json", &pretty(&schema(kind, extent))).await?;
        archive.add("processors.json", &pretty(&processors())).await?;
    }
    let rows = &running.places;
    let received = running.request.received_at.strftime("%Y-%m-%d").to_string();
    archive.add("README.en.md", english(kind, rows, &received).as_bytes()).await?;
    archive.add("README.fr.md", french(kind, rows, &received).as_bytes()).await?;
    if kind == Kind::KnowCategories {
        return Ok(());
    }
    let mut files: Vec<_> = archive.members().iter().collect();
    files.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    let files: Vec<Value> = files
        .into_iter()
        .map(|file| json!({ "name": file.name, "bytes": file.bytes, "sha256": file.sha256 }))
        .collect();
    let manifest = json!({
        "request": running.request.id,
        "kind": kind,
        "regime": running.request.regime,
        "received_at": running.request.received_at,
        "data_map": plan::version(),
        "window": window(running.app.clock.now()),
        "files": files,
        "omissions": omissions(extent),
    });
    archive.add("manifest.json", &pretty(&manifest)).await
}

fn pretty(value: &Value) -> Vec<u8> {
    // Numbers and texts of ours, which always serialise.
    let mut text = serde_json::to_vec_pretty(value).unwrap_or_default();
    text.push(b'\n');
    text
}

/// The four answers of a request to know (R036, R052), and whether anything is sold (R057): from the data map, for everybody the same.
fn know() -> Value {
    let mut categories = Vec::new();
    for record in DATA_MAP.records {
        if !matches!(record.subject, Subject::AccountUser | Subject::Merchant | Subject::Caller)
            || record.role == Role::Processor
        {
            continue;
        }
        for (_, personal) in record.personal() {
            let Personal { category, origin, basis, purposes, retain, .. } = personal;
            let purposes: BTreeSet<String> = purposes.iter().map(word).collect();
            let entry = json!({
                "category": category, "source": word(&origin), "basis": word(&basis), "purposes": purposes,
                "kept": kept(retain), "place": record.store,
            });
            if !categories.contains(&entry) {
                categories.push(entry);
            }
        }
    }
    categories.sort_by_key(Value::to_string);
    json!({
        "categories": categories,
        "third_parties": third_parties(),
        // There is no purpose for it, and no way out of the stack that could (R011).
        "sold_or_shared": false,
        "sold_or_shared_to": [],
    })
}

/// To what kinds of third parties data goes.
fn third_parties() -> Value {
    let working = PROCESSORS.iter().filter(|processor| processor.terms().is_some());
    let party = |processor: &Processor| {
        let purposes: BTreeSet<String> = processor.purposes.iter().map(word).collect();
        json!({ "category": word(&processor.category), "purposes": purposes })
    };
    working.map(party).collect()
}

/// Who processes for us.
fn processors() -> Value {
    let working = PROCESSORS.iter().filter(|processor| processor.terms().is_some());
    let entry = |processor: &Processor| {
        json!({
            "name": processor.name, "category": word(&processor.category), "role": "processor", "what": processor.task,
            "data": processor.data,
        })
    };
    working.map(entry).collect()
}

/// What each file's columns are.
fn schema(kind: Kind, extent: Extent) -> Value {
    let holdings = plan::places(kind).into_iter().flat_map(|place| place.holdings);
    let files: serde_json::Map<String, Value> = holdings
        .filter_map(|holding| {
            let columns = disclosed::attributes(&holding.record, holding.rests.extent(extent));
            let column = |name: &&'static str| {
                let personal = holding.record.personal().find(|(attribute, _)| attribute == name);
                match personal {
                    Some((_, personal)) => json!({
                        "name": name, "category": personal.category, "source": word(&personal.origin),
                    }),
                    None => json!({ "name": name }),
                }
            };
            let columns: Vec<Value> = columns.iter().map(column).collect();
            (!columns.is_empty()).then(|| (holding.file.to_owned(), json!({ "columns": columns })))
        })
        .collect();
    json!({
        "files": files,
        "json": "UTF-8, an array of objects (RFC 8259); the exact values",
        "csv": "UTF-8, CRLF, quoted where needed (RFC 4180); a cell that a spreadsheet would take for a formula begins with an apostrophe",
        "split": "where there is much of one kind, its files are numbered: calls, calls-0002, …",
    })
}

/// What is held and not in the file, and why.
fn omissions(extent: Extent) -> Value {
    let mut omitted = BTreeSet::new();
    for holding in plan::PLACES.iter().flat_map(|place| place.holdings) {
        for (attribute, personal) in holding.record.personal() {
            let reason = if personal.export == Export::Never {
                "a secret or a hash of one, which is never given out (11 CCR 7024(d))"
            } else if disclosed::attributes(&holding.record, holding.rests.extent(extent)).contains(&attribute) {
                continue;
            } else {
                "not provided by you, and so not part of what can be carried elsewhere (GDPR Art. 20)"
            };
            omitted.insert((format!("{}.{attribute}", holding.file), reason));
        }
    }
    let mut omissions: Vec<Value> =
        omitted.into_iter().map(|(what, reason)| json!({ "what": what, "reason": reason })).collect();
    omissions
        .extend(EXCEPTED.iter().map(|excepted| json!({ "what": excepted.record.name, "reason": excepted.reason[0] })));
    omissions.push(json!({
        "what": "security log",
        "reason": "source addresses of calls, kept for our defence for 90 days at most and never used for anything else",
    }));
    Value::Array(omissions)
}

fn kept(retain: Retention) -> String {
    match retain.limit() {
        Limit::Days(days) => format!("{days} days at most"),
        Limit::LifeAnd(0) => format!("as long as the {}", retain.name()),
        Limit::LifeAnd(days) => format!("as long as the {}, and {days} days", retain.name()),
    }
}

/// A variant's name as it stands in JSON: `LegalObligation` is `legal-obligation`.
fn word(variant: &impl Debug) -> String {
    let mut word = String::new();
    for letter in format!("{variant:?}").chars() {
        if letter.is_ascii_uppercase() && !word.is_empty() {
            word.push('-');
        }
        word.push(letter.to_ascii_lowercase());
    }
    word
}

fn table(rows: &[PlaceItem], head: &str) -> String {
    let mut text = format!("{head}\n| --- | ---: |\n");
    for PlaceItem { place, found, .. } in rows {
        text.push_str(&format!("| {place} | {found} |\n"));
    }
    text
}

fn english(kind: Kind, rows: &[PlaceItem], received: &str) -> String {
    let intro =
        format!("# What we hold about you\n\nThis is the answer to the request that you made on {received}.\n\n");
    if kind == Kind::KnowCategories {
        return format!(
            "{intro}`know.json` says which categories of data we hold of people with an account, where they come from, why we hold them and for how \
             long, and who gets them. We sell nothing and share nothing for anybody's own ends.\n"
        );
    }
    format!(
        "{intro}{}\n- `data/`: each kind of data twice, as JSON with its exact values and as CSV for a spreadsheet. A CSV cell that a spreadsheet \
         would take for a formula begins with an apostrophe.\n- `schema.json`: what the columns are.\n- `know.json`: which categories of data we \
         hold, where they come from, why, for how long, and who gets them. We sell nothing.\n- `processors.json`: who processes for us.\n- \
         `manifest.json`: every file with its SHA-256, and what is left out and why.\n\nYou can have this corrected or erased, and complain to the \
         authority that your letter names.\n",
        table(rows, "| Place | Rows |")
    )
}

fn french(kind: Kind, rows: &[PlaceItem], received: &str) -> String {
    let intro = format!(
        "# Ce que nous détenons sur vous\n\nVoici la réponse à la demande que vous avez faite le {received}.\n\n"
    );
    if kind == Kind::KnowCategories {
        return format!(
            "{intro}`know.json` indique quelles catégories de données nous détenons sur les titulaires d'un compte, d'où elles viennent, pourquoi et \
             combien de temps nous les conservons, et qui les reçoit. Nous ne vendons rien et ne partageons rien pour les fins d'autrui.\n"
        );
    }
    format!(
        "{intro}{}\n- `data/` : chaque type de données deux fois, en JSON avec ses valeurs exactes et en CSV pour un tableur. Une cellule CSV qu'un \
         tableur prendrait pour une formule commence par une apostrophe.\n- `schema.json` : ce que sont les colonnes.\n- `know.json` : quelles \
         catégories de données nous détenons, d'où elles viennent, pourquoi, combien de temps, et qui les reçoit. Nous ne vendons rien.\n- \
         `processors.json` : qui traite pour nous.\n- `manifest.json` : chaque fichier avec son SHA-256, et ce qui est omis et pourquoi.\n\nVous \
         pouvez les faire rectifier ou effacer, et vous plaindre auprès de l'autorité que votre lettre indique.\n",
        table(rows, "| Endroit | Lignes |")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r036_the_four_answers_come_from_the_data_map() {
        let know = know();
        let categories = know["categories"].as_array().unwrap();
        let of = |category: &str| categories.iter().find(|entry| entry["category"] == category).unwrap();
        assert_eq!(of("user.name")["source"], "provided");
        assert!(of("user.contact.email")["purposes"].as_array().unwrap().contains(&json!("messages")));
        assert_eq!(of("user.device.ip_address")["basis"], "legitimate-interest");
        assert!(!know["third_parties"].as_array().unwrap().is_empty());
    }

    #[test]
    fn r057_whether_anything_is_sold_or_shared_is_said_with_to_whom() {
        assert_eq!(
            (know()["sold_or_shared"].as_bool(), know()["sold_or_shared_to"].as_array().unwrap().len()),
            (Some(false), 0)
        );
    }

    #[test]
    fn what_is_left_out_is_named_with_its_reason() {
        let omitted = |extent| omissions(extent).as_array().unwrap().clone();
        let is = |omissions: &[Value], what: &str| omissions.iter().any(|omission| omission["what"] == what);
        for what in ["subscriptions.secrets", "credentials.sealed", "SignUpItem", "security log"] {
            assert!(is(&omitted(Extent::Everything), what), "{what}");
        }
        assert!(!is(&omitted(Extent::Everything), "request.account"));
        assert!(is(&omitted(Extent::Provided), "request.account"), "which we worked out ourselves");
    }
}
