//! WebJobs. Their older spellings (`triggeredjobs`, `jobs/triggered`) are read as these.

use super::{Row, row};
use crate::handlers::webjobs;

const WIKI: &str = "https://github.com/projectkudu/kudu/wiki/WebJobs-API";

#[rustfmt::skip]
pub const ROWS: &[Row] = &[
    row!("ListJobs", "GET", "webjobs", WIKI, Real, webjobs::list_all, Api),
    row!("ListTriggeredJobs", "GET", "triggeredwebjobs", WIKI, Real, webjobs::list_triggered, Api),
    row!("DescribeTriggeredJobs", "GET", "triggeredwebjobsswagger", WIKI, Real, webjobs::swagger, Api),
    row!("GetTriggeredJob", "GET", "triggeredwebjobs/{name}", WIKI, Real, webjobs::get_triggered, Api),
    row!("PutTriggeredJob", "PUT", "triggeredwebjobs/{name}", WIKI, Real, webjobs::put_triggered, Api).streamed(),
    row!("DeleteTriggeredJob", "DELETE", "triggeredwebjobs/{name}", WIKI, Real, webjobs::delete_triggered, Api),
    row!("RunTriggeredJob", "POST", "triggeredwebjobs/{name}/run", WIKI, Simulated, webjobs::run, Api),
    row!("ListTriggeredJobRuns", "GET", "triggeredwebjobs/{name}/history", WIKI, Real, webjobs::history, Api),
    row!("GetTriggeredJobRun", "GET", "triggeredwebjobs/{name}/history/{id}", WIKI, Real, webjobs::get_run, Api),
    row!("GetTriggeredJobSettings", "GET", "triggeredwebjobs/{name}/settings", WIKI, Real, webjobs::triggered_settings, Api),
    row!("SetTriggeredJobSettings", "PUT", "triggeredwebjobs/{name}/settings", WIKI, Real, webjobs::set_triggered_settings, Api),
    row!("ListContinuousJobs", "GET", "continuouswebjobs", WIKI, Real, webjobs::list_continuous, Api),
    row!("GetContinuousJob", "GET", "continuouswebjobs/{name}", WIKI, Real, webjobs::get_continuous, Api),
    row!("PutContinuousJob", "PUT", "continuouswebjobs/{name}", WIKI, Real, webjobs::put_continuous, Api).streamed(),
    row!("DeleteContinuousJob", "DELETE", "continuouswebjobs/{name}", WIKI, Real, webjobs::delete_continuous, Api),
    row!("StartContinuousJob", "POST", "continuouswebjobs/{name}/start", WIKI, Simulated, webjobs::start, Api),
    row!("StopContinuousJob", "POST", "continuouswebjobs/{name}/stop", WIKI, Simulated, webjobs::stop, Api),
    row!("GetContinuousJobSettings", "GET", "continuouswebjobs/{name}/settings", WIKI, Real, webjobs::continuous_settings, Api),
    row!("SetContinuousJobSettings", "PUT", "continuouswebjobs/{name}/settings", WIKI, Real, webjobs::set_continuous_settings, Api),
];
