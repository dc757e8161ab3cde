"""IAM and STS with boto3, as far as suites need them that create a pipeline's role first."""

import json

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError


def client(service, url, region="eu-west-1", account="test"):
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=account,
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 1}),
    )


@pytest.fixture
def iam(world):
    return client("iam", world)


def trust(*services):
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
                for service in services
            ],
        }
    )


def pipeline(role, name="site"):
    def action(name, category, **more):
        return {
            "name": name,
            "actionTypeId": {"category": category, "owner": "AWS", "provider": "S3", "version": "1"},
        } | more

    return {
        "name": name,
        "roleArn": role,
        "artifactStore": {"type": "S3", "location": "artifacts"},
        "stages": [
            {
                "name": "Source",
                "actions": [
                    action(
                        "Get", "Source",
                        configuration={"S3Bucket": "in", "S3ObjectKey": "a.zip", "PollForSourceChanges": "false"},
                        outputArtifacts=[{"name": "Code"}],
                    )
                ],
            },
            {
                "name": "Deploy",
                "actions": [
                    action(
                        "Put", "Deploy",
                        configuration={"BucketName": "out", "Extract": "true"},
                        inputArtifacts=[{"name": "Code"}],
                    )
                ],
            },
        ],
    }


def refused(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response


def test_a_role_lives_and_dies(iam):
    policy = trust("codepipeline.amazonaws.com")
    made = iam.create_role(
        RoleName="deployer", AssumeRolePolicyDocument=policy, Path="/ci/", Description="a & b <c>",
        Tags=[{"Key": "team", "Value": "x"}],
    )["Role"]
    assert made["Arn"] == "arn:aws:iam::000000000000:role/ci/deployer"
    assert made["RoleId"].startswith("AROA") and len(made["RoleId"]) == 21
    assert made["AssumeRolePolicyDocument"] == json.loads(policy)
    assert (made["Description"], made["Tags"]) == ("a & b <c>", [{"Key": "team", "Value": "x"}])
    assert iam.get_role(RoleName="deployer")["Role"] == made

    iam.update_assume_role_policy(RoleName="deployer", PolicyDocument=trust("ec2.amazonaws.com"))
    changed = iam.get_role(RoleName="deployer")["Role"]["AssumeRolePolicyDocument"]
    assert changed == json.loads(trust("ec2.amazonaws.com"))

    iam.delete_role(RoleName="deployer")
    gone = refused(iam.get_role, RoleName="deployer")
    assert gone["Error"] == {"Type": "Sender", "Code": "NoSuchEntity", "Message": "Role deployer not found"}
    assert gone["ResponseMetadata"]["HTTPStatusCode"] == 404
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.delete_role(RoleName="deployer")


def test_refusals_are_those_of_the_client_s_model(iam):
    iam.create_role(RoleName="one", AssumeRolePolicyDocument=trust("codepipeline.amazonaws.com"))
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName="One", AssumeRolePolicyDocument=trust("codepipeline.amazonaws.com"))
    with pytest.raises(iam.exceptions.MalformedPolicyDocumentException):
        iam.create_role(RoleName="two", AssumeRolePolicyDocument="nonsense")
    error = refused(iam.create_user, UserName="u")["Error"]
    assert (error["Code"], error["Message"]) == (
        "InvalidAction", "Could not find operation CreateUser for version 2010-05-08",
    )


def test_roles_are_listed_over_all_pages(iam, world):
    names = [f"role-{n:02}" for n in range(7)]
    for name in reversed(names):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust("codepipeline.amazonaws.com"))
    pages = list(iam.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 3}))
    assert [len(page["Roles"]) for page in pages] == [3, 3, 1]
    assert [role["RoleName"] for page in pages for role in page["Roles"]] == names
    assert client("iam", world, region="us-east-1").list_roles()["Roles"][0]["RoleName"] == "role-00"
    assert client("iam", world, account="123456789012").list_roles()["Roles"] == []


def test_the_caller_s_identity(world):
    found = client("sts", world, account="123456789012").get_caller_identity()
    assert (found["Account"], found["UserId"]) == ("123456789012", "123456789012")
    assert found["Arn"] == "arn:aws:iam::123456789012:root"


def test_a_pipeline_s_role_is_checked_once_roles_are_known(iam, world, control):
    aws = client("codepipeline", world)
    aws.create_pipeline(pipeline=pipeline("arn:aws:iam::000000000000:role/nobody-knows", "early"))
    good = iam.create_role(RoleName="good", AssumeRolePolicyDocument=trust("a.b", "codepipeline.amazonaws.com"))
    bad = iam.create_role(RoleName="bad", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))
    aws.create_pipeline(pipeline=pipeline(good["Role"]["Arn"]))
    answer = refused(aws.update_pipeline, pipeline=pipeline(bad["Role"]["Arn"]))
    assert answer["Error"]["Code"] == "InvalidStructureException"
    assert answer["Error"]["Message"] == (
        "CodePipeline is not authorized to perform AssumeRole on role arn:aws:iam::000000000000:role/bad"
    )
    told = control.explain(answer["ResponseMetadata"]["HTTPHeaders"]["x-parhelion-request-id"])
    assert "no Allow statement in the trust policy of arn:aws:iam::000000000000:role/bad" in told
