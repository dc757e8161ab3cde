"""Git's rows by the official client, beside what git itself makes of the same repository."""

import io
import os
import subprocess
import zipfile

import pytest
from azure.devops.exceptions import AzureDevOpsServiceError
from azure.devops.v7_1.git.models import (
    GitBaseVersionDescriptor,
    GitItemDescriptor,
    GitItemRequestData,
    GitQueryCommitsCriteria,
    GitRefUpdate,
    GitRepository,
    GitTargetVersionDescriptor,
)

from devops_kit import Organization

YAML = "trigger: [main]\nsteps:\n- script: echo hello\n"


def git(folder, *args):
    environment = os.environ | {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}
    for who in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{who}_NAME": "Ann", f"GIT_{who}_EMAIL": "ann@example.com"}
    return subprocess.run(
        ["git", *args], cwd=folder, env=environment, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def org(world):
    return Organization(world)


@pytest.fixture
def clone(org, tmp_path):
    """A clone of the project's repository, with one commit on `main` that is pushed."""
    project = org.project()
    git(tmp_path, "clone", "-q", f"{org.url}/site/_git/site", "work")
    work = tmp_path / "work"
    git(work, "checkout", "-q", "-b", "main")
    (work / "azure-pipelines.yml").write_text(YAML)
    (work / "docs").mkdir()
    (work / "docs" / "a.txt").write_text("hello\n")
    git(work, "add", "-A")
    git(work, "commit", "-q", "-m", "First")
    git(work, "push", "-q", "origin", "main")
    return project, org.git.get_repository("site", project=project.id), work


def test_objects_differences_and_branches(org, clone):
    project, repository, work = clone
    blob = git(work, "rev-parse", "HEAD:docs/a.txt")
    assert (org.git.get_blob(repository.id, blob).size, b"".join(org.git.get_blob_content(repository.id, blob))) == (6, b"hello\n")
    tree = org.git.get_tree(repository.id, git(work, "rev-parse", "HEAD^{tree}"), recursive=True)
    assert [e.relative_path for e in tree.tree_entries] == ["azure-pipelines.yml", "docs", "docs/a.txt"]
    git(work, "checkout", "-q", "-b", "topic")
    (work / "docs" / "a.txt").write_text("changed\n")
    git(work, "commit", "-q", "-a", "-m", "Second")
    git(work, "tag", "-a", "v1", "-m", "One")
    git(work, "push", "-q", "origin", "topic", "v1")
    head = git(work, "rev-parse", "HEAD")
    diff = org.git.get_commit_diffs(
        repository.id,
        project=project.id,
        base_version_descriptor=GitBaseVersionDescriptor(base_version="main", base_version_type="branch"),
        target_version_descriptor=GitTargetVersionDescriptor(target_version="topic", target_version_type="branch"),
    )
    assert (diff.ahead_count, diff.behind_count, diff.target_commit) == (1, 0, head)
    assert [c["item"]["path"] for c in diff.changes] == ["/docs", "/docs/a.txt"]
    assert org.git.get_changes(head, repository.id).change_counts["Edit"] == 1
    tag = org.git.get_annotated_tag(project.id, repository.id, git(work, "rev-parse", "v1"))
    assert (tag.name, tag.message, tag.tagged_object.object_id, tag.tagged_by.email) == ("v1", "One", head, "ann@example.com")
    assert {(b.name, b.ahead_count, b.is_base_version) for b in org.git.get_branches(repository.id)} == {("main", 0, True), ("topic", 1, False)}
    assert org.git.get_branch(repository.id, "topic").commit.commit_id == head
    with pytest.raises(AzureDevOpsServiceError, match="TF401035"):
        org.git.get_blob(repository.id, "1" * 40)


def test_a_push_of_git_starts_the_run_of_its_branch(org, clone):
    project, repository, work = clone
    pipeline = org.pipeline(project)
    git(work, "push", "-q", "origin", "main:other")
    (work / "azure-pipelines.yml").write_text(YAML + "- script: echo two\n")
    git(work, "commit", "-q", "-a", "-m", "Second")
    git(work, "push", "-q", "origin", "main")
    [build] = org.build.get_builds(project.id, definitions=[pipeline])
    assert (build.source_branch, build.source_version) == ("refs/heads/main", git(work, "rev-parse", "HEAD"))
    assert (build.reason, build.trigger_info["ci.message"]) == ("individualCI", "Second")
    pushes = org.git.get_pushes(repository.id)
    assert [p.ref_updates[0].name for p in pushes] == ["refs/heads/main", "refs/heads/other", "refs/heads/main"]


def test_a_repository_and_a_ref_are_changed(org, clone):
    project, repository, work = clone
    git(work, "push", "-q", "origin", "main:topic")
    changed = org.git.update_repository(GitRepository(name="renamed", default_branch="refs/heads/topic"), repository.id, project=project.id)
    assert (changed.name, changed.default_branch) == ("renamed", "refs/heads/topic")
    assert git(work, "ls-remote", "--symref", f"{org.url}/site/_git/renamed", "HEAD").startswith("ref: refs/heads/topic")
    locked = org.git.update_ref(GitRefUpdate(is_locked=True), repository.id, "heads/main", project=project.id)
    assert (locked.name, locked.is_locked) == ("refs/heads/main", True)


def test_a_clone_is_what_items_say(org, clone, tmp_path):
    project, repository, work = clone
    (work / "docs" / "ä b.txt").write_text("umlaut\n")
    (work / "bin").mkdir()
    (work / "bin" / "data").write_bytes(bytes(range(256)))
    git(work, "add", "-A")
    git(work, "commit", "-q", "-m", "More [skip ci]")
    git(work, "push", "-q", "origin", "main")
    # By REST on top of what git pushed.
    org.push(project, {"/by-rest.txt": "rest\n"})
    git(tmp_path, "clone", "-q", f"{org.url}/site/_git/site", "again")
    cloned = tmp_path / "again"
    items = org.git.get_items(repository.id, project=project.id, scope_path="/", recursion_level="full")
    told = {i.path.lstrip("/"): i.object_id for i in items if i.git_object_type == "blob"}
    listed = git(cloned, "-c", "core.quotepath=off", "ls-tree", "-r", "HEAD").splitlines()
    real = {line.split("\t")[1]: line.split()[2] for line in listed}
    assert told == real and len(told) == 5
    for path in told:
        content = b"".join(org.git.get_item_content(repository.id, path, project=project.id))
        assert content == (cloned / path).read_bytes(), path
    assert items[0].commit_id == git(cloned, "rev-parse", "HEAD")


def test_archives_batches_and_common_commits(org, clone):
    project, repository, work = clone
    first = git(work, "rev-parse", "HEAD")
    git(work, "checkout", "-q", "-b", "topic")
    (work / "docs" / "b.txt").write_text("b\n")
    git(work, "add", "-A")
    git(work, "commit", "-q", "-m", "Second")
    git(work, "push", "-q", "origin", "topic")
    second = git(work, "rev-parse", "HEAD")
    [base] = org.git.get_merge_bases(repository.id, first, second, project=project.id)
    assert base.commit_id == git(work, "merge-base", "main", "topic")
    batch = org.git.get_items_batch(
        GitItemRequestData(
            item_descriptors=[
                GitItemDescriptor(path="/docs", recursion_level="full", version="topic", version_type="branch"),
                GitItemDescriptor(path="/azure-pipelines.yml", recursion_level="none", version_type="branch"),
            ]
        ),
        repository.id,
        project=project.id,
    )
    assert [[i.path for i in items] for items in batch] == [["/docs", "/docs/a.txt", "/docs/b.txt"], ["/azure-pipelines.yml"]]
    ahead = GitQueryCommitsCriteria(
        item_version={"version": "main", "versionType": "branch"},
        compare_version={"version": "topic", "versionType": "branch"},
    )
    assert [c.commit_id for c in org.git.get_commits_batch(ahead, repository.id, project=project.id)] == [second]

    def names(chunks):
        return sorted(zipfile.ZipFile(io.BytesIO(b"".join(chunks))).namelist())

    assert names(org.git.get_item_zip(repository.id, "/docs", project=project.id)) == ["docs/a.txt"]
    tree = git(work, "rev-parse", "topic^{tree}")
    assert names(org.git.get_tree_zip(repository.id, tree, project=project.id)) == ["azure-pipelines.yml", "docs/a.txt", "docs/b.txt"]
    blob = git(work, "rev-parse", "HEAD:docs/a.txt")
    assert names(org.git.get_blob_zip(repository.id, blob, project=project.id)) == [blob]
    assert names(org.git.get_blobs_zip([blob], repository.id, project=project.id)) == [blob]
