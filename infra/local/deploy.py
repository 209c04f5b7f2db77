"""Deploys template.yaml to the emulator: what `sam package` and `sam deploy` do, on the standard CloudFormation API.

The template is read as it stands. Two things are replaced in memory, as `sam package` replaces them: the code of each function (a
zip uploaded to S3) and the place of each nested template (uploaded too). The zip holds a launcher of the binary that cargo built,
so a new build needs no new upload. Prints one JSON object that says what was deployed.
"""

import argparse
import hashlib
import io
import json
import sys
import time
import zipfile
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from samtranslator.yaml_helper import yaml_parse

BUCKET = "cartage-local-artifacts"
WAIT_SECONDS = 120


class Failure(Exception):
    """Something the caller can show as one sentence."""


class Aws:
    """Clients of the emulator, all on one endpoint."""

    def __init__(self, endpoint, region):
        self.endpoint = endpoint
        self.region = region

    def client(self, service):
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 2}, connect_timeout=5, read_timeout=WAIT_SECONDS, s3={"addressing_style": "path"}),
        )


def launcher(binary, fingerprint):
    """The zip of one function. The fingerprint makes a new version of it when the template or its parameters change."""
    script = f"#!/bin/sh\n# {fingerprint}\nexec '{binary}'\n"
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o100755 << 16
        archive.writestr(entry, script)
    return zipped.getvalue()


class Package:
    """A template with its local references replaced by uploaded ones."""

    def __init__(self, s3, endpoint, binaries, fingerprint):
        self.s3 = s3
        self.endpoint = endpoint
        self.binaries = binaries
        self.fingerprint = fingerprint

    def template(self, path):
        template = yaml_parse(path.read_text())
        for name, resource in template.get("Resources", {}).items():
            properties = resource.get("Properties", {})
            if resource["Type"] == "AWS::Serverless::Function":
                properties["CodeUri"] = self.code(name, resource)
            elif resource["Type"] == "AWS::Serverless::Application" and isinstance(properties.get("Location"), str):
                properties["Location"] = self.uploaded(path.parent / properties["Location"])
            elif resource["Type"] == "AWS::CloudFormation::Stack":
                properties["TemplateURL"] = self.uploaded(path.parent / properties["TemplateURL"])
        return json.dumps(template, default=str)

    def code(self, name, resource):
        build = resource.get("Metadata", {}).get("BuildProperties", {})
        binary = build.get("Binary")
        if not binary:
            raise Failure(f"template.yaml: {name} does not say which binary it is (Metadata, BuildProperties, Binary)")
        path = self.binaries / binary
        if not path.is_file():
            raise Failure(f"the binary of {name} was not built: {path}")
        return f"s3://{BUCKET}/{self.upload(launcher(path, self.fingerprint), 'zip')}"

    def uploaded(self, path):
        """Where an uploaded template stands. The root one goes the same way: given in the call, it may have 51,200 bytes at most."""
        return f"{self.endpoint}/{BUCKET}/{self.upload(self.template(path).encode(), 'json')}"

    def upload(self, content, suffix):
        key = f"{hashlib.sha256(content).hexdigest()}.{suffix}"
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=content)
        return key


def sender(template, parameters):
    """The address that mail is sent from; the emulator, like SES, sends only from an address it knows."""
    declared = template.get("Parameters", {}).get("MailFrom", {})
    return parameters.get("MailFrom") or declared.get("Default")


def deploy(cloudformation, stack, url, parameters):
    """Creates or updates the stack and waits for the result."""
    arguments = {
        "StackName": stack,
        "TemplateURL": url,
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in sorted(parameters.items())],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    action = cloudformation.update_stack if exists(cloudformation, stack) else cloudformation.create_stack
    try:
        action(**arguments)
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise Failure(f"the emulator refused the template: {error}") from error
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        status = described["StackStatus"]
        if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            return described
        if status.endswith(("FAILED", "ROLLBACK_COMPLETE")):
            reason = described.get("StackStatusReason") or "no reason was given"
            raise Failure(f"the stack ended as {status}: {first_failure(cloudformation, stack) or reason}")
        time.sleep(0.2)
    raise Failure(f"the stack was not ready after {WAIT_SECONDS} s")


def exists(cloudformation, stack):
    """Whether there is a stack to update. One whose creation failed is removed, as `sam deploy` does: it never held anything."""
    try:
        status = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
    except ClientError:
        return False
    if status not in ("ROLLBACK_COMPLETE", "CREATE_FAILED"):
        return True
    cloudformation.delete_stack(StackName=stack)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    return False


def first_failure(cloudformation, stack):
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    failed = [event for event in events if event["ResourceStatus"].endswith("FAILED") and event.get("ResourceStatusReason")]
    failed.sort(key=lambda event: event["Timestamp"])
    if not failed:
        return None
    return f"{failed[0]['LogicalResourceId']}: {failed[0]['ResourceStatusReason']}"


def describe(aws, stack, described):
    """What was deployed: outputs, physical names, and the environment that the template gives to each function."""
    cloudformation = aws.client("cloudformation")
    functions = aws.client("lambda")
    resources = {}
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    for resource in (resource for page in pages for resource in page["StackResourceSummaries"]):
        resources[resource["LogicalResourceId"]] = {
            "type": resource["ResourceType"],
            "id": resource.get("PhysicalResourceId", ""),
        }
    environments = {}
    for logical, resource in resources.items():
        if resource["type"] == "AWS::Lambda::Function":
            configuration = functions.get_function_configuration(FunctionName=resource["id"])
            environments[logical] = {
                "name": configuration["FunctionName"],
                "variables": configuration.get("Environment", {}).get("Variables", {}),
            }
    apis = [resource["id"] for resource in resources.values() if resource["type"] == "AWS::ApiGatewayV2::Api"]
    if len(apis) != 1:
        raise Failure(f"the stack has {len(apis)} HTTP APIs where one was expected")
    return {
        "api_id": apis[0],
        "outputs": {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])},
        "resources": {logical: resource["id"] for logical, resource in resources.items()},
        "functions": environments,
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--template", required=True, type=Path)
    parser.add_argument("--binaries", required=True, type=Path)
    parser.add_argument("--stack", required=True)
    parser.add_argument("--fingerprint", required=True)
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE")
    arguments = parser.parse_args()
    parameters = dict(parameter.split("=", 1) for parameter in arguments.parameter)

    aws = Aws(arguments.endpoint, arguments.region)
    s3 = aws.client("s3")
    try:
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": arguments.region})
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
            raise
    declared = yaml_parse(arguments.template.read_text())
    unknown = sorted(set(parameters) - set(declared.get("Parameters", {})))
    if unknown:
        raise Failure(f"template.yaml has no parameter {unknown[0]}")
    package = Package(s3, arguments.endpoint, arguments.binaries, arguments.fingerprint)
    described = deploy(aws.client("cloudformation"), arguments.stack, package.uploaded(arguments.template), parameters)
    mail_from = sender(declared, parameters)
    if mail_from:
        try:
            aws.client("sesv2").create_email_identity(EmailIdentity=mail_from)
        except ClientError as error:
            if error.response["Error"]["Code"] != "AlreadyExistsException":
                raise
    json.dump(describe(aws, arguments.stack, described), sys.stdout)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(str(failure))
    except ClientError as error:
        sys.exit(f"the emulator answered with an error: {error}")
