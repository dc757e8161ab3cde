//! The schema of pipeline files, top down. Docs: the service's YAML schema reference and its `yamlschema` operation.
//!
//! Booleans and numbers are plain texts here: the run reads them, and macros may stand in their place.

use super::{
    Fields, Record,
    Shape::{self, Any, Dict, Either, List, Text, Words},
};

const fn record(fields: &'static [Fields]) -> Record {
    Record { lead: None, required: &[], fields }
}

const fn led(lead: &'static str, fields: &'static [Fields]) -> Record {
    Record { lead: Some(lead), required: &[], fields }
}

const fn led_with(
    lead: &'static str,
    required: &'static [&'static str],
    fields: &'static [Fields],
) -> Record {
    Record { lead: Some(lead), required, fields }
}

static TEXTS: Shape = List(&Text);
static TEXT_OR_TEXTS: Shape = Either(&[Text, List(&Text)]);
static TEXT_DICT: Shape = Dict(&Text);
static ANY: Shape = Any;
static TEXT: Shape = Text;

/// `parameters` and `extends` are judged where they are bound.
static PIPELINE_BASE: Fields = &[
    ("name", &TEXT),
    ("appendCommitMessageToRunName", &TEXT),
    ("trigger", &TRIGGER),
    ("pr", &PR),
    ("schedules", &SCHEDULES),
    ("resources", &RESOURCES),
    ("parameters", &ANY),
    ("variables", &VARIABLES),
    ("lockBehavior", &LOCK),
    ("pool", &POOL),
];

/// The whole file.
pub(super) static PIPELINE: Shape = Either(&[
    Shape::Record(&Record {
        lead: None,
        required: &["stages"],
        fields: &[&[("stages", &STAGES)], PIPELINE_BASE],
    }),
    Shape::Record(&Record {
        lead: None,
        required: &["extends"],
        fields: &[&[("extends", &EXTENDS)], PIPELINE_BASE],
    }),
    Shape::Record(&Record { lead: None, required: &["jobs"], fields: &[&[("jobs", &JOBS)], PIPELINE_BASE] }),
    Shape::Record(&Record {
        lead: None,
        required: &["steps"],
        fields: &[
            &[
                ("steps", &STEPS),
                ("strategy", &JOB_STRATEGY),
                ("continueOnError", &TEXT),
                ("container", &JOB_CONTAINER),
                ("services", &SERVICES),
                ("workspace", &WORKSPACE),
            ],
            PIPELINE_BASE,
        ],
    }),
]);

static EXTENDS: Shape = Shape::Record(&record(&[&[("template", &TEXT), ("parameters", &ANY)]]));
static LOCK: Shape = Words(&["sequential", "runLatest"]);

static FILTER: Shape = Shape::Record(&record(&[&[("include", &TEXTS), ("exclude", &TEXTS)]]));
pub(super) static TRIGGER: Shape = Either(&[
    Words(&["none"]),
    List(&Text),
    Shape::Record(&record(&[&[
        ("batch", &TEXT),
        ("branches", &FILTER),
        ("paths", &FILTER),
        ("tags", &FILTER),
    ]])),
]);
static PR: Shape = Either(&[
    Words(&["none"]),
    List(&Text),
    Shape::Record(&record(&[&[
        ("autoCancel", &TEXT),
        ("branches", &FILTER),
        ("paths", &FILTER),
        ("drafts", &TEXT),
    ]])),
]);
static SCHEDULES: Shape = List(&Shape::Record(&led(
    "cron",
    &[&[("cron", &TEXT), ("displayName", &TEXT), ("branches", &FILTER), ("batch", &TEXT), ("always", &TEXT)]],
)));

