//! Gate 2: the template and the data map name the same places, with the same limits.

use std::collections::BTreeSet;

use cloud::data_map::DATA_MAP;
use personal_data::{DataMap, Encryption, Kind, Resource};
use serde_json::{Value, json};

use super::cloudformation::{parse, templates};

/// Resource types that keep nothing of a caller's. A type that is neither here nor known to [`found`] is a difference:
/// whoever adds it says where its data belongs.
const KEEPS_NOTHING: &[&str] = &[
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::ApiGatewayV2::Stage",
    "AWS::CloudFormation::Stack",
    "AWS::CloudFront::Distribution",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::IAM::Role",
    "AWS::KMS::Alias",
    "AWS::KMS::Key",
    "AWS::Lambda::Permission",
    "AWS::Logs::MetricFilter",
    "AWS::S3::BucketPolicy",
    // A rule and a topic hand on at once; what they hand on rests in the queue behind them.
    "AWS::SES::ReceiptRule",
    "AWS::SES::ReceiptRuleSet",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::Serverless::Function",
    "AWS::WAFv2::WebACL",
];

/// One resource of a template that keeps something.
struct Found<'a> {
    properties: &'a Value,
    /// The queue is the dead-letter queue of another.
    dead_letter: bool,
}

/// Each difference between a map and the templates, as a sentence that says what to change.
fn differences(map: &DataMap, templates: &[Value]) -> Vec<String> {
    let mut differences = Vec::new();
    let mut met = BTreeSet::new();
    for template in templates {
        let dead: BTreeSet<&str> = every(template, "deadLetterTargetArn").filter_map(target).collect();
        for (logical_id, resource) in template["Resources"].as_object().into_iter().flatten() {
            let kind = resource["Type"].as_str().unwrap_or_default();
            let properties = &resource["Properties"];
            let found = Found { properties, dead_letter: dead.contains(logical_id.as_str()) };
            if let Some(name) = found.name(kind) {
                match map.resources.iter().find(|declared| declared.logical_id == logical_id) {
                    None => differences.push(format!("`{logical_id}` ({kind}) is not in the data map")),
                    Some(declared) => {
                        met.insert(declared.logical_id);
                        let wrong = found.against(declared, kind, name);
                        differences.extend(wrong.into_iter().map(|wrong| format!("`{logical_id}`: {wrong}")));
                    }
                }
            } else if !KEEPS_NOTHING.contains(&kind) {
                differences.push(format!("`{logical_id}`: it is not known what a {kind} keeps"));
            }
            copies(kind, logical_id, properties, &met_groups(map), &mut differences);
        }
        secrets(map, template, &mut differences);
    }
    for declared in map.resources.iter().filter(|declared| !declared.logical_id.is_empty()) {
        if !met.contains(declared.logical_id) {
            differences.push(format!("`{}` is in the data map and in no template", declared.logical_id));
        }
    }
    differences
}

fn met_groups(map: &DataMap) -> BTreeSet<&'static str> {
    let groups = map.resources.iter().filter(|resource| matches!(resource.kind, Kind::LogGroup { .. }));
    groups.map(|group| group.logical_id).collect()
}

