//! Publishers with their events, and consumers with their actions: what subscriptions are made of.
// Docs: service hooks, events and consumers. OBSERVED: the ids.

/// An event that can be subscribed to.
#[derive(Debug)]
pub struct EventType {
    /// The id.
    pub id: &'static str,
    /// The publisher's id.
    pub publisher: &'static str,
    /// The name.
    pub name: &'static str,
    /// What it is.
    pub description: &'static str,
    /// The forms of its resource, the newest last.
    pub versions: &'static [&'static str],
    /// The filters that a subscription may set.
    pub filters: &'static [Filter],
}

/// A filter, or another input.
#[derive(Debug)]
pub struct Filter {
    /// The id.
    pub id: &'static str,
    /// What it leaves in.
    pub description: &'static str,
    /// The values it may have; none: any text.
    pub values: &'static [&'static str],
}

const fn any(id: &'static str, description: &'static str) -> Filter {
    Filter { id, description, values: &[] }
}
const fn one_of(id: &'static str, description: &'static str, values: &'static [&'static str]) -> Filter {
    Filter { id, description, values }
}

const PROJECT: Filter = any("projectId", "Events of this project only");
const PIPELINE: Filter = any("pipelineId", "Events of this pipeline only");
const STAGE: Filter = any("stageNameId", "Events of stages of this name only");
const RESULTS: &[&str] = &["Canceled", "Failed", "Rejected", "Skipped", "Succeeded"];

pub const BUILD_COMPLETE: &str = "build.complete";
pub const GIT_PUSH: &str = "git.push";
pub const RUN_STATE: &str = "ms.vss-pipelines.run-state-changed-event";
pub const STAGE_STATE: &str = "ms.vss-pipelines.stage-state-changed-event";
pub const APPROVAL_PENDING: &str = "ms.vss-pipelinechecks-events.approval-pending";
pub const APPROVAL_COMPLETED: &str = "ms.vss-pipelinechecks-events.approval-completed";
pub const JOB_STATE: &str = "ms.vss-pipelines.job-state-changed-event";

/// The events.
pub const EVENTS: &[EventType] = &[
    EventType {
        id: BUILD_COMPLETE,
        publisher: "tfs",
        name: "Build completed",
        description: "A build is over",
        versions: &["1.0", "2.0"],
        filters: &[
            PROJECT,
            any("definitionName", "Builds of the pipeline of this name only"),
            one_of(
                "buildStatus",
                "Builds with this result only",
                &["Succeeded", "PartiallySucceeded", "Failed", "Stopped"],
            ),
        ],
    },
    EventType {
        id: GIT_PUSH,
        publisher: "tfs",
        name: "Code pushed",
        description: "Code was pushed to a Git repository",
        versions: &["1.0"],
        filters: &[
            PROJECT,
            any("repository", "Pushes to this repository only"),
            any("branch", "Pushes to this branch only"),
            any("pushedBy", "Pushes by this user only"),
        ],
    },
    EventType {
        id: RUN_STATE,
        publisher: "pipelines",
        name: "Run state changed",
        description: "A run began, is being canceled or is over",
        versions: &["5.1-preview.1"],
        filters: &[
            PROJECT,
            PIPELINE,
            one_of("runStateId", "This new state only", &["InProgress", "Canceling", "Completed"]),
            one_of("runResultId", "This result only", &["Canceled", "Failed", "Succeeded"]),
        ],
    },
    EventType {
        id: STAGE_STATE,
        publisher: "pipelines",
        name: "Run stage state changed",
        description: "A stage of a run began or is over",
        versions: &["5.1-preview.1"],
        filters: &[
            PROJECT,
            PIPELINE,
            STAGE,
            one_of("stageStateId", "This new state only", &["NotStarted", "Waiting", "Running", "Completed"]),
            one_of("stageResultId", "This result only", RESULTS),
        ],
    },
    EventType {
        id: JOB_STATE,
        publisher: "pipelines",
        name: "Run job state changed",
        description: "A job of a run began or is over",
        versions: &["5.1-preview.1"],
        filters: &[
            PROJECT,
            PIPELINE,
            STAGE,
            any("jobNameId", "Events of jobs of this name only"),
            one_of("jobStateId", "This new state only", &["Waiting", "Running", "Completed"]),
            one_of("jobResultId", "This result only", RESULTS),
        ],
    },
    EventType {
        id: APPROVAL_PENDING,
        publisher: "pipelines",
        name: "Run stage waiting for approval",
        description: "An approval is asked for before a stage",
        versions: &["5.1-preview.1"],
        filters: APPROVAL_FILTERS,
    },
    EventType {
        id: APPROVAL_COMPLETED,
        publisher: "pipelines",
        name: "Run stage approval completed",
        description: "An approval before a stage is over",
        versions: &["5.1-preview.1"],
        filters: APPROVAL_FILTERS,
    },
];