static RESOURCES: Shape = Shape::Record(&record(&[&[
    ("builds", &BUILDS),
    ("containers", &CONTAINERS),
    ("packages", &PACKAGES),
    ("pipelines", &PIPELINES),
    ("repositories", &REPOSITORIES),
    // Judged by its own reader, which registration uses too.
    ("webhooks", &ANY),
]]));
static ON_OFF: Shape = Words(&["none", "true"]);
static FILTER_OR_TEXTS: Shape =
    Either(&[List(&Text), Shape::Record(&record(&[&[("include", &TEXTS), ("exclude", &TEXTS)]]))]);
static BUILDS: Shape = List(&Shape::Record(&led_with(
    "build",
    &["type", "connection", "source"],
    &[&[
        ("build", &TEXT),
        ("type", &TEXT),
        ("connection", &TEXT),
        ("source", &TEXT),
        ("version", &TEXT),
        ("branch", &TEXT),
        ("trigger", &ON_OFF),
    ]],
)));
static PACKAGES: Shape = List(&Shape::Record(&led_with(
    "package",
    &["type", "connection", "name"],
    &[&[
        ("package", &TEXT),
        ("type", &TEXT),
        ("connection", &TEXT),
        ("name", &TEXT),
        ("version", &TEXT),
        ("tag", &TEXT),
        ("trigger", &ON_OFF),
    ]],
)));
static CONTAINER: Fields = &[
    ("endpoint", &TEXT),
    ("env", &TEXT_DICT),
    ("image", &TEXT),
    ("mapDockerSocket", &TEXT),
    ("options", &TEXT),
    ("ports", &TEXTS),
    ("volumes", &TEXTS),
    ("mountReadOnly", &ANY),
];
static CONTAINERS: Shape = List(&CONTAINER_RESOURCE);
/// One of them.
pub(super) static CONTAINER_RESOURCE: Shape = Shape::Record(&led(
    "container",
    &[
        &[
            ("container", &TEXT),
            ("type", &TEXT),
            ("trigger", &CONTAINER_TRIGGER),
            ("azureSubscription", &TEXT),
            ("resourceGroup", &TEXT),
            ("registry", &TEXT),
            ("repository", &TEXT),
            ("localImage", &TEXT),
        ],
        CONTAINER,
    ],
));
static CONTAINER_TRIGGER: Shape = Either(&[
    Words(&["none", "true"]),
    Shape::Record(&record(&[&[("enabled", &TEXT), ("tags", &FILTER_OR_TEXTS)]])),
]);
static PIPELINES: Shape = List(&Shape::Record(&led(
    "pipeline",
    &[&[
        ("pipeline", &TEXT),
        ("project", &TEXT),
        ("source", &TEXT),
        ("version", &TEXT),
        ("branch", &TEXT),
        ("tags", &TEXTS),
        ("trigger", &PIPELINE_TRIGGER),
    ]],
)));
static PIPELINE_TRIGGER: Shape = Either(&[
    Words(&["none", "true"]),
    Shape::Record(&record(&[&[
        ("enabled", &TEXT),
        ("branches", &FILTER_OR_TEXTS),
        ("stages", &TEXTS),
        ("tags", &FILTER_OR_TEXTS),
    ]])),
]);
static REPOSITORIES: Shape = List(&Shape::Record(&led(
    "repository",
    &[&[
        ("repository", &TEXT),
        ("endpoint", &TEXT),
        ("trigger", &TRIGGER),
        ("checkoutOptions", &ANY),
        ("name", &TEXT),
        ("ref", &TEXT),
        ("type", &TEXT),
    ]],
)));

static VARIABLES: Shape = Either(&[
    Dict(&Text),
    List(&Either(&[
        Shape::Record(&led("name", &[&[("name", &TEXT), ("value", &TEXT), ("readonly", &TEXT)]])),
        Shape::Record(&led("group", &[&[("group", &TEXT)]])),
        Shape::Record(&TEMPLATE),
    ])),
]);

/// Any `- template:`.
pub(super) static TEMPLATE: Record = led("template", &[&[("template", &TEXT), ("parameters", &ANY)]]);