impl Found<'_> {
    /// The property that holds the resource's name; `None` for a type that keeps nothing.
    fn name(&self, kind: &str) -> Option<&Value> {
        let property = match kind {
            "AWS::DynamoDB::Table" => "TableName",
            "AWS::SQS::Queue" => "QueueName",
            "AWS::S3::Bucket" => "BucketName",
            "AWS::Logs::LogGroup" => "LogGroupName",
            "AWS::Scheduler::Schedule" | "AWS::Events::EventBus" | "AWS::SecretsManager::Secret" => "Name",
            _ => return None,
        };
        Some(&self.properties[property])
    }

    /// What of the resource is not as the map declares it.
    fn against(&self, declared: &Resource, kind: &str, name: &Value) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut must = |holds: bool, text: String| {
            if !holds {
                wrong.push(text);
            }
        };
        must(short_name(name) == Some(declared.name), format!("the map calls it `{}`, not {name}", declared.name));
        let properties = self.properties;
        let key = match (kind, declared.kind) {
            ("AWS::DynamoDB::Table", Kind::Table { expires_by, backup_days, indexes }) => {
                let lives = &properties["TimeToLiveSpecification"];
                let on = lives["Enabled"] == true && lives["AttributeName"] == expires_by;
                must(on, format!("items must expire by `{expires_by}`, not {lives}"));
                let days = recovery_days(properties);
                must(days == u64::from(backup_days), format!("recovery keeps {days} days, the map says {backup_days}"));
                let names = |property: &str| index_names(&properties[property]);
                let found: Vec<String> =
                    names("GlobalSecondaryIndexes").chain(names("LocalSecondaryIndexes")).collect();
                must(found == indexes, format!("indexes {found:?}, the map says {indexes:?}"));
                for copy in ["StreamSpecification", "KinesisStreamSpecification", "Replicas"] {
                    must(properties[copy].is_null(), format!("{copy} keeps copies that the map does not know"));
                }
                let encryption = &properties["SSESpecification"];
                must(encryption["SSEEnabled"] == true, "it must be encrypted".to_owned());
                &encryption["KMSMasterKeyId"]
            }
            ("AWS::SQS::Queue", Kind::Queue { hours, dead_letter }) => {
                must(!self.dead_letter, "it is a dead-letter queue".to_owned());
                let kept = properties["MessageRetentionPeriod"].as_u64();
                must(kept == Some(u64::from(hours) * 3600), format!("keeps {kept:?} s, the map says {hours} h"));
                let redrive = &properties["RedrivePolicy"]["deadLetterTargetArn"];
                match dead_letter {
                    Some(dead) => must(!redrive.is_null(), format!("dead letters must go to `{dead}`")),
                    None => must(redrive.is_null(), "its messages must be moved nowhere".to_owned()),
                }
                &properties["KmsMasterKeyId"]
            }
            ("AWS::SQS::Queue", Kind::DeadLetter { hours }) => {
                must(self.dead_letter, "no queue moves its dead letters there".to_owned());
                let kept = properties["MessageRetentionPeriod"].as_u64();
                must(kept == Some(u64::from(hours) * 3600), format!("keeps {kept:?} s, the map says {hours} h"));
                &properties["KmsMasterKeyId"]
            }
            ("AWS::Logs::LogGroup", Kind::LogGroup { days }) => {
                let kept = properties["RetentionInDays"].as_u64();
                must(kept == Some(u64::from(days)), format!("keeps {kept:?} days, the map says {days}"));
                &properties["KmsKeyId"]
            }
            ("AWS::S3::Bucket", Kind::Bucket { days }) => {
                let expires = every(&properties["LifecycleConfiguration"], "ExpirationInDays");
                must(expires.eq([&json!(days)]), format!("objects must be deleted after {days} days"));
                must(properties["VersioningConfiguration"].is_null(), "versions survive deletes".to_owned());
                let rules = &properties["BucketEncryption"]["ServerSideEncryptionConfiguration"];
                &rules[0]["ServerSideEncryptionByDefault"]["KMSMasterKeyID"]
            }
            ("AWS::Scheduler::Schedule", Kind::Schedule) => {
                let input = &properties["Target"]["Input"];
                must(names_a_sweep(input), format!("the input may name a sweep and nothing else, not {input}"));
                &Value::Null
            }
            ("AWS::Events::EventBus", Kind::EventBus) => &Value::Null,
            _ => {
                must(false, format!("the map says {:?}, the template {kind}", declared.kind));
                return wrong;
            }
        };
        let under_stack_key = target(key) == Some("DataKey");
        let declared_so = declared.encryption == Encryption::StackKey;
        must(under_stack_key == declared_so, format!("the map says {:?}, the key is {key}", declared.encryption));
        wrong
    }
}

/// Places that AWS would fill beside the declared ones: traces, samples, log groups that a function makes by itself.
fn copies(kind: &str, logical_id: &str, properties: &Value, groups: &BTreeSet<&str>, differences: &mut Vec<String>) {
    let mut must = |holds: bool, text: &str| {
        if !holds {
            differences.push(format!("`{logical_id}`: {text}"));
        }
    };
    match kind {
        "AWS::Serverless::Function" => {
            let group = target(&properties["LoggingConfig"]["LogGroup"]);
            must(group.is_some_and(|group| groups.contains(group)), "it must log to a group of the data map");
            must(properties["Tracing"].is_null(), "traces are a copy that the map does not know");
            must(properties["DeadLetterQueue"].is_null(), "its dead letters are a copy that the map does not know");
            let events = properties["Events"].as_object().into_iter().flatten();
            let queues_only = events.map(|(_, event)| &event["Type"]).all(|kind| kind == "SQS");
            must(queues_only, "an event that is no queue makes resources of its own; write them out");
        }
        "AWS::ApiGatewayV2::Stage" => {
            let group = target(&properties["AccessLogSettings"]["DestinationArn"]);
            must(group.is_some_and(|group| groups.contains(group)), "its access log must be a group of the data map");
            let format = properties["AccessLogSettings"]["Format"].as_str().unwrap_or_default();
            for personal in ["identity", "$context.path", "requestHeader", "querystring", "authorizer"] {
                must(!format.contains(personal), "its access log must hold nothing personal");
            }
        }
        "AWS::CloudFront::Distribution" => {
            must(properties["DistributionConfig"]["Logging"].is_null(), "its access log is not in the data map");
        }
        "AWS::WAFv2::WebACL" => {
            let sampled = every(properties, "SampledRequestsEnabled").all(|enabled| enabled == false);
            must(sampled, "sampled requests are copies of calls");
        }
        _ => {}
    }
}

