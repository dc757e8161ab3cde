"""The artifact store with boto3, as the official client speaks to S3: whole objects, parts, versions, lists, errors."""

import hashlib
import io
import os
import socket
import urllib.parse
import zipfile

import boto3
import pytest
import requests
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

MIB = 1024 * 1024


def client(world, service="s3", **config):
    return boto3.client(
        service,
        endpoint_url=world,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 1}, **config),
    )


@pytest.fixture
def s3(world):
    made = client(world)
    made.create_bucket(Bucket="stuff", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return made


def code(call, **arguments):
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    error = refused.value.response
    return error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]


def test_an_object_comes_back_with_what_was_said_of_it(s3, control):
    put = s3.put_object(
        Bucket="stuff", Key="a/ä b+c.txt", Body=b"hello", ContentType="text/plain", Metadata={"team": "web"},
        ChecksumAlgorithm="SHA256",
    )
    assert put["ETag"] == f'"{hashlib.md5(b"hello").hexdigest()}"' and "ChecksumSHA256" in put
    got = s3.get_object(Bucket="stuff", Key="a/ä b+c.txt", ChecksumMode="ENABLED")
    assert got["Body"].read() == b"hello"
    assert (got["ContentType"], got["Metadata"], got["ETag"]) == ("text/plain", {"team": "web"}, put["ETag"])
    assert got["ChecksumSHA256"] == put["ChecksumSHA256"]
    head = s3.head_object(Bucket="stuff", Key="a/ä b+c.txt")
    assert head["ContentLength"] == 5
    assert s3.get_object(Bucket="stuff", Key="a/ä b+c.txt", Range="bytes=1-3")["Body"].read() == b"ell"
    assert code(s3.get_object, Bucket="stuff", Key="a/ä b+c.txt", IfNoneMatch=put["ETag"]) == ("304", 304)
    done = [request["operation"] for request in control.get("requests", surface="codepipeline")["items"]]
    assert {"CreateBucket", "PutObject", "GetObject", "HeadObject"} <= set(done)


def test_a_large_file_goes_up_and_down_in_parts(s3, tmp_path):
    content = os.urandom(MIB) * 20
    (tmp_path / "up").write_bytes(content)
    config = TransferConfig(multipart_threshold=8 * MIB, multipart_chunksize=8 * MIB, max_concurrency=4)
    s3.upload_file(str(tmp_path / "up"), "stuff", "large", Config=config)
    head = s3.head_object(Bucket="stuff", Key="large")
    assert head["ContentLength"] == 20 * MIB and head["ETag"].endswith('-3"')
    s3.download_file("stuff", "large", str(tmp_path / "down"), Config=config)
    assert (tmp_path / "down").read_bytes() == content
    s3.copy({"Bucket": "stuff", "Key": "large"}, "stuff", "copy", Config=config)
    assert s3.get_object(Bucket="stuff", Key="copy", Range="bytes=-5")["Body"].read() == content[-5:]
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="stuff")


@pytest.mark.parametrize("signature", ["s3", "s3v4"])
def test_presigned_urls_need_no_signature_in_the_header(world, s3, signature):
    signer = client(world, signature_version=signature)
    put = signer.generate_presigned_url("put_object", Params={"Bucket": "stuff", "Key": "k"})
    assert requests.put(put, data=b"by url", timeout=10).status_code == 200
    get = signer.generate_presigned_url(
        "get_object", Params={"Bucket": "stuff", "Key": "k", "ResponseContentType": "text/x"}
    )
    answer = requests.get(get, timeout=10)
    assert (answer.content, answer.headers["Content-Type"]) == (b"by url", "text/x")


def test_versions(s3):
    s3.put_bucket_versioning(Bucket="stuff", VersioningConfiguration={"Status": "Enabled"})
    assert s3.get_bucket_versioning(Bucket="stuff")["Status"] == "Enabled"
    one = s3.put_object(Bucket="stuff", Key="k", Body=b"1")["VersionId"]
    two = s3.put_object(Bucket="stuff", Key="k", Body=b"2")["VersionId"]
    marker = s3.delete_object(Bucket="stuff", Key="k")
    assert marker["DeleteMarker"]
    assert code(s3.get_object, Bucket="stuff", Key="k") == ("NoSuchKey", 404)
    assert s3.get_object(Bucket="stuff", Key="k", VersionId=one)["Body"].read() == b"1"
    all = s3.list_object_versions(Bucket="stuff")
    assert [version["VersionId"] for version in all["Versions"]] == [two, one]
    assert all["DeleteMarkers"][0]["VersionId"] == marker["VersionId"]
    s3.delete_object(Bucket="stuff", Key="k", VersionId=marker["VersionId"])
    assert s3.get_object(Bucket="stuff", Key="k")["VersionId"] == two