static STAGES: Shape = List(&STAGE);
/// One of them.
pub(super) static STAGE: Shape = Either(&[
    Shape::Record(&led(
        "stage",
        &[&[
            ("stage", &TEXT),
            ("group", &TEXT),
            ("displayName", &TEXT),
            ("pool", &POOL),
            ("dependsOn", &TEXT_OR_TEXTS),
            ("condition", &TEXT),
            ("variables", &VARIABLES),
            ("jobs", &JOBS),
            ("lockBehavior", &LOCK),
            ("trigger", &STAGE_TRIGGER),
            ("isSkippable", &TEXT),
            ("templateContext", &ANY),
        ]],
    )),
    Shape::Record(&TEMPLATE),
]);
static STAGE_TRIGGER: Shape = Words(&["manual", "automatic"]);

static JOB_BASE: Fields = &[
    ("displayName", &TEXT),
    ("dependsOn", &TEXT_OR_TEXTS),
    ("condition", &TEXT),
    ("continueOnError", &TEXT),
    ("timeoutInMinutes", &TEXT),
    ("cancelTimeoutInMinutes", &TEXT),
    ("variables", &VARIABLES),
    ("pool", &POOL),
    ("container", &JOB_CONTAINER),
    ("services", &SERVICES),
    ("workspace", &WORKSPACE),
    ("uses", &USES),
    ("templateContext", &ANY),
];
static JOBS: Shape = List(&JOB);
/// One of them.
pub(super) static JOB: Shape = Either(&[
    Shape::Record(&led(
        "job",
        &[&[("job", &TEXT), ("strategy", &JOB_STRATEGY), ("steps", &STEPS)], JOB_BASE],
    )),
    Shape::Record(&led(
        "deployment",
        &[
            &[("deployment", &TEXT), ("environment", &ENVIRONMENT), ("strategy", &DEPLOYMENT_STRATEGY)],
            JOB_BASE,
        ],
    )),
    Shape::Record(&TEMPLATE),
]);
static USES: Shape = Shape::Record(&record(&[&[("repositories", &TEXTS), ("pools", &TEXTS)]]));
static WORKSPACE: Shape = Shape::Record(&record(&[&[("clean", &TEXT)]]));
static POOL: Shape = Either(&[
    Text,
    Shape::Record(&record(&[&[("name", &TEXT), ("demands", &TEXT_OR_TEXTS), ("vmImage", &TEXT)]])),
]);
static JOB_CONTAINER: Shape = Either(&[
    Text,
    Shape::Record(&record(&[&[("alias", &TEXT)]])),
    Shape::Record(&Record { lead: None, required: &["image"], fields: &[CONTAINER] }),
]);
static SERVICES: Shape = Dict(&JOB_CONTAINER);
static JOB_STRATEGY: Shape = Either(&[
    Shape::Record(&record(&[&[("matrix", &MATRIX), ("maxParallel", &TEXT)]])),
    Shape::Record(&record(&[&[("parallel", &TEXT)]])),
]);
static MATRIX: Shape = Either(&[Text, Dict(&Dict(&Text))]);
static ENVIRONMENT: Shape = Either(&[
    Text,
    Shape::Record(&record(&[&[
        ("name", &TEXT),
        ("resourceName", &TEXT),
        ("resourceId", &TEXT),
        ("resourceType", &TEXT),
        ("tags", &TEXT),
    ]])),
]);

