//! The types of service endpoints that are described. Any other type is taken, too: the description is for forms.
// CHOICE: a selection; the real service lists those of every installed extension.

use serde_json::{Value, json};

/// A type.
#[derive(Debug)]
pub struct EndpointType {
    /// Its name, as endpoints hold it.
    pub name: &'static str,
    display: &'static str,
    description: &'static str,
    url: &'static str,
    /// Its ways of authorization.
    pub schemes: &'static [Scheme],
}

/// A way of authorization.
#[derive(Debug)]
pub struct Scheme {
    /// Its name, as endpoints hold it.
    pub name: &'static str,
    display: &'static str,
    inputs: &'static [Field],
}

/// A parameter: its id, what forms call it, whether it must be there, whether it is a secret.
#[derive(Debug)]
struct Field(&'static str, &'static str, bool, bool);

const BASIC: &Scheme = &Scheme {
    name: "UsernamePassword",
    display: "Username and Password",
    inputs: &[Field("username", "Username", false, false), Field("password", "Password", false, true)],
};

/// The types.
// OBSERVED: names of types, schemes and parameters.
pub const TYPES: &[EndpointType] = &[
    EndpointType {
        name: "incomingwebhook",
        display: "Incoming WebHook",
        description: "Lets an HTTP POST start pipelines.",
        url: "https://dev.azure.com",
        schemes: &[Scheme {
            name: "None",
            display: "None",
            inputs: &[
                Field("webhookname", "WebHook Name", true, false),
                Field("secret", "Secret", false, true),
                Field("header", "HTTP Header", false, false),
            ],
        }],
    },
    EndpointType {
        name: "generic",
        display: "Generic",
        description: "Any server, with a user name and a password.",
        url: "",
        schemes: &[Scheme { name: BASIC.name, display: BASIC.display, inputs: BASIC.inputs }],
    },
    EndpointType {
        name: "externalgit",
        display: "Other Git",
        description: "A git server elsewhere.",
        url: "",
        schemes: &[Scheme { name: BASIC.name, display: BASIC.display, inputs: BASIC.inputs }],
    },
    EndpointType {
        name: "github",
        display: "GitHub",
        description: "Repositories on GitHub.",
        url: "https://github.com",
        schemes: &[
            Scheme {
                name: "PersonalAccessToken",
                display: "Personal Access Token",
                inputs: &[Field("accessToken", "Token", true, true)],
            },
            Scheme {
                name: "Token",
                display: "GitHub App",
                inputs: &[Field("AccessToken", "Token", true, true)],
            },
        ],
    },
    EndpointType {
        name: "dockerregistry",
        display: "Docker Registry",
        description: "A registry of container images.",
        url: "https://hub.docker.com/",
        schemes: &[Scheme {
            name: "UsernamePassword",
            display: "Basic authentication",
            inputs: &[
                Field("registry", "Docker Registry", true, false),
                Field("username", "Docker ID", false, false),
                Field("password", "Docker Password", false, true),
                Field("email", "Email", false, false),
            ],
        }],
    },
    EndpointType {
        name: "kubernetes",
        display: "Kubernetes",
        description: "A cluster.",
        url: "",
        schemes: &[
            Scheme {
                name: "Kubernetes",
                display: "KubeConfig",
                inputs: &[
                    Field("kubeConfig", "KubeConfig", true, true),
                    Field("clusterContext", "Cluster context", false, false),
                ],
            },
            Scheme {
                name: "Token",
                display: "Service Account",
                inputs: &[
                    Field("apiToken", "API token", true, true),
                    Field("serviceAccountCertificate", "Certificate", true, true),
                ],
            },
        ],
    },
    EndpointType {
        name: "azurerm",
        display: "Azure Resource Manager",
        description: "A subscription of Azure.",
        url: "https://management.azure.com/",
        schemes: &[Scheme {
            name: "ServicePrincipal",
            display: "Service Principal Authentication",
            inputs: &[
                Field("tenantid", "Tenant ID", true, false),
                Field("serviceprincipalid", "Service Principal Id", true, false),
                Field("serviceprincipalkey", "Service principal key", false, true),
            ],
        }],
    },
    EndpointType {
        name: "ssh",
        display: "SSH",
        description: "A host that is reached by SSH.",
        url: "",
        schemes: &[Scheme { name: BASIC.name, display: BASIC.display, inputs: BASIC.inputs }],
    },
];

/// A type as the service shows it.
pub fn show(of: &EndpointType) -> Value {
    let input = |Field(id, name, required, secret): &Field| {
        json!({
            "id": id,
            "name": name,
            "description": name,
            "inputMode": if *secret { "passwordBox" } else { "textBox" },
            "isConfidential": secret,
            "useInDefaultDescription": false,
            "validation": { "dataType": "string", "isRequired": required },
            "hasDynamicValueInformation": false,
        })
    };
    let scheme = |s: &Scheme| {
        json!({
            "scheme": s.name,
            "displayName": s.display,
            "inputDescriptors": s.inputs.iter().map(input).collect::<Vec<_>>(),
            "dataSourceBindings": [],
            "requiresOAuth2Configuration": false,
        })
    };
    json!({
        "name": of.name,
        "displayName": of.display,
        "description": of.description,
        "endpointUrl": { "displayName": "Server URL", "value": of.url, "isVisible": of.url.is_empty().to_string() },
        "authenticationSchemes": of.schemes.iter().map(scheme).collect::<Vec<_>>(),
        "dataSources": [],
        "inputDescriptors": [],
        "trustedHosts": [],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_described_as_a_secret_is_kept_as_one() {
        for field in TYPES.iter().flat_map(|t| t.schemes).flat_map(|s| s.inputs) {
            assert_eq!(crate::store::is_secret(field.0), field.3, "{}", field.0);
        }
    }
}