def test_lists_come_in_pages(s3):
    keys = [f"{folder}/{n:02} x" for folder in "ab" for n in range(6)]
    for key in keys:
        s3.put_object(Bucket="stuff", Key=key, Body=b"")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="stuff", PaginationConfig={"PageSize": 5})
    assert [entry["Key"] for page in pages for entry in page["Contents"]] == keys
    top = s3.list_objects_v2(Bucket="stuff", Delimiter="/")
    assert [prefix["Prefix"] for prefix in top["CommonPrefixes"]] == ["a/", "b/"]
    old = s3.get_paginator("list_objects").paginate(Bucket="stuff", Prefix="b/", PaginationConfig={"PageSize": 4})
    assert [entry["Key"] for page in old for entry in page["Contents"]] == keys[6:]
    gone = s3.delete_objects(Bucket="stuff", Delete={"Objects": [{"Key": key} for key in keys]})
    assert len(gone["Deleted"]) == 12 and s3.list_objects_v2(Bucket="stuff")["KeyCount"] == 0
    s3.delete_bucket(Bucket="stuff")
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == []


def test_each_error_has_the_code_of_the_service(s3):
    s3.put_object(Bucket="stuff", Key="k", Body=b"hello")
    assert code(s3.get_object, Bucket="none", Key="k") == ("NoSuchBucket", 404)
    assert code(s3.get_object, Bucket="stuff", Key="none") == ("NoSuchKey", 404)
    assert code(s3.head_object, Bucket="stuff", Key="none") == ("404", 404)
    assert code(s3.head_bucket, Bucket="none") == ("404", 404)
    assert code(s3.get_object, Bucket="stuff", Key="k", Range="bytes=5-") == ("InvalidRange", 416)
    assert code(s3.get_object, Bucket="stuff", Key="k", IfMatch='"x"') == ("PreconditionFailed", 412)
    assert code(s3.put_object, Bucket="stuff", Key="k", Body=b"", IfNoneMatch="*") == ("PreconditionFailed", 412)
    assert code(s3.put_object, Bucket="stuff", Key="k", Body=b"x", ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg==") == (
        "BadDigest", 400,
    )
    assert code(s3.delete_bucket, Bucket="stuff") == ("BucketNotEmpty", 409)
    again = {"LocationConstraint": "eu-west-1"}
    assert code(s3.create_bucket, Bucket="stuff", CreateBucketConfiguration=again) == ("BucketAlreadyOwnedByYou", 409)
    upload = {"Bucket": "stuff", "Key": "k", "UploadId": "none"}
    assert code(s3.abort_multipart_upload, **upload) == ("NoSuchUpload", 404)
    assert code(s3.get_bucket_policy, Bucket="stuff") == ("NotImplemented", 501)


def test_a_stream_of_unknown_content_and_an_unsigned_payload(world, s3):
    unsigned = client(world, s3={"payload_signing_enabled": False}, request_checksum_calculation="when_required")
    unsigned.upload_fileobj(io.BytesIO(b"streamed"), "stuff", "k")
    assert s3.get_object(Bucket="stuff", Key="k")["Body"].read() == b"streamed"