/// Every secret that a function can name has a prefix of the map, and every prefix is some function's.
fn secrets(map: &DataMap, template: &Value, differences: &mut Vec<String>) {
    let prefixes = map.resources.iter().filter(|resource| matches!(resource.kind, Kind::SecretPrefix));
    let declared: BTreeSet<&str> = prefixes.map(|prefix| prefix.name).collect();
    let given: BTreeSet<&str> = every(template, "VAULT_PREFIX").filter_map(short_name).collect();
    let is_root = every(template, "Type").any(|kind| kind == "AWS::Serverless::Function");
    if is_root && given != declared {
        differences.push(format!("the functions keep secrets under {given:?}, the map says {declared:?}"));
    }
    for arn in strings(template).filter(|text| text.contains(":secret:")) {
        let name = arn.rsplit(":secret:").next().unwrap_or_default();
        let name = name.strip_prefix("${AWS::StackName}/").unwrap_or(name);
        if !declared.contains(name.trim_end_matches('*')) {
            differences.push(format!("a role opens the secrets `{name}`, which are not in the data map"));
        }
    }
}

/// What follows the stack's name in the name of a thing: `accounts` of `{"Fn::Sub": "${AWS::StackName}-accounts"}`.
fn short_name(name: &Value) -> Option<&str> {
    let (_, rest) = name["Fn::Sub"].as_str()?.split_once("${AWS::StackName}")?;
    // The name of a bucket is the world's, so its account and region follow.
    rest.split("-${").next().and_then(|name| name.strip_prefix(['-', '/']))
}

/// The logical id that a reference leads to.
fn target(reference: &Value) -> Option<&str> {
    reference["Ref"].as_str().or_else(|| reference["Fn::GetAtt"][0].as_str())
}

fn recovery_days(table: &Value) -> u64 {
    let recovery = &table["PointInTimeRecoverySpecification"];
    match recovery["PointInTimeRecoveryEnabled"].as_bool() {
        // 35 days is what AWS takes when nothing is said.
        Some(true) => recovery["RecoveryPeriodInDays"].as_u64().unwrap_or(35),
        _ => 0,
    }
}

fn index_names(indexes: &Value) -> impl Iterator<Item = String> {
    indexes.as_array().into_iter().flatten().map(|index| index["IndexName"].as_str().unwrap_or_default().to_owned())
}

/// A schedule's input rests in AWS without a limit, so it is `{"sweep": "<name>"}`.
fn names_a_sweep(input: &Value) -> bool {
    let input: Option<Value> = input.as_str().and_then(|text| serde_json::from_str(text).ok());
    let members = input.as_ref().and_then(Value::as_object);
    members.is_some_and(|members| members.len() == 1 && members.get("sweep").is_some_and(Value::is_string))
}

/// The values of every member of this name, however deep.
fn every<'a>(value: &'a Value, name: &'a str) -> Box<dyn Iterator<Item = &'a Value> + 'a> {
    match value {
        Value::Object(members) => Box::new(members.iter().flat_map(move |(key, inner)| {
            let own = (key == name).then_some(inner);
            own.into_iter().chain(every(inner, name))
        })),
        Value::Array(items) => Box::new(items.iter().flat_map(move |item| every(item, name))),
        _ => Box::new(std::iter::empty()),
    }
}

/// Every text, however deep.
fn strings(value: &Value) -> Box<dyn Iterator<Item = &str> + '_> {
    match value {
        Value::String(text) => Box::new(std::iter::once(text.as_str())),
        Value::Object(members) => Box::new(members.values().flat_map(strings)),
        Value::Array(items) => Box::new(items.iter().flat_map(strings)),
        _ => Box::new(std::iter::empty()),
    }
}

