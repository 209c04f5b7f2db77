//! What the template gives to keep data safe at rest and the service standing (R047, R123).

use std::collections::BTreeSet;

use cloud::data_map::DATA_MAP;
use personal_data::{Encryption, Kind, Subject};
use serde_json::{Value, json};

use super::{of_type, templates};

fn one_or_many(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice).iter()
}

/// The services that the templates make something of, and whether each is among those that Amazon's SOC 2 Type II report covers ("AWS Services in
/// Scope by Compliance Program").
const COVERED: [&str; 15] = [
    "ApiGatewayV2",
    "CloudFormation",
    "CloudFront",
    "CloudWatch",
    "DynamoDB",
    "IAM",
    "KMS",
    "Lambda",
    "Logs",
    "S3",
    "SES",
    "SNS",
    "SQS",
    "Scheduler",
    "WAFv2",
];

#[test]
fn r123_what_rests_is_encrypted_and_every_function_reaches_only_what_it_must() {
    let templates = templates();
    // That the template does what the map says is shown in `data_map`.
    for resource in DATA_MAP.resources {
        let under_our_key = match resource.kind {
            Kind::Table { .. }
            | Kind::Queue { .. }
            | Kind::DeadLetter { .. }
            | Kind::Bucket { .. }
            | Kind::LogGroup { .. } => true,
            Kind::SecretPrefix | Kind::Schedule | Kind::EventBus | Kind::External | Kind::Memory { .. } => false,
        };
        assert_eq!(resource.encryption == Encryption::StackKey, under_our_key, "{}", resource.name);
        // Besides, a merchant's data rests only where Secrets Manager encrypts it (AES-256-GCM under a key of its own), and in memory.
        let elsewhere = matches!(resource.kind, Kind::SecretPrefix | Kind::Memory { .. });
        let of_merchants = matches!(resource.subject, Subject::Merchant | Subject::Shopper);
        assert!(!of_merchants || under_our_key || elsewhere, "{}", resource.name);
    }
    // A symmetric key of KMS is one for AES-256-GCM.
    let (_, key) = of_type(&templates, "AWS::KMS::Key").find(|(name, _)| *name == "DataKey").unwrap();
    assert!(key["KeySpec"].is_null() && key["KeyUsage"].is_null() && key["EnableKeyRotation"] == true);

    let mut roles = BTreeSet::new();
    for (name, function) in of_type(&templates, "AWS::Serverless::Function") {
        assert!(roles.insert(function["Role"].to_string()), "{name} has another's role");
        assert!(function["Policies"].is_null(), "{name} has more than its role");
    }
    for (name, role) in of_type(&templates, "AWS::IAM::Role") {
        let policies: Vec<&Value> = role["Policies"].as_array().unwrap().iter().collect();
        assert!(role["ManagedPolicyArns"].is_null(), "{name} has what somebody else wrote");
        for statement in policies.iter().flat_map(|policy| one_or_many(&policy["PolicyDocument"]["Statement"])) {
            assert!(statement["NotAction"].is_null() && statement["NotResource"].is_null(), "{name}: {statement}");
            for action in one_or_many(&statement["Action"]) {
                let (_, action) = action.as_str().unwrap().split_once(':').unwrap();
                assert!(!action.starts_with('*'), "{name} may do everything with a service: {statement}");
            }
            assert!(!one_or_many(&statement["Resource"]).any(|resource| resource == "*"), "{name}: {statement}");
        }
    }
    for (name, bucket) in of_type(&templates, "AWS::S3::Bucket") {
        let closed = bucket["PublicAccessBlockConfiguration"].as_object().unwrap();
        assert!(closed.len() == 4 && closed.values().all(|is| is == true), "{name} may become public");
    }
    let types = templates.iter().flat_map(|template| template["Resources"].as_object().into_iter().flatten());
    for (name, resource) in types {
        let kind = resource["Type"].as_str().unwrap();
        let service = kind.split("::").nth(1).unwrap();
        assert!(COVERED.contains(&service) || kind == "AWS::Serverless::Function", "{name}: {kind}");
    }
}