def test_the_frames_of_chunked_uploads(world, s3):
    """As the SDKs for Java, JavaScript and Go send them, with the checksum behind the bytes."""
    url = client(world, signature_version="s3v4").generate_presigned_url(
        "put_object", Params={"Bucket": "stuff", "Key": "k"}
    )
    head = {
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "content-encoding": "aws-chunked",
        "x-amz-trailer": "x-amz-checksum-crc32",
        "x-amz-decoded-content-length": "5",
    }
    good = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"
    answer = requests.put(url, data=good, headers=head, timeout=10)
    assert (answer.status_code, answer.headers["x-amz-checksum-crc32"]) == (200, "NhCmhg==")
    assert s3.get_object(Bucket="stuff", Key="k")["Body"].read() == b"hello"
    assert "ContentEncoding" not in s3.head_object(Bucket="stuff", Key="k")
    bad = requests.put(url, data=good.replace(b"hello", b"hallo"), headers=head, timeout=10)
    assert bad.status_code == 400 and "<Code>BadDigest</Code>" in bad.text
    signed = head | {"x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}
    del signed["x-amz-trailer"]
    chunk = b"5;chunk-signature=" + b"0" * 64 + b"\r\nhello\r\n0;chunk-signature=" + b"0" * 64 + b"\r\n\r\n"
    assert requests.put(url, data=chunk, headers=signed, timeout=10).status_code == 200
    assert s3.get_object(Bucket="stuff", Key="k")["Body"].read() == b"hello"


def test_worlds_have_buckets_of_their_own(server, world, s3):
    s3.put_object(Bucket="stuff", Key="k", Body=b"here")
    other = client(f"{server}/_w/another-one")
    assert code(other.get_object, Bucket="stuff", Key="k") == ("NoSuchBucket", 404)
    header = requests.get(
        f"{server}/stuff/k",
        headers={
            "X-Parhelion-World": world.rsplit("/", 1)[1],
            "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/s3/aws4_request,"
            "SignedHeaders=host,Signature=0",
        },
        timeout=10,
    )
    assert header.content == b"here"
    requests.delete(f"{server}/_parhelion/worlds/another-one", timeout=10)


def test_snapshots_hold_objects_too(s3, control):
    s3.put_object(Bucket="stuff", Key="k", Body=b"before")
    control.post("snapshots", {"name": "here"})
    s3.put_object(Bucket="stuff", Key="k", Body=b"after")
    s3.put_object(Bucket="stuff", Key="other", Body=b"after")
    control.post("snapshots/here/restore", {"surface": "codepipeline"})
    assert s3.get_object(Bucket="stuff", Key="k")["Body"].read() == b"before"
    assert s3.list_objects_v2(Bucket="stuff")["KeyCount"] == 1
    control.post("reset")
    assert s3.list_buckets()["Buckets"] == []


def test_what_is_too_large_is_refused_before_it_comes(world):
    where = urllib.parse.urlsplit(world)
    head = (
        f"PUT {where.path}/stuff/k HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Length: 9999999999\r\n"
        "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/s3/aws4_request,"
        "SignedHeaders=host,Signature=0\r\n\r\n"
    )
    with socket.create_connection((where.hostname, where.port), timeout=10) as connection:
        connection.sendall(head.encode())
        answer = connection.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 400 ") and "<Code>EntityTooLarge</Code>" in answer


# ---------------------------------------------------------------- pipelines over objects

AWS = {"owner": "AWS", "version": "1"}
MINE = {"category": "Build", "owner": "Custom", "provider": "Mine", "version": "1"}


@pytest.fixture
def aws(world):
    return client(world, "codepipeline")


def action(name, type, configuration, inputs=(), outputs=()):
    return {
        "name": name,
        "actionTypeId": type,
        "configuration": configuration,
        "inputArtifacts": [{"name": name} for name in inputs],
        "outputArtifacts": [{"name": name} for name in outputs],
    }


def source(**configuration):
    configuration = {"S3Bucket": "stuff", "S3ObjectKey": "app.zip"} | configuration
    return action("Fetch", AWS | {"category": "Source", "provider": "S3"}, configuration, outputs=["Code"])


def deploy(artifact, **configuration):
    type = AWS | {"category": "Deploy", "provider": "S3"}
    return action("Ship", type, {"BucketName": "site"} | configuration, inputs=[artifact])


def pipeline(*actions, name="site"):
    return {
        "name": name,
        "roleArn": "arn:aws:iam::000000000000:role/pipeline",
        "artifactStore": {"type": "S3", "location": "artifacts-of-the-test"},
        "stages": [{"name": action["name"], "actions": [action]} for action in actions],
    }


def zipped(**files):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), text)
    return held.getvalue()


def newest(aws, name="site"):
    return aws.list_pipeline_executions(pipelineName=name)["pipelineExecutionSummaries"][0]