#[test]
fn the_template_and_the_data_map_name_the_same_places() {
    let templates: Vec<Value> = templates().into_iter().map(|(_, template)| template).collect();
    let differences = differences(&DATA_MAP, &templates);
    assert!(differences.is_empty(), "{differences:#?}");
}

#[test]
fn the_data_map_does_not_contradict_itself() {
    assert_eq!(DATA_MAP.faults(), []);
}

/// Breaks the real templates in one place and expects exactly this difference.
#[track_caller]
fn broken(pointer: &str, value: Value, difference: &str) {
    let mut templates: Vec<Value> = templates().into_iter().map(|(_, template)| template).collect();
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    templates[0].pointer_mut(parent).unwrap()[member] = value;
    let differences = differences(&DATA_MAP, &templates);
    assert!(differences.len() == 1 && differences[0].contains(difference), "{differences:#?}");
}

#[test]
fn an_undeclared_place_is_seen() {
    let queue = parse("{Type: AWS::SQS::Queue, Properties: {QueueName: !Sub '${AWS::StackName}-extra'}}");
    broken("/Resources/ExtraQueue", queue, "`ExtraQueue` (AWS::SQS::Queue) is not in the data map");
    broken(
        "/Resources/Extra",
        json!({ "Type": "AWS::S3::Bucket" }),
        "`Extra` (AWS::S3::Bucket) is not in the data map",
    );
    let secret = json!({ "Type": "AWS::SecretsManager::Secret" });
    broken("/Resources/Extra", secret, "(AWS::SecretsManager::Secret) is not in the data map");
    let domain = json!({ "Type": "AWS::OpenSearchService::Domain" });
    broken("/Resources/Search", domain, "it is not known what a AWS::OpenSearchService::Domain keeps");
}

#[test]
fn a_place_that_is_gone_is_seen() {
    broken("/Resources/MailQueueDead/Type", json!("AWS::IAM::Role"), "`MailQueueDead` is in the data map and in no");
}

#[test]
fn a_table_that_keeps_more_than_declared_is_seen() {
    let table = "/Resources/ServiceLogTable/Properties";
    for (member, value, difference) in [
        ("TimeToLiveSpecification/Enabled", json!(false), "items must expire by `expires_at`"),
        ("TimeToLiveSpecification/AttributeName", json!("x"), "items must expire by `expires_at`"),
        ("PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled", json!(true), "keeps 35 days, the map says 0"),
        ("SSESpecification/KMSMasterKeyId", json!("alias/aws/dynamodb"), "the map says StackKey, the key is"),
        ("SSESpecification/SSEEnabled", json!(false), "it must be encrypted"),
        ("StreamSpecification", json!({ "StreamViewType": "NEW_IMAGE" }), "StreamSpecification keeps copies"),
        ("GlobalSecondaryIndexes", json!([{ "IndexName": "by-source" }]), "indexes [\"by-source\"]"),
        ("TableName", json!({ "Fn::Sub": "${AWS::StackName}-log" }), "the map calls it `service-log`"),
    ] {
        broken(&format!("{table}/{member}"), value, difference);
    }
}

#[test]
fn queues_and_log_groups_that_keep_longer_are_seen() {
    broken("/Resources/MailQueue/Properties/MessageRetentionPeriod", json!(345_600), "the map says 24 h");
    broken("/Resources/MailQueue/Properties/KmsMasterKeyId", Value::Null, "the map says StackKey");
    broken("/Resources/ProxyLogs/Properties/RetentionInDays", json!(90), "the map says 14");
    broken("/Resources/ProxyLogs/Properties/RetentionInDays", Value::Null, "the map says 14");
}

#[test]
fn copies_beside_the_declared_places_are_seen() {
    let proxy = "/Resources/ProxyFunction/Properties";
    broken(&format!("{proxy}/Tracing"), json!("Active"), "traces are a copy");
    broken(&format!("{proxy}/LoggingConfig"), Value::Null, "it must log to a group of the data map");
    broken(&format!("{proxy}/Events"), json!({ "Daily": { "Type": "Schedule" } }), "makes resources of its own");
    broken(
        &format!("{proxy}/Environment/Variables/VAULT_PREFIX"),
        json!({ "Fn::Sub": "${AWS::StackName}/other/" }),
        "the functions keep secrets under",
    );
    let input = "/Resources/GuardsSchedule/Properties/Target/Input";
    broken(input, json!(r#"{"sweep":"guards","for":"a@example.com"}"#), "may name a sweep and nothing else");
    let format = "/Resources/HttpApiStage/Properties/AccessLogSettings/Format";
    broken(format, json!("$context.identity.sourceIp"), "must hold nothing personal");
}
