//! What pipelines use of an organization: variable groups, agent pools and queues; and their schema.

use super::{
    Run::{Read, Write},
    *,
};
use crate::{
    ops::{pools, queues, variable_groups, yaml_schema},
    wire::locations::id,
};

/// What pipelines use of an organization: variable groups, agent pools and queues; and their schema.
#[rustfmt::skip]
pub const ROWS: &[Row] = &[
    row(variable_groups::Add::NAME, "POST /{organization}/_apis/distributedtask/variablegroups", id::VARIABLE_GROUPS,
        doc!("distributedtask/variablegroups/add"), 200, Write(writes::<variable_groups::Add>)),
    row(variable_groups::AddInProject::NAME, "POST /{organization}/{project}/_apis/distributedtask/variablegroups", id::PROJECT_VARIABLE_GROUPS,
        doc!("distributedtask/variablegroups/add"), 200, Write(writes::<variable_groups::AddInProject>)),
    row(variable_groups::List::NAME, "GET /{organization}/{project}/_apis/distributedtask/variablegroups", id::PROJECT_VARIABLE_GROUPS,
        doc!("distributedtask/variablegroups/get-variable-groups"), 200, Read(reads::<variable_groups::List>)),
    row(variable_groups::Get::NAME, "GET /{organization}/{project}/_apis/distributedtask/variablegroups/{groupId}", id::PROJECT_VARIABLE_GROUPS,
        doc!("distributedtask/variablegroups/get"), 200, Read(reads::<variable_groups::Get>)),
    row(variable_groups::Update::NAME, "PUT /{organization}/_apis/distributedtask/variablegroups/{groupId}", id::VARIABLE_GROUPS,
        doc!("distributedtask/variablegroups/update"), 200, Write(writes::<variable_groups::Update>)),
    row(variable_groups::UpdateInProject::NAME, "PUT /{organization}/{project}/_apis/distributedtask/variablegroups/{groupId}", id::PROJECT_VARIABLE_GROUPS,
        doc!("distributedtask/variablegroups/update"), 200, Write(writes::<variable_groups::UpdateInProject>)),
    row(variable_groups::Share::NAME, "PATCH /{organization}/_apis/distributedtask/variablegroups", id::VARIABLE_GROUPS,
        doc!("distributedtask/variablegroups/share-variable-group"), 204, Write(writes::<variable_groups::Share>)),
    row(variable_groups::Share::NAME, "PATCH /{organization}/_apis/distributedtask/variablegroups/{groupId}", id::VARIABLE_GROUPS,
        doc!("distributedtask/variablegroups/share-variable-group"), 204, Write(writes::<variable_groups::Share>)),
    row(variable_groups::Delete::NAME, "DELETE /{organization}/_apis/distributedtask/variablegroups/{groupId}", id::VARIABLE_GROUPS,
        doc!("distributedtask/variablegroups/delete"), 204, Write(writes::<variable_groups::Delete>)),
    row(variable_groups::DeleteInProject::NAME, "DELETE /{organization}/{project}/_apis/distributedtask/variablegroups/{groupId}", id::PROJECT_VARIABLE_GROUPS,
        doc!("distributedtask/variablegroups/delete"), 204, Write(writes::<variable_groups::DeleteInProject>)),

    row(pools::Add::NAME, "POST /{organization}/_apis/distributedtask/pools", id::POOLS,
        doc!("distributedtask/pools/add"), 200, Write(writes::<pools::Add>)),
    row(pools::List::NAME, "GET /{organization}/_apis/distributedtask/pools", id::POOLS,
        doc!("distributedtask/pools/get-agent-pools"), 200, Read(reads::<pools::List>)),
    row(pools::Get::NAME, "GET /{organization}/_apis/distributedtask/pools/{poolId}", id::POOLS,
        doc!("distributedtask/pools/get"), 200, Read(reads::<pools::Get>)),
    row(pools::Update::NAME, "PATCH /{organization}/_apis/distributedtask/pools/{poolId}", id::POOLS,
        doc!("distributedtask/pools/update"), 200, Write(writes::<pools::Update>)),
    row(pools::Delete::NAME, "DELETE /{organization}/_apis/distributedtask/pools/{poolId}", id::POOLS,
        doc!("distributedtask/pools/delete"), 204, Write(writes::<pools::Delete>)),
    row(queues::Add::NAME, "POST /{organization}/{project}/_apis/distributedtask/queues", id::QUEUES,
        doc!("distributedtask/queues/add"), 200, Write(writes::<queues::Add>)),
    row(queues::List::NAME, "GET /{organization}/{project}/_apis/distributedtask/queues", id::QUEUES,
        doc!("distributedtask/queues/get-agent-queues"), 200, Read(reads::<queues::List>)),
    row(queues::Get::NAME, "GET /{organization}/{project}/_apis/distributedtask/queues/{queueId}", id::QUEUES,
        doc!("distributedtask/queues/get"), 200, Read(reads::<queues::Get>)),
    row(queues::Delete::NAME, "DELETE /{organization}/{project}/_apis/distributedtask/queues/{queueId}", id::QUEUES,
        doc!("distributedtask/queues/delete"), 204, Write(writes::<queues::Delete>)),
    row(yaml_schema::Get::NAME, "GET /{organization}/_apis/distributedtask/yamlschema", id::YAML_SCHEMA,
        doc!("distributedtask/yamlschema/get"), 200, Read(reads::<yaml_schema::Get>)),
];