def test_a_put_starts_a_pipeline_that_deploys_the_object(aws, s3, control):
    s3.put_bucket_versioning(Bucket="stuff", VersioningConfiguration={"Status": "Enabled"})
    aws.create_pipeline(pipeline=pipeline(source(), deploy("Code", Extract="true", ObjectKey="live")))
    control.idle()
    assert newest(aws)["sourceRevisions"][0]["revisionSummary"].startswith("Amazon S3 version id: ")
    version = s3.put_object(Bucket="stuff", Key="app.zip", Body=zipped(index_html="<p>", d__a_txt="a"))["VersionId"]
    control.idle()
    execution = newest(aws)
    assert (execution["status"], execution["trigger"]["triggerType"]) == ("Succeeded", "PollForSourceChanges")
    assert execution["sourceRevisions"][0]["revisionId"] == version
    page = s3.get_object(Bucket="site", Key="live/index.html")
    assert (page["Body"].read(), page["ContentType"]) == (b"<p>", "text/html")
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket="site", Prefix="live/")["Contents"]]
    assert keys[:2] == ["live/d/a.txt", "live/index.html"]
    (run,) = [
        detail
        for detail in aws.list_action_executions(pipelineName="site")["actionExecutionDetails"]
        if detail["actionName"] == "Fetch" and detail["pipelineExecutionId"] == execution["pipelineExecutionId"]
    ]
    assert run["output"]["outputVariables"]["VersionId"] == version
    place = run["output"]["outputArtifacts"][0]["s3location"]
    assert s3.head_object(Bucket=place["bucket"], Key=place["key"])["ContentLength"] > 0


def test_a_large_zip_is_unpacked_and_the_whole_artifact_can_be_deployed(aws, s3, control):
    large = os.urandom(MIB) * 3
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("large.bin", large)
    s3.put_object(Bucket="stuff", Key="app.zip", Body=held.getvalue())
    aws.create_pipeline(pipeline=pipeline(source(), deploy("Code", Extract="true"), name="files"))
    whole = deploy("Code", Extract="false", ObjectKey="app.zip", CacheControl="no-store")
    aws.create_pipeline(pipeline=pipeline(source(), whole, name="whole"))
    control.idle()
    assert newest(aws, "files")["status"] == newest(aws, "whole")["status"] == "Succeeded"
    assert s3.get_object(Bucket="site", Key="large.bin")["Body"].read() == large
    got = s3.get_object(Bucket="site", Key="app.zip")
    assert (got["Body"].read(), got["CacheControl"]) == (held.getvalue(), "no-store")


def test_a_deployment_of_what_is_no_zip_fails_and_says_so(aws, s3, control):
    s3.put_object(Bucket="stuff", Key="app.zip", Body=b"no zip")
    aws.create_pipeline(pipeline=pipeline(source(), deploy("Code", Extract="true")))
    control.idle()
    state = aws.get_pipeline_state(name="site")["stageStates"][1]["actionStates"][0]["latestExecution"]
    assert state["status"] == "Failed" and "no zip archive" in state["errorDetails"]["message"]
    story = control.explain(newest(aws)["pipelineExecutionId"])
    assert "no zip archive" in story, story


def test_a_worker_fetches_its_input_and_uploads_its_output(world, aws, s3, control):
    """The story of a custom worker: everything with the credentials of the job."""
    aws.create_custom_action_type(
        category="Build", provider="Mine", version="1",
        inputArtifactDetails={"minimumCount": 1, "maximumCount": 1},
        outputArtifactDetails={"minimumCount": 1, "maximumCount": 1},
    )
    s3.put_object(Bucket="stuff", Key="app.zip", Body=zipped(name_txt="world"))
    build = action("Build", MINE, {}, inputs=["Code"], outputs=["Built"])
    aws.create_pipeline(
        pipeline=pipeline(source(PollForSourceChanges="false"), build, deploy("Built", Extract="true"))
    )
    control.idle()
    (job,) = aws.poll_for_jobs(actionTypeId=MINE, maxBatchSize=1)["jobs"]
    aws.acknowledge_job(jobId=job["id"], nonce=job["nonce"])
    data = job["data"]
    keys = data["artifactCredentials"]
    worker = boto3.client(
        "s3", endpoint_url=world, region_name="eu-west-1", aws_access_key_id=keys["accessKeyId"],
        aws_secret_access_key=keys["secretAccessKey"], aws_session_token=keys["sessionToken"],
    )
    place = data["inputArtifacts"][0]["location"]["s3Location"]
    fetched = worker.get_object(Bucket=place["bucketName"], Key=place["objectKey"])["Body"].read()
    with zipfile.ZipFile(io.BytesIO(fetched)) as archive:
        name = archive.read("name.txt").decode()
    place = data["outputArtifacts"][0]["location"]["s3Location"]
    worker.upload_fileobj(io.BytesIO(zipped(hello_txt=f"hello {name}")), place["bucketName"], place["objectKey"])
    aws.put_job_success_result(jobId=job["id"])
    control.idle()
    assert newest(aws)["status"] == "Succeeded"
    assert s3.get_object(Bucket="site", Key="hello.txt")["Body"].read() == b"hello world"
