"""`--auth strict`: botocore's signatures are verified, in each service's own words when they are wrong."""

import datetime
import os
import subprocess
import threading

import boto3
import botocore.auth
import pytest
import requests
from botocore import UNSIGNED
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

BIN = os.environ.get("PARHELION_BIN", "target/debug/parhelion")
TESTER = {"category": "Test", "owner": "ThirdParty", "provider": "BlazeMeter", "version": "1"}


@pytest.fixture(scope="module")
def strict():
    process = subprocess.Popen(
        [BIN, "--listen", "127.0.0.1:0", "--seed", "42", "--log", "warn", "--auth", "strict",
         "--aws-secret", "AKIDCONFIGURED=a/secret+of-its/own", "--clock", "manual"],
        stdout=subprocess.PIPE, text=True,
    )
    url = process.stdout.readline().strip()
    threading.Thread(target=process.stdout.read, daemon=True).start()
    yield url
    process.terminate()
    assert process.wait(timeout=30) == 0


def client(url, service="codepipeline", key="test", secret="test", token=None, **config):
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="eu-west-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(retries={"max_attempts": 1}, **config),
    )


def refused(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response


def explained(url, answer):
    id = answer["ResponseMetadata"]["HTTPHeaders"]["x-parhelion-request-id"]
    told = requests.get(f"{url}/_parhelion/explain/{id}", headers={"accept": "text/plain"}, timeout=30)
    assert told.status_code == 200, told.text
    return told.text


def test_right_signatures_pass_in_every_service_and_world(strict):
    for url in (strict, f"{strict}/_w/strict"):
        for key, secret in (("test", "test"), ("123456789012", "test"), ("AKIDCONFIGURED", "a/secret+of-its/own")):
            assert client(url, key=key, secret=secret).list_pipelines()["pipelines"] == []
            assert client(url, "iam", key, secret).list_roles()["Roles"] == []
            assert client(url, "sts", key, secret).get_caller_identity()["Account"]


def test_wrong_ones_are_refused_in_each_service_s_words(strict):
    wrong = {"secret": "wrong"}, {"key": "AKIDUNKNOWN"}, {"key": "ASIAUNKNOWN", "token": "x"}
    for service, call, codes in (
        ("codepipeline", "list_pipelines", ["InvalidSignatureException"] + 2 * ["UnrecognizedClientException"]),
        ("iam", "list_roles", ["SignatureDoesNotMatch"] + 2 * ["InvalidClientTokenId"]),
        ("sts", "get_caller_identity", ["SignatureDoesNotMatch"] + 2 * ["InvalidClientTokenId"]),
    ):
        answers = [refused(getattr(client(strict, service, **case), call)) for case in wrong]
        assert [answer["Error"]["Code"] for answer in answers] == codes
        status = 400 if service == "codepipeline" else 403
        assert {answer["ResponseMetadata"]["HTTPStatusCode"] for answer in answers} == {status}
    answer = refused(client(strict, signature_version=UNSIGNED).list_pipelines)
    assert (answer["Error"]["Code"], answer["Error"]["Message"]) == (
        "MissingAuthenticationTokenException", "Missing Authentication Token",
    )


def test_explain_says_what_was_signed_instead(strict):
    aws = client(strict, key="AKIDCONFIGURED", secret="test")
    told = explained(strict, refused(aws.list_pipelines))
    assert "whose canonical form has the SHA-256" in told
    assert "it was made with the secret 'test', which is not this key's" in told
    assert "own" not in told.split("which is not this key's")[1]

    # A request whose body came after it was signed, and one that was signed for the world `main`.
    def send(url, signed_url, body, signed_body, world=strict):
        headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "CodePipeline_20150709.ListPipelines"}
        request = AWSRequest("POST", signed_url, headers=headers, data=signed_body)
        botocore.auth.SigV4Auth(Credentials("test", "test"), "codepipeline", "eu-west-1").add_auth(request)
        answer = requests.post(url, data=body, headers=dict(request.headers), timeout=30)
        found = {"ResponseMetadata": {"HTTPHeaders": answer.headers}}
        return answer, explained(world, found) if answer.status_code != 200 else ""

    assert send(f"{strict}/", f"{strict}/", "{}", "{}")[0].status_code == 200
    answer, told = send(f"{strict}/", f"{strict}/", '{"maxResults":5}', "")
    assert answer.json()["__type"] == "InvalidSignatureException"
    assert "another body was signed than the one that came" in told
    answer, told = send(f"{strict}/_w/other/", f"{strict}/", "{}", "{}", f"{strict}/_w/other")
    assert "the path that was signed has no world prefix" in told


