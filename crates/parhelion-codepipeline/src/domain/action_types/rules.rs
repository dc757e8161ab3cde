//! What an action type must be beside the model's constraints.

use super::templates::{Piece, Templates, pieces};
use crate::shapes::{ActionType, ActionTypeDeclaration, ExecutorType};
use std::collections::BTreeSet;

/// A property of a type, in either of the API's two spellings.
struct Property<'a> {
    name: &'a str,
    required: bool,
    secret: bool,
    queryable: bool,
}

/// What a customer's own type must be.
///
/// # Errors
/// The message of an `InvalidActionTypeException`.
pub fn custom(own: &ActionType) -> Result<(), String> {
    for details in [&own.input_artifact_details, &own.output_artifact_details] {
        counts(details.minimum_count, details.maximum_count)?;
    }
    let properties = own.action_configuration_properties.iter().flatten().map(|p| Property {
        name: &p.name,
        required: p.required,
        secret: p.secret,
        queryable: p.queryable == Some(true),
    });
    let templates = Templates::of_settings(own.settings.as_ref());
    properties_and_templates(&properties.collect::<Vec<_>>(), templates)
}

/// What a type of the integration model must be.
///
/// # Errors
/// What is wrong, for a `ValidationException`.
pub fn integration(given: &ActionTypeDeclaration) -> Result<(), String> {
    let configuration = &given.executor.configuration;
    let (lambda, worker) = (
        configuration.lambda_executor_configuration.is_some(),
        configuration.job_worker_executor_configuration.is_some(),
    );
    let fits = match given.executor.r#type {
        ExecutorType::Lambda => lambda && !worker,
        ExecutorType::JobWorker => worker && !lambda,
    };
    if !fits {
        return Err(format!(
            "The executor type {} does not match the executor configuration: exactly its own member must be given",
            given.executor.r#type
        ));
    }
    for details in [&given.input_artifact_details, &given.output_artifact_details] {
        counts(details.minimum_count, details.maximum_count)?;
    }
    let properties = given.properties.iter().flatten().map(|p| Property {
        name: &p.name,
        required: !p.optional,
        secret: p.no_echo,
        queryable: p.queryable == Some(true),
    });
    let templates = Templates::of_urls(given.urls.as_ref());
    properties_and_templates(&properties.collect::<Vec<_>>(), templates)
}

fn counts(least: i32, most: i32) -> Result<(), String> {
    // OBSERVED: the live service, 2026.
    if most < least {
        return Err(format!(
            "Maximum Number of Artifacts ({most}) has to be greater than or equal to minimum ({least})."
        ));
    }
    Ok(())
}

fn properties_and_templates(properties: &[Property<'_>], templates: Templates<'_>) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    if let Some(twice) = properties.iter().find(|p| !seen.insert(p.name)) {
        // CHOICE: AWS documents that names are unique, not the text.
        return Err(format!("Configuration property '{}' is declared more than once.", twice.name));
    }
    let queryable: Vec<&Property<'_>> = properties.iter().filter(|p| p.queryable).collect();
    // OBSERVED: both texts, the live service, 2026.
    if queryable.len() > 1 {
        let names: Vec<&str> = queryable.iter().map(|p| p.name).collect();
        return Err(format!(
            "Multiple queryable configuration properties found with names '{}'. Up to one queryable property may be specified.",
            names.join(", ")
        ));
    }
    if let Some(bad) = queryable.iter().find(|p| !p.required || p.secret) {
        return Err(format!(
            "Invalid queryable property '{}'. Queryable configuration properties must be required and non-secret.",
            bad.name
        ));
    }
    let all = [templates.entity, templates.execution, templates.revision].into_iter().flatten();
    for key in
        all.flat_map(pieces).filter_map(|piece| if let Piece::Config(key) = piece { Some(key) } else { None })
    {
        // Docs: a template may use what is required and not secret. CHOICE: text.
        if !properties.iter().any(|p| p.name == key && p.required && !p.secret) {
            return Err(format!(
                "Invalid URL template: '{{Config:{key}}}' must name a configuration property that is required and non-secret."
            ));
        }
    }
    Ok(())
}