/// Who may read what opens a store, or a body of one, may write down that it did.
#[test]
fn r123_whoever_reaches_a_merchants_data_leaves_a_line() {
    let templates = templates();
    let mut readers = BTreeSet::new();
    for (name, role) in of_type(&templates, "AWS::IAM::Role") {
        let statements: Vec<&Value> = one_or_many(&role["Policies"][0]["PolicyDocument"]["Statement"]).collect();
        let may = |action: &str, of: &str| {
            statements.iter().any(|statement| {
                one_or_many(&statement["Action"]).any(|one| one == action)
                    && statement["Resource"].to_string().contains(of)
            })
        };
        if may("secretsmanager:GetSecretValue", "store/*") {
            assert!(may("dynamodb:PutItem", "SecurityLogTable"), "{name} reads credentials and notes nothing");
            readers.insert(name);
        }
    }
    assert_eq!(readers, BTreeSet::from(["ControlRole", "FanOutRole", "ProxyRole", "ReconciliationRole"]));
    let (_, stage) = of_type(&templates, "AWS::ApiGatewayV2::Stage").next().unwrap();
    assert_eq!(stage["AccessLogSettings"]["DestinationArn"], json!({ "Fn::GetAtt": ["ApiAccessLogs", "Arn"] }));
}

#[test]
fn r047_floods_meet_a_firewall_and_limits_and_somebody_looks_every_day() {
    let templates = templates();
    let (acl, rules) = of_type(&templates, "AWS::WAFv2::WebACL").next().unwrap();
    let rules = rules["Rules"].as_array().unwrap();
    let flood = &rules[0]["Statement"]["RateBasedStatement"];
    assert_eq!((&flood["AggregateKeyType"], &rules[0]["Action"]), (&json!("IP"), &json!({ "Block": {} })));
    for known in ["AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesKnownBadInputsRuleSet"] {
        let blocks = |rule: &Value| {
            rule["Statement"]["ManagedRuleGroupStatement"]["Name"] == known
                && rule["OverrideAction"] == json!({ "None": {} })
        };
        assert!(rules.iter().any(blocks), "{known} is not there, or counts only");
    }
    let (_, edge) = of_type(&templates, "AWS::CloudFront::Distribution").next().unwrap();
    assert_eq!(
        edge["DistributionConfig"]["WebACLId"],
        json!({ "Fn::GetAtt": [acl, "Arn"] }),
        "it stands before the API"
    );
    // Production has the edge, nested or beside.
    let rule = &templates[0]["Rules"]["ProductionHasAnEdge"];
    assert_eq!(rule["RuleCondition"], json!({ "Fn::Equals": [{ "Ref": "Stage" }, "prod"] }));
    let edge = json!({ "Fn::Equals": [{ "Ref": "EdgeProtection" }, "on"] });
    let beside = json!({ "Fn::Not": [{ "Fn::Equals": [{ "Ref": "PublicUrl" }, ""] }] });
    assert_eq!(rule["Assertions"][0]["Assert"], json!({ "Fn::Or": [edge, beside] }));

    // What gets past it meets the stage's limits; every route has one.
    let (_, stage) = of_type(&templates, "AWS::ApiGatewayV2::Stage").next().unwrap();
    for (limit, parameter) in [("ThrottlingRateLimit", "ApiRateLimit"), ("ThrottlingBurstLimit", "ApiBurstLimit")] {
        assert_eq!(stage["DefaultRouteSettings"][limit], json!({ "Ref": parameter }));
        assert_eq!(templates[0]["Parameters"][parameter]["MinValue"], 1);
        let mut routes = stage["RouteSettings"].as_object().unwrap().values();
        assert!(routes.all(|route| route[limit].as_u64().is_some_and(|limit| limit <= 200)), "no route has more");
    }
    // And what waits in queues does not take all of the account's instances from who calls.
    let functions = of_type(&templates, "AWS::Serverless::Function");
    let sources: Vec<&Value> = functions
        .flat_map(|(_, function)| function["Events"].as_object().into_iter().flatten())
        .map(|(_, event)| event)
        .collect();
    assert!(sources.len() >= 10, "the queues were found");
    for source in sources {
        let most = source["Properties"]["ScalingConfig"]["MaximumConcurrency"].as_u64();
        assert!(most.is_some_and(|most| most <= 100), "{source}");
    }
    // Its findings are kept as signed reports (R029).
    let (_, schedule) =
        of_type(&templates, "AWS::Scheduler::Schedule").find(|(name, _)| *name == "ComplianceSchedule").unwrap();
    assert_eq!(schedule["Target"]["Input"], r#"{"sweep":"compliance"}"#);
    assert!(schedule["State"].is_null() || schedule["State"] == "ENABLED");
}