def test_the_real_clock_decides_over_age(strict, monkeypatch):
    requests.post(f"{strict}/_parhelion/clock/advance", json={"by": "8d"}, timeout=30)
    assert client(strict).list_pipelines()["pipelines"] == []

    def late(minutes):
        real = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=minutes)
        monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: real.replace(tzinfo=None))

    late(14)
    assert client(strict).list_pipelines()["pipelines"] == []
    late(16)
    error = refused(client(strict).list_pipelines)["Error"]
    assert error["Code"] == "InvalidSignatureException" and error["Message"].startswith("Signature expired: ")


def test_a_job_s_credentials_are_known_keys(strict):
    aws = client(strict)
    source = {
        "name": "Push",
        "actionTypeId": {"category": "Source", "owner": "ThirdParty", "provider": "GitHub", "version": "1"},
        "configuration": {"Owner": "o", "Repo": "r", "Branch": "main", "OAuthToken": "t"},
        "outputArtifacts": [{"name": "Code"}],
    }
    tester = {"name": "Load", "actionTypeId": TESTER, "inputArtifacts": [{"name": "Code"}]}
    aws.create_pipeline(
        pipeline={
            "name": "site",
            "roleArn": "arn:aws:iam::000000000000:role/any",
            "artifactStore": {"type": "S3", "location": "artifacts"},
            "stages": [{"name": "Source", "actions": [source]}, {"name": "Test", "actions": [tester]}],
        }
    )
    requests.post(f"{strict}/_parhelion/idle", json={"timeout": "20s"}, timeout=30)
    job = aws.poll_for_third_party_jobs(actionTypeId=TESTER)["jobs"][0]
    nonce = aws.get_third_party_job_details(jobId=job["jobId"], clientToken="DEFAULT_CLIENT_TOKEN")["jobDetails"]
    given = nonce["data"]["artifactCredentials"]
    key, secret, token = given["accessKeyId"], given["secretAccessKey"], given["sessionToken"]
    assert client(strict, "sts", key, secret, token).get_caller_identity()["Account"] == "000000000000"
    for arguments in ((key, secret, None), (key, secret, token[:-8] + "AAAAAAA="), (key, "x", token)):
        code = refused(client(strict, "sts", *arguments).get_caller_identity)["Error"]["Code"]
        assert code == ("SignatureDoesNotMatch" if arguments[1] == "x" else "InvalidClientTokenId")
    root = client(strict, "s3", s3={"addressing_style": "path"})
    root.create_bucket(Bucket="results", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3 = client(strict, "s3", key, secret, token, s3={"addressing_style": "path"})
    s3.put_object(Bucket="results", Key="site/result", Body=b"a worker's output")
    assert s3.get_object(Bucket="results", Key="site/result")["Body"].read() == b"a worker's output"


def test_the_artifact_store_wants_right_signatures_too(strict):
    def s3(**more):
        return client(strict, "s3", s3={"addressing_style": "path"}, **more)

    bucket = {"Bucket": "strict", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
    s3().create_bucket(**bucket)
    name = {"Bucket": "strict", "Key": "a+b c/ü~(1).txt"}
    s3().put_object(**name, Body=b"hello", Metadata={"x": "a  b"})
    assert s3().get_object(**name)["Body"].read() == b"hello"
    assert s3().list_objects_v2(Bucket="strict", Prefix="a+b c/", Delimiter="/")["KeyCount"] == 1
    for case, code, status in (
        ({"secret": "wrong"}, "SignatureDoesNotMatch", 403),
        ({"key": "AKIDUNKNOWN"}, "InvalidAccessKeyId", 403),
    ):
        answer = refused(s3(**case).get_object, **name)
        assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    told = explained(strict, refused(s3(key="AKIDCONFIGURED", secret="test").get_object, **name))
    assert "it was made with the secret 'test', which is not this key's" in told

    for version in ("s3v4", "s3"):
        presigned = s3(signature_version=version).generate_presigned_url("get_object", Params=name, ExpiresIn=60)
        assert ("X-Amz-Signature" in presigned) == (version == "s3v4")
        assert requests.get(presigned, timeout=30).content == b"hello"
        assert "SignatureDoesNotMatch" in requests.get(presigned.replace("strict/a", "strict/b"), timeout=30).text
        wrong = s3(signature_version=version, secret="x").generate_presigned_url("get_object", Params=name)
        assert requests.get(wrong, timeout=30).status_code == 403
        put = s3(signature_version=version).generate_presigned_url("put_object", Params=name, ExpiresIn=60)
        assert requests.put(put, data=version.encode(), timeout=30).status_code == 200
        assert s3().get_object(**name)["Body"].read() == version.encode()
        s3().put_object(**name, Body=b"hello")
