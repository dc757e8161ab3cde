"""Customers' and partners' job workers with boto3: whole stories, and what each call refuses."""

import concurrent.futures

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

BUILDER = {"category": "Build", "owner": "Custom", "provider": "Works", "version": "1"}
PARTNER = {"category": "Build", "owner": "ThirdParty", "provider": "Acme", "version": "1"}
NOWHERE = "11111111-1111-4111-8111-111111111111"


def client(url, account="test", region="eu-west-1"):
    return boto3.client(
        "codepipeline",
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=account,
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 1}, max_pool_connections=20),
    )


@pytest.fixture
def aws(world):
    return client(world)


def object_store(url, credentials):
    """S3 with the credentials of a job."""
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name="eu-west-1",
        aws_access_key_id=credentials["accessKeyId"],
        aws_secret_access_key=credentials["secretAccessKey"],
        aws_session_token=credentials["sessionToken"],
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
    )


def place(artifact):
    location = artifact["location"]["s3Location"]
    return {"Bucket": location["bucketName"], "Key": location["objectKey"]}


def refused(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"]


def own_type(**changes):
    return {
        "category": "Build",
        "provider": "Works",
        "version": "1",
        "settings": {
            "entityUrlTemplate": "https://works.example/{Config:Project}",
            "executionUrlTemplate": "https://works.example/{Config:Project}/{ExternalExecutionId}",
        },
        "configurationProperties": [
            {"name": "Project", "required": True, "key": True, "secret": False, "queryable": True},
            {"name": "Password", "required": False, "key": False, "secret": True},
        ],
        "inputArtifactDetails": {"minimumCount": 0, "maximumCount": 1},
        "outputArtifactDetails": {"minimumCount": 0, "maximumCount": 1},
    } | changes


def action(name, type_id, configuration, **more):
    return {"name": name, "actionTypeId": type_id, "configuration": configuration} | more


def pipeline(*work, name="site", **more):
    """A simulated source, then a stage for each of these actions."""
    s3 = {"category": "Source", "owner": "AWS", "provider": "S3", "version": "1"}
    source = action("Pull", s3, {"S3Bucket": "uploads", "S3ObjectKey": "code.zip"}, outputArtifacts=[{"name": "Code"}])
    stages = [{"name": "Source", "actions": [source]}]
    stages += [{"name": f"Stage{n}", "actions": [one]} for n, one in enumerate(work)]
    return {
        "name": name,
        "roleArn": "arn:aws:iam::000000000000:role/pipeline",
        "artifactStore": {
            "type": "S3",
            "location": "artifacts",
            "encryptionKey": {"id": "alias/pipeline", "type": "KMS"},
        },
        "stages": stages,
    } | more


def work(project="demo", **more):
    return action("Work", BUILDER, {"Project": project, "Password": "pssst"}, inputArtifacts=[{"name": "Code"}]) | more


def poll(aws, project="demo", most=10):
    return aws.poll_for_jobs(actionTypeId=BUILDER, maxBatchSize=most, queryParam={"Project": project})["jobs"]


def take(aws, project="demo"):
    (job,) = poll(aws, project)
    assert aws.acknowledge_job(jobId=job["id"], nonce=job["nonce"])["status"] == "InProgress"
    return job


def latest(aws, stage):
    state = aws.get_pipeline_state(name="site")["stageStates"][stage]["actionStates"][0]
    return state["latestExecution"]


@pytest.fixture
def working(aws, control):
    """The custom type, and a pipeline whose job waits."""
    aws.create_custom_action_type(**own_type())
    aws.create_pipeline(pipeline=pipeline(work()))
    control.idle()
    return aws


# ---------------------------------------------------------------- customers' workers


def test_the_story_of_a_customers_worker(aws, control):
    made = aws.create_custom_action_type(**own_type(), tags=[{"key": "team", "value": "build"}])
    assert made["actionType"]["id"] == BUILDER
    assert [p["name"] for p in made["actionType"]["actionConfigurationProperties"]] == ["Project", "Password"]
    assert "configurationProperties" not in made["actionType"]
    build = work("#{variables.PROJECT}", namespace="built", outputArtifacts=[{"name": "Out"}])
    ship = action("Ship", BUILDER, {"Project": "#{built.Version}"}, inputArtifacts=[{"name": "Out"}])
    variables = [{"name": "PROJECT", "defaultValue": "demo"}]
    kept = aws.create_pipeline(pipeline=pipeline(build, ship, pipelineType="V2", variables=variables))["pipeline"]
    assert kept["stages"][1]["actions"][0]["configuration"]["Password"] == "****"
    control.idle()
    execution = aws.list_pipeline_executions(pipelineName="site")["pipelineExecutionSummaries"][0]

    # Only its own project's jobs, by what the configuration resolved to.
    assert poll(aws, "other") == []
    (job,) = poll(aws)
    assert set(job) == {"id", "nonce", "accountId", "data"} and job["accountId"] == "000000000000"
    data = job["data"]
    assert data["actionTypeId"] == BUILDER
    assert data["actionConfiguration"]["configuration"] == {"Project": "demo", "Password": "pssst"}
    context = data["pipelineContext"]
    assert context["pipelineName"] == "site" and context["pipelineExecutionId"] == execution["pipelineExecutionId"]
    assert context["pipelineArn"] == "arn:aws:codepipeline:eu-west-1:000000000000:site"
    assert context["stage"] == {"name": "Stage0"} and context["action"]["name"] == "Work"
    assert data["inputArtifacts"][0]["location"]["s3Location"]["bucketName"] == "artifacts"
    assert data["outputArtifacts"][0]["location"]["s3Location"]["objectKey"].startswith("site/Out/")
    assert data["encryptionKey"] == {"id": "alias/pipeline", "type": "KMS"}
    assert data["artifactCredentials"]["accessKeyId"].startswith("ASIA")
    assert poll(aws) == [], "it is handed out once"

    assert aws.acknowledge_job(jobId=job["id"], nonce=job["nonce"])["status"] == "InProgress"
    details = aws.get_job_details(jobId=job["id"])["jobDetails"]
    assert set(details) == {"id", "data", "accountId"}
    assert details["data"]["artifactCredentials"] != data["artifactCredentials"], "they are fresh each time"

    # Half way: a job with a new id carries the token.
    aws.put_job_success_result(
        jobId=job["id"],
        continuationToken="half way",
        executionDetails={"summary": "building", "externalExecutionId": "b-7", "percentComplete": 50},
    )
    now = latest(aws, 1)
    assert (now["status"], now["percentComplete"], now["summary"]) == ("InProgress", 50, "building")
    assert now["externalExecutionUrl"] == "https://works.example/demo/b-7"
    second = take(aws)
    assert second["id"] != job["id"] and second["data"]["continuationToken"] == "half way"
    aws.put_job_success_result(
        jobId=second["id"],
        currentRevision={"revision": "ignored", "changeIdentifier": "of a build"},
        executionDetails={"summary": "built", "externalExecutionId": "b-7"},
        outputVariables={"Version": "v1-2"},
    )
    control.idle()
    done = latest(aws, 1)
    assert (done["status"], done["percentComplete"], done["summary"]) == ("Succeeded", 100, "built")

    # What it told is what the next one is found by.
    third = take(aws, "v1-2")
    assert third["data"]["pipelineContext"]["action"]["name"] == "Ship"
    assert third["data"]["inputArtifacts"][0]["location"] == data["outputArtifacts"][0]["location"]
    aws.put_job_success_result(jobId=third["id"])
    control.idle()
    (execution,) = aws.list_pipeline_executions(pipelineName="site")["pipelineExecutionSummaries"]
    assert execution["status"] == "Succeeded"
    runs = aws.list_action_executions(pipelineName="site")["actionExecutionDetails"]
    (built,) = [run for run in runs if run["actionName"] == "Work"]
    assert built["output"]["outputVariables"] == {"Version": "v1-2"}
    assert built["input"]["configuration"]["Project"] == "#{variables.PROJECT}"
    assert built["input"]["resolvedConfiguration"] == {"Project": "demo", "Password": "****"}


def test_artifacts_go_through_the_store_with_the_jobs_credentials(aws, world, control):
    owner = object_store(world, {"accessKeyId": "test", "secretAccessKey": "test", "sessionToken": None})
    owner.create_bucket(Bucket="uploads", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    owner.put_object(Bucket="uploads", Key="code.zip", Body=b"the code")
    aws.create_custom_action_type(**own_type())
    build = work(outputArtifacts=[{"name": "Out"}])
    check = action("Check", BUILDER, {"Project": "check"}, inputArtifacts=[{"name": "Out"}])
    aws.create_pipeline(pipeline=pipeline(build, check))
    control.idle()
    job = take(aws)
    store = object_store(world, job["data"]["artifactCredentials"])
    assert store.get_object(**place(job["data"]["inputArtifacts"][0]))["Body"].read() == b"the code"
    store.put_object(**place(job["data"]["outputArtifacts"][0]), Body=b"what was built")
    aws.put_job_success_result(jobId=job["id"])
    control.idle()
    job = take(aws, "check")
    store = object_store(world, job["data"]["artifactCredentials"])
    assert store.get_object(**place(job["data"]["inputArtifacts"][0]))["Body"].read() == b"what was built"


def test_a_failure_is_told_as_the_worker_put_it(working, control):
    job = take(working)
    failure = {"type": "ConfigurationError", "message": "no such project", "externalExecutionId": "b-8"}
    working.put_job_failure_result(jobId=job["id"], failureDetails=failure)
    control.idle()
    now = latest(working, 1)
    assert now["status"] == "Failed" and now["externalExecutionUrl"].endswith("/demo/b-8")
    assert now["errorDetails"] == {"code": "ConfigurationError", "message": "no such project"}
    acknowledged = working.acknowledge_job(jobId=job["id"], nonce=job["nonce"])
    assert acknowledged["status"] == "Failed", "a finished job answers how it ended"


def test_a_customers_worker_is_refused(working, control):
    aws = working
    plain = own_type(provider="Plain", configurationProperties=[], settings={})
    aws.create_custom_action_type(**plain)
    other = BUILDER | {"provider": "Plain"}
    assert aws.poll_for_jobs(actionTypeId=other)["jobs"] == []
    assert refused(aws.poll_for_jobs, actionTypeId=other, queryParam={"Project": "demo"}) == "ValidationException"
    assert refused(aws.poll_for_jobs, actionTypeId=BUILDER) == "ValidationException"
    assert refused(aws.poll_for_jobs, actionTypeId=BUILDER, queryParam={"Password": "p"}) == "ValidationException"
    team_city = PARTNER | {"provider": "TeamCity"}
    assert refused(aws.poll_for_jobs, actionTypeId=team_city) == "ValidationException"
    nobody = BUILDER | {"provider": "Nobody"}
    assert refused(aws.poll_for_jobs, actionTypeId=nobody) == "ActionTypeNotFoundException"

    (job,) = poll(aws)
    good = {"jobId": job["id"], "nonce": job["nonce"]}
    assert refused(aws.acknowledge_job, **good | {"nonce": "1"}) == "InvalidNonceException"
    assert refused(aws.acknowledge_job, **good | {"jobId": NOWHERE}) == "JobNotFoundException"
    assert refused(aws.acknowledge_job, **good | {"jobId": "x"}) == "ValidationException"
    assert refused(aws.get_job_details, jobId=NOWHERE) == "JobNotFoundException"
    failure = {"type": "JobFailed", "message": "no"}
    assert refused(aws.put_job_success_result, jobId=job["id"]) == "InvalidJobStateException"
    assert refused(aws.put_job_failure_result, jobId=job["id"], failureDetails=failure) == "InvalidJobStateException"
    assert refused(aws.put_job_success_result, jobId=NOWHERE) == "JobNotFoundException"
    assert refused(aws.put_job_failure_result, jobId=NOWHERE, failureDetails=failure) == "JobNotFoundException"

    # Unacknowledged for 30 seconds, it goes to the next worker with another nonce.
    control.post("clock/advance", {"by": "30s"})
    assert refused(aws.acknowledge_job, **good) == "InvalidNonceException"
    again = take(aws)
    assert again["id"] == job["id"] and again["nonce"] != job["nonce"]
    second_worker = {"jobId": job["id"], "nonce": again["nonce"]}
    assert refused(aws.acknowledge_job, **second_worker) == "InvalidNonceException"

    success = {"jobId": job["id"], "outputVariables": {"A": "1"}}
    assert refused(aws.put_job_success_result, **success, continuationToken="t") == "ValidationException"
    large = success | {"outputVariables": {"A": "x" * 122_880}}
    assert refused(aws.put_job_success_result, **large) == "OutputVariablesSizeExceededException"
    aws.put_job_success_result(**success)
    assert refused(aws.put_job_success_result, **success) == "InvalidJobStateException"


def test_a_job_times_out_after_24_hours(working, control):
    job = take(working)
    control.post("clock/advance", {"by": "24h"})
    control.idle()
    assert latest(working, 1)["errorDetails"]["code"] == "Timeout"
    assert refused(working.put_job_success_result, jobId=job["id"]) == "InvalidJobStateException"
    assert working.acknowledge_job(jobId=job["id"], nonce=job["nonce"])["status"] == "TimedOut"


def test_the_action_of_a_deleted_type_fails(working, control):
    working.delete_custom_action_type(category="Build", provider="Works", version="1")
    working.delete_custom_action_type(category="Build", provider="Works", version="1")
    control.idle()
    assert latest(working, 1)["errorDetails"]["code"] == "ConfigurationError"
    query = {"queryParam": {"Project": "demo"}}
    assert refused(working.poll_for_jobs, actionTypeId=BUILDER, **query) == "ActionTypeNotFoundException"
    kept = working.get_pipeline(name="site")["pipeline"]["stages"][1]["actions"][0]
    assert kept["configuration"] == {"Project": "demo", "Password": "****"}
    new = pipeline(work(), name="other")
    assert refused(working.create_pipeline, pipeline=new) == "InvalidActionDeclarationException"
    changed = own_type(outputArtifactDetails={"minimumCount": 0, "maximumCount": 5})
    assert refused(working.create_custom_action_type, **changed) == "InvalidActionTypeException"
    working.create_custom_action_type(**own_type())
    working.start_pipeline_execution(name="site")
    control.idle()
    assert len(poll(working)) == 1


def test_a_poll_that_got_nothing_tells_why(working, control):
    def story(**arguments):
        answer = working.poll_for_jobs(actionTypeId=BUILDER, **arguments)
        assert answer["jobs"] == []
        return control.explain(answer["ResponseMetadata"]["HTTPHeaders"]["x-parhelion-request-id"])

    other = story(queryParam={"Project": "other"})
    assert "has Project 'demo', the poll asks for 'other'" in other, other
    (job,) = poll(working)
    hidden = story(queryParam={"Project": "demo"})
    assert f"job {job['id']} of action site/Stage0/Work was handed to a worker and is hidden until" in hidden, hidden
    working.acknowledge_job(jobId=job["id"], nonce=job["nonce"])
    taken = story(queryParam={"Project": "demo"})
    assert "is InProgress" in taken, taken
    working.put_job_success_result(jobId=job["id"])
    none = story(queryParam={"Project": "demo"})
    assert "no action of type Custom/Build/Works/1 is waiting" in none, none
    assert "pssst" not in other + hidden + taken + none


def test_of_workers_that_race_for_one_job_one_wins(working):
    def worker(_):
        jobs = poll(working)
        return [working.acknowledge_job(jobId=job["id"], nonce=job["nonce"])["status"] for job in jobs]

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        taken = [status for statuses in pool.map(worker, range(16)) for status in statuses]
    assert taken == ["InProgress"]


def test_of_workers_that_share_a_nonce_one_wins(working):
    (job,) = poll(working)

    def worker(_):
        try:
            return working.acknowledge_job(jobId=job["id"], nonce=job["nonce"])["status"]
        except ClientError as error:
            return error.response["Error"]["Code"]

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        outcomes = sorted(pool.map(worker, range(16)))
    assert outcomes == ["InProgress"] + ["InvalidNonceException"] * 15


# ---------------------------------------------------------------- partners' workers


def partner_type(**changes):
    return {
        "id": PARTNER,
        "executor": {"type": "JobWorker", "configuration": {"jobWorkerExecutorConfiguration": {}}},
        "inputArtifactDetails": {"minimumCount": 0, "maximumCount": 1},
        "outputArtifactDetails": {"minimumCount": 0, "maximumCount": 1},
        "properties": [
            {"name": "Plan", "optional": False, "key": True, "noEcho": False, "queryable": False},
            {"name": "ApiKey", "optional": True, "key": False, "noEcho": True, "queryable": False},
        ],
    } | changes


@pytest.fixture
def partner(aws, world, control):
    """A partner's type in the customer's account, a pipeline whose job waits, and the partner in its own account."""
    body = {"region": "eu-west-1", "actionType": partner_type()}
    surface = f"{world}/_parhelion/surfaces/codepipeline"
    assert requests.put(f"{surface}/action-types", json=body, timeout=30).status_code == 200
    body = {"region": "eu-west-1", "provider": "Acme", "clientToken": "between us"}
    assert requests.put(f"{surface}/clients", json=body, timeout=30).status_code == 200
    run = action("Run", PARTNER, {"Plan": "fast", "ApiKey": "geheim"}, inputArtifacts=[{"name": "Code"}])
    kept = aws.create_pipeline(pipeline=pipeline(run))["pipeline"]
    assert kept["stages"][1]["actions"][0]["configuration"] == {"Plan": "fast", "ApiKey": "****"}
    control.idle()
    return client(world, account="333333333333")


def test_the_story_of_a_partners_worker(aws, partner, control):
    (job,) = partner.poll_for_third_party_jobs(actionTypeId=PARTNER, maxBatchSize=5)["jobs"]
    assert set(job) == {"clientId", "jobId"}, "neither data nor nonce"
    client_of = {"jobId": job["jobId"], "clientToken": "between us"}
    details = partner.get_third_party_job_details(**client_of)["jobDetails"]
    assert set(details) == {"id", "nonce", "data"}
    data = details["data"]
    assert data["actionConfiguration"]["configuration"] == {"Plan": "fast", "ApiKey": "geheim"}
    assert set(data["pipelineContext"]) == {"pipelineName", "stage", "action"}
    assert data["encryptionKey"] == {"id": "alias/pipeline", "type": "KMS"}
    acknowledged = partner.acknowledge_third_party_job(nonce=details["nonce"], **client_of)
    assert acknowledged["status"] == "InProgress"
    partner.put_third_party_job_success_result(
        continuationToken="more", executionDetails={"percentComplete": 10}, **client_of
    )
    assert latest(aws, 1)["percentComplete"] == 10
    (second,) = partner.poll_for_third_party_jobs(actionTypeId=PARTNER)["jobs"]
    assert second["jobId"] != job["jobId"] and second["clientId"] == job["clientId"]
    client_of["jobId"] = second["jobId"]
    details = partner.get_third_party_job_details(**client_of)["jobDetails"]
    assert details["data"]["continuationToken"] == "more"
    partner.acknowledge_third_party_job(nonce=details["nonce"], **client_of)
    partner.put_third_party_job_success_result(**client_of)
    control.idle()
    (execution,) = aws.list_pipeline_executions(pipelineName="site")["pipelineExecutionSummaries"]
    assert execution["status"] == "Succeeded"


def test_a_partners_worker_is_refused(aws, partner, world, control):
    assert refused(partner.poll_for_third_party_jobs, actionTypeId=BUILDER) == "ValidationException"
    nobody = PARTNER | {"provider": "Nobody"}
    assert refused(partner.poll_for_third_party_jobs, actionTypeId=nobody) == "ActionTypeNotFoundException"
    far = client(world, account="333333333333", region="us-east-1")
    assert refused(far.poll_for_third_party_jobs, actionTypeId=PARTNER) == "ActionTypeNotFoundException"

    (job,) = partner.poll_for_third_party_jobs(actionTypeId=PARTNER)["jobs"]
    good = {"jobId": job["jobId"], "clientToken": "between us"}
    wrong = good | {"clientToken": "DEFAULT_CLIENT_TOKEN"}
    missing = good | {"jobId": NOWHERE}
    failure = {"failureDetails": {"type": "JobFailed", "message": "no"}}
    details = partner.get_third_party_job_details(**good)["jobDetails"]
    for call, more in [
        (partner.get_third_party_job_details, {}),
        (partner.acknowledge_third_party_job, {"nonce": "1"}),
        (partner.put_third_party_job_success_result, {}),
        (partner.put_third_party_job_failure_result, failure),
    ]:
        assert refused(call, **wrong, **more) == "InvalidClientTokenException", "before anything else of the job"
        assert refused(call, **missing, **more) == "JobNotFoundException"
    assert refused(partner.acknowledge_third_party_job, nonce="1", **good) == "InvalidNonceException"
    assert refused(partner.put_third_party_job_success_result, **good) == "InvalidJobStateException"
    assert refused(partner.put_third_party_job_failure_result, **good, **failure) == "InvalidJobStateException"
    partner.acknowledge_third_party_job(nonce=details["nonce"], **good)
    again = {"nonce": details["nonce"]}
    assert refused(partner.acknowledge_third_party_job, **good, **again) == "InvalidNonceException"
    partner.put_third_party_job_failure_result(**good, **failure)
    assert refused(partner.get_third_party_job_details, **good) == "InvalidJobException"
    assert refused(partner.get_third_party_job_details, **wrong) == "InvalidClientTokenException"
    assert partner.acknowledge_third_party_job(**good, **again)["status"] == "Failed"

    # Each kind of worker has its own jobs.
    assert refused(aws.get_job_details, jobId=job["jobId"]) == "JobNotFoundException"
    aws.create_custom_action_type(**own_type())
    aws.create_pipeline(pipeline=pipeline(work(), name="other"))
    control.idle()
    own = {"jobId": poll(aws)[0]["id"], "clientToken": "between us"}
    assert refused(aws.get_third_party_job_details, **own) == "InvalidJobException"
    assert refused(partner.get_third_party_job_details, **own) == "JobNotFoundException"


# ---------------------------------------------------------------- types and their tags


def test_action_types_are_listed_with_their_filters(aws):
    aws.create_custom_action_type(**own_type())
    aws.create_custom_action_type(**own_type(version="2"))
    pages = list(aws.get_paginator("list_action_types").paginate())
    listed = [kind["id"] for page in pages for kind in page["actionTypes"]]
    order = [(i["owner"], i["category"], i["provider"], i["version"]) for i in listed]
    assert order == sorted(order) and BUILDER in listed
    assert {i["owner"] for i in listed} == {"AWS", "Custom", "ThirdParty"}
    own = aws.list_action_types(actionOwnerFilter="Custom")["actionTypes"]
    assert [kind["id"]["version"] for kind in own] == ["1", "2"]
    assert own[0]["settings"] == own_type()["settings"]
    assert aws.list_action_types(actionOwnerFilter="Custom", regionFilter="us-east-1")["actionTypes"] == []
    assert refused(aws.list_action_types, nextToken="nonsense") == "InvalidNextTokenException"
    rules = aws.list_rule_types(ruleOwnerFilter="AWS")["ruleTypes"]
    assert [rule["id"]["provider"] for rule in rules] == [
        "CloudWatchAlarm", "CodeBuild", "Commands", "DeploymentWindow", "LambdaInvoke", "VariableCheck",
    ]


def test_types_of_the_integration_model_are_read_and_replaced(aws, partner):
    got = aws.get_action_type(**PARTNER)["actionType"]
    assert got == partner_type()
    aws.update_action_type(actionType=partner_type(description="Acme's builds"))
    assert aws.get_action_type(**PARTNER)["actionType"]["description"] == "Acme's builds"
    executor = {"type": "Lambda", "configuration": {"jobWorkerExecutorConfiguration": {}}}
    assert refused(aws.update_action_type, actionType=partner_type(executor=executor)) == "ValidationException"
    nobody = partner_type(id=PARTNER | {"provider": "Nobody"})
    assert refused(aws.update_action_type, actionType=nobody) == "ActionTypeNotFoundException"
    assert refused(aws.get_action_type, **PARTNER | {"provider": "Nobody"}) == "ActionTypeNotFoundException"
    assert refused(aws.get_action_type, **BUILDER) == "ValidationException", "customers' types are not of the model"


def test_what_cannot_be_a_custom_type_is_refused(aws):
    create = aws.create_custom_action_type
    aws.create_custom_action_type(**own_type())
    assert create(**own_type())["actionType"]["id"] == BUILDER, "the same again is answered"
    other = own_type(inputArtifactDetails={"minimumCount": 1, "maximumCount": 1})
    assert refused(create, **other) == "ActionTypeAlreadyExistsException"
    new = {"provider": "Other"}
    assert refused(create, **own_type(category="Approval", **new)) == "ValidationException"
    counts = {"minimumCount": 3, "maximumCount": 1}
    assert refused(create, **own_type(inputArtifactDetails=counts, **new)) == "InvalidActionTypeException"
    properties = [{"name": n, "required": True, "key": True, "secret": False, "queryable": True} for n in "ab"]
    assert refused(create, **own_type(configurationProperties=properties, **new)) == "InvalidActionTypeException"
    settings = {"entityUrlTemplate": "https://x/{Config:Nope}"}
    assert refused(create, **own_type(settings=settings, **new)) == "InvalidActionTypeException"
    counts = {"minimumCount": 0, "maximumCount": 6}
    assert refused(create, **own_type(inputArtifactDetails=counts, **new)) == "ValidationException"
    assert refused(create, **own_type(**new), tags=[{"key": "aws:x", "value": ""}]) == "InvalidTagsException"
    many = [{"key": f"k{n}", "value": ""} for n in range(51)]
    assert refused(create, **own_type(**new), tags=many) == "TooManyTagsException"


def test_pipelines_webhooks_and_action_types_take_tags(working):
    aws = working
    arn = "arn:aws:codepipeline:eu-west-1:000000000000"
    hook = {
        "name": "hook",
        "targetPipeline": "site",
        "targetAction": "Pull",
        "filters": [{"jsonPath": "$.ref"}],
        "authentication": "UNAUTHENTICATED",
        "authenticationConfiguration": {},
    }
    made = aws.put_webhook(webhook=hook, tags=[{"key": "by", "value": "hand"}])["webhook"]
    assert made["arn"] == f"{arn}:webhook:hook" and made["tags"] == [{"key": "by", "value": "hand"}]
    for resource in [f"{arn}:site", made["arn"], f"{arn}:actiontype:Custom/Build/Works/1"]:
        tags = [{"key": key, "value": "v"} for key in ["c", "a", "b"]]
        aws.tag_resource(resourceArn=resource, tags=tags)
        aws.untag_resource(resourceArn=resource, tagKeys=["by", "c", "absent"])
        listed = aws.list_tags_for_resource(resourceArn=resource, maxResults=1)
        assert [tag["key"] for tag in listed["tags"]] == ["a"] and "nextToken" in listed
        page = aws.list_tags_for_resource(resourceArn=resource, maxResults=1, nextToken=listed["nextToken"])
        assert [tag["key"] for tag in page["tags"]] == ["b"] and "nextToken" not in page
        many = [{"key": f"k{n}", "value": ""} for n in range(49)]
        assert refused(aws.tag_resource, resourceArn=resource, tags=many) == "TooManyTagsException"
        system = [{"key": "AWS:x", "value": ""}]
        assert refused(aws.tag_resource, resourceArn=resource, tags=system) == "InvalidTagsException"
        twice = [{"key": "x", "value": "1"}, {"key": "x", "value": "2"}]
        assert refused(aws.tag_resource, resourceArn=resource, tags=twice) == "InvalidTagsException"
    own = f"{arn}:actionType:Custom/Build/Works/1"
    assert len(aws.list_tags_for_resource(resourceArn=own)["tags"]) == 2, "AWS spells it both ways"
    gone = f"{arn}:actiontype:Custom/Build/Gone/1"
    assert refused(aws.list_tags_for_resource, resourceArn=gone) == "ResourceNotFoundException"
    far = own.replace("eu-west-1", "us-east-1")
    assert refused(aws.tag_resource, resourceArn=far, tags=[{"key": "a", "value": ""}]) == "InvalidArnException"
    assert refused(aws.list_tags_for_resource, resourceArn="arn:x") == "ValidationException"
    aws.delete_custom_action_type(category="Build", provider="Works", version="1")
    assert refused(aws.list_tags_for_resource, resourceArn=own) == "ResourceNotFoundException"