const APPROVAL_FILTERS: &[Filter] = &[
    PROJECT,
    PIPELINE,
    any("stageName", "Approvals before stages of this name only"),
    any("environmentName", "Approvals of this environment only"),
];

/// The publishers: id, name, description.
pub const PUBLISHERS: &[(&str, &str, &str)] = &[
    ("tfs", "Azure DevOps Services", "Builds and repositories"),
    ("pipelines", "Azure Pipelines", "Runs of pipelines with their stages and jobs"),
];

/// The one consumer.
pub const WEB_HOOKS: &str = "webHooks";
/// Its one action.
pub const HTTP_REQUEST: &str = "httpRequest";

const ALL_OR_LESS: &[&str] = &["all", "minimal", "none"];
const TEXTS: &[&str] = &["all", "text", "html", "markdown", "none"];

/// The settings of the action.
pub const SETTINGS: &[Filter] = &[
    any("url", "Where the event is posted"),
    one_of("acceptUntrustedCerts", "Whether any certificate will do", &["true", "false"]),
    any("basicAuthUsername", "The user of basic authentication"),
    any("basicAuthPassword", "The password of basic authentication"),
    any("httpHeaders", "Further headers, one a line: Name:Value"),
    one_of("resourceDetailsToSend", "How much of the resource is sent", ALL_OR_LESS),
    one_of("messagesToSend", "Which forms of the message are sent", TEXTS),
    one_of("detailedMessagesToSend", "Which forms of the detailed message are sent", TEXTS),
];

/// An event by its id, ignoring case.
pub fn event(id: &str) -> Option<&'static EventType> {
    EVENTS.iter().find(|e| e.id.eq_ignore_ascii_case(id))
}

impl EventType {
    /// The form that a subscription asks for; `None`: there is none such. Absent or `latest`: the newest.
    pub fn version(&self, asked: Option<&str>) -> Option<String> {
        let asked = asked.map(str::trim).filter(|v| !v.is_empty() && !v.eq_ignore_ascii_case("latest"));
        let Some(asked) = asked else { return self.versions.last().map(|v| (*v).to_owned()) };
        // A preview of a version is that version: `1.0-preview.1`.
        let number = |v: &str| v.split('-').next().unwrap_or_default().to_owned();
        let known = self.versions.iter().find(|v| number(v) == number(asked))?;
        let preview = asked.split_once('-').map(|(_, p)| p.to_ascii_lowercase());
        let good = preview.is_none_or(|p| {
            let revision = p.strip_prefix("preview").unwrap_or("?");
            revision.is_empty() || revision.strip_prefix('.').is_some_and(|r| r.parse::<u8>().is_ok())
        });
        good.then(|| (*known).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_known_with_and_without_its_preview() {
        let build = event("Build.Complete").unwrap();
        let of = |v| build.version(v);
        assert_eq!(of(None).as_deref(), Some("2.0"));
        assert_eq!(of(Some("latest")).as_deref(), Some("2.0"));
        assert_eq!(of(Some("1.0-preview.1")).as_deref(), Some("1.0"));
        assert_eq!(of(Some("2.0-preview")).as_deref(), Some("2.0"));
        for bad in ["3.0", "1.0-x", "1.0-preview.x", "1", "x"] {
            assert_eq!(of(Some(bad)), None, "{bad}");
        }
        assert_eq!(event(RUN_STATE).unwrap().version(Some("5.1")).as_deref(), Some("5.1-preview.1"));
        assert!(event("workitem.created").is_none());
    }
}