static HOOK: Shape = Shape::Record(&record(&[&[("steps", &STEPS), ("pool", &POOL)]]));
static ON: Shape = Shape::Record(&record(&[&[("failure", &HOOK), ("success", &HOOK)]]));
static HOOKS: Fields = &[
    ("preDeploy", &HOOK),
    ("deploy", &HOOK),
    ("routeTraffic", &HOOK),
    ("postRouteTraffic", &HOOK),
    ("on", &ON),
];
static DEPLOYMENT_STRATEGY: Shape = Either(&[
    Shape::Record(&record(&[&[("runOnce", &RUN_ONCE)]])),
    Shape::Record(&record(&[&[("rolling", &ROLLING)]])),
    Shape::Record(&record(&[&[("canary", &CANARY)]])),
]);
static RUN_ONCE: Shape = Shape::Record(&record(&[HOOKS]));
static ROLLING: Shape = Shape::Record(&record(&[&[("maxParallel", &TEXT)], HOOKS]));
static CANARY: Shape = Shape::Record(&record(&[&[("increments", &TEXTS)], HOOKS]));

static STEP_BASE: Fields = &[
    ("name", &TEXT),
    ("displayName", &TEXT),
    ("condition", &TEXT),
    ("continueOnError", &TEXT),
    ("enabled", &TEXT),
    ("env", &TEXT_DICT),
    ("timeoutInMinutes", &TEXT),
    ("retryCountOnTaskFailure", &TEXT),
    ("target", &TARGET),
];
static TARGET: Shape = Either(&[
    Text,
    Shape::Record(&record(&[&[("container", &TEXT), ("commands", &TEXT), ("settableVariables", &SETTABLE)]])),
]);
static SETTABLE: Shape = Either(&[Words(&["none"]), List(&Text)]);
static POWERSHELL: Fields = &[
    ("errorActionPreference", &TEXT),
    ("failOnStderr", &TEXT),
    ("ignoreLASTEXITCODE", &TEXT),
    ("workingDirectory", &TEXT),
];
static STEPS: Shape = List(&STEP);
/// One of them.
pub(super) static STEP: Shape = Either(&[
    Shape::Record(&led("task", &[&[("task", &TEXT), ("inputs", &TEXT_DICT)], STEP_BASE])),
    Shape::Record(&led(
        "script",
        &[&[("script", &TEXT), ("failOnStderr", &TEXT), ("workingDirectory", &TEXT)], STEP_BASE],
    )),
    Shape::Record(&led(
        "bash",
        &[&[("bash", &TEXT), ("failOnStderr", &TEXT), ("workingDirectory", &TEXT)], STEP_BASE],
    )),
    Shape::Record(&led("powershell", &[&[("powershell", &TEXT)], POWERSHELL, STEP_BASE])),
    Shape::Record(&led("pwsh", &[&[("pwsh", &TEXT)], POWERSHELL, STEP_BASE])),
    Shape::Record(&led(
        "checkout",
        &[
            &[
                ("checkout", &TEXT),
                ("clean", &TEXT),
                ("fetchDepth", &TEXT),
                ("fetchFilter", &TEXT),
                ("fetchTags", &TEXT),
                ("lfs", &TEXT),
                ("persistCredentials", &TEXT),
                ("submodules", &TEXT),
                ("path", &TEXT),
                ("sparseCheckoutDirectories", &TEXT),
                ("sparseCheckoutPatterns", &TEXT),
                ("workspaceRepo", &TEXT),
            ],
            STEP_BASE,
        ],
    )),
    Shape::Record(&led(
        "download",
        &[&[("download", &TEXT), ("artifact", &TEXT), ("patterns", &TEXT), ("path", &TEXT)], STEP_BASE],
    )),
    Shape::Record(&led(
        "downloadBuild",
        &[&[("downloadBuild", &TEXT), ("artifact", &TEXT), ("path", &TEXT), ("patterns", &TEXT)], STEP_BASE],
    )),
    Shape::Record(&led("getPackage", &[&[("getPackage", &TEXT), ("path", &TEXT)], STEP_BASE])),
    Shape::Record(&led("publish", &[&[("publish", &TEXT), ("artifact", &TEXT)], STEP_BASE])),
    Shape::Record(&led("reviewApp", &[&[("reviewApp", &TEXT)], STEP_BASE])),
    Shape::Record(&TEMPLATE),
]);
